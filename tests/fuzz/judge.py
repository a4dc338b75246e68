"""What a reader owes to any bytes: its value or its own error, in bounded time and memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

MAX_INPUT = 64 * 1024  # octets that are made up; what is "swollen" goes up to the reader's own limit and beyond it
MOST_SECONDS = 2.0  # of the processor, for an input of at most MAX_INPUT, also while the branches that it takes are written down
MOST_MEMORY = 300  # megabytes that one input may add

Seeds = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: *run* reads bytes, asserts what holds for what was read, and raises nothing but *allowed*.

    *swollen* is how large an input may be that is made by saying a part of a good one over and over.
    """

    name: str
    run: Callable[[bytes], object]
    seeds: Seeds
    allowed: tuple[type[Exception], ...] = ()
    swollen: int = MAX_INPUT


class TooSlow(Exception):
    """A reader took more time of the processor than any input of that size may."""


class TooBig(Exception):
    """A reader took more memory than any input may."""


def judge(target: Target, data: bytes, seconds: float = MOST_SECONDS) -> None:
    """Let *target* read *data*; raises what it must not raise, TooSlow after more than *seconds*, TooBig."""
    memory, began = _peak(), time.process_time()
    with suppress(*target.allowed):
        target.run(data)
    spent, added = time.process_time() - began, _peak() - memory
    if spent > seconds:
        raise TooSlow(f"{target.name}: {spent:.1f} s for {len(data)} octets")
    if added > MOST_MEMORY:
        raise TooBig(f"{target.name}: {added} MB for {len(data)} octets")


def _peak() -> int:
    """Return the most memory that this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # on Linux in kilobytes
