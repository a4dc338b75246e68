"""XML as Android's pull parser sees it when it is handed text: always read as UTF-8, whatever the document declares.

What it lets pass and lxml does not, the declaration of another encoding and a DOCTYPE without declarations of its own, is taken out first;
every line stays where it is.
"""

from __future__ import annotations

import re

from autoconfig.formats.xml import MAX_OCTETS, Element, parse_xml

_DECLARATION = re.compile(r"\A<\?xml\s[^>]*\?>")
_ROOT = re.compile(r"<[^?!\s]")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[\]<>]*>")


def parse(data: bytes) -> Element:
    """Parse *data*; raises DocumentError where the parser gives up."""
    # A little more than parse_xml takes, so that it is parse_xml that refuses.
    text = data[: MAX_OCTETS + 1].decode("utf-8", "replace").removeprefix("\ufeff")
    root = _ROOT.search(text)
    start = root.start() if root else len(text)
    prolog = _DOCTYPE.sub(_blank, _DECLARATION.sub(_blank, text[:start]), count=1)
    return parse_xml((prolog + text[start:]).encode())


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def local(element: Element) -> str:
    """Return the name of *element* without its namespace, which the parser keeps apart from the name."""
    return element.name.rpartition("}")[2]
