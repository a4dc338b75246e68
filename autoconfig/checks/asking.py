"""Questions to the DNS whose number nobody knows beforehand, and their answers as a value: each once, and never more than so many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from autoconfig.observations import Lookup, LookupStatus, Question, World

MAX_QUESTIONS = 200


@dataclass(frozen=True, slots=True)
class Answers:
    """What the resolver said."""

    lookups: Mapping[Question, Lookup] = field(default_factory=dict)

    def of(self, name: str, type: str) -> Lookup:
        """Return the answer; status UNKNOWN where it was not asked."""
        question = Question.of(name, type)
        return self.lookups.get(question, Lookup(question, LookupStatus.UNKNOWN))

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return the addresses of *name*, of both kinds."""
        return (*self.of(name, "A").values, *self.of(name, "AAAA").values)


class Asking:
    """Asks *world*, and keeps what it said."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lookups: dict[Question, Lookup | None] = {}

    async def of(self, name: str, type: str) -> Lookup:
        """Return the answer; status UNKNOWN beyond the limit."""
        question = Question.of(name, type)
        if question not in self._lookups:
            if len(self._lookups) >= MAX_QUESTIONS:
                return Lookup(question, LookupStatus.UNKNOWN)
            self._lookups[question] = None  # counted while it is on its way
        # The world remembers: who asks again meanwhile waits for the same answer.
        found = self._lookups[question] = await self._world.lookup(question.name, question.type)
        return found

    async def all(self, questions: Iterable[tuple[str, str]]) -> list[Lookup]:
        """Return the answers to all *questions*, asked at once."""
        return list(await asyncio.gather(*(self.of(name, type) for name, type in dict.fromkeys(questions))))

    async def addresses(self, names: Iterable[str]) -> None:
        """Ask for the addresses of *names*."""
        await self.all((name, type) for name in names for type in ("A", "AAAA"))

    @property
    def answers(self) -> Answers:
        """What was answered so far."""
        return Answers({question: lookup for question, lookup in self._lookups.items() if lookup is not None})


def is_decided(lookup: Lookup) -> bool:
    """Tell whether it is known what there is; aliases in a circle decidedly lead to nothing."""
    return lookup.status.known or lookup.status is LookupStatus.LOOP
