"""What the ends of mail programs mean for a report: which findings hurt which programs, and what none of the findings tells. Pure.

A program that is known to reach its servers is not hurt by what is wrong with a document that it does without; one that meets a server
that does not work is hurt by what is wrong with that server. A program that we only heard of is no reason to find anything.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from autoconfig.address import Domain, EmailAddress
from autoconfig.catalogue import finding
from autoconfig.catalogue.documents import ON_THE_WAY, RULES
from autoconfig.catalogue.outcomes import REASONS
from autoconfig.clients.outcome import Confidence, Result
from autoconfig.clients.works import End
from autoconfig.errors import AddressError, printable
from autoconfig.findings import Finding, Group, Severity, Subject, Verdict

# What a finding at a server must be to be the reason why that server does not work: one of these codes, else of these groups.
_CODES = {
    "SERVER_CERT_NAME": ("CERT_SERVER_NAME", "CERT_NAME_MISMATCH", "CERT_CN_ONLY"),
    "SERVER_CERT_DATE": ("CERT_EXPIRED", "CERT_NOTYET"),
    "SERVER_CERT_TRUST": ("CERT_SELF", "CERT_UNTRUSTED", "CERT_CHAIN_INCOMPLETE", "CERT_CHAIN_BROKEN"),
}
_GROUPS = (Group.DELEGATION, Group.ENDPOINTS, Group.SUBMISSION)

_SURE = (Confidence.MEASURED, Confidence.SOURCE)
_LONG = 1000  # characters of one value


def judge(verdicts: Sequence[Verdict], ends: Sequence[End], address: EmailAddress) -> Iterator[Verdict]:
    """Yield *verdicts*, each finding with the programs that it hurts, and what else is wrong with the *ends* of a search for *address*."""
    for verdict in verdicts:
        yield replace(verdict, affects=_affected(verdict, ends)) if isinstance(verdict, Finding) else verdict
    findings = [verdict for verdict in verdicts if isinstance(verdict, Finding)]
    causes: dict[tuple[str, tuple[tuple[str, str | int], ...]], list[End]] = {}
    for end in ends:
        why, args = _failure(end)
        if why and not any(_explains(one, end) for one in findings):
            causes.setdefault((why, tuple(sorted(args.items()))), []).append(end)
    for (why, values), hurt in causes.items():
        yield _failing(why, dict(values), hurt, address)


def _affected(found: Finding, ends: Iterable[End]) -> tuple[str, ...]:
    affected = dict.fromkeys(found.affects)
    for end in ends:
        if _is_reason(found, end):
            affected[end.client.name] = None
        elif found.group is Group.DISCOVERY and found.subject.ip is None and _is_well(end):
            affected.pop(end.client.name, None)
    return tuple(affected)


def _is_well(end: End) -> bool:
    """Tell whether the program was told where its servers are, and these work: a good guess is no reason to publish nothing."""
    was_told = end.outcome.result is Result.AUTOMATIC and end.outcome.via is not None
    return was_told and end.works.works is True and end.client.confidence in _SURE


def _is_reason(found: Finding, end: End) -> bool:
    """Tell whether *found* is why the servers at the *end* do not work."""
    if end.works.works is not False or not _is_there(found, end) or found.severity is Severity.NOTICE:
        return False
    codes = _CODES.get(end.works.why)
    return found.code in codes if codes else found.group in _GROUPS


def _is_there(found: Finding, end: End) -> bool:
    """Tell whether *found* is about the server that does not work, or about its host."""
    host, port = _ascii(str(end.works.args.get("host", ""))), end.works.args.get("port")
    return any(subject.host == host and (None in (subject.port, port) or subject.port == port) for subject in (found.subject, *found.also))


def _ascii(host: str) -> str:
    try:
        return Domain.parse(host).ascii
    except AddressError:
        return host


def _explains(found: Finding, end: End) -> bool:
    if end.works.works is False and _is_there(found, end) and found.severity is not Severity.NOTICE:
        return True
    return end.client.name in found.affects and found.group in (Group.DELEGATION, Group.DISCOVERY)


def _failure(end: End) -> tuple[str, Mapping[str, str | int]]:
    """Return the reason why something that is published brings the program to a bad *end*, "" where it does not, or nobody is sure."""
    outcome, works = end.outcome, end.works
    if end.client.confidence not in _SURE:
        return "", {}
    by_document = (outcome.via or "").startswith("http")  # records are judged by themselves
    if outcome.result is Result.WRONG and by_document:
        return outcome.why, outcome.args
    if outcome.result is Result.AUTOMATIC and by_document and works.works is False:
        return works.why, works.args
    # For want of settings nobody is at fault, nor for a program's taste in their order: a document must be.
    rules = {note.rule for note in outcome.notes if RULES[note.rule].severity is Severity.ERROR} - ON_THE_WAY.keys()
    return (outcome.why, outcome.args) if outcome.result is Result.MANUAL and outcome.why in rules else ("", {})


def _failing(why: str, args: Mapping[str, str | int], ends: Sequence[End], address: EmailAddress) -> Finding:
    template = RULES[why].reason if why in RULES else REASONS[why]
    names = [end.client.name for end in ends]
    found = finding(
        "CLIENT_FAILS",
        Subject(address.domain.ascii),
        root=(why, *(str(value) for value in args.values())),
        commands=[f"autoconfig discover {shlex.quote(str(address))} --client {name}" for name in names],
        evidence=[_seen(end, why) for end in ends],
        affects=names,
        clients=tuple(end.client.title for end in ends),
        why=why,
        reason=template % {name: value if isinstance(value, int) else printable(value, _LONG) for name, value in args.items()},
    )
    return replace(found, args={**found.args, **{f"why_{name}": value for name, value in args.items()}})


def _seen(end: End, why: str) -> str:
    line = next((note.line for note in end.outcome.notes if note.rule == why and note.line is not None), None)
    parts = (end.client.name, end.outcome.via, None if line is None else f"line {line}")
    return " · ".join(printable(part, _LONG) for part in parts if part)
