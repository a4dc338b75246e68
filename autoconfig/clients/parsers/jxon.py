"""XML as Thunderbird (153) sees it: Gecko's parser, then its JXON tree, in which every text that looks like a number has become one.

Laxer than formats/xml in what it takes (DTDs with entities of their own, many encodings, a byte order mark), and never kind: one fault
and there is no tree. Elements with a namespace prefix are left out, comments as well. Values are those of JavaScript: True for an empty
element, a float for what is a number, NaN for blanks; an element with an attribute or with elements in it is an object and has none.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from xml.parsers import expat

from autoconfig.errors import N_, DocumentError

MAX_OCTETS = 1024 * 1024
MAX_CHARACTERS = 4 * MAX_OCTETS  # what entities have become is counted as well
MAX_ELEMENTS = 50_000

# ECMAScript, StringToNumber, without the empty string and Infinity.
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|0x[0-9a-f]+|0o[0-7]+|0b[01]+", re.ASCII | re.IGNORECASE)
_PREFIXED = re.compile("0[xob]", re.IGNORECASE)
_INTEGER = re.compile(r"\s*([+-]?\d+)", re.ASCII)
# ECMAScript, WhiteSpace and LineTerminator.
_BLANK = " \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)""")
# Encoding standard, 4.2: the encodings that Gecko has, by their names in Python. Two labels mean windows-1252 there.
_LATIN = ("ascii", "iso8859-1")
_ENCODING = re.compile(r"utf-8|utf-16(-[lb]e)?|gbk|gb18030|big5|euc_(jp|kr)|iso2022_jp|shift_jis|koi8-[ru]|cp125\d|iso8859-\d+")


Value = str | float | bool | None


@dataclass(slots=True)
class Node:
    """One element. *value* is None for an object, whose own *text* few look at; *attributes* are JavaScript's values as well."""

    line: int
    attributes: Mapping[str, Value] = field(default_factory=dict)
    children: dict[str, list[Node]] = field(default_factory=dict)
    value: Value = None
    text: str = ""

    def all(self, name: str) -> list[Node]:
        """Return the elements of that *name* right below, in order."""
        return self.children.get(name, [])

    def first(self, name: str) -> Node | None:
        """Return the first element of that *name* right below."""
        return next(iter(self.all(name)), None)


def parse(data: bytes, charset: str = "") -> Node:
    """Return what stands above the first element, as a node; *charset* is that of the HTTP answer.

    Raises DocumentError where Gecko would have no tree but that of its own error message.
    """
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    builder = _Builder()
    try:
        builder.parser.Parse(_decoded(data, charset).encode(), True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise DocumentError(N_("the document is not well-formed XML: %(reason)s"), line=error.lineno, reason=reason) from None
    return builder.top


def text_of(node: Node | None) -> str:
    """Return what JavaScript's String() makes of it."""
    if node is None:
        return "undefined"
    return "[object Object]" if node.value is None else string(node.value)


def string(value: Value) -> str:
    """Return what JavaScript's String() makes of *value*."""
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "NaN"
    if not value:
        return "0"  # -0 as well
    if 1e-6 <= abs(value) < 1e21:
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return re.sub(r"e([+-])0*", r"e\1", repr(value))


def integer(text: str) -> int | None:
    """Return the number with which *text* begins, as JavaScript's parseInt does."""
    found = _INTEGER.match(text)
    return int(found[1][:20]) if found else None


def typed(text: str) -> Value:
    """Return what JXON takes *text* for."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    stripped = text.strip(_BLANK)
    if not stripped:
        return math.nan  # isFinite("") is true, and parseFloat("") is no number
    if _NUMBER.fullmatch(stripped):
        # parseFloat knows no prefixes: it reads the 0 of 0x10.
        number = 0.0 if _PREFIXED.match(stripped) else float(stripped)
        return number if math.isfinite(number) else text
    return text


class _Builder:
    """Expat's events, made into nodes."""

    def __init__(self) -> None:
        self.parser = parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = self._other
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartNamespaceDeclHandler = self._declares
        parser.SkippedEntityHandler = self._skipped
        self.top = Node(1)
        self._open: list[tuple[str, Node, list[str]]] = [("", self.top, [])]
        self._declared = dict[str, Value]()
        self._elements = self._characters = 0

    def _declares(self, prefix: str | None, uri: str | None) -> None:
        self._declared["xmlns" if prefix is None else f"xmlns:{prefix}"] = typed(uri or "")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise DocumentError(N_("the document has more than %(limit)d elements"), limit=MAX_ELEMENTS)
        values = {_node_name(name): typed(value) for name, value in attributes.items()} | self._declared
        self._declared = {}
        self._open[-1][2].append("")
        self._open.append((_node_name(name), Node(self.parser.CurrentLineNumber, values), []))

    def _end(self, _: str) -> None:
        name, node, pieces = self._open.pop()
        text = node.text = "".join(pieces)
        if not pieces and not node.attributes:
            node.value = True
        elif text and not node.children and not node.attributes:
            node.value = typed(text)
        if ":" not in name:
            self._open[-1][1].children.setdefault(name, []).append(node)

    def _text(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_CHARACTERS)
        self._open[-1][2].append(text)

    def _other(self, _: str) -> None:
        self._open[-1][2].append("")

    def _instruction(self, target: str, data: str) -> None:
        self._open[-1][2].append("")

    def _skipped(self, name: str, is_parameter: bool) -> None:
        # Mozilla's expat says so for every entity that it does not know, whatever DTD might have declared it.
        if not is_parameter:
            line, reason = self.parser.CurrentLineNumber, "undefined entity"
            raise DocumentError(N_("the document is not well-formed XML: %(reason)s"), line=line, reason=reason)


def _node_name(name: str) -> str:
    """Return the name as it is written, out of "URI local prefix" or "URI local"."""
    parts = name.split(" ")
    return f"{parts[2]}:{parts[1]}" if len(parts) == 3 else parts[-1]


def _decoded(data: bytes, charset: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    wide = next((encoding for beginning, encoding in _WIDE if data.startswith(beginning)), None)
    declared = _DECLARED.match(data[:1024])
    label = charset or wide or (declared[1].decode("ascii") if declared else "utf-8")
    try:
        encoding = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        encoding = "utf-8"
    if encoding in _LATIN:
        encoding = "cp1252"
    # Who reads a declaration octet by octet does not read UTF-16.
    if not _ENCODING.fullmatch(encoding) or (encoding.startswith("utf-16") and not (charset or wide)):
        encoding = "utf-8"
    if encoding == "cp1252":
        return data.decode(encoding, "replace")
    return _strict(data, "utf-16-le" if encoding == "utf-16" else encoding)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except ValueError:
        raise DocumentError(N_("the document is not well-formed XML: %(reason)s"), line=1, reason=f"not {encoding.upper()}") from None
