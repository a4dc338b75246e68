"""The service goes on: real processes are killed, halted, replaced and stopped while it is asked all the time."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.certificates import issue
from tests.cli.conftest import SAMPLE
from tests.load import load
from tests.postgresql import PASSWORD, Cluster, cluster
from tests.running import COMMAND, Service, children, environment, free_port, get, run, service

pytestmark = pytest.mark.slow

PROFILE = "/email.mobileconfig?emailaddress=anna@kund.se"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with the sample in it, to copy."""
    folder = tmp_path_factory.mktemp("filled")
    assert run("import", str(SAMPLE), instance=folder).returncode == 0
    return folder


@pytest.fixture
def instance(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "instance"))


def until(is_so: Callable[[], object], seconds: float = 20) -> float:
    """Wait until *is_so*, for a generous while, and return how long it took."""
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < seconds, "in vain"
        time.sleep(0.05)
    return time.monotonic() - begun


# --- processes ---------------------------------------------------------------------------------------------------------------------


def test_a_killed_worker_takes_only_its_own_requests_along(instance: Path) -> None:
    """The other answers, and it comes back, again and again; nobody ever counts how often."""
    with service(instance) as running:
        until(lambda: len(running.workers()) == 2)
        with load(running.port) as asked:
            for _ in range(3):
                worker = running.workers()[0]
                os.kill(worker, signal.SIGKILL)
                until(lambda worker=worker: worker not in running.workers() and len(running.workers()) == 2)
            time.sleep(0.5)
    assert len(asked.failed) <= 12, asked  # of each of the four clients the request that was under way, three times
    assert asked.answered > 100, asked
    assert running.said().count("(signal 9); another takes its place") == 3


def test_a_killed_follower_is_missed_by_nobody(instance: Path) -> None:
    """What was changed meanwhile comes with the next one."""
    with service(instance) as running:
        until(running.followers)
        (follower,) = running.followers()
        with load(running.port) as asked:
            os.kill(follower, signal.SIGKILL)
            add(instance, "ny.se")
            until(lambda: is_served(running, "ny.se"))
        asked.assert_unharmed()
        assert running.followers() != [follower]


def test_nobody_outlives_a_killed_supervisor(instance: Path) -> None:
    """The port is free for the next one."""
    with service(instance) as running:
        until(lambda: len(children(running.process.pid)) == 3)
        processes = children(running.process.pid)
        running.process.kill()
        until(lambda: not any(is_alive(pid) for pid in processes))
        with socket.socket() as next_one:
            next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            next_one.bind(("127.0.0.1", running.port))
        running.process.wait()


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_reload_brings_the_new_configuration_and_loses_no_request(instance: Path) -> None:
    """Every process is replaced; a configuration that cannot be used changes nothing, and is told."""
    with service(instance) as running:
        until(lambda: len(children(running.process.pid)) == 3)
        assert get(running.url + PROFILE)[1].startswith(b"<?xml")
        good = issue("autoconfig.karlahosting.se")
        (instance / "cert.pem").write_bytes(good.pem)
        (instance / "key.pem").write_bytes(good.key_pem)
        with load(running.port, slow=8) as asked:
            before = children(running.process.pid)
            (instance / "config.toml").write_text('sign_cert = "cert.pem"\nsign_key = "key.pem"\n')
            running.process.send_signal(signal.SIGHUP)
            until(lambda: "the configuration was read again" in running.said())
            until(lambda: len(children(running.process.pid)) == 3)
            after = children(running.process.pid)
            assert not set(before) & set(after)
            assert get(running.url + PROFILE)[1].startswith(b"\x30")

            (instance / "config.toml").write_text('sign_cert = "cert.pem"\nsign_key = "gone.pem"\n')
            running.process.send_signal(signal.SIGHUP)
            until(lambda: "gone.pem cannot be read: No such file or directory; going on" in running.said())
        asked.assert_unharmed()
        # A worker that has to be replaced is no reason to read what nobody asked us to read.
        os.kill(running.workers()[0], signal.SIGKILL)
        until(lambda: len(running.workers()) == 2 and set(running.workers()) - set(after))
        assert all(get(running.url + PROFILE)[1].startswith(b"\x30") for _ in range(10))


def test_a_new_worker_that_does_not_start_takes_nobodys_place(instance: Path) -> None:
    """It is on trial until it is ready; the old ones go on, with the configuration that they have."""
    with service(instance) as running:
        until(lambda: len(children(running.process.pid)) == 3)
        before = children(running.process.pid)
        with load(running.port) as asked:
            running.process.send_signal(signal.SIGHUP)
            until(lambda: len(children(running.process.pid)) == 4)
            (trial,) = set(children(running.process.pid)) - set(before)
            os.kill(trial, signal.SIGKILL)
            until(lambda: "a new worker did not start (signal 9)" in running.said())
            time.sleep(0.3)
            assert children(running.process.pid) == before
        asked.assert_unharmed()


def test_a_service_whose_workers_cannot_start_says_so_and_ends(instance: Path, tmp_path: Path) -> None:
    """An installation that is broken is not tried for ever: whoever started it shall know."""
    (tmp_path / "granian.py").write_text("raise SystemExit(3)")
    path = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    command = [COMMAND, "serve", "--port", str(free_port())]
    done = subprocess.run(command, env=environment(instance, PYTHONPATH=path), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()] == ["a worker did not start (status 3)"]


POX = (
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    b"<EMailAddress>anna@kund.se</EMailAddress>"
    b"<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>"
    b"</Request></Autodiscover>"
)
POX_HEAD = b"POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(POX)


@contextmanager
def half_a_request(running: Service) -> Iterator[socket.socket]:
    """Open a connection with a request on it, whose other half, `POX[100:]`, has not come yet."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as slow:
        slow.sendall(POX_HEAD + POX[:100])
        time.sleep(0.3)
        yield slow


@contextmanager
def idle_connection(running: Service) -> Iterator[socket.socket]:
    """Open a connection on which one request was answered."""
    with closing(http.client.HTTPConnection("127.0.0.1", running.port)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
        yield connection.sock


def test_a_stop_answers_what_is_under_way(instance: Path) -> None:
    """New connections are refused, idle ones closed, and a request that is half here is waited for."""
    with service(instance) as running, half_a_request(running) as slow, idle_connection(running) as idle:
        running.process.terminate()
        until(lambda: get(running.url + "/healthz")[0] == 0)
        assert idle.recv(1) == b""
        assert running.process.poll() is None
        slow.sendall(POX[100:])
        assert slow.recv(1000).startswith(b"HTTP/1.1 200 ")
        assert running.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_has_an_end_whoever_dawdles(instance: Path, number: signal.Signals) -> None:
    """Half of a request holds nobody up for longer than some seconds; who cannot wait says so again."""
    with service(instance) as running, half_a_request(running):
        begun = time.monotonic()
        running.process.send_signal(number)
        if number is signal.SIGINT:
            time.sleep(0.5)
            running.process.send_signal(number)
        assert running.process.wait(20) == 0
        took = time.monotonic() - begun
        assert took < 5 if number is signal.SIGINT else 7 < took < 15


# --- the database ------------------------------------------------------------------------------------------------------------------


def add(instance: Path, domain: str) -> None:
    done = run("domain", "add", domain, "--provider", "karlahosting", instance=instance)
    assert done.returncode == 0, done.stderr


def is_served(running: Service, domain: str) -> bool:
    return get(f"{running.url}/mail/config-v1.1.xml?emailaddress=anna@{domain}")[0] == 200


def times_away(running: Service) -> int:
    """Return how often it was told that the database is away."""
    return running.said().count("; serving the settings as they were last")


def times_back(running: Service) -> int:
    return running.said().count("following the database again")


def told_of_database(running: Service) -> str:
    """Return what /readyz tells; the service is ready all the time."""
    status, body = get(running.url + "/readyz")
    assert status == 200, body
    return str(json.loads(body)["database"]["state"])


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Keep the file of SQLite for one program alone."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def deleted(database: Path) -> Iterator[None]:
    """Take the file away, and what SQLite has beside it."""
    aside = database.with_name("aside")
    aside.mkdir()
    for file in database.parent.glob(database.name + "*"):
        file.rename(aside / file.name)
    yield
    for file in aside.iterdir():
        file.rename(database.with_name(file.name))
    aside.rmdir()


@contextmanager
def replaced(database: Path) -> Iterator[None]:
    """Put something else in its place."""
    with deleted(database):
        database.write_bytes(b"no database" * 1000)
        yield
        database.unlink()


@contextmanager
def unreadable(database: Path) -> Iterator[None]:
    """Let it not be a file that can be opened, for root neither."""
    with deleted(database):
        database.mkdir()
        yield
        database.rmdir()


def test_a_file_that_cannot_be_used_is_noticed_by_nobody_who_asks(instance: Path) -> None:
    """It is told, and when the file is back it is followed again, by itself. A start meanwhile is a start."""
    with service(instance) as running:
        until(running.followers)
        with load(running.port) as asked:
            for number, away in enumerate((locked, deleted, replaced, unreadable), 1):
                with away(instance / "autoconfig.db"):
                    until(lambda number=number: times_away(running) == number)
                    until(lambda: told_of_database(running) == "away")
                    if away is locked:
                        with service(instance, workers=1) as another:
                            assert is_served(another, "kund.se")
                until(lambda number=number: times_back(running) == number)
                until(lambda: told_of_database(running) == "reachable")
                add(instance, f"ny{number}.se")
                until(lambda number=number: is_served(running, f"ny{number}.se"))
        asked.assert_unharmed()


def test_what_finds_no_place_on_a_full_disk_comes_later(filled: Path, tmp_path: Path) -> None:
    """The database is elsewhere and takes the change; the snapshot follows as soon as there is room."""
    if os.geteuid():
        pytest.skip("needs root, to mount a small disk")
    small, database = tmp_path / "small", Path(shutil.copytree(filled, tmp_path / "elsewhere")) / "autoconfig.db"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(small)], check=True)
    try:
        (small / "config.toml").write_text(f'database_url = "sqlite:///{database}"\n')
        with service(small) as running, load(running.port) as asked:
            assert is_served(running, "kund.se")
            with suppress(OSError), (small / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
            many = tmp_path / "many.csv"
            many.write_text("domain,provider\nny.se,karlahosting\n" + "".join(f"d{i}.se,karlahosting\n" for i in range(5000)))
            assert run("import", str(many), instance=database.parent).returncode == 0
            until(lambda: "No space left on device" in running.said())
            assert not is_served(running, "ny.se")
            (small / "filler").unlink()
            until(lambda: is_served(running, "ny.se"))
        asked.assert_unharmed()
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_start_without_database_and_without_snapshot_is_one_clear_line(instance: Path) -> None:
    """There is nothing to answer with; a system that starts us again does so until the database is there."""
    (instance / "snapshot.mdb").unlink()
    with locked(instance / "autoconfig.db"):
        done = run("serve", instance=instance)
    assert done.returncode == 1
    assert done.stderr == f"autoconfig: {instance}/autoconfig.db: other programs kept the database busy for too long\n"


# --- PostgreSQL --------------------------------------------------------------------------------------------------------------------


class Line:
    """A line of TCP to the port *target*, that can be cut: it stays open then, takes what is sent, and nothing comes through."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._is_whole = threading.Event()
        self._is_whole.set()
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_whole.clear()

    def mend(self) -> None:
        """Let new connections through; what was on the line is lost."""
        self._is_whole.set()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        for end in (self._door, *self._ends):
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._door.accept()
                self._ends.append(here)
                if not self._is_whole.is_set():
                    continue
                there = socket.create_connection(("127.0.0.1", self._target))
                self._ends.append(there)
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if not self._is_whole.is_set():
                    return  # and both stay open
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture
def on_server(server: Cluster, tmp_path: Path) -> Path:
    """An instance folder whose settings, the sample, are in a database of *server*."""
    return machine(tmp_path / "instance", f"{server.database()}&connect_timeout=2")


def machine(folder: Path, database_url: str) -> Path:
    folder.mkdir()
    (folder / "config.toml").write_text(f"database_url = {json.dumps(database_url)}\n")
    done = run("import", str(SAMPLE), instance=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.postgresql
def test_a_server_that_is_stopped_is_noticed_by_nobody_who_asks(on_server: Path, server: Cluster) -> None:
    """A start meanwhile is a start; what is changed afterwards is served by itself."""
    with service(on_server) as running, load(running.port) as asked:
        until(running.followers)
        server.stop()
        try:
            until(lambda: times_away(running) == 1)
            with service(on_server, workers=1) as another:
                assert is_served(another, "kund.se")
        finally:
            server.start()
        until(lambda: times_back(running) == 1)
        add(on_server, "ny.se")
        until(lambda: is_served(running, "ny.se"))
    asked.assert_unharmed()


@pytest.mark.postgresql
def test_a_server_that_says_nothing_holds_nobody_up(on_server: Path, server: Cluster, tmp_path: Path) -> None:
    """It stands still, or the line to it swallows everything: neither who asks waits, nor a start, nor a stop."""
    name = server.database().partition("@/")[2].partition("?")[0]
    with closing(Line(server.port)) as line:
        behind = machine(
            tmp_path / "behind", f"postgresql://postgres:{quote(PASSWORD, safe='')}@127.0.0.1:{line.port}/{name}?connect_timeout=2"
        )
        with service(on_server) as near, service(behind) as far, load(near.port) as asked_near, load(far.port) as asked_far:
            until(lambda: near.followers() and far.followers())
            time.sleep(2)
            server.halt()
            line.cut()
            try:
                begun = time.monotonic()
                with service(behind, workers=1) as another:
                    assert is_served(another, "kund.se")
                assert time.monotonic() - begun < 15  # it began, answered, and stopped; the database had nothing to say to any of it
                (behind / "snapshot.mdb").rename(behind / "aside.mdb")
                done = run("serve", instance=behind)
                (behind / "aside.mdb").rename(behind / "snapshot.mdb")
                assert done.returncode == 1
                assert "the database does not answer" in done.stderr
                assert len(done.stderr.splitlines()) == 1
                until(lambda: times_away(near) == times_away(far) == 1, 40)
                until(lambda: told_of_database(near) == told_of_database(far) == "away")
            finally:
                server.resume()
                line.mend()
            for running, instance in ((near, on_server), (far, behind)):
                until(lambda running=running: times_back(running) == 1)
                add(instance, "ny.se")
                until(lambda running=running: is_served(running, "ny.se"))
            line.cut()
            time.sleep(1.5)
        asked_near.assert_unharmed()
        asked_far.assert_unharmed()
