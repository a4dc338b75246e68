"""Reports made by hand: one with a finding of each kind, one in which all is well, one with what a hostile server would say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from autoconfig import catalogue, i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Outcome, Result
from autoconfig.clients.works import End, Works
from autoconfig.findings import Finding, Group, Owner, Passed, Report, Severity, Stage, Subject, Validity, Verdict, settle
from autoconfig.report.formats import FORMATS
from autoconfig.report.telling import Manner, Told

KUND = Domain.parse("kund.se")
IMAPS = Subject("mail.kund.se", "imaps", "192.0.2.20", 993)
POP3S = replace(IMAPS, service="pop3s", port=995)
SIX = replace(POP3S, ip="2001:db8::20")
NAME = Subject("autodiscover.kund.se")

RECORD = "autodiscover.kund.se. IN CNAME a-rather-long-name-for-a-service.autoconfig.karlahosting.se."
COMMAND = "/usr/local/cpanel/bin/whmapi1 start_autossl_check_for_one_user username=kund --and --a --long --line"


def report(*verdicts: Verdict, domain: Domain = KUND, address: str | None = None) -> Report:
    """The report of *verdicts*."""
    stages = (Stage("delegation", 120), Stage("endpoints", 230))
    asked = EmailAddress.parse(address) if address else None
    return Report(domain, asked, datetime(2026, 11, 23, 8, 0, 0, 999, tzinfo=UTC), 412, *settle(verdicts), stages=stages)


def server_name(subject: Subject) -> Finding:
    """The machine's own certificate instead of the customer's."""
    return catalogue.finding(
        "CERT_NAME_MISMATCH",
        subject,
        root=("f1",),
        evidence=[f"{subject.host}:{subject.port} [{subject.ip}] shows a certificate for server7.host.se"],
        commands=[COMMAND],
        affects=["thunderbird", "apple"],
        name="mail.kund.se",
        certificate_names=("server7.host.se", "www.host.se"),
    )


def missing_name() -> Finding:
    """A record that should be there."""
    return catalogue.finding(
        "DISC_NAME_MISSING",
        NAME,
        severity=Severity.WARNING,
        records=[RECORD],
        evidence=["autodiscover.kund.se. IN A: nxdomain"],
        affects=["outlook"],
        names=("autodiscover.kund.se",),
    )


def unfinished() -> Finding:
    """What we could not find out."""
    return catalogue.finding("DEADLINE", Subject("kund.se"), evidence=[f"DNS MX {n}.kund.se" for n in range(9)], what=("DNS MX kund.se",))


def faulty() -> Report:
    """Three findings, one of them at three places; two things that are well, and one that was skipped."""
    worst = server_name(IMAPS)
    return report(
        worst,
        server_name(POP3S),
        server_name(SIX),
        missing_name(),
        unfinished(),
        Passed("TCP_REFUSED", Group.ENDPOINTS, IMAPS),
        Passed("TCP_REFUSED", Group.ENDPOINTS, POP3S),
        catalogue.skipped("AUTH_NONE", IMAPS, worst),
    )


def well() -> Report:
    """Nothing to complain of."""
    return report(
        *(Passed("TCP_REFUSED", Group.ENDPOINTS, subject) for subject in (IMAPS, POP3S)), Passed("MX_NONE", Group.DELEGATION, NAME)
    )


HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n\x9b31m\u202egro.live\u2066\x00\u200b\ud800 [bold]x[/bold] %s %(x)s :smile: <b>"


def hostile(text: str = HOSTILE) -> Report:
    """A server that says *text* wherever it can."""
    found = replace(
        missing_name(),
        args={"names": (text, text)},
        evidence=(text, *[text * 20] * 9),
        records=(text,),
        commands=(text,),
        also=(Subject(text[:200]),),
    )
    return report(found, replace(found, root=("x",), subject=Subject(text[:200])))


def tell(format_: str, *reports: Report, language: str = "en", **manner) -> str:
    """What --format *format_* makes of *reports*."""
    texts = i18n.texts(language)
    return FORMATS[format_].write([Told(each, texts) for each in reports], Manner(texts, **manner))


def whole() -> Report:
    """The faulty one, with what mail programs end up with and three certificates, one of which has expired."""
    thunderbird, k9, outlook = (CLIENTS[name] for name in ("thunderbird", "k9", "outlook"))
    ends = (
        End(thunderbird, Outcome(Result.AUTOMATIC, via="https://autoconfig.kund.se/mail/config-v1.1.xml"), Works(True)),
        End(k9, Outcome(Result.MANUAL), Works()),
        End(outlook, Outcome(Result.PROMPT), Works(False, "SERVER_REFUSES", {"host": "mail.kund.se", "port": 993})),
    )
    made = faulty()
    dates = [(IMAPS, 40), (POP3S, -3), (SIX, 7)]
    certificates = tuple(Validity(subject, made.started - timedelta(90), made.started + timedelta(days)) for subject, days in dates)
    return replace(made, clients=ends, certificates=certificates)


_WORDS = st.text(max_size=40) | st.sampled_from(
    [HOSTILE, "x" * 10_000, "a | b\nc", "<script>alert(1)</script>", "]]>", "'=\\\"", "{{ 7 * 7 }}"]
)
_SUBJECTS = st.builds(Subject, st.none() | _WORDS, st.none() | _WORDS, st.none() | _WORDS, st.none() | st.integers(0, 65535))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report, in which servers have said anything."""
    lines = st.lists(_WORDS, max_size=3).map(tuple)

    def found(at: int) -> Finding:
        return replace(
            missing_name(),
            severity=draw(st.sampled_from(Severity)),
            owner=draw(st.sampled_from(Owner)),
            subject=draw(_SUBJECTS),
            root=(str(at),),
            args={"names": draw(lines)},
            evidence=draw(lines),
            records=draw(lines),
            commands=draw(lines),
            affects=draw(lines),
        )

    findings = [found(at) for at in range(draw(st.integers(0, 3)))]
    passed = [Passed("TCP_REFUSED", Group.ENDPOINTS, draw(_SUBJECTS)) for _ in range(draw(st.integers(0, 2)))]
    skipped = [catalogue.skipped("AUTH_NONE", draw(_SUBJECTS), finding) for finding in findings[:1]]
    made = report(*findings, *passed, *skipped)
    days = draw(st.integers(-50_000, 50_000))
    shown = Validity(replace(draw(_SUBJECTS), port=993), made.started - timedelta(1), made.started + timedelta(days))
    return replace(made, certificates=(shown,) * draw(st.integers(0, 1)))
