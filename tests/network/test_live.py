"""The real network as a world, on loopback: asked once, within its limits, and nothing left at the end."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import dns.message
import pytest

from autoconfig.address import Domain
from autoconfig.errors import UsageError
from autoconfig.network.live import MAX_PER_MAIL_SERVER, Live
from autoconfig.network.policy import PUBLIC_ONLY
from autoconfig.observations import TCP, Endpoint, GreetingKind, HTTPFailure, LookupStatus, Request, Service
from tests.faulty import Fault, Faulty
from tests.network.nameserver import FaultyServer, Reply, answering, reply

T = TypeVar("T")
MAIL = Domain.parse("mail.kund.se")


def run(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run *test*; no task and no thread is left after it."""

    async def whole() -> T:
        result = await test()
        assert len(asyncio.all_tasks()) == 1
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]
        return result

    return asyncio.run(whole())


def zone(query: dns.message.Message, tcp: bool) -> Reply:
    """Every name is at 127.0.0.1, but gone.se is not there and lame.se cannot be told."""
    question = query.question[0]
    if question.name.to_text() in ("gone.se.", "lame.se."):
        return reply(query, rcode=3 if question.name.to_text() == "gone.se." else 2)
    return reply(query, f"{question.name} A 127.0.0.1") if question.rdtype == 1 else reply(query)


@asynccontextmanager
async def speaking(text: bytes, pause: float = 0.0) -> AsyncIterator[tuple[int, list[int]]]:
    """Listen on a port of loopback, say *text* after *pause* seconds; the list has how many are connected, at each connection."""
    connected: list[int] = []
    now = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now
        now += 1
        connected.append(now)
        await asyncio.sleep(pause)
        writer.write(text)
        await reader.read()
        now -= 1
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], connected
    finally:
        server.close()
        await server.wait_closed()


def test_a_question_is_asked_once() -> None:
    """However it is spelled, and by how many at the same time; an answer is remembered."""

    async def test() -> None:
        async with answering(zone) as server, Live(resolver=server.address) as world:
            first = await asyncio.gather(*(world.lookup(name, "A") for name in ("kund.se", "KUND.se.", "kund.se")))
            assert first[0] is first[1] is first[2] is await world.lookup("kund.se", "A")
            assert len(server.queries) == 1
            await world.lookup("kund.se", "AAAA")
            assert len(server.queries) == 2
            assert [(found.question.type, found.status) for found in world.answers.lookups] == [
                ("A", LookupStatus.FOUND),
                ("AAAA", LookupStatus.NODATA),
            ]

    run(test)


def test_who_stops_waiting_takes_nothing_from_others() -> None:
    """The shared question goes on, and ends with the world."""

    async def test() -> None:
        async with answering(lambda query, tcp: None) as server, Live(resolver=server.address, deadline=0.4) as world:
            asking = asyncio.create_task(world.lookup("kund.se", "A"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(world.lookup("kund.se", "A"), 0.1)
            assert (await asking).status is LookupStatus.TIMEOUT
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(world.lookup("other.se", "A"), 0.1)
        assert len(world.answers.lookups) == 1

    run(test)


def test_addresses_that_were_given_are_not_asked_for() -> None:
    """Only addresses, only of that host, and not where a server is asked what it says itself."""

    async def test() -> FaultyServer:
        resolve = {"Mail.Kund.SE": ["192.0.2.20", "192.0.2.21"]}
        async with answering(zone) as server, Live(resolver=server.address, resolve=resolve, policy=PUBLIC_ONLY) as world:
            assert (await world.lookup("mail.kund.se", "A")).values == ("192.0.2.20", "192.0.2.21")
            assert (await world.lookup("mail.kund.se", "AAAA")).status is LookupStatus.NODATA
            assert server.queries == []
            assert (await world.lookup("mail.kund.se", "MX")).status is LookupStatus.NODATA
            assert (await world.lookup("www.kund.se", "A")).values == ("127.0.0.1",)
            assert (await world.lookup("mail.kund.se", "A", "192.0.2.53")).status is LookupStatus.UNKNOWN
        return server

    assert len(run(test).queries) == 2


def test_the_time_of_the_world_is_when_it_began() -> None:
    """In UTC."""

    async def test() -> datetime:
        async with Live(resolver=("127.0.0.1", 1)) as world:
            return world.now

    assert abs((datetime.now(UTC) - run(test)).total_seconds()) < 10


def test_a_probe_is_made_once_and_at_most_two_at_the_same_time() -> None:
    """Per address and port, whatever the names."""

    async def test() -> None:
        async with speaking(b"* BYE go away\r\n", pause=0.05) as (port, connected), Live(deadline=3) as world:
            endpoints = [Endpoint(Service.IMAP, Domain.parse(f"mail{i}.kund.se"), "127.0.0.1", port) for i in range(5)]
            found = await asyncio.gather(*(world.probe(endpoint) for endpoint in endpoints * 2))
            assert [connection.endpoint for connection in found] == endpoints * 2
            assert all(connection.greeting is not None and connection.greeting.kind is GreetingKind.GO_AWAY for connection in found)
            assert len(connected) == 5
            assert max(connected) == MAX_PER_MAIL_SERVER
            assert len(world.answers.connections) == 5

    run(test)


def test_a_mail_server_is_talked_to_by_two_at_a_time_whatever_the_port() -> None:
    """Who waits in vain for long goes on, because a silent port says nothing of another."""

    async def most(pause: float, deadline: float) -> tuple[int, set[GreetingKind | None]]:
        at_once = now = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal at_once, now
            now += 1
            at_once = max(at_once, now)
            await asyncio.sleep(pause)
            writer.write(b"* BYE go away\r\n")
            await reader.read()
            now -= 1
            writer.close()

        servers = [await asyncio.start_server(talk, "127.0.0.1", 0) for _ in range(6)]
        async with Live(deadline=deadline, politely=True) as world:
            endpoints = [Endpoint(Service.IMAP, MAIL, "127.0.0.1", server.sockets[0].getsockname()[1]) for server in servers]
            found = await asyncio.gather(*map(world.probe, endpoints))
        for server in servers:
            server.close()
            await server.wait_closed()
        return at_once, {connection.greeting.kind if connection.greeting else None for connection in found}

    assert run(lambda: most(pause=0.02, deadline=20)) == (MAX_PER_MAIL_SERVER, {GreetingKind.GO_AWAY})
    at_once, kinds = run(lambda: most(pause=0.5, deadline=1.8))
    assert at_once > MAX_PER_MAIL_SERVER
    assert kinds == {GreetingKind.GO_AWAY}


@pytest.mark.parametrize("greeting", [b"421 4.7.0 too many connections", b"421 4.3.2 later"])
def test_a_server_that_asks_for_patience_is_asked_once_more(greeting: bytes) -> None:
    """After a pause, and only once (RFC 5321, 4.2.1)."""

    async def test(greetings: list[bytes]) -> tuple[GreetingKind | None, int]:
        connected = 0

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connected
            writer.write(greetings[min(connected, len(greetings) - 1)] + b"\r\n")
            connected += 1
            if await reader.readline():
                writer.write(b"250 mail.kund.se\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with Live(deadline=2) as world:
            found = await world.probe(Endpoint(Service.SMTP, MAIL, "127.0.0.1", server.sockets[0].getsockname()[1]))
        server.close()
        await server.wait_closed()
        return found.greeting.kind if found.greeting else None, connected

    assert run(lambda: test([greeting, b"220 mail.kund.se ESMTP"])) == (GreetingKind.READY, 2)
    assert run(lambda: test([greeting])) == (GreetingKind.TRY_LATER, 2)
    assert run(lambda: test([b"554 no"])) == (GreetingKind.GO_AWAY, 1)


@pytest.mark.parametrize("service", ["smtp", "submission"])
def test_the_faulty_server_with_too_many_connections_is_asked_twice(service: str) -> None:
    """And what it says stands."""

    async def test(port: int) -> GreetingKind | None:
        async with Live(deadline=2) as world:
            found = await world.probe(Endpoint(Service(service), MAIL, "127.0.0.1", port))
        return found.greeting.kind if found.greeting else None

    with Faulty(service, Fault.GREETING_421, addresses=("127.0.0.1",)) as server:
        assert run(lambda: test(server.port)) is GreetingKind.TRY_LATER
        assert server.connections == 2


def test_a_silent_place_costs_the_deadline_once() -> None:
    """What got no answer for two names gets none for a third."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        # On Linux a listener whose queue is full lets further connections wait: this is what silence looks like.
        with socket.create_connection(("127.0.0.1", port)):

            async def test() -> list[TCP]:
                async with Live(deadline=0.6) as world:
                    endpoints = [Endpoint(Service.IMAPS, Domain.parse(f"mail{i}.kund.se"), "127.0.0.1", port) for i in range(8)]
                    return [found.tcp for found in await asyncio.gather(*(world.probe(endpoint) for endpoint in endpoints))]

            start = time.monotonic()
            assert set(run(test)) == {TCP.TIMEOUT}
            assert time.monotonic() - start < 1.2


def test_where_the_policy_does_not_let_us_nobody_goes() -> None:
    """Neither by a probe nor by a request, be it by a name, an address or a port."""

    async def test() -> None:
        async with (
            speaking(b"") as (port, connected),
            answering(zone) as server,
            Live(resolver=server.address, policy=PUBLIC_ONLY) as world,
        ):
            assert (await world.probe(Endpoint(Service.IMAP, MAIL, "127.0.0.1", port))).tcp is TCP.FORBIDDEN
            assert (await world.probe(Endpoint(Service.IMAPS, MAIL, "10.0.0.1", 993))).tcp is TCP.FORBIDDEN
            for url in (f"http://kund.se:{port}/", f"http://127.0.0.1:{port}/", "https://[::1]/", "https://kund.se/", "http://8.8.8.8:22/"):
                assert (await world.fetch(Request(url))).failure is HTTPFailure.FORBIDDEN, url
            assert connected == []

    run(test)


def test_a_page_is_fetched_once_from_the_address_that_the_dns_said() -> None:
    """The name is looked up by this world itself."""

    async def test() -> None:
        page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        async with speaking(page) as (port, connected), answering(zone) as server, Live(resolver=server.address, deadline=3) as world:
            request = Request(f"http://KUND.se:{port}/mail?x=1")
            first, second = await asyncio.gather(world.fetch(request), world.fetch(request))
            assert first is second
            assert (first.status, first.body, first.ip) == (200, b"hello", "127.0.0.1")
            assert len(connected) == 1
            assert [found.question.name for found in world.answers.lookups] == ["kund.se", "kund.se"]
            assert world.answers.responses == (first,)

    run(test)


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("https://gone.se/", HTTPFailure.NO_ADDRESS),
        ("https://lame.se/", HTTPFailure.UNKNOWN),
        ("https://localhost/", HTTPFailure.NO_ADDRESS),
        ("https://2130706433/", HTTPFailure.NO_ADDRESS),
        ("https:///", HTTPFailure.NO_ADDRESS),
        ("http://127.0.0.1:1/", HTTPFailure.REFUSED),
        ("http://kund.se:99999/", HTTPFailure.UNKNOWN),
        ("http://kund.se:0/", HTTPFailure.UNKNOWN),
        ("http://[::1/", HTTPFailure.UNKNOWN),
        ("ftp://kund.se/", HTTPFailure.UNKNOWN),
        ("", HTTPFailure.UNKNOWN),
    ],
)
def test_what_cannot_be_fetched_says_why(url: str, failure: HTTPFailure) -> None:
    """No such name, a name that could not be looked up, nobody there, and what is no URL at all."""

    async def test() -> HTTPFailure | None:
        async with answering(zone) as server, Live(resolver=server.address, deadline=2) as world:
            return (await world.fetch(Request(url))).failure

    assert run(test) is failure


def test_nothing_is_left_when_the_world_is_closed_early() -> None:
    """Not even a request in its thread."""

    async def test() -> None:
        async with speaking(b"", pause=0) as (port, connected):
            async with Live(deadline=0.5) as world:
                asking = [
                    asyncio.create_task(world.fetch(Request(f"http://127.0.0.1:{port}/"))),
                    asyncio.create_task(world.probe(Endpoint(Service.SMTP, MAIL, "127.0.0.1", port))),
                ]
                while len(connected) < 2:
                    await asyncio.sleep(0.01)
            assert all(isinstance(found, asyncio.CancelledError) for found in await asyncio.gather(*asking, return_exceptions=True))
            assert world.answers.responses == ()

    run(test)


def test_certificates_that_cannot_be_read_are_wrong_usage(tmp_path: Path) -> None:
    """At once, and not as a fault of every server."""
    with pytest.raises(UsageError, match="cannot be read"):
        Live(ca=tmp_path / "missing.pem")
