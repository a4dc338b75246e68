"""What is wrong with Mozilla's documents, and with the certificates of all web servers that programs ask for settings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from autoconfig import catalogue
from autoconfig.checks.case import Case
from autoconfig.checks.documents import Fault
from autoconfig.checks.sources import Answer, Discovery, is_microsoft, is_our_alias, paste_name, under
from autoconfig.errors import printable
from autoconfig.findings import Finding, Owner, Severity, Subject, Verdict
from autoconfig.model import EMAILLOCALPART
from autoconfig.observations import TCP, Certificate, Connection, HTTPFailure, Service

READERS = ("thunderbird", "k9", "deltachat", "evolution", "kmail", "geary", "nextcloud", "fairemail", "aerc")
_HTTPS_ONLY = ("deltachat", "geary", "aerc")
_AUTODISCOVER_READERS = ("outlook", "outlook-new", "emclient")

_FAULTS = {Fault.HTML: "AC_HTML_200", Fault.HUGE: "AC_HUGE", Fault.DTD: "AC_DTD", Fault.BROKEN: "AC_BAD_XML"}

_DEAD = (TCP.REFUSED, TCP.TIMEOUT, TCP.UNREACHABLE)

# Thunderbird (153) compares it as it stands, capitals and all.
_CONTENT_TYPES = ("text/xml", "application/xml")


def subject_of(answer: Answer) -> Subject:
    """Return the web server of *answer*'s URL."""
    scheme = Service.HTTPS if answer.url.startswith("https:") else Service.HTTP
    return Subject(answer.host, scheme.value, port=scheme.default_port)


def judge(case: Case, facts: Discovery) -> Iterator[Verdict]:
    """Judge the document at autoconfig.D, then the one of the domain's own web site."""
    found = facts.autoconfig
    yield from _own(case, facts, found.own, found.own_plain)
    yield from _well_known(case, facts, found.well_known, found.well_known_plain)


def _own(case: Case, facts: Discovery, answer: Answer, plain: Answer) -> Iterator[Verdict]:
    if facts.names["autoconfig"].absent:
        return
    code = fault_of(answer)
    # A name that exists only as every name does was never meant to have a document; one that says 200 to everything still misleads.
    if facts.is_wildcard("autoconfig") and not answer.works and code not in _FAULTS.values():
        return
    if code in ("AC_UNREACHABLE", "AC_404", "AC_5XX", "TLS") and plain.works:
        if code != "TLS":
            yield _http_only(case, answer, plain)
    elif answer.works:
        yield from _document(case, facts, answer)
    elif code and code != "TLS":
        yield _fault(case, facts, answer, code)


def _well_known(case: Case, facts: Discovery, answer: Answer, plain: Answer) -> Iterator[Verdict]:
    """Judge the document of D itself, where the owner's web site lives: that there is none is as it mostly is."""
    code = fault_of(answer)
    if answer.works:
        yield from _document(case, facts, answer)
    elif code and code in (*_FAULTS.values(), "AC_REDIRECT_LOOP"):
        yield _fault(case, facts, answer, code)
    elif plain.works and code not in (None, "TLS"):
        yield _http_only(case, answer, plain)


def fault_of(answer: Answer) -> str | None:
    """Return the code of what is wrong with *answer*; "TLS" where it is its certificate; None where nothing is, or we do not know."""
    if not answer.trail.known:
        return None
    if answer.trail.loop:
        return "AC_REDIRECT_LOOP"
    if answer.trail.end.failure is not None:
        return "TLS" if answer.trail.end.failure is HTTPFailure.CERTIFICATE else "AC_UNREACHABLE"
    if answer.reading is None:
        return "AC_5XX" if answer.status >= 500 else "AC_404"
    return _FAULTS[answer.reading.fault] if answer.reading.fault else None


def severity_of(facts: Discovery, *broken: Answer) -> Severity:
    """Return how bad it is that *broken* do not work: a warning where programs find the settings elsewhere, else an error."""
    works = any(answer.named for answer in facts.working if answer not in broken) or bool(facts.by_srv)
    return Severity.WARNING if works else Severity.ERROR


def same_machine(facts: Discovery, label: str, found: Iterable[Verdict]) -> Finding | None:
    """Return the finding that says of autoconfig.D what is to be said of the same silent machine under the name of *label*."""
    own, other = facts.names[label], facts.names["autoconfig"]
    if set(own.addresses) != set(other.addresses) or fault_of(facts.autoconfig.own) != "AC_UNREACHABLE":
        return None
    told = (one for one in found if isinstance(one, Finding) and one.code in ("AC_UNREACHABLE", "AC_HTTP_ONLY"))
    return next((one for one in told if one.subject.host == other.name), None)


def _document(case: Case, facts: Discovery, answer: Answer) -> Iterator[Verdict]:
    """Judge a document that can be read, as the thing that it is; what it says is compared elsewhere."""
    subject = subject_of(answer)
    for code in ("AC_UNREACHABLE", "AC_BAD_XML"):
        yield catalogue.passed(code, subject)
    if not answer.trail.secure:
        yield _http_only(case, answer, answer)
    kind = answer.trail.end.header("content-type")
    if kind.startswith(_CONTENT_TYPES):
        yield catalogue.passed("AC_CONTENT_TYPE", subject)
    else:
        severity = severity_of(facts, answer)
        yield catalogue.finding(
            "AC_CONTENT_TYPE",
            subject,
            severity=severity,
            root=(kind,),
            evidence=answer.trail.steps[-3:],
            affects=("thunderbird",),
            url=_short(answer),
            kind=printable(kind, 80) or "-",
        )
    yield from _username(case, answer, subject)


def _username(case: Case, answer: Answer, subject: Subject) -> Iterator[Verdict]:
    usernames = answer.reading.usernames if answer.reading else ()
    wanted = {account.incoming.username.text for account in case.expected.accounts} if case.expected else set()
    if EMAILLOCALPART not in usernames:
        yield catalogue.passed("AC_USERNAME", subject)
    elif EMAILLOCALPART not in wanted:
        # Without a login nobody knows whether a server takes the part before the @; what our settings say is known.
        severity = Severity.ERROR if case.expected else Severity.WARNING
        evidence = (f"{answer.url}: <username>{EMAILLOCALPART}</username>",)
        yield catalogue.finding(
            "AC_USERNAME",
            subject,
            severity=severity,
            root=(),
            evidence=evidence,
            affects=READERS,
            url=_short(answer),
            username=case.address.local_part,
            address=case.address.ascii,
        )


def _fault(case: Case, facts: Discovery, answer: Answer, code: str) -> Finding:
    own = answer is facts.autoconfig.own
    # The first place that says 2xx is believed: Thunderbird (153) then asks no other, whatever stands there.
    hides = own and 200 <= answer.status < 300
    reasons = (answer.reading.place,) if answer.reading and answer.reading.fault is not Fault.HTML else ()
    # A web site that answers everything does so under every name that leads to it.
    catch_all = code == "AC_HTML_200" and (not own or facts.is_wildcard("autoconfig"))
    ours = own and is_our_alias(case, facts.names["autoconfig"])
    return catalogue.finding(
        code,
        subject_of(answer),
        severity=Severity.ERROR if hides else severity_of(facts, answer),
        owner=Owner.PROVIDER if ours else None,
        root=("catch-all",) if catch_all else None,
        records=() if ours else paste_name(case, answer.host),
        evidence=(*answer.trail.steps[-3:], *reasons),
        affects=READERS,
        url=_short(answer),
        status=answer.status,
    )


def _http_only(case: Case, answer: Answer, plain: Answer) -> Finding:
    return catalogue.finding(
        "AC_HTTP_ONLY",
        subject_of(answer),
        root=(),
        records=paste_name(case, answer.host),
        evidence=(*answer.trail.steps[-3:], *(plain.trail.steps[-1:] if plain is not answer else ())),
        affects=_HTTPS_ONLY,
        host=answer.host,
    )


def _short(answer: Answer) -> str:
    """Return the URL without its query, which holds an address."""
    return answer.url.partition("?")[0]


# --- certificates ------------------------------------------------------------------------------------------------------------------


def judge_connections(case: Case, facts: Discovery) -> Iterator[Verdict]:
    """Judge the web servers that programs meet when they ask for settings: that each address answers, and names and dates of certificates.

    Chains and strength are judged with all other certificates.
    """
    yield from _dead_addresses(case, facts)
    told: dict[str, Finding | None] = {}
    for connection in facts.connections:
        certificate = connection.tls.certificate if connection.tls else None
        if certificate is None or connection.tcp is not TCP.CONNECTED:
            continue
        host = connection.endpoint.host.ascii
        code = _certificate_fault(case, connection, certificate)
        if code is None:
            told.setdefault(host, None)
            for well in ("AC_TLS_NAME", "AC_TLS_EXPIRED"):
                yield catalogue.passed(well, Subject.of(connection.endpoint))
        else:
            told[host] = found = _tls(case, facts, code, connection, certificate)
            yield found
    hidden = (("AC_BAD_XML", facts.autoconfig.own), ("AD_POX_BAD_XML", facts.autodiscover.own), ("PACC_BAD", facts.pacc.answer))
    for code, answer in hidden:
        if answer.trail.end.failure is not HTTPFailure.CERTIFICATE or _is_left_alone(facts, answer.host.partition(".")[0]):
            continue
        by = told.get(answer.host)
        if answer.host not in told:  # seen by the one who fetched alone
            by = _untrusted(case, facts, answer)
            yield by
        if by is not None:
            yield catalogue.skipped(code, subject_of(answer), by)


def _dead_addresses(case: Case, facts: Discovery) -> Iterator[Finding]:
    """Yield the addresses that do not answer while another of the same name does; that none does is seen by what is fetched."""
    alive = {one.endpoint.host for one in facts.connections if one.tcp is TCP.CONNECTED}
    for one in facts.connections:
        if one.tcp not in _DEAD or one.endpoint.host not in alive:
            continue
        host, ip = one.endpoint.host.ascii, one.endpoint.ip
        code = "DNS_AAAA_STALE" if ":" in ip else "AC_ADDRESS_DEAD"
        # Web clients try the next address by themselves; it costs time, not the settings.
        evidence = (f"{host} [{ip}]:{one.endpoint.port}: {one.tcp.value}",)
        ours = any(name.name == host and is_our_alias(case, name) for name in facts.names.values())
        yield catalogue.finding(
            code,
            Subject.of(one.endpoint),
            severity=Severity.WARNING,
            owner=Owner.PROVIDER if ours else None,
            root=("web", ip),
            evidence=evidence,
            affects=READERS,
            host=host,
            ip=ip,
        )


def _is_left_alone(facts: Discovery, label: str) -> bool:
    return facts.is_wildcard(label) or any(map(is_microsoft, facts.names[label].aliases))


def _certificate_fault(case: Case, connection: Connection, certificate: Certificate) -> str | None:
    if not certificate.covers(connection.endpoint.host):
        return "AC_TLS_NAME"
    return None if certificate.not_before <= case.world.now <= certificate.not_after else "AC_TLS_EXPIRED"


def _tls(case: Case, facts: Discovery, code: str, connection: Connection, certificate: Certificate) -> Finding:
    host = connection.endpoint.host.ascii
    names = certificate.names or ((certificate.common_name,) if certificate.common_name else ())
    since, until = (f"{date:%Y-%m-%d}" for date in (certificate.not_before, certificate.not_after))
    return catalogue.finding(
        code,
        Subject.of(connection.endpoint),
        severity=_tls_severity(facts, host),
        root=(certificate.fingerprint,),
        evidence=(f"{host} [{connection.endpoint.ip}]: certificate for {', '.join(names[:10]) or '-'}, {since} to {until}",),
        affects=_affected(case, host),
        host=host,
        names=names[:10] or ("-",),
        since=since,
        until=until,
    )


def _untrusted(case: Case, facts: Discovery, answer: Answer) -> Finding:
    return catalogue.finding(
        "AC_TLS_UNTRUSTED",
        subject_of(answer),
        severity=_tls_severity(facts, answer.host),
        evidence=answer.trail.steps[-1:],
        affects=_affected(case, answer.host),
        host=answer.host,
    )


def _tls_severity(facts: Discovery, host: str) -> Severity:
    return severity_of(facts, *(answer for answer in facts.answers if host in answer.trail.hosts))


def _affected(case: Case, host: str) -> tuple[str, ...]:
    if host == under("autodiscover", case.domain):
        return _AUTODISCOVER_READERS
    return () if host == under("ua-auto-config", case.domain) else READERS
