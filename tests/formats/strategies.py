"""Hypothesis strategies for elements and for the wire types of any XML format, drawn from the types' own annotations."""

from __future__ import annotations

from functools import cache
from typing import Annotated, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from autoconfig.formats.wire import Section, Value
from autoconfig.formats.xml import BLANK, Attributes, Element

# XML 1.0, 2.2, Char, and those that a parser would change if they were not escaped.
_CHARS = st.one_of(
    st.sampled_from("\t\n\r<>&'\"]-%\x7f\x85\xa0\u2028\ufffd"),
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
)
# None of which is an element or attribute of a format of ours.
_NAMES = st.sampled_from(("x", "x-y", "ö", "{urn:x}hostname", "{urn:y}port"))
_ATTRIBUTE_NAMES = st.sampled_from(("x", "x-lang", "{urn:x}type", "{http://www.w3.org/XML/1998/namespace}lang"))


@cache
def texts(min_size: int = 0) -> st.SearchStrategy[str]:
    """Whatever XML can carry."""
    return st.text(_CHARS, min_size=min_size, max_size=8)


@cache
def stray_texts() -> st.SearchStrategy[str]:
    """Text between elements as a wire type keeps it: none, or one without layout around it."""
    return texts().map(lambda text: text.strip(BLANK))


@cache
def attributes() -> st.SearchStrategy[Attributes]:
    return st.dictionaries(_ATTRIBUTE_NAMES, texts(), max_size=2).map(lambda found: tuple(found.items()))


@cache
def elements() -> st.SearchStrategy[Element]:
    """Trees as the parser would hand them out: no empty text, no two texts in a row, no blank text alone beside elements."""
    leaves = st.builds(Element, _NAMES, attributes(), texts().map(lambda text: (text,) if text else ()))
    return st.recursive(leaves, _inner, max_leaves=4)


def _inner(children: st.SearchStrategy[Element]) -> st.SearchStrategy[Element]:
    only_elements = st.lists(children, min_size=1, max_size=3).map(tuple)
    mixed = st.builds(lambda text, child, tail: (text + ".", child, *tail), texts(), children, st.lists(texts(1), max_size=1))
    return st.builds(Element, _NAMES, attributes(), st.one_of(only_elements, mixed))


@cache
def values() -> st.SearchStrategy[Value]:
    return st.builds(Value, texts(), attributes())


@cache
def sections(kind: type[Section]) -> st.SearchStrategy[Section]:
    """Any *kind*, each of its fields filled or not."""
    known = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is Annotated:
            said = get_args(hint)[0]
            held = get_args(said)[0]
            one = texts() if held is str else values() if held is Value else sections(held)
            known[name] = st.lists(one, max_size=2).map(tuple) if get_origin(said) is tuple else st.one_of(st.none(), one)
    extra = st.lists(elements(), max_size=1).map(tuple)
    return st.builds(kind, attributes=attributes(), extra=extra, text=st.one_of(st.just(""), stray_texts()), **known)
