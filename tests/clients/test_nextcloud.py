"""Nextcloud Mail: a row for each thing that its source says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.nextcloud import CLIENT, read
from autoconfig.clients.outcome import Choice, Result
from autoconfig.model import TLSMode
from tests.clients.made_up import ANSWERS, AUTOCONFIG, BROKEN, DATABASE, GOOD, IMAP, POP3, SMTP, WELL_KNOWN, document, page, search, server

_BOTH = (
    (Choice("imap", "imap.kund.se", 993, TLSMode.IMPLICIT, "anna@kund.se"),),
    (Choice("smtp", "smtp.kund.se", 465, TLSMode.IMPLICIT, "anna@kund.se"),),
)
_MX = {"kund.se": {"A": ["192.0.2.10"], "MX": ["20 b.out.mxhost.se", "10 a.mxhost.se"]}, "*.mxhost.se": {"A": ["192.0.2.20"]}}


# --- reading ---


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"socketType": "ssl"}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"socketType": "TLS"}, ("imap.kund.se", 993, TLSMode.STARTTLS, "%EMAILADDRESS%")),
        ({"socketType": "StartTLS"}, ("imap.kund.se", 993, TLSMode.STARTTLS, "%EMAILADDRESS%")),
        ({"socketType": "SSL/TLS"}, ("imap.kund.se", 993, TLSMode.NONE, "%EMAILADDRESS%")),
        ({"socketType": " SSL"}, ("imap.kund.se", 993, TLSMode.NONE, "%EMAILADDRESS%")),
        ({"socketType": ""}, ("imap.kund.se", 993, TLSMode.NONE, "%EMAILADDRESS%")),
        ({"port": " 993x"}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"port": "x"}, ("imap.kund.se", 0, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"hostname": "\na.se "}, ("a.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"hostname": "a<!-- c -->.<![CDATA[se]]>"}, ("a.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"hostname": "a.se</hostname><hostname>b.se"}, ("a.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"username": ""}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "")),
    ],
)
def test_how_a_server_is_read(values: dict[str, str], expected: tuple[str, int, TLSMode, str]) -> None:
    """An unknown socketType is no encryption, the first of several values counts."""
    assert read(document(server(**values), SMTP).encode()).incoming == (Choice("imap", *expected),)


def test_the_first_imap_and_the_first_smtp_count() -> None:
    """POP3 is passed by."""
    reading = read(document(POP3, IMAP, server(hostname="b.se"), SMTP, server("outgoing", "smtp", hostname="b.se")).encode())
    assert [one.host for one in (*reading.incoming, *reading.outgoing)] == ["imap.kund.se", "smtp.kund.se"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [(document(POP3), "SERVERS_MISSING"), ("<html/>", "PROVIDER_MISSING"), ("<p>", "XML_BROKEN"), (f"<x>{GOOD}</x>", "PROVIDER_MISSING")],
)
def test_a_document_without_either_is_not_used(data: str, rule: str) -> None:
    """The provider must be right below the root, whatever that is called."""
    reading = read(data.encode())
    assert not reading.accepted
    assert reading.notes[-1].rule == rule


def test_one_side_is_enough() -> None:
    """The form stays empty on the other, and the account cannot be made."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(IMAP)), page(WELL_KNOWN))
    assert (outcome.result, outcome.why, outcome.source) == (Result.WRONG, "OUTGOING_MISSING", "autoconfig-https")


# --- searching ---


def test_it_asks_five_places_with_the_address_as_it_is() -> None:
    """Those over http come after the database."""
    query = "?emailaddress=Anna+x@Kund.se"
    assert search(CLIENT, email="Anna+x@Kund.se").requests == (
        f"GET https://autoconfig.kund.se/mail/config-v1.1.xml{query}",
        f"GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml{query}",
        "GET https://autoconfig.thunderbird.net/v1.1/Kund.se",
        f"GET http://autoconfig.kund.se/mail/config-v1.1.xml{query}",
        f"GET http://kund.se/.well-known/autoconfig/mail/config-v1.1.xml{query}",
    )


@pytest.mark.parametrize(
    ("pages", "source"),
    [
        ([page(AUTOCONFIG), page(WELL_KNOWN)], "autoconfig-https"),
        ([page(WELL_KNOWN), page(DATABASE)], "well-known-https"),
        ([page(DATABASE), page(AUTOCONFIG, scheme="http")], "database"),
        ([page(AUTOCONFIG, scheme="http"), page(WELL_KNOWN, scheme="http")], "autoconfig-http"),
        ([page(WELL_KNOWN, scheme="http")], "well-known-http"),
        ([page(AUTOCONFIG, "<html/>"), page(WELL_KNOWN)], "well-known-https"),
        ([page(AUTOCONFIG, status=404), page(WELL_KNOWN)], "well-known-https"),
        ([page(AUTOCONFIG, status=203)], "autoconfig-https"),
        ([page(AUTOCONFIG, delay_s=6)], "autoconfig-https"),
        ([page(AUTOCONFIG, delay_s=8), page(WELL_KNOWN)], "well-known-https"),
    ],
)
def test_the_first_document_with_a_server_counts(pages: list[dict[str, Any]], source: str) -> None:
    """Each place has seven seconds."""
    outcome = search(CLIENT, *pages)
    assert outcome.source == source
    assert (outcome.incoming, outcome.outgoing) == _BOTH


@pytest.mark.parametrize(("hops", "source"), [(5, "autoconfig-https"), (6, None)])
def test_five_redirects_are_followed(hops: int, source: str | None) -> None:
    """As many as Guzzle does."""
    chain = [page(("other.se", f"/{i}"), status=302, headers={"Location": f"/{i + 1}"}) for i in range(1, hops)]
    first = page(AUTOCONFIG, status=302, headers={"Location": "https://other.se/1"})
    assert search(CLIENT, first, *chain, page(("other.se", f"/{hops}"))).source == source


@pytest.mark.parametrize(
    ("username", "expected"),
    [("%EMAILLOCALPART%", "anna"), ("x-%EMAILDOMAIN%", "x-kund.se"), ("%EMAILADDRESS%", "anna@kund.se"), ("kund123", "kund123")],
)
def test_placeholders_are_filled_in_the_user_name(username: str, expected: str) -> None:
    """All three."""
    assert search(CLIENT, page(AUTOCONFIG, document(server(username=username), SMTP))).incoming[0].username == expected


def test_placeholders_are_not_filled_in_the_host() -> None:
    """It is entered as it stands."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(server(hostname="imap.%EMAILDOMAIN%"), SMTP)))
    assert (outcome.incoming[0].host, outcome.result, outcome.why) == ("imap.%EMAILDOMAIN%", Result.WRONG, "HOST_NOT_A_NAME")


@pytest.mark.parametrize(
    ("host", "source"), [("b.out.mxhost.se", "database-of-b.out.mxhost.se"), ("out.mxhost.se", "database-of-out.mxhost.se")]
)
def test_then_come_the_first_exchanger_of_the_answer_and_its_parent(host: str, source: str) -> None:
    """The preference does not count."""
    assert search(CLIENT, page(("autoconfig.thunderbird.net", f"/v1.1/{host}")), dns=_MX).source == source


@pytest.mark.parametrize("host", ["a.mxhost.se", "mxhost.se"])
def test_other_exchangers_are_not_asked_about(host: str) -> None:
    """Nor what is above the parent."""
    assert search(CLIENT, page(("autoconfig.thunderbird.net", f"/v1.1/{host}")), dns=_MX).source is None


def _open(*ports: int, ip: str = "192.0.2.20") -> list[dict[str, Any]]:
    services = {993: "imaps", 143: "imap", 465: "submissions", 587: "submission"}
    return [{"ip": ip, "port": port, "service": services[port], "tcp": "connected", "connect_ms": 20.0} for port in ports]


@pytest.mark.parametrize(
    ("ports", "outgoing"),
    [
        ((993, 143, 465, 587), (465, TLSMode.IMPLICIT)),
        ((993, 587), (587, TLSMode.STARTTLS)),
        ((143, 465, 587), None),
        ((993, 143), None),
        ((), None),
    ],
)
def test_at_last_the_exchangers_are_tried_as_mail_servers(ports: tuple[int, ...], outgoing: tuple[int, TLSMode] | None) -> None:
    """993 and one of 465 and 587 must be open at one of them."""
    outcome = search(CLIENT, dns=_MX, endpoints=_open(*ports))
    if outgoing is None:
        assert (outcome.result, outcome.incoming, outcome.outgoing) == (Result.MANUAL, (), ())
    else:
        # The one with the lowest preference comes first here.
        assert outcome.incoming == (Choice("imap", "a.mxhost.se", 993, TLSMode.IMPLICIT, "anna@kund.se"),)
        assert outcome.outgoing == (Choice("smtp", "a.mxhost.se", *outgoing, "anna@kund.se"),)
        assert (outcome.source, outcome.result) == ("mx", Result.AUTOMATIC)


def test_a_port_that_takes_more_than_five_seconds_is_not_open() -> None:
    """The time-out of its test."""
    endpoints = [{**one, "connect_ms": 5_001.0} for one in _open(993, 465)]
    assert search(CLIENT, dns=_MX, endpoints=endpoints).result is Result.MANUAL


def test_the_last_two_labels_of_an_exchanger_are_tried_as_well() -> None:
    """Where the exchanger itself does not answer."""
    dns = {**_MX, "mxhost.se": {"A": ["192.0.2.30"]}}
    outcome = search(CLIENT, dns=dns, endpoints=_open(993, 465, ip="192.0.2.30"))
    assert outcome.incoming[0].host == "mxhost.se"


@pytest.mark.parametrize("email", ["anna@", "@", "anna@a b", "anna@\udcff"])
def test_what_is_no_address_is_searched_for_without_harm(email: str) -> None:
    """No URL can be made of it."""
    assert search(CLIENT, email=email).requests == ()


@given(BROKEN)
def test_read_takes_any_bytes(data: bytes) -> None:
    """It never raises; what is accepted has a server."""
    reading = read(data)
    assert reading.accepted == bool(reading.incoming or reading.outgoing)
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)


@given(BROKEN, ANSWERS)
def test_discover_ends_in_any_world(body: bytes, answer: dict[str, Any]) -> None:
    """It never raises, and asks no more than it would."""
    assert len(search(CLIENT, page(AUTOCONFIG, body.decode("latin-1"), **answer), dns=_MX).requests) < 60
