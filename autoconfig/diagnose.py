"""One domain, from the question to the report: what is asked when, and who judges it.

Everything is asked as soon as it can be: nobody waits for another's question, since the world remembers and asks each but once. The judges
speak when all facts are home, in the order of the report. What goes wrong in here becomes a finding of severity unknown, and the rest
goes on.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from autoconfig.catalogue import finding
from autoconfig.checks import causes, certificates, delegation, deliverability, discovery, documents, endpoints, login, sources, submission
from autoconfig.checks.case import Case, Named, Source, servers_of
from autoconfig.clients import CLIENTS, verdicts, works
from autoconfig.clients.doubt import Heard
from autoconfig.clients.outcome import Client, Typed
from autoconfig.clients.works import End
from autoconfig.errors import printable
from autoconfig.findings import Finding, Group, Report, Skipped, Stage, Subject, Verdict, settle
from autoconfig.model import ClientConfig
from autoconfig.observations import (
    TCP,
    Connection,
    Endpoint,
    HTTPFailure,
    Lookup,
    LookupStatus,
    Question,
    Request,
    Response,
    Visitor,
    World,
)

T = TypeVar("T")
Watch = Callable[[Group, bool], None]

EVERYTHING = frozenset(Group)
_FEW = 3  # of what was not finished, or failed, to be named
_AT_SERVERS = {Group.ENDPOINTS, Group.CERTIFICATES, Group.SUBMISSION}
# The mail programs may go on for as long as all else took, and at least for that many seconds, but only as long as a host may take; then
# for a moment, in which they hear what all else has heard.
_AT_LEAST = 0.3
_MOMENT = 0.1


@dataclass(frozen=True, slots=True)
class Visit:
    """That somebody is to log in: *visitor*, as the case's address; *roundtrip* whether a message is to be sent, too."""

    visitor: Visitor
    roundtrip: bool = False


async def run(
    case: Case,
    *,
    seconds: float,
    only: Collection[Group] = EVERYTHING,
    watch: Watch = lambda group, ended: None,
    visit: Visit | None = None,
) -> Report:
    """Look at the domain of *case* and return what is found; never takes more than twice *seconds*, but for a *visit*.

    *only* says what is judged; what that needs is asked as well. *watch* is told when the asking for a group begins and ends. A *visit*
    begins when everything else about the servers is known, and takes the time that the visitor takes.
    """
    began = time.monotonic()
    until = asyncio.get_running_loop().time() + 2 * seconds
    world, aside = _Bounded(case.world, until), _Bounded(case.world, until)
    this = _Run(replace(case, world=world), world, aside, seconds, frozenset(only), watch, visit)
    await this.gather()
    findings, passed, skipped = settle(this.told())
    return Report(
        domain=case.domain,
        address=case.address if case.address_given else None,
        started=case.world.now,
        elapsed_ms=round(1000 * (time.monotonic() - began)),
        findings=findings,
        passed=passed,
        skipped=skipped,
        stages=tuple(this.stages),
        clients=this.ends,
        certificates=this.shown.validities if this.shown is not None else (),
        logins=None if visit is None else this.inside.logins if this.inside is not None else (),
        roundtrip=None if this.inside is None else this.inside.trip,
    )


class _Bounded:
    """A world in which there is a time when everything has an answer: what is not answered by then is unknown.

    So is what the world itself fails at.
    """

    def __init__(self, world: World, until: float) -> None:
        self._world = world
        self._until = until
        self._waiting: set[asyncio.Timeout] = set()
        self.unfinished: dict[str, None] = {}
        self.failed: list[Exception] = []

    @property
    def now(self) -> datetime:
        return self._world.now

    def end(self, when: float) -> None:
        """Let the time be up at *when*, for what is being waited for as well."""
        self._until = min(self._until, when)
        for timeout in self._waiting:
            if not timeout.expired():
                timeout.reschedule(self._until)

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        question = Question.of(name, type, server)
        unknown = Lookup(question, LookupStatus.UNKNOWN)
        return await self._in_time(self._world.lookup(name, type, server), unknown, f"DNS {question.type} {question.name}")

    async def probe(self, endpoint: Endpoint) -> Connection:
        what = f"{endpoint.service} {endpoint.host.ascii} {endpoint.ip} {endpoint.port}"
        return await self._in_time(self._world.probe(endpoint), Connection(endpoint, TCP.UNKNOWN), what)

    async def fetch(self, request: Request) -> Response:
        unknown = Response(request, failure=HTTPFailure.UNKNOWN)
        return await self._in_time(self._world.fetch(request), unknown, f"{request.method} {request.url}")

    async def _in_time(self, asking: Coroutine[object, object, T], unknown: T, what: str) -> T:
        try:
            async with asyncio.timeout_at(self._until) as timeout:
                self._waiting.add(timeout)
                try:
                    return await asking
                finally:
                    self._waiting.discard(timeout)
        except TimeoutError:
            self.unfinished[what] = None
        except Exception as error:
            self.failed.append(error)
        return unknown


@dataclass
class _Run:
    """One run: the facts that have come home, the stages that have ended, and what went wrong on the way.

    The mail programs ask the same world, but *aside*: what they cannot finish in time is theirs alone.
    """

    case: Case
    world: _Bounded
    aside: _Bounded
    seconds: float
    only: frozenset[Group]
    watch: Watch
    visit: Visit | None = None
    stages: list[Stage] = field(default_factory=list)
    troubles: list[Finding] = field(default_factory=list)
    zone: delegation.Delegation | None = None
    found: sources.Discovery | None = None
    servers: tuple[endpoints.ServerFacts, ...] | None = None
    shown: certificates.CertificateFacts | None = None
    delivery: deliverability.Delivery | None = None
    ends: tuple[End, ...] = ()
    inside: login.LoginFacts | None = None

    async def gather(self) -> None:
        """Ask everything; of a domain that is not there, or does not answer, nothing more than that."""
        rest = asyncio.create_task(self._gather_all())
        try:
            if await self._exists():
                return await rest
        finally:
            rest.cancel()
            await asyncio.gather(rest, return_exceptions=True)
        self.stages.clear()
        await self._gather_delegation()

    async def _exists(self) -> bool:
        try:
            return (await delegation.gather_existence(self.case)).exists
        except Exception:  # whoever looks at the delegation meets it again, and tells
            return True

    async def _gather_all(self) -> None:
        began = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as tasks:
            if Group.CLIENTS in self.only:
                tasks.create_task(self._gather_clients())
            await self._gather_rest()
            if self.only - {Group.CLIENTS}:
                now = asyncio.get_running_loop().time()
                self.aside.end(max(now + _MOMENT, min(began + self.seconds, now + max(_AT_LEAST, now - began))))
            if self.visit is not None and self.servers is not None:
                work = login.gather(self.case, self.servers, self.visit.visitor, roundtrip=self.visit.roundtrip)
                self.inside = await self._stage(Group.SUBMISSION, work)

    async def _gather_rest(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            if Group.DELEGATION in self.only:
                tasks.create_task(self._gather_delegation())
            if Group.DELIVERABILITY in self.only:
                tasks.create_task(self._gather_delivery())
            if Group.DISCOVERY in self.only or _AT_SERVERS & self.only:
                found = tasks.create_task(self._stage(Group.DISCOVERY, discovery.gather(self.case)))
                if _AT_SERVERS & self.only:
                    tasks.create_task(self._gather_servers(found))
                self.found = await found

    async def _gather_clients(self) -> None:
        if not await self._exists():  # some would ask third parties for it
            return
        searches = asyncio.gather(*(self._search(client) for client in CLIENTS.values()))
        self.ends = tuple(end for end in await self._stage(Group.CLIENTS, searches) or () if end is not None)

    async def _search(self, client: Client) -> End | None:
        """Return how the search of *client* ends, None where it fails: the others go on."""
        heard, typed = Heard(self.aside), Typed(str(self.case.address))
        ahead = () if client.ahead is None else (client.ahead(typed, self.aside),)
        try:
            outcome, *_ = await asyncio.gather(client.discover(typed, heard), *ahead)
            return await works.tried(client, heard.certain(outcome), self.aside, self.case.expected)
        except Exception as error:
            self.troubles.append(_failed(Group.CLIENTS, self.case, error))
            return None

    async def _gather_delegation(self) -> None:
        self.zone = await self._stage(Group.DELEGATION, delegation.gather(self.case))

    async def _gather_delivery(self) -> None:
        if await self._exists():  # it asks for much, and first of all for the same
            self.delivery = await self._stage(Group.DELIVERABILITY, deliverability.gather(self.case))

    async def _gather_servers(self, found: asyncio.Task[sources.Discovery | None]) -> None:
        self.servers = await self._stage(Group.ENDPOINTS, self._servers(found))
        if self.servers is not None:
            web = discovered.connections if (discovered := await found) else ()
            self.shown = await self._stage(Group.CERTIFICATES, certificates.gather(self.case, self.servers, web))

    async def _servers(self, found: asyncio.Task[sources.Discovery | None]) -> tuple[endpoints.ServerFacts, ...]:
        """Talk to every server as soon as somebody has named it."""
        # Where we know what is right, a document that says otherwise is told as that, and what it names is nobody's server.
        if self.case.expected is not None:
            expected = self._expected(self.case.expected)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(endpoints.gather(self.case, expected))
                others = tasks.create_task(endpoints.beyond(self.case))
                tasks.create_task(self._early(others, tuple))
            return await endpoints.gather(self.case, (*expected, *others.result()))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._early(sources.srv(self.case), _by_srv))
            tasks.create_task(self._early(sources.autoconfig(self.case), _by_autoconfig))
            others = tasks.create_task(endpoints.beyond(self.case))
            tasks.create_task(self._early(others, tuple))
            discovered = await found
        return await endpoints.gather(self.case, (*others.result(), *(discovered.named if discovered else ())))

    async def _early(self, work: Awaitable[T], named: Callable[[T], Iterable[Named]]) -> None:
        with suppress(Exception):  # the discovery does the same, and tells
            await endpoints.gather(self.case, named(await work))

    def _expected(self, config: ClientConfig) -> tuple[Named, ...]:
        return tuple(named for account in config.accounts for named in servers_of(account, self.case.address, Source.SETTINGS))

    async def _stage(self, group: Group, work: Awaitable[T]) -> T | None:
        """Return what *work* brings home, None where it fails."""
        began = time.monotonic()
        self.watch(group, False)
        try:
            return await work
        except Exception as error:
            self.troubles.append(_failed(group, self.case, error))
            return None
        finally:
            self.stages.append(Stage(group.value, round(1000 * (time.monotonic() - began))))
            self.watch(group, True)

    def told(self) -> list[Verdict]:
        """Return all that is to be told: what the judges say, sorted out, and what it means for the mail programs."""
        known = tuple(causes.sorted_out(self.judge()))
        try:
            return list(verdicts.judge(known, self.ends, self.case.address))
        except Exception as error:
            return [*known, _failed(Group.CLIENTS, self.case, error)]

    def judge(self) -> Iterator[Verdict]:
        """Yield what the judges say of the facts, as far as it is asked for, and what went wrong."""
        if self.zone is not None and not self.zone.exists:
            yield from self._judged(Group.DELEGATION, delegation.judge(self.case, self.zone))
        else:
            for verdict in self._all_judged():
                if verdict.group in self.only:
                    yield verdict
                    # What could not be looked at is not well: the reason belongs to the report, whatever is asked for.
                    if isinstance(verdict, Skipped) and verdict.by.group not in self.only:
                        yield verdict.by
        yield from self.troubles
        yield from (_failed(Group.ENDPOINTS, self.case, error) for error in (*self.world.failed, *self.aside.failed)[:_FEW])
        # What a mail program waited for in vain is told with it, and weighs nothing beside what is known otherwise.
        if unfinished := tuple(self.aside.unfinished if self.only == {Group.CLIENTS} else self.world.unfinished):
            yield finding("DEADLINE", Subject(host=self.case.domain.ascii), evidence=unfinished, what=unfinished[:_FEW])

    def _all_judged(self) -> Iterator[Verdict]:
        case = self.case
        if self.zone is not None:
            yield from self._judged(Group.DELEGATION, delegation.judge(case, self.zone))
        if self.found is not None:
            yield from self._judged(Group.DISCOVERY, discovery.judge(case, self.found))
        if self.servers is not None:
            if self.zone is not None:
                yield from self._judged(Group.DELEGATION, delegation.judge_hosts(case, self.zone, self._hosts(self.servers)))
            yield from self._judged(Group.ENDPOINTS, endpoints.judge(case, self.servers))
            if self.found is not None:
                connections = [connection for server in self.servers for connection in server.connections]
                yield from self._judged(Group.DISCOVERY, discovery.judge_dead(case, self.found, connections))
            yield from self._judged(Group.SUBMISSION, submission.judge(case, self.servers))
        if self.inside is not None:
            yield from self._judged(Group.SUBMISSION, login.judge(case, self.inside))
        if self.shown is not None:
            yield from self._judged(Group.CERTIFICATES, certificates.judge(case, self.shown))
        if self.delivery is not None:
            yield from self._judged(Group.DELIVERABILITY, deliverability.judge(case, self.delivery))

    def _hosts(self, servers: Iterable[endpoints.ServerFacts]) -> list[tuple[Named, tuple[Lookup, ...]]]:
        """Return each server with the answers for its host; what SRV records alone name, beside documents, is told with the record."""
        by_document = any(named.source not in (Source.SRV, Source.MX) for server in servers for named in server.named)
        others = [(server, [named for named in server.named if not (by_document and named.source is Source.SRV)]) for server in servers]
        return [(named[0], server.addresses) for server, named in others if named]

    def _judged(self, group: Group, verdicts: Iterator[Verdict]) -> Iterator[Verdict]:
        try:
            yield from verdicts
        except Exception as error:
            yield _failed(group, self.case, error)


def _by_srv(lookups: Mapping[str, Lookup]) -> list[Named]:
    return [named for label in documents.MAIL_SERVICES for named in documents.read_srv(label, lookups[label])]


def _by_autoconfig(answers: sources.Autoconfig) -> list[Named]:
    return [named for answer in answers for named in answer.named]


def _failed(group: Group, case: Case, error: Exception) -> Finding:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    frame = traceback.extract_tb(error.__traceback__)[-1]
    evidence = f"{type(error).__name__}: {printable(error)} ({Path(frame.filename).name}:{frame.lineno})"
    found = finding("CHECK_FAILED", Subject(host=case.domain.ascii), root=(group.value,), evidence=(evidence,), what=group.value)
    return replace(found, group=group)
