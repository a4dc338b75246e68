"""For which names a proxy may fetch a certificate when it is first asked for one (Caddy's on-demand TLS): those that we serve.

For any other name, anybody who points one at us could make us fetch certificates without end.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from autoconfig.address import Domain
from autoconfig.errors import AddressError
from autoconfig.web.answers import passing
from autoconfig.web.question import OUR_LABELS, host_domain

IsListed = Callable[[Domain], bool]


def blueprint(is_listed: IsListed, own_name: str | None) -> Blueprint:
    """Return /tls/allowed; *is_listed* tells the active domains, *own_name* is the service's."""
    routes = Blueprint("tls", __name__)

    def allowed() -> Response:
        name = request.args.get("domain", "")
        answer = (b"yes\n", 200) if may_have_certificate(name, is_listed, own_name) else (b"no\n", 404)
        return passing(answer[0], "text/plain; charset=utf-8", answer[1])

    routes.add_url_rule("/tls/allowed", view_func=allowed, methods=["GET"])
    return routes


def may_have_certificate(name: str, is_listed: IsListed, own_name: str | None) -> bool:
    """Tell whether *name* is ours to serve: our own, a listed and active domain, or one of our names at one."""
    try:
        domain = Domain.parse(name)
    except AddressError:
        return False
    if domain.ascii == own_name or is_listed(domain):
        return True
    below = host_domain(domain.ascii) if domain.ascii.startswith(OUR_LABELS) else None
    return below is not None and is_listed(below)
