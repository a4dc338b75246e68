"""What browsers may do with our answers: headers that every one of them carries."""

from __future__ import annotations

import base64
import hashlib


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


HEADERS = {
    "Content-Security-Policy": policy(),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
