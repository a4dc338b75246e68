"""What an import with `--prune` removes: the domains that it does not list, within the providers that it names."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from autoconfig.model import Settings
from autoconfig.store.exchange.file import SettingsFile
from autoconfig.store.rows import belongs_to
from autoconfig.store.tables import domain as domain_table


@dataclass(frozen=True, slots=True)
class Pruning:
    """The A-labels of the domains that would be *gone*, in order, of so many *domains* that the *providers* have now."""

    providers: tuple[str, ...]
    gone: list[str]
    domains: int


def pruning(connection: Connection, settings: Settings) -> Pruning:
    """Tell what *settings* would remove, were they taken in now. An alias counts to the provider at its end, as it will be then."""
    named = _named(settings)
    if not named:
        return Pruning((), [], 0)
    of_named = select(domain_table.c.name).where(domain_table.c.provider.in_(named))
    listed = {entry.domain.ascii: entry for entry in settings.domains}
    gone = {name for name in connection.execute(of_named).scalars() if name not in listed}
    query = select(domain_table.c.name, domain_table.c.alias_of).where(domain_table.c.alias_of.is_not(None))
    aliases: dict[str, str | None] = {row.name: row.alias_of for row in connection.execute(query)}
    unlisted = aliases.keys() - listed.keys()
    if not (isinstance(settings, SettingsFile) and settings.lists_only):
        aliases |= {name: entry.alias_of.ascii if entry.alias_of else None for name, entry in listed.items()}
    # What plain domain is listed is taken in, and so is at its provider then.
    ends = gone | {name for name, entry in listed.items() if entry.provider in named and aliases.get(name) is None}
    gone |= {alias for alias in unlisted if _end(alias, aliases) in ends}
    count = select(func.count()).select_from(domain_table).where(belongs_to(named))
    return Pruning(tuple(named), sorted(gone), connection.execute(count).scalar_one())


def _end(alias: str, aliases: dict[str, str | None]) -> str | None:
    """Return where *alias* leads; None where it leads round, which is a mistake of the settings and told as one."""
    way: set[str] = set()
    at: str = alias
    while (target := aliases.get(at)) is not None:
        if at in way:
            return None
        way.add(at)
        at = target
    return at


def _named(settings: Settings) -> list[str]:
    return sorted({provider.id for provider in settings.providers} | {entry.provider for entry in settings.domains if entry.provider})
