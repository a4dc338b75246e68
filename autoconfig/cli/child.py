"""What a process of the service does: a worker answers with granian, the follower keeps the snapshot at the store's revision.

The supervisor starts one with `python -m autoconfig.cli.child` and tells it by its standard input what it is; that stays open as long as
the supervisor lives, and a child ends with it. granian's only home; of granian only the worker is used, the supervisor is ours.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from autoconfig import logs
from autoconfig.config import Config
from autoconfig.errors import AutoconfigError

APPLICATION = "autoconfig.web:create_app"

LEAVE = signal.SIGUSR1  # to a worker: leave for another, who accepts from the same socket. SIGTERM: leave for nobody
_DEAF_SECONDS = 1.0

STOP_SECONDS = 8.0  # for the requests under way, when the service stops

BACKLOG = 1024  # connections that wait to be accepted

# granian has no time-out for bodies: a thread waits for each that is slow. One is started when all others are busy, and ends after a while.
_THREADS = 20  # more than may wait for bodies; and each that is awake beside others makes every answer dearer
_IDLE_THREAD_SECONDS = 30
_CONNECTIONS = 2048  # open ones of each worker, idle ones included; more of them wait to be accepted
_FILES = 65_536  # descriptors, where the machine grants them: many systems begin with 1024
# Without an answer under way, so long may a client take for the head of a request, or for nothing at all (hyper has one clock for both).
_HEADER_MILLISECONDS = 10_000
_HEADER_OCTETS = 16 * 1024  # request line and header together

_log = logging.getLogger(__name__)


class Role(StrEnum):
    """What a child is there for."""

    WORKER = "worker"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class Work:
    """What a child is told: its role, the configuration, and the descriptors that it inherits.

    *listener* is a worker's socket, bound; *status* is the pipe that is written to when the child is ready, and that ends with it.
    *processors* are those that a worker answers on, any where none are named.
    """

    role: Role
    config: Config
    listener: int | None
    status: int
    processors: frozenset[int] = frozenset()


def main() -> None:
    """Do what the standard input says, until a signal, or the end of the supervisor, ends it."""
    work = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
    assert isinstance(work, Work)  # noqa: S101 - says so to mypy
    os.set_inheritable(work.status, False)
    if work.role is Role.WORKER:
        # In every thread that is made from now on: one of its own waits for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, LEAVE})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.configure(work.config.log_format)
    try:
        _ROLES[work.role](work)
    except AutoconfigError as error:
        _log.error("the %s cannot start: %s", work.role, error)
        sys.exit(1)


def _end_with_parent() -> NoReturn:
    while os.read(sys.stdin.fileno(), 1):
        pass
    # As if it had stopped us. Nobody is left to insist, so we do.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)


def _say_ready(work: Work) -> None:
    os.write(work.status, b"r")


def _follow(work: Work) -> None:
    """Follow the store. A signal ends it at any moment: what it writes is whole or not there, and its locks end with it."""
    from autoconfig.store.follow import follow
    from autoconfig.store.state import Teller

    _say_ready(work)
    follow(work.config.database_url, work.config.snapshot_path, threading.Event(), tell=Teller(work.config.state_path))


def _obey(listener: int) -> None:
    """Wait for a signal to end, and let granian do so.

    It would hear of signals itself, but by its main thread, which sleeps; one that comes at the wrong moment does not wake it.
    """
    number = signal.sigwait({signal.SIGTERM, signal.SIGINT, LEAVE})
    end = signal.getsignal(signal.SIGTERM)
    if not callable(end):  # granian is not there yet, nor is a request
        os._exit(0)
    if number == LEAVE:
        _wait_deaf(listener)
    end(signal.SIGTERM, None)


def _wait_deaf(listener: int) -> None:
    """Accept nothing more, and give every connection that was accepted the time to send its request.

    An end closes connections without a request, and one that was accepted in that moment is not idle: its request is on the way.
    """
    own = os.dup(listener)
    # In its place comes a socket to which nobody connects; the waiting connections stay with the other holders of the old one.
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.setblocking(False)
        os.dup2(nobody.fileno(), listener)
    time.sleep(_DEAF_SECONDS)
    os.dup2(own, listener)  # granian has it registered, and must find it to let go of it


def _answer(work: Work) -> None:
    """Accept connections and answer, until SIGTERM; then finish the requests under way."""
    assert work.listener is not None  # noqa: S101 - says so to mypy
    threading.Thread(target=_obey, args=(work.listener,), daemon=True).start()
    import asyncio  # the supervisor, which imports us, does without

    from granian._futures import _new_cbscheduler
    from granian._granian import SocketHolder, WSGIWorker
    from granian._signals import set_sync_signals
    from granian.constants import HTTPModes
    from granian.http import HTTP1Settings
    from granian.wsgi import _callback_wrapper

    module, _, name = APPLICATION.partition(":")
    application = getattr(importlib.import_module(module), name)(work.config)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES if most == resource.RLIM_INFINITY else min(_FILES, most), most))
    make_worker: Any = WSGIWorker  # granian's types know other arguments
    make_holder: Any = SocketHolder
    worker = make_worker(
        1,  # the number of the worker, for granian's log
        (None, make_holder(work.listener, False, BACKLOG)),
        None,  # a pipe for granian's metrics
        1,  # threads of the event loop
        1,  # threads for files, which we do not serve that way
        _THREADS,
        _IDLE_THREAD_SECONDS,
        _CONNECTIONS,
        # Nobody needs HTTP/2 without TLS; and in the mode for both who says nothing at all is never cut off.
        HTTPModes.http1,
        HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS, keep_alive=True, max_buffer_size=_HEADER_OCTETS, pipeline_flush=False),
        None,  # HTTP/2
        None,  # static files
        *(False, None, None, None, "tls1.3", None, [], False),  # no TLS
        (None, None),  # granian's metrics
    )
    door = application.wsgi_app
    called = _in_front(door.hot, _callback_wrapper(door.rest, {"url_path_prefix": None}))
    scheduler = _new_cbscheduler(asyncio.new_event_loop(), called, True)  # type: ignore[no-untyped-call]  # it wants one, and leaves it alone
    # All that is there now stays: looking through it again and again for what may go would halt everybody for milliseconds.
    gc.collect()
    gc.freeze()
    _say_ready(work)  # connections wait at the listener until then
    has_ended = threading.Event()
    ending = set_sync_signals()  # type: ignore[no-untyped-call]
    ending.add_cb(has_ended.set)
    with _on(work.processors):
        worker.serve_mtr(scheduler, None, ending)
    has_ended.wait()


@contextmanager
def _on(processors: frozenset[int]) -> Iterator[None]:
    """Let every thread that begins here, and those that it begins, stay on *processors*.

    A request is handed from one thread to another and back, which costs a quarter of all there is to do where they are on different ones.
    """
    if not processors:
        yield
        return
    everywhere = os.sched_getaffinity(0)
    with suppress(OSError):  # they may be none of ours by now
        os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)


def _in_front(hot: Callable[[dict[str, Any]], Any], rest: Callable[[Any, dict[str, Any]], None]) -> Callable[[Any, dict[str, Any]], None]:
    """Return what granian calls with each request: what is *hot* needs none of what granian does for WSGI, which takes as long again."""

    def called(protocol: Any, scope: dict[str, Any]) -> None:  # noqa: ANN401 - granian's
        answer = hot(scope)
        if answer is None:
            rest(protocol, scope)
        else:
            protocol.response_bytes(200, *answer)

    return called


_ROLES: dict[Role, Callable[[Work], None]] = {Role.WORKER: _answer, Role.FOLLOWER: _follow}

if __name__ == "__main__":
    # Known by its real name, under which the parent has written it.
    importlib.import_module("autoconfig.cli.child").main()
