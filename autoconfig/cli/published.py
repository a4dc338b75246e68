"""What the service says of a domain: its settings as the snapshot has them, and the records that the domain should publish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from autoconfig import dnsrecords
from autoconfig.address import Domain, EmailAddress
from autoconfig.cli.room import Room
from autoconfig.errors import N_, NotFound, UsageError
from autoconfig.formats import pacc
from autoconfig.model import ClientConfig


def find(room: Room, target: str) -> tuple[ClientConfig, EmailAddress | None]:
    """Return what *target*, an address or a domain, should use; raises NotFound for a domain that is not ours."""
    address = EmailAddress.parse(target) if "@" in target else None
    domain = address.domain if address else Domain.parse(target)
    with room.snapshot() as snapshot:
        config = snapshot.client_config(domain)
    if config is None:
        raise NotFound(N_("%(domain)s is not among the domains here, or is suspended; see: autoconfig domain list"), domain=domain)
    return config, address


def published(room: Room, config: ClientConfig, served: ClientConfig | None = None) -> tuple[dnsrecords.Record, ...]:
    """Return the records of *config*'s domain; raises UsageError where the service's own name is not known.

    Where *config* is a part of what the service serves, *served* is the whole: a digest is that of the document as it is served.
    """
    own = room.config.own_domain
    if own is None:
        raise UsageError(N_('the service has no name yet: set base_url = "https://autoconfig.karlahosting.se" (your own) in config.toml'))
    return dnsrecords.records(config, own, _digests(room, served or config))


def due(room: Room, config: ClientConfig) -> tuple[dnsrecords.Record, ...]:
    """Return the records of *config*'s domain as far as they are known: without the service's own name, those that do not lead to it."""
    own = room.config.own_domain
    return dnsrecords.records(config, own, _digests(room, config) if own else ())


def _digests(room: Room, config: ClientConfig) -> list[dnsrecords.Digest]:
    """Return the digest of *config*'s PACC document, and those of its former ones that programs may still hold."""
    current = pacc.digest_of(config)
    if current is None:
        return []  # what PACC cannot say is not published for it either
    found = {current: dnsrecords.Digest(current)}
    if days := timedelta(days=room.config.digest_days):
        with room.store() as store:
            past = store.former_configs(config.domain, datetime.now(UTC) - days)
        for former, until in past:  # the newest first, which stays the longest
            if text := pacc.digest_of(former):
                found.setdefault(text, dnsrecords.Digest(text, (until + days).date().isoformat()))
    return list(found.values())
