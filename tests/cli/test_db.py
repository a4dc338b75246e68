"""`autoconfig db` on a database that an older program left behind."""

from __future__ import annotations

from pathlib import Path

from autoconfig.store import schema
from autoconfig.store.database import Database
from autoconfig.store.tables import VERSIONS
from tests.cli.conftest import SAMPLE, Command


def _make_old(instance: Path) -> None:
    instance.mkdir()
    database = Database(f"sqlite:///{instance}/autoconfig.db", create=True)
    with database.writing() as connection:
        schema.upgrade(connection, "0001")
        connection.commit()
    database.close()


def test_an_older_database_waits_for_its_upgrade(empty: Command, tmp_path: Path) -> None:
    """Status tells it, every other command refuses with what to do, and after the upgrade all is well."""
    _make_old(tmp_path / "instance")
    status = empty("db", "status")
    assert status.returncode == 0
    assert {"state\tbehind", "schema\t0001", f"newest schema\t{VERSIONS[-1]}"} <= set(status.stdout.splitlines())
    for command in (("domain", "list"), ("import", str(SAMPLE)), ("dns", "kund.se")):
        refused = empty(*command)
        assert refused.returncode == 1
        assert "autoconfig db upgrade" in refused.stderr
    assert empty("db", "upgrade").stdout == f"0001 -> {VERSIONS[-1]}\n"
    assert empty("db", "upgrade").stdout == f"already at {VERSIONS[-1]}\n"
    assert "state\tcurrent" in empty("db", "status").stdout
    assert empty("import", str(SAMPLE)).returncode == 0
