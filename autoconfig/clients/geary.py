"""Geary (its source, `accounts-autoconfig.vala`): the domain's autoconfig over https, then the provider database, and then a guess.

Nobody watched it. It has IMAP alone, sends no address, and enters the address as the user name whatever the document says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Result, Typed
from autoconfig.clients.parsers.dom import Node, parse, refusal
from autoconfig.clients.trail import Trail
from autoconfig.clients.urls import host_of, path_of
from autoconfig.errors import DocumentError
from autoconfig.model import PLACEHOLDERS, TLSMode
from autoconfig.observations import World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_SIDES = (("incomingServer", "imap"), ("outgoingServer", "smtp"))
_SOCKETS = {"SSL": TLSMode.IMPLICIT, "STARTTLS": TLSMode.STARTTLS}  # anything else: no encryption
_DEFAULTS = {("imap", TLSMode.IMPLICIT): 993, ("imap", TLSMode.STARTTLS): 143, ("imap", TLSMode.NONE): 143}
_DEFAULTS |= {("smtp", TLSMode.IMPLICIT): 465, ("smtp", TLSMode.STARTTLS): 587, ("smtp", TLSMode.NONE): 25}
_MOST_REDIRECTS = 20  # libsoup
_PATIENCE = 127_000.0  # none of its own was seen; Linux gives up a connection after this

# --- reading -----------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Reading:
    """Return the first incoming and the first outgoing server; where they are not IMAP and SMTP the document is of no use."""
    try:
        root = parse(data.partition(b"\0")[0])  # a C string, so that UTF-16 is of no use either
    except DocumentError as error:
        return refusal(error)
    provider = _first(root, "emailProvider")
    if provider is None:
        # The source does not ask; we take it for a document that it cannot use.
        return _rejected("PROVIDER_MISSING", root.line)
    found, notes = list[Choice](), list[Note]()
    for name, type in _SIDES:
        server = _first(provider, name)
        if server is None:
            return _rejected("INCOMING_MISSING" if type == "imap" else "OUTGOING_MISSING", provider.line)
        if server.attributes.get("type") != type:
            return _rejected("SERVER_FIRST", server.line, element=name, protocol=type)
        found.append(_server(type, server, notes))
    notes += [
        Note("SERVER_AGAIN", Effect.SKIPS, other.line, {"protocol": type})
        for name, type in _SIDES
        for other in [node for node in provider.nodes if _local(node) == name][1:]
        if other.attributes.get("type") == type
    ]
    return Reading((found[0],), (found[1],), notes=tuple(notes))


def _rejected(rule: str, line: int | None, **args: str) -> Reading:
    return Reading(accepted=False, notes=(Note(rule, Effect.REJECTS, line, args),))


def _local(node: Node) -> str:
    # libxml2 has the prefix apart from the name.
    return node.name.rpartition(":")[2]


def _first(node: Node, name: str) -> Node | None:
    return next((child for child in node.nodes if _local(child) == name), None)


def _server(type: str, node: Node, notes: list[Note]) -> Choice:
    host, port, socket = (_first(node, name) for name in ("hostname", "port", "socketType"))
    text = host.text if host else ""
    if host is None:
        notes.append(Note("HOSTNAME_MISSING", Effect.MISREADS, node.line))
    elif placeholder := next((one for one in PLACEHOLDERS if one in text), None):
        notes.append(Note("PLACEHOLDER_LOST", Effect.MISREADS, host.line, {"element": "hostname", "placeholder": placeholder}))
    if socket is None:
        notes.append(Note("SOCKET_TYPE_MISSING", Effect.MISREADS, node.line))
    elif socket.text not in (*_SOCKETS, "plain"):
        notes.append(Note("SOCKET_TYPE_UNKNOWN", Effect.MISREADS, socket.line, {"value": socket.text}))
    tls = _SOCKETS.get(socket.text if socket else "", TLSMode.NONE)
    return Choice(type, text, _port(type, tls, node, port, notes), tls, None, node.line)


def _port(type: str, tls: TLSMode, node: Node, port: Node | None, notes: list[Note]) -> int:
    """Return the port of "host:port", as both are put into one field; 0 is one with which the field is not in order."""
    if port is None:
        notes.append(Note("PORT_MISSING", Effect.MISREADS, node.line))
        return 0
    text = port.text
    # GLib, g_network_address_parse: digits and nothing else, up to 65535. A 0 stands for the usual port.
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 65536):
        notes.append(Note("PORT_INVALID", Effect.MISREADS, port.line, {"value": text}))
        return 0
    return int(text) or _DEFAULTS[type, tls]


# --- searching ---------------------------------------------------------------------------------------------------------------------


async def discover(typed: Typed, world: World) -> Outcome:
    """Take the first document that it can use, whatever the status it came with; else fill in a guess that the person sees."""
    trail, now, notes = Trail(world), 0.0, list[Note]()
    for source, url in _urls(typed.domain):
        answer = await trail.fetch(url, at=now, patience=_PATIENCE, most=_MOST_REDIRECTS)
        now = answer.end
        if answer.status is None:
            continue
        reading = read(answer.body)
        if answer.is_success or reading.accepted:
            notes += reading.notes
        if reading.accepted:
            incoming, outgoing = (
                [replace(server, username=typed.text) for server in side] for side in (reading.incoming, reading.outgoing)
            )
            return ending(incoming, outgoing, via=answer.url, source=source, steps=trail.steps, notes=notes)
    outcome = ending((), (), steps=trail.steps, notes=notes)
    if host_of(typed.domain) is None:
        return outcome
    guess = [Choice(type, f"{type}.{typed.domain}", _DEFAULTS[type, tls], tls, typed.text) for type, tls in _GUESSED]
    return replace(outcome, result=Result.PROMPT, source="guess", incoming=(guess[0],), outgoing=(guess[1],))


_GUESSED = (("imap", TLSMode.IMPLICIT), ("smtp", TLSMode.IMPLICIT))


def _urls(domain: str) -> Iterator[tuple[str, str]]:
    host = host_of(domain)
    if host is None:
        return
    yield "autoconfig-https", f"https://autoconfig.{host}/mail/config-v1.1.xml"
    yield "database", f"https://autoconfig.thunderbird.net/v1.1/{path_of(domain)}"


CLIENT = Client("geary", "Geary", Confidence.SOURCE, discover, {"mozilla": read})
