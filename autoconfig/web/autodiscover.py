"""Outlook's questions: Autodiscover in plain old XML and in JSON (v2), in any letter case, each answered with a document whatever happens.

Programs send credentials here uncalled (Thunderbird 153, Basic): nothing reads them, and nothing logs a request. Nothing is kept by
anybody: an answer may hold an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from autoconfig.address import EmailAddress
from autoconfig.errors import AddressError, DocumentError
from autoconfig.formats import outlook, outlook_json
from autoconfig.formats.outlook import ErrorCode, Schema
from autoconfig.formats.outlook_json import ErrorCode as JSONError
from autoconfig.model import Document
from autoconfig.web.answers import passing
from autoconfig.web.question import Lookup, NotOurs, Question, asked, host_domain, host_name, settings_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

XML_PATH = "/autodiscover/autodiscover.xml"
JSON_PATH = "/autodiscover/autodiscover.json"

# MS-OXDSCLI and its clients write /Autodiscover/Autodiscover.xml, /AutoDiscover/AutoDiscover.xml and more.
_ANY_CASE = re.compile(r"/autodiscover/autodiscover\.(?:xml|json(?:/v1\.0(?=/))?)(?=/|\Z)", re.IGNORECASE)


def in_one_case(application: WSGIApplication) -> WSGIApplication:
    """Return *application* behind a door at which our two paths are lower case; an address in the path keeps its letters."""

    def door(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["PATH_INFO"] = _ANY_CASE.sub(lambda found: found[0].lower(), environ.get("PATH_INFO", ""), count=1)
        return application(environ, start_response)

    return door


def blueprint(lookup: Lookup, is_https: Callable[[WSGIEnvironment], bool]) -> Blueprint:
    """Return the routes; *is_https* tells whether a request came, or need not come, over https."""
    routes = Blueprint("autodiscover", __name__)
    routes.add_url_rule(XML_PATH, endpoint="xml", view_func=lambda: _to_https(lookup, is_https) or _xml(lookup), methods=["GET", "POST"])
    routes.add_url_rule(JSON_PATH, endpoint="json", view_func=lambda: _to_https(lookup, is_https) or _json(lookup), methods=["GET"])
    routes.add_url_rule(
        JSON_PATH + "/v1.0/<path:address>",
        endpoint="json_path",
        view_func=lambda address: _to_https(lookup, is_https) or _json(lookup, address),
        methods=["GET"],
    )
    return routes


def _to_https(lookup: Lookup, is_https: Callable[[WSGIEnvironment], bool]) -> Response | None:
    """Send a client that asked autodiscover.<a domain of ours> without TLS there with TLS; None where it need not be sent.

    Classic Outlook asks http://autodiscover.<domain> only for such a redirect; Thunderbird follows it with GET.
    """
    host = host_name(request.headers.get("Host") or "localhost").lower()
    if is_https(request.environ) or not host.startswith("autodiscover."):
        return None
    domain = host_domain(host)
    if domain is None or lookup(domain) is None:
        return None
    path = quote(request.path, safe="/@")
    query = f"?{quote(request.query_string, safe='=&%+@')}" if request.query_string else ""
    answer = passing(b"", "text/plain; charset=utf-8", HTTPStatus.FOUND)
    answer.headers["Location"] = f"https://autodiscover.{domain.ascii}{path}{query}"
    return answer


def _xml(lookup: Lookup) -> Response:
    try:
        # One more than a request may have: a body that tells no length is cut there, and what is too big must be seen to be.
        request.max_content_length = outlook.MAX_REQUEST_OCTETS + 1
        asked_for = outlook.parse_request(request.get_data(cache=False))
        question = _question(asked_for.email)
        config = settings_of(question, lookup)
    except (RequestEntityTooLarge, outlook.TooLarge):
        return _error(ErrorCode.REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except (DocumentError, AddressError):
        return _error(ErrorCode.REQUEST)
    except NotOurs:
        return _error(ErrorCode.ADDRESS)
    if asked_for.schema is not Schema.OUTLOOK:
        return _error(ErrorCode.SCHEMA)
    return _answer(outlook.document(config, question.address))


def _json(lookup: Lookup, address: str | None = None) -> Response:
    try:
        asked_for = outlook_json.parse_request(request.query_string, address)
        question = _question(asked_for.email)
        config = settings_of(question, lookup)
    except AddressError:
        return _json_error(JSONError.INVALID_USER_ID)
    except NotOurs:
        return _json_error(JSONError.USER_NOT_FOUND)
    if asked_for.mistake is not None:
        return _json_error(asked_for.mistake)
    return _answer(outlook_json.document(config, question.address))


def _question(email: str | None) -> Question:
    """Return what a request is about: the address in its body or path, else that in its query, else its Host."""
    if email is not None:
        address = EmailAddress.parse(email)
        return Question(address.domain, address)
    return asked(request.query_string, request.headers.get("Host"))


def _answer(document: Document, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return passing(document.content, document.content_type, status)


def _error(code: ErrorCode, status: HTTPStatus | None = None) -> Response:
    return _answer(outlook.error_document(code, datetime.now(UTC).time()), status or outlook.STATUS[code])


def _json_error(code: JSONError) -> Response:
    return _answer(outlook_json.error_document(code), outlook_json.STATUS[code])
