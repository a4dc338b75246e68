"""One HTTP request to a given address, with requests (RFC 9110).

The name decides what is asked for and whose certificate is accepted; the address decides where we connect. Nothing of the environment has
a say: no proxy, no .netrc, no cookies, no redirects. requests bounds each reading in time, but not their number, and reads a body as far as
it goes: so here the clock cuts the connection, and the body is read and unpacked piece by piece up to a limit.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import TimeoutError as TransportTimeout

from autoconfig.address import Domain
from autoconfig.errors import AddressError
from autoconfig.network.stream import failure_of, outcome_of
from autoconfig.network.tls import Trust
from autoconfig.observations import TCP, HTTPFailure, Request, Response

MAX_BODY = 512 * 1024
_MAX_HEADERS = 64
_MAX_HEADER = 2048  # characters of a value
_MAX_URL = 4096
_MAX_DETAIL = 200
_CHUNK = 16 * 1024
_CODINGS = "gzip, deflate"  # that we can unpack
_PORTS = {"http": 80, "https": 443}
_NOWHERE = ("", "//", "http://", "https://")

_FAILURES = {
    TCP.REFUSED: HTTPFailure.REFUSED,
    TCP.TIMEOUT: HTTPFailure.TIMEOUT,
    TCP.UNREACHABLE: HTTPFailure.UNREACHABLE,
    TCP.NO_WAY_FROM_HERE: HTTPFailure.NO_WAY_FROM_HERE,
}


class Fetcher:
    """Sends requests, from any thread; each may take *seconds* with all its addresses together."""

    def __init__(self, trust: Trust, seconds: float) -> None:
        self._trust = trust
        self._seconds = seconds
        self._user_agent = _user_agent()
        # urllib3 tells a log of odd headers; without any handler Python would print that.
        logging.getLogger("urllib3").addHandler(logging.NullHandler())

    def fetch(self, request: Request, addresses: Sequence[str]) -> Response:
        """Send *request* to the first of *addresses* that lets itself be connected to. Never raises; every failure is an answer."""
        began = time.monotonic()
        response = self._fetch(request, addresses, began)
        return replace(response, ms=round((time.monotonic() - began) * 1000, 3))

    def _fetch(self, request: Request, addresses: Sequence[str], began: float) -> Response:
        target = _target(request.url)
        if target is None:
            return Response(request, failure=HTTPFailure.UNKNOWN, detail="not a URL that can be asked")
        if not addresses:
            return Response(request, failure=HTTPFailure.NO_ADDRESS)
        response = Response(request, failure=HTTPFailure.TIMEOUT)
        for index, ip in enumerate(addresses):
            left = began + self._seconds - time.monotonic()
            if left <= 0:
                break
            with _Guard(left) as guard:
                adapter = _Pinned(ip, target.host, self._trust.verifying if target.scheme == "https" else None, guard)
                try:
                    response = _asked(adapter, request, target, self._user_agent, left, left / (len(addresses) - index))
                    if guard.expired:  # what the clock cuts looks like an end of headers, or of a body
                        raise TimeoutError
                except Exception as error:  # whatever it is: the other side has sent it, and it must not end the check
                    response = _failed(request, error, ip, guard)
                finally:
                    adapter.close()
            if guard.connected:
                break
        return response


# --- the URL -----------------------------------------------------------------------------------------------------------------------


class _Target:
    """A URL as it is asked: its host as A-labels or address, without user and fragment."""

    def __init__(self, scheme: str, host: str, port: int, path: str) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        shown = f"[{host}]" if ":" in host else host
        self.authority = shown if port == _PORTS[scheme] else f"{shown}:{port}"
        self.url = f"{scheme}://{self.authority}{path}"


def _target(url: str) -> _Target | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or len(url) > _MAX_URL or port == 0:
        return None
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        try:
            host = Domain.parse(host).ascii
        except AddressError:
            return None
    path = "/" + parts.path.lstrip("/")
    return _Target(scheme, host, port or _PORTS[scheme], f"{path}?{parts.query}" if parts.query else path)


# --- the connection ----------------------------------------------------------------------------------------------------------------


class _Guard:
    """Cuts the connection that it watches when the time is up, whatever anybody waits for."""

    def __init__(self, seconds: float) -> None:
        self.connected = False
        self.expired = False
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Guard:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for sock in self._watched:
                sock.close()
            self._watched.clear()

    def watch(self, sock: socket.socket) -> None:
        """Take *sock*, which is connected, into care."""
        with self._lock:
            self.connected = True
            # A copy, since TLS takes the descriptor away from the socket that it wraps.
            self._watched.append(sock.dup())

    def _cut(self) -> None:
        with self._lock:
            self.expired = True
            for sock in self._watched:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class _Pinned(HTTPAdapter):
    """Connects to *ip* for everything; TLS still asks for *name*, and accepts a certificate only for it."""

    def __init__(self, ip: str, name: str, context: ssl.SSLContext | None, guard: _Guard) -> None:
        self.ip = ip
        self._name = name
        self._context = context
        self._guard = guard
        super().__init__(pool_connections=1, pool_maxsize=1)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:  # noqa: ANN401 - requests' own types
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        host["host"] = self.ip
        if self._context is not None:
            return host, {**pool, "ssl_context": self._context, "server_hostname": self._name}
        return host, pool

    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:  # noqa: ANN401 - requests' own types
        pool: Any = super().get_connection_with_tls_context(*args, **named)
        guard = self._guard
        kind: type[HTTPConnection] = HTTPConnection if self._context is None else HTTPSConnection

        class Watched(kind):  # type: ignore[misc, valid-type] # one of two classes
            def _new_conn(self) -> socket.socket:
                sock: socket.socket = super()._new_conn()
                guard.watch(sock)
                return sock

        pool.ConnectionCls = Watched
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ANN401 - requests' own types
        """Leave the trust to our context: requests would add the authorities of certifi to it."""
        conn.cert_reqs = "CERT_REQUIRED"


# --- the answer --------------------------------------------------------------------------------------------------------------------


def _user_agent() -> str:
    try:
        return f"autoconfig/{version('autoconfig')} (check)"
    except PackageNotFoundError:  # a checkout that is not installed
        return "autoconfig (check)"


def _asked(adapter: _Pinned, request: Request, target: _Target, user_agent: str, left: float, connect: float) -> Response:
    """Send and read; raises whatever requests, urllib3 and OpenSSL raise."""
    headers = requests.structures.CaseInsensitiveDict[str | bytes](
        {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": _CODINGS, "Connection": "close"}
    )
    headers.update(request.headers)
    headers["Host"] = target.authority
    prepared = requests.Request(request.method, target.url, headers=headers, data=request.body or None).prepare()
    # Not through a session: that would read the whole body of a redirect, of any size, in order to look where it leads.
    answer = adapter.send(prepared, stream=True, timeout=(connect, left), verify=True, proxies={})
    try:
        given = tuple((name.lower(), value[:_MAX_HEADER]) for name, value in _header_fields(answer))[:_MAX_HEADERS]
        response = Response(request, status=answer.status_code, headers=given, ip=adapter.ip)
        body, truncated = _body(answer.raw, response.header("content-encoding"))
        return replace(response, body=body, truncated=truncated, location=_location(target.url, answer.status_code, response))
    finally:
        answer.close()


def _header_fields(answer: requests.Response) -> Iterator[tuple[str, str]]:
    # requests joins fields of one name; urllib3 still has them apart.
    yield from getattr(answer.raw.headers, "iteritems", answer.headers.items)()


def _body(raw: Any, coding: str) -> tuple[bytes, bool]:  # noqa: ANN401 - urllib3's response, or its likeness in tests
    unpack = _unpacker(coding.strip().lower())
    body = bytearray()
    while len(body) <= MAX_BODY:
        data = raw.read(_CHUNK, decode_content=False)
        if not data:
            break
        body += unpack(data, MAX_BODY + 1 - len(body))
    return bytes(body[:MAX_BODY]), len(body) > MAX_BODY


def _unpacker(coding: str) -> Callable[[bytes, int], bytes]:
    if coding in ("gzip", "x-gzip"):
        squeezed = zlib.decompressobj(31)
    elif coding == "deflate":
        squeezed = zlib.decompressobj(15)  # RFC 9110, 8.4.1.2: with zlib's header
    else:
        return lambda data, limit: data[:limit]

    def unpack(data: bytes, limit: int) -> bytes:
        nonlocal squeezed
        unpacked = bytearray()
        while data and len(unpacked) < limit:
            unpacked += squeezed.decompress(data, limit - len(unpacked))
            if not squeezed.eof:
                break
            # RFC 1952, 2.2: a gzip file may have further members. Anything else after the end is no part of the document.
            data = squeezed.unused_data
            if coding == "deflate" or not data.startswith(b"\x1f\x8b"):
                break
            squeezed = zlib.decompressobj(31)
        return bytes(unpacked)

    return unpack


def _location(url: str, status: int, response: Response) -> str:
    if status not in (301, 302, 303, 307, 308):
        return ""
    try:
        # http.client reads headers as Latin-1; what is sent in them beyond ASCII is mostly UTF-8.
        given = response.header("location").strip()
        # urljoin takes "https://" for the URL that was asked.
        absolute = urljoin(url, given.encode("latin-1").decode("utf-8", "replace")) if given not in _NOWHERE else ""
        target = urlsplit(absolute)
        return absolute if target.scheme in _PORTS and target.hostname else ""
    except ValueError:
        return ""


def _failed(request: Request, error: Exception, ip: str, guard: _Guard) -> Response:
    causes = list(_causes(error))
    failure, told = _kind(causes, ip, guard)
    return Response(request, failure=failure, detail=_words(told or error)[:_MAX_DETAIL], ip=ip if guard.connected else None)


def _kind(causes: Sequence[BaseException], ip: str, guard: _Guard) -> tuple[HTTPFailure, BaseException | None]:
    if guard.expired:
        return HTTPFailure.TIMEOUT, TimeoutError("the time was up")
    if not guard.connected:
        refused = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno is not None), None)
        if isinstance(refused, ConnectionResetError):
            return HTTPFailure.RESET, refused
        if refused is not None:
            return _FAILURES.get(outcome_of(refused, ip), HTTPFailure.UNKNOWN), refused
        if any(isinstance(cause, TransportTimeout | TimeoutError) for cause in causes):
            return _FAILURES[outcome_of(TimeoutError(), ip)], TimeoutError("no connection in time")
        return HTTPFailure.UNKNOWN, None
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return HTTPFailure.CERTIFICATE, cause
            case TransportTimeout() | TimeoutError():
                return HTTPFailure.TIMEOUT, TimeoutError("the time was up")
            case ssl.SSLError():
                return HTTPFailure.TLS, cause
            case ConnectionError():
                return HTTPFailure.RESET, cause
    if any(isinstance(cause, HTTPException | TransportError | zlib.error) for cause in causes):
        return HTTPFailure.MALFORMED, causes[-1]
    return HTTPFailure.UNKNOWN, None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and what it was made of: each library wraps the one beneath in its own way."""
    found: list[BaseException] = [error]
    for each in found:
        yield each
        inner = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        found.extend(other for other in inner if isinstance(other, BaseException) and other not in found)


def _words(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return failure_of(error)[1] or "the connection was closed during the handshake"
        case OSError():
            return error.strerror or str(error)
    return str(error).strip() or type(error).__name__
