"""`autoconfig provider`: the hosts, their accounts and brands."""

from __future__ import annotations

import click

from autoconfig.cli.edit import Data, assign
from autoconfig.cli.room import Room, note, table


@click.group(no_args_is_help=True)
def provider() -> None:
    """List, show, set and remove providers.

    A provider is a host with its servers, one account per protocol in order of preference, and its brand.
    """


@provider.command(name="list")
@click.pass_obj
def list_providers(room: Room) -> None:
    """List the providers: id, name, how many domains each has, and its accounts."""
    with room.store() as store:
        rows = [
            (found.id, found.name, str(count), " ".join(a.protocol.value for a in found.accounts), "default" if found.default else "")
            for found, count in store.providers()
        ]
    table(("id", "name", "domains", "accounts", ""), rows)


@provider.command()
@click.argument("provider_id", metavar="ID")
@click.pass_obj
def show(room: Room, provider_id: str) -> None:
    """Print everything that is set for a provider, in the form of a settings file."""
    from autoconfig.model import Settings
    from autoconfig.store.exchange import write_toml

    with room.store() as store:
        click.echo(write_toml(Settings(providers=(store.provider(provider_id),))), nl=False)


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
      autoconfig provider set karlahosting webmail_url=
    """
    from autoconfig.errors import NotFound
    from autoconfig.model import Provider
    from autoconfig.store.codec import provider_from_data, provider_to_data

    def edited(data: Data) -> Provider:
        changed = provider_from_data(assign(data, assignments))
        assert changed is not None  # noqa: S101  # without a list of mistakes the first one is raised
        return changed

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
