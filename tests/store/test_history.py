"""What was there before each change: a domain's former settings, told from the log alone."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from autoconfig.address import Domain
from autoconfig.errors import AutoconfigError, StoreError, StoreUnavailable
from autoconfig.model import ClientConfig, DomainSettings, Settings
from autoconfig.store import schema
from autoconfig.store.database import Database
from autoconfig.store.follow import catch_up
from autoconfig.store.rows import domain_to_row, provider_to_row
from autoconfig.store.schema import StateWord
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.store import Store, open_store
from autoconfig.store.tables import VERSIONS
from autoconfig.store.tables import change as change_table
from autoconfig.store.tables import revision as revision_table
from tests.store.conftest import NewDatabase
from tests.store.database import writing
from tests.store.steps import ASKED, STEPS, take
from tests.store.world import WORLD, answer, entry, name, override, provider, url

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Past:
    """A store whose clock goes on by a day after each change."""

    store: Store
    clock: Clock

    def change(self, do: Callable[..., object], *what: object) -> datetime:
        """Make a change and return when that was."""
        at = self.clock.now
        do(*what)
        self.clock.now += DAY
        return at

    def former(self, text: str, since: datetime = START) -> list[tuple[str, datetime]]:
        """The first incoming server of each of the former settings, and until when it was that."""
        return [(config.accounts[0].incoming.host.ascii, until) for config, until in self.store.former_configs(name(text), since)]


@pytest.fixture
def past(database_url: str) -> Iterator[Past]:
    clock = Clock()
    with open_store(database_url, who="karla", clock=clock) as store:
        yield Past(store, clock)


# --- what decides for a domain -----------------------------------------------------------------------------------------------------


def test_every_change_is_logged_with_when_and_by_whom(past: Past, database_url: str) -> None:
    """One line for each revision; what changed nothing has none."""
    past.change(past.store.import_settings, WORLD)
    past.change(past.store.import_settings, WORLD)
    past.change(past.store.remove_domain, name("kund.se"))
    with writing(database_url) as connection:
        made = connection.execute(select(revision_table).order_by(revision_table.c.revision)).all()
        touched = connection.execute(select(change_table.c.name, change_table.c.before).where(change_table.c.revision == 2)).all()
    assert [tuple(row) for row in made] == [(1, START, "karla"), (2, START + 2 * DAY, "karla")]
    assert [tuple(row) for row in touched] == [("kund.se", json.dumps({"name": "kund.se", "provider": "karla"}, separators=(",", ":")))]


def test_a_domain_that_never_changed_has_no_past(past: Past) -> None:
    """Nor has one that nobody knows."""
    past.change(past.store.import_settings, WORLD)
    past.change(past.store.add_domain, entry("ny.se"))
    assert past.former("kund.se") == past.former("ny.se") == past.former("unknown.se") == []


def test_a_domain_of_a_provider_that_changed_was_what_the_provider_was(past: Past) -> None:
    """Newest first, each until the change that ended it, and only those that ended since then."""
    past.change(past.store.import_settings, WORLD)
    first = past.change(past.store.set_provider, provider("karla", "a.karla.se"))
    second = past.change(past.store.set_provider, provider("karla", "b.karla.se"))
    assert past.former("kund.se") == [("a.karla.se", second), ("server.karla.se", first)]
    assert past.former("kund.se", second) == [("a.karla.se", second)]
    assert past.former("kund.se", second + DAY) == []
    assert past.former("annan.se") == []


def test_a_change_that_changes_nothing_for_the_domain_is_none(past: Past) -> None:
    """A note, or an override that says what the provider says, is nobody's former settings."""
    past.change(past.store.import_settings, WORLD)
    past.change(past.store.set_domain, entry("kund.se", note="ring först"))
    past.change(past.store.set_domain, entry("kund.se", accounts=override("mail.kund.se")))
    assert past.former("kund.se") == []


def test_a_domain_that_moved_was_at_its_former_provider_as_that_was_then(past: Past) -> None:
    """The provider that it left may have changed, or be gone, since."""
    past.change(past.store.import_settings, WORLD)
    past.change(past.store.set_provider, provider("third", "old.third.se"))
    past.change(past.store.add_domain, entry("ny.se", "third"))
    changed = past.change(past.store.set_provider, provider("third", "new.third.se"))
    moved = past.change(past.store.set_domain, entry("ny.se", "other"))
    past.change(past.store.set_provider, provider("third", "never.third.se"))
    past.change(past.store.remove_provider, "third")
    assert past.former("ny.se") == [("new.third.se", moved), ("old.third.se", changed)]


def test_an_alias_was_what_its_target_was(past: Past) -> None:
    """A change of the target, of the alias itself, and of the provider at the end; its own name filled in."""
    past.change(past.store.import_settings, WORLD)
    target = past.change(past.store.set_domain, entry("byrå.se", "other"))
    alias = past.change(past.store.set_domain, entry("alias.se", alias_of="kund.se"))
    end = past.change(past.store.set_provider, provider("karla", "new.karla.se"))
    assert past.former("alias.se") == [("server.karla.se", end), ("mail.other.se", alias), ("server.karla.se", target)]
    (_, _, (config, _)) = past.store.former_configs(name("alias.se"), START)
    assert config == answer(WORLD, name("alias.se"))


def test_a_name_below_a_domain_was_what_that_was(past: Past) -> None:
    """Also while the domain answers no longer for its subdomains, or the name now has an entry of its own."""
    past.change(past.store.import_settings, WORLD)
    narrow = past.change(past.store.set_domain, entry("wide.se"))
    past.change(past.store.set_domain, entry("wide.se", subdomains=True))
    own = past.change(past.store.add_domain, entry("x.wide.se", "other"))
    assert past.former("x.wide.se") == [("server.karla.se", own), ("server.karla.se", narrow)]


def test_a_domain_that_was_suspended_had_settings_before(past: Past) -> None:
    """While it was suspended it had none."""
    past.change(past.store.import_settings, WORLD)
    suspended = past.change(past.store.set_domain, entry("kund.se", suspended=True))
    past.change(past.store.set_domain, entry("kund.se", "other"))
    assert past.former("kund.se") == [("server.karla.se", suspended)]
    past.change(past.store.set_domain, entry("off.se"))
    assert past.former("off.se") == []
    alias = past.change(past.store.set_domain, entry("alias.se", alias_of="byrå.se", suspended=True))
    past.change(past.store.set_domain, entry("byrå.se", "other"))
    assert past.former("alias.se") == [("server.karla.se", alias)]


def test_a_domain_that_was_removed_and_came_back_had_settings_before(past: Past) -> None:
    """By hand or by --prune."""
    past.change(past.store.import_settings, WORLD)
    removed = past.change(past.store.remove_domain, name("kund.se"))
    past.change(past.store.add_domain, entry("kund.se", "other"))
    assert past.former("kund.se") == [("server.karla.se", removed)]
    pruned = past.change(lambda: past.store.import_settings(Settings((provider("other", "mail.other.se"),)), prune=True))
    assert past.former("kund.se") == [("mail.other.se", pruned), ("server.karla.se", removed)]


def test_a_default_provider_was_another_or_none(past: Past) -> None:
    """For what is not listed; a default that is gone is known as well."""
    past.change(past.store.set_provider, provider("first", "first.se", default=True))
    first = past.change(past.store.remove_provider, "first")
    past.change(past.store.set_provider, provider("second", "second.se", default=True))
    turned = Settings((provider("second", "second.se"), provider("third", "third.se", default=True)))
    second = past.change(past.store.import_settings, turned)
    listed = past.change(past.store.add_domain, entry("kund.se", "second"))
    assert past.former("unknown.se") == [("second.se", second), ("first.se", first)]
    assert past.former("kund.se") == [("third.se", listed), ("second.se", second), ("first.se", first)]


def test_what_can_no_longer_be_read_is_left_out(past: Past, database_url: str) -> None:
    """Settings of a later or a much earlier program: what came before them is told all the same."""
    past.change(past.store.import_settings, WORLD)
    first = past.change(past.store.set_domain, entry("kund.se", "other"))
    past.change(past.store.set_domain, entry("kund.se"))
    third = past.change(past.store.set_domain, entry("kund.se", "other"))
    for unreadable in ('{"name": "kund.se", "provider": 5}', "{", "[]"):
        with writing(database_url) as connection:
            connection.execute(update(change_table).where(change_table.c.revision == 3).values(before=unreadable))
        assert past.former("kund.se") == [("server.karla.se", third), ("server.karla.se", first)]


def test_a_clock_that_was_set_back_does_no_harm(past: Past) -> None:
    """Revisions tell the order; a time that is too early is before *since*, wherever it stands."""
    past.change(past.store.import_settings, WORLD)
    first = past.change(past.store.set_provider, provider("karla", "a.karla.se"))
    past.clock.now = START - 9 * DAY
    wrong = past.change(past.store.set_provider, provider("karla", "b.karla.se"))
    past.clock.now = START + 3 * DAY
    last = past.change(past.store.set_provider, provider("karla", "c.karla.se"))
    assert past.former("kund.se", first) == [("b.karla.se", last), ("server.karla.se", first)]
    assert past.former("kund.se", wrong) == [("b.karla.se", last), ("a.karla.se", wrong), ("server.karla.se", first)]


def test_time_zones_are_of_no_account(past: Past) -> None:
    """A moment is the same moment, whoever tells it."""
    past.change(past.store.import_settings, WORLD)
    changed = past.change(past.store.set_provider, provider("karla", "a.karla.se"))
    stockholm = changed.astimezone(datetime.fromisoformat("2026-01-01T00:00+01:00").tzinfo)
    assert past.former("kund.se", stockholm) == [("server.karla.se", changed)]
    assert past.former("kund.se", stockholm + timedelta(seconds=1)) == []


# --- any changes -------------------------------------------------------------------------------------------------------------------

Remembered = list[tuple[datetime, Settings]]


def _remembered(model: Remembered, domain: Domain, since: datetime) -> list[tuple[ClientConfig, datetime]]:
    """What `former_configs` should say, by the settings of every revision with the time when they came."""
    found = []
    for (_, before), (until, after) in itertools.pairwise(model):
        config = answer(before, domain)
        if until >= since and config is not None and config != answer(after, domain):
            found.append((config, until))
    return found[::-1]


@pytest.mark.slow
@given(
    steps=st.lists(st.tuples(STEPS, st.integers(-3, 5)), max_size=12),
    since=st.lists(st.integers(-3, 20), min_size=1, max_size=3),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_log_remembers_as_well_as_somebody_who_wrote_everything_down(
    steps: list[tuple[tuple[object, ...], int]], since: list[int], new_database: NewDatabase
) -> None:
    """After any imports, edits and prunes, with a clock that is now and then set back."""
    clock = Clock()
    with open_store(new_database(), clock=clock) as store:
        store.import_settings(WORLD)
        model: Remembered = [(START, Settings()), (START, WORLD)]
        for step, days in steps:
            clock.now += days * DAY
            before = store.revision()
            try:
                after = take(store, step, model[-1][1])
            except AutoconfigError:
                continue
            if store.revision() != before:
                model.append((clock.now, after))
        for domain in ASKED:
            for days in since:
                expected = _remembered(model, domain, START + days * DAY)
                assert store.former_configs(domain, START + days * DAY) == expected, domain


# --- from the time before ----------------------------------------------------------------------------------------------------------


def _read(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "autoconfig.db")
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def _write(folder: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(folder / "autoconfig.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def _old_store(folder: Path) -> None:
    """Make a store of version 0001 with WORLD in it, as its program left it after two revisions."""
    database = Database(url(folder), create=True)
    with database.writing() as connection:
        schema.upgrade(connection, "0001")
        connection.commit()
    database.close()
    connection = sqlite3.connect(folder / "autoconfig.db")
    with connection:
        connection.execute("UPDATE meta SET revision = 2")
        for table, rows in (
            ("provider", [provider_to_row(found) for found in WORLD.providers]),
            ("domain", [domain_to_row(found) for found in sorted(WORLD.domains, key=_is_alias)]),
            ("change", [{"revision": 1, "kind": "provider", "name": found.id} for found in WORLD.providers]),
            ("change", [{"revision": 2, "kind": "domain", "name": found.domain.ascii} for found in WORLD.domains]),
        ):
            for row in rows:
                names, places = ", ".join(f'"{key}"' for key in row), ", ".join(f":{key}" for key in row)
                connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', row)  # noqa: S608 - our own words
    connection.close()


def _is_alias(settings: DomainSettings) -> bool:
    return settings.alias_of is not None


def test_an_upgrade_keeps_everything_and_begins_the_log(tmp_path: Path) -> None:
    """Until then the store is behind and refused; its earlier changes stay known to snapshots, and have no former settings."""
    _old_store(tmp_path)
    with Store.connect(url(tmp_path)) as store:
        assert (store.state().word, store.state().current, store.state().head) == (StateWord.BEHIND, "0001", VERSIONS[-1])
    with pytest.raises(StoreError, match="has tables of an older autoconfig"):
        open_store(url(tmp_path))
    with Store.connect(url(tmp_path)) as store:
        store.upgrade()
        assert store.state().usable
        store.upgrade()
    clock = Clock()
    with open_store(url(tmp_path), clock=clock) as store:
        assert set(store.export().domains) == set(WORLD.domains)
        assert set(store.export().providers) == set(WORLD.providers)
        assert store.revision() == 2
        with store.changes_since(store.mark()._replace(revision=1)) as changes:
            assert not changes.is_complete
            assert {row.name for row in changes.rows} == {found.domain.ascii for found in WORLD.domains}
        catch_up(store, tmp_path / "snapshot.mdb")
        assert Snapshot.open(tmp_path / "snapshot.mdb").client_config(name("alias.se")) == answer(WORLD, name("alias.se"))
        assert store.former_configs(name("kund.se"), START - 999 * DAY) == []
        store.set_provider(provider("karla", "new.karla.se"))
        assert store.former_configs(name("kund.se"), START) == [(answer(WORLD, name("kund.se")), START)]


def test_an_upgrade_that_fails_leaves_the_old_store_as_it_was(tmp_path: Path) -> None:
    """A table in the way: the old program could go on, and once it is gone the upgrade is made."""
    _old_store(tmp_path)
    _write(tmp_path, "CREATE INDEX ix_change_name ON change (name)")  # in the way of the last step
    before = _read(tmp_path, "SELECT name, sql FROM sqlite_master ORDER BY name")
    with Store.connect(url(tmp_path)) as store, pytest.raises(StoreUnavailable):
        store.upgrade()
    assert _read(tmp_path, "SELECT name, sql FROM sqlite_master ORDER BY name") == before
    assert _read(tmp_path, "SELECT version_num FROM alembic_version") == [("0001",)]
    _write(tmp_path, "DROP INDEX ix_change_name")
    with Store.connect(url(tmp_path)) as store:
        store.upgrade()
        assert store.state().usable


def test_an_old_store_that_was_upgraded_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    """The same statements, whichever way they came."""
    (tmp_path / "new").mkdir()
    open_store(url(tmp_path / "new")).close()
    _old_store(tmp_path)
    with Store.connect(url(tmp_path)) as store:
        store.upgrade()
    query = "SELECT name, sql FROM sqlite_master ORDER BY name"
    assert _read(tmp_path, query) == _read(tmp_path / "new", query)
