"""The faulty server: listens on loopback, does what its behaviour says, and remembers what the client did."""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
import ssl
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType

from cryptography import x509

from tests.faulty.certificates import Credentials
from tests.faulty.dialects import HTTP, Tokens, answer
from tests.faulty.faults import Fault
from tests.faulty.script import (
    ClientCertificate,
    Do,
    Drip,
    Handshake,
    Listen,
    NoServerName,
    Repeat,
    Reply,
    StartTls,
    Step,
    Steps,
    Tls,
    Wait,
    right_chain,
)
from tests.faulty.services import Service
from tests.faulty.wire import Gone, Wire

_ALERT = bytes.fromhex("15030300020228")  # fatal, handshake_failure (RFC 8446 6)


class Faulty:
    """A server with one *fault*, or none; a context manager.

    *delay* is how long a slow step takes, *drip* the time between two bytes. *port* is the same on every one of *addresses*; those that
    this machine lacks are left out. *documents* are served instead of ours, by kind (mozilla, pox, json) or path. *elsewhere* is where
    redirects to another host lead.
    """

    def __init__(
        self,
        service: Service | str,
        fault: Fault | None = None,
        *,
        domain: str = "kund.test",
        name: str | None = None,
        addresses: tuple[str, ...] = ("127.0.0.1", "::1"),
        port: int = 0,
        delay: float = 5.0,
        drip: float = 0.05,
        documents: Mapping[str, bytes] | None = None,
        elsewhere: str = "https://elsewhere.test",
    ) -> None:
        self.service = Service(service)
        self.fault = fault
        if fault is not None and self.service not in fault.services:
            raise ValueError(f"{self.service} has no {fault}")
        kind = self.service.value
        behaviour = kind.healthy
        answers = {place: (Reply(body=body),) for place, body in (documents or {}).items()}
        behaviour = replace(behaviour, answers=answers)
        self.behaviour = fault.change(behaviour, kind.dialect) if fault else behaviour
        usual = name or f"{kind.host}.{domain}"
        self.name = (self.behaviour.name or "{name}").replace("{name}", usual)  # what the certificate ought to be for
        self.domain = domain
        self.delay = delay
        self.drip = drip
        self.elsewhere = elsewhere
        self.addresses: tuple[str, ...] = ()  # where it listens, once it does
        self.port = port
        self.heard: list[str] = []  # lines, requests included, as Latin-1
        self.connections = 0
        self.handshakes = 0  # finished ones
        self.server_names: list[str | None] = []  # SNI, one for each ClientHello
        self.sent = 0  # bytes on the wire of connections that are over
        self.chain: tuple[x509.Certificate, ...] = ()  # as sent

        self._wanted = addresses
        self._dialect = kind.dialect
        self._numbers = itertools.count(1)
        self._context: ssl.SSLContext | None = None
        self._listening: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._sessions: set[asyncio.Task[None]] = set()
        self._fillers: list[socket.socket] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._errors: list[BaseException] = []
        if self.service is not Service.HTTP or self.behaviour.implicit_tls:
            credentials = self.behaviour.tls.show(self._names())
            self.chain = credentials.chain
            self._context = self._tls_context(self.behaviour.tls, credentials)

    @property
    def host(self) -> str:
        """Return the first of the addresses."""
        return self.addresses[0]

    @property
    def certificate(self) -> x509.Certificate | None:
        """Return the server's own certificate."""
        return self.chain[0] if self.chain else None

    def __enter__(self) -> Faulty:
        self._listen()
        if self.behaviour.listen is Listen.OPEN:
            self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=f"faulty {self.service}", daemon=True)
            self._thread.start()
            self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread and self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        for each in (*self._fillers, *self._listening):
            each.close()
        if self._errors and error is None:
            raise RuntimeError(f"the faulty server itself is at fault: {self._errors[0]!r}") from self._errors[0]

    # ---- listening ----

    def _listen(self) -> None:
        for attempt in range(20):
            try:
                self._bind()
            except OSError as error:
                for each in self._listening:
                    each.close()
                self._listening.clear()
                if error.errno != errno.EADDRINUSE or attempt == 19 or len(self._wanted) < 2:
                    raise
            else:
                break
        self.addresses = tuple(each.getsockname()[0] for each in self._listening)
        self.port = self._listening[0].getsockname()[1]
        for each in self._listening:
            if self.behaviour.listen is Listen.OPEN:
                each.listen(64)
            elif self.behaviour.listen is Listen.DROP:
                each.listen(0)
                self._fill(each)

    def _bind(self) -> None:
        port = self.port
        for address in self._wanted:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                each = socket.socket(family, socket.SOCK_STREAM)
            except OSError:
                continue  # no IPv6 in this kernel
            self._listening.append(each)
            each.setblocking(False)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if self.port else 0)
            try:
                each.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL or address != "::1":
                    raise
                self._listening.remove(each)
                each.close()
                continue
            port = each.getsockname()[1]

    def _fill(self, listening: socket.socket) -> None:
        """Fill the backlog, so that further SYNs are dropped (Linux; elsewhere they may be refused)."""
        for _ in range(4):
            filler = socket.socket(listening.family, socket.SOCK_STREAM)
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
            self._fillers.append(filler)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        for each in self._listening:
            # Not sock_accept(): a connection that it has just made is lost when its task is cancelled.
            self._loop.add_reader(each, self._accept, each)
        self._ready.set()
        await self._stop.wait()
        for each in self._listening:
            self._loop.remove_reader(each)
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        for connected in self._open:
            connected.close()

    def settled(self, timeout: float = 2.0) -> bool:
        """Wait until every connection is over, so that `heard` and `sent` are complete; tell whether that came to be."""
        until = time.monotonic() + timeout
        if self._loop and self._loop.is_running():  # what the kernel has accepted is ours only when the loop has looked
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.002), self._loop).result(timeout)
        while self._open and time.monotonic() < until:
            time.sleep(0.002)
        return not self._open

    def _accept(self, listening: socket.socket) -> None:
        try:
            connected, _ = listening.accept()
        except OSError:
            return  # the client has already left
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        self._open.add(connected)
        session = asyncio.get_running_loop().create_task(self._session(Wire(connected)))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    # ---- one connection ----

    async def _session(self, wire: Wire) -> None:
        try:
            await self._converse(wire)
        except Gone:
            pass
        except Exception as error:
            self._errors.append(error)
        finally:
            self.sent += wire.sent
            wire.socket.close()
            self._open.discard(wire.socket)

    async def _converse(self, wire: Wire) -> None:
        behaviour = self.behaviour
        await self._run(wire, behaviour.at_once, {})
        if behaviour.implicit_tls:
            await self._handshake(wire)
        offer = behaviour.after_tls if wire.encrypted else behaviour.before_tls
        usual = (self._dialect.greeting(offer),)
        await self._run(wire, usual if behaviour.greeting is None else behaviour.greeting, {"tag": "*"})
        while True:
            command, tokens = await self._dialect.read(wire, self.heard)
            offer = behaviour.after_tls if wire.encrypted else behaviour.before_tls
            steps = answer(self._dialect, command, offer, wire.encrypted, behaviour.starttls, behaviour.answers)
            await self._run(wire, steps, {"scheme": "https" if wire.encrypted else "http", **tokens})

    async def _run(self, wire: Wire, steps: Steps, tokens: Tokens) -> None:
        for each in steps:
            step = self.behaviour.voice(each) if isinstance(each, bytes) else each
            await self._do(wire, step, tokens)

    async def _do(self, wire: Wire, step: Step, tokens: Tokens) -> None:
        match step:
            case bytes():
                await wire.send(self._filled(step, tokens))
            case Wait(seconds):
                await asyncio.sleep(self.delay if seconds is None else seconds)
            case Drip(data):
                for byte in self._filled(data, tokens):
                    await wire.send(bytes([byte]))
                    await asyncio.sleep(self.drip)
            case Repeat(data, times, slowly):
                for _ in itertools.count() if times is None else range(times):
                    await wire.send(self._filled(data, tokens))
                    await asyncio.sleep(self.drip if slowly else 0)
            case StartTls(keep):
                early, wire.waiting = wire.waiting, b""
                await self._handshake(wire)
                wire.waiting = early if keep else b""
                if unasked := self._dialect.resumes(self.behaviour.after_tls):
                    await self._run(wire, (unasked,), tokens)
            case Reply():
                await wire.send(self._reply(step, tokens))
            case Do.SILENCE:
                await wire.swallow()
            case Do.FIN | Do.CUT:
                await wire.finish(notify=step is Do.FIN and self.behaviour.tls.close_notify)
                raise Gone
            case Do.RESET:
                wire.reset()
                raise Gone

    def _filled(self, template: bytes, tokens: Tokens) -> bytes:
        known = {"name": self.name, "domain": self.domain, "elsewhere": self.elsewhere, **tokens}
        for word, value in known.items():
            template = template.replace(f"{{{word}}}".encode(), value.encode("latin-1"))
        return template.replace(b"{n}", str(next(self._numbers)).encode()) if b"{n}" in template else template

    def _reply(self, reply: Reply, tokens: Tokens) -> bytes:
        body = self._filled(reply.body, tokens)
        if reply.encoding:
            body = body.decode().encode(reply.encoding)
        headers = {"Server": "faulty", "Content-Length": str(len(body) if reply.length is None else reply.length), **reply.headers}
        if "Transfer-Encoding" in headers:
            del headers["Content-Length"]
        head = f"HTTP/1.1 {reply.status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        return self._filled(head.encode("latin-1"), tokens) + (b"" if tokens.get("method") == "HEAD" else body)

    # ---- TLS ----

    async def _handshake(self, wire: Wire) -> None:
        assert self._context is not None
        how = self.behaviour.tls.handshake
        if how is not Handshake.NORMAL:
            await wire.client_hello()
        match how:
            case Handshake.RESET:
                wire.reset()
            case Handshake.FIN:
                await wire.finish()
            case Handshake.SILENCE:
                await wire.swallow()
            case Handshake.HALF:
                await wire.start_tls(self._context, stop_after=60)
                await wire.swallow()
            case Handshake.ALERT:
                await wire.send_raw(_ALERT)
                await wire.finish()
            case Handshake.GARBAGE:
                await wire.send_raw(bytes(range(256)))
                await wire.finish()
            case Handshake.NORMAL:
                await wire.start_tls(self._context)
                self.handshakes += 1
                return
        raise Gone

    def _names(self) -> tuple[str, ...]:
        if self._dialect is HTTP:
            return tuple(dict.fromkeys((self.name, f"autoconfig.{self.domain}", f"autodiscover.{self.domain}", self.domain)))
        return (self.name,)

    def _tls_context(self, tls: Tls, credentials: Credentials) -> ssl.SSLContext:
        context = _context(tls, credentials)
        other = _context(tls, right_chain(("server7.host.test",))) if tls.no_server_name is NoServerName.OTHER else context

        def server_name(wrapped: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> int | None:
            self.server_names.append(asked)
            if asked is None and tls.no_server_name is NoServerName.REFUSED:
                return int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
            if asked is None and tls.no_server_name is NoServerName.OTHER:
                wrapped.context = other
            return None

        context.sni_callback = server_name
        return context


def _context(tls: Tls, credentials: Credentials) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what some faults are made of
        context.minimum_version = getattr(ssl.TLSVersion, tls.versions[0])
        context.maximum_version = getattr(ssl.TLSVersion, tls.versions[1])
    if tls.ciphers:
        context.set_ciphers(tls.ciphers)
    if tls.client_certificate is not ClientCertificate.NO:
        context.verify_mode = ssl.CERT_REQUIRED if tls.client_certificate is ClientCertificate.REQUIRED else ssl.CERT_OPTIONAL
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(credentials.pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context
