"""What mail programs ask: one table of addresses and the formats that answer there.

An answer depends on the address or Host alone, so it may be cached by everybody: a strong ETag of its content, five minutes.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from autoconfig.errors import N_
from autoconfig.formats import Format, mozilla
from autoconfig.model import Document
from autoconfig.web.answers import cacheable
from autoconfig.web.question import Lookup, NotOurs, Question, asked

# A new format is its file in formats/ and a line here.
URLS: tuple[tuple[str, Format], ...] = (
    ("/mail/config-v1.1.xml", mozilla.document),
    ("/.well-known/autoconfig/mail/config-v1.1.xml", mozilla.document),
)


def blueprint(lookup: Lookup) -> Blueprint:
    """Return the routes of every format."""
    routes = Blueprint("discovery", __name__)
    for url, write in URLS:
        routes.add_url_rule(url, endpoint=url.replace(".", "_"), view_func=_view(lookup, write), methods=["GET"])
    return routes


def document(question: Question, lookup: Lookup, write: Format) -> Document:
    """Return the answer to *question* in the format of *write*; raises NotOurs for a domain that is not ours, or suspended."""
    config = lookup(question.domain)
    if config is None:
        raise NotOurs(N_("we have no mail settings for %(domain)s"), domain=question.domain)
    return write(config, question.address)


def _view(lookup: Lookup, write: Format) -> Callable[[], Response]:
    def view() -> Response:
        found = document(asked(request.query_string, request.headers.get("Host")), lookup, write)
        return cacheable(found.content, found.content_type)

    return view
