"""aerc: as it was recorded, and what its source and Go's libraries say beside that."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.aerc import CLIENT, read
from autoconfig.clients.outcome import Choice, Effect, Result
from autoconfig.model import TLSMode
from tests.clients.cases import Case, compare, load, outcome_of
from tests.clients.made import (
    AUTOCONFIG,
    DATABASE,
    IMAP,
    SMTP,
    WELL_KNOWN,
    answers,
    document,
    mutated,
    page,
    search,
)

_TLS, _STARTTLS, _NONE = TLSMode.IMPLICIT, TLSMode.STARTTLS, TLSMode.NONE
_GOOD = document(IMAP, SMTP)


@pytest.mark.parametrize("case", load("aerc"), ids=lambda case: str(case["name"]))
def test_it_agrees_with_the_recordings(case: Case) -> None:
    """The same requests, the same servers."""
    assert compare(case, outcome_of(CLIENT, case)) == []


# --- reading ---


@pytest.mark.parametrize(
    ("hostname", "host"),
    [
        ("<hostname> a.se\n</hostname>", " a.se\n"),
        ("<hostname>a.se</hostname><hostname>b.se</hostname>", "b.se"),
        ("<hostname>a.se</hostname><hostname/>", ""),
        ("<hostname>a.<!-- c -->b<?x?>.se</hostname>", "a.b.se"),
        ("<hostname>a<b>x</b>.se</hostname>", "a.se"),
        ("<hostname><![CDATA[a]]>&amp;&#x62;</hostname>", "a&b"),
        ("<hostname>a\r\nb\rc</hostname>", "a\nb\nc"),
        ("<x:hostname a='1'>a.se</x:hostname>", "a.se"),
        ("<b><hostname>a.se</hostname></b>", ""),
        ("<Hostname>a.se</Hostname>", ""),
    ],
)
def test_how_a_value_is_read(hostname: str, host: str) -> None:
    """All the text right inside of the last element of that name, as it stands."""
    reading = read(document(IMAP.replace("<hostname>imap.kund.se</hostname>", hostname), SMTP).encode())
    assert [choice.host for choice in reading.incoming] == [host]


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("+993", 993),
        ("0993", 993),
        ("0", 0),
        ("-1", -1),
        ("65536", 65536),
        (" 993", None),
        ("993.0", None),
        ("9_9", None),
        ("\u0669", None),
        ("", None),
    ],
)
def test_a_port_is_what_atoi_takes(port: str, expected: int | None) -> None:
    """Any whole number; without one the document is not used."""
    reading = read(document(IMAP.replace("993", port), SMTP).encode())
    assert [choice.port for choice in reading.incoming] == ([] if expected is None else [expected])
    assert reading.accepted is (expected is not None)


@pytest.mark.parametrize(
    ("socket", "tls"), [("ssl", _TLS), ("Plain", _NONE), ("STARTTLS", _STARTTLS), ("TLS", _STARTTLS), (" SSL", _STARTTLS), ("", _STARTTLS)]
)
def test_a_socket_type_that_it_does_not_know_is_starttls(socket: str, tls: TLSMode) -> None:
    """In any letter case, but without blanks."""
    assert read(document(IMAP.replace("SSL", socket), SMTP).encode()).incoming[0].tls is tls


def test_the_outgoing_servers_become_one() -> None:
    """Each value is that of the last server that has it, over all emailProviders."""
    second = "<outgoingServer type='x'><hostname>b.se</hostname></outgoingServer>"
    reading = read(document(IMAP, SMTP, second).encode())
    assert reading.outgoing == (Choice("smtp", "b.se", 587, _STARTTLS, "%EMAILADDRESS%"),)
    assert {note.args["element"] for note in reading.notes if note.rule == "SERVERS_MERGED"} == {"port", "socketType", "username"}


@pytest.mark.parametrize(
    ("data", "good"),
    [
        ("x\ufeff" + _GOOD, True),
        (_GOOD + "</x> & <", True),
        (_GOOD.replace("<emailProvider", "<!-- \udcff - --><emailProvider"), True),
        (_GOOD.replace("<?xml version", "<?xml encoding='Utf-8' version"), True),
        (_GOOD.replace("<?xml version", "<?xml encoding = 'latin1' version"), True),
        (_GOOD.replace("<emailProvider", "<!DOCTYPE a [<!ENTITY h '>'> <!-- > -->]><emailProvider"), True),
        (_GOOD.replace("<emailProvider", "<a:emailProvider").replace("</emailProvider", "</a:emailProvider"), True),
        (_GOOD.replace("id=", "id = '' id="), True),
        (_GOOD.replace('type="imap"', "type='pop3'type='IMAP'"), True),
        (_GOOD.replace("</hostname>", "</hostname >"), True),
        (_GOOD.replace("<hostname>", "<hostname a='&lt;]]>'>"), True),
        (_GOOD.replace("</clientConfig>", ""), False),
        (_GOOD.replace("clientConfig", "ClientConfig"), False),
        (_GOOD.replace("clientConfig", "html"), False),
        (_GOOD.replace("emailProvider", "emailprovider"), False),
        (_GOOD.replace('type="imap"', 'type="imaps"'), False),
        (_GOOD.replace('type="imap"', ""), False),
        (_GOOD.replace('version="1.0"', 'version="1.1"'), False),
        (_GOOD.replace("<?xml version", "<?xml encoding='iso-8859-1' version"), False),
        (_GOOD.replace("<emailProvider", "&nbsp;<emailProvider"), False),
        (_GOOD.replace("<emailProvider", "& <emailProvider"), False),
        (_GOOD.replace("<emailProvider", "&#0;<emailProvider"), False),
        (_GOOD.replace("<emailProvider", "&#x110000;<emailProvider"), False),
        (_GOOD.replace("<emailProvider", "\udcff<emailProvider"), False),
        (_GOOD.replace("<emailProvider", "\x01<emailProvider"), False),
        (_GOOD.replace("<emailProvider", "]]><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<!-- -- --><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<!-x><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<![cdata[]]><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<!x '><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<? x?><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<1/><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<a:b:c/><emailProvider"), False),
        (_GOOD.replace("<emailProvider", "<a / ><emailProvider"), False),
        (_GOOD.replace("<hostname>", "<x:hostname>"), False),
        (_GOOD.replace("<hostname>", "<hostname a>"), False),
        (_GOOD.replace("<hostname>", "<hostname a=b>"), False),
        (_GOOD.replace("<hostname>", "<hostname a='<'>"), False),
        (_GOOD.replace("<hostname>", "<hostname a='&x;'>"), False),
        (_GOOD.replace("</hostname>", "</hostname a='1'>"), False),
        (_GOOD.replace("</hostname>", "</Hostname>"), False),
        ("", False),
        ("<", False),
    ],
)
def test_how_strict_its_reader_is(data: str, good: bool) -> None:
    """As encoding/xml is by default: what stands in comments, and behind the root, does not matter."""
    reading = read(data.encode("utf-8", "surrogateescape"))
    assert reading.accepted is good
    assert bool(reading.incoming) is bool(reading.outgoing) is good


@pytest.mark.parametrize(
    ("data", "rule", "line", "effect"),
    [
        ("<clientConfig>\n<a></b>", "XML_BROKEN", 2, Effect.REJECTS),
        ("\n<html/>", "ROOT_UNKNOWN", 2, Effect.REJECTS),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", "ENCODING_NOT_UTF8", 1, Effect.REJECTS),
        (document(IMAP), "OUTGOING_MISSING", 1, Effect.REJECTS),
        (document(SMTP), "INCOMING_MISSING", 1, Effect.REJECTS),
        (document(IMAP.replace("993", "x"), SMTP), "PORT_INVALID", 2, Effect.REJECTS),
        (document(IMAP, SMTP.replace("<port>587</port>", "")), "PORT_MISSING", 2, Effect.REJECTS),
        (document(IMAP.replace("hostname", "host"), SMTP), "HOSTNAME_MISSING", 2, Effect.MISREADS),
        (document(IMAP.replace("SSL", "TLS"), SMTP), "SOCKET_TYPE_UNKNOWN", 2, Effect.MISREADS),
        (document(IMAP.replace("SSL", "plain"), SMTP), "SOCKET_TYPE_UNKNOWN", 2, Effect.MISREADS),
        (document(IMAP.replace("<socketType>SSL</socketType>", ""), SMTP), "SOCKET_TYPE_MISSING", 2, Effect.MISREADS),
        (document(IMAP.replace("imap.kund.se", "imap.%EMAILDOMAIN%"), SMTP), "PLACEHOLDER_LOST", 2, Effect.MISREADS),
        (document(IMAP.replace("%EMAILADDRESS%", "%EMAILLOCALPART%"), SMTP), "USERNAME_IGNORED", 2, Effect.MISREADS),
        (document(IMAP.replace("<port>", "<port>143</port><port>"), SMTP), "VALUE_TWICE", 2, Effect.MISREADS),
        (document(IMAP, SMTP, SMTP.replace("socketType", "x")), "SERVERS_MERGED", 2, Effect.MISREADS),
    ],
)
def test_what_is_odd_is_told_with_its_line(data: str, rule: str, line: int, effect: Effect) -> None:
    """One note for one mistake, with what its words need."""
    (note,) = read(data.encode()).notes
    assert (note.rule, note.line, note.effect) == (rule, line, effect)
    assert RULES[rule].parameters <= set(note.args)


def test_a_well_made_document_is_read_without_a_word() -> None:
    """Several servers are none of its mistakes."""
    reading = read(document(IMAP.replace("imap", "pop3"), IMAP, IMAP, SMTP, SMTP).encode())
    assert reading.notes == ()
    assert reading.incoming == (Choice("imap", "imap.kund.se", 993, _TLS, "%EMAILADDRESS%"),)


@given(data=mutated(_GOOD, document(IMAP, SMTP, SMTP)))
def test_no_bytes_are_too_strange_to_be_read(data: bytes) -> None:
    """There is an answer, with rules that the catalogue has."""
    reading = read(data)
    assert all(RULES[note.rule].parameters <= set(note.args) for note in reading.notes)
    assert len(reading.incoming) == len(reading.outgoing) == int(reading.accepted)


@pytest.mark.parametrize("piece", ["<a>", "&amp;", "<!-- -->", "x<b/>", "<!x <!--", "a='1' ", "<?xml encoding='?>", "<!x '", "&#1", "\r\n"])
def test_reading_takes_no_longer_than_the_document_is_long(piece: str) -> None:
    """A quarter of a megabyte of anything is read in a moment."""
    begun = time.process_time()
    read(b"<clientConfig " + piece.encode() * (250_000 // len(piece)))
    read(b"<clientConfig>" + piece.encode() * (250_000 // len(piece)))
    assert time.process_time() - begun < 5


# --- searching ---


def _srv(**records: str) -> dict[str, Any]:
    return {f"_{service}._tcp.kund.se": {"SRV": list(values.split(", "))} for service, values in records.items()}


@pytest.mark.parametrize(
    ("records", "incoming", "outgoing"),
    [
        ({"imap": "0 1 143 a.se", "imaps": "0 1 993 b.se"}, [("a.se", 143, _STARTTLS)], []),
        ({"imaps": "0 1 993 b.se", "smtps": "0 1 465 c.se"}, [("b.se", 993, _TLS)], [("c.se", 465, _TLS)]),
        ({"imaps": "0 1 993 b.se", "submission": "0 1 587 c.se"}, [("b.se", 993, _TLS)], [("c.se", 587, _STARTTLS)]),
        ({"imaps": "0 1 993 b.se", "submissions": "0 1 465 c.se"}, [("b.se", 993, _TLS)], []),
        ({"imaps": "0 1 993 a.se, 9 2 994 b.se, 1 2 995 c.se"}, [("c.se", 995, _TLS)], []),
        ({"imaps": "0 0 993 a.se, 0 0 994 b.se"}, [("a.se", 993, _TLS)], []),
        ({"imap": "0 0 0 .", "imaps": "0 1 993 b.se"}, [("b.se", 993, _TLS)], []),
        ({"imap": "0 0 0 a.se", "imaps": "0 1 993 b.se"}, [("b.se", 993, _TLS)], []),
    ],
)
def test_what_becomes_of_srv_records(records: dict[str, str], incoming: list[Any], outgoing: list[Any]) -> None:
    """They win over every document, even without a server to send through; weight counts before priority, which RFC 2782 forbids."""
    outcome = search(CLIENT, page(AUTOCONFIG, _GOOD), dns=_srv(**records))
    assert [(choice.host, choice.port, choice.tls) for choice in outcome.incoming] == incoming
    assert [(choice.host, choice.port, choice.tls) for choice in outcome.outgoing] == outgoing
    assert outcome.requests == ()
    assert outcome.result is (Result.AUTOMATIC if outgoing else Result.WRONG)


@pytest.mark.parametrize("records", [{"submission": "0 1 587 c.se"}, {"imap": "0 0 0 ."}, {"pop3s": "0 1 995 a.se"}, {"imaps": "x y"}])
def test_srv_records_without_imap_are_none(records: dict[str, str]) -> None:
    """The documents are next."""
    outcome = search(CLIENT, page(AUTOCONFIG, _GOOD), dns=_srv(**records))
    assert [choice.host for choice in outcome.outgoing] == ["smtp.kund.se"]


def test_jmap_comes_before_imap_and_sends_as_well() -> None:
    """The wizard chooses JMAP on both sides."""
    outcome = search(CLIENT, dns=_srv(jmap="0 1 443 j.se", imaps="0 1 993 b.se"))
    choice = Choice("jmap", "j.se", 443, _TLS, "anna@kund.se")
    assert (outcome.result, outcome.incoming, outcome.outgoing) == (Result.AUTOMATIC, (choice,), (choice,))


@pytest.mark.parametrize("place", [AUTOCONFIG, WELL_KNOWN, DATABASE])
@pytest.mark.parametrize("rest", [{}, {"status": 404}, {"status": 500}, {"status": 302}, {"headers": {"Content-Type": "image/png"}}])
def test_a_document_counts_whatever_the_status(place: tuple[str, str], rest: dict[str, Any]) -> None:
    """Nobody looks at it; a redirect without Location is an answer as well."""
    outcome = search(CLIENT, page(place, _GOOD, **rest))
    assert (outcome.result, [choice.host for choice in outcome.incoming]) == (Result.AUTOMATIC, ["imap.kund.se"])
    assert "".join(place) in (outcome.via or "")


def test_the_order_decides_and_not_the_time() -> None:
    """The database has an answer at once, and does not count."""
    outcome = search(CLIENT, page(WELL_KNOWN, _GOOD, delay_s=4), page(DATABASE, _GOOD.replace("imap.kund.se", "db.se")))
    assert (outcome.result, outcome.incoming[0].host) == (Result.AUTOMATIC, "imap.kund.se")


def test_after_five_seconds_the_wizard_asks() -> None:
    """The library would have found it, as the recordings show."""
    outcome = search(CLIENT, page(AUTOCONFIG, _GOOD, delay_s=6))
    assert (outcome.result, outcome.why, outcome.args) == (Result.MANUAL, "TOO_SLOW", {"seconds": 5})
    assert outcome.incoming[0].host == "imap.kund.se"


def test_what_a_refused_document_said_goes_into_the_next() -> None:
    """Both of the domain's own are read into one structure; the database has one of its own."""
    broken = document(IMAP.replace("imap.kund.se", "old.se"), SMTP).replace("</clientConfig>", "")
    for place, host in ((WELL_KNOWN, "old.se"), (DATABASE, "imap.kund.se")):
        outcome = search(CLIENT, page(AUTOCONFIG, broken), page(place, _GOOD))
        assert [choice.host for choice in outcome.incoming] == [host]


@pytest.mark.parametrize(("username", "filled"), [("%emailAddress%", "anna@kund.se"), (" %EMAILADDRESS%", " %EMAILADDRESS%"), ("", "")])
def test_only_the_whole_address_is_filled_in(username: str, filled: str) -> None:
    """As the whole value, in any letter case; the wizard enters the address anyway."""
    outcome = search(CLIENT, page(AUTOCONFIG, _GOOD.replace("%EMAILADDRESS%", username)))
    assert (outcome.result, outcome.incoming[0].username) == (Result.AUTOMATIC, filled)


@pytest.mark.parametrize(("hops", "found"), [(9, True), (10, False)])
def test_the_tenth_redirect_is_one_too_many(hops: int, found: bool) -> None:
    """net/http, as it is by default; relative ones and those to http are followed."""
    chain = [page(("other.se", f"/{i}"), status=307, headers={"Location": f"{i + 1}"}, scheme="http") for i in range(1, hops)]
    first = page(AUTOCONFIG, status=302, headers={"Location": "http://other.se/1"})
    outcome = search(CLIENT, first, *chain, page(("other.se", f"/{hops}"), _GOOD, scheme="http"))
    assert bool(outcome.incoming) is found


@pytest.mark.parametrize(
    ("open", "incoming", "outgoing"),
    [
        ((143, 993, 465, 587), ("imap.kund.se", 143, _STARTTLS), ("smtp.kund.se", 587, _STARTTLS)),
        ((993, 465), ("imap.kund.se", 993, _TLS), ("smtp.kund.se", 465, _TLS)),
    ],
)
def test_without_a_document_it_tries_ports(open: tuple[int, ...], incoming: Any, outgoing: Any) -> None:
    """What lets itself be connected to is taken, STARTTLS first."""
    outcome = search(CLIENT, open=open)
    assert [(choice.host, choice.port, choice.tls) for choice in outcome.incoming] == [incoming]
    assert [(choice.host, choice.port, choice.tls) for choice in outcome.outgoing] == [outgoing]
    assert outcome.result is Result.AUTOMATIC


def test_both_sides_must_answer() -> None:
    """Half a guess is none."""
    assert search(CLIENT, open=(993,)).result is Result.MANUAL


def test_at_last_it_tries_the_mail_exchanger() -> None:
    """The one with the lowest preference."""
    names: dict[str, Any] = {name: {} for name in ("imap.kund.se", "smtp.kund.se", "mail.kund.se")}
    names["kund.se"] = {"A": ["192.0.2.10"], "MX": ["20 other.se", "10 mx.kund.se"]}
    outcome = search(CLIENT, dns=names, open=(993, 465))
    assert [choice.host for choice in (*outcome.incoming, *outcome.outgoing)] == ["mx.kund.se", "mx.kund.se"]


def test_an_error_page_explains_nothing() -> None:
    """That it is no XML is beside the point."""
    assert search(CLIENT, page(AUTOCONFIG, "nope", status=404)).why == "NOTHING_FOUND"
    assert search(CLIENT, page(AUTOCONFIG, "nope")).why == "XML_BROKEN"


@pytest.mark.parametrize("email", ["", "anna", "anna@", "@kund.se", "anna@[192.0.2.1]", "anna@\udcff"])
def test_what_is_no_address_is_not_searched_for(email: str) -> None:
    """Go's net/mail refuses it."""
    outcome = search(CLIENT, email=email)
    assert (outcome.result, outcome.steps) == (Result.MANUAL, ())


@given(email=st.one_of(st.emails(), st.text(max_size=30)), pages=answers(AUTOCONFIG, WELL_KNOWN, DATABASE))
def test_no_world_is_too_strange_to_search_in(email: str, pages: list[dict[str, object]]) -> None:
    """There is an outcome, with rules that the catalogue has."""
    outcome = search(CLIENT, *pages, email=email)
    assert all(note.rule in RULES for note in outcome.notes)
    assert not outcome.why or RULES[outcome.why].parameters <= set(outcome.args)
