"""Frozen data to JSON and back, by its annotations alone: dataclasses, enums, tuples, names, times, bytes. Knows no observation.

What has its default is left out. Reading is strict, since a file is from outside: what does not fit is one DocumentError that says where.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from autoconfig.address import Domain
from autoconfig.errors import N_, AddressError, DocumentError

T = TypeVar("T")
JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]


def encode(value: object) -> JSON:
    """Return *value* for JSON; raises TypeError for what is not such data."""
    match value:
        case Enum():
            return cast("str", value.value)
        case None | bool() | int() | float() | str():
            return value
        case Domain():
            return value.ascii
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case tuple():
            return [encode(item) for item in value]
        case Mapping():
            return {str(name): encode(item) for name, item in value.items()}
    if not is_dataclass(value):
        raise TypeError(type(value).__name__)
    found = {field.name: (_default(field), getattr(value, field.name)) for field in fields(value)}
    return {name: encode(item) for name, (default, item) in found.items() if default is MISSING or item != default}


def decode(kind: type[T], data: object, place: str = "") -> T:
    """Return *data*, from JSON, as a *kind*; *place* is where it stands. Raises DocumentError."""
    return cast("T", _decode(kind, data, place))


def _decode(kind: Any, data: object, place: str) -> object:  # noqa: ANN401  # annotations have no type of their own
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (other,) = (argument for argument in arguments if argument is not type(None))
        return None if data is None else _decode(other, data, place)
    if origin is tuple:
        return _tuple(arguments, data, place)
    if origin is not None and issubclass(origin, Mapping):
        return {name: _decode(arguments[1], item, f"{place}.{name}") for name, item in _expect(dict, data, place).items()}
    if kind is float:
        return float(_expect(int, data, place)) if type(data) is int else _expect(float, data, place)
    if kind is object:
        return data
    if kind in (bool, int, str):
        return _expect(kind, data, place)
    if is_dataclass(kind) and kind is not Domain:
        return _dataclass(cast("type", kind), data, place)
    text = _expect(str, data, place)
    try:
        if kind is bytes:
            return base64.b64decode(text, validate=True)
        if kind is datetime:
            return _time(text)
        return Domain.parse(text) if kind is Domain else kind(text)
    except (ValueError, binascii.Error, AddressError):
        _wrong(place, _NAMES.get(kind, kind.__name__), text)


def _tuple(arguments: tuple[Any, ...], data: object, place: str) -> tuple[object, ...]:
    items = _expect(list, data, place)
    kinds = (arguments[0],) * len(items) if arguments[-1] is Ellipsis else arguments
    if len(kinds) != len(items):
        _wrong(place, f"a list of {len(kinds)}", f"{len(items)}")
    return tuple(_decode(kind, item, f"{place}[{i}]") for i, (kind, item) in enumerate(zip(kinds, items, strict=True)))


def _dataclass(kind: type, data: object, place: str) -> object:
    values = _expect(dict, data, place)
    kinds = _hints(kind)
    for name in values:
        if name not in kinds:
            raise DocumentError(N_("%(place)s: %(name)s is not known here"), place=place or "/", name=name)
    for field in fields(kind):
        if field.name not in values and _default(field) is MISSING:
            raise DocumentError(N_("%(place)s: %(name)s is missing"), place=place or "/", name=field.name)
    return kind(**{name: _decode(kinds[name], item, f"{place}.{name}".lstrip(".")) for name, item in values.items()})


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError
    return time


def _expect(kind: type[T], data: object, place: str) -> T:
    if type(data) is not kind:  # a bool is an int to Python, but not to us
        _wrong(place, _NAMES.get(kind, kind.__name__), data)
    return data


_NAMES: Mapping[Any, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    bytes: "base64",
    datetime: "a time with its zone",
    Domain: "a domain name",
}


def _wrong(place: str, expected: str, found: object) -> NoReturn:
    raise DocumentError(N_("%(place)s should be %(expected)s, but is %(found)s"), place=place or "/", expected=expected, found=found)
