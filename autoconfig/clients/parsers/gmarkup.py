"""GLib's markup parser (`g_markup_parse_context_parse`, 2.74): what it makes of bytes, which is not XML. For programs of GNOME.

It knows no DTD, no encoding but UTF-8 and no byte order mark. It passes by comments, processing instructions, CDATA sections and
DOCTYPEs without looking inside, takes any number of roots, and hands out text in the pieces between two tags or such sections. Its
events are due as far as a document goes, so that what was told before a mistake stays told. Time and memory are linear in the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

_SPACE = b" \t\n\r"
_NAME_END = re.compile(rb"[=/> \t\n\r]")
_NOT_A_NAME = b"=/> "  # what may not stand where a name begins; that other blanks may is found out with the empty name
_SKIPPED = re.compile(rb"[ \t\n\r]*")
_ANGLE = re.compile(rb"[<>]")
_REFERENCE = re.compile(rb"&(?:#(x?)([ \t\n\v\f\r]*)([+-]?)((?:0[xX])?[0-9A-Fa-f]+);|(lt|gt|amp|quot|apos);)?")
_ENTITIES = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"', b"apos": "'"}
_LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Start:
    """A start tag. Attributes as written, doubles and all."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text right inside the element *name*, which may be empty."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class End:
    """An end tag, or the end of an empty element."""

    name: str
    line: int


Event = Start | Text | End


class MarkupError(Exception):
    """The parser stops here."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def events(data: bytes) -> Iterator[Event]:
    """Yield what the parser tells of *data*; raises MarkupError where it stops."""
    return _Parser(data).events()


class _Parser:
    """A place in the bytes, and the elements that are open there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._open: list[str] = []
        self._line = 1
        self._counted = 0  # up to where lines are counted

    def events(self) -> Iterator[Event]:
        self._skip_blanks()
        if self._at == len(self._data):
            self._stop("it is empty")
        while self._at < len(self._data):
            if not self._open:
                self._skip_blanks()
                if self._at == len(self._data):
                    return
                if not self._data.startswith(b"<", self._at):
                    self._stop("there is something outside of any element" if self._at else "it does not begin with an element")
            else:
                yield self._text()
            self._at += 1
            match self._data[self._at : self._at + 1]:
                case b"?" | b"!":
                    self._pass_by()
                case b"/":
                    self._at += 1
                    yield self._end_tag()
                case _:
                    yield from self._start_tag()
        if self._open:
            self._stop(f"it ends inside of <{self._open[-1]}>")

    def _text(self) -> Text:
        line = self._here()
        end = self._data.find(b"<", self._at)
        if end < 0:
            self._at = len(self._data)
            self._stop(f"it ends inside of <{self._open[-1]}>")
        text = self._unescaped(end)
        return Text(self._open[-1], _LINE_END.sub("\n", text), line)

    def _pass_by(self) -> None:
        begin = self._at - 1
        if self._data.startswith(b"<?", begin):
            end = self._data.find(b"?>", begin + 1) + 1
        elif self._data.startswith(b"<!--", begin):
            end = self._data.find(b"-->", begin + 2) + 2  # "<!-->" is a whole comment to it
        elif self._data.startswith(b"<![CDATA[", begin):
            end = self._data.find(b"]]>", begin + 9) + 2
        elif self._data.startswith(b"<!DOCTYPE", begin):
            end = self._balanced(begin)
        else:
            end = 0
        if end <= begin:
            self._at = len(self._data)
            self._stop("a comment, a declaration or an instruction does not end")
        self._at = end + 1

    def _balanced(self, begin: int) -> int:
        depth = 0
        for angle in _ANGLE.finditer(self._data, begin):
            depth += 1 if angle[0] == b"<" else -1
            if depth == 0:
                return angle.start()
        return 0

    def _start_tag(self) -> Iterator[Event]:
        line = self._here()
        name = self._name()
        attributes: list[tuple[str, str]] = []
        while True:
            self._skip_blanks()
            match self._data[self._at : self._at + 1]:
                case b">":
                    self._at += 1
                    break
                case b"/":
                    self._at += 1
                    break
                case _:
                    attributes.append(self._attribute())
        self._open.append(_valid(name) or self._stop(f"{_shown(name)} is not a name"))
        yield Start(self._open[-1], tuple(attributes), line)
        if self._data[self._at - 1 : self._at] == b"/":
            self._expect(b">")
            yield End(self._open.pop(), line)

    def _attribute(self) -> tuple[str, str]:
        raw = self._name()
        self._skip_blanks()
        if self._at == len(self._data):
            self._stop("it ends inside of a tag")
        name = _valid(raw) or self._stop(f"{_shown(raw)} is not a name")
        self._expect(b"=")
        self._skip_blanks()
        quote = self._data[self._at : self._at + 1]
        if quote not in (b'"', b"'"):
            self._stop("the value of an attribute is not quoted")
        end = self._data.find(quote, self._at + 1)
        if end < 0:
            self._at = len(self._data)
            self._stop("the value of an attribute does not end")
        self._at += 1
        value = self._unescaped(end)
        self._at += 1
        return name, re.sub(r"\r\n|[\r\n\t]", " ", value)

    def _end_tag(self) -> End:
        raw = self._name()
        self._skip_blanks()
        self._expect(b">")
        if not self._open:
            self._stop(f"</{_shown(raw)}> ends nothing")
        if raw.partition(b"\0")[0] != self._open[-1].encode():
            self._stop(f"</{_shown(raw)}> does not end <{self._open[-1]}>")
        return End(self._open.pop(), self._here())

    def _name(self) -> bytes:
        if self._at == len(self._data):
            self._stop("it ends inside of a tag")
        if self._data[self._at] in _NOT_A_NAME:
            self._stop("a name is missing")
        end = _NAME_END.search(self._data, self._at)
        name = self._data[self._at : end.start() if end else None]
        self._at += len(name)
        return name

    def _expect(self, wanted: bytes) -> None:
        if not self._data.startswith(wanted, self._at):
            self._stop(f'there is no "{wanted.decode()}" where it must be')
        self._at += 1

    def _skip_blanks(self) -> None:
        blanks = _SKIPPED.match(self._data, self._at)
        self._at = blanks.end() if blanks else self._at

    def _unescaped(self, end: int) -> str:
        """Return what stands from here to *end*, and go there."""
        begin = self._at
        raw = self._data[begin:end].partition(b"\0")[0]  # a C string ends with its first NUL
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            self._at = begin + error.start
            self._stop("there are bytes that are not UTF-8")
        pieces: list[bytes] = []
        copied = 0
        for found in _REFERENCE.finditer(raw):
            self._at = begin + found.start()
            pieces += (raw[copied : found.start()], self._character(found).encode())
            copied = found.end()
        self._at = end
        return b"".join((*pieces, raw[copied:])).decode()

    def _character(self, found: re.Match[bytes]) -> str:
        hexadecimal, _, sign, digits, entity = found.groups()
        if entity:
            return _ENTITIES[entity]
        if not digits:
            self._stop("an & begins no known entity")
        try:
            code = int(digits, 16 if hexadecimal else 10)
        except ValueError:  # hexadecimal digits in a decimal number, or more digits than there are numbers
            self._stop("a character reference is not a number")
        if sign == b"-" or not (0 < code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF):
            self._stop("a character reference is not a character")
        return chr(code)

    def _here(self) -> int:
        self._line += self._data.count(b"\n", self._counted, self._at)
        self._counted = max(self._counted, self._at)
        return self._line

    def _stop(self, reason: str) -> NoReturn:
        raise MarkupError(reason, self._here())


def _valid(raw: bytes) -> str | None:
    """Return a name, None where it is none: letters of any script, "_", ":", and then also ASCII digits, "." and "-"."""
    try:
        name = raw.partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        return None
    if not name or not (name[0].isalpha() or name[0] in "_:"):
        return None
    return name if all(c.isalpha() or c in "0123456789._:-" for c in name) else None


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
