"""Where each value that a name uses comes from: its own entry, the one above it, an alias's target, the provider, or nobody at all.

Pure. The keys are those of KEY=VALUE on the command line ("imap.incoming.host"), the values as they are for this one name, its own name
filled in, so that what one sees is what a mail program is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autoconfig.address import Domain
from autoconfig.model import EMAILDOMAIN, Account, DomainSettings, Provider, Server, Shape
from autoconfig.store.codec import domain_to_data, flat, overrides_to_data, ports_to_data, provider_to_data
from autoconfig.store.values import Data

DEFAULT = "default"  # where a value comes from that nobody said

# What a provider says of itself, and not of the domains that use it.
_OF_THE_PROVIDER = ("id", "default", "account")


@dataclass(frozen=True, slots=True)
class Way:
    """How *domain* comes to its settings: the entry that answers for it, the targets of its aliases, and the provider at the end.

    Without *entries* it is the default provider that answers.
    """

    domain: Domain
    entries: tuple[DomainSettings, ...]
    provider: Provider

    @property
    def is_listed(self) -> bool:
        """Tell whether the domain has an entry of its own."""
        return bool(self.entries) and self.entries[0].domain == self.domain

    @property
    def suspended(self) -> bool:
        """Tell whether it is answered as unknown."""
        return any(entry.suspended for entry in self.entries)

    @property
    def subdomains(self) -> bool:
        """Tell whether the first entry answers for the names below it."""
        return any(entry.subdomains for entry in self.entries)

    @property
    def answered_by(self) -> str:
        """Who answers, in the words of `Value.source`."""
        return self.source(self.entries[0]) if self.entries else f"provider {self.provider.id} (default)"

    def source(self, entry: DomainSettings) -> str:
        """Return *entry*, one of `entries`, as the place that a value comes from."""
        if entry.domain == self.domain:
            return entry.domain.unicode
        return f"{entry.domain} ({'subdomains' if entry is self.entries[0] else 'alias'})"


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a domain uses, as plain data, and where it comes from."""

    key: str
    value: object
    source: str


def values(way: Way) -> Iterator[Value]:
    """Yield every value that the domain of *way* uses: what is said of the domain, its accounts in order of preference, the provider's."""
    end = way.entries[-1] if way.entries else None
    shape = Shape.of(way.provider, end.accounts if end else (), end.protocols if end else ())
    provider = f"provider {way.provider.id}"
    if way.entries and way.entries[0].alias_of:
        yield Value("alias_of", way.entries[0].alias_of.unicode, way.source(way.entries[0]))
    yield Value("provider", way.provider.id, way.source(end) if end else way.answered_by)
    order = [account.protocol.value for account in shape.accounts]
    yield Value("protocols", order, way.source(end) if end and end.protocols else provider)
    for flag in ("suspended", "subdomains"):
        saying = next((entry for entry in way.entries if getattr(entry, flag)), None)
        yield Value(flag, saying is not None, way.source(saying) if saying else DEFAULT)
    if way.is_listed and way.entries[0].note:
        yield Value("note", way.entries[0].note, way.source(way.entries[0]))
    own = flat({"account": overrides_to_data(end.accounts)}) if end else {}
    said = provider_to_data(way.provider)
    of_provider = flat(said)
    for account in shape.fill(way.domain).accounts:
        for key, value in flat({"account": [_account_to_data(account)]}).items():
            source = way.source(end) if end and key in own else provider if key in of_provider else DEFAULT
            if value or source != DEFAULT:
                yield Value(key, value, source)
    for key, value in flat({key: value for key, value in said.items() if key not in _OF_THE_PROVIDER}).items():
        yield Value(key, _filled(value, way.domain), provider)
    if "languages" not in said:
        yield Value("languages", list(way.provider.languages), DEFAULT)


def way_to_data(way: Way) -> Data:
    """Return *way* and its values as plain data: the JSON of a domain."""
    return {
        "domain": way.domain.unicode,
        "ascii": way.domain.ascii,
        "listed": way.is_listed,
        "answered_by": way.answered_by,
        "suspended": way.suspended,
        "provider": way.provider.id,
        "alias_of": way.entries[0].alias_of.unicode if way.entries and way.entries[0].alias_of else None,
        "settings": domain_to_data(way.entries[0]) if way.is_listed else None,
        "values": [{"key": found.key, "value": found.value, "from": found.source} for found in values(way)],
    }


def _account_to_data(account: Account[Domain]) -> Data:
    return {
        "protocol": account.protocol.value,
        "incoming": _server_to_data(account.incoming),
        "outgoing": _server_to_data(account.outgoing),
    }


def _server_to_data(server: Server[Domain]) -> Data:
    """Return *server* whole, as people should see it; the codec leaves defaults out."""
    return {
        "host": server.host.ascii,
        "port": server.port,
        "tls": server.tls.value,
        "username": server.username.text,
        "auth": [method.value for method in server.auth],
        "also": ports_to_data(server.also),
    }


def _filled(value: object, domain: Domain) -> object:
    if isinstance(value, list):
        return [_filled(part, domain) for part in value]
    return value.replace(EMAILDOMAIN, domain.ascii) if isinstance(value, str) else value
