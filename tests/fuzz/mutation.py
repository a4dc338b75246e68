"""Bytes near to good ones, and good ones blown up: what Hypothesis draws where no fuzzer follows the branches, and beside it."""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Iterator

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.judge import MAX_INPUT, Target, judge

_SIGNS = [bytes([sign]) for sign in b"\0\n <>&\"'%\\{}[]();:=,\xff\xc3"]
_WORDS = [
    b"",
    b"\r\n",
    b"-1",
    b"9" * 30,
    b"1e9",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"&#0;",
    b"&#x110000;",
    b"<!DOCTYPE x>",
    b"%00",
    b"xn--",
]
_TEXTS = [b"NaN", b"null", b"\\ud800", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"\xff\xfe"]
_TOKENS = st.sampled_from([*_SIGNS, *_WORDS, *_TEXTS])
_PLACES = st.integers(0, MAX_INPUT)
_LENGTHS = st.integers(0, 64)
_EDITS = st.tuples(_PLACES, _LENGTHS, st.one_of(_TOKENS, st.binary(max_size=8), st.tuples(_PLACES, _LENGTHS)))


@st.composite
def near(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw one of *seeds* with a few places of it replaced: by what readers trip over, by noise, or by a part of another seed."""
    data = draw(st.sampled_from(seeds))
    for at, length, instead in draw(st.lists(_EDITS, max_size=6)):
        start = at % (len(data) + 1)
        if isinstance(instead, tuple):
            other = draw(st.sampled_from(seeds))
            begin = instead[0] % (len(other) + 1)
            instead = other[begin : begin + instead[1]]
        data = data[:start] + instead + data[start + length :]
    return data[:MAX_INPUT]


@st.composite
def swollen(draw: st.DrawFn, seeds: tuple[bytes, ...], size: int) -> bytes:
    """Draw one of *seeds* with a part of it said over and over, up to *size* octets in all, or a good deal less."""
    data = draw(st.sampled_from(seeds))
    size //= draw(st.sampled_from([1, 2, 20]))
    start = draw(_PLACES) % (len(data) + 1)
    part = data[start : start + draw(st.integers(1, 300))] or b" "
    end = draw(st.sampled_from([start, start + len(part), len(data)]))
    return data[:start] + part * ((size - len(data)) // len(part)) + data[end:]


def nested(data: bytes, at: int) -> Iterator[bytes]:
    """Yield *data* with the value behind its ":" or "=" number *at* as deep as can just be read, and as can just not be read any more.

    To write or show a value again may need a little more of the stack than to read it.
    """
    places = [found.end() for found in re.finditer(rb"[:=]\s*", data)] or [0]
    start = places[at % len(places)]
    rest = re.search(rb"[,}\]\r\n]|\Z", data[start:])
    assert rest is not None
    limit = sys.getrecursionlimit()
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b"{a=", b"}")):
        for depth in (*range(limit - 110, limit), 10 * limit):
            yield data[:start] + opening * depth + b"1" + closing * depth + data[start + rest.start() :]


def mutate(target: Target, seconds: float) -> tuple[bytes, Exception] | None:
    """Let *target* read bytes near to its seeds until the *seconds* are over; return the smallest that it did not stand, and why."""
    seeds = tuple(target.seeds())
    until = time.monotonic() + seconds
    last: list[bytes] = []

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(near(seeds))
    def read(data: bytes) -> None:
        last[:] = [data]
        judge(target, data)

    while time.monotonic() < until:
        try:
            seed(random.getrandbits(64))(read)()
        except Exception as error:  # Hypothesis ends with the smallest
            return last[0], error
    return None
