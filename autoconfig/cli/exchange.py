"""`autoconfig import` and `autoconfig export`: all settings as one file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autoconfig.cli.room import Room
from autoconfig.errors import N_, AutoconfigError, SettingsError


@click.command(name="import")
@click.argument("file", metavar="FILE|-")
@click.option("--provider", metavar="ID", help="The provider of domains that name none.")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove the domains that FILE does not list, within the providers that it names.")
@click.pass_obj
def import_settings(room: Room, file: str, provider: str | None, dry_run: bool, prune: bool) -> None:
    """Take in providers and domains from a settings file; "-" reads standard input.

    One import is one transaction: a file with mistakes changes nothing, and every mistake is told with its line. What the file does not
    mention stays as it is. docs/settings.md describes the file.
    """
    from autoconfig.store.exchange.toml import parse_toml

    try:
        settings = parse_toml(_read(file), default_provider=provider)
        with room.changing() as store:
            result = store.import_settings(settings, prune=prune, dry_run=dry_run)
    except SettingsError as error:
        raise SettingsError(error.problems, source=file) from None
    if dry_run:
        for line in result.lines():
            click.echo(line)
    click.echo(result.summary())


@click.command(name="export")
@click.pass_obj
def export_settings(room: Room) -> None:
    """Write all settings to standard output, as a file that import takes, always in the same order."""
    from autoconfig.store.exchange.toml import write_toml

    with room.store() as store:
        click.echo(write_toml(store.export()), nl=False)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise AutoconfigError(N_("%(file)s cannot be read: %(reason)s"), file=file, reason=error.strerror) from None
