"""The real service under clients that dawdle, that send too much, and that send what is no HTTP."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from autoconfig.web import bodies
from tests.running import run, serving
from tests.web.conftest import SETTINGS

pytestmark = pytest.mark.slow

HONEST = b"GET /mail/config-v1.1.xml?emailaddress=anna@kund.se HTTP/1.1\r\nHost: autoconfig.kund.se\r\nConnection: close\r\n\r\n"
POX = (
    b'<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    b"<EMailAddress>anna@kund.se</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    b"responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)
POST = b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: autodiscover.kund.se\r\n"
HONEST_POST = POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(POX), POX)
HALF = b"GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.kund.se\r\n"

AT_ONCE = 2.0  # seconds, on a machine that has other things to do
PATIENCE = bodies.PATIENCE + 5  # what we wait for a connection to be cut


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of a service with two workers."""
    folder = tmp_path_factory.mktemp("abuse")
    (folder / "settings.toml").write_text(SETTINGS)
    (folder / "instance").mkdir()
    assert run("import", str(folder / "settings.toml"), instance=folder / "instance").returncode == 0
    with serving(folder / "instance") as url:
        yield urlsplit(url).port


@contextmanager
def connected(port):
    """Connect to the service."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        yield connection


def rest_of(connection):
    """All that comes until the service closes the connection."""
    found = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found


def told(port, request):
    """What comes for *request* until the service closes the connection, which it does in time."""
    with connected(port) as connection:
        with suppress(ConnectionError):  # it may have refused before we are done
            connection.sendall(request)
        return rest_of(connection)


def assert_honest_are_answered(port, times=6):
    """By both workers, and at once."""
    for _ in range(times):
        for request, document in ((HONEST, b"</clientConfig>"), (HONEST_POST, b"</Autodiscover>")):
            began = time.monotonic()
            answer = told(port, request)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer[:200]
            assert document in answer
            assert time.monotonic() - began < AT_ONCE


def memory():
    """The largest memory of its own that a process has which we started, in MB."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    ours, largest = {os.getpid()}, 0
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    for process in ours - {os.getpid()}:
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        own = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(("Private_Clean", "Private_Dirty")))
        largest = max(largest, own // 1024)
    return largest


def drip(connection, stop):
    """Send an octet now and then until the service will have no more."""
    with suppress(OSError):
        while not stop.wait(0.3):
            connection.sendall(b"a")


# --- slow --------------------------------------------------------------------------------------------------------------------------

SLOW = {
    "nothing": b"",
    "half a request line": b"GET /mail/con",
    "no end of the header": HALF,
    "an idle connection": HONEST.replace(b"Connection: close\r\n", b""),
    "half of the next request": HONEST.replace(b"Connection: close\r\n", b"") + b"GET /mail/",
    "no body": POST + b"Content-Length: 500\r\n\r\n",
    "half a body": POST + b"Content-Length: 500\r\n\r\n" + POX[:100],
    "half a form": b"POST / HTTP/1.1\r\nHost: autoconfig.karlahosting.se\r\nContent-Length: 50\r\n\r\naddress=",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n<?xml",
    "no last chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<?xml\r\n",
    "a body that nobody reads": HALF + b"Content-Length: 500\r\n\r\nx",
}


def test_who_dawdles_is_cut_off(port):
    """In bounded time, whatever of a request is missing, and also if a little of it comes from time to time."""
    stop, took, threads = threading.Event(), {}, []

    def dawdle(name, request, drips):
        began = time.monotonic()
        with connected(port) as connection:
            connection.sendall(request)
            if drips:
                threading.Thread(target=drip, args=(connection, stop), daemon=True).start()
            answer = rest_of(connection)
        took[name, drips] = time.monotonic() - began
        assert answer.count(b" 200 OK") <= 1

    for name, request in SLOW.items():
        for drips in (False, True):
            threads.append(threading.Thread(target=dawdle, args=(name, request, drips)))
            threads[-1].start()
    assert_honest_are_answered(port)
    for thread in threads:
        thread.join()
    stop.set()
    assert len(took) == 2 * len(SLOW)
    assert max(took.values()) < PATIENCE, took
    assert_honest_are_answered(port)


def test_two_hundred_slow_clients_stop_nobody(port):
    """Each of them has sent half of a header; the others get their answers at once."""
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connected(port)).sendall(HALF)
        assert_honest_are_answered(port)
    assert_honest_are_answered(port)


@pytest.mark.parametrize("request_", [SLOW["half a body"], SLOW["half a chunk"]], ids=["body", "chunk"])
def test_a_thousand_slow_bodies_stop_nobody_who_asks(port, request_):
    """More than may wait: programs that ask without a body are answered at once, the rest as soon as the patience with the slow is over."""
    with ExitStack() as stack, _descriptors(2_000):
        for _ in range(1_000):
            stack.enter_context(connected(port)).sendall(request_)
        for _ in range(10):
            began = time.monotonic()
            assert told(port, HONEST).startswith(b"HTTP/1.1 200 OK\r\n")
            assert time.monotonic() - began < AT_ONCE
        time.sleep(4 * bodies.SHORT_PATIENCE)
        assert_honest_are_answered(port)
    assert memory() < 200


def test_who_waits_between_two_requests_is_not_taken_for_slow(port):
    """Connections of the same client, as all of a proxy's are: those that were answered go on, while those that keep us waiting are cut."""
    more = HONEST.replace(b"Connection: close\r\n", b"")
    with ExitStack() as stack:
        honest = [stack.enter_context(connected(port)) for _ in range(20)]
        slow = [stack.enter_context(connected(port)) for _ in range(4 * bodies.MOST)]
        for connection in slow:
            connection.sendall(SLOW["half a body"])
        until = time.monotonic() + 4
        while time.monotonic() < until:
            for connection in honest:
                connection.sendall(more)
                answer = b""
                while not answer.endswith(b"</clientConfig>\n"):
                    answer += (piece := connection.recv(65536))
                    assert piece
            time.sleep(1.3)
        rests = [rest_of(connection) for connection in slow]
        assert rests.count(b"") > bodies.MOST
        assert all(rest.startswith(b"HTTP/1.1 503 ") for rest in rests if rest)  # who came when all places were taken
        assert time.monotonic() < until + 4


def test_thousands_of_idle_connections_stop_nobody(port):
    """There are more places than that."""
    with ExitStack() as stack, _descriptors(3_000):
        for _ in range(1_500):
            stack.enter_context(connected(port))
        assert_honest_are_answered(port)


@contextmanager
def _descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"a process may have no more than {hard} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- too much ----------------------------------------------------------------------------------------------------------------------


def chunks(size, count):
    """So many chunks of so many octets, without the last one."""
    return (b"%x\r\n%s\r\n" % (size, b"a" * size)) * count


TOO_MUCH = {
    "a request line of 100 KB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: kund.se\r\n\r\n",
    "a query of 12 KB": b"GET /?" + b"a" * 12_000 + b" HTTP/1.1\r\nHost: kund.se\r\nConnection: close\r\n\r\n",
    "10,000 headers": HALF + b"".join(b"X-%d: a\r\n" % n for n in range(10_000)) + b"\r\n",
    "101 headers": HALF + b"".join(b"X-%d: a\r\n" % n for n in range(101)) + b"\r\n",
    "a header of 1 MB": HALF + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "headers of 100 KB": HALF + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 2_000) for n in range(50)) + b"\r\n",
    "a header without an end": HALF + b"X-A: " + b"a" * 5_000_000,
    "a method of 100 KB": b"G" * 100_000 + b" / HTTP/1.1\r\nHost: kund.se\r\n\r\n",
    "a body of 10 GB": POST + b"Content-Length: 10000000000\r\n\r\n" + b"a" * 1_000_000,
    "a body of 100 KB": POST + b"Content-Length: 100000\r\n\r\n" + b"a" * 100_000,
    "a form of 100 KB": b"POST / HTTP/1.1\r\nHost: kund.se\r\nContent-Length: 100000\r\n\r\naddress=" + b"a" * 99_992,
    "a form of 10,000 fields": b"POST / HTTP/1.1\r\nHost: kund.se\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n" + b"a&" * 10_000,
    "large chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(100_000, 100),
    "small chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(1, 100_000),
    "trailers of 1 MB": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: a\r\n" * 100_000,
    "an extension of a chunk of 1 MB": POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 1_000_000 + b"\r\na\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_refused(port, name):
    """With a 4xx or a closed connection; the workers stay small, and the next one is answered at once."""
    answer = told(port, TOO_MUCH[name])
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert_honest_are_answered(port, times=2)
    assert memory() < 150


def test_what_is_squeezed_is_not_unpacked(port):
    """A body has the length that it has: a bomb is a document that cannot be read."""
    body = b"\x1f\x8b\x08\x00" + bytes(200)
    answer = told(port, POST + b"Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_requests_in_a_row_are_answered_in_order(port):
    """Pipelining (RFC 9112, 9.3.2): without a limit but for the time of each, and without memory for what nobody fetches."""
    names = [f"anna-{n}-@kund.se".encode() for n in range(100)]
    with connected(port) as connection:
        for name in names:
            connection.sendall(b"GET /autodiscover/autodiscover.xml?emailaddress=" + name + b" HTTP/1.1\r\nHost: kund.se\r\n\r\n")
        connection.sendall(HONEST)
        answer = rest_of(connection)
    assert answer.count(b"HTTP/1.1 200 OK") == 101
    assert [answer.index(name) for name in names] == sorted(answer.index(name) for name in names)
    with connected(port) as connection:
        connection.settimeout(2)
        # Nobody takes any more of them, or the connection is cut.
        with pytest.raises(OSError, match=r"timed out|reset|pipe"):
            connection.sendall(HONEST.replace(b"Connection: close\r\n", b"") * 200_000)
        assert memory() < 150
        assert_honest_are_answered(port)


# --- what is no HTTP ---------------------------------------------------------------------------------------------------------------

SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"
BROKEN = {
    "both lengths": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "both lengths the other way round": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + SMUGGLED,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a length that is a list": POST + b"Content-Length: 0, 5\r\n\r\n" + SMUGGLED,
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n" + SMUGGLED,
    "a hexadecimal length": POST + b"Content-Length: 0x0\r\n\r\n" + SMUGGLED,
    "an unknown transfer coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two transfer codings": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a transfer coding with a tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a transfer coding in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk size that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk size beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n" + SMUGGLED,
    "a negative chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk that is longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" + SMUGGLED,
    "a line feed after the chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n" + SMUGGLED,
    "a folded header": HALF + b"X-A: a\r\n b\r\n\r\n",
    "a blank before the colon": HALF + b"Content-Length : 0\r\n\r\n",
    "a blank before the first header": b"GET / HTTP/1.1\r\n Host: kund.se\r\n\r\n",
    "a header without a colon": HALF + b"X-A\r\n\r\n",
    "NUL in a header": HALF + b"X-A: a\0b\r\n\r\n",
    "NUL in a header's name": HALF + b"X\0A: a\r\n\r\n",
    "NUL in the path": b"GET /mail\0 HTTP/1.1\r\nHost: kund.se\r\n\r\n",
    "a control character in a header": HALF + b"X-A: a\x01b\r\n\r\n",
    "a carriage return in a header": HALF + b"X-A: a\rb\r\n\r\n",
    "a control character in the path": b"GET /mail\x01 HTTP/1.1\r\nHost: kund.se\r\n\r\n",
    "a blank in the path": b"GET /mail /x HTTP/1.1\r\nHost: kund.se\r\n\r\n",
    "two hosts": HALF + b"Host: other.se\r\nConnection: close\r\n\r\n",
    "a host that is none": b"GET / HTTP/1.1\r\nHost: kund.se/x@other.se\r\nConnection: close\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/9.9": b"GET / HTTP/9.9\r\nHost: kund.se\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "CONNECT": b"CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: 127.0.0.1:25\r\nConnection: close\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: kund.se\r\nConnection: close\r\n\r\n",
    "another server's address": b"GET http://127.0.0.1:25/mail HTTP/1.1\r\nHost: kund.se\r\nConnection: close\r\n\r\n",
    "no path": b"GET mail HTTP/1.1\r\nHost: kund.se\r\nConnection: close\r\n\r\n",
    "an SMTP client": b"EHLO kund.se\r\nMAIL FROM:<anna@kund.se>\r\n",
    "nothing but NULs": bytes(5_000),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_request_is_refused(port, name):
    """With a 4xx or a closed connection. At most one answer: nothing behind the broken request is taken for another one."""
    answer = told(port, BROKEN[name])
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert b"ok\n" not in answer[-3:]
    is_refused = not answer or answer.startswith(b"HTTP/1.1 4")
    assert is_refused, answer[:300]
    assert_honest_are_answered(port, times=2)


def test_errors_tell_nothing_of_us(port):
    """No version of a server, no paths, no traceback."""
    for request in (HONEST, *BROKEN.values(), *(request for name, request in TOO_MUCH.items() if "MB" not in name)):
        head = told(port, request).partition(b"\r\n\r\n")[0].lower()
        assert b"python" not in head
        assert b"werkzeug" not in head
        for line in head.splitlines():
            assert not line.startswith(b"server:") or line == b"server: granian"
