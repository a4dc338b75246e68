"""What the DNS says of a domain: the resolver's answers, and those of the domain's own name servers beside them. Judges nothing.

A healthy domain costs three round trips: the domain with its names, the addresses of its name servers and mail exchangers, and the same
questions to the name servers themselves. A domain that does not exist costs one. Everything of a round is asked at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from autoconfig import dnsrecords
from autoconfig.address import MAX_DOMAIN_OCTETS, Domain
from autoconfig.checks.case import Case
from autoconfig.observations import Lookup, LookupStatus, Question

# A label that nobody has: what is answered for it comes from a wildcard (RFC 4592).
WILDCARD = "no-such-name-here"

MAX_SERVERS = 4  # name servers that are asked themselves
MAX_EXCHANGERS = 6
_MAX_NAMES = 3  # of the domain, beside the domain itself, that name servers are asked for
_MAX_PARENTS = 4
_FIRST = ("SOA", "NS", "MX", "A")  # what tells whether there is a domain
_ADDRESSES = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server of the zone; *ip* is where it was asked, "" where no address of it is known."""

    name: str
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Delegation:
    """What was answered. *zone* is the apex that the domain belongs to, "" where it is not known; *names* are those looked at below it."""

    domain: str
    zone: str = ""
    servers: tuple[NameServer, ...] = ()
    names: tuple[str, ...] = ()
    answers: Mapping[Question, Lookup] = field(default_factory=dict)

    def of(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Return the answer of the resolver, or of *server*; status UNKNOWN where it was not asked."""
        question = Question(name, type, server)
        return self.answers.get(question, Lookup(question, LookupStatus.UNKNOWN))

    @property
    def first(self) -> tuple[Lookup, ...]:
        """The answers that tell whether there is a domain."""
        return tuple(self.of(self.domain, type) for type in _FIRST)

    @property
    def gone(self) -> bool:
        """Whether the domain decidedly does not exist. An alias that leads to nowhere exists itself."""
        known = [lookup for lookup in self.first if lookup.status.known]
        return bool(known) and all(lookup.status is LookupStatus.NXDOMAIN and not lookup.aliases for lookup in known)

    @property
    def exists(self) -> bool:
        """Whether the domain decidedly exists."""
        return not self.gone and any(lookup.status.known for lookup in self.first)

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the addresses of *name*, of both kinds."""
        return tuple(value for type in _ADDRESSES for value in self.of(name, type).values)

    @property
    def good_servers(self) -> tuple[NameServer, ...]:
        """The name servers that answered for the zone with authority."""
        return tuple(server for server in self.servers if server.ip and self._answers(server))

    def _answers(self, server: NameServer) -> bool:
        start = self.of(self.zone, "SOA", server.ip)
        return start.status is LookupStatus.FOUND and start.authoritative

    def authority(self, name: str, type: str) -> tuple[Lookup, ...]:
        """Return what the name servers say themselves, of those that can be believed."""
        said = (self.of(name, type, server.ip) for server in self.good_servers)
        return tuple(lookup for lookup in said if lookup.status.known and lookup.authoritative)

    def circles(self, name: str) -> tuple[Lookup, ...]:
        """Return the answers for *name* that are aliases in a circle; some resolvers only say SERVFAIL, and the name servers tell."""
        asked = (None, *(server.ip for server in self.good_servers))
        lookups = (self.of(name, type, server) for type in (*_ADDRESSES, "MX") for server in asked)
        return tuple(lookup for lookup in lookups if lookup.status is LookupStatus.LOOP)

    @property
    def exchangers(self) -> tuple[str, ...]:
        """The hosts of the resolver's MX records, in order of preference, without the "." of a null MX."""
        return tuple(host for _, host in exchangers_of(self.of(self.domain, "MX")) if host)


def exchangers_of(lookup: Lookup) -> tuple[tuple[int, str], ...]:
    """Return preference and host of each MX record, the preferred first; the host is "" for a null MX (RFC 7505)."""
    found = []
    for value in lookup.values:
        preference, _, host = value.partition(" ")
        number = int(preference) if preference.isascii() and preference.isdigit() else 0
        found.append((number, host.strip().lower().removesuffix(".")))
    return tuple(sorted(found)[:MAX_EXCHANGERS])


def expected_hosts(case: Case) -> tuple[Domain, ...]:
    """Return the hosts that the customer should use, in order of preference."""
    if case.expected is None:
        return ()
    servers = (server for account in case.expected.accounts for server in (account.incoming, account.outgoing))
    return tuple(dict.fromkeys(server.host for server in servers))


def due_exchangers(case: Case) -> tuple[str, ...]:
    """Return the hosts that the domain's MX records should name."""
    return tuple(record.data.exchange.ascii for record in case.due if isinstance(record.data, dnsrecords.Mx))


def is_below(name: str, zone: str) -> bool:
    """Tell whether *name* is *zone* or below it."""
    return name == zone or name.endswith(f".{zone}")


async def gather_existence(case: Case) -> Delegation:
    """Ask whether the domain exists: one round trip, and the same questions as `gather` begins with."""
    domain = case.domain.ascii
    return Delegation(domain, answers=await _ask(case, (Question(domain, type) for type in _FIRST)))


async def gather(case: Case) -> Delegation:
    """Ask the resolver for the domain and its names, then the name servers themselves."""
    domain = case.domain.ascii
    names = _names(case)
    facts = Delegation(domain, names=names, answers=await _ask(case, _first_questions(case, names)))
    if facts.gone:
        return facts
    if not facts.exists:
        return await _at_the_parent(case, facts)
    zone, servers = _zone(case, facts)
    hosts = dict.fromkeys((*servers, *facts.exchangers))
    more = await _ask(case, (Question(host, type) for host in hosts for type in _ADDRESSES))
    facts = replace(facts, zone=zone, answers={**facts.answers, **more})
    return await _ask_servers(case, replace(facts, servers=_placed(facts, servers)))


def _names(case: Case) -> tuple[str, ...]:
    usual = (f"{label}.{case.domain.ascii}" for label in ("autoconfig", "autodiscover", "mail"))
    aliases = (record.name for record in case.due if isinstance(record.data, dnsrecords.Cname))
    names = (*usual, *aliases, *(host.ascii for host in expected_hosts(case)))
    return tuple(dict.fromkeys(name for name in names if len(name) <= MAX_DOMAIN_OCTETS))


def _first_questions(case: Case, names: Iterable[str]) -> Iterator[Question]:
    domain = case.domain.ascii
    yield from (Question(domain, type) for type in (*_FIRST, "AAAA", "CNAME", "DS"))
    yield from (Question(parent, "NS") for parent in case.domain.parents[:_MAX_PARENTS])
    yield from (Question(name, type) for name in (*names, *due_exchangers(case)) for type in _ADDRESSES)
    if len(domain) + len(WILDCARD) < MAX_DOMAIN_OCTETS:
        yield Question(f"{WILDCARD}.{domain}", "A")
    # The discovery asks these as well, and the world remembers.
    yield from (Question(name, type) for name, type in dnsrecords.questions(case.due))


def _zone(case: Case, facts: Delegation) -> tuple[str, tuple[str, ...]]:
    """Return the nearest apex at or above the domain, and its name servers."""
    for name in (facts.domain, *case.domain.parents[:_MAX_PARENTS]):
        servers = facts.of(name, "NS")
        # What is found at the end of an alias is another domain's.
        if servers.status is LookupStatus.FOUND and not servers.aliases:
            return name, servers.values[:MAX_SERVERS]
    return "", ()


async def _at_the_parent(case: Case, facts: Delegation) -> Delegation:
    """Ask the name servers above the domain to whom it is delegated, since the resolver cannot tell; then ask those."""
    if not any(lookup.status is LookupStatus.SERVFAIL for lookup in facts.first):
        return facts
    domain = facts.domain
    above = await _ask(case, [Question(domain.partition(".")[2], "NS")])
    hosts = next(iter(above.values())).values[:2]
    places = await _ask(case, (Question(host, "A") for host in hosts))
    ips = [lookup.values[0] for lookup in places.values() if lookup.values]
    told = await _ask(case, (Question(domain, "NS", ip) for ip in ips))
    servers = next((lookup.values[:MAX_SERVERS] for lookup in told.values() if lookup.values), ())
    more = await _ask(case, (Question(server, type) for server in servers for type in _ADDRESSES))
    facts = replace(facts, zone=domain, answers={**facts.answers, **told, **more})
    facts = replace(facts, servers=_placed(facts, servers))
    start = await _ask(case, (Question(domain, "SOA", server.ip) for server in facts.servers if server.ip))
    return replace(facts, answers={**facts.answers, **start})


def _placed(facts: Delegation, servers: Iterable[str]) -> tuple[NameServer, ...]:
    # One address each, IPv4 before IPv6: not every machine that asks has IPv6.
    return tuple(NameServer(name, next(iter(facts.addresses(name)), "")) for name in servers)


async def _ask_servers(case: Case, facts: Delegation) -> Delegation:
    questions: list[Question] = []
    names = [name for name in facts.names if is_below(name, facts.domain)][:_MAX_NAMES]
    for place, server in enumerate(server for server in facts.servers if server.ip):
        questions += [Question(facts.zone, "SOA", server.ip), Question(facts.domain, "MX", server.ip)]
        # AAAA of one server: it is only held against the resolver's.
        types = _ADDRESSES if place == 0 else _ADDRESSES[:1]
        questions += [Question(name, type, server.ip) for name in (facts.domain, *names) for type in types]
    return replace(facts, answers={**facts.answers, **await _ask(case, questions)})


async def _ask(case: Case, questions: Iterable[Question]) -> dict[Question, Lookup]:
    asked = list(dict.fromkeys(questions))
    found = await asyncio.gather(*(case.world.lookup(q.name, q.type, q.server) for q in asked))
    return dict(zip(asked, found, strict=True))
