"""The real network as a world: each question is asked once, whoever asks and however often, and what may run at the same time does.

Everything has a limit: connections to one place and in all, seconds for each, and where the policy lets us go. When the world is closed,
nothing of it is left running.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

from autoconfig.address import Domain
from autoconfig.errors import AddressError
from autoconfig.network.dns import Resolver
from autoconfig.network.facts import Answers
from autoconfig.network.http import Fetcher
from autoconfig.network.policy import ANYWHERE, Policy
from autoconfig.network.probe import probe
from autoconfig.network.tls import Trust
from autoconfig.observations import (
    TCP,
    Connection,
    Endpoint,
    GreetingKind,
    HTTPFailure,
    Lookup,
    LookupStatus,
    Question,
    Request,
    Response,
    Talk,
)

MAX_CONNECTIONS = 64
MAX_LOOKUPS = 64
# Mail servers count the connections of one client, and may lock out who has many; web servers are used to a browser's. Whoever looks
# at a web server's certificate does not wait for those who want its documents.
MAX_PER_MAIL_SERVER = 2
MAX_PER_WEB_SERVER = 8
_PATIENCE_SHARE = 0.5  # of the deadline, that one waits for others who talk to the same mail server at its other ports
_PAUSE_SHARE = 0.2  # of the deadline, before a server that has asked for patience is asked once more
_THREADS = 32
_PORTS = {"http": 80, "https": 443}

K = TypeVar("K")
V = TypeVar("V")


class Live:
    """The network as it is now. To be used as an asynchronous context manager, in one event loop.

    *resolver* is asked instead of the system's. *resolve* says addresses of hosts that are not asked for. *ca* is a file of certificates
    to trust instead of the system's. No lookup, connection or request takes more than *deadline* seconds, and none waits its turn longer.
    *politely*, which is for many domains that may share a host, no mail server is talked to by more than two at a time, whatever its ports.
    Raises UsageError where *ca* cannot be read.
    """

    def __init__(
        self,
        *,
        resolver: tuple[str, int] | None = None,
        resolve: Mapping[str, Sequence[str]] = MappingProxyType({}),
        ca: Path | None = None,
        policy: Policy = ANYWHERE,
        deadline: float = 5.0,
        politely: bool = False,
    ) -> None:
        self._now = datetime.now(UTC)
        self._resolver = Resolver(None if resolver is None else [resolver], deadline)
        self._resolve = {Question.of(host, "A").name: tuple(map(ipaddress.ip_address, ips)) for host, ips in resolve.items()}
        self._trust = Trust.load(ca)
        self._fetcher = Fetcher(self._trust, deadline)
        self._policy = policy
        self._deadline = deadline
        self._polite = politely
        self._lookups: _Memory[Question, Lookup] = _Memory()
        self._connections: _Memory[Endpoint, Connection] = _Memory()
        self._responses: _Memory[Request, Response] = _Memory()
        self._asking = asyncio.Semaphore(MAX_LOOKUPS)
        self._connecting = asyncio.Semaphore(MAX_CONNECTIONS)
        self._places: dict[tuple[str, int, str], asyncio.Semaphore] = {}
        self._mail_servers: dict[str, asyncio.Semaphore] = {}
        self._silent: dict[tuple[str, int], Connection] = {}
        self._silent_web: dict[tuple[tuple[str, ...], int], Response] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="fetch")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give up what is still being asked."""
        await asyncio.gather(self._lookups.close(), self._connections.close(), self._responses.close())
        self._threads.shutdown(wait=False, cancel_futures=True)
        # A thread cannot be ended, but none takes longer than the deadline.
        await asyncio.to_thread(self._threads.shutdown)

    @property
    def now(self) -> datetime:
        """When the asking began."""
        return self._now

    @property
    def answers(self) -> Answers:
        """All that has been answered so far."""
        return Answers(self._lookups.answers, self._connections.answers, self._responses.answers)

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Ask the DNS."""
        question = Question.of(name, type, server)
        return await self._lookups.ask(question, lambda: self._look_up(question))

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Connect and talk as far as one can without login."""
        return await self._connections.ask(endpoint, lambda: self._probe(endpoint))

    async def fetch(self, request: Request) -> Response:
        """Send one HTTP request."""
        return await self._responses.ask(request, lambda: self._fetch(request))

    async def _look_up(self, question: Question) -> Lookup:
        if question.server is not None and not self._policy.allows_name_server(question.server):
            return Lookup(question, LookupStatus.UNKNOWN)
        told = self._resolve.get(question.name)
        version = {"A": 4, "AAAA": 6}.get(question.type)
        if told is not None and version is not None and question.server is None:
            values = tuple(str(ip) for ip in told if ip.version == version)
            # Nobody remembers what nobody was asked for: it is no older answer than that of the name servers.
            return Lookup(question, LookupStatus.FOUND if values else LookupStatus.NODATA, values, ttl=0)
        async with self._asking:
            return await self._resolver.lookup(question)

    async def _probe(self, endpoint: Endpoint) -> Connection:
        place = endpoint.ip, endpoint.port
        if not self._policy.allows(*place):
            return Connection(endpoint, TCP.FORBIDDEN)
        is_web = endpoint.service.talk is Talk.HTTP
        limit = MAX_PER_WEB_SERVER if is_web else MAX_PER_MAIL_SERVER
        polite = self._politely(endpoint.ip) if self._polite and not is_web else nullcontext()
        async with polite, self._turn((*place, "probe"), limit) as in_time:
            if place in self._silent:  # nobody answered there, whatever is spoken and by whatever name
                return replace(self._silent[place], endpoint=endpoint)
            if not in_time:
                return Connection(endpoint, TCP.UNKNOWN)
            found = await probe(endpoint, self._trust, self._deadline)
            if found.greeting is not None and found.greeting.kind is GreetingKind.TRY_LATER and found.ms < 500 * self._deadline:
                # RFC 5321, 4.2.1: the same may be obeyed later, as when somebody else has gone.
                await asyncio.sleep(self._deadline * _PAUSE_SHARE)
                found = await probe(endpoint, self._trust, self._deadline)
            if found.tcp is TCP.TIMEOUT:
                self._silent[place] = found
            return found

    async def _fetch(self, request: Request) -> Response:
        try:
            parts = urlsplit(request.url)
            host, port = parts.hostname or "", _PORTS[parts.scheme] if parts.port is None else parts.port
        except (ValueError, KeyError):
            return Response(request, failure=HTTPFailure.UNKNOWN, detail="not a URL that can be asked")
        addresses, known = await self._addresses(host)
        if not addresses:
            return Response(request, failure=HTTPFailure.NO_ADDRESS if known else HTTPFailure.UNKNOWN)
        allowed = [ip for ip in addresses if self._policy.allows(ip, port)]
        if not allowed:
            return Response(request, failure=HTTPFailure.FORBIDDEN)
        place = tuple(allowed), port
        async with self._turn((allowed[0], port, "fetch"), MAX_PER_WEB_SERVER) as in_time:
            if place in self._silent_web:  # nobody answered there, whatever is asked for
                return replace(self._silent_web[place], request=request)
            if not in_time:
                return Response(request, failure=HTTPFailure.UNKNOWN)
            response = await asyncio.get_running_loop().run_in_executor(self._threads, self._fetcher.fetch, request, allowed)
            if response.failure is HTTPFailure.TIMEOUT and response.ip is None:
                self._silent_web[place] = response
            return response

    async def _addresses(self, host: str) -> tuple[tuple[str, ...], bool]:
        """Return the addresses of *host*, IPv4 and IPv6 in turn, and whether these are decidedly all."""
        try:
            return (str(ipaddress.ip_address(host)),), True
        except ValueError:
            pass
        try:
            host = Domain.parse(host).ascii
        except AddressError:
            return (), True
        found = await asyncio.gather(self.lookup(host, "A"), self.lookup(host, "AAAA"))
        pairs = zip_longest(*(lookup.values for lookup in found))
        return tuple(ip for ip in chain.from_iterable(pairs) if ip is not None), all(lookup.status.known for lookup in found)

    @asynccontextmanager
    async def _turn(self, place: tuple[str, int, str], limit: int) -> AsyncIterator[bool]:
        """Wait until there is room for one more connection to *place*, and say whether it was not too long."""
        began = time.monotonic()
        async with self._places.setdefault(place, asyncio.Semaphore(limit)), self._connecting:
            yield time.monotonic() - began < self._deadline

    @asynccontextmanager
    async def _politely(self, ip: str) -> AsyncIterator[None]:
        """Wait until at most one other conversation goes on with the mail server at *ip*.

        But not for long: that one of its ports is silent says nothing of the others, which are to be looked at in time.
        """
        room = self._mail_servers.setdefault(ip, asyncio.Semaphore(MAX_PER_MAIL_SERVER))
        try:
            async with asyncio.timeout(self._deadline * _PATIENCE_SHARE):
                await room.acquire()
        except TimeoutError:
            yield
            return
        try:
            yield
        finally:
            room.release()


class _Memory(Generic[K, V]):
    """Questions of one kind, with the task that answers each."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[V]] = {}

    async def ask(self, question: K, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return the answer to *question*, by *work* when it is asked for the first time."""
        task = self._tasks.get(question)
        if task is None:
            task = self._tasks[question] = asyncio.create_task(work())
        # Who gives up waiting gives up for himself alone.
        return await asyncio.shield(task)

    @property
    def answers(self) -> tuple[V, ...]:
        """The answers so far, in the order of asking."""
        done = (task for task in self._tasks.values() if task.done() and not task.cancelled())
        return tuple(task.result() for task in done if task.exception() is None)

    async def close(self) -> None:
        """End every task."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
