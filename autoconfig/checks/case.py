"""What every check is given, and the servers that the checks speak of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from autoconfig import dnsrecords
from autoconfig.address import Domain, EmailAddress
from autoconfig.model import Account, AuthMethod, ClientConfig, Protocol, Server, TLSMode
from autoconfig.observations import Service, World, service_of


@dataclass(frozen=True, slots=True)
class Case:
    """One domain to look at. *address* is its postmaster's where none was given, and then *address_given* is False.

    *expected* is what the domain should use, None when it is not one of ours; *due* are then the records that it should publish, and
    *own_host* is the public name of our service, where that is known. *selectors* are of DKIM keys that are to be looked at, and
    *blocklists* whether others may be asked about the addresses of the servers.
    """

    domain: Domain
    address: EmailAddress
    world: World
    expected: ClientConfig | None = None
    due: tuple[dnsrecords.Record, ...] = ()
    own_host: Domain | None = None
    address_given: bool = False
    selectors: tuple[str, ...] = ()
    blocklists: bool = False


class Source(StrEnum):
    """Where a server was named, in the order in which we believe them."""

    SETTINGS = "settings"  # our own store
    AUTOCONFIG = "autoconfig"
    PACC = "pacc"
    AUTODISCOVER = "autodiscover"
    SRV = "srv"
    MX = "mx"


@dataclass(frozen=True, slots=True)
class Named:
    """A server as some source names it to mail programs; *via* is the URL or the record's name that did. No *auth* is "not said"."""

    service: Service
    host: Domain
    port: int
    source: Source
    via: str = ""
    auth: tuple[AuthMethod, ...] = ()
    username: str | None = None  # for the case's address
    tls: TLSMode = TLSMode.IMPLICIT

    @property
    def place(self) -> tuple[Service, Domain, int]:
        """What tells servers apart: who names it does not matter."""
        return self.service, self.host, self.port


def servers_of(account: Account[Domain], address: EmailAddress, source: Source, via: str = "") -> tuple[Named, ...]:
    """Return both servers of *account*, each with its further ports after it."""
    return (
        *_named(account.protocol.value, account.incoming, address, source, via),
        *_named("smtp", account.outgoing, address, source, via),
    )


def _named(protocol: str, server: Server[Domain], address: EmailAddress, source: Source, via: str) -> list[Named]:
    ports = [(server.port, server.tls), *((also.port, also.tls) for also in server.also)]
    return [
        Named(service_of(protocol, tls), server.host, port, source, via, server.auth, server.username.fill(address), tls)
        for port, tls in ports
    ]


def incoming(service: Service) -> Protocol | None:
    """Return the protocol of a *service* that mail is fetched with, None for others."""
    return {"imap": Protocol.IMAP, "pop3": Protocol.POP3}.get(service.talk.value)
