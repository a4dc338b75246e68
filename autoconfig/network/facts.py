"""Saved facts: all that a world answered, in one file, and the world that gives the same answers again without a network.

The file is JSON, schema autoconfig.facts/1, in one order whatever order was asked in, so that two can be compared by eye.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from autoconfig.errors import N_, AutoconfigError, DocumentError, UsageError
from autoconfig.network import codec
from autoconfig.observations import TCP, Connection, Endpoint, HTTPFailure, Lookup, LookupStatus, Question, Request, Response

SCHEMA = "autoconfig.facts/1"
_MAX_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class Answers:
    """All that a world has answered so far."""

    lookups: tuple[Lookup, ...] = ()
    connections: tuple[Connection, ...] = ()
    responses: tuple[Response, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is saved of a run: the *answers*, with what is needed to judge them again. *options* are the asker's own, by name."""

    target: str
    now: datetime
    answers: Answers
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Recorded:
    """The world of saved facts: what they do not say is unknown."""

    def __init__(self, facts: Facts) -> None:
        self._now = facts.now
        self._lookups = {lookup.question: lookup for lookup in facts.answers.lookups}
        self._connections = {connection.endpoint: connection for connection in facts.answers.connections}
        self._responses = {response.request: response for response in facts.answers.responses}

    @property
    def now(self) -> datetime:
        """When the asking began."""
        return self._now

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Return what the DNS said."""
        question = Question.of(name, type, server)
        return self._lookups.get(question) or Lookup(question, LookupStatus.UNKNOWN)

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Return the conversation with *endpoint*."""
        return self._connections.get(endpoint) or Connection(endpoint, TCP.UNKNOWN)

    async def fetch(self, request: Request) -> Response:
        """Return the answer to *request*."""
        return self._responses.get(request) or Response(request, failure=HTTPFailure.UNKNOWN)


def write(facts: Facts) -> bytes:
    """Return *facts* as a file."""
    data = {"schema": SCHEMA, **_ordered(facts)}
    # A text from outside may hold half a surrogate pair: "backslashreplace" writes it just as JSON does.
    return (json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")


def read(content: bytes) -> Facts:
    """Return the facts in a file's *content*; raises DocumentError, which says what is wrong where."""
    try:
        data = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise DocumentError(N_("this is not JSON"), line=line) from None
    schema = data.pop("schema", None) if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise DocumentError(N_("the schema is not %(schema)s"), schema=SCHEMA)
    return codec.decode(Facts, data)


def save(path: Path, facts: Facts) -> None:
    """Write *facts* to *path*, whole or not at all, readable by its owner alone; raises UsageError where that cannot be."""
    path = path.resolve()  # the file that a link leads to is written, the link stays
    temporary = None
    try:
        if path.exists() and not path.is_file():
            raise UsageError(N_("%(file)s is not a file"), file=path)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:  # made with mode 0600
            temporary = file.name
            file.write(write(facts))
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise UsageError(N_("%(file)s cannot be written: %(reason)s"), file=path, reason=error.strerror) from None


def load(path: Path) -> Facts:
    """Return the facts in *path*; raises UsageError where there is no such file, DocumentError where it holds something else."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(N_("%(file)s cannot be read: %(reason)s"), file=path, reason=error.strerror) from None
    try:
        if len(content) > _MAX_BYTES:
            raise DocumentError(N_("the file is too big"))
        return read(content)
    except AutoconfigError as error:
        raise DocumentError(N_("%(file)s does not hold saved answers: %(reason)s"), file=path, reason=error) from None


def _ordered(facts: Facts) -> dict[str, codec.JSON]:
    answers = Answers(
        tuple(sorted(facts.answers.lookups, key=lambda found: (found.question.name, found.question.type, found.question.server or ""))),
        tuple(sorted(facts.answers.connections, key=lambda found: _place(found.endpoint))),
        tuple(sorted(facts.answers.responses, key=lambda found: _sent(found.request))),
    )
    data = codec.encode(Facts(facts.target, facts.now, answers, dict(sorted(facts.options.items()))))
    assert isinstance(data, dict)  # noqa: S101  # a dataclass always becomes an object
    return data


def _place(endpoint: Endpoint) -> tuple[str, str, int, str]:
    return endpoint.host.ascii, endpoint.service.value, endpoint.port, endpoint.ip


def _sent(request: Request) -> tuple[str, str, tuple[tuple[str, str], ...], bytes]:
    return request.url, request.method, request.headers, request.body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
