"""The snapshot: it answers as the rules say, after any change and any mishap, and readers see each change as it is."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autoconfig.errors import SnapshotError
from autoconfig.model import Settings
from autoconfig.store.changes import Mark
from autoconfig.store.follow import catch_up
from autoconfig.store.snapshot import Snapshot, mark_of
from autoconfig.store.store import Store, open_store
from tests.store import processes
from tests.store.steps import ASKED
from tests.store.world import KARLA, WORLD, answer, entry, name, provider, url


def check(snapshot: Snapshot, expected: Settings) -> None:
    for domain in ASKED:
        assert snapshot.client_config(domain) == answer(expected, domain), domain


def test_it_answers_as_the_rules_say(store: Store, tmp_path: Path) -> None:
    """Exact names, names below, suspended ones, aliases filled with the asked-for domain."""
    store.import_settings(WORLD)
    assert catch_up(store, tmp_path / "snapshot.mdb") == 1
    snapshot = Snapshot.open(tmp_path / "snapshot.mdb")
    check(snapshot, WORLD)
    alias = snapshot.client_config(name("alias.se"))
    assert alias is not None
    assert (alias.domain.ascii, alias.accounts[1].outgoing.host.ascii) == ("alias.se", "mail.alias.se")
    assert snapshot.client_config(name("x.off.se")) is None
    assert snapshot.client_config(name("x.kund.se")) is None
    assert snapshot.mark() == store.mark()


def test_a_default_provider_answers_for_what_is_not_listed(store: Store, tmp_path: Path) -> None:
    """Not for what is suspended, nor below it; for names below a domain that is listed without them."""
    with_default = Settings((replace(KARLA, default=True), WORLD.providers[1]), WORLD.domains)
    store.import_settings(with_default)
    catch_up(store, tmp_path / "snapshot.mdb")
    snapshot = Snapshot.open(tmp_path / "snapshot.mdb")
    check(snapshot, with_default)
    for text, is_answered in {"unknown.se": True, "x.kund.se": True, "off.se": False, "x.off.se": False, "alias.off.se": False}.items():
        assert (snapshot.client_config(name(text)) is not None) == is_answered
    too_long = name(".".join(["a" * 60] * 4) + ".example")
    assert snapshot.client_config(too_long) is None


@pytest.mark.slow
def test_a_change_among_many_domains_rewrites_no_file(store: Store, tmp_path: Path) -> None:
    """It goes into the file that readers have open, and is little beside it."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(Settings((KARLA,), tuple(entry(f"d{i}.se") for i in range(20_000))))
    catch_up(store, path)
    before, content = path.stat(), path.read_bytes()
    store.set_domain(entry("d77.se", suspended=True))
    catch_up(store, path)
    after = path.read_bytes()
    assert path.stat().st_ino == before.st_ino
    pages = [at for at in range(0, max(len(content), len(after)), 4096) if content[at : at + 4096] != after[at : at + 4096]]
    assert 0 < len(pages) < 20 < len(content) // 4096
    assert Snapshot.open(path).client_config(name("d77.se")) is None


@pytest.mark.slow
def test_processes_that_read_see_a_change_without_opening_again(store: Store, tmp_path: Path) -> None:
    """A provider's new server, a suspended domain, a file that was rebuilt."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(WORLD)
    catch_up(store, path)
    here, there = processes.pipe()
    reader = processes.start(processes.watch, path, "kund.se", there)

    def seen() -> object:
        assert here.poll(30)
        return here.recv()

    assert seen() == "server.karla.se"
    store.set_provider(provider("karla", "new.karla.se"))
    catch_up(store, path)
    assert seen() == "new.karla.se"
    store.set_domain(entry("kund.se", suspended=True))
    catch_up(store, path)
    assert seen() == "none"
    path.unlink()
    store.set_domain(entry("kund.se", "other"))
    catch_up(store, path)
    assert seen() == "mail.other.se"
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(os.urandom(100_000))
    rubbish.replace(path)
    store.set_domain(entry("kund.se"))
    catch_up(store, path)
    assert seen() == "new.karla.se"
    here.send("enough")
    reader.join(30)
    assert reader.exitcode == 0


@pytest.mark.parametrize("rubbish", [b"", b"not a snapshot", os.urandom(40_000), None])
def test_a_snapshot_that_cannot_be_read_is_made_anew(store: Store, tmp_path: Path, rubbish: bytes | None) -> None:
    """Empty, overwritten or cut short; until then it is an error, not a wrong answer."""
    path = tmp_path / "snapshot.mdb"
    with pytest.raises(SnapshotError, match="there is no snapshot yet"):
        Snapshot.open(path)
    store.import_settings(WORLD)
    path.write_bytes(rubbish or b"")
    if rubbish is None:
        catch_up(store, tmp_path / "whole.mdb")
        path.write_bytes((tmp_path / "whole.mdb").read_bytes()[:10_000])
    with pytest.raises(SnapshotError):
        Snapshot.open(path)
    catch_up(store, path)
    check(Snapshot.open(path), WORLD)


def test_a_snapshot_that_is_overwritten_while_it_is_open_is_made_anew(store: Store, tmp_path: Path) -> None:
    """By a process that itself has it open, as the one beside the service does."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(WORLD)
    catch_up(store, path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))
    assert mark_of(path) is None
    catch_up(store, path)
    check(Snapshot.open(path), WORLD)


def test_a_snapshot_of_another_store_is_made_anew(store: Store, tmp_path: Path) -> None:
    """Revisions of two stores cannot be compared; nor can a store that went back in time."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(WORLD)
    store.add_domain(entry("ny.se"))
    catch_up(store, path)
    (tmp_path / "other").mkdir()
    with open_store(url(tmp_path / "other")) as other:
        other.import_settings(Settings((KARLA,), (entry("kund.nu"),)))
        assert catch_up(other, path) == 1
        snapshot = Snapshot.open(path)
        assert snapshot.mark() == other.mark() == Mark(other.mark().store_id, 1)
        assert snapshot.client_config(name("kund.se")) is None
        assert snapshot.client_config(name("kund.nu")) is not None
    catch_up(store, path)
    assert snapshot.client_config(name("kund.se")) is not None


def test_a_snapshot_moved_from_elsewhere_is_taken_up(store: Store, tmp_path: Path) -> None:
    """LMDB's lock stays behind when somebody moves a file over ours; a process that has ours open copes."""
    path, other = tmp_path / "snapshot.mdb", tmp_path / "other.mdb"
    store.import_settings(WORLD)
    catch_up(store, path)
    store.add_domain(entry("ny.se"))
    catch_up(store, other)
    snapshot = Snapshot.open(path)
    other.replace(path)
    assert catch_up(store, path) == 2
    check(snapshot, store.export())


@pytest.mark.slow
def test_a_map_that_is_too_small_grows(store: Store, tmp_path: Path) -> None:
    """At the first writing and at a later one, while a reader has it open."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(Settings((KARLA,), tuple(entry(f"d{i}.se") for i in range(3000))))
    catch_up(store, path, map_size=1 << 16)
    snapshot = Snapshot.open(path)
    store.import_settings(Settings((KARLA,), tuple(entry(f"e{i}.se") for i in range(9000))))
    catch_up(store, path, map_size=1 << 16)
    for text in ("d0.se", "d2999.se", "e8999.se"):
        assert snapshot.client_config(name(text)) is not None


def test_a_forked_child_opens_for_itself(store: Store, tmp_path: Path) -> None:
    """LMDB's handles are no good in a child; the parent's are none the worse for it."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(WORLD)
    catch_up(store, path)
    snapshot = Snapshot.open(path)
    check(snapshot, WORLD)
    child = os.fork()
    if child == 0:
        try:
            check(snapshot, WORLD)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    check(snapshot, WORLD)
    store.add_domain(entry("ny.se"))
    catch_up(store, path)
    check(snapshot, store.export())


@pytest.mark.slow
def test_threads_read_while_the_file_changes_under_them(store: Store, tmp_path: Path) -> None:
    """Deltas, rebuilds and files taken away: never an error, never an answer from between."""
    path = tmp_path / "snapshot.mdb"
    store.import_settings(WORLD)
    catch_up(store, path)
    snapshot, stop = Snapshot.open(path), threading.Event()
    wrong: list[object] = []

    def read() -> None:
        while not stop.is_set():
            try:
                config = snapshot.client_config(name("kund.se"))
                hosts = {account.incoming.host.ascii for account in config.accounts[:1]} if config else set()
                if hosts not in ({"a.karla.se"}, {"b.karla.se"}, {"server.karla.se"}):
                    wrong.append(hosts)
            except Exception as error:
                wrong.append(error)
            time.sleep(0.0005)  # or the writer would wait for the interpreter all the time

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(40):
        store.set_provider(provider("karla", f"{'ab'[i % 2]}.karla.se"))
        if i % 10 == 9:
            path.unlink()
        catch_up(store, path)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    check(snapshot, store.export())
