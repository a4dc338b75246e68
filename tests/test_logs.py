"""How this program logs: one line an event, plain or JSON, whatever is in it."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import logs
from autoconfig.logs import MAX_MESSAGE, MAX_PLACES, Bounded, Line, clean, told

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (warning|error) a\.b: .*")


def _record(message: str, *values: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("a.b", logging.WARNING, "file", 1, message, values, None)
    record.__dict__.update(extra)
    return record


def _raised(error: Exception) -> logging.LogRecord:
    try:
        raise error
    except Exception:
        return logging.LogRecord("a.b", logging.ERROR, "file", 1, "it broke", (), sys.exc_info())


def test_a_plain_line_is_read_from_left_to_right() -> None:
    """Time, level, logger, message, and values by name, quoted where they would not be one word."""
    line = Line(is_json=False).format(
        _record("%d of %s", 3, "them", fields={"ms": 1.5, "host": "kund.se", "said": 'a "b" c=d', "none": ""})
    )
    assert LINE.fullmatch(line)
    assert line.endswith(r'Z warning a.b: 3 of them ms=1.5 host=kund.se said="a \"b\" c=d" none=""')


def test_a_json_line_has_the_same_in_it() -> None:
    """Numbers stay numbers."""
    line = Line(is_json=True).format(_record("%d of %s", 3, "them", fields={"ms": 1.5, "host": "kund.se"}))
    data = json.loads(line)
    assert data.pop("time").endswith("Z")
    assert data == {"level": "warning", "logger": "a.b", "message": "3 of them", "ms": 1.5, "host": "kund.se"}


def test_an_exception_is_told_by_its_kind_and_places() -> None:
    """Its text may hold anything, an address too."""
    for is_json in (False, True):
        line = Line(is_json=is_json).format(_raised(ValueError("anna@kund.se\nforged")))
        assert "\n" not in line
        assert "it broke; ValueError at tests/test_logs.py:" in line
        assert "in _raised" in line
        assert "anna" not in line
        assert "forged" not in line
    assert told(ValueError("x")) == "ValueError at an unknown place"


def test_of_a_deep_exception_the_innermost_places_are_told() -> None:
    """As many as a line has room for."""

    def deep(levels: int) -> None:
        if not levels:
            raise RuntimeError
        deep(levels - 1)

    with pytest.raises(RuntimeError) as raised:
        deep(50)
    assert told(raised.value).count(" in deep") == MAX_PLACES


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("anna@kund.se", "*@kund.se"),
        ("at (anna@kund.se)", "at *@kund.se)"),
        ("?emailaddress=anna%40kund.se&x=bo@ny.se", "*@ny.se"),
        ("?emailaddress=anna%40kund.se&x=bo%40ny.se", "*%40ny.se"),
        ('"anna svensson"@kund.se', "*@kund.se"),
        ("postgresql://user:secret@host/base", "*@host/base"),
        ("a\nb\rc\x00d\x1b[31me\u2028f\u202eg", "a\\nb\\rc\\x00d\\x1b[31me\\u2028f\\u202eg"),
        ("\ud800", "\\ud800"),
        ("byrå.se", "byrå.se"),
        ("a " + "x" * MAX_MESSAGE + "@kund.se", "a …"),
        ("x" * MAX_MESSAGE + "anna@kund.se", "…"),
    ],
)
def test_a_value_is_made_harmless(value: str, shown: str) -> None:
    """No address, no password in a URL, no second line, no colours, nothing that turns text around."""
    assert clean(value) == shown


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(("host", "domain", "id")), st.text()))
def test_whatever_is_logged_is_one_bounded_line(message: str, value: str, fields: dict[str, str]) -> None:
    """That a program can read again."""
    for is_json in (False, True):
        line = Line(is_json=is_json).format(_record("%s %s", message, value, fields=fields))
        assert line.isprintable()
        assert not re.search(r"[^\s*@]@", json.loads(line)["message"] if is_json else line.partition(" a.b: ")[2].partition(" host=")[0])
        assert len(line) < 12 * MAX_MESSAGE
        if is_json:
            assert json.loads(line).keys() == {"time", "level", "logger", "message", *fields}


def test_a_second_has_room_for_so_many_lines() -> None:
    """The next line after them tells how many were left out."""
    now = [0.0]
    bounded = Bounded(3, lambda: now[0])
    records = [_record("x") for _ in range(10)]
    assert [bounded.filter(record) for record in records] == [True] * 3 + [False] * 7
    now[0] = 1.0
    later = _record("x")
    assert bounded.filter(later)
    assert Line(is_json=False).format(later).endswith("a.b: x left_out=7")
    last = _record("x")
    assert bounded.filter(last)
    assert Line(is_json=True).format(last).endswith('"message": "x"}')


@pytest.fixture
def logging_as_before() -> Callable[[], None]:
    root, granian = logging.getLogger(), logging.getLogger("_granian")
    before = root.handlers[:], root.level, granian.propagate, logging.getLogger("autoconfig").level
    yield  # type: ignore[misc]
    root.handlers[:], granian.propagate = before[0], before[2]
    root.setLevel(before[1])
    logging.getLogger("autoconfig").setLevel(before[3])


@pytest.mark.usefixtures("logging_as_before")
def test_one_handler_writes_for_everybody(capsys: pytest.CaptureFixture[str]) -> None:
    """Also when it is configured twice; a library is heard when it warns, and we from what is only told."""
    logs.configure("plain")
    logs.configure("json")
    logging.getLogger("autoconfig.web").info("one")
    logging.getLogger("autoconfig.web").debug("no")
    logging.getLogger("library").info("no")
    logging.getLogger("library").warning("two")
    logging.getLogger("_granian").error("three")
    told = capsys.readouterr()
    assert [json.loads(line)["message"] for line in told.err.splitlines()] == ["one", "two", "three"]
    assert told.out == ""
