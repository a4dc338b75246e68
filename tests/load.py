"""A small load on a service: clients that keep their connection, and clients that make a new one for each request.

A client that keeps its connection does as RFC 9110, 9.2.2 tells: where the server closed it before a single octet of the answer came, the
request is sent once more on a new connection, because the server may close an idle connection at any time. Everything else that is not
the whole expected answer counts as failed.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATH = "/mail/config-v1.1.xml?emailaddress=anna@kund.se"
PAUSE = 0.01  # seconds between two requests of a client: the others of this machine need it, too
THINK = 0.3  # seconds that a slow client has a new connection before it asks anything

_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass(slots=True)
class Load:
    """What the clients have seen so far; times are those of time.monotonic()."""

    host: str
    port: int
    answered: int = 0
    longest: float = 0.0
    retried: int = 0
    failed: list[tuple[float, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)

    def assert_unharmed(self, within: float = 5.0) -> None:
        """See that everything was answered, and nothing took longer than *within* seconds."""
        assert self.failed == [], self
        assert self.answered > 20, self
        assert self.longest < within, self

    def _keep(self) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        while not self._stop.wait(PAUSE):
            begun = time.monotonic()
            try:
                try:
                    self._ask(connection)
                except _CLOSED:
                    connection.close()
                    with self._lock:
                        self.retried += 1
                    self._ask(connection)
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                self._note(begun, repr(error))
            else:
                self._note(begun)
        connection.close()

    def _renew(self, think: float = 0.0) -> None:
        while not self._stop.wait(PAUSE):
            begun = time.monotonic()
            connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
            try:
                connection.connect()
                time.sleep(think)
                self._ask(connection)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._note(begun, repr(error))
            else:
                self._note(begun + think)
            finally:
                connection.close()

    def _renew_slowly(self) -> None:
        self._renew(THINK)

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", PATH)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or not body.rstrip().endswith(b"</clientConfig>"):
            raise ValueError(answer.status, body[:80])

    def _note(self, begun: float, failure: str = "") -> None:
        with self._lock:
            if failure:
                self.failed.append((begun, failure))
            else:
                self.answered += 1
                self.longest = max(self.longest, time.monotonic() - begun)


@contextmanager
def load(port: int, *, slow: int = 0) -> Iterator[Load]:
    """Ask the service at *port* all the time, with two clients of either kind, and *slow* ones that make new connections."""
    found = Load("127.0.0.1", port)
    clients = [threading.Thread(target=run) for run in (found._keep, found._renew) * 2 + (found._renew_slowly,) * slow]
    for client in clients:
        client.start()
    try:
        yield found
    finally:
        found._stop.set()
        for client in clients:
            client.join()
