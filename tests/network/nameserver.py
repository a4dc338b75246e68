"""A name server in the test's own loop, on UDP and TCP of one loopback port, that answers as a function says: right, wrong or never."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rrset

Reply = dns.message.Message | bytes | None
Answerer = Callable[[dns.message.Message, bool], Reply]  # the query, and whether it came over TCP; None is silence


@dataclass
class FaultyServer(asyncio.DatagramProtocol):
    """A running server: `queries` are those that it understood, with whether they came over TCP."""

    answerer: Answerer
    address: tuple[str, int] = ("", 0)
    queries: list[tuple[dns.message.Message, bool]] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for the answers."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a datagram."""
        reply = self._reply(data, tcp=False)
        if reply is not None:
            self._transport.sendto(reply, addr)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one query over TCP; silence holds the connection open until the other side goes."""
        length = int.from_bytes(await reader.readexactly(2), "big")
        reply = self._reply(await reader.readexactly(length), tcp=True)
        if reply is None:
            await reader.read()
        else:
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()
        writer.close()

    def _reply(self, wire: bytes, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        self.queries.append((query, tcp))
        reply = self.answerer(query, tcp)
        return reply.to_wire(max_size=65535) if isinstance(reply, dns.message.Message) else reply


@asynccontextmanager
async def answering(answerer: Answerer, tcp: bool = True) -> AsyncIterator[FaultyServer]:
    """Run a server until the end of the block; without *tcp* nobody listens there."""
    server = FaultyServer(answerer)
    datagrams, stream = _one_port() if tcp else (_bound(socket.SOCK_DGRAM, 0), None)
    server.address = datagrams.getsockname()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, sock=datagrams)
    streams = None if stream is None else await asyncio.start_server(server.serve, sock=stream)
    try:
        yield server
    finally:
        transport.close()
        if streams is not None:
            streams.close()
            await streams.wait_closed()


def _one_port() -> tuple[socket.socket, socket.socket]:
    """Return sockets for UDP and TCP at the same port; somebody else may have one of them."""
    while True:
        datagrams = _bound(socket.SOCK_DGRAM, 0)
        try:
            return datagrams, _bound(socket.SOCK_STREAM, datagrams.getsockname()[1])
        except OSError:
            datagrams.close()


def _bound(kind: socket.SocketKind, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.close()
        raise
    return made


def reply(query: dns.message.Message, *records: str, rcode: int = 0, authority: tuple[str, ...] = ()) -> dns.message.Message:
    """Return the answer to *query* with *records*, each "name type value", whose TTL is 300."""
    message = dns.message.make_response(query, recursion_available=True)
    message.set_rcode(rcode)
    for section, lines in ((message.answer, records), (message.authority, authority)):
        for line in lines:
            name, rtype, value = line.split(" ", 2)
            rrset = next((known for known in section if known.name.to_text() == name and known.rdtype == _rtype(rtype)), None)
            fresh = dns.rrset.from_text(name, 300, "IN", rtype, value)
            if rrset is None:
                section.append(fresh)
            else:
                rrset.update(fresh)
    return message


def _rtype(text: str) -> int:
    return int(dns.rdatatype.from_text(text))
