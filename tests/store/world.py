"""A small world of settings, and what a plain reading of the rules says about it: no database, no file, no cleverness."""

from __future__ import annotations

from pathlib import Path

from autoconfig.address import Domain
from autoconfig.model import (
    Account,
    AccountOverride,
    ClientConfig,
    DomainSettings,
    HostPattern,
    Protocol,
    Provider,
    Server,
    ServerOverride,
    Settings,
    Shape,
    TLSMode,
)


def name(text: str) -> Domain:
    return Domain.parse(text)


def server(host: str, port: int) -> Server[HostPattern]:
    return Server(HostPattern.parse(host), port, TLSMode.IMPLICIT)


def provider(id: str, host: str = "server.karla.se", *, default: bool = False, protocols: str = "imap pop3") -> Provider:
    """A provider with IMAP on its own server and POP on the customer's."""
    accounts = {
        "imap": Account(Protocol.IMAP, server(host, 993), server(host, 465)),
        "pop3": Account(Protocol.POP3, server("mail.%EMAILDOMAIN%", 995), server("mail.%EMAILDOMAIN%", 465)),
    }
    return Provider(id, id.title(), id, tuple(accounts[word] for word in protocols.split()), default=default)


def entry(text: str, provider: str | None = "karla", **more: object) -> DomainSettings:
    alias_of = more.pop("alias_of", None)
    if alias_of is not None:
        return DomainSettings(name(text), alias_of=name(str(alias_of)), **more)  # type: ignore[arg-type]
    return DomainSettings(name(text), provider, **more)  # type: ignore[arg-type]


def override(host: str) -> tuple[AccountOverride, ...]:
    return (AccountOverride(Protocol.POP3, ServerOverride(host=HostPattern.parse(host))),)


KARLA = provider("karla")
WORLD = Settings(
    (KARLA, provider("other", "mail.other.se")),
    (
        entry("kund.se"),
        entry("byrå.se", accounts=override("server.karla.se")),
        entry("pop.se", protocols=(Protocol.POP3, Protocol.IMAP)),
        entry("wide.se", subdomains=True),
        entry("off.wide.se", suspended=True),
        entry("own.wide.se", "other"),
        entry("off.se", suspended=True),
        entry("alias.se", alias_of="byrå.se"),
        entry("alias.off.se", alias_of="off.se"),
        entry("annan.se", "other"),
    ),
)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'autoconfig.db'}"


def answer(settings: Settings, domain: Domain) -> ClientConfig | None:
    """What *domain* should use, read off the rules one by one."""
    entries = {found.domain.ascii: found for found in settings.domains}
    providers = {found.id: found for found in settings.providers}
    for asked in (domain.ascii, *domain.parents):
        if asked not in entries:
            continue
        found = entries[asked]
        suspended, subdomains = found.suspended, found.subdomains
        while found.alias_of is not None:
            found = entries[found.alias_of.ascii]
            suspended, subdomains = suspended or found.suspended, subdomains or found.subdomains
        if suspended:
            return None
        if asked == domain.ascii or subdomains:
            return Shape.of(providers[found.provider or ""], found.accounts, found.protocols).fill(domain)
        break
    default = next((found for found in settings.providers if found.default), None)
    return Shape.of(default).fill(domain) if default else None
