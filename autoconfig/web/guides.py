"""The pages for people: the start page that asks for an address, and the guide of a domain or of an address for one mail program.

An address comes by POST alone, so that it never stands in a URL, a log, a history or another site's referrer, and nothing is stored.
The profile's link is the one exception: a phone fetches a profile by its address, and that link leads to ourselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import AddressError, UsageError
from autoconfig.guides import page, qr, sheet
from autoconfig.guides.card import PROTOCOLS
from autoconfig.guides.clients import TITLES, ClientName
from autoconfig.guides.devices import client_of
from autoconfig.guides.groups import GROUPS, HAND_HELD
from autoconfig.guides.guide import guide_for
from autoconfig.guides.pictures import pictures_of
from autoconfig.model import ClientConfig
from autoconfig.web import livehelp
from autoconfig.web.limits import Spend
from autoconfig.web.pages import Pages
from autoconfig.web.question import Lookup, host_domain, host_name

MAX_TYPED = 320  # characters of a form's field that we look at and give back; no address is longer


def blueprint(
    lookup: Lookup,
    pages: Pages,
    base_url: str | None,
    own_name: str | None,
    spend: Spend,
    may_test: Callable[[Domain], bool] = lambda domain: False,
) -> Blueprint:
    """Return the routes of the pages; *base_url* and *own_name* are the service's, and each form costs a *spend*.

    *may_test* tells which domains have the live help.
    """
    routes = Blueprint("guides", __name__)
    guide = partial(_guide, pages, base_url, may_test)

    def first() -> Response:
        domain = _domain_of_host(own_name)
        config = lookup(domain) if domain else None
        return guide(config, None, None) if config else pages.kept("start.html")

    def start() -> Response:
        return answer("/", None)

    def of_domain(name: str, program: str | None = None) -> Response:
        try:
            domain = Domain.parse(name)
        except AddressError:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND)
        config = lookup(domain)
        if config is None:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND, domain=domain)
        try:
            client = None if program is None else ClientName.parse(program)
        except UsageError:
            return _no_program(pages, config)
        if request.method == "POST":
            return answer(_path(domain, client), client)
        return guide(config, None, client)

    def answer(action: str, client: ClientName | None) -> Response:
        spend()
        typed = request.form.get("address", "").strip()[:MAX_TYPED]
        try:
            address = EmailAddress.parse(typed)
        except AddressError as error:
            return pages.once("start.html", status=HTTPStatus.BAD_REQUEST, typed=typed, error=error, action=action)
        config = lookup(address.domain)
        if config is None:
            return pages.once("unknown.html", status=HTTPStatus.NOT_FOUND, typed=typed, domain=address.domain)
        return guide(config, address, client)

    routes.add_url_rule("/", view_func=first, methods=["GET"])
    routes.add_url_rule("/", view_func=start, methods=["POST"])
    routes.add_url_rule("/guide/<name>", view_func=of_domain, methods=["GET", "POST"], strict_slashes=False)
    routes.add_url_rule("/guide/<name>/<program>", view_func=of_domain, methods=["GET", "POST"], strict_slashes=False)
    return routes


def _domain_of_host(own_name: str | None) -> Domain | None:
    header = request.headers.get("Host")
    return None if not header or host_name(header).lower() == own_name else host_domain(header)


def _path(domain: Domain, client: ClientName | None = None) -> str:
    return f"/guide/{domain.ascii}" if client is None else f"/guide/{domain.ascii}/{client.value}"


def _guide(
    pages: Pages,
    base_url: str | None,
    may_test: Callable[[Domain], bool],
    config: ClientConfig,
    address: EmailAddress | None,
    chosen: ClientName | None,
) -> Response:
    """Return the guide for the program that was *chosen*, else for the device that asks."""
    texts = pages.texts(config.provider)
    device = client_of(request.headers.get("User-Agent"))
    client = chosen or device
    guide = guide_for(config, address, client, texts)
    in_hand = device in HAND_HELD
    # Beside a computer there may be a phone, which needs no guide for a computer.
    url = base_url + _path(config.domain, client if client in HAND_HELD else None) if base_url and not in_hand else None
    show = pages.kept if address is None else pages.once
    response = show(
        "guide/page.html",
        config.provider,
        guide=guide,
        config=config,
        address=address,
        typed=str(address) if address else None,
        action=_path(config.domain, client),
        code_url=url.replace(config.domain.ascii, config.domain.unicode) if url else None,
        code=qr.code_of(url) if url else None,
        is_for_hand=client in HAND_HELD and not in_hand,
        profiles=_profiles(config, address) if address else (),
        pictures=pictures_of(client, texts.language),
        troubles=page.troubles(guide),
        hosts=page.hosts(guide),
        described=page.DESCRIBED,
        is_about_existing=lambda card: page.is_about_existing(card, texts),
        mailto=sheet.mailto,
        protocols=PROTOCOLS,
        test=livehelp.path_of(config.domain) if may_test(config.domain) else None,
        run=None,
        refused=None,
        **_programs(config, client),
    )
    response.vary.add("User-Agent")
    return response


def _no_program(pages: Pages, config: ClientConfig) -> Response:
    return pages.once("guide/no_program.html", config.provider, status=HTTPStatus.NOT_FOUND, address=None, **_programs(config, None))


def _programs(config: ClientConfig, client: ClientName | None) -> dict[str, Any]:
    """Return what the list of other devices and programs is made of."""
    return {"groups": GROUPS, "titles": TITLES, "here": client, "path_of": lambda other: _path(config.domain, other)}


def _profiles(config: ClientConfig, address: EmailAddress) -> list[tuple[str, str]]:
    """Return the protocol of each account with the link that fetches its profile, the preferred one first and by default."""
    url = "/email.mobileconfig?emailaddress=" + quote(address.ascii, safe="")
    return [
        (PROTOCOLS[account.protocol], url if account is config.accounts[0] else f"{url}&protocol={account.protocol.value}")
        for account in config.accounts
    ]
