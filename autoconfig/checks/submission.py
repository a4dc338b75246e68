"""What servers say about logging in and sending, before anybody does: mechanisms, where they are offered, and the largest message.

Nobody logs in here. What came over TLS counts; what came in clear text only tells what a careless program would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from autoconfig.catalogue import finding, passed
from autoconfig.checks.case import Case, Named
from autoconfig.checks.endpoints import ServerFacts, united
from autoconfig.errors import printable
from autoconfig.findings import Subject, Verdict
from autoconfig.model import AuthMethod
from autoconfig.observations import Connection, GreetingKind, Service, Talk

SMALL = 10_000_000  # octets; what a mail program should be able to send

# The names in IANA's registry of SASL mechanisms; "PASSWORD" is the log-in of the protocol itself.
MECHANISMS = {
    AuthMethod.PASSWORD_CLEARTEXT: ("PASSWORD", "PLAIN", "LOGIN"),
    AuthMethod.PASSWORD_ENCRYPTED: ("CRAM-MD5", "DIGEST-MD5", "APOP"),
    AuthMethod.OAUTH2: ("XOAUTH2", "OAUTHBEARER"),
    AuthMethod.GSSAPI: ("GSSAPI",),
    AuthMethod.NTLM: ("NTLM",),
}
_CLEAR = frozenset(MECHANISMS[AuthMethod.PASSWORD_CLEARTEXT])

# Extensions that a mail program uses where it sees them, and whose loss it feels.
_WANTED = {
    Talk.SMTP: frozenset({"SIZE", "8BITMIME", "SMTPUTF8", "DSN", "PIPELINING"}),
    Talk.IMAP: frozenset({"IDLE", "LITERAL+", "SASL-IR", "ID", "ENABLE"}),
    Talk.POP3: frozenset({"UIDL", "TOP", "PIPELINING"}),
}


def judge(case: Case, facts: Iterable[ServerFacts]) -> Iterator[Verdict]:
    """Say what a customer cannot do at these servers, or had better not do. Port 25 is not for customers."""
    servers = [server for server in united(facts) if server.place[0] is not Service.SMTP]
    connections = [c for server in servers for c in server.connections]
    yield from _nobody(connections)
    yield from _in_the_clear(connections)
    for server in servers:
        yield from _published(server)
    yield from _sizes(connections)
    yield from _losses(connections)


def _nobody(connections: Sequence[Connection]) -> Iterator[Verdict]:
    silent = [c for c in connections if c.auth_after == ()]
    for c in connections:
        subject, host = Subject.of(c.endpoint), c.endpoint.host.ascii
        if c.auth_after:
            yield passed("AUTH_NONE", subject)
        elif c.auth_after is not None:
            yield finding("AUTH_NONE", subject, root=(host,), evidence=_said(c), host=host, ports=_ports(silent, host))


def _in_the_clear(connections: Sequence[Connection]) -> Iterator[Verdict]:
    open_ = [c for c in connections if not c.endpoint.service.implicit and not _CLEAR.isdisjoint(c.auth_before or ())]
    for c in connections:
        if c.endpoint.service.implicit or c.auth_before is None or _is_somebody(c):
            continue
        subject, host = Subject.of(c.endpoint), c.endpoint.host.ascii
        if c not in open_:
            yield passed("AUTH_PLAINTEXT_OFFERED", subject)
            continue
        evidence = [f"{host}:{c.endpoint.port} offers in clear text: {', '.join(map(printable, c.auth_before))}"]
        yield finding("AUTH_PLAINTEXT_OFFERED", subject, root=(host,), evidence=evidence, host=host, ports=_ports(open_, host))


def _is_somebody(c: Connection) -> bool:
    """Return whether the server takes us for somebody who has logged in, which is told already."""
    return c.greeting is not None and c.greeting.kind is GreetingKind.PREAUTH


def _published(server: ServerFacts) -> Iterator[Verdict]:
    """Compare what the settings tell mail programs to log in with to what the server has."""
    for c in server.connections:
        if not c.auth_after:
            continue  # not seen, or nothing at all, which is told already
        subject, host, offered = Subject.of(c.endpoint), c.endpoint.host.ascii, frozenset(c.auth_after)
        wrong = [named for named in server.named if named.auth and not _fits(named, offered)]
        for named in wrong:
            published = tuple(method.value for method in named.auth)
            yield finding(
                "AUTH_VS_PUBLISHED",
                subject,
                root=(host, *published),
                evidence=[f"{printable(named.via or named.source)} names {', '.join(published)}", *_said(c)],
                host=host,
                published=published,
                offered=tuple(map(printable, c.auth_after)),
                suggested=_method(offered),
            )
        if not wrong and any(named.auth for named in server.named):
            yield passed("AUTH_VS_PUBLISHED", subject)


def _fits(named: Named, offered: frozenset[str]) -> bool:
    if AuthMethod.NONE in named.auth:
        return True
    return any(_has(method, offered) for method in named.auth)


def _has(method: AuthMethod, offered: frozenset[str]) -> bool:
    if method is AuthMethod.PASSWORD_ENCRYPTED and any(mechanism.startswith("SCRAM-") for mechanism in offered):
        return True
    return not offered.isdisjoint(MECHANISMS.get(method, ()))


def _method(offered: frozenset[str]) -> str:
    return next((method.value for method in MECHANISMS if _has(method, offered)), AuthMethod.PASSWORD_CLEARTEXT.value)


def _sizes(connections: Sequence[Connection]) -> Iterator[Verdict]:
    for c in connections:
        limit = _size(c)
        if limit is None:
            continue
        subject, host = Subject.of(c.endpoint), c.endpoint.host.ascii
        if 0 < limit < SMALL:  # RFC 1870, 3: 0 is no fixed limit
            megabytes = round(limit / 1_000_000, 1)
            yield finding("SIZE_LOW", subject, root=(host,), evidence=[f"SIZE {limit}"], host=host, megabytes=megabytes)
        else:
            yield passed("SIZE_LOW", subject)


def _size(c: Connection) -> int | None:
    """Return what SMTP's SIZE says, over TLS where that was seen, None where it says nothing."""
    for capability in c.capabilities_after if c.capabilities_after is not None else c.capabilities_before or ():
        name, _, value = capability.partition(" ")
        # RFC 1870, 3: at most twenty digits
        if c.endpoint.service.talk is Talk.SMTP and name == "SIZE" and len(value) <= 20 and value.isascii() and value.isdigit():
            return int(value)
    return None


def _losses(connections: Sequence[Connection]) -> Iterator[Verdict]:
    """Tell what one port of a host lacks that another port of the same protocol has, or that it had itself before TLS."""
    groups: dict[tuple[str, Talk], list[Connection]] = {}
    for c in connections:
        if c.auth_after and c.capabilities_after:
            groups.setdefault((c.endpoint.host.ascii, c.endpoint.service.talk), []).append(c)
    for (host, talk), own in groups.items():
        everything = frozenset(chain.from_iterable(_features(c, talk) for c in own))
        lacking = {c: everything - _features(c, talk) | _dropped(c, talk) for c in own}
        lost = tuple(sorted(printable(word, 40) for word in frozenset(chain.from_iterable(lacking.values()))))
        ports = _ports([c for c in own if lacking[c]], host)
        for c in own:
            if lacking[c]:
                evidence = [f"{host}:{c.endpoint.port} [{c.endpoint.ip}] lacks {printable(', '.join(sorted(lacking[c])))}"]
                root = (host, talk.value)
                yield finding("CAPS_CHANGED_LOSS", Subject.of(c.endpoint), root=root, evidence=evidence, host=host, ports=ports, lost=lost)
            else:
                yield passed("CAPS_CHANGED_LOSS", Subject.of(c.endpoint))


def _features(c: Connection, talk: Talk) -> frozenset[str]:
    """Return the mechanisms and wanted extensions of *c* over TLS."""
    return frozenset(c.auth_after or ()) - {"PASSWORD"} | _words(c.capabilities_after, talk)


def _dropped(c: Connection, talk: Talk) -> frozenset[str]:
    """Return what was offered before TLS and not after it."""
    mechanisms = frozenset(c.auth_before or ()) - frozenset(c.auth_after or ()) - {"PASSWORD"}
    return mechanisms | (_words(c.capabilities_before, talk) - _words(c.capabilities_after, talk))


def _words(capabilities: tuple[str, ...] | None, talk: Talk) -> frozenset[str]:
    return frozenset(line.partition(" ")[0] for line in capabilities or ()) & _WANTED.get(talk, frozenset())


def _ports(connections: Iterable[Connection], host: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(c.endpoint.port) for c in connections if c.endpoint.host.ascii == host))


def _said(c: Connection) -> list[str]:
    offered = ", ".join(map(printable, c.auth_after or ())) or "no mechanism"
    return [f"{c.endpoint.host.ascii}:{c.endpoint.port} offers over TLS: {offered}"]
