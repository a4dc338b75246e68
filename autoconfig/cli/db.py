"""`autoconfig db`: the state of the database's schema, and bringing it up to date."""

from __future__ import annotations

import click

from autoconfig.cli.room import Room, table


@click.group(no_args_is_help=True)
def db() -> None:
    """Look after the database."""


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
