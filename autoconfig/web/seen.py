"""The outermost layer: every request is timed and counted, an error or a slow one is told in one line, and errors carry a request id.

A request that went well is counted and no more: at tens of thousands a second nobody could read, or pay for, a line for each. A line
names the host and domain that were asked for, and never a path, a query, an address, or what else came with the request.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Callable, Iterable
from itertools import count
from time import perf_counter_ns
from types import TracebackType
from typing import TYPE_CHECKING

from autoconfig import logs
from autoconfig.config import Network
from autoconfig.errors import AutoconfigError
from autoconfig.web import proxies
from autoconfig.web.metrics import FORMATS, Counts, family_of, format_of
from autoconfig.web.question import host_name, query_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

SLOW_SECONDS = 1.0

CAUSE = "autoconfig.cause"  # where in the environment an error handler leaves, for the line, what went wrong
_ID = "autoconfig.request_id"

_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PROPFIND", "REPORT", "PUT", "DELETE", "PATCH"))

_log = logging.getLogger("autoconfig.web")


def observed(application: WSGIApplication, counts: Counts, trusted: tuple[Network, ...], slow: float = SLOW_SECONDS) -> WSGIApplication:
    """Return *application*, watched: what takes more than *slow* seconds, until its answer begins, is told.

    A request may bring its id (X-Request-Id) where it comes from one of *trusted*. What escapes *application* is answered with a bare 500.
    """
    counted = counts.request
    clock = perf_counter_ns
    slow_ns = round(slow * 1e9)
    new_id = _ids()

    def watched(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = clock()
        path = environ.get("PATH_INFO", "")
        status = ""

        def start(line: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            if line >= "4":
                headers = [*headers, ("X-Request-Id", _id_of(environ, trusted, new_id))]
            return start_response(line, headers, exc_info) if exc_info else start_response(line, headers)

        try:
            answer = application(environ, start)
        except Exception as error:
            environ[CAUSE] = logs.told(error)
            answer = _broken(start)
        spent = clock() - began
        counted(path, environ.get("HTTP_USER_AGENT", ""), status, spent)
        if status >= "5" or (spent > slow_ns and status < "4"):  # who is refused for being slow is none of our trouble
            _tell(environ, path, status, spent, _id_of(environ, trusted, new_id))
        return answer

    return watched


def _broken(start: StartResponse) -> list[bytes]:
    body = b"500 Internal Server Error: Something went wrong here\n"
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    start("500 INTERNAL SERVER ERROR", headers, sys.exc_info())
    return [body]


def _ids() -> Callable[[], str]:
    """Return a maker of ids: a random beginning for this worker, since other workers make ids as well, and a number."""
    beginning, numbers = secrets.token_hex(6), count(1)
    return lambda: f"{beginning}-{next(numbers):x}"


def _id_of(environ: WSGIEnvironment, trusted: tuple[Network, ...], new_id: Callable[[], str]) -> str:
    known: str | None = environ.get(_ID)
    if known is not None:
        return known
    brought: str | None = environ.get("HTTP_X_REQUEST_ID")
    if brought is None or not _GOOD_ID.fullmatch(brought) or not proxies.is_from(trusted, environ.get("REMOTE_ADDR")):
        brought = new_id()
    environ[_ID] = brought
    return brought


def _tell(environ: WSGIEnvironment, path: str, status: str, spent: int, request_id: str) -> None:
    cause = environ.get(CAUSE)
    is_error = status >= "5"
    message = f"request failed: {cause}" if cause else "request failed" if is_error else "slow request"
    method = environ.get("REQUEST_METHOD", "")
    fields: dict[str, object] = {
        "status": int(status[:3]) if status[:3].isdigit() else 0,
        "method": method if method in _METHODS else "other",
        "format": FORMATS[format_of(path)],
        "client": family_of(environ.get("HTTP_USER_AGENT", "")),
        "ms": round(spent / 1e6, 1),
        "id": request_id,
        **_asked_for(environ),
    }
    _log.log(logging.ERROR if is_error else logging.WARNING, message, extra={"fields": fields})


def _asked_for(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the host that was asked, and the domain of the address in the query, where they are such."""
    found = {}
    try:
        found["host"] = host_name(environ.get("HTTP_HOST", "")).lower()
        address = query_address(environ.get("QUERY_STRING", "").encode("latin-1", "replace"))
    except AutoconfigError:
        return found
    return found | ({"domain": address.domain.ascii} if address else {})
