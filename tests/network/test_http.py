"""One HTTP request to one address: whatever the server does, there is an answer, in time, of bounded size."""

from __future__ import annotations

import gzip
import os
import select
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.network.http import MAX_BODY, Fetcher
from autoconfig.network.tls import Trust
from autoconfig.observations import HTTPFailure, Request, Response
from tests.faulty import CASES, Fault, Faulty, root_pem
from tests.faulty import Service as Kind

SHORT = 0.6
LONG = 20.0
PATH = "/mail/config-v1.1.xml"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Trust in the faulty server's root."""
    path: Path = tmp_path_factory.mktemp("trust") / "root.pem"
    path.write_text(root_pem())
    return Trust.load(path)


def fetched(server: Faulty, trust: Trust, seconds: float = LONG, path: str = PATH) -> Response:
    """Return what *server* answers to a client that asks by its name."""
    return Fetcher(trust, seconds).fetch(Request(f"{server.service}://{server.name}:{server.port}{path}"), [server.host])


@contextmanager
def saying(reply: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Serve *reply* to everybody on loopback; gives the port and what was heard."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connected, _ = listening.accept()
                except OSError:
                    return
                with connected:
                    asked = connected.recv(65536)
                    if asked.startswith(b"POST") and asked.endswith(b"\r\n\r\n"):
                        asked += connected.recv(65536)
                    heard.append(asked)
                    connected.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# --- what is asked -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.HTTP, Kind.HTTPS], ids=str)
def test_the_address_decides_where_and_the_name_what(kind: Kind, trust: Trust) -> None:
    """The server hears its name in SNI and Host, although nobody asked the DNS."""
    with Faulty(kind) as server:
        response = fetched(server, trust)
        assert response.status == 200
        assert response.failure is None
        assert response.body.startswith(b"<?xml")
        assert response.ip == server.host
        assert response.header("content-type").startswith("text/xml")
        assert server.server_names == ([server.name] if kind is Kind.HTTPS else [])
        assert any(f"Host: {server.name}:{server.port}" in line for line in server.heard)
        assert response.ms > 0


def test_nothing_of_the_environment_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no .netrc, no password out of the URL; and our own name."""
    (tmp_path / "netrc").write_text("machine kund.se login a password b\ndefault login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with saying(OK) as (port, heard):
        request = Request(f"http://user:secret@kund.se:{port}/a?b=c#d", headers=(("Accept", "text/xml"), ("User-Agent", "Thunderbird")))
        assert Fetcher(Trust(), LONG).fetch(request, ["127.0.0.1"]).body == b"ok"
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    assert f"Host: kund.se:{port}" in lines
    assert {"Accept: text/xml", "User-Agent: Thunderbird"} <= set(lines)
    assert "authorization" not in heard[0].decode().lower()
    assert b"secret" not in heard[0]


def test_a_body_is_posted_as_it_is() -> None:
    """With its length, and the caller's type."""
    with saying(OK) as (port, heard):
        request = Request(f"http://kund.se:{port}/x", "POST", (("Content-Type", "text/xml"),), b"<a/>")
        Fetcher(Trust(), LONG).fetch(request, ["127.0.0.1"])
    assert heard[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert heard[0].endswith(b"\r\n\r\n<a/>")
    assert b"Content-Length: 4\r\n" in heard[0]
    assert b"User-Agent: autoconfig" in heard[0]


@pytest.mark.parametrize(
    ("host", "said"),
    [("BYRÅ.se", "xn--byr-wla.se"), ("faß.se", "xn--fa-hia.se"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]"), ("kund.se.", "kund.se")],
)
def test_names_are_said_as_a_labels(host: str, said: str) -> None:
    """And addresses as themselves."""
    with saying(OK) as (port, heard):
        assert Fetcher(Trust(), LONG).fetch(Request(f"http://{host}:{port}/"), ["127.0.0.1"]).status == 200
    assert f"Host: {said}:{port}\r\n".encode() in heard[0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "kund.se",
        "ftp://kund.se/",
        "file:///etc/passwd",
        "http://",
        "http:///x",
        "http://[::1",
        "http://kund.se:0/",
        "http://kund.se:99999/",
        "http://kund.se:x/",
        "http://a b.se/",
        "http://" + "a" * 64 + ".se/",
        "http://kund.se/" + "a" * 5000,
        "http://localhost/",
    ],
)
def test_what_is_no_url_is_not_asked(url: str) -> None:
    """It is an answer all the same."""
    assert Fetcher(Trust(), LONG).fetch(Request(url), ["127.0.0.1"]).failure is HTTPFailure.UNKNOWN


@given(
    st.one_of(st.text(max_size=40), st.text(max_size=30).map("http://127.0.0.1:9/".__add__), st.text(max_size=20).map("http://".__add__))
)
def test_no_url_makes_the_fetcher_stumble(url: str) -> None:
    """Nothing listens there, so there is never more than a failure."""
    assert Fetcher(Trust(), 0.5).fetch(Request(url), ["127.0.0.1"]).failure is not None


@pytest.mark.parametrize("headers", [(("A", "b\r\nC: d"),), (("A\n", "b"),), (("", "b"),), (("Å", "Å"),), (("A", "\u2603"),)])
def test_no_header_of_ours_is_smuggled(headers: tuple[tuple[str, str], ...]) -> None:
    """What cannot be sent is not."""
    with saying(OK) as (port, heard):
        Fetcher(Trust(), LONG).fetch(Request(f"http://kund.se:{port}/", headers=headers), ["127.0.0.1"])
    assert not any(b"\r\nC: d" in request for request in heard)


# --- addresses ---------------------------------------------------------------------------------------------------------------------


def test_a_name_without_an_address_is_told() -> None:
    """Nothing is asked."""
    assert Fetcher(Trust(), LONG).fetch(Request("http://kund.se/"), []).failure is HTTPFailure.NO_ADDRESS


def test_the_next_address_is_tried_only_without_a_connection(trust: Trust) -> None:
    """A server that answers badly has answered."""
    with saying(OK) as (port, _):
        url = f"http://kund.se:{port}/"
        response = Fetcher(trust, LONG).fetch(Request(url), ["127.0.0.2", "127.0.0.1"])
        assert (response.status, response.ip) == (200, "127.0.0.1")
    with Faulty(Kind.HTTP, Fault.TCP_FIN) as server:
        url = f"http://kund.se:{server.port}/"
        response = Fetcher(trust, LONG).fetch(Request(url), ["127.0.0.1", "127.0.0.1"])
        assert response.failure is HTTPFailure.RESET
        assert server.connections == 1


@pytest.mark.slow
def test_a_dead_address_leaves_time_for_the_next(trust: Trust) -> None:
    """The time is shared among them."""
    with Faulty(Kind.HTTP, Fault.TCP_DROP) as dead, Faulty(Kind.HTTP, port=dead.port, addresses=("127.0.0.3",)):
        response = Fetcher(trust, 3.0).fetch(Request(f"http://autoconfig.kund.test:{dead.port}{PATH}"), ["127.0.0.1", "127.0.0.3"])
    assert (response.status, response.ip) == (200, "127.0.0.3")


# --- every fault -------------------------------------------------------------------------------------------------------------------

FAILURES = {
    Fault.TCP_REFUSED: HTTPFailure.REFUSED,
    Fault.TCP_DROP: HTTPFailure.TIMEOUT,
    Fault.TCP_RESET_ON_ACCEPT: HTTPFailure.RESET,
    Fault.TCP_RESET_ON_COMMAND: HTTPFailure.RESET,
    Fault.TCP_HALF_OPEN: HTTPFailure.TIMEOUT,
    Fault.TLS_RESET: HTTPFailure.RESET,
    Fault.TLS_FIN: HTTPFailure.TLS,
    Fault.TLS_SILENT: HTTPFailure.TIMEOUT,
    Fault.TLS_STALLS: HTTPFailure.TIMEOUT,
    Fault.TLS_ALERT: HTTPFailure.TLS,
    Fault.TLS_GARBAGE: HTTPFailure.TLS,
    Fault.TLS_1_0_ONLY: HTTPFailure.TLS,
    Fault.TLS_1_1_ONLY: HTTPFailure.TLS,
    Fault.TLS_CLIENT_CERTIFICATE_REQUIRED: HTTPFailure.TLS,
    Fault.TLS_ABSENT: HTTPFailure.TLS,
    Fault.CERT_WRONG_NAME: HTTPFailure.CERTIFICATE,
    Fault.CERT_SERVER_NAME: HTTPFailure.CERTIFICATE,
    Fault.CERT_EXPIRED: HTTPFailure.CERTIFICATE,
    Fault.CERT_NOT_YET: HTTPFailure.CERTIFICATE,
    Fault.CERT_SELF_SIGNED: HTTPFailure.CERTIFICATE,
    Fault.CERT_UNKNOWN_ISSUER: HTTPFailure.CERTIFICATE,
    Fault.CERT_NO_INTERMEDIATE: HTTPFailure.CERTIFICATE,
    Fault.CERT_CHAIN_EXPIRED: HTTPFailure.CERTIFICATE,
    Fault.CERT_CHAIN_HUGE: HTTPFailure.TLS,
    Fault.CERT_CN_ONLY: HTTPFailure.CERTIFICATE,
    Fault.CERT_WILDCARD_TOO_DEEP: HTTPFailure.CERTIFICATE,
    Fault.CERT_WILDCARD_BENEATH: HTTPFailure.CERTIFICATE,
    Fault.CERT_IDN_2003: HTTPFailure.CERTIFICATE,
    Fault.CERT_IDN_U_LABEL: HTTPFailure.CERTIFICATE,
    Fault.CERT_NO_SERVER_AUTH: HTTPFailure.CERTIFICATE,
    Fault.CERT_WEAK_KEY: HTTPFailure.CERTIFICATE,
    Fault.CERT_SHA1: HTTPFailure.CERTIFICATE,
    Fault.BODY_DRIPS: HTTPFailure.TIMEOUT,
    Fault.BODY_GZIP_BROKEN: HTTPFailure.MALFORMED,
    Fault.HEADERS_SLOW: HTTPFailure.TIMEOUT,
    Fault.HEADERS_MANY: HTTPFailure.MALFORMED,
    Fault.HEADERS_LONG: HTTPFailure.MALFORMED,
    Fault.STATUS_GARBAGE: HTTPFailure.MALFORMED,
    Fault.STATUS_NUMBER: HTTPFailure.MALFORMED,
    Fault.STATUS_ENDLESS: HTTPFailure.MALFORMED,
    Fault.STATUS_CONTINUE: HTTPFailure.TIMEOUT,
    Fault.LENGTH_TOO_LONG: HTTPFailure.MALFORMED,
    Fault.CHUNKS_GARBAGE: HTTPFailure.MALFORMED,
    Fault.CHUNKS_CUT: HTTPFailure.MALFORMED,
}
TRUNCATED = (Fault.BODY_HUGE, Fault.BODY_ENDLESS, Fault.BODY_GZIP_BOMB)
# What only a closing connection tells, which TLS and TCP may tell in one way or another.
EITHER = {Fault.TCP_FIN: (HTTPFailure.RESET, HTTPFailure.TLS), Fault.TLS_UNEXPECTED: (HTTPFailure.RESET, HTTPFailure.MALFORMED)}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "fault"), [case for case in CASES if case[0] in (Kind.HTTP, Kind.HTTPS)], ids=str)
def test_each_fault_is_an_answer_in_time_and_of_bounded_size(kind: Kind, fault: Fault, trust: Trust) -> None:
    """A status, or the right failure; never a traceback."""
    failure = FAILURES.get(fault)
    seconds = SHORT if failure is HTTPFailure.TIMEOUT else LONG
    with Faulty(kind, fault, delay=0.05, drip=0.02) as server:
        began = time.monotonic()
        response = fetched(server, trust, seconds)
        took = time.monotonic() - began
    if fault in EITHER:
        assert response.failure in EITHER[fault]
    else:
        assert response.failure is failure, response.detail
    assert (response.status is None) == (response.failure is not None)
    assert took < seconds + 1
    assert len(response.body) <= MAX_BODY
    assert response.truncated is (fault in TRUNCATED)
    assert len(response.headers) <= 64
    assert len(response.detail) <= 200
    assert response.failure is not HTTPFailure.CERTIFICATE or response.detail


def test_a_bomb_costs_no_memory(trust: Trust) -> None:
    """A gigabyte in a megabyte of gzip is unpacked as far as the limit only."""
    with Faulty(Kind.HTTP, Fault.BODY_GZIP_BOMB) as server:
        fetched(server, trust)
        tracemalloc.start()
        try:
            fetched(server, trust)
            assert tracemalloc.get_traced_memory()[1] < 32 * MAX_BODY
        finally:
            tracemalloc.stop()


# --- the answer --------------------------------------------------------------------------------------------------------------------


def answered(reply: bytes, path: str = "/a/b") -> Response:
    """Return what becomes of *reply*."""
    with saying(reply) as (port, _):
        return Fetcher(Trust(), LONG).fetch(Request(f"http://kund.se:{port}{path}"), ["127.0.0.1"])


def body(packed: bytes, coding: str) -> bytes:
    """Return *packed* as a response."""
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding.encode(), len(packed)) + packed


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("gzip", lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:])),
        ("gzip", lambda data: gzip.compress(data) + b"rest"),
        ("deflate", zlib.compress),
        ("identity", bytes),
    ],
)
def test_what_was_packed_is_unpacked(coding: str, pack: Callable[[bytes], bytes]) -> None:
    """RFC 9110, 8.4.1; RFC 1952, 2.2 lets gzip have several members."""
    assert answered(body(pack(b"<clientConfig/>"), coding)).body == b"<clientConfig/>"


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        (b"/c", "http://kund.se:{port}/c"),
        (b"c", "http://kund.se:{port}/a/c"),
        (b"https://other.se/x", "https://other.se/x"),
        (b"//other.se/x", "http://other.se/x"),
        ("https://byrå.se/å".encode(), "https://byrå.se/å"),
        (b"https://\xff.se/", "https://\ufffd.se/"),
        (b"file:///etc/passwd", ""),
        (b"javascript:alert(1)", ""),
        (b"http://[::1", ""),
        (b"https://", ""),
        (b"http://", ""),
        (b"", ""),
    ],
)
def test_a_redirect_is_told_and_not_followed(location: bytes, absolute: str) -> None:
    """RFC 9110, 10.2.2: relative to what was asked."""
    with saying(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n") as (port, heard):
        response = Fetcher(Trust(), LONG).fetch(Request(f"http://kund.se:{port}/a/b"), ["127.0.0.1"])
        assert response.location == absolute.format(port=port)
        assert len(heard) == 1


def test_a_location_without_a_redirect_leads_nowhere() -> None:
    """Only some codes redirect."""
    assert answered(b"HTTP/1.1 200 OK\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").location == ""


def test_headers_are_kept_apart_in_lower_case_and_cut() -> None:
    """The same name twice is twice there."""
    response = answered(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-B: " + b"x" * 5000 + b"\r\nContent-Length: 0\r\n\r\n")
    assert response.headers[:2] == (("x-a", "1"), ("x-a", "2"))
    assert len(response.header("X-B")) == 2048
    many = b"".join(b"X-%d: y\r\n" % number for number in range(90))
    assert len(answered(b"HTTP/1.1 200 OK\r\n" + many + b"Content-Length: 0\r\n\r\n").headers) == 64


@given(st.binary(max_size=400))
def test_no_answer_makes_the_fetcher_stumble(noise: bytes) -> None:
    """Noise instead of HTTP, and after its first line."""
    for reply in (noise, b"HTTP/1.1 200 OK\r\n" + noise, b"HTTP/1.1 302 Found\r\nLocation: " + noise):
        assert isinstance(answered(reply), Response)


def test_the_responses_library_can_stand_in_for_the_network() -> None:
    """Other tests use it."""
    with responses.RequestsMock() as web:
        web.get("https://autoconfig.kund.se/mail/config-v1.1.xml", body=b"<x/>", content_type="text/xml", headers={"X-A": "b"})
        response = Fetcher(Trust(), LONG).fetch(Request("https://autoconfig.kund.se/mail/config-v1.1.xml"), ["192.0.2.1"])
    assert (response.status, response.body, response.header("x-a")) == (200, b"<x/>", "b")


@pytest.mark.slow
def test_nothing_is_left_behind(trust: Trust) -> None:
    """Neither threads nor descriptors, whatever the answer."""
    with Faulty(Kind.HTTPS) as well, Faulty(Kind.HTTPS, Fault.CERT_EXPIRED) as bad, Faulty(Kind.HTTP, Fault.BODY_HUGE) as huge:
        for server in (well, bad, huge):
            fetched(server, trust)
        time.sleep(0.3)
        before = threading.active_count(), len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            for server in (well, bad, huge):
                fetched(server, trust)
        time.sleep(0.5)
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before


def test_a_reset_before_the_handshake_leaves_no_descriptor_behind() -> None:
    """Python's own TLS forgets the socket then."""
    context = Trust.load(None).verifying
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as ours:
        theirs, _ = listening.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset instead of an end
        theirs.close()
        assert select.select([ours], [], [], 10)[0]
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(ConnectionResetError):
            context.wrap_socket(ours, server_hostname="kund.test")
        assert len(os.listdir("/proc/self/fd")) == before - 1
