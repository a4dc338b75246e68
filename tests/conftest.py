"""What holds for every test: Hypothesis judges outcomes, never the speed of a busy machine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("here"), max_examples=20)  # make check; all the others look at a hundred


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile that --hypothesis-profile names, else the thorough one."""
    if config.getoption("--hypothesis-profile") is None:
        settings.load_profile("here")
