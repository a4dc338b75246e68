"""The pages for people: the start page that asks for an address, and the settings of a domain or of an address.

An address comes by POST alone, so that it never stands in a URL, a log, a history or another site's referrer, and nothing is stored.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import AddressError
from autoconfig.guides import sheet
from autoconfig.model import ClientConfig
from autoconfig.web.pages import Pages
from autoconfig.web.question import Lookup, host_domain, host_name

MAX_TYPED = 320  # characters of a form's field that we look at and give back; no address is longer


def blueprint(lookup: Lookup, pages: Pages, own_name: str | None) -> Blueprint:
    """Return the routes of the pages; *own_name* is the service's."""
    routes = Blueprint("guides", __name__)

    def first() -> Response:
        domain = _domain_of_host(own_name)
        config = lookup(domain) if domain else None
        return _settings(pages, config) if config else pages.kept("start.html")

    def address() -> Response:
        typed = request.form.get("address", "").strip()[:MAX_TYPED]
        try:
            parsed = EmailAddress.parse(typed)
        except AddressError as error:
            return pages.once("start.html", status=HTTPStatus.BAD_REQUEST, typed=typed, error=error)
        config = lookup(parsed.domain)
        if config is None:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND, typed=typed, domain=parsed.domain)
        return _settings(pages, config, parsed)

    def guide(name: str) -> Response:
        try:
            domain = Domain.parse(name)
        except AddressError:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND)
        config = lookup(domain)
        if config is None:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND, domain=domain)
        return _settings(pages, config)

    routes.add_url_rule("/", view_func=first, methods=["GET"])
    routes.add_url_rule("/", view_func=address, methods=["POST"])
    routes.add_url_rule("/guide/<name>", view_func=guide, methods=["GET"], strict_slashes=False)
    return routes


def _domain_of_host(own_name: str | None) -> Domain | None:
    header = request.headers.get("Host")
    return None if not header or host_name(header).lower() == own_name else host_domain(header)


def _settings(pages: Pages, config: ClientConfig, address: EmailAddress | None = None) -> Response:
    answer = pages.kept if address is None else pages.once
    return answer(
        "settings.html",
        config.provider,
        config=config,
        address=address,
        typed=str(address) if address else None,
        has_a_labels=sheet.has_a_labels(config, address),
        help=sheet.help_of(config),
        user_name=lambda server: sheet.user_name(server, config.domain, address),
        mailto=sheet.mailto,
    )
