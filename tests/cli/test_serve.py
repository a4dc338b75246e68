"""`autoconfig serve` as a process of its own: it starts, follows every change, tells what is wrong, and stops."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.cli.conftest import SAMPLE
from tests.running import get, run, serving

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


def test_a_taken_port_is_one_clear_line(instance: Path) -> None:
    """A second server would share the port and quietly take half of the requests."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), instance=instance)
    assert done.returncode == 1
    assert done.stderr == f"autoconfig: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('sign_cert = "config.toml"', "sign_key"),
        ('sign_cert = "config.toml"\nsign_key = "config.toml"', "config.toml"),
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
