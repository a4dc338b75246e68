"""What mail programs do about a document, joined to what is wrong in it anyway: one mistake is one problem, whoever tells it and where.

Two programs speak of one mistake when it is in the same server and about the same element. That a program finds no server at all is no
mistake of its own where a server is there that has one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from autoconfig.catalogue.documents import ON_THE_WAY, RULES
from autoconfig.clients.outcome import Client, Effect, Note, Reading
from autoconfig.lint.problem import MOST, Problem

# What a rule is about, where its arguments do not say.
_ABOUT = {
    "HOSTNAME_MISSING": "hostname",
    "HOST_NOT_A_NAME": "hostname",
    "PORT_MISSING": "port",
    "PORT_INVALID": "port",
    "ENCRYPTION_BY_PORT": "port",
    "USERNAME_MISSING": "username",
    "USERNAME_CHANGED": "username",
    "USERNAME_IGNORED": "username",
    "SOCKET_TYPE_MISSING": "socketType",
    "SOCKET_TYPE_UNKNOWN": "socketType",
    "AUTHENTICATION_MISSING": "authentication",
    "OAUTH2_ONLY": "authentication",
    "SERVER_ATTRIBUTES": "type",
    "SERVER_TYPE_UNKNOWN": "type",
    "SPA_MISSING": "SPA",
    "SSL_UNKNOWN": "SSL",
    "PROTOCOL_TOO_EARLY": "AccountType",
    "ACCOUNT_MISSING": "AccountType",
    "XML_BROKEN": "encoding",
    "ENCODING_NOT_UTF8": "encoding",
    "PROFILE_WITHOUT_MAIL": "content",
}
# Autodiscover's words for the same.
_SAME = {"Server": "hostname", "Port": "port", "LoginName": "username", "Encryption": "socketType", "Type": "type", "Action": "AccountType"}
# That there is no server, and on which side.
_SIDES: Mapping[str, tuple[str, ...]] = {
    "INCOMING_MISSING": ("incomingServer",),
    "IMAP_MISSING": ("incomingServer",),
    "OUTGOING_MISSING": ("outgoingServer",),
    "SERVERS_MISSING": ("incomingServer", "outgoingServer"),
}
_ORDER = "SERVER_FIRST"
# What keeps a program from every server, wherever these are.
_EARLIER = ("encoding", "REDIRECT_URL", "AccountType")
# Said of a document, wherever in it a program says it.
_ONCE = ("USERNAME_IGNORED", "SERVER_AGAIN", "PROTOCOL_TOO_EARLY", _ORDER, *_SIDES)
_WORST = (Effect.MISREADS, Effect.SKIPS, Effect.REJECTS)


def read_all(data: bytes, kind: str, clients: Iterable[Client]) -> dict[str, Reading]:
    """Return what each of *clients* that reads documents of this *kind* makes of it."""
    return {client.name: client.readers[kind](data) for client in clients if kind in client.readers}


def join(own: Sequence[Problem], readings: Mapping[str, Reading], servers: Sequence[tuple[str, int]]) -> list[Problem]:
    """Return *own* problems and those of programs as one list; *servers* are the server elements of the document, with their lines."""
    joined = _Joined(list(own), servers)
    for name, reading in readings.items():
        joined.add(name, reading)
    return joined.result()


class _Joined:
    """The problems so far."""

    def __init__(self, problems: list[Problem], servers: Sequence[tuple[str, int]]) -> None:
        self.problems = problems
        self.count = len(problems)  # those that are not a program's
        self.lines = [line for _, line in servers]
        # A whole document may stand in one line.
        self.at: dict[int, set[str]] = {}
        for name, line in servers:
            self.at.setdefault(line, set()).add(name)

    def add(self, name: str, reading: Reading) -> None:
        """Add what program *name* says."""
        mine: list[int] = []
        later: list[Note] = []
        fatal = next((i for i, problem in enumerate(self.problems[: self.count]) if problem.fatal), None)
        for note in reading.notes[:MOST]:
            if fatal is not None:
                if _follows(note, self.problems[fatal]):
                    self._affect(fatal, name, note.effect)
            elif note.rule == _ORDER or note.rule in _SIDES:
                later.append(note)
            else:
                found = self._find(self._problem(note))
                if found is not None:
                    mine.append(found)
                    self._affect(found, name, note.effect)
        # What follows from another mistake comes after it; that there is none at all follows from the order as well.
        for note in sorted(later, key=lambda note: note.rule != _ORDER):
            mine.append(self._cause(note, mine))
            self._affect(mine[-1], name, note.effect)

    def result(self) -> list[Problem]:
        """Return all of them; what is said in several places but of the whole document stands there once."""
        found: dict[object, Problem] = {}
        for problem in self.problems:
            line = None if problem.code in _ONCE else problem.line
            key = (problem.code, tuple(sorted(problem.args.items())), line)
            first = found.get(key)
            found[key] = problem if first is None else _merged(first, problem)
        return list(found.values())

    def _problem(self, note: Note) -> Problem:
        about = str(note.args.get("element", "")) or _ABOUT.get(note.rule, note.rule)
        if note.rule == "PROFILE_KEY_MISSING":
            about = str(note.args["key"])
        if note.rule in ("SERVER_AGAIN", _ORDER):
            about = f"{note.rule} {note.args.get('protocol')}"
        place = bisect_right(self.lines, note.line) - 1 if note.line is not None else -1
        return Problem(note.rule, note.line, note.args, place=place if place >= 0 else None, about=about)

    def _find(self, problem: Problem) -> int | None:
        """Return the number of the problem that is the same mistake as *problem*, which becomes one itself where there is none."""
        near = [number for number, other in enumerate(self.problems) if _is_near(other, problem)]
        if near:
            # That with the same words before others, and one in the same server before those of whom the program does not say where.
            best = max(near, key=lambda i: (self.problems[i].code == problem.code, self.problems[i].place == problem.place, -i))
            if best >= self.count:
                self.problems[best] = _preferred(self.problems[best], problem)
            return best
        if problem.code in ON_THE_WAY:
            return None
        self.problems.append(problem)
        return len(self.problems) - 1

    def _cause(self, note: Note, mine: Sequence[int]) -> int:
        """Return the number of the problem because of which a program finds no server."""
        sides = (str(note.args["element"]),) if note.rule == _ORDER else _SIDES[note.rule]
        own = list(enumerate(self.problems[: self.count]))
        for number, problem in own:
            if set(sides) & set(_SIDES.get(problem.code, ())) or problem.about in _EARLIER:
                return number
        # What the program itself said of a server of that side, the worst mistake in one, or whatever the program said.
        there = [number for number in mine if self._side(number) & {*sides, "Protocol"}]
        worst = sorted((number for number, _ in own if self._side(number) & {*sides, "Protocol"}), key=self._rank, reverse=True)
        causes = worst if note.rule == _ORDER else [*there, *worst, *mine]
        if causes:
            return causes[0]
        problem = self._problem(note)
        for number, other in enumerate(self.problems):
            if other.code == problem.code and other.args == problem.args:
                return number
        self.problems.append(problem)
        return len(self.problems) - 1

    def _side(self, number: int) -> set[str]:
        place = self.problems[number].place
        return set() if place is None else self.at[self.lines[place]]

    def _rank(self, number: int) -> int:
        return self.problems[number].severity.rank

    def _affect(self, number: int, name: str, effect: Effect) -> None:
        problem = self.problems[number]
        worst = max(effect, problem.effects.get(name, effect), key=_WORST.index)
        self.problems[number] = replace(problem, effects={**problem.effects, name: worst})


def _follows(note: Note, fatal: Problem) -> bool:
    """Tell whether a program says *note* because of *fatal*; a document type is what some read over, to mind something else."""
    return note.rule not in ON_THE_WAY and (fatal.code != "DTD" or _ABOUT.get(note.rule) == "encoding")


def _is_near(one: Problem, other: Problem) -> bool:
    """Tell whether the two are about the same element of a server, or say the same of the whole document."""
    if one.place is not None and other.place is not None and one.place != other.place:
        return False
    return _SAME.get(one.about, one.about) == _SAME.get(other.about, other.about) or (one.code == other.code and not one.about)


def _preferred(one: Problem, other: Problem) -> Problem:
    """Return the worse of two ways to tell a mistake, with the line that is nearer to it: values are further down than their server."""
    best = other if RULES[other.code].severity.rank > RULES[one.code].severity.rank else one
    line = max((problem.line for problem in (one, other) if problem.line is not None), default=None)
    return replace(best, line=line, effects=one.effects, place=one.place if one.place is not None else other.place)


def _merged(first: Problem, other: Problem) -> Problem:
    effects = dict(first.effects)
    for name, effect in other.effects.items():
        effects[name] = max(effect, effects.get(name, effect), key=_WORST.index)
    return replace(first, effects=effects)
