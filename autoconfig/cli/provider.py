"""`autoconfig provider`: the hosts, their accounts and brands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from autoconfig.cli import edit, past
from autoconfig.cli.edit import Data, assign
from autoconfig.cli.room import Room, json_array, json_object, note, table
from autoconfig.errors import N_, NotFound
from autoconfig.model import ModelError, Provider

if TYPE_CHECKING:
    from autoconfig.store.log import Name


@click.group(no_args_is_help=True)
def provider() -> None:
    """List, show, set and remove providers; tell what changed, and undo it.

    A provider is a host with its servers, one account per protocol in order of preference, and its brand.
    """


@provider.command(name="list")
@past.JSON
@click.pass_obj
def list_providers(room: Room, as_json: bool) -> None:
    """List the providers: id, name, how many domains each has, and its accounts."""
    with room.store() as store:
        found = store.providers()
    if as_json:
        json_array(_to_data(*pair) for pair in found)
        return
    rows = (
        (each.id, each.name, str(count), " ".join(a.protocol.value for a in each.accounts), "default" if each.default else "")
        for each, count in found
    )
    table(("id", "name", "domains", "accounts", ""), rows)


@provider.command()
@click.argument("provider_id", metavar="ID")
@past.JSON
@click.pass_obj
def show(room: Room, provider_id: str, as_json: bool) -> None:
    """Print everything that is set for a provider, in the form of a settings file."""
    from autoconfig.model import Settings
    from autoconfig.store.exchange.toml import write_toml

    with room.store() as store:
        found = store.provider(provider_id)
        if as_json:
            json_object(next(_to_data(each, count) for each, count in store.providers() if each.id == provider_id))
        else:
            click.echo(write_toml(Settings(providers=(found,))), nl=False)


@provider.command(name="set")
@click.argument("provider_id", metavar="ID")
@click.argument("assignments", metavar="KEY=VALUE...", nargs=-1, required=True)
@click.pass_obj
def set_provider(room: Room, provider_id: str, assignments: tuple[str, ...]) -> None:
    """Change single values of a provider; a new ID makes a new provider. An empty value takes a key away.

    \b
    Keys are those of a settings file; an account is reached through its protocol:
      autoconfig provider set karlahosting name="Karla Hosting AB" support.phone=08-123456
      autoconfig provider set karlahosting imap.incoming.host=imap.karlahosting.se
      autoconfig provider set karlahosting webmail_url= sieve=
    """
    from autoconfig.store.codec import provider_from_data, provider_to_data

    def edited(data: Data) -> Provider:
        changed = assign(data, assignments, edit.PROVIDER)
        if keys := edit.missing(changed):
            raise ModelError(N_("the provider %(id)s would not be complete without %(keys)s"), id=provider_id, keys=keys)
        return edit.read(changed, provider_from_data)

    with room.changing() as store:
        try:
            store.edit_provider(provider_id, lambda before: edited(provider_to_data(before)))
        except NotFound:
            store.set_provider(edited({"id": provider_id}))
    note(f"{provider_id}: done")


@provider.command()
@click.argument("provider_id", metavar="ID")
@click.pass_obj
def remove(room: Room, provider_id: str) -> None:
    """Remove a provider. Refused while domains use it."""
    with room.changing() as store:
        store.remove_provider(provider_id)
    note(f"{provider_id}: removed")


@provider.command()
@click.argument("provider_id", metavar="ID")
@past.LIMIT
@past.JSON
@click.pass_obj
def history(room: Room, provider_id: str, limit: int | None, as_json: bool) -> None:
    """Tell who changed a provider, when, and what was before and after; newest first. Works for one that is gone, too."""
    past.print_history(room, _logged(provider_id), limit, as_json)


@provider.command()
@click.argument("provider_id", metavar="ID")
@past.REVISION
@click.pass_obj
def undo(room: Room, provider_id: str, revision: int | None) -> None:
    """Put a provider back to what it was before a change. Refused where it was changed again since.

    What else the same revision touched stays; `autoconfig db undo REVISION` undoes all of it.
    """
    past.undo(room, revision, _logged(provider_id))


def _logged(provider_id: str) -> Name:
    from autoconfig.store.log import PROVIDER, Name

    return Name(PROVIDER, provider_id)


def _to_data(found: Provider, domains: int) -> Data:
    from autoconfig.store.codec import provider_to_data

    return {"id": found.id, "domains": domains, "settings": provider_to_data(found)}
