"""What browsers may do with our answers: headers that every one of them carries."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from itertools import chain

from flask import Response, request

from autoconfig.config import Network
from autoconfig.errors import UsageError
from autoconfig.web import proxies
from autoconfig.web.question import host_name


def policy(style: str | None = None) -> str:
    """Return a Content-Security-Policy: our own sheets, scripts and pictures, *style* where a page has it, and no frames around us."""
    sheets = "'self'" if style is None else f"'self' '{_digest(style)}'"
    return (
        f"default-src 'none'; style-src {sheets}; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _digest(content: str) -> str:
    """Return the hash by which a page may have *content* in it (CSP Level 3, 6.7.3)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


# On every answer. What mail programs ask carries no more than these: they heed none of them, but a browser may be led there.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # what frame-ancestors says, for browsers before CSP Level 2
}

# On every other answer, and on every page, as OWASP's Secure Headers Project recommends. Discovery documents forbid nobody to load them,
# but are not opened to the scripts of other sites either (no Access-Control-Allow-Origin): no mail program needs it, and a site could
# read the answers of a service that is reached from its visitors' network alone.
PAGE_HEADERS = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
    ),
    "X-Permitted-Cross-Domain-Policies": "none",
}

# RFC 6797, for a year. For our own name alone: those of customers' domains may lead to somebody else tomorrow, who has no https.
# And without includeSubDomains, which may be customers', too.
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


def protect(documents: Collection[str], own_name: str | None, trusted: tuple[Network, ...], response: Response) -> Response:
    """Put the headers on *response*: those of pages on all but the documents of blueprints in *documents*.

    *own_name* is the service's; that it was asked over https may be told by a proxy in *trusted*.
    """
    headers = [HEADERS]
    if request.blueprint not in documents or response.mimetype == "text/html":
        headers.append(PAGE_HEADERS)
        if own_name is not None and _is_asked(own_name) and proxies.is_https(trusted):
            headers.append(HTTPS_ONLY)
    for name, value in chain.from_iterable(each.items() for each in headers):
        response.headers.setdefault(name, value)
    return response


def _is_asked(own_name: str) -> bool:
    try:
        return host_name(request.headers.get("Host", "")).lower() == own_name
    except UsageError:
        return False
