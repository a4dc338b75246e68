"""Nextcloud Mail (its source, `IspDb.php` and `AccountForm.vue`): five places, one after another, then those of the mail exchanger.

Nobody watched it. The search runs on the Nextcloud server, so that what that machine can reach counts, not the person's own. Where there
is nothing, the exchangers themselves are tried as mail servers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from autoconfig.address import Domain
from autoconfig.clients.ending import ending
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Reading, Step, Typed
from autoconfig.clients.parsers.dom import Node, parse, refusal
from autoconfig.clients.trail import Trail
from autoconfig.clients.urls import host_of, path_of
from autoconfig.errors import AddressError, DocumentError
from autoconfig.model import PLACEHOLDERS, TLSMode
from autoconfig.observations import TCP, Endpoint, Service, World

# --- its dialect -------------------------------------------------------------------------------------------------------------------

_SIDES = (("incomingServer", "imap"), ("outgoingServer", "smtp"))
_SOCKETS = {"ssl": TLSMode.IMPLICIT, "starttls": TLSMode.STARTTLS, "tls": TLSMode.STARTTLS}  # in any case; anything else: no encryption
_PORT = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,9})")  # PHP's (int): 0 where no number begins
_PLACES = (
    ("autoconfig-https", "https://autoconfig.{host}/mail/config-v1.1.xml?emailaddress={email}"),
    ("well-known-https", "https://{host}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={email}"),
    ("database", "https://autoconfig.thunderbird.net/v1.1/{domain}"),
    ("autoconfig-http", "http://autoconfig.{host}/mail/config-v1.1.xml?emailaddress={email}"),
    ("well-known-http", "http://{host}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={email}"),
)
_PATIENCE = 7_000.0  # for each request
_MOST_REDIRECTS = 5  # Guzzle
# What is tried at an exchanger. Nothing is made of 143.
_TRIED = {993: Service.IMAPS, 143: Service.IMAP, 465: Service.SUBMISSIONS, 587: Service.SUBMISSION}
_CONNECT_PATIENCE = 5_000.0
_MOST_EXCHANGERS = 10  # that we try; the program has no such limit

# --- reading -----------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Reading:
    """Return the first IMAP and the first SMTP server; a document that has neither is not used."""
    try:
        root = parse(data)
    except DocumentError as error:
        return refusal(error)
    provider = root.first("emailProvider")  # SimpleXML finds no name with a prefix
    if provider is None:
        return Reading(accepted=False, notes=(Note("PROVIDER_MISSING", Effect.REJECTS, root.line),))
    notes: list[Note] = []
    incoming, outgoing = (tuple(_side(provider, name, type, notes)) for name, type in _SIDES)
    if not incoming and not outgoing:
        return Reading(accepted=False, notes=(*notes, Note("SERVERS_MISSING", Effect.REJECTS, provider.line)))
    return Reading(incoming, outgoing, notes=tuple(notes))


def _side(provider: Node, name: str, type: str, notes: list[Note]) -> list[Choice]:
    found: list[Choice] = []
    for node in provider.nodes:
        if node.name != name:
            continue
        if node.attributes.get("type") != type:
            notes.append(Note("SERVER_TYPE_UNKNOWN", Effect.SKIPS, node.line, {"value": node.attributes.get("type", "")}))
        elif found:
            notes.append(Note("SERVER_AGAIN", Effect.SKIPS, node.line, {"protocol": type}))
        else:
            found.append(_server(type, node, notes))
    return found


def _server(type: str, node: Node, notes: list[Note]) -> Choice:
    host, port, socket, username = (node.first(name) for name in ("hostname", "port", "socketType", "username"))
    for value, rule in (
        (host, "HOSTNAME_MISSING"),
        (port, "PORT_MISSING"),
        (socket, "SOCKET_TYPE_MISSING"),
        (username, "USERNAME_MISSING"),
    ):
        if value is None:
            notes.append(Note(rule, Effect.MISREADS, node.line))
    text = host.own_text if host else ""
    if host and (placeholder := next((one for one in PLACEHOLDERS if one in text), None)):
        notes.append(Note("PLACEHOLDER_LOST", Effect.MISREADS, host.line, {"element": "hostname", "placeholder": placeholder}))
    number = _PORT.match(port.own_text) if port else None
    if port and number is None:
        notes.append(Note("PORT_INVALID", Effect.MISREADS, port.line, {"value": port.own_text}))
    named = socket.own_text if socket else ""
    if socket and named.lower() not in (*_SOCKETS, "plain"):
        notes.append(Note("SOCKET_TYPE_UNKNOWN", Effect.MISREADS, socket.line, {"value": named}))
    tls = _SOCKETS.get(named.lower(), TLSMode.NONE)
    # The form strips the host, and nothing else, when it is sent.
    return Choice(type, text.strip(), int(number[1]) if number else 0, tls, username.own_text if username else "", node.line)


# --- searching ---------------------------------------------------------------------------------------------------------------------


async def discover(typed: Typed, world: World) -> Outcome:
    """Take the first document that names a server, at the domain or at its exchanger, else an exchanger that can be reached."""
    search = _Search(Trail(world), typed)
    if host_of(typed.domain) is None:
        return ending((), ())
    found = await search.look_at(typed.domain)
    exchangers: Sequence[tuple[int, str]] = ()
    if found is None:
        exchangers = await search.exchangers()
        # The first of the answer, whatever its preference, and what is above it.
        for name in (exchangers[0][1], exchangers[0][1].partition(".")[2]) if exchangers else ():
            found = found or await search.look_at(name)
    if found is None:
        found = await search.try_out([name for _, name in sorted(exchangers, key=lambda exchanger: exchanger[0])])
    incoming, outgoing = ([search.filled(server) for server in side] for side in (found.incoming, found.outgoing))
    return ending(incoming, outgoing, via=search.via, source=search.source, steps=search.trail.steps, notes=search.notes)


@dataclass(slots=True)
class _Search:
    """One search and its clock."""

    trail: Trail
    typed: Typed
    now: float = 0.0
    source: str | None = None
    via: str | None = None
    notes: list[Note] = field(default_factory=list)

    async def look_at(self, domain: str) -> Reading | None:
        """Look in the five places for *domain*."""
        host = host_of(domain)
        for source, place in _PLACES if host else ():
            # The address goes into the query as it is; what is no ASCII is encoded on the way.
            url = place.format(host=host, domain=path_of(domain), email=path_of(self.typed.text))
            answer = await self.trail.fetch(url, at=self.now, patience=_PATIENCE, anew=True, most=_MOST_REDIRECTS)
            self.now = answer.end
            # Guzzle throws for 4xx, for 5xx and for one redirect too many; any other answer is read.
            if answer.status is None or answer.status >= 400 or answer.response.location:
                continue
            reading = read(answer.body)
            self.notes += reading.notes
            if reading.accepted:
                self.source = source if domain == self.typed.domain else f"{source}-of-{domain}"
                self.via = answer.url
                return reading
        return None

    async def exchangers(self) -> list[tuple[int, str]]:
        """Return preferences and names, in the order of the answer."""
        found, self.now = await self.trail.lookup(host_of(self.typed.domain) or "", "MX", at=self.now)
        split = [value.partition(" ") for value in found.values]
        return [(int(preference), name) for preference, _, name in split if preference.isdecimal() and host_of(name)]

    async def try_out(self, names: Sequence[str]) -> Reading:
        """Connect to the exchangers and to what is above them, all at once, and take the first of each kind that lets us in."""
        hosts = list(dict.fromkeys([*names, *(".".join(name.split(".")[-2:]) for name in names)]))[:_MOST_EXCHANGERS]
        tried = [(host, port) for host in hosts for port in _TRIED]
        answered = await asyncio.gather(*(self._connects(host, port) for host, port in tried))
        open_ones = [one for one, is_open in zip(tried, answered, strict=True) if is_open]
        imap = next(((host, port) for host, port in open_ones if port == 993), None)
        smtp = next(((host, port) for host, port in open_ones if port in (465, 587)), None)
        if imap is None or smtp is None:
            return Reading()
        self.source = "mx"
        tls = TLSMode.IMPLICIT if smtp[1] == 465 else TLSMode.STARTTLS
        user = self.typed.text
        return Reading((Choice("imap", *imap, TLSMode.IMPLICIT, user),), (Choice("smtp", *smtp, tls, user),))

    async def _connects(self, host: str, port: int) -> bool:
        try:
            domain = Domain.parse(host)
        except AddressError:
            return False
        addresses, at = await self.trail.lookup(host, "A", at=self.now)
        for ip in addresses.values:
            connection = await self.trail.world.probe(Endpoint(_TRIED[port], domain, ip, port))
            in_time = connection.tcp is TCP.CONNECTED and connection.connect_ms <= _CONNECT_PATIENCE
            spent = min(connection.connect_ms, _CONNECT_PATIENCE)
            self.trail.note(Step(at, spent, f"CONNECT {host}:{port}", connection.tcp.value))
            if in_time:
                return True
            at += spent
        return False

    def filled(self, server: Choice) -> Choice:
        """Return *server* with its user name filled in; in a host name nothing is."""
        username = server.username or ""
        # In this order, as PHP's str_replace goes. The local part since 3.6: it was nothing before.
        for placeholder, value in zip(PLACEHOLDERS, (self.typed.text, self.typed.local_part, self.typed.domain), strict=True):
            username = username.replace(placeholder, value)
        return replace(server, username=username)


CLIENT = Client("nextcloud", "Nextcloud Mail", Confidence.SOURCE, discover, {"mozilla": read})
