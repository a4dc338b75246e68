"""`autoconfig dns`: what a domain should publish in the DNS, as a zone to load, as a table to type in, or as data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import click

from autoconfig import dnsrecords, i18n
from autoconfig.address import Domain
from autoconfig.cli.room import Room, table
from autoconfig.cli.show import find
from autoconfig.errors import N_, UsageError
from autoconfig.formats import pacc
from autoconfig.model import ClientConfig


@click.command()
@click.argument("name", metavar="DOMAIN")
@click.option(
    "--format", "format_", type=click.Choice(["zone", "table", "json"]), default="zone", show_default=True, help="How to print them."
)
@click.pass_obj
def dns(room: Room, name: str, format_: str) -> None:
    """Print the records that a domain should publish, so that mail programs find their settings.

    zone is text for a name server's zone file, table is what to type into a control panel, json is for programs. The records lead to
    the service's own name: set base_url in config.toml first. After a change of the settings the former fingerprint of the PACC
    document stays beside the new one, with the date until when: digest_days in config.toml says how long.

    \b
    Examples:
      autoconfig dns kund.se
      autoconfig dns kund.se --format table
    """
    config, _ = find(room, Domain.parse(name).ascii)
    records = published(room, config)
    match format_:
        case "zone":
            click.echo(dnsrecords.zone_text(records, config.domain), nl=False)
        case "json":
            click.echo(json.dumps(dnsrecords.to_data(records), ensure_ascii=False, indent=2))
        case _:
            _print_table(dnsrecords.rows(records, config.domain), i18n.texts(i18n.locale_language()))


def _print_table(rows: Iterable[dnsrecords.Row], texts: i18n.Texts) -> None:
    _ = texts.gettext

    def purpose(row: dnsrecords.Row) -> str:
        told = _(row.purpose)
        return told if row.until is None else _("%(purpose)s, until %(date)s") % {"purpose": told, "date": row.until}

    table(
        (_("name"), _("type"), _("value"), _("priority"), "TTL", _("what for")),
        ((row.name, row.type, row.value, "" if row.priority is None else str(row.priority), str(row.ttl), purpose(row)) for row in rows),
    )


def published(room: Room, config: ClientConfig, served: ClientConfig | None = None) -> tuple[dnsrecords.Record, ...]:
    """Return the records of *config*'s domain; raises UsageError where the service's own name is not known.

    Where *config* is a part of what the service serves, *served* is the whole: a digest is that of the document as it is served.
    """
    own_name = room.config.own_name
    if own_name is None:
        raise UsageError(N_('the service has no name yet: set base_url = "https://autoconfig.karlahosting.se" (your own) in config.toml'))
    return dnsrecords.records(config, Domain.parse(own_name), _digests(room, served or config))


def _digests(room: Room, config: ClientConfig) -> list[dnsrecords.Digest]:
    """Return the digest of *config*'s PACC document, and those of its former ones that programs may still hold."""
    current = _digest(config)
    if current is None:
        return []  # what PACC cannot say is not published for it either
    found = {current: dnsrecords.Digest(current)}
    if days := timedelta(days=room.config.digest_days):
        with room.store() as store:
            past = store.former_configs(config.domain, datetime.now(UTC) - days)
        for former, until in past:  # the newest first, which stays the longest
            if text := _digest(former):
                found.setdefault(text, dnsrecords.Digest(text, (until + days).date().isoformat()))
    return list(found.values())


def _digest(config: ClientConfig) -> str | None:
    try:
        return pacc.digest(pacc.document(config).content)
    except pacc.PaccError:
        return None
