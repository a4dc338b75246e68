"""A document is judged by its grammar and by every program: each rule alone, silent on what is good, bounded on what is not."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from autoconfig.address import EmailAddress
from autoconfig.catalogue.documents import ON_THE_WAY, RULES
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Client, Confidence, Effect, Note, Outcome, Reading, Result, Typed
from autoconfig.errors import AutoconfigError
from autoconfig.findings import Severity
from autoconfig.formats import FORMATS
from autoconfig.formats.xml import MAX_OCTETS
from autoconfig.i18n import texts
from autoconfig.lint import lint
from autoconfig.lint.problem import Kind, Problem, nearest
from autoconfig.model import ClientConfig
from autoconfig.observations import World
from autoconfig.report.lint import show, to_data
from tests.lint.documents import ADDRESS, GOOD, ROWS, Row, config
from tests.strategies import client_configs

ENGLISH = texts("en")
ISPDB = Path(__file__).parents[3] / "shared" / "data" / "ispdb"
# What no change of a good document shows: each has a test of its own below.
ELSEWHERE = {"DOCUMENT_UNKNOWN", "DOCUMENT_TOO_LARGE", "CONTENT_TYPE", "CONTENT_TYPE_OTHER"}


def codes(data: bytes, **rest: str) -> list[str]:
    """Return the codes of all problems."""
    return [problem.code for problem in lint(data, **rest).problems]


def one(data: bytes, code: str) -> Problem:
    """Return the only problem of that code."""
    (found,) = (problem for problem in lint(data).problems if problem.code == code)
    return found


# --- the rules ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}-{row.kind}")
def test_a_mistake_is_one_problem_at_its_line(row: Row) -> None:
    """A document with one mistake breaks that rule and no other, and the line is that of the mistake."""
    found = lint(row.data)
    assert found.kind.value == row.kind
    assert {problem.code for problem in found.problems} == set(row.codes.split())
    assert [problem.line for problem in found.problems if problem.code == row.code] == [row.line]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.kind in ("mozilla", "outlook") and row.encoding == "utf-8"], ids=lambda row: f"{row.code}-{row.kind}"
)
def test_a_document_in_one_line_has_the_same_mistakes(row: Row) -> None:
    """Programs write them so, and then no line tells one server from another."""
    found = lint(re.sub(rb"\n\s*", b"", row.data))
    assert {problem.code for problem in found.problems} == set(row.codes.split())


def test_every_rule_of_a_document_has_a_row() -> None:
    """Whoever adds a rule shows a document that breaks it."""
    assert {row.code for row in ROWS} | ELSEWHERE == RULES.keys() - ON_THE_WAY.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code}-{row.kind}")
def test_every_problem_has_its_words(row: Row) -> None:
    """Message and fix are filled in, in one line each, and say who is affected."""
    for problem in to_data(lint(row.data), ENGLISH)["problems"]:
        assert "%(" not in problem["message"] + problem["fix"]
        assert problem["fix"].endswith((".", ".>", '">.'))
        assert "\n" not in problem["message"] + problem["fix"]
        assert all(CLIENTS[name].title in problem["message"] for name in problem["affects"])


def test_what_is_no_settings_document_is_unknown() -> None:
    """A web page, text, nothing, and a binary file."""
    for data in (b"<!DOCTYPE html><html><p>hello</html>", b"hello", b"", b"\x89PNG\r\n", b"[]", b"<feed/>", b"\xff\xfe", b"<"):
        found = lint(data)
        assert (found.kind, [problem.code for problem in found.problems]) == (Kind.UNKNOWN, ["DOCUMENT_UNKNOWN"]), data


def test_the_kind_can_be_told() -> None:
    """A page where autoconfig should be is a wrong clientConfig, which its programs reject."""
    found = lint(b"<html/>", Kind.MOZILLA)
    assert [problem.code for problem in found.problems] == ["ROOT_UNKNOWN"]
    assert "thunderbird" in found.problems[0].effects


@pytest.mark.parametrize(("kind", "limit"), [("mozilla", MAX_OCTETS), ("outlook", MAX_OCTETS), ("apple", MAX_OCTETS), ("pacc", 64 * 1024)])
def test_what_is_too_large_is_not_read(kind: str, limit: int) -> None:
    """Each format has its limit, and a document of that size is still read."""
    assert codes(GOOD[kind] + b" " * (limit + 1 - len(GOOD[kind]))) == ["DOCUMENT_TOO_LARGE"]
    assert codes(GOOD[kind] + b"\n" * (limit - len(GOOD[kind]))) == []


@pytest.mark.parametrize(
    ("kind", "content_type", "expected"),
    [
        ("mozilla", "text/xml", []),
        ("mozilla", "application/xml; charset=utf-8", []),
        ("mozilla", "TEXT/XML", ["CONTENT_TYPE"]),
        ("mozilla", "text/plain", ["CONTENT_TYPE"]),
        ("mozilla", "", ["CONTENT_TYPE"]),
        ("outlook", "text/html", ["CONTENT_TYPE"]),
        ("apple", "application/x-apple-aspen-config", []),
        ("apple", "application/octet-stream", ["CONTENT_TYPE_OTHER"]),
        ("pacc", "application/json; charset=utf-8", []),
        ("pacc", "text/plain", ["CONTENT_TYPE_OTHER"]),
        ("v2", "application/json", []),
        ("v2", "text/xml", ["CONTENT_TYPE_OTHER"]),
    ],
)
def test_what_it_is_served_as_counts_as_well(kind: str, content_type: str, expected: list[str]) -> None:
    """Thunderbird takes text/xml and application/xml, in lower case; devices and PACC have types of their own."""
    found = lint(FORMATS["outlook-json"](config(), None).content if kind == "v2" else GOOD[kind], content_type=content_type)
    assert [problem.code for problem in found.problems] == expected
    if expected == ["CONTENT_TYPE"]:
        assert found.problems[0].effects == {"thunderbird": Effect.REJECTS}


# --- silent on what is good --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_what_we_publish_is_well(name: str) -> None:
    """No rule has anything to say about a document of ours."""
    found = lint(FORMATS[name](config(), ADDRESS).content)
    assert found.problems == ()
    assert found.status is None
    assert found.kind.value == name.partition("-")[0]


def test_autodiscover_v2_is_a_url() -> None:
    """An answer in JSON leads to another place, or is an error."""
    assert codes(b'{"Protocol": "AutodiscoverV1",\n"Url": "http://kund.se/"}') == ["URL_INVALID"]
    assert one(b'{"Protocol": "AutodiscoverV1",\n"Url": "http://kund.se/"}', "URL_INVALID").line == 2
    assert codes(b'{"ErrorCode": "UserNotFound"}') == ["ANSWER_IS_ERROR"]
    assert codes(b'{"Url": "https://kund.se/"') == ["JSON_BROKEN"]


def test_of_an_encrypted_profile_only_the_outside_is_judged() -> None:
    """What is in it only the device can read."""
    text = GOOD["apple"].decode()
    begin, end = text.index("\t<key>PayloadContent"), text.index("</array>\n") + len("</array>\n")
    data = text[:begin] + "\t<key>EncryptedPayloadContent</key><data>aGVq</data>\n" + text[end:]
    assert codes(data.encode()) == []
    assert codes(data.replace("PayloadIdentifier", "PayloadIdent").encode()) == ["PROFILE_KEY_MISSING"]


def test_a_signed_profile_is_read_as_well() -> None:
    """The signature is taken off; what lies around it is not looked at."""
    assert lint(b"\x30\x82\x0f\x00\x06\x09signed" + GOOD["apple"] + b"\xa0\x82 and so on").problems == ()


@settings(max_examples=40, deadline=None)
@given(client_configs(), st.sampled_from(list(FORMATS)))
def test_whatever_we_publish_can_be_judged(made: ClientConfig, name: str) -> None:
    """Odd ports and user names are told, none of them is broken, and nothing fails."""
    try:
        data = FORMATS[name](made, EmailAddress("anna", made.domain)).content
    except AutoconfigError:
        return
    found = lint(data)
    assert not {"XML_BROKEN", "JSON_BROKEN", "PROFILE_BROKEN", "ELEMENT_UNKNOWN", "ELEMENT_MISSPELT"} & {p.code for p in found.problems}


# --- one mistake, one problem ------------------------------------------------------------------------------------------------------


def test_all_programs_that_stumble_are_named_together() -> None:
    """Each with what it does about it."""
    found = one(next(row.data for row in ROWS if row.code == "PORT_MISSING"), "PORT_MISSING")
    assert found.effects["k9"] is found.effects["aerc"] is Effect.REJECTS
    assert found.effects["deltachat"] is Effect.SKIPS
    assert found.effects["kmail"] is Effect.SKIPS
    assert found.effects["geary"] is Effect.MISREADS
    data = to_data(lint(next(row.data for row in ROWS if row.code == "PORT_MISSING")), ENGLISH)
    (problem,) = data["problems"]
    assert problem["affects"] == [name for name in CLIENTS if name in found.effects]
    assert problem["message"].endswith(": a server has no port")
    assert "Thunderbird for Android" in problem["message"].partition(" reject the whole document; ")[0]


def test_two_mistakes_are_two_problems() -> None:
    """Even of one kind, in two servers."""
    data = GOOD["mozilla"].replace(b"<socketType>SSL", b"<socketType>TLS")
    assert [(problem.code, problem.line) for problem in lint(data).problems] == [("SOCKET_TYPE_UNKNOWN", line) for line in (10, 17, 24)]


async def _nothing(typed: Typed, world: World) -> Outcome:
    return Outcome(Result.MANUAL)


def program(*notes: Note, name: str = "k9") -> dict[str, Client]:
    """Return a program that has these things to say about every clientConfig."""
    return {name: Client(name, name, Confidence.CLAIMED, _nothing, {"mozilla": lambda _: Reading(notes=notes)})}


def test_what_only_a_program_minds_is_told() -> None:
    """With its line, and with what the program does."""
    (found,) = lint(GOOD["mozilla"], clients=program(Note("USERNAME_IGNORED", Effect.MISREADS, 12, {"username": "a"}))).problems
    assert (found.code, found.line, found.effects) == ("USERNAME_IGNORED", 12, {"k9": Effect.MISREADS})


def test_what_a_program_rejects_is_at_least_a_warning() -> None:
    """A notice would be too little."""
    (found,) = lint(GOOD["mozilla"], clients=program(Note("SERVER_AGAIN", Effect.REJECTS, 7, {"protocol": "imap"}))).problems
    assert RULES["SERVER_AGAIN"].severity is Severity.NOTICE
    assert found.severity is Severity.WARNING


def test_a_server_of_another_protocol_is_no_mistake() -> None:
    """A program that has IMAP alone passes over POP3, as it should."""
    assert lint(GOOD["mozilla"], clients=program(Note("SERVER_TYPE_UNKNOWN", Effect.SKIPS, 14, {"value": "pop3"}))).problems == ()


def test_the_worst_that_a_program_does_counts() -> None:
    """It may name a mistake more than once."""
    notes = (Note("PORT_MISSING", Effect.MISREADS, 7), Note("PORT_MISSING", Effect.REJECTS, 2))
    (found,) = lint(GOOD["mozilla"].replace(b"<port>993</port>", b""), clients=program(*notes)).problems
    assert found.effects == {"k9": Effect.REJECTS}


def test_a_document_without_imap_is_a_warning() -> None:
    """It works where POP3 does; four programs cannot use it."""
    found = one(next(row.data for row in ROWS if row.code == "IMAP_MISSING"), "IMAP_MISSING")
    assert found.severity is Severity.WARNING
    assert set(found.effects) == {"k9", "geary", "fairemail", "fairemail-play", "aerc"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [("displayNameShort", "displayShortName"), ("hostName", "hostname"), ("sockettype", "socketType"), ("colour", ""), ("x" * 9999, "")],
)
def test_a_word_is_taken_for_the_nearest(word: str, meant: str) -> None:
    """Other letter case, other order of parts, a letter too much; nothing far off."""
    assert nearest(word, ["hostname", "socketType", "displayShortName", "displayName", "domain"]) == meant


# --- hostile documents -------------------------------------------------------------------------------------------------------------

_PIECES = [piece for data in GOOD.values() for piece in data.split(b"\n")]
_ODD = (b"<!--", b"-->", b"<![CDATA[", b"]]>", b"&lol;", b"<!DOCTYPE a [", b"]>", b"\0", b"\xff", b"%", b"}", b'"', b"<a:", b"\r", b"<?")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good document, with pieces of it and of others in wrong places."""
    data = draw(st.sampled_from(list(GOOD.values())))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = begin + draw(st.sampled_from((0, 0, 1, 5, 40)))
        data = data[:begin] + draw(st.one_of(st.sampled_from(_ODD), st.sampled_from(_PIECES), st.binary(max_size=4))) + data[end:]
    return data


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), mutated()), st.sampled_from((None, *(kind for kind in Kind if kind is not Kind.UNKNOWN))))
def test_no_document_is_a_traceback(data: bytes, kind: Kind | None) -> None:
    """Whatever the bytes are, and whatever they are taken for: problems with words."""
    found = lint(data, kind)
    told = set().union(*(problem.effects for problem in found.problems))
    for name, client in CLIENTS.items():
        reader = client.readers.get(found.kind.value)
        # What a program says is told, unless it is of what cannot be judged here.
        if reader and not {"ANSWER_IS_ERROR", "DTD", "DOCUMENT_TOO_LARGE"} & {problem.code for problem in found.problems}:
            assert name in told or data.lstrip().startswith(b"{") or all(note.rule in ON_THE_WAY for note in reader(data).notes)
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(problem.line is None or 1 <= problem.line <= lines for problem in found.problems)
    for problem in to_data(found, ENGLISH)["problems"]:
        assert problem["message"]


_BOMB = (
    b'<!DOCTYPE a [<!ENTITY b "'
    + b"x" * 1000
    + b'">'
    + b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%s;" % (b"" if n == 1 else b"%d" % (n - 1)) * 10) for n in range(1, 9))
    + b"]>\n"
)


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b'<?xml version="1.0"?>\n' + _BOMB + b"<clientConfig>&b8;</clientConfig>", "DTD", 2),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><clientConfig/>', "DTD", 1),
        (b"<clientConfig>" + b"<a>\n" * 1000 + b"</a>" * 1000 + b"</clientConfig>", "XML_BROKEN", 256),
        (b"<clientConfig>\n" + b"<a/>" * 51_000 + b"</clientConfig>", "XML_BROKEN", 1),
        (b"<clientConfig>\n\n&lol;</clientConfig>", "XML_BROKEN", 3),
        (b'{"protocols": ' + b"[" * 30_000, "JSON_BROKEN", 1),
        (b'{"a": 1,\n"a": 2}', "JSON_BROKEN", 1),
        (b"bplist00", "PROFILE_BROKEN", 1),
        (b"\n<plist>\n<dict>", "PROFILE_BROKEN", 3),
        (b"<plist/>", "PROFILE_BROKEN", 1),
    ],
)
def test_a_trap_is_one_problem(data: bytes, code: str, line: int) -> None:
    """One clear line instead of everything that might follow from it."""
    (found,) = lint(data).problems
    assert (found.code, found.line) == (code, line)


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b"<clientConfig><emailProvider>" + b"<hostnam/>" * 40_000 + b"</emailProvider></clientConfig>",
        b"<clientConfig><emailProvider>" + b"".join(b"<a%d/>" % n for n in range(45_000)) + b"</emailProvider></clientConfig>",
        b"<clientConfig><emailProvider>" + b'<incomingServer type="imap"></incomingServer>' * 20_000 + b"</emailProvider></clientConfig>",
        b'<clientConfig><emailProvider><incomingServer type="imap">'
        + b"<port>1</port>" * 45_000
        + b"</incomingServer></emailProvider></clientConfig>",
        b"<Autodiscover><Response><Account>" + b"<Protocol><Type>IMAP</Type></Protocol>" * 20_000 + b"</Account></Response></Autodiscover>",
        b"<!--" * 250_000,
        b"<clientConfig>" + b"%" * 1_000_000 + b"</clientConfig>",
        b"<plist><dict><key>PayloadType</key><string>Configuration</string>" + b"<key>PayloadConten</key><array>" * 20_000,
        b"{" + b",".join(b'"a%d":1' % n for n in range(5_000)) + b"}",
    ],
    ids=["misspelt", "unknown", "servers", "twice", "protocols", "comments", "text", "keys", "members"],
)
def test_a_mebibyte_takes_seconds(data: bytes) -> None:
    """As much as is read at all, with as many mistakes as fit."""
    began = time.process_time()
    found = lint(data)
    assert time.process_time() - began < 20
    assert 1 <= len(found.problems) <= 1_000


# --- real documents ----------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not ISPDB.is_dir(), reason=f"the files are not there: {ISPDB}")
def test_the_real_mistakes_of_mozillas_database_are_found() -> None:
    """Ports that belong to another protocol or to none; of the other files no grammar has anything to say."""
    found = {path.name: lint(path.read_bytes()) for path in sorted(ISPDB.glob("*.xml"))}
    misfits = [(name, problem.line) for name, one in found.items() for problem in one.problems if problem.code == "PORT_MISFIT"]
    assert misfits == [("arubapec.it.xml", 20), ("rediffmail.com.xml", 24)]
    counts = Counter(problem.code for one in found.values() for problem in one.problems)
    told = {"SERVER_PLAIN", "PORT_MISFIT", "IMAP_MISSING", "SERVER_FIRST", "SERVER_AGAIN", "USERNAME_IGNORED", "PLACEHOLDER_LOST"}
    assert counts.keys() == told
    assert sum(one.status is None for one in found.values()) >= 20


# --- the page about it -------------------------------------------------------------------------------------------------------------


def test_the_example_in_the_documentation_is_true() -> None:
    """What it prints is what the page says."""
    page = (Path(__file__).parents[2] / "docs" / "lint.md").read_text().partition("## An example")[2].partition("\n## ")[0]
    document, _, told = page.partition("    $ autoconfig lint config-v1.1.xml\n")
    data = "".join(line[4:] for line in document.splitlines(keepends=True) if line.startswith("    "))
    file = io.StringIO()
    console = Console(file=file, width=80, highlight=False, markup=False, emoji=False)
    show("config-v1.1.xml", lint(data.encode()), ENGLISH, console)
    assert file.getvalue().strip().splitlines() == [line.removeprefix("    ") for line in told.strip("\n").splitlines()]
