"""Delta Chat: as it was recorded, and what its source says beside that."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.deltachat import CLIENT, read, read_outlook
from autoconfig.clients.outcome import Choice, Effect, Note, Result
from autoconfig.model import TLSMode
from tests.clients.cases import Case, compare, load, outcome_of
from tests.clients.made import (
    AUTOCONFIG,
    AUTODISCOVER,
    DATABASE,
    IMAP,
    POX_IMAP,
    POX_SMTP,
    SMTP,
    WELL_KNOWN,
    answers,
    document,
    mutated,
    page,
    pox,
    search,
)

_TLS, _STARTTLS, _NONE = TLSMode.IMPLICIT, TLSMode.STARTTLS, TLSMode.NONE


@pytest.mark.parametrize("case", load("deltachat"), ids=lambda case: str(case["name"]))
def test_it_agrees_with_the_recordings(case: Case) -> None:
    """The same requests in the same order, the same source, the same candidates."""
    assert compare(case, outcome_of(CLIENT, case)) == []


# --- reading ---


def _server(body: str, start: str = 'incomingServer type="imap"') -> tuple[Choice, ...]:
    reading = read(f"<{start}>{body}</{start.split()[0]}>".encode())
    assert reading.accepted
    return (*reading.incoming, *reading.outgoing)


_REST = "<port>993</port><username>u</username>"


@pytest.mark.parametrize(
    ("body", "host"),
    [
        ("<hostname> a.se\n</hostname>", "a.se"),
        ("<HostName>a.se</HostName>", "a.se"),
        ("<hostname x='>'>a.se</hostname>", "a.se"),
        ("<x><hostname>a.se</hostname></x>", "a.se"),
        ("<hostname>a.se</hostname><hostname>b.se</hostname>", "b.se"),
        ("<hostname>a.<!-- c -->b.se</hostname>", "b.se"),
        ("<hostname>a&amp;b</hostname>", "b"),
        ("<hostname>a.se</hostname>b.se", "b.se"),
        ("<hostname>a.se<b>b.se</b>c.se</hostname>", "a.se"),
        ("<hostname>a.se</hostname><hostname/>", "a.se"),
        ("<hostname>a.se</hostname><hostname> </hostname>", "a.se"),
        ("<hostname><![CDATA[a.se]]></hostname>", None),
        ("<hostname>&h;</hostname>", None),
        ("<hostname/>", None),
        ("", None),
    ],
)
def test_the_last_text_is_the_value(body: str, host: str | None) -> None:
    """Neither CDATA nor an entity is text; the end of an element is not the end of its value."""
    assert [choice.host for choice in _server(body + _REST)] == ([] if host is None else [host])


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("+993", 993),
        ("0993", 993),
        ("00000000993", 993),
        ("0", None),
        ("65536", None),
        ("993.0", None),
        ("-1", None),
        ("\u0669", None),
        ("9" * 5000, None),
    ],
)
def test_a_port_that_is_none_is_left_open(port: str, expected: int | None) -> None:
    """Rust's u16 takes a plus and zeros; what it refuses becomes 0, which means the usual one."""
    assert [choice.port for choice in _server(f"<hostname>a.se</hostname><port>{port}</port><username>u</username>")] == [expected]


@pytest.mark.parametrize(
    ("start", "protocols"),
    [
        ("incomingServer type='smtp'", ["smtp"]),
        ("OutgoingServer TYPE = 'IMAP'", ["imap"]),
        ("incomingServer a=1 b type='imap'", ["imap"]),
        ("incomingServer ='x' type='imap'", ["imap"]),
        ("incomingServer = type='imap'", ["imap"]),
        ("incomingServer type='imap' type='pop3'", ["imap"]),
        ("incomingServer type='&#105;map'", ["imap"]),
        ("incomingServer type='&i;imap'", []),
        ("incomingServer type=imap", []),
        ("incomingServer type=' imap'", []),
        ("incomingServer", []),
        ("x:incomingServer type='imap'", []),
    ],
)
def test_only_the_type_says_which_server_it_is(start: str, protocols: list[str]) -> None:
    """The first type that can be read, in any letter case, but nothing around it."""
    assert [choice.protocol for choice in _server(f"<hostname>a.se</hostname>{_REST}", start)] == protocols


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        (b"", True),
        (b"nope", True),
        (b"\xef\xbb\xbf<a/>", True),
        (b"<a>", True),
        (b"<a></a><b></b>", True),
        (b"<a b=c d></a >", True),
        (b"<a>&nbsp;\xff</a>", True),
        (b"<!doctype html><a></a>", True),
        (b"<!DOCTYPE a [<!ENTITY h 'x'>]><a/>", True),
        (b"<!DOCTYPE a SYSTEM '>' [<!ENTITY h '<'><!-- '> --><?x '>?><!ELEMENT a ' >] x><a/>", True),
        (b"<a><!-- -- --></a>", True),
        (b"<??><a/>", True),
        (b"<a></b>", False),
        (b"<a></A>", False),
        (b"</a>", False),
        (b"<a> & </a>", False),
        (b"<a>&x", False),
        (b"<a", False),
        (b"<a b='>", False),
        (b"<", False),
        (b"</a", False),
        (b"<?xml", False),
        (b"<?>?><a/>", False),
        (b"<!DOCTYPE a [<!-- ]><a/>", False),
        (b"<!DOCTYPE a [<!ENTITY h '>]><a/>", False),
        (b"<!--->", False),
        (b"<!-x-->", False),
        (b"<![cdata[]]>", False),
        (b"<![CDATA[", False),
        (b"<!DOCTYPE>", False),
        (b"<!ELEMENT a>", False),
    ],
)
def test_what_its_reader_takes_for_broken(data: bytes, accepted: bool) -> None:
    """Tags must match and markup must end; nothing else matters, least of all the end of the document."""
    assert read(data).accepted is accepted


def test_a_tag_that_does_not_fit_is_named_with_its_line() -> None:
    """An error is told as the reader found it."""
    (note,) = read(b"<a>\n<b>\n</a>").notes
    assert (note.rule, note.effect, note.line) == ("XML_BROKEN", Effect.REJECTS, 3)


@pytest.mark.parametrize(
    ("body", "rule", "effect"),
    [
        (IMAP.replace("<port>993</port>", ""), "PORT_MISSING", Effect.SKIPS),
        (IMAP.replace("hostname", "host"), "HOSTNAME_MISSING", Effect.SKIPS),
        (IMAP.replace("username", "user"), "USERNAME_MISSING", Effect.SKIPS),
        (IMAP.replace("imap.kund.se", "<![CDATA[imap.kund.se]]>"), "VALUE_IN_PIECES", Effect.SKIPS),
        (IMAP.replace("imap.kund.se", "&h;"), "VALUE_ENTITY", Effect.SKIPS),
        (IMAP.replace("imap.kund.se", "imap.<!-- -->kund.se"), "VALUE_IN_PIECES", Effect.MISREADS),
        (IMAP.replace("imap.kund.se", "imap&amp;.kund.se"), "VALUE_ENTITY", Effect.MISREADS),
        (IMAP.replace("<port>993", "<port>143</port><port>993"), "VALUE_TWICE", Effect.MISREADS),
        (IMAP.replace("993", "x"), "PORT_INVALID", Effect.MISREADS),
        (IMAP.replace("SSL", "TLS"), "SOCKET_TYPE_UNKNOWN", Effect.MISREADS),
        (IMAP.replace("<socketType>SSL</socketType>", ""), "SOCKET_TYPE_MISSING", Effect.MISREADS),
        (IMAP.replace('"imap"', '"imaps"'), "SERVER_TYPE_UNKNOWN", Effect.SKIPS),
        (IMAP.replace("incomingServer", "m:incomingServer"), "PREFIXED_NAMES", Effect.SKIPS),
    ],
)
def test_what_is_odd_is_told_with_its_line(body: str, rule: str, effect: Effect) -> None:
    """One note for one mistake, with what its words need."""
    (note,) = read(document(body, SMTP).encode()).notes
    assert (note.rule, note.effect, note.line) == (rule, effect, 2)
    assert RULES[rule].parameters <= set(note.args)


@pytest.mark.parametrize("body", ["", IMAP.replace("imap", "pop3")])
def test_a_well_made_document_is_read_without_a_word(body: str) -> None:
    """POP3 is nothing to it, and no mistake."""
    reading = read(document(body, IMAP, SMTP).encode())
    assert reading.notes == ()
    assert reading.incoming == (Choice("imap", "imap.kund.se", 993, _TLS, "%EMAILADDRESS%"),)
    assert reading.outgoing == (Choice("smtp", "smtp.kund.se", 587, _STARTTLS, "%EMAILADDRESS%"),)


@pytest.mark.parametrize(
    ("ssl", "tls", "rules"),
    [("on", None, []), ("off", _NONE, []), ("Off", None, ["SSL_UNKNOWN"]), ("", None, []), ("<![CDATA[off]]>", None, ["VALUE_IN_PIECES"])],
)
def test_only_off_is_off(ssl: str, tls: TLSMode | None, rules: list[str]) -> None:
    """Everything else is tried with TLS, and then with STARTTLS on the same port."""
    reading = read_outlook(pox(POX_IMAP.replace("on</SSL>", f"{ssl}</SSL>")).encode())
    assert reading.incoming == (Choice("imap", "imap.kund.se", 993, tls),)
    assert [note.rule for note in reading.notes] == rules


@pytest.mark.parametrize(("missing", "rules"), [("Type", []), ("Server", ["HOSTNAME_MISSING"]), ("Port", ["PORT_MISSING"])])
def test_a_protocol_needs_type_server_and_port(missing: str, rules: list[str]) -> None:
    """Without one of them it is passed over."""
    reading = read_outlook(pox(POX_IMAP.replace(missing, "X"), POX_SMTP).encode())
    assert (reading.accepted, reading.incoming, len(reading.outgoing)) == (True, (), 1)
    assert [note.rule for note in reading.notes] == rules


@pytest.mark.parametrize(
    ("body", "redirect", "accepted"),
    [
        ("<RedirectUrl> https://a.se/ </RedirectUrl>", "https://a.se/", True),
        ("<Protocol></Protocol><REDIRECTURL>https://a.se/</REDIRECTURL></x>", "https://a.se/", True),
        ("<RedirectUrl><![CDATA[https://a.se/]]></RedirectUrl>", "", False),
        ("<RedirectUrl></RedirectUrl>", "", False),
        ("<RedirectUrl/>", "", True),
        ("<Protocol><RedirectUrl>https://a.se/</RedirectUrl></Protocol>", "", True),
    ],
)
def test_the_first_redirect_ends_the_reading(body: str, redirect: str, accepted: bool) -> None:
    """What follows it is not looked at; one without text leads nowhere."""
    reading = read_outlook(body.encode())
    assert (reading.redirect, reading.accepted) == (redirect, accepted)


@given(data=mutated(document(IMAP, SMTP), pox(POX_IMAP, POX_SMTP), pox("<RedirectUrl>https://a.se/</RedirectUrl>")))
def test_no_bytes_are_too_strange_to_be_read(data: bytes) -> None:
    """Both readers answer, with rules that the catalogue has."""
    for reading in (read(data), read_outlook(data)):
        assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)
        assert reading.accepted or not (reading.incoming or reading.outgoing)


@pytest.mark.parametrize("piece", ["<a>", "&x;", "<!--", "x<b/>", "a=1 ", "'", "<!DOCTYPE <", "<port>1</port>", "&#"])
def test_reading_takes_no_longer_than_the_document_is_long(piece: str) -> None:
    """A quarter of a megabyte of anything is read in a moment."""
    begun = time.process_time()
    read(b"<incomingServer " + piece.encode() * (250_000 // len(piece)))
    read(b"<incomingServer>" + piece.encode() * (250_000 // len(piece)))
    assert time.process_time() - begun < 5


# --- searching ---


def test_every_place_is_asked_in_its_order_before_it_guesses() -> None:
    """Over https alone; the query of the first has the address, all but letters, digits and dots escaped."""
    outcome = search(CLIENT, email="Anna_Å.1@KUND.se")
    assert outcome.requests == (
        "GET https://autoconfig.kund.se/mail/config-v1.1.xml?emailaddress=anna%5F%C3%A5.1%40kund.se",
        "GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml",
        "GET https://kund.se/autodiscover/autodiscover.xml",
        "GET https://autodiscover.kund.se/autodiscover/autodiscover.xml",
        "GET https://autoconfig.thunderbird.net/v1.1/kund.se",
    )
    assert (outcome.source, outcome.via, outcome.why) == ("guess", None, "NOTHING_FOUND")
    assert {choice.username for choice in (*outcome.incoming, *outcome.outgoing)} == {"anna_å.1@kund.se"}


@pytest.mark.parametrize(
    ("open", "result"), [((993, 465), Result.AUTOMATIC), ((143, 587), Result.AUTOMATIC), ((993,), Result.MANUAL), ((), Result.MANUAL)]
)
def test_a_guess_is_as_good_as_the_servers_that_answer(open: tuple[int, ...], result: Result) -> None:
    """It tries them one after another; without an answer on both sides the person must type."""
    outcome = search(CLIENT, open=open)
    assert outcome.result is result
    assert (outcome.why == "NOTHING_FOUND") is (result is Result.MANUAL)


def test_an_address_in_other_letters_is_searched_for_and_then_refused() -> None:
    """It finds the servers, and can send from no such address (seen live in 2.65)."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(IMAP, SMTP)), email="åsa@kund.se")
    assert (outcome.result, outcome.why) == (Result.MANUAL, "ADDRESS_NOT_ASCII")
    assert outcome.incoming
    assert outcome.outgoing


@pytest.mark.parametrize(
    ("servers", "why", "source"),
    [
        ((SMTP,), "INCOMING_MISSING", "autoconfig-https"),
        ((IMAP,), "OUTGOING_MISSING", "autoconfig-https"),
        ((), "SERVERS_MISSING", "guess"),
    ],
)
def test_a_side_that_is_not_named_is_guessed(servers: tuple[str, ...], why: str, source: str) -> None:
    """And no other document is asked for."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(*servers)), page(WELL_KNOWN, document(IMAP, SMTP)))
    assert (outcome.result, outcome.why, outcome.source, len(outcome.requests)) == (Result.MANUAL, why, source, 1)


def test_a_server_without_port_and_security_is_tried_at_the_usual_ones() -> None:
    """The port that fits the security, which is TLS and then STARTTLS."""
    bare = IMAP.replace("993", "x").replace("SSL", "?")
    plain = SMTP.replace("587", "0").replace("STARTTLS", "plain")
    outcome = search(CLIENT, page(AUTOCONFIG, document(bare, plain)))
    assert [(choice.port, choice.tls) for choice in outcome.incoming] == [(993, _TLS), (143, _STARTTLS)]
    assert [(choice.port, choice.tls) for choice in outcome.outgoing] == [(587, _NONE)]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("%EMAILLOCALPART%", "anna"),
        ("%EMAILDOMAIN%", "kund.se"),
        ("x-%EMAILADDRESS%", "x-anna@kund.se"),
        ("%emailaddress%", "%emailaddress%"),
    ],
)
def test_three_placeholders_are_filled_wherever_they_stand(text: str, filled: str) -> None:
    """In host and user name, in upper case only."""
    server = IMAP.replace("%EMAILADDRESS%", text).replace("imap.kund.se", f"h.{text}")
    outcome = search(CLIENT, page(AUTOCONFIG, document(server, SMTP)))
    assert [(choice.host, choice.username) for choice in outcome.incoming] == [(f"h.{filled}", filled)]


def test_autodiscover_knows_no_placeholders() -> None:
    """They are tried as they stand, and are no host."""
    outcome = search(CLIENT, page(AUTODISCOVER, pox(POX_IMAP.replace("imap.kund.se", "mail.%EMAILDOMAIN%"), POX_SMTP)))
    assert {choice.host for choice in outcome.incoming} == {"mail.%EMAILDOMAIN%"}


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("https://other.se/x.xml", True),
        ("HTTPS://OTHER.SE/x.xml#y z", True),
        (" https://other.se/x.xml ", True),
        ("https://u:p@other.se/x.xml", True),
        ("https://other.se?x", False),
        ("http://other.se/x.xml", True),
        ("/x.xml", False),
        ("//other.se/x.xml", False),
        ("https://öther.se/x.xml", False),
        ("https://other.se/x y.xml", False),
        ("ftp://other.se/x.xml", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("status", [300, 302, 304])
def test_a_redirect_must_be_a_whole_url(location: str, found: bool, status: int) -> None:
    """hyper's Uri knows no base; every status from 300 to 399 is a redirect."""
    hop = page(AUTOCONFIG, status=status, headers={"Location": location})
    target = document(IMAP, SMTP)
    outcome = search(CLIENT, hop, page(("other.se", "/x.xml"), target), page(("other.se", "/x.xml"), target, scheme="http"))
    assert (outcome.source == "autoconfig-https") is found


@pytest.mark.parametrize(("hops", "found"), [(9, True), (10, False)])
def test_ten_requests_are_made_for_one_url(hops: int, found: bool) -> None:
    """Nine redirects, that is."""
    chain = [page(("other.se", f"/{i}"), status=302, headers={"Location": f"https://other.se/{i + 1}"}) for i in range(1, hops)]
    first = page(AUTOCONFIG, status=302, headers={"Location": "https://other.se/1"})
    outcome = search(CLIENT, first, *chain, page(("other.se", f"/{hops}"), document(IMAP, SMTP)))
    assert (outcome.source == "autoconfig-https") is found


@pytest.mark.parametrize(("documents", "found"), [(10, True), (11, False)])
def test_ten_documents_are_read_in_one_place(documents: int, found: bool) -> None:
    """Each may send it to the next by a RedirectUrl."""
    chain = [
        page(AUTODISCOVER if i == 0 else ("other.se", f"/{i}"), pox(f"<RedirectUrl>https://other.se/{i + 1}</RedirectUrl>"))
        for i in range(documents - 1)
    ]
    outcome = search(CLIENT, *chain, page(("other.se", f"/{documents - 1}"), pox(POX_IMAP, POX_SMTP)))
    assert (outcome.source == "autodiscover-domain") is found


def test_a_bad_certificate_is_an_answer_that_never_came() -> None:
    """The recordings accept any certificate; a person's program does not."""
    case = load("deltachat")[0] | {"bad_cert_hosts": {"autoconfig.exdom.se": "expired"}}
    outcome = outcome_of(CLIENT, case)
    assert outcome.source == "guess"
    assert any(step.said == "certificate" for step in outcome.steps)


@pytest.mark.parametrize(("seconds", "source"), [(59, "autoconfig-https"), (61, "database")])
def test_it_waits_a_minute_for_each_answer(seconds: int, source: str) -> None:
    """And then asks in the next place."""
    slow = page(AUTOCONFIG, document(IMAP, SMTP), delay_s=seconds)
    assert search(CLIENT, slow, page(DATABASE, document(IMAP, SMTP))).source == source


@pytest.mark.parametrize("email", ["", "anna", "anna@", "@kund.se", "anna@kund.se.", "a b@kund.se", "<anna@kund.se>"])
def test_what_it_takes_for_no_address_is_not_searched_for(email: str) -> None:
    """It says so at once."""
    outcome = search(CLIENT, email=email)
    assert (outcome.result, outcome.steps) == (Result.MANUAL, ())


@given(email=st.one_of(st.emails(), st.text(max_size=30)), pages=answers(AUTOCONFIG, WELL_KNOWN, AUTODISCOVER, DATABASE))
def test_no_world_is_too_strange_to_search_in(email: str, pages: list[dict[str, object]]) -> None:
    """There is an outcome, with rules that the catalogue has."""
    outcome = search(CLIENT, *pages, email=email)
    assert all(isinstance(note, Note) and note.rule in RULES for note in outcome.notes)
    assert not outcome.why or RULES[outcome.why].parameters <= set(outcome.args)
