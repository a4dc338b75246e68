"""What Go's encoding/xml (strict, as it is by default) makes of a document: the tokens of a reader that checks most, but no DTD.

Text may stand before the first element; nothing is looked at behind the last; entities are XML's own five, a DTD's are not known; UTF-8
is the only encoding; a name's prefix says nothing but must be the same in both tags. Invalid bytes are an error where they are text, and
nothing in comments. Time and memory grow with the length of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NoReturn

_SPACE = re.compile(r"[ \t\r\n]*+")
# XML 1.0, 2.3, Name; Go's tables are those of the fourth edition.
_BEGIN = (
    r"A-Za-z_:\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
    r"\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd"
)
_NAME = re.compile(rf"[{_BEGIN}][{_BEGIN}0-9.\-\u00b7\u0300-\u036f\u203f\u2040]*+")
_RUN = re.compile(r"[A-Za-z0-9_:.\-\u0080-\U0010ffff]*+")  # what is taken for a name, and then has to be one
_ILLEGAL = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile(r"""[^<>'"]++|'[^']*+'|"[^"]*+"|<!--|[<>]""")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(lt|gt|amp|apos|quot));|&")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}
_LINE_END = re.compile(r"\r\n?")


class Kind(Enum):
    """What a token is."""

    START = auto()
    END = auto()
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token: *name* is that of an element without its prefix; of attributes with the same name the last counts."""

    kind: Kind
    line: int
    name: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""


class Broken(Exception):
    """The reader gives up in *line*, for an English *reason*; *encoding* is what the document declares, if that is why."""

    def __init__(self, reason: str, line: int, encoding: str = "") -> None:
        super().__init__(reason)
        self.reason, self.line, self.encoding = reason, line, encoding


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of *data* up to the end of its first element; raises Broken."""
    # Bytes that are not UTF-8 become surrogates, which are illegal as text.
    scanner = _Scanner(data.decode("utf-8", "surrogateescape"))
    opened = list[str]()
    while True:
        for token, name in scanner.next():
            if token.kind is Kind.START:
                opened.append(name)
            elif token.kind is Kind.END and (not opened or opened.pop() != name):
                raise Broken(f"the tag </{name}> does not close the element that is open", token.line)
            yield token
            if token.kind is Kind.END and not opened:
                return


class _Scanner:
    """A place in a text, that goes on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = self._counted = 0
        self._line = 1

    def next(self) -> Iterator[tuple[Token, str]]:
        """Yield the next tokens, two for <port/>, none for a comment; with them the names as written."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        if self._at == len(self._text):
            self._fail("it ends inside of an element, or has none")
        if not self._takes("<"):
            end = self._text.find("<", self._at)
            text = self._text[self._at : end if end >= 0 else len(self._text)]
            self._at += len(text)
            if "]]>" in text:
                self._fail("there is ]]> in text")
            yield Token(Kind.TEXT, self._line, text=self._cleaned(text)), ""
        elif self._takes("/"):
            name = self._name()
            self._space()
            self._must(">")
            yield Token(Kind.END, self._line, _local(name)), name
        elif self._takes("?"):
            target = self._name()
            self._instruction(target, self._until("?>", "a processing instruction has no end"))
        elif self._takes("!--"):
            self._until("--", "a comment has no end")
            if not self._takes(">"):
                self._fail("there is -- inside of a comment")
        elif self._takes("![CDATA["):
            yield Token(Kind.TEXT, self._line, text=self._legal(_lines(self._until("]]>", "a CDATA section has no end")))), ""
        elif self._takes("!"):
            self._directive()
        else:
            yield from self._start()

    def _start(self) -> Iterator[tuple[Token, str]]:
        name, attributes = self._name(), list[tuple[str, str]]()
        while True:
            self._space()
            if self._takes("/"):
                self._must(">")
                yield Token(Kind.START, self._line, _local(name), tuple(attributes)), name
                yield Token(Kind.END, self._line, _local(name)), name
                return
            if self._takes(">"):
                yield Token(Kind.START, self._line, _local(name), tuple(attributes)), name
                return
            attribute = self._name()
            self._space()
            self._must("=")
            self._space()
            quote = self._text[self._at : self._at + 1]
            if quote not in ("'", '"'):
                self._fail(f"the value of {attribute} is not in quotes")
            self._at += 1
            value = self._until(quote, "an attribute has no end")
            if "<" in value:
                self._fail(f"there is < in the value of {attribute}")
            attributes.append((_local(attribute), self._cleaned(value)))

    def _instruction(self, target: str, content: str) -> None:
        if target != "xml":
            return
        if _declared("version", content) not in ("", "1.0"):
            self._fail("its version of XML is not 1.0")
        encoding = _declared("encoding", content)
        if encoding and encoding.lower() != "utf-8":
            raise Broken(f"it declares the encoding {encoding}", self._line, encoding)

    def _directive(self) -> None:
        if self._text.startswith(("-", "["), self._at):
            self._fail("there is markup that begins with <! and is none")
        self._at += 1  # whatever it is
        depth = 0
        while found := _DIRECTIVE.match(self._text, self._at):
            self._at = found.end()
            if found[0] == "<!--":
                self._until("-->", "a comment has no end")
            depth += {"<": 1, ">": -1}.get(found[0], 0)
            if depth < 0:
                return
        self._fail("a <! has no end")

    def _takes(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _must(self, text: str) -> None:
        if not self._takes(text):
            self._fail(f"{text} is missing in a tag")

    def _until(self, end: str, reason: str) -> str:
        found = self._text.find(end, self._at)
        if found < 0:
            self._fail(reason)
        begin, self._at = self._at, found + len(end)
        return self._text[begin:found]

    def _space(self) -> None:
        if found := _SPACE.match(self._text, self._at):
            self._at = found.end()

    def _name(self) -> str:
        found = _RUN.match(self._text, self._at)
        name = found[0] if found else ""
        if not _NAME.fullmatch(name) or name.count(":") > 1:
            self._fail("a name is missing, or is none")
        self._at += len(name)
        return name

    def _cleaned(self, text: str) -> str:
        return self._legal(_REFERENCE.sub(self._replaced, _lines(text)) if "&" in text else _lines(text))

    def _replaced(self, found: re.Match[str]) -> str:
        hexadecimal, decimal, name = found.groups()
        if name is not None:
            return _NAMED[name]
        digits = hexadecimal or decimal or ""
        code = int(digits, 16 if hexadecimal else 10) if 0 < len(digits) < 10 else 0x110000
        if code > 0x10FFFF:
            self._fail("an & begins no entity that is known")
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)

    def _legal(self, text: str) -> str:
        if _ILLEGAL.search(text):
            self._fail("there are characters that are not UTF-8, or not XML")
        return text

    def _fail(self, reason: str) -> NoReturn:
        raise Broken(reason, self._line)


def _lines(text: str) -> str:
    return _LINE_END.sub("\n", text) if "\r" in text else text


def _local(name: str) -> str:
    prefix, _, local = name.partition(":")
    return local if prefix and local else name


def _declared(name: str, content: str) -> str:
    """Return what the declaration says: the quoted text right after the *name* and "=", "" where there is none."""
    found = re.search(rf"""{name}=(?:'([^']*)'|"([^"]*)")""", content)
    return (found[1] or found[2] or "") if found else ""
