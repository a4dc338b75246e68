"""The service goes on: real processes are killed, halted, replaced and stopped while it is asked all the time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificates import issue
from tests.cli.conftest import SAMPLE
from tests.load import load
from tests.running import Service, children, get, run, service

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
    assert len(asked.failed) <= 6, asked  # at each of three times the two clients that do not try again
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
        with load(running.port) as asked:
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
            # A worker that has to be replaced is no reason to read what nobody asked us to read.
            os.kill(running.workers()[0], signal.SIGKILL)
            until(lambda: len(running.workers()) == 2 and set(running.workers()) - set(after))
        assert len(asked.failed) <= 2, asked  # by the kill
        assert get(running.url + PROFILE)[1].startswith(b"\x30")


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


def test_a_stop_answers_what_is_under_way(instance: Path) -> None:
    """New connections are refused, idle ones closed, and a request that is half here is waited for."""
    with service(instance) as running, socket.create_connection(("127.0.0.1", running.port)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", running.port)) as slow:
            body = b"emailaddress=anna%40kund.se"
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(
                body
            )
            slow.sendall(head + body[:5])
            time.sleep(0.3)
            running.process.terminate()
            until(lambda: get(running.url + "/healthz")[0] == 0)
            assert idle.recv(1000) == b""
            assert running.process.poll() is None
            slow.sendall(body[5:])
            assert slow.recv(1000).startswith(b"HTTP/1.1 ")
        assert running.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_has_an_end_whoever_dawdles(instance: Path, number: signal.Signals) -> None:
    """Half of a request holds nobody up for longer than some seconds; who cannot wait says so again."""
    with service(instance) as running, socket.create_connection(("127.0.0.1", running.port)) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        time.sleep(0.3)
        begun = time.monotonic()
        running.process.send_signal(number)
        if number is signal.SIGINT:
            time.sleep(0.5)
            running.process.send_signal(number)
        assert running.process.wait(20) == 0
        took = time.monotonic() - begun
        assert took < (4 if number is signal.SIGINT else 12), took


# --- the database ------------------------------------------------------------------------------------------------------------------


def add(instance: Path, domain: str) -> None:
    done = run("domain", "add", domain, "--provider", "karlahosting", instance=instance)
    assert done.returncode == 0, done.stderr


def is_served(running: Service, domain: str) -> bool:
    return get(f"{running.url}/mail/config-v1.1.xml?emailaddress=anna@{domain}")[0] == 200
