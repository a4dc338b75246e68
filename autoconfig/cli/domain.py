"""`autoconfig domain`: the customers' domains."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from autoconfig.address import Domain
from autoconfig.cli import edit, past
from autoconfig.cli.edit import Data, assign
from autoconfig.cli.room import Room, json_array, json_object, note, table
from autoconfig.errors import N_, NotFound, UsageError, printable
from autoconfig.model import DomainSettings, Protocol

if TYPE_CHECKING:
    from autoconfig.store.log import Name
    from autoconfig.store.store import Store

_SHOWN = 10_000  # characters of a value; a note may be long


@click.group(no_args_is_help=True)
def domain() -> None:
    """Add, set, remove, list and show domains; tell what changed, and undo it."""


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
        given = [*_assignments(options), *assignments]
        if not any(key in ("provider", "alias_of") for key, _, _ in edit.split(given)):
            given.append(f"provider={_only_provider(store)}")
        store.add_domain(_changed({"name": parsed.unicode}, given))
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

    given = [*_assignments(options), *assignments]
    if not given:
        raise UsageError(N_("nothing to set; see: autoconfig domain set --help"))
    parsed = Domain.parse(name)
    with room.changing() as store:
        store.edit_domain(parsed, lambda before: _changed(domain_to_data(before), given))
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
@click.option("--suspended/--active", default=None, help="Only those that are suspended, or that are not; an alias is with its target.")
@click.option("--aliases", is_flag=True, help="Only aliases.")
@click.option("--overrides", is_flag=True, help="Only domains with protocols or values of their own.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N domains.")
@click.option("--after", metavar="DOMAIN", help="Begin after this one, as the note under a list that --limit cut says.")
@past.JSON
@click.argument("text", metavar="[TEXT]", default="")
@click.pass_obj
def list_domains(room: Room, /, text: str, limit: int | None, after: str | None, as_json: bool, **filters: str | bool | None) -> None:
    """List the domains, those with TEXT in their name, with their provider (or what they are an alias of) and what is special.

    They come in the order of their names in A-labels (xn--byr-wla.se).

    \b
    Examples:
      autoconfig domain list --provider karlahosting --suspended
      autoconfig domain list --overrides --json
      autoconfig domain list kund --limit 100
    """
    start = Domain.parse(after) if after else None
    with room.store() as store:
        found = store.domains(contains=text or None, limit=limit and limit + 1, after=start, **filters)  # type: ignore[arg-type]
        page = _Page(found, limit)
        if as_json:
            json_array(map(_listed_to_data, page))
        else:
            table(("domain", "provider", ""), ((entry.domain.unicode, _source(entry), _special(entry)) for entry in page))
    if page.is_cut:
        note(f"more: {_next_page(text, limit, page.last, filters)}")


class _Page:
    """The first of *entries*, at most *limit*; afterwards, the last one, and whether there were more."""

    def __init__(self, entries: Iterator[DomainSettings], limit: int | None) -> None:
        self._entries = entries
        self._limit = limit
        self.last: DomainSettings | None = None
        self.is_cut = False

    def __iter__(self) -> Iterator[DomainSettings]:
        for entry in islice(self._entries, self._limit):
            self.last = entry
            yield entry
        self.is_cut = next(self._entries, None) is not None


def _next_page(text: str, limit: int | None, last: DomainSettings | None, filters: dict[str, str | bool | None]) -> str:
    words = ["autoconfig", "domain", "list"]
    if filters["provider"]:
        words += ["--provider", str(filters["provider"])]
    if filters["suspended"] is not None:
        words.append("--suspended" if filters["suspended"] else "--active")
    words += [f"--{name}" for name in ("aliases", "overrides") if filters[name]]
    words += ["--limit", str(limit), "--after", last.domain.unicode if last else ""]
    return shlex.join([*words, *([text] if text else [])])


@domain.command()
@click.argument("name", metavar="DOMAIN")
@past.JSON
@click.pass_obj
def show(room: Room, name: str, as_json: bool) -> None:
    """Show everything that a domain uses, each value with where it comes from.

    That is the domain itself, its provider, the target of an alias, the domain above that answers for its subdomains, or "default" for
    what nobody said. The keys are those of `domain set` and `provider set`.
    """
    from autoconfig.store.sources import values, way_to_data

    parsed = Domain.parse(name)
    with room.store() as store:
        way = store.way(parsed)
    if as_json:
        json_object(way_to_data(way))
    else:
        rows = [("domain", _both_forms(parsed), way.answered_by)]
        rows += ((found.key, printable(edit.shown(found.value), _SHOWN), found.source) for found in values(way))
        table(("key", "value", "from"), rows)
    if not way.is_listed:
        note(f"{parsed} is not listed itself; it is answered by {way.answered_by}")
    if way.suspended:
        note(f"{parsed} is suspended: it is answered as if it were unknown")


@domain.command()
@click.argument("name", metavar="DOMAIN")
@past.LIMIT
@past.JSON
@click.pass_obj
def history(room: Room, name: str, limit: int | None, as_json: bool) -> None:
    """Tell who changed a domain, when, and what was before and after; newest first. Works for a domain that is gone, too.

    Changes of its provider, or of what it is an alias of, are in their own histories.
    """
    past.print_history(room, _logged(name), limit, as_json)


@domain.command()
@click.argument("name", metavar="DOMAIN")
@past.REVISION
@click.pass_obj
def undo(room: Room, name: str, revision: int | None) -> None:
    """Put a domain back to what it was before a change. Refused where it was changed again since.

    What else the same revision touched stays; `autoconfig db undo REVISION` undoes all of it.
    """
    past.undo(room, revision, _logged(name))


def _only_provider(store: Store) -> str:
    ids = [found.id for found, _ in store.providers()]
    if not ids:
        raise NotFound(N_("there is no provider yet; take one in with: autoconfig import FILE"))
    if len(ids) > 1:
        raise UsageError(N_("say which provider with --provider: %(ids)s"), ids=", ".join(ids))
    return ids[0]


def _assignments(options: dict[str, str | bool | None]) -> list[str]:
    # A flag that is taken back is a key taken away, as is an empty text.
    return [f"{key}={'true' if value is True else value or ''}" for key, value in options.items() if value is not None]


def _changed(data: Data, assignments: list[str]) -> DomainSettings:
    from autoconfig.store.codec import domain_from_data

    # A domain has a provider or is an alias: naming one takes the other away, and an alias has nothing of its own.
    named = {key for key, text, _ in edit.split(assignments) if text}
    if "alias_of" in named:
        data = {key: value for key, value in data.items() if key not in ("provider", "protocols", "account")}
    if "provider" in named:
        data = {key: value for key, value in data.items() if key != "alias_of"}
    return edit.read(assign(data, assignments, edit.DOMAIN), domain_from_data)


def _logged(name: str) -> Name:
    from autoconfig.store.log import DOMAIN, Name

    return Name(DOMAIN, Domain.parse(name).ascii)


def _listed_to_data(entry: DomainSettings) -> Data:
    from autoconfig.store.codec import domain_to_data

    return {
        "domain": entry.domain.unicode,
        "ascii": entry.domain.ascii,
        "provider": entry.provider,
        "alias_of": entry.alias_of and entry.alias_of.unicode,
        "settings": domain_to_data(entry),
    }


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
