"""A world given as data: the form of the recordings is read as their README says, and nothing in it sleeps."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.errors import DocumentError
from autoconfig.network.scripted import NEVER_MS, Scripted
from autoconfig.observations import (
    TCP,
    TLS,
    ChainProblem,
    Connection,
    Endpoint,
    HTTPFailure,
    Lookup,
    LookupStatus,
    Request,
    Response,
    Service,
    Stop,
)

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "traces" / "public.jsonl"

OPEN = {"80": "open", "443": "open", "8443": "open"}
CASE: Mapping[str, Any] = {
    "client": "thunderbird-153.7",
    "email": "anna@kund.se",
    "dns": {
        "kund.se": {"A": ["192.0.2.10"], "MX": ["10 MX.host.se.", "20 mx2.host.se"], "TXT": ["V=SPF1 Text."]},
        "_imaps._tcp.kund.se": {"SRV": ["0 0 993 Mail.host.se"]},
        "_imap._tcp.kund.se": {"SRV": ["0 0 0 ."]},
        "www.kund.se": {"CNAME": ["web.host.se"]},
        "web.host.se": {"A": ["192.0.2.10"]},
        "dangling.se": {"CNAME": ["gone.se"]},
        "a.loop.se": {"CNAME": ["b.loop.se"]},
        "b.loop.se": {"CNAME": ["a.loop.se"]},
        "lame.se": {"RCODE": ["SERVFAIL"]},
        "silent.se": {"RCODE": ["TIMEOUT"]},
        "*.wild.se": {"A": ["192.0.2.10"]},
        "own.wild.se": {"A": ["192.0.2.20"]},
        "closed.se": {"A": ["192.0.2.20"]},
        "lost.se": {"A": ["192.0.2.30"]},
        "bad.se": {"A": ["192.0.2.10"]},
        "old.se": {"A": ["192.0.2.10"]},
        "byrå.se": {"A": ["192.0.2.10"]},
    },
    "addresses": {
        "192.0.2.10": OPEN,
        "192.0.2.20": {"80": "refused", "443": "refused"},
        "192.0.2.30": {"80": "silent", "443": "silent"},
    },
    "bad_cert_hosts": {"bad.se": "wrong_name", "old.se": "expired", "www.kund.se": "untrusted"},
    "http": [
        {"scheme": "https", "host": "kund.se", "path": "/a", "status": 200, "headers": {"Content-Type": "text/xml"}, "body": "å"},
        {"scheme": "https", "host": "kund.se", "path": "/a", "status": 500, "headers": {}, "body": "second"},
        {"scheme": "https", "host": "kund.se", "path": "/b", "status": 200, "headers": {}, "body_b64": "//4=", "delay_s": 7},
        {"scheme": "https", "host": "kund.se", "path": "/post", "method": "POST", "status": 200, "headers": {}, "body": "posted"},
        {"scheme": "https", "host": "kund.se", "path": "/login", "status": 200, "headers": {}, "body": "in", "auth_required": "Basic"},
        {"scheme": "https", "host": "kund.se", "path": "/drop", "status": 200, "headers": {}, "body": "", "drop": True},
        {"scheme": "https", "host": "kund.se", "path": "/empty", "status": 204, "headers": {}, "body": "never sent"},
        {"scheme": "https", "host": "kund.se", "path": "/to", "status": 302, "headers": {"Location": "y.xml"}, "body": ""},
        {"scheme": "https", "host": "kund.se", "path": "/there", "status": 301, "headers": {"Location": "//b.se/x"}, "body": ""},
        {"scheme": "https", "host": "kund.se", "path": "/odd", "port": 8443, "status": 200, "headers": {}, "body": "odd"},
        {"scheme": "https", "host": "kund.se", "path": "/no", "status": 200, "headers": {"Location": "https://b.se/"}, "body": ""},
        {"scheme": "http", "host": "kund.se", "path": "*", "status": 301, "headers": {"Location": "https://kund.se/a"}, "body": ""},
    ],
    "endpoints": [
        {"ip": "192.0.2.10", "port": 993, "service": "imaps", "tcp": "connected", "auth_after": ["PLAIN"]},
        {"host": "mail.kund.se", "ip": "192.0.2.10", "port": 995, "service": "pop3s", "tcp": "refused"},
    ],
    "unlisted": {"dns_name": "NXDOMAIN"},
    "outcome": {"none": True},
}
WORLD = Scripted(CASE)


def lookup(name: str, type: str = "A", server: str | None = None) -> Lookup:
    return asyncio.run(WORLD.lookup(name, type, server))


def fetch(url: str, method: str = "GET", *headers: tuple[str, str]) -> Response:
    return asyncio.run(WORLD.fetch(Request(url, method, headers)))


def probe(host: str, ip: str, port: int, service: Service, world: Scripted = WORLD) -> Connection:
    return asyncio.run(world.probe(Endpoint(service, Domain.parse(host), ip, port)))


@pytest.mark.parametrize(
    ("name", "type", "status", "values", "aliases"),
    [
        ("KUND.se.", "a", LookupStatus.FOUND, ("192.0.2.10",), ()),
        ("kund.se", "MX", LookupStatus.FOUND, ("10 mx.host.se", "20 mx2.host.se"), ()),
        ("kund.se", "TXT", LookupStatus.FOUND, ("V=SPF1 Text.",), ()),
        ("_imaps._tcp.kund.se", "SRV", LookupStatus.FOUND, ("0 0 993 mail.host.se",), ()),
        ("_imap._tcp.kund.se", "SRV", LookupStatus.FOUND, ("0 0 0 .",), ()),
        ("kund.se", "AAAA", LookupStatus.NODATA, (), ()),
        ("gone.se", "A", LookupStatus.NXDOMAIN, (), ()),
        ("www.kund.se", "A", LookupStatus.FOUND, ("192.0.2.10",), ("web.host.se",)),
        ("www.kund.se", "CNAME", LookupStatus.FOUND, ("web.host.se",), ()),
        ("www.kund.se", "MX", LookupStatus.NODATA, (), ("web.host.se",)),
        ("dangling.se", "A", LookupStatus.NXDOMAIN, (), ("gone.se",)),
        ("a.loop.se", "A", LookupStatus.LOOP, (), ("b.loop.se", "a.loop.se")),
        ("lame.se", "MX", LookupStatus.SERVFAIL, (), ()),
        ("silent.se", "A", LookupStatus.TIMEOUT, (), ()),
        ("x.y.wild.se", "A", LookupStatus.FOUND, ("192.0.2.10",), ()),
        ("x.wild.se", "MX", LookupStatus.NODATA, (), ()),
        ("wild.se", "A", LookupStatus.NXDOMAIN, (), ()),
        ("own.wild.se", "A", LookupStatus.FOUND, ("192.0.2.20",), ()),
        ("xn--byr-wla.se", "A", LookupStatus.FOUND, ("192.0.2.10",), ()),
    ],
)
def test_the_dns_of_a_case(name: str, type: str, status: LookupStatus, values: tuple[str, ...], aliases: tuple[str, ...]) -> None:
    """What is not listed is not there; names in their one spelling."""
    found = lookup(name, type)
    assert (found.status, found.values, found.aliases) == (status, values, aliases)


def test_what_a_named_server_says_is_not_in_a_case() -> None:
    """Nothing is guessed."""
    assert lookup("kund.se", "A", "192.0.2.53").status is LookupStatus.UNKNOWN


@pytest.mark.parametrize(
    ("url", "method", "status", "body", "ms"),
    [
        ("https://kund.se/a", "GET", 200, "å".encode(), 0),
        ("https://KUND.se:443/a?emailaddress=anna%40kund.se", "GET", 200, "å".encode(), 0),
        ("https://kund.se/A", "GET", 404, b"nope", 0),
        ("https://kund.se/b", "GET", 200, b"\xff\xfe", 7000),
        ("https://kund.se/post", "POST", 200, b"posted", 0),
        ("https://kund.se/post", "GET", 404, b"nope", 0),
        ("https://kund.se/empty", "GET", 204, b"", 0),
        ("https://kund.se/a", "HEAD", 200, b"", 0),
        ("https://kund.se/odd", "GET", 404, b"nope", 0),
        ("https://kund.se:8443/odd", "GET", 200, b"odd", 0),
        ("https://kund.se:8443/a", "GET", 404, b"nope", 0),
        ("http://kund.se", "GET", 301, b"", 0),
        ("https://x.wild.se/", "GET", 404, b"nope", 0),
        ("https://byrå.se/", "GET", 404, b"nope", 0),
        ("https://192.0.2.10/", "GET", 404, b"nope", 0),
    ],
)
def test_the_first_entry_that_fits_wins(url: str, method: str, status: int, body: bytes, ms: float) -> None:
    """By scheme, host, path without its query, port and method; else it is 404, and a pause is a number."""
    start = time.monotonic()
    found = fetch(url, method)
    assert (found.status, found.body, found.ms, found.ip, found.failure) == (status, body, ms, "192.0.2.10", None)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("url", "failure", "ms"),
    [
        ("https://gone.se/", HTTPFailure.NO_ADDRESS, 0),
        ("https://lame.se/", HTTPFailure.UNKNOWN, 0),
        ("https://silent.se/", HTTPFailure.UNKNOWN, NEVER_MS),
        ("https://closed.se/", HTTPFailure.REFUSED, 0),
        ("https://kund.se:8080/", HTTPFailure.REFUSED, 0),
        ("https://lost.se/", HTTPFailure.TIMEOUT, NEVER_MS),
        ("https://bad.se/", HTTPFailure.CERTIFICATE, 0),
        ("https://bad.se:8443/", HTTPFailure.CERTIFICATE, 0),
        ("https://kund.se/drop", HTTPFailure.RESET, 0),
        ("https://kund.se:x/", HTTPFailure.UNKNOWN, 0),
        ("ftp://kund.se/", HTTPFailure.UNKNOWN, 0),
    ],
)
def test_what_fails_before_an_answer(url: str, failure: HTTPFailure, ms: float) -> None:
    """No name, no listener, lost packets, a bad certificate, a connection that is closed."""
    found = fetch(url)
    assert (found.failure, found.status, found.ms) == (failure, None, ms)


def test_a_bad_certificate_does_not_matter_without_tls() -> None:
    """The same host answers by http."""
    assert fetch("http://bad.se/").status == 404


def test_a_page_behind_a_login_takes_any_credentials() -> None:
    """RFC 7235, 3.1: without them 401, and how to log in."""
    refused = fetch("https://kund.se/login")
    assert (refused.status, refused.header("WWW-Authenticate")) == (401, 'Basic realm="mail"')
    assert fetch("https://kund.se/login", "GET", ("Authorization", "Basic xyz")).body == b"in"


@pytest.mark.parametrize(
    ("path", "location"),
    [("/to", "https://kund.se/y.xml"), ("/there", "https://b.se/x"), ("/no", ""), ("/a", "")],
)
def test_a_redirect_has_an_absolute_location(path: str, location: str) -> None:
    """Only where the status is one of a redirect."""
    assert fetch(f"https://kund.se{path}").location == location


def test_probes_know_the_ports_of_the_web_and_what_the_case_says() -> None:
    """Everything else is unknown."""
    assert probe("kund.se", "192.0.2.10", 80, Service.HTTP).tcp is TCP.CONNECTED
    assert probe("kund.se", "192.0.2.20", 443, Service.HTTPS).tcp is TCP.REFUSED
    assert probe("kund.se", "192.0.2.30", 443, Service.HTTPS) == Connection(
        Endpoint(Service.HTTPS, Domain.parse("kund.se"), "192.0.2.30", 443), TCP.TIMEOUT, NEVER_MS, ms=NEVER_MS
    )
    assert probe("kund.se", "192.0.2.99", 443, Service.HTTPS).tcp is TCP.UNKNOWN
    assert probe("kund.se", "192.0.2.10", 143, Service.IMAP).tcp is TCP.UNKNOWN
    assert probe("kund.se", "192.0.2.10", 443, Service.IMAPS).stop is Stop.GARBAGE
    assert probe("kund.se", "192.0.2.10", 80, Service.HTTPS).stop is Stop.TLS_FAILED
    assert probe("any.name.se", "192.0.2.10", 993, Service.IMAPS).auth_after == ("PLAIN",)
    assert probe("mail.kund.se", "192.0.2.10", 995, Service.POP3S).tcp is TCP.REFUSED
    assert probe("kund.se", "192.0.2.10", 995, Service.POP3S).tcp is TCP.UNKNOWN


def test_a_probe_sees_the_certificate_that_the_case_means() -> None:
    """Good, for another name, expired, or of an authority that nobody trusts."""

    def tls(host: str) -> TLS:
        found = probe(host, "192.0.2.10", 443, Service.HTTPS).tls
        assert found is not None
        assert found.certificate is not None
        return found

    for host, names, expired, problem in (
        ("kund.se", ("kund.se",), False, None),
        ("bad.se", ("wrong.invalid",), False, None),
        ("old.se", ("old.se",), True, None),
        ("www.kund.se", ("www.kund.se",), False, ChainProblem.UNTRUSTED),
    ):
        certificate = tls(host).certificate
        assert certificate is not None
        assert (certificate.names, certificate.not_after < WORLD.now, tls(host).chain_problem) == (names, expired, problem)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ([], "/ should be an object"),
        ({"dns": []}, "dns should be an object"),
        ({"dns": {"kund.se": {"A": "192.0.2.1"}}}, "dns.kund.se.A should be a list, but is 192.0.2.1"),
        ({"http": [{"host": "kund.se"}]}, r"http\[0\]: scheme is missing"),
        ({"http": [{"scheme": "http", "host": "a.se", "status": "200"}]}, r"http\[0\].status should be a whole number"),
        ({"http": [{"scheme": "http", "host": "a.se", "body_b64": "!"}]}, r"http\[0\].body_b64 should be base64"),
        ({"endpoints": [{"ip": "192.0.2.1"}]}, r"endpoints\[0\].*: (service|port|tcp) is missing"),
        ({"now": "today"}, "now should be a time"),
    ],
)
def test_what_is_no_case_says_where(case: object, words: str) -> None:
    """One line."""
    with pytest.raises(DocumentError, match=words):
        Scripted(case)


def test_an_empty_case_is_an_empty_world() -> None:
    """Nothing exists."""
    world = Scripted({})
    assert asyncio.run(world.lookup("kund.se", "A")).status is LookupStatus.NXDOMAIN
    assert asyncio.run(world.fetch(Request("https://kund.se/"))).failure is HTTPFailure.NO_ADDRESS


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_any_change_of_a_case_is_a_world_or_an_error(data: st.DataObject) -> None:
    """Whatever stands in the place of one value; and any URL can be asked for."""
    case = json.loads(json.dumps(CASE))
    place = case
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(_JSON)
            break
        place = place[key]
    try:
        world = Scripted(case)
    except DocumentError:
        return
    for url in ("https://kund.se/a", "https://kund.se/b", "https://kund.se/to", data.draw(st.text(max_size=20))):
        assert isinstance(asyncio.run(world.fetch(Request(url))), Response)
    for name in case["dns"] if isinstance(case["dns"], dict) else ():
        assert isinstance(asyncio.run(world.lookup(name, "A")), Lookup)


@pytest.mark.skipif(not RECORDINGS.is_file(), reason="the recordings are not here")
def test_every_recorded_request_has_an_answer() -> None:
    """What reached the web server then, reaches it here."""
    for case in map(json.loads, RECORDINGS.read_text().splitlines()):
        world = Scripted(case)
        for request in case["requests"]:
            method, _, url = request.partition(" ")
            found = asyncio.run(world.fetch(Request(url, method)))
            assert found.status is not None or found.failure is HTTPFailure.RESET, (case["client"], case["name"], request, found)
