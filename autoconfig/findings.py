"""What we think of it: findings, what passed, what was skipped, and the report of a domain. Data without texts, which are the catalogue's.

Equal root causes become one finding here, and a finding gets the fingerprint by which another run knows it again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from autoconfig.address import Domain, EmailAddress
from autoconfig.observations import Endpoint, Login, RoundTrip

if TYPE_CHECKING:  # the name alone: who tells a finding need not know all mail programs
    from autoconfig.clients.works import End


class Severity(StrEnum):
    """How bad it is, from the mildest to the worst. UNKNOWN is what *we* could not find out."""

    NOTICE = "notice"
    WARNING = "warning"
    UNKNOWN = "unknown"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """A number that grows with how bad it is."""
        return list(Severity).index(self)


class Owner(StrEnum):
    """Whose job it is."""

    PROVIDER = "provider"
    CUSTOMER = "customer"
    REGISTRAR = "registrar"
    NETWORK = "network"
    NOBODY = "nobody"


class Group(StrEnum):
    """What is looked at together, in the order of the report; the words of `--only`."""

    DELEGATION = "delegation"
    DISCOVERY = "discovery"
    ENDPOINTS = "endpoints"
    CERTIFICATES = "certificates"
    SUBMISSION = "submission"
    DELIVERABILITY = "deliverability"
    CLIENTS = "clients"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about; what does not apply is None."""

    host: str | None = None
    service: str | None = None
    ip: str | None = None
    port: int | None = None

    @classmethod
    def of(cls, endpoint: Endpoint) -> Subject:
        """Return *endpoint* as a subject."""
        return cls(endpoint.host.ascii, endpoint.service.value, endpoint.ip, endpoint.port)

    def to_data(self) -> dict[str, str | int]:
        """Return what applies, in the order of the contract."""
        found = {"service": self.service, "host": self.host, "ip": self.ip, "port": self.port}
        return {name: value for name, value in found.items() if value is not None}


Value = str | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody should know: a code of the catalogue with its arguments. Made by `catalogue.finding`.

    *root* names the cause where several subjects may share it: findings of one code and root become one. *records* are lines for a zone
    file, *commands* lines for a shell, both ready to paste. *evidence* is what we saw, in lines. *affects* are mail programs.
    """

    code: str
    severity: Severity
    owner: Owner
    group: Group
    subject: Subject
    args: Mapping[str, Value] = field(default_factory=dict, hash=False)
    root: tuple[str, ...] | None = None
    also: tuple[Subject, ...] = ()
    records: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    affects: tuple[str, ...] = ()

    @property
    def cause(self) -> tuple[object, ...]:
        """What this has in common with findings of the same cause."""
        return self.code, self.subject if self.root is None else self.root

    def fingerprint(self, domain: Domain) -> str:
        """Return what stays the same from run to run: a hash of code, domain, service, host and port."""
        parts = [self.code, domain.ascii, self.subject.service, self.subject.host, self.subject.port]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that is as it should be: *check* is the code of the finding that it would have been."""

    check: str
    group: Group
    subject: Subject


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be looked at because of *by*, a finding; *check* is the code of what it would have been."""

    check: str
    group: Group
    subject: Subject
    by: Finding


Verdict = Finding | Passed | Skipped


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run that has ended, and how long it took."""

    name: str
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when the certificate that *subject* shows is valid."""

    subject: Subject
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one domain. `findings` are collapsed, the worst first; `clients` is what each mail program ends up with.

    `certificates` are those that were shown, well or not: the ends of their time are kept an eye on after they have passed as well.
    `logins` is None where nobody asked for one.
    """

    domain: Domain
    address: EmailAddress | None
    started: datetime
    elapsed_ms: int
    findings: tuple[Finding, ...]
    passed: tuple[Passed, ...]
    skipped: tuple[Skipped, ...]
    stages: tuple[Stage, ...]
    clients: tuple[End, ...] = ()
    certificates: tuple[Validity, ...] = ()
    logins: tuple[Login, ...] | None = None
    roundtrip: RoundTrip | None = None

    @property
    def status(self) -> str:
        """The worst severity, "ok" where there is no finding."""
        return max((finding.severity for finding in self.findings), key=lambda severity: severity.rank, default="ok")

    @property
    def counts(self) -> dict[str, int]:
        """How many of each, in the order of the contract."""
        found = Counter(finding.severity.value for finding in self.findings)
        severities = {severity.value: found[severity.value] for severity in Severity}
        return {"ok": len(self.passed), **severities, "skipped": len(self.skipped)}


def settle(verdicts: Iterable[Verdict]) -> tuple[tuple[Finding, ...], tuple[Passed, ...], tuple[Skipped, ...]]:
    """Return the findings, those of one cause as one and the worst first, what passed, and what was skipped.

    The first subject of a cause stays its subject, the others become `also`. What was skipped names the finding that its own became.
    """
    merged: dict[object, Finding] = {}
    passed: dict[Passed, None] = {}
    skipped: dict[Skipped, None] = {}
    for verdict in verdicts:
        match verdict:
            case Finding():
                first = merged.get(verdict.cause)
                merged[verdict.cause] = verdict if first is None else _joined(first, verdict)
            case Passed():
                passed[verdict] = None
            case Skipped():
                skipped[verdict] = None
    findings = sorted(merged.values(), key=lambda finding: (-finding.severity.rank, list(Group).index(finding.group)))
    known = (replace(skip, by=merged.get(skip.by.cause, skip.by)) for skip in skipped)
    return tuple(findings), tuple(passed), tuple(dict.fromkeys(known))


def _joined(first: Finding, other: Finding) -> Finding:
    worst, mild = (other, first) if other.severity.rank > first.severity.rank else (first, other)
    subjects = (first.subject, *first.also, other.subject, *other.also)
    return replace(
        worst,
        subject=first.subject,
        also=tuple(subject for subject in dict.fromkeys(subjects) if subject != first.subject),
        evidence=_together(worst.evidence, mild.evidence),
        records=_together(worst.records, mild.records),
        commands=_together(worst.commands, mild.commands),
        affects=_together(worst.affects, mild.affects),
    )


def _together(first: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *other)))
