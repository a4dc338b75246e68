"""Where calendars, contacts and JMAP are: the redirects of RFC 6764, 5 and RFC 8620, 2.2 to the provider's own addresses."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, request

from autoconfig.errors import N_
from autoconfig.model import Provider
from autoconfig.web.answers import passing
from autoconfig.web.question import Lookup, NotOurs, asked, settings_of

# A new redirect is a line here.
SERVICES: dict[str, Callable[[Provider], str | None]] = {
    "caldav": lambda provider: provider.caldav_url,
    "carddav": lambda provider: provider.carddav_url,
    "jmap": lambda provider: provider.jmap_url,
}

# RFC 6764, 5 expects PROPFIND here, and 307 keeps it one.
METHODS = ["GET", "PROPFIND", "OPTIONS", "REPORT", "POST"]


def blueprint(lookup: Lookup) -> Blueprint:
    """Return a route for each service."""
    routes = Blueprint("wellknown", __name__)
    for name, url_of in SERVICES.items():
        view = _view(lookup, name, url_of)
        routes.add_url_rule(f"/.well-known/{name}", endpoint=name, view_func=view, methods=METHODS, strict_slashes=False)
    return routes


def _view(lookup: Lookup, name: str, url_of: Callable[[Provider], str | None]) -> Callable[[], Response]:
    def view() -> Response:
        question = asked(request.query_string, request.headers.get("Host"))
        config = settings_of(question, lookup)
        url = url_of(config.provider)
        if url is None:
            raise NotOurs(N_("%(domain)s has no %(service)s"), domain=question.domain, service=name)
        answer = passing(b"", "text/plain; charset=utf-8", HTTPStatus.TEMPORARY_REDIRECT)
        answer.headers["Location"] = config.url(url)
        return answer

    return view
