"""A report for the person at the terminal: one line for each group, details for what is not well, and what to do where it is seen.

What is to be pasted stands on lines of its own, never broken. Width and colours are the console's; nothing from outside can move the
cursor, turn the direction of reading or fill the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from autoconfig.clients.works import End
from autoconfig.errors import escaped, printable
from autoconfig.findings import Finding, Group, Owner, Report, Severity
from autoconfig.i18n import Texts
from autoconfig.report import outcomes, visit
from autoconfig.report.changes import Changes, each
from autoconfig.report.outcomes import RESULTS
from autoconfig.report.page import MARGIN, Page
from autoconfig.report.telling import Format, Manner, Told
from autoconfig.report.words import GROUPS, MARKS, OWNERS, SEVERITIES, by_group, counts, name_of, tell, together, where

_CHANGES = {"+": "red", "~": "yellow", "-": "green"}
_FEW = 3  # lines of evidence, and of places, unless everything is asked for
_LINE = 300  # characters of one line of evidence


def show(report: Report, texts: Texts, console: Console, *, everything: bool = False, changes: Changes | None = None) -> None:
    """Print *report*; with *everything* also what passed and what was skipped, and all of the evidence; then *changes*."""
    page = _Page(report, texts, console, everything)
    page.show()
    if changes is not None:
        page.changes(changes)


def _write(every: Sequence[Told], manner: Manner) -> str:
    """Return the reports as this terminal would show them."""
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as shown:
        for told in every:
            show(told.report, told.texts, console, everything=manner.everything, changes=told.changes)
    return shown.get()


FORMAT = Format(_write, each=True, between="\n", with_changes=True)


class _Page(Page):
    """A report on its way to a console."""

    def __init__(self, report: Report, texts: Texts, console: Console, everything: bool) -> None:
        super().__init__(console)
        self._report = report
        self._texts = texts
        self._everything = everything

    def show(self) -> None:
        """Print it all."""
        self._head()
        self._groups()
        for finding in self._report.findings:
            self._finding(finding)
        if self._everything:
            self._rest()
        elif self._report.findings:
            self.print()
            code = self._report.findings[0].code
            self.print(Text(self._texts.gettext("More about it: autoconfig explain %(code)s", code=code), style="dim"))

    def changes(self, changes: Changes) -> None:
        """Print what is different from an earlier report."""
        _ = self._texts.gettext
        self.print()
        if changes.since is None:
            self.print(Text(_("The earlier report says nothing about %(domain)s", domain=self._report.domain.unicode), style="bold"))
            return
        numbers = (
            (_("%(n)d new", n=len(changes.new)), changes.new),
            (_("%(n)d changed", n=len(changes.changed)), changes.changed),
            (_("%(n)d gone", n=len(changes.gone)), changes.gone),
        )
        told = " · ".join(text for text, found in numbers if found) or _("nothing is different")
        self.print(Text(_("Since %(time)s: %(what)s", time=printable(changes.since), what=told), style="bold"))
        for sign, found, before in each(changes):
            message = tell(found, self._texts).message if isinstance(found, Finding) else printable(found.message, _LINE)
            line = Text.assemble((sign, _CHANGES[sign]), " ", message)
            if before is not None and isinstance(found, Finding):
                line.append(f" ({self._severity(before)} → {self._severity(found.severity.value)})", style="dim")
            self.print(line, aside=printable(found.code))

    def _severity(self, severity: str) -> str:
        return self._texts.gettext(SEVERITIES[Severity(severity)]) if severity in set(Severity) else printable(severity)

    # ---- the parts ----

    def _head(self) -> None:
        report, texts = self._report, self._texts
        name = name_of(report)
        line = Text.assemble((name, "bold"), "  ", mark(report.status), " ", counts(report.counts, texts))
        self.print(line, aside=texts.gettext("%(seconds)s s", seconds=texts.decimal(report.elapsed_ms / 1000, 2)))

    def _groups(self) -> None:
        report, texts = self._report, self._texts
        found = by_group(report)
        names = {group: texts.gettext(name) for group, name in GROUPS.items()}
        lined = [group for group, _worst, _numbers in found] + [Group.CLIENTS] * bool(report.clients)
        width = max((len(names[group]) for group in lined), default=0)
        for group, worst, numbers in found:
            sign = Text("-", style="dim") if worst == "skipped" else mark(worst)
            line = Text.assemble(sign, f" {names[group]:<{width}}  ", (counts(numbers, texts), "dim"))
            self.print(line, indent=width + 4 if not self.is_narrow else MARGIN)
        if report.clients:
            label = "" if any(group is Group.CLIENTS for group, _worst, _numbers in found) else names[Group.CLIENTS]
            column = width + 4 if not self.is_narrow else 2 * MARGIN
            self.part(Text(label), self._programs(self.width - column), column)

    def _programs(self, room: int) -> list[Text]:
        """Return the mail programs by how they end, in lines of at most *room* columns, a mark with the first of its programs."""
        ends: dict[tuple[str, str], list[str]] = {}
        for result in RESULTS.values():  # in their order
            ends.setdefault(result[:2], [])
        for end in self._report.clients:
            ends[outcomes.mark(end)].append(end.client.name)
        lines = [Text()]
        for (sign, style), names in ends.items():
            for name in names:
                word = Text.assemble((sign, style), " ", name) if name is names[0] else Text(name)
                word.append("" if name is names[-1] else ",")
                gap = 0 if not lines[-1] else 2 if name is names[0] else 1
                if gap and lines[-1].cell_len + gap + word.cell_len > room:
                    lines.append(word)
                else:
                    lines[-1] = Text.assemble(lines[-1], " " * gap, word)
        return lines

    def _finding(self, finding: Finding) -> None:
        told = tell(finding, self._texts)
        _ = self._texts.gettext
        self.print()
        self.print(Text.assemble(mark(finding.severity), " ", (told.message, "bold")), aside=finding.code)
        parts = [
            (_("Where"), self._few(where((finding.subject, *finding.also)))),
            (_("We saw"), self._few([printable(line, _LINE) for line in finding.evidence])),
            (_("Affects"), [", ".join(finding.affects)] if finding.affects else []),
            (_("Why"), [told.cause]),
        ]
        column = max(len(label) for label, _lines in parts) + MARGIN + 2 if not self.is_narrow else 2 * MARGIN
        for label, lines in parts:
            self.part(Text(label, style="dim"), lines, column)
        order = _("Do this") + ("" if finding.owner is Owner.NOBODY else f" ({_(OWNERS[finding.owner])})")
        self.part(Text(order, style="bold"), [told.fix], column)
        self._paste(finding.records, column)
        self._paste((f"$ {command}" for command in finding.commands), column)

    def _rest(self) -> None:
        report = self._report
        if report.clients:
            self.print()
        for end in report.clients:
            self._end(end)
        passed = together((passed.check, passed.subject) for passed in report.passed)
        skipped = together(((skipped.check, skipped.by.code), skipped.subject) for skipped in report.skipped)
        self.print()
        for check, subjects in passed.items():
            for place in where(subjects):
                self.print(Text.assemble(mark("ok"), f" {check}  ", (place, "dim")))
        for (check, by), subjects in skipped.items():
            reason = self._texts.gettext("skipped because of %(code)s", code=by)
            for place in where(subjects):
                self.print(Text.assemble(("-", "dim"), f" {check}  ", (f"{place}  {reason}", "dim")))
        for line in visit.lines(report, self._texts):
            self.print(Text(line, style="dim"))
        stages = (f"{stage.name} {self._texts.decimal(stage.elapsed_ms / 1000, 2)} s" for stage in report.stages)
        self.print()
        self.print(Text(" · ".join(stages), style="dim"))

    def _end(self, end: End) -> None:
        told = (self._texts.gettext(RESULTS[end.outcome.result][2]), end.outcome.via or "", *outcomes.reasons(end, self._texts))
        parts = " · ".join(printable(part, _LINE) for part in told if part)
        self.print(Text.assemble(outcomes.mark(end), f" {end.client.name}  ", (parts, "dim")), 2 * MARGIN)

    # ---- the lines ----

    def _few(self, lines: Sequence[str]) -> list[str]:
        if self._everything or len(lines) <= _FEW + 1:
            return list(lines)
        return [*lines[:_FEW], self._texts.gettext("… and %(count)d more, with -v", count=len(lines) - _FEW)]

    def _paste(self, lines: Iterable[str], column: int) -> None:
        for line in lines:
            # Whoever copies it wants the whole line, and nothing that the terminal has put into it.
            self.console.print(Text(" " * column + escaped(line), style="cyan"), soft_wrap=True)


def mark(severity: Severity | str) -> Text:
    """Return the sign for *severity*, or for "ok"."""
    sign, style = MARKS[severity]
    return Text(sign, style=style)
