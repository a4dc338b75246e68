"""Every code that a check can find: its severity, owner, texts and standard; the only place for them. One file for each subject.

A check names a code and hands its arguments; `finding` holds them against the entry, so that no text can lack a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autoconfig.catalogue import certificates, clients, delegation, discovery, endpoints, login, run, sending, submission, transport
from autoconfig.catalogue.entry import Entry
from autoconfig.findings import Finding, Owner, Passed, Severity, Skipped, Subject, Value

ENTRIES: Mapping[str, Entry] = {
    **delegation.ENTRIES,
    **discovery.ENTRIES,
    **endpoints.ENTRIES,
    **certificates.ENTRIES,
    **submission.ENTRIES,
    **sending.ENTRIES,
    **transport.ENTRIES,
    **login.ENTRIES,
    **clients.ENTRIES,
    **run.ENTRIES,
}


def finding(
    code: str,
    subject: Subject,
    *,
    severity: Severity | None = None,
    owner: Owner | None = None,
    root: tuple[str, ...] | None = None,
    records: Iterable[str] = (),
    commands: Iterable[str] = (),
    evidence: Iterable[str] = (),
    affects: Iterable[str] = (),
    **args: Value,
) -> Finding:
    """Return a finding of *code* about *subject*; *severity* and *owner* where they differ from the catalogue's.

    Raises TypeError where *args* are not exactly what the entry's texts need.
    """
    entry = ENTRIES[code]
    if entry.parameters - set(args):
        raise TypeError(f"{code} needs {sorted(entry.parameters - set(args))}")
    return Finding(
        code=code,
        severity=severity or entry.severity,
        owner=owner or entry.owner,
        group=entry.group,
        subject=subject,
        args=args,
        root=root,
        records=tuple(records),
        commands=tuple(commands),
        evidence=tuple(evidence),
        affects=tuple(affects),
    )


def passed(code: str, subject: Subject) -> Passed:
    """Return that what *code* stands for is well."""
    return Passed(code, ENTRIES[code].group, subject)


def skipped(code: str, subject: Subject, by: Finding) -> Skipped:
    """Return that what *code* stands for could not be looked at because of *by*."""
    return Skipped(code, ENTRIES[code].group, subject, by)
