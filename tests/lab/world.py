"""The mail host of the lab, KarlaHosting, its customers' settings, and the `World` of names and sites that their programs see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from . import mailserver
from .nameserver import NameServer, Records
from .webfront import ADDRESS, Site, WebFront

HOST = "server.karlahosting.test"
ELSEWHERE = "192.0.2.80"  # customers' own web sites; nobody answers there

# The host's rule: IMAP and sending at its own server, POP at the customer's name.
KARLAHOSTING = """
[[provider]]
id = "karlahosting"
name = "KarlaHosting"
short_name = "Karla"
mx = ["10 mx.karlahosting.test"]

[[provider.account]]
protocol = "imap"
incoming = { host = "server.karlahosting.test", port = 993, tls = "implicit" }
outgoing = { host = "server.karlahosting.test", port = 465, tls = "implicit", also = [{ port = 587, tls = "starttls" }] }

[[provider.account]]
protocol = "pop3"
incoming = { host = "mail.%EMAILDOMAIN%", port = 995, tls = "implicit" }
outgoing = { host = "mail.%EMAILDOMAIN%", port = 465, tls = "implicit" }
"""

# The same, but every connection begins in the clear.
STARTTLS = """
[[provider]]
id = "starttls"
name = "KarlaHosting STARTTLS"
short_name = "Karla"

[[provider.account]]
protocol = "imap"
incoming = { host = "server.karlahosting.test", port = 143, tls = "starttls" }
outgoing = { host = "server.karlahosting.test", port = 587, tls = "starttls" }

[[provider.account]]
protocol = "pop3"
incoming = { host = "mail.%EMAILDOMAIN%", port = 110, tls = "starttls" }
outgoing = { host = "mail.%EMAILDOMAIN%", port = 587, tls = "starttls" }
"""


def customers(*domains: str, provider: str = "karlahosting") -> str:
    """Return the part of a settings file that makes *domains* customers of *provider*."""
    return "".join(f'\n[[domain]]\nname = "{domain}"\nprovider = "{provider}"\n' for domain in domains)


@dataclass(frozen=True, slots=True)
class World:
    """The name server and the web front, holding host names that lead to our service."""

    name_server: NameServer
    web_front: WebFront

    def serve(self, hosts: Mapping[str, Site], more: Records | None = None) -> None:
        """Publish *hosts* at the web front, and *more*; their domains have the mail host's MX, as all its customers have."""
        self.publish(hosts, ADDRESS, more)
        self.web_front.serve(hosts)

    def publish(self, hosts: Collection[str], address: str, more: Records | None = None) -> None:
        """Publish *hosts* at *address*, and *more*."""
        domains = {host.removeprefix("autoconfig.").removeprefix("autodiscover.") for host in hosts}
        mail = {name: {"A": [mailserver.ADDRESS]} for name in (HOST, "mx.karlahosting.test", *(f"mail.{domain}" for domain in domains))}
        elsewhere = {domain: {"A": [ELSEWHERE], "MX": ["10 mx.karlahosting.test"]} for domain in domains}
        ours = {host: {**elsewhere.get(host, {}), "A": [address]} for host in hosts}
        self.name_server.publish({**mail, **elsewhere, **ours, **(more or {})})

    def asked(self, text: str) -> list[str]:
        """Return the requests so far with *text* in their URL: a domain stands in its hosts and in its addresses."""
        return [request for request in self.web_front.requests() if text in request]
