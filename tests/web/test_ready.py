"""/readyz: ready is who has a snapshot to answer from. Of the database it only tells."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from autoconfig.config import Config
from autoconfig.store.state import SILENT_SECONDS, Teller
from autoconfig.web import create_app
from tests.cli.conftest import SAMPLE
from tests.running import get, run, service

DISCOVERY = "/mail/config-v1.1.xml?emailaddress=anna@kund.se"


@pytest.fixture
def own(config: Config, tmp_path: Path) -> Config:
    """An installation with a snapshot and without a follower."""
    shutil.copy(config.snapshot_path, tmp_path)
    return replace(config, instance=tmp_path)


def _ask(config: Config, method: str = "GET") -> TestResponse:
    return create_app(config).test_client().open("/readyz", method=method)


def test_ready_is_who_has_a_snapshot(own: Config) -> None:
    """The body tells which, and that nobody follows the database."""
    answer = _ask(own)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert body["ready"] is True
    assert body["snapshot"].pop("changed").endswith("Z")
    assert body["snapshot"] == {"readable": True, "revision": 1, "domains": 9}
    assert body["database"] == {"state": "unknown"}
    assert _ask(own, "HEAD").status_code == 200


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 1000])
def test_without_a_snapshot_nobody_is_ready(own: Config, content: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it is missing or cannot be read; the log has the reason, which is nobody else's business."""
    own.snapshot_path.unlink()
    if content is not None:
        own.snapshot_path.write_bytes(content)
    answer = _ask(own)
    assert answer.status_code == 503
    assert answer.get_json() == {"ready": False, "snapshot": {"readable": False}, "database": {"state": "unknown"}}
    assert [message.startswith(f"request failed: {own.snapshot_path}: ") for message in caplog.messages] == [True]
    assert create_app(own).test_client().get("/healthz").status_code == 200


def test_a_database_that_is_away_is_told_and_no_reason_to_send_nobody(own: Config) -> None:
    """Since when, until when the settings are known to be right, and when the follower was heard."""
    now = time.time() // 1
    tell = Teller(own.state_path, lambda: now)
    tell(1, True)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    assert _ask(own).get_json()["database"] == {"state": "reachable", "since": moment, "followed": moment, "heard": moment}
    tell(None, False)
    answer = _ask(own)
    assert answer.status_code == 200
    assert answer.get_json()["database"] == {"state": "away", "since": moment, "followed": moment, "heard": moment}


def test_of_a_follower_that_was_not_heard_for_long_nothing_is_believed(own: Config) -> None:
    """It may be dead, or stuck; either way nobody knows of the database."""
    Teller(own.state_path, lambda: time.time() - SILENT_SECONDS - 1)(1, True)
    answer = _ask(own)
    assert answer.status_code == 200
    database = answer.get_json()["database"]
    assert database.keys() == {"state", "followed", "heard"}
    assert database["state"] == "unknown"


@given(st.binary(max_size=300))
def test_rubbish_from_the_follower_breaks_no_answer(client: FlaskClient, config: Config, content: bytes) -> None:
    """It is as if nobody followed."""
    config.state_path.parent.mkdir(exist_ok=True)
    config.state_path.write_bytes(content)
    try:
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.get_json()["database"] == {"state": "unknown"}
        assert client.get("/metrics").status_code == 200
    finally:
        config.state_path.unlink()


def _until(url: str, state: str) -> dict[str, dict[str, object]]:
    deadline = time.monotonic() + 20
    while True:
        status, content = get(url + "/readyz")
        assert status == 200
        body: dict[str, dict[str, object]] = json.loads(content)
        if body["database"]["state"] == state:
            return body
        assert time.monotonic() < deadline, body
        time.sleep(0.1)


@pytest.mark.slow
def test_a_service_tells_that_its_database_went_and_came_back(tmp_path: Path) -> None:
    """Discovery answers all the time, and metrics tell the same."""
    instance = tmp_path / "instance"
    instance.mkdir()
    assert run("import", str(SAMPLE), instance=instance).returncode == 0
    with service(instance) as running:
        revision = _until(running.url, "reachable")["snapshot"]["revision"]
        assert b"\nautoconfig_database_reachable 1\n" in get(running.url + "/metrics")[1]
        (instance / "autoconfig.db").rename(tmp_path / "away.db")
        _until(running.url, "away")
        told = get(running.url + "/metrics")[1]
        assert b"\nautoconfig_database_reachable 0\n" in told
        assert b"\nautoconfig_follower_up 1\n" in told
        assert b"\nautoconfig_snapshot_readable 1\n" in told
        assert get(running.url + DISCOVERY)[0] == 200
        (tmp_path / "away.db").rename(instance / "autoconfig.db")
        assert _until(running.url, "reachable")["snapshot"]["revision"] == revision
