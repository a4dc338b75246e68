"""`autoconfig serve` as a process of its own: it starts, follows every change, tells what is wrong, and stops."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from autoconfig.cli import supervisor
from tests.certificates import DAY, TODAY, issue
from tests.cli.conftest import SAMPLE
from tests.running import get, run, service, serving

NEW = "/mail/config-v1.1.xml?emailaddress=anna@ny.se"


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """An instance folder with the sample in it."""
    assert run("import", str(SAMPLE), instance=tmp_path).returncode == 0
    return tmp_path


def _all_say(url: str, status: int) -> bool:
    # Each request is a connection of its own, and the kernel deals connections out: twenty of them meet every worker.
    return all(get(url + NEW)[0] == status for _ in range(20))


@pytest.mark.slow
def test_a_change_is_served_by_every_worker_within_two_seconds(instance: Path) -> None:
    """Add, suspend, import and remove: each is known everywhere in time, and never half."""
    with serving(instance, workers=4) as url:
        assert _all_say(url, 404)
        for change, status in (
            (("domain", "add", "ny.se"), 200),
            (("domain", "set", "ny.se", "--suspended"), 404),
            (("domain", "set", "ny.se", "--active"), 200),
            (("domain", "remove", "ny.se"), 404),
        ):
            assert run(*change, instance=instance).returncode == 0
            time.sleep(2)
            assert _all_say(url, status), change


@pytest.mark.slow
def test_a_start_without_settings_is_a_start(tmp_path: Path) -> None:
    """An empty folder is made ready; nobody is ours yet."""
    with serving(tmp_path / "new", workers=1) as url:
        assert get(url + NEW)[0] == 404
        assert get(url + "/", Accept="text/html")[0] == 200


@pytest.mark.slow
def test_a_worker_that_takes_the_place_of_another_does_without_a_good_certificate(instance: Path) -> None:
    """The certificate expired since the start: profiles go out unsigned, and everything else as before."""
    profile = "/email.mobileconfig?emailaddress=anna@kund.se"
    good, expired = issue("autoconfig.karlahosting.se"), issue("old.se", begin=TODAY - 90 * DAY, end=TODAY - DAY)
    (instance / "config.toml").write_text('sign_cert = "cert.pem"\nsign_key = "key.pem"\n')
    (instance / "cert.pem").write_bytes(good.pem)
    (instance / "key.pem").write_bytes(good.key_pem)
    with service(instance, workers=1) as running:
        url = running.url
        assert get(url + profile)[1].startswith(b"\x30")
        (instance / "cert.pem").write_bytes(expired.pem)
        (instance / "key.pem").write_bytes(expired.key_pem)
        (worker,) = running.workers()
        os.kill(worker, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while not (answer := get(url + profile))[1].startswith(b"<?xml"):
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
        assert running.workers() != [worker]
    assert run("serve", instance=instance).returncode == 1


@pytest.mark.slow
def test_a_worker_knows_no_secret_of_the_environment(instance: Path) -> None:
    """Only the follower talks to the database, by variables of the database's own too."""
    secrets = {"AUTOCONFIG_DATABASE_URL": f"sqlite:///{instance}/autoconfig.db", "PGPASSWORD": "geheim", "TZ": "Europe/Stockholm"}
    with service(instance, workers=1, env=secrets) as running:
        (worker,) = running.workers()
        known = dict(item.split("=", 1) for item in Path(f"/proc/{worker}/environ").read_text().split("\0") if item)
        assert get(running.url + "/mail/config-v1.1.xml?emailaddress=anna@kund.se")[0] == 200
    assert known.keys().isdisjoint(("AUTOCONFIG_DATABASE_URL", "PGPASSWORD"))
    assert known["TZ"] == "Europe/Stockholm"


@pytest.mark.parametrize(
    ("processors", "count", "shares"),
    [
        ({0, 1}, 2, [{0}, {1}]),
        ({2, 5, 7}, 2, [{2, 7}, {5}]),
        ({3}, 3, [{3}, {3}, {3}]),
        ({0, 1}, 3, [{0}, {1}, {0}]),
        ({0, 1}, 1, [{0, 1}]),
        (set(), 2, [set(), set()]),
    ],
)
def test_every_worker_has_its_share_of_the_processors(processors: set[int], count: int, shares: list[set[int]]) -> None:
    """Together all of them, where there are as many workers."""
    assert supervisor.share_out(frozenset(processors), count) == shares


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two processors")
def test_the_threads_that_answer_keep_to_the_share_of_their_worker(instance: Path) -> None:
    """And the worker itself does not, from which live checks know where they may run."""
    allowed = os.sched_getaffinity(0)
    with service(instance) as running:
        deadline = time.monotonic() + 20
        while len(running.workers()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        shares = []
        for pid in running.workers():
            of_threads = {int(path.name): os.sched_getaffinity(int(path.name)) for path in Path(f"/proc/{pid}/task").iterdir()}
            assert of_threads.pop(pid) == allowed
            (share,) = {frozenset(found) for found in of_threads.values() if found != allowed}
            shares.append(share)
    assert sorted(map(sorted, shares)) == sorted(map(sorted, supervisor.share_out(frozenset(allowed), 2)))


def test_a_taken_port_is_one_clear_line(instance: Path) -> None:
    """A second server would share the port and quietly take half of the requests."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), instance=instance)
    assert done.returncode == 1
    assert done.stderr == f"autoconfig: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('sign_cert = "config.toml"', "sign_key"),
        ('sign_cert = "config.toml"\nsign_key = "config.toml"', "config.toml"),
        ('sign_cert = "gone.pem"\nsign_key = "gone.pem"', "gone.pem cannot be read: No such file or directory"),
        ("htps = true", "https"),
    ],
)
def test_a_configuration_that_cannot_be_used_stops_the_start(instance: Path, setting: str, told: str) -> None:
    """One line that names what is wrong, before anything listens."""
    (instance / "config.toml").write_text(setting + "\n")
    done = run("serve", instance=instance)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
