"""Conversations with made-up servers: a healthy one, and small words for what differs from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case, Named, Source
from autoconfig.checks.endpoints import ServerFacts
from autoconfig.findings import Finding, Passed, Skipped, Verdict, settle
from autoconfig.model import AuthMethod, TLSMode
from autoconfig.observations import (
    TCP,
    TLS,
    Certificate,
    Connection,
    Endpoint,
    Greeting,
    GreetingKind,
    Lookup,
    LookupStatus,
    Question,
    Service,
    Stage,
    Stop,
    Talk,
    World,
)
from tests.checks.worlds import NOW, TableWorld

V4, V6 = "192.0.2.20", "2001:db8::20"
HOST = "mail.kund.se"

SIX = (
    (Service.IMAPS, 993),
    (Service.IMAP, 143),
    (Service.POP3S, 995),
    (Service.POP3, 110),
    (Service.SUBMISSIONS, 465),
    (Service.SUBMISSION, 587),
)
_CAPABILITIES = {
    Talk.IMAP: ("IMAP4REV1", "SASL-IR", "LITERAL+", "ENABLE", "IDLE"),
    Talk.POP3: ("CAPA", "TOP", "UIDL", "PIPELINING"),
    Talk.SMTP: ("PIPELINING", "SIZE 52428800", "8BITMIME", "DSN", "SMTPUTF8"),
    Talk.SIEVE: ("IMPLEMENTATION Pigeonhole",),
    Talk.HTTP: (),
}


def case(world: World | None = None, **more) -> Case:
    """The case of kund.se."""
    return Case(Domain.parse("kund.se"), EmailAddress.parse("postmaster@kund.se"), world or TableWorld(), **more)


def certificate(*names: str, fingerprint: str = "f1", **more) -> Certificate:
    """A good certificate for *names*."""
    good = Certificate(
        names=names,
        ips=(),
        common_name=names[0] if names else "",
        issuer="R11",
        not_before=NOW - timedelta(days=20),
        not_after=NOW + timedelta(days=70),
        server_auth=True,
        key="EC",
        key_bits=256,
        signature="sha256",
        fingerprint=fingerprint,
        public_key="9" + fingerprint,
    )
    return replace(good, **more)


def tls(*names: str, host: str = HOST, cert: Certificate | None = None, **more) -> TLS:
    """A good handshake."""
    good = TLS(host, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", certificate=cert or certificate(*names or (host,)), chain_length=2)
    return replace(good, **more)


def endpoint(service: Service, port: int, ip: str = V4, host: str = HOST) -> Endpoint:
    """Where one connects to."""
    return Endpoint(service, Domain.parse(host), ip, port)


def healthy(service: Service = Service.IMAPS, port: int = 993, ip: str = V4, host: str = HOST, **more) -> Connection:
    """A conversation in which all is well."""
    words = _CAPABILITIES[service.talk]
    plain = not service.implicit
    good = Connection(
        endpoint(service, port, ip, host),
        TCP.CONNECTED,
        connect_ms=10.0,
        greeting=Greeting(GreetingKind.READY, "ready", 40.0),
        capabilities_before=words if plain else None,
        auth_before=() if plain else None,
        starttls_offered=True if plain else None,
        tls=tls(host=host),
        capabilities_after=words,
        auth_after=() if service is Service.SMTP else ("PLAIN", "LOGIN"),
        transcript=("< ready",),
        ms=100.0,
    )
    return replace(good, **more)


def dead(tcp: TCP, service: Service = Service.IMAPS, port: int = 993, ip: str = V4, host: str = HOST) -> Connection:
    """A connection that did not come about."""
    return Connection(endpoint(service, port, ip, host), tcp, connect_ms=5000.0 if tcp is TCP.TIMEOUT else 5.0)


def stopped(stage: Stage, stop: Stop, service: Service = Service.IMAP, port: int = 143, **more) -> Connection:
    """A conversation that went well up to *stage*."""
    order = list(Stage)
    came = order.index(stage)
    nothing: dict[str, object] = {}
    if came <= order.index(Stage.CAPABILITIES_AFTER):
        nothing |= {"capabilities_after": None, "auth_after": None}
    if came <= order.index(Stage.TLS):
        nothing |= {"tls": None}
    if came <= order.index(Stage.CAPABILITIES):
        nothing |= {"capabilities_before": None, "auth_before": None, "starttls_offered": None}
    if came <= order.index(Stage.GREETING) or (service.implicit and came <= order.index(Stage.TLS)):
        nothing |= {"greeting": None}
    return replace(healthy(service, port), stopped_at=stage, stop=stop, **nothing | more)


def named(
    service: Service = Service.IMAPS,
    port: int = 993,
    host: str = HOST,
    source: Source = Source.SETTINGS,
    auth: tuple[AuthMethod, ...] = (AuthMethod.PASSWORD_CLEARTEXT,),
    mode: TLSMode | None = None,
) -> Named:
    """A server as the settings name it."""
    usual = TLSMode.IMPLICIT if service.implicit else TLSMode.STARTTLS
    return Named(service, Domain.parse(host), port, source, "autoconfig", auth, "postmaster@kund.se", mode or usual)


def server(*connections: Connection, who: Iterable[Named] = (), tlsa: Lookup | None = None, **more) -> ServerFacts:
    """The facts of one server from its *connections*."""
    first = connections[0].endpoint
    names = tuple(who) or (named(first.service, first.port, first.host.ascii, **more),)
    return ServerFacts(names, (found(first.host.ascii, "A", *[c.endpoint.ip for c in connections]),), connections, tlsa)


def servers(*connections: Connection, **more) -> tuple[ServerFacts, ...]:
    """The facts of each server among *connections*."""
    places: dict[object, list[Connection]] = {}
    for c in connections:
        places.setdefault((c.endpoint.service, c.endpoint.host, c.endpoint.port), []).append(c)
    return tuple(server(*own, **more) for own in places.values())


def found(name: str, type: str, *values: str, status: LookupStatus = LookupStatus.FOUND, authenticated: bool = False) -> Lookup:
    """An answer of the DNS."""
    return Lookup(Question(name, type), status, values, authenticated=authenticated)


def exchanger(ip: str = V4, host: str = "mx.kund.se", **more) -> Connection:
    """A healthy mail exchanger."""
    return healthy(Service.SMTP, 25, ip, host, **more)


def day(text: str) -> datetime:
    """A day in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def codes(verdicts: Iterable[Verdict]) -> list[str]:
    """The codes of the findings, those of one cause once, in alphabetical order."""
    findings, _, _ = settle(verdicts)
    return sorted(f.code for f in findings)


def findings(verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """The findings, those of one cause as one."""
    return settle(verdicts)[0]


def the(verdicts: Iterable[Verdict]) -> Finding:
    """The only finding."""
    (only,) = findings(verdicts)
    return only


def passes(verdicts: Iterable[Verdict]) -> set[str]:
    """The checks that passed."""
    return {v.check for v in verdicts if isinstance(v, Passed)}


def skips(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """The checks that were skipped, with the code of the finding that is the reason."""
    return {v.check: v.by.code for v in verdicts if isinstance(v, Skipped)}
