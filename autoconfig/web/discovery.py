"""What mail programs ask: one table of addresses and the formats that answer there.

An answer depends on the address or Host alone, so it may be cached by everybody: a strong ETag of its content, five minutes.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from autoconfig.formats import Format, mozilla, pacc
from autoconfig.web.answers import cacheable
from autoconfig.web.question import Lookup, asked, settings_of

# A new format is its file in formats/ and a line here.
URLS: tuple[tuple[str, Format], ...] = (
    ("/mail/config-v1.1.xml", mozilla.document),
    ("/.well-known/autoconfig/mail/config-v1.1.xml", mozilla.document),
    ("/.well-known/user-agent-configuration.json", pacc.document),
)


def blueprint(lookup: Lookup) -> Blueprint:
    """Return the routes of every format."""
    routes = Blueprint("discovery", __name__)
    for url, write in URLS:
        routes.add_url_rule(url, endpoint=url.replace(".", "_"), view_func=_view(lookup, write), methods=["GET"])
    return routes


def _view(lookup: Lookup, write: Format) -> Callable[[], Response]:
    def view() -> Response:
        question = asked(request.query_string, request.headers.get("Host"))
        document = write(settings_of(question, lookup), question.address)
        return cacheable(document.content, document.content_type)

    return view
