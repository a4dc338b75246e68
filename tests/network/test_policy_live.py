"""The policy with real sockets: a server of the inside listens, and never sees a connection, whatever names and redirects lead to it."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import dns.message
import dns.rdatatype
import pytest

from autoconfig import diagnose
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case
from autoconfig.network.live import Live
from autoconfig.network.policy import ANYWHERE, PORTS, PUBLIC_ONLY, Policy
from autoconfig.observations import TCP, Endpoint, HTTPFailure, LookupStatus, Request, Service
from tests.network.nameserver import Reply, answering, reply
from tests.zones import answerer

SIEVE = 4190  # of mail's ports the only one that everybody may listen at
NOWHERE = (HTTPFailure.FORBIDDEN, HTTPFailure.NO_ADDRESS, HTTPFailure.UNKNOWN)


@dataclass
class Place:
    """An address of loopback that is nobody else's, with who has come there, by port."""

    ip: str
    seen: list[int] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    answer: Callable[[bytes], bytes] = lambda asked: b"HTTP/1.0 200 OK\r\n\r\ninside"

    @property
    def number(self) -> int:
        """The address as a number."""
        return int(ipaddress.ip_address(self.ip))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.seen.append(writer.get_extra_info("sockname")[1])
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            writer.write(self.answer(await reader.readuntil(b"\r\n\r\n")))
        writer.close()


class Asked(asyncio.DatagramProtocol):
    """Who sends datagrams to a place's port 53."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Count it."""
        self._place.seen.append(53)


@asynccontextmanager
async def place(*more: int) -> AsyncIterator[Place]:
    """Listen at every port of mail and web, the name servers' and *more*, as far as we may."""
    here = Place(f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}")  # noqa: S311 - so that tests do not meet
    servers: list[asyncio.Server] = []
    datagrams = None
    for port in (*PORTS, 53, *more):
        with suppress(PermissionError):
            servers.append(await asyncio.start_server(here.talk, here.ip, port))
            here.ports.append(port)
    with suppress(PermissionError):
        datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Asked(here), local_addr=(here.ip, 53))
    assert SIEVE in here.ports
    try:
        yield here
    finally:
        if datagrams is not None:
            datagrams.close()
        for server in servers:
            server.close()
            await server.wait_closed()


@dataclass(frozen=True, slots=True)
class Fence(Policy):
    """A policy to which one address of loopback is the public internet."""

    outside: str = ""

    def allows(self, ip: str, port: int) -> bool:
        """Allow every port there."""
        return ip == self.outside

    def allows_name_server(self, ip: str) -> bool:
        """Allow it as a name server."""
        return ip == self.outside


def zone(inside: Place) -> dict[str, dict[str, list[str]]]:
    """Names that lead inside in every way that the DNS knows."""
    return {
        "inside.test": {"A": [inside.ip]},
        "mapped.test": {"AAAA": [f"::ffff:{inside.ip}"]},
        "translated.test": {"AAAA": [str(ipaddress.IPv6Address(0x64FF9B << 96 | inside.number))]},
        "6to4.test": {"AAAA": [str(ipaddress.IPv6Address(0x2002 << 112 | inside.number << 80 | 1))]},
        "both.test": {"A": [inside.ip], "AAAA": ["::1"]},
        "any.test": {"A": ["0.0.0.0"], "AAAA": ["::"]},  # noqa: S104 - not bound
        "localhost": {"A": [inside.ip]},
        "localhost.localdomain": {"A": [inside.ip]},
    }


def aliases(inside: Place) -> Callable[[dns.message.Message, bool], Reply]:
    """The same, with alias.test for inside.test, answered at once or left to be asked."""
    table = answerer(zone(inside))

    def answer(query: dns.message.Message, tcp: bool) -> Reply:
        question = query.question[0]
        if question.name.to_text() == "alias.test.":
            found = [f"inside.test. A {inside.ip}"] if question.rdtype == dns.rdatatype.A else []
            return reply(query, "alias.test. CNAME inside.test.", *found)
        if question.name.to_text() == "unfinished.test.":
            return reply(query, "unfinished.test. CNAME inside.test.")
        return table(query, tcp)

    return answer


def hosts(inside: Place) -> Iterator[str]:
    """Yield what may stand in a URL, and be taken for *inside* by somebody."""
    ip, number = inside.ip, inside.number
    a, b, c, d = ip.split(".")
    yield from (ip, f"{ip}.", f"[::ffff:{ip}]", f"[::{ip}]", f"[64:ff9b::{ip}]", f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]")
    yield from (str(number), hex(number), f"0{number:o}", f"{int(a):#x}.{b}.{c}.{d}", f"0{int(a):o}.{b}.{c}.{d}")
    yield from (f"{a}.{(int(b) << 16) + (int(c) << 8) + int(d)}", f"{a}.{b}.{(int(c) << 8) + int(d)}", f"{number + 2**32}")
    yield from (f"[::ffff:{ip}%25lo]", "[::1%25lo]", "[fe80::1%25lo]", "[::1]", "[::]", "0.0.0.0", "0", "127.1", f"[{ip}]")  # noqa: S104
    yield from (
        f"mail.kund.se@{ip}",
        f"{ip}#@mail.kund.se",
        f"{ip}\\@mail.kund.se",
        f"{ip}%00.kund.se",
        f"{ip}%2f.kund.se",
        f"{ip} .kund.se",
    )
    yield from ("localhost", "LOCALHOST.", "localhost.localdomain", "inside.test", "INSIDE.test.", "alias.test", "unfinished.test")
    yield from ("mapped.test", "translated.test", "6to4.test", "both.test", "any.test", "ｉnside.test", "①②⑦.0.0.1", "127。0。0。1")


def test_no_url_leads_inside() -> None:
    """However the host is written, and by any port; without the policy the same URLs arrive."""

    async def test() -> None:
        async with place() as inside, answering(aliases(inside)) as server:
            urls = [
                f"{scheme}://{host}{port}/mail/config-v1.1.xml"
                for host in hosts(inside)
                for scheme, port in (("http", f":{SIEVE}"), ("https", f":{SIEVE}"), ("http", ""), ("https", ""), ("http", ":53"))
            ]
            async with Live(resolver=server.address, policy=PUBLIC_ONLY, deadline=2.0) as world:
                for answer in await asyncio.gather(*(world.fetch(Request(url)) for url in urls)):
                    assert answer.failure in NOWHERE, answer.request.url
                assert inside.seen == []
            async with Live(resolver=server.address, policy=ANYWHERE, deadline=2.0) as world:
                for host in (inside.ip, "inside.test", "alias.test", "unfinished.test"):
                    assert (await world.fetch(Request(f"http://{host}:{SIEVE}/"))).body == b"inside"

    asyncio.run(test())


def test_no_conversation_leads_inside() -> None:
    """An endpoint has the address that is connected to; the policy judges it, whatever its name."""

    async def test() -> None:
        async with place() as inside, answering(aliases(inside)) as server:
            async with Live(resolver=server.address, policy=PUBLIC_ONLY, deadline=2.0) as world:
                name = Domain.parse("mail.kund.se")
                for ip in (inside.ip, f"::ffff:{inside.ip}", "::1", "0.0.0.0", "::", "::1%lo", "fe80::1%lo"):  # noqa: S104 - not bound
                    for service, port in ((Service.SIEVE, SIEVE), (Service.IMAPS, 993), (Service.SMTP, 25), (Service.HTTPS, 443)):
                        assert (await world.probe(Endpoint(service, name, ip, port))).tcp is TCP.FORBIDDEN
                assert (await world.lookup("kund.se", "NS", inside.ip)).status is LookupStatus.UNKNOWN
                assert (await world.lookup("kund.se", "NS", f"::ffff:{inside.ip}")).status is LookupStatus.UNKNOWN
            assert inside.seen == []

    asyncio.run(test())


def test_odd_ports_are_closed_everywhere() -> None:
    """Also of an address that would be open: nobody scans somebody else through us."""

    async def test() -> None:
        async with answering(lambda query, tcp: reply(query)) as server, Live(resolver=server.address, policy=PUBLIC_ONLY) as world:
            for port in (0, 22, 53, 3306, 8080, 65535, 65536, 99999):
                answer = await world.fetch(Request(f"http://8.8.8.8:{port}/"))
                assert answer.failure in (HTTPFailure.FORBIDDEN, HTTPFailure.UNKNOWN)
                assert answer.ms == 0

    asyncio.run(test())


def test_the_address_that_was_judged_is_the_one_that_is_connected_to() -> None:
    """A name that has another address the second time (rebinding) is asked for once; nobody asks the system for it again."""

    async def test() -> None:
        async with place() as outside, place() as inside:
            asked: list[str] = []

            def rebinding(query: dns.message.Message, tcp: bool) -> Reply:
                question = query.question[0]
                if question.rdtype != dns.rdatatype.A:
                    return reply(query)
                asked.append(question.name.to_text())
                return reply(query, f"{question.name} A {outside.ip if asked.count(asked[-1]) == 1 else inside.ip}")

            async with (
                answering(rebinding) as server,
                Live(resolver=server.address, policy=Fence(outside=outside.ip), deadline=2.0) as world,
            ):
                for path in ("a", "b", "c"):
                    answer = await world.fetch(Request(f"http://kund.test:{SIEVE}/{path}"))
                    assert (answer.status, answer.ip) == (200, outside.ip)
                assert asked == ["kund.test."]
            # A world of its own, as the next check has, judges the new address anew.
            async with Live(resolver=server.address, policy=Fence(outside=outside.ip), deadline=2.0) as world:
                assert (await world.fetch(Request(f"http://kund.test:{SIEVE}/"))).failure is not None
            assert outside.seen == [SIEVE] * 3
            assert inside.seen == []

    asyncio.run(test())


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_addresses_only_those_outside_are_tried(order: int) -> None:
    """Also where nobody listens outside, so that the next one would be tried."""

    async def test() -> None:
        async with place() as outside, place() as inside:
            with socket.create_server((outside.ip, 0)) as closed:
                port: int = closed.getsockname()[1]
            addresses = [outside.ip, inside.ip, "127.0.0.1"][::order]
            table = {"kund.test": {"A": addresses, "AAAA": [f"::ffff:{inside.ip}"]}}
            async with (
                answering(answerer(table)) as server,
                Live(resolver=server.address, policy=Fence(outside=outside.ip), deadline=2.0) as world,
            ):
                assert (await world.fetch(Request(f"http://kund.test:{SIEVE}/"))).ip == outside.ip
                assert (await world.fetch(Request(f"http://kund.test:{port}/"))).failure is HTTPFailure.REFUSED
            assert inside.seen == []

    asyncio.run(test())


def test_a_redirect_is_judged_like_a_first_request() -> None:
    """To another host, another port, or the same host once it has another address."""

    async def test() -> None:
        async with place() as outside, place() as inside:
            for target in (
                f"http://{inside.ip}:{SIEVE}/",
                f"//{inside.ip}:{SIEVE}",
                "http://inside.test/",
                f"http://[::ffff:{inside.ip}]:{SIEVE}/",
            ):
                location = f"HTTP/1.0 302 Found\r\nLocation: {target}\r\n\r\n".encode()
                outside.answer = lambda asked, location=location: location  # type: ignore[misc]
                fence = Fence(outside=outside.ip)
                async with answering(aliases(inside)) as server, Live(resolver=server.address, policy=fence, deadline=2.0) as world:
                    answer = await world.fetch(Request(f"http://{outside.ip}:{SIEVE}/"))
                    assert answer.status == 302
                    assert (await world.fetch(Request(answer.location))).failure is HTTPFailure.FORBIDDEN
            assert len(outside.seen) == 4
            assert inside.seen == []

    asyncio.run(test())


def records(inside: Place) -> dict[str, dict[str, list[str]]]:
    """A domain whose every record leads inside: its name servers, exchangers, servers, web sites and what is asked beside them."""
    table: dict[str, dict[str, list[str]]] = {
        "kund.test": {
            "A": [inside.ip],
            "AAAA": [f"::ffff:{inside.ip}"],
            "SOA": ["ns1.kund.test. hostmaster.kund.test. 1 3600 900 604800 300"],
            "NS": ["ns1.kund.test.", "ns2.kund.test."],
            "MX": ["10 mx.kund.test.", "20 inside.test.", "30 localhost."],
            "TXT": ['"v=spf1 mx a:inside.test include:spf.kund.test -all"', f'"mailconf=http://{inside.ip}:{SIEVE}/config.xml"'],
        },
        "_mta-sts.kund.test": {"TXT": ['"v=STSv1; id=1"']},
        "_ua-auto-config.kund.test": {"TXT": ['"v=UAAC1; a=sha256; d=AAAA"']},
        "_autodiscover._tcp.kund.test": {"SRV": [f"0 0 {SIEVE} inside.test."]},
    }
    for service, port in (
        ("imap", 143),
        ("imaps", 993),
        ("pop3", 110),
        ("pop3s", 995),
        ("submission", 587),
        ("submissions", 465),
        ("sieve", SIEVE),
    ):
        table[f"_{service}._tcp.kund.test"] = {"SRV": [f"0 0 {port} inside.test.", f"0 0 {SIEVE} mail.kund.test."]}
    for label in (
        "ns1",
        "ns2",
        "mx",
        "mail",
        "imap",
        "smtp",
        "pop",
        "pop3",
        "www",
        "autoconfig",
        "autodiscover",
        "ua-auto-config",
        "mta-sts",
    ):
        table[f"{label}.kund.test"] = {"A": [inside.ip], "AAAA": ["::1"]}
    return zone(inside) | table


def test_a_whole_check_of_a_domain_that_leads_inside_arrives_nowhere() -> None:
    """Every group of checks, every mail program and every name server; without the policy the same check knocks at many doors."""

    async def test() -> None:
        domain = Domain.parse("kund.test")
        for policy in (PUBLIC_ONLY, ANYWHERE):
            async with place() as inside, answering(answerer(records(inside))) as server:
                async with Live(resolver=server.address, policy=policy, deadline=2.0) as world:
                    await diagnose.run(Case(domain, EmailAddress("postmaster", domain), world), seconds=2.0)
                if policy is ANYWHERE:
                    assert set(inside.seen) & {SIEVE, 80, 443, 25, 993}
                else:
                    assert inside.seen == []

    asyncio.run(test())
