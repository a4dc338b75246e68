"""What the values of a server must be, whatever the format: host names, ports, and ports that fit their protocol and encryption."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from autoconfig.address import Domain, is_ip
from autoconfig.errors import AddressError
from autoconfig.model import EMAILLOCALPART, PLACEHOLDERS, TLSMode

# RFC 8314, 7.3 and RFC 6409, 3.1. On port 25 some hosts let people send, on 587 nobody speaks TLS at once.
_AT_ONCE, _LATER = (TLSMode.IMPLICIT,), (TLSMode.STARTTLS, TLSMode.NONE)
_FITTING = {
    "imap": {993: _AT_ONCE, 143: _LATER},
    "pop3": {995: _AT_ONCE, 110: _LATER},
    "smtp": {465: _AT_ONCE, 587: _LATER, 25: _LATER},
}
_GIVEN = {port for ports in _FITTING.values() for port in ports}  # to mail
_SYSTEM_PORTS = 1024  # RFC 6335, 6: below, every number is given to something
_WORDS = {TLSMode.IMPLICIT: "SSL/TLS", TLSMode.STARTTLS: "STARTTLS"}

_FIGURE = re.compile(r"%[A-Za-z]+%?|[A-Z]{4,}%", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}\Z", re.ASCII)


def port_of(text: str) -> int | None:
    """Return the port that *text* is, None where it is none."""
    return int(text) if _PORT.match(text) and 0 < int(text) < 65536 else None


def fits(protocol: str, port: int, tls: TLSMode) -> bool:
    """Tell whether *port* is for *protocol* with *tls*, or is one that anybody may choose."""
    fitting = _FITTING[protocol]
    if port in fitting:
        return tls in fitting[port]
    return port not in _GIVEN and port >= _SYSTEM_PORTS


def misfit(protocol: str, port: int, tls: TLSMode) -> dict[str, str | int]:
    """Return the arguments of PORT_MISFIT."""
    return {"port": port, "protocol": protocol.upper(), "tls": _WORDS.get(tls, "plain")}


def is_host(text: str, *, with_placeholders: bool = False) -> bool:
    """Tell whether *text* is the name or address of a host in letters that all programs take."""
    if with_placeholders:
        for placeholder in PLACEHOLDERS:
            text = text.replace(placeholder, "a" if placeholder == EMAILLOCALPART else "a.example")
    if is_ip(text):
        return True
    try:
        return Domain.parse(text).ascii == text.lower().removesuffix(".")
    except AddressError:
        return False


def unknown_placeholder(text: str) -> str:
    """Return what stands in *text* as if it were a placeholder, "" where there is none."""
    for placeholder in PLACEHOLDERS:
        text = text.replace(placeholder, "")
    found = _FIGURE.search(text)
    return found[0] if found else ""


def is_https(url: str | None) -> bool:
    """Tell whether *url* is a whole https URL."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.netloc)
