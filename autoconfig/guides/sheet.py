"""What stands beside the servers on a page or in a guide: the user name as it is typed, and where to get help. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from autoconfig.address import Domain, EmailAddress
from autoconfig.model import EMAILADDRESS, EMAILDOMAIN, EMAILLOCALPART, ClientConfig, Server

_PLACEHOLDER = re.compile(f"({'|'.join((EMAILADDRESS, EMAILLOCALPART, EMAILDOMAIN))})")


@dataclass(frozen=True, slots=True)
class UserName:
    """A user name: *text* as the program wants it, *readable* as people write it where that differs.

    Without an address the text is None and *parts* are literal texts and placeholders in turn, a literal first.
    """

    text: str | None
    readable: str | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Help:
    """Links that may stand on a page; None where the provider has none."""

    webmail: str | None
    password: str | None
    support: str | None
    documentation: str | None
    email: str | None
    phone: str | None
    phone_link: str | None

    def __bool__(self) -> bool:
        return any((self.webmail, self.password, self.support, self.documentation, self.email, self.phone))


def user_name(server: Server[Domain], domain: Domain, address: EmailAddress | None) -> UserName:
    """Return the user name for *server*, of *address* or of everybody in *domain*."""
    pattern = server.username
    if address is not None:
        text = pattern.fill(address)
        values = {EMAILADDRESS: str(address), EMAILLOCALPART: address.local_part, EMAILDOMAIN: address.domain.unicode}
        readable = _PLACEHOLDER.sub(lambda found: values[found[0]], pattern.text)
        return UserName(text, readable if readable != text else None)
    parts = _PLACEHOLDER.split(pattern.text.replace(EMAILDOMAIN, domain.ascii))
    return UserName(parts[0]) if len(parts) == 1 else UserName(None, parts=tuple(parts))


def has_a_labels(config: ClientConfig, address: EmailAddress | None) -> bool:
    """Tell whether anything to be entered is spelt otherwise than people write it."""
    servers = [server for account in config.accounts for server in (account.incoming, account.outgoing)]
    return any(server.host.is_internationalised or user_name(server, config.domain, address).readable for server in servers)


def help_of(config: ClientConfig) -> Help:
    """Return where customers of *config* get help."""
    provider, support = config.provider, config.provider.support
    phone = re.sub(r"[^0-9+]", "", support.phone or "")

    def link(pattern: str | None) -> str | None:
        return None if pattern is None else config.url(pattern)

    return Help(
        webmail=link(provider.webmail_url),
        password=link(support.password_url),
        support=link(support.url),
        documentation=link(provider.documentation_url),
        email=support.email,
        phone=support.phone,
        phone_link=f"tel:{phone}" if phone else None,
    )


def mailto(email: str) -> str:
    """Return the link that writes to *email*."""
    return "mailto:" + quote(email, safe="@")
