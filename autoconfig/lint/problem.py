"""What is wrong in a document: plain data, with codes of `catalogue.documents` for texts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from autoconfig.catalogue.documents import RULES
from autoconfig.clients.outcome import Effect
from autoconfig.findings import Severity

MOST = 100  # mistakes that are told of one kind: of one section, by one program; who makes more has other worries
_ALIKE = 0.75  # of two words that are meant to be one


class Kind(StrEnum):
    """What a document is; the words of `Client.readers`, and of the report."""

    MOZILLA = "mozilla"
    OUTLOOK = "outlook"
    APPLE = "apple"
    PACC = "pacc"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: *code* is a rule with its *args*, *line* is 1-based, *effects* tells what each program, by its name, does about it.

    *place* is the server that it is in, by its number, and *about* the element: what two programs say about one element is one mistake.
    A *fatal* one is such that there is nothing else to say about the document.
    """

    code: str
    line: int | None = None
    args: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    effects: Mapping[str, Effect] = field(default_factory=dict, hash=False)
    place: int | None = None
    about: str = ""
    fatal: bool = False

    @property
    def severity(self) -> Severity:
        """The rule's; where a program rejects the whole document because of it, at least a warning."""
        severity = RULES[self.code].severity
        return Severity.WARNING if severity is Severity.NOTICE and Effect.REJECTS in self.effects.values() else severity


@dataclass(frozen=True, slots=True)
class Lint:
    """What a document is, and what is wrong in it, in the order of its lines."""

    kind: Kind
    problems: tuple[Problem, ...] = ()

    @property
    def status(self) -> Severity | None:
        """The worst severity, None where nothing is wrong."""
        return max((problem.severity for problem in self.problems), key=lambda severity: severity.rank, default=None)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return which of the *known* words *word* seems to stand for, "" where none is near."""
    alike = {one.lower(): one for one in known}
    if word.lower() in alike:
        return alike[word.lower()]
    # The same parts in another order, as displayNameShort for displayShortName.
    parts = {"".join(sorted(one)): one for one in alike}
    if found := parts.get("".join(sorted(word.lower()))):
        return alike[found]
    near = difflib.get_close_matches(word.lower()[:100], alike, n=1, cutoff=_ALIKE)
    return alike[near[0]] if near else ""
