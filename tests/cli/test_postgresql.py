"""The commands on a PostgreSQL, as on the file of SQLite; only its tables must be asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoconfig.store.tables import VERSIONS
from tests.cli.conftest import SAMPLE, Command, command_on
from tests.postgresql import Cluster, cluster
from tests.running import get, serving

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture
def database_url(server: Cluster) -> Iterator[str]:
    made = server.database(is_ready=False)
    yield made
    server.drop(made)


def _machine(folder: Path, database_url: str) -> Command:
    (folder / "instance").mkdir(parents=True)
    (folder / "instance" / "config.toml").write_text(f"database_url = {json.dumps(database_url)}\n")
    return command_on(folder)


def test_the_tables_are_made_by_name_and_then_everything_works(database_url: str, tmp_path: Path) -> None:
    """`db status` tells the state, every other command refuses with what to do, `db upgrade` does it."""
    autoconfig = _machine(tmp_path, database_url)
    assert "state\tempty" in autoconfig("db", "status").stdout
    refused = autoconfig("import", str(SAMPLE))
    assert refused.returncode == 1
    assert "has no tables yet; make them with: autoconfig db upgrade" in refused.stderr
    assert autoconfig("db", "upgrade").stdout == f"empty -> {VERSIONS[-1]}\n"
    assert autoconfig("import", str(SAMPLE)).returncode == 0
    assert autoconfig("domain", "add", "ny.se", "--provider", "karlahosting").returncode == 0
    assert "ny.se" in autoconfig("domain", "list").stdout
    assert "<hostname>mail.ny.se</hostname>" in autoconfig("show", "anna@ny.se", "--format", "mozilla").stdout
    status = autoconfig("db", "status").stdout.splitlines()
    assert {"state\tcurrent", f"schema\t{VERSIONS[-1]}", "revision\t2"} <= set(status)


def test_two_machines_serve_what_is_changed_on_either(database_url: str, server: Cluster, tmp_path: Path) -> None:
    """Within two seconds; and both go on when the database is gone."""
    one, other = (_machine(tmp_path / place, database_url) for place in ("one", "other"))
    assert one("db", "upgrade").returncode == 0
    assert one("import", str(SAMPLE)).returncode == 0
    with serving(tmp_path / "one" / "instance") as first, serving(tmp_path / "other" / "instance") as second:
        assert other("domain", "add", "ny.se", "--provider", "karlahosting").returncode == 0
        until_answered(first, "ny.se")
        until_answered(second, "ny.se")
        server.stop()
        try:
            for url in (first, second):
                assert get(f"{url}/mail/config-v1.1.xml?emailaddress=anna@ny.se")[0] == 200
        finally:
            server.start()
        assert one("domain", "add", "nyare.se", "--provider", "karlahosting").returncode == 0
        until_answered(first, "nyare.se")
        until_answered(second, "nyare.se")


def until_answered(url: str, domain: str) -> None:
    """Ask until there is an answer, for a generous while."""
    deadline = time.monotonic() + 15
    while get(f"{url}/mail/config-v1.1.xml?emailaddress=anna@{domain}")[0] != 200:
        assert time.monotonic() < deadline, f"{domain} is not served"
        time.sleep(0.05)
