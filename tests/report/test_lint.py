"""What is wrong in a document, on a terminal and as data."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from autoconfig import i18n
from autoconfig.catalogue.documents import RULES
from autoconfig.clients.outcome import Effect
from autoconfig.lint.problem import Kind, Lint, Problem
from autoconfig.report import lint as report

TEXTS = i18n.texts("en")
HOSTILE = "evil\x1b[2J\u202e" + "x" * 400
FOUND = Lint(
    Kind.MOZILLA,
    (
        Problem("PORT_MISSING", 12, effects={"k9": Effect.REJECTS, "thunderbird": Effect.MISREADS, "aerc": Effect.REJECTS}),
        Problem("HOST_NOT_A_NAME", 14, {"host": HOSTILE}),
        Problem("VERSION_ODD", None),
    ),
)


def shown(found: Lint, width: int = 100, title: str = "config.xml") -> list[str]:
    """Return the lines that are printed."""
    file = io.StringIO()
    report.show(title, found, TEXTS, Console(file=file, width=width, highlight=False, markup=False, emoji=False))
    return file.getvalue().splitlines()


def test_each_problem_says_where_who_what_and_how() -> None:
    """In the order of the document, the worst counted first."""
    lines = shown(Lint(FOUND.kind, (FOUND.problems[0], FOUND.problems[2])))
    assert lines[0] == "config.xml  autoconfig (clientConfig)  ✗ 1 error · 1 notice"
    assert " ".join(" ".join(lines[2:4]).split()) == (
        "✗ line 12: Thunderbird for Android and aerc reject the whole document; Thunderbird misreads it: a server has no port PORT_MISSING"
    )
    assert "  Do this  Write the port of each server, such as 993 for IMAP." in lines
    assert any(line.startswith("i the version of clientConfig is missing") for line in lines)


def test_nothing_wrong_is_one_line() -> None:
    """Whatever the document is."""
    assert shown(Lint(Kind.PACC)) == ["config.xml  PACC  ✓ nothing is wrong"]


@pytest.mark.parametrize("width", [10, 40, 80, 200])
def test_nothing_from_outside_moves_the_cursor(width: int) -> None:
    """Control characters are escaped, long values cut, and no line is wider than the terminal."""
    lines = shown(FOUND, width, title=HOSTILE)
    assert all(char.isprintable() for line in lines for char in line)
    assert all(cell_len(line) <= max(width, 20) for line in lines)
    assert len(lines) < 120


@pytest.mark.parametrize("effect", Effect)
def test_one_program_does_and_several_do(effect: Effect) -> None:
    """Grammar agrees."""
    one, both = (
        report.message(Problem("PORT_MISSING", 1, effects=dict.fromkeys(names, effect)), TEXTS) for names in (["aerc"], ["aerc", "k9"])
    )
    verb = {Effect.REJECTS: "reject", Effect.SKIPS: "leave", Effect.MISREADS: "misread"}[effect]
    assert one.startswith(f"aerc {verb}s ")
    assert both.startswith(f"Thunderbird for Android and aerc {verb} ")


@pytest.mark.parametrize("code", RULES)
def test_every_rule_can_be_told(code: str) -> None:
    """A reason is a clause without an end, a fix is a sentence."""
    args: dict[str, str | int] = {name: 1 if name in ("port", "limit", "seconds") else "a" for name in RULES[code].parameters}
    problem = Problem(code, 1, args)
    assert not report.message(problem, TEXTS).endswith(".")
    assert report.fix(problem, TEXTS).endswith(".")
