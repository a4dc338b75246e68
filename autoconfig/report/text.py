"""A report for the person at the terminal: one line for each group that is well, details for what is not.

What is to be pasted stands on lines of its own, never broken. Width and colours are the console's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoconfig.errors import printable
from autoconfig.findings import Finding, Group, Report, Severity
from autoconfig.i18n import Texts
from autoconfig.report.words import GROUPS, OWNERS, count, tell, where

_MARKS = {
    "ok": ("✓", "green"),
    Severity.NOTICE: ("i", "cyan"),
    Severity.WARNING: ("!", "yellow"),
    Severity.UNKNOWN: ("?", "magenta"),
    Severity.ERROR: ("✗", "red"),
    Severity.CRITICAL: ("✗", "bold red"),
}
_FEW = 3  # lines of evidence, unless everything is asked for
_LINE = 300  # characters of one line of evidence


def show(report: Report, texts: Texts, console: Console, *, everything: bool = False) -> None:
    """Print *report*; with *everything* also what passed and what was skipped, and all of the evidence."""
    _head(report, texts, console)
    _groups(report, texts, console)
    for finding in report.findings:
        _finding(finding, texts, console, everything=everything)
    if everything:
        _rest(report, texts, console)


def _head(report: Report, texts: Texts, console: Console) -> None:
    name = str(report.address) if report.address else report.domain.unicode
    if report.domain.is_internationalised:
        name += f" ({report.domain.ascii})"
    counts = report.counts
    worst_first = sorted(Severity, key=lambda severity: -severity.rank)
    parts = [count(severity, counts[severity], texts) for severity in worst_first if counts[severity]]
    parts.append(count("ok", counts["ok"], texts))
    if counts["skipped"]:
        parts.append(count("skipped", counts["skipped"], texts))
    line = _line(Text(name, style="bold"), _mark(report.status), Text(" · ".join(parts)))
    _aside(line, texts.gettext("%(seconds)s s", seconds=texts.decimal(report.elapsed_ms / 1000, 2)), console)


def _groups(report: Report, texts: Texts, console: Console) -> None:
    passed = Counter(passed.group for passed in report.passed)
    found = [group for group in Group if passed[group] or any(finding.group is group for finding in report.findings)]
    width = max((len(texts.gettext(GROUPS[group])) for group in found), default=0)
    for group in found:
        findings = [finding for finding in report.findings if finding.group is group]
        worst = max((finding.severity for finding in findings), key=lambda severity: severity.rank, default="ok")
        severities = Counter(finding.severity for finding in findings)
        parts = [count(severity, number, texts) for severity, number in sorted(severities.items(), key=lambda item: -item[0].rank)]
        if passed[group]:
            parts.append(count("ok", passed[group], texts))
        console.print(_line(_mark(worst), Text(f"{texts.gettext(GROUPS[group]):<{width}}"), Text(" · ".join(parts), style="dim")))


def _finding(finding: Finding, texts: Texts, console: Console, *, everything: bool) -> None:
    told = tell(finding, texts)
    console.print()
    heading = Table.grid(padding=(0, 2, 0, 0), expand=False)
    heading.add_row(_line(_mark(finding.severity), Text(told.message, style="bold")), Text(finding.code, style="dim"))
    console.print(heading)
    fix = f"({texts.gettext(OWNERS[finding.owner])}) {told.fix}"
    evidence = [printable(line, _LINE) for line in finding.evidence]
    shown = evidence if everything else evidence[:_FEW]
    if len(shown) < len(evidence):
        shown.append(texts.gettext("… and %(count)d more, with -v", count=len(evidence) - len(shown)))
    rows = [
        (texts.gettext("Where"), where((finding.subject, *finding.also))),
        (texts.gettext("We saw"), shown),
        (texts.gettext("Why"), [told.cause]),
        (texts.gettext("Do this"), [fix]),
    ]
    grid = Table.grid(padding=(0, 2, 0, 0))
    for label, lines in rows:
        for position, line in enumerate(lines):
            grid.add_row(Text(f"  {label}" if position == 0 else "", style="dim"), Text(line))
    console.print(grid)
    _paste(finding.records, console)
    _paste((f"$ {command}" for command in finding.commands), console)


def _paste(lines: Iterable[str], console: Console) -> None:
    for line in lines:
        console.print(Text(f"      {line}", style="cyan"), soft_wrap=True)


def _rest(report: Report, texts: Texts, console: Console) -> None:
    if report.passed:
        console.print()
    for passed in report.passed:
        console.print(_line(_mark("ok"), Text(passed.check), Text(" ".join(where((passed.subject,))), style="dim")), soft_wrap=True)
    for skipped in report.skipped:
        reason = texts.gettext("skipped because of %(code)s", code=skipped.by.code)
        subject = " ".join(where((skipped.subject,)))
        console.print(_line(Text("-", style="dim"), Text(skipped.check), Text(f"{subject}  {reason}", style="dim")), soft_wrap=True)
    stages = (f"{stage.name} {texts.decimal(stage.elapsed_ms / 1000, 2)} s" for stage in report.stages)
    console.print(Text("\n" + " · ".join(stages), style="dim"))


def _mark(severity: Severity | str) -> Text:
    mark, style = _MARKS[severity]
    return Text(mark, style=style)


def _line(*parts: Text) -> Text:
    return Text(" ").join(parts)


def _aside(line: Text, aside: str, console: Console) -> None:
    gap = max(2, min(console.width, 100) - line.cell_len - len(aside))
    console.print(Text.assemble(line, " " * gap, (aside, "dim")))
