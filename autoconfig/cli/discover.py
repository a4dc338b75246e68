"""`autoconfig discover` and `simulate`: what each mail program would ask for, end up with, and whether that works."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console

from autoconfig import i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.cli.options import HOST_IP, RESOLVER, SECONDS
from autoconfig.cli.room import Room, note, say
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Client, Typed
from autoconfig.clients.works import End, search
from autoconfig.errors import N_, AutoconfigError, ConfigError, DocumentError, SnapshotError, StoreError
from autoconfig.model import ClientConfig
from autoconfig.network.live import Live
from autoconfig.network.scripted import Scripted
from autoconfig.observations import LookupStatus
from autoconfig.report import discovery, outcomes
from autoconfig.report.data import to_json

MAX_LINE = 16 * 1024 * 1024  # octets of one case
_ALL = "all"


@click.command()
@click.argument("address")
@click.option("--client", type=click.Choice([*CLIENTS, _ALL]), default=_ALL, show_default=True, help="The mail program.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell.")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language of the report. [default: the locale's]")
@click.option("--resolve", type=HOST_IP, metavar="HOST=IP", multiple=True, help="Take this address for HOST, before the DNS is moved.")
@click.option("--resolver", type=RESOLVER, metavar="IP[:PORT]", help="The name server to ask. [default: the system's]")
@click.option("--ca", type=click.Path(path_type=Path), metavar="FILE", help="Trust these certificates (PEM) as well.")
@click.option("--deadline", type=SECONDS, default=5.0, show_default=True, metavar="SECONDS", help="For each host.")
@click.pass_obj
def discover(
    room: Room,
    address: str,
    client: str,
    format_: str,
    lang: str | None,
    resolve: Sequence[tuple[str, str]],
    resolver: tuple[str, int] | None,
    ca: Path | None,
    deadline: float,
) -> int:
    """Tell what each mail program would do with an address: what it asks for, what it ends up with, and whether that works.

    The programs are re-enacted, on the live network. For an address of a domain here, what they end up with is compared with its settings.

    \b
    Examples:
      autoconfig discover anna@kund.se
      autoconfig discover anna@kund.se --client k9
      autoconfig discover anna@kund.se --format json
    """
    texts = i18n.texts(lang or i18n.locale_language())
    domain = EmailAddress.parse(address).domain
    clients = list(CLIENTS.values()) if client == _ALL else [CLIENTS[client]]
    expected = _expected(room, domain, texts)
    hosts: dict[str, list[str]] = {}
    for host, ip in resolve:
        hosts.setdefault(host, []).append(ip)

    async def live() -> tuple[End, ...] | None:
        async with Live(resolver=resolver, resolve=hosts, ca=ca, deadline=deadline) as world:
            # All programs ask for this name. Without any name server they would all find nothing, which says nothing about the domain.
            if (await world.lookup(domain.ascii, "A")).status is LookupStatus.UNREACHABLE:
                return None
            return await search(clients, Typed(address.strip()), world, expected)

    waiting = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with waiting.status(domain.unicode) if waiting.is_terminal else nullcontext():
        ends = asyncio.run(live())
    if ends is None:
        note(texts.gettext("no name server can be reached, so that nothing is known"))
        return 1
    if format_ == "json":
        _say_json([outcomes.to_data(end, texts) for end in ends], indent=2)
    else:
        _say_text(address, ends, texts)
    return 0


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--client", type=click.Choice(list(CLIENTS)), help="The mail program. [default: the case's own]")
@click.option("--format", "format_", type=click.Choice(["text", "json", "ndjson"]), default="text", show_default=True, help="How to tell.")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language of the report. [default: the locale's]")
def simulate(file: BinaryIO, client: str | None, format_: str, lang: str | None) -> None:
    """Tell what a mail program would do in a world that FILE describes: one case a line, as JSON; "-" is the standard input.

    A case has an "email", and says what the DNS ("dns", "addresses") and the web ("http", "bad_cert_hosts") answer.

    \b
    Examples:
      autoconfig simulate cases.jsonl
      autoconfig simulate cases.jsonl --client k9 --format ndjson
    """
    texts = i18n.texts(lang or i18n.locale_language())
    told = []
    for number, case in enumerate(_cases(file, client, texts)):
        (end,) = asyncio.run(search([case.client], case.typed, case.world))
        if format_ == "text":
            _say_text(case.title, (end,), texts, apart=number > 0)
            continue
        found = {"name": case.name, **outcomes.to_data(end, texts)}
        if format_ == "ndjson":
            _say_json(found)
        else:
            told.append(found)
    if format_ == "json":
        _say_json(told, indent=2)


def _expected(room: Room, domain: Domain, texts: i18n.Texts) -> ClientConfig | None:
    try:
        return room.known(domain)
    except (ConfigError, StoreError, SnapshotError) as error:
        note(texts.gettext("checked without our own settings: %(reason)s", reason=texts.error(error)))
        return None


# --- cases -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """A world with somebody who types an address into a program."""

    name: str | None
    title: str
    client: Client
    typed: Typed
    world: Scripted


def _cases(file: BinaryIO, client: str | None, texts: i18n.Texts) -> Iterator[_Case]:
    """Yield the cases of *file* one by one; raises DocumentError with the number of the line that is none."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if not line.strip():
            continue
        try:
            yield _case(line, client, number, texts)
        except AutoconfigError as error:
            raise DocumentError(N_("line %(number)d: %(reason)s"), number=number, reason=error) from None


def _case(line: bytes, client: str | None, number: int, texts: i18n.Texts) -> _Case:
    if len(line) > MAX_LINE:
        raise DocumentError(N_("the case is longer than %(limit)d bytes"), limit=MAX_LINE)
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else error
        raise DocumentError(N_("this is not JSON: %(reason)s"), reason=reason) from None
    if not isinstance(data, dict):
        raise DocumentError(N_("a case is an object, with braces around it"))
    email = _text(data, "email")
    if email is None or "@" not in email:
        raise DocumentError(N_('the case has no "email" with an address'))
    name = _text(data, "name")
    own = (_text(data, "client") or "").partition("-")[0]
    if client is None and not own:
        raise DocumentError(N_('the case has no "client"; name one with --client'))
    known = CLIENTS.get(client or own)
    if known is None:
        raise DocumentError(N_("there is no mail program %(name)s; known are %(known)s"), name=own, known=", ".join(CLIENTS))
    title = f"{number}  {email}" if name is None else f"{name}  {email}"
    return _Case(name, title, known, Typed(email, data.get("password_given") is True), Scripted(data))


def _text(data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise DocumentError(N_('"%(key)s" is no text'), key=key)
    return value


# --- telling -----------------------------------------------------------------------------------------------------------------------


def _say_json(value: object, indent: int | None = None) -> None:
    say(to_json(value, indent=indent, encoding=sys.stdout.encoding) + "\n")


def _say_text(title: str, ends: Sequence[End], texts: i18n.Texts, *, apart: bool = False) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        if apart:
            console.print()
        discovery.show(title, ends, texts, console)
    say(shown.get())
