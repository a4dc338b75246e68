"""JSON (RFC 8259): the codec's data as it is, `{"provider": [...], "domain": [...]}`, read entry by entry.

Keys that stand twice in one object are a mistake here, although many readers take the last one.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from autoconfig.errors import N_, printable
from autoconfig.model import DomainSettings, ModelError, Provider
from autoconfig.store.codec import domain_to_data, provider_to_data
from autoconfig.store.exchange.file import (
    ROOMS,
    Entry,
    Found,
    Places,
    Progress,
    SettingsFile,
    Unreadable,
    beginning,
    gather,
    not_utf_8,
    silent,
    told,
)
from autoconfig.store.places import Path
from autoconfig.store.values import Data, Mistake, unknown_key

WINDOW = 1024 * 1024  # bytes that are looked at together; no entry is longer

_BLANK = re.compile(r"[ \t\n\r]*")
_PLAIN_KEY = re.compile(r"\w+\Z")
_LONGEST_LITERAL = 16  # what may be cut so that the error stands before the cut: "-Infinity", "\ud83d\ude00"


def parse_json(source: bytes, default_provider: str | None = None, progress: Progress = silent) -> SettingsFile:
    """Read settings as far as they can be read; raises SettingsError for what is not JSON, with what else is wrong."""
    places = _Places()
    scanner = _Scanner(source, beginning(source))
    found = told(_found(scanner, places), lambda: scanner.offset, len(source), progress)
    return gather(found, places, default_provider)


def json_pieces(providers: Iterable[Provider], domains: Iterable[DomainSettings]) -> Iterator[str]:
    """Yield a file of *providers* and *domains*, in their order, each on a line of its own."""
    yield "{"
    rooms = zip(ROOMS, (map(provider_to_data, providers), map(domain_to_data, domains)), strict=True)
    for room, entries in rooms:
        yield ("" if room == ROOMS[0] else ",") + f'\n"{room}": ['
        comma = ""
        for data in entries:
            yield comma + "\n" + json.dumps(data, ensure_ascii=False)
            comma = ","
        yield "]"
    yield "\n}\n"


class _Places(Places):
    """Places by their paths, as domain[3].account[0].incoming.port."""

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}  # of the outermost object, in their order

    def place(self, path: Path) -> int | str:
        """Return *path* for people, or the line in it."""
        return super().place(path) or "".join(_step(step) for step in path).removeprefix(".")

    def order(self, path: Path) -> tuple[int, ...]:
        """Return where the entry of *path* stands; a line is that of an error which ended the reading."""
        if path[:1] == ("line",):
            return (len(self.keys), 0)
        return (self.keys.get(str(path[0]), 0) if path else -1, path[1] if len(path) > 1 and isinstance(path[1], int) else -1)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_KEY.match(step) and len(step) < 64 else f"[{printable(json.dumps(step, ensure_ascii=False), 64)}]"


class _NotJSON(Exception):
    def __init__(self, told: Unreadable) -> None:
        self.told = told
        super().__init__()


def _found(scanner: _Scanner, places: _Places) -> Iterator[Found]:
    try:
        scanner.take("{")
        more = scanner.peek() != "}"
        while more:
            key = scanner.value()
            if not isinstance(key, str):
                raise scanner.error(ModelError(N_("a key in quotes is missing here")))
            scanner.take(":")
            if key in places.keys:
                yield Mistake((key,), _twice(key))
            elif key not in ROOMS:
                yield Mistake((key,), unknown_key(key, ROOMS))
            places.keys.setdefault(key, len(places.keys))
            if key in ROOMS and scanner.peek() == "[":
                yield from _entries(scanner, key)
            else:
                scanner.value()
                if key in ROOMS:
                    yield Mistake((key,), ModelError(N_("%(key)s must be a list in brackets"), key=key))
            more = scanner.comma("}")
        scanner.take("}")
        if scanner.peek():
            raise scanner.error(ModelError(N_("there is more behind the end")))
    except _NotJSON as error:
        yield error.told


def _entries(scanner: _Scanner, room: str) -> Iterator[Found]:
    scanner.take("[")
    more = scanner.peek() != "]"
    while more:
        data = scanner.value()
        yield Entry(room, data, tuple(_doubles(data, scanner.doubles)) if scanner.doubles else ())
        more = scanner.comma("]")
    scanner.take("]")


def _doubles(data: object, doubles: list[tuple[Data, str]], path: Path = ()) -> Iterator[Mistake]:
    """Yield the keys that stood twice in *data*, of the objects in *doubles*."""
    if isinstance(data, dict):
        for found, key in doubles:
            if found is data:
                yield Mistake((*path, key), _twice(key))
    steps: Iterable[tuple[Any, Any]] = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        yield from _doubles(value, doubles, (*path, step))


def _twice(key: str) -> ModelError:
    return ModelError(N_("the key %(key)s stands here twice"), key=key)


class _Scanner:
    """Reads one value after the other through a window on the source."""

    def __init__(self, source: bytes, begin: int) -> None:
        self.offset = begin  # of the window, in bytes
        self.doubles: list[tuple[Data, str]] = []  # of the last value: the objects that had a key twice, with that key
        self._source = source
        self._line = 1  # of the window
        self._column = 1
        self._text = ""
        self._at = 0
        self._is_last = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def peek(self) -> str:
        """Return the next character behind blanks; "" is the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._is_last:
                return self._text[self._at : self._at + 1]
            self._move()

    def take(self, character: str) -> None:
        """Go past *character*."""
        if self.peek() != character:
            raise self.error(ModelError(N_("a %(character)s is missing here"), character=character))
        self._at += 1

    def comma(self, end: str) -> bool:
        """Go past a comma, and tell whether there was one; else *end* must follow."""
        found = self.peek()
        if found not in (",", end):
            raise self.error(ModelError(N_("a comma or a %(character)s is missing here"), character=end))
        self._at += found == ","
        return found == ","

    def value(self) -> object:
        """Return the next value."""
        self.peek()
        while True:
            self.doubles.clear()
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._is_last or (self._at == 0 and not self._is_cut(error)):
                    self._at = error.pos
                    raise self.error(error.msg) from None
                end = len(self._text)
            except ValueError:
                raise self.error(ModelError(N_("this number is too long"))) from None
            except RecursionError:
                raise self.error(ModelError(N_("this is nested too deeply to be settings"))) from None
            if end < len(self._text) or self._is_last:
                self._at = end
                return value
            if self._at == 0:
                raise self.error(ModelError(N_("this entry goes on for more than %(limit)d bytes"), limit=WINDOW))
            self._move()

    def error(self, detail: ModelError | str) -> _NotJSON:
        """Return *detail* with the place where the scanner is."""
        before = self._text[: self._at]
        line, column = self._after(before)
        return _NotJSON(Unreadable(line, ModelError(N_("column %(column)d is not JSON: %(detail)s"), column=column, detail=detail)))

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _LONGEST_LITERAL

    def _after(self, text: str) -> tuple[int, int]:
        lines = text.count("\n")
        return self._line + lines, len(text) - text.rfind("\n") if lines else self._column + len(text)

    def _move(self) -> None:
        """Let the window begin where the scanner is."""
        read = self._text[: self._at]
        self._line, self._column = self._after(read)
        self.offset += len(read.encode())
        part = self._source[self.offset : self.offset + WINDOW]
        self._is_last = self.offset + WINDOW >= len(self._source)
        try:
            self._text, _ = codecs.utf_8_decode(part, "strict", self._is_last)
        except UnicodeDecodeError as error:
            raise _NotJSON(not_utf_8(self._line, part, error, ModelError(N_("save it as UTF-8")))) from None
        self._at = 0

    def _object(self, pairs: list[tuple[str, Any]]) -> Data:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            self.doubles += ((found, key) for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return found
