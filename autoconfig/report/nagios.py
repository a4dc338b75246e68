"""Reports as the one line of a monitoring plugin: Monitoring Plugins Development Guidelines, "Plugin Output" and "Performance data".

Every target is counted, the worst first; those that are well are only numbered where there are many. Each has its performance data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autoconfig.errors import printable
from autoconfig.findings import Report, Severity
from autoconfig.report.telling import Format, Manner, Told, exit_code, rank
from autoconfig.report.words import count, tell

_STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")  # by the exit code
_FEW = 10  # targets that are told by name
_MESSAGE = 200  # characters
_SOON = 14  # days, as of CERT_SOON
_PLAIN = str.maketrans("|<>", "/()")  # a bar begins the performance data, and not every web page of a monitor escapes the rest
_LABEL = str.maketrans("='|", "___")


def _write(every: Sequence[Told], manner: Manner) -> str:
    texts = manner.texts
    worst = sorted(every, key=lambda told: -rank(told.report))
    shown = [_told(told) for told in worst[:_FEW]]
    if more := len(worst) - len(shown):
        shown.append(texts.ngettext("%(n)d more", "%(n)d more", more))
    state = _STATES[exit_code((told.report.status for told in every), manner.fail_on)]
    told = printable("; ".join(shown), _FEW * 1000).translate(_PLAIN)
    names: dict[str, str] = {}
    for report in (told.report for told in every):
        names.setdefault(_label(report), " ".join(_data(report)))
    return f"AUTOCONFIG {state} - {told} | {' '.join(names.values())}\n"


FORMAT = Format(_write)


def _told(told: Told) -> str:
    report, texts = told.report, told.texts
    numbers = {kind: number for kind, number in report.counts.items() if number and kind not in ("ok", "skipped")}
    worst_first = sorted(numbers, key=lambda kind: -Severity(kind).rank)
    counts = ", ".join(count(Severity(kind), numbers[kind], texts) for kind in worst_first) or count("ok", report.counts["ok"], texts)
    first = report.findings[0] if report.findings and report.status != Severity.NOTICE else None
    message = f" ({first.code}: {printable(tell(first, texts).message, _MESSAGE)})" if first else ""
    return f"{report.address or report.domain.unicode}: {counts}{message}"


def _data(report: Report) -> Iterator[str]:
    name = _label(report)
    yield f"'{name} time'={report.elapsed_ms / 1000:.3f}s;;;0"
    for severity in (Severity.CRITICAL, Severity.ERROR, Severity.UNKNOWN, Severity.WARNING):
        yield f"'{name} {severity}'={report.counts[severity]};;;0"
    if report.certificates:
        first = min(certificate.not_after for certificate in report.certificates)
        # Ranges: less than so many days warns, a certificate that has expired is critical.
        yield f"'{name} certificate days'={(first - report.started).days};{_SOON}:;0:"


def _label(report: Report) -> str:
    """Return a name that can stand in a label, where "=" and the apostrophe have a meaning."""
    return printable(report.address.ascii if report.address else report.domain.ascii, 320).translate(_LABEL)
