"""The grammar of an XML format as dataclasses, and the one reader and writer that follow it.

    hostname: Annotated[Value | None, "hostname"] = None                    the first <hostname>, text
    incoming: Annotated[tuple[Server, ...], "incomingServer"] = ()          every <incomingServer>, in the order of the file
    type: Annotated[str | None, "type"] = None                              an attribute

A wire type says what the file says. What none of its fields can hold (an unknown element, a second one where one is meant, a child where
text is expected) stays in `extra`, unknown attributes in `attributes`, so that nothing is lost. Repeated elements keep their order;
that of different elements becomes the order of the fields. A format's own file holds its types and nothing of how they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from autoconfig.formats.xml import BLANK, Attributes, Element


@dataclass(frozen=True, slots=True)
class Value:
    """An element of text alone, as it stands in the file."""

    text: str = ""
    attributes: Attributes = ()
    line: int | None = field(default=None, compare=False)

    def get(self, attribute: str) -> str | None:
        """Return the value of *attribute*, None where it is missing."""
        return dict(self.attributes).get(attribute)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """An element of elements, with what its fields cannot hold: further attributes, elements, and text between them."""

    attributes: Attributes = ()
    extra: tuple[Element, ...] = ()
    text: str = ""
    line: int | None = field(default=None, compare=False)


S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class _Child:
    """What the grammar says of an element: the field that holds it, as what, and whether it may be repeated."""

    field: str
    kind: type[Value | Section]
    repeated: bool


def read(kind: type[S], element: Element, namespace: str = "") -> S:
    """Return *element* as a *kind*; its fields' elements are those of *namespace*, "" or "{...}"."""
    attribute_fields, grammar = _grammar(kind)  # type: ignore[arg-type]  # a class is hashable, mypy asks its instances
    found: dict[str, Any] = {child.field: [] for child in grammar.values() if child.repeated}
    found |= {attribute_fields[name]: value for name, value in element.attributes if name in attribute_fields}
    extra: list[Element] = []
    for each in element.elements:
        child = grammar.get(each.name.removeprefix(namespace)) if each.name.startswith(namespace) else None
        value = None if child is None else _read_child(child.kind, each, namespace)
        if child is None or value is None or (child.field in found and not child.repeated):
            extra.append(each)
        elif child.repeated:
            found[child.field].append(value)
        else:
            found[child.field] = value
    found = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    attributes = tuple((name, value) for name, value in element.attributes if name not in attribute_fields)
    # Only text that is more than layout, and without the layout around it.
    text = " ".join(part.strip(BLANK) for part in element.content if isinstance(part, str) and part.strip(BLANK))
    return kind(attributes=attributes, extra=tuple(extra), text=text, line=element.line, **found)


def write(wire: Value | Section, name: str, namespace: str = "") -> Element:
    """Return *wire* as the element *name* of *namespace*, "" or "{...}"."""
    text = (wire.text,) if wire.text else ()
    if isinstance(wire, Value):
        return Element(namespace + name, wire.attributes, text)
    attribute_fields, grammar = _grammar(type(wire))  # type: ignore[arg-type]  # as above
    attributes = ((known, getattr(wire, owner)) for known, owner in attribute_fields.items())
    children: list[Element] = []
    for child_name, child in grammar.items():
        value = getattr(wire, child.field)
        values = value if child.repeated else () if value is None else (value,)
        children += (write(each, child_name, namespace) for each in values)
    return Element(
        namespace + name,
        (*((known, value) for known, value in attributes if value is not None), *wire.attributes),
        (*text, *children, *wire.extra),
    )


def elements(kind: type[Section]) -> dict[str, str]:
    """Return the names of the elements that a *kind* may have, each with the field that holds it."""
    return {name: child.field for name, child in _grammar(kind)[1].items()}  # type: ignore[arg-type]  # as above


def _read_child(kind: type[Value | Section], element: Element, namespace: str) -> Value | Section | None:
    if issubclass(kind, Section):
        return read(kind, element, namespace)
    return None if element.elements else Value(element.text, element.attributes, element.line)


@cache
def _grammar(kind: type[Section]) -> tuple[dict[str, str], dict[str, _Child]]:
    """Return *kind*'s attributes (name to field) and elements, from the annotations of its fields."""
    attributes: dict[str, str] = {}
    children: dict[str, _Child] = {}
    for owner, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is not Annotated:
            continue
        said, name = get_args(hint)
        held = get_args(said)[0]  # of "X | None" and of "tuple[X, ...]"
        if held is str:
            attributes[name] = owner
        else:
            children[name] = _Child(owner, held, repeated=get_origin(said) is tuple)
    return attributes, children
