"""`autoconfig check`: what is wrong with a domain's mail, whose job it is, and what to paste."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from autoconfig import diagnose, dnsrecords, i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case
from autoconfig.cli.options import HOST_IP, RESOLVER, SECONDS
from autoconfig.cli.password import password
from autoconfig.cli.published import due
from autoconfig.cli.room import Room, note, say
from autoconfig.errors import N_, ConfigError, DocumentError, SnapshotError, StoreError, UsageError
from autoconfig.findings import Group, Report
from autoconfig.model import ClientConfig
from autoconfig.network import facts
from autoconfig.network.live import Live
from autoconfig.network.visitor import Guest
from autoconfig.observations import World
from autoconfig.report import data, text
from autoconfig.report.words import GROUPS

_AT_ONCE = 8  # targets
# What a monitoring system hears, the worst last.
_EXIT = {"ok": 0, "notice": 0, "warning": 1, "unknown": 3, "error": 2, "critical": 2}
_POSTMASTER = "postmaster"  # RFC 5321, 4.5.1: every domain has one


@dataclass(frozen=True, slots=True)
class _Target:
    """What to look at, and what we know of it beforehand."""

    domain: Domain
    address: EmailAddress | None = None
    expected: ClientConfig | None = None
    due: tuple[dnsrecords.Record, ...] = ()
    own_host: Domain | None = None

    def case(self, world: World) -> Case:
        """Return the case in *world*."""
        address = self.address or EmailAddress(_POSTMASTER, self.domain)
        given = self.address is not None
        return Case(self.domain, address, world, self.expected, self.due, self.own_host, address_given=given)


def _groups(ctx: click.Context, parameter: click.Parameter, value: str | None) -> frozenset[Group]:
    if value is None:
        return diagnose.EVERYTHING
    try:
        return frozenset(Group(name.strip()) for name in value.split(","))
    except ValueError:
        raise click.BadParameter(f"choose from {', '.join(Group)}, several with commas between") from None


@click.command()
@click.argument("targets", metavar="[DOMAIN|ADDRESS]...", nargs=-1)
@click.option("--format", "format_", type=click.Choice(["text", "json", "ndjson"]), default="text", show_default=True, help="How to tell.")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="The language of the report. [default: the locale's]")
@click.option("-v", "--verbose", is_flag=True, help="Tell also what is well, what was skipped, and all evidence.")
@click.option("--only", metavar="GROUP,...", callback=_groups, help=f"Judge only these: {', '.join(Group)}.")
@click.option("--login", is_flag=True, help="Log in once to each service of the one ADDRESS, when its certificate is right.")
@click.option("--roundtrip", is_flag=True, help="Log in, send a message to the address itself, wait for it up to a minute, delete it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin. [default: AUTOCONFIG_PASSWORD, or a prompt]")
@click.option("--resolve", type=HOST_IP, metavar="HOST=IP", multiple=True, help="Take this address for HOST, before the DNS is moved.")
@click.option("--resolver", type=RESOLVER, metavar="IP[:PORT]", help="The name server to ask. [default: the system's]")
@click.option("--ca", type=click.Path(path_type=Path), metavar="FILE", help="Trust these certificates (PEM) as well.")
@click.option("--deadline", type=SECONDS, default=5.0, show_default=True, metavar="SECONDS", help="For each host.")
@click.option("--facts", "save_to", type=click.Path(path_type=Path), metavar="FILE", help="Save every answer of the network there.")
@click.option("--from-facts", "load_from", type=click.Path(path_type=Path), metavar="FILE", help="Judge saved answers, without a network.")
@click.pass_obj
def check(
    room: Room,
    targets: Sequence[str],
    format_: str,
    lang: str | None,
    verbose: bool,
    only: frozenset[Group],
    login: bool,
    roundtrip: bool,
    password_stdin: bool,
    resolve: Sequence[tuple[str, str]],
    resolver: tuple[str, int] | None,
    ca: Path | None,
    deadline: float,
    save_to: Path | None,
    load_from: Path | None,
) -> int:
    """Tell what is wrong with a domain's mail on the live servers, whose job it is, and what to paste.

    Works for any domain. For one of the domains here, everything is also compared with its settings. Exits with 0 when all is well, 1 for
    warnings, 2 for errors, 3 when something could not be found out.

    \b
    Examples:
      autoconfig check kund.se
      autoconfig check anna@kund.se --lang sv -v
      autoconfig check kund.se --resolve mail.kund.se=192.0.2.20
      autoconfig check anna@kund.se --roundtrip
      autoconfig check kund.se --format json --facts kund.json
    """
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
    texts = i18n.texts(lang or i18n.locale_language())
    if login or roundtrip:
        _may_log_in(targets, only, live=saved is None)
    elif password_stdin:
        raise UsageError(N_("--password-stdin is for --login or --roundtrip"))
    known = [_target(room, target, texts) for target in dict.fromkeys(targets)]
    show = _Show(format_, texts, verbose)
    visit = None
    if login or roundtrip:
        guest = Guest(password(room.environ, targets[0], texts, from_stdin=password_stdin), ca, on_wait=show.waiting)
        visit = diagnose.Visit(guest, roundtrip)

    async def live() -> None:
        hosts: dict[str, list[str]] = {}
        for host, ip in resolve:
            hosts.setdefault(host, []).append(ip)
        async with Live(resolver=resolver, resolve=hosts, ca=ca, deadline=deadline) as world:
            await _look(known, world, only, deadline, show, visit)
            if save_to is not None:
                facts.save(save_to, facts.Facts(str(targets[0]), world.now, world.answers))

    asyncio.run(live() if saved is None else _look(known, facts.Recorded(saved), only, deadline, show))
    return show.end()


def _target(room: Room, target: str, texts: i18n.Texts) -> _Target:
    address = EmailAddress.parse(target) if "@" in target else None
    domain = address.domain if address else Domain.parse(target)
    try:
        own_name = room.config.own_name
        own_host = Domain.parse(own_name) if own_name else None
        expected = room.known(domain)
        return _Target(domain, address, expected, due(room, expected) if expected else (), own_host)
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

    async def one(target: _Target) -> Report:
        async with room:
            return await diagnose.run(target.case(world), seconds=seconds, only=only, watch=show.watch, visit=visit)

    with show.progress(targets):
        tasks = [asyncio.create_task(one(target)) for target in targets]
        async for report in _in_turn(tasks, as_done=show.format == "ndjson"):
            show.report(report)


async def _in_turn(tasks: Sequence[asyncio.Task[Report]], *, as_done: bool) -> AsyncIterator[Report]:
    for task in asyncio.as_completed(tasks) if as_done else tasks:
        yield await task


@dataclass
class _Show:
    """What becomes of the reports: shown one by one, but JSON is one whole."""

    format: str
    texts: i18n.Texts
    verbose: bool
    code: int = 0
    _reports: list[Report] = field(default_factory=list)
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
            marks = (f"{self.texts.gettext(GROUPS[group])} {'✓' if done else '…'}" for group, done in self._stages.items())
            self._status.update("  ".join(marks))

    def waiting(self, seconds: float) -> None:
        """Tell that a message is on its way."""
        if self._status is not None:
            text = self.texts.gettext("a message is on its way; it is awaited for %(seconds)d seconds at most", seconds=round(seconds))
            self._status.update(text)

    def report(self, report: Report) -> None:
        """Show *report*, or keep it for the end."""
        codes = list(dict.fromkeys(_EXIT.values()))
        self.code = max(self.code, _EXIT[report.status], key=codes.index)
        match self.format:
            case "json":
                self._reports.append(report)
            case "ndjson":
                with self._still():
                    say(data.to_json(data.to_data(report, self.texts), encoding=sys.stdout.encoding) + "\n")
            case _:
                with self._still():
                    console = Console(highlight=False, markup=False, emoji=False)
                    with console.capture() as shown:
                        if self._reports:
                            console.print()
                        text.show(report, self.texts, console, everything=self.verbose)
                    say(shown.get())
                self._reports.append(report)

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
        if self.format == "json":
            found = [data.to_data(report, self.texts) for report in self._reports]
            say(data.to_json(found[0] if len(found) == 1 else found, indent=2, encoding=sys.stdout.encoding) + "\n")
        return self.code
