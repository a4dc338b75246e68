"""What is wrong with Autodiscover: who answers Outlook, and with what. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from autoconfig import catalogue
from autoconfig.checks.autoconfig import same_machine, severity_of, subject_of
from autoconfig.checks.case import Case
from autoconfig.checks.documents import srv_records
from autoconfig.checks.sources import Answer, Discovery, is_microsoft, is_our_alias, paste_name, under
from autoconfig.checks.trails import host_of
from autoconfig.findings import Finding, Owner, Severity, Subject, Verdict
from autoconfig.observations import HTTPFailure, LookupStatus

READERS = ("outlook", "outlook-new", "emclient")

_STATUSES = {401: "AD_POX_401", 405: "AD_POX_405"}


def judge(case: Case, facts: Discovery, others: tuple[Finding, ...]) -> Iterator[Verdict]:
    """Judge who answers Outlook; *others* are findings about the same web servers, which may have the same cause."""
    signs = _microsoft_signs(case, facts)
    if signs:
        yield from _microsoft(case, facts, signs)
    else:
        yield from _own(case, facts, others)
    yield from _apex(facts, others)


# --- Microsoft 365 -----------------------------------------------------------------------------------------------------------------


def _microsoft_signs(case: Case, facts: Discovery) -> tuple[str, ...]:
    """Return what sends Outlook to Microsoft 365, a line each."""
    own = facts.names["autodiscover"]
    aliases = (f"{own.name}. IN CNAME {alias}." for alias in own.aliases if is_microsoft(alias))
    label = under("_autodiscover._tcp", case.domain)
    records = (f"{label}. IN SRV {record.text}." for record in srv_records(facts.srv["_autodiscover"]) if is_microsoft(record.target))
    answers = (facts.autodiscover.own, facts.autodiscover.redirected)
    trails = (answer.trail for answer in answers if answer)
    redirects = (
        f"{response.request.url} -> {response.location}"
        for trail in trails
        for response in trail.responses
        if response.location and is_microsoft(host_of(response.location))
    )
    return tuple(dict.fromkeys((*aliases, *records, *redirects)))


def _microsoft(case: Case, facts: Discovery, signs: tuple[str, ...]) -> Iterator[Verdict]:
    subject = Subject(under("autodiscover", case.domain))
    exchanges = [value.split()[-1] for value in facts.mx.values if value.split()]
    elsewhere = any(not is_microsoft(named.host.ascii) for named in facts.named)
    # A filter in front of Microsoft 365 has the MX: for a domain that is not ours, only what else it publishes tells.
    ours = case.expected is not None or (bool(exchanges) and elsewhere)
    if facts.mx.status is not LookupStatus.FOUND and case.expected is None:
        return
    if any(map(is_microsoft, exchanges)) or not ours:
        yield catalogue.passed("AD_M365_STEERS", subject)
        return
    yield catalogue.finding(
        "AD_M365_STEERS",
        subject,
        severity=Severity.ERROR if case.expected else Severity.WARNING,
        records=paste_name(case, under("autodiscover", case.domain)),
        evidence=(*signs, *(f"{case.domain.ascii}. IN MX {value}." for value in facts.mx.values[:3])),
        affects=READERS,
        name=under("autodiscover", case.domain),
    )


# --- the domain's own answers ------------------------------------------------------------------------------------------------------


def _own(case: Case, facts: Discovery, others: tuple[Finding, ...]) -> Iterator[Verdict]:
    found = facts.autodiscover
    answer, subject = found.own, subject_of(found.own)
    works = next((one for one in found if one.works), None)
    if answer.works or (works and works is not found.apex):
        for code in ("AD_UNREACHABLE", "AD_POX_404", "AD_POX_BAD_XML"):
            yield catalogue.passed(code, subject)
        return
    fault = _code(answer)
    if fault is None or facts.names["autodiscover"].absent or facts.is_wildcard("autodiscover"):
        return
    by = same_machine(facts, "autodiscover", others) if fault == "AD_UNREACHABLE" else None
    if by is not None:
        yield catalogue.skipped(fault, subject, by)
        return
    ours = is_our_alias(case, facts.names["autodiscover"])
    yield catalogue.finding(
        fault,
        subject,
        severity=_severity(case, facts, fault, works is not None),
        owner=Owner.PROVIDER if ours else None,
        records=() if ours else paste_name(case, answer.host),
        evidence=(*answer.trail.steps[-3:], *((answer.reading.place,) if answer.reading and answer.reading.reason else ())),
        affects=READERS,
        url=answer.url,
        status=answer.status,
    )


def _code(answer: Answer) -> str | None:
    """Return what is wrong with what answers Outlook, None where nothing is, it is the certificate, or we do not know."""
    if not answer.trail.known or answer.trail.end.failure is HTTPFailure.CERTIFICATE or answer.works:
        return None
    if answer.trail.loop:
        return "AD_POX_LOOP"
    if answer.trail.end.failure is not None:
        return "AD_UNREACHABLE"
    if answer.reading is None:
        return _STATUSES.get(answer.status, "AD_POX_5XX" if answer.status >= 500 else "AD_POX_404")
    # Exchange says with 200 that it does not know the address, which for a made-up one is right.
    return None if answer.reading.error and answer.reading.fault is None else "AD_POX_BAD_XML"


def _severity(case: Case, facts: Discovery, code: str, works_elsewhere: bool) -> Severity | None:
    if works_elsewhere:
        return Severity.WARNING
    if case.expected is not None:
        return None
    if code == "AD_POX_401":  # whoever asks for a password there may well mean it
        return Severity.NOTICE
    # The name may stand there for phones (ActiveSync), or for nothing: it is a fault where programs have no other way.
    return severity_of(facts, *facts.autodiscover) if code in ("AD_POX_404", "AD_UNREACHABLE", "AD_POX_5XX") else None


# --- the domain's web site ---------------------------------------------------------------------------------------------------------


def _apex(facts: Discovery, others: tuple[Finding, ...]) -> Iterator[Verdict]:
    """Judge what D itself says to Outlook, which asks there first: settings, or decidedly nothing."""
    answer = facts.autodiscover.apex
    subject = subject_of(answer)
    asks_password = answer.status == 401 and facts.autodiscover.own.status != 401
    misread = answer.reading is not None and answer.reading.fault is not None
    if not (asks_password or misread):
        if answer.trail.known:
            yield catalogue.passed("AD_ROOT_HIJACK", subject)
        return
    catch_all = next((one for one in others if one.code == "AC_HTML_200" and one.root == ("catch-all",)), None)
    if misread and catch_all is not None:
        yield catalogue.skipped("AD_ROOT_HIJACK", subject, catch_all)
        return
    yield catalogue.finding(
        "AD_ROOT_HIJACK", subject, evidence=answer.trail.steps[-3:], affects=READERS, url=answer.url, status=answer.status
    )
