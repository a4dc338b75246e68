"""The two kinds of answer: one that may be kept for a while, and one that may not be kept at all."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from flask import Response, request

# Settings change rarely, but a mended mistake should reach everybody soon.
CACHE = "public, max-age=300"
# Errors are never kept: a 404 may be cached by default (RFC 9110, 15.1), and a domain that has just been added would stay unknown.
# Neither is a page that answers a form: it shows somebody's address.
NO_STORE = "no-store"


def cacheable(content: bytes, content_type: str) -> Response:
    """Return 200 with *content* and its strong ETag, or 304 where the client has it already."""
    response = Response(content, content_type=content_type)
    response.headers["ETag"] = entity_tag(content)
    response.headers["Cache-Control"] = CACHE
    response.make_conditional(request)
    del response.headers["Date"]  # the server's own, as on every other answer
    return response


def entity_tag(content: bytes) -> str:
    """Return the strong validator of *content* (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(content, usedforsecurity=False).hexdigest()[:32]}"'


def passing(content: bytes, content_type: str, status: int = HTTPStatus.OK) -> Response:
    """Return *content* as an answer that nobody keeps."""
    response = Response(content, status=status, content_type=content_type)
    response.headers["Cache-Control"] = NO_STORE
    return response
