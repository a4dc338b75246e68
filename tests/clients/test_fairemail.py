"""FairEmail, both programs of that name: what each asks, how the answers are weighed, and what is read out of a document."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.clients.fairemail import CLIENT, PLAY, read, read_outlook
from autoconfig.clients.outcome import Choice, Client, Effect, Outcome, Result
from autoconfig.model import TLSMode
from tests.clients.cases import outcome_of
from tests.clients.made import (
    AUTOCONFIG,
    AUTODISCOVER,
    DATABASE,
    IMAP,
    SMTP,
    WELL_KNOWN,
    answers,
    document,
    mutated,
    page,
    pox,
    search,
)

GOOD = document(IMAP, SMTP)
HEAD = "<AccountType>email</AccountType><Action>settings</Action>"
POX = pox(
    HEAD,
    "<Protocol><Type>IMAP</Type><Server>pox.kund.se</Server><Port>143</Port></Protocol>",
    "<Protocol><Type>SMTP</Type><Server>pox.kund.se</Server><Port>465</Port></Protocol>",
)
SRV = {
    "_imaps._tcp.kund.se": {"SRV": ["10 1 993 srv.kund.se", "0 1 993 ."]},
    "_submission._tcp.kund.se": {"SRV": ["10 1 587 srv.kund.se"]},
}
DIRECT = ("imap.kund.se", TLSMode.IMPLICIT)


def choice(text: str) -> tuple[str, TLSMode | None] | None:
    """Return host and TLS mode of what is read as the imap server."""
    reading = read(text.encode())
    return (reading.incoming[0].host, reading.incoming[0].tls) if reading.accepted else None


def first(outcome: Outcome) -> tuple[str | None, str]:
    """Return the source and the host of what is tried first."""
    return outcome.source, outcome.incoming[0].host


# --- reading -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD, DIRECT),
        (document(IMAP.replace("SSL", "STARTTLS"), SMTP), ("imap.kund.se", TLSMode.STARTTLS)),
        # What it does not know leaves what the port says.
        (document(IMAP.replace("SSL", "plain"), SMTP), DIRECT),
        (document(IMAP.replace("SSL", "plain").replace("993", "143"), SMTP), ("imap.kund.se", TLSMode.STARTTLS)),
        # A port after the socketType decides.
        (document(IMAP.replace("</socketType>", "</socketType><port>143</port>"), SMTP), ("imap.kund.se", TLSMode.STARTTLS)),
        (document(IMAP.replace("993", " 993"), SMTP), None),
        (document(IMAP.replace("<port>993</port>", ""), SMTP), None),
        (document(IMAP), None),
        (document(SMTP), None),
        # The first incomingServer must be the imap one.
        (document(IMAP.replace('"imap"', '"pop3"'), IMAP, SMTP), None),
        (document(IMAP, IMAP.replace("imap.kund.se", "second.kund.se"), SMTP), DIRECT),
        # Its host name is taken as it is.
        (document(IMAP.replace("imap.kund.se", "imap.%EMAILDOMAIN%"), SMTP), ("imap.%EMAILDOMAIN%", TLSMode.IMPLICIT)),
        ("<a>" + IMAP + "<b>" + SMTP + "</b></a>", DIRECT),  # nobody looks where it stands
        ("<html/>", None),
        (GOOD[:-3], None),
    ],
)
def test_how_it_reads(text: str, found: tuple[str, TLSMode] | None) -> None:
    """Host and TLS of the imap server, None where the document is refused."""
    assert choice(text) == found


def test_the_last_smtp_server_is_used() -> None:
    """Each goes over the one before."""
    assert read(document(IMAP, SMTP, SMTP.replace("smtp.kund.se", "last.kund.se")).encode()).outgoing[0].host == "last.kund.se"


@pytest.mark.parametrize(
    ("written", "entered"),
    [
        ("%EMAILADDRESS%", "anna@kund.se"),
        ("%EMAILLOCALPART%", "anna"),
        ("", "anna@kund.se"),
        ("%EMAILLOCALPART%.kund", "%EMAILLOCALPART%.kund"),
        ("*@mail.se", "anna@mail.se"),
        ("u123", "u123"),
    ],
)
def test_a_placeholder_must_be_the_whole_user_name(written: str, entered: str) -> None:
    """Else it is entered as it stands."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(IMAP.replace("%EMAILADDRESS%", written), SMTP.replace("%EMAILADDRESS%", written))))
    assert (outcome.incoming[0].username, outcome.outgoing[0].username) == (entered, entered)
    assert (outcome.why == "PLACEHOLDER_LOST") is ("%" in entered)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (POX, ("pox.kund.se", "pox.kund.se")),
        (POX.replace("IMAP", "imap"), None),
        (POX.replace(">email<", ">Email<"), None),
        (POX.replace(HEAD, ""), None),
        (POX.replace(HEAD, "").replace("</Account>", HEAD + "</Account>"), None),
        (POX.replace("143", " 143"), None),
        (
            POX.replace("</Account>", "<Protocol><Type>IMAP</Type><Server>b.se</Server><Port>1</Port></Protocol></Account>"),
            ("b.se", "pox.kund.se"),
        ),
    ],
)
def test_how_it_reads_autodiscover(text: str, hosts: tuple[str, str] | None) -> None:
    """AccountType and Action first, types in capitals, and the last of each counts."""
    reading = read_outlook(text.encode())
    assert ((reading.incoming[0].host, reading.outgoing[0].host) if reading.accepted else None) == hosts


def test_autodiscover_knows_starttls_by_the_port_alone() -> None:
    """143 and 587."""
    reading = read_outlook(POX.replace("465", "587").encode())
    assert (reading.incoming[0].tls, reading.outgoing[0].tls) == (TLSMode.STARTTLS, TLSMode.STARTTLS)
    other = read_outlook(POX.replace("143", "1143").encode())
    assert (other.incoming[0].tls, other.outgoing[0].tls) == (TLSMode.IMPLICIT, TLSMode.IMPLICIT)


# --- searching ---------------------------------------------------------------------------------------------------------------------


def test_what_is_asked_in_which_order() -> None:
    """Address and all, as it was typed; then the same for the names above the exchanger."""
    outcome = search(CLIENT, dns={"kund.se": {"A": ["192.0.2.10"], "MX": ["10 mx.host.se"]}, "host.se": {"A": ["192.0.2.10"]}})
    assert [*outcome.requests][:8] == [
        "GET https://autoconfig.kund.se/mail/config-v1.1.xml?emailaddress=anna@kund.se",
        "GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna@kund.se",
        "GET http://autoconfig.kund.se/mail/config-v1.1.xml?emailaddress=anna@kund.se",
        "GET http://kund.se/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=anna@kund.se",
        "GET https://autoconfig.thunderbird.net/v1.1/kund.se",
        "POST https://kund.se/autodiscover/autodiscover.xml",
        "POST https://autodiscover.kund.se/autodiscover/autodiscover.xml",
        "GET https://autoconfig.thunderbird.net/v1.1/mx.host.se",
    ]
    assert "POST https://host.se/autodiscover/autodiscover.xml" in outcome.requests


def test_the_play_program_knows_the_ispdb_alone() -> None:
    """No documents of the domain, no Autodiscover; SRV records it does ask for."""
    outcome = search(PLAY, page(AUTOCONFIG, GOOD), page(AUTODISCOVER, POX))
    assert (outcome.result, outcome.requests) == (Result.MANUAL, ("GET https://autoconfig.thunderbird.net/v1.1/kund.se",))
    assert first(search(PLAY, page(DATABASE, GOOD))) == ("autoconfig", "imap.kund.se")
    assert first(search(PLAY, page(DATABASE, GOOD), dns=SRV)) == ("srv", "srv.kund.se")


@pytest.mark.parametrize(
    ("pages", "dns", "open", "expected"),
    [
        ([page(AUTOCONFIG, GOOD)], SRV, (), ("srv", "srv.kund.se")),
        # With a user name that is spelt out, a document is worth more than SRV records.
        ([page(AUTOCONFIG, GOOD.replace("%EMAILADDRESS%", "u123"))], SRV, (), ("autoconfig", "imap.kund.se")),
        ([page(AUTOCONFIG, GOOD.replace("%EMAILADDRESS%", "ANNA@kund.se"))], SRV, (), ("srv", "srv.kund.se")),
        ([page(AUTOCONFIG, GOOD), page(AUTODISCOVER, POX)], {}, (), ("autoconfig", "imap.kund.se")),
        ([page(AUTODISCOVER, POX)], {}, (993, 587), ("autodiscover", "pox.kund.se")),
        ([page(WELL_KNOWN, GOOD)], {}, (993, 587), ("autoconfig", "imap.kund.se")),
        ([], {}, (993, 587), ("guess", "imap.kund.se")),
        # Both services are needed.
        ([page(DATABASE, GOOD)], {"_imaps._tcp.kund.se": {"SRV": ["0 1 993 srv.kund.se"]}}, (), ("autoconfig", "imap.kund.se")),
    ],
)
def test_the_highest_score_is_tried_first(
    pages: list[dict[str, object]], dns: dict[str, Any], open: tuple[int, ...], expected: tuple[str, str]
) -> None:
    """SRV 50 for each side, documents 20, scanning 10, the exchanger itself 0."""
    assert first(search(CLIENT, *pages, dns=dns, open=open)) == expected


def test_the_mail_exchanger_is_the_last_resort() -> None:
    """With both ports for sending."""
    outcome = search(CLIENT, dns={"kund.se": {"A": ["192.0.2.10"], "MX": ["10 mx.kund.se"]}})
    assert (outcome.source, [(one.host, one.port) for one in outcome.outgoing]) == ("exchanger", [("mx.kund.se", 587), ("mx.kund.se", 465)])


@pytest.mark.parametrize("client", [CLIENT, PLAY])
def test_a_redirect_between_http_and_https_is_not_followed(client: Client) -> None:
    """As HttpURLConnection has it; one to another host is."""
    to_http = page(DATABASE, status=302, headers={"Location": "http://other.se/"})
    to_https = page(DATABASE, status=302, headers={"Location": "https://other.se/"})
    there = [page(("other.se", "/"), GOOD), page(("other.se", "/"), GOOD, scheme="http")]
    assert search(client, to_http, *there).result is Result.MANUAL
    assert search(client, to_https, *there).result is Result.AUTOMATIC


def test_only_200_counts_and_a_refused_document_leads_on() -> None:
    """206 would do for others."""
    outcome = search(CLIENT, page(AUTOCONFIG, GOOD, status=206), page(WELL_KNOWN, "<html/>"), page(DATABASE, GOOD))
    assert outcome.via == "https://autoconfig.thunderbird.net/v1.1/kund.se"


def test_a_host_with_a_placeholder_is_entered_and_wrong() -> None:
    """It fills none in host names."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(IMAP.replace("imap.kund.se", "imap.%EMAILDOMAIN%"), SMTP)))
    assert (outcome.result, outcome.why) == (Result.WRONG, "HOST_NOT_A_NAME")
    assert outcome.notes[0].effect is Effect.MISREADS


def test_a_certificate_for_a_name_at_the_same_address_lends_its_name() -> None:
    """What scanning finds is entered by the name that is in the certificate."""
    certificate = {
        "names": ["server.host.se"],
        "ips": [],
        "common_name": "",
        "issuer": "",
        "not_before": "2026-01-01T00:00:00+00:00",
        "not_after": "2027-01-01T00:00:00+00:00",
        "server_auth": True,
        "key": "EC",
        "key_bits": 256,
        "signature": "sha256",
        "fingerprint": "",
        "public_key": "",
    }
    tls = {"server_name": "imap.kund.se", "certificate": certificate}
    services = ((993, "imaps"), (465, "submissions"))
    ends = [{"ip": "192.0.2.20", "port": port, "service": service, "tcp": "connected", "tls": tls} for port, service in services]
    names = {name: {"A": ["192.0.2.20"]} for name in ("imap.kund.se", "smtp.kund.se", "server.host.se")}
    outcome = outcome_of(
        CLIENT, {"email": "anna@kund.se", "password_given": False, "dns": names, "addresses": {}, "http": [], "endpoints": ends}
    )
    assert outcome.incoming == (Choice("imap", "server.host.se", 993, TLSMode.IMPLICIT, "anna@kund.se"),)


# --- anything at all ---------------------------------------------------------------------------------------------------------------


@given(mutated(GOOD, document(IMAP, IMAP, SMTP, SMTP), POX))
def test_reading_never_fails(data: bytes) -> None:
    """Whatever the bytes are; what is accepted has both sides."""
    for reading in (read(data), read_outlook(data)):
        assert bool(reading.incoming) == bool(reading.outgoing) == reading.accepted


@given(answers(AUTOCONFIG, DATABASE, AUTODISCOVER), st.sampled_from(["anna@kund.se", "anna", "@", "Ånna@kund.se", '"a b"@kund.se']))
def test_searching_never_fails(pages: list[dict[str, object]], email: str) -> None:
    """In whatever world, for whatever is typed."""
    for client in (CLIENT, PLAY):
        assert isinstance(search(client, *pages, email=email, dns=SRV), Outcome)
