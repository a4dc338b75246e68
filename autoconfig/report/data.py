"""A report as data for other programs: schema autoconfig.report/1, which is only ever added to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from autoconfig.findings import Finding, Report, Skipped
from autoconfig.i18n import Texts
from autoconfig.report import changes, visit
from autoconfig.report.outcomes import summary
from autoconfig.report.telling import Format, Manner, Told
from autoconfig.report.words import tell

SCHEMA = "autoconfig.report/1"


def to_data(report: Report, texts: Texts) -> dict[str, Any]:
    """Return *report* as plain data, its texts in the language of *texts*."""
    return {
        "schema": SCHEMA,
        "domain": report.domain.ascii,
        "address": report.address.ascii if report.address else None,
        "started": report.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "elapsed_ms": report.elapsed_ms,
        "status": str(report.status),
        "counts": report.counts,
        "findings": [_finding(finding, report, texts) for finding in report.findings],
        "skipped": [_skipped(skipped, report) for skipped in report.skipped],
        "clients": [summary(end, texts) for end in report.clients],
        "stages": [{"name": stage.name, "elapsed_ms": stage.elapsed_ms} for stage in report.stages],
        **visit.to_data(report),
    }


def to_json(value: object, *, indent: int | None = None, encoding: str = "utf-8") -> str:
    """Return plain data as JSON that *encoding* has the characters for, and in which no character works upon a terminal."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode(encoding, "surrogatepass")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    # What is not printable stands within strings, where it may be written with a backslash (RFC 8259, 7).
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _finding(finding: Finding, report: Report, texts: Texts) -> dict[str, Any]:
    told = tell(finding, texts)
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "group": finding.group.value,
        "subject": finding.subject.to_data(),
        "also": [subject.to_data() for subject in finding.also],
        "args": changes.plain(finding),
        "message": told.message,
        "cause": told.cause,
        "fix": {
            "owner": finding.owner.value,
            "text": told.fix,
            "records": list(finding.records),
            "commands": list(finding.commands),
        },
        "evidence": list(finding.evidence),
        "affects": list(finding.affects),
        "fingerprint": finding.fingerprint(report.domain),
    }


def _skipped(skipped: Skipped, report: Report) -> dict[str, Any]:
    return {"check": skipped.check, "subject": skipped.subject.to_data(), "by": skipped.by.fingerprint(report.domain)}


def _told(told: Told) -> dict[str, Any]:
    found = to_data(told.report, told.texts)
    return found if told.changes is None else {**found, "diff": changes.to_data(told.changes, told.report)}


def _whole(every: Sequence[Told], manner: Manner) -> str:
    """Return an object for one report, an array for several."""
    found = [_told(told) for told in every]
    return to_json(found[0] if len(found) == 1 else found, indent=2, encoding=manner.encoding) + "\n"


def _lines(every: Sequence[Told], manner: Manner) -> str:
    return "".join(to_json(_told(told), encoding=manner.encoding) + "\n" for told in every)


FORMAT = Format(_whole, with_changes=True)
LINES = Format(_lines, each=True, as_done=True, with_changes=True)
