"""Reports as one HTML page with nothing beside it: no script, no picture, nothing fetched. For every screen, light or dark, and paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autoconfig import templating
from autoconfig.clients import CLIENTS
from autoconfig.clients.works import End
from autoconfig.errors import escaped, printable
from autoconfig.findings import Finding, Owner, Severity, Subject
from autoconfig.i18n import Texts
from autoconfig.report import outcomes, visit
from autoconfig.report.outcomes import RESULTS
from autoconfig.report.telling import Format, Manner, Told, markup
from autoconfig.report.words import GROUPS, MARKS, OWNERS, SEVERITIES, by_group, counts, name_of, tell, together, where

_LINE = 400  # characters of one line of evidence
_CLASSES = {"red": "bad", "yellow": "warn", "green": "good", "magenta": "open"}  # by the style at a terminal


@dataclass(frozen=True, slots=True)
class _Sign:
    """A mark, its class, and what it stands for in words."""

    mark: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a list: a sign, what it is about, and more."""

    sign: _Sign
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class _Finding:
    """A finding as the template lays it out."""

    sign: _Sign
    code: str
    message: str
    where: tuple[str, ...]
    evidence: str
    affects: str
    cause: str
    owner: str | None
    fix: str
    records: str
    commands: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A report as the template lays it out."""

    name: str
    language: str
    anchor: str
    sign: _Sign
    counts: str
    address: str | None
    started: str
    seconds: str
    groups: tuple[_Row, ...]
    findings: tuple[_Finding, ...]
    clients: tuple[_Row, ...]
    visit: str
    passed: tuple[tuple[str, tuple[str, ...]], ...]
    skipped: tuple[tuple[str, tuple[str, ...]], ...]


def _write(every: Sequence[Told], manner: Manner) -> str:
    parts = tuple(_part(told, number) for number, told in enumerate(every, 1))
    page = templating.render("report/page.html", manner.texts, parts=parts, whole=manner.everything)
    return markup(page + "\n", manner.encoding)


FORMAT = Format(_write)


def _part(told: Told, number: int) -> _Part:
    report, texts = told.report, told.texts
    groups = (
        _Row(_sign(worst, texts) if worst != "skipped" else _Sign("–", "quiet", ""), texts.gettext(GROUPS[group]), counts(numbers, texts))
        for group, worst, numbers in by_group(report)
    )
    passed = together((passed.check, passed.subject) for passed in report.passed)
    skipped = together((_because(skipped.check, skipped.by, texts), skipped.subject) for skipped in report.skipped)
    return _Part(
        name=name_of(report),
        language=texts.language,
        anchor=f"report-{number}",
        sign=_sign(report.status, texts),
        counts=counts(report.counts, texts),
        address=report.address.ascii if report.address else None,
        started=report.started.strftime("%Y-%m-%d %H:%M UTC"),
        seconds=texts.gettext("%(seconds)s s", seconds=texts.decimal(report.elapsed_ms / 1000, 2)),
        groups=tuple(groups),
        findings=tuple(_finding(finding, texts) for finding in report.findings),
        clients=tuple(_client(end, texts) for end in report.clients),
        visit=_lines(printable(line, _LINE) for line in visit.lines(report, texts)),
        passed=_places(passed),
        skipped=_places(skipped),
    )


def _finding(finding: Finding, texts: Texts) -> _Finding:
    told = tell(finding, texts)
    return _Finding(
        sign=_sign(finding.severity, texts),
        code=finding.code,
        message=told.message,
        where=tuple(where((finding.subject, *finding.also))),
        evidence=_lines(printable(line, _LINE) for line in finding.evidence),
        affects=", ".join(CLIENTS[name].title if name in CLIENTS else name for name in finding.affects),
        cause=told.cause,
        owner=None if finding.owner is Owner.NOBODY else texts.gettext(OWNERS[finding.owner]),
        fix=told.fix,
        records=_lines(escaped(line) for line in finding.records),  # whole: they are to be copied
        commands=_lines(escaped(line) for line in finding.commands),
    )


def _client(end: End, texts: Texts) -> _Row:
    mark, style = outcomes.mark(end)
    words = texts.gettext(RESULTS[end.outcome.result][2])
    told = (end.outcome.via or "", *outcomes.reasons(end, texts))
    return _Row(_Sign(mark, _CLASSES[style], words), end.client.title, " · ".join(printable(part, _LINE) for part in told if part))


def _sign(severity: str, texts: Texts) -> _Sign:
    words = texts.gettext(SEVERITIES[Severity(severity)]) if severity in set(Severity) else texts.gettext("all is well")
    return _Sign(MARKS[severity][0], severity, words)


def _because(check: str, by: Finding, texts: Texts) -> str:
    return f"{check}: " + texts.gettext("skipped because of %(code)s", code=by.code)


def _places(subjects: Mapping[str, tuple[Subject, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((check, tuple(where(every))) for check, every in subjects.items())


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)
