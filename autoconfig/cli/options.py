"""What options mean: a resolver as IP[:PORT], a host's address as HOST=IP, a DKIM selector, a number of seconds."""

from __future__ import annotations

import ipaddress
import math
import re
from typing import Any

import click

from autoconfig.address import Domain, is_ip
from autoconfig.errors import AddressError

_DNS_PORT = 53
# RFC 3986, 3.2.2: an IPv6 address with a port stands in brackets.
_RESOLVER = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<plain>[^\[\]:]*))(?::(?P<port>[0-9]{1,5}))?\Z")

# RFC 6376, 3.1: selector = sub-domain *( "." sub-domain )
_SELECTOR = re.compile(r"(?!.{65})[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\Z", re.IGNORECASE)


def _resolver(text: str) -> tuple[str, int]:
    ip, port = text, _DNS_PORT
    if not is_ip(text) and (found := _RESOLVER.match(text)):
        ip, port = found["v6"] or found["plain"] or "", int(found["port"] or _DNS_PORT)
    if not is_ip(ip) or not 0 < port < 65536:
        raise click.BadParameter(f"{text!r} is not an IP address with or without a port, such as 192.0.2.53, 127.0.0.1:5353 or [::1]:5353")
    return str(ipaddress.ip_address(ip)), port


def _host_ip(text: str) -> tuple[str, str]:
    host, _, ip = text.partition("=")
    ip = ip.removeprefix("[").removesuffix("]")
    if not is_ip(ip):
        raise click.BadParameter(f"{text!r} is not a name and an IP address, such as mail.kund.se=192.0.2.20")
    try:
        return Domain.parse(host).ascii, str(ipaddress.ip_address(ip))
    except AddressError as error:
        raise click.BadParameter(str(error)) from None


def _selector(text: str) -> str:
    if not _SELECTOR.match(text):
        raise click.BadParameter(f"{text!r} is not a selector, the part before ._domainkey, such as mail or 2026-11")
    return text.lower()


class _Seconds(click.FloatRange):
    """A number of seconds, which "nan" is not, though no range refuses it."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  # as click has it
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is not a number of seconds", param, ctx)
        return found


RESOLVER = click.types.FuncParamType(_resolver)  # as (IP, port), 53 where no port is given
HOST_IP = click.types.FuncParamType(_host_ip)  # as (host in A-labels, IP)
SELECTOR = click.types.FuncParamType(_selector)
SECONDS = _Seconds(0.1, 600)
