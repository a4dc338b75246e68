"""The report at the terminal: whole at every width, quiet in a pipe, and harmless whatever a server says."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from autoconfig import catalogue, i18n
from autoconfig.address import Domain
from autoconfig.catalogue import ENTRIES
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Outcome, Result
from autoconfig.clients.works import End, Works
from autoconfig.findings import Report, Severity, Subject
from autoconfig.report import text
from autoconfig.report.words import count, where
from tests.report.reports import (
    COMMAND,
    HOSTILE,
    IMAPS,
    NAME,
    POP3S,
    RECORD,
    SIX,
    faulty,
    hostile,
    missing_name,
    report,
    unfinished,
    well,
)

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = [40, 59, 60, 80, 100, 120, 300]


def shown(made: Report, width: int = 80, language: str = "en", everything: bool = False, **more) -> str:
    """What is printed, as a pipe gets it unless *more* says otherwise."""
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False, markup=False, emoji=False, **more)
    text.show(made, i18n.texts(language), console, everything=everything)
    return file.getvalue()


def lines(*question: object, **more) -> list[str]:
    """The lines of what is printed."""
    return shown(*question, **more).splitlines()


def ended(name: str, result: Result, works: bool | None = None, why: str = "") -> End:
    """The end of a program's search."""
    return End(CLIENTS[name], Outcome(result, via=f"https://{HOSTILE}/" if name == "aerc" else None, why=why), Works(works))


ENDED = (
    ended("thunderbird", Result.AUTOMATIC, True),
    ended("k9", Result.AUTOMATIC),
    ended("outlook", Result.PROMPT),
    ended("evolution", Result.AUTOMATIC, False),
    ended("geary", Result.MANUAL, why="NOTHING_FOUND"),
    ended("kmail", Result.WRONG),
    ended("aerc", Result.UNKNOWN),
)


# --- the mail programs -------------------------------------------------------------------------------------------------------------


def test_the_mail_programs_are_a_line_after_the_groups() -> None:
    """Marked by how they end; servers that do not work are as bad as none. Nothing where none has searched."""
    made = replace(well(), clients=ENDED)
    assert lines(made)[1:] == [
        "✓ Domain and names  1 ok",
        "✓ Mail servers      2 ok",
        "  Mail programs     ✓ thunderbird, k9  ! outlook  ✗ evolution, geary, kmail",
        "                    ? aerc",
    ]
    assert lines(made, width=40)[-3:] == ["  Mail programs", "    ✓ thunderbird, k9  ! outlook", "    ✗ evolution, geary, kmail  ? aerc"]
    assert "Mail programs" not in shown(well())
    assert "  E-postprogram" in shown(made, language="sv")


def test_beside_a_finding_of_theirs_the_mail_programs_are_named_once() -> None:
    """The finding's line has their name."""
    fails = catalogue.finding("CLIENT_FAILS", NAME, clients=("K-9",), reason="x")
    made = lines(replace(report(fails), clients=ENDED))
    assert made[1:4] == ["! Mail programs  1 warning", " " * 17 + "✓ thunderbird, k9  ! outlook  ✗ evolution, geary, kmail  ? aerc", ""]


def test_each_mail_program_is_told_on_demand() -> None:
    """How it ends, where it was told, and why it is no better."""
    made = lines(replace(well(), clients=ENDED), everything=True)
    assert "✓ thunderbird  sets the account up by itself" in made
    assert "✗ geary  wants the servers typed in · it finds no settings" in made


@pytest.mark.parametrize("width", WIDTHS)
def test_mail_programs_fit_at_every_width(width: int) -> None:
    """No line is wider, and none is empty that should not be."""
    made = replace(well(), clients=(*ENDED, *(ended(name, Result.MANUAL) for name in CLIENTS)))
    for everything in (False, True):
        told = lines(made, width=width, everything=everything)
        assert max(map(cell_len, told)) <= width
        assert all(line.isprintable() for line in told)


# --- the page ----------------------------------------------------------------------------------------------------------------------


def test_the_first_line_is_the_answer() -> None:
    """The domain, how bad it is, the numbers with the worst first, and how long it took."""
    assert lines(faulty())[0] == "kund.se  ✗ 1 critical · 1 unknown · 1 warning · 2 ok · 1 skipped" + " " * 10 + "0.41 s"
    assert lines(well())[0].split() == ["kund.se", "✓", "3", "ok", "0.41", "s"]


def test_a_domain_that_is_well_is_a_line_for_each_group() -> None:
    """And nothing more."""
    assert len(lines(well())) == 3
    assert lines(well())[1:] == ["✓ Domain and names  1 ok", "✓ Mail servers      2 ok"]


def test_an_address_and_an_international_name_stand_in_the_first_line() -> None:
    """As people write them, with what programs call the domain."""
    made = report(domain=Domain.parse("byrå.se"))
    assert lines(made)[0].startswith("byrå.se (xn--byr-wla.se)  ✓")
    assert lines(replace(made, address=None, domain=Domain.parse("kund.se")))[0].startswith("kund.se  ✓")
    assert lines(report(address="anna@kund.se"))[0].startswith("anna@kund.se  ✓")


def test_a_finding_begins_with_its_message_and_ends_with_what_to_do() -> None:
    """The code stands at the right, who is to do it before what to do."""
    made = lines(faulty())
    start = next(n for n, line in enumerate(made) if line.startswith("✗ ") and "CERT" in "".join(made[n : n + 2]) and n > 5)
    block = made[start : made.index("", start)]
    assert "CERT_NAME_MISMATCH" in " ".join(block[:2])
    labels = [line.split("  ")[1].strip() for line in block if line.startswith("  ") and line[2] != " "]
    assert labels[:4] == ["Where", "We saw", "Affects", "Why"]
    assert labels[4].startswith("Do this (the mail host)")
    assert block[-1].strip() == f"$ {COMMAND}"


def test_nobody_is_not_told_to_do_anything() -> None:
    """What to do is said, without "nobody" doing it."""
    made = shown(report(unfinished()))
    assert "\n  Do this\n" in made or "\n  Do this  " in made
    assert "nobody" not in made


def test_evidence_is_short_unless_everything_is_asked_for() -> None:
    """The first three, and how many more there are."""
    assert "… and 6 more, with -v" in shown(report(unfinished()))
    whole = shown(report(unfinished()), everything=True)
    assert "more, with -v" not in whole
    assert all(f"DNS MX {n}.kund.se" in whole for n in range(9))
    four = replace(unfinished(), evidence=("1", "2", "3", "4"))
    assert "more, with -v" not in shown(report(four))


def test_everything_is_what_passed_what_was_skipped_and_the_times() -> None:
    """A line for each check and host."""
    made = lines(faulty(), width=100, everything=True)
    assert "✓ TCP_REFUSED  mail.kund.se · imaps 993, pop3s 995 · 192.0.2.20" in made
    assert "- AUTH_NONE  mail.kund.se · imaps 993 · 192.0.2.20  skipped because of CERT_NAME_MISMATCH" in made
    assert made[-1] == "delegation 0.12 s · endpoints 0.23 s"
    assert not any("TCP_REFUSED" in line for line in lines(faulty()))


def test_who_wants_to_know_more_is_told_how() -> None:
    """Once, at the end, by the worst finding."""
    assert lines(faulty())[-1] == "More about it: autoconfig explain CERT_NAME_MISMATCH"
    assert "explain" not in shown(well())


def test_places_are_a_line_for_each_host() -> None:
    """Its services with their ports, then its addresses, each once."""
    assert where((IMAPS, POP3S, SIX)) == ["mail.kund.se · imaps 993, pop3s 995 · 192.0.2.20, 2001:db8::20"]
    assert where((Subject("a.se"), Subject("b.se", "smtp"), Subject())) == ["a.se", "b.se · smtp"]


@pytest.mark.parametrize("severity", [*Severity, "ok", "skipped"])
def test_one_is_not_many(severity: str) -> None:
    """In both languages, where it makes a difference."""
    for language in ("en", "sv"):
        texts = i18n.texts(language)
        assert count(severity, 1, texts).startswith("1 ")
        assert count(severity, 2, texts).startswith("2 ")
    english = i18n.texts("en")
    plural = severity in (Severity.ERROR, Severity.WARNING, Severity.NOTICE)
    assert (count(severity, 2, english)[2:] == count(severity, 1, english)[2:] + "s") is plural


def test_swedish_has_a_decimal_comma() -> None:
    """In the first line and in the times."""
    assert lines(well(), language="sv")[0].endswith("0,41 s")
    assert lines(well(), language="sv", everything=True)[-1] == "delegation 0,12 s · endpoints 0,23 s"


# --- any width ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "sv"])
def test_no_line_is_too_long_but_what_is_to_be_pasted(width: int, language: str) -> None:
    """Nor is any longer than what can be read."""
    for line in lines(faulty(), width=width, language=language):
        assert cell_len(line) <= min(width, 100) or line.strip().removeprefix("$ ") in (RECORD, COMMAND), line
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [1, 2, 3, 5, 10, 20, *WIDTHS])
def test_what_is_to_be_pasted_is_never_broken(width: int) -> None:
    """A record in two halves is two wrong records."""
    made = [line.strip() for line in lines(faulty(), width=width)]
    assert RECORD in made
    assert f"$ {COMMAND}" in made


@pytest.mark.parametrize("width", WIDTHS)
def test_no_word_is_lost_at_any_width(width: int) -> None:
    """Wrapping moves words, and does nothing else to them."""
    for everything in (False, True):
        wide = shown(faulty(), width=300, everything=everything)
        assert sorted(shown(faulty(), width=width, everything=everything).split()) == sorted(wide.split())


@given(st.integers(1, 130), st.text(min_size=1, max_size=60), st.booleans())
def test_any_text_at_any_width(width: int, said: str, everything: bool) -> None:
    """Wide letters, combining ones, none at all: nothing fails, and every line is one that a terminal may have."""
    found = replace(missing_name(), args={"names": (said,)}, evidence=(said,), records=(said,))
    for line in shown(report(found), width=width, everything=everything).split("\n"):
        assert line.isprintable()


# --- colours -----------------------------------------------------------------------------------------------------------------------


def test_a_pipe_gets_no_colours() -> None:
    """Nor any other control character."""
    assert "\x1b" not in shown(faulty(), everything=True)


def test_a_terminal_gets_colours() -> None:
    """Red for what is bad."""
    assert "\x1b[1;31m✗" in shown(faulty(), force_terminal=True, color_system="standard")


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bold is no colour (https://no-color.org); everything else is left out."""
    monkeypatch.setenv("NO_COLOR", "1")
    made = shown(faulty(), force_terminal=True, color_system="standard")
    assert "\x1b[1m" in made
    assert "\x1b[31m" not in made
    assert "31m" not in made


# --- hostile servers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("everything", [False, True])
def test_what_a_server_says_cannot_work_upon_the_terminal(width: int, everything: bool) -> None:
    """No control character, none that turns the direction, no markup and no placeholder does anything."""
    made = shown(hostile(), width=width, everything=everything)
    assert all(line.isprintable() for line in made.split("\n"))
    flat = "".join(made.split())
    for kept in ("[bold]x[/bold]", "%s%(x)s", ":smile:", "\\x1b[2J", "\\u202egro.live"):
        assert kept in flat
    assert HOSTILE not in made


def test_a_server_that_says_much_does_not_fill_the_screen() -> None:
    """Ten thousand characters as a banner, as a name, as everything."""
    made = lines(hostile("x" * 10_000))
    assert sum(len(line) for line in made if not set(line.strip()) <= {"x", "$", " "}) < 15_000
    banner = report(replace(missing_name(), evidence=("y" * 10_000,)))
    assert shown(banner).count("y") < 400


# --- every code, and the whole page --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("code", ENTRIES)
def test_every_code_can_be_shown(code: str, language: str) -> None:
    """With any values."""
    args = dict.fromkeys(ENTRIES[code].parameters, 7)
    made = shown(report(catalogue.finding(code, IMAPS, **args)), language=language)
    assert code in made
    assert "%(" not in made


@pytest.mark.parametrize("language", ["en", "sv"])
def test_the_whole_page(language: str) -> None:
    """As people have looked at it: what has changed on purpose is to be looked at again, and copied there."""
    assert shown(faulty(), language=language) == (GOLDEN / f"{language}.txt").read_text("utf-8")
