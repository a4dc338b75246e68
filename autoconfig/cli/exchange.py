"""`autoconfig import` and `autoconfig export`: all settings as one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoconfig.cli.room import Room, note
from autoconfig.errors import N_, AutoconfigError, SettingsError, StoreError

if TYPE_CHECKING:
    from autoconfig.model import Settings
    from autoconfig.store.exchange.file import Progress
    from autoconfig.store.store import Store

# By hand, so that `--help` loads no format; a test compares them.
IMPORTED = ("toml", "csv", "json", "cpanel")
EXPORTED = ("toml", "csv", "json")

_ASK_ABOVE = 0.1  # of a provider's domains


@click.command(name="import")
@click.argument("file", metavar="FILE|-")
@click.option("--format", "format_name", type=click.Choice(IMPORTED), help="[default: what FILE's name says, else toml]")
@click.option("--provider", metavar="ID", help="The provider of domains that name none.")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove the domains that FILE does not list, within the providers that it names.")
@click.pass_obj
def import_settings(room: Room, file: str, format_name: str | None, provider: str | None, dry_run: bool, prune: bool) -> None:
    """Take in providers and domains from a settings file; "-" reads standard input.

    One import is one transaction: a file with mistakes changes nothing, and every mistake is told with its place. What the file does
    not mention stays as it is. docs/settings.md describes the files.

    \b
    Examples:
      autoconfig import settings.toml
      autoconfig import --provider karlahosting --dry-run customers.csv
      autoconfig import --provider karlahosting --prune /etc/userdomains
    """
    from autoconfig.store.exchange.formats import FORMATS, format_of

    parse = FORMATS[format_name or format_of(file)].parse
    try:
        with _bar() as progress:
            settings = parse(_read(file), provider, progress)
        with room.changing() as store:
            is_asked = prune and not settings.mistakes  # nobody is asked about a file that is refused anyway
            at_most = _ask(store, settings, file, dry_run=dry_run) if is_asked else None
            with _bar() as progress:
                result = store.import_settings(settings, prune=prune, at_most=at_most, dry_run=dry_run, progress=progress)
    except SettingsError as error:
        raise SettingsError(error.problems, source=file, is_cut=error.is_cut) from None
    if dry_run:
        for line in result.lines():
            click.echo(line)
    click.echo(result.summary())


@click.command(name="export")
@click.option("--format", "format_name", type=click.Choice(EXPORTED), default="toml", show_default=True, help="csv holds no providers.")
@click.pass_obj
def export_settings(room: Room, format_name: str) -> None:
    """Write all settings to standard output, as a file that import takes, always in the same order."""
    from autoconfig.store.exchange.formats import FORMATS

    pieces = FORMATS[format_name].pieces
    assert pieces is not None  # noqa: S101 - so are all of EXPORTED
    with room.store() as store, store.exporting() as (providers, domains):
        for piece in pieces(providers, domains):
            sys.stdout.buffer.write(piece.encode())
        sys.stdout.buffer.flush()


def _read(file: str) -> bytes:
    from autoconfig.store.exchange.file import MAX_BYTES

    try:
        if file == "-":
            source = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                source = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise AutoconfigError(N_("%(file)s cannot be read: %(reason)s"), file=file, reason=error.strerror) from None
    if len(source) > MAX_BYTES:
        template = N_("%(file)s has more than %(limit)d MiB, which is no list of domains; nothing was changed")
        raise AutoconfigError(template, file=file, limit=MAX_BYTES // 1024 // 1024)
    return source


def _ask(store: Store, settings: Settings, file: str, *, dry_run: bool) -> int:
    """Tell how many domains would be removed, ask where they are many and somebody is there, and return how many may be."""
    found = store.would_prune(settings)
    count = len(found.gone)
    if not found.providers:
        note(f"{file} names no provider, so --prune removes nothing")
    elif count:
        verb = "would" if dry_run else "will"
        note(f"{count:,} of the {found.domains:,} domains of {', '.join(found.providers)} are not in {file} and {verb} be removed")
    is_somebody_there = sys.stdin.isatty() and sys.stderr.isatty()
    if count > found.domains * _ASK_ABOVE and is_somebody_there and not dry_run and not click.confirm("Remove them?", err=True):
        raise StoreError(N_("nothing was changed"))
    return count


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show on a terminal how far the import is."""
    from autoconfig.store.exchange.file import Stage, silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)

        def progress(stage: Stage, done: int, total: int) -> None:
            shown.update(task, description=stage.value, completed=done, total=total)

        yield progress
