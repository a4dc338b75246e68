"""eM Client: SRV records, then Autodiscover, then guessed names.

As its maker lists it; autoconfig is not in the list. Left out are what needs a company's own network (registry, service connection
point) and Microsoft 365. The order within each kind is not told: TLS from the first byte comes first here, and IMAP before POP. What it
makes of an Autodiscover answer is not told either: it is read as Outlook's documents have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autoconfig.clients import outlook
from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Outcome, Result, Step, Typed
from autoconfig.clients.srv import records
from autoconfig.clients.trail import Trail
from autoconfig.clients.works import Seen, gather
from autoconfig.formats.outlook import OUTLOOK_RESPONSE, Request, write_request
from autoconfig.formats.xml import without_illegal
from autoconfig.model import TLSMode
from autoconfig.observations import TCP, World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_INCOMING = (
    ("_imaps", "imap", TLSMode.IMPLICIT),
    ("_imap", "imap", TLSMode.STARTTLS),
    ("_pop3s", "pop3", TLSMode.IMPLICIT),
    ("_pop3", "pop3", TLSMode.STARTTLS),
)
_OUTGOING = (("_submissions", "smtp", TLSMode.IMPLICIT), ("_submission", "smtp", TLSMode.STARTTLS))
_AUTODISCOVER = ("https://{}/autodiscover/autodiscover.xml", "https://autodiscover.{}/autodiscover/autodiscover.xml")
_HEADERS = (("Content-Type", "text/xml; charset=utf-8"),)
_GUESSES = {
    "imap": (("imap", "mail"), ((993, TLSMode.IMPLICIT), (143, TLSMode.STARTTLS))),
    "smtp": (("smtp", "mail"), ((465, TLSMode.IMPLICIT), (587, TLSMode.STARTTLS))),
}
_PATIENCE = 30_000.0

_Sides = tuple[Sequence[Choice], Sequence[Choice]]


async def discover(typed: Typed, world: World) -> Outcome:
    """Ask for SRV records, then for Autodiscover, then whoever answers at the usual names."""
    if typed.address is None:
        return Outcome(Result.MANUAL, why="NOTHING_FOUND")
    trail, domain, name = Trail(world), typed.address.domain.ascii, typed.text
    (incoming, via), now = await _named(trail, domain, name, _INCOMING, 0.0)
    (outgoing, _), now = await _named(trail, domain, name, _OUTGOING, now)
    if incoming and outgoing:
        return ending(incoming, outgoing, via=via, source="srv", steps=trail.steps)
    body = write_request(Request(email=without_illegal(name), acceptable_response_schema=OUTLOOK_RESPONSE))
    for url in (url.format(domain) for url in _AUTODISCOVER):
        answer = await trail.fetch(url, at=now, patience=_PATIENCE, method="POST", headers=_HEADERS, body=body)
        now = answer.end
        reading = outlook.read(answer.body) if answer.status == 200 else None
        if reading and reading.incoming and reading.outgoing:
            sides = ([outlook.filled(choice, name) for choice in side] for side in (reading.incoming, reading.outgoing))
            return ending(*sides, via=url, source="autodiscover", steps=trail.steps, notes=reading.notes)
    incoming, outgoing = await _guessed(trail, domain, name, now)
    if incoming and outgoing:
        return ending(incoming, outgoing, source="guess", steps=trail.steps)
    return ending((), (), steps=trail.steps)


async def _named(
    trail: Trail, domain: str, username: str, services: Sequence[tuple[str, str, TLSMode]], now: float
) -> tuple[tuple[Sequence[Choice], str], float]:
    """Return the servers of the first service that has records, and the record's name."""
    for service, protocol, tls in services:
        lookup, now = await trail.lookup(f"{service}._tcp.{domain}", "SRV", at=now, patience=_PATIENCE)
        if found := [Choice(protocol, one.host, one.port, tls, username) for one in records(lookup.values)]:
            return (found, lookup.question.name), now
    return ((), ""), now


async def _guessed(trail: Trail, domain: str, username: str, now: float) -> _Sides:
    """Return the servers that answer at the usual names, the first of each side first."""
    tries = {
        protocol: [Choice(protocol, f"{label}.{domain}", port, tls, username) for port, tls in ports for label in labels]
        for protocol, (labels, ports) in _GUESSES.items()
    }
    seen = await gather([choice for side in tries.values() for choice in side], trail.world)
    for side in tries.values():
        for choice in side:
            ms, said = _met(choice, seen)
            trail.note(Step(now, ms, f"CONNECT {choice.host}:{choice.port}", said))
    answering = [[choice for choice in side if _met(choice, seen)[1] == TCP.CONNECTED.value] for side in tries.values()]
    return answering[0], answering[1]


def _met(choice: Choice, seen: Mapping[Choice, Seen]) -> tuple[float, str]:
    connections = seen[choice].connections
    best = next((one for one in connections if one.tcp is TCP.CONNECTED), connections[0] if connections else None)
    return (0.0, "no-address") if best is None else (min(best.ms, _PATIENCE), best.tcp.value)


CLIENT = Client("emclient", "eM Client", Confidence.DOCUMENTED, discover)
