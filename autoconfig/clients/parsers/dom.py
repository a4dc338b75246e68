"""XML as DOM parsers without validation have it: libxml2's tree (Geary, PHP's SimpleXML) and Qt's QDomDocument.

Stricter than HTML and laxer than formats/xml: a DTD may declare entities, which are replaced, and any encoding that has a name. Names
are as written, prefix and all. Comments and instructions are left out. Nothing is fetched, and size, depth and number have a ceiling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from autoconfig.clients.outcome import Effect, Note, Reading
from autoconfig.errors import N_, DocumentError

MAX_OCTETS = 1024 * 1024
MAX_CHARACTERS = 2 * MAX_OCTETS  # of text, what entities have become included
MAX_ELEMENTS = 50_000
MAX_DEPTH = 255  # libxml2, without XML_PARSE_HUGE


@dataclass(slots=True)
class Node:
    """One element: its name, its attributes, and the texts and elements in it in order."""

    name: str
    attributes: Mapping[str, str]
    line: int
    content: list[str | Node] = field(default_factory=list)

    @property
    def nodes(self) -> Iterator[Node]:
        """The elements right below."""
        return (part for part in self.content if isinstance(part, Node))

    @property
    def own_text(self) -> str:
        """The text right inside, without that of its elements."""
        return "".join(part for part in self.content if isinstance(part, str))

    @property
    def text(self) -> str:
        """All text inside."""
        return "".join(part if isinstance(part, str) else part.text for part in self.content)

    def first(self, name: str) -> Node | None:
        """Return the first element of that *name* right below."""
        return next((node for node in self.nodes if node.name == name), None)

    def below(self, name: str) -> Node | None:
        """Return the first element of that *name* at any depth below, in the order of the document."""
        for node in self.nodes:
            if found := node if node.name == name else node.below(name):
                return found
        return None


def parse(data: bytes) -> Node:
    """Return the root of *data*; raises DocumentError with the line for what is not well-formed."""
    if len(data) > MAX_OCTETS:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _broken(error.lineno, expat.ErrorString(error.code)) from None
    except (LookupError, ValueError):  # an encoding that Python does not have, or not for single bytes
        raise _broken(builder.parser.CurrentLineNumber, "unknown encoding") from None
    return next(builder.top.nodes)


def refusal(error: DocumentError) -> Reading:
    """Return what a program has that gives up a document with *error*."""
    reason = str(error.values.get("reason", error))
    return Reading(accepted=False, notes=(Note("XML_BROKEN", Effect.REJECTS, error.line, {"reason": reason}),))


def _broken(line: int, reason: str) -> DocumentError:
    return DocumentError(N_("the document is not well-formed XML: %(reason)s"), line=line, reason=reason)


class _Builder:
    """Expat's events, made into nodes."""

    def __init__(self) -> None:
        self.top = Node("", {}, 1)
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._open = [self.top]
        self._elements = self._characters = 0

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise DocumentError(N_("the document has more than %(limit)d elements"), limit=MAX_ELEMENTS)
        if len(self._open) > MAX_DEPTH:
            line = self.parser.CurrentLineNumber
            raise DocumentError(N_("the document has elements more than %(limit)d deep"), line=line, limit=MAX_DEPTH)
        node = Node(name, attributes, self.parser.CurrentLineNumber)
        self._open[-1].content.append(node)
        self._open.append(node)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=MAX_CHARACTERS)
        self._open[-1].content.append(text)
