"""Reports in Prometheus' text exposition format 0.0.4, for the node exporter's textfile collector.

Labels are the domain, severities, codes, stages, and the hosts and ports of certificates: nothing that a server says makes a new series.
A certificate's end is told after it has passed as well, which is when somebody needs it most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoconfig.errors import printable
from autoconfig.findings import Report, Severity
from autoconfig.report.telling import EXIT, Format, Manner, Told, rank

_PREFIX = "autoconfig_check_"
_ENOUGH = ("ok", Severity.NOTICE, Severity.WARNING)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_LABEL = 300  # characters; a name of the DNS has 253

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Family:
    """Metrics of one name, all of them gauges."""

    name: str
    help: str


_FAMILIES = (
    _Family("up", "Whether mail works as far as could be found out: 1 with warnings at most, else 0."),
    _Family("status", "The exit code of the check: 0 well, 1 warnings, 2 errors, 3 something could not be found out."),
    _Family("findings", "How many findings there are, by severity."),
    _Family("findings_by_code", "How many findings there are of a code."),
    _Family("passed", "How many checks passed."),
    _Family("skipped", "How many checks were skipped because of a finding."),
    _Family("duration_seconds", "How long the check took."),
    _Family("stage_duration_seconds", "How long a stage of the check took."),
    _Family("certificate_not_after_seconds", "When the certificate expires, or expired, as Unix time; the first where addresses differ."),
    _Family("certificate_not_before_seconds", "When the certificate begins to be valid, as Unix time; the last where addresses differ."),
    _Family("last_run_timestamp_seconds", "When the check began, as Unix time."),
)


def _write(every: Sequence[Told], manner: Manner) -> str:
    reports: dict[str, Report] = {}
    for report in (told.report for told in every):  # of one domain, whose series would be the same, the worse
        known = reports.get(report.domain.ascii)
        if known is None or rank(report) > rank(known):
            reports[report.domain.ascii] = report
    samples: dict[str, list[str]] = {family.name: [] for family in _FAMILIES}
    for domain, report in reports.items():
        for name, labels, value in _samples(report):
            told = ",".join(f'{label}="{_escaped(text)}"' for label, text in {"domain": domain, **labels}.items())
            samples[name].append(f"{_PREFIX}{name}{{{told}}} {value}")
    lines = []
    for family in _FAMILIES:
        if samples[family.name]:
            lines += [f"# HELP {_PREFIX}{family.name} {family.help}", f"# TYPE {_PREFIX}{family.name} gauge", *samples[family.name]]
    return "\n".join(lines) + "\n"


FORMAT = Format(_write)


def _samples(report: Report) -> Iterator[tuple[str, Labels, str]]:
    yield "up", {}, str(int(report.status in _ENOUGH))
    yield "status", {}, str(EXIT[report.status])
    for severity in Severity:
        yield "findings", {"severity": severity.value}, str(report.counts[severity])
    for code, number in sorted(Counter(finding.code for finding in report.findings).items()):
        yield "findings_by_code", {"code": code}, str(number)
    yield "passed", {}, str(report.counts["ok"])
    yield "skipped", {}, str(report.counts["skipped"])
    yield "duration_seconds", {}, _seconds(report.elapsed_ms)
    for stage in dict.fromkeys(stage.name for stage in report.stages):
        yield "stage_duration_seconds", {"stage": stage}, _seconds(sum(s.elapsed_ms for s in report.stages if s.name == stage))
    ends: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for shown in report.certificates:
        place = shown.subject.host or "", str(shown.subject.port)
        ends.setdefault(place, []).append((shown.not_before.timestamp(), shown.not_after.timestamp()))
    for (host, port), dates in ends.items():
        labels = {"host": host, "port": port}
        yield "certificate_not_after_seconds", labels, f"{min(after for _, after in dates):.0f}"
        yield "certificate_not_before_seconds", labels, f"{max(before for before, _ in dates):.0f}"
    yield "last_run_timestamp_seconds", {}, f"{report.started.timestamp():.0f}"


def _escaped(text: str) -> str:
    return printable(text, _LABEL).translate(_ESCAPES)


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"
