"""Where one may go: what a question from the web may reach, and what the command line may. Asks nobody; only addresses are judged.

A name is never judged, because it may have another address the next time: whoever connects asks for the addresses once, has each
judged, and connects to that very address. The same is done again for every redirect.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

# Of mail and of the web; nothing else is asked for somebody else.
PORTS = frozenset({25, 80, 110, 143, 443, 465, 587, 993, 995, 4190})

# RFC 4291, 2.4 and IANA's registry: what is handed out as global unicast. Everything that carries an IPv4 address inside or belongs to
# one site lies outside of it, but for 6to4 (RFC 3056) and what documents may use (RFC 3849, RFC 9637), and for what protocols have
# for themselves (RFC 2928): Teredo, and anycast that ends at the router of the site that asks (RFC 7723, RFC 8155).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NOT_THERE = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# The same of IPv4 (RFC 6890, 2.1), of which Python's versions think differently, and 6to4's relays (RFC 7526).
_NOT_THERE_4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be connected to: with *public_only*, addresses of the public internet and ports of mail and web."""

    public_only: bool = False

    def allows(self, ip: str, port: int) -> bool:
        """Tell whether one may connect to *ip*, an IP address, at *port*."""
        return not self.public_only or (port in PORTS and _is_public(ip))

    def allows_name_server(self, ip: str) -> bool:
        """Tell whether one may ask the name server at *ip*, an IP address."""
        return not self.public_only or _is_public(ip)


ANYWHERE = Policy()
PUBLIC_ONLY = Policy(public_only=True)


def _is_public(ip: str) -> bool:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_THERE_4)
    return address.scope_id is None and address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_THERE)
