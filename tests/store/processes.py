"""What other processes do in the tests; each is started anew ("spawn"), as the workers of a service are."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from autoconfig.model import Settings
from autoconfig.store.follow import catch_up
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.store import Store, open_store
from tests.store.world import KARLA, entry, name

_spawn = multiprocessing.get_context("spawn")


def start(work: Callable[..., None], *args: Any) -> BaseProcess:
    process = _spawn.Process(target=work, args=args, daemon=True)
    process.start()
    return process


def pipe() -> tuple[Connection, Connection]:
    return _spawn.Pipe()


def kill_at_random(work: Callable[..., None], *args: Any, within: float) -> None:
    """Start *work*, wait until it says that it is at it, and kill it some time *within* the seconds that follow."""
    here, there = pipe()
    process = start(work, *args, there)
    assert here.poll(60), "the process did not start"
    here.recv()
    time.sleep(random.uniform(0, within))  # noqa: S311 - any moment will do
    assert process.is_alive()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def add_and_edit(url: str, path: Path, who: int, count: int) -> None:
    """Add domains of one's own, note something at the one domain of all, and import as well; each change goes to the snapshot."""
    with open_store(url) as store:
        for i in range(count):
            store.add_domain(entry(f"d{who}-{i}.se"))
            store.edit_domain(name("kund.se"), lambda found: replace(found, note=str(int(found.note or 0) + 1)))
            store.import_settings(Settings((KARLA,), (entry(f"i{who}-{i}.se"), entry("kund.nu", note=f"{who}"))))
            catch_up(store, path)


def open_new(url: str) -> None:
    with open_store(url) as store:
        store.set_provider(KARLA)


def upgrade(url: str) -> None:
    with Store.connect(url) as store:
        store.upgrade()


def either(letter: str) -> Settings:
    """One of two states between which `swing` goes; both name the same domains, and each has some of its own."""
    return Settings((KARLA,), (*(entry(f"d{i}.se", note=letter) for i in range(300)), *(entry(f"{letter}{i}.se") for i in range(300))))


def swing(url: str, ready: Connection) -> None:
    """Import one state over the other, without end."""
    with open_store(url) as store:
        ready.send(True)
        for letter in itertools.cycle("ab"):
            store.import_settings(either(letter), prune=True)


def count_up(url: str, path: Path, ready: Connection) -> None:
    """Write the next number into the note of the one domain, and bring the snapshot after it, without end."""
    with open_store(url) as store:
        ready.send(True)
        while True:
            store.edit_domain(name("kund.se"), lambda found: replace(found, note=str(int(found.note) + 1)))
            catch_up(store, path)


def swing_snapshot(url: str, path: Path, ready: Connection) -> None:
    """Change the store and bring the snapshot after it, now by what changed, now anew, without end."""
    with open_store(url) as store:
        ready.send(True)
        for i, letter in enumerate(itertools.cycle("ab")):
            store.import_settings(either(letter), prune=True)
            if i % 3 == 2:
                path.write_bytes(b"") if i % 2 else path.unlink(missing_ok=True)
            catch_up(store, path)


def watch(path: Path, domain: str, ready: Connection) -> None:
    """Tell the note-worthy host of *domain* each time it changes, and "none"; end when asked to."""
    snapshot, last = Snapshot.open(path), ""
    while not ready.poll(0.01):
        config = snapshot.client_config(name(domain))
        host = config.accounts[0].incoming.host.ascii if config else "none"
        if host != last:
            ready.send(host)
            last = host
