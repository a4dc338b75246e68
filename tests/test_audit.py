"""The audit says what it knows, and never that all is well where it could not look."""

from __future__ import annotations

import json

import pytest

from tests.audit import UNKNOWN, VULNERABLE, WELL, read, verdict

GOOD = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {
    "name": "lxml",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.0", "6.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
SKIPPED = {"name": "idna", "skip_reason": "Dependency not found and could not be audited: idna (3.20)"}


def _of(*entries: dict) -> str:
    return json.dumps({"dependencies": entries, "fixes": []})


@pytest.mark.parametrize(
    ("output", "status", "says"),
    [
        (_of(GOOD), WELL, "1 packages looked up, 0 of them with known vulnerabilities"),
        (_of(GOOD, BAD), VULNERABLE, "lxml 1.0: PYSEC-1 (mended in 6.0, 6.1)"),
        (_of(GOOD, BAD), VULNERABLE, "lxml 1.0: PYSEC-2 (mended in no version yet)"),
        (_of(SKIPPED, BAD), VULNERABLE, "could not be looked up: idna"),
        (_of(GOOD, SKIPPED), UNKNOWN, "could not be looked up: idna"),
        (_of(SKIPPED, SKIPPED), UNKNOWN, "cannot be reached"),
        (_of(), UNKNOWN, "cannot be reached"),
        ("", UNKNOWN, "cannot be reached"),
        ("Traceback", UNKNOWN, "cannot be reached"),
    ],
)
def test_only_what_was_looked_up_is_well(output: str, status: int, says: str) -> None:
    """pip-audit itself ends with 0 where it could look up nothing."""
    found, lines = verdict(read(output))
    assert found == status
    assert any(says in line for line in lines)
