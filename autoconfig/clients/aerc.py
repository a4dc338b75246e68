"""aerc, its library lib/autoconfig as of 2026-05: SRV records, the domain's own documents, the ISPDB, and guesses, all at once.

Measured (recordings of 2026-11-23) and read in its source. The first of these that has an answer wins, whichever is quicker; its wizard
waits 5 seconds for all of it, the library as long as it takes. Documents are read by Go's encoding/xml into structures: the status of an
answer does not matter, nor does its type, and what an earlier document left in the structure stays there for the next.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Step, Typed
from autoconfig.clients.parsers.goxml import Broken, Kind, Token, tokens
from autoconfig.clients.trail import Trail
from autoconfig.clients.works import gather
from autoconfig.model import TLSMode
from autoconfig.observations import TCP, World

_ROOT, _PROVIDER, _INCOMING, _OUTGOING = "clientConfig", "emailProvider", "incomingServer", "outgoingServer"
_VALUES = ("hostname", "port", "socketType", "username")
_SOCKETS = {"ssl": TLSMode.IMPLICIT, "plain": TLSMode.NONE}  # in any letter case; everything else is STARTTLS
_ADDRESS = "%emailaddress%"  # the only placeholder, as the whole user name, in any letter case
_SRV = re.compile(r"([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\S+)\Z", re.ASCII)
_MX = re.compile(r"([0-9]{1,5}) (\S+)\Z", re.ASCII)
_PLACEHOLDER = re.compile(r"%[A-Z]+%")
_MOVED = (301, 302, 303, 307, 308)
_PORT = re.compile(r"[+-]?[0-9]{1,18}\Z", re.ASCII)

# Services asked for, and what each becomes; of imap and imaps, and of submission and smtps, the first that exists.
_SRV_INCOMING = (("imap", TLSMode.STARTTLS), ("imaps", TLSMode.IMPLICIT))
_SRV_OUTGOING = (("submission", TLSMode.STARTTLS), ("smtps", TLSMode.IMPLICIT))
_GUESSED = {
    "imap": ((143, TLSMode.STARTTLS), (993, TLSMode.IMPLICIT)),
    "smtp": ((587, TLSMode.STARTTLS), (465, TLSMode.IMPLICIT)),
}

_WIZARD_MS = 5_000.0
_DNS_MS = 10_000.0  # Go's resolver: two times 5 seconds
_HTTP_MS = 30_000.0  # net/http waits as long for a connection; for an answer it would wait for ever
_REDIRECTS = 9  # the tenth is an error


# --- documents ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Server:
    """A server in the structure: "" is what no element said."""

    line: int = 0
    type: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Config:
    """The structure that documents are read into: all incoming servers, and one outgoing server."""

    incoming: list[_Server] = field(default_factory=list)
    outgoing: _Server = field(default_factory=_Server)
    notes: list[Note] = field(default_factory=list)


def read(data: bytes) -> Reading:
    """Read a clientConfig as aerc does: the first IMAP server, and all outgoing servers as one."""
    return _read(data, _Config())


def _read(data: bytes, config: _Config) -> Reading:
    config.notes = []
    try:
        _decode(tokens(data), config)
    except Broken as error:
        rule = "ENCODING_NOT_UTF8" if error.encoding else "XML_BROKEN"
        return _rejected(rule, error.line, {"encoding": error.encoding} if error.encoding else {"reason": error.reason})
    except _OtherRoot as error:
        return _rejected("ROOT_UNKNOWN", error.line, {"element": error.name})
    imap = next((server for server in config.incoming if server.type.lower() == "imap"), None)
    if imap is None:
        return _rejected("INCOMING_MISSING", 1, {})
    for server in (imap, config.outgoing):
        port = server.values.get("port", "")
        if not _PORT.match(port):
            if not port and not server.line:
                return _rejected("OUTGOING_MISSING", 1, {})
            return _rejected("PORT_INVALID" if port else "PORT_MISSING", server.line, {"value": port} if port else {})
    return Reading((_choice(imap, "imap", config),), (_choice(config.outgoing, "smtp", config),), notes=tuple(config.notes))


def _rejected(rule: str, line: int, args: dict[str, str | int]) -> Reading:
    return Reading(accepted=False, notes=(Note(rule, Effect.REJECTS, line, args),))


class _OtherRoot(Exception):
    def __init__(self, token: Token) -> None:
        super().__init__(token.name)
        self.name, self.line = token.name, token.line


def _decode(every: Iterator[Token], config: _Config) -> None:
    """Fill *config* with what stands where the structure has a place for it; what came before a mistake stays."""
    path, text, server, said = list[str](), list[str](), _Server(), set[str]()
    for token in every:
        depth = len(path) if token.kind is not Kind.START else len(path) + 1
        if token.kind is Kind.START:
            path.append(token.name)
            if depth == 1 and token.name != _ROOT:
                raise _OtherRoot(token)
            if depth == 3 and path[1] == _PROVIDER and token.name in (_INCOMING, _OUTGOING):
                server, said = _begun(token, config), set()
            elif depth == 4:
                text.clear()
        elif token.kind is Kind.TEXT:
            # Text before and after an element that has no place here is one text.
            if depth == 4:
                text.append(token.text)
        else:
            if depth == 4 and path[1] == _PROVIDER and path[2] in (_INCOMING, _OUTGOING) and token.name in _VALUES:
                if token.name in said:
                    config.notes.append(Note("VALUE_TWICE", Effect.MISREADS, token.line, {"element": token.name}))
                server.values[token.name] = "".join(text)
                said.add(token.name)
            elif depth == 3 and path[1] == _PROVIDER and token.name == _INCOMING:
                config.incoming.append(server)
            elif depth == 3 and path[1] == _PROVIDER and token.name == _OUTGOING:
                kept = [element for element in _VALUES if element in server.values and element not in said]
                config.notes += [Note("SERVERS_MERGED", Effect.MISREADS, server.line, {"element": element}) for element in kept]
            path.pop()


def _begun(token: Token, config: _Config) -> _Server:
    server = _Server(token.line) if token.name == _INCOMING else config.outgoing
    server.line = token.line
    server.type = dict(token.attributes).get("type", server.type)
    return server


def _choice(server: _Server, protocol: str, config: _Config) -> Choice:
    values, notes = server.values, config.notes
    host, socket, username = (values.get(element, "") for element in ("hostname", "socketType", "username"))
    if socket.lower() not in ("ssl", "starttls"):
        # The wizard leaves plain as it began, which is TLS.
        rule = "SOCKET_TYPE_UNKNOWN" if socket else "SOCKET_TYPE_MISSING"
        notes.append(Note(rule, Effect.MISREADS, server.line, {"value": socket} if socket else {}))
    if not host:
        notes.append(Note("HOSTNAME_MISSING", Effect.MISREADS, server.line))
    if placeholder := _PLACEHOLDER.search(host):
        notes.append(Note("PLACEHOLDER_LOST", Effect.MISREADS, server.line, {"element": "hostname", "placeholder": placeholder[0]}))
    if username.lower() not in ("", _ADDRESS):
        notes.append(Note("USERNAME_IGNORED", Effect.MISREADS, server.line, {"username": username}))
    return Choice(protocol, host, int(values["port"]), _SOCKETS.get(socket.lower(), TLSMode.STARTTLS), username, server.line)


# --- the search --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Who:
    """The address: as Go's net/mail gives it, without quotes; its domain as typed; and the domain in A-labels."""

    text: str
    domain: str
    host: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What one of the sources came to, at *end*."""

    end: float
    incoming: tuple[Choice, ...] = ()
    outgoing: tuple[Choice, ...] = ()
    via: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def something(self) -> bool:
        """Whether this source has an answer, after which the next ones do not count."""
        return self.via is not None


async def discover(typed: Typed, world: World) -> Outcome:
    """Search as aerc does; what it finds too late for its wizard must be typed in."""
    if typed.address is None:
        return Outcome(Result.MANUAL, why="NOTHING_FOUND")
    domain = typed.domain.strip()
    who = _Who(f"{typed.address.local}@{domain}", domain, typed.address.domain.ascii)
    trail, end, notes = Trail(world), 0.0, list[Note]()
    found = await _srv(who, trail)
    # SRV records are there before the first web server is asked.
    sources = () if found.something else await asyncio.gather(_own_documents(who, trail), _database(who, trail))
    for source in sources:
        if not found.something:
            end, found = max(end, found.end), source
            notes += found.notes
    for guess in (_guess, _guess_mx):
        # All at once as well, but there is no need to ask whoever has been outdone.
        if not found.something and who.domain.isascii():
            end, found = max(end, found.end), await guess(who, trail)
    end = max(end, found.end)
    trail.forget_after(end)
    # A host that is not there leaves the field empty.
    incoming, outgoing = (tuple(choice for choice in side if choice.host) for side in (found.incoming, found.outgoing))
    # The wizard enters the address as the user name, whatever was found.
    entered = ([replace(choice, username=who.text) for choice in side] for side in (incoming, outgoing))
    outcome = ending(*entered, via=found.via, steps=trail.steps, notes=notes)
    if end > _WIZARD_MS:
        outcome = replace(outcome, result=Result.MANUAL, why="TOO_SLOW", args={"seconds": int(_WIZARD_MS / 1000)})
    return replace(outcome, incoming=incoming, outgoing=outgoing)


async def _srv(who: _Who, trail: Trail) -> _Found:
    if not who.domain.isascii():
        return _Found(0.0)  # which Go takes for no domain name at all
    services = ("jmap", *(service for service, _ in (*_SRV_INCOMING, *_SRV_OUTGOING)))
    names = [f"_{service}._tcp.{who.domain.lower()}" for service in services]
    answers = await asyncio.gather(*(trail.lookup(name, "SRV", patience=_DNS_MS) for name in names))
    records = {service: _highest(lookup.values) for service, (lookup, _) in zip(services, answers, strict=True)}
    end = max(end for _, end in answers)
    if jmap := records["jmap"]:
        choice = Choice("jmap", *jmap, TLSMode.IMPLICIT, who.text)  # which then sends as well
        return _Found(end, (choice,), (choice,), names[0])
    incoming, outgoing = (
        [(service, Choice(protocol, *record, tls, who.text)) for service, tls in table if (record := records[service])][:1]
        for protocol, table in (("imap", _SRV_INCOMING), ("smtp", _SRV_OUTGOING))
    )
    via = next((f"_{service}._tcp.{who.domain.lower()}" for service, _ in incoming), None)
    return _Found(end, tuple(choice for _, choice in incoming), tuple(choice for _, choice in outgoing), via)


def _highest(values: Sequence[str]) -> tuple[str, int] | None:
    """Return target and port of the record with the most weight, whatever its priority; None where there is none, or no service."""
    records = sorted((record for value in values if (record := _SRV.match(value))), key=lambda record: int(record[1]))
    if not records:
        return None
    best = max(records, key=lambda record: int(record[2]))
    return (best[4], int(best[3])) if best[4] != "." and int(best[3]) else None


async def _own_documents(who: _Who, trail: Trail) -> _Found:
    query, config, found = f"?emailaddress={quote_plus(who.text)}", _Config(), _Found(0.0)
    for url in (
        f"https://autoconfig.{who.host}/mail/config-v1.1.xml{query}",
        f"https://{who.host}/.well-known/autoconfig/mail/config-v1.1.xml{query}",
    ):
        found = await _document(url, who, trail, found.end, config, found.notes)
        if found.something:
            break
    return found


async def _database(who: _Who, trail: Trail) -> _Found:
    return await _document(f"https://autoconfig.thunderbird.net/v1.1/{quote(who.domain)}", who, trail, 0.0, _Config(), ())


async def _document(url: str, who: _Who, trail: Trail, at: float, config: _Config, notes: tuple[Note, ...]) -> _Found:
    answer = await trail.fetch(url, at=at, patience=_HTTP_MS, most=_REDIRECTS)
    # A redirect without Location is an answer like any other.
    stuck = answer.status in _MOVED and answer.response.header("location")
    if answer.status is None or stuck:
        return _Found(answer.end, notes=notes)
    found = _read(answer.body, config)
    incoming, outgoing = (tuple(_filled(choice, who) for choice in side) for side in (found.incoming, found.outgoing))
    if answer.is_success:
        # That the page of an error is no document explains nothing.
        notes += found.notes
    return _Found(answer.end, incoming, outgoing, url if found.accepted else None, notes)


def _filled(choice: Choice, who: _Who) -> Choice:
    return replace(choice, username=who.text) if (choice.username or "").lower() == _ADDRESS else choice


# --- guesses -----------------------------------------------------------------------------------------------------------------------


async def _guess(who: _Who, trail: Trail) -> _Found:
    domain = who.domain.lower()
    return await _connected({protocol: (f"{protocol}.{domain}", f"mail.{domain}") for protocol in _GUESSED}, who, trail)


async def _guess_mx(who: _Who, trail: Trail) -> _Found:
    lookup, end = await trail.lookup(who.domain.lower(), "MX", patience=_DNS_MS)
    records = sorted((record for value in lookup.values if (record := _MX.match(value))), key=lambda record: int(record[1]))
    hosts = tuple(record[2] for record in records[:1])
    found = await _connected(dict.fromkeys(_GUESSED, hosts), who, trail)
    return replace(found, end=max(found.end, end))


async def _connected(hosts: Mapping[str, Sequence[str]], who: _Who, trail: Trail) -> _Found:
    """Try each protocol's *hosts* at its ports, until one lets itself be connected to; both protocols must have one."""
    sides = await asyncio.gather(*(_first(protocol, names, who, trail) for protocol, names in hosts.items()))
    end = max(end for _, end in sides)
    (imap, _), (smtp, _) = sides
    return _Found(end, (imap,), (smtp,), f"{imap.host}:{imap.port}") if imap and smtp else _Found(end)


async def _first(protocol: str, hosts: Sequence[str], who: _Who, trail: Trail) -> tuple[Choice | None, float]:
    at = 0.0
    for host in hosts:
        for port, tls in _GUESSED[protocol]:
            choice = Choice(protocol, host, port, tls, who.text)
            for connection in (await gather((choice,), trail.world))[choice].connections:
                trail.note(Step(at, connection.connect_ms, f"CONNECT {host}:{port}", connection.tcp.value))
                at += connection.connect_ms
                if connection.tcp is TCP.CONNECTED:
                    return choice, at
    return None, at


CLIENT = Client("aerc", "aerc", Confidence.MEASURED, discover, {"mozilla": read})
