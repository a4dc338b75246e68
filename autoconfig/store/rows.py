"""The tables' rows as values of the model, and the questions that are asked of them.

Here is all SQL that reads. Aliases are followed in the database, so that a million domains need not be carried out of it.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import CTE, ColumnElement, Connection, Executable, Select, or_, select
from sqlalchemy import Row as SQLRow

from autoconfig.address import Domain
from autoconfig.errors import N_, NotFound
from autoconfig.model import DomainSettings, Protocol, Provider
from autoconfig.store.changes import Changes, Mark, Row
from autoconfig.store.codec import overrides_from_data, overrides_to_data, provider_from_data, provider_to_data
from autoconfig.store.sources import Way
from autoconfig.store.tables import change as change_table
from autoconfig.store.tables import domain as domain_table
from autoconfig.store.tables import meta
from autoconfig.store.tables import provider as provider_table

CHUNK = 1000  # names or rows in one statement
PAGE = 2000  # rows in one reading

T = TypeVar("T")


def to_json(data: object) -> str:
    """Return *data* of the codec as canonical text: equal settings are equal text."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def provider_to_row(provider: Provider) -> dict[str, object]:
    """Return *provider* as a row."""
    return {"id": provider.id, "is_default": provider.default, "data": to_json(provider_to_data(provider))}


def provider_of(data: str) -> Provider:
    """Return the provider that *data*, its JSON, describes."""
    provider = provider_from_data(json.loads(data))
    assert provider is not None  # noqa: S101 - without a list of mistakes the first one is raised
    return provider


def domain_to_row(settings: DomainSettings) -> dict[str, Any]:
    """Return *settings* as a row, in the order of the table's columns, so that rows compare."""
    return {
        "name": settings.domain.ascii,
        "unicode": settings.domain.unicode,
        "provider": settings.provider,
        "alias_of": settings.alias_of.ascii if settings.alias_of else None,
        "protocols": ",".join(settings.protocols),
        "suspended": settings.suspended,
        "subdomains": settings.subdomains,
        "note": settings.note,
        "accounts": to_json(overrides_to_data(settings.accounts)) if settings.accounts else "",
    }


def domain_from_row(row: SQLRow[Any]) -> DomainSettings:
    """Return the settings that *row* holds."""
    return DomainSettings(
        domain=Domain(row.name, row.unicode),
        provider=row.provider,
        alias_of=None if row.alias_of is None else Domain.parse(row.alias_of),
        protocols=tuple(map(Protocol, row.protocols.split(","))) if row.protocols else (),
        suspended=row.suspended,
        subdomains=row.subdomains,
        note=row.note,
        accounts=overrides_from_data(json.loads(row.accounts)) if row.accounts else (),
    )


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Cut *items* into lists of a size that one statement takes."""
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def execute_many(connection: Connection, statement: Executable, rows: Iterable[dict[str, Any]]) -> None:
    """Execute *statement* once for each of *rows*, in bulk."""
    for chunk in chunks(rows):
        connection.execute(statement, chunk)


# --- queries -----------------------------------------------------------------------------------------------------------------------


def mark_of(connection: Connection) -> Mark:
    """Return which store this is, and its revision."""
    return Mark(*connection.execute(select(meta.c.store_id, meta.c.revision)).one())


def all_providers(connection: Connection) -> dict[str, Provider]:
    """Return the providers, in order of their ids."""
    rows = connection.execute(select(provider_table.c.id, provider_table.c.data).order_by(provider_table.c.id))
    return {id: provider_of(data) for id, data in rows}


def one_provider(connection: Connection, id: str) -> Provider:
    """Return the provider *id*; raises NotFound."""
    data = connection.execute(select(provider_table.c.data).where(provider_table.c.id == id)).scalar()
    if data is None:
        raise NotFound(N_("there is no provider %(id)s"), id=id)
    return provider_of(data)


def one_domain(connection: Connection, domain: Domain) -> DomainSettings:
    """Return what is said of *domain* itself; raises NotFound."""
    row = connection.execute(select(domain_table).where(domain_table.c.name == domain.ascii)).one_or_none()
    if row is None:
        raise NotFound(N_("%(domain)s is not among the domains"), domain=domain)
    return domain_from_row(row)


def way_of(connection: Connection, domain: Domain) -> Way:
    """Return how *domain* comes to its settings, as the snapshot answers for it; raises NotFound where nobody answers."""
    for name in (domain.ascii, *domain.parents):
        row = connection.execute(select(domain_table).where(domain_table.c.name == name)).one_or_none()
        if row is None:
            continue
        entries = [domain_from_row(row)]
        while (target := entries[-1].alias_of) is not None:
            entries.append(one_domain(connection, target))
        way = Way(domain, tuple(entries), one_provider(connection, entries[-1].provider or ""))
        if way.is_listed or way.subdomains:
            return way
        if way.suspended:
            raise NotFound(N_("%(domain)s is not among the domains, and %(above)s is suspended"), domain=domain, above=entries[0].domain)
        break
    data = connection.execute(select(provider_table.c.data).where(provider_table.c.is_default.is_(True))).scalar()
    if data is None:
        raise NotFound(N_("%(domain)s is not among the domains"), domain=domain)
    return Way(domain, (), provider_of(data))


@dataclass(frozen=True, slots=True)
class AllDomains:
    """The domains by A-label, read as they are walked over; each walk is a reading of its own."""

    connection: Connection

    def __iter__(self) -> Iterator[DomainSettings]:
        query = select(domain_table).order_by(domain_table.c.name)
        with self.connection.execute(query, execution_options={"yield_per": PAGE}) as result:
            yield from map(domain_from_row, result)


def ends_of_aliases(*conditions: ColumnElement[bool]) -> CTE:
    """Follow aliases: each *name* with every *target* on its way, and what of the way so far makes it suspended or wide."""
    start = select(domain_table.c.name, domain_table.c.alias_of.label("target"), domain_table.c.suspended, domain_table.c.subdomains)
    way = start.where(domain_table.c.alias_of.is_not(None), *conditions).cte("way", recursive=True)
    on = domain_table.alias("target")
    step = select(way.c.name, on.c.alias_of, or_(way.c.suspended, on.c.suspended), or_(way.c.subdomains, on.c.subdomains))
    return way.union_all(step.join(on, on.c.name == way.c.target).where(on.c.alias_of.is_not(None)))


def belongs_to(providers: Sequence[str]) -> ColumnElement[bool]:
    """Tell the domains of *providers*, and the aliases that end at one of them."""
    ends = ends_of_aliases()
    end = domain_table.alias("end")
    aliases = select(ends.c.name).join(end, end.c.name == ends.c.target).where(end.c.provider.in_(providers))
    return or_(domain_table.c.provider.in_(providers), domain_table.c.name.in_(aliases))


def is_suspended() -> ColumnElement[bool]:
    """Tell the suspended domains; an alias is suspended with any target on its way."""
    names = select(domain_table.c.name).where(domain_table.c.suspended.is_(True)).cte("suspended", recursive=True)
    names = names.union(select(domain_table.c.name).join(names, domain_table.c.alias_of == names.c.name))
    return domain_table.c.name.in_(select(names.c.name))


def changes(connection: Connection, now: Mark, since: int | None) -> Changes:
    """Return all there is where *since* is None, else what later revisions touched, and the aliases that lead to it."""
    data = {row.id: row.data for row in connection.execute(select(provider_table.c.id, provider_table.c.data))}
    default = connection.execute(select(provider_table.c.id).where(provider_table.c.is_default)).scalar()
    if since is None:
        rows = _stream(connection, _plain_rows().order_by(domain_table.c.name), _alias_rows())
        return Changes(now, True, default, {**data}, rows, ())
    touched = select(change_table.c.name).where(change_table.c.revision > since)
    ids = connection.execute(touched.where(change_table.c.kind == "provider").distinct()).scalars()
    providers = {id: data.get(id) for id in ids}
    names = touched.where(change_table.c.kind == "domain").cte("touched", recursive=True)
    names = names.union(select(domain_table.c.name).join(names, domain_table.c.alias_of == names.c.name))
    is_touched = domain_table.c.name.in_(select(names.c.name))
    gone = select(names.c.name).where(~select(domain_table.c.name).where(domain_table.c.name == names.c.name).exists())
    return Changes(
        now,
        False,
        default,
        providers,
        _stream(connection, _plain_rows(is_touched), _alias_rows(is_touched)),
        connection.execute(gone).scalars().all(),
    )


def _plain_rows(*conditions: ColumnElement[bool]) -> Select[Any]:
    columns = (getattr(domain_table.c, name) for name in Row._fields)
    return select(*columns).where(domain_table.c.alias_of.is_(None), *conditions)


def _alias_rows(*conditions: ColumnElement[bool]) -> Select[Any]:
    ends, end = ends_of_aliases(*conditions), domain_table.alias("end")
    flags = or_(ends.c.suspended, end.c.suspended), or_(ends.c.subdomains, end.c.subdomains)
    columns = (ends.c.name, *flags, end.c.provider, end.c.protocols, end.c.accounts)
    return select(*columns).join(end, end.c.name == ends.c.target).where(end.c.alias_of.is_(None))


def _stream(connection: Connection, *queries: Select[Any]) -> Generator[Row]:
    for query in queries:
        with connection.execute(query, execution_options={"yield_per": PAGE}) as result:
            yield from map(Row._make, result)
