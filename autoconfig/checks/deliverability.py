"""Does mail from and to the domain arrive: who may send it, how it is signed, who must encrypt, and what receivers think of the servers.

Puts the subjects together: each asks and judges in a file of its own. What the MX records say of themselves is told among the domain's
names, and what their servers show at port 25 among servers and certificates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autoconfig.catalogue import finding, passed
from autoconfig.checks import blocklists, dkim, dmarc, endpoints, mtasts, reverse, spf, tlsrpt
from autoconfig.checks.asking import Answers, Asking, is_decided
from autoconfig.checks.case import Case
from autoconfig.checks.endpoints import ServerFacts
from autoconfig.findings import Subject, Verdict
from autoconfig.observations import TCP, Connection, Response, Service

_SILENT = (TCP.TIMEOUT, TCP.UNREACHABLE, TCP.NO_WAY_FROM_HERE)
_FEW = 3  # questions without an answer, to be named


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was answered; *policy* is that of MTA-STS, None where it was not asked for; *exchangers* are the servers at port 25."""

    answers: Answers
    policy: Response | None = None
    exchangers: tuple[ServerFacts, ...] = ()


async def gather(case: Case) -> Delivery:
    """Ask everything at once; what others ask as well costs nothing, since the world remembers."""
    asking = Asking(case.world)
    await asking.of(case.domain.ascii, "MX")
    async with asyncio.TaskGroup() as tasks:
        for gather_one in (spf.gather, dkim.gather, dmarc.gather, tlsrpt.gather, _addresses):
            tasks.create_task(gather_one(case, asking))
        policy = tasks.create_task(mtasts.gather(case, asking))
        servers = tasks.create_task(_exchangers(case))
    return Delivery(asking.answers, policy.result(), servers.result())


async def _addresses(case: Case, asking: Asking) -> None:
    await reverse.gather(case, asking)
    await blocklists.gather(case, asking)


async def _exchangers(case: Case) -> tuple[ServerFacts, ...]:
    return await endpoints.gather(case, (named for named in await endpoints.beyond(case) if named.service is Service.SMTP))


def judge(case: Case, facts: Delivery) -> Iterator[Verdict]:
    """Judge each subject in turn."""
    yield from spf.judge(case, facts.answers)
    yield from dkim.judge(case, facts.answers)
    yield from dmarc.judge(case, facts.answers)
    yield from mtasts.judge(case, facts.answers, facts.policy)
    yield from tlsrpt.judge(case, facts.answers)
    yield from reverse.judge(case, facts.answers)
    yield from _dane(facts.exchangers)
    yield from blocklists.judge(case, facts.answers)
    yield from _way_out(case, facts.exchangers)
    yield from _unanswered(case, facts)


def _dane(exchangers: Iterable[ServerFacts]) -> Iterator[Verdict]:
    """Tell of signed TLSA records that no mail server can use; whether the usable ones fit is told with the certificates."""
    for server in exchangers:
        host = server.place[1].ascii
        if server.tlsa is None or not server.tlsa.values or not server.tlsa.authenticated:
            continue
        name, values = f"_{server.place[2]}._tcp.{host}", server.tlsa.values
        if any(value.split()[:1] in (["2"], ["3"]) for value in values):
            yield passed("TLSA_UNUSABLE", Subject(host, "smtp"))
        else:
            # RFC 7672, 3.1.3: for SMTP, usages 0 and 1 are to be taken for unusable.
            evidence = [f"{name}. IN TLSA {value[:80]}" for value in values[:3]]
            yield finding("TLSA_UNUSABLE", Subject(host, "smtp"), evidence=evidence, name=name, host=host)


def _way_out(case: Case, exchangers: Iterable[ServerFacts]) -> Iterator[Verdict]:
    """Tell whether this machine gets to port 25 of anybody: if not, nothing follows for the exchangers."""
    connections = [c for server in exchangers for c in server.connections]
    reached = [c for c in connections if c.tcp in (TCP.CONNECTED, TCP.REFUSED)]
    silent = [c for c in connections if c.tcp in _SILENT]
    subject = Subject(case.domain.ascii, "smtp")
    if reached:
        yield passed("OUT25_BLOCKED", subject)
    elif silent:
        hosts = tuple(dict.fromkeys(c.endpoint.host.ascii for c in silent))
        yield finding("OUT25_BLOCKED", subject, evidence=map(_line, silent), hosts=hosts)


def _line(c: Connection) -> str:
    return f"{c.endpoint.host.ascii} [{c.endpoint.ip}]:{c.endpoint.port} {c.tcp.value}"


def _unanswered(case: Case, facts: Delivery) -> Iterator[Verdict]:
    """Tell which questions have no answer, so that nothing is known; what one's own resolver fails at is nobody's fault."""
    questions = [f"{q.type} {q.name}" for q, lookup in facts.answers.lookups.items() if _matters(case, q.name) and not is_decided(lookup)]
    if mtasts.is_unknown(case, facts.answers, facts.policy):
        questions.append(f"GET {mtasts.url_of(case)}")
    if questions:
        subject = Subject(case.domain.ascii)
        yield finding("DELIVERY_NOT_TESTED", subject, evidence=questions, questions=tuple(questions[:_FEW]))


def _matters(case: Case, name: str) -> bool:
    """Tell whether the answer for *name* is missed: not that of a list, nor of a selector that nobody named."""
    if name.endswith(blocklists.LISTS):
        return False
    if name.endswith(".arpa") and case.expected is None:  # nobody knows whether a stranger's exchangers send
        return False
    return bool(dkim.named(case)) or not name.endswith(f"._domainkey.{case.domain.ascii}")
