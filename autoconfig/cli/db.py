"""`autoconfig db`: the state of the database, bringing its schema up to date, and the changes of the whole store."""

from __future__ import annotations

import click

from autoconfig.cli import past
from autoconfig.cli.room import Room, table


@click.group(no_args_is_help=True)
def db() -> None:
    """Look after the database; tell what changed in all of it, and undo that."""


@db.command()
@click.pass_obj
def status(room: Room) -> None:
    """Tell which database is used and whether its tables are up to date."""
    from autoconfig.store.store import Store

    with Store.connect(room.config.database_url) as store:
        state = store.state()
        rows = [("database", store.name), ("state", state.word), ("schema", state.current or "-"), ("newest schema", state.head)]
        if state.usable:
            rows += [
                ("revision", str(store.revision())),
                ("providers", str(store.count_providers())),
                ("domains", str(store.count_domains())),
            ]
    table(("", ""), rows)


@db.command()
@click.pass_obj
def upgrade(room: Room) -> None:
    """Bring the tables up to date. Does nothing where they are; an interrupted upgrade leaves everything as it was."""
    from autoconfig.store.store import Store

    with Store.connect(room.make_folder().database_url) as store:
        before = store.state()
        store.upgrade()
        after = store.state()
    click.echo(f"{before.current or 'empty'} -> {after.current}" if before != after else f"already at {after.current}")


@db.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Only so many changes.")
@click.option("--before", type=click.IntRange(min=1), metavar="REVISION", help="Only changes earlier than this one.")
@past.JSON
@click.pass_obj
def history(room: Room, limit: int, before: int | None, as_json: bool) -> None:
    """Tell who changed something, when, and how much; newest first.

    `autoconfig domain history` and `autoconfig provider history` tell of one of them, with what was before and after;
    `autoconfig db undo REVISION --dry-run` lists all that a change touched.
    """
    past.print_revisions(room, limit, before, as_json)


@db.command()
@click.argument("revision", type=click.IntRange(min=1), metavar="REVISION")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.pass_obj
def undo(room: Room, revision: int, dry_run: bool) -> None:
    """Undo all of a change, such as an import that went wrong. It is a change itself, and can be undone.

    Everything that REVISION touched goes back to what it was before, or nothing: refused where something was changed again since, or is
    still used by something else.
    """
    past.undo(room, revision, dry_run=dry_run)
