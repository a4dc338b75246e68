"""What is wrong in an XML document before its format has a say, and in sections of any format: names, attributes, stray text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

from autoconfig.errors import DocumentError
from autoconfig.formats import wire
from autoconfig.formats.wire import Section, Value
from autoconfig.formats.xml import MAX_OCTETS
from autoconfig.lint.problem import MOST, Problem, nearest

_ROOT = re.compile(rb"<([A-Za-z_][^\s<>/]*)")
_DOCTYPE = re.compile(rb"<!DOCTYPE\b", re.IGNORECASE)
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]*)""")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")
_DECLARATION = 400


def narrow(data: bytes) -> bytes:
    """Return *data* as if each character were an octet, without mark, comments blanked, each line where it was."""
    plain = data[:MAX_OCTETS].removeprefix(codecs.BOM_UTF8)
    if plain.startswith(_WIDE):
        plain = plain[2 * plain.startswith(_WIDE[:2]) :].replace(b"\0", b"")
    parts: list[bytes] = []
    at = 0
    while (begin := plain.find(b"<!--", at)) >= 0:
        end = plain.find(b"-->", begin + 4)
        stop = len(plain) if end < 0 else end + 3
        parts += (plain[at:begin], b"\n" * plain.count(b"\n", begin, stop))
        at = stop
    return b"".join((*parts, plain[at:]))


def root_of(plain: bytes) -> tuple[str, int] | None:
    """Return the name of the first element of what `narrow` returned, as it is written, with its line."""
    found = _ROOT.search(plain)
    return None if found is None else (found[1].decode("utf-8", "replace"), line_at(plain, found.start()))


def other_root(plain: bytes, local: str, rule: str) -> Problem | None:
    """Return what is wrong with the first element where that is not *local*: *rule*, or that it stands behind a prefix."""
    name, line = root_of(plain) or ("", 1)
    prefix, _, found = name.rpartition(":")
    if found == local:
        return Problem("PREFIXED_NAMES", line, fatal=True) if prefix else None
    return Problem(rule, line, {"element": name}, fatal=True) if name else None


def line_at(data: bytes, offset: int) -> int:
    """Return the number of the line that *offset* is in."""
    return data.count(b"\n", 0, offset) + 1


def check_bytes(data: bytes, plain: bytes) -> Iterator[Problem]:
    """Yield what is wrong with the encoding, and a document type; only the latter is fatal."""
    root = _ROOT.search(plain)
    doctype = _DOCTYPE.search(plain, 0, root.start() if root else len(plain))
    if doctype:
        yield Problem("DTD", line_at(plain, doctype.start()), fatal=True)
    declared = _DECLARED.match(plain[:_DECLARATION])
    word = declared[1].decode("ascii") if declared else ""
    if data.startswith(_WIDE):
        yield Problem("ENCODING_NOT_UTF8", 1, {"encoding": "UTF-16"}, about="encoding")
    elif word.lower() not in ("", *_UTF_8):
        yield Problem("ENCODING_NOT_UTF8", 1, {"encoding": word}, about="encoding")
    elif data.startswith(codecs.BOM_UTF8):
        yield Problem("BYTE_ORDER_MARK", 1, about="encoding")


def broken(error: DocumentError) -> Problem:
    """Return what is to be said of a document that *error* kept from being read."""
    return Problem("XML_BROKEN", error.line or 1, {"reason": str(error.values.get("reason", error))}, fatal=True)


def check_section(
    section: Section, name: str, place: int | None = None, *, values: Iterable[str] = (), quiet: bool = False
) -> Iterator[Problem]:
    """Yield what *section*, the element *name*, has and should not have. *values* are those of its elements in which attributes hurt.

    *quiet* is for sections that are known to have many more elements: there only a misspelt one is told.
    """
    held = dict(_held(section))
    for attribute, _ in section.attributes[:MOST]:
        args: dict[str, str | int] = {"element": name, "attribute": attribute.rpartition("}")[2]}
        yield Problem("ATTRIBUTE_UNKNOWN", section.line, args, place=place, about=f"{name}@")
    if section.text:
        yield Problem("TEXT_STRAY", section.line, {"element": name}, place=place, about=f"{name} text")
    for extra in section.extra[:MOST]:
        local = extra.name.rpartition("}")[2]
        near = nearest(local, held)
        if local in held:
            code = "VALUE_TWICE" if held[local] else "VALUE_IN_PIECES"
            yield Problem(code, extra.line, {"element": local}, place=place, about=local)
        elif near:
            about = local if held[near] else near
            yield Problem("ELEMENT_MISSPELT", extra.line, {"element": local, "parent": name, "near": near}, place=place, about=about)
        elif not quiet:
            yield Problem("ELEMENT_UNKNOWN", extra.line, {"element": local, "parent": name}, place=place, about=local)
    for element in values:
        for one in held[element]:
            if one.attributes:
                yield Problem("VALUE_ATTRIBUTE", one.line, {"element": element}, place=place, about=element)


def subsections(section: Section) -> Iterator[tuple[str, Section]]:
    """Yield every section right in *section*, with the name of its element."""
    for name, found in _held(section):
        yield from ((name, one) for one in found if isinstance(one, Section))


def _held(section: Section) -> Iterator[tuple[str, tuple[Value | Section, ...]]]:
    for name, field in wire.elements(type(section)).items():
        value = getattr(section, field)
        yield name, () if value is None else value if isinstance(value, tuple) else (value,)
