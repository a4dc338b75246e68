"""Known vulnerabilities of what the locks pin: what pip-audit finds, said plainly, also where the advisories cannot be reached.

    python -m tests.audit [LOCK ...]

Ends with 0 where all that is pinned was looked up and nothing is known against it, 1 where something is, 3 where we could not tell. It is
no part of the tests: what is known changes from day to day, and not every machine that installs packages reaches the advisories.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LOCKS = tuple(sorted((Path(__file__).parents[1] / ".ci").glob("requirements*.txt")))
WELL, VULNERABLE, UNKNOWN = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Told:
    """What pip-audit says of one package: *advisories* with the versions that mend them; None where it could not look."""

    name: str
    version: str
    advisories: tuple[str, ...] | None


def read(output: str) -> tuple[Told, ...] | None:
    """Read pip-audit's JSON; None where that is none, because it could not even begin."""
    try:
        found = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return tuple(_told(entry) for entry in found)


def _told(entry: dict) -> Told:
    if "skip_reason" in entry:
        return Told(entry["name"], entry.get("version", ""), None)
    advisories = (f"{each['id']} (mended in {', '.join(each['fix_versions']) or 'no version yet'})" for each in entry["vulns"])
    return Told(entry["name"], entry["version"], tuple(advisories))


def verdict(told: Sequence[Told] | None) -> tuple[int, tuple[str, ...]]:
    """Return how to end, and what to say."""
    if told is None:
        return UNKNOWN, ("the advisories cannot be reached from here: nothing was looked up",)
    return _status(told), tuple(_lines(told))


def _status(told: Sequence[Told]) -> int:
    if any(one.advisories for one in told):
        return VULNERABLE
    return UNKNOWN if not told or any(one.advisories is None for one in told) else WELL


def _lines(told: Sequence[Told]) -> Iterator[str]:
    yield from (f"{one.name} {one.version}: {advisory}" for one in told for advisory in one.advisories or ())
    missing = [one.name for one in told if one.advisories is None]
    if len(missing) == len(told):
        yield "the advisories cannot be reached from here: nothing was looked up"
        return
    if missing:
        yield f"could not be looked up: {', '.join(missing)}"
    known = len(told) - len(missing)
    yield f"{known} packages looked up, {sum(bool(one.advisories) for one in told)} of them with known vulnerabilities"


def main(arguments: Sequence[str]) -> int:
    """Audit the locks, and return how to end."""
    worst = WELL
    for lock in [Path(argument) for argument in arguments] or LOCKS:
        options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "15"]
        command = [sys.executable, "-m", "pip_audit", *options, "-r", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = read(done.stdout)
        status, lines = verdict(found)
        print(f"{lock.name}:", *lines, sep="\n  ", flush=True)
        if found is None:
            print(f"  ({done.stderr.strip().rpartition(chr(10))[2][:300]})")
        worst = VULNERABLE if VULNERABLE in (worst, status) else max(worst, status)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
