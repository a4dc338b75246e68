"""`autoconfig check`: what is wrong with a domain's mail, whose job it is, and what to paste."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.status import Status

from autoconfig import diagnose, dnsrecords, i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case
from autoconfig.cli.options import HOST_IP, RESOLVER, SECONDS, SELECTOR
from autoconfig.cli.password import password
from autoconfig.cli.published import due
from autoconfig.cli.room import Room, note, say
from autoconfig.cli.targets import earlier, listed, parse
from autoconfig.errors import N_, ConfigError, DocumentError, SnapshotError, StoreError, UsageError
from autoconfig.findings import Group, Report
from autoconfig.model import ClientConfig
from autoconfig.network import facts
from autoconfig.network.live import Live
from autoconfig.network.visitor import Guest
from autoconfig.observations import World
from autoconfig.report.changes import PastReport, compare
from autoconfig.report.formats import FORMATS
from autoconfig.report.telling import FailOn, Format, Manner, Told, exit_code
from autoconfig.report.words import GROUPS

_AT_ONCE = 8  # targets
_POSTMASTER = "postmaster"  # RFC 5321, 4.5.1: every domain has one


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Target:
    """What to look at, and what we know of it beforehand."""

    domain: Domain
    address: EmailAddress | None = None
    expected: ClientConfig | None = None
    due: tuple[dnsrecords.Record, ...] = ()
    own_host: Domain | None = None
    selectors: tuple[str, ...] = ()
    blocklists: bool = False
    guide: str | None = None

    def case(self, world: World) -> Case:
        """Return the case in *world*."""
        address = self.address or EmailAddress(_POSTMASTER, self.domain)
        given = self.address is not None
        return Case(self.domain, address, world, self.expected, self.due, self.own_host, given, self.selectors, self.blocklists)


def _groups(ctx: click.Context, parameter: click.Parameter, value: str | None) -> frozenset[Group]:
    if value is None:
        return diagnose.EVERYTHING
    try:
        return frozenset(Group(name.strip()) for name in value.split(","))
    except ValueError:
        raise click.BadParameter(f"choose from {', '.join(Group)}, several with commas between") from None


@click.command()
@click.argument("targets", metavar="[DOMAIN|ADDRESS]...", nargs=-1)
@click.option("--from", "listed_in", metavar="FILE", help="Take targets from FILE as well, one on a line; - is the standard input.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="How to tell.")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language of the report. [default: the locale's]")
@click.option("-v", "--verbose", is_flag=True, help="Tell also what is well, what was skipped, and all evidence.")
@click.option("--only", metavar="GROUP,...", callback=_groups, help=f"Judge only these: {', '.join(Group)}.")
@click.option("--login", is_flag=True, help="Log in once to each service of the one ADDRESS, when its certificate is right.")
@click.option("--roundtrip", is_flag=True, help="Log in, send a message to the address itself, wait for it up to a minute, delete it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin. [default: AUTOCONFIG_PASSWORD, or a prompt]")
@click.option(
    "--selector", "selectors", type=SELECTOR, metavar="DKIM", multiple=True, help="Look at this DKIM key, and not at the usual ones."
)
@click.option("--blocklists", is_flag=True, help="Ask lists of senders of spam for the mail servers' addresses.")
@click.option("--resolve", type=HOST_IP, metavar="HOST=IP", multiple=True, help="Take this address for HOST, before the DNS is moved.")
@click.option("--resolver", type=RESOLVER, metavar="IP[:PORT]", help="The name server to ask. [default: the system's]")
@click.option("--ca", type=click.Path(path_type=Path), metavar="FILE", help="Trust these certificates (PEM) as well.")
@click.option("--deadline", type=SECONDS, default=5.0, show_default=True, metavar="SECONDS", help="For each host.")
@click.option(
    "--fail-on", type=click.Choice([each.value for each in FailOn]), default="warning", show_default=True, help="From what on to fail."
)
@click.option("--diff", "before", type=click.Path(path_type=Path), metavar="FILE", help="Tell what is different since that report (JSON).")
@click.option("--facts", "save_to", type=click.Path(path_type=Path), metavar="FILE", help="Save every answer of the network there.")
@click.option("--from-facts", "load_from", type=click.Path(path_type=Path), metavar="FILE", help="Judge saved answers, without a network.")
@click.pass_obj
def check(
    room: Room,
    targets: Sequence[str],
    listed_in: str | None,
    format_: str,
    lang: str | None,
    verbose: bool,
    only: frozenset[Group],
    login: bool,
    roundtrip: bool,
    password_stdin: bool,
    selectors: tuple[str, ...],
    blocklists: bool,
    resolve: Sequence[tuple[str, str]],
    resolver: tuple[str, int] | None,
    ca: Path | None,
    deadline: float,
    fail_on: str,
    before: Path | None,
    save_to: Path | None,
    load_from: Path | None,
) -> int:
    """Tell what is wrong with a domain's mail on the live servers, whose job it is, and what to paste.

    Works for any domain. For one of the domains here, everything is also compared with its settings. Exits with 0 when all is well, 1 for
    warnings, 2 for errors, 3 when something could not be found out. With --fail-on error, warnings are no reason to fail; with never,
    nothing that is found is.

    \b
    Examples:
      autoconfig check kund.se
      autoconfig check anna@kund.se --lang sv -v
      autoconfig check kund.se --resolve mail.kund.se=192.0.2.20
      autoconfig check anna@kund.se --roundtrip
      autoconfig check kund.se --format json --facts kund.json
      autoconfig check --from domains.txt --format html > report.html
      autoconfig check kund.se --format answer --lang sv
    """
    targets = (*targets, *(listed(listed_in) if listed_in is not None else ()))
    saved = None
    if load_from is not None:
        if save_to or resolve or resolver or ca or len(targets) > 1:
            raise UsageError(N_("--from-facts asks no network: it takes one target at most, and no --facts, --resolve, --resolver or --ca"))
        try:
            saved = facts.load(load_from)
        except DocumentError as error:  # which elsewhere is a failure; 1 would mean warnings here
            raise UsageError(error.template, **error.values) from None
        targets = targets or (saved.target,)
    if not targets:
        raise UsageError(N_("name a domain or an address, for example: autoconfig check kund.se"))
    if save_to is not None and len(targets) > 1:
        raise UsageError(N_("--facts saves the answers about one target"))
    if before is not None and not FORMATS[format_].with_changes:
        able = ", ".join(name for name, format in FORMATS.items() if format.with_changes)
        raise UsageError(N_("--diff works with these formats only: %(formats)s"), formats=able)
    texts = i18n.texts(lang or i18n.locale_language())
    if password_stdin and listed_in == "-":
        raise UsageError(N_("--from - and --password-stdin cannot both read from stdin"))
    if login or roundtrip:
        _may_log_in(targets, only, live=saved is None)
    elif password_stdin:
        raise UsageError(N_("--password-stdin is for --login or --roundtrip"))
    known = [replace(_target(room, target, texts), selectors=selectors, blocklists=blocklists) for target in dict.fromkeys(targets)]
    manner = Manner(texts, FailOn(fail_on), verbose, sys.stdout.encoding or "utf-8")
    show = _Show(FORMATS[format_], manner, given_language=lang is not None, before=None if before is None else earlier(before))
    visit = None
    if login or roundtrip:
        guest = Guest(password(room.environ, targets[0], texts, from_stdin=password_stdin), ca, on_wait=show.waiting)
        visit = diagnose.Visit(guest, roundtrip)

    async def live() -> None:
        hosts: dict[str, list[str]] = {}
        for host, ip in resolve:
            hosts.setdefault(host, []).append(ip)
        async with Live(resolver=resolver, resolve=hosts, ca=ca, deadline=deadline, politely=len(known) > 1) as world:
            await _look(known, world, only, deadline, show, visit)
            if save_to is not None:
                facts.save(save_to, facts.Facts(str(targets[0]), world.now, world.answers))

    asyncio.run(live() if saved is None else _look(known, facts.Recorded(saved), only, deadline, show))
    return show.end()


def _target(room: Room, target: str, texts: i18n.Texts) -> _Target:
    found = parse(target)
    address = found if isinstance(found, EmailAddress) else None
    domain = found.domain if isinstance(found, EmailAddress) else found
    try:
        own_host, base_url = room.config.own_domain, room.config.base_url
        expected = room.known(domain)
        guide = f"{base_url}/guide/{domain.ascii}" if base_url and expected else None
        return _Target(domain, address, expected, due(room, expected) if expected else (), own_host, guide=guide)
    except (ConfigError, StoreError, SnapshotError) as error:
        note(texts.gettext("checked without our own settings: %(reason)s", reason=texts.error(error)))
        return _Target(domain, address)


def _may_log_in(targets: Sequence[str], only: Collection[Group], *, live: bool) -> None:
    """Raise UsageError where a login makes no sense."""
    if not live:
        raise UsageError(N_("--login and --roundtrip ask servers, which --from-facts does not"))
    if len(set(targets)) != 1 or "@" not in targets[0]:
        raise UsageError(N_("--login and --roundtrip need one address, for example: autoconfig check anna@kund.se --login"))
    if Group.SUBMISSION not in only:
        raise UsageError(N_("--login and --roundtrip belong to the group %(group)s, which --only leaves out"), group=Group.SUBMISSION)


async def _look(
    targets: Sequence[_Target],
    world: World,
    only: Collection[Group],
    seconds: float,
    show: _Show,
    visit: diagnose.Visit | None = None,
) -> None:
    """Look at *targets*, some at a time, and show each report as soon as it is its turn."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(target: _Target) -> tuple[_Target, Report]:
        async with room:
            report = await diagnose.run(target.case(world), seconds=seconds, only=only, watch=show.watch, visit=visit)
            return target, report

    with show.progress(targets):
        tasks = [asyncio.create_task(one(target)) for target in targets]
        async for target, report in _in_turn(tasks, as_done=show.format.as_done):
            show.report(target, report)


async def _in_turn(tasks: Sequence[asyncio.Task[T]], *, as_done: bool) -> AsyncIterator[T]:
    for task in asyncio.as_completed(tasks) if as_done else tasks:
        yield await task


@dataclass
class _Show:
    """What becomes of the reports: each is shown when it can be, or all at the end, as the format wants it."""

    format: Format
    manner: Manner
    given_language: bool
    before: tuple[PastReport, ...] | None
    _statuses: list[str] = field(default_factory=list)
    _kept: list[Told] = field(default_factory=list)
    _status: Status | None = None
    _stages: dict[Group, bool] = field(default_factory=dict)

    @contextmanager
    def progress(self, targets: Sequence[_Target]) -> Iterator[None]:
        """Keep a line on the terminal that tells what is being done."""
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            yield
            return
        with console.status(", ".join(target.domain.unicode for target in targets[:3])) as self._status:
            yield
        self._status = None

    def watch(self, group: Group, ended: bool) -> None:
        """Tell that the asking for *group* has begun or ended."""
        self._stages[group] = ended
        if self._status is not None:
            marks = (f"{self.manner.texts.gettext(GROUPS[group])} {'✓' if done else '…'}" for group, done in self._stages.items())
            self._status.update("  ".join(marks))

    def waiting(self, seconds: float) -> None:
        """Tell that a message is on its way."""
        if self._status is not None:
            text = self.manner.texts.gettext(
                "a message is on its way; it is awaited for %(seconds)d seconds at most", seconds=round(seconds)
            )
            self._status.update(text)

    def report(self, target: _Target, report: Report) -> None:
        """Show *report*, or keep it for the end."""
        changes = None if self.before is None else compare(report, self.before)
        told = Told(report, self._texts(target), target.expected, target.guide, changes)
        between = self.format.between if self._statuses else ""
        self._statuses.append(report.status)
        if not self.format.each:
            self._kept.append(told)
            return
        with self._still():
            say(between + self.format.write((told,), self.manner))

    def _texts(self, target: _Target) -> i18n.Texts:
        """Return the texts for *target*: its owner reads the language of the host's customers, unless another is asked for."""
        if not self.format.for_customer or self.given_language or target.expected is None:
            return self.manner.texts
        return i18n.texts(target.expected.provider.languages[0])

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Take the line of progress away for a while: it would stand in the middle of a result, and takes stdout for its own."""
        if self._status is not None:
            self._status.stop()
        yield
        if self._status is not None:
            self._status.start()

    def end(self) -> int:
        """Show what was kept, and return the exit code."""
        if not self.format.each:
            say(self.format.write(self._kept, self.manner))
        return exit_code(self._statuses, self.manner.fail_on)
