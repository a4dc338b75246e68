"""One connection as the server has it: bytes, TLS when asked for, and every way to end. Knows no protocol.

TLS goes through memory (`ssl.MemoryBIO`), so that the server decides over every byte: what comes before a handshake, where it stops,
and whether a close_notify is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct

_CHUNK = 1 << 16
_LINGER = 1.0  # seconds for a client to take what was last said, before the socket is closed


class Gone(Exception):
    """The client has left, or we have hung up on it."""


class Wire:
    """A connection of one client."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.waiting = b""  # read, and not yet understood
        self.sent = 0
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._over = False

    @property
    def encrypted(self) -> bool:
        """Tell whether TLS is on."""
        return self._tls is not None

    async def receive(self) -> bytes:
        """Return what comes next."""
        while True:
            if self._tls is None:
                data = await self._receive()
            else:
                try:
                    data = self._tls.read(_CHUNK)
                except ssl.SSLWantReadError:
                    await self._flush()
                    self._incoming.write(await self._receive())
                    continue
                except ssl.SSLError as error:
                    await self._flush()
                    raise Gone from error
            if not data:
                raise Gone
            return data

    async def line(self) -> bytes:
        """Return the next line, without its end."""
        while b"\n" not in self.waiting:
            self.waiting += await self.receive()
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line.removesuffix(b"\r")

    async def exactly(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        while len(self.waiting) < size:
            self.waiting += await self.receive()
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    async def send(self, data: bytes) -> None:
        """Send *data*, in one segment where it fits into one."""
        if self._tls is None:
            await self.send_raw(data)
            return
        for start in range(0, len(data), _CHUNK):
            self._tls.write(data[start : start + _CHUNK])
            await self._flush()

    async def send_raw(self, data: bytes) -> None:
        """Send *data* past TLS."""
        try:
            await asyncio.get_running_loop().sock_sendall(self.socket, data)
        except OSError as error:
            raise Gone from error
        self.sent += len(data)

    async def client_hello(self) -> None:
        """Wait for the client's first record of TLS."""
        if not self.waiting:
            self.waiting = await self._receive()

    async def start_tls(self, context: ssl.SSLContext, *, stop_after: int | None = None) -> None:
        """Shake hands. With *stop_after*, send no more than so many bytes of the server's part, and return."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(self.waiting)
        self.waiting = b""
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                if stop_after is not None and self._outgoing.pending:
                    await self.send_raw(self._outgoing.read(stop_after))
                    return
                await self._flush()
                self._incoming.write(await self._receive())
            except ssl.SSLError as error:
                await self._flush()
                await self.finish()
                raise Gone from error
            else:
                break
        await self._flush()
        self._tls = tls

    async def swallow(self) -> None:
        """Take whatever comes and say nothing, until the client leaves."""
        while True:
            await self._receive()

    async def finish(self, *, notify: bool = True) -> None:
        """Hang up politely: close_notify, FIN, and time for the client to read what was said."""
        if self._over:
            return
        self._over = True
        with contextlib.suppress(Gone, OSError):
            if self._tls is not None and notify:
                with contextlib.suppress(ssl.SSLError):
                    self._tls.unwrap()
                await self._flush()
            self.socket.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(_LINGER):
                await self.swallow()

    def reset(self) -> None:
        """Hang up with a RST."""
        self._over = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    async def _receive(self) -> bytes:
        if self.socket.fileno() < 0:
            raise Gone
        try:
            data = await asyncio.get_running_loop().sock_recv(self.socket, _CHUNK)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        return data

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self.send_raw(self._outgoing.read())
