"""`autoconfig dns`: what a domain should publish in the DNS, as a zone to load, as a table to type in, or as data."""

from __future__ import annotations

import json
from collections.abc import Iterable

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
    the service's own name: set base_url in config.toml first.

    \b
    Examples:
      autoconfig dns kund.se
      autoconfig dns kund.se --format table
    """
    config, _ = find(room, Domain.parse(name).ascii)
    records = published(config, room.config.own_name)
    match format_:
        case "zone":
            click.echo(zone(room, config), nl=False)
        case "json":
            click.echo(json.dumps(dnsrecords.to_data(records), ensure_ascii=False, indent=2))
        case _:
            _print_table(dnsrecords.rows(records, config.domain), i18n.texts(i18n.locale_language()))


def _print_table(rows: Iterable[dnsrecords.Row], texts: i18n.Texts) -> None:
    _ = texts.gettext
    table(
        (_("name"), _("type"), _("value"), _("priority"), "TTL", _("what for")),
        ((row.name, row.type, row.value, "" if row.priority is None else str(row.priority), str(row.ttl), _(row.purpose)) for row in rows),
    )


def zone(room: Room, config: ClientConfig) -> str:
    """Return the records of *config*'s domain as the text of a zone."""
    return dnsrecords.zone_text(published(config, room.config.own_name), config.domain)


def published(config: ClientConfig, own_name: str | None) -> tuple[dnsrecords.Record, ...]:
    """Return the records of *config*'s domain; raises UsageError where the service's *own_name* is not known."""
    if own_name is None:
        raise UsageError(N_('the service has no name yet: set base_url = "https://autoconfig.karlahosting.se" (your own) in config.toml'))
    try:
        digests = [dnsrecords.Digest(pacc.digest(pacc.document(config).content))]
    except pacc.PaccError:
        digests = []  # what PACC cannot say is not published for it either
    return dnsrecords.records(config, Domain.parse(own_name), digests)
