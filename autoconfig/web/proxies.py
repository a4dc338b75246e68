"""What a proxy in front of us says of the request that it had, believed only where the proxy is one of our own."""

from __future__ import annotations

import ipaddress
import re

from flask import request

from autoconfig.config import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_HOPS = 20  # of X-Forwarded-For, from the right: nobody has more proxies of his own

# What proxies write: an address, in brackets or not, and a port behind it or not.
_HOP = re.compile(r"\s*(?:\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15})(?::[0-9]{1,5})?|([0-9A-Fa-f:.]{2,45}))\s*")


def is_https(trusted: tuple[Network, ...]) -> bool:
    """Tell whether the current request came over https, to us or to a proxy in *trusted* (X-Forwarded-Proto)."""
    if is_from(trusted, request.remote_addr):
        said = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
        if said:
            return said == "https"
    return request.is_secure


def is_from(trusted: tuple[Network, ...], address: str | None) -> bool:
    """Tell whether *address*, a peer's, is in one of the networks that are *trusted*."""
    peer = _address(address or "")
    return peer is not None and _is_in(trusted, peer)


def client(trusted: tuple[Network, ...], peer: str | None, forwarded: str) -> Address | None:
    """Return who asks: *peer*, or where it is one of *trusted*, the nearest in *forwarded* (X-Forwarded-For) that is not.

    What is no address ends the search, because a proxy of ours would not have written it. None where the peer has no address.
    """
    found = _address(peer or "")
    if found is None:
        return None
    for hop in reversed(forwarded.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
        address = _address(hop) if _is_in(trusted, found) else None
        if address is None:
            break
        found = address
    return found


def hides_clients(trusted: tuple[Network, ...]) -> bool:
    """Tell whether the current request came through a proxy that is none of *trusted*, or through one of them that tells no client."""
    peer = _address(request.remote_addr or "")
    return peer is not None and peer.is_private and ("X-Forwarded-For" in request.headers) != _is_in(trusted, peer)


def _is_in(networks: tuple[Network, ...], address: Address) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    hop = _HOP.fullmatch(text)
    try:
        found = ipaddress.ip_address(next(filter(None, hop.groups()))) if hop else None
    except ValueError:
        return None
    # A socket that listens for both shows IPv4 as ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2).
    return getattr(found, "ipv4_mapped", None) or found
