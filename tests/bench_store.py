"""The rows of `make bench` about settings in great numbers: import, the snapshot, start. Each import is a process of its own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autoconfig.address import Domain
from autoconfig.store.follow import catch_up
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.store import open_store
from tests.postgresql import cluster
from tests.running import COMMAND, environment, get, serving

HEAD = (Path(__file__).parent.parent / "instance" / "sample.toml").read_text().partition("[[domain]]")[0]
Row = Callable[[str, str, str], None]


def rows(row: Row, instance: Path) -> None:
    """Measure and tell each row; *instance* is left with a hundred thousand domains in it."""
    few, many = 100_000, 1_000_000
    _imports(row, instance, few)
    _postgresql(row, few)
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder)
        _import(row, "toml", big, many, _bare(big, many))
        _changes(row, big)
        start_few, start_many = _start(instance), _start(big)
        row(f"start to first answer, {many:,} domains", f"{start_many:.2f} s", f"with {few:,}: {start_few:.2f} s; to reach: 1 s")
        (big / "snapshot.mdb").unlink()
        row("the same, when the snapshot was lost", f"{_start(big):.1f} s", "")


def _imports(row: Row, instance: Path, count: int) -> None:
    bare = _bare(instance, count)
    for form in ("toml", "csv", "json"):
        with tempfile.TemporaryDirectory() as folder:
            _import(row, form, instance if form == "toml" else Path(folder), count, bare)
    took, _ = _run(instance, "import", str(_file(instance, "toml", count)))
    row(f"the same {count:,} domains again (toml): nothing to do", f"{took:.1f} s", "")


def _import(row: Row, form: str, instance: Path, count: int, bare: float) -> None:
    if form != "toml":
        _run(instance, "import", str(_file(instance, "toml", 0)))
    took, megabytes = _run(instance, "import", str(_file(instance, form, count)))
    row(
        f"import of {count:,} domains ({form}), {megabytes:.0f} MB", f"{took:.1f} s", f"{took / bare:.0f} times bare INSERTs ({bare:.2f} s)"
    )


def _postgresql(row: Row, count: int) -> None:
    try:
        with cluster() as server, tempfile.TemporaryDirectory() as folder:
            instance = Path(folder)
            (instance / "config.toml").write_text(f'database_url = "{server.database()}"\n')
            took, megabytes = _run(instance, "import", str(_file(instance, "toml", count)))
            row(f"import of {count:,} domains into PostgreSQL, {megabytes:.0f} MB", f"{took:.1f} s", "")
    except pytest.skip.Exception as missing:
        row("import into PostgreSQL", "not measured", str(missing))


def _changes(row: Row, instance: Path) -> None:
    path = instance / "snapshot.mdb"
    with open_store(f"sqlite:///{instance}/autoconfig.db") as store:
        begin = time.perf_counter()
        store.remove_domain(Domain.parse("kund7.se"))
        catch_up(store, path)
        one = time.perf_counter() - begin
        begin = time.perf_counter()
        catch_up(store, instance / "whole.mdb")
        whole = time.perf_counter() - begin
    assert Snapshot.open(path).shape(Domain.parse("kund7.se")) is None
    row("a change of one among 1,000,000 domains, in the snapshot", f"{one * 1000:.0f} ms", f"the whole snapshot {whole:.1f} s")


def _file(folder: Path, form: str, count: int) -> Path:
    names = (f"kund{i}.se" for i in range(count))
    path = folder / f"{count}.{form}"
    with path.open("w") as file:
        match form:
            case "toml":
                file.write(HEAD)
                file.writelines(f'[[domain]]\nname = "{name}"\nprovider = "karlahosting"\n\n' for name in names)
            case "csv":
                file.write("domain,provider\n")
                file.writelines(f"{name},karlahosting\n" for name in names)
            case "json":
                entries = (f'{{"name": "{name}", "provider": "karlahosting"}}' for name in names)
                file.write('{"domain": [' + ",\n".join(entries) + "]}\n")
    return path


def _bare(folder: Path, count: int) -> float:
    """Return how long SQLite takes for as many rows of a name and a provider, in one transaction."""
    begin = time.perf_counter()
    connection = sqlite3.connect(folder / "bare.db")
    with connection:
        connection.execute("CREATE TABLE domain (name TEXT PRIMARY KEY, provider TEXT)")
        connection.executemany("INSERT INTO domain VALUES (?, ?)", ((f"kund{i}.se", "karlahosting") for i in range(count)))
    connection.close()
    return time.perf_counter() - begin


def _run(instance: Path, *arguments: str) -> tuple[float, float]:
    """Run `autoconfig` and return the seconds that it took and the megabytes that it had at most."""
    begin = time.perf_counter()
    process = subprocess.Popen([COMMAND, *arguments], env=environment(instance), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def _start(instance: Path) -> float:
    """Return the seconds from the command to its first answer with settings."""
    begin = time.perf_counter()
    with serving(instance) as url:
        while get(f"{url}/mail/config-v1.1.xml?emailaddress=anna@kund9.se")[0] != 200:
            time.sleep(0.005)
        return time.perf_counter() - begin
