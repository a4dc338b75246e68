"""KMail's account wizard: a row for each thing that its source says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.kmail import CLIENT, read
from autoconfig.clients.outcome import Choice, Effect, Result
from autoconfig.model import TLSMode
from tests.clients.made_up import ANSWERS, AUTOCONFIG, BROKEN, DATABASE, GOOD, IMAP, POP3, SMTP, WELL_KNOWN, document, page, search, server

_BOTH = (
    (Choice("imap", "imap.kund.se", 993, TLSMode.IMPLICIT, "anna@kund.se"),),
    (Choice("smtp", "smtp.kund.se", 465, TLSMode.IMPLICIT, "anna@kund.se"),),
)


# --- reading ---


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"port": " 993\n"}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"port": "993.0"}, ("imap.kund.se", 0, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"socketType": ""}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"socketType": "TLS"}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"socketType": "STARTTLS"}, ("imap.kund.se", 993, TLSMode.STARTTLS, "%EMAILADDRESS%")),
        ({"socketType": "plain"}, ("imap.kund.se", 993, TLSMode.NONE, "%EMAILADDRESS%")),
        ({"hostname": " a.se "}, (" a.se ", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"hostname": "a<!-- c -->.<![CDATA[se]]>"}, ("a.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"hostname": "a.se</hostname><hostname>b.se"}, ("b.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")),
        ({"username": ""}, ("imap.kund.se", 993, TLSMode.IMPLICIT, "")),
    ],
)
def test_how_a_server_is_read(values: dict[str, str], expected: tuple[str, int, TLSMode, str]) -> None:
    """An unknown socketType is TLS, a port that is no number is 0, the last of several values counts."""
    assert read(document(server(**values), SMTP).encode()).incoming == (Choice("imap", *expected),)


def test_a_server_without_a_port_is_not_used() -> None:
    """The one thing that must be there."""
    reading = read(document(server(port=""), SMTP).encode())
    assert reading.incoming == ()
    assert [(note.rule, note.effect) for note in reading.notes] == [("PORT_MISSING", Effect.SKIPS)]


def test_imap_comes_before_pop3_whatever_the_document_says() -> None:
    """The first configuration is the one that is ticked."""
    reading = read(document(POP3, IMAP, SMTP).encode())
    assert [server.protocol for server in reading.incoming] == ["imap", "pop3"]


@pytest.mark.parametrize(
    ("sockets", "chosen"),
    [(("SSL", "STARTTLS"), 1), (("STARTTLS", "SSL"), 0), (("plain", "SSL"), 1), (("SSL", "SSL"), 0)],
)
def test_of_several_servers_to_send_through_starttls_is_taken(sockets: tuple[str, str], chosen: int) -> None:
    """Its encryptions are numbered none, TLS, STARTTLS, and the highest number wins."""
    every = [server("outgoing", "smtp", hostname=f"smtp{i}.kund.se", socketType=socket) for i, socket in enumerate(sockets)]
    assert [one.host for one in read(document(IMAP, *every).encode()).outgoing] == [f"smtp{chosen}.kund.se"]


def test_the_provider_may_be_anywhere_below_the_root() -> None:
    """The root itself has any name."""
    assert read(f"<x><y>{GOOD}</y></x>".encode()).accepted
    assert not read(b"<emailProvider/>").accepted


def test_a_prefix_is_part_of_the_name() -> None:
    """Qt is not asked to look at namespaces."""
    assert not read(b'<p:clientConfig xmlns:p="x"><p:emailProvider/></p:clientConfig>').accepted
    assert read(GOOD.replace("<clientConfig", '<clientConfig xmlns="urn:x"').encode()).accepted


# --- searching ---


def test_it_asks_the_database_first_and_never_sends_the_address() -> None:
    """Then autoconfig over https and http, then the domain over https."""
    assert search(CLIENT).requests == (
        "GET https://autoconfig.thunderbird.net/v1.1/kund.se",
        "GET https://autoconfig.kund.se/mail/config-v1.1.xml",
        "GET http://autoconfig.kund.se/mail/config-v1.1.xml",
        "GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml",
    )


@pytest.mark.parametrize(
    ("pages", "source", "asked"),
    [
        ([page(DATABASE), page(AUTOCONFIG)], "database", 1),
        ([page(AUTOCONFIG)], "autoconfig-https", 2),
        ([page(AUTOCONFIG, scheme="http")], "autoconfig-http", 3),
        ([page(WELL_KNOWN)], "well-known-https", 4),
        ([page(WELL_KNOWN, scheme="http")], None, 4),
        ([page(AUTOCONFIG, headers={"Content-Type": "image/png"})], "autoconfig-https", 2),
        # It is read, and then asked on, for everything but 200.
        ([page(AUTOCONFIG, status=203)], "autoconfig-https", 4),
        ([page(AUTOCONFIG, status=404)], "autoconfig-https", 4),
        ([page(AUTOCONFIG, status=404), page(WELL_KNOWN)], "well-known-https", 4),
        # A redirect may lead to https, and never away from it.
        (
            [page(AUTOCONFIG, scheme="http", status=302, headers={"Location": "https://other.se/"}), page(("other.se", "/"))],
            "autoconfig-http",
            4,
        ),
        ([page(AUTOCONFIG, status=302, headers={"Location": "http://other.se/"}), page(("other.se", "/"), scheme="http")], None, 4),
    ],
)
def test_the_first_answer_of_200_counts(pages: list[dict[str, Any]], source: str | None, asked: int) -> None:
    """The content type does not."""
    outcome = search(CLIENT, *pages)
    assert (outcome.source, len(outcome.requests)) == (source, asked)
    assert (outcome.incoming, outcome.outgoing) == (_BOTH if source else ((), ()))


@pytest.mark.parametrize(("body", "why"), [("<p>", "XML_BROKEN"), ("<html/>", "PROVIDER_MISSING")])
def test_200_without_settings_ends_the_search(body: str, why: str) -> None:
    """Silently: the person is left with a page on which nothing is ticked."""
    outcome = search(CLIENT, page(AUTOCONFIG, body), page(WELL_KNOWN))
    assert (outcome.result, outcome.why, len(outcome.requests)) == (Result.MANUAL, why, 2)


def test_placeholders_are_filled_in_host_and_user_name() -> None:
    """All three."""
    odd = server(hostname="imap.%EMAILDOMAIN%", username="%EMAILLOCALPART%.%EMAILDOMAIN%")
    incoming = search(CLIENT, page(AUTOCONFIG, document(odd, SMTP)), email="Anna@Kund.se").incoming
    assert [(one.host, one.username) for one in incoming] == [("imap.Kund.se", "Anna.Kund.se")]


@pytest.mark.parametrize("email", ["anna@", "@", "anna@a b", "anna@\udcff"])
def test_what_is_no_address_is_searched_for_without_harm(email: str) -> None:
    """No URL can be made of it."""
    assert search(CLIENT, email=email).requests == ()


@given(BROKEN)
def test_read_takes_any_bytes(data: bytes) -> None:
    """It never raises; what is not accepted has no servers."""
    reading = read(data)
    assert reading.accepted or not (reading.incoming or reading.outgoing)
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)


@given(BROKEN, ANSWERS)
def test_discover_ends_in_any_world(body: bytes, answer: dict[str, Any]) -> None:
    """It never raises, and asks no more than it would."""
    assert len(search(CLIENT, page(AUTOCONFIG, body.decode("latin-1"), **answer)).requests) < 60
