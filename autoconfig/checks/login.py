"""What a customer meets who logs in: whether the servers take the password, what the mailbox is like, and whether a message comes through.

`gather` tries each service once, and after a refusal no further port of that kind at that address, since accounts get locked. It goes
nowhere where the certificate was not seen to be right. `judge` tells one wrong password once, however many servers refuse it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from autoconfig.catalogue import finding, passed, skipped
from autoconfig.checks.case import Case
from autoconfig.checks.endpoints import ServerFacts, united
from autoconfig.checks.letter import LETTER
from autoconfig.errors import printable
from autoconfig.findings import Finding, Subject, Verdict
from autoconfig.observations import (
    TCP,
    Connection,
    Endpoint,
    Login,
    LoginOutcome,
    Mailbox,
    Quota,
    RoundTrip,
    Sent,
    Service,
    Talk,
    Visitor,
)

SLOW_MS = 3000.0
LATE_MS = 30_000.0
NEARLY = 0.9  # of the quota
WANTED = ("sent", "drafts", "trash", "junk")

_NOT_FOR_CUSTOMERS = (Service.SMTP, Service.SIEVE, Service.HTTP, Service.HTTPS)
_NO = (LoginOutcome.REFUSED, LoginOutcome.DISABLED)  # what some hosts count, and lock an account for
# What servers without special use, and mail programs, call the folder.
_SPAM = frozenset({"junk", "spam", "junk e-mail", "junk email", "bulk mail", "bulk", "skräppost", "quarantine"})
_TITLES = {Talk.IMAP: "IMAP", Talk.POP3: "POP3", Talk.SMTP: "SMTP"}


@dataclass(frozen=True, slots=True)
class Untried:
    """A service where nobody tried to log in; *why* is a word of the report's, or *by* is the refusal that was enough."""

    subject: Subject
    why: str = ""
    by: Login | None = None


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """Every attempt, in the order of the servers, what was left out, and the round trip, where one was asked for and could be made."""

    logins: tuple[Login, ...]
    untried: tuple[Untried, ...] = ()
    trip: RoundTrip | None = None
    trip_wanted: bool = False


@dataclass(frozen=True, slots=True)
class _Try:
    """Where to log in, and by which name."""

    endpoint: Endpoint
    username: str


async def gather(case: Case, servers: Iterable[ServerFacts], visitor: Visitor, *, roundtrip: bool) -> LoginFacts:
    """Log in to every service of *servers* once, and send a message there and back when *roundtrip* says so."""
    untried: list[Untried] = []
    tries: list[_Try] = []
    for server in united(servers):
        if server.place[0] in _NOT_FOR_CUSTOMERS:
            continue
        good = next((c for c in server.connections if _is_good(c, case.world.now)), None)
        if good is None:
            untried.append(_left_out(server))
        else:
            username = next((named.username for named in server.named if named.username), case.address.ascii)
            tries.append(_Try(good.endpoint, username))
    chains: dict[tuple[Talk, str], list[_Try]] = {}
    for each in sorted(tries, key=lambda each: not each.endpoint.service.implicit):
        chains.setdefault((each.endpoint.service.talk, each.endpoint.ip), []).append(each)
    done = await asyncio.gather(*(_one_after_the_other(chain, visitor) for chain in chains.values()))
    logins = [login for found, _ in done for login in found]
    logins.sort(key=lambda login: next(number for number, each in enumerate(tries) if each.endpoint == login.endpoint))
    untried += [left for _, rest in done for left in rest]
    trip = await _trip(case, logins, visitor) if roundtrip else None
    return LoginFacts(tuple(logins), tuple(untried), trip, roundtrip)


async def _one_after_the_other(chain: Sequence[_Try], visitor: Visitor) -> tuple[list[Login], list[Untried]]:
    logins: list[Login] = []
    for number, each in enumerate(chain):
        logins.append(await visitor.login(each.endpoint, each.username))
        if logins[-1].outcome in _NO:
            return logins, [Untried(Subject.of(rest.endpoint), by=logins[-1]) for rest in chain[number + 1 :]]
    return logins, []


async def _trip(case: Case, logins: Sequence[Login], visitor: Visitor) -> RoundTrip | None:
    ways = {
        talk: next(((login.endpoint, login.username) for login in _accepted(logins) if login.endpoint.service.talk is talk), None)
        for talk in _TITLES
    }
    # IMAP shows all folders; POP3 only the inbox.
    out, back = ways[Talk.SMTP], ways[Talk.IMAP] or ways[Talk.POP3]
    return await visitor.send_and_wait(case.address, LETTER, out, back) if out and back else None


def _is_good(c: Connection, now: datetime) -> bool:
    """Tell whether a password may be said there: the certificate is right, and the conversation came as far as the login."""
    return c.capabilities_after is not None and _is_verified(c, now)


def _is_verified(c: Connection, now: datetime) -> bool:
    if c.tls is None or c.tls.failure is not None or c.tls.certificate is None or c.tls.chain_problem is not None or c.injected:
        return False
    return c.tls.certificate.covers(c.endpoint.host) and c.tls.certificate.not_before <= now <= c.tls.certificate.not_after


def _left_out(server: ServerFacts) -> Untried:
    service, host, port = server.place
    talked = [c for c in server.connections if c.tcp is TCP.CONNECTED and c.capabilities_after is not None]
    subject = Subject.of(talked[0].endpoint) if talked else Subject(host.ascii, service.value, port=port)
    return Untried(subject, "certificate" if talked else "connection")


def _accepted(logins: Iterable[Login]) -> list[Login]:
    return [login for login in logins if login.outcome is LoginOutcome.ACCEPTED]


# --- judging -----------------------------------------------------------------------------------------------------------------------


def judge(case: Case, facts: LoginFacts) -> Iterator[Verdict]:
    """Say what hinders the customer, and what is well."""
    refusals: dict[Endpoint, Finding] = {}
    findings: list[Finding] = []
    for login in facts.logins:
        for verdict in _login(case, login, facts.logins):
            if isinstance(verdict, Finding):
                findings.append(verdict)
                refusals.setdefault(login.endpoint, verdict)
            yield verdict
    for left in facts.untried:
        if left.by is not None:
            yield skipped("LOGIN_FAIL", left.subject, refusals[left.by.endpoint])
        else:
            findings.append(_not_tried(left.subject, left.why))
            yield findings[-1]
    if not facts.logins and not facts.untried:
        findings.append(_not_tried(Subject(case.domain.ascii), "nowhere"))
        yield findings[-1]
    if facts.trip is not None:
        full = next((found for found in findings if found.code == "MBOX_QUOTA_FULL"), None)
        yield from _tripped(case, facts.trip, full)
    elif facts.trip_wanted:
        subject = Subject(case.domain.ascii)
        yield finding("RT_NOT_TRIED", subject, because="mailbox" if _can_send(facts.logins) else "sending")


def _can_send(logins: Iterable[Login]) -> bool:
    return any(login.endpoint.service.talk is Talk.SMTP for login in _accepted(logins))


def _not_tried(subject: Subject, why: str, evidence: Iterable[str] = ()) -> Finding:
    host = subject.host or ""
    return finding("LOGIN_NOT_TRIED", subject, root=(host, why), evidence=evidence, host=host, because=why)


def _login(case: Case, login: Login, logins: Sequence[Login]) -> Iterator[Verdict]:
    subject, host, words = Subject.of(login.endpoint), login.endpoint.host.ascii, printable(login.words)
    evidence = [_line(login)]
    match login.outcome:
        case LoginOutcome.ACCEPTED:
            yield passed("LOGIN_FAIL", subject)
            yield from _inside(login)
        case LoginOutcome.REFUSED:
            yield _refused(case, login, logins)
        case LoginOutcome.DISABLED:
            yield finding("LOGIN_DISABLED", subject, root=(host, words), evidence=evidence, host=host, words=words)
        case LoginOutcome.TEMPORARY:
            yield finding("LOGIN_LATER", subject, root=(host,), evidence=evidence, host=host, words=words)
        case LoginOutcome.PRIVACY_REQUIRED:
            yield finding("LOGIN_TOO_WEAK", subject, root=(host,), evidence=evidence, host=host, mechanism=login.mechanism)
        case LoginOutcome.MECHANISM_FAILED:
            root = (host, login.mechanism)
            yield finding("LOGIN_MECHANISM", subject, root=root, evidence=evidence, host=host, mechanism=login.mechanism)
        case LoginOutcome.BROKEN_OFF:
            said = [*evidence, *map(printable, login.transcript[-2:])]
            yield finding("LOGIN_BROKEN", subject, evidence=said, host=host, how=login.stop.value if login.stop else "")
        case LoginOutcome.NO_MECHANISM:
            yield _not_tried(subject, "mechanism", evidence)
        case LoginOutcome.NOT_SECURED:
            yield _not_tried(subject, "certificate", evidence)
        case LoginOutcome.NOT_TRIED:
            yield _not_tried(subject, "connection", evidence)


def _refused(case: Case, login: Login, logins: Sequence[Login]) -> Finding:
    """Return what a refusal means beside what others say to the same password."""
    subject, host, evidence = Subject.of(login.endpoint), login.endpoint.host.ascii, [_line(login)]
    accepted = _accepted(logins)
    same = [other for other in accepted if other.username == login.username]
    if same:
        by = tuple(dict.fromkeys(_TITLES[other.endpoint.service.talk] for other in same))
        return finding(
            "LOGIN_UNEVEN",
            subject,
            root=(host, login.endpoint.service.talk.value),
            evidence=evidence,
            host=host,
            refused=_TITLES[login.endpoint.service.talk],
            accepted=by,
            mechanism=login.mechanism,
        )
    if accepted:
        other = accepted[0].username
        return finding("LOGIN_USERNAME", subject, root=(host,), evidence=evidence, host=host, username=login.username, other=other)
    whole = case.address.ascii
    other = case.address.local_part if login.username == whole else whole
    return finding("LOGIN_FAIL", subject, root=(), evidence=evidence, host=host, username=login.username, other=other)


def _inside(login: Login) -> Iterator[Verdict]:
    subject, host = Subject.of(login.endpoint), login.endpoint.host.ascii
    if login.login_ms > SLOW_MS:
        yield finding("LOGIN_SLOW", subject, root=(host,), evidence=[_line(login)], host=host, seconds=round(login.login_ms / 1000, 1))
    else:
        yield passed("LOGIN_SLOW", subject)
    talk = login.endpoint.service.talk
    if talk is Talk.SMTP:
        return
    if login.messages is None or (talk is Talk.IMAP and login.mailboxes is None):
        how = login.stop.value if login.stop else printable(login.words)
        said = [_line(login), *map(printable, login.transcript[-2:])]
        yield finding("MBOX_LIST", subject, root=(host, talk.value), evidence=said, host=host, how=how)
        return
    yield passed("MBOX_LIST", subject)
    if login.mailboxes is not None:
        yield from _folders(subject, host, login.mailboxes)
    yield from _quotas(subject, login.quotas)


def _folders(subject: Subject, host: str, mailboxes: Sequence[Mailbox]) -> Iterator[Verdict]:
    uses = {use for mailbox in mailboxes for use in mailbox.uses}
    missing = tuple(f"\\{use.capitalize()}" for use in WANTED if use not in uses)
    if missing:
        evidence = [f"folders: {printable(', '.join(mailbox.name for mailbox in mailboxes))}"]
        yield finding("MBOX_SPECIAL_USE", subject, root=missing, evidence=evidence, host=host, missing=missing)
    else:
        yield passed("MBOX_SPECIAL_USE", subject)


def _quotas(subject: Subject, quotas: Sequence[Quota]) -> Iterator[Verdict]:
    for quota in quotas:
        if quota.limit <= 0:
            continue
        used, limit = amount(quota.resource, quota.used), amount(quota.resource, quota.limit)
        full = quota.used >= quota.limit
        if full or quota.used >= NEARLY * quota.limit:
            code = "MBOX_QUOTA_FULL" if full else "MBOX_QUOTA_NEAR"
            evidence = [f"{printable(quota.root)} {printable(quota.resource)} {quota.used} of {quota.limit}"]
            yield finding(code, subject, root=(quota.root, quota.resource), evidence=evidence, used=used, limit=limit)
        else:
            yield passed("MBOX_QUOTA_FULL", subject)


def amount(resource: str, number: int) -> str:
    """Return a quota's *number* of *resource* with its unit."""
    if resource != "STORAGE":  # RFC 9208, 5: in units of 1024 octets
        return str(number)
    octets = number * 1024
    return f"{round(octets / 1_000_000)} MB" if octets >= 10_000_000 else f"{round(octets / 1000)} kB"


def _line(login: Login) -> str:
    place = f"{login.endpoint.host.ascii}:{login.endpoint.port} [{login.endpoint.ip}]"
    parts = (login.mechanism, login.outcome.value, printable(login.words), login.stop.value if login.stop else "")
    return f"{place} {' · '.join(part for part in parts if part)}"


# --- the round trip ----------------------------------------------------------------------------------------------------------------


def _tripped(case: Case, trip: RoundTrip, full: Finding | None) -> Iterator[Verdict]:
    out, back = Subject.of(trip.sent_by), Subject.of(trip.fetched_from)
    host, words = trip.sent_by.host.ascii, printable(trip.words)
    evidence = [f"{host}:{trip.sent_by.port} [{trip.sent_by.ip}] {words}"]
    if trip.sent is Sent.FAILED:
        yield finding("SUBM_BROKEN", out, evidence=evidence, host=host, how=words)
        return
    if trip.sent is Sent.SENDER_REFUSED:
        yield finding("SUBM_SENDER_REFUSED", out, evidence=evidence, host=host, words=words, address=case.address.ascii)
        return
    if trip.sent is Sent.RECIPIENT_REFUSED:
        yield finding("SUBM_RCPT_REFUSED", out, evidence=evidence, host=host, words=words, address=case.address.ascii)
        return
    if trip.sent is not Sent.ACCEPTED:
        yield finding("SUBM_LATER" if trip.sent is Sent.LATER else "SUBM_REFUSED", out, evidence=evidence, host=host, words=words)
        return
    yield passed("SUBM_REFUSED", out)
    if trip.arrived_ms is None or trip.mailbox is None:
        yield from _missing(trip, back, evidence, full)
        return
    yield passed("RT_LOST", back)
    mailbox = printable(trip.mailbox.name)
    if trip.arrived_ms > LATE_MS:
        yield finding("RT_LATE", back, evidence=evidence, host=host, seconds=round(trip.arrived_ms / 1000))
    else:
        yield passed("RT_LATE", back)
    if is_spam(trip.mailbox):
        yield finding("RT_SPAM", back, evidence=evidence, mailbox=mailbox)
    else:
        yield passed("RT_SPAM", back)
    if not trip.deleted:
        yield finding("RT_LEFT", back, mailbox=mailbox, because=printable(trip.trouble) or "UIDPLUS")


def _missing(trip: RoundTrip, back: Subject, evidence: Sequence[str], full: Finding | None) -> Iterator[Verdict]:
    if trip.trouble:
        host = trip.fetched_from.host.ascii
        yield finding("RT_NOT_SEEN", back, evidence=evidence, host=host, because=printable(trip.trouble))
    elif full is not None:
        yield skipped("RT_LOST", back, full)
    else:
        host, seconds = trip.sent_by.host.ascii, round(trip.waited_ms / 1000)
        yield finding("RT_LOST", back, evidence=evidence, host=host, seconds=seconds, words=printable(trip.words))


def is_spam(mailbox: Mailbox) -> bool:
    """Tell whether *mailbox* is where spam is put: by its mark, or by its name where there are no marks."""
    last = mailbox.name.replace("/", ".").rpartition(".")[2]
    return "junk" in mailbox.uses or last.casefold() in _SPAM
