"""KMail's account wizard, that of 24.02 and later (its source, 2024 to 2026): one place after another, the provider database first.

Nobody watched it. The wizard of 22.12 (Debian 12) asks the database, then autoconfig and the domain itself over http alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Typed
from autoconfig.clients.parsers.dom import Node, parse, refusal
from autoconfig.clients.trail import Trail
from autoconfig.clients.urls import host_of, path_of
from autoconfig.errors import DocumentError
from autoconfig.model import TLSMode
from autoconfig.observations import Response, World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_TYPES = {"incomingServer": ("imap", "pop3"), "outgoingServer": ("smtp",)}
_SOCKETS = {"SSL": TLSMode.IMPLICIT, "STARTTLS": TLSMode.STARTTLS, "plain": TLSMode.NONE}
_UNKNOWN = TLSMode.IMPLICIT  # what a missing or unknown socketType leaves
_VALUES = ("hostname", "port", "username", "socketType")
# Of several servers to send through it takes the first of the last of these: its encryptions are numbered so.
_LIKED = (TLSMode.NONE, TLSMode.IMPLICIT, TLSMode.STARTTLS)
_PORT = re.compile(r"\s*([+-]?[0-9]{1,9})\s*\Z")  # QString::toInt; what is no number is 0
_MOST_REDIRECTS = 50  # Qt's; never from https to http
_PATIENCE = 127_000.0  # none of its own was seen; Linux gives up a connection after this

# --- reading -----------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Reading:
    """Return all servers that have a port, IMAP before POP3, and the one to send through."""
    try:
        root = parse(data)
    except DocumentError as error:
        return refusal(error)
    provider = root.below("emailProvider")  # at any depth; Qt keeps a prefix in the name
    if provider is None:
        return Reading(accepted=False, notes=(Note("PROVIDER_MISSING", Effect.REJECTS, root.line),))
    notes: list[Note] = []
    servers = list(_servers(provider, notes))
    incoming = [server for type in ("imap", "pop3") for server in servers if server.protocol == type]
    outgoing = [server for server in servers if server.protocol == "smtp"]
    # max() returns the first of those that are alike.
    chosen = [max(outgoing, key=lambda server: _LIKED.index(server.tls or _UNKNOWN))] if outgoing else []
    notes += [Note("SERVER_AGAIN", Effect.SKIPS, other.line, {"protocol": "smtp"}) for other in outgoing if other is not chosen[0]]
    if not servers:
        notes.append(Note("SERVERS_MISSING", Effect.MISREADS, provider.line))
    return Reading(tuple(incoming), tuple(chosen), notes=tuple(notes))


def _servers(provider: Node, notes: list[Note]) -> Iterator[Choice]:
    for node in provider.nodes:
        if node.name not in _TYPES:
            continue
        type = node.attributes.get("type", "")
        if type not in _TYPES[node.name]:
            notes.append(Note("SERVER_TYPE_UNKNOWN", Effect.SKIPS, node.line, {"value": type}))
            continue
        values = {name: [value for value in node.nodes if value.name == name] for name in _VALUES}
        if not values["port"]:
            notes.append(Note("PORT_MISSING", Effect.SKIPS, node.line))
            continue
        for name, found in values.items():
            if len(found) > 1:
                notes.append(Note("VALUE_TWICE", Effect.MISREADS, found[-1].line, {"element": name}))
        yield _server(type, node, {name: found[-1] for name, found in values.items() if found}, notes)


def _server(type: str, node: Node, values: dict[str, Node], notes: list[Note]) -> Choice:
    # Qt leaves out text that is nothing but blanks, and trims no other.
    texts = {name: value.text if value.text.strip() else "" for name, value in values.items()}
    for name, rule in (("hostname", "HOSTNAME_MISSING"), ("username", "USERNAME_MISSING"), ("socketType", "SOCKET_TYPE_MISSING")):
        if name not in texts:
            notes.append(Note(rule, Effect.MISREADS, node.line))
    number = _PORT.match(texts["port"])
    if number is None:
        notes.append(Note("PORT_INVALID", Effect.MISREADS, values["port"].line, {"value": texts["port"]}))
    socket = texts.get("socketType")
    if socket is not None and socket not in _SOCKETS:
        notes.append(Note("SOCKET_TYPE_UNKNOWN", Effect.MISREADS, values["socketType"].line, {"value": socket}))
    tls = _SOCKETS.get(socket or "", _UNKNOWN)
    return Choice(type, texts.get("hostname", ""), int(number[1]) if number else 0, tls, texts.get("username", ""), node.line)


# --- searching ---------------------------------------------------------------------------------------------------------------------


async def discover(typed: Typed, world: World) -> Outcome:
    """Ask one place after another until one answers 200, whatever it answers; what the person sees first is what it enters."""
    trail, now = Trail(world), 0.0
    found, via, source, notes = Reading(), None, None, list[Note]()
    for place, url in _urls(typed.domain):
        answer = await trail.fetch(url, at=now, patience=_PATIENCE, most=_MOST_REDIRECTS, follows=_no_less_safe)
        now = answer.end
        # The page of an error is read as well, while the next place is asked already; of a redirect that is not followed there is none.
        reading = Reading(accepted=False) if answer.status is None or answer.response.location else read(answer.body)
        if reading.accepted:
            found, via, source = reading, answer.url, place
        if reading.accepted or answer.status == 200:
            notes += reading.notes
        if answer.status == 200:
            break
    incoming, outgoing = ([_filled(server, typed) for server in side] for side in (found.incoming, found.outgoing))
    return ending(incoming, outgoing, via=via, source=source, steps=trail.steps, notes=notes)


def _urls(domain: str) -> Iterator[tuple[str, str]]:
    host = host_of(domain)
    if host is None:
        return
    yield "database", f"https://autoconfig.thunderbird.net/v1.1/{path_of(domain.lower())}"
    yield "autoconfig-https", f"https://autoconfig.{host}/mail/config-v1.1.xml"
    yield "autoconfig-http", f"http://autoconfig.{host}/mail/config-v1.1.xml"
    yield "well-known-https", f"https://{host}/.well-known/autoconfig/mail/config-v1.1.xml"


def _no_less_safe(response: Response) -> bool:
    return response.location.startswith("https:") or response.request.url.startswith("http:")


def _filled(server: Choice, typed: Typed) -> Choice:
    values = {"%EMAILLOCALPART%": typed.local_part, "%EMAILADDRESS%": typed.text, "%EMAILDOMAIN%": typed.domain}
    host, username = server.host, server.username or ""
    for placeholder, value in values.items():
        host, username = host.replace(placeholder, value), username.replace(placeholder, value)
    return replace(server, host=host, username=username)


CLIENT = Client("kmail", "KMail", Confidence.SOURCE, discover, {"mozilla": read})
