"""The formats of settings files, by the names that people give them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from autoconfig.model import DomainSettings, Provider
from autoconfig.store.exchange.cpanel import parse_cpanel
from autoconfig.store.exchange.csv import csv_pieces, parse_csv
from autoconfig.store.exchange.file import Progress, SettingsFile
from autoconfig.store.exchange.json import json_pieces, parse_json
from autoconfig.store.exchange.toml import parse_toml, toml_pieces


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is read, and written piece by piece where it can be; a writer may walk over the domains more than once."""

    parse: Callable[[bytes, str | None, Progress], SettingsFile]
    pieces: Callable[[Iterable[Provider], Iterable[DomainSettings]], Iterator[str]] | None = None


FORMATS: dict[str, Format] = {
    "toml": Format(parse_toml, toml_pieces),
    "csv": Format(parse_csv, csv_pieces),
    "json": Format(parse_json, json_pieces),
    "cpanel": Format(parse_cpanel),
}

_CPANEL_LISTS = ("userdomains", "trueuserdomains")


def format_of(name: str) -> str:
    """Return the format that a file's *name* speaks of, TOML where it says nothing."""
    path = PurePath(name)
    if path.name in _CPANEL_LISTS:
        return "cpanel"
    suffix = path.suffix.lower().removeprefix(".")
    return suffix if suffix in FORMATS and suffix != "cpanel" else "toml"
