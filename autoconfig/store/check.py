"""Whether settings fit together: with each other, and with what the store already has.

What a single value may be is the codec's matter. Here are the ties: a domain and its provider, an alias and its target, an override and
the account that it changes, the one default provider.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from autoconfig.address import MAX_DOMAIN_OCTETS
from autoconfig.errors import N_, AddressError, AutoconfigError
from autoconfig.model import EMAILDOMAIN, Account, AccountOverride, DomainSettings, HostPattern, ModelError, Provider, Settings, Shape
from autoconfig.store.places import Path
from autoconfig.store.values import Mistake

_WHOLE_LABELS = re.compile(rf"(?:\A|\.){EMAILDOMAIN}(?=\.|\Z)")


class Link(NamedTuple):
    """What the store says of a domain that is not in the file: whose it is."""

    provider: str | None
    alias_of: str | None


class Known(Protocol):
    """What the store has."""

    def providers(self) -> dict[str, Provider]:
        """Return all providers."""

    def link(self, name: str) -> Link | None:
        """Return what is known of the domain *name* in A-labels; None where it is not there, or will be gone."""

    def dependents(self, provider: str) -> Iterable[DomainSettings]:
        """Return the domains that change or choose accounts of *provider*."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where settings stood in their file: positions there, and the entries that could not be read."""

    providers: Sequence[int]
    domains: Sequence[int]
    unread_providers: frozenset[str] = frozenset()
    unread_domains: frozenset[str] = frozenset()
    providers_of_unread: tuple[tuple[int, str], ...] = ()  # where a domain that could not be read stands, and the provider that it names
    default_provider: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Origin:
        """Return the origin of settings that were made whole."""
        return cls(tuple(range(len(settings.providers))), tuple(range(len(settings.domains))))


def duplicates(names: Iterable[str | None]) -> Iterator[tuple[int, int]]:
    """Yield the place of each of *names* that stood before, and where; None is a name that could not be read."""
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        if name is not None and (before := first.setdefault(name, i)) != i:
            yield i, before


def check(settings: Settings, origin: Origin, known: Known | None = None) -> Iterator[Mistake]:
    """Yield every tie of *settings* that does not hold.

    Without *known* what is not in *settings* is taken to be there, and not looked at.
    """
    return _Check(settings, origin, known).mistakes()


class _Check:
    def __init__(self, settings: Settings, origin: Origin, known: Known | None) -> None:
        self.settings = settings
        self.origin = origin
        self.known = known
        self.stored = known.providers() if known else {}
        given = {provider.id: provider for provider in settings.providers}
        # What stays comes first: of two default providers it is the other that is told.
        self.providers = {id: provider for id, provider in self.stored.items() if id not in given} | given
        self.default = next((id for id, provider in self.providers.items() if provider.default), None)
        self.domains = {entry.domain.ascii: entry for entry in settings.domains}
        self.walked: set[str] = set()  # aliases whose end is known
        self.room: dict[str, int] = {}  # provider -> how long a domain without overrides may be

    def mistakes(self) -> Iterator[Mistake]:
        for i, provider in zip(self.origin.providers, self.settings.providers, strict=True):
            yield from (Mistake(("provider", i, *way), error) for way, error in self._provider(provider))
        is_default_missing = False
        for i, entry in zip(self.origin.domains, self.settings.domains, strict=True):
            if entry.alias_of is not None:
                yield from (Mistake(("domain", i, "alias_of"), error) for error in self._alias(entry))
            elif entry.provider in self.providers:
                yield from (Mistake(("domain", i, *way), error) for way, error in self._choices(entry, self.providers[entry.provider]))
            elif self.known is not None and entry.provider not in self.origin.unread_providers:
                # A default from outside the file is wrong once, not for every domain.
                if entry.provider != self.origin.default_provider or not is_default_missing:
                    yield Mistake(("domain", i, "provider"), self._unknown_provider(entry.provider or ""))
                is_default_missing |= entry.provider == self.origin.default_provider
        for i, id in self.origin.providers_of_unread if self.known is not None else ():
            if id not in self.providers and id not in self.origin.unread_providers:
                yield Mistake(("domain", i, "provider"), self._unknown_provider(id))

    def _provider(self, provider: Provider) -> Iterator[tuple[Path, AutoconfigError]]:
        if provider.default and provider.id != self.default:
            yield ("default",), ModelError(N_("%(other)s is the default provider already; there may be one"), other=self.default)
        if self.known is None or provider.id not in self.stored or self.stored[provider.id].accounts == provider.accounts:
            return
        broken = [entry for entry in self.known.dependents(provider.id) if entry.domain.ascii not in self.domains]
        broken = [entry for entry in broken if any(self._choices(entry, provider))]
        if broken:
            _, why = next(self._choices(broken[0], provider))
            template = N_("%(count)d of its domains would no longer fit, such as %(domain)s: %(why)s")
            yield ("account",), ModelError(template, count=len(broken), domain=broken[0].domain, why=why)

    def _alias(self, entry: DomainSettings) -> Iterator[AutoconfigError]:
        """Follow *entry*, an alias, to its end, or to where another walk has been."""
        way: dict[str, None] = {}
        at: str | None = entry.domain.ascii
        while at is not None and at not in self.walked:
            if at in way:
                ring = list(way)[list(way).index(at) :]
                if at != entry.domain.ascii:  # The ring's own members tell of it; this is only a way into it.
                    self.walked.update(way.keys() - set(ring))
                    return
                if len(ring) == 1:
                    yield ModelError(N_("%(domain)s is an alias of itself"), domain=entry.domain)
                else:
                    yield ModelError(N_("aliases that lead round in a ring: %(ring)s"), ring=", ".join([*ring, at]))
                break
            way[at] = None
            if at in self.domains:
                target = self.domains[at].alias_of
                at = target.ascii if target else None
            elif self.known is None or at in self.origin.unread_domains:
                break
            else:
                link = self.known.link(at)
                if link is None:
                    if len(way) == 2:
                        yield ModelError(N_("%(domain)s is an alias of %(target)s, which is not there"), domain=entry.domain, target=at)
                    del way[at]  # the next that leads there is told as well
                    break
                at = link.alias_of
        self.walked.update(way)

    def _choices(self, entry: DomainSettings, provider: Provider) -> Iterator[tuple[Path, AutoconfigError]]:
        """Judge the overrides and the protocols of *entry* as a domain of *provider*."""
        if provider.id not in self.room:
            self.room[provider.id] = _room(provider)
        if not entry.accounts and not entry.protocols and len(entry.domain.ascii) <= self.room[provider.id]:
            return
        whole: list[AccountOverride] = []
        for i, override in enumerate(entry.accounts):
            try:
                account = next(a for a in Shape.of(provider, (override,)).accounts if a.protocol is override.protocol)
            except ModelError as error:
                yield ("account", i), error
                continue
            whole.append(override)
            for port in _ports_named_twice(account):
                yield ("account", i), ModelError(N_("port %(port)d is named twice"), port=port)
        broken = {override.protocol for override in entry.accounts} - {override.protocol for override in whole}
        for i, protocol in enumerate(entry.protocols):
            try:
                Shape.of(provider, whole, (protocol,))
            except ModelError as error:
                if protocol not in broken:
                    yield ("protocols", i), error
        try:
            Shape.of(provider, whole).fill(entry.domain)
        except AddressError as error:
            yield ("name",), error

    def _unknown_provider(self, id: str) -> AutoconfigError:
        nearest = difflib.get_close_matches(id, [*self.providers, *self.origin.unread_providers], 1)
        if nearest:
            return ModelError(N_("there is no provider %(provider)s; did you mean %(nearest)s?"), provider=id, nearest=nearest[0])
        return ModelError(N_("there is no provider %(provider)s"), provider=id)


def _ports_named_twice(account: Account[HostPattern]) -> Iterator[int]:
    for server in (account.incoming, account.outgoing):
        if server.port in {port.port for port in server.also}:
            yield server.port


def _room(provider: Provider) -> int:
    """Return how long a domain may be that surely fits all of *provider*'s hosts; 0 where it is no matter of length alone."""
    texts = {server.host.text for account in provider.accounts for server in (account.incoming, account.outgoing)}
    patterns = [(text, _WHOLE_LABELS.sub("", text)) for text in texts if "%" in text]
    if any("%" in rest for _, rest in patterns):
        return 0
    return min((MAX_DOMAIN_OCTETS - len(rest) - 1) // text.count(EMAILDOMAIN) for text, rest in patterns) if patterns else MAX_DOMAIN_OCTETS
