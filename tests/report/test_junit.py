"""The report as JUnit XML: valid by the schema whatever a server says, and each finding counted as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from autoconfig.findings import Report
from autoconfig.report.telling import FailOn
from tests.report.reports import RECORD, faulty, hostile, report, reports, tell, well, whole

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "junit.xsd"))


def read(text: str) -> etree._Element:
    """The document, which the schema allows."""
    root = etree.fromstring(text.encode())
    SCHEMA.assertValid(root)
    return root


@pytest.mark.parametrize("made", [faulty(), well(), hostile(), whole(), report()], ids=["faulty", "well", "hostile", "whole", "empty"])
def test_every_report_is_valid(made: Report) -> None:
    """Also where nothing is there to tell."""
    assert read(tell("junit", made)).get("tests") == str(len(made.findings) + len(made.passed) + len(made.skipped))


@given(st.lists(reports(), max_size=3))
def test_any_report_is_valid(made: list[Report]) -> None:
    """Whatever a server says: a suite for each, and nothing counted twice."""
    root = read(tell("junit", *made))
    assert len(root) == len(made)
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))


def test_each_kind_is_told_as_what_it_is() -> None:
    """An error fails, what is unknown is an error of the test, what was skipped is skipped, what passed says nothing."""
    (suite,) = read(tell("junit", faulty()))
    assert [suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")] == ["kund.se", "6", "2", "1", "1"]
    assert (suite.get("time"), suite.get("timestamp")) == ("0.412", "2026-11-23T08:00:00")
    assert {each.get("name"): each.get("value") for each in suite.iter("property")}["status"] == "critical"
    found = {case.get("name").split()[0]: [child.tag for child in case] for case in suite.iter("testcase")}
    assert found == {
        "CERT_NAME_MISMATCH": ["failure"],
        "DEADLINE": ["error"],
        "DISC_NAME_MISSING": ["failure"],
        "TCP_REFUSED": [],
        "AUTH_NONE": ["skipped"],
    }
    assert RECORD in "".join(suite.itertext())


@pytest.mark.parametrize(("fail_on", "failures"), [(FailOn.WARNING, "2"), (FailOn.ERROR, "1"), (FailOn.NEVER, "1")])
def test_a_warning_fails_where_it_shall(fail_on: FailOn, failures: str) -> None:
    """And has its say where it does not."""
    (suite,) = read(tell("junit", faulty(), fail_on=fail_on))
    assert suite.get("failures") == failures
    (said,) = suite.findall("testcase[system-out]") or [None]
    assert (said is None) is (fail_on is FailOn.WARNING)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "ascii", "iso-8859-1"])
def test_the_encoding_is_what_it_says(encoding: str) -> None:
    """The document says UTF-8, and so it is, or it is ASCII."""
    content = tell("junit", hostile("Åland ✓"), encoding=encoding).encode(encoding)
    assert "Åland ✓" in "".join(etree.fromstring(content).itertext())
