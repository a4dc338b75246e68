"""Settings files: the contract's TOML, read with every mistake and its line, and written in canonical order.

Pure: no database, no file system. What needs the store to be judged (`check` with what it has) is judged in the store's transaction; a
`SettingsFile` remembers its lines until then.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from autoconfig.address import Domain
from autoconfig.errors import N_, AddressError, Problem, SettingsError
from autoconfig.model import DomainSettings, ModelError, Provider, Settings
from autoconfig.store.check import Known, Origin, check, duplicates
from autoconfig.store.codec import domain_from_data, domain_to_data, provider_from_data, provider_to_data
from autoconfig.store.places import Path, lines_of
from autoconfig.store.values import Data, Mistake, unknown_key

_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")


class Places:
    """Knows the lines of a text. Looks for them only when there is something to tell."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: dict[Path, int] | None = None

    def line(self, path: Path) -> int:
        """Return the line of *path*, or of the nearest thing around it."""
        if self._lines is None:
            self._lines = lines_of(self._text)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def problems(self, mistakes: Iterable[Mistake]) -> list[Problem]:
        """Return *mistakes* with their places, in the order of the text."""
        found = sorted(((self.line(mistake.path), mistake.error) for mistake in mistakes), key=lambda pair: pair[0])
        return [Problem(line, error) for line, error in found]


@dataclass(frozen=True, slots=True, eq=False)
class SettingsFile(Settings):
    """The settings of a file, as far as they could be read: the mistakes so far, and the way back to their lines."""

    mistakes: tuple[Mistake, ...] = ()
    origin: Origin = field(default_factory=lambda: Origin((), ()))
    places: Places = field(default_factory=lambda: Places(""))

    def __eq__(self, other: object) -> bool:
        """Settings are equal whatever file they come from."""
        return isinstance(other, Settings) and (self.providers, self.domains) == (other.providers, other.domains)

    __hash__ = Settings.__hash__


def read_toml(source: str | bytes, default_provider: str | None = None) -> SettingsFile:
    """Read settings; raises SettingsError with every mistake that shows without the store.

    Domains that name no provider take *default_provider*.
    """
    file = parse_toml(source, default_provider)
    judge(file)
    return file


def parse_toml(source: str | bytes, default_provider: str | None = None) -> SettingsFile:
    """Read settings as far as they can be read; `Store.import_settings` raises what is wrong, with what only the store can tell.

    Raises SettingsError only for what is not TOML at all.
    """
    text = _decoded(source) if isinstance(source, bytes) else source
    try:
        data = tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError as error:  # TOMLDecodeError, and what int() says of a number with thousands of digits
        raise SettingsError([_syntax_problem(str(error), text)]) from None
    except RecursionError:
        raise SettingsError([Problem("", ModelError(N_("the file is nested too deeply to be settings")))]) from None
    return _read(data, default_provider, Places(text.removeprefix("\ufeff")))


def judge(settings: Settings, known: Known | None = None) -> None:
    """Raise SettingsError with every mistake of *settings*, read from a file or made whole; *known* is what the store has."""
    if isinstance(settings, SettingsFile):
        raise_mistakes(settings, [*settings.mistakes, *check(settings, settings.origin, known)])
    else:
        raise_mistakes(settings, _mistakes_of_whole(settings, known))


def raise_mistakes(settings: Settings, mistakes: Iterable[Mistake]) -> None:
    """Raise SettingsError where there are *mistakes*, with their lines where *settings* came from a file."""
    mistakes = list(mistakes)
    if mistakes and isinstance(settings, SettingsFile):
        raise SettingsError(settings.places.problems(mistakes))
    if mistakes:
        raise SettingsError(Problem(_name(settings, mistake.path), mistake.error) for mistake in mistakes)


def write_toml(settings: Settings) -> str:
    """Return *settings* in canonical order: providers by id, domains by A-label, keys as in the contract, defaults left out."""
    lines: list[str] = []
    for provider in sorted(settings.providers, key=lambda provider: provider.id):
        lines += _array_table("provider", provider_to_data(provider))
    for entry in sorted(settings.domains, key=lambda entry: entry.domain):
        lines += _array_table("domain", domain_to_data(entry))
    return "\n".join([*lines[1:], ""]) if lines else ""


# --- reading -----------------------------------------------------------------------------------------------------------------------


def _read(data: Data, default_provider: str | None, places: Places) -> SettingsFile:
    mistakes = [Mistake((key,), unknown_key(key, ("provider", "domain"))) for key in data if key not in ("provider", "domain")]
    rooms = {room: _tables(room, data.get(room, []), mistakes) for room in ("provider", "domain")}
    providers: dict[int, Provider] = {}
    domains: dict[int, DomainSettings] = {}
    for i, item in enumerate(rooms["provider"]):
        provider = provider_from_data(item, ("provider", i), mistakes)
        if provider is not None:
            providers[i] = provider
    for i, item in enumerate(rooms["domain"]):
        entry = domain_from_data(item, ("domain", i), mistakes, default_provider)
        if entry is not None:
            domains[i] = entry
    ids = [providers[i].id if i in providers else _text(item, "id") for i, item in enumerate(rooms["provider"])]
    names = [domains[i].domain.ascii if i in domains else _ascii(_text(item, "name")) for i, item in enumerate(rooms["domain"])]
    for i, first in duplicates(ids):
        error = ModelError(
            N_("the provider %(id)s stands on line %(line)d already"), id=ids[i], line=places.line(("provider", first, "id"))
        )
        mistakes.append(Mistake(("provider", i, "id"), error))
    for i, first in duplicates(names):
        name = _text(rooms["domain"][i], "name")
        error = ModelError(N_("%(domain)s stands on line %(line)d already"), domain=name, line=places.line(("domain", first, "name")))
        mistakes.append(Mistake(("domain", i, "name"), error))
    origin = Origin(
        tuple(providers),
        tuple(domains),
        frozenset(id for i, id in enumerate(ids) if id is not None and i not in providers),
        frozenset(name for i, name in enumerate(names) if name is not None and i not in domains),
        tuple((i, id) for i, item in enumerate(rooms["domain"]) if i not in domains and (id := _text(item, "provider")) is not None),
        default_provider,
    )
    return SettingsFile(tuple(providers.values()), tuple(domains.values()), tuple(mistakes), origin, places)


def _tables(room: str, value: object, mistakes: list[Mistake]) -> list[Any]:
    if isinstance(value, list):
        return value
    mistakes.append(Mistake((room,), ModelError(N_("write [[%(room)s]] with two brackets on each side"), room=room)))
    return []


def _text(item: object, key: str) -> str | None:
    value = item.get(key) if isinstance(item, dict) else None
    return value if isinstance(value, str) else None


def _ascii(name: str | None) -> str | None:
    try:
        return Domain.parse(name or "").ascii
    except AddressError:
        return None


def _decoded(source: bytes) -> str:
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsError([Problem(1, ModelError(N_("the file is in UTF-16; save it as UTF-8")))])
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        column = error.start - (source.rfind(b"\n", 0, error.start) + 1) + 1
        template = N_("the file is not UTF-8: byte %(byte)s in column %(column)d; save it as UTF-8")
        raise SettingsError([Problem(line, ModelError(template, byte=f"0x{source[error.start]:02x}", column=column))]) from None


def _syntax_problem(message: str, text: str) -> Problem:
    found = _SYNTAX_PLACE.search(message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    detail = message[: found.start()] if found else message
    if found and found[2]:
        return Problem(line, ModelError(N_("column %(column)d is not TOML: %(detail)s"), column=int(found[2]), detail=detail))
    return Problem(line, ModelError(N_("this is not TOML: %(detail)s"), detail=detail))


# --- settings without a file -------------------------------------------------------------------------------------------------------


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


# --- writing -----------------------------------------------------------------------------------------------------------------------


def _array_table(name: str, data: Data) -> list[str]:
    lines = ["", f"[[{name}]]"]
    lines += (f"{key} = {toml_value(value)}" for key, value in data.items() if key != "account")
    for account in data.get("account", []):
        lines += _array_table(f"{name}.account", account)
    return lines


def toml_value(value: object) -> str:
    """Return plain data as TOML writes it on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {toml_value(part)}' for key, part in value.items())} }}"
    raise TypeError(value)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
# TOML 1.0.0, String: basic strings hold no quotation mark, backslash or control character but by escape.
_MUST_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')


def _quoted(text: str) -> str:
    return '"' + _MUST_ESCAPE.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04X}", text) + '"'
