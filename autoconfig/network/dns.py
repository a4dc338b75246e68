"""Questions to the DNS: one at a time to the resolvers, or without recursion to a named server. dnspython's only home.

The messages are dnspython's, the sockets are our own: its resolver tells SERVFAIL, REFUSED and circles of aliases all as one. Nothing is
remembered here. Speaks for RFC 1035, 2308 (nothing found), 6891 (EDNS), 7766 (TCP), 8914 (extended errors).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

from autoconfig.errors import printable
from autoconfig.observations import Lookup, LookupStatus, Question

PORT = 53
ATTEMPT_SECONDS = 1.5  # how long one server is waited for before the next is asked
MAX_VALUES = 200
MAX_VALUE_LENGTH = 4096
MAX_ALIASES = 16
_MAX_ERRORS = 8
_MAX_ERROR_LENGTH = 300
_PAYLOAD = 1232  # what comes through unfragmented nearly everywhere (DNS flag day 2020)
_MAX_DATAGRAM = 65535

_STATUSES = {
    dns.rcode.NOERROR: LookupStatus.NODATA,
    dns.rcode.NXDOMAIN: LookupStatus.NXDOMAIN,
    dns.rcode.REFUSED: LookupStatus.REFUSED,
    dns.rcode.NOTAUTH: LookupStatus.REFUSED,
    dns.rcode.NOTIMP: LookupStatus.REFUSED,
}
# RFC 6891, 7: how a server says that it does not know EDNS.
_NO_EDNS = (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS)

# What of several failures is told, the most telling first.
_TELLING = (
    LookupStatus.SERVFAIL,
    LookupStatus.REFUSED,
    LookupStatus.MALFORMED,
    LookupStatus.TIMEOUT,
    LookupStatus.UNREACHABLE,
)

# The words of RFC 8914 that are not plain words.
_WORDS = {word.title(): word for word in ("DNSSEC", "DNSKEY", "DS", "RRSIGs", "NSEC", "NSEC3", "NXDOMAIN")}

Server = tuple[str, int]


class Resolver:
    """Asks *servers*, IP addresses with their ports, in this order; None for the system's own. One lookup takes *seconds* at most."""

    def __init__(self, servers: Sequence[Server] | None, seconds: float) -> None:
        self._servers = tuple(_system_servers() if servers is None else servers)
        self._seconds = seconds

    async def lookup(self, question: Question) -> Lookup:
        """Return the answer to *question*; whatever goes wrong is a status of it.

        A chain of aliases that the resolver leaves unfinished is asked to its end. A named server is believed to have said all that it
        knows: where its answer ends in an alias, the status is NODATA with that alias.
        """
        start = time.monotonic()
        try:
            name, rdtype = dns.name.from_text(question.name.encode("ascii")), dns.rdatatype.from_text(question.type)
        except (dns.exception.DNSException, ValueError):
            return Lookup(question, LookupStatus.UNKNOWN)
        servers = self._servers if question.server is None else ((question.server, PORT),)
        # A name server that does not answer twice is down; a resolver may only be waiting for one.
        seconds = self._seconds if question.server is None else min(self._seconds, 2 * ATTEMPT_SECONDS)
        found = await _resolve(question, name, rdtype, servers, start + seconds)
        return replace(found, ms=round((time.monotonic() - start) * 1000, 3))


def _system_servers() -> Iterator[Server]:
    try:
        found = dns.resolver.Resolver().nameservers
    except (dns.exception.DNSException, OSError):
        return
    yield from ((str(server), PORT) for server in found)


async def _resolve(
    question: Question, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, servers: Sequence[Server], deadline: float
) -> Lookup:
    """Ask for *name*, and on for the target of an alias where a resolver stopped there."""
    before: list[Lookup] = []
    asked = {name}
    while True:
        part, target = await _ask_all(question, name, rdtype, servers, deadline)
        before.append(part)
        aliases = tuple(alias for lookup in before for alias in lookup.aliases)
        known = [lookup.ttl for lookup in before if lookup.ttl is not None]
        whole = replace(
            part,
            aliases=aliases[:MAX_ALIASES],
            ttl=min(known, default=None),
            authenticated=all(lookup.authenticated for lookup in before),
            authoritative=all(lookup.authoritative for lookup in before),
        )
        if target is None or question.server is not None:
            return whole
        if target in asked or len(aliases) > MAX_ALIASES:
            return replace(whole, status=LookupStatus.LOOP)
        asked.add(target)
        name = target


async def _ask_all(
    question: Question, name: dns.name.Name, rdtype: dns.rdatatype.RdataType, servers: Sequence[Server], deadline: float
) -> tuple[Lookup, dns.name.Name | None]:
    """Ask one server after the other until one knows. A silent one comes again at the end, others do not; a second SERVFAIL is enough."""
    query = dns.message.make_query(name, rdtype, use_edns=0, payload=_PAYLOAD)
    query.flags = dns.flags.AD if question.server is not None else dns.flags.RD | dns.flags.AD
    turns = deque(servers)
    failed: list[Lookup] = []
    while turns and (left := deadline - time.monotonic()) > 0:
        server = turns.popleft()
        try:
            answer = await _ask(query, server, min(ATTEMPT_SECONDS, left))
        except _Failed as error:
            failed.append(Lookup(question, error.status))
            if error.status is LookupStatus.TIMEOUT:
                turns.append(server)
            continue
        lookup, target = _read(question, answer, name, rdtype)
        if lookup.status.known or lookup.status is LookupStatus.LOOP:
            return lookup, target
        failed.append(lookup)
        if [lookup.status for lookup in failed].count(LookupStatus.SERVFAIL) > 1:
            break
    nothing = Lookup(question, LookupStatus.TIMEOUT if servers else LookupStatus.UNREACHABLE)
    return min(failed, key=lambda lookup: _TELLING.index(lookup.status), default=nothing), None


# --- one server --------------------------------------------------------------------------------------------------------------------


class _Failed(Exception):
    def __init__(self, status: LookupStatus) -> None:
        super().__init__(status)
        self.status = status


async def _ask(query: dns.message.Message, server: Server, seconds: float) -> dns.message.Message:
    """Return the answer of *server*, over TCP where it does not fit otherwise; raises _Failed."""
    heard = _Heard()
    try:
        async with asyncio.timeout(seconds):
            answer = await _over_udp(query, server, heard)
            if answer.rcode() in _NO_EDNS:
                plain = dns.message.make_query(query.question[0].name, query.question[0].rdtype)
                plain.flags = query.flags
                query, answer = plain, await _over_udp(plain, server, heard)
            # RFC 7766, 5: what does not fit is asked for over TCP.
            return await _over_tcp(query, server) if answer.flags & dns.flags.TC else answer
    except TimeoutError:
        raise _Failed(LookupStatus.MALFORMED if heard.nonsense else LookupStatus.TIMEOUT) from None
    except EOFError:
        raise _Failed(LookupStatus.MALFORMED) from None
    except (OSError, ValueError):  # ValueError: not an IP address
        raise _Failed(LookupStatus.UNREACHABLE) from None


class _Heard:
    """What else was heard while we waited: anybody can send us datagrams, so that the right one is waited for."""

    nonsense = False


async def _over_udp(query: dns.message.Message, server: Server, heard: _Heard) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    family, address = _address(server)
    # A connected socket: only that server is heard, and the kernel tells when nobody listens there.
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.setblocking(False)
        connection.connect(address)
        await loop.sock_sendall(connection, query.to_wire())
        while True:
            answer = _parsed(await loop.sock_recv(connection, _MAX_DATAGRAM))
            if answer is not None and query.is_response(answer):
                return answer
            heard.nonsense = True


async def _over_tcp(query: dns.message.Message, server: Server) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    family, address = _address(server)
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, address)
        wire = query.to_wire()
        await loop.sock_sendall(connection, len(wire).to_bytes(2, "big") + wire)
        length = int.from_bytes(await _exactly(connection, 2), "big")
        answer = _parsed(await _exactly(connection, length))
        if answer is None or not query.is_response(answer):
            raise _Failed(LookupStatus.MALFORMED)
        return answer


async def _exactly(connection: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < count:
        part = await loop.sock_recv(connection, count - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


def _address(server: Server) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    # In full, so that nothing has to be looked up: with a zone ("fe80::1%eth0") the loop would otherwise ask a thread.
    ip, port = ipaddress.ip_address(server[0]), server[1]
    if isinstance(ip, ipaddress.IPv4Address):
        return socket.AF_INET, (str(ip), port)
    zone = ip.scope_id
    number = 0 if zone is None else int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    return socket.AF_INET6, (str(ip).partition("%")[0], port, 0, number)


# --- reading -----------------------------------------------------------------------------------------------------------------------


def _parsed(wire: bytes) -> dns.message.Message | None:
    """Return the message in *wire*, None where it is none."""
    try:
        return dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None


def _read(
    question: Question, answer: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> tuple[Lookup, dns.name.Name | None]:
    """Return what *answer* says of *name*, and the alias's target where it says no more than that there is one."""
    status = _STATUSES.get(answer.rcode(), LookupStatus.SERVFAIL)
    lookup = Lookup(
        question,
        status,
        authenticated=bool(answer.flags & dns.flags.AD),
        authoritative=bool(answer.flags & dns.flags.AA),
        errors=tuple(_extended_errors(answer)),
    )
    if not status.known:
        return lookup, None
    aliases: list[str] = []
    ttls: list[int] = []
    seen = {name}
    while (records := _records(answer, name, rdtype)) is None:
        alias = _records(answer, name, dns.rdatatype.CNAME)
        if alias is None:
            break
        name = alias[0].target
        aliases.append(_name(name))
        ttls.append(alias.ttl)
        if name in seen or len(aliases) > MAX_ALIASES:
            return replace(lookup, status=LookupStatus.LOOP, aliases=tuple(aliases[:MAX_ALIASES]), ttl=min(ttls)), None
        seen.add(name)
    if records is not None:
        ttls.append(records.ttl)
        values = tuple(_value(rdata)[:MAX_VALUE_LENGTH] for rdata in list(records)[:MAX_VALUES])
        return replace(lookup, status=LookupStatus.FOUND, values=values, aliases=tuple(aliases), ttl=min(ttls)), None
    if question.server is not None and rdtype == dns.rdatatype.NS and not aliases:
        # RFC 1034, 4.3.2, 3b: a server of the parent zone refers to those of the zone, outside of its answer.
        referral = answer.get_rrset(answer.authority, name, dns.rdataclass.IN, rdtype)
        if referral:
            return replace(lookup, status=LookupStatus.FOUND, values=tuple(map(_value, referral))[:MAX_VALUES], ttl=referral.ttl), None
    start = next((rrset for rrset in answer.authority if rrset.rdtype == dns.rdatatype.SOA), None)
    if start is not None:
        ttls.append(min(start.ttl, start[0].minimum))  # RFC 2308, 5
    # RFC 2308, 2.1 and 2.2: who has looked at the end of the chain and found nothing says so with a SOA, or with NXDOMAIN.
    unfinished = bool(aliases) and start is None and status is LookupStatus.NODATA
    return replace(lookup, aliases=tuple(aliases), ttl=min(ttls, default=None)), name if unfinished else None


def _records(answer: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
    found = answer.get_rrset(answer.answer, name, dns.rdataclass.IN, rdtype)
    return found or None


def _value(rdata: dns.rdata.Rdata) -> str:
    """Return *rdata* as in a master file, in the one spelling of `Lookup`."""
    match dns.rdatatype.to_text(rdata.rdtype):
        case "A" | "AAAA":
            return str(ipaddress.ip_address(rdata.address))  # type: ignore[attr-defined]  # as the type says
        case "NS" | "CNAME" | "PTR" | "DNAME":
            return _name(rdata.target)  # type: ignore[attr-defined]
        case "MX":
            return f"{rdata.preference} {_name(rdata.exchange)}"  # type: ignore[attr-defined]
        case "SRV":
            return f"{rdata.priority} {rdata.weight} {rdata.port} {_name(rdata.target)}"  # type: ignore[attr-defined]
        case "TXT":
            return b"".join(rdata.strings).decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]
        case "SOA":
            _, _, numbers = rdata.to_text().split(" ", 2)
            return f"{_name(rdata.mname)} {_name(rdata.rname)} {numbers}"  # type: ignore[attr-defined]
    return rdata.to_text(chunksize=0)


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _extended_errors(answer: dns.message.Message) -> Iterator[str]:
    options = [option for option in answer.options if isinstance(option, dns.edns.EDEOption)]
    for option in options[:_MAX_ERRORS]:
        known = option.code in list(dns.edns.EDECode)
        words = [_WORDS.get(word, word) for word in option.code.name.title().split("_")] if known else []
        text = f": {option.text}" if option.text else ""
        yield printable(" ".join([str(int(option.code)), *words]) + text, _MAX_ERROR_LENGTH)
