"""Real stores, each of its own: SQLite in a folder, PostgreSQL in a cluster that the tests start. Every test takes its turn on both."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoconfig.store.store import Store, open_store
from tests.postgresql import Cluster, cluster
from tests.store.world import url

KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
NewDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """PostgreSQL, started once."""
    with cluster() as started:
        yield started


@pytest.fixture(params=KINDS)
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    """Make databases, each ready for a store, and return their URLs."""
    if request.param == "sqlite":
        yield lambda: url(tmp_path_factory.mktemp("store"))
        return
    server: Cluster = request.getfixturevalue("postgresql")
    made: list[str] = []

    def make() -> str:
        made.append(server.database())
        return made[-1]

    yield make
    for each in made:
        server.drop(each)


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """The URL of one database."""
    return new_database()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    yield from _mounted(tmp_path / "small", "-o", "size=2m")


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with a store that may not be written."""
    for folder in _mounted(tmp_path / "fixed", "-o", "size=8m"):
        open_store(url(folder)).close()
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield folder


def _mounted(folder: Path, *options: str) -> Iterator[Path]:
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a disk of its own needs root and mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
