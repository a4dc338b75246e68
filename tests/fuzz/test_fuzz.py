"""Every reader stands any bytes: those of its tests, those that were once too much, those near to them, and those that a hunt finds."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz.judge import Target, TooBig, TooSlow, judge
from tests.fuzz.mutation import mutate, near, nested, swollen
from tests.fuzz.targets import TARGETS

HUNT = 1  # seconds for each reader
SWOLLEN_SECONDS = 10.0  # of the processor, for the largest of all inputs
# The readers of what may have values in values, and how such bytes begin.
_NESTING = ("outlook-json", "pacc", "simulate", "lint", "lint-pacc", "documents", "toml", "json", "config", "facts", "diff")
_BEGINNINGS = (b"{", b"[", b"#", b"languages")


def _ids(target: Target) -> str:
    return target.name


def test_every_reader_has_a_name_of_its_own() -> None:
    """And what was found belongs to one of them."""
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names)
    assert [path.name for path in seeds.FOUND.glob("*-*") if path.name.rpartition("-")[0].removesuffix("-crash") not in names] == []


@pytest.mark.parametrize("target", TARGETS, ids=_ids)
def test_a_reader_stands_the_samples_of_its_tests(target: Target) -> None:
    """What is written again is read as the same; and what was once too much is not any more."""
    samples = [*target.seeds(), *seeds.found(target.name)]
    assert len(samples) > 1
    for data in (b"", *samples):
        judge(target, data)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=_ids)
def test_a_reader_stands_what_is_near_to_its_samples(target: Target) -> None:
    """Cut, spliced, and sprinkled with what readers trip over."""
    _run(target, near(tuple(target.seeds())), examples=10)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=_ids)
def test_a_reader_stands_a_part_said_over_and_over(target: Target) -> None:
    """Up to the most that it takes, and beyond: its time goes with the length, not with the square of it."""
    _run(target, swollen(tuple(target.seeds()), target.swollen), examples=3, seconds=SWOLLEN_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("target", [target for target in TARGETS if target.name in _NESTING], ids=_ids)
def test_a_reader_stands_any_depth(target: Target) -> None:
    """Also one that it can just read, and not tell of."""
    for seed in [seed for seed in target.seeds() if seed.lstrip().startswith(_BEGINNINGS)][:2]:
        for at in (0, -1):
            for data in nested(seed, at):
                judge(target, data)


def _run(target: Target, bytes_: st.SearchStrategy[bytes], *, examples: int, seconds: float | None = None) -> None:
    @settings(max_examples=examples)
    @given(bytes_)
    def read(data: bytes) -> None:
        judge(target, data, *([seconds] if seconds else []))

    read()


@pytest.mark.slow
@pytest.mark.timeout(900)  # it takes its time on a busy machine
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None and not (sys.platform == "linux" and os.environ.get("CI") == "true"),
    reason="not installed: atheris, which follows branches; the tests above changed the same samples at random",
)
def test_a_hunt_along_the_branches_finds_nothing(tmp_path: Path) -> None:
    """A little in every run; `make fuzz` hunts longer."""
    assert importlib.util.find_spec("atheris") is not None, "not installed: atheris"
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", str(HUNT), "--corpus", str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert done.stdout.count(" branches") == len(TARGETS)


# --- the judge ---------------------------------------------------------------------------------------------------------------------


def _target(run, *allowed: type[Exception]) -> Target:
    return Target("test", run, lambda: [b"one", b"two <x>"], allowed)


def test_a_foreign_error_is_a_finding() -> None:
    """A reader's own error is none."""
    judge(_target(lambda data: data.decode("ascii"), UnicodeDecodeError), b"\xff")
    with pytest.raises(UnicodeDecodeError):
        judge(_target(lambda data: data.decode("ascii")), b"\xff")


def test_time_and_memory_are_findings() -> None:
    """Even where the reader ends with its own error."""

    def slow(data: bytes) -> None:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        raise ValueError

    with pytest.raises(TooSlow):
        judge(_target(slow, ValueError), b"", 0.01)
    with pytest.raises(TooBig):
        judge(_target(lambda data: len(bytearray(4 << 30 >> 3))), b"")


def test_changing_at_random_finds_the_smallest() -> None:
    """What has two "<" was too much."""

    def run(data: bytes) -> None:
        assert data.count(b"<") < 2

    found = mutate(_target(run), 20)
    assert found is not None
    assert found[0].count(b"<") == 2
