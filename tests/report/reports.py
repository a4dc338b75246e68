"""Reports made by hand: one with a finding of each kind, one in which all is well, one with what a hostile server would say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from autoconfig import catalogue
from autoconfig.address import Domain, EmailAddress
from autoconfig.findings import Finding, Group, Passed, Report, Severity, Stage, Subject, Verdict, settle

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
