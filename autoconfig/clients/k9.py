"""Thunderbird for Android and K-9 Mail, August 2026: all places at once, the first of the list wins, and the strictest reader there is.

From its source (feature/autodiscovery, feature/account/setup). IMAP only; no Autodiscover, no SRV records, no guessing. The address is
never sent. Settings that came over http, or by way of an unsigned MX record, must be approved by the person.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from autoconfig.address import is_ip
from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Step, Typed
from autoconfig.clients.parsers.android import local, parse
from autoconfig.clients.trail import Answer, Trail
from autoconfig.errors import DocumentError
from autoconfig.formats.xml import Element
from autoconfig.model import TLSMode
from autoconfig.observations import World
from autoconfig.publicsuffix import base_domain

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_TYPES = {"incomingServer": "imap", "outgoingServer": "smtp"}
_VALUES = ("hostname", "port", "username", "authentication", "socketType")
_SOCKETS = {"SSL": TLSMode.IMPLICIT, "STARTTLS": TLSMode.STARTTLS}
_OAUTH2 = "OAuth2"
_AUTHENTICATIONS = (_OAUTH2, "password-cleartext", "password-encrypted")
_OAUTH2_HOSTS = frozenset(
    {"imap.aol.com", "smtp.aol.com", "imap.gmail.com", "imap.googlemail.com", "smtp.gmail.com", "smtp.googlemail.com"}
    | {"outlook.office365.com", "smtp.office365.com", "imap.mail.yahoo.com", "smtp.mail.yahoo.com"}
)
_PORT = re.compile(r"[+-]?[0-9]{1,9}\Z")  # Kotlin's toIntOrNull: no blanks
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?\Z", re.IGNORECASE | re.ASCII)

_PATHS = ("{}://autoconfig.{}/mail/config-v1.1.xml", "{}://{}/.well-known/autoconfig/mail/config-v1.1.xml")
_DATABASE = "https://autoconfig.thunderbird.net/v1.1/{}"
_PATIENCE = 10_000.0  # OkHttp's, for each connection and each silence
_MOST_REDIRECTS = 20

# --- reading -----------------------------------------------------------------------------------------------------------------------


class _RejectedError(Exception):
    """The whole document is of no use: *note* says why."""

    def __init__(self, rule: str, at: Element, /, **args: str | int) -> None:
        self.note = Note(rule, Effect.REJECTS, at.line, args)


@dataclass(slots=True)
class _Found:
    """What was read so far."""

    servers: dict[str, list[Choice]] = field(default_factory=lambda: {"imap": [], "smtp": []})
    only_oauth2: list[Note] = field(default_factory=list)  # of the first server of each side
    notes: list[Note] = field(default_factory=list)
    has_domain: bool = False


def read(data: bytes) -> Reading:
    """Return the imap and smtp servers; one fault in one of them rejects the document, of others nothing is looked at.

    A document whose first server takes nothing but OAuth2 is accepted, ends the search, and leaves nothing to use.
    """
    try:
        found = _read_root(parse(data))
    except DocumentError as error:
        reason = str(error.values.get("reason", error))
        return Reading(accepted=False, notes=(Note("XML_BROKEN", Effect.REJECTS, error.line, {"reason": reason}),))
    except _RejectedError as error:
        return Reading(accepted=False, notes=(error.note,))
    if found.only_oauth2:
        return Reading(notes=(*found.notes, *found.only_oauth2))
    return Reading(tuple(found.servers["imap"]), tuple(found.servers["smtp"]), notes=tuple(found.notes))


def _read_root(root: Element) -> _Found:
    if local(root) != "clientConfig":
        raise _RejectedError("ROOT_UNKNOWN", root, element=local(root))
    found = None
    for element in root.elements:
        if local(element) == "emailProvider":
            found = _read_provider(element)  # of several the last counts, but each must be in order
    if found is None:
        raise _RejectedError("PROVIDER_MISSING", root)
    return found


def _read_provider(provider: Element) -> _Found:
    if not _is_host(dict(provider.attributes).get("id", "").strip()):
        raise _RejectedError("PROVIDER_ID", provider)
    found = _Found()
    for element in provider.elements:
        name = local(element)
        if name == "domain":
            found.has_domain |= _is_host(_sample(_text(element)).strip())
        elif name in _TYPES:
            _read_server(element, _TYPES[name], found)
    if not found.has_domain:
        raise _RejectedError("DOMAIN_MISSING", provider)
    for protocol, rule in (("imap", "INCOMING_MISSING"), ("smtp", "OUTGOING_MISSING")):
        if not found.servers[protocol]:
            raise _RejectedError(rule, provider)
    return found


def _read_server(server: Element, protocol: str, found: _Found) -> None:
    type = dict(server.attributes).get("type", "")
    if type != protocol:
        found.notes.append(Note("SERVER_TYPE_UNKNOWN", Effect.SKIPS, server.line, {"value": type}))
        return
    values: dict[str, str] = {}
    methods: list[str] = []
    for element in _values(server):
        name, text = local(element), _text(element)
        _check(name, text, element)
        if name == "authentication":
            methods += [text] if text in _AUTHENTICATIONS else []
        else:
            values[name] = text  # the last one counts
    for name, rule in (("hostname", "HOSTNAME_MISSING"), ("port", "PORT_MISSING"), ("username", "USERNAME_MISSING")):
        if name not in values:
            raise _RejectedError(rule, server)
    if not methods:
        raise _RejectedError("AUTHENTICATION_MISSING", server)
    if "socketType" not in values:
        raise _RejectedError("SOCKET_TYPE_MISSING", server)
    if not found.servers[protocol] and set(methods) == {_OAUTH2} and values["hostname"] not in _OAUTH2_HOSTS:
        found.only_oauth2.append(Note("OAUTH2_ONLY", Effect.REJECTS, server.line, {"host": values["hostname"]}))
    found.servers[protocol].append(
        Choice(protocol, values["hostname"], int(values["port"]), _SOCKETS[values["socketType"]], values["username"], server.line)
    )


def _check(name: str, text: str, element: Element) -> None:
    """Raise where a value is not as it must be."""
    if name == "hostname" and not _is_host(_sample(text)):
        raise _RejectedError("HOST_NOT_A_NAME", element, host=text)
    if name == "port" and not (_PORT.match(text) and 0 <= int(text) < 65536):
        raise _RejectedError("PORT_INVALID", element, value=text)
    if name == "socketType" and text not in _SOCKETS:
        raise _RejectedError("SOCKET_TYPE_UNKNOWN", element, value=text)


def _values(element: Element) -> Iterator[Element]:
    """Yield the values of a server, also those that stand within elements that it does not know."""
    for child in element.elements:
        if local(child) in _VALUES:
            yield child
        else:
            yield from _values(child)


def _text(element: Element) -> str:
    if element.elements:
        raise _RejectedError("VALUE_IN_PIECES", element, element=local(element))
    return element.text


def _is_host(text: str) -> bool:
    return (len(text) <= 253 and bool(_HOST.match(text))) or is_ip(text)


def _filler(local_part: str, domain: str, address: str) -> Callable[[str], str]:
    return lambda text: text.replace("%EMAILDOMAIN%", domain).replace("%EMAILLOCALPART%", local_part).replace("%EMAILADDRESS%", address)


# A document is read for one address. Where there is none, it is that of somebody.
_sample = _filler("a", "a.example", "a@a.example")


def _filled(reading: Reading, fill: Callable[[str], str]) -> Reading:
    """Return *reading* for one address; whose host is then no host name is rejected like any other."""
    incoming, outgoing = (
        tuple(replace(choice, host=fill(choice.host), username=fill(choice.username or "")) for choice in side)
        for side in (reading.incoming, reading.outgoing)
    )
    wrong = next((choice for choice in (*incoming, *outgoing) if not _is_host(choice.host)), None)
    if wrong is not None:
        return Reading(accepted=False, notes=(Note("HOST_NOT_A_NAME", Effect.REJECTS, wrong.line, {"host": wrong.host}),))
    return replace(reading, incoming=incoming, outgoing=outgoing)


# --- searching ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """One place of the list, asked by itself: what came of it, and when."""

    source: str
    steps: tuple[Step, ...] = ()
    end: float = 0.0
    reading: Reading | None = None  # one that was accepted
    via: str | None = None
    why: str = ""  # why the person is asked to approve it
    notes: list[Note] = field(default_factory=list)


async def discover(typed: Typed, world: World) -> Outcome:
    """Ask all places at once; a place that has settings calls off those below it."""
    address = typed.address
    if address is None:
        return Outcome(Result.MANUAL, why="NOTHING_FOUND")
    domain = address.domain.ascii
    fill = _filler(typed.local_part, typed.domain.lower(), typed.text)
    own = [path.format(scheme, domain) for scheme in ("https", "http") for path in _PATHS]
    runs = await asyncio.gather(
        *(_ask(_Run("provider"), Trail(world), [url], fill) for url in own),
        _ask(_Run("database"), Trail(world), [_DATABASE.format(domain)], fill),
        _ask_exchanger(Trail(world), domain, fill),
    )
    steps = sorted(_not_called_off(runs), key=lambda step: step.at)
    notes = [note for run in runs for note in run.notes]
    best = next((run for run in runs if run.reading is not None), None)
    if best is None or best.reading is None:
        return ending((), (), steps=tuple(steps), notes=notes)
    found = ending(best.reading.incoming, best.reading.outgoing, via=best.via, source=best.source, steps=tuple(steps), notes=notes)
    asks = found.result is Result.AUTOMATIC and best.why
    return replace(found, result=Result.PROMPT, why=best.why, args={}) if asks else found


async def _ask(run: _Run, trail: Trail, urls: Sequence[str], fill: Callable[[str], str], at: float = 0.0) -> _Run:
    """Ask *urls* one after the other until one has settings."""
    run.end = at
    for url in urls:
        answer = await trail.fetch(url, at=run.end, patience=_PATIENCE, most=_MOST_REDIRECTS)
        run.end = answer.end
        if not answer.is_success:
            continue
        reading = read(answer.body)
        reading = _filled(reading, fill) if reading.accepted else reading
        run.notes += reading.notes
        if reading.accepted:
            run.reading, run.via = reading, url
            run.why = run.why if _is_private(answer) else "SOURCE_UNENCRYPTED"
            break
    run.steps = trail.steps
    return run


async def _ask_exchanger(trail: Trail, domain: str, fill: Callable[[str], str]) -> _Run:
    """Ask for the settings of the provider whom the MX record names, first for the exchanger's name without its first label."""
    lookup, now = await trail.lookup(domain, "MX", patience=_PATIENCE)
    run = _Run("exchanger", why="" if lookup.authenticated else "SOURCE_BY_MX")
    exchanger = min(lookup.values, key=_preference, default="").rpartition(" ")[2]
    base = base_domain(exchanger) or exchanger
    if not exchanger.strip(".") or base == domain:
        run.steps = trail.steps
        return run
    above = exchanger.partition(".")[2] if exchanger != base else base
    names = dict.fromkeys((above, base))
    return await _ask(run, trail, [url for name in names for url in (_PATHS[0].format("https", name), _DATABASE.format(name))], fill, now)


def _preference(value: str) -> int:
    number = value.partition(" ")[0]
    return int(number) if number.isascii() and number.isdigit() else 65536


def _is_private(answer: Answer) -> bool:
    return all(urlsplit(response.request.url).scheme == "https" for response in (*answer.hops, answer.response))


def _not_called_off(runs: Sequence[_Run]) -> Iterator[Step]:
    """Yield the steps that were made before a better place had settings; the first of each are made at once."""
    until = float("inf")
    for run in runs:
        yield from (step for number, step in enumerate(run.steps) if number == 0 or step.at < until)
        if run.reading is not None:
            until = min(until, run.end)


CLIENT = Client("k9", "Thunderbird for Android", Confidence.SOURCE, discover, {"mozilla": read})
