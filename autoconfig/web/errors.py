"""Every answer that is not what was asked for: a short line for programs, a page for people, and never a traceback.

What went wrong inside is left for the log with the places in the code and without values: an address never reaches a log.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from autoconfig import logs
from autoconfig.errors import N_, AddressError, AutoconfigError, SnapshotError, UsageError
from autoconfig.formats.pacc import PaccError
from autoconfig.web.answers import passing
from autoconfig.web.limits import TooManyRequests
from autoconfig.web.pages import Pages
from autoconfig.web.question import NotOurs
from autoconfig.web.seen import CAUSE

RETRY_AFTER = "5"  # seconds: a snapshot is being written, or a person is mending it

STATUS: dict[type[AutoconfigError], HTTPStatus] = {
    AddressError: HTTPStatus.BAD_REQUEST,
    UsageError: HTTPStatus.BAD_REQUEST,
    NotOurs: HTTPStatus.NOT_FOUND,
    PaccError: HTTPStatus.NOT_FOUND,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    SnapshotError: HTTPStatus.SERVICE_UNAVAILABLE,
}

MESSAGES: dict[int, tuple[str, str]] = {
    400: (N_("We did not understand that"), N_("The address of the page, or what was sent with it, is not as it should be.")),
    403: (N_("That came from another site"), N_("Please open the guide itself, and use its own button.")),
    404: (N_("There is no such page"), N_("The link may be old or mistyped. Start again from the first page.")),
    405: (N_("This page does not work that way"), N_("It can be read, but not be changed or sent anything.")),
    413: (N_("That was too much"), N_("An e-mail address is never that long.")),
    414: (N_("That was too much"), N_("An e-mail address is never that long.")),
    429: (N_("One moment, please"), N_("Many requests came from your network. Please try again in a little while.")),
    500: (N_("Something went wrong here"), N_("The fault is ours, not yours. Please try again in a little while.")),
    503: (N_("We cannot look up settings right now"), N_("Please try again in a minute. Your mail itself is not affected.")),
}


def register(app: Flask, pages: Pages) -> None:
    """Make *app* answer every error."""

    def ours(error: AutoconfigError) -> Response:
        status = STATUS.get(type(error))
        if status is None:
            return internal(error)
        response = _answer(pages, status, str(error), error)
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            request.environ[CAUSE] = str(error)
            response.headers["Retry-After"] = RETRY_AFTER
        if isinstance(error, TooManyRequests):
            response.headers["Retry-After"] = str(error.seconds)
        return response

    def theirs(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        response = _answer(pages, status, _message(status)[0], None)
        # A 405 names the methods that work, a 416 the size.
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers.setdefault(name, value)
        return response

    def internal(error: Exception) -> Response:
        request.environ[CAUSE] = logs.told(error)
        return _answer(pages, HTTPStatus.INTERNAL_SERVER_ERROR, _message(500)[0], None)

    app.register_error_handler(AutoconfigError, ours)
    app.register_error_handler(HTTPException, theirs)
    app.register_error_handler(Exception, internal)


def _answer(pages: Pages, status: HTTPStatus, line: str, error: AutoconfigError | None) -> Response:
    if wants_page():
        title, text = _message(status)
        name = "unknown.html" if isinstance(error, NotOurs) else "error.html"
        shown = error if isinstance(error, AddressError | TooManyRequests) else None
        response = pages.once(name, status=status, title=title, text=text, error=shown)
    else:
        response = passing(f"{status.value} {status.phrase}: {line}\n".encode(), "text/plain; charset=utf-8", status)
    response.vary.add("Accept")
    return response


def wants_page() -> bool:
    """Tell whether a browser asks: it names text/html, while mail programs say */* or nothing."""
    return any(kind.lower() == "text/html" and quality > 0 for kind, quality in request.accept_mimetypes)


def _message(status: int) -> tuple[str, str]:
    return MESSAGES.get(status) or MESSAGES[400 if status < 500 else 500]
