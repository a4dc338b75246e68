"""Whether what a mail program ends up with works, and is what its domain should use.

`gather` tries the servers that the programs would use, at all their addresses; `judge` says what such a program would make of that, and
`against` holds an outcome to what the store says. `search` is all of it, for several programs in one world that asks each question once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from autoconfig.address import Domain, is_ip
from autoconfig.clients.outcome import Choice, Client, Outcome, Result, Typed
from autoconfig.errors import AddressError
from autoconfig.model import Account, ClientConfig, Server, TLSMode
from autoconfig.observations import TCP, Connection, Endpoint, GreetingKind, Lookup, World, service_of

MAX_ADDRESSES = 8  # of a host, and of each family, that are tried
MAX_TRIED = 20  # candidates of a program that tries one after another

_PROTOCOLS = ("imap", "pop3", "smtp")
_SILENT = (TCP.REFUSED, TCP.TIMEOUT, TCP.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Works:
    """Whether it works, None where that is not known or there is nothing to try. *why* is a code of `catalogue.outcomes`, "" if it does."""

    works: bool | None = None
    why: str = ""
    args: Mapping[str, str | int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one server: the lookups of its addresses, and a conversation with each of them."""

    lookups: tuple[Lookup, ...] = ()
    connections: tuple[Connection, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """How the search of one program ended."""

    client: Client
    outcome: Outcome
    works: Works


async def search(clients: Iterable[Client], typed: Typed, world: World, expected: ClientConfig | None = None) -> tuple[End, ...]:
    """Let *clients* search in *world* at the same time, and try what they end up with; *expected* is what the domain should use."""
    every = tuple(clients)
    outcomes = await asyncio.gather(*(client.discover(typed, world) for client in every))
    ends = (tried(client, outcome, world, expected) for client, outcome in zip(every, outcomes, strict=True))
    return tuple(await asyncio.gather(*ends))


async def tried(client: Client, outcome: Outcome, world: World, expected: ClientConfig | None = None) -> End:
    """Try what *client* ended up with."""
    seen = dict[Choice, Seen]()
    for one in await asyncio.gather(*(_try(side, world) for side in sides(client, outcome))):
        seen |= one
    found = against(outcome, entered(client, outcome, seen, world.now), expected)
    return End(client, found, judge(client, outcome, seen, world.now))


# --- trying ------------------------------------------------------------------------------------------------------------------------


def sides(client: Client, outcome: Outcome) -> tuple[Sequence[Choice], ...]:
    """Return the servers that *client* would connect to, incoming and outgoing, as far as it has such."""
    most = MAX_TRIED if client.tries_each else 1
    return tuple(side[:most] for side in (outcome.incoming, outcome.outgoing) if side)


async def _try(side: Sequence[Choice], world: World) -> Mapping[Choice, Seen]:
    """Connect to the first of *side*, and to the others where that does not work."""
    first = await gather(side[:1], world)
    if all(_server(server, seen, world.now).works for server, seen in first.items()):
        return first
    return {**first, **await gather(side[1:], world)}


async def gather(servers: Iterable[Choice], world: World) -> Mapping[Choice, Seen]:
    """Connect to *servers*, as far as they can be connected to."""
    every = tuple(dict.fromkeys(servers))
    return dict(zip(every, await asyncio.gather(*(_see(server, world) for server in every)), strict=True))


async def _see(server: Choice, world: World) -> Seen:
    host = _host(server)
    if host is None or server.port is None or not 0 < server.port < 65536 or server.tls is None or server.protocol not in _PROTOCOLS:
        return Seen()
    lookups = tuple(await asyncio.gather(world.lookup(host.ascii, "A"), world.lookup(host.ascii, "AAAA")))
    service = service_of(server.protocol, server.tls)
    endpoints = [Endpoint(service, host, ip, server.port) for lookup in lookups for ip in lookup.values[:MAX_ADDRESSES]]
    return Seen(lookups, tuple(await asyncio.gather(*map(world.probe, endpoints))))


def _host(server: Choice) -> Domain | None:
    """Return the name of *server*, None where it is none: blanks around it are part of what the program would look up."""
    try:
        return Domain.parse(server.host) if server.host == server.host.strip() else None
    except AddressError:
        return None


# --- judging -----------------------------------------------------------------------------------------------------------------------


def judge(client: Client, outcome: Outcome, seen: Mapping[Choice, Seen], now: datetime) -> Works:
    """Say whether *client* can work with what it ended up with: both sides must."""
    return _worst([_best([_server(server, seen.get(server, Seen()), now) for server in side]) for side in sides(client, outcome)])


def _worst(every: Sequence[Works]) -> Works:
    return min(every, key=lambda one: (False, None, True).index(one.works), default=Works())


def _best(every: Sequence[Works]) -> Works:
    return min(every, key=lambda one: (True, None, False).index(one.works), default=Works())


def _server(server: Choice, seen: Seen, now: datetime) -> Works:
    host = _host(server)
    if host is None:
        return Works() if is_ip(server.host) else Works(False, "HOST_INVALID", {"host": server.host})
    if seen.lookups and not any(lookup.values for lookup in seen.lookups):
        known = all(lookup.status.known for lookup in seen.lookups)
        return Works(False, "HOST_WITHOUT_ADDRESS", {"host": host.unicode}) if known else Works()
    found = [_connection(connection, server, now) for connection in seen.connections]
    # A program goes on to the next address where nobody answers, but takes the certificate of the first that does, whichever that is.
    answered = [one for one in found if one.works is not None and one.why != "SERVER_SILENT"]
    return _worst(answered) if answered else _best(found)


def _connection(connection: Connection, server: Choice, now: datetime) -> Works:
    if connection.tcp not in (TCP.CONNECTED, *_SILENT):
        return Works()
    why = "SERVER_SILENT" if connection.tcp in _SILENT else _fault(connection, server.tls, now)
    if why is None:
        return Works()
    host = connection.endpoint.host.unicode
    return Works(False, why, {"host": host, "port": connection.endpoint.port}) if why else Works(True)


def _fault(connection: Connection, wanted: TLSMode | None, now: datetime) -> str | None:
    """Return what is wrong with a server that answered, "" for nothing, None where we do not know."""
    greeting, tls = connection.greeting, connection.tls
    if greeting is not None and greeting.kind not in (GreetingKind.READY, GreetingKind.PREAUTH):
        return "SERVER_REFUSES"
    if greeting is None and connection.stop is not None and (tls is None or tls.failure is None):
        # With TLS from the first byte, silence comes before the greeting.
        return "SERVER_TLS" if wanted is TLSMode.IMPLICIT and tls is None else "SERVER_OTHER"
    if wanted is TLSMode.NONE:
        return "SERVER_LOGIN" if connection.auth_before == () else ""
    if tls is None:
        return "SERVER_STARTTLS" if connection.starttls_offered is False else None if connection.stop is None else "SERVER_TLS"
    if tls.failure is not None:
        return "SERVER_TLS"
    certificate = tls.certificate
    if certificate is None:
        return None
    if not certificate.covers(connection.endpoint.host):
        return "SERVER_CERT_NAME"
    if not certificate.not_before <= now <= certificate.not_after:
        return "SERVER_CERT_DATE"
    return "SERVER_CERT_TRUST" if tls.chain_problem is not None else ""


# --- what the store says -----------------------------------------------------------------------------------------------------------


def entered(client: Client, outcome: Outcome, seen: Mapping[Choice, Seen], now: datetime) -> tuple[Sequence[Choice], ...]:
    """Return which servers *client* may end up with, of each side: those up to the first that works, without those that do not."""
    return tuple(_possible(side, seen, now) or side[:1] for side in sides(client, outcome))


def _possible(side: Sequence[Choice], seen: Mapping[Choice, Seen], now: datetime) -> list[Choice]:
    found = []
    for server in side:
        works = _server(server, seen.get(server, Seen()), now).works
        if works is not False:
            found.append(server)
        if works:
            break
    return found


def against(outcome: Outcome, entered: Sequence[Sequence[Choice]], expected: ClientConfig | None) -> Outcome:
    """Return *outcome*, as wrong where what is *entered* without asking is not one of the *expected* accounts."""
    if expected is None or outcome.result is not Result.AUTOMATIC:
        return outcome
    if any(_is_account(account, outcome, entered) for account in expected.accounts):
        return outcome
    found = ", ".join(server.host if server.port is None else f"{server.host}:{server.port}" for server in (side[0] for side in entered))
    return replace(outcome, result=Result.WRONG, why="SERVERS_NOT_OURS", args={"found": found})


def _is_account(account: Account[Domain], outcome: Outcome, entered: Sequence[Sequence[Choice]]) -> bool:
    # Without a server to send through, a program uses that of another account.
    servers = (account.incoming, account.outgoing) if outcome.incoming else (account.outgoing,)
    protocols = (account.protocol.value, "smtp") if outcome.incoming else ("smtp",)
    return bool(entered) and all(
        any(choice.protocol == protocol and _is(server, choice) for choice in side)
        for side, server, protocol in zip(entered, servers, protocols, strict=False)
    )


def _is(server: Server[Domain], choice: Choice) -> bool:
    ports = [(server.port, server.tls), *((port.port, port.tls) for port in server.also)]
    # What a program leaves open it finds out by itself.
    fits = any(choice.port in (None, port) and choice.tls in (None, tls) for port, tls in ports)
    return _host(choice) == server.host and fits
