"""The servers that somebody names: whether they answer, speak what they should, say hello in time and let themselves be secured.

`gather` connects to every address of every server. `judge` tells each fault once: a machine that is down is one finding, not one for each
of its ports. Certificates and log-in mechanisms have rooms of their own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace

from autoconfig.address import Domain
from autoconfig.catalogue import ENTRIES, finding, passed, skipped
from autoconfig.checks.case import Case, Named, Source, incoming
from autoconfig.checks.zone import is_below
from autoconfig.errors import AddressError, printable
from autoconfig.findings import Finding, Owner, Severity, Subject, Verdict
from autoconfig.model import TLSMode
from autoconfig.observations import (
    TCP,
    Connection,
    Endpoint,
    GreetingKind,
    Lookup,
    LookupStatus,
    Service,
    Stage,
    Stop,
    Talk,
    TLSFailure,
)

MAX_SERVERS = 40  # what documents from outside may make us connect to
MAX_ADDRESSES = 8  # of one name
OLD_TLS = ("SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")  # RFC 8996: must not be used
SLOW = ((20_000.0, Severity.ERROR), (5_000.0, Severity.WARNING), (2_000.0, Severity.NOTICE))

_DEAD = {TCP.REFUSED: "TCP_REFUSED", TCP.TIMEOUT: "TCP_TIMEOUT", TCP.UNREACHABLE: "TCP_UNREACH"}
_TITLES = {Talk.IMAP: "IMAP", Talk.POP3: "POP3", Talk.SMTP: "SMTP", Talk.SIEVE: "ManageSieve", Talk.HTTP: "HTTP"}
_ANSWERS = {  # what is told where TLS did not come about
    TLSFailure.NOT_TLS: "PLAIN_ON_TLS",
    TLSFailure.ALERT: "TLS_HANDSHAKE",
    TLSFailure.PROTOCOL: "TLS_HANDSHAKE",
    TLSFailure.VERSION: "TLS_TOO_OLD",
    TLSFailure.RESET: "TLS_RST",
    TLSFailure.CLOSED: "TLS_RST",
    TLSFailure.TIMEOUT: "PROTO_SILENT",
}
_AWAY = {GreetingKind.TRY_LATER: "GREET_4XX", GreetingKind.GO_AWAY: "GREET_BYE"}
_STOPS = {  # what is told where the conversation broke off, wherever that was
    Stop.TIMEOUT: "PROTO_SILENT",
    Stop.CLOSED: "PROTO_CLOSED",
    Stop.RESET: "PROTO_CLOSED",
    Stop.TOO_LONG: "PROTO_GARBAGE",
    Stop.GARBAGE: "PROTO_GARBAGE",
    Stop.TLS_BYTES: "TLS_ON_PLAIN",
    Stop.REFUSED: "PROTO_REFUSED",
    Stop.TLS_FAILED: "TLS_HANDSHAKE",
}


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One service of one host at one port: who names it, its addresses, a conversation with each of them, and its TLSA records."""

    named: tuple[Named, ...]
    addresses: tuple[Lookup, ...]
    connections: tuple[Connection, ...]
    tlsa: Lookup | None = None

    @property
    def place(self) -> tuple[Service, Domain, int]:
        """What tells servers apart."""
        return self.named[0].place


async def beyond(case: Case) -> tuple[Named, ...]:
    """Return the servers that no document names to mail programs: the mail exchangers, and the ManageSieve server of a domain of ours."""
    found = []
    sieve = None if case.expected is None else case.expected.provider.sieve
    with suppress(AddressError):  # too long a name for this domain
        if sieve is not None:
            found.append(Named(Service.SIEVE, sieve.host.fill(case.domain), sieve.port, Source.SETTINGS, tls=sieve.tls))
    lookup = await case.world.lookup(case.domain.ascii, "MX")
    for value in lookup.values:
        with suppress(AddressError):  # RFC 7505: "." is no host; and what is no name is the delegation's to tell
            host = Domain.parse(value.rpartition(" ")[2])
            found.append(Named(Service.SMTP, host, Service.SMTP.default_port, Source.MX, f"{case.domain.ascii} MX", tls=TLSMode.STARTTLS))
    return tuple(found)


async def gather(case: Case, named: Iterable[Named]) -> tuple[ServerFacts, ...]:
    """Look up every server of *named* and talk to each of its addresses, all at once."""
    places: dict[tuple[Service, Domain, int], list[Named]] = {}
    for server in named:
        if server.place in places or len(places) < MAX_SERVERS:
            places.setdefault(server.place, []).append(server)
    return tuple(await asyncio.gather(*(_server(case, tuple(servers)) for servers in places.values())))


async def _server(case: Case, named: tuple[Named, ...]) -> ServerFacts:
    service, host, port = named[0].place
    four, six, tlsa = await asyncio.gather(
        _family(case, service, host, port, "A"),
        _family(case, service, host, port, "AAAA"),
        case.world.lookup(f"_{port}._tcp.{host.ascii}", "TLSA"),  # RFC 6698, 3
    )
    return ServerFacts(named, (four[0], six[0]), four[1] + six[1], tlsa)


async def _family(case: Case, service: Service, host: Domain, port: int, type: str) -> tuple[Lookup, tuple[Connection, ...]]:
    lookup = await case.world.lookup(host.ascii, type)
    probes = (case.world.probe(Endpoint(service, host, ip, port)) for ip in lookup.values[: MAX_ADDRESSES // 2])
    return lookup, tuple(await asyncio.gather(*probes))


def united(facts: Iterable[ServerFacts]) -> tuple[ServerFacts, ...]:
    """Return *facts* with each server once, named by all who name it, those that we believe first."""
    merged: dict[tuple[Service, Domain, int], ServerFacts] = {}
    for server in facts:
        first = merged.get(server.place)
        merged[server.place] = server if first is None else replace(first, named=(*first.named, *server.named))
    order = list(Source)
    return tuple(
        replace(server, named=tuple(sorted(dict.fromkeys(server.named), key=lambda named: order.index(named.source))))
        for server in merged.values()
    )


def judge(case: Case, facts: Iterable[ServerFacts]) -> Iterator[Verdict]:
    """Say what is wrong with the servers, before certificates and log-in."""
    servers = united(facts)
    yield from _untested(case, servers)
    dead = dict(_dead(case, servers))
    working = _working(servers)
    for server in servers:
        for connection in server.connections:
            found = dead.get(connection.endpoint)
            if found is None and connection.tcp is TCP.CONNECTED:
                yield passed("TCP_REFUSED", Subject.of(connection.endpoint))
                yield from _conversation(server, connection, working)
            elif found is not None:
                yield found
                yield from _blocked(connection, found, Stage.GREETING)


# --- whether one can connect -------------------------------------------------------------------------------------------------------


def _untested(case: Case, servers: Sequence[ServerFacts]) -> Iterator[Verdict]:
    """Tell what we do not know: names that could not be looked up, addresses that cannot be reached from here."""
    without: dict[tuple[str, str], None] = {}
    for server in servers:
        service, host, port = server.place
        known = [c for c in server.connections if _is_known(c)]
        if not server.connections:
            if not any(lookup.status.known for lookup in server.addresses) and not _is_told(case, server):
                subject = Subject(host.ascii, service.value, port=port)
                evidence = (f"{lookup.question.name} {lookup.question.type}: {lookup.status}" for lookup in server.addresses)
                yield finding("NOT_TESTED", subject, root=(host.ascii,), evidence=evidence, host=host.ascii)
            continue
        for connection in (c for c in server.connections if not _is_known(c)):
            if connection.tcp is TCP.NO_WAY_FROM_HERE and _is_six(connection.endpoint.ip) and known:
                without[host.ascii, connection.endpoint.ip] = None
            else:
                subject = Subject.of(connection.endpoint)
                yield finding("NOT_TESTED", subject, root=(host.ascii,), evidence=[_line(connection)], host=host.ascii)
    hosts = tuple(dict.fromkeys(name for name, _ in without))
    for name, ip in without:
        yield finding("IPV6_NOT_TESTED", Subject(name, ip=ip), root=(), hosts=hosts)


def _is_told(case: Case, server: ServerFacts) -> bool:
    """Return whether the name's DNS is the domain's own and at fault: the findings about the delegation then say so."""
    host = server.place[1]
    own = host == case.domain or case.domain.ascii in host.parents
    return own and all(lookup.status is not LookupStatus.UNKNOWN for lookup in server.addresses)


def _dead(case: Case, servers: Sequence[ServerFacts]) -> Iterator[tuple[Endpoint, Finding]]:
    """Return for each endpoint that cannot be connected to the finding that says so, one for each cause."""
    hosts: dict[Domain, list[ServerFacts]] = {}
    for server in servers:
        hosts.setdefault(server.place[1], []).append(server)
    preferred = _preferred(servers)
    down: set[Domain] = set()
    for host, own in hosts.items():
        mail = [c for server in own if server.place[0] is not Service.SMTP for c in server.connections if _is_known(c)]
        if mail and all(c.tcp in _DEAD for c in mail):
            down.add(host)
            every = [c for server in own for c in server.connections if c.tcp in _DEAD]
            severity = Severity.CRITICAL if any(server.place in preferred for server in own) else Severity.ERROR
            yield from _all_of(every, ("host", host.ascii), severity)
        else:
            owner = _owner(case, own[0])
            yield from _partly(mail, {(service, port) for service, name, port in preferred if name == host}, owner)
    exchangers = [s for s in servers if s.place[0] is Service.SMTP]
    yield from _exchangers([c for server in exchangers for c in server.connections], down)


def _preferred(servers: Sequence[ServerFacts]) -> set[tuple[Service, Domain, int]]:
    """Return the servers that most mail programs will use: the first to fetch from and the first to send through, of the best source."""
    ranked = sorted(servers, key=lambda server: list(Source).index(server.named[0].source))
    fetching = [server.place for server in ranked if incoming(server.place[0]) is not None]
    sending = [server.place for server in ranked if server.place[0] in (Service.SUBMISSION, Service.SUBMISSIONS)]
    return {*fetching[:1], *sending[:1]}


def _owner(case: Case, server: ServerFacts) -> Owner | None:
    """Return whose the addresses of *server* are: the provider's, also by way of an alias, unless they stand below the domain."""
    host = next((lookup.aliases[-1] for lookup in server.addresses if lookup.aliases), server.place[1].ascii)
    return None if is_below(host, case.domain.ascii) else Owner.PROVIDER


def _partly(
    connections: Sequence[Connection], preferred: set[tuple[Service, int]], owner: Owner | None
) -> Iterator[tuple[Endpoint, Finding]]:
    """Tell of a host that lives: first its addresses where nothing answers, then ports that no address answers, then the rest."""
    left = [c for c in connections if c.tcp in _DEAD]
    host = connections[0].endpoint.host.ascii if connections else ""
    living = {c.endpoint.ip for c in connections if c.tcp is TCP.CONNECTED}
    for ip in dict.fromkeys(c.endpoint.ip for c in left):
        if ip in living:
            continue
        own = [c for c in connections if c.endpoint.ip == ip]
        left = [c for c in left if c.endpoint.ip != ip]
        if _is_six(ip):
            stale = finding("DNS_AAAA_STALE", Subject(host, ip=ip), owner=owner, evidence=map(_line, own), host=host, ip=ip)
            yield from ((c.endpoint, stale) for c in own)
        else:
            yield from _all_of(own, ("address", host, ip), Severity.ERROR)
    answering = {_way(c) for c in connections if c.tcp is TCP.CONNECTED}
    closed = [c for c in left if _way(c) not in answering]
    severity = Severity.CRITICAL if any(_way(c) in preferred for c in closed) else Severity.ERROR
    yield from _all_of(closed, ("ports", host), severity)
    left = [c for c in left if c not in closed]
    for ip in dict.fromkeys(c.endpoint.ip for c in left):
        own = [c for c in left if c.endpoint.ip == ip]
        yield from _all_of(own, ("address", host, ip), Severity.WARNING if _is_six(ip) else Severity.ERROR)


def _exchangers(connections: Sequence[Connection], down: set[Domain]) -> Iterator[tuple[Endpoint, Finding]]:
    """Tell of port 25, which many networks let nobody out to: when no exchanger answers, that says more about us than about them."""
    dead = [c for c in connections if c.tcp in _DEAD and c.endpoint.host not in down]
    if any(c.tcp is TCP.CONNECTED for c in connections):
        for c in dead:
            yield from _all_of([c], ("address", c.endpoint.host.ascii, c.endpoint.ip, "25"), Severity.WARNING)
    elif dead and all(c.tcp is TCP.REFUSED for c in dead):
        yield from _all_of(dead, ("exchangers",), Severity.ERROR)
    else:
        hosts = tuple(dict.fromkeys(c.endpoint.host.ascii for c in dead))
        for c in dead:
            subject = Subject.of(c.endpoint)
            yield c.endpoint, finding("SMTP25_NOT_TESTED", subject, root=(), evidence=[_line(c)], hosts=hosts)


def _all_of(connections: Sequence[Connection], root: tuple[str, ...], severity: Severity) -> Iterator[tuple[Endpoint, Finding]]:
    # One cause has one code, the most frequent: a firewall may drop one port and reject another.
    code = _DEAD[Counter(c.tcp for c in connections).most_common(1)[0][0]] if connections else ""
    ports = tuple(dict.fromkeys(str(c.endpoint.port) for c in connections))
    for c in connections:
        subject, host = Subject.of(c.endpoint), c.endpoint.host.ascii
        yield c.endpoint, finding(code, subject, severity=severity, root=root, evidence=[_line(c)], host=host, ports=ports)


def _way(c: Connection) -> tuple[Service, int]:
    return c.endpoint.service, c.endpoint.port


def _is_known(c: Connection) -> bool:
    return c.tcp is TCP.CONNECTED or c.tcp in _DEAD


def _is_six(ip: str) -> bool:
    return ":" in ip


# --- what is said ------------------------------------------------------------------------------------------------------------------


def _working(servers: Sequence[ServerFacts]) -> Mapping[tuple[str, int], Set[bool]]:
    """Return for each address and port whether TLS from the first byte, or without, is known to work there."""
    found: dict[tuple[str, int], set[bool]] = {}
    for c in (c for server in servers for c in server.connections):
        if c.endpoint.service.implicit and c.tls is not None and c.tls.failure is None:
            found.setdefault((c.endpoint.ip, c.endpoint.port), set()).add(True)
        elif not c.endpoint.service.implicit and c.greeting is not None:
            found.setdefault((c.endpoint.ip, c.endpoint.port), set()).add(False)
    return found


def _conversation(server: ServerFacts, c: Connection, working: Mapping[tuple[str, int], Set[bool]]) -> Iterator[Verdict]:
    subject = Subject.of(c.endpoint)
    code = _broken(c)
    other = not c.endpoint.service.implicit
    if code is not None and other in working.get((c.endpoint.ip, c.endpoint.port), ()) and not _is_usual(c.endpoint):
        # The port is in order, only with the other kind of TLS: whoever names it so is told (AC_PORT_SOCKET_MISMATCH, SRV_WRONG).
        return
    if code is not None:
        found = _finding(code, c, severity=_weight(code, server, c))
        yield found
        yield from _blocked(c, found, c.stopped_at or Stage.GREETING)
    elif c.greeting is not None and c.greeting.kind is GreetingKind.PREAUTH:
        # RFC 9051, 6.2.1: no STARTTLS any more, so that where it is to be used nobody gets in.
        found = _finding("GREET_PREAUTH", c, severity=None if c.endpoint.service.implicit else Severity.ERROR)
        yield found
        yield from _blocked(c, found, Stage.CAPABILITIES)
    elif c.starttls_offered is False and not c.endpoint.service.implicit and c.tls is None:
        found = _finding("STARTTLS_ABSENT", c, severity=_weight("STARTTLS_ABSENT", server, c))
        yield found
        yield from _blocked(c, found, Stage.STARTTLS)
    if c.greeting is not None and c.greeting.kind in (GreetingKind.READY, GreetingKind.PREAUTH):
        yield passed("GREET_GARBAGE", subject)
        yield from _pace(c)
    if c.starttls_offered and c.tls is not None and c.tls.failure is None:
        yield passed("STARTTLS_ABSENT", subject)
        yield _finding("STARTTLS_INJECT", c) if c.injected else passed("STARTTLS_INJECT", subject)
    if c.tls is not None and c.tls.failure is None:
        yield passed("TLS_HANDSHAKE", subject)
        if c.tls.version in OLD_TLS:
            severity = Severity.NOTICE if c.endpoint.service is Service.SMTP else Severity.WARNING
            yield _finding("TLS_TOO_OLD", c, severity=severity)
        else:
            yield passed("TLS_TOO_OLD", subject)


def _is_usual(endpoint: Endpoint) -> bool:
    return endpoint.port == endpoint.service.default_port


def _pace(c: Connection) -> Iterator[Verdict]:
    ms = 0.0 if c.greeting is None else c.greeting.ms
    severity = next((severity for limit, severity in SLOW if ms >= limit), None)
    if severity is None:
        yield passed("GREET_SLOW", Subject.of(c.endpoint))
    else:
        yield _finding("GREET_SLOW", c, severity=severity, seconds=round(ms / 1000, 1))


def _broken(c: Connection) -> str | None:
    """Return the code for what broke the conversation off, None where nothing did."""
    spoken = c.spoken.lower()
    failed = c.stop is not None or (c.tls is not None and c.tls.failure is not None)
    if failed and spoken not in ("", "tls", c.endpoint.service.talk.value):
        return "TCP_PORT_WRONG_PROTO"
    if c.greeting is not None and c.greeting.kind in _AWAY:
        return _AWAY[c.greeting.kind]
    if c.tls is not None and c.tls.failure is not None:
        if c.tls.failure is TLSFailure.NOT_TLS and not c.endpoint.service.implicit:
            return "TLS_HANDSHAKE"
        return _ANSWERS[c.tls.failure]
    if c.stop is None:
        return None
    if spoken == "tls":
        return "TLS_ON_PLAIN"
    if c.stop is Stop.REFUSED and c.stopped_at is Stage.STARTTLS:
        return "STARTTLS_REFUSED"
    if c.stopped_at is Stage.GREETING and c.stop in (Stop.GARBAGE, Stop.TOO_LONG):
        return "GREET_GARBAGE"
    if c.stopped_at is Stage.TLS and c.stop in (Stop.RESET, Stop.CLOSED):
        return "TLS_RST"
    return _STOPS[c.stop]


def _weight(code: str, server: ServerFacts, c: Connection) -> Severity | None:
    """Return how bad *code* is here, None for as bad as the catalogue says."""
    if code == "PROTO_REFUSED" and c.endpoint.service.talk is Talk.SMTP and _reply(code, c).startswith("4"):
        return Severity.UNKNOWN  # RFC 5321, 4.2.1: 4yz may be well in a moment, and we may be the reason
    if c.endpoint.service is Service.SMTP:
        # RFC 7435: between mail servers TLS is used where it can be had. And whether we are let in says something about us as well.
        if code in ("GREET_BYE", "GREET_4XX", "PROTO_REFUSED"):
            return Severity.UNKNOWN
        return Severity.WARNING
    if code == "STARTTLS_ABSENT" and all(named.tls is TLSMode.NONE for named in server.named):
        return Severity.WARNING
    return None


def _finding(code: str, c: Connection, *, severity: Severity | None = None, seconds: float = 0.0) -> Finding:
    host, service, port = c.endpoint.host.ascii, c.endpoint.service, c.endpoint.port
    reply = printable(_reply(code, c).strip())
    detail = printable(c.tls.detail or c.tls.failure or "") if c.tls is not None else ""
    # One setting of a server shows at all its addresses, but each port has its own protocol and kind of TLS.
    root = (host,) if code in ("GREET_SLOW", "TLS_TOO_OLD", "GREET_4XX") else (host, str(port))
    version = c.tls.version if c.tls is not None else ""
    said = [version] if code == "TLS_TOO_OLD" and version else c.transcript[-8:] or [reply, detail, version]
    found = finding(
        code,
        Subject.of(c.endpoint),
        severity=severity,
        root=root,
        evidence=[_line(c), *(printable(line, 200) for line in filter(None, said))],
        commands=[_openssl(c.endpoint, starttls=code != "TLS_ON_PLAIN")] if code.startswith("TLS_") else (),
        affects=("thunderbird", "k9") if code in ("STARTTLS_ABSENT", "STARTTLS_REFUSED") else (),
        host=host,
        port=port,
        service=_TITLES[service.talk],
        spoken=_spoken(c),
        reply=reply or "-",
        detail=detail or "-",
        seconds=seconds,
    )
    return trimmed(found)


def trimmed(found: Finding) -> Finding:
    """Return *found* with the arguments that its texts need, and no others."""
    return replace(found, args={name: value for name, value in found.args.items() if name in ENTRIES[found.code].parameters})


def _openssl(endpoint: Endpoint, *, starttls: bool) -> str:
    start = f" -starttls {endpoint.service.talk}" if starttls and not endpoint.service.implicit else ""
    return f"openssl s_client -connect {endpoint.host.ascii}:{endpoint.port} -servername {endpoint.host.ascii}{start}"


def _spoken(c: Connection) -> str:
    try:
        return _TITLES[Talk(c.spoken.lower())]
    except ValueError:
        return printable(c.spoken.upper(), 20)


def _reply(code: str, c: Connection) -> str:
    if code.startswith("GREET_"):
        return c.greeting.text if c.greeting is not None else ""
    if code.startswith("STARTTLS_"):
        return c.injected if code == "STARTTLS_INJECT" else c.starttls_reply
    return next((line[2:] for line in reversed(c.transcript) if line.startswith("< ")), "")


def _line(c: Connection) -> str:
    return f"{c.endpoint.host.ascii} [{c.endpoint.ip}]:{c.endpoint.port} {c.tcp} ({c.connect_ms or c.ms:.0f} ms)"


# --- what could not be looked at ---------------------------------------------------------------------------------------------------


def _blocked(c: Connection, by: Finding, stopped: Stage) -> Iterator[Verdict]:
    """Tell what was not reached after *stopped*."""
    subject, service = Subject.of(c.endpoint), c.endpoint.service
    order = list(Stage)
    before_tls = order.index(stopped) < order.index(Stage.TLS)
    if c.greeting is None:
        yield skipped("GREET_GARBAGE", subject, by)
    if before_tls and not service.implicit and not by.code.startswith("STARTTLS_"):
        yield skipped("STARTTLS_ABSENT", subject, by)
    if c.tls is None and not by.code.startswith("TLS_"):
        yield skipped("TLS_HANDSHAKE", subject, by)
    if c.tls is None or c.tls.certificate is None:
        yield skipped("CERT_NAME_MISMATCH", subject, by)
    if c.auth_after is None and service is not Service.SMTP:
        yield skipped("AUTH_NONE", subject, by)
