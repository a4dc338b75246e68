"""How Thunderbird (153) guesses servers when nothing was published: names and ports in a fixed order, all tried, the first in order wins.

Where TLS begins at once the certificate must be right; on a port with STARTTLS it is not looked at. Nothing is sent but the question what
the server can do. The user name is the local part, to which the caller sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from autoconfig.address import Domain
from autoconfig.clients.outcome import Choice, Step
from autoconfig.clients.trail import Trail
from autoconfig.errors import AddressError
from autoconfig.model import TLSMode
from autoconfig.observations import TCP, Connection, Endpoint, Lookup, LookupStatus, Service, service_of

STAGGER_MS = 100.0  # each try begins so much later than the one before it
PATIENCE_MS = 10_000.0

_NAMES = {"imap": ("imap.", "mail.", ""), "pop3": ("pop3.", "pop.", "mail.", ""), "smtp": ("smtp.", "mail.", "")}
_PORTS = {
    ("imap", TLSMode.IMPLICIT): (993,),
    ("imap", TLSMode.STARTTLS): (143,),
    ("imap", TLSMode.NONE): (143,),
    ("pop3", TLSMode.IMPLICIT): (995,),
    ("pop3", TLSMode.STARTTLS): (110,),
    ("pop3", TLSMode.NONE): (110,),
    ("smtp", TLSMode.IMPLICIT): (465,),
    ("smtp", TLSMode.STARTTLS): (587, 25),
    ("smtp", TLSMode.NONE): (587, 25),
}
_ENCRYPTED = (TLSMode.IMPLICIT, TLSMode.STARTTLS)


@dataclass(frozen=True, slots=True)
class Guess:
    """What was found: nothing, where one side is missing. *end* is when the last try that mattered was over."""

    incoming: Choice | None
    outgoing: Choice | None
    end: float


def tries(protocols: Sequence[str], domain: str, host: str = "") -> tuple[Choice, ...]:
    """Return what is tried for *protocols*, the best first; at *host* alone where it is given."""
    order = [(protocol, tls) for protocol in protocols for tls in _ENCRYPTED] + [(protocol, TLSMode.NONE) for protocol in protocols]
    return tuple(
        Choice(protocol, name, port, tls)
        for protocol, tls in order
        for name in ([host] if host else [label + domain for label in _NAMES[protocol]])
        for port in _PORTS[protocol, tls]
    )


async def guess(trail: Trail, domain: str, at: float, host: str = "") -> Guess:
    """Try the names of *domain*, or *host* alone, beginning *at*; both sides at the same time."""
    sides = [tries(protocols, domain, host) for protocols in (("imap", "pop3"), ("smtp",))]
    names = list(dict.fromkeys(one.host for side in sides for one in side))
    lookups = dict(zip(names, await asyncio.gather(*(_addresses(trail, name, at) for name in names)), strict=True))
    (incoming, first), (outgoing, second) = await asyncio.gather(*(_side(trail, side, lookups, at) for side in sides))
    # Where one of them fails, the program shows neither.
    both = incoming is not None and outgoing is not None
    return Guess(incoming if both else None, outgoing if both else None, max(first, second))


async def _addresses(trail: Trail, name: str, at: float) -> Lookup:
    found, end = await trail.lookup(name, "A", at=at, patience=PATIENCE_MS)
    if found.status is not LookupStatus.NODATA:
        return found
    six, _ = await trail.lookup(name, "AAAA", at=end, patience=PATIENCE_MS - found.ms)
    return replace(six, ms=found.ms + six.ms)


async def _side(trail: Trail, every: Sequence[Choice], lookups: Mapping[str, Lookup], at: float) -> tuple[Choice | None, float]:
    """Return the first of *every* that answers, and when that was known."""
    end = at
    winner: Choice | None = None
    for i, one in enumerate(every):
        # With a winner, only another protocol is still waited for, as an alternative.
        if winner is not None and one.protocol in (winner.protocol, "smtp"):
            continue
        works, ended = await _try(trail, one, lookups[one.host], at + i * STAGGER_MS)
        end = max(end, ended)
        if works and winner is not None:
            break
        if works:
            winner = one
    return winner, end


async def _try(trail: Trail, one: Choice, found: Lookup, begin: float) -> tuple[bool, float]:
    now = begin + min(found.ms, PATIENCE_MS)
    try:
        host = Domain.parse(one.host)
    except AddressError:
        return False, now
    if not found.values or one.port is None or one.tls is None:
        return False, now
    service = Service.SMTP if one.port == Service.SMTP.default_port else service_of(one.protocol, one.tls)
    connection = await trail.world.probe(Endpoint(service, host, found.values[0], one.port))
    left = begin + PATIENCE_MS - now
    silent = connection.tcp is TCP.TIMEOUT or connection.ms > left
    spent = left if silent else connection.ms
    works = not silent and _answers(connection, one.tls, trail.world.now)
    said = "no answer in time" if silent else connection.tcp.value if connection.tcp is not TCP.CONNECTED else "yes" if works else "no"
    trail.note(Step(now, spent, f"CONNECT {one.host}:{one.port}", f"{said} ({one.tls.value})"))
    return works, now + spent


def _answers(connection: Connection, tls: TLSMode, now: datetime) -> bool:
    if connection.tcp is not TCP.CONNECTED or connection.greeting is None:
        return False
    if tls is TLSMode.STARTTLS:
        return connection.starttls_offered is True
    return tls is TLSMode.NONE or _is_trusted(connection, now)


def _is_trusted(connection: Connection, now: datetime) -> bool:
    shown = connection.tls
    if shown is None or shown.failure is not None or shown.certificate is None:
        return False
    right = shown.certificate.covers(connection.endpoint.host) and shown.chain_problem is None
    return right and shown.certificate.not_before <= now <= shown.certificate.not_after
