"""Delta Chat, core 2.65: one URL after another, https only, until one can be parsed, even if there is nothing in it; then it guesses.

Measured (recordings of 2026-11-23) and read in its source (configure/, net/http.rs). Its reader, quick-xml, looks at tags and little
more: element names in any letter case, wherever they stand; text is what came last; CDATA and entities are not text. Every server that
it finds, or guesses, is a candidate, tried in order.
Not here: its built-in list of large providers, for which it asks nobody, and its cache, which keeps an answer for up to 35 days.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reader, Reading, Result, Step, Typed
from autoconfig.clients.parsers.quickxml import WHITE, Broken, Event, Kind, attribute, events
from autoconfig.clients.trail import Trail
from autoconfig.clients.works import gather
from autoconfig.model import TLSMode
from autoconfig.observations import TCP, World

# Names in any letter case; the protocol is that of the attribute type, in incomingServer and outgoingServer alike.
_SERVERS = ("incomingserver", "outgoingserver")
_PROTOCOLS = ("imap", "smtp")
_OTHERS = ("pop3", "jmap", "exchange", "ews", "owa", "graph", "activesync")  # known, and not for Delta Chat
_SOCKETS = {"ssl": TLSMode.IMPLICIT, "starttls": TLSMode.STARTTLS, "plain": TLSMode.NONE}
_PORTS = {
    ("imap", TLSMode.IMPLICIT): 993,
    ("imap", TLSMode.STARTTLS): 143,
    ("imap", TLSMode.NONE): 143,
    ("smtp", TLSMode.IMPLICIT): 465,
    ("smtp", TLSMode.STARTTLS): 587,
    ("smtp", TLSMode.NONE): 587,
}
_PATIENCE = 60_000.0  # for a connection, and for each answer
_REQUESTS = 10  # for one URL, with its redirects; and documents, with their RedirectUrl
_NUMBER = re.compile(r"\+?[0-9]+\Z")
_REFUSED = re.compile(r"[\s<>]")
# hyper's Uri, as far as this program can fetch it: with a scheme and a host, in ASCII.
_URL = re.compile(r"""((?i:https?)://[A-Za-z0-9._~!$&'()*+,;=:@%\[\]-]+)(?:(/[!"$-;=@-_a-z{|}~]*(?:\?[!$-;=?-~]*)?))?(?:\#[ -~]*)?\Z""")
_MISSING = {"imap": "INCOMING_MISSING", "smtp": "OUTGOING_MISSING"}


# --- documents ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Values:
    """The values of one server while it is read; *line* is where it begins."""

    line: int
    found: dict[str, tuple[str, int]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    begun: bool = False  # an element has begun, and has no text yet

    def take(self, event: Event, name: str, notes: list[Note]) -> None:
        """Take an event inside of the element *name*."""
        rule = ""
        if event.kind is Kind.START:
            self.begun = True
        elif event.kind is Kind.TEXT:
            if name in self.found and name not in self.lost:
                rule = "VALUE_TWICE" if self.begun else "VALUE_IN_PIECES"
            self.found[name] = event.text.strip(WHITE), event.line
            self.begun = False
        elif event.kind in (Kind.CDATA, Kind.ENTITY):
            rule = "VALUE_ENTITY" if event.kind is Kind.ENTITY else "VALUE_IN_PIECES"
            self.lost.add(name)
        if rule:
            effect = Effect.MISREADS if name in self.found else Effect.SKIPS
            notes.append(Note(rule, effect, event.line, {"element": name}))

    def get(self, name: str) -> str | None:
        """Return the last text in the element *name*."""
        return self.found[name][0] if name in self.found else None

    def port(self, notes: list[Note]) -> int | None:
        """Return the port, None for what is none: then it is the usual one."""
        value, line = self.found["port"]
        port = int(value.lstrip("+0") or "0") if _NUMBER.match(value) and len(value.lstrip("+0")) < 6 else 0
        if not 0 < port < 65536:
            notes.append(Note("PORT_INVALID", Effect.MISREADS, line, {"value": value}))
            return None
        return port

    def lacks(self, names: dict[str, str], notes: list[Note]) -> bool:
        """Tell whether any of *names*, with the rules that say so, has no text."""
        missing = [name for name in names if name not in self.found]
        notes += [Note(names[name], Effect.SKIPS, self.line) for name in missing if name not in self.lost]
        return bool(missing)


def read(data: bytes) -> Reading:
    """Read a clientConfig as Delta Chat does: each server that has text for host name, port and user name."""
    return _read(data, _mozilla)


def read_outlook(data: bytes) -> Reading:
    """Read an answer to Autodiscover as Delta Chat does: each Protocol with Type, Server and Port, or the first RedirectUrl."""
    return _read(data, _outlook)


def _read(data: bytes, parse: Callable[[Iterator[Event], list[Choice], list[Note]], str | None]) -> Reading:
    found, notes = list[Choice](), list[Note]()
    try:
        redirect = parse(events(data), found, notes)
    except Broken as error:
        return Reading(accepted=False, notes=(Note("XML_BROKEN", Effect.REJECTS, error.line, {"reason": error.reason}),))
    if redirect is not None:
        # An empty one is no URL, and the search goes on.
        return Reading(accepted=bool(redirect), redirect=redirect)
    if not found:
        notes.append(Note("SERVERS_MISSING", Effect.MISREADS, 1))
    incoming, outgoing = (tuple(choice for choice in found if choice.protocol == protocol) for protocol in _PROTOCOLS)
    return Reading(incoming, outgoing, notes=tuple(notes))


def _mozilla(every: Iterator[Event], found: list[Choice], notes: list[Note]) -> None:
    for event in every:
        name = _name(event)
        if event.kind is Kind.START and name in _SERVERS:
            choice = _server(event, every, notes)
            found += [choice] if choice else []
        elif event.kind is Kind.START and name.rpartition(":")[2] in _SERVERS:
            notes.append(Note("PREFIXED_NAMES", Effect.SKIPS, event.line))


def _server(start: Event, every: Iterator[Event], notes: list[Note]) -> Choice | None:
    protocol = attribute(start, "type").lower()
    values, said, element = _Values(start.line), list[Note](), ""
    for event in every:
        if event.kind is Kind.END and _name(event) == _name(start):
            break
        if event.kind is Kind.START:
            # The end of an element changes nothing: what follows it is taken for its text as well.
            element = _name(event)
        if element in ("hostname", "port", "sockettype", "username"):
            values.take(event, element, said)
    if protocol not in _PROTOCOLS:
        if protocol not in _OTHERS:
            notes.append(Note("SERVER_TYPE_UNKNOWN", Effect.SKIPS, start.line, {"value": protocol}))
        return None
    notes += said
    if values.lacks({"hostname": "HOSTNAME_MISSING", "port": "PORT_MISSING", "username": "USERNAME_MISSING"}, notes):
        return None
    socket = values.get("sockettype")
    tls = _SOCKETS.get((socket or "").lower())
    if tls is None:
        args: dict[str, str | int] = {} if socket is None else {"value": socket}
        notes.append(Note("SOCKET_TYPE_UNKNOWN" if socket else "SOCKET_TYPE_MISSING", Effect.MISREADS, start.line, args))
    return Choice(protocol, values.get("hostname") or "", values.port(notes), tls, values.get("username"), start.line)


def _outlook(every: Iterator[Event], found: list[Choice], notes: list[Note]) -> str | None:
    for event in every:
        if event.kind is not Kind.START:
            continue
        if _name(event) == "protocol":
            choice = _protocol(event, every, notes)
            found += [choice] if choice else []
        elif _name(event) == "redirecturl":
            target = next(every, None)
            return target.text.strip(WHITE) if target and target.kind is Kind.TEXT else ""
    return None


def _protocol(start: Event, every: Iterator[Event], notes: list[Note]) -> Choice | None:
    values, said, element = _Values(start.line), list[Note](), ""
    for event in every:
        if event.kind is Kind.END and _name(event) == "protocol":
            break
        if event.kind is Kind.START:
            element = _name(event)
        elif event.kind is Kind.END and _name(event) == element:
            element = ""
        if element in ("type", "server", "port", "ssl"):
            values.take(event, element, said)
    protocol = (values.get("type") or "").lower()
    if protocol not in _PROTOCOLS:
        return None
    notes += said
    if values.lacks({"server": "HOSTNAME_MISSING", "port": "PORT_MISSING"}, notes):
        return None
    ssl = values.get("ssl")
    if ssl not in (None, "on", "off"):
        notes.append(Note("SSL_UNKNOWN", Effect.MISREADS, values.found["ssl"][1], {"ssl": ssl or ""}))
    return Choice(protocol, values.get("server") or "", values.port(notes), TLSMode.NONE if ssl == "off" else None, line=start.line)


def _name(event: Event) -> str:
    return event.name.strip(WHITE).lower()


# --- the search --------------------------------------------------------------------------------------------------------------------


async def discover(typed: Typed, world: World) -> Outcome:
    """Search as Delta Chat does; an address that it refuses finds nothing."""
    address = typed.text.strip(WHITE).lower()
    local, _, domain = address.rpartition("@")
    if not local or not domain or domain.endswith(".") or _REFUSED.search(address):
        return Outcome(Result.MANUAL, why="NOTHING_FOUND")
    trail, notes = Trail(world), list[Note]()
    found, via, source, at = Reading(accepted=False), None, "guess", 0.0
    for label, url, reader in _places(address, domain):
        found, at = await _document(trail, url, reader, at)
        notes += found.notes
        if found.accepted:
            via, source = url, label
            if reader is read:
                found = _filled(found, address, local, domain)
            break
    sides, guessed = list[tuple[Choice, ...]](), list[tuple[Choice, ...]]()
    for protocol, named in zip(_PROTOCOLS, (found.incoming, found.outgoing), strict=True):
        side = tuple(one for choice in named or (Choice(protocol, ""),) for one in _candidates(choice, address, domain))
        sides.append(side)
        guessed += () if named else (side,)
    if len(guessed) == len(sides):
        source = "guess"
    outcome = ending(*sides, via=via, source=source, steps=trail.steps, notes=notes)
    if outcome.result is Result.AUTOMATIC and not await _answers(guessed, world):
        missing = "SERVERS_MISSING" if len(guessed) > 1 else _MISSING[guessed[0][0].protocol]
        return replace(outcome, result=Result.MANUAL, why=missing if found.accepted else "NOTHING_FOUND", args={})
    if not local.isascii():
        # Its part that sends refuses such an address before it connects: "invalid email address".
        return replace(outcome, result=Result.MANUAL, why="ADDRESS_NOT_ASCII", args={"address": address})
    return outcome


def _places(address: str, domain: str) -> Iterator[tuple[str, str, Reader]]:
    """Yield where it looks, in order: what the recordings call it, the URL, and how the answer is read."""
    # Dots stay as they are, for a server that puts the escaped address into its answer (murena.io, says the source).
    kept = frozenset(f"{string.ascii_letters}{string.digits}.".encode())
    escaped = "".join(chr(b) if b in kept else f"%{b:02X}" for b in address.encode("utf-8", "surrogateescape"))
    yield "autoconfig-https", f"https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={escaped}", read
    yield "well-known-https", f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml", read
    yield "autodiscover-domain", f"https://{domain}/autodiscover/autodiscover.xml", read_outlook
    yield "autodiscover-host", f"https://autodiscover.{domain}/autodiscover/autodiscover.xml", read_outlook
    yield "database", f"https://autoconfig.thunderbird.net/v1.1/{domain}", read


async def _document(trail: Trail, url: str, reader: Reader, at: float) -> tuple[Reading, float]:
    """Fetch and read *url*, and where its answer sends the program."""
    for _ in range(_REQUESTS):
        body, at = await _fetch(trail, url, at)
        found = Reading(accepted=False) if body is None else reader(body)
        if not found.redirect:
            return found, at
        url = found.redirect
    return Reading(accepted=False), at


async def _fetch(trail: Trail, url: str, at: float) -> tuple[bytes | None, float]:
    for _ in range(_REQUESTS):
        # A relative Location is no URL to it, nor is a domain in Unicode.
        if not (asked := _URL.match(url)):
            trail.note(Step(at, 0.0, f"GET {url}", "not a URL that it can fetch"))
            return None, at
        url = f"{asked[1].lower()}{asked[2] or '/'}"
        answer = await trail.fetch(url, at=at, patience=_PATIENCE, most=0)
        at = answer.end
        if answer.status is None or not 300 <= answer.status < 400:
            return answer.body if answer.is_success else None, at
        # Any 3xx will do, and the last of several Locations.
        url = next((value.strip(" \t") for name, value in reversed(answer.response.headers) if name == "location"), "")
    return None, at


def _filled(reading: Reading, address: str, local: str, domain: str) -> Reading:
    """Replace the placeholders of a clientConfig; an answer to Autodiscover has none."""

    def filled(text: str | None) -> str:
        return (text or "").replace("%EMAILADDRESS%", address).replace("%EMAILLOCALPART%", local).replace("%EMAILDOMAIN%", domain)

    incoming, outgoing = (
        tuple(replace(choice, host=filled(choice.host), username=filled(choice.username)) for choice in side)
        for side in (reading.incoming, reading.outgoing)
    )
    return replace(reading, incoming=incoming, outgoing=outgoing)


def _candidates(choice: Choice, address: str, domain: str) -> Iterator[Choice]:
    """Yield what it tries for *choice*: what is open becomes each of the usual, the port first."""
    hosts = (choice.host,) if choice.host else (f"{choice.protocol}.{domain}", f"mail.{domain}", domain)
    for host in hosts:
        for tls in (choice.tls,) if choice.tls else (TLSMode.IMPLICIT, TLSMode.STARTTLS):
            port = choice.port or _PORTS[choice.protocol, tls]
            yield replace(choice, host=host, port=port, tls=tls, username=choice.username or address)


async def _answers(sides: Sequence[Sequence[Choice]], world: World) -> bool:
    """Tell whether each of *sides*, which are guesses, has a server that can be connected to."""
    for side in sides:
        seen = await gather(side, world)
        if not any(connection.tcp is TCP.CONNECTED for one in seen.values() for connection in one.connections):
            return False
    return True


CLIENT = Client(
    "deltachat",
    "Delta Chat",
    Confidence.MEASURED,
    discover,
    {"mozilla": read, "outlook": read_outlook},
    tries_each=True,
)
