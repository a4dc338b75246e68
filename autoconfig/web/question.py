"""Which domain, or which address, a request is about: pure functions of its query and its Host header.

The address in the query comes first, then the Host without one leading label of ours. Bytes from the network become a `Domain` or
an `EmailAddress` here and are never turned back into text before an answer is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AddressError, AutoconfigError, UsageError
from autoconfig.model import ClientConfig

# What answers: the settings of a domain, None where it is not ours. In the service this is the snapshot's.
Lookup = Callable[[Domain], ClientConfig | None]


class Known(Protocol):
    """All that we know of domains: the snapshot, in the service."""

    def client_config(self, domain: Domain) -> ClientConfig | None:
        """Return what *domain* should use, None where it is not ours or suspended."""

    def is_listed(self, domain: Domain) -> bool:
        """Tell whether *domain* is listed, or below one that answers for its subdomains, and active."""


# The names under which clients look for us at a customer's domain.
OUR_LABELS = ("autoconfig.", "autodiscover.", "ua-auto-config.")

# RFC 9110, 7.2: Host = uri-host [ ":" port ]. Characters outside ASCII are let in for the clients that send U-labels; `Domain.parse`
# judges them. An underscore is no part of a host name, but of names in container networks.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._\-\u0080-\U0010ffff]{1,255})(?::[0-9]{0,5})?")


class NotOurs(AutoconfigError):
    """A request is about a domain that we do not serve, or about none."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asks for: the settings of *domain*, or of one *address* in it."""

    domain: Domain
    address: EmailAddress | None = None


def asked(query: bytes, host: str | None) -> Question:
    """Return what a request with this *query* and Host header is about.

    Raises AddressError for an address that is none, UsageError for a Host that is none, NotOurs for a Host that is no mail domain.
    """
    address = query_address(query)
    if address is not None:
        return Question(address.domain, address)
    domain = host_domain(host)
    if domain is None:
        raise NotOurs(N_("this host name is no mail domain; ask with ?emailaddress="))
    return Question(domain)


def settings_of(question: Question, lookup: Lookup) -> ClientConfig:
    """Return what *question* is about; raises NotOurs for a domain that is not ours, or suspended."""
    config = lookup(question.domain)
    if config is None:
        raise NotOurs(N_("we have no mail settings for %(domain)s"), domain=question.domain)
    return config


def query_address(query: bytes) -> EmailAddress | None:
    """Return the first `emailaddress` of *query*, None where there is none or where it is empty."""
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_to_bytes(name) != b"emailaddress":
            continue
        try:
            # Not a form: clients send a plus address as it is (Nextcloud Mail 5), so "+" is no blank.
            text = unquote_to_bytes(value).decode("utf-8").strip()
        except UnicodeDecodeError:
            raise AddressError("address", N_("the e-mail address is not UTF-8 text")) from None
        return EmailAddress.parse(text) if text else None
    return None


def host_name(header: str) -> str:
    """Return the name in a Host *header* (WSGI's Latin-1 text), without port; raises UsageError for what is no host name."""
    try:
        text = header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise UsageError(N_("the Host header is not UTF-8 text")) from None
    found = _HOST.fullmatch(text)
    if found is None:
        raise UsageError(N_("the Host header is not a host name"))
    return found[1]


def host_domain(header: str | None) -> Domain | None:
    """Return the mail domain in a Host *header*, None for IP addresses, localhost, names that are no domain, and where there is none."""
    if not header:
        return None
    try:
        domain = Domain.parse(host_name(header))
    except AddressError:
        return None
    for label in OUR_LABELS:
        rest = domain.ascii.removeprefix(label)
        if rest != domain.ascii and "." in rest:
            return Domain(rest, domain.unicode.removeprefix(label))
    return domain
