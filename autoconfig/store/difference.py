"""What an import did, or would do: values and their names, no sentences but a short summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from autoconfig.model import DomainSettings, Provider
from autoconfig.store.codec import domain_to_data, provider_to_data
from autoconfig.store.exchange import toml_value
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


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. *revision* is the store's afterwards."""

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
            yield f"~ provider {changed.new.id}: {_values(provider_to_data(changed.old), provider_to_data(changed.new))}"
        for entry in self.domains.added:
            yield f"+ domain {entry.domain}"
        for change in self.domains.changed:
            yield f"~ domain {change.new.domain}: {_values(domain_to_data(change.old), domain_to_data(change.new))}"
        for entry in self.domains.removed:
            yield f"- domain {entry.domain}"

    def summary(self) -> str:
        """Return the numbers in one line."""
        return "; ".join(
            f"{room}: {len(part.added)} added, {len(part.changed)} changed, {len(part.removed)} removed, {len(part.unchanged)} unchanged"
            for room, part in (("providers", self.providers), ("domains", self.domains))
        )


def _values(old: Data, new: Data) -> str:
    shown = ((key, *(toml_value(data[key]) if key in data else "-" for data in (old, new))) for key in {**old, **new})
    return ", ".join(f"{key} {before} -> {after}" for key, before, after in shown if before != after)
