"""TOML: the contract's settings file, read entry by entry, and written in canonical order.

A file is cut where a line begins an entry, and each entry is read by itself. That is sound: whatever is a whole document and ends with its
line leaves TOML's grammar where it began. Where the cut is within a string of several lines, more is taken.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from autoconfig.errors import N_
from autoconfig.model import DomainSettings, ModelError, Provider, Settings
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
    judge,
    not_utf_8,
    silent,
    told,
)
from autoconfig.store.places import Path, lines_of
from autoconfig.store.values import Data, Mistake, unknown_key

MAX_PIECE = 8 * 1024 * 1024  # bytes; as one list, a hundred thousand domains

_HEADER = re.compile(rb"^[ \t]*\[\[[ \t]*(?:provider|domain)[ \t]*\]\]", re.MULTILINE)
_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


def read_toml(source: str | bytes, default_provider: str | None = None) -> SettingsFile:
    """Read settings; raises SettingsError with every mistake that shows without the store.

    Domains that name no provider take *default_provider*.
    """
    file = parse_toml(source, default_provider)
    judge(file)
    return file


def parse_toml(source: str | bytes, default_provider: str | None = None, progress: Progress = silent) -> SettingsFile:
    """Read settings as far as they can be read; `Store.import_settings` raises what is wrong, with what only the store can tell.

    Raises SettingsError only for what is not TOML, with what else is wrong.
    """
    raw = source.encode() if isinstance(source, str) else source
    pieces = _Pieces(raw, beginning(raw))
    return gather(told(pieces.found(), lambda: pieces.at, len(raw), progress), pieces, default_provider)


def write_toml(settings: Settings) -> str:
    """Return *settings* in canonical order: providers by id, domains by A-label, keys as in the contract, defaults left out."""
    providers = sorted(settings.providers, key=lambda provider: provider.id)
    return "".join(toml_pieces(providers, sorted(settings.domains, key=lambda entry: entry.domain)))


def toml_pieces(providers: Iterable[Provider], domains: Iterable[DomainSettings]) -> Iterator[str]:
    """Yield a file of *providers* and *domains*, in their order, an entry at a time."""
    blank = ""
    for provider in providers:
        yield blank + _array_table("provider", provider_to_data(provider))
        blank = "\n"
    for entry in domains:
        yield blank + _array_table("domain", domain_to_data(entry))
        blank = "\n"


# --- reading -----------------------------------------------------------------------------------------------------------------------


class _Pieces(Places):
    """A file cut into pieces, most of them one entry; the places of all that is in them."""

    def __init__(self, source: bytes, at: int) -> None:
        self.at = at
        self._source = source
        self._line = 1  # of what stands at `at`
        self._begins, self._ends, self._lines = array("Q"), array("Q"), array("Q")  # of each piece
        self._first = {room: array("Q") for room in ROOMS}  # how many entries were before each piece
        self._counts = dict.fromkeys(ROOMS, 0)
        self._known: tuple[int, dict[Path, int]] = (-1, {})  # the piece that was asked for last, and its lines

    def found(self) -> Iterator[Found]:
        """Yield the entries, and whatever is none."""
        headers = (header.start() for header in _HEADER.finditer(self._source, self.at + 1))
        while self.at < len(self._source):
            end, taken = next(headers, len(self._source)), 1
            while True:
                piece = self._source[self.at : end]
                try:
                    data = self._read(piece)
                except UnicodeDecodeError as error:
                    yield not_utf_8(self._line, piece, error, ModelError(N_("save it as UTF-8")))
                    return
                except _Unfinished as unfinished:
                    if end == len(self._source):
                        yield unfinished.problem
                        return
                    # The cut was within a string or a list. Twice as much at a time, so that nonsense is not read over and over.
                    for _ in range(taken):
                        end = next(headers, len(self._source))
                    taken *= 2
                    if end - self.at <= MAX_PIECE:
                        continue
                    data = self._endless()
                break
            self._begins.append(self.at)
            self._ends.append(end)
            self._lines.append(self._line)
            for room in ROOMS:
                self._first[room].append(self._counts[room])
            if isinstance(data, Unreadable):
                yield data
                if end - self.at > MAX_PIECE:  # what begins within it is no beginning, perhaps
                    return
            else:
                yield from self._entries(data)
            self._line += self._source.count(b"\n", self.at, end)
            self.at = end

    def _read(self, piece: bytes) -> Data | Unreadable:
        if len(piece) > MAX_PIECE:
            codecs.utf_8_decode(piece[:MAX_PIECE], "strict", False)  # nonsense is told as what it is
            return self._endless()
        text = piece.decode()
        try:
            return tomllib.loads(text)
        except ValueError as error:  # TOMLDecodeError, and what int() says of a number with thousands of digits
            problem = _syntax_problem(str(error), text, self._line)
            if str(error).endswith("(at end of document)"):
                raise _Unfinished(problem) from None
            return problem
        except RecursionError:
            return Unreadable(self._line, ModelError(N_("this is nested too deeply to be settings")))

    def _endless(self) -> Unreadable:
        template = N_(
            "what begins here does not end within %(limit)d MiB; close its quotes and brackets, and write each domain as [[domain]]"
        )
        return Unreadable(self._line, ModelError(template, limit=MAX_PIECE // 1024 // 1024))

    def _entries(self, data: Data) -> Iterator[Found]:
        for key in data:
            if key not in ROOMS:
                yield Mistake(("piece", len(self._begins) - 1, key), unknown_key(key, ROOMS))
        for room in ROOMS:
            value: Any = data.get(room, [])
            if not isinstance(value, list):
                error = ModelError(N_("write [[%(room)s]] with two brackets on each side, and what belongs to it behind it"), room=room)
                yield Mistake(("piece", len(self._begins) - 1, room), error)
                continue
            for item in value:
                self._counts[room] += 1
                yield Entry(room, item)

    def place(self, path: Path) -> int | str:
        """Return the line of *path*, or of the nearest thing around it."""
        if path[:1] == ("piece",) and isinstance(path[1], int):
            piece, path = path[1], path[2:]
        elif path[:1] and path[0] in ROOMS and isinstance(path[1], int):
            room = path[0]
            piece = bisect_right(self._first[room], path[1]) - 1
            path = (room, path[1] - self._first[room][piece], *path[2:])
        else:
            return super().place(path)
        if piece != self._known[0]:
            self._known = piece, lines_of(self._source[self._begins[piece] : self._ends[piece]].decode())
        lines = self._known[1]
        while path and path not in lines:
            path = path[:-1]
        return self._lines[piece] + lines.get(path, 1) - 1


class _Unfinished(Exception):
    """A piece ends before its text does."""

    def __init__(self, problem: Unreadable) -> None:
        self.problem = problem
        super().__init__()


def _syntax_problem(message: str, text: str, line: int) -> Unreadable:
    found = _SYNTAX_PLACE.search(message)
    line += int(found[1]) - 1 if found and found[1] else text.count("\n")
    detail = message[: found.start()] if found else message
    if found and found[2]:
        return Unreadable(line, ModelError(N_("column %(column)d is not TOML: %(detail)s"), column=int(found[2]), detail=detail))
    return Unreadable(line, ModelError(N_("this is not TOML: %(detail)s"), detail=detail))


# --- writing -----------------------------------------------------------------------------------------------------------------------


def _array_table(name: str, data: Data) -> str:
    lines = [f"[[{name}]]\n", *(f"{key} = {toml_value(value)}\n" for key, value in data.items() if key != "account")]
    lines += ("\n" + _array_table(f"{name}.account", account) for account in data.get("account", []))
    return "".join(lines)


def toml_value(value: object) -> str:
    """Return plain data as TOML writes it on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {toml_value(part)}' for key, part in value.items())} }}"
    raise TypeError(value)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
# TOML 1.0.0, String: basic strings hold no quotation mark, backslash or control character but by escape.
_MUST_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')


def _quoted(text: str) -> str:
    return '"' + _MUST_ESCAPE.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04X}", text) + '"'
