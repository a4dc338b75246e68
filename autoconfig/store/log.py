"""The log of changes, as people read it and as an undo needs it: who changed what and when, what was there before and after.

A line of the log has what was there before; what it led to is what the next line of that name found, else what stands there now. Lines
from before version 0002 tell neither when, nor by whom, nor what was there. What a later program wrote may not be readable here, which
hides that one value and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select
from sqlalchemy import Row as SQLRow

from autoconfig.address import Domain
from autoconfig.errors import N_, AutoconfigError, NotFound, StoreError
from autoconfig.model import DomainSettings, Provider
from autoconfig.store.codec import domain_from_data
from autoconfig.store.rows import domain_from_row, provider_of
from autoconfig.store.tables import change as change_table
from autoconfig.store.tables import domain as domain_table
from autoconfig.store.tables import provider as provider_table
from autoconfig.store.tables import revision as revision_table

PROVIDER, DOMAIN = "provider", "domain"


class Name(NamedTuple):
    """What a line of the log is about: a provider by its id, or a domain by its A-labels."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {Domain.parse(self.name) if self.kind == DOMAIN else self.name}"


class Gap(Enum):
    """Why something cannot be told."""

    NOT_LOGGED = "not known"
    NOT_READABLE = "not readable by this version"


Entry = Provider | DomainSettings


@dataclass(frozen=True, slots=True)
class Logged:
    """One change of one entry; None is "not there". Without *at* (UTC) nobody wrote down when it was, by whom, and what was before."""

    revision: int
    at: datetime | None
    who: str
    before: Entry | Gap | None
    after: Entry | Gap | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of one kind a revision touched."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unknown: int = 0  # touched, before there was a log


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of the store, when it was made (UTC; None before there was a log) and by whom."""

    revision: int
    at: datetime | None
    who: str
    providers: Tally
    domains: Tally


def history(connection: Connection, name: Name, limit: int | None = None) -> Iterator[Logged]:
    """Yield the changes of *name*, newest first, at most *limit*."""
    after = _now(connection, name)
    for row in connection.execute(_lines(name).limit(limit)):
        before = Gap.NOT_LOGGED if row.at is None else _read(name.kind, row.before)
        yield Logged(row.revision, row.at, row.who or "", before, after)
        after = before


def revisions(connection: Connection, limit: int | None = None, before: int | None = None) -> list[Revision]:
    """Return the changes of the whole store, newest first, at most *limit*, those earlier than the revision *before*."""
    log, made = change_table.c, revision_table.c
    page = select(log.revision).distinct().order_by(log.revision.desc()).limit(limit)
    if before is not None:
        page = page.where(log.revision < before)
    shown = page.cte("shown")
    # What became of each is what the next change found, else what is there now. One sort of all since then: to look for the next change
    # of each one by one is what PostgreSQL does in the order of revisions.
    found_nothing = case((log.before.is_(None), 1), else_=0)
    following = func.lead(found_nothing).over(partition_by=(log.kind, log.name), order_by=log.revision)
    since = log.revision >= select(func.min(shown.c.revision)).scalar_subquery()
    columns = log.revision, log.kind, log.name, found_nothing.label("is_new"), following.label("is_gone")
    touched = select(*columns).where(since).cte("touched")
    is_now = or_(provider_table.c.id.is_not(None), domain_table.c.name.is_not(None))
    is_gone = func.coalesce(touched.c.is_gone, case((is_now, 0), else_=1)) == 1
    counted = (
        select(
            touched.c.revision,
            touched.c.kind,
            func.count().label("touched"),
            func.sum(touched.c.is_new).label("added"),
            func.sum(case((and_(touched.c.is_new == 0, is_gone), 1), else_=0)).label("removed"),
        )
        .outerjoin(provider_table, and_(touched.c.kind == PROVIDER, provider_table.c.id == touched.c.name))
        .outerjoin(domain_table, and_(touched.c.kind == DOMAIN, domain_table.c.name == touched.c.name))
        .where(touched.c.revision.in_(select(shown.c.revision)))
        .group_by(touched.c.revision, touched.c.kind)
        .subquery()
    )
    query = select(counted, made.at, made.who).outerjoin(revision_table, made.revision == counted.c.revision)
    rows: dict[int, dict[str, SQLRow[Any]]] = {}
    for row in connection.execute(query.order_by(counted.c.revision.desc())):
        rows.setdefault(row.revision, {})[row.kind] = row
    return [_revision(revision, kinds) for revision, kinds in rows.items()]


def before(connection: Connection, revision: int | None, only: Name | None) -> dict[Name, Entry | None]:
    """Return all that *revision* touched (the last one where it is None), or *only* that, as it was before.

    Raises NotFound where there is no such change, and StoreError where it is not known what was before, or where something was changed
    again since.
    """
    log = change_table.c
    named = [log.kind == only.kind, log.name == only.name] if only else []
    if revision is None:
        revision = connection.execute(select(func.max(log.revision)).where(*named)).scalar()
        if revision is None:
            raise nothing_known(only) if only else NotFound(N_("there is no change yet"))
    _refuse_unlogged(connection, revision)
    _refuse_changed_since(connection, revision, named)
    states: dict[Name, Entry | None] = {}
    for row in connection.execute(
        select(log.kind, log.name, log.before).where(log.revision == revision, *named).order_by(log.kind, log.name)
    ):
        name = Name(row.kind, row.name)
        state = _read(row.kind, row.before)
        if isinstance(state, Gap):
            raise StoreError(N_("what %(name)s was before cannot be read by this version of the program"), name=name)
        states[name] = state
    if not states:
        raise NotFound(N_("revision %(revision)d did not touch %(name)s"), revision=revision, name=only)
    return states


def nothing_known(name: Name) -> NotFound:
    """Return the error for a name that no change ever touched."""
    return NotFound(N_("nothing is known of %(name)s"), name=name)


def _lines(name: Name) -> Select[Any]:
    log, made = change_table.c, revision_table.c
    query = select(log.revision, log.before, made.at, made.who).outerjoin(revision_table, made.revision == log.revision)
    return query.where(log.kind == name.kind, log.name == name.name).order_by(log.revision.desc())


def _now(connection: Connection, name: Name) -> Entry | Gap | None:
    if name.kind == PROVIDER:
        return _read(PROVIDER, connection.execute(select(provider_table.c.data).where(provider_table.c.id == name.name)).scalar())
    row = connection.execute(select(domain_table).where(domain_table.c.name == name.name)).one_or_none()
    try:
        return domain_from_row(row) if row else None
    except (AutoconfigError, ValueError):
        return Gap.NOT_READABLE


def _read(kind: str, text: str | None) -> Entry | Gap | None:
    if text is None:
        return None
    try:
        return provider_of(text) if kind == PROVIDER else domain_from_data(json.loads(text))
    except (AutoconfigError, ValueError):
        return Gap.NOT_READABLE


def _revision(revision: int, kinds: dict[str, SQLRow[Any]]) -> Revision:
    def tally(kind: str) -> Tally:
        if kind not in kinds:
            return Tally()
        row = kinds[kind]
        if row.at is None:
            return Tally(unknown=row.touched)
        added, removed = int(row.added), int(row.removed)
        return Tally(added, row.touched - added - removed, removed)

    row = next(iter(kinds.values()))
    return Revision(revision, row.at, row.who or "", tally(PROVIDER), tally(DOMAIN))


def _refuse_unlogged(connection: Connection, revision: int) -> None:
    if connection.execute(select(revision_table.c.revision).where(revision_table.c.revision == revision)).first():
        return
    last = connection.execute(select(func.max(change_table.c.revision))).scalar() or 0
    if revision < 1 or revision > last:
        raise NotFound(N_("there is no revision %(revision)d; the last one is %(last)d"), revision=revision, last=last)
    raise StoreError(N_("revision %(revision)d cannot be undone: nobody wrote down what was there before it"), revision=revision)


def _refuse_changed_since(connection: Connection, revision: int, named: Sequence[ColumnElement[bool]]) -> None:
    log, undone = change_table.c, change_table.alias("undone")
    is_same = and_(undone.c.revision == revision, undone.c.kind == log.kind, undone.c.name == log.name)
    query = select(log.kind, log.name, func.max(log.revision)).where(log.revision > revision, *named, exists().where(is_same))
    again = connection.execute(query.group_by(log.kind, log.name).order_by(log.kind, log.name).limit(1)).first()
    if again is not None:
        kind, name, last = again
        template = N_("%(name)s was changed again since, last in revision %(revision)d; undo that first")
        raise StoreError(template, name=Name(kind, name), revision=last)
