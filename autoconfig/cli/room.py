"""What every command needs: the installation it works on, and how to print a table."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autoconfig.address import Domain
from autoconfig.config import Config, find_instance, load
from autoconfig.errors import N_, ConfigError, printable
from autoconfig.model import ClientConfig

if TYPE_CHECKING:
    from autoconfig.store.snapshot import Snapshot
    from autoconfig.store.store import Store


_SQLITE = "sqlite:///"
_PLAIN = str.maketrans({"✓": "+", "✗": "x", "·": "-", "…": "..."})  # "?" is a mark with a meaning


@dataclass
class Room:
    """One installation, as the commands see it."""

    instance: Path
    environ: Mapping[str, str]

    @classmethod
    def of(cls, option: str | None, environ: Mapping[str, str], cwd: Path) -> Room:
        """Return the room for the folder that --instance, the environment or the current folder names."""
        return cls(find_instance(option, environ, cwd), environ)

    @cached_property
    def config(self) -> Config:
        """The configuration, read at the first need."""
        return load(self.instance, self.environ)

    def make_folder(self) -> Config:
        """Make the instance folder where it is missing, and return the configuration."""
        config = self.config
        try:
            self.instance.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(N_("the folder %(folder)s cannot be made: %(reason)s"), folder=self.instance, reason=error.strerror) from None
        return config

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store; folder and database are made where they are missing."""
        from autoconfig.store.store import open_store

        with open_store(self.make_folder().database_url, who=user_name()) as store:
            yield store

    @contextmanager
    def changing(self) -> Iterator[Store]:
        """Open the store for a change, which is in the snapshot when this ends."""
        from autoconfig.store.follow import catch_up

        with self.store() as store:
            yield store
            catch_up(store, self.config.snapshot_path)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the snapshot as it is after every change so far."""
        from autoconfig.store.snapshot import Snapshot

        with self.changing():
            pass
        yield Snapshot.open(self.config.snapshot_path)

    def known(self, domain: Domain) -> ClientConfig | None:
        """Return what *domain* should use, None where it is not one of ours; makes nothing where nothing is. Raises StoreError."""
        url, snapshot = self.config.database_url, self.config.snapshot_path
        if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists() and not snapshot.exists():
            return None
        with self.snapshot() as found:
            return found.client_config(domain)


def user_name(ask: Callable[[], str] = getpass.getuser) -> str:
    """Return the name of the user who runs this, by which the store remembers a change; a number where there is no name."""
    try:
        return printable(ask())
    except (OSError, KeyError, ImportError):  # what getpass raises depends on the version of Python
        return f"uid {os.getuid()}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print *rows*: a table with headings on a terminal, tab-separated lines in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    Console().print(shown)


def json_array(items: Iterable[object]) -> None:
    """Print *items* as a JSON array, one a line, each when it comes: a million of them are never in memory at once."""
    beginning = "["
    for item in items:
        click.echo(f"{beginning}\n{json.dumps(item, ensure_ascii=False)}", nl=False)
        beginning = ","
    click.echo("\n]" if beginning == "," else "[]")


def json_object(data: object) -> None:
    """Print *data* as JSON, for programs and for eyes."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def say(text: str) -> None:
    """Write a result for people to stdout; what its encoding lacks is written in another way."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(text)
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell the person at the keyboard something that is not the result."""
    click.echo(text, err=True)
