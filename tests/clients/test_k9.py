"""Thunderbird for Android: what its source says it takes, in which order it looks, and what it asks the person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.clients.k9 import CLIENT, read
from autoconfig.clients.outcome import Choice, Effect, Outcome, Result
from autoconfig.model import TLSMode
from tests.clients.made import AUTOCONFIG, DATABASE, WELL_KNOWN, answers, mutated, page, search

MX = {"kund.se": {"A": ["192.0.2.10"], "MX": ["20 b.other.se", "10 mx1.in.host.se"]}}
HOSTS = {name: {"A": ["192.0.2.10"]} for name in ("autoconfig.in.host.se", "autoconfig.host.se")}


def server(kind: str = "incoming", type: str = "imap", **values: str) -> str:
    """Return a server in order, with *values* instead; "-" leaves one out."""
    every = {
        "hostname": f"{type}.kund.se",
        "port": "993",
        "socketType": "SSL",
        "username": "%EMAILADDRESS%",
        "authentication": "password-cleartext",
    }
    body = "".join(f"<{name}>{value}</{name}>" for name, value in (every | values).items() if value != "-")
    return f'<{kind}Server type="{type}">{body}</{kind}Server>'


IMAP, SMTP = server(), server("outgoing", "smtp", port="465")
POP3 = server(type="pop3", port="995")


def document(*servers: str, id: str = 'id="kund.se"', domain: str = "<domain>kund.se</domain>") -> str:
    """Return a clientConfig of *servers*."""
    return f'<clientConfig version="1.1"><emailProvider {id}>{domain}{"".join(servers)}</emailProvider></clientConfig>'


GOOD = document(IMAP, SMTP)


def imap(host: str, outcome: Outcome) -> bool:
    """Whether *outcome* is the account at *host*."""
    return [choice.host for choice in outcome.incoming] == [host]


# --- reading -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<html/>", "ROOT_UNKNOWN"),
        (GOOD[:-5], "XML_BROKEN"),
        ("<clientConfig/>", "PROVIDER_MISSING"),
        (document(IMAP, SMTP, id=""), "PROVIDER_ID"),
        (document(IMAP, SMTP, id='id="kund se"'), "PROVIDER_ID"),
        (document(IMAP, SMTP, domain=""), "DOMAIN_MISSING"),
        (document(IMAP, SMTP, domain="<domain>a_b</domain>"), "DOMAIN_MISSING"),
        (document(SMTP), "INCOMING_MISSING"),
        (document(POP3, SMTP), "INCOMING_MISSING"),
        (document(IMAP), "OUTGOING_MISSING"),
        (document(server(hostname="-"), SMTP), "HOSTNAME_MISSING"),
        (document(server(hostname=" imap.kund.se "), SMTP), "HOST_NOT_A_NAME"),
        (document(server(hostname="räksmörgås.se"), SMTP), "HOST_NOT_A_NAME"),
        (document(server(port="-"), SMTP), "PORT_MISSING"),
        (document(server(port=" 993"), SMTP), "PORT_INVALID"),
        (document(server(port="65536"), SMTP), "PORT_INVALID"),
        (document(server(socketType="-"), SMTP), "SOCKET_TYPE_MISSING"),
        (document(server(socketType="plain"), SMTP), "SOCKET_TYPE_UNKNOWN"),
        (document(server(socketType="ssl"), SMTP), "SOCKET_TYPE_UNKNOWN"),
        (document(server(username="-"), SMTP), "USERNAME_MISSING"),
        (document(server(authentication="-"), SMTP), "AUTHENTICATION_MISSING"),
        (document(server(authentication="NTLM"), SMTP), "AUTHENTICATION_MISSING"),
        (document(server(hostname="<b>imap.kund.se</b>"), SMTP), "VALUE_IN_PIECES"),
    ],
)
def test_one_fault_rejects_the_whole_document(text: str, rule: str) -> None:
    """Whatever else there is."""
    reading = read(text.encode())
    assert not reading.accepted
    assert [(note.rule, note.effect) for note in reading.notes] == [(rule, Effect.REJECTS)]


def test_a_fault_in_a_later_server_rejects_the_document_too() -> None:
    """Every imap and smtp server is read, also the second; the line is that of the fault."""
    reading = read(document(IMAP, SMTP, "\n\n", server(port="x")).encode())
    assert [(note.rule, note.line) for note in reading.notes] == [("PORT_INVALID", 3)]


@pytest.mark.parametrize(
    "text",
    [
        document(POP3.replace("995", "none at all"), IMAP, SMTP),  # of another type: not looked at
        document(IMAP, SMTP, domain="<domain> kund.se </domain>"),
        document(IMAP, SMTP, domain='<domain purpose="mx">kund.se</domain>'),
        document(server(port="+993"), SMTP),
        document(server(authentication="NTLM</authentication><authentication>password-encrypted"), SMTP),
        document(server(hostname="<!-- here -->imap.kund.se"), SMTP),
        document(server(port="1</port><port>993"), SMTP),
        "\ufeff" + GOOD,
        '<?xml version="1.0" encoding="ISO-8859-1"?>' + GOOD,
        "<!DOCTYPE clientConfig>" + GOOD,
    ],
)
def test_what_it_lets_pass(text: str) -> None:
    """Attributes, other types, unknown methods beside known ones, and whatever encoding is declared: it reads UTF-8."""
    reading = read(text.encode())
    assert reading.accepted
    assert reading.incoming == (Choice("imap", "imap.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%"),)


def test_only_oauth2_ends_the_search_with_nothing() -> None:
    """The document is taken, and then there is no method left that it could use at that host."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(server(authentication="OAuth2"), SMTP)), page(WELL_KNOWN, GOOD))
    assert (outcome.result, outcome.why, dict(outcome.args)) == (Result.MANUAL, "OAUTH2_ONLY", {"host": "imap.kund.se"})


def test_oauth2_is_used_at_hosts_that_it_knows() -> None:
    """Such as Google's."""
    google = server(authentication="OAuth2", hostname="imap.gmail.com")
    assert read(document(google, SMTP).encode()).incoming[0].host == "imap.gmail.com"


# --- searching ---------------------------------------------------------------------------------------------------------------------


def test_everything_is_asked_at_once_and_never_with_the_address() -> None:
    """Own places, the ISPDB, and what the first MX record leads to: its name without the first label, then the registered domain."""
    outcome = search(CLIENT, dns=MX | HOSTS)
    assert outcome.result is Result.MANUAL
    assert outcome.requests == (
        "GET https://autoconfig.kund.se/mail/config-v1.1.xml",
        "GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml",
        "GET http://autoconfig.kund.se/mail/config-v1.1.xml",
        "GET http://kund.se/.well-known/autoconfig/mail/config-v1.1.xml",
        "GET https://autoconfig.thunderbird.net/v1.1/kund.se",
        "GET https://autoconfig.in.host.se/mail/config-v1.1.xml",
        "GET https://autoconfig.thunderbird.net/v1.1/in.host.se",
        "GET https://autoconfig.host.se/mail/config-v1.1.xml",
        "GET https://autoconfig.thunderbird.net/v1.1/host.se",
    )


def test_the_place_decides_not_the_speed() -> None:
    """A slow answer of a better place is waited for."""
    best = page(AUTOCONFIG, document(server(hostname="best.kund.se"), SMTP), delay_s=8)
    assert imap("best.kund.se", search(CLIENT, page(WELL_KNOWN, GOOD), best))


@pytest.mark.parametrize(
    "bad",
    [
        page(AUTOCONFIG, "<html>welcome</html>"),
        page(AUTOCONFIG, document(server(socketType="plain"), SMTP)),
        page(AUTOCONFIG, GOOD, status=404),
        page(AUTOCONFIG, GOOD, delay_s=11),
        page(AUTOCONFIG, status=204),
    ],
)
def test_what_is_no_settings_leads_on_to_the_next_place(bad: dict[str, object]) -> None:
    """Unlike on the desktop, where any answer with 200 ends it."""
    outcome = search(CLIENT, bad, page(WELL_KNOWN, GOOD))
    assert (outcome.result, outcome.via) == (Result.AUTOMATIC, "https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml")


def test_the_content_type_does_not_matter() -> None:
    """Nor that there is none."""
    assert search(CLIENT, page(AUTOCONFIG, GOOD, headers={"Content-Type": "text/plain"})).result is Result.AUTOMATIC


def test_a_better_place_calls_off_what_has_not_begun() -> None:
    """The requests that follow the MX lookup are not made when the ISPDB had an answer before."""
    slow = page(("autoconfig.in.host.se", "*"), status=404, delay_s=2)
    outcome = search(CLIENT, page(DATABASE, GOOD, delay_s=1), slow, dns=MX | HOSTS)
    assert "GET https://autoconfig.in.host.se/mail/config-v1.1.xml" in outcome.requests
    assert not any("v1.1/in.host.se" in request for request in outcome.requests)


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ([page(AUTOCONFIG, GOOD, scheme="http")], "SOURCE_UNENCRYPTED"),
        (
            [page(AUTOCONFIG, status=302, headers={"Location": "http://other.se/"}), page(("other.se", "/"), GOOD, scheme="http")],
            "SOURCE_UNENCRYPTED",
        ),
        ([page(("autoconfig.in.host.se", "*"), GOOD)], "SOURCE_BY_MX"),
    ],
)
def test_settings_that_could_be_forged_are_to_be_approved(pages: list[dict[str, object]], why: str) -> None:
    """What came over http, at whatever step, or by an MX record without DNSSEC."""
    outcome = search(CLIENT, *pages, dns=MX | HOSTS)
    assert (outcome.result, outcome.why) == (Result.PROMPT, why)
    assert imap("imap.kund.se", outcome)


def test_an_exchanger_in_the_domain_itself_is_not_looked_at() -> None:
    """Its registered domain has been asked already."""
    outcome = search(CLIENT, dns={"kund.se": {"A": ["192.0.2.10"], "MX": ["10 mx.kund.se"]}})
    assert len(outcome.requests) == 5


def test_placeholders_are_filled_in_host_and_user_name() -> None:
    """All three, the domain in lower case."""
    text = document(server(hostname="imap.%EMAILDOMAIN%", username="%EMAILLOCALPART%+%EMAILDOMAIN%"), SMTP)
    outcome = search(CLIENT, page(AUTOCONFIG, text), email="Anna@Kund.SE")
    assert (outcome.incoming[0].host, outcome.incoming[0].username) == ("imap.kund.se", "Anna+kund.se")
    assert outcome.outgoing[0].username == "Anna@Kund.SE"


def test_a_host_that_the_address_makes_no_name_is_rejected() -> None:
    """A local part can have characters that no host name has."""
    text = document(server(hostname="%EMAILLOCALPART%.kund.se"), SMTP)
    outcome = search(CLIENT, page(AUTOCONFIG, text), email="anna+b@kund.se")
    assert (outcome.result, outcome.why) == (Result.MANUAL, "HOST_NOT_A_NAME")


# --- anything at all ---------------------------------------------------------------------------------------------------------------


@given(mutated(GOOD, document(POP3, IMAP, SMTP, SMTP)))
def test_reading_never_fails(data: bytes) -> None:
    """Whatever the bytes are; what is accepted has both sides, but for OAuth2."""
    reading = read(data)
    assert bool(reading.incoming) == bool(reading.outgoing)
    assert reading.accepted or reading.notes


@given(answers(AUTOCONFIG, WELL_KNOWN, DATABASE), st.sampled_from(["anna@kund.se", "anna", "@", "Ånna@kund.se", '"a b"@kund.se']))
def test_searching_never_fails(pages: list[dict[str, object]], email: str) -> None:
    """In whatever world, for whatever is typed."""
    assert isinstance(search(CLIENT, *pages, email=email, dns=MX | HOSTS), Outcome)
