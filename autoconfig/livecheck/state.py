"""What a run has come to, as data and as the content of its file. Says nothing to anybody, and knows neither check nor web.

A file that is not one of ours, for whatever reason, is no state: the visitor begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from autoconfig.findings import Group, Owner
from autoconfig.model import Protocol, TLSMode

MAX_OCTETS = 512 * 1024  # of a file
MAX_TEXT = 1000  # characters of a sentence or a record
MAX_ITEMS = 10  # findings that are told, and records of each
MAX_WAYS = len(Protocol)

T = TypeVar("T")


class Outcome(StrEnum):
    """How a run ended. FAILED is about ourselves and says nothing of the domain."""

    WELL = "well"
    CARE = "care"  # the settings work, something beside them does not
    PARTLY = "partly"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    FAILED = "failed"


class Health(StrEnum):
    """What is known of a server."""

    WORKS = "works"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Instead:
    """Another port of the same server that works."""

    port: int
    tls: TLSMode


@dataclass(frozen=True, slots=True)
class Side:
    """One server of an account at the port that the guide names first."""

    host: str
    port: int
    health: Health
    instead: Instead | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One account."""

    protocol: Protocol
    incoming: Side
    outgoing: Side

    @property
    def health(self) -> Health:
        """What is known of both servers together."""
        both = {self.incoming.health, self.outgoing.health}
        return next(health for health in (Health.BROKEN, Health.UNKNOWN, Health.WORKS) if health in both)


@dataclass(frozen=True, slots=True)
class Said:
    """A finding in one language."""

    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Item:
    """A finding that a customer is told. *where* is for support; *is_open* is what could not be found out."""

    code: str
    owner: Owner
    where: str
    said: Mapping[str, Said]
    records: tuple[str, ...] = ()
    is_open: bool = False
    about_certificate: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer is told. *minor* counts what is the mail host's to see to and stops nobody."""

    outcome: Outcome
    ways: tuple[Way, ...] = ()
    items: tuple[Item, ...] = ()
    minor: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """A run: *steps* are what has begun, and whether it has ended; *began* and *ended* are seconds since 1970."""

    run: str
    domain: str
    began: float
    steps: Mapping[Group, bool]
    ended: float | None = None
    answer: Answer | None = None


# --- the file ----------------------------------------------------------------------------------------------------------------------


def write(state: State) -> bytes:
    """Return *state* as the content of a file."""
    return json.dumps(
        {
            "run": state.run,
            "domain": state.domain,
            "began": state.began,
            "steps": dict(state.steps),
            "ended": state.ended,
            "answer": None if state.answer is None else _from_answer(state.answer),
        },
        ensure_ascii=True,
    ).encode()


def read(content: bytes) -> State | None:
    """Return the state that *content* is, None where it is none."""
    if len(content) > MAX_OCTETS:
        return None
    try:
        data = json.loads(content)
        return State(
            run=_text(data["run"]),
            domain=_text(data["domain"]),
            began=_seconds(data["began"]),
            steps={Group(group): _flag(ended) for group, ended in data["steps"].items()},
            ended=_maybe(_seconds, data["ended"]),
            answer=_maybe(_answer, data["answer"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _from_answer(answer: Answer) -> dict[str, Any]:
    return {
        "outcome": answer.outcome,
        "ways": [{"protocol": way.protocol, "in": _from_side(way.incoming), "out": _from_side(way.outgoing)} for way in answer.ways],
        "items": [
            {
                "code": item.code,
                "owner": item.owner,
                "where": item.where,
                "said": {language: [said.message, said.fix] for language, said in item.said.items()},
                "records": item.records,
                "open": item.is_open,
                "certificate": item.about_certificate,
            }
            for item in answer.items
        ],
        "minor": answer.minor,
    }


def _from_side(side: Side) -> dict[str, Any]:
    instead = None if side.instead is None else [side.instead.port, side.instead.tls]
    return {"host": side.host, "port": side.port, "health": side.health, "instead": instead}


def _answer(data: dict[str, Any]) -> Answer:
    return Answer(
        Outcome(data["outcome"]),
        tuple(Way(Protocol(way["protocol"]), _side(way["in"]), _side(way["out"])) for way in _few(data["ways"], MAX_WAYS)),
        tuple(map(_item, _few(data["items"], MAX_ITEMS))),
        _number(data["minor"]),
    )


def _side(data: dict[str, Any]) -> Side:
    return Side(_text(data["host"]), _number(data["port"]), Health(data["health"]), _maybe(_instead, data["instead"]))


def _instead(data: list[Any]) -> Instead:
    port, tls = data
    return Instead(_number(port), TLSMode(tls))


def _item(data: dict[str, Any]) -> Item:
    said = {_text(language): Said(_text(message), _text(fix)) for language, (message, fix) in data["said"].items()}
    if not said:
        raise ValueError
    return Item(
        _text(data["code"]),
        Owner(data["owner"]),
        _text(data["where"]),
        said,
        tuple(map(_text, _few(data["records"], MAX_ITEMS))),
        _flag(data["open"]),
        _flag(data["certificate"]),
    )


def _maybe(parse: Callable[[Any], T], data: object) -> T | None:
    return None if data is None else parse(data)


def _few(data: object, most: int) -> list[Any]:
    if not isinstance(data, list) or len(data) > most:
        raise ValueError
    return data


def _text(data: object) -> str:
    if not isinstance(data, str) or len(data) > MAX_TEXT:
        raise ValueError
    data.encode()  # half of a surrogate pair could not be sent to anybody
    return data


def _number(data: object) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not 0 <= data <= 0xFFFF:
        raise ValueError
    return data


def _seconds(data: object) -> float:
    if not isinstance(data, int | float) or isinstance(data, bool) or not 0 <= data <= 1e11:
        raise ValueError
    return float(data)


def _flag(data: object) -> bool:
    if not isinstance(data, bool):
        raise ValueError
    return data
