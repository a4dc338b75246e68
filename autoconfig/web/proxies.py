"""What a proxy in front of us says of the request that it had, believed only where the proxy is one of our own."""

from __future__ import annotations

import ipaddress

from flask import request

from autoconfig.config import Network


def is_https(trusted: tuple[Network, ...]) -> bool:
    """Tell whether the current request came over https, to us or to a proxy in *trusted* (X-Forwarded-Proto)."""
    if is_from(trusted, request.remote_addr):
        said = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
        if said:
            return said == "https"
    return request.is_secure


def is_from(trusted: tuple[Network, ...], address: str | None) -> bool:
    """Tell whether *address*, a peer's, is in one of the networks that are *trusted*."""
    try:
        peer = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(peer in network for network in trusted)
