"""Geary: a row for each thing that its source says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.geary import CLIENT, read
from autoconfig.clients.outcome import Choice, Effect, Result
from autoconfig.model import TLSMode
from tests.clients.made_up import ANSWERS, AUTOCONFIG, BROKEN, DATABASE, GOOD, IMAP, POP3, SMTP, document, page, search, server

_BOTH = (
    (Choice("imap", "imap.kund.se", 993, TLSMode.IMPLICIT, "anna@kund.se"),),
    (Choice("smtp", "smtp.kund.se", 465, TLSMode.IMPLICIT, "anna@kund.se"),),
)


# --- reading ---


@pytest.mark.parametrize(
    ("servers", "rule"),
    [
        ((POP3, IMAP, SMTP), "SERVER_FIRST"),
        ((IMAP, server("outgoing", "submission"), SMTP), "SERVER_FIRST"),
        ((IMAP,), "OUTGOING_MISSING"),
        ((SMTP,), "INCOMING_MISSING"),
    ],
)
def test_the_first_of_each_side_must_be_imap_and_smtp(servers: tuple[str, ...], rule: str) -> None:
    """A document that begins with POP3 is rejected, whatever comes after it."""
    reading = read(document(*servers).encode())
    assert not reading.accepted
    assert [(note.rule, note.effect) for note in reading.notes] == [(rule, Effect.REJECTS)]


def test_the_order_of_the_sides_does_not_matter() -> None:
    """Each side has its own first."""
    assert read(document(SMTP, IMAP).encode()).accepted


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("imap.kund.se", 993, TLSMode.IMPLICIT)),
        ({"socketType": "STARTTLS", "port": "143"}, ("imap.kund.se", 143, TLSMode.STARTTLS)),
        ({"socketType": "plain"}, ("imap.kund.se", 993, TLSMode.NONE)),
        ({"socketType": "ssl"}, ("imap.kund.se", 993, TLSMode.NONE)),
        ({"socketType": ""}, ("imap.kund.se", 993, TLSMode.NONE)),
        ({"port": "0"}, ("imap.kund.se", 993, TLSMode.IMPLICIT)),
        ({"port": " 993"}, ("imap.kund.se", 0, TLSMode.IMPLICIT)),
        ({"port": ""}, ("imap.kund.se", 0, TLSMode.IMPLICIT)),
        ({"hostname": "imap.%EMAILDOMAIN%"}, ("imap.%EMAILDOMAIN%", 993, TLSMode.IMPLICIT)),
        ({"hostname": "a<!-- c -->.<![CDATA[se]]>"}, ("a.se", 993, TLSMode.IMPLICIT)),
        ({"hostname": "a.se</hostname><hostname>b.se"}, ("a.se", 993, TLSMode.IMPLICIT)),
        ({"username": ""}, ("imap.kund.se", 993, TLSMode.IMPLICIT)),
    ],
)
def test_how_a_server_is_read(values: dict[str, str], expected: tuple[str, int, TLSMode]) -> None:
    """What is not SSL or STARTTLS is no encryption; nothing is filled in; the user name is not looked at."""
    assert read(document(server(**values), SMTP).encode()).incoming == (Choice("imap", *expected),)


def test_a_prefix_is_not_part_of_the_name() -> None:
    """libxml2 has it apart."""
    assert read(
        GOOD.replace("<", "<p:").replace("<p:/", "</p:").replace("<p:clientConfig", '<p:clientConfig xmlns:p="x"').encode()
    ).accepted


def test_a_document_in_utf_16_is_of_no_use() -> None:
    """It is read as a C string."""
    assert not read(GOOD.encode("utf-16")).accepted


# --- searching ---


def test_it_asks_twice_and_never_sends_the_address() -> None:
    """Autoconfig over https, then the database; no http, no well-known."""
    assert search(CLIENT).requests == (
        "GET https://autoconfig.kund.se/mail/config-v1.1.xml",
        "GET https://autoconfig.thunderbird.net/v1.1/kund.se",
    )


@pytest.mark.parametrize(
    ("pages", "source"),
    [
        ([page(AUTOCONFIG), page(DATABASE)], "autoconfig-https"),
        ([page(DATABASE)], "database"),
        # No status is looked at.
        ([page(AUTOCONFIG, status=404)], "autoconfig-https"),
        ([page(AUTOCONFIG, status=500)], "autoconfig-https"),
        ([page(AUTOCONFIG, "<html/>"), page(DATABASE)], "database"),
        ([page(AUTOCONFIG, document(POP3, IMAP, SMTP)), page(DATABASE)], "database"),
        (
            [page(AUTOCONFIG, status=302, headers={"Location": "http://other.se/"}), page(("other.se", "/"), scheme="http")],
            "autoconfig-https",
        ),
    ],
)
def test_the_first_document_that_it_can_use_counts(pages: list[dict[str, Any]], source: str) -> None:
    """The address is the user name."""
    outcome = search(CLIENT, *pages)
    assert (outcome.source, outcome.result) == (source, Result.AUTOMATIC)
    assert (outcome.incoming, outcome.outgoing) == _BOTH


def test_the_user_name_of_the_document_is_ignored() -> None:
    """It must be the address for Geary to work."""
    assert search(CLIENT, page(AUTOCONFIG, document(server(username="kund123"), SMTP))).incoming == _BOTH[0]


@pytest.mark.parametrize(
    ("values", "why"),
    [({"hostname": "imap.%EMAILDOMAIN%"}, "HOST_NOT_A_NAME"), ({"port": "x"}, "PORT_MISSING"), ({"hostname": ""}, "HOSTNAME_MISSING")],
)
def test_what_cannot_be_right_is_entered_all_the_same(values: dict[str, str], why: str) -> None:
    """The fields are hidden, so that nobody sees it."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(server(**values), SMTP)))
    assert (outcome.result, outcome.why) == (Result.WRONG, why)


def test_without_a_document_it_fills_in_a_guess() -> None:
    """The person sees it and goes on from there."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(POP3, IMAP, SMTP)))
    assert (outcome.result, outcome.source, outcome.why) == (Result.PROMPT, "guess", "SERVER_FIRST")
    assert [server.host for server in (*outcome.incoming, *outcome.outgoing)] == ["imap.kund.se", "smtp.kund.se"]


@pytest.mark.parametrize("email", ["anna@", "@", "anna@a b", "anna@\udcff"])
def test_what_is_no_address_is_searched_for_without_harm(email: str) -> None:
    """No URL can be made of it."""
    outcome = search(CLIENT, email=email)
    assert (outcome.requests, outcome.incoming) == ((), ())


@given(BROKEN)
def test_read_takes_any_bytes(data: bytes) -> None:
    """It never raises; what is not accepted has no servers, and a note that says why."""
    reading = read(data)
    assert reading.accepted == bool(reading.incoming and reading.outgoing)
    assert reading.accepted or reading.notes
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)


@given(BROKEN, ANSWERS)
def test_discover_ends_in_any_world(body: bytes, answer: dict[str, Any]) -> None:
    """It never raises, and asks no more than it would."""
    assert len(search(CLIENT, page(AUTOCONFIG, body.decode("latin-1"), **answer)).requests) < 30
