"""What holds for every test: Hypothesis judges outcomes, never the speed of a busy machine; and the table of faults, which tests fill."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.faulttable import Row, page

TellFault = Callable[[str, str, Collection[str]], None]

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("here"), max_examples=20)  # make check; all the others look at a hundred


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile that --hypothesis-profile names, else the thorough one."""
    if config.getoption("--hypothesis-profile") is None:
        settings.load_profile("here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --faults."""
    parser.addoption("--faults", metavar="FILE", type=Path, help="print the table of faults and findings, and write it there")


@pytest.fixture
def tell_fault(record_property: Callable[[str, object], None]) -> TellFault:
    """Put a row into the table of faults: where it was made, what it is, and the codes of all that is found."""
    return lambda where, fault, codes: record_property("fault", tuple(Row.of(where, fault, codes)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print and write the table, where it is asked for."""
    path: Path | None = config.getoption("--faults")
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    rows = [Row(*value) for report in reports for name, value in getattr(report, "user_properties", ()) if name == "fault"]
    if path is None or not rows:
        return
    terminalreporter.section("faults and findings")
    terminalreporter.write(page(rows))
    if not terminalreporter.stats.get("failed"):
        path.write_text(page(rows))
