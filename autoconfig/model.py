"""What a domain should use: the one truth from which every format, guide, record and check is derived.

Frozen values; a value that exists is valid. Servers come in two kinds: as an operator writes them, their host is a `HostPattern`
("mail.%EMAILDOMAIN%"); as a customer uses them, it is a `Domain`. `Shape.fill` leads from the first to the second, and a
`ClientConfig` holds only the second. Nothing here reads, writes or renders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Generic, TypeVar

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AutoconfigError

# Mozilla's placeholders, the only ones there are.
EMAILADDRESS = "%EMAILADDRESS%"
EMAILLOCALPART = "%EMAILLOCALPART%"
EMAILDOMAIN = "%EMAILDOMAIN%"
PLACEHOLDERS = (EMAILADDRESS, EMAILLOCALPART, EMAILDOMAIN)

_PLACEHOLDER = re.compile(r"%[^%\s]*%?")


class Protocol(StrEnum):
    """How mail is fetched."""

    IMAP = "imap"
    POP3 = "pop3"


class TLSMode(StrEnum):
    """RFC 8314: from the first byte, by upgrade, or not at all."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class AuthMethod(StrEnum):
    """How a user proves who they are, in the words of the settings file."""

    PASSWORD_CLEARTEXT = "password-cleartext"
    PASSWORD_ENCRYPTED = "password-encrypted"
    OAUTH2 = "oauth2"
    GSSAPI = "gssapi"
    NTLM = "ntlm"
    NONE = "none"


class ModelError(AutoconfigError):
    """A text is not a value of the model."""


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A host name in which %EMAILDOMAIN% stands for the customer's domain; *literal* is the name where it has none."""

    text: str
    literal: Domain | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Parse *text*; raises ModelError for other placeholders and AddressError for what can never be a host name."""
        text = text.strip()
        for found in _PLACEHOLDER.findall(text):
            if found != EMAILDOMAIN:
                raise ModelError(
                    N_("%(host)s: a host may only have the placeholder %(placeholder)s, not %(found)s"),
                    host=text,
                    placeholder=EMAILDOMAIN,
                    found=found,
                )
        if EMAILDOMAIN in text:
            Domain.parse(text.replace(EMAILDOMAIN, "a.example"))
            return cls(text)
        literal = Domain.parse(text)
        return cls(literal.ascii, literal)

    def fill(self, domain: Domain) -> Domain:
        """Return the host's name for *domain*."""
        return self.literal or Domain.parse(self.text.replace(EMAILDOMAIN, domain.ascii))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class UserPattern:
    """A user name in which Mozilla's three placeholders stand for the address, its local part and its domain."""

    text: str = EMAILADDRESS

    @classmethod
    def parse(cls, text: str) -> UserPattern:
        """Parse *text*; raises ModelError for an empty text, control characters and unknown placeholders."""
        text = text.strip()
        if not text:
            raise ModelError(N_("the user name is empty"))
        if not text.isprintable():
            raise ModelError(N_("the user name %(username)s has control characters"), username=text)
        for found in _PLACEHOLDER.findall(text):
            if found not in PLACEHOLDERS:
                raise ModelError(
                    N_("%(username)s: %(found)s is not a placeholder; use %(known)s"),
                    username=text,
                    found=found,
                    known=", ".join(PLACEHOLDERS),
                )
        return cls(text)

    def fill(self, address: EmailAddress) -> str:
        """Return the user name of *address*, its domain in A-labels, as mail servers know it."""
        values = {EMAILADDRESS: address.ascii, EMAILLOCALPART: address.local_part, EMAILDOMAIN: address.domain.ascii}
        return _PLACEHOLDER.sub(lambda found: values[found.group()], self.text)

    def __str__(self) -> str:
        return self.text


Host = TypeVar("Host", Domain, HostPattern)


@dataclass(frozen=True, slots=True)
class Port:
    """A port with the TLS mode that is spoken on it."""

    port: int
    tls: TLSMode


@dataclass(frozen=True, slots=True)
class Server(Generic[Host]):
    """One server as clients should use it; `also` are further ports of the same host, for networks that block the first."""

    host: Host
    port: int
    tls: TLSMode
    auth: tuple[AuthMethod, ...] = (AuthMethod.PASSWORD_CLEARTEXT,)
    username: UserPattern = UserPattern()
    also: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class Account(Generic[Host]):
    """One way to use the mail: a protocol with the servers to fetch from and to send through."""

    protocol: Protocol
    incoming: Server[Host]
    outgoing: Server[Host]


@dataclass(frozen=True, slots=True)
class ServerOverride:
    """What a domain says otherwise of one server; None is "as the provider has it"."""

    host: HostPattern | None = None
    port: int | None = None
    tls: TLSMode | None = None
    auth: tuple[AuthMethod, ...] | None = None
    username: UserPattern | None = None
    also: tuple[Port, ...] | None = None

    def apply(self, server: Server[HostPattern]) -> Server[HostPattern]:
        """Return *server* with what this override names."""
        return Server(
            host=server.host if self.host is None else self.host,
            port=server.port if self.port is None else self.port,
            tls=server.tls if self.tls is None else self.tls,
            auth=server.auth if self.auth is None else self.auth,
            username=server.username if self.username is None else self.username,
            also=server.also if self.also is None else self.also,
        )

    def complete(self) -> Server[HostPattern] | None:
        """Return the server that this override describes by itself, or None where host, port or TLS mode is missing."""
        if self.host is None or self.port is None or self.tls is None:
            return None
        return self.apply(Server(self.host, self.port, self.tls))


@dataclass(frozen=True, slots=True)
class AccountOverride:
    """What a domain says otherwise of one protocol's account."""

    protocol: Protocol
    incoming: ServerOverride = ServerOverride()
    outgoing: ServerOverride = ServerOverride()

    def apply(self, account: Account[HostPattern]) -> Account[HostPattern]:
        """Return *account* with what this override names."""
        return Account(account.protocol, self.incoming.apply(account.incoming), self.outgoing.apply(account.outgoing))

    def complete(self) -> Account[HostPattern] | None:
        """Return the account that this override describes by itself, or None where something is missing."""
        incoming, outgoing = self.incoming.complete(), self.outgoing.complete()
        return None if incoming is None or outgoing is None else Account(self.protocol, incoming, outgoing)


@dataclass(frozen=True, slots=True)
class Support:
    """Where a customer gets help."""

    url: str | None = None
    email: str | None = None
    phone: str | None = None
    password_url: str | None = None


@dataclass(frozen=True, slots=True)
class Sieve:
    """A ManageSieve server (RFC 5804)."""

    host: HostPattern
    port: int
    tls: TLSMode


@dataclass(frozen=True, slots=True)
class OAuth2:
    """An OAuth 2.0 authorization server for public clients (RFC 6749)."""

    issuer: str
    auth_url: str
    token_url: str
    scope: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A host's brand and defaults. `accounts` are in order of preference, at most one per protocol.

    URLs may hold %EMAILDOMAIN%. `default` also answers for domains that are not listed.
    """

    id: str
    name: str
    short_name: str
    accounts: tuple[Account[HostPattern], ...]
    default: bool = False
    languages: tuple[str, ...] = ("sv", "en")
    support: Support = Support()
    webmail_url: str | None = None
    documentation_url: str | None = None
    logo: str | None = None
    color: str | None = None
    caldav_url: str | None = None
    carddav_url: str | None = None
    jmap_url: str | None = None
    sieve: Sieve | None = None
    oauth2: OAuth2 | None = None
    mx: tuple[str, ...] = ()
    spf: str | None = None
    dmarc: str | None = None
    dkim_selectors: tuple[str, ...] = ()
    software: str | None = None


@dataclass(frozen=True, slots=True)
class DomainSettings:
    """What an operator says of one domain. Exactly one of *provider* and *alias_of* is set.

    *protocols* is an order and a subset, empty for the provider's own; *subdomains* answers for every name below as well.
    """

    domain: Domain
    provider: str | None = None
    alias_of: Domain | None = None
    protocols: tuple[Protocol, ...] = ()
    suspended: bool = False
    subdomains: bool = False
    note: str = ""
    accounts: tuple[AccountOverride, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator says: the content of a settings file, or of the store."""

    providers: tuple[Provider, ...] = ()
    domains: tuple[DomainSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What one domain should use: `accounts` in order of preference, never empty, at most one per protocol."""

    domain: Domain
    provider: Provider
    accounts: tuple[Account[Domain], ...]

    def only(self, protocol: Protocol) -> ClientConfig | None:
        """Return this with the account of *protocol* alone, None where there is none."""
        accounts = tuple(account for account in self.accounts if account.protocol is protocol)
        return replace(self, accounts=accounts) if accounts else None

    def url(self, pattern: str) -> str:
        """Return a web address of the provider with this domain in the place of its placeholder."""
        return pattern.replace(EMAILDOMAIN, self.domain.ascii)


@dataclass(frozen=True, slots=True)
class Shape:
    """What many domains have in common: a provider and its accounts as some of its domains use them, hosts still patterns."""

    provider: Provider
    accounts: tuple[Account[HostPattern], ...]

    @classmethod
    def of(cls, provider: Provider, overrides: Iterable[AccountOverride] = (), protocols: tuple[Protocol, ...] = ()) -> Shape:
        """Return *provider*'s accounts with *overrides* applied, in the order and subset of *protocols*.

        Raises ModelError where an override or a protocol names an account that nobody describes in full.
        """
        accounts = {account.protocol: account for account in provider.accounts}
        for override in overrides:
            known = accounts.get(override.protocol)
            account = override.complete() if known is None else override.apply(known)
            if account is None:
                raise ModelError(
                    N_("%(provider)s has no %(protocol)s account; name host, port and tls of both its servers here"),
                    provider=provider.id,
                    protocol=override.protocol.value,
                )
            accounts[override.protocol] = account
        for protocol in protocols:
            if protocol not in accounts:
                raise ModelError(N_("%(provider)s has no %(protocol)s account"), provider=provider.id, protocol=protocol.value)
        return cls(provider, tuple(accounts[protocol] for protocol in protocols or tuple(accounts)))

    def fill(self, domain: Domain) -> ClientConfig:
        """Return what *domain* should use; raises AddressError where a host name becomes too long for it."""
        return ClientConfig(
            domain=domain,
            provider=self.provider,
            accounts=tuple(
                Account(account.protocol, _fill(account.incoming, domain), _fill(account.outgoing, domain)) for account in self.accounts
            ),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes to serve or to save, with their media type and the name of the file that they would be."""

    content: bytes
    content_type: str
    file_name: str


def _fill(server: Server[HostPattern], domain: Domain) -> Server[Domain]:
    return Server(server.host.fill(domain), server.port, server.tls, server.auth, server.username, server.also)
