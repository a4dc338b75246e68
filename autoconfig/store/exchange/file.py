"""What all formats have in common: a settings file is a row of entries, each of which is good, or has mistakes with their places.

A format finds the entries one by one (`gather` takes them), so that no file is held twice, and nonsense ends at its thousandth mistake.
Pure: no database, no file system. What needs the store to be judged (`check` with what it has) is judged in the store's transaction; a
`SettingsFile` remembers its places until then.
"""

from __future__ import annotations

import codecs
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from typing import NamedTuple

from autoconfig.address import Domain
from autoconfig.errors import N_, AddressError, AutoconfigError, Problem, SettingsError
from autoconfig.model import DomainSettings, ModelError, Provider, Settings
from autoconfig.store.check import Known, Origin, check, duplicates
from autoconfig.store.codec import domain_from_data, domain_to_data, provider_from_data, provider_to_data
from autoconfig.store.places import Path
from autoconfig.store.values import Mistake

MAX_BYTES = 160 * 1024 * 1024  # two million domains, each with a note
MAX_ENTRIES = 2_000_000
MAX_MISTAKES = 1000

ROOMS = ("provider", "domain")

# What stands before a text in UTF-8, and what only UTF-16 begins with.
BOM = codecs.BOM_UTF8
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_TOLD_AFTER = 1000  # entries


class Stage(StrEnum):
    """What an import is about."""

    READING = "reading"
    WRITING = "writing"


# (stage, how far: bytes read or domains written, of how many)
Progress = Callable[[Stage, int, int], None]


def silent(stage: Stage, done: int, total: int) -> None:
    """Tell nobody."""


class Entry(NamedTuple):
    """A provider or a domain as plain data; *mistakes* are what the format itself found in it, by their paths within the entry."""

    room: str
    data: object
    mistakes: tuple[Mistake, ...] = ()


class Unreadable(NamedTuple):
    """A stretch of the file, at *line*, that is not of its format: what it says stays unknown."""

    line: int
    error: AutoconfigError


Found = Entry | Mistake | Unreadable


class Places:
    """Knows where things stand in a file. A path that begins with "line" has its line in it."""

    def place(self, path: Path) -> int | str:
        """Return the line of *path* or of the nearest thing around it, or its name where the format has no lines."""
        return path[1] if path[:1] == ("line",) else ""

    def order(self, path: Path) -> tuple[int, ...]:
        """Return a key by which mistakes are in the order of the file."""
        place = self.place(path)
        return (place if isinstance(place, int) else 0,)

    def problem(self, mistake: Mistake) -> Problem:
        """Return *mistake* with its place, in the words of the format."""
        return Problem(self.place(mistake.path), mistake.error)

    def problems(self, mistakes: Iterable[Mistake]) -> list[Problem]:
        """Return *mistakes* with their places, in the order of the file."""
        return [self.problem(mistake) for mistake in sorted(mistakes, key=lambda mistake: self.order(mistake.path))]


@dataclass(frozen=True, slots=True, eq=False)
class SettingsFile(Settings):
    """The settings of a file, as far as they could be read: the mistakes so far, and the way back to their places.

    With *lists_only* the file says of a domain that it is there, at *origin*'s default provider, and leaves the rest as it is.
    """

    mistakes: tuple[Mistake, ...] = ()
    origin: Origin = field(default_factory=lambda: Origin((), ()))
    places: Places = field(default_factory=Places)
    lists_only: bool = False

    def __eq__(self, other: object) -> bool:
        """Settings are equal whatever file they come from."""
        return isinstance(other, Settings) and (self.providers, self.domains) == (other.providers, other.domains)

    __hash__ = Settings.__hash__


# --- reading -----------------------------------------------------------------------------------------------------------------------


def gather(
    found: Iterable[Found],
    places: Places,
    default_provider: str | None = None,
    *,
    provider_missing: Mistake | None = None,
    lists_only: bool = False,
) -> SettingsFile:
    """Read the entries that a format *found*.

    A format that never names providers gives the one mistake that it is when there is no *default_provider* either, *provider_missing*.
    Raises SettingsError for what cannot even be judged: a stretch that is not of the format, or too many mistakes.
    """
    gathered = _Gathered(places, default_provider, provider_missing)
    for item in found:
        gathered.take(item)
        if len(gathered.mistakes) > MAX_MISTAKES:
            break
    if gathered.is_broken or len(gathered.mistakes) > MAX_MISTAKES:
        raise_mistakes(SettingsFile(places=places), gathered.mistakes)
    return gathered.file(lists_only=lists_only)


class _Gathered:
    def __init__(self, places: Places, default_provider: str | None, provider_missing: Mistake | None) -> None:
        self.mistakes: list[Mistake] = []
        self.is_broken = False
        self._places = places
        self._default = default_provider
        self._provider_missing = provider_missing if default_provider is None else None
        self._counts = dict.fromkeys(ROOMS, 0)
        self._first: dict[str, dict[str, int]] = {room: {} for room in ROOMS}  # id or A-labels -> where it stands first
        self._providers: list[Provider] = []
        self._domains: list[DomainSettings] = []
        self._positions = {room: array("Q") for room in ROOMS}
        self._unread: dict[str, set[str]] = {room: set() for room in ROOMS}
        self._providers_of_unread: list[tuple[int, str]] = []

    def take(self, item: Found) -> None:
        if isinstance(item, Entry):
            self._entry(item)
        elif isinstance(item, Unreadable):
            self.mistakes.append(Mistake(("line", item.line), item.error))
            self.is_broken = True
        else:
            self.mistakes.append(item)

    def _entry(self, entry: Entry) -> None:
        room, i = entry.room, self._counts[entry.room]
        self._counts[room] += 1
        if i == MAX_ENTRIES:
            error = ModelError(N_("the file has more than %(count)d entries; import it in parts"), count=MAX_ENTRIES)
            raise SettingsError([*self._places.problems(self.mistakes), self._places.problem(Mistake((room, i), error))])
        before = len(self.mistakes)
        self.mistakes += (Mistake((room, i, *mistake.path), mistake.error) for mistake in entry.mistakes)
        name = self._provider(entry, i, before) if room == "provider" else self._domain(entry, i, before)
        if name is not None and (first := self._first[room].setdefault(name, i)) != i:
            self._note_twice(room, i, first, _text(entry.data, "id" if room == "provider" else "name") or "")

    def _provider(self, entry: Entry, i: int, before: int) -> str | None:
        provider = provider_from_data(entry.data, ("provider", i), self.mistakes)
        if provider is not None and len(self.mistakes) == before:
            self._providers.append(provider)
            self._positions["provider"].append(i)
            return provider.id
        id = _text(entry.data, "id")
        if id is not None:
            self._unread["provider"].add(id)
        return id

    def _domain(self, entry: Entry, i: int, before: int) -> str | None:
        default = self._default
        if self._provider_missing is not None:
            default = ""  # told once, not for every domain
            if isinstance(entry.data, dict) and not {"provider", "alias_of"} & entry.data.keys() and "" not in self._unread["provider"]:
                self._unread["provider"].add("")
                self.mistakes.insert(before, self._provider_missing)
                before += 1
        settings = domain_from_data(entry.data, ("domain", i), self.mistakes, default)
        if settings is not None and len(self.mistakes) == before:
            self._domains.append(settings)
            self._positions["domain"].append(i)
            return settings.domain.ascii
        if (provider := _text(entry.data, "provider")) is not None:
            self._providers_of_unread.append((i, provider))
        name = _ascii(_text(entry.data, "name"))
        if name is not None:
            self._unread["domain"].add(name)
        return name

    def _note_twice(self, room: str, i: int, first: int, name: str) -> None:
        key = "id" if room == "provider" else "name"
        place = self._places.place((room, first, key))
        if isinstance(place, int):
            on_line = N_("the provider %(id)s stands on line %(line)d already"), N_("%(domain)s stands on line %(line)d already")
            error = ModelError(on_line[ROOMS.index(room)], id=name, domain=name, line=place)
        else:
            at_path = N_("the provider %(id)s stands at %(place)s already"), N_("%(domain)s stands at %(place)s already")
            error = ModelError(at_path[ROOMS.index(room)], id=name, domain=name, place=place)
        self.mistakes.append(Mistake((room, i, key), error))

    def file(self, *, lists_only: bool) -> SettingsFile:
        origin = Origin(
            self._positions["provider"],
            self._positions["domain"],
            frozenset(self._unread["provider"]),
            frozenset(self._unread["domain"]),
            tuple(self._providers_of_unread),
            self._default,
        )
        return SettingsFile(tuple(self._providers), tuple(self._domains), tuple(self.mistakes), origin, self._places, lists_only)


def told(found: Iterable[Found], how_far: Callable[[], int], total: int, progress: Progress) -> Iterator[Found]:
    """Yield what is *found*, telling *progress* now and then *how_far* of *total* bytes the reading is."""
    for i, item in enumerate(found):
        if i % _TOLD_AFTER == 0:
            progress(Stage.READING, how_far(), total)
        yield item
    progress(Stage.READING, total, total)


def _text(item: object, key: str) -> str | None:
    value = item.get(key) if isinstance(item, dict) else None
    return value if isinstance(value, str) else None


def _ascii(name: str | None) -> str | None:
    try:
        return Domain.parse(name or "").ascii
    except AddressError:
        return None


def beginning(source: bytes) -> int:
    """Return where the text in *source* begins, behind a byte order mark; raises SettingsError for UTF-16."""
    if source.startswith(_UTF_16) or source[:2].count(0) == 1:
        raise SettingsError([Problem(1, ModelError(N_("the file is in UTF-16; save it as UTF-8")))])
    return len(BOM) if source.startswith(BOM) else 0


def not_utf_8(line: int, part: bytes, error: UnicodeDecodeError, advice: ModelError) -> Unreadable:
    """Return what is wrong with *part*, which begins at *line* and holds bytes that are not UTF-8."""
    template = N_("the file is not UTF-8: byte %(byte)s in column %(column)d; %(advice)s")
    column = error.start - part.rfind(b"\n", 0, error.start)
    line += part.count(b"\n", 0, error.start)
    return Unreadable(line, ModelError(template, byte=f"0x{part[error.start]:02x}", column=column, advice=advice))


# --- judging -----------------------------------------------------------------------------------------------------------------------


def judge(settings: Settings, known: Known | None = None) -> None:
    """Raise SettingsError with every mistake of *settings*, read from a file or made whole; *known* is what the store has."""
    if isinstance(settings, SettingsFile):
        raise_mistakes(settings, chain(settings.mistakes, check(settings, settings.origin, known)))
    else:
        raise_mistakes(settings, _mistakes_of_whole(settings, known))


def raise_mistakes(settings: Settings, mistakes: Iterable[Mistake]) -> None:
    """Raise SettingsError where there are *mistakes*, the first thousand, with their places where *settings* came from a file."""
    found = list(islice(mistakes, MAX_MISTAKES + 1))
    is_cut = len(found) > MAX_MISTAKES
    found = found[:MAX_MISTAKES]
    if found and isinstance(settings, SettingsFile):
        raise SettingsError(settings.places.problems(found), is_cut=is_cut)
    if found:
        raise SettingsError((Problem(_name(settings, mistake.path), mistake.error) for mistake in found), is_cut=is_cut)


def _mistakes_of_whole(settings: Settings, known: Known | None) -> Iterator[Mistake]:
    notes: list[Mistake] = []
    for i, provider in enumerate(settings.providers):
        provider_from_data(provider_to_data(provider), ("provider", i), notes)
    for i, entry in enumerate(settings.domains):
        domain_from_data(domain_to_data(entry), ("domain", i), notes)
    yield from notes
    for i, _ in duplicates(provider.id for provider in settings.providers):
        yield Mistake(("provider", i), ModelError(N_("%(name)s stands here twice"), name=settings.providers[i].id))
    for i, _ in duplicates(entry.domain.ascii for entry in settings.domains):
        yield Mistake(("domain", i), ModelError(N_("%(name)s stands here twice"), name=settings.domains[i].domain))
    yield from check(settings, Origin.of(settings), known)


def _name(settings: Settings, path: Path) -> str:
    room, i = path[0], path[1]
    assert isinstance(i, int)  # noqa: S101 - so are all paths of check
    return f"provider {settings.providers[i].id}" if room == "provider" else f"domain {settings.domains[i].domain}"
