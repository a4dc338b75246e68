"""On which line of a TOML text each key stands.

`tomllib` judges the syntax and gives the values, but keeps no places. `lines_of` walks over a text that tomllib has already taken
(TOML 1.0.0), so it looks only for where things begin and end, and never judges.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

# A way into nested data: ("provider", 0, "account", 1, "incoming", "port").
Path = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_KEY = re.compile(rf"{_STRING}|'[^'\n]*'|[A-Za-z0-9_-]+")
# Strings in their four forms, else all up to a delimiter; a date may be parted from its time by a blank.
_SCALAR = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"{1,2}(?!"))[^"\\]*)*"{3,5}'
    r"|'''[^']*(?:'{1,2}(?!')[^']*)*'{3,5}"
    rf"|{_STRING}"
    r"|'[^'\n]*'"
    r"|[^\s,\]}#]+(?: \d\d:[^\s,\]}#]+)?",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """Return the 1-based line of every key, table and array element of *text*, which tomllib accepts."""
    walk = _Walk(text)
    walk.document()
    return walk.lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[Path, int] = {}
        self._starts = [found.end() for found in re.finditer("\n", text)]
        self._tables: dict[Path, int] = {}  # array of tables -> how many so far

    def document(self) -> None:
        at, table = self._skip(0), Path()
        while at < len(self.text):
            if self.text[at] == "[":
                brackets = 2 if self.text.startswith("[[", at) else 1
                keys, at = self._keys(at + brackets)
                table = self._table(keys, is_array=brackets == 2)
                at = self._skip(at + brackets)
            else:
                at = self._pair(at, table)

    def _table(self, keys: list[tuple[str, int]], *, is_array: bool) -> Path:
        path = Path()
        for i, (key, at) in enumerate(keys):
            path = (*path, key)
            self._note(path, at)
            if is_array and i == len(keys) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self._note(path, at)
        return path

    def _pair(self, at: int, path: Path) -> int:
        keys, at = self._keys(at)
        for key, key_at in keys:
            path = (*path, key)
            self._note(path, key_at)
        return self._skip(self._value(self._skip(at + 1), path))  # 1 is the equals sign

    def _value(self, at: int, path: Path) -> int:
        if self.text[at] == "{":
            at = self._skip(at + 1)
            while self.text[at] != "}":
                at = self._comma(self._pair(at, path))
            return at + 1
        if self.text[at] == "[":
            at, i = self._skip(at + 1), 0
            while self.text[at] != "]":
                self._note((*path, i), at)
                at, i = self._comma(self._skip(self._value(at, (*path, i)))), i + 1
            return at + 1
        found = _SCALAR.match(self.text, at)
        assert found is not None, "tomllib accepted this text"  # noqa: S101 - a broken promise of ours, not a mistake of the file
        return found.end()

    def _keys(self, at: int) -> tuple[list[tuple[str, int]], int]:
        keys: list[tuple[str, int]] = []
        while True:
            at = self._skip(at)
            found = _KEY.match(self.text, at)
            assert found is not None, "tomllib accepted this text"  # noqa: S101 - as above
            keys.append((_unquoted(found.group()), at))
            at = self._skip(found.end())
            if self.text[at] != ".":
                return keys, at
            at += 1

    def _comma(self, at: int) -> int:
        return self._skip(at + 1) if self.text[at] == "," else at

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _note(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self._starts, at) + 1)


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return key[1:-1] if "\\" not in key or key[0] == "'" else str(tomllib.loads(f"key = {key}")["key"])
