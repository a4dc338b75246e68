"""What programs make URLs of: the domain that was typed, as it stands in a host name and in a path."""

from __future__ import annotations

import re
from urllib.parse import quote

from autoconfig.address import Domain
from autoconfig.errors import AddressError

_HOST = re.compile(r"[a-z0-9._-]+\Z")
_GRAPHIC = "".join(map(chr, range(0x21, 0x7F)))


def host_of(domain: str) -> str | None:
    """Return *domain* in lower case and A-labels, None where no program makes a URL of it."""
    try:
        return Domain.parse(domain).ascii
    except AddressError:
        lower = domain.lower()
        return lower if _HOST.match(lower) else None


def path_of(text: str) -> str:
    """Return *text* as it stands in the path of a URL: what is not a graphic ASCII character is percent-encoded as UTF-8."""
    return quote(text, safe=_GRAPHIC, errors="replace")
