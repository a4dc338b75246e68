"""What a domain should have used earlier, read off the log of changes.

Nothing is replayed. How something was before a revision is what its first change since then found, else what stands there now; so only
what decides for the domain is looked at, and one step back leads to the last revision that touched any of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy import Row as SQLRow

from autoconfig.address import Domain
from autoconfig.errors import AutoconfigError
from autoconfig.model import ClientConfig, DomainSettings, Provider, Shape
from autoconfig.store.codec import domain_from_data
from autoconfig.store.rows import domain_from_row, provider_of
from autoconfig.store.tables import change as change_table
from autoconfig.store.tables import domain as domain_table
from autoconfig.store.tables import provider as provider_table
from autoconfig.store.tables import revision as revision_table

_Key = tuple[str, str]  # kind and name, as in the log


def former_configs(connection: Connection, domain: Domain, since: datetime) -> list[tuple[ClientConfig, datetime]]:
    """Return what *domain* should have used before each change *since* then, and until when; newest first, each once in a row.

    Nothing is known of the time before there was a log, and of what this program can no longer read.
    """
    first = connection.execute(select(func.min(revision_table.c.revision)).where(revision_table.c.at >= since)).scalar()
    if first is None:
        return []
    past = _Past(connection, first)
    found: list[tuple[ClientConfig, datetime]] = []
    later = past.config(domain)
    while (until := past.step_back()) is not None:
        config = past.config(domain)
        # The clock of another machine may be wrong: of two revisions the later one need not have the later time.
        if config is not None and config != later and until >= since:
            found.append((config, until))
        later = config
    return found


@dataclass
class _Past:
    """The settings as they were before revision *at*; at first, as they are. Nothing before revision *first* is looked at."""

    connection: Connection
    first: int
    at: int | None = None
    _changes: dict[_Key, Sequence[SQLRow[Any]]] = field(default_factory=dict)
    _looked_at: set[_Key] = field(default_factory=set)

    def step_back(self) -> datetime | None:
        """Go to before the last revision that touched what decided in `config`, and return when it was made; None: there is none."""
        rows = (row for key in self._looked_at for row in self._changes[key] if self.at is None or row.revision < self.at)
        last = max(rows, key=lambda row: row.revision, default=None)
        if last is None:
            return None
        self.at = last.revision
        made: datetime = last.at
        return made

    def config(self, domain: Domain) -> ClientConfig | None:
        """Return what *domain* should use, as the snapshot does; None also where that cannot be read."""
        self._looked_at.clear()
        try:
            shape = self._shape(domain)
            return None if shape is None else shape.fill(domain)
        except (AutoconfigError, ValueError):
            return None

    def _shape(self, domain: Domain) -> Shape | None:
        for name in (domain.ascii, *domain.parents):
            found = self._domain(name)
            if found is None:
                continue
            suspended, subdomains = found.suspended, found.subdomains
            while found.alias_of is not None:
                found = self._domain(found.alias_of.ascii)
                if found is None:
                    return None
                suspended, subdomains = suspended or found.suspended, subdomains or found.subdomains
            if suspended:
                return None
            if name == domain.ascii or subdomains:
                provider = self._provider(found.provider or "")
                return Shape.of(provider, found.accounts, found.protocols) if provider else None
            break
        default = self._default()
        return Shape.of(default) if default else None

    def _default(self) -> Provider | None:
        now = select(provider_table.c.id).where(provider_table.c.is_default)
        since = select(change_table.c.name).where(change_table.c.kind == "provider", change_table.c.revision >= self.first)
        found = [self._provider(id) for id in self.connection.execute(now.union(since)).scalars().all()]
        return next((provider for provider in found if provider and provider.default), None)

    def _domain(self, name: str) -> DomainSettings | None:
        change = self._change_after("domain", name)
        if change is not None:
            return domain_from_data(json.loads(change.before)) if change.before else None
        row = self.connection.execute(select(domain_table).where(domain_table.c.name == name)).one_or_none()
        return domain_from_row(row) if row else None

    def _provider(self, id: str) -> Provider | None:
        change = self._change_after("provider", id)
        if change is not None:
            return provider_of(change.before) if change.before else None
        data = self.connection.execute(select(provider_table.c.data).where(provider_table.c.id == id)).scalar()
        return provider_of(data) if data else None

    def _change_after(self, kind: str, name: str) -> SQLRow[Any] | None:
        """Return the first change of *name* from *at* on; there is none where we are in the present."""
        key = kind, name
        self._looked_at.add(key)
        if key not in self._changes:
            log, made = change_table.c, revision_table.c
            query: Select[Any] = select(log.revision, log.before, made.at).join(revision_table, made.revision == log.revision)
            query = query.where(log.kind == kind, log.name == name, log.revision >= self.first).order_by(log.revision)
            self._changes[key] = self.connection.execute(query).all()
        return next((row for row in self._changes[key] if self.at is not None and row.revision >= self.at), None)
