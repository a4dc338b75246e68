"""XML 1.0 as bytes and as trees of our own; the only home of lxml.

`parse_xml` reads what strangers send: no entities, no DTD, no network, and a ceiling for size, depth and number, so that
time and memory are bounded by the ceiling whatever the bytes are. `to_bytes` writes UTF-8 without BOM, every character escaped
because lxml writes it. What an element means is the business of the format's own file.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from autoconfig.errors import N_, DocumentError

MAX_OCTETS = 1024 * 1024
MAX_ELEMENTS = 50_000  # a reply of 1 MiB that names 35 000 domains has fewer
MAX_ATTRIBUTES = 100  # of one element; lxml hands out n of them in n² time
MAX_DEPTH = 64

BLANK = " \t\r\n"  # XML 1.0, 2.3, S
_INDENT = "  "
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# XML 1.0, F.1: how a document begins tells the width of its characters.
_BEGINNINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16"),
    (b"\0<", "utf-16"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]*)""")
_PLACE = re.compile(r",? line \d+(, column \d+)?\s*\Z")

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One element: *name* and attribute names as "{namespace}local" or "local", *content* its text and elements in order.

    Text is never empty, and never blank beside elements: that is layout. The line where it begins is kept, but two elements that say
    the same are equal wherever they stand.
    """

    name: str
    attributes: Attributes = ()
    content: tuple[str | Element, ...] = ()
    line: int | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The text of this element itself, without that of its elements."""
        return "".join(part for part in self.content if isinstance(part, str))

    @property
    def elements(self) -> tuple[Element, ...]:
        """The elements right below this one."""
        return tuple(part for part in self.content if isinstance(part, Element))


def parse_xml(data: bytes, *, limit: int = MAX_OCTETS) -> Element:
    """Parse *data* of at most *limit* octets; raises DocumentError for all that is not well-formed, and for every DTD.

    Comments and processing instructions are left out. An encoding that the document declares must agree with how it begins
    (XML 1.0, 4.3.3); lxml alone would believe the beginning.
    """
    if len(data) > limit:
        raise DocumentError(N_("the document is larger than %(limit)d bytes"), limit=limit)
    _check_encoding(data)
    # A parser is cheap and keeps errors: one for each document, so that threads share nothing.
    # lxml 6.1 reads the external DTD with collect_ids=False, whatever load_dtd says: leave that alone.
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        reason = _PLACE.sub("", error.msg or "").strip()
        raise DocumentError(N_("the document is not well-formed XML: %(reason)s"), line=error.lineno, reason=reason) from None
    docinfo: Any = root.getroottree().docinfo  # lxml-stubs knows no doctype
    if docinfo.doctype:
        raise DocumentError(N_("the document has a DTD, which no settings document may have"), line=1)
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise DocumentError(N_("the document has more than %(limit)d elements"), limit=MAX_ELEMENTS)
    return _from_lxml(root, 1)


def to_bytes(root: Element) -> bytes:
    """Return *root* as a document: UTF-8 with declaration, one element a line, the same bytes for the same tree.

    Raises DocumentError for characters that XML 1.0 cannot carry even escaped (2.2, Char: controls, surrogates, U+FFFE and U+FFFF) and for
    names that are none, rather than to leave out silently what somebody meant to say.
    """
    try:
        built = _to_lxml(root)
    except ValueError as error:  # UnicodeEncodeError, for a lone surrogate, is one as well
        raise DocumentError(N_("this cannot be written as XML: %(reason)s"), reason=error) from None
    _indent(built, "\n")
    return _DECLARATION + etree.tostring(built, encoding="utf-8", xml_declaration=False) + b"\n"


def without_illegal(text: str) -> str:
    """Return *text* without the characters that XML 1.0 cannot carry."""
    return "".join(c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000")


def _check_encoding(data: bytes) -> None:
    found = next((family for beginning, family in _BEGINNINGS if data.startswith(beginning)), None)
    # In UTF-16 every other octet of the declaration is NUL, in either order.
    head = data[:400].replace(b"\0", b"") if found == "utf-16" else data[:400]
    declared = _DECLARED.search(head)
    if found and declared and not declared[1].lower().startswith(found.encode()):
        raise DocumentError(
            N_("the document says that its encoding is %(declared)s, but it is %(found)s"),
            line=1,
            declared=declared[1].decode("ascii"),
            found=found.upper(),
        )


def _from_lxml(node: etree._Element, depth: int) -> Element:
    line = _line(node)
    if depth > MAX_DEPTH:
        raise DocumentError(N_("the document has elements more than %(limit)d deep"), line=line, limit=MAX_DEPTH)
    if len(node.attrib) > MAX_ATTRIBUTES:
        raise DocumentError(N_("an element has more than %(limit)d attributes"), line=line, limit=MAX_ATTRIBUTES)
    content: list[str | Element] = [node.text or ""]
    for child in node:
        content += (_from_lxml(child, depth + 1), child.tail or "")
    is_layout = len(content) > 1 and not any(part.strip(BLANK) for part in content if isinstance(part, str))
    return Element(
        str(node.tag),
        tuple((str(name), str(value)) for name, value in node.attrib.items()),
        tuple(part for part in content if isinstance(part, Element) or (part and not is_layout)),
        line,
    )


def _line(node: etree._Element) -> int | None:
    # libxml2 keeps 16 bits of it and shows the last value for every line beyond.
    line: Any = node.sourceline  # lxml-stubs knows no type
    return line if line is not None and line < 0xFFFF else None


def _to_lxml(element: Element, parent: etree._Element | None = None) -> etree._Element:
    namespace = etree.QName(element.name).namespace or ""
    if parent is None:
        node = etree.Element(element.name, nsmap=_default(namespace) if namespace else {})
    elif namespace == (etree.QName(parent).namespace or ""):
        node = etree.SubElement(parent, element.name)
    else:
        # Never a prefix: Thunderbird reads it as part of the name (JXON.sys.mjs, 153).
        node = etree.SubElement(parent, element.name, nsmap=_default(namespace))
    for name, value in element.attributes:
        node.set(name, value)
    last: etree._Element | None = None
    for part in element.content:
        if isinstance(part, Element):
            last = _to_lxml(part, node)
        elif last is None:
            node.text = (node.text or "") + part
        else:
            last.tail = (last.tail or "") + part
    return node


def _default(namespace: str) -> Any:  # noqa: ANN401
    return {None: namespace}  # lxml-stubs knows no default namespace


def _indent(node: etree._Element, before: str) -> None:
    # Where text stands beside elements every blank is content, for everything below as well.
    if not len(node) or node.text or any(child.tail for child in node):
        return
    node.text = before + _INDENT
    for child in node:
        _indent(child, before + _INDENT)
        child.tail = before + _INDENT
    node[-1].tail = before
