"""Outlook, old and new, as its maker and others describe it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.clients import outlook_new
from autoconfig.clients.outcome import Outcome, Result
from autoconfig.clients.outlook import CLIENT, read
from autoconfig.model import TLSMode
from tests.clients.made import AUTODISCOVER, answers, mutated, page, search

SPACE = "http://schemas.microsoft.com/exchange/autodiscover/"
HOST = ("autodiscover.kund.se", "/autodiscover/autodiscover.xml")
OTHER = ("other.se", "/autodiscover/autodiscover.xml")
NAMED = {"_autodiscover._tcp.kund.se": {"SRV": ["10 0 443 other.se"]}}


def account(inner: str, kind: str = "email") -> str:
    """Return an answer with one account."""
    inner = f"<Account><AccountType>{kind}</AccountType>{inner}</Account>"
    return (
        f'<Autodiscover xmlns="{SPACE}responseschema/2006"><Response xmlns="{SPACE}outlook/responseschema/2006a">{inner}</Response>'
        "</Autodiscover>"
    )


def protocol(kind: str, rest: str = "<SPA>off</SPA><SSL>on</SSL>", port: str = "993") -> str:
    """Return a server."""
    return f"<Protocol><Type>{kind}</Type><Server>{kind.lower()}.kund.se</Server><Port>{port}</Port>{rest}</Protocol>"


def settings(*protocols: str) -> str:
    """Return an answer with servers."""
    return account("<Action>settings</Action>" + "".join(protocols))


GOOD = settings(protocol("IMAP"), protocol("SMTP", port="465"))
ERROR = f'<Autodiscover xmlns="{SPACE}responseschema/2006"><Response><Error><ErrorCode>500</ErrorCode></Error></Response></Autodiscover>'


# --- reading -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "tls"),
    [
        ("<SSL>on</SSL>", TLSMode.IMPLICIT),
        ("<SSL>off</SSL>", TLSMode.NONE),
        ("", TLSMode.IMPLICIT),  # SSL is on where it is absent
        ("<SSL>on</SSL><Encryption>TLS</Encryption>", TLSMode.STARTTLS),
        ("<SSL>off</SSL><Encryption>TLS</Encryption>", TLSMode.STARTTLS),  # Encryption goes over SSL
        ("<SSL>on</SSL><Encryption>None</Encryption>", TLSMode.NONE),
        ("<SSL>off</SSL><Encryption>SSL</Encryption>", TLSMode.IMPLICIT),
        ("<SSL>on</SSL><Encryption>Auto</Encryption>", None),
    ],
)
def test_encryption_goes_over_ssl(words: str, tls: TLSMode | None) -> None:
    """And its word TLS means STARTTLS."""
    assert read(settings(protocol("IMAP", words)).encode()).incoming[0].tls is tls


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (ERROR, "ANSWER_IS_ERROR"),
        ("<html/>", "XML_BROKEN"),
        ("<Autodiscover/>", "ACCOUNT_MISSING"),
        (account("<Action>settings</Action>" + protocol("IMAP"), "calendar"), "ACCOUNT_MISSING"),
        (settings(), "ACCOUNT_MISSING"),
        (settings("<Protocol><Type>EXCH</Type><Server>x</Server></Protocol>"), "ACCOUNT_MISSING"),
    ],
)
def test_what_it_refuses(text: str, rule: str) -> None:
    """Errors, documents of another kind, and accounts that are none of mail."""
    reading = read(text.encode())
    assert (reading.accepted, [note.rule for note in reading.notes]) == (False, [rule])


def test_without_spa_it_uses_a_log_in_of_its_own() -> None:
    """SPA is on where it is absent."""
    assert [note.rule for note in read(settings(protocol("IMAP", "")).encode()).notes] == ["SPA_MISSING"]


def test_the_order_of_the_document_is_the_order_of_preference() -> None:
    """POP3 first is POP3."""
    assert [choice.protocol for choice in read(settings(protocol("POP3"), protocol("IMAP")).encode()).incoming] == ["pop3", "imap"]


def test_a_login_name_is_used_where_there_is_one() -> None:
    """Else the address."""
    named = settings(protocol("IMAP", "<SPA>off</SPA><LoginName>u1</LoginName>"), protocol("SMTP", port="465"))
    outcome = search(CLIENT, page(AUTODISCOVER, named))
    assert (outcome.incoming[0].username, outcome.outgoing[0].username) == ("u1", "anna@kund.se")


# --- searching ---------------------------------------------------------------------------------------------------------------------


def test_what_is_asked_in_which_order() -> None:
    """The domain, its autodiscover host, http for a redirect only, and the SRV record."""
    outcome = search(CLIENT, dns=NAMED)
    assert [step.what for step in outcome.steps] == [
        "POST https://kund.se/autodiscover/autodiscover.xml",
        "POST https://autodiscover.kund.se/autodiscover/autodiscover.xml",
        "GET http://autodiscover.kund.se/autodiscover/autodiscover.xml",
        "DNS SRV _autodiscover._tcp.kund.se",
        "POST https://other.se/autodiscover/autodiscover.xml",
    ]
    assert (outcome.result, outcome.why) == (Result.MANUAL, "NOTHING_FOUND")


def test_an_error_leads_on_to_the_next_place() -> None:
    """As does anything else that is no settings."""
    outcome = search(CLIENT, page(AUTODISCOVER, ERROR), page(HOST, GOOD))
    assert (outcome.result, outcome.source, outcome.incoming[0].host) == (Result.AUTOMATIC, "autodiscover", "imap.kund.se")


@pytest.mark.parametrize("status", [301, 302])
def test_http_is_asked_for_a_redirect_which_the_person_must_allow(status: int) -> None:
    """To https alone."""
    moved = page(HOST, scheme="http", status=status, headers={"Location": "https://other.se/autodiscover/autodiscover.xml"})
    outcome = search(CLIENT, moved, page(OTHER, GOOD))
    assert (outcome.result, outcome.why, outcome.args["host"]) == (Result.PROMPT, "REDIRECT_ASKS", "other.se")
    unsafe = page(HOST, scheme="http", status=status, headers={"Location": "http://other.se/autodiscover/autodiscover.xml"})
    assert search(CLIENT, unsafe, page(OTHER, GOOD, scheme="http")).result is Result.MANUAL


def test_settings_over_http_are_not_taken() -> None:
    """Whatever that server says beside a redirect."""
    assert search(CLIENT, page(HOST, GOOD, scheme="http")).result is Result.MANUAL


def test_an_srv_record_leads_to_another_host_which_the_person_must_allow() -> None:
    """The best record alone."""
    outcome = search(CLIENT, page(OTHER, GOOD), dns=NAMED)
    assert (outcome.result, outcome.why) == (Result.PROMPT, "REDIRECT_ASKS")


def test_redirects_within_a_document_are_followed() -> None:
    """RedirectUrl asks there, RedirectAddr begins anew; a circle ends."""
    url = account("<Action>redirectUrl</Action><RedirectUrl>https://other.se/autodiscover/autodiscover.xml</RedirectUrl>")
    assert search(CLIENT, page(AUTODISCOVER, url), page(OTHER, GOOD)).result is Result.AUTOMATIC
    assert search(CLIENT, page(AUTODISCOVER, url), page(OTHER, url)).result is Result.MANUAL
    address = account("<Action>redirectAddr</Action><RedirectAddr>anna@other.se</RedirectAddr>")
    outcome = search(CLIENT, page(AUTODISCOVER, address), page(OTHER, GOOD))
    assert (outcome.result, outcome.incoming[0].username) == (Result.AUTOMATIC, "anna@kund.se")


def test_a_server_that_wants_a_password_makes_it_ask() -> None:
    """Where no other place has settings."""
    assert search(CLIENT, page(AUTODISCOVER, GOOD, auth_required="Basic")).why == "PASSWORD_ASKED"


def test_the_new_one_asks_nobody_here() -> None:
    """A service of its maker decides."""
    outcome = search(outlook_new.CLIENT, page(AUTODISCOVER, GOOD))
    assert (outcome.result, outcome.why, outcome.steps) == (Result.MANUAL, "CLOUD_DECIDES", ())


# --- anything at all ---------------------------------------------------------------------------------------------------------------


@given(mutated(GOOD, ERROR, account("<Action>redirectUrl</Action><RedirectUrl>https://[</RedirectUrl>")))
def test_reading_never_fails(data: bytes) -> None:
    """Whatever the bytes are."""
    reading = read(data)
    assert reading.accepted or reading.notes


@given(answers(AUTODISCOVER, HOST), st.sampled_from(["anna@kund.se", "anna", "@", "Ånna@kund.se", '"a b"@kund.se']))
def test_searching_never_fails(pages: list[dict[str, object]], email: str) -> None:
    """In whatever world, for whatever is typed."""
    assert isinstance(search(CLIENT, *pages, email=email, dns=NAMED), Outcome)
