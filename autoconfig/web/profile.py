"""The configuration profile that an iPhone, iPad or Mac installs, signed where the installation has a certificate."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from autoconfig.errors import N_, UsageError
from autoconfig.formats import apple
from autoconfig.model import ClientConfig, Protocol
from autoconfig.web.answers import passing
from autoconfig.web.question import Lookup, NotOurs, asked, settings_of

Sign = Callable[[bytes], bytes]


def blueprint(lookup: Lookup, sign: Sign | None) -> Blueprint:
    """Return /email.mobileconfig; without *sign* profiles go out as they are."""
    routes = Blueprint("profile", __name__)
    routes.add_url_rule("/email.mobileconfig", view_func=lambda: profile(lookup, sign), methods=["GET"], endpoint="profile")
    return routes


def profile(lookup: Lookup, sign: Sign | None) -> Response:
    """Answer with the profile of the address in the query, of the account in `protocol` or else of the preferred one."""
    question = asked(request.query_string, request.headers.get("Host"))
    config = _only(settings_of(question, lookup), request.args.get("protocol", ""))
    document = apple.document(config, question.address)
    # Nobody keeps it: it holds an address, and a signature has a time.
    answer = passing(sign(document.content) if sign else document.content, document.content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{document.file_name}"'
    return answer


def _only(config: ClientConfig, word: str) -> ClientConfig:
    if not word:
        return config
    try:
        protocol = Protocol(word.lower())
    except ValueError:
        known = ", ".join(p.value for p in Protocol)
        raise UsageError(N_("there is no protocol %(word)s; use one of: %(known)s"), word=word, known=known) from None
    chosen = config.only(protocol)
    if chosen is None:
        raise NotOurs(N_("%(domain)s has no %(protocol)s account"), domain=config.domain, protocol=protocol.value)
    return chosen
