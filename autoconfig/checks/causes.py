"""What follows from something that is told already: it is skipped because of that, so that one fault is one finding. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from autoconfig.catalogue import skipped
from autoconfig.findings import Finding, Group, Severity, Skipped, Subject, Verdict

_AT_HOSTS = frozenset({Group.DISCOVERY, Group.ENDPOINTS, Group.CERTIFICATES, Group.SUBMISSION})


def sorted_out(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Yield *verdicts*, those findings as skipped that another one of them explains.

    A name that leads somewhere only by a wildcard record, or only until a resolver forgets what has been changed, explains whatever is
    found at that name; a wildcard weighs as much as the worst that it does. A host without an address explains the records that lead
    to it. What was not tested for lack of time or of answers is told once, and so are exchangers that nobody reaches from here.
    """
    found = tuple(verdicts)
    findings = [verdict for verdict in found if isinstance(verdict, Finding)]
    causes = [(finding, explains) for finding in findings if (explains := _explanation(finding)) is not None]
    weights = {id(cause): _weight(cause, explains, findings) for cause, explains in causes}
    heavier = {id(cause): replace(cause, severity=weights[id(cause)]) for cause, _ in causes}

    def told(finding: Finding) -> Finding:
        """Return the finding that tells of this one: itself, as heavy as it is, or its cause."""
        cause = None if id(finding) in heavier else next((cause for cause, explains in causes if explains(finding)), None)
        return heavier.get(id(finding if cause is None else cause), finding)

    for verdict in found:
        match verdict:
            case Finding():
                by = told(verdict)
                yield by if by.code == verdict.code else skipped(verdict.code, verdict.subject, by)
            case Skipped():
                yield replace(verdict, by=told(verdict.by))
            case _:
                yield verdict


def _explanation(cause: Finding) -> Callable[[Finding], bool] | None:
    """Return what tells whether *cause* explains another finding, None where it explains nothing."""
    match cause.code:
        case "DNS_WILDCARD_HIT":
            names = cause.args["names"]
            return _at(names if isinstance(names, tuple) else ())
        case "DNS_STALE_CACHE":
            return _at([subject.host for subject in (cause.subject, *cause.also) if subject.host])
        case "DNS_HOST_MISSING":
            return lambda other: other.code == "SRV_WRONG" and _hosts(other) == {cause.subject.host}
        case "DEADLINE":
            return lambda other: other.code in ("NOT_TESTED", "DELIVERY_NOT_TESTED")
        case "DNS_NO_ANSWER":
            return lambda other: other.code == "DELIVERY_NOT_TESTED"
        case "SMTP25_NOT_TESTED":
            return lambda other: other.code == "OUT25_BLOCKED"
    return None


def _hosts(finding: Finding) -> set[str]:
    """Return the hosts among what *finding* found, each with its port."""
    found = finding.args["found"]
    return {place.rpartition(":")[0] for place in found} if isinstance(found, tuple) else set()


def _at(names: Sequence[str]) -> Callable[[Finding], bool]:
    def explains(other: Finding) -> bool:
        subjects: tuple[Subject, ...] = (other.subject, *other.also)
        return other.group in _AT_HOSTS and all(subject.host in names for subject in subjects)

    return explains


def _weight(cause: Finding, explains: Callable[[Finding], bool], findings: Sequence[Finding]) -> Severity:
    if cause.code != "DNS_WILDCARD_HIT":
        return cause.severity
    explained = (other.severity for other in findings if other is not cause and explains(other))
    return max((cause.severity, *explained), key=lambda severity: severity.rank)
