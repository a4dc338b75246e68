"""What a change did, or would do: values and their names, no sentences but a short summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from autoconfig.model import DomainSettings, Provider
from autoconfig.store.codec import domain_to_data, flat, provider_to_data
from autoconfig.store.exchange.toml import toml_value
from autoconfig.store.values import Data

T = TypeVar("T", Provider, DomainSettings)


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One entry before and after."""

    old: T
    new: T


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """The entries of one kind: which are new, other than before, as before, and gone."""

    added: tuple[T, ...] = ()
    changed: tuple[Change[T], ...] = ()
    unchanged: tuple[T, ...] = ()
    removed: tuple[T, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.added or self.changed or self.removed)

    def summary(self) -> str:
        """Return the numbers."""
        parts = ("added", "changed", "removed", "unchanged")
        return ", ".join(f"{len(getattr(self, part)):,} {part}" for part in parts)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import, or an undo, did. *revision* is the store's afterwards."""

    providers: Difference[Provider]
    domains: Difference[DomainSettings]
    revision: int

    def __bool__(self) -> bool:
        """Tell whether anything was changed."""
        return bool(self.providers) or bool(self.domains)

    def lines(self) -> Iterator[str]:
        """Yield a line for each entry that differs: "+" new, "-" gone, "~" changed, with its old and new values."""
        for provider in self.providers.added:
            yield f"+ provider {provider.id}"
        for changed in self.providers.changed:
            yield f"~ provider {changed.new.id}: {told(changed.old, changed.new)}"
        for provider in self.providers.removed:
            yield f"- provider {provider.id}"
        for entry in self.domains.added:
            yield f"+ domain {entry.domain}"
        for change in self.domains.changed:
            yield f"~ domain {change.new.domain}: {told(change.old, change.new)}"
        for entry in self.domains.removed:
            yield f"- domain {entry.domain}"

    def summary(self) -> str:
        """Return the numbers in one line."""
        return "; ".join(f"{room}: {part.summary()}" for room, part in (("providers", self.providers), ("domains", self.domains)))


def told(old: Provider | DomainSettings, new: Provider | DomainSettings) -> str:
    """Return what differs on one line, as TOML writes it: "imap.incoming.port 993 -> 143, note - -> \"x\""."""
    before, after = to_data(old), to_data(new)
    shown = _pairs(flat(before), flat(after))
    accounts = [[account["protocol"] for account in data.get("account", [])] for data in (before, after)]
    if not shown or sorted(accounts[0]) == sorted(accounts[1]):
        shown += _pairs({"account": accounts[0]}, {"account": accounts[1]})  # their order, or one that says nothing yet
    return ", ".join(shown)


def to_data(entry: Provider | DomainSettings) -> Data:
    """Return *entry* as the codec's data."""
    return provider_to_data(entry) if isinstance(entry, Provider) else domain_to_data(entry)


def _pairs(old: Data, new: Data) -> list[str]:
    shown = ((key, *(toml_value(data[key]) if key in data else "-" for data in (old, new))) for key in {**old, **new})
    return [f"{key} {before} -> {after}" for key, before, after in shown if before != after]
