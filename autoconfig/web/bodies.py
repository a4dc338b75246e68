"""The bodies of requests: read whole before anybody looks at them, in bounded size, number and time.

A client that sends half a body and no more would hold a thread of its worker for as long as it likes, because granian waits for bodies
without a clock. So only so many of a worker's threads may wait at the same time, and a connection that keeps one waiting for too long
is cut. Nobody but the kernel knows which connection that is: it came to our port from the client's address, and has brought us
something since we last answered, which is long ago. Where the kernel does not tell (it does on Linux), nothing is cut.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from autoconfig.formats import outlook
from autoconfig.web.answers import NO_STORE
from autoconfig.web.protection import HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What the largest request may have, and one more octet, by which it is seen to be too large.
MAX_OCTETS = outlook.MAX_REQUEST_OCTETS + 2
MAX_DIGITS = 6

MOST = 16  # threads of a worker that may wait for a body; it has more, so that some are always left for who brings none
PATIENCE = 10.0  # seconds
SHORT_PATIENCE = 1.0  # when half of the places are taken
_LOOK_SECONDS = 0.5
# In a rush of whole bodies a place is free in a moment, which is worth waiting for; not where others have waited longer than that.
_MOMENT = 0.1

# linux/tcp.h, struct tcp_info: milliseconds since data was last sent, and since it last came; how many pieces have been sent.
_TCP_INFO = getattr(socket, "TCP_INFO", None)
_INFO = struct.Struct("=44xI4xI100xI")
_DESCRIPTORS = Path("/proc/self/fd")

_TOO_MANY = "503 Service Unavailable: too many requests are still being sent"
_NOTHING = "400 Bad Request: the body is empty, or not in the chunks that it should be in"


def bounded(application: WSGIApplication, waiting: Waiting) -> WSGIApplication:
    """Return *application* behind a door at which bodies are read; it finds them in memory."""

    def door(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        octets = _octets(environ)
        if octets:
            body = waiting.read(environ, octets)
            if body is None:
                return _refuse(start_response, _TOO_MANY, ("Retry-After", "1"))
            # granian gives nothing, too, where it could not read the chunks.
            if not body and "HTTP_TRANSFER_ENCODING" in environ:
                return _refuse(start_response, _NOTHING)
            environ["wsgi.input"] = BytesIO(body)
        return application(environ, start_response)

    return door


def _octets(environ: WSGIEnvironment) -> int:
    """Return how much to read: nothing where there is no body, or one that is refused by the length that it tells."""
    length: str = environ.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in environ:
        return MAX_OCTETS
    told = int(length) if length.isascii() and length.isdecimal() and len(length) <= MAX_DIGITS else 0
    return told if told <= MAX_OCTETS else 0


def _refuse(start_response: StartResponse, line: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    content = f"{line}\n".encode()
    kind = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(content))), ("Cache-Control", NO_STORE))
    start_response(line.partition(":")[0], [*kind, *headers, *HEADERS.items()])
    return [content]


class Waiting:
    """The requests of this process whose body is still on its way, and a thread that looks after them while there are any.

    A body may take *patience* seconds.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._since: dict[int, tuple[float, str, str]] = {}
        self._places: SimpleQueue[None] = SimpleQueue()  # a place is what can be got from it
        for _ in range(MOST):
            self._places.put(None)
        self._is_watched = False
        self._watching = threading.Lock()

    def read(self, environ: WSGIEnvironment, octets: int) -> bytes | None:
        """Return the body, cut to *octets*, and shorter where it did not come; None where too many wait already."""
        if not self._has_place():
            return None
        here = threading.get_ident()
        self._since[here] = time.monotonic(), environ.get("REMOTE_ADDR", ""), environ.get("SERVER_PORT", "")
        try:
            if not self._is_watched:
                self._watch()
            body: bytes = environ["wsgi.input"].read(octets)
        finally:
            del self._since[here]
            self._places.put(None)
        return body

    def _has_place(self) -> bool:
        try:
            self._places.get_nowait()
        except Empty:
            now = time.monotonic()
            if sum(now - since > _MOMENT for since, _, _ in self._since.copy().values()) > MOST // 2:
                return False
            try:
                self._places.get(timeout=_MOMENT)
            except Empty:
                return False
        return True

    def _watch(self) -> None:
        with self._watching:
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._look_after, name="bodies", daemon=True).start()

    def _look_after(self) -> None:
        suspects: set[int] = set()
        while True:
            time.sleep(_LOOK_SECONDS)
            waiting = self._since.copy().values()
            if not waiting:
                break
            patience = min(self._patience, SHORT_PATIENCE) if len(waiting) > MOST // 2 else self._patience
            now = time.monotonic()
            late = {(client, port) for since, client, port in waiting if now - since > patience}
            overdue = set()
            for inode, connection in _connections(late):
                with suppress(OSError), connection:
                    if _is_overdue(connection, patience, self._patience):
                        overdue.add(inode)
                        # A request that came a moment ago, on a connection that was long idle, is answered when we look again.
                        if inode in suspects:
                            connection.shutdown(socket.SHUT_RDWR)
            suspects = overdue
        self._is_watched = False
        if self._since:  # somebody came in between, and saw that there was a watch
            self._watch()


def _connections(late: set[tuple[str, str]]) -> Iterator[tuple[int, socket.socket]]:
    """Yield copies of the connections of the *late*, clients with our ports, each with its inode."""
    if not late or _TCP_INFO is None or not _DESCRIPTORS.is_dir():
        return
    for name in os.listdir(_DESCRIPTORS):
        with suppress(OSError):
            # The copy is the connection that is judged, whatever becomes of the original meanwhile.
            copy = os.dup(int(name))
            try:
                status = os.fstat(copy)
                connection = socket.socket(fileno=copy) if stat.S_ISSOCK(status.st_mode) else None
            except OSError:
                os.close(copy)
                raise
            if connection is None:
                os.close(copy)
            elif _ends(connection) in late:
                yield status.st_ino, connection
            else:
                connection.close()


def _ends(connection: socket.socket) -> tuple[str, str] | None:
    """Return the client's address and our port, None for what is no connection of the internet."""
    with suppress(OSError):
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            return connection.getpeername()[0], str(connection.getsockname()[1])
    return None


def _is_overdue(connection: socket.socket, patience: float, longest: float) -> bool:
    assert _TCP_INFO is not None  # noqa: S101 - says so to mypy
    told = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _INFO.size)
    if len(told) < _INFO.size:  # before Linux 4.6
        return False
    sent, received, answers = _INFO.unpack(told)
    # The kernel's clock is coarse: what came in the moment of our last answer may have come before it, as on idle connections, or after it.
    is_waiting = received < sent or (received == sent and (not answers or sent > longest * 1000))
    return bool(is_waiting and sent > patience * 1000)
