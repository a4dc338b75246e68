"""A connection that we read line by line, and that can become TLS without a byte from before being taken for one from after.

It is a plain socket, with OpenSSL between two buffers of ours: so we know exactly which bytes came in the clear, which alert the server
sent, and what a server says that answers a ClientHello in clear text. Everything is bounded in size; the time is the caller's, who
cancels. Nothing here waits at the end, and nothing knows a mail protocol.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress

from autoconfig.network.language import looks_like_tls
from autoconfig.observations import TCP, Stop, TLSFailure

MAX_LINE = 8 * 1024
MAX_ANSWER = 64 * 1024
_CHUNK = 16 * 1024
_MAX_CLEAR = 8 * 1024  # of clear text where TLS should begin
_CLEAR_GRACE = 1.0  # seconds for TLS to begin after such clear text
_TRANSCRIPT_LINES = 60
_TRANSCRIPT_WIDTH = 200

_LITERAL = re.compile(rb"\{(\d{1,9})\+?\}\r?\n\Z")

# RFC 8446, 5.1 and 4: a record's type, version and length, then the type of the handshake message in it
_SERVER_HELLO = re.compile(rb"(?<=\n)\x16\x03.{3}\x02", re.DOTALL)
_CLIENT_HELLO = b"\x01"

# Addresses that stand for the rest of the world of their family; nothing is ever sent there.
_SOMEWHERE = {4: "198.51.100.1", 6: "2001:db8::1"}


class Ended(Exception):
    """The conversation is over: *stop* says how, *detail* perhaps in whose words."""

    def __init__(self, stop: Stop, detail: str = "") -> None:
        self.stop = stop
        self.detail = detail
        super().__init__(stop)


class NoTLS(Exception):
    """The handshake of *session* failed; *said* is what the server sent in clear text instead."""

    def __init__(self, session: ssl.SSLObject, failure: TLSFailure, detail: str = "", said: bytes = b"") -> None:
        self.session = session
        self.failure = failure
        self.detail = detail
        self.said = said
        super().__init__(failure)


class NoConnection(Exception):
    """There is no connection: *outcome* says why."""

    def __init__(self, outcome: TCP) -> None:
        self.outcome = outcome
        super().__init__(outcome)


async def connect(ip: str, port: int, seconds: float) -> Stream:
    """Connect to the literal address *ip* within *seconds*; raises NoConnection."""
    try:
        version = ipaddress.ip_address(ip).version
    except ValueError:
        raise NoConnection(TCP.UNKNOWN) from None
    if not 0 < port < 65536:
        raise NoConnection(TCP.UNKNOWN)
    try:
        sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    except OSError as error:
        raise NoConnection(outcome_of(error, ip)) from None
    try:
        sock.setblocking(False)
        # What we write is short, and each time we wait for an answer to it.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(sock, (ip, port))
    except ConnectionResetError:  # there was a connection, and it is gone before we could look; a refusal has its own error
        return Stream(sock, reset=True)
    except OSError as error:  # TimeoutError is one
        sock.close()
        raise NoConnection(outcome_of(error, ip)) from None
    except BaseException:
        sock.close()
        raise
    return Stream(sock)


def outcome_of(error: OSError, ip: str) -> TCP:
    """Return what *error* means that hindered a connection to *ip*."""
    if isinstance(error, TimeoutError):
        return TCP.TIMEOUT if _way_to(ip) else TCP.NO_WAY_FROM_HERE
    if isinstance(error, ConnectionError):
        return TCP.REFUSED
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL):
        return TCP.UNREACHABLE if _way_to(ip) else TCP.NO_WAY_FROM_HERE
    # Our own firewall, no such family of addresses here, a link-local address without its link.
    if error.errno in (errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT, errno.ENETDOWN, errno.EINVAL):
        return TCP.NO_WAY_FROM_HERE
    return TCP.UNKNOWN


def _way_to(ip: str) -> bool:
    # A datagram socket finds its route without sending anything. A private IPv6 address is no way to the public network: unlike IPv4's,
    # it is not meant to be translated (RFC 4193, 4.1), and what fails then says nothing about the other side.
    target = ipaddress.ip_address(ip)
    if target.is_loopback:
        return True
    for place in (ip, _SOMEWHERE[target.version]):
        with suppress(OSError), socket.socket(socket.AF_INET if target.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((place, 9))
            source = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
            return target.version == 4 or not target.is_global or source.is_global
    return False


class Stream:
    """A conversation over *sock*, which it owns from now on; *reset* where it is known to be dead already."""

    def __init__(self, sock: socket.socket, *, reset: bool = False) -> None:
        self.tls: ssl.SSLObject | None = None
        self._sock = sock
        self._reset = reset
        self._loop = asyncio.get_running_loop()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._buffer = bytearray()
        self._transcript: list[str] = []
        self.censor: Callable[[str], str] = str  # what takes out of a line that nobody may read

    # --- what happened ---

    def note(self, sign: str, text: str) -> None:
        """Add a line to the transcript; *sign* is "<", ">" or "*"."""
        if len(self._transcript) < _TRANSCRIPT_LINES:
            text = self.censor(text)
            clip = text if len(text) <= _TRANSCRIPT_WIDTH else text[: _TRANSCRIPT_WIDTH - 1] + "…"
            self._transcript.append(f"{sign} {clip}")

    @property
    def transcript(self) -> tuple[str, ...]:
        """What was said so far."""
        return tuple(self._transcript)

    @property
    def waiting(self) -> bytes:
        """What has come and was not yet read."""
        return bytes(self._buffer)

    # --- talking ---

    async def answer(self, ends: Callable[[Sequence[str]], bool], *, literals: bool, allowed: int = MAX_ANSWER) -> list[str]:
        """Read lines until *ends* says so, at most *allowed* bytes; raises Ended."""
        lines: list[str] = []
        size = 0
        while not lines or not ends(lines):
            line = await self._line(literals=literals, allowed=allowed - size)
            size += len(line) + 2
            text = line.decode("utf-8", "replace")
            self.note("<", text)
            lines.append(text)
        return lines

    async def say(self, data: bytes, shown: str | None = None) -> None:
        """Write *data*; what goes wrong is heard at the next reading, together with what the server said before.

        The transcript has *shown* instead, where *data* is nothing that may be read.
        """
        self.note(">", data.decode().rstrip() if shown is None else shown)
        if self.tls is not None:
            with suppress(ssl.SSLError):
                self.tls.write(data)
            data = self._outgoing.read()
        await self._send(data)

    def leave(self, goodbye: bytes = b"") -> None:
        """Say *goodbye*, wait for nothing, and close."""
        with suppress(OSError):
            if goodbye:
                self.note(">", goodbye.decode().rstrip())
                if self.tls is not None:
                    with suppress(ssl.SSLError):
                        self.tls.write(goodbye)
                        self.tls.unwrap()  # only writes our close_notify: RFC 8446, 6.1 does not make us wait for theirs
                    goodbye = self._outgoing.read()
                self._sock.send(goodbye)
        self._sock.close()

    async def _send(self, data: bytes) -> None:
        try:
            if data:
                await self._loop.sock_sendall(self._sock, data)
        except OSError:
            self._reset = True

    async def _line(self, *, literals: bool, allowed: int) -> bytes:
        line = b""
        while True:
            part = await self._until_newline(min(MAX_LINE, allowed - len(line)))
            literal = _LITERAL.search(part) if literals else None
            if not literal:
                return line + part.removesuffix(b"\n").removesuffix(b"\r")
            content = await self._exactly(int(literal[1]), allowed - len(line))
            # RFC 5804, 4: QUOTED-SPECIALS = DQUOTE / "\"
            line += part[: literal.start()] + b'"' + content.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'

    async def _until_newline(self, limit: int) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > limit:
                raise Ended(Stop.TOO_LONG)
            if self.tls is None and looks_like_tls(bytes(self._buffer[:2])):
                raise Ended(Stop.TLS_BYTES)
            self._buffer += await self._more()
        if end > limit:
            raise Ended(Stop.TOO_LONG)
        return self._take(end + 1)

    async def _exactly(self, count: int, limit: int) -> bytes:
        if count > limit:
            raise Ended(Stop.TOO_LONG)
        while len(self._buffer) < count:
            self._buffer += await self._more()
        return self._take(count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _more(self) -> bytes:
        """Return some more bytes; raises Ended where there will be none."""
        while True:
            if self.tls is None:
                data = await self._receive()
                if not data:
                    raise Ended(Stop.CLOSED)
                return data
            try:
                if data := self.tls.read(_CHUNK):
                    return data
                raise Ended(Stop.CLOSED)
            except ssl.SSLWantReadError:
                await self._send(self._outgoing.read())
                self._feed(await self._receive())
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                raise Ended(Stop.CLOSED) from None
            except ssl.SSLError as error:
                raise Ended(Stop.TLS_FAILED, failure_of(error)[1]) from None

    async def _receive(self) -> bytes:
        try:
            data = await self._loop.sock_recv(self._sock, _CHUNK)
        except TimeoutError:
            raise Ended(Stop.TIMEOUT) from None
        except OSError:
            raise Ended(Stop.RESET) from None
        if not data and self._reset:  # the system tells of a reset once only
            raise Ended(Stop.RESET)
        return data

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    # --- TLS ---

    async def start_tls(self, context: ssl.SSLContext, server_name: str, *, upgrade: bool) -> tuple[ssl.SSLObject, bytes]:
        """Shake hands, asking for *server_name*; return the session, and what the server sent in clear text before it.

        An *upgrade* is one in a conversation that began in clear text. Raises NoTLS. Nothing that came before is ever read as if it came
        over TLS.
        """
        clear, self._buffer = bytes(self._buffer), bytearray()
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        begun = False
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await self._send(self._outgoing.read())
                    data = await self._receive()
                    if not begun:
                        clear, data = await self._first_record(clear, data, upgrade)
                        if data and not _answers_hello(data):
                            raise NoTLS(tls, TLSFailure.NOT_TLS, said=data[:_MAX_CLEAR]) from None
                        begun = True
                    self._feed(data)
        except Ended as ended:
            raise NoTLS(tls, TLSFailure.TIMEOUT if ended.stop is Stop.TIMEOUT else TLSFailure.RESET) from None
        except ssl.SSLError as error:
            await self._send(self._outgoing.read())  # our alert
            raise NoTLS(tls, *failure_of(error)) from None
        self.tls = tls
        await self._send(self._outgoing.read())
        return tls, clear

    async def _first_record(self, clear: bytes, data: bytes, upgrade: bool) -> tuple[bytes, bytes]:
        """Part *data* where TLS begins, if it does; the clear text before that is added to *clear*."""
        if not data or _answers_hello(data) or not upgrade:
            return clear, data
        # Either the server does not speak TLS at all, or these are stray lines before it does. Only time tells.
        said = data
        with suppress(TimeoutError, Ended):
            async with asyncio.timeout(_CLEAR_GRACE):
                while len(said) < _MAX_CLEAR:
                    if start := _SERVER_HELLO.search(said):
                        return clear + said[: start.start()], said[start.start() :]
                    more = await self._receive()
                    if not more:
                        break
                    said += more
        return clear, said


def _answers_hello(data: bytes) -> bool:
    # Servers that do not know TLS may repeat our own ClientHello, as a command that they do not know.
    return looks_like_tls(data) and data[5:6] != _CLIENT_HELLO


_VERSION_WORDS = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION", "NO_PROTOCOLS_AVAILABLE", "UNKNOWN_PROTOCOL")


def failure_of(error: ssl.SSLError) -> tuple[TLSFailure, str]:
    """Return what kind of failure *error* is, and OpenSSL's words for it."""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return TLSFailure.CLOSED, ""
    reason = error.reason or ""
    words = re.sub(r"^(sslv3|tlsv1|tlsv13) alert ", "", reason.lower().replace("_", " "))
    if any(word in reason for word in _VERSION_WORDS):
        return TLSFailure.VERSION, words
    if "ALERT" in reason:
        return TLSFailure.ALERT, words
    return TLSFailure.PROTOCOL, words or str(error)[:_TRANSCRIPT_WIDTH]
