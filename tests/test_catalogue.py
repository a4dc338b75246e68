"""Every code that a check can find has its texts whole, in both languages, and every use of it hands over what they need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoconfig import catalogue, i18n
from autoconfig.catalogue import (
    ENTRIES,
    certificates,
    clients,
    delegation,
    discovery,
    endpoints,
    login,
    run,
    sending,
    submission,
    transport,
)
from autoconfig.catalogue.entry import Entry
from autoconfig.findings import Finding, Passed, Skipped, Subject
from autoconfig.report.explanation import explain

PACKAGE = Path(catalogue.__file__).parents[1]
ROOMS = (delegation, discovery, endpoints, certificates, submission, login, sending, transport, clients, run)
HOST = Subject("mail.kund.se")

_DOCUMENT = r"RFC [0-9]{3,5}|draft-[a-z0-9-]+|MS-OXDSCLI|XML 1\.0|Apple"
_STANDARD = re.compile(rf"({_DOCUMENT})(, [\w .]+)?\Z")
_FORMAT = re.compile(r"%(?!\(\w+\)[sd])")  # what only a formatter of ours would understand
_SENTENCE = re.compile(r"[.?]\Z|%\(\w+\)s\Z")
_WORD = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)+\Z")


class Use(ast.NodeVisitor):
    """The calls of `finding`, `passed` and `skipped` in a module, by the code where it stands there as a text."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, frozenset[str] | None]] = []

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "finding" and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            open_ = any(keyword.arg is None for keyword in node.keywords)
            given = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
            self.calls.append((node.lineno, node.args[0].value, None if open_ else given))
        self.generic_visit(node)


def _modules() -> list[Path]:
    return [*sorted((PACKAGE / "checks").glob("*.py")), PACKAGE / "clients" / "verdicts.py", PACKAGE / "diagnose.py"]


def _calls() -> Iterator[tuple[str, str, frozenset[str] | None]]:
    for path in _modules():
        use = Use()
        use.visit(ast.parse(path.read_text()))
        yield from ((f"{path.name}:{line}", code, given) for line, code, given in use.calls)


def _words() -> set[str]:
    """Return every text in the checks that looks like a code: some stand in tables, and are found by what was seen."""
    trees = (ast.parse(path.read_text()) for path in _modules())
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str) and _WORD.match(value)}


def test_every_code_stands_in_one_room() -> None:
    """Two entries of one code would hide each other."""
    codes = [code for room in ROOMS for code in room.ENTRIES]
    assert sorted(codes) == sorted(set(codes)) == sorted(ENTRIES)


@pytest.mark.parametrize("code", ENTRIES)
def test_an_entry_is_complete(code: str) -> None:
    """A line that says what is wrong, why, what to do, and the longer story. Only named placeholders can be translated."""
    entry = ENTRIES[code]
    assert re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", code)
    for text in _texts(entry):
        assert text == " ".join(text.split())
        assert text[0].isupper() or text.startswith(("%(", "iPhone")), text
    for text in (entry.message, entry.cause, entry.fix):
        assert not _FORMAT.search(text.replace("%%", "")), text
    assert not entry.message.endswith((".", "!", ":"))
    assert len(entry.message) < 130
    for text in (entry.cause, entry.fix, entry.story):
        assert _SENTENCE.search(text), text
    assert len(entry.story) > len(entry.message)
    assert "%(" not in entry.story


@pytest.mark.parametrize("code", ENTRIES)
def test_a_standard_is_named_with_its_section(code: str) -> None:
    """So that it can be looked up."""
    standard = ENTRIES[code].standard
    assert all(_STANDARD.match(part) for part in standard.split("; ")) or not standard, standard


def test_every_code_that_is_used_exists_and_every_entry_is_used() -> None:
    """A code without an entry would be an exception in the middle of a check; an entry without a use is dead."""
    used = {code for _, code, _ in _calls()}
    assert used <= set(ENTRIES)
    assert set(ENTRIES) - _words() - {"DEADLINE"} == set(), "these are never found"


def test_every_use_gives_what_the_texts_need() -> None:
    """And nothing is given by a name that another option of `finding` has."""
    lacking = [
        (place, code, sorted(ENTRIES[code].parameters - given))
        for place, code, given in _calls()
        if given is not None and ENTRIES[code].parameters - given
    ]
    assert lacking == []


def test_a_finding_without_an_argument_of_its_texts_is_refused() -> None:
    """While it is made, not when somebody reads it."""
    with pytest.raises(TypeError, match=r"DEADLINE needs \['what'\]"):
        catalogue.finding("DEADLINE", HOST)
    with pytest.raises(KeyError):
        catalogue.finding("NO_SUCH_CODE", HOST)


def test_a_finding_has_the_entry_s_weight_unless_told() -> None:
    """Group, severity and owner."""
    entry = ENTRIES["DEADLINE"]
    made = catalogue.finding("DEADLINE", HOST, what="all")
    assert made == Finding("DEADLINE", entry.severity, entry.owner, entry.group, HOST, {"what": "all"})
    assert catalogue.passed("DEADLINE", HOST) == Passed("DEADLINE", entry.group, HOST)
    assert catalogue.skipped("CERT_WEAK", HOST, made) == Skipped("CERT_WEAK", ENTRIES["CERT_WEAK"].group, HOST, made)


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("code", ENTRIES)
def test_every_code_is_explained(code: str, language: str) -> None:
    """No placeholder is left, no per cent sign is doubled, and nothing fails."""
    told = explain(code, i18n.texts(language))
    assert told.startswith(f"{code} · ")
    assert "%(" not in told
    assert "%%" not in told
    assert len(told.split("\n\n")) == 5 + bool(ENTRIES[code].standard)
    assert ENTRIES[code].standard in told


def _texts(entry: Entry) -> tuple[str, ...]:
    return entry.message, entry.cause, entry.fix, entry.story
