"""The report as a monitoring plugin's line: one, with performance data by the guidelines, whatever a server says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.findings import Report
from autoconfig.report.telling import FailOn, exit_code
from tests.report.reports import faulty, hostile, missing_name, report, reports, tell, unfinished, well, whole

# Monitoring Plugins Development Guidelines: 'label'=value[UOM];[warn];[crit];[min];[max]
DATUM = re.compile(r"'[^'=|]+'=-?[0-9.]+(s|%|B|c)?(;[0-9.:~@-]*){0,4}")


def read(text: str) -> tuple[str, str, list[str]]:
    """The state, the text and the performance data."""
    line, end = text[:-1], text[-1]
    assert end == "\n"
    assert line.isprintable()
    assert line.count("|") == 1
    told, data = line.split(" | ")
    state, said = told.split(" - ", 1)
    found = [match[0] for match in DATUM.finditer(data)]
    assert " ".join(found) == data
    return state, said, found


def test_the_line_is_the_answer() -> None:
    """How bad, what, and the numbers."""
    assert read(tell("nagios", whole())) == (
        "AUTOCONFIG CRITICAL",
        "kund.se: 1 critical, 1 unknown, 1 warning (CERT_NAME_MISMATCH: The certificate that mail.kund.se shows is not for that name)",
        ["'kund.se time'=0.412s;;;0"]
        + [f"'kund.se {severity}'={n};;;0" for severity, n in (("critical", 1), ("error", 0), ("unknown", 1), ("warning", 1))]
        + ["'kund.se certificate days'=-3;14:;0:"],
    )
    assert read(tell("nagios", well()))[:2] == ("AUTOCONFIG OK", "kund.se: 3 ok")


@pytest.mark.parametrize(
    ("made", "fail_on", "state"),
    [
        (report(missing_name()), FailOn.WARNING, "WARNING"),
        (report(missing_name()), FailOn.ERROR, "OK"),
        (report(unfinished()), FailOn.ERROR, "UNKNOWN"),
        (faulty(), FailOn.ERROR, "CRITICAL"),
        (faulty(), FailOn.NEVER, "OK"),
    ],
)
def test_the_state_is_that_of_the_exit_code(made: Report, fail_on: FailOn, state: str) -> None:
    """Which is what Nagios goes by."""
    assert read(tell("nagios", made, fail_on=fail_on))[0] == f"AUTOCONFIG {state}"
    assert ("OK", "WARNING", "CRITICAL", "UNKNOWN")[exit_code([made.status], fail_on)] == state


def test_of_many_the_worst_are_told_and_all_are_measured() -> None:
    """The rest is a number."""
    domains = [replace(well(), domain=Domain.parse(f"kund{n}.se")) for n in range(30)]
    _, said, data = read(tell("nagios", *domains, faulty()))
    assert said.startswith("kund.se: 1 critical")
    assert said.endswith("; 21 more")
    assert len(data) == 31 * 5


@given(st.lists(reports(), min_size=1, max_size=3))
def test_any_report_is_one_line(made: list[Report]) -> None:
    """Without a bar, and without what a monitor's page could take for HTML."""
    _, said, data = read(tell("nagios", *made))
    assert not set("<>|") & set(said)
    assert data


def test_a_hostile_server_is_quoted_shortly() -> None:
    """Its control characters are written out."""
    assert len(tell("nagios", hostile("\x1b[2J|\n<b>" * 1000))) < 1500
