"""How this program logs: one line an event, on stderr, plain or JSON, for our own lines and those of every library.

A line never breaks and never carries an address or a password: control characters are escaped, whatever stands before an @ becomes a *,
and an exception is told by its kind and its places in the code, without its text. Lines are bounded in length, and in number for each
second, so that nobody fills a disk by making us complain.
"""

from __future__ import annotations

import json
import logging
import logging.config
import re
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from autoconfig.errors import printable

MOST_A_SECOND = 20  # lines of one process
MAX_MESSAGE = 1_500  # characters; a line of this and a few values is written to a pipe in one piece (POSIX, PIPE_BUF)
MAX_VALUE = 300
MAX_PLACES = 12  # of an exception: where it was raised, and who called

# What stands before an @, or before how a URL writes one: the local part of an address, a user's name with a password.
_BEFORE_AT = re.compile(r'"[^"@]*"(?=@|%40)|(?<![^\s@])[^\s@]+(?=@|%40)', re.IGNORECASE)
_LAST_WORD = re.compile(r'(?:(?<!\S)|"[^"]*)\S*\Z')
_PLAIN_VALUE = re.compile(r"[^\s\"'=]+")


def configure(log_format: str) -> None:
    """Let this process log in *log_format*, "plain" or "json"."""
    logging.config.dictConfig(_settings(log_format))


def _settings(log_format: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": Line, "is_json": log_format == "json"}},
        "filters": {"bounded": {"()": Bounded}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["bounded"]}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "autoconfig": {"level": "INFO"},
            # The server has its own way otherwise.
            "_granian": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


def told(error: BaseException) -> str:
    """Return what *error* is and where it comes from, in one line: the innermost place first, and none of its values."""
    places = traceback.extract_tb(error.__traceback__)[::-1][:MAX_PLACES]
    where = " < ".join(f"{'/'.join(place.filename.split('/')[-2:])}:{place.lineno} in {place.name}" for place in places)
    return f"{type(error).__name__} at {where or 'an unknown place'}"


class Line(logging.Formatter):
    """Writes a record as one line: time, level, logger, message, and the `fields` that it may have in its `extra`."""

    def __init__(self, is_json: bool) -> None:
        super().__init__()
        self._is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for *record*, without an end."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message += "; " + told(record.exc_info[1])
        fields: Mapping[str, object] = getattr(record, "fields", {})
        left_out = getattr(record, "left_out", 0)
        if left_out:
            fields = {**fields, "left_out": left_out}
        values = {name: value if isinstance(value, int | float) else clean(value, MAX_VALUE) for name, value in fields.items()}
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        level = record.levelname.lower()
        if self._is_json:
            return json.dumps({"time": when, "level": level, "logger": record.name, "message": clean(message), **values})
        said = "".join(f" {name}={_quoted(value)}" for name, value in values.items())
        return f"{when} {level} {record.name}: {clean(message)}{said}"


class Bounded(logging.Filter):
    """Lets through so many lines a second, and lets the next one after them tell how many were left out (`left_out`)."""

    def __init__(self, most: int = MOST_A_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._second = -1
        self._count = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether *record* may be written; called by one thread at a time, under its handler's lock or beside it."""
        second = int(self._clock())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count > self._most:
            self._left_out += 1
            return False
        record.left_out = self._left_out
        self._left_out = 0
        return True


def clean(value: object, most: int = MAX_MESSAGE) -> str:
    """Return *value* as a part of a line: bounded, unbroken, and without what stands before an @."""
    text = str(value)
    if len(text) > most:
        text = _LAST_WORD.sub("…", text[:most])  # what follows could have been an @
    return printable(_BEFORE_AT.sub("*", text), most)


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
