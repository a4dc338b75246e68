"""FairEmail: everything is asked one after the other, each answer has a score, and the candidate with the highest is tried first.

From its source (EmailProvider, FragmentQuickSetup). There are two programs of that name: that of GitHub, F-Droid and Amazon asks the
domain's own web servers as well, that of the Play store is built without this and knows the ISPDB alone. IMAP only. Left out are the
providers that it has built in. For documents it takes a certificate that is for another name, what is behind such a one we do not see.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Step, Typed
from autoconfig.clients.parsers.android import local, parse
from autoconfig.clients.srv import records
from autoconfig.clients.trail import Answer, Trail
from autoconfig.clients.works import Seen, gather
from autoconfig.errors import DocumentError
from autoconfig.formats import outlook
from autoconfig.formats.xml import Element, without_illegal
from autoconfig.model import TLSMode
from autoconfig.observations import TCP, Connection, Response, World
from autoconfig.publicsuffix import base_domain

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_STARTTLS_PORTS = {"imap": 143, "smtp": 587}
_SOCKETS = {"SSL": TLSMode.IMPLICIT, "STARTTLS": TLSMode.STARTTLS}
_ADDRESS, _LOCAL_PART = "%EMAILADDRESS%", "%EMAILLOCALPART%"
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}\Z", re.ASCII)  # Java's Integer.parseInt: no blanks
_DIGITS = re.compile(r"[0-9]{1,9}\Z", re.ASCII)
_MX = re.compile(r"([0-9]{1,5}) (\S+)\Z", re.ASCII)

_OWN = (
    "https://autoconfig.{}/mail/config-v1.1.xml?emailaddress={}",
    "https://{}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={}",
    "http://autoconfig.{}/mail/config-v1.1.xml?emailaddress={}",
    "http://{}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={}",
)
_DATABASE = "https://autoconfig.thunderbird.net/v1.1/{}"
_AUTODISCOVER = ("https://{}/autodiscover/autodiscover.xml", "https://autodiscover.{}/autodiscover/autodiscover.xml")
_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)  # what HttpURLConnection says of every POST
_PATIENCE = 10_000.0

# What is connected to where nobody publishes anything: names, then the port, each row in order.
_SCANNED = {
    "imap": ((("imap", "imaps", "mail", "mx", ""), 993, TLSMode.IMPLICIT), (("imap", "mail", "mx", ""), 143, TLSMode.STARTTLS)),
    "smtp": ((("smtp", "mail", "mx", ""), 587, TLSMode.STARTTLS), (("smtp", "smtps", "mail", "mx", ""), 465, TLSMode.IMPLICIT)),
}
# Of both servers of a candidate together. A server found by scanning has more where its certificate is for it.
_BY_SRV, _BY_DOCUMENT, _BY_SCAN, _BY_MX, _WITH_USERNAME = 100, 40, 20, 0, 100
_SCAN_NAME_FITS, _SCAN_NAME_SIMILAR = 2, 1
_MOST = 10  # labels of a mail exchanger's name, and names of a certificate, that are tried

# --- reading -----------------------------------------------------------------------------------------------------------------------


class _InvalidError(Exception):
    """The document is of no use: *note* says why."""

    def __init__(self, rule: str, at: Element, /, **args: str | int) -> None:
        self.note = Note(rule, Effect.REJECTS, at.line, args)


@dataclass(slots=True)
class _Server:
    """What is known of a server; a later element goes over an earlier one."""

    host: str = ""
    port: int = 0
    tls: TLSMode = TLSMode.IMPLICIT
    line: int | None = None


@dataclass(slots=True)
class _Read:
    """What is known at one place in a document."""

    servers: dict[str, _Server] = field(default_factory=lambda: {"imap": _Server(), "smtp": _Server()})
    username: str = _ADDRESS  # of both, whichever server it stands in
    within: str = ""  # the server that is being read, "" for one that is not used
    incoming: int = 0
    notes: list[Note] = field(default_factory=list)

    def reading(self, root: Element) -> Reading:
        """Return what there is at the end, if both servers have a host and a port."""
        found: dict[str, Choice] = {}
        for protocol, server in self.servers.items():
            if not server.host:
                raise _InvalidError("INCOMING_MISSING" if protocol == "imap" else "OUTGOING_MISSING", root)
            if server.port <= 0:
                raise _InvalidError("PORT_MISSING", root)
            found[protocol] = Choice(protocol, server.host, server.port, server.tls, self.username, server.line)
        return Reading((found["imap"],), (found["smtp"],), notes=tuple(self.notes))


def read(data: bytes) -> Reading:
    """Return the one imap and the one smtp server, of which both must be there. Where elements stand does not matter much."""
    return _reading(data, _walk)


def read_outlook(data: bytes) -> Reading:
    """Return the last IMAP and the last SMTP server of an account of the type email whose action is settings."""
    return _reading(data, _walk_outlook)


def _reading(data: bytes, walk: Callable[[Element, _Read], None]) -> Reading:
    try:
        root = parse(data)
        found = _Read()
        walk(root, found)
        return found.reading(root)
    except DocumentError as error:
        reason = str(error.values.get("reason", error))
        return Reading(accepted=False, notes=(Note("XML_BROKEN", Effect.REJECTS, error.line, {"reason": reason}),))
    except _InvalidError as error:
        return Reading(accepted=False, notes=(*found.notes, error.note))


def _walk(element: Element, found: _Read) -> None:
    name = local(element)
    if name in ("incomingServer", "outgoingServer"):
        _begin(element, name, found)
    elif name in ("hostname", "port", "socketType", "username"):
        _value(element, name, _text(element), found)
    for child in element.elements:
        _walk(child, found)
    if name in ("incomingServer", "outgoingServer"):
        found.within = ""


def _begin(element: Element, name: str, found: _Read) -> None:
    type = dict(element.attributes).get("type", "")
    found.within = type if type == ("imap" if name == "incomingServer" else "smtp") else ""
    if name == "incomingServer":
        found.incoming += 1
        if found.within and found.incoming > 1:
            if found.servers["imap"].line is None:
                args = {"element": "incomingServer", "protocol": "imap"}
                found.notes.append(Note("SERVER_FIRST", Effect.SKIPS, element.line, args))
            else:
                found.notes.append(Note("SERVER_AGAIN", Effect.SKIPS, element.line, {"protocol": "imap"}))
            found.within = ""
    if found.within:
        found.servers[found.within].line = element.line


def _value(element: Element, name: str, text: str, found: _Read) -> None:
    if name == "username":
        if text and text not in (_ADDRESS, _LOCAL_PART) and "%EMAIL" in text:
            args = {"element": "username", "placeholder": text}
            found.notes.append(Note("PLACEHOLDER_LOST", Effect.MISREADS, element.line, args))
        found.username = text or found.username
        return
    if not found.within:
        return
    server = found.servers[found.within]
    match name:
        case "hostname":
            server.host = text or server.host
            if "%EMAIL" in text:
                args = {"element": "hostname", "placeholder": text}
                found.notes.append(Note("PLACEHOLDER_LOST", Effect.MISREADS, element.line, args))
        case "port" if text:
            if not _NUMBER.match(text):
                raise _InvalidError("PORT_INVALID", element, value=text)
            # A socketType before it is forgotten.
            server.port, server.tls = int(text), _tls(found.within, int(text))
        case "socketType" if text in _SOCKETS:
            server.tls = _SOCKETS[text]
        case "socketType" if text:
            found.notes.append(Note("SOCKET_TYPE_UNKNOWN", Effect.MISREADS, element.line, {"value": text}))


def _tls(protocol: str, port: int) -> TLSMode:
    return TLSMode.STARTTLS if port == _STARTTLS_PORTS[protocol] else TLSMode.IMPLICIT


def _text(element: Element) -> str:
    """Return the text up to the first element in it, which is all that it looks at."""
    first = element.content[0] if element.content else ""
    return first if isinstance(first, str) else ""


def _walk_outlook(root: Element, found: _Read) -> None:
    for account in _below(root, "Account"):
        is_email = has_settings = False
        for element in account.elements:
            match local(element):
                case "AccountType":
                    is_email |= _text(element) == "email"
                case "Action":
                    has_settings |= _text(element) == "settings"
                case "Protocol" if is_email and has_settings:
                    _read_protocol(element, found)
                case "Protocol":
                    found.notes.append(Note("PROTOCOL_TOO_EARLY", Effect.SKIPS, element.line))


def _read_protocol(protocol: Element, found: _Read) -> None:
    types: set[str] = set()
    host, port = "", None
    for element in protocol.elements:
        text = _text(element)
        match local(element):
            case "Type":
                types.add(text)
            case "Server":
                host = text or host
            case "Port" if _DIGITS.match(text):
                port = int(text)
    kind = "imap" if "IMAP" in types else "smtp" if "SMTP" in types else ""
    if kind and host and port is not None:
        found.servers[kind] = _Server(host, port, _tls(kind, port), protocol.line)


def _below(element: Element, name: str) -> Iterator[Element]:
    if local(element) == name:
        yield element
    else:
        for child in element.elements:
            yield from _below(child, name)


# --- searching ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A pair of servers, with a user name as the document has it."""

    imap: Choice
    smtp: Choice
    score: int
    source: str
    via: str | None = None
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class _Search:
    """One search on its way: each question waits for the answer to the one before it."""

    trail: Trail
    address: str
    is_play: bool
    now: float = 0.0
    candidates: list[_Candidate] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)  # of documents that were refused


async def discover(typed: Typed, world: World) -> Outcome:
    """Search as the program from GitHub, F-Droid and Amazon does."""
    return await _discover(typed, world, is_play=False)


async def discover_play(typed: Typed, world: World) -> Outcome:
    """Search as the program from the Play store does."""
    return await _discover(typed, world, is_play=True)


async def ahead(typed: Typed, world: World) -> None:
    """Ask for all that `discover` asks about the domain itself, each part beside the others, so that the world knows the answers."""
    await _ask_ahead(typed, world, is_play=False)


async def ahead_play(typed: Typed, world: World) -> None:
    """Do the same for `discover_play`."""
    await _ask_ahead(typed, world, is_play=True)


async def _ask_ahead(typed: Typed, world: World, *, is_play: bool) -> None:
    if typed.address is not None:
        domain = typed.address.domain.ascii
        searches = [(part, _Search(Trail(world), typed.text, is_play)) for part in _PARTS]
        await asyncio.gather(*(part(search, domain) for part, search in searches))


async def _discover(typed: Typed, world: World, *, is_play: bool) -> Outcome:
    if typed.address is None:
        return Outcome(Result.MANUAL, why="NOTHING_FOUND")
    domain, search = typed.address.domain.ascii, _Search(Trail(world), typed.text, is_play)
    await _ask_domain(search, domain)
    await _ask_exchanger(search, domain)
    search.candidates.sort(key=lambda candidate: -candidate.score)
    pairs = list(dict.fromkeys((candidate.imap, candidate.smtp) for candidate in search.candidates))
    best = search.candidates[0] if search.candidates else None
    return ending(
        [_filled(imap, typed) for imap, _ in pairs],
        [_filled(smtp, typed) for _, smtp in pairs],
        via=best.via if best else None,
        source=best.source if best else None,
        steps=search.trail.steps,
        notes=(*search.notes, *(best.notes if best else ())),
    )


async def _ask_domain(search: _Search, domain: str) -> None:
    for part in _PARTS:
        await part(search, domain)


async def _ask_srv(search: _Search, domain: str) -> None:
    imap = await _service(search, domain, ("_imap", "_imaps"), "_imaps")
    smtp = await _service(search, domain, ("_submission", "_submissions"), "_submission") if imap else None
    if imap and smtp:
        servers = [
            Choice(protocol, host, port, TLSMode.IMPLICIT if service.endswith("s") else _tls(protocol, port), _ADDRESS)
            for protocol, (service, host, port) in (("imap", imap), ("smtp", smtp))
        ]
        search.candidates.append(_Candidate(servers[0], servers[1], _BY_SRV, "srv", f"{imap[0]}._tcp.{domain}"))


async def _service(search: _Search, domain: str, services: Iterable[str], preferred: str) -> tuple[str, str, int] | None:
    """Return service, host and port of the best record: by priority, then by the larger weight, then the *preferred* service."""
    found = []
    for service in services:
        lookup, search.now = await search.trail.lookup(f"{service}._tcp.{domain}", "SRV", at=search.now, patience=_PATIENCE)
        found += [(one.priority, -one.weight, service != preferred, service, one.host, one.port) for one in records(lookup.values)]
    return min(found)[3:] if found else None


async def _ask_documents(search: _Search, domain: str) -> None:
    own = () if search.is_play else _OWN
    for url in (*(url.format(domain, search.address) for url in own), _DATABASE.format(domain)):
        answer = await _fetch(search, url)
        if answer.status != 200:
            continue
        reading = read(answer.body)
        if reading.accepted:
            name = reading.incoming[0].username or ""
            # One that is spelt out must be better than the address.
            explicit = name not in ("", _ADDRESS, _LOCAL_PART) and name.lower() != search.address.lower()
            score = _BY_DOCUMENT + (_WITH_USERNAME if explicit else 0)
            search.candidates.append(_Candidate(reading.incoming[0], reading.outgoing[0], score, "autoconfig", url, reading.notes))
            return
        search.notes += reading.notes


async def _ask_autodiscover(search: _Search, domain: str) -> None:
    if search.is_play:
        return
    body = outlook.write_request(
        outlook.Request(email=without_illegal(search.address), acceptable_response_schema=outlook.OUTLOOK_RESPONSE)
    )
    for url in (url.format(domain) for url in _AUTODISCOVER):
        answer = await _fetch(search, url, method="POST", headers=_FORM, body=body)
        if answer.status != 200:
            continue
        reading = read_outlook(answer.body)
        if reading.accepted:
            found = _Candidate(reading.incoming[0], reading.outgoing[0], _BY_DOCUMENT, "autodiscover", url, reading.notes)
            search.candidates.append(found)
            return
        search.notes += reading.notes


async def _fetch(search: _Search, url: str, **how: Any) -> Answer:  # noqa: ANN401  # as Trail.fetch takes them
    answer = await search.trail.fetch(url, at=search.now, patience=_PATIENCE, follows=_stays, **how)
    search.now = answer.end
    return answer


def _stays(response: Response) -> bool:
    """Follow no redirect between http and https: HttpURLConnection does not."""
    return urlsplit(response.location).scheme == urlsplit(response.request.url).scheme


# --- guessing ----------------------------------------------------------------------------------------------------------------------


async def _scan(search: _Search, domain: str) -> None:
    """Connect to the usual names, all at the same time; the first of each side that answers is taken."""
    tries = {
        protocol: [
            Choice(protocol, f"{label}.{domain}" if label else domain, port, tls, _ADDRESS)
            for labels, port, tls in rows
            for label in labels
        ]
        for protocol, rows in _SCANNED.items()
    }
    every = [choice for side in tries.values() for choice in side]
    seen = await gather(every, search.trail.world)
    begin, imap = search.now, None
    for protocol, side in tries.items():
        winner = await _first(search, side, seen, begin)
        if winner is None:
            return
        if protocol == "imap":
            imap = winner
        elif imap is not None:
            search.candidates.append(_Candidate(imap[0], winner[0], _BY_SCAN + imap[1] + winner[1], "guess"))


async def _first(search: _Search, side: Iterable[Choice], seen: Mapping[Choice, Seen], begin: float) -> tuple[Choice, int] | None:
    """Return the first server that answers and what its certificate adds; else the first whose certificate is for somebody else."""
    stranger = None
    for choice in side:
        connections = seen[choice].connections
        ms = min(_PATIENCE, max((connection.ms for connection in connections), default=0.0))
        connected = next((connection for connection in connections if connection.tcp is TCP.CONNECTED), None)
        said = connected.tcp.value if connected else connections[0].tcp.value if connections else "no-address"
        search.trail.note(Step(begin, ms, f"CONNECT {choice.host}:{choice.port}", said))
        search.now = max(search.now, begin + ms)
        if connected is None:
            continue
        host, score = await _certified(search, choice, connected)
        if host:
            return replace(choice, host=host), score
        stranger = stranger or (choice, 0)
    return stranger


async def _certified(search: _Search, choice: Choice, connection: Connection) -> tuple[str, int]:
    """Return the name to use, "" where the certificate is for another, and what it adds to the score."""
    tls = connection.tls
    if tls is None or tls.failure is not None or tls.certificate is None or tls.chain_problem is not None:
        return choice.host, 0  # no handshake; that there is somebody is enough
    if tls.certificate.covers(connection.endpoint.host):
        return choice.host, _SCAN_NAME_FITS
    for name in (name.removeprefix("*.") for name in tls.certificate.names[:_MOST]):
        lookup, search.now = await search.trail.lookup(name, "A", at=search.now, patience=_PATIENCE)
        if lookup.values[:1] == (connection.endpoint.ip,):
            return name, _SCAN_NAME_SIMILAR
    return "", 0


_PARTS = (_ask_srv, _ask_documents, _ask_autodiscover, _scan)  # of what a domain is asked for, in order


async def _ask_exchanger(search: _Search, domain: str) -> None:
    """Look at the names above the mail exchanger where nothing was found, and take the exchanger itself for the last resort."""
    lookup, search.now = await search.trail.lookup(domain, "MX", at=search.now, patience=_PATIENCE)
    records = [(int(record[1]), record[2]) for value in lookup.values if (record := _MX.match(value)) and record[2] != "."]
    if not records:
        return
    target = exchanger = min(records)[1].lower()
    for _ in range(_MOST):
        if search.candidates or "." not in target or base_domain(target) is None:
            break
        await _ask_domain(search, target)
        target = target.partition(".")[2]
    found, search.now = await search.trail.lookup(exchanger, "A", at=search.now, patience=_PATIENCE)
    if found.values:
        imap = Choice("imap", exchanger, 993, TLSMode.IMPLICIT, _ADDRESS)
        for port, tls in ((587, TLSMode.STARTTLS), (465, TLSMode.IMPLICIT)):
            search.candidates.append(_Candidate(imap, Choice("smtp", exchanger, port, tls, _ADDRESS), _BY_MX, "exchanger"))


def _filled(choice: Choice, typed: Typed) -> Choice:
    """Return *choice* with the user name that is tried first; where it is wrong, address and local part are tried as well."""
    local_part = typed.text.partition("@")[0]
    names = {_ADDRESS: typed.text, _LOCAL_PART: local_part}
    name = choice.username or ""
    return replace(choice, username=names.get(name, local_part + name[1:] if name.startswith("*@") else name))


_READERS = {"mozilla": read, "outlook": read_outlook}
CLIENT = Client("fairemail", "FairEmail", Confidence.SOURCE, discover, _READERS, tries_each=True, ahead=ahead)
PLAY = Client("fairemail-play", "FairEmail (Play)", Confidence.SOURCE, discover_play, {"mozilla": read}, tries_each=True, ahead=ahead_play)
