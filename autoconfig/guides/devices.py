"""Which guide suits the device that asks: a browser's User-Agent (RFC 9110, 10.1.5) and nothing more. A guess, and changeable."""

from __future__ import annotations

import re

from autoconfig.guides.clients import ClientName

_LOOKED_AT = 512  # characters; browsers send about 120, and what is longer comes from nobody's phone

# The first that is found decides. An iPad that asks for desktop pages says that it is a Mac, and so it gets the Mac's guide.
_SIGNS: tuple[tuple[str, ClientName], ...] = (
    (r"Thunderbird/", ClientName.THUNDERBIRD),
    (r"Evolution/", ClientName.EVOLUTION),
    (r"Windows Phone|Xbox|\bCrOS\b|Tizen|Web0S|SMART-TV", ClientName.OTHER),  # before the names that they borrow
    (r"\b(?:iPhone|iPad|iPod)\b", ClientName.IPHONE),
    (r"Android.*(?:\bSM-[A-Z]|SamsungBrowser/|\bSAMSUNG\b)", ClientName.SAMSUNG),
    (r"\bAndroid\b", ClientName.GMAIL),
    (r"\bMacintosh\b", ClientName.MAC),
    (r"\bWindows\b", ClientName.OUTLOOK),
    (r"\bLinux\b|\bX11\b", ClientName.THUNDERBIRD),
)


def client_of(user_agent: str | None) -> ClientName:
    """Return the client whose guide comes first for a browser that calls itself *user_agent*."""
    looked_at = (user_agent or "")[:_LOOKED_AT]
    return next((client for sign, client in _SIGNS if re.search(sign, looked_at)), ClientName.OTHER)
