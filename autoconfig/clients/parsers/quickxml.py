"""What Rust's quick-xml (0.41) makes of a document: events of a reader that looks at tags and not much more, text without blanks around it.

Element names are taken as they stand, prefix and all; entities are events of their own, and none is replaced; a DTD is passed over; the
end of the document may come inside of any element. Only a tag that does not close the last open one, an "&" that begins no entity and
markup without an end are errors. Time and memory grow with the length of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

_BLANK = " \t\r\n"
# Characters of Unicode's White_Space, which is what Rust trims.
WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_ATTRIBUTE = re.compile(r"""[ \t\r\n=]*+([^ \t\r\n=]++)(?:[ \t\r\n]*+(=)[ \t\r\n]*+(?:"([^"]*+)"|'([^']*+)')?)?""")
_SPACE = re.compile(r"[ \t\r\n]")
# A ">" in a quoted value ends neither a tag nor a declaration.
_QUOTED = r"""(?:[^>'"]++|'[^']*+'|"[^"]*+")*>"""
_TAG_END = re.compile(_QUOTED)
_DOCTYPE = re.compile(
    r"""<!(?i:DOCTYPE)((?:[^'"\[>]++|'[^']*+'|"[^"]*+")*"""
    r"""(?:\[(?:[^\]<]++|<!--[^-]*+(?:-(?!->)[^-]*+)*-->|<\?[^?]*+(?:\?(?!>)[^?]*+)*\?>|<!(?:ENTITY|ATTLIST|NOTATION)"""
    rf"""{_QUOTED}|<(?!!--|\?|!ENTITY|!ATTLIST|!NOTATION)[^>]*+>)*\][^>]*+)?)>""",
    re.DOTALL,
)
_TEXT_END = re.compile(r"[<&]")
_ENTITY_END = re.compile(r"[;&<]")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|apos|quot));|&")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": '"'}


class Kind(Enum):
    """What an event is."""

    START = auto()
    EMPTY = auto()  # <port/>, which has neither a start nor an end
    END = auto()
    TEXT = auto()  # never empty
    CDATA = auto()
    ENTITY = auto()


@dataclass(frozen=True, slots=True)
class Event:
    """One event: *name* is that of an element, *text* what is beside it in the tag, or the text."""

    kind: Kind
    line: int
    name: str = ""
    text: str = ""


class Broken(Exception):
    """The reader gives up in *line*, for an English *reason*."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


def events(data: bytes) -> Iterator[Event]:
    """Yield the events of *data*, read as UTF-8 whatever it declares, until its end; raises Broken."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    opened = list[str]()
    at, line, counted = 0, 1, 0
    while True:
        while at < len(text) and text[at] in _BLANK:
            at += 1
        line, counted = line + text.count("\n", counted, at), at
        if at == len(text):
            return
        begin = at
        if text[at] == "&":
            at = _reference_end(text, at, line)
            yield Event(Kind.ENTITY, line, text=text[begin + 1 : at - 1])
        elif text[at] != "<":
            at = _first(_TEXT_END, text, at)
            yield Event(Kind.TEXT, line, text=text[begin:at].rstrip(_BLANK))
        else:
            at, event = _markup(text, begin, line, opened)
            if event is not None:
                yield event


def _first(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.search(text, at)
    return found.start() if found else len(text)


def _reference_end(text: str, at: int, line: int) -> int:
    found = _ENTITY_END.search(text, at + 1)
    if found is None or found[0] != ";":
        raise Broken("an & begins no entity", line)
    return found.end()


def _markup(text: str, begin: int, line: int, opened: list[str]) -> tuple[int, Event | None]:
    """Read what begins with "<" at *begin*; return where it ends, and its event."""
    match text[begin + 1 : begin + 2]:
        case "!":
            return _bang(text, begin, line)
        case "?":
            end = _until(text, "?>", begin + 1, line, "a processing instruction has no end")
            if end - begin == len("<?>"):
                raise Broken("there is <?> and nothing in it", line)
            return end, None
        case "/":
            end = _until(text, ">", begin, line, "a tag has no end")
            name = text[begin + 2 : end - 1].rstrip(_BLANK)
            if not opened or opened.pop() != name:
                raise Broken(f"the tag </{name[:40]}> does not close the element that is open", line)
            return end, Event(Kind.END, line, name)
    found = _TAG_END.match(text, begin + 1)
    if found is None:
        raise Broken("a tag has no end", line)
    content = found[0][:-1].removesuffix("/")
    empty = len(content) < len(found[0]) - 1
    name = content[: _first(_SPACE, content, 0)]
    if not empty:
        opened.append(name)
    return found.end(), Event(Kind.EMPTY if empty else Kind.START, line, name, content[len(name) :])


def _bang(text: str, begin: int, line: int) -> tuple[int, Event | None]:
    match text[begin + 2 : begin + 3]:
        case "-":
            # <!--> and <!---> do not end a comment.
            end = _until(text, "-->", begin + 4, line, "a comment has no end")
            if text.startswith("<!--", begin):
                return end, None
        case "[":
            end = _until(text, "]]>", begin + 2, line, "a CDATA section has no end")
            if text.startswith("<![CDATA[", begin):
                return end, Event(Kind.CDATA, line, text=text[begin + 9 : end - 3])
        case "D" | "d":
            declaration = _DOCTYPE.match(text, begin)
            if declaration and declaration[1].strip(_BLANK):
                return declaration.end(), None
    raise Broken("there is markup that begins with <! and is none", line)


def _until(text: str, end: str, at: int, line: int, reason: str) -> int:
    found = text.find(end, at)
    if found < 0:
        raise Broken(reason, line)
    return found + len(end)


def attribute(start: Event, wanted: str) -> str:
    """Return the first attribute of *start* that is *wanted* in any letter case, "" where there is none or its value cannot be read."""
    at, seen = 0, set[str]()
    while found := _ATTRIBUTE.match(start.text, at):
        name, equals, double, single = found.groups()
        at = found.end()
        value = single if double is None else double
        if value is None and equals:
            # A value without quotes is skipped up to the next blank.
            at = _first(_SPACE, start.text, at)
        elif value is not None and name not in seen and name.strip(WHITE).lower() == wanted:
            return _unescaped(value)
        seen.add(name)
    return ""


def _unescaped(value: str) -> str:
    try:
        return _REFERENCE.sub(_replaced, value)
    except ValueError:
        # One reference that is not known, and there is no value at all.
        return ""


def _replaced(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name is not None:
        return _NAMED[name]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal or "0")
    if not code or 0xD800 <= code < 0xE000:
        raise ValueError
    return chr(code)
