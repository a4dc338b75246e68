"""A text as its lines, one after the other and none of them without end."""

from __future__ import annotations

from autoconfig.errors import N_
from autoconfig.model import ModelError
from autoconfig.store.exchange.file import Unreadable

MAX_LINE = 1024 * 1024  # bytes
MAX_LINES = 5_000_000

_LOOKED_AT = 64 * 1024


class Lines:
    """The lines of *source* from *at* on, with their ends; None stands for one that is too much. *number* is that of the last."""

    def __init__(self, source: bytes, at: int = 0) -> None:
        self.at = at
        self.number = 0
        self._source = source
        # Programs of old Macintoshes end lines with a carriage return alone.
        is_mac = b"\r" in source[:_LOOKED_AT] and b"\n" not in source[:_LOOKED_AT]
        self._end = b"\r" if is_mac else b"\n"

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> bytes | None:
        if self.at >= len(self._source):
            raise StopIteration
        end = self._source.find(self._end, self.at, self.at + MAX_LINE)
        if (end < 0 and len(self._source) - self.at > MAX_LINE) or self.number == MAX_LINES:
            return None
        self.number += 1
        begin, self.at = self.at, len(self._source) if end < 0 else end + 1
        return self._source[begin : self.at]

    def too_much(self, number: int) -> Unreadable:
        """Return what is wrong with line *number*, or with the row that begins there."""
        if self.number == MAX_LINES:
            return Unreadable(number, ModelError(N_("the file has more than %(limit)d lines; import it in parts"), limit=MAX_LINES))
        return Unreadable(number, ModelError(N_("this goes on for more than %(limit)d bytes"), limit=MAX_LINE))
