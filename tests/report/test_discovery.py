"""What mail programs end up with, on a terminal and as data."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence

import pytest
from rich.cells import cell_len
from rich.console import Console

from autoconfig import i18n
from autoconfig.catalogue.documents import RULES
from autoconfig.catalogue.outcomes import REASONS
from autoconfig.clients.outcome import Choice, Client, Confidence, Effect, Note, Outcome, Result, Step, Typed
from autoconfig.clients.works import End, Works
from autoconfig.model import TLSMode
from autoconfig.observations import TCP, HTTPFailure, LookupStatus, World
from autoconfig.report import discovery, outcomes
from autoconfig.report.data import to_json

TEXTS = i18n.texts("en")
HOSTILE = "evil\x1b[2J\u202e" + "x" * 400
STEPS = (
    Step(0, 12.4, "GET https://autoconfig.kund.se/mail/config-v1.1.xml", "404", reached=True),
    Step(12.4, 0.2, "GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml", "certificate"),
    Step(12.6, 80, "GET http://autoconfig.kund.se/mail/config-v1.1.xml", "200", reached=True),
)


async def _nothing(typed: Typed, world: World) -> Outcome:
    return Outcome(Result.MANUAL)


def made(*, tries_each: bool = False) -> Client:
    """Return a program."""
    return Client("k9", "Thunderbird for Android", Confidence.SOURCE, _nothing, tries_each=tries_each)


def good(text: str = "imap.kund.se") -> Outcome:
    """Return an outcome with a host of that name, and one that is second."""
    servers = (Choice("imap", text, 993, TLSMode.IMPLICIT, "anna@kund.se"), Choice("imap", "second.kund.se", 143, TLSMode.NONE))
    return Outcome(Result.AUTOMATIC, servers, (Choice("smtp", "smtp.kund.se"),), "https://kund.se/x", "provider", STEPS)


ENDS = (
    End(made(), good(), Works(True)),
    End(made(), good(), Works(False, "SERVER_SILENT", {"host": "imap.kund.se", "port": 993})),
    End(made(tries_each=True), good(), Works()),
    End(made(), Outcome(Result.PROMPT, steps=STEPS, why="SOURCE_UNENCRYPTED"), Works()),
    End(made(), Outcome(Result.MANUAL, why="PORT_MISSING", notes=(Note("PORT_MISSING", Effect.REJECTS, 12),)), Works()),
    End(made(), Outcome(Result.WRONG, (Choice("imap", "imap."),), why="HOST_NOT_A_NAME", args={"host": "imap."}), Works()),
)


def shown(ends: Sequence[End], width: int = 80, language: str = "en", title: str = "anna@kund.se") -> list[str]:
    """Return the lines that are printed."""
    file = io.StringIO()
    discovery.show(title, ends, i18n.texts(language), Console(file=file, width=width, highlight=False, markup=False, emoji=False))
    return file.getvalue().splitlines()


def timeline(step: Step) -> list[str]:
    """Return the lines of one step."""
    return shown([End(made(), Outcome(Result.MANUAL, steps=(step,)), Works())])[3:]


# --- on a terminal -----------------------------------------------------------------------------------------------------------------


def test_a_program_is_told_as_a_timeline() -> None:
    """What it asked and when, what it was told, what it enters, and whether that works."""
    assert shown(ENDS[:1], 100) == [
        "anna@kund.se",
        "",
        "✓ Thunderbird for Android sets the account up by itself                         as its source has it",
        "       0 ms  GET https://autoconfig.kund.se/mail/config-v1.1.xml                                 404",
        "      12 ms  GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml       wrong certificate",
        "      13 ms  GET http://autoconfig.kund.se/mail/config-v1.1.xml                                  200",
        "  From      https://kund.se/x · provider",
        "  Incoming  IMAP  imap.kund.se:993  TLS  anna@kund.se",
        "  Outgoing  SMTP  smtp.kund.se",
        "  Works     ✓ yes",
    ]


@pytest.mark.parametrize(("end", "mark"), list(zip(ENDS, "✓✓✓!✗✗", strict=True)))
def test_the_mark_says_how_it_ends(end: End, mark: str) -> None:
    """Automatic, asks, and manual or wrong."""
    assert shown([end])[2].startswith(f"{mark} Thunderbird for Android")


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (ENDS[1], "  Works     ✗ no"),
        (ENDS[1], "  Why       imap.kund.se does not answer on port 993"),
        (ENDS[2], "  Works     ? not known"),
        (ENDS[2], "            IMAP  second.kund.se:143  no encryption"),
        (ENDS[4], "  Why       a server has no port"),
        (ENDS[4], "  Reads     line 12: rejects the whole document: a server has no port"),
        (ENDS[5], "  Why       imap. is entered as a server, which is no host name"),
    ],
)
def test_why_it_is_no_better(end: End, line: str) -> None:
    """In words, with the line of the document where there is one."""
    assert line in shown([end])


@pytest.mark.parametrize("width", [40, 59, 60, 100, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """However narrow, and whatever a server says."""
    hostile = Outcome(Result.AUTOMATIC, (Choice("imap", HOSTILE, 993),), via=HOSTILE, steps=(Step(0, 0, HOSTILE, HOSTILE),))
    lines = shown([*ENDS, End(made(), hostile, Works(False, "HOST_INVALID", {"host": HOSTILE}))], width, title=HOSTILE)
    assert max(map(cell_len, lines)) <= min(width, 100)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("said", sorted({*HTTPFailure, *LookupStatus, *TCP}))
def test_what_nobody_answered_is_told_in_words(said: str) -> None:
    """Not in those of the protocols."""
    line = timeline(Step(0, 0, "DNS MX kund.se", said))[0]
    assert not re.search("-|nxdomain|servfail|nodata", line.removeprefix("       0 ms  DNS MX kund.se"))


def test_a_connection_says_which_kind_of_tls_was_tried() -> None:
    """In the words of people, with the time where it was long."""
    assert timeline(Step(12600, 10_000, "CONNECT imap.kund.se:143", "no answer in time (starttls)")) == [
        "   12600 ms  CONNECT imap.kund.se:143",
        "             no answer in time (STARTTLS) · 10.0 s",
    ]


def test_a_long_address_is_broken_and_its_answer_stands_behind_it() -> None:
    """It begins beside its time, however long it is."""
    url = "GET https://autoconfig.kund.se/" + "x" * 80
    assert timeline(Step(0, 0, url, "404")) == ["       0 ms  " + url[:67], "             " + url[67:] + " " * (64 - len(url[67:])) + "404"]


# --- as data -----------------------------------------------------------------------------------------------------------------------


def test_the_object_has_the_fields_of_the_contract() -> None:
    """The first candidates, the requests that reached somebody, and the others."""
    found = outcomes.to_data(ENDS[1], TEXTS)
    assert found == {
        "client": "k9",
        "outcome": "automatic",
        "via": "https://kund.se/x",
        "source": "provider",
        "incoming": {"protocol": "imap", "host": "imap.kund.se", "port": 993, "tls": "implicit", "username": "anna@kund.se"},
        "outgoing": {"protocol": "smtp", "host": "smtp.kund.se", "port": None, "tls": None, "username": None},
        "works": False,
        "why": "imap.kund.se does not answer on port 993",
        "confidence": "source",
        "requests": ["GET https://autoconfig.kund.se/mail/config-v1.1.xml", "GET http://autoconfig.kund.se/mail/config-v1.1.xml"],
        "failed": ["GET https://kund.se/.well-known/autoconfig/mail/config-v1.1.xml"],
        "candidates": {
            "incoming": [found["incoming"], {"protocol": "imap", "host": "second.kund.se", "port": 143, "tls": "none", "username": None}],
            "outgoing": [found["outgoing"]],
        },
        "timeline": [
            {"at_ms": 0, "ms": 12, "what": STEPS[0].what, "said": "404"},
            {"at_ms": 12, "ms": 0, "what": STEPS[1].what, "said": "certificate"},
            {"at_ms": 13, "ms": 80, "what": STEPS[2].what, "said": "200"},
        ],
    }
    assert json.loads(to_json(found)) == found


def test_a_program_that_found_nothing_has_no_servers() -> None:
    """None, not empty objects."""
    found = outcomes.to_data(ENDS[4], TEXTS)
    assert (found["incoming"], found["outgoing"], found["works"], found["via"], found["source"]) == (None, None, None, None, None)


def test_both_reasons_are_told() -> None:
    """What kept it from a better end, and what does not work there."""
    end = End(made(), Outcome(Result.PROMPT, why="SOURCE_UNENCRYPTED"), Works(False, "HOST_INVALID", {"host": "a b"}))
    assert outcomes.to_data(end, TEXTS)["why"] == f"{RULES['SOURCE_UNENCRYPTED'].reason}; {REASONS['HOST_INVALID'] % {'host': 'a b'}}"
