"""What mail programs find when they look for the settings of the domain: everything that `sources` brought home, judged together. Pure.

One cause, one finding: a domain that publishes nothing is told so once, and a web site that answers everything is one fault wherever it
answers. That something is missing is a fault only where nothing else works, or where our own settings say that it should be there.
"""

from __future__ import annotations

from collections.abc import Iterator

from autoconfig import catalogue, dnsrecords
from autoconfig.checks import agreement, autoconfig, autodiscover, srv
from autoconfig.checks.agreement import judge_dead
from autoconfig.checks.case import Case
from autoconfig.checks.documents import MAIL_SERVICES
from autoconfig.checks.sources import Discovery, gather, is_microsoft, lines, under
from autoconfig.checks.trails import Trail
from autoconfig.errors import DocumentError
from autoconfig.findings import Finding, Severity, Subject, Verdict
from autoconfig.formats import apple
from autoconfig.observations import HTTPFailure, LookupStatus

__all__ = ["Discovery", "gather", "judge", "judge_dead"]

_REQUIRED = ("autoconfig", "autodiscover")


def judge(case: Case, facts: Discovery) -> Iterator[Verdict]:
    """Judge everything that was found."""
    # RFC 8020: below a name that does not exist there is nothing; who looks after the domain's delegation tells it.
    if facts.names[""].a.status is LookupStatus.NXDOMAIN:
        return
    mozilla = tuple(autoconfig.judge(case, facts))
    told = tuple(verdict for verdict in mozilla if isinstance(verdict, Finding))
    outlook = tuple(autodiscover.judge(case, facts, told))
    servers = tuple(autoconfig.judge_connections(case, facts))
    pacc = tuple(srv.judge_pacc(case, facts, told))
    found = (*mozilla, *outlook, *servers)
    yield from found
    faults = (one for one in (*found, *pacc) if isinstance(one, Finding) and one.severity is not Severity.NOTICE)
    if _is_bare(facts) and not any(faults):
        yield _none(case, facts)
    else:
        yield from pacc
        yield from _missing_names(case, facts)
        yield from srv.judge(case, facts)
        yield from agreement.judge(case, facts)
    yield from _profile(facts.profile) if facts.profile else ()


# --- nothing at all ----------------------------------------------------------------------------------------------------------------


def _is_bare(facts: Discovery) -> bool:
    """Tell whether nothing names a server, as far as anybody can know."""
    lookups = [facts.srv[label] for label in MAIL_SERVICES]
    known = all(answer.trail.known for answer in facts.answers) and all(lookup.status.known for lookup in lookups)
    answered = any(answer.works or (answer.reading and answer.reading.error) for answer in facts.answers)
    # An alias that leads nowhere, or to Microsoft, is told by itself. A record of any kind, "." included, was put there by somebody.
    aliased = any(facts.names[label].absent and facts.names[label].aliases for label in _REQUIRED)
    microsoft = any(map(is_microsoft, facts.names["autodiscover"].aliases))
    # Something is there, behind a certificate that nobody trusts.
    hidden = any(
        answer.trail.end.failure is HTTPFailure.CERTIFICATE and not facts.is_wildcard(label)
        for label, answer in zip(_REQUIRED, (facts.autoconfig.own, facts.autodiscover.own), strict=True)
    )
    return known and not (answered or aliased or microsoft or hidden) and not any(lookup.values for lookup in lookups)


def _none(case: Case, facts: Discovery) -> Finding:
    exchanges = [value.split()[-1] for value in facts.mx.values if value.split()]
    has_mail = any(exchange != "." for exchange in exchanges)  # RFC 7505, 3
    wanted = {under(label, case.domain) for label in _REQUIRED}
    due = [record for record in case.due if record.name in wanted or record.group is dnsrecords.Group.MAIL]
    return catalogue.finding(
        "AC_NONE",
        Subject(case.domain.ascii),
        severity=Severity.ERROR if case.expected else None if has_mail else Severity.NOTICE,
        records=lines(record for record in due if record.necessity is not dnsrecords.Necessity.OPTIONAL),
        evidence=[answer.trail.steps[-1] for answer in facts.answers if answer.trail.responses],
        affects=(*autoconfig.READERS, *autodiscover.READERS),
        domain=case.domain.ascii,
    )


def _missing_names(case: Case, facts: Discovery) -> Iterator[Verdict]:
    """Judge the names that our own domains should have. One that every name's answer stands in for is told as a wildcard."""
    missing = []
    for label in _REQUIRED:
        name = facts.names[label]
        record = next((record for record in case.due if record.name == name.name), None)
        if record is None:
            continue
        if name.absent and not name.aliases:
            missing.append(record)
        elif name.addresses:
            yield catalogue.passed("DISC_NAME_MISSING", Subject(name.name))
    if missing:
        names = tuple(record.name for record in missing)
        readers = {"autoconfig": autoconfig.READERS, "autodiscover": autodiscover.READERS}
        yield catalogue.finding(
            "DISC_NAME_MISSING",
            Subject(names[0]),
            severity=autoconfig.severity_of(facts),
            records=lines(missing),
            evidence=[f"{name.name}. IN A: {name.a.status.value}" for name in facts.names.values() if name.name in names],
            affects=[reader for name in names for reader in readers[name.partition(".")[0]]],
            names=names,
        )


# --- our own profile ---------------------------------------------------------------------------------------------------------------


def _profile(trail: Trail) -> Iterator[Verdict]:
    """Judge the profile for iPhones as the thing that it is: its media type, and whether it can be read; signed or not."""
    if not trail.known:
        return
    url, end = trail.url.partition("?")[0], trail.end
    subject = Subject(trail.hosts[0], "https", port=443)
    kind = end.header("content-type").partition(";")[0].strip().lower()
    reason = ""
    if end.status != 200:
        reason = trail.steps[-1]
    elif kind != apple.CONTENT_TYPE:
        reason = f"content-type: {kind or '-'}"
    else:
        try:
            apple.parse(_inner(end.body))
        except DocumentError as error:
            reason = str(error)
    if reason:
        yield catalogue.finding("PROFILE_IOS_BAD", subject, root=(), evidence=(reason,), affects=("apple",), url=url)
    else:
        yield catalogue.passed("PROFILE_IOS_BAD", subject)


def _inner(body: bytes) -> bytes:
    """Return the property list within *body*: a signature (CMS, DER) is laid around it and leaves it as it is."""
    start, end = body.find(b"<?xml"), body.rfind(b"</plist>")
    return body[start : end + len(b"</plist>")] if body.startswith(b"\x30") and -1 < start < end else body
