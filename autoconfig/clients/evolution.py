"""Evolution 3.46.4 (Debian 12), its search for account settings: one source after another, read by GLib's markup parser.

What was watched is `e-mail-autoconfig.c`. The program searches for SRV records as well, beside this and with less weight; what it makes
of them was not watched, so that we only tell that they are there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Typed
from autoconfig.clients.parsers.gmarkup import End, MarkupError, Start, Text, events
from autoconfig.clients.trail import Trail
from autoconfig.clients.urls import host_of, path_of
from autoconfig.model import TLSMode
from autoconfig.observations import Response, World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_SERVERS = ("incomingServer", "outgoingServer")
_VALUES = ("hostname", "username", "port", "socketType", "authentication")
_INCOMING = ("imap", "pop3")
_TYPES = (*_INCOMING, "smtp")  # in an element of either name
_SOCKETS = {"SSL": TLSMode.IMPLICIT, "STARTTLS": TLSMode.STARTTLS, "plain": TLSMode.NONE}
_AUTHS = ("password-cleartext", "plain", "password-encrypted")  # others leave the mechanism as it is: none
_PLACEHOLDERS = re.compile("%EMAILADDRESS%|%EMAILLOCALPART%|%EMAILDOMAIN%")
_DOMAIN = "%EMAILDOMAIN%"  # filled with the domain that the person may enter beside the address; without one, with nothing
_STORED = " \t\n\f\r"  # what is stripped when a value is stored
_PORT = re.compile(r"[ \t\n\v\f\r]*(\+?[0-9]+)")  # strtol

_USER = "EVOLUTIONUSER"  # instead of the local part; the real one since 3.55.2
_PATH = "/mail/config-v1.1.xml"
_DATABASE = "https://autoconfig.thunderbird.net/v1.1/"
_PATIENCE = 15_000.0  # of libsoup for one connection
_MOST_REDIRECTS = 20
_NO_URL = re.compile(r"\A(?:https?:)?//(?:[/?#]|\Z)|%(?![0-9A-Fa-f]{2})", re.IGNORECASE)
_MOST_NAMES = 10  # that we ask at above a name server; the program has no such limit
_DNS_PATIENCE = 10_000.0  # the C library: two attempts of 5 s
_SRV = ("_imaps", "_imap", "_pop3s", "_pop3", "_submissions", "_submission")

# --- reading -----------------------------------------------------------------------------------------------------------------------

Fill = Callable[[str], str]


@dataclass(slots=True)
class _Server:
    """What is known of the server of one type. Whatever a later one says goes over it; what that one leaves out stays."""

    host: str | None = None
    username: str | None = None
    port: int = 0
    tls: TLSMode = TLSMode.NONE
    is_set: bool = False
    line: int | None = None
    lost: set[str] = field(default_factory=set)  # the elements whose value has lost its domain


_Servers = dict[str, _Server]


def read(data: bytes) -> Reading:
    """Return the last server of each type. A document that is not accepted still leaves what was read of it to the next one."""
    servers = _nothing()
    notes, accepted = _read_into(servers, data, str)
    if not accepted:
        return Reading(accepted=False, notes=notes)
    incoming, outgoing = _sides(servers)
    return Reading(incoming, outgoing, notes=notes)


def _nothing() -> _Servers:
    return {type: _Server() for type in _TYPES}


def _sides(servers: _Servers) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    found = [
        Choice(type, (server.host or "").strip(_STORED), server.port, server.tls, _stored(server.username), server.line)
        for type, server in servers.items()
        if server.is_set
    ]
    return tuple(one for one in found if one.protocol in _INCOMING), tuple(one for one in found if one.protocol not in _INCOMING)


def _stored(text: str | None) -> str | None:
    return None if text is None else text.strip(_STORED)


def _read_into(servers: _Servers, data: bytes, fill: Fill) -> tuple[tuple[Note, ...], bool]:
    """Put what *data* says into *servers*, and return what is odd in it, and whether it is read to its end."""
    reader = _Reader(servers, fill)
    try:
        for event in events(data):
            match event:
                case Start():
                    reader.start(event)
                case Text():
                    reader.text(event)
                case End():
                    reader.end(event)
    except MarkupError as error:
        return (*reader.notes, Note("XML_BROKEN", Effect.REJECTS, error.line, {"reason": error.reason})), False
    except _OddServerError as error:
        return (*reader.notes, Note("SERVER_ATTRIBUTES", Effect.REJECTS, error.line)), False
    if not any(server.is_set for server in servers.values()):
        reader.notes.append(Note("SERVERS_MISSING", Effect.MISREADS, 1))
    return tuple(reader.notes), True


class _OddServerError(Exception):
    """A server has not just one attribute, its type."""

    def __init__(self, line: int) -> None:
        self.line = line


@dataclass(slots=True)
class _Reader:
    """Where the parser is: the server that it is in, wherever that stands in the document, and what of it there was."""

    servers: _Servers
    fill: Fill
    notes: list[Note] = field(default_factory=list)
    type: str | None = None
    elsewhere: bool = False  # in a server of another type, which takes all that is in it for itself
    line: int = 0
    again: bool = False  # there was one of this type before
    seen: set[str] = field(default_factory=set)
    pieces: int = 0
    read: dict[str, int] = field(default_factory=dict)  # the types of this document, and the line of the last server

    def start(self, tag: Start) -> None:
        self.pieces = 0
        if tag.name not in _SERVERS:
            return
        if [name for name, _ in tag.attributes] != ["type"]:
            raise _OddServerError(tag.line)
        type = tag.attributes[0][1]
        if type not in _TYPES:
            self.elsewhere = self.elsewhere or self.type is None
            self.notes.append(Note("SERVER_TYPE_UNKNOWN", Effect.SKIPS, tag.line, {"value": type}))
            return
        self.again = type in self.read
        if self.again:
            self.notes.append(Note("SERVER_AGAIN", Effect.SKIPS, self.read[type], {"protocol": type}))
        self.type, self.line, self.seen = type, tag.line, set()
        self.read[type] = self.servers[type].line = tag.line

    def text(self, piece: Text) -> None:
        if self.type is None or self.elsewhere or piece.name not in _VALUES:
            return
        self.pieces += 1
        if self.pieces > 1:
            self._note("VALUE_IN_PIECES", piece.line, element=piece.name)
        self.seen.add(piece.name)
        server, value = self.servers[self.type], self.fill(piece.text)
        match piece.name:
            case "hostname":
                server.host, server.is_set = value, True
            case "username":
                server.username, server.is_set = value, True
            case "port":
                number = _PORT.match(value)
                if number and len(number[1]) < 20 and 0 < int(number[1]) < 65536:
                    server.port, server.is_set = int(number[1]), True
                else:
                    self._note("PORT_INVALID", piece.line, value=value)
            case "socketType":
                if value in _SOCKETS:
                    server.tls, server.is_set = _SOCKETS[value], True
                else:
                    self._note("SOCKET_TYPE_UNKNOWN", piece.line, value=value)
            case _:
                server.is_set = server.is_set or value in _AUTHS
        (server.lost.add if _DOMAIN in piece.text else server.lost.discard)(piece.name)
        if _DOMAIN in piece.text:
            self._note("PLACEHOLDER_LOST", piece.line, element=piece.name, placeholder=_DOMAIN)

    def end(self, tag: End) -> None:
        if tag.name not in _SERVERS:
            return
        for name, rule in _MISSING.items() if self.type and not self.elsewhere else ():
            if name not in self.seen:
                if self.again:
                    self._note("SERVERS_MERGED", self.line, element=name)
                else:
                    self._note(rule, self.line)
        self.type, self.elsewhere = None, False

    def _note(self, rule: str, line: int, **args: str) -> None:
        self.notes.append(Note(rule, Effect.MISREADS, line, args))


_MISSING = {
    "hostname": "HOSTNAME_MISSING",
    "port": "PORT_MISSING",
    "socketType": "SOCKET_TYPE_MISSING",
    "username": "USERNAME_MISSING",
}

# --- searching ---------------------------------------------------------------------------------------------------------------------


async def discover(typed: Typed, world: World) -> Outcome:
    """Search at the domain, in the provider database and, where that has 404, in the same way at the domain's name server."""
    search = _Search(Trail(world), typed.text)
    domain = typed.text.partition("@")[2]
    found = await search.look_at(domain)
    if not found and search.not_found:
        for name in _upwards(await search.name_server(domain)):
            found = await search.look_at(name)
            if found:
                search.source += f"-of-{name}"
            if found or not search.not_found:
                break
    if not found:
        return await _nothing_found(search, domain)
    incoming, outgoing = _sides(search.servers)
    outcome = ending(incoming, outgoing, via=search.via, source=search.source, steps=search.trail.steps, notes=search.notes)
    entered = [side[0].protocol for side in (incoming, outgoing) if side]
    if lost := [element for type in entered for element in ("hostname", "username") if element in search.servers[type].lost]:
        outcome = replace(outcome, result=Result.WRONG, why="PLACEHOLDER_LOST", args={"element": lost[0], "placeholder": _DOMAIN})
    return outcome


class _Search:
    """One search: its clock, and the servers, which no source clears."""

    def __init__(self, trail: Trail, address: str) -> None:
        self.trail = trail
        self.servers = _nothing()
        self.notes: tuple[Note, ...] = ()
        self.source = self.via = ""
        self.not_found = False  # the last answer of the database was 404
        self._now = 0.0
        self._hash = hashlib.md5(_ascii_lower(address).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        local = address.partition("@")[0]
        self._values = {"%EMAILADDRESS%": address, "%EMAILLOCALPART%": local, _DOMAIN: ""}

    async def look_at(self, domain: str) -> bool:
        """Look in all sources for *domain*, and tell whether one of them had a document that is read to its end."""
        for source, url in self._urls(domain):
            answer = await self.trail.fetch(url, at=self._now, patience=_PATIENCE, anew=True, most=_MOST_REDIRECTS, follows=_follows)
            self._now = answer.end
            self.not_found = answer.status == 404
            if answer.is_success:
                notes, accepted = _read_into(self.servers, answer.body, self._fill)
                self.notes += notes
                if accepted:
                    self.source, self.via = source, answer.url
                    return True
        return False

    async def name_server(self, domain: str) -> str:
        """Return the name server that is asked about, "" where there is none."""
        if not domain.isascii():  # it is asked for as it is
            return ""
        found, self._now = await self.trail.lookup(domain, "NS", at=self._now, patience=_DNS_PATIENCE)
        return found.values[-1] if found.values else ""  # GLib turns the answers round

    def _urls(self, domain: str) -> Iterator[tuple[str, str]]:
        host = host_of(domain)
        if host is None:
            self.not_found = False
            return
        query = f"?emailaddress={quote(f'{_USER}@{domain}', safe='', errors='replace')}&emailmd5={self._hash}"
        for source, base in (("autoconfig", f"autoconfig.{host}"), ("well-known", f"{host}/.well-known/autoconfig")):
            for scheme in ("https", "http"):
                yield f"{source}-{scheme}", f"{scheme}://{base}{_PATH}{query}"
        yield "database", _DATABASE + path_of(domain)

    def _fill(self, text: str) -> str:
        return _PLACEHOLDERS.sub(lambda found: self._values[found[0]], text)


async def _nothing_found(search: _Search, domain: str) -> Outcome:
    has_srv = False
    for label in _SRV if domain.isascii() and host_of(domain) else ():
        found, _ = await search.trail.lookup(f"{label}._tcp.{domain}", "SRV", patience=_DNS_PATIENCE)
        has_srv = has_srv or any(not value.endswith(" .") for value in found.values)
    outcome = ending((), (), steps=search.trail.steps, notes=search.notes)
    return replace(outcome, result=Result.PROMPT, why="SRV_ONLY", args={}) if has_srv else outcome


def _follows(response: Response) -> bool:
    # GLib takes no URL without a host, and none with a % that is not followed by two digits.
    location = response.header("location").strip()
    return not _NO_URL.search(location)


def _upwards(name: str) -> list[str]:
    """Return *name* and the names above it, the top-level domain left out: "ns1.nshost.se", "nshost.se"."""
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(len(labels) - 1)][:_MOST_NAMES]


def _ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


_READERS: Mapping[str, Callable[[bytes], Reading]] = {"mozilla": read}

CLIENT = Client("evolution", "Evolution", Confidence.MEASURED, discover, _READERS)
