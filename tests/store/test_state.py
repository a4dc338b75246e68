"""How the follower fares, by a small file: whole or not there, and never in the way of who reads or writes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.store.state import HEARTBEAT_SECONDS, MAX_OCTETS, SILENT_SECONDS, State, Teller, read


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "follower.json"


def test_what_was_told_is_read(path: Path, clock: Clock) -> None:
    """Reachable, away, and reachable again, each since when; the last success stays."""
    tell = Teller(path, clock)
    assert read(path) is None
    tell(5, True)
    assert read(path) == State(True, 1000, 5, 1000, 1000, 1000)
    clock.now = 1010
    tell(None, False)
    assert read(path) == State(False, 1010, 5, 1000, 1000, 1010)
    clock.now = 1020
    tell(None, False)
    assert read(path) == State(False, 1010, 5, 1000, 1000, 1020)
    clock.now = 1030
    tell(6, True)
    assert read(path) == State(True, 1030, 6, 1030, 1000, 1030)
    clock.now = 1040
    tell(None, True)  # the database is there, the snapshot cannot be written
    assert read(path) == State(True, 1030, 6, 1030, 1000, 1040)


def test_the_next_follower_goes_on_from_what_the_last_one_told(path: Path, clock: Clock) -> None:
    """Since when the database is away, and until when the settings were right, is not forgotten; after a silence the first is not known."""
    first = Teller(path, clock)
    first(5, True)
    clock.now = 1010
    first(None, False)
    clock.now = 1020
    Teller(path, clock)(None, False)
    assert read(path) == State(False, 1010, 5, 1000, 1020, 1020)
    clock.now = 2000
    Teller(path, clock)(None, False)
    assert read(path) == State(False, 2000, 5, 1000, 2000, 2000)
    clock.now = 2001
    Teller(path, clock)(6, True)
    assert read(path) == State(True, 2001, 6, 2001, 2001, 2001)


def test_it_is_written_when_something_changes_and_as_a_heartbeat(path: Path, clock: Clock) -> None:
    """Not each second."""
    tell = Teller(path, clock)
    written = []
    for second in range(11):
        clock.now = 1000.0 + second
        tell(7 if second < 8 else 8, True)
        state = read(path)
        assert state is not None
        written.append(state.told)
    assert sorted(set(written)) == [1000, 1005, 1008]
    assert HEARTBEAT_SECONDS == 5


def test_who_was_not_heard_for_long_is_silent(clock: Clock) -> None:
    """Also where a clock was put back."""
    state = State(True, 1, 1, 1, 1, 1000)
    assert not state.is_silent(1000 + SILENT_SECONDS)
    assert state.is_silent(1001 + SILENT_SECONDS)
    assert state.is_silent(900)


def test_a_folder_that_cannot_be_written_is_passed_over_until_it_can(tmp_path: Path, clock: Clock) -> None:
    """Nothing is raised, and the first chance is taken."""
    folder = tmp_path / "missing"
    path = folder / "run" / "follower.json"
    tell = Teller(path, clock)
    tell(1, True)
    assert read(path) is None
    folder.mkdir()
    tell(1, True)
    assert read(path) == State(True, 1000, 1, 1000, 1000, 1000)


GOOD = asdict(State(True, 1.0, 2, 3.0, 4.0, 5.0))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * MAX_OCTETS,
        b'"' + b"x" * 100_000 + b'"',
        *(
            json.dumps(GOOD | {name: value}).encode()
            for name in GOOD
            for value in (None, "1", -1, [], float("nan"), float("inf"), 10**400, 1 if GOOD[name] is True else True)
        ),
        *(json.dumps({key: value for key, value in GOOD.items() if key != name}).encode() for name in GOOD),
    ],
)
def test_a_file_that_makes_no_sense_tells_nothing(tmp_path: Path, content: bytes) -> None:
    """Somebody else's file, half a file, numbers that are no times."""
    path = tmp_path / "follower.json"
    path.write_bytes(content)
    assert read(path) is None


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_rubbish_never_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever stands there."""
    path = tmp_path_factory.getbasetemp() / "rubbish.json"
    path.write_bytes(content)
    assert read(path) is None


def test_a_folder_in_its_place_tells_nothing(tmp_path: Path) -> None:
    """It is no file."""
    assert read(tmp_path) is None
