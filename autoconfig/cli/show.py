"""`autoconfig show`: the exact bytes that a mail program would get."""

from __future__ import annotations

import sys

import click

from autoconfig.cli.published import find, published
from autoconfig.cli.room import Room
from autoconfig.dnsrecords import zone_text
from autoconfig.errors import N_, NotFound
from autoconfig.formats import FORMATS
from autoconfig.model import Protocol

ZONE = "dns"  # a zone's text is no document that a program fetches, but is shown all the same


@click.command()
@click.argument("target", metavar="ADDRESS|DOMAIN")
@click.option("--format", "format_", type=click.Choice([*FORMATS, ZONE]), required=True, help="The kind of document.")
@click.option("--protocol", type=click.Choice([p.value for p in Protocol]), help="Only this account, with its own outgoing server.")
@click.pass_obj
def show(room: Room, target: str, format_: str, protocol: str | None) -> None:
    """Print what a mail program would get for an address or a domain, byte for byte.

    \b
    Examples:
      autoconfig show anna@kund.se --format mozilla
      autoconfig show kund.se --format mozilla-1.2 --protocol pop3
    """
    served, address = find(room, target)
    config = served.only(Protocol(protocol)) if protocol else served
    if config is None:
        raise NotFound(N_("%(domain)s has no %(protocol)s account"), domain=served.domain, protocol=protocol)
    if format_ == ZONE:
        content = zone_text(published(room, config, served), config.domain).encode()
    else:
        content = FORMATS[format_](config, address).content
    sys.stdout.buffer.write(content)
