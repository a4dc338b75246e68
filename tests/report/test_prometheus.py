"""The report as metrics: read by Prometheus' own parser, and no series that a server could make."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from autoconfig.address import Domain
from autoconfig.findings import Report, Severity
from tests.report.reports import HOSTILE, faulty, missing_name, report, reports, tell, unfinished, well, whole


def read(text: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name without the prefix and its labels' values."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name.removeprefix("autoconfig_check_"), *sample.labels.values())
            assert key not in found
            found[key] = sample.value
    return found


def test_what_is_measured() -> None:
    """Every severity, each code that is there, times, and the first end of a certificate at a port."""
    found = read(tell("prometheus", whole()))
    assert (found["up", "kund.se"], found["status", "kund.se"]) == (0, 2)
    assert {key[2]: value for key, value in found.items() if key[0] == "findings"} == {
        **{severity.value: 0.0 for severity in Severity},
        "critical": 1.0,
        "warning": 1.0,
        "unknown": 1.0,
    }
    assert {key[2] for key in found if key[0] == "findings_by_code"} == {"CERT_NAME_MISMATCH", "DEADLINE", "DISC_NAME_MISSING"}
    assert (found["duration_seconds", "kund.se"], found["stage_duration_seconds", "kund.se", "endpoints"]) == (0.412, 0.23)
    started = whole().started.timestamp()
    assert found["last_run_timestamp_seconds", "kund.se"] == pytest.approx(started, abs=1)


def test_an_end_is_told_after_it_has_passed() -> None:
    """The certificate that has expired is the one that somebody must look at."""
    found = read(tell("prometheus", whole()))
    started = whole().started.timestamp()
    ends = {key[3]: round((value - started) / 86400) for key, value in found.items() if key[0] == "certificate_not_after_seconds"}
    assert ends == {"993": 40, "995": -3}


@pytest.mark.parametrize(
    ("made", "up", "status"), [(well(), 1, 0), (report(missing_name()), 1, 1), (faulty(), 0, 2), (report(unfinished()), 0, 3)]
)
def test_up_is_what_mail_is(made: Report, up: int, status: int) -> None:
    """With warnings it works; what could not be found out is not known to."""
    found = read(tell("prometheus", made))
    assert (found["up", "kund.se"], found["status", "kund.se"]) == (up, status)


def test_several_domains_are_told_apart_and_one_domain_once() -> None:
    """The worse where it was asked for twice."""
    found = read(tell("prometheus", well(), faulty(), replace(well(), domain=Domain.parse("byrå.se"))))
    assert {key[1]: value for key, value in found.items() if key[0] == "status"} == {"kund.se": 2, "xn--byr-wla.se": 0}


@given(st.lists(reports(), max_size=3))
def test_any_report_can_be_read(made: list[Report]) -> None:
    """Whatever a server says; and none of it is a label."""
    text = tell("prometheus", *made)
    assert text.endswith("\n")
    read(text)
    assert all(len(line) < 1000 for line in text.splitlines())


def test_a_hostile_host_stays_in_its_label() -> None:
    """Backslash, quote and newline are escaped."""
    made = whole()
    shown = replace(made.certificates[0], subject=replace(made.certificates[0].subject, host=HOSTILE + '"\n\\'))
    found = read(tell("prometheus", replace(made, certificates=(shown,))))
    (host,) = {key[2] for key in found if key[0] == "certificate_not_after_seconds"}
    assert host.isprintable()
    assert "[bold]x[/bold]" in host
