"""Whether a search can be told at all: where its end depends on an answer that nobody has, the end is unknown, not a guess.

An answer is missing where the time was up or saved facts do not say, and then the program in front of us would have gone another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from autoconfig.clients.outcome import Outcome, Result
from autoconfig.observations import TCP, Connection, Endpoint, HTTPFailure, Lookup, LookupStatus, Question, Request, Response, World


@dataclass
class _Asked:
    """A question: *name* as an outcome's `via` has it, and *what* it is for people."""

    name: str
    what: str
    is_unknown: bool = False


class Heard:
    """Another world, of which is remembered what was asked, in that order, and what had no answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: list[_Asked] = []

    @property
    def now(self) -> datetime:
        """When the asking began."""
        return self._world.now

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Ask the DNS."""
        question = Question.of(name, type, server)
        asked = self._note(question.name, f"DNS {question.type} {question.name}")
        found = await self._world.lookup(name, type, server)
        asked.is_unknown = found.status is LookupStatus.UNKNOWN
        return found

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Connect and talk as far as one can without login."""
        asked = self._note("", f"CONNECT {endpoint.host.ascii}:{endpoint.port}")
        found = await self._world.probe(endpoint)
        asked.is_unknown = found.tcp is TCP.UNKNOWN
        return found

    async def fetch(self, request: Request) -> Response:
        """Send one HTTP request."""
        asked = self._note(request.url, f"{request.method} {request.url}")
        found = await self._world.fetch(request)
        # With a reason why it cannot be asked, it is no answer to the program either.
        asked.is_unknown = found.failure is HTTPFailure.UNKNOWN and not found.detail
        return found

    def _note(self, name: str, what: str) -> _Asked:
        self._asked.append(_Asked(name, what))
        return self._asked[-1]

    def certain(self, outcome: Outcome) -> Outcome:
        """Return *outcome*, which a search in this world had, or an unknown one where it depends on an answer that is not there."""
        for asked in self._asked:
            if asked.name and asked.name == outcome.via:
                break  # programs ask first where they would rather be answered, so that the rest does not count
            if asked.is_unknown:
                return Outcome(Result.UNKNOWN, steps=outcome.steps, why="ANSWER_UNKNOWN", args={"what": asked.what})
        return outcome
