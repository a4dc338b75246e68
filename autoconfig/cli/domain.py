"""`autoconfig domain`: the customers' domains."""

from __future__ import annotations

from collections.abc import Callable

import click

from autoconfig.address import Domain
from autoconfig.cli.edit import Data, assign
from autoconfig.cli.published import find
from autoconfig.cli.room import Room, note, table
from autoconfig.errors import N_, NotFound, UsageError
from autoconfig.model import DomainSettings, Protocol, Server
from autoconfig.store.store import Store


@click.group(no_args_is_help=True)
def domain() -> None:
    """Add, set, remove, list and show domains."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* an option for each value of a domain, and KEY=VALUE for those of its accounts."""
    protocols = ",".join(p.value for p in Protocol)
    decorators = (
        click.argument("name", metavar="DOMAIN"),
        click.argument("assignments", metavar="[KEY=VALUE]...", nargs=-1),
        click.option("--provider", metavar="ID", help="The provider whose settings it uses."),
        click.option("--alias-of", metavar="DOMAIN", help="Use everything that another domain uses, instead of a provider."),
        click.option("--protocols", metavar="LIST", help=f"Order and choice of accounts, such as {protocols}; empty: the provider's."),
        click.option("--suspended/--active", default=None, help="Suspended domains are answered as if they were unknown."),
        click.option("--subdomains/--no-subdomains", default=None, help="Answer for every name below it as well."),
        click.option("--note", metavar="TEXT", help="A note for yourselves."),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@domain.command()
@_options
@click.pass_obj
def add(room: Room, /, name: str, assignments: tuple[str, ...], **options: str | bool | None) -> None:
    """Add a domain. Where there is only one provider, it need not be named.

    \b
    Examples:
      autoconfig domain add kund.se
      autoconfig domain add byrå.se --provider karlahosting pop3.incoming.host=server.karlahosting.se
      autoconfig domain add kund.nu --alias-of kund.se
    """
    parsed = Domain.parse(name)
    with room.changing() as store:
        if options["provider"] is None and options["alias_of"] is None:
            options["provider"] = _only_provider(store)
        store.add_domain(_changed({"name": parsed.unicode}, assignments, options))
    note(f"{parsed}: added")


@domain.command(name="set")
@_options
@click.pass_obj
def set_domain(room: Room, /, name: str, assignments: tuple[str, ...], **options: str | bool | None) -> None:
    """Change single values of a domain. KEY=VALUE overrides a value of an account; an empty value takes the override away.

    \b
    Examples:
      autoconfig domain set kund.se --protocols pop3,imap
      autoconfig domain set kund.se --suspended
      autoconfig domain set byrå.se pop3.incoming.host=server.karlahosting.se pop3.outgoing.host=
    """
    from autoconfig.store.codec import domain_to_data

    if not assignments and all(value is None for value in options.values()):
        raise UsageError(N_("nothing to set; see: autoconfig domain set --help"))
    parsed = Domain.parse(name)

    def edited(before: DomainSettings) -> DomainSettings:
        data = domain_to_data(before)
        # A domain has a provider or is an alias: naming one takes the other away, and an alias has nothing of its own.
        if options["alias_of"]:
            data = {key: value for key, value in data.items() if key not in ("provider", "protocols", "account")}
        if options["provider"]:
            data.pop("alias_of", None)
        return _changed(data, assignments, options)

    with room.changing() as store:
        store.edit_domain(parsed, edited)
    note(f"{parsed}: done")


@domain.command()
@click.argument("name", metavar="DOMAIN")
@click.pass_obj
def remove(room: Room, name: str) -> None:
    """Remove a domain. Refused while other domains are its aliases."""
    parsed = Domain.parse(name)
    with room.changing() as store:
        store.remove_domain(parsed)
    note(f"{parsed}: removed")


@domain.command(name="list")
@click.option("--provider", metavar="ID", help="Only the domains of this provider.")
@click.argument("text", metavar="[TEXT]", default="")
@click.pass_obj
def list_domains(room: Room, provider: str | None, text: str) -> None:
    """List the domains, those with TEXT in their name, with their provider (or what they are an alias of) and what is special."""
    with room.store() as store:
        table(
            ("domain", "provider", ""),
            ((found.domain.unicode, _source(found), _special(found)) for found in store.domains(provider=provider, contains=text or None)),
        )


@domain.command()
@click.argument("name", metavar="DOMAIN")
@click.pass_obj
def show(room: Room, name: str) -> None:
    """Show what a domain uses: its own settings, and the servers that follow from them."""
    parsed = Domain.parse(name)
    with room.store() as store:
        settings = store.domain(parsed)
    rows = [("domain", _both_forms(parsed)), ("provider", _source(settings)), ("special", _special(settings) or "-")]
    if settings.note:
        rows.append(("note", settings.note))
    if not settings.suspended:
        config, _ = find(room, parsed.ascii)
        for account in config.accounts:
            rows.append((f"{account.protocol.value} incoming", _server(account.incoming)))
            rows.append((f"{account.protocol.value} outgoing", _server(account.outgoing)))
    table(("", ""), rows)


def _only_provider(store: Store) -> str:
    ids = [found.id for found, _ in store.providers()]
    if not ids:
        raise NotFound(N_("there is no provider yet; take one in with: autoconfig import FILE"))
    if len(ids) > 1:
        raise UsageError(N_("say which provider with --provider: %(ids)s"), ids=", ".join(ids))
    return ids[0]


def _changed(data: Data, assignments: tuple[str, ...], options: dict[str, str | bool | None]) -> DomainSettings:
    from autoconfig.store.codec import domain_from_data

    # A flag that is taken back is a key taken away, as is an empty text.
    given = [f"{key}={'true' if value is True else value or ''}" for key, value in options.items() if value is not None]
    settings = domain_from_data(assign(data, [*given, *assignments]))
    assert settings is not None  # noqa: S101  # without a list of mistakes the first one is raised
    return settings


def _both_forms(name: Domain) -> str:
    return f"{name.unicode} ({name.ascii})" if name.is_internationalised else name.unicode


def _source(settings: DomainSettings) -> str:
    return f"alias of {settings.alias_of}" if settings.alias_of else settings.provider or ""


def _special(settings: DomainSettings) -> str:
    words = [word for word, said in (("suspended", settings.suspended), ("subdomains", settings.subdomains)) if said]
    if settings.protocols:
        words.append(",".join(settings.protocols))
    if settings.accounts:
        words.append("overrides " + ",".join(override.protocol for override in settings.accounts))
    return " ".join(words)


def _server(server: Server[Domain]) -> str:
    ports = [f"{server.port} {server.tls.value}", *(f"{other.port} {other.tls.value}" for other in server.also)]
    return f"{server.host.ascii}  {', '.join(ports)}  {server.username}"
