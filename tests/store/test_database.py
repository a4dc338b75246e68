"""The databases under the store: their tables are made whole or not at all, and whatever fails is one clear line."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from autoconfig.errors import StoreError, StoreUnavailable
from autoconfig.model import Settings
from autoconfig.store import schema
from autoconfig.store.database import Database
from autoconfig.store.schema import StateWord, refusal, state
from autoconfig.store.store import Store, open_store
from autoconfig.store.tables import VERSIONS, metadata
from tests.postgresql import PASSWORD, Cluster
from tests.store import processes
from tests.store.conftest import KINDS
from tests.store.database import execute, tables, writing
from tests.store.world import KARLA, WORLD, entry, url


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which nothing is yet."""
    if request.param == "sqlite":
        yield url(tmp_path)
        return
    server: Cluster = request.getfixturevalue("postgresql")
    made = server.database(is_ready=False)
    yield made
    server.drop(made)


def test_who_has_little_patience_hears_soon_that_others_have_the_file(tmp_path: Path) -> None:
    """The service follows the store with what it has; it must not wait as long as a command does."""
    open_store(url(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / "autoconfig.db", isolation_level=None)) as another:
        another.execute("PRAGMA locking_mode = EXCLUSIVE")
        another.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="other programs kept the database busy for too long"):
            open_store(url(tmp_path), create=False, patience=0.2)
        assert time.monotonic() - begun < 5


# --- the schema --------------------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_made_and_an_empty_one_filled(tmp_path: Path) -> None:
    """Nobody has to run an upgrade before the first command; looking at the state makes nothing."""
    with Store.connect(url(tmp_path)) as looked_at:
        assert (looked_at.state().word, looked_at.state().current) == (StateWord.EMPTY, None)
    assert list(tmp_path.iterdir()) == []
    with open_store(url(tmp_path)) as store:
        assert store.state().usable
        assert store.export() == Settings()
        mark = store.mark()
    with open_store(url(tmp_path)) as store:
        assert store.mark() == mark
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "autoconfig.db").touch()
    with open_store(url(tmp_path / "empty")) as store:
        assert store.mark().store_id != mark.store_id


@pytest.mark.postgresql
def test_an_empty_database_of_a_server_waits_for_its_upgrade(postgresql: Cluster) -> None:
    """Nobody puts tables into a server by a slip; the command is named."""
    empty = postgresql.database(is_ready=False)
    with pytest.raises(StoreError, match="has no tables yet; make them with: autoconfig db upgrade"):
        open_store(empty)
    with Store.connect(empty) as store:
        assert store.state().word is StateWord.EMPTY
        store.upgrade()
        assert store.state().usable
    open_store(empty).close()


def test_the_migrations_lead_to_the_tables(store: Store, database_url: str) -> None:
    """What `tables` says is what the migrations make."""
    with writing(database_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_tables_of_another_version_are_refused_with_what_to_do(store: Store, database_url: str) -> None:
    """Behind: the upgrade by name; ahead: use the newer program."""
    with writing(database_url) as connection:
        behind = state(connection, (*VERSIONS, "9998"))
        assert behind.word is StateWord.BEHIND
        assert "autoconfig db upgrade" in str(refusal(behind, "x"))
    execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="made by a newer autoconfig"):
        open_store(database_url)
    with Store.connect(database_url) as looked_at, pytest.raises(StoreError, match="made by a newer autoconfig"):
        looked_at.upgrade()


def test_an_upgrade_is_all_or_nothing(empty_url: str) -> None:
    """Whatever stops it leaves the database as it was, and it is made when that is out of the way."""
    # The second is in the way of the first migration, after it has made meta and provider.
    execute(empty_url, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "CREATE TABLE domain (x INTEGER)")
    with pytest.raises(StoreUnavailable), Store.connect(empty_url) as store:
        store.upgrade()
    assert tables(empty_url) == {"alembic_version", "domain"}
    execute(empty_url, "DROP TABLE domain")
    with Store.connect(empty_url) as store:
        store.upgrade()
        assert store.state().usable


def test_an_upgrade_from_every_older_version_is_all_or_nothing_too(empty_url: str) -> None:
    """A process that dies in the middle leaves the old version; the next upgrade ends at the tables of a new store."""
    for version in VERSIONS[:-1]:
        with writing(empty_url) as connection:
            schema.upgrade(connection, version)
        before = tables(empty_url)
        database = Database(empty_url, create=True)
        with database.upgrading() as connection:
            schema.upgrade(connection)  # and nobody commits
        database.close()
        assert tables(empty_url) == before
    with Store.connect(empty_url) as store:
        assert store.state().word is StateWord.BEHIND
        store.upgrade()
    with writing(empty_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


@pytest.mark.slow
def test_upgrades_at_once_make_one(empty_url: str) -> None:
    """The second waits for the first, and finds the work done."""
    spawn = multiprocessing.get_context("spawn")
    started = [spawn.Process(target=processes.upgrade, args=(empty_url,)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
        assert process.exitcode == 0
    with open_store(empty_url) as store:
        assert store.export() == Settings()


def test_tables_that_are_missing_are_told(store: Store, database_url: str) -> None:
    """Half a backup, or somebody's DROP: not an empty store, and not one to be mended by an upgrade."""
    execute(database_url, "DROP TABLE revision")
    with pytest.raises(StoreError, match="lacks some of its tables; restore it from a backup"):
        open_store(database_url)
    with Store.connect(database_url) as looked_at, pytest.raises(StoreError, match="lacks some of its tables"):
        looked_at.upgrade()


def test_a_database_of_another_program_is_left_alone(empty_url: str) -> None:
    """A wrong path in the configuration must not put tables into somebody's data."""
    execute(empty_url, "CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(StoreError, match="belongs to another program"):
        open_store(empty_url)
    with Store.connect(empty_url) as store, pytest.raises(StoreError, match="belongs to another program"):
        store.upgrade()
    assert tables(empty_url) == {"theirs"}


# --- waiting -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_writer_waits_for_another(store: Store, database_url: str) -> None:
    """However long that takes, within reason; and what it then sees is what the other made."""
    store.import_settings(WORLD)
    done = threading.Event()

    def change() -> None:
        with open_store(database_url) as other:
            other.add_domain(entry("ny.se"))
        done.set()

    with writing(database_url) as connection:
        connection.execute(text("UPDATE meta SET revision = revision + 1"))
        waiting = threading.Thread(target=change)
        waiting.start()
        assert not done.wait(1.5)
    waiting.join(20)
    assert done.is_set()
    assert store.revision() == 3


def test_a_reader_waits_for_nobody(store: Store, database_url: str) -> None:
    """While a change is under way it sees what was before."""
    store.import_settings(WORLD)
    with writing(database_url) as connection:
        connection.execute(text("UPDATE meta SET revision = revision + 1"))
        began = time.monotonic()
        assert store.revision() == 1
        assert time.monotonic() - began < 1


# --- the database fails ------------------------------------------------------------------------------------------------------------


def test_what_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    """A file of something else, a folder that is not there, a URL that is none."""
    (tmp_path / "autoconfig.db").write_bytes(b"nothing of that kind" * 100)
    with pytest.raises(StoreUnavailable, match="is not a database"):
        open_store(url(tmp_path))
    with pytest.raises(StoreUnavailable, match="there is no folder"):
        open_store(url(tmp_path / "missing"))
    with pytest.raises(StoreUnavailable, match="the database cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreError, match="is not a database URL"):
        open_store("autoconfig.db")
    with pytest.raises(StoreError, match="settings live in SQLite or PostgreSQL"):
        open_store("mysql://localhost/autoconfig")
    with pytest.raises(StoreError, match="settings in memory are lost"):
        open_store("sqlite://")


def test_a_database_that_is_taken_away_is_gone_and_not_made_anew(tmp_path: Path) -> None:
    """Who only follows must not find an empty store in its place."""
    open_store(url(tmp_path)).close()
    (tmp_path / "autoconfig.db").unlink()
    for leftover in tmp_path.glob("autoconfig.db-*"):
        leftover.unlink()
    with pytest.raises(StoreUnavailable, match="the database is gone"):
        open_store(url(tmp_path), create=False)
    assert not (tmp_path / "autoconfig.db").exists()


def test_a_full_disk_changes_nothing(tmp_path: Path, small_disk: Path) -> None:
    """One clear line, and the store is as before."""
    with open_store(url(small_disk)) as store:
        store.import_settings(WORLD)
        before = store.export()
        many = Settings((KARLA,), tuple(entry(f"d{i}.se", note="x" * 100) for i in range(20_000)))
        with pytest.raises(StoreUnavailable, match="the disk is full"):
            store.import_settings(many)
        assert store.export() == before
        store.add_domain(entry("ny.se"))


def test_a_database_that_may_not_be_written_is_told_in_one_line(read_only_disk: Path) -> None:
    """SQLite cannot even read there, for want of a place to note its readers."""
    with pytest.raises(StoreUnavailable, match="the database cannot be opened; may its folder be written"):
        open_store(url(read_only_disk))
    with pytest.raises(StoreUnavailable, match="the database cannot be opened; may its folder be written"):
        open_store(f"sqlite:///{read_only_disk}/other.db")


@pytest.mark.postgresql
def test_a_server_that_refuses_is_told_in_one_line(postgresql: Cluster) -> None:
    """Nobody there, no such database, a wrong password, a user without rights; the password is never shown."""
    address = f"127.0.0.1:{postgresql.port}"
    right = PASSWORD.replace(":", "%3A").replace("/", "%2F").replace("@", "%40").replace("?", "%3F")
    for wrong, said in {
        "postgresql://postgres@127.0.0.1:1/x": "the database does not answer: .*Connection refused",
        f"postgresql://postgres:{right}@{address}/missing": "there is no such database on the server",
        f"postgresql://postgres:geheim@{address}/ready": "the server does not let this user in",
        f"postgresql://postgres@{address}/ready": "the server does not let this user in",
        f"postgresql://nobody:geheim@{address}/ready": "the server does not let this user in",
    }.items():
        with pytest.raises(StoreUnavailable, match=said) as caught:
            open_store(wrong)
        assert "geheim" not in str(caught.value)
        assert right not in str(caught.value)
        assert "\n" not in str(caught.value)
    made = postgresql.database()
    with open_store(made.replace("postgres@/", f"postgres:{right}@{address}/").partition("?")[0]) as store:
        assert store.name == made.replace("postgres@/", f"postgres:***@{address}/").partition("?")[0]
        assert store.revision() == 0
    postgresql.drop(made)


@pytest.mark.postgresql
def test_a_server_that_comes_back_is_used_again(postgresql: Cluster) -> None:
    """Connections of the pool that died with the server are noticed before they are used."""
    made = postgresql.database()
    with open_store(made) as store:
        store.import_settings(WORLD)
        postgresql.stop()
        with pytest.raises(StoreUnavailable, match="the database does not answer"):
            store.revision()
        postgresql.start()
        assert store.revision() == 1
        store.add_domain(entry("ny.se"))
    postgresql.drop(made)


@pytest.mark.postgresql
def test_a_database_without_unicode_is_refused(postgresql: Cluster) -> None:
    """In Latin-1 there is no place for every domain."""
    postgresql.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with Store.connect(f"postgresql://postgres@/latin?host={postgresql.folder}&port={postgresql.port}") as store:
        with pytest.raises(StoreError, match="has the encoding LATIN1; make a database with UTF8"):
            store.upgrade()
        assert store.state().word is StateWord.EMPTY


@pytest.mark.postgresql
def test_a_user_without_rights_is_told_so(postgresql: Cluster) -> None:
    """PostgreSQL 15 lets nobody but the owner make tables in the schema public."""
    postgresql.execute("CREATE USER lilla")
    made = postgresql.database(is_ready=False).replace("postgres@", "lilla@")
    with Store.connect(made) as store, pytest.raises(StoreUnavailable, match="give it the right to make tables in its schema"):
        store.upgrade()
