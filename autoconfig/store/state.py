"""How the follower fares, told to the workers by a small file: they know of the database by this alone, and never ask it themselves.

The follower writes it when something changes, and every few seconds while nothing does, so that one who is dead or stuck falls silent.
It is for the moment only: whoever finds it damaged, or cannot write it, goes on without.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

HEARTBEAT_SECONDS = 5.0
SILENT_SECONDS = 30.0  # longer than a database that swallows everything can hold the follower up
MAX_OCTETS = 4_096

_LATEST = 1e11  # Unix time; whatever is later is no time
_MOST = 1 << 63


@dataclass(frozen=True, slots=True)
class State:
    """What the follower knows; times are Unix time.

    *is_reachable* tells of the database, and has been so *since*. The snapshot was last at the store's revision at *success*, and that
    was *revision*; both are zero where that was never told. The follower *started*, and *told* this.
    """

    is_reachable: bool
    since: float
    revision: int
    success: float
    started: float
    told: float

    def is_silent(self, now: float) -> bool:
        """Tell whether the follower should have been heard again by *now*."""
        return abs(now - self.told) > SILENT_SECONDS


class Teller:
    """Writes the state to the file at *path*, for one follower, who goes on from what the last one wrote. Never raises."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._started = clock()
        self._last = read(path)
        if self._last is not None and self._last.is_silent(self._started):
            self._last = replace(self._last, since=self._started)  # nobody knows what was meanwhile
        self._is_written = False

    def __call__(self, revision: int | None, is_reachable: bool) -> None:
        """Tell that the snapshot is at the store's *revision*, or could not be brought there (None)."""
        now, last = self._clock(), self._last
        state = State(
            is_reachable,
            last.since if last is not None and last.is_reachable == is_reachable else now,
            revision if revision is not None else last.revision if last else 0,
            now if revision is not None else last.success if last else 0.0,
            self._started,
            now,
        )
        if self._is_written and last is not None and _is_same(last, state) and 0 <= now - last.told < HEARTBEAT_SECONDS:
            return
        self._last = state
        self._is_written = _write(self._path, state)


def read(path: Path) -> State | None:
    """Return what the file at *path* tells, None where it tells nothing that makes sense."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(MAX_OCTETS))
        return State(
            _flag(data["is_reachable"]),
            _time(data["since"]),
            _number(data["revision"]),
            _time(data["success"]),
            _time(data["started"]),
            _time(data["told"]),
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise ValueError
    return float(value)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _MOST:
        raise ValueError
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _is_same(one: State, other: State) -> bool:
    return replace(one, success=other.success, told=other.told) == other


def _write(path: Path, state: State) -> bool:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")  # at a reload there are two followers for a moment
    try:
        path.parent.mkdir(exist_ok=True)
        # Not through to the disk: after a fall of the machine nobody wants to know.
        new.write_text(json.dumps(asdict(state)))
        os.replace(new, path)
    except OSError:  # a full disk, a folder that may not be written; readers see that the follower falls silent
        with suppress(OSError):
            new.unlink()
        return False
    return True
