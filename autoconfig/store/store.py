"""The settings of an installation, shared by all who write.

Every change is one transaction: it raises the revision, is judged against what is there, and logs what it touched, how that was before,
when and by whom; a change that changes nothing leaves no trace. Whatever goes wrong with the database leaves here as one clear StoreError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy import Row as SQLRow

from autoconfig.address import Domain
from autoconfig.errors import N_, StoreError
from autoconfig.model import ClientConfig, DomainSettings, ModelError, Provider, Settings
from autoconfig.store import history, log, schema
from autoconfig.store.changes import Changes, Mark
from autoconfig.store.check import Link, Origin, check
from autoconfig.store.codec import domain_to_data, provider_to_data
from autoconfig.store.database import BUSY_SECONDS, Database
from autoconfig.store.difference import Change, Difference, ImportResult
from autoconfig.store.exchange.file import Progress, SettingsFile, Stage, judge, raise_mistakes, silent
from autoconfig.store.log import DOMAIN, PROVIDER, Logged, Name, Revision
from autoconfig.store.pruning import Pruning, pruning
from autoconfig.store.rows import (
    PAGE,
    AllDomains,
    all_providers,
    belongs_to,
    changes,
    chunks,
    domain_from_row,
    domain_to_row,
    ends_of_aliases,
    execute_many,
    is_suspended,
    mark_of,
    one_domain,
    one_provider,
    provider_to_row,
    to_json,
    way_of,
)
from autoconfig.store.sources import Way
from autoconfig.store.tables import change as change_table
from autoconfig.store.tables import domain as domain_table
from autoconfig.store.tables import meta
from autoconfig.store.tables import provider as provider_table
from autoconfig.store.tables import revision as revision_table
from autoconfig.store.values import Mistake

Clock = Callable[[], datetime]

_HAS_ITS_OWN = or_(domain_table.c.protocols != "", domain_table.c.accounts != "")


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def open_store(url: str, *, create: bool = True, who: str = "", clock: Clock = utc_now, patience: float = BUSY_SECONDS) -> Store:
    """Open the store at *url*, ready for use; its changes are *who*'s, made when *clock* says. Others are waited for *patience* seconds.

    A missing or empty SQLite store is made, unless *create* is False. Raises StoreError where the tables are not ours, or not of this
    version, and StoreUnavailable where the database does not answer.
    """
    store = Store.connect(url, create=create, who=who, clock=clock, patience=patience)
    try:
        store.make_ready()
    except BaseException:
        store.close()
        raise
    return store


class Store:
    """An open store; a context manager. `connect` looks at nothing yet, `open_store` gives one that is ready."""

    def __init__(self, database: Database, *, create: bool, who: str, clock: Clock) -> None:
        self._database = database
        self._create = create
        self._who = who
        self._clock = clock

    @classmethod
    def connect(cls, url: str, *, create: bool = True, who: str = "", clock: Clock = utc_now, patience: float = BUSY_SECONDS) -> Self:
        """Return the store at *url* in whatever state it is, to look at that state or to upgrade."""
        return cls(Database(url, create=create, patience=patience), create=create, who=who, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    @property
    def name(self) -> str:
        """The database for people, without a password."""
        return self._database.name

    # --- the schema ----------------------------------------------------------------------------------------------------------------

    def state(self) -> schema.SchemaState:
        """Tell whether the tables are those of this program; makes nothing."""
        if self._create and self._database.is_missing:
            return schema.SchemaState(schema.StateWord.EMPTY, None)
        with self._database.reading() as connection:
            return schema.state(connection)

    def upgrade(self) -> None:
        """Bring the tables to this program's version, all or nothing."""
        with self._database.upgrading() as connection:
            found = schema.state(connection)
            if found.word not in (schema.StateWord.EMPTY, schema.StateWord.BEHIND, schema.StateWord.CURRENT):
                raise schema.refusal(found, self.name)
            if not found.usable:
                schema.upgrade(connection)
                connection.commit()

    def make_ready(self) -> None:
        """Make the tables of an empty SQLite store; raise StoreError where the tables cannot be used."""
        found = self.state()
        if found.word is schema.StateWord.EMPTY and self._create and self._database.path:
            self.upgrade()
        elif not found.usable:
            raise schema.refusal(found, self.name)

    # --- reading -------------------------------------------------------------------------------------------------------------------

    def revision(self) -> int:
        """Return the number of changes so far."""
        return self.mark().revision

    def mark(self) -> Mark:
        """Return which store this is, and its revision."""
        with self._database.reading() as connection:
            return mark_of(connection)

    def count_providers(self) -> int:
        """Return how many providers there are."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(provider_table)).scalar_one()

    def count_domains(self) -> int:
        """Return how many domains there are, aliases and suspended ones too."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(domain_table)).scalar_one()

    def providers(self) -> list[tuple[Provider, int]]:
        """Return the providers by id, each with its number of domains; an alias counts where its target does."""
        with self._database.reading() as connection:
            counts: dict[str, int] = {}
            plain = select(domain_table.c.provider, func.count()).where(domain_table.c.provider.is_not(None))
            ends = ends_of_aliases()
            aliases = select(domain_table.c.provider, func.count()).join(ends, ends.c.target == domain_table.c.name)
            for query in (plain, aliases.where(domain_table.c.alias_of.is_(None))):
                for id, count in connection.execute(query.group_by(domain_table.c.provider)):
                    counts[id] = counts.get(id, 0) + count
            return [(provider, counts.get(id, 0)) for id, provider in all_providers(connection).items()]

    def provider(self, id: str) -> Provider:
        """Return the provider *id*; raises NotFound."""
        with self._database.reading() as connection:
            return one_provider(connection, id)

    def domains(
        self,
        provider: str | None = None,
        contains: str | None = None,
        limit: int | None = None,
        after: Domain | None = None,
        *,
        suspended: bool | None = None,
        aliases: bool = False,
        overrides: bool = False,
    ) -> Iterator[DomainSettings]:
        """Yield domains by A-label: those of *provider* (and their aliases), with *contains* in one of their forms, *after* a name.

        *suspended* is whether they are, an alias with its target; *aliases* and *overrides* leave only those, and only domains with
        protocols or values of their own.
        """
        if provider is not None:
            self.provider(provider)
        last, left = after.ascii if after else "", limit
        while left is None or left > 0:
            page = PAGE if left is None else min(left, PAGE)
            query = select(domain_table).where(domain_table.c.name > last).order_by(domain_table.c.name).limit(page)
            if provider is not None:
                query = query.where(belongs_to([provider]))
            if contains:
                text = contains.lower()
                query = query.where(
                    or_(*(column.contains(text, autoescape=True) for column in (domain_table.c.name, domain_table.c.unicode)))
                )
            if suspended is not None:
                query = query.where(is_suspended() if suspended else ~is_suspended())
            if aliases:
                query = query.where(domain_table.c.alias_of.is_not(None))
            if overrides:
                query = query.where(_HAS_ITS_OWN)
            with self._database.reading() as connection:
                rows = connection.execute(query).all()
            yield from map(domain_from_row, rows)
            if len(rows) < page:
                return
            last, left = rows[-1].name, None if left is None else left - page

    def domain(self, domain: Domain) -> DomainSettings:
        """Return what is said of *domain* itself; raises NotFound."""
        with self._database.reading() as connection:
            return one_domain(connection, domain)

    def way(self, domain: Domain) -> Way:
        """Return how *domain* comes to its settings, also where it is not listed but answered; raises NotFound."""
        with self._database.reading() as connection:
            return way_of(connection, domain)

    def export(self) -> Settings:
        """Return everything, as of one moment: providers by id, domains by A-label."""
        with self.exporting() as (providers, domains):
            return Settings(tuple(providers), tuple(domains))

    @contextmanager
    def exporting(self) -> Iterator[tuple[list[Provider], AllDomains]]:
        """Give everything as `export` does, without holding it: the domains come as they are walked over, within the context."""
        with self._database.reading() as connection:
            yield list(all_providers(connection).values()), AllDomains(connection)

    def would_prune(self, settings: Settings) -> Pruning:
        """Tell what an import of *settings* with prune would remove now, were they right."""
        with self._database.reading() as connection:
            return pruning(connection, settings)

    def former_configs(self, domain: Domain, since: datetime) -> list[tuple[ClientConfig, datetime]]:
        """Return what *domain* should have used before each change *since* then, and until when; newest first, each once in a row."""
        with self._database.reading() as connection:
            return history.former_configs(connection, domain, since)

    def history(self, name: Name, limit: int | None = None) -> list[Logged]:
        """Return the changes of *name*, newest first; raises NotFound for a name that no change ever touched."""
        with self._database.reading() as connection:
            found = list(log.history(connection, name, limit))
        if not found:
            raise log.nothing_known(name)
        return found

    def revisions(self, limit: int | None = None, before: int | None = None) -> list[Revision]:
        """Return the changes of the whole store, newest first, at most *limit*, those earlier than the revision *before*."""
        with self._database.reading() as connection:
            return log.revisions(connection, limit, before)

    @contextmanager
    def changes_since(self, mark: Mark | None) -> Iterator[Changes]:
        """Tell what leads from *mark* to now; everything, where *mark* is None or of another store. Read it within the context."""
        with self._database.reading() as connection:
            now = mark_of(connection)
            is_complete = mark is None or mark.store_id != now.store_id or mark.revision > now.revision
            found = changes(connection, now, None if is_complete or mark is None else mark.revision)
            with closing(found.rows):
                yield found

    # --- writing -------------------------------------------------------------------------------------------------------------------

    def import_settings(
        self, settings: Settings, *, prune: bool = False, at_most: int | None = None, dry_run: bool = False, progress: Progress = silent
    ) -> ImportResult:
        """Take in *settings*, all or nothing; what they do not mention stays.

        With *prune*, the domains of the providers that *settings* name are removed where *settings* do not list them, *at_most* so many.
        With *dry_run* nothing stays changed. Raises SettingsError with every mistake.
        """
        with self._changing(dry_run=dry_run) as writing:
            whole = writing.complete(settings)
            listed = {entry.domain.ascii for entry in whole.domains}
            targets = {entry.alias_of.ascii for entry in whole.domains if entry.alias_of}
            writing.expect(targets - listed)
            judge(whole, writing)
            gone = writing.gone(settings, at_most) if prune else []
            providers = writing.put_providers(whole.providers)
            domains = writing.put_domains(whole.domains, progress)
            if prune:
                domains = Difference(domains.added, domains.changed, domains.unchanged, writing.prune(whole, gone))
        return ImportResult(providers, domains, writing.revision if writing.log and not dry_run else writing.revision - 1)

    def set_provider(self, provider: Provider) -> None:
        """Put *provider* in the place of the one with its id, or add it."""
        with self._changing() as writing:
            judge(Settings((provider,)), writing)
            writing.put_providers([provider])

    def edit_provider(self, id: str, edit: Callable[[Provider], Provider]) -> Provider:
        """Replace the provider *id* by what *edit* makes of it, with nobody in between; raises NotFound."""
        with self._changing() as writing:
            provider = edit(one_provider(writing.connection, id))
            if provider.id != id:
                raise StoreError(N_("a provider keeps its id: %(id)s"), id=id)
            judge(Settings((provider,)), writing)
            writing.put_providers([provider])
        return provider

    def remove_provider(self, id: str) -> None:
        """Remove a provider; refused while domains use it. Raises NotFound."""
        with self._changing() as writing:
            provider = one_provider(writing.connection, id)
            writing.remove_providers([provider])

    def add_domain(self, settings: DomainSettings) -> None:
        """Add a domain; refused where it is there already."""
        with self._changing() as writing:
            if writing.link(settings.domain.ascii):
                raise StoreError(N_("%(domain)s is there already"), domain=settings.domain)
            judge(Settings((), (settings,)), writing)
            writing.put_domains([settings])

    def set_domain(self, settings: DomainSettings) -> None:
        """Put *settings* in the place of what is said of their domain; raises NotFound."""
        self.edit_domain(settings.domain, lambda _: settings)

    def edit_domain(self, domain: Domain, edit: Callable[[DomainSettings], DomainSettings]) -> DomainSettings:
        """Replace what is said of *domain* by what *edit* makes of it, with nobody in between; raises NotFound."""
        with self._changing() as writing:
            settings = edit(one_domain(writing.connection, domain))
            if settings.domain != domain:
                raise StoreError(N_("a domain keeps its name: %(domain)s"), domain=domain)
            judge(Settings((), (settings,)), writing)
            writing.put_domains([settings])
        return settings

    def remove_domain(self, domain: Domain) -> None:
        """Remove a domain; refused while aliases lead to it. Raises NotFound."""
        with self._changing() as writing:
            settings = one_domain(writing.connection, domain)
            writing.remove([settings])
            writing.refuse_aliases_of_gone([domain.ascii])

    def undo(self, revision: int | None = None, only: Name | None = None, *, dry_run: bool = False) -> ImportResult:
        """Put all that *revision* touched (the last one where it is None), or *only* that, back to what it was before; all or nothing.

        It is a change like any other: judged, logged, and undone in the same way. With *dry_run* nothing stays changed. Raises NotFound
        where there is no such change, StoreError where something was changed again since, is still used, or was never written down,
        and SettingsError where what was does not fit any more.
        """
        with self._changing(dry_run=dry_run) as writing:
            providers, domains = writing.restore(log.before(writing.connection, revision, only))
        return ImportResult(providers, domains, writing.revision - dry_run)

    @contextmanager
    def _changing(self, *, dry_run: bool = False) -> Iterator[_Writing]:
        with self._database.writing() as connection:
            # The first statement of every change: whoever comes later waits here, so revisions are committed in their order.
            connection.execute(update(meta).values(revision=meta.c.revision + 1))
            writing = _Writing(connection, mark_of(connection).revision)
            yield writing
            if writing.log and not dry_run:
                made = {"revision": writing.revision, "at": self._clock(), "who": self._who}
                connection.execute(insert(revision_table), made)
                connection.commit()


@dataclass
class _Writing:
    """A change under way; to `check` it is what the store knows."""

    connection: Connection
    revision: int
    log: int = 0
    _links: dict[str, Link | None] = field(default_factory=dict)
    # Still there, but not to be reckoned with.
    _gone_providers: set[str] = field(default_factory=set)
    _gone_domains: set[str] = field(default_factory=set)

    def note(self, kind: str, touched: Iterable[tuple[str, Provider | DomainSettings | None]]) -> None:
        """Log which names are *touched*, each with what was there before."""
        rows = [{"revision": self.revision, "kind": kind, "name": name, "before": _to_json(before)} for name, before in touched]
        self.log += len(rows)
        execute_many(self.connection, insert(change_table), rows)

    def put_providers(self, providers: Iterable[Provider]) -> Difference[Provider]:
        stored = self.providers()
        found = _sorted_out((stored.get(provider.id), provider) for provider in providers)
        changed = [change.new for change in found.changed]
        execute_many(self.connection, insert(provider_table), map(provider_to_row, found.added))
        row = update(provider_table).where(provider_table.c.id == bindparam("key"))
        execute_many(self.connection, row, ({"key": provider.id, **provider_to_row(provider)} for provider in changed))
        self.note("provider", [*((new.id, None) for new in found.added), *((change.old.id, change.old) for change in found.changed)])
        return found

    def complete(self, settings: Settings) -> Settings:
        """Return *settings*; where they only list domains, with all that is said of those that are there already."""
        if not isinstance(settings, SettingsFile) or not settings.lists_only:
            return settings
        found: list[DomainSettings] = []
        for chunk in chunks(settings.domains):
            stored = {row.name: domain_from_row(row) for row in self._rows(entry.domain.ascii for entry in chunk)}
            for entry in chunk:
                known = stored.get(entry.domain.ascii, entry)
                found.append(known if known.alias_of else replace(known, provider=entry.provider))
        return replace(settings, domains=tuple(found))

    def put_domains(self, domains: Sequence[DomainSettings], progress: Progress = silent) -> Difference[DomainSettings]:
        added: list[DomainSettings] = []
        changed: list[Change[DomainSettings]] = []
        unchanged: list[DomainSettings] = []
        row = update(domain_table).where(domain_table.c.name == bindparam("key"))
        for chunk in chunks(domains):
            stored = {row.name: row for row in self._rows(settings.domain.ascii for settings in chunk)}
            inserts, updates, before = [], [], []
            for settings in chunk:
                new, old = domain_to_row(settings), stored.get(settings.domain.ascii)
                if old is None:
                    added.append(settings)
                    inserts.append(new)
                elif tuple(old) == tuple(new.values()):
                    unchanged.append(settings)
                else:
                    before.append(domain_from_row(old))
                    changed.append(Change(before[-1], settings))
                    updates.append({"key": settings.domain.ascii, **new})
            execute_many(self.connection, insert(domain_table), inserts)
            execute_many(self.connection, row, updates)
            self.note("domain", [*((new["name"], None) for new in inserts), *((old.domain.ascii, old) for old in before)])
            progress(Stage.WRITING, len(added) + len(changed) + len(unchanged), len(domains))
        return Difference(tuple(added), tuple(changed), tuple(unchanged))

    def remove(self, domains: Iterable[DomainSettings]) -> None:
        for chunk in chunks(domains):
            names = [settings.domain.ascii for settings in chunk]
            self.connection.execute(delete(domain_table).where(domain_table.c.name.in_(names)))
            self.note("domain", zip(names, chunk, strict=True))

    def refuse_aliases_of_gone(self, names: Iterable[str]) -> None:
        """Raise StoreError where an alias leads to one of *names*, which have been removed."""
        for chunk in chunks(names):
            query = select(domain_table.c.alias_of, domain_table.c.unicode).where(domain_table.c.alias_of.in_(chunk))
            found = self.connection.execute(query.order_by(domain_table.c.alias_of, domain_table.c.name).limit(4)).all()
            if found:
                aliases = [row.unicode for row in found if row.alias_of == found[0].alias_of]
                named = ", ".join(aliases[:3]) + (" …" if len(aliases) > 3 else "")
                domain = Domain.parse(found[0].alias_of)
                raise StoreError(N_("%(domain)s has aliases, which must go first: %(aliases)s"), domain=domain, aliases=named)

    def remove_providers(self, providers: Iterable[Provider]) -> None:
        """Remove *providers*; raises StoreError where a domain uses one."""
        for provider in providers:
            users = select(func.count()).where(domain_table.c.provider == provider.id)
            if count := self.connection.execute(users).scalar_one():
                raise StoreError(N_("%(count)d domains use the provider %(id)s; move or remove them first"), count=count, id=provider.id)
            self.connection.execute(delete(provider_table).where(provider_table.c.id == provider.id))
            self.note("provider", [(provider.id, provider)])

    def restore(self, states: dict[Name, Provider | DomainSettings | None]) -> tuple[Difference[Provider], Difference[DomainSettings]]:
        """Make each name what *states* say, None being "not there"; judged as every change is."""
        gone = [name for name, state in states.items() if state is None]
        self._gone_providers, self._gone_domains = ({found.name for found in gone if found.kind == kind} for kind in (PROVIDER, DOMAIN))
        settings = Settings(
            tuple(state for state in states.values() if isinstance(state, Provider)),
            tuple(state for state in states.values() if isinstance(state, DomainSettings)),
        )
        self.expect({entry.alias_of.ascii for entry in settings.domains if entry.alias_of})
        raise_mistakes(settings, check(settings, Origin.of(settings), self))
        removed_providers = [one_provider(self.connection, id) for id in sorted(self._gone_providers)]
        removed_domains = [domain_from_row(row) for chunk in chunks(sorted(self._gone_domains)) for row in self._rows(chunk)]
        providers, domains = self.put_providers(settings.providers), self.put_domains(settings.domains)
        self.remove(removed_domains)
        self.refuse_aliases_of_gone(self._gone_domains)
        self.remove_providers(removed_providers)
        return replace(providers, removed=tuple(removed_providers)), replace(domains, removed=tuple(removed_domains))

    def gone(self, settings: Settings, at_most: int | None) -> list[str]:
        """Return which domains `prune` is to remove; raises StoreError where they are more than *at_most*."""
        gone = pruning(self.connection, settings).gone
        if at_most is not None and len(gone) > at_most:
            template = N_("%(count)d domains would be removed, more than the %(agreed)d that were agreed on; nothing was changed")
            raise StoreError(template, count=len(gone), agreed=at_most)
        return gone

    def prune(self, settings: Settings, gone: list[str]) -> tuple[DomainSettings, ...]:
        """Remove the domains *gone*, unless *settings* need one."""
        self._refuse_dangling(settings, set(gone))
        removed = tuple(domain_from_row(row) for chunk in chunks(gone) for row in sorted(self._rows(chunk), key=lambda row: row.name))
        self.remove(removed)
        return removed

    def _refuse_dangling(self, settings: Settings, gone: set[str]) -> None:
        template = N_("%(domain)s is an alias of %(target)s, which the file does not list and --prune would remove")
        origin = getattr(settings, "origin", None) or Origin.of(settings)
        raise_mistakes(
            settings,
            [
                Mistake(
                    ("domain", origin.domains[i], "alias_of"),
                    ModelError(template, domain=entry.domain, target=entry.alias_of),
                )
                for i, entry in enumerate(settings.domains)
                if entry.alias_of is not None and entry.alias_of.ascii in gone
            ],
        )

    def _rows(self, names: Iterable[str]) -> Sequence[SQLRow[Any]]:
        return self.connection.execute(select(domain_table).where(domain_table.c.name.in_(list(names)))).all()

    # what `check` asks

    def providers(self) -> dict[str, Provider]:
        return {id: provider for id, provider in all_providers(self.connection).items() if id not in self._gone_providers}

    def expect(self, names: Iterable[str]) -> None:
        """Fetch at once what `link` will be asked for."""
        for chunk in chunks(names):
            found = {row.name: Link(row.provider, row.alias_of) for row in self._rows(chunk)}
            self._links.update((name, found.get(name) if name not in self._gone_domains else None) for name in chunk)

    def link(self, name: str) -> Link | None:
        if name not in self._links:
            self.expect([name])
        return self._links[name]

    def dependents(self, provider: str) -> Iterator[DomainSettings]:
        query = select(domain_table).where(domain_table.c.provider == provider, _HAS_ITS_OWN).order_by(domain_table.c.name)
        return (entry for entry in map(domain_from_row, self.connection.execute(query)) if entry.domain.ascii not in self._gone_domains)


def _to_json(settings: Provider | DomainSettings | None) -> str | None:
    if settings is None:
        return None
    return to_json(domain_to_data(settings) if isinstance(settings, DomainSettings) else provider_to_data(settings))


def _sorted_out(pairs: Iterable[tuple[Provider | None, Provider]]) -> Difference[Provider]:
    added, changed, unchanged = [], [], []
    for old, new in pairs:
        if old is None:
            added.append(new)
        elif old == new:
            unchanged.append(new)
        else:
            changed.append(Change(old, new))
    return Difference(tuple(added), tuple(changed), tuple(unchanged))
