"""Evolution: as it was recorded, and what follows from how it reads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.evolution import CLIENT, discover, read
from autoconfig.clients.outcome import Choice, Effect, Outcome, Result, Typed
from autoconfig.model import TLSMode
from autoconfig.network.scripted import Scripted
from tests.clients.cases import Case, compare, load, outcome_of

_CASES = load("evolution")
_IMAP = (
    '<incomingServer type="imap"><hostname>imap.kund.se</hostname><port>993</port><socketType>SSL</socketType>'
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>"
)
_SMTP = (
    '<outgoingServer type="smtp"><hostname>smtp.kund.se</hostname><port>587</port><socketType>STARTTLS</socketType>'
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>"
)


def _document(*servers: str) -> str:
    return f'<clientConfig version="1.1"><emailProvider id="kund.se">{"".join(servers)}</emailProvider></clientConfig>'


def _imap(data: str) -> Choice:
    reading = read(data.encode())
    assert reading.accepted
    return reading.incoming[0]


def _page(host: str, path: str, body: str = "", **rest: Any) -> dict[str, object]:
    return {"scheme": "https", "host": host, "path": path, "status": 200, "body": body, **rest}


_AUTOCONFIG = ("autoconfig.kund.se", "/mail/config-v1.1.xml")
_WELL_KNOWN = ("kund.se", "/.well-known/autoconfig/mail/config-v1.1.xml")
_DATABASE = ("autoconfig.thunderbird.net", "/v1.1/kund.se")


def _search(*pages: dict[str, object], dns: dict[str, Any] | None = None, email: str = "anna@kund.se") -> Outcome:
    names = {name: {"A": ["192.0.2.10"]} for name in ("kund.se", "autoconfig.kund.se", "autoconfig.thunderbird.net", "other.se")}
    world = {"dns": {**names, **(dns or {})}, "addresses": {"192.0.2.10": {"80": "open", "443": "open"}}, "http": list(pages)}
    return asyncio.run(discover(Typed(email), Scripted(world)))


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
    assert _imap(_document(_IMAP, second)) == Choice("imap", "imap2.kund.se", 993, TLSMode.IMPLICIT, "%EMAILADDRESS%")


def test_only_the_type_says_which_server_it_is() -> None:
    """The element's own name does not count."""
    assert _imap('<outgoingServer type="imap"><port>1</port></outgoingServer>').port == 1


@pytest.mark.parametrize("server", ["incomingServer", 'incomingServer type="imap" x="1"', 'incomingServer type="imap" type="imap"'])
def test_a_server_with_other_attributes_than_its_type_ends_the_document(server: str) -> None:
    """GLib is asked for just that attribute and fails for every other."""
    reading = read(_document(_SMTP, f"<{server}></incomingServer>").encode())
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
    outcome = _search(_page(*_AUTOCONFIG, body=f"<a>{pop}"), _page(*_WELL_KNOWN, body=_document(_IMAP, _SMTP)))
    assert [choice.host for choice in outcome.incoming] == ["imap.kund.se", "pop.kund.se"]
    assert outcome.source == "well-known-https"


def test_a_document_without_servers_ends_the_search() -> None:
    """Anything that GLib reads to its end is an answer."""
    outcome = _search(_page(*_AUTOCONFIG, body="<html/>"), _page(*_WELL_KNOWN, body=_document(_IMAP, _SMTP)))
    assert (outcome.result, outcome.source, outcome.why) == (Result.MANUAL, "autoconfig-https", "SERVERS_MISSING")


@pytest.mark.parametrize(
    ("answer", "asked"),
    [({"status": 404}, True), ({"status": 410}, False), ({"body": "{}"}, False), ({"status": 204}, False), ({"drop": True}, False)],
)
def test_the_name_server_is_asked_about_only_after_404_from_the_database(answer: dict[str, Any], asked: bool) -> None:
    """Any other end of the last source is the end."""
    outcome = _search(_page(*_DATABASE, **answer), dns={"kund.se": {"A": ["192.0.2.10"], "NS": ["ns.nshost.se"]}})
    assert any(step.what.startswith("DNS NS") for step in outcome.steps) is asked


def test_twenty_redirects_are_followed_and_no_more() -> None:
    """libsoup gives up at the twenty-first."""
    chain = [_page("other.se", f"/{i}", status=302, headers={"Location": f"/{i + 1}"}) for i in range(1, 30)]
    outcome = _search(_page(*_AUTOCONFIG, status=302, headers={"Location": "https://other.se/1"}), *chain)
    assert "GET https://other.se/20" in outcome.requests
    assert "GET https://other.se/21" not in outcome.requests


@pytest.mark.parametrize(("seconds", "source"), [(14, "autoconfig-https"), (16, "well-known-https")])
def test_it_waits_fifteen_seconds_for_each_answer(seconds: int, source: str) -> None:
    """A redirect has its own."""
    document = _document(_IMAP, _SMTP)
    hops = (
        _page(*_AUTOCONFIG, status=302, headers={"Location": "https://other.se/"}, delay_s=14),
        _page("other.se", "/", document, delay_s=seconds),
    )
    assert _search(*hops, _page(*_WELL_KNOWN, body=document)).source == source


def test_a_placeholder_for_the_domain_is_lost() -> None:
    """The person would have to enter a domain beside the address for it."""
    outcome = _search(_page(*_AUTOCONFIG, body=_document(_IMAP.replace("imap.kund.se", "imap.%EMAILDOMAIN%"), _SMTP)))
    assert outcome.incoming[0].host == "imap."
    assert (outcome.result, outcome.why) == (Result.WRONG, "PLACEHOLDER_LOST")


def test_a_placeholder_that_a_later_server_replaces_does_no_harm() -> None:
    """Only what is entered counts."""
    outcome = _search(_page(*_AUTOCONFIG, body=_document(_IMAP.replace("imap.kund.se", "imap.%EMAILDOMAIN%"), _IMAP, _SMTP)))
    assert outcome.result is Result.AUTOMATIC


@pytest.mark.parametrize(
    ("servers", "result", "why"),
    [
        ((_IMAP, _SMTP), Result.AUTOMATIC, ""),
        ((_IMAP,), Result.WRONG, "OUTGOING_MISSING"),
        ((_SMTP,), Result.WRONG, "INCOMING_MISSING"),
        ((_IMAP.replace("993", "x"), _SMTP), Result.WRONG, "PORT_MISSING"),
        ((_IMAP.replace("SSL", "TLS"), _SMTP), Result.AUTOMATIC, "SOCKET_TYPE_UNKNOWN"),
        ((_IMAP.replace("username", "user"), _SMTP), Result.PROMPT, "USERNAME_MISSING"),
        ((_IMAP.replace("imap.kund.se", "imap kund"), _SMTP), Result.WRONG, "HOST_NOT_A_NAME"),
        ((_IMAP.replace("hostname", "host"), _SMTP), Result.WRONG, "HOSTNAME_MISSING"),
    ],
)
def test_how_it_ends(servers: tuple[str, ...], result: Result, why: str) -> None:
    """The result, and what explains it."""
    outcome = _search(_page(*_AUTOCONFIG, body=_document(*servers)))
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


_MUTATED = st.builds(
    lambda data, cut, at, piece: data[:at] + piece + data[at + cut :],
    st.sampled_from([str(page.get("body", "")).encode() for case in _CASES[:40] for page in case["http"]]),
    st.integers(0, 20),
    st.integers(0, 1500),
    st.one_of(
        st.binary(max_size=8), st.sampled_from([b"<incomingServer type='imap'>", b"<hostname>", b"</hostname>", b"&#x41;", b"<![CDATA["])
    ),
)


@given(_MUTATED)
def test_read_takes_any_bytes(data: bytes) -> None:
    """It never raises; what is not accepted has no servers and a note that says why; hosts are no longer than the document."""
    reading = read(data)
    assert reading.accepted or any(note.effect is Effect.REJECTS for note in reading.notes)
    assert reading.accepted or not (reading.incoming or reading.outgoing)
    assert all(len(choice.host) <= len(data) for choice in (*reading.incoming, *reading.outgoing))
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)


@given(_MUTATED, st.sampled_from([200, 204, 302, 404, 500]), st.sampled_from(["", "/", "//", "x:y", "https://other.se/"]), st.booleans())
def test_discover_ends_in_any_world(body: bytes, status: int, location: str, drop: bool) -> None:
    """It never raises, and asks no more than it would."""
    page = _page(*_AUTOCONFIG, body=body.decode("latin-1"), status=status, headers={"Location": location}, drop=drop)
    outcome = _search(page, dns={"kund.se": {"A": ["192.0.2.10"], "NS": [".".join(["a"] * 60), "b."]}})
    assert len(outcome.requests) < 200
