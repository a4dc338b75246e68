"""A real PostgreSQL of the tests' own: a cluster in a folder, reached by a socket and on the loopback, that ends with its tests.

As root it is run as the user postgres, as PostgreSQL insists. Nothing is kept, so nothing waits for the disk.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from autoconfig.store.store import Store
from tests.running import children, free_port

PASSWORD = "lösenord:/@?"  # each of its characters means something in a URL
_VERSIONS = Path("/usr/lib/postgresql")
_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=60", "log_min_messages=fatal")
_ACCESS = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class Cluster:
    """A running cluster in *folder*; `database` makes one database after the other in it."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._bin = binaries
        self._numbers = itertools.count()
        self._server: subprocess.Popen[bytes] | None = None
        self._as_user("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        (folder / "data" / "pg_hba.conf").write_text(_ACCESS)
        self.start()
        self.execute(f"ALTER USER postgres PASSWORD '{PASSWORD}'")
        with Store.connect(self.database(is_ready=False)) as store:
            store.upgrade()
        self.execute('ALTER DATABASE "d0" RENAME TO ready')

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = [word for setting in (*_SETTINGS, f"port={self.port}") for word in ("-c", setting)]
        sockets = ("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}")
        # It stops when the tests do, however they end.
        command = _as_postgres(["--pdeathsig=INT"], [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *options, *sockets])
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "PostgreSQL did not start"
                time.sleep(0.05)
            else:
                return

    def halt(self) -> None:
        """Let every process of the server stand still: connections stay open, new ones are taken in by the kernel, nobody says a word."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on where it was halted."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._server is not None
        pids = [self._server.pid, *children(self._server.pid)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        """Stop the server at once, whoever is connected (its "immediate shutdown")."""
        if self._server is not None:
            with suppress(ProcessLookupError):
                self._server.send_signal(3)  # SIGQUIT
            self._server.wait(30)
            self._server = None

    def database(self, *, is_ready: bool = True) -> str:
        """Make a database, empty or with our tables, and return its URL."""
        name = f"d{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE {"ready" if is_ready else "template0"}')
        return f"postgresql://postgres@/{name}?host={self.folder}&port={self.port}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{url.partition("@/")[2].partition("?")[0]}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Execute one *statement* as the superuser, outside of a transaction."""
        address = f"host={self.folder} port={self.port} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _as_user(self, program: str, *arguments: str) -> None:
        subprocess.run(_as_postgres([], [str(self._bin / program), *arguments]), check=True, capture_output=True)


def _as_postgres(options: list[str], command: list[str]) -> list[str]:
    if os.geteuid():
        return [*(["setpriv", *options] if options else []), *command]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *options, *command]


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a cluster; where there is no PostgreSQL the test is skipped, or fails with CI=true."""
    binaries = next(iter(sorted(_VERSIONS.glob("*/bin/postgres"), reverse=True)), None)
    if binaries is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("not installed: postgresql (tests/lab/install.sh, as root)")
    # Not in pytest's folders: they are the tester's own, and too long for the name of a socket.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if not os.geteuid():
        shutil.chown(folder, "postgres", "postgres")
    server: Cluster | None = None
    try:
        server = Cluster(folder, binaries.parent)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
