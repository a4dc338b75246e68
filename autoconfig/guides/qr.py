"""A web address as a picture that a phone's camera reads (ISO/IEC 18004). segno's only home."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import segno

_QUIET = 4  # modules around it that must be empty (ISO/IEC 18004, 6.3.8)


@dataclass(frozen=True, slots=True)
class Code:
    """A square of *size* modules, the quiet zone among them, and the *path* of an SVG that paints the dark ones."""

    size: int
    path: str


def code_of(url: str) -> Code:
    """Return *url* as a code."""
    parts, size = [], 0
    for y, row in enumerate(segno.make_qr(url, error="m", boost_error=False).matrix_iter(border=_QUIET)):
        x = 0
        for dark, run in groupby(row):
            width = len(list(run))
            if dark:
                parts.append(f"M{x} {y}h{width}v1H{x}")
            x += width
        size = x
    return Code(size, "".join(parts))
