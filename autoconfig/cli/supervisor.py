"""The supervisor: keeps the processes of the service alive, replaces them one after the other, and stops them in time.

It answers nothing itself, talks to no database, and has no threads: one loop waits for signals and for its children. What a child does
is told in `child`; here each has a *post*, which is never to be empty.

    SIGTERM, SIGINT    stop: requests under way are answered; a second one stops at once
    SIGHUP             read the configuration again, and replace every child by one that has it

A new child is on trial until it says that it is ready; only then the old one is told to go. Nobody who asks notices: each worker's
listening socket is the supervisor's, and who waits there to be accepted waits for the next worker. The sockets share one port, and the
kernel deals connections out to them; with one socket for all, the worker that is awake would take nearly everything.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from autoconfig.cli.child import BACKLOG, LEAVE, STOP_SECONDS, Role, Work
from autoconfig.config import PREFIX, Config
from autoconfig.errors import AutoconfigError

LEAVE_SECONDS = 60.0  # for the requests under way on a worker that was replaced: a check that a visitor started may take long
READY_SECONDS = 60.0  # from the start of a child to its readiness, on a machine that has other things to do
SOON_SECONDS = 5.0  # a child that ends earlier will do so again, so the next one waits
LONGEST_PAUSE = 5.0

_FOR_WORKERS = re.compile(r"PATH|HOME|TMPDIR|TZ|LANG|LANGUAGE|LC_[A-Z]+|SSL_CERT_(?:FILE|DIR)|LD_LIBRARY_PATH|PYTHON[A-Z]+|VIRTUAL_ENV")

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Child:
    """A process that we started, and by when it must have ended; *status* is the pipe by which it says that it is ready."""

    role: Role
    process: subprocess.Popen[bytes]
    status: int
    started: float
    is_ready: bool = False
    deadline: float | None = None

    @property
    def name(self) -> str:
        return f"{self.role} {self.process.pid}"


@dataclass(eq=False, slots=True)
class Post:
    """A place for a child of *role*, and for the one on trial that is to follow it; a worker's has a socket, and may have processors."""

    role: Role
    listener: socket.socket | None = None
    processors: frozenset[int] = frozenset()
    child: Child | None = None
    trial: Child | None = None
    failures: int = 0  # in a row
    not_before: float = 0.0


@dataclass(eq=False)
class Supervisor:
    """Runs a worker for each of *listeners*, which need not listen yet, and one follower; *read_config* is asked at SIGHUP."""

    config: Config
    listeners: Sequence[socket.socket]
    read_config: Callable[[], Config]
    when_ready: Callable[[], None]
    _posts: list[Post] = field(init=False)
    _children: set[Child] = field(init=False, default_factory=set)
    _to_replace: list[Post] = field(init=False, default_factory=list)
    _former: Config = field(init=False)
    _is_stopping: bool = field(init=False, default=False)
    _was_ready: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._former = self.config
        shares = share_out(_allowed(), len(self.listeners))
        self._posts = [Post(Role.WORKER, *each) for each in zip(self.listeners, shares, strict=True)]
        self._posts.append(Post(Role.FOLLOWER))
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Work until a signal says to stop; return 0, or 1 where no worker could be started at all."""
        here, there = os.pipe()
        os.set_blocking(here, False)
        os.set_blocking(there, False)
        self._selector.register(here, selectors.EVENT_READ)
        before = {number: signal.signal(number, _nothing) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        signal.set_wakeup_fd(there, warn_on_full_buffer=False)
        try:
            return self._loop(here)
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            for child in self._children:
                child.process.kill()
            self._selector.close()
            os.close(here)
            os.close(there)

    def _loop(self, signals: int) -> int:
        while True:
            now = time.monotonic()
            self._fill(now)
            self._insist(now)
            if self._is_stopping and not self._children:
                return 0 if self._was_ready else 1
            ready = [key for key, _ in self._selector.select(self._pause(now))]
            # Signals first: a child that ends because everybody was told to stop is not missed.
            for key in sorted(ready, key=lambda key: key.fd != signals):
                if key.fd == signals:
                    for number in os.read(signals, 64):
                        self._hear(number)
                else:
                    self._listen(key.data)

    def _pause(self, now: float) -> float | None:
        """Return the seconds until there is something to do without being told."""
        times = [child.deadline for child in self._children if child.deadline is not None]
        if not self._is_stopping:
            times += [post.not_before for post in self._posts if post.child is None and post.trial is None]
        return max(0.0, min(times) - now) if times else None

    def _hear(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._reload()
        elif self._is_stopping:
            for child in self._children:
                child.process.kill()
        else:
            self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        for listener in self.listeners:
            listener.close()
        for child in self._children:
            self._dismiss(child, STOP_SECONDS, signal.SIGTERM)

    def _reload(self) -> None:
        if self._is_stopping:
            return
        try:
            config = self.read_config()
        except AutoconfigError as error:
            _log.error("%s; going on with the configuration as it was", error)
            return
        if not self._to_replace:
            self._former = self.config
        self.config = config
        self._to_replace = list(self._posts)
        for post in self._posts:
            if post.trial is not None:  # it knows an older one
                self._dismiss(post.trial, 0, signal.SIGTERM)
                post.trial = None

    # --- posts ---------------------------------------------------------------------------------------------------------------------

    def _fill(self, now: float) -> None:
        """Start whoever is missing, and at a reload one on trial after the other."""
        if self._is_stopping:
            return
        for post in self._posts:
            if not self._was_ready and self._children:
                return  # the first one has the machine for itself, and answers in half the time
            if post.child is None and post.trial is None and post.not_before <= now:
                post.child = self._start(post)
                if post.child is None:
                    continue
                if post in self._to_replace:
                    self._to_replace.remove(post)
                    self._tell_reloaded()
        if self._to_replace and all(post.trial is None for post in self._posts):
            self._to_replace[0].trial = self._start(self._to_replace[0])
            if self._to_replace[0].trial is None:
                self._stay("no process can be made")

    def _start(self, post: Post) -> Child | None:
        """Start a child for *post*; where the system is out of processes, memory or descriptors there is none, and a pause."""
        try:
            return self._started(post)
        except OSError as error:
            post.failures += 1
            post.not_before = time.monotonic() + LONGEST_PAUSE
            _log.error("no %s can be started: %s", post.role, error.strerror or error)
            return None

    def _started(self, post: Post) -> Child:
        here, there = os.pipe()
        listener = post.listener.fileno() if post.listener else None
        try:
            process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-P", "-m", "autoconfig.cli.child", post.role],  # the last is for people who look at processes
                stdin=subprocess.PIPE,
                pass_fds=(there,) if listener is None else (there, listener),
                env=_environment(post.role) | {PREFIX + "INSTANCE": str(self.config.instance)},
                process_group=0,  # Ctrl-C is for us, who stop them in order
            )
        except OSError:
            os.close(here)
            raise
        finally:
            os.close(there)
        child = Child(post.role, process, here, time.monotonic())
        child.deadline = child.started + READY_SECONDS
        self._children.add(child)
        self._selector.register(here, selectors.EVENT_READ, child)
        assert process.stdin is not None  # noqa: S101 - says so to mypy
        with suppress(BrokenPipeError):  # it has ended already, as we shall hear
            process.stdin.write(pickle.dumps(Work(post.role, self.config, listener, there, post.processors)))
            process.stdin.flush()
        return child

    def _dismiss(self, child: Child, seconds: float, number: signal.Signals) -> None:
        """Tell *child* to go, within *seconds*, by the signal *number*."""
        child.process.send_signal(number)
        child.deadline = time.monotonic() + seconds

    def _insist(self, now: float) -> None:
        for child in self._children:
            if child.deadline is not None and child.deadline <= now:
                _log.warning("%s did not %s in time and is killed", child.name, "end" if child.is_ready else "start")
                child.process.kill()
                child.deadline = None

    def _listen(self, child: Child) -> None:
        """Hear what *child* says: that it is ready, or, by the end of its pipe, that it has ended."""
        if not os.read(child.status, 1):
            self._bury(child)
            return
        child.is_ready = True
        if self._is_stopping:
            return
        child.deadline = None
        for post in self._posts:
            if post.trial is child:
                if post.child is not None:
                    self._dismiss(post.child, LEAVE_SECONDS, signal.SIGTERM if post.listener is None else LEAVE)
                post.child, post.trial = child, None
                self._to_replace.remove(post)
                self._tell_reloaded()
            if post.child is child and post.listener is not None:
                post.listener.listen(BACKLOG)  # as granian does in this moment; who is told below may connect already
        if child.role is Role.WORKER and not self._was_ready:
            self._was_ready = True
            self.when_ready()

    def _bury(self, child: Child) -> None:
        self._selector.unregister(child.status)
        os.close(child.status)
        code = child.process.wait()
        assert child.process.stdin is not None  # noqa: S101 - says so to mypy
        with suppress(BrokenPipeError):
            child.process.stdin.close()
        self._children.remove(child)
        if self._is_stopping:
            return
        how = f"signal {-code}" if code < 0 else f"status {code}"
        for post in self._posts:
            if post.trial is child:
                post.trial = None
                self._stay(f"a new {child.role} did not start ({how})")
            elif post.child is child:
                post.child = None
                self._miss(post, child, how)

    def _miss(self, post: Post, child: Child, how: str) -> None:
        if child.role is Role.WORKER and not self._was_ready:
            _log.error("a worker did not start (%s)", how)
            self._stop()
            return
        now = time.monotonic()
        post.failures = post.failures + 1 if now - child.started < SOON_SECONDS else 0
        pause = min(0.1 * 2**post.failures, LONGEST_PAUSE) if post.failures else 0.0
        post.not_before = now + pause
        if pause and post.listener is not None:
            # Who waits there would wait for long; the next ones are dealt out to the others. It listens again with the next worker.
            post.listener.shutdown(socket.SHUT_RD)
        _log.warning("%s ended (%s); another takes its place%s", child.name, how, f" in {pause:.1f} s" if pause else "")

    def _stay(self, why: str) -> None:
        """Give up a reload."""
        _log.error("%s; going on with the configuration as it was", why)
        self._to_replace, self.config = [], self._former

    def _tell_reloaded(self) -> None:
        if not self._to_replace:
            _log.warning("the configuration was read again")


def _environment(role: Role) -> dict[str, str]:
    """Return the variables that a child of *role* gets; granian copies a worker's into each request, where passwords have no place."""
    return {name: value for name, value in os.environ.items() if role is not Role.WORKER or _FOR_WORKERS.fullmatch(name)}


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Let the wake-up descriptor tell; a handler of Python's own would be called at any moment."""


def _allowed() -> frozenset[int]:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def share_out(processors: frozenset[int], count: int) -> list[frozenset[int]]:
    """Return a share of *processors* for each of *count* workers; one is several workers' where there are fewer. Of none, none."""
    known = sorted(processors)
    return [frozenset(known[number % len(known) :: count]) if known else frozenset() for number in range(count)]
