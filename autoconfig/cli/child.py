"""What a process of the service does: a worker answers with granian, the follower keeps the snapshot at the store's revision.

The supervisor starts one with `python -m autoconfig.cli.child` and tells it by its standard input what it is; that stays open as long as
the supervisor lives, and a child ends with it. granian's only home; of granian only the worker is used, the supervisor is ours.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from autoconfig import logs
from autoconfig.config import Config
from autoconfig.errors import AutoconfigError

APPLICATION = "autoconfig.web:create_app"

STOP_SECONDS = 8.0  # for the requests under way, when the service stops

_THREADS = 2  # of each worker: an answer is a look-up in memory, more threads would only take turns
_BACKLOG = 1024  # connections that wait to be accepted
_CONNECTIONS = 1024  # open ones of each worker; more of them wait to be accepted

_log = logging.getLogger(__name__)


class Role(StrEnum):
    """What a child is there for."""

    WORKER = "worker"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class Work:
    """What a child is told: its role, the configuration, and two descriptors that it inherits.

    *listener* is the socket of all workers, *status* the pipe that is written to when the child is ready, and that ends with it.
    """

    role: Role
    config: Config
    listener: int
    status: int


def main() -> None:
    """Do what the standard input says, until a signal, or the end of the supervisor, ends it."""
    work = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
    assert isinstance(work, Work)  # noqa: S101 - says so to mypy
    os.set_inheritable(work.status, False)
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


def _answer(work: Work) -> None:
    """Accept connections and answer, until SIGTERM; then finish the requests under way."""
    from granian import Granian
    from granian._granian import SocketHolder
    from granian.constants import HTTPModes, Loops, RuntimeModes, TaskImpl
    from granian.log import LogLevels

    def application() -> Any:  # noqa: ANN401 - WSGI's, whatever it is
        module, _, name = APPLICATION.partition(":")
        app = getattr(importlib.import_module(module), name)(work.config)
        # Connections wait at the listener already, and the next thing that granian does is to accept them.
        _say_ready(work)
        return app

    holder: Any = SocketHolder  # its arguments depend on the platform, which granian's types leave out
    Granian._spawn_wsgi_worker(
        1,  # the number of the worker, for granian's log
        None,  # the name of the process
        application,
        ((None, holder(work.listener, False, _BACKLOG)), None),
        None,  # the pipe for granian's metrics
        Loops.auto,
        True,
        LogLevels.warning,
        logs.settings(work.config.log_format),
        (),  # files with variables
        RuntimeModes.mt,
        1,  # threads of the event loop
        1,  # threads for files, which we do not serve that way
        _THREADS,
        30,  # seconds until an idle thread ends
        _CONNECTIONS,
        TaskImpl.asyncio,
        HTTPModes.auto,
        None,
        None,
        False,  # websockets
        None,  # static files
        None,  # an access log
        (False, None, None, None, "tls1.3", None, [], False),
        {"url_path_prefix": None},
        (None, None),  # granian's metrics
    )


_ROLES: dict[Role, Callable[[Work], None]] = {Role.WORKER: _answer, Role.FOLLOWER: _follow}

if __name__ == "__main__":
    # Known by its real name, under which the parent has written it.
    importlib.import_module("autoconfig.cli.child").main()
