"""What is different from an earlier report, by fingerprint: read from that report's JSON, compared, told as lines and as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autoconfig.errors import N_, DocumentError
from autoconfig.findings import Finding, Report

MAX_OCTETS = 64 * 1024 * 1024
_SCHEMA = "autoconfig.report/1"


@dataclass(frozen=True, slots=True)
class Past:
    """A finding of an earlier report."""

    code: str
    severity: str
    message: str
    fingerprint: str
    args: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PastReport:
    """An earlier report, as far as it is compared."""

    domain: str
    address: str | None
    started: str
    findings: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different *since* an earlier report; since None where there was none of this domain."""

    since: str | None
    new: tuple[Finding, ...] = ()
    gone: tuple[Past, ...] = ()
    changed: tuple[tuple[Past, Finding], ...] = ()


def read(content: bytes) -> tuple[PastReport, ...]:
    """Return the report, or the array of reports, that *content* is; raises DocumentError where it is none."""
    if len(content) > MAX_OCTETS:
        raise DocumentError(N_("it is larger than %(limit)d bytes"), limit=MAX_OCTETS)
    try:
        found = json.loads(content)
    except RecursionError:
        raise DocumentError(N_("it is nested too deeply")) from None
    except ValueError:  # that of JSON, of UTF-8 and of numbers with too many digits
        raise DocumentError(N_("it is not JSON")) from None
    try:
        return tuple(_report(value) for value in (found if isinstance(found, list) else [found]))
    except (TypeError, KeyError):
        raise DocumentError(N_("it is no report of autoconfig check --format json")) from None


def _report(value: Any) -> PastReport:  # noqa: ANN401  # whatever JSON says
    if value["schema"] != _SCHEMA:
        raise TypeError
    address = value["address"]
    findings = tuple(_finding(finding) for finding in _is(value["findings"], list))
    return PastReport(_is(value["domain"], str), None if address is None else _is(address, str), _is(value["started"], str), findings)


def _finding(value: Any) -> Past:  # noqa: ANN401
    code, severity, message, fingerprint = (_is(value[name], str) for name in ("code", "severity", "message", "fingerprint"))
    return Past(code, severity, message, fingerprint, _is(value["args"], dict))


def _is(value: Any, kind: type) -> Any:  # noqa: ANN401
    if not isinstance(value, kind):
        raise TypeError
    return value


def compare(report: Report, earlier: tuple[PastReport, ...]) -> Changes:
    """Return what is different from the one of *earlier* that is about the same; another address of the domain is nearly that."""
    same = [past for past in earlier if past.domain == report.domain.ascii]
    address = report.address.ascii if report.address else None
    if not same:
        return Changes(None)
    before = next((past for past in same if past.address == address), same[0])
    left = list(before.findings)
    rest = [finding for finding in report.findings if not _take(left, finding, report, exactly=True)]
    new, changed = [], []
    for finding in rest:  # several may share a fingerprint, so that those that are the same are out of the way by now
        if past := _take(left, finding, report, exactly=False):
            changed.append((past, finding))
        else:
            new.append(finding)
    return Changes(before.started, tuple(new), tuple(left), tuple(changed))


def _take(left: list[Past], finding: Finding, report: Report, *, exactly: bool) -> Past | None:
    fingerprint = finding.fingerprint(report.domain)
    for at, past in enumerate(left):
        same = (past.severity, past.args) == (finding.severity.value, plain(finding))
        if past.fingerprint == fingerprint and (same or not exactly):
            return left.pop(at)
    return None


def plain(finding: Finding) -> dict[str, object]:
    """Return the arguments of *finding* as JSON has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in finding.args.items()}


def to_data(changes: Changes, report: Report) -> dict[str, Any] | None:
    """Return *changes* of *report* as plain data, None where there is no earlier report of the domain."""
    if changes.since is None:
        return None
    return {
        "since": changes.since,
        "new": [finding.fingerprint(report.domain) for finding in changes.new],
        "gone": [
            {"code": past.code, "severity": past.severity, "message": past.message, "fingerprint": past.fingerprint}
            for past in changes.gone
        ],
        "changed": [
            {
                "fingerprint": past.fingerprint,
                "code": past.code,
                "severity": {"before": past.severity, "after": finding.severity.value},
                "args": {"before": dict(past.args), "after": plain(finding)},
            }
            for past, finding in changes.changed
        ],
    }


def each(changes: Changes) -> Iterator[tuple[str, Finding | Past, str | None]]:
    """Yield a sign, the finding, and the severity that it had before where that is another: what is new, then changed, then gone."""
    for finding in changes.new:
        yield "+", finding, None
    for past, finding in changes.changed:
        yield "~", finding, past.severity if past.severity != finding.severity else None
    for past in changes.gone:
        yield "-", past, None
