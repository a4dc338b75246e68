"""Whether this process is alive, for those who restart it, and whether it can answer, for those who send it requests.

Discovery needs the snapshot alone. So a service whose database is away is ready; what it knows of the database it only tells.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, request

from autoconfig.errors import SnapshotError
from autoconfig.store import state
from autoconfig.store.snapshot import Snapshot
from autoconfig.web.answers import passing
from autoconfig.web.seen import CAUSE


def blueprint(snapshot: Snapshot, state_path: Path) -> Blueprint:
    """Return /healthz and /readyz; the follower of the database tells how it fares in *state_path*."""
    routes = Blueprint("health", __name__)
    routes.add_url_rule("/healthz", view_func=healthz, methods=["GET"])
    routes.add_url_rule("/readyz", endpoint="readyz", view_func=lambda: readyz(snapshot, state_path), methods=["GET"])
    return routes


def healthz() -> Response:
    """Say that we are alive; asks nothing and nobody."""
    return passing(b"ok\n", "text/plain; charset=utf-8")


def readyz(snapshot: Snapshot, state_path: Path) -> Response:
    """Answer 200 where the snapshot can be read, else 503; the body (JSON) tells of snapshot and database."""
    shown = _snapshot(snapshot)
    body = {"ready": shown["readable"], "snapshot": shown, "database": _database(state.read(state_path), time.time())}
    status = HTTPStatus.OK if shown["readable"] else HTTPStatus.SERVICE_UNAVAILABLE
    return passing(json.dumps(body).encode() + b"\n", "application/json", status)


def _snapshot(snapshot: Snapshot) -> dict[str, object]:
    try:
        shown = snapshot.shown()
    except SnapshotError as error:
        request.environ[CAUSE] = str(error)
        return {"readable": False}
    return {
        "readable": True,
        "revision": shown.mark.revision,
        "domains": shown.domains,
        "changed": shown.changed and _moment(shown.changed),
    }


def _database(told: state.State | None, now: float) -> dict[str, object]:
    """Return what the follower told: "reachable", "away", or "unknown" where nobody follows, or who does was not heard for long."""
    if told is None:
        return {"state": "unknown"}
    followed = {"followed": _moment(told.success) if told.success else None, "heard": _moment(told.told)}
    if told.is_silent(now):
        return {"state": "unknown", **followed}
    return {"state": "reachable" if told.is_reachable else "away", "since": _moment(told.since), **followed}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
