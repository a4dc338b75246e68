"""CSV (RFC 4180), and what spreadsheets make of it: a row for each domain, the providers being in the store.

Commas, semicolons or tabs; a byte order mark; "sep=;" in the first line; truth values in English and Swedish. A cell that is empty says
nothing.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from autoconfig.errors import N_, AutoconfigError, Problem
from autoconfig.model import DomainSettings, ModelError, Protocol, Provider
from autoconfig.store.codec import SERVER_KEYS, domain_to_data
from autoconfig.store.exchange.file import (
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
from autoconfig.store.exchange.lines import MAX_LINE, Lines
from autoconfig.store.places import Path
from autoconfig.store.values import Data, Mistake


class _Column(NamedTuple):
    """What a column says: a *key* of the domain, or of one server of its account of *protocol*."""

    key: str
    protocol: str = ""
    side: str = ""


_PREFIXES = {"incoming": "", "outgoing": "smtp_"}
_ALWAYS = ("domain", "provider", "protocols", "alias_of", "suspended", "subdomains", "note")

COLUMNS: dict[str, _Column] = {
    **{name: _Column("name" if name == "domain" else name) for name in _ALWAYS},
    "overrides": _Column("overrides"),  # the order of the overrides, where it is not that of `Protocol`, and those that say nothing
    **{
        f"{protocol.value}_{prefix}{key}": _Column(key, protocol.value, side)
        for protocol in Protocol
        for side, prefix in _PREFIXES.items()
        for key in SERVER_KEYS
    },
}
_PROTOCOLS = tuple(protocol.value for protocol in Protocol)
_NAMES = {column: name for name, column in COLUMNS.items()}

_DELIMITERS = (",", ";", "\t")
_SEP = re.compile(rb"sep=([,;\t|])\s*\Z", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;\s]+")
_TRUTH = {
    "true": True,
    "yes": True,
    "1": True,
    "ja": True,
    "sant": True,
    "false": False,
    "no": False,
    "0": False,
    "nej": False,
    "falskt": False,
}
_NO_PORTS = "-"  # "also" says: none, although the provider has some
_ROWS = 1000  # written together
_MAX_COLUMNS = 200
_ENOUGH = 20  # protocols to remember, digits of a number


def parse_csv(source: bytes, default_provider: str | None = None, progress: Progress = silent) -> SettingsFile:
    """Read domains as far as they can be read; raises SettingsError for what is not CSV, with what else is wrong."""
    rows = _Rows(source)
    places = _Places()
    columns, flaws = _header(rows)
    found = told(_entries(rows, columns, places), lambda: rows.lines.at, len(source), progress) if columns else ()
    missing = Mistake(("line", rows.begin), ModelError(N_("there is no column provider; say with --provider whose these domains are")))
    has_providers = COLUMNS["provider"] in columns
    return gather(chain(flaws, found), places, default_provider, provider_missing=None if has_providers else missing)


def csv_pieces(providers: Iterable[Provider], domains: Iterable[DomainSettings]) -> Iterator[str]:
    """Yield a file of *domains*, in their order; of the columns that most need not, those that some need. Providers stay out."""
    needed = {name for entry in domains if entry.accounts for name in _cells(entry)}
    columns = [name for name in COLUMNS if name in _ALWAYS or name in needed]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for i, entry in enumerate(domains, 1):
        writer.writerow(_cells(entry))
        if i % _ROWS == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


# --- writing -----------------------------------------------------------------------------------------------------------------------


def _cells(entry: DomainSettings) -> dict[str, str]:
    """Return what *entry* says, by the names of columns."""
    data = domain_to_data(entry)
    accounts = data.pop("account", [])
    cells = {_NAMES[_Column(key)]: _cell(key, value) for key, value in data.items()}
    said = [account["protocol"] for account in accounts]
    for account in accounts:
        for side, server in account.items():
            if side in _PREFIXES:
                cells |= {_NAMES[_Column(key, account["protocol"], side)]: _cell(key, value) for key, value in server.items()}
    if said != [protocol for protocol in _PROTOCOLS if any(name.startswith(f"{protocol}_") for name in cells)]:
        cells["overrides"] = " ".join(said)
    return cells


def _cell(key: str, value: object) -> str:
    if key == "also" and isinstance(value, list):
        return " ".join(f"{port['port']} {port['tls']}" for port in value) or _NO_PORTS
    if isinstance(value, list):
        return " ".join(value)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


# --- reading -----------------------------------------------------------------------------------------------------------------------


class _Places(Places):
    """The line where each row begins, and which column a key is."""

    def __init__(self) -> None:
        self._lines = array("Q")
        self._orders: dict[tuple[str, ...], int] = {}  # which protocols a row may override, in their order; more are mistakes
        self._order_of = array("H")  # of each row

    def add(self, line: int, protocols: tuple[str, ...]) -> None:
        """Note the next row."""
        self._lines.append(line)
        self._order_of.append(self._orders.setdefault(protocols, len(self._orders)))

    def place(self, path: Path) -> int | str:
        """Return the line where the row of *path* begins."""
        if path[:1] == ("domain",) and isinstance(path[1], int):
            return self._lines[path[1]]
        return super().place(path)

    def problem(self, mistake: Mistake) -> Problem:
        """Return *mistake* with its line, and its column by its name."""
        place, error = self.place(mistake.path), mistake.error
        column = self._column(mistake.path, str(error.values.get("key", "")))
        if column and "key" in error.values:
            error = ModelError(error.template, **{**error.values, "key": column})
        elif column:
            error = ModelError(N_("column %(column)s: %(mistake)s"), column=column, mistake=error)
        return Problem(place, error)

    def _column(self, path: Path, key: str) -> str | None:
        """Return the column of *path*, or of *key* where the path leads to the whole."""
        if path[:1] != ("domain",):
            return None
        way = [step for step in path[2:] if isinstance(step, str)] or [key]
        if way[0] != "account":
            return _NAMES.get(_Column(way[0]))
        if way[1:] == ["protocol"]:
            return "overrides"
        if len(way) < 3 or not isinstance(path[1], int) or not isinstance(path[3], int):
            return None
        order = list(self._orders)[self._order_of[path[1]]]
        return _NAMES.get(_Column(way[2], order[path[3]], way[1])) if path[3] < len(order) else None


class _Rows:
    """The rows of a file, each with the line where it begins."""

    def __init__(self, source: bytes) -> None:
        self.lines = Lines(source, beginning(source))
        self.begin = 0  # the line where the last row begins
        self.flaw: Unreadable | None = None  # why reading stopped before the end
        self._first = b""  # a line that was read already
        self._size = 0  # of the row so far, in bytes
        self._reader = csv.reader(self._texts(), strict=True, delimiter=self._delimiter())

    def __iter__(self) -> Iterator[list[str] | Unreadable]:
        while True:
            self._size = 0
            self.begin = self.lines.number + (not self._first)
            try:
                row = next(self._reader)
            except StopIteration:
                if self.flaw:
                    yield self.flaw
                return
            except csv.Error as error:
                if self.flaw is None:
                    yield Unreadable(self.begin, ModelError(N_("this is not CSV: %(detail)s"), detail=error))
                    if self.lines.number > self.begin:  # a quotation mark that is not closed: who knows what is a row now
                        return
                continue
            if row and any(map(str.strip, row)):
                yield row

    def _delimiter(self) -> str:
        """Look at the first line that says something, which is kept to be read."""
        self._first = next((line for line in self.lines if line is None or line.strip()), b"") or b""
        said = _SEP.match(self._first)
        if said:
            self._first = b""
            return said[1].decode()
        return max(_DELIMITERS, key=lambda delimiter: self._first.count(delimiter.encode()))

    def _texts(self) -> Iterator[str]:
        while True:
            raw, self._first = self._first or next(self.lines, b""), b""
            if raw == b"":
                return
            self._size += len(raw or b"")
            if raw is None or self._size > MAX_LINE:
                self.flaw = self.lines.too_much(self.begin)
                return
            try:
                text = raw.decode()
            except UnicodeDecodeError as error:
                self.flaw = not_utf_8(self.lines.number, raw, error, ModelError(N_("save it as CSV UTF-8")))
                return
            yield text[:-2] + "\n" if text.endswith("\r\n") else text


def _header(rows: _Rows) -> tuple[list[_Column | None], list[Found]]:
    """Return the column that each cell of a row belongs to, None for one that says nothing; and what is wrong with them."""
    names = next(iter(rows), [])
    if isinstance(names, Unreadable):
        return [], [names]
    line = rows.begin
    found: list[_Column | None] = []
    flaws: list[Found] = []
    names = [name.strip().lower() for name in names]
    while names and not names[-1]:
        names.pop()
    for name in names if len(names) <= _MAX_COLUMNS else ():
        column = COLUMNS.get(name)
        if column is None:
            flaws.append(Mistake(("line", line), _unknown_column(name)))
        elif column in found:
            flaws.append(Mistake(("line", line), ModelError(N_("there are two columns %(column)s"), column=name)))
        found.append(column if column not in found else None)
    if COLUMNS["domain"] not in found:
        error = ModelError(N_("the first row must name the columns, and domain among them"))
        return [], [Unreadable(line or 1, error)]
    return found, flaws


def _unknown_column(name: str) -> ModelError:
    nearest = difflib.get_close_matches(name, COLUMNS, 1)
    if not name:
        return ModelError(N_("a column has no name"))
    if nearest:
        return ModelError(N_("there is no column %(column)s; did you mean %(nearest)s?"), column=name, nearest=nearest[0])
    return ModelError(N_("there is no column %(column)s; the columns are %(known)s ..."), column=name, known=", ".join(_ALWAYS))


def _entries(rows: _Rows, columns: list[_Column | None], places: _Places) -> Iterator[Found]:
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        entry, protocols = _entry(row, columns)
        places.add(rows.begin, protocols)
        yield entry


def _entry(row: list[str], columns: list[_Column | None]) -> tuple[Entry, tuple[str, ...]]:
    """Return the entry that *row* is, and which protocols it overrides."""
    data: Data = {}
    accounts: dict[str, Data] = {}
    order: list[str] = []
    wrong: list[tuple[_Column, AutoconfigError]] = []
    for column, text in zip(columns, row, strict=False):
        if column is None or not text.strip():
            continue
        table = data
        if column.protocol:
            table = accounts.setdefault(column.protocol, {"protocol": column.protocol}).setdefault(column.side, {})
        try:
            value = _READERS.get(column.key, _text)(column.key, text)
        except AutoconfigError as error:
            wrong.append((column, error))
            continue
        if column.key == "overrides":
            order = value
        else:
            table[column.key] = value
    order += [protocol for protocol in _PROTOCOLS if protocol in accounts and protocol not in order]
    if order:
        data["account"] = [accounts.pop(protocol, {"protocol": protocol}) for protocol in order]
    mistakes = [Mistake(_way(column, order), error) for column, error in wrong]
    if any(text.strip() for text in row[len(columns) :]):
        surplus = ModelError(N_("the row has %(cells)d cells, but there are %(columns)d columns"), cells=len(row), columns=len(columns))
        mistakes.append(Mistake((), surplus))
    return Entry("domain", data, tuple(mistakes)), tuple(order[:_ENOUGH])


def _way(column: _Column, order: list[str]) -> Path:
    return ("account", order.index(column.protocol), column.side, column.key) if column.protocol else (column.key,)


def _text(key: str, text: str) -> str:
    return text if key == "note" else text.strip()


def _flag(key: str, text: str) -> bool:
    try:
        return _TRUTH[text.strip().lower()]
    except KeyError:
        raise ModelError(N_("%(key)s must be true or false, not %(value)s"), key=key, value=text) from None


def _number(key: str, text: str) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < _ENOUGH):
        raise ModelError(N_("%(key)s must be a whole number, not %(value)s"), key=key, value=digits)
    return int(digits)


def _words(key: str, text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text) if word]


def _ports(key: str, text: str) -> list[Data]:
    words = [] if text.strip() == _NO_PORTS else _words(key, text)
    if len(words) % 2:
        raise ModelError(N_("%(key)s must be ports with their TLS modes, such as 587 starttls, or - for none"), key=key)
    return [{"port": _number(key, port), "tls": tls} for port, tls in zip(words[::2], words[1::2], strict=True)]


_READERS: dict[str, Callable[[str, str], Any]] = {
    "protocols": _words,
    "overrides": _words,
    "suspended": _flag,
    "subdomains": _flag,
    "port": _number,
    "auth": _words,
    "also": _ports,
}
