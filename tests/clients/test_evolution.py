"""Evolution: as it was recorded, and what follows from how it reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.evolution import CLIENT, read
from autoconfig.clients.outcome import Choice, Effect, Outcome, Result
from autoconfig.model import TLSMode
from tests.clients.cases import Case, compare, load, outcome_of
from tests.clients.made_up import ANSWERS, AUTOCONFIG, BROKEN, DATABASE, GOOD, IMAP, SMTP, WELL_KNOWN, document, page, search, server

_CASES = load("evolution")


def _imap(data: str) -> Choice:
    reading = read(data.encode())
    assert reading.accepted
    return reading.incoming[0]


def _search(*pages: dict[str, Any], dns: dict[str, Any] | None = None, email: str = "anna@kund.se") -> Outcome:
    return search(CLIENT, *pages, dns=dns, email=email)


@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(case["name"]))
def test_it_agrees_with_the_recordings(case: Case) -> None:
    """The same requests in the same order, the same source, the same servers."""
    assert compare(case, outcome_of(CLIENT, case)) == []


# --- reading ---


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<hostname>a.se</hostname>", Choice("imap", "a.se", 0, TLSMode.NONE, None)),
        ("<hostname> a.se\n</hostname>", Choice("imap", "a.se", 0, TLSMode.NONE, None)),
        ("<hostname>a.se<!-- c --></hostname>", Choice("imap", "", 0, TLSMode.NONE, None)),
        ("<hostname><![CDATA[a.se]]></hostname>", Choice("imap", "", 0, TLSMode.NONE, None)),
        ("<x><hostname>a.se</hostname></x>", Choice("imap", "a.se", 0, TLSMode.NONE, None)),
        ("<username/><hostname>a.se</hostname>", Choice("imap", "a.se", 0, TLSMode.NONE, None)),
        ("<username></username>", Choice("imap", "", 0, TLSMode.NONE, "")),
        ("<port>993.5</port>", Choice("imap", "", 993, TLSMode.NONE, None)),
        ("<port>+993x</port>", Choice("imap", "", 993, TLSMode.NONE, None)),
        ("<port>993</port><port>65536</port>", Choice("imap", "", 993, TLSMode.NONE, None)),
        ("<socketType>SSL</socketType><socketType>TLS</socketType>", Choice("imap", "", 0, TLSMode.IMPLICIT, None)),
        ("<socketType>plain</socketType>", Choice("imap", "", 0, TLSMode.NONE, None)),
    ],
)
def test_how_a_server_is_read(body: str, expected: Choice) -> None:
    """Each piece of text replaces the one before; what makes no sense changes nothing."""
    assert _imap(f'<incomingServer type="imap">{body}</incomingServer>') == expected


def test_a_later_server_keeps_what_it_leaves_out_of_an_earlier_one() -> None:
    """The last server of a type wins value by value."""
    second = '<incomingServer type="imap"><hostname>imap2.kund.se</hostname></incomingServer>'
    assert _imap(document(IMAP, second)) == Choice("imap", "imap2.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")


def test_only_the_type_says_which_server_it_is() -> None:
    """The element's own name does not count."""
    assert _imap('<outgoingServer type="imap"><port>1</port></outgoingServer>').port == 1


def test_a_server_of_an_unknown_type_takes_what_is_in_it() -> None:
    """Until the first end tag of a server; one of an unknown type inside of a known one takes nothing."""
    unknown = '<incomingServer type="x">{}</incomingServer>'
    assert read(document(unknown.format(IMAP)).encode()).incoming == ()
    assert read(IMAP.replace("<hostname>", unknown.format("") + "<hostname>").encode()).incoming == ()
    assert _imap(IMAP.replace("<port>", unknown.format("<port>1</port>") + "<port>")).port == 1


@pytest.mark.parametrize("server", ["incomingServer", 'incomingServer type="imap" x="1"', 'incomingServer type="imap" type="imap"'])
def test_a_server_with_other_attributes_than_its_type_ends_thedocument(server: str) -> None:
    """GLib is asked for just that attribute and fails for every other."""
    reading = read(document(SMTP, f"<{server}></incomingServer>").encode())
    assert not reading.accepted
    assert reading.outgoing == ()
    assert [note.rule for note in reading.notes] == ["SERVER_ATTRIBUTES"]


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b"<a>\n&h;</a>", "XML_BROKEN", 2),
        (b"\xef\xbb\xbf<a/>", "XML_BROKEN", 1),
        (b"<html/>", "SERVERS_MISSING", 1),
        (b'<a>\n<incomingServer type="jmap"/></a>', "SERVER_TYPE_UNKNOWN", 2),
        (b'<a>\n<incomingServer type="imap"/></a>', "HOSTNAME_MISSING", 2),
        (b'<a><incomingServer type="imap">\n<port>x</port></incomingServer></a>', "PORT_INVALID", 2),
        (b'<a><incomingServer type="imap">\n<socketType>TLS</socketType></incomingServer></a>', "SOCKET_TYPE_UNKNOWN", 2),
        (b'<a><incomingServer type="imap">\n<hostname>x.%EMAILDOMAIN%</hostname></incomingServer></a>', "PLACEHOLDER_LOST", 2),
        (b'<a><incomingServer type="imap">\n<hostname>x<!-- -->y</hostname></incomingServer></a>', "VALUE_IN_PIECES", 2),
        (b'<a>\n<incomingServer type="imap"/>\n<incomingServer type="imap"/></a>', "SERVER_AGAIN", 2),
    ],
)
def test_what_is_odd_is_told_with_its_line(data: bytes, rule: str, line: int) -> None:
    """Each note has a rule of the catalogue, with what its words need."""
    note = next(note for note in read(data).notes if note.rule == rule)
    assert note.line == line
    assert RULES[rule].parameters <= set(note.args)


# --- searching ---


def test_what_was_read_of_a_broken_document_goes_into_the_next() -> None:
    """The servers are cleared by nothing."""
    pop = '<incomingServer type="pop3"><hostname>pop.kund.se</hostname></incomingServer>'
    outcome = _search(page(AUTOCONFIG, f"<a>{pop}"), page(WELL_KNOWN, document(IMAP, SMTP)))
    assert [choice.host for choice in outcome.incoming] == ["imap.kund.se", "pop.kund.se"]
    assert outcome.source == "well-known-https"


def test_a_document_without_servers_ends_the_search() -> None:
    """Anything that GLib reads to its end is an answer."""
    outcome = _search(page(AUTOCONFIG, "<html/>"), page(WELL_KNOWN, document(IMAP, SMTP)))
    assert (outcome.result, outcome.source, outcome.why) == (Result.MANUAL, "autoconfig-https", "SERVERS_MISSING")


@pytest.mark.parametrize(
    ("answer", "asked"),
    [({"status": 404}, True), ({"status": 410}, False), ({"body": "{}"}, False), ({"status": 204}, False), ({"drop": True}, False)],
)
def test_the_name_server_is_asked_about_only_after_404_from_the_database(answer: dict[str, Any], asked: bool) -> None:
    """Any other end of the last source is the end."""
    outcome = _search(page(DATABASE, **answer), dns={"kund.se": {"A": ["192.0.2.10"], "NS": ["ns.nshost.se"]}})
    assert any(step.what.startswith("DNS NS") for step in outcome.steps) is asked


def test_twenty_redirects_are_followed_and_no_more() -> None:
    """libsoup gives up at the twenty-first."""
    chain = [page(("other.se", f"/{i}"), status=302, headers={"Location": f"/{i + 1}"}) for i in range(1, 30)]
    outcome = _search(page(AUTOCONFIG, status=302, headers={"Location": "https://other.se/1"}), *chain)
    assert "GET https://other.se/20" in outcome.requests
    assert "GET https://other.se/21" not in outcome.requests


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("//other.se/x", "https://other.se/x"),
        ("/x", "https://autoconfig.kund.se/x"),
        ("x", "https://autoconfig.kund.se/mail/x"),
        ("?a=b", "https://autoconfig.kund.se/mail/config-v1.1.xml?a=b"),
        ("https://other.se", "https://other.se/"),
        ("https://other.se:443/x#y", "https://other.se/x"),
        ("https://other.se/%zz", None),
        ("https://", None),
        ("https:///x", None),
        ("x:y", None),
        ("", None),
    ],
)
def test_where_a_redirect_leads(location: str, asked: str | None) -> None:
    """As libsoup 3.2 was seen to go."""
    second = _search(page(AUTOCONFIG, status=302, headers={"Location": location})).requests[1]
    assert second == f"GET {asked}" if asked else second.startswith("GET http:")


@pytest.mark.parametrize(
    ("status", "read"), [(201, True), (206, True), (226, True), (300, False), (304, False), (306, False), (310, False)]
)
def test_only_2xx_is_read(status: int, read: bool) -> None:
    """With a Location or without."""
    outcome = _search(page(AUTOCONFIG, status=status, headers={"Location": "https://other.se/"}))
    assert (outcome.source is not None) is read


@pytest.mark.parametrize(("seconds", "source"), [(14, "autoconfig-https"), (16, "well-known-https")])
def test_it_waits_fifteen_seconds_for_each_answer(seconds: int, source: str) -> None:
    """A redirect has its own."""
    hops = (
        page(AUTOCONFIG, status=302, headers={"Location": "https://other.se/"}, delay_s=14),
        page(("other.se", "/"), GOOD, delay_s=seconds),
    )
    assert _search(*hops, page(WELL_KNOWN, GOOD)).source == source


def test_a_placeholder_for_the_domain_is_lost() -> None:
    """The person would have to enter a domain beside the address for it."""
    outcome = _search(page(AUTOCONFIG, document(server(hostname="imap.%EMAILDOMAIN%"), SMTP)))
    assert outcome.incoming[0].host == "imap."
    assert (outcome.result, outcome.why) == (Result.WRONG, "PLACEHOLDER_LOST")


def test_a_placeholder_that_a_later_server_replaces_does_no_harm() -> None:
    """Only what is entered counts."""
    outcome = _search(page(AUTOCONFIG, document(server(hostname="imap.%EMAILDOMAIN%"), IMAP, SMTP)))
    assert outcome.result is Result.AUTOMATIC


@pytest.mark.parametrize(
    ("servers", "result", "why"),
    [
        ((IMAP, SMTP), Result.AUTOMATIC, ""),
        ((IMAP,), Result.WRONG, "OUTGOING_MISSING"),
        ((SMTP,), Result.WRONG, "INCOMING_MISSING"),
        ((server(port="x"), SMTP), Result.WRONG, "PORT_MISSING"),
        ((server(socketType="TLS"), SMTP), Result.AUTOMATIC, "SOCKET_TYPE_UNKNOWN"),
        ((server(username=""), SMTP), Result.PROMPT, "USERNAME_MISSING"),
        ((server(hostname="imap kund"), SMTP), Result.WRONG, "HOST_NOT_A_NAME"),
        ((server(hostname=""), SMTP), Result.WRONG, "HOSTNAME_MISSING"),
    ],
)
def test_how_it_ends(servers: tuple[str, ...], result: Result, why: str) -> None:
    """The result, and what explains it."""
    outcome = _search(page(AUTOCONFIG, document(*servers)))
    assert (outcome.result, outcome.why) == (result, why)
    assert not why or RULES[why].parameters <= set(outcome.args)


def test_records_for_servers_are_told_where_there_is_nothing_else() -> None:
    """What the program makes of them is not known: the servers stay empty."""
    outcome = _search(dns={"_imaps._tcp.kund.se": {"SRV": ["0 1 993 mail.kund.se"]}})
    assert (outcome.result, outcome.why, outcome.incoming) == (Result.PROMPT, "SRV_ONLY", ())


def test_a_record_that_says_there_is_no_service_is_none() -> None:
    """RFC 2782: a target of "." means that the service is decidedly not available."""
    assert _search(dns={"_imaps._tcp.kund.se": {"SRV": ["0 0 0 ."]}}).result is Result.MANUAL


@pytest.mark.parametrize("email", ["anna", "anna@", "@", "a b@c d", "anna@@kund.se", "anna@[192.0.2.1]", "anna@\udcff"])
def test_what_is_no_address_is_searched_for_without_harm(email: str) -> None:
    """No URL can be made of it."""
    assert _search(email=email).requests == ()


@given(BROKEN)
def test_read_takes_any_bytes(data: bytes) -> None:
    """It never raises; what is not accepted has no servers and a note that says why; hosts are no longer than the document."""
    reading = read(data)
    assert reading.accepted or any(note.effect is Effect.REJECTS for note in reading.notes)
    assert reading.accepted or not (reading.incoming or reading.outgoing)
    assert all(len(choice.host) <= len(data) for choice in (*reading.incoming, *reading.outgoing))
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)


@given(BROKEN, ANSWERS)
def test_discover_ends_in_any_world(body: bytes, answer: dict[str, Any]) -> None:
    """It never raises, and asks no more than it would."""
    outcome = _search(
        page(AUTOCONFIG, body.decode("latin-1"), **answer), dns={"kund.se": {"A": ["192.0.2.10"], "NS": [".".join(["a"] * 60), "b."]}}
    )
    assert len(outcome.requests) < 200
