"""Hypothesis strategies for everything that a world can answer, made from the annotations of the observations."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.network.facts import Answers, Facts
from autoconfig.observations import Connection, Lookup, Response
from tests.strategies import domains

_texts = st.text(st.characters(), max_size=8)  # half surrogate pairs too
_SIMPLE: dict[object, st.SearchStrategy[Any]] = {
    str: _texts,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bytes: st.binary(max_size=8),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Domain: domains(),
    type(None): st.none(),
}


@cache
def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of *kind*: a dataclass, an enum, a tuple, a union, or a plain type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if get_origin(kind) is tuple:
        first, *rest = get_args(kind)
        return st.lists(of(first), max_size=3).map(tuple) if rest == [Ellipsis] else st.tuples(*map(of, (first, *rest)))
    if get_args(kind):
        return st.one_of(*map(of, get_args(kind)))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: of(hints[field.name]) for field in fields(kind)})
    assert issubclass(kind, Enum)
    return st.sampled_from(kind)


@cache
def facts() -> st.SearchStrategy[Facts]:
    """Facts with a few answers of each kind, each question once."""
    answers = st.builds(
        Answers,
        st.lists(of(Lookup), max_size=3, unique_by=lambda found: found.question).map(tuple),
        st.lists(of(Connection), max_size=2, unique_by=lambda found: found.endpoint).map(tuple),
        st.lists(of(Response), max_size=2, unique_by=lambda found: found.request).map(tuple),
    )
    return st.builds(Facts, _texts, of(datetime), answers, st.dictionaries(_texts, of(tuple[str, ...]), max_size=2))
