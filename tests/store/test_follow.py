"""Several writers, processes killed at any moment, a database that goes away: nothing is lost, and the snapshot ends as the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from autoconfig.errors import SnapshotError
from autoconfig.store.exchange import write_toml
from autoconfig.store.follow import catch_up, follow
from autoconfig.store.snapshot import Snapshot, mark_of
from autoconfig.store.store import Store, open_store
from tests.store import processes
from tests.store.world import WORLD, answer, entry, name, url

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


def test_ten_processes_write_at_once(store: Store, tmp_path: Path) -> None:
    """Nothing is lost, nobody hears of a lock, and the snapshot ends as the store."""
    store.import_settings(WORLD)
    workers, count = 10, 5
    started = [processes.start(processes.add_and_edit, tmp_path, who, count) for who in range(workers)]
    for process in started:
        process.join(120)
        assert process.exitcode == 0
    names = {found.domain.ascii for found in store.domains()}
    assert {f"{kind}{who}-{i}.se" for kind in "di" for who in range(workers) for i in range(count)} <= names
    assert store.domain(name("kund.se")).note == str(workers * count)
    assert_snapshot_equals(store, tmp_path / "snapshot.mdb")


def test_processes_that_open_a_new_store_at_once_make_one(tmp_path: Path) -> None:
    """The first makes the tables, the others wait and find them."""
    started = [processes.start(processes.open_new, tmp_path) for _ in range(6)]
    for process in started:
        process.join(60)
        assert process.exitcode == 0
    with open_store(url(tmp_path)) as store:
        assert [found.id for found, _ in store.providers()] == ["karla"]
        assert store.revision() == 1


# --- killed ------------------------------------------------------------------------------------------------------------------------


def test_an_import_that_is_killed_has_happened_or_not(store: Store, tmp_path: Path) -> None:
    """The store is as before or as after, never between, and goes on."""
    states = {write_toml(processes.either(letter)) for letter in "ab"}
    store.import_settings(processes.either("b"))
    for _ in range(12):
        processes.kill_at_random(processes.swing, tmp_path, within=0.3)
        assert write_toml(store.export()) in states
    catch_up(store, tmp_path / "snapshot.mdb")
    assert_snapshot_equals(store, tmp_path / "snapshot.mdb")


def test_a_snapshot_whose_writer_is_killed_is_readable_and_completed(store: Store, tmp_path: Path) -> None:
    """At any moment of a delta or a rebuild; at worst there is none, and the next one to catch up makes it."""
    path = tmp_path / "snapshot.mdb"
    for _ in range(12):
        processes.kill_at_random(processes.swing_snapshot, tmp_path, within=0.4)
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


def test_a_change_is_followed_within_two_seconds(store: Store, tmp_path: Path) -> None:
    """Whoever made it, and without being told."""
    path, stop = tmp_path / "snapshot.mdb", threading.Event()
    follower = threading.Thread(target=follow, args=(url(tmp_path), path, stop))
    follower.start()
    try:
        until(lambda: mark_of(path) == store.mark(), 2)
        store.import_settings(WORLD)
        until(lambda: Snapshot.open(path).client_config(name("kund.se")), 2)
    finally:
        stop.set()
        follower.join(5)
    assert not follower.is_alive()


def test_a_store_that_goes_away_is_told_once_and_missed_by_no_reader(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The snapshot goes on answering; when the database is back it is followed again."""
    caplog.set_level(logging.INFO, "autoconfig.store.follow")
    path, stop = tmp_path / "snapshot.mdb", threading.Event()
    store.import_settings(WORLD)
    catch_up(store, path)
    snapshot = Snapshot.open(path)
    follower = threading.Thread(target=follow, args=(url(tmp_path), path, stop, 0.05))
    follower.start()
    try:
        away = tmp_path / "away.db"
        (tmp_path / "autoconfig.db").rename(away)
        until(lambda: caplog.messages)
        time.sleep(0.5)
        assert snapshot.client_config(name("kund.se")) is not None
        assert len(caplog.messages) == 1
        assert "the database is gone; serving the settings as they were last" in caplog.messages[0]
        away.rename(tmp_path / "autoconfig.db")
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
