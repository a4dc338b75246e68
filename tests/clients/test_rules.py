"""Every reason that a program gives has its words, and every code stands in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoconfig import clients
from autoconfig.catalogue import ENTRIES
from autoconfig.catalogue.documents import RULES
from autoconfig.catalogue.outcomes import REASONS
from autoconfig.clients import CLIENTS

_CODE = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)+\Z")
_FILES = sorted(Path(clients.__file__).parent.glob("*.py"))
_PARAMETER = re.compile(r"%\((\w+)\)")


def _codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.match(node.value):
            yield node.value


def test_no_code_is_in_two_catalogues() -> None:
    """What is wrong in a document, and why an outcome does not work, are told apart."""
    assert not RULES.keys() & REASONS.keys()


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_code_that_a_program_names_has_its_words(path: Path) -> None:
    """Else there would be nothing to tell."""
    assert set(_codes(path)) <= RULES.keys() | REASONS.keys() | ENTRIES.keys()


def test_every_reason_that_does_not_work_is_given() -> None:
    """A text that nobody uses is dead."""
    used = {code for path in _FILES for code in _codes(path)}
    assert REASONS.keys() <= used


def test_every_name_is_that_of_its_program() -> None:
    """In the order in which people are told of them."""
    order = ("thunderbird", "k9", "outlook", "outlook-new", "apple", "deltachat", "evolution")
    order += ("kmail", "geary", "nextcloud", "fairemail", "fairemail-play", "aerc", "emclient")
    assert list(CLIENTS) == [name for name in order if name in CLIENTS]
    assert all(client.name == name for name, client in CLIENTS.items())


@pytest.mark.parametrize("code", REASONS)
def test_a_reason_is_a_clause(code: str) -> None:
    """It stands behind a colon, and names the host or the question where there is one."""
    assert not REASONS[code].endswith(".")
    assert set(_PARAMETER.findall(REASONS[code])) <= {"host", "port", "found", "what"}
