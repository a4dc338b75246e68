"""Several writers, processes killed at any moment, a database that goes away: nothing is lost, and the snapshot ends as the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import text

from autoconfig.errors import SnapshotError
from autoconfig.model import Settings
from autoconfig.store.exchange.toml import write_toml
from autoconfig.store.follow import catch_up, follow
from autoconfig.store.snapshot import Snapshot, mark_of
from autoconfig.store.store import Store, open_store
from tests.postgresql import Cluster
from tests.store import processes
from tests.store.database import writing
from tests.store.world import KARLA, WORLD, answer, entry, name, url

pytestmark = pytest.mark.slow


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def assert_snapshot_equals(store: Store, path: Path) -> None:
    """Every domain of the store is answered from the snapshot as the rules say."""
    snapshot, exported = Snapshot.open(path), store.export()
    assert snapshot.mark() == store.mark()
    for found in exported.domains:
        assert snapshot.client_config(found.domain) == answer(exported, found.domain)
    for letter in "ab":
        absent = name(f"{letter}0.se")
        assert snapshot.client_config(absent) == answer(exported, absent)


# --- several writers ---------------------------------------------------------------------------------------------------------------


def test_ten_processes_write_at_once(store: Store, database_url: str, tmp_path: Path) -> None:
    """Nothing is lost, nobody hears of a lock, and the snapshot ends as the store."""
    store.import_settings(WORLD)
    workers, count, path = 10, 5, tmp_path / "snapshot.mdb"
    started = [processes.start(processes.add_and_edit, database_url, path, who, count) for who in range(workers)]
    for process in started:
        process.join(120)
        assert process.exitcode == 0
    names = {found.domain.ascii for found in store.domains()}
    assert {f"{kind}{who}-{i}.se" for kind in "di" for who in range(workers) for i in range(count)} <= names
    assert store.domain(name("kund.se")).note == str(workers * count)
    assert_snapshot_equals(store, path)


def test_processes_that_open_a_new_store_at_once_make_one(tmp_path: Path) -> None:
    """The first makes the tables, the others wait and find them."""
    started = [processes.start(processes.open_new, url(tmp_path)) for _ in range(6)]
    for process in started:
        process.join(60)
        assert process.exitcode == 0
    with open_store(url(tmp_path)) as store:
        assert [found.id for found, _ in store.providers()] == ["karla"]
        assert store.revision() == 1


# --- killed ------------------------------------------------------------------------------------------------------------------------


def test_an_import_that_is_killed_has_happened_or_not(store: Store, database_url: str, tmp_path: Path) -> None:
    """The store is as before or as after, never between, and goes on."""
    states = {write_toml(processes.either(letter)) for letter in "ab"}
    store.import_settings(processes.either("b"))
    for _ in range(12):
        processes.kill_at_random(processes.swing, database_url, within=0.3)
        assert write_toml(store.export()) in states
    catch_up(store, tmp_path / "snapshot.mdb")
    assert_snapshot_equals(store, tmp_path / "snapshot.mdb")


def test_an_edit_that_is_killed_has_happened_or_not(store: Store, database_url: str, tmp_path: Path) -> None:
    """The note and the log of changes never differ, and nobody has to wait for the dead."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(Settings((KARLA,), (entry("kund.se", note="0"),)))
    first = store.revision()
    for _ in range(12):
        processes.kill_at_random(processes.count_up, database_url, path, within=0.2)
        with writing(database_url) as connection:
            logged = connection.execute(text("SELECT count(*), max(revision) FROM revision")).one()
            changed = connection.execute(text("SELECT max(revision) FROM change")).scalar_one()
        assert int(store.domain(name("kund.se")).note) + first == store.revision() == logged[0] == logged[1] == changed
    catch_up(store, path)
    assert_snapshot_equals(store, path)


def test_a_snapshot_whose_writer_is_killed_is_readable_and_completed(store: Store, database_url: str, tmp_path: Path) -> None:
    """At any moment of a delta or a rebuild; at worst there is none, and the next one to catch up makes it."""
    path = tmp_path / "snapshot.mdb"
    for _ in range(12):
        processes.kill_at_random(processes.swing_snapshot, database_url, path, within=0.4)
        shown = mark_of(path)
        assert shown is None or shown.revision <= store.revision()
        catch_up(store, path)
        assert_snapshot_equals(store, path)


def test_killed_readers_leave_no_trace(store: Store, tmp_path: Path) -> None:
    """Their places are freed by the next writer."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(WORLD)
    catch_up(store, path)
    for i in range(3):
        here, there = processes.pipe()
        reader = processes.start(processes.watch, path, "kund.se", there)
        assert here.poll(30)
        reader.kill()
        reader.join()
        store.add_domain(entry(f"d{i}.se"))
        catch_up(store, path)
    assert_snapshot_equals(store, path)


# --- following ---------------------------------------------------------------------------------------------------------------------


def test_a_change_is_followed_within_two_seconds(store: Store, database_url: str, tmp_path: Path) -> None:
    """Whoever made it, and without being told."""
    path, stop = tmp_path / "snapshot.mdb", threading.Event()
    follower = threading.Thread(target=follow, args=(database_url, path, stop))
    follower.start()
    try:
        until(lambda: mark_of(path) == store.mark(), 2)
        store.import_settings(WORLD)
        until(lambda: Snapshot.open(path).client_config(name("kund.se")), 2)
    finally:
        stop.set()
        follower.join(5)
    assert not follower.is_alive()


def _shows(path: Path, store: Store) -> bool:
    return mark_of(path) == store.mark()


def test_two_machines_follow_one_store(store: Store, database_url: str, tmp_path: Path) -> None:
    """Each keeps a snapshot of its own; a change made anywhere is on both within two seconds."""
    stop, paths = threading.Event(), [tmp_path / machine / "snapshot.mdb" for machine in ("a", "b")]
    followers = []
    for path in paths:
        path.parent.mkdir()
        followers.append(threading.Thread(target=follow, args=(database_url, path, stop)))
        followers[-1].start()
    try:
        for path in paths:
            until(partial(_shows, path, store), 5)
        store.import_settings(WORLD)
        for path in paths:
            until(partial(_shows, path, store), 2)
            assert_snapshot_equals(store, path)
    finally:
        stop.set()
        for follower in followers:
            follower.join(5)


class Away(Protocol):
    """A database that can be taken away, and brought back."""

    def go(self) -> None: ...
    def come(self) -> None: ...


@dataclass
class MovedFile:
    """A file of SQLite that somebody moves."""

    path: Path

    def go(self) -> None:
        self.path.rename(self.path.with_name("away.db"))

    def come(self) -> None:
        self.path.with_name("away.db").rename(self.path)


@dataclass
class StoppedServer:
    """A server that somebody stops, at once."""

    server: Cluster

    def go(self) -> None:
        self.server.stop()

    def come(self) -> None:
        self.server.start()


@pytest.fixture
def away(request: pytest.FixtureRequest, database_url: str) -> Away:
    if database_url.startswith("sqlite"):
        return MovedFile(Path(database_url.removeprefix("sqlite:///")))
    return StoppedServer(request.getfixturevalue("postgresql"))


def test_a_store_that_goes_away_is_told_once_and_missed_by_no_reader(
    store: Store, database_url: str, away: Away, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The snapshot goes on answering; when the database is back it is followed again."""
    caplog.set_level(logging.INFO, "autoconfig.store.follow")
    path, stop = tmp_path / "snapshot.mdb", threading.Event()
    store.import_settings(WORLD)
    catch_up(store, path)
    snapshot = Snapshot.open(path)
    follower = threading.Thread(target=follow, args=(database_url, path, stop, 0.05))
    follower.start()
    try:
        away.go()
        until(lambda: caplog.messages)
        time.sleep(0.5)
        assert snapshot.client_config(name("kund.se")) is not None
        assert len(caplog.messages) == 1
        assert "; serving the settings as they were last" in caplog.messages[0]
        away.come()
        until(lambda: len(caplog.messages) == 2)
        assert caplog.messages[1] == "following the database again"
        store.add_domain(entry("ny.se"))
        until(lambda: snapshot.client_config(name("ny.se")))
        assert len(caplog.messages) == 2
    finally:
        stop.set()
        follower.join(5)


def test_catching_up_where_nothing_can_be_written_is_one_clear_line(store: Store, tmp_path: Path) -> None:
    """A folder that is not there, a disk that is full."""
    with pytest.raises(SnapshotError, match="No such file or directory"):
        catch_up(store, tmp_path / "missing" / "snapshot.mdb")


def test_a_full_disk_leaves_the_snapshot_as_it_was(store: Store, small_disk: Path) -> None:
    """Readers see the last good state; the next try completes it."""
    path = small_disk / "snapshot.mdb"
    store.import_settings(processes.either("a"))
    catch_up(store, path)
    snapshot, shown = Snapshot.open(path), mark_of(path)
    filler = small_disk / "filler"
    with suppress(OSError):
        filler.write_bytes(bytes(4 << 20))
    store.import_settings(processes.either("b"), prune=True)
    with pytest.raises(SnapshotError, match="No space left on device"):
        catch_up(store, path)
    assert snapshot.mark() == shown
    assert snapshot.client_config(name("a0.se")) is not None
    filler.unlink()
    catch_up(store, path)
    assert_snapshot_equals(store, path)
