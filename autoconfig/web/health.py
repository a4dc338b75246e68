"""Whether this process is alive, for those who restart it."""

from __future__ import annotations

from flask import Blueprint, Response

from autoconfig.web.answers import passing


def blueprint() -> Blueprint:
    """Return /healthz."""
    routes = Blueprint("health", __name__)
    routes.add_url_rule("/healthz", view_func=healthz, methods=["GET"])
    return routes


def healthz() -> Response:
    """Say that we are alive; asks nothing and nobody."""
    return passing(b"ok\n", "text/plain; charset=utf-8")
