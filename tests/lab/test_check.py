"""`autoconfig check` at real servers: each thing that is wrong is told once, by its name, with whose job it is and what to paste.

A scene is served, the command is run as a person runs it, and what it says is all that may be said.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TellFault

from . import hosting as faults
from . import resolver, website
from .ca import Certificate, Fault
from .hosting import DOMAIN, MAIL, MAIL_6, MX, NOBODY, NOBODY_6, SERVICE_NAME, SILENT, SILENT_6, UNREACHABLE_6, Change, Hosting, Scene
from .website import Page, Site
from .world import HOST, KARLAHOSTING, STARTTLS

pytestmark = pytest.mark.lab

Report = dict[str, Any]
Findings = tuple[str, ...]  # each "CODE severity"

MAIL_NAME = f"mail.{DOMAIN}"
SRV = {
    "imaps": f"_imaps._tcp.{DOMAIN}. IN SRV 0 0 993 {HOST}.",
    "pop3s": f"_pop3s._tcp.{DOMAIN}. IN SRV 10 0 995 {MAIL_NAME}.",
    "submissions": f"_submissions._tcp.{DOMAIN}. IN SRV 0 0 465 {HOST}.",
    "submission": f"_submission._tcp.{DOMAIN}. IN SRV 1 0 587 {HOST}.",
}
OUR_MX = f"{DOMAIN}. IN MX 10 {MX}."
EXIT = {"ok": 0, "notice": 0, "warning": 1, "unknown": 3, "error": 2, "critical": 2}
SEVERITIES = ("notice", "warning", "unknown", "error", "critical")
IMPATIENT = ("--deadline", "1")


def our_alias(label: str) -> str:
    """Return the record that makes one of our names the service's."""
    return f"{label}.{DOMAIN}. IN CNAME {SERVICE_NAME}."


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a scene: *findings*, of which the first is about *host* and the job of *owner*, says *words* and offers *records*."""

    scene: str
    change: Change
    findings: Findings
    host: str = DOMAIN
    owner: str = "customer"
    words: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def _host_is_gone(scene: Scene) -> Scene:
    return scene.with_records(HOST, {"A": [NOBODY]}, "karlahosting.test")


def _only_by_ipv6(scene: Scene) -> Scene:
    return scene.with_records(HOST, {"AAAA": [MAIL_6]}, "karlahosting.test")


def _second_mx(address: str) -> Change:
    """Give the domain a second MX of the host's, at *address*."""

    def change(scene: Scene) -> Scene:
        other = f"mx2.{HOST.partition('.')[2]}"
        scene = replace(scene, settings=scene.settings.replace(f'"10 {MX}"', f'"10 {MX}", "20 {other}"'))
        return scene.with_more(scene.domain, {"MX": [f"10 {MX}.", f"20 {other}."]}).with_records(
            other, {"A": [address]}, "karlahosting.test"
        )

    return change


def _our_names(fault: Fault, *labels: str) -> Change:
    """All names of *labels* show one certificate with *fault*."""

    def change(scene: Scene) -> Scene:
        names = tuple(f"{label}.{scene.domain}" for label in labels)
        service = scene.sites["service"]
        rest = replace(service, names=tuple(name for name in service.names if name not in names))
        return scene.with_site("service", rest).with_site("bad", Site(names, Certificate(names, fault)))

    return change


CLEAN = (
    Told("clean", lambda scene: scene, ()),
    Told("signed", faults.signed, ()),
    Told("the server has no IPv4", _only_by_ipv6, ()),
)

CERTIFICATES = (
    Told(
        "the server's certificate",
        faults.server_name_certificate,
        ("CERT_SERVER_NAME critical",),
        MAIL_NAME,
        "provider",
        (f"{MAIL_NAME} shows a certificate for {HOST}", f"publish {HOST}", f"or issue a certificate for {MAIL_NAME}", "SNI"),
    ),
    Told("expired", faults.bad_certificate(Fault.EXPIRED), ("CERT_EXPIRED critical",), MAIL_NAME, "provider", ("Renew", "reload")),
    Told("not yet", faults.bad_certificate(Fault.NOT_YET_VALID), ("CERT_NOTYET critical",), MAIL_NAME, "provider", ("not valid before",)),
    Told("self-signed", faults.bad_certificate(Fault.SELF_SIGNED), ("CERT_SELF critical",), MAIL_NAME, "provider", ("public authority",)),
    Told(
        "no intermediate",
        faults.bad_certificate(Fault.NO_INTERMEDIATE),
        ("CERT_CHAIN_INCOMPLETE error",),
        MAIL_NAME,
        "provider",
        ("whole chain", "fullchain.pem"),
    ),
    # Nobody can tell an authority that nobody knows from an intermediate that is left out.
    Told(
        "untrusted", faults.bad_certificate(Fault.UNTRUSTED), ("CERT_CHAIN_INCOMPLETE error",), MAIL_NAME, "provider", ("Nobody knows us",)
    ),
    Told(
        "somebody else's name",
        faults.bad_certificate(Fault.WRONG_NAME),
        ("CERT_NAME_MISMATCH critical",),
        MAIL_NAME,
        "provider",
        ("wrong-name.test",),
    ),
    Told("the host's expired", faults.bad_host_certificate(Fault.EXPIRED), ("CERT_EXPIRED critical",), HOST, "provider", ("Renew",)),
    Told(
        "autoconfig's expired",
        faults.bad_autoconfig_certificate(Fault.EXPIRED),
        ("AC_TLS_EXPIRED warning",),
        f"autoconfig.{DOMAIN}",
        "provider",
        ("Renew the certificate",),
    ),
    Told(
        "autoconfig's for another name",
        faults.bad_autoconfig_certificate(Fault.WRONG_NAME),
        ("AC_TLS_NAME warning",),
        f"autoconfig.{DOMAIN}",
        "provider",
        ("wrong-name.test", f"has the name autoconfig.{DOMAIN}"),
    ),
    Told(
        "one expired for all our names",
        _our_names(Fault.EXPIRED, "autoconfig", "autodiscover"),
        ("AC_TLS_EXPIRED warning",),
        f"autoconfig.{DOMAIN}",
        "provider",
    ),
)

SERVERS = (
    Told(
        "submission without STARTTLS",
        faults.no_starttls_at_submission,
        ("STARTTLS_ABSENT error", "AUTH_PLAINTEXT_OFFERED warning"),
        HOST,
        "provider",
        ("port 587", "Switch on STARTTLS"),
    ),
    Told(
        "no TLS for mailboxes",
        faults.no_tls_for_mailboxes,
        ("TCP_REFUSED critical", "TCP_REFUSED error"),
        HOST,
        "provider",
        ("refuses connections on port 993", "listen on port 993"),
    ),
    Told("the MX without STARTTLS", faults.no_starttls_at_mx, ("STARTTLS_ABSENT warning",), MX, "provider", ("port 25",)),
    Told("passwords in the clear", faults.plaintext_login, ("AUTH_PLAINTEXT_OFFERED warning",), HOST, "provider", ("Demand TLS", "587")),
    Told(
        "993 and 143 swapped",
        faults.swapped_ports,
        ("PLAIN_ON_TLS error", "PLAIN_ON_TLS error"),
        HOST,
        "provider",
        ("993", "TLS from the start"),
    ),
    Told(
        "submission without login",
        faults.submission_without_login,
        ("AUTH_NONE error", "AUTH_NONE error"),
        HOST,
        "provider",
        ("465", "587"),
    ),
    Told(
        "a low size limit",
        faults.low_size_limit,
        ("SIZE_LOW notice", "SIZE_LOW notice"),
        HOST,
        "provider",
        ("1.0 MB", "message_size_limit"),
    ),
    Told(
        "TLS 1.0 and nothing newer",
        faults.old_tls,
        ("TLS_TOO_OLD warning", "TLS_TOO_OLD warning", "TLS_TOO_OLD notice"),
        HOST,
        "provider",
        ("1.2",),
    ),
    Told("the mail name is dead", faults.dead_mail_name(), ("TCP_REFUSED error",), MAIL_NAME, "provider", ("995", "465")),
    Told(
        "the mail name is silent",
        faults.dead_mail_name(SILENT),
        ("TCP_TIMEOUT error",),
        MAIL_NAME,
        "provider",
        ("firewall",),
        options=IMPATIENT,
    ),
    Told("the host is gone", _host_is_gone, ("TCP_REFUSED critical",), HOST, "provider", ("993", "465", "587")),
    Told("one MX of two is dead", _second_mx(NOBODY), ("TCP_REFUSED warning",), "mx2.karlahosting.test", "provider", ("port 25",)),
)

NAMES = (
    *(
        Told(
            f"stale AAAA, {what}",
            faults.stale_aaaa(address),
            ("DNS_AAAA_STALE error",),
            MAIL_NAME,
            "customer",
            (address, "the IPv4 address works", "Remove the AAAA record"),
            options=IMPATIENT,
        )
        for what, address in (("refused", NOBODY_6), ("silent", SILENT_6), ("away", UNREACHABLE_6))
    ),
    Told(
        "stale AAAA of the host",
        lambda scene: scene.with_records(HOST, {"A": [MAIL], "AAAA": [NOBODY_6]}, "karlahosting.test"),
        ("DNS_AAAA_STALE error",),
        HOST,
        "provider",
        (NOBODY_6,),
    ),
    Told(
        "stale AAAA of our service",
        lambda scene: scene.with_records(SERVICE_NAME, {"A": [website.ADDRESS], "AAAA": [NOBODY_6]}, "karlahosting.test"),
        ("DNS_AAAA_STALE warning",),
        f"autoconfig.{DOMAIN}",
        "provider",
    ),
    Told(
        "no SRV",
        faults.no_srv,
        ("SRV_MISSING warning",),
        f"_imaps._tcp.{DOMAIN}",
        "customer",
        ("Add the SRV records",),
        tuple(SRV.values()),
    ),
    Told(
        "wrong SRV", faults.wrong_srv, ("SRV_WRONG warning",), f"_imaps._tcp.{DOMAIN}", "customer", (faults.STALE_SERVER,), (SRV["imaps"],)
    ),
    Told(
        "SRV to an alias",
        faults.srv_to_alias,
        ("SRV_WRONG warning",),
        f"_imaps._tcp.{DOMAIN}",
        "customer",
        (f"imap.{DOMAIN}",),
        (SRV["imaps"],),
    ),
    Told("no POP name", faults.no_pop_name, ("DNS_HOST_MISSING error",), MAIL_NAME, records=(f"{MAIL_NAME}. IN CNAME {HOST}.",)),
    Told(
        "alias to nothing",
        faults.alias_to_nothing,
        ("DNS_CNAME_TO_NXDOMAIN error",),
        f"autoconfig.{DOMAIN}",
        records=(our_alias("autoconfig"),),
    ),
    Told("alias in a circle", faults.alias_loop, ("DNS_CNAME_LOOP error",), f"autoconfig.{DOMAIN}", records=(our_alias("autoconfig"),)),
    Told(
        "MX elsewhere", faults.mx_elsewhere, ("MX_ELSEWHERE notice",), words=("not with KarlaHosting", faults.ELSEWHERE), records=(OUR_MX,)
    ),
    Told("no MX", faults.no_mx, ("MX_NONE error",), records=(OUR_MX,)),
    Told("null MX", faults.null_mx, ("MX_NULL error",), records=(OUR_MX,)),
    Told(
        "the domain is gone",
        faults.no_domain,
        ("DNS_NXDOMAIN critical",),
        owner="registrar",
        words=("does not exist", "Check the spelling"),
    ),
    Told("bogus", faults.bogus, ("DNS_DS_MISMATCH critical",), owner="registrar", words=("Remove the DS record",)),
    Told("lame", faults.lame, ("DNS_SERVFAIL error",), words=("name servers",)),
    Told("half lame", faults.half_lame, ("DNS_LAME warning",), words=("ns2.karlahosting.test",)),
    Told("silent name servers", faults.silent_name_servers, ("DNS_SERVFAIL unknown",), options=IMPATIENT),
    Told(
        "the resolver remembers",
        faults.stale_resolver,
        ("DNS_STALE_CACHE warning",),
        MAIL_NAME,
        "nobody",
        (NOBODY, MAIL, "UTC", "Wait until"),
    ),
)

DOCUMENTS = (
    Told(
        "a stale document",
        faults.stale_document,
        ("DISC_VS_STORE error",),
        f"autoconfig.{DOMAIN}",
        words=(f"imaps {faults.STALE_SERVER}:993", f"Right is: imaps {HOST}:993"),
        records=(our_alias("autoconfig"),),
    ),
    Told(
        "a contradicting document",
        faults.contradicting_document,
        ("DISC_VS_STORE error",),
        words=("/.well-known/autoconfig/", faults.STALE_SERVER),
    ),
    Told(
        "autoconfig without HTTPS",
        faults.autoconfig_without_https,
        ("AC_HTTP_ONLY warning",),
        f"autoconfig.{DOMAIN}",
        "provider",
        ("https",),
    ),
    Told("the site catches all", faults.catch_all_site, ("AC_HTML_200 warning",), words=("web page instead of settings", "404")),
    Told(
        "a wildcard",
        faults.wildcard_site,
        ("DNS_WILDCARD_HIT error", "AC_HTML_200 warning"),
        words=(website.THEIRS,),
        records=tuple(map(our_alias, ("autoconfig", "autodiscover", "ua-auto-config"))),
    ),
    Told(
        "a leftover of Microsoft 365",
        faults.microsoft_365_leftover,
        ("AD_M365_STEERS error",),
        f"autodiscover.{DOMAIN}",
        words=("Microsoft 365",),
        records=(our_alias("autodiscover"),),
    ),
)


DELIVERY = (
    Told(
        "two SPF",
        faults.two_spf,
        ("SPF_TWO error",),
        records=(f'{DOMAIN}. IN TXT "v=spf1 include:spf.karlahosting.test mx a:{HOST} ~all"',),
    ),
    Told("+all", faults.open_spf, ("SPF_ALLOWS_ALL error",), words=("+all",), records=(f'{DOMAIN}. IN TXT "v=spf1 mx a:{HOST} ~all"',)),
    Told("SPF in a circle", faults.spf_loop, ("SPF_LOOP error",), words=(DOMAIN,)),
    Told("a long SPF", faults.long_spf, ("SPF_TOO_MANY_LOOKUPS error",), words=("14 times",)),
    Told(
        "SPF without the host",
        faults.spf_without_host,
        ("SPF_LACKS_PROVIDER warning",),
        words=("KarlaHosting",),
        records=(f'{DOMAIN}. IN TXT "v=spf1 a:{HOST} ip4:203.0.113.9 -all"',),
    ),
    Told("a weak DKIM key", faults.weak_dkim, ("DKIM_WEAK warning",), f"default._domainkey.{DOMAIN}", words=("1024 bits",)),
    Told("no DKIM key", faults.no_dkim, ("DKIM_NONE_FOUND notice",)),
    Told(
        "no DKIM key where there should be one",
        faults.no_dkim,
        ("DKIM_MISSING error",),
        f"karla1._domainkey.{DOMAIN}",
        words=("karla1",),
        options=("--selector", "karla1"),
    ),
    Told("no DMARC", faults.no_dmarc, ("DMARC_MISSING warning",), records=(f'_dmarc.{DOMAIN}. IN TXT "v=DMARC1; p=none"',)),
    Told("MTA-STS", faults.mta_sts(MX), ()),
    Told("MTA-STS of another exchanger", faults.mta_sts(faults.ELSEWHERE), ("STS_MX error",), words=(MX, "mta-sts.txt", "a new id")),
    Told("listed", faults.listed, ()),
    Told(
        "listed, and asked for",
        faults.listed,
        ("RBL_LISTED warning",),
        HOST,
        "provider",
        (MAIL, "bl.spamcop.net"),
        options=("--blocklists",),
    ),
    Told("no PTR", faults.no_ptr, ("PTR_MISSING error",), HOST, "provider", (MAIL,), (f"40.2.0.192.in-addr.arpa. IN PTR {HOST}.",)),
)


def stacked(*changes: Change) -> Change:
    """Return all *changes* at once."""
    return lambda scene: reduce(lambda so_far, change: change(so_far), changes, scene)


STACKED = (
    Told(
        "the server's certificate, no SRV, the size",
        stacked(faults.server_name_certificate, faults.no_srv, faults.low_size_limit),
        ("CERT_SERVER_NAME critical", "SRV_MISSING warning", "SIZE_LOW notice", "SIZE_LOW notice"),
        MAIL_NAME,
        "provider",
    ),
    Told(
        "expired, stale AAAA, no MX",
        stacked(faults.bad_certificate(Fault.EXPIRED), faults.stale_aaaa(), faults.no_mx),
        ("CERT_EXPIRED critical", "MX_NONE error", "DNS_AAAA_STALE error"),
        MAIL_NAME,
        "provider",
    ),
    Told(
        "half lame, mail elsewhere, the site catches all",
        stacked(faults.half_lame, faults.mx_elsewhere, faults.catch_all_site),
        ("DNS_LAME warning", "AC_HTML_200 warning", "MX_ELSEWHERE notice"),
    ),
    Told(
        "signed, no POP name, wrong SRV, autoconfig expired",
        stacked(faults.signed, faults.no_pop_name, faults.wrong_srv, faults.bad_autoconfig_certificate(Fault.EXPIRED)),
        ("DNS_HOST_MISSING error", "SRV_WRONG warning", "AC_TLS_EXPIRED warning"),
        MAIL_NAME,
    ),
    Told(
        "the resolver remembers, and the host's certificate has expired",
        stacked(faults.bad_host_certificate(Fault.EXPIRED), faults.stale_resolver),
        ("CERT_EXPIRED critical", "DNS_STALE_CACHE warning"),
        HOST,
        "provider",
    ),
)

STRANGERS = (
    Told("clean", lambda scene: scene, ()),
    Told(
        "the server's certificate",
        faults.server_name_certificate,
        ("CERT_SERVER_NAME critical",),
        MAIL_NAME,
        "provider",
        (f"publish {HOST}", f"issue a certificate for {MAIL_NAME}"),
    ),
    Told("expired", faults.bad_certificate(Fault.EXPIRED), ("CERT_EXPIRED critical",), MAIL_NAME, "provider"),
    # Which of the two is right a stranger cannot know; that the other one is dead is to be seen.
    Told(
        "a contradicting document",
        faults.contradicting_document,
        ("DISC_DISAGREE error", "TCP_REFUSED error"),
        "",
        "provider",
        (faults.STALE_SERVER,),
    ),
    Told("wrong SRV", faults.wrong_srv, ("DISC_DISAGREE error", "TCP_REFUSED error"), "", "provider", ("SRV",)),
    Told("no SRV", faults.no_srv, ()),
    Told("no POP name", faults.no_pop_name, ("DNS_HOST_MISSING error",), MAIL_NAME),
    Told("stale AAAA", faults.stale_aaaa(), ("DNS_AAAA_STALE error",), MAIL_NAME),
    Told("MX elsewhere", faults.mx_elsewhere, ()),
    Told("the resolver remembers", faults.stale_resolver, ("DNS_STALE_CACHE warning",), MAIL_NAME, "nobody"),
    Told("SPF without the host", faults.spf_without_host, ()),
    Told("the domain is gone", faults.no_domain, ("DNS_NXDOMAIN critical",), owner="registrar"),
)


@pytest.fixture(scope="module")
def clean(hosting: Hosting) -> Scene:
    """The scene in which everything is right."""
    return hosting.clean()


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """An instance folder without anything in it."""
    folder = tmp_path / "nothing"
    folder.mkdir()
    return folder


def _named(told: Told) -> str:
    return told.scene.replace(" ", "-").replace(",", "")


def _ran(hosting: Hosting, *arguments: str, instance: Path | None = None) -> tuple[int, Report]:
    return _read(hosting.check(*arguments, "--format", "json", instance=instance))


def _read(done: subprocess.CompletedProcess[str]) -> tuple[int, Report]:
    assert done.stdout.startswith("{"), done
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def _codes(findings: Iterable[Report]) -> list[str]:
    return sorted(f"{finding['code']} {finding['severity']}" for finding in findings)


def _words(finding: Report) -> str:
    return "\n".join((finding["message"], finding["cause"], finding["fix"]["text"]))


def _is_whole(code: int, report: Report) -> None:
    """Assert what holds for every report: its texts, its numbers, and the exit code."""
    findings = report["findings"]
    worst = max((finding["severity"] for finding in findings), key=SEVERITIES.index, default="ok")
    assert report["schema"] == "autoconfig.report/1"
    assert (report["status"], code) == (worst, EXIT[worst])
    assert {name: report["counts"][name] for name in SEVERITIES} == {
        name: sum(finding["severity"] == name for finding in findings) for name in SEVERITIES
    }
    assert report["counts"]["skipped"] == len(report["skipped"])
    prints = [finding["fingerprint"] for finding in findings]
    assert len(set(prints)) == len(prints)
    assert {skipped["by"] for skipped in report["skipped"]} <= set(prints)
    for finding in findings:
        assert all((finding["message"], finding["cause"], finding["fix"]["text"], finding["evidence"])), finding
        assert "%(" not in _words(finding), finding
        assert "Traceback" not in "".join(finding["evidence"]), finding


def _is_told(told: Told, report: Report, findings: Sequence[Report]) -> None:
    assert _codes(findings) == sorted(told.findings), json.dumps(report, indent=1, ensure_ascii=False)
    if not findings:
        return
    first = next(finding for finding in findings if f"{finding['code']} {finding['severity']}" == told.findings[0])
    assert first["subject"].get("host", "") == told.host
    assert first["fix"]["owner"] == told.owner
    for words in told.words:
        assert words in _words(first)
    assert [record for record in told.records if record not in first["fix"]["records"]] == []


@pytest.mark.parametrize("told", [*CLEAN, *CERTIFICATES, *SERVERS, *NAMES, *DOCUMENTS, *DELIVERY, *STACKED], ids=_named)
def test_what_is_wrong_is_told_once_and_nothing_else(hosting: Hosting, clean: Scene, told: Told, tell_fault: TellFault) -> None:
    """With its weight, its owner, what to do and what to paste; and the exit code is that of the worst."""
    tell_fault("Real servers and zones, one of our domains", told.scene, {found.split()[0] for found in told.findings})
    scene = hosting.serve(told.change(clean))
    if scene.settings != clean.settings:
        hosting.service.import_settings(scene.settings)
    code, report = _ran(hosting, DOMAIN, *told.options)
    if scene.settings != clean.settings:
        hosting.service.import_settings(clean.settings)
    _is_whole(code, report)
    _is_told(told, report, report["findings"])


@pytest.mark.parametrize("told", STRANGERS, ids=_named)
def test_a_stranger_is_told_what_can_be_seen_from_outside(
    hosting: Hosting, clean: Scene, nothing: Path, told: Told, tell_fault: TellFault
) -> None:
    """Without our settings, and nothing is left behind; that the lab's addresses are nobody's on the Internet is a notice."""
    tell_fault("Real servers and zones, a domain of others", told.scene, {found.split()[0] for found in told.findings})
    hosting.serve(told.change(clean))
    code, report = _ran(hosting, DOMAIN, *told.options, instance=nothing)
    _is_whole(code, report)
    notices = {finding["code"] for finding in report["findings"] if finding["severity"] == "notice"}
    assert notices <= {"DNS_PRIVATE_ADDRESS", "MX_PRIVATE_IP"}
    _is_told(told, report, [finding for finding in report["findings"] if finding["code"] not in notices])
    assert list(nothing.iterdir()) == []


@pytest.mark.parametrize("group", ["delegation", "discovery", "endpoints", "certificates", "submission", "deliverability"])
def test_each_group_alone_is_well(hosting: Hosting, clean: Scene, group: str) -> None:
    """`--only` judges that group, and finds something to judge."""
    hosting.serve(clean)
    code, report = _ran(hosting, DOMAIN, "--only", group)
    _is_whole(code, report)
    assert (code, report["findings"]) == (0, [])
    assert report["counts"]["ok"] > 3


def test_only_one_group_tells_only_of_that(hosting: Hosting, clean: Scene) -> None:
    """The faults of others are not told."""
    hosting.serve(stacked(faults.server_name_certificate, faults.no_srv)(clean))
    assert _codes(_ran(hosting, DOMAIN, "--only", "discovery")[1]["findings"]) == ["SRV_MISSING warning"]
    assert _codes(_ran(hosting, DOMAIN, "--only", "submission,certificates")[1]["findings"]) == ["CERT_SERVER_NAME critical"]


# ---- the same again ----


def _lasting(report: Report) -> list[Report]:
    """Return the findings without what a clock has to do with."""
    return sorted(
        ({name: value for name, value in finding.items() if name != "evidence"} for finding in report["findings"]),
        key=lambda finding: str(finding["fingerprint"]),
    )


@pytest.mark.parametrize("told", [STACKED[1], STACKED[2], STACKED[4]], ids=_named)
def test_saved_answers_are_judged_alike_without_a_network(hosting: Hosting, clean: Scene, tmp_path: Path, told: Told) -> None:
    """A second run has the same fingerprints; `--from-facts` has everything the same, to the last word, though nobody can be asked."""
    hosting.serve(told.change(clean))
    saved = tmp_path / "facts.json"
    first, again = _ran(hosting, DOMAIN, "--facts", str(saved)), _ran(hosting, DOMAIN)
    assert [finding["fingerprint"] for finding in _lasting(first[1])] == [finding["fingerprint"] for finding in _lasting(again[1])]
    offline = hosting.service.try_to("check", "--from-facts", str(saved), "--format", "json", env=faults.BASE_URL, cut_off=True)
    code, judged = _read(offline)
    assert code == first[0]
    assert judged["findings"] == first[1]["findings"]
    assert (judged["skipped"], judged["counts"], judged["started"]) == (first[1]["skipped"], first[1]["counts"], first[1]["started"])


def test_saved_answers_hold_no_more_than_was_asked(hosting: Hosting, clean: Scene, tmp_path: Path) -> None:
    """What was not asked when they were saved is unknown, and no fault."""
    hosting.serve(clean)
    saved = tmp_path / "facts.json"
    _ran(hosting, DOMAIN, "--only", "delegation", "--facts", str(saved))
    code, report = _read(hosting.service.try_to("check", "--from-facts", str(saved), "--format", "json", env=faults.BASE_URL, cut_off=True))
    _is_whole(code, report)
    assert {finding["severity"] for finding in report["findings"]} <= {"unknown"}


# ---- before the DNS is moved ----


def test_a_server_is_tried_before_the_dns_is_moved(hosting: Hosting, clean: Scene) -> None:
    """With `--resolve` all is well while mail.DOMAIN still leads to the old machine, or nowhere; without it that is told."""
    there = ("--resolve", f"{MAIL_NAME}={MAIL}", "--resolve", f"{MAIL_NAME}={MAIL_6}")
    for change in (faults.dead_mail_name(), faults.no_pop_name):
        hosting.serve(change(clean))
        assert _ran(hosting, DOMAIN)[0] == 2
        code, report = _ran(hosting, DOMAIN, *there)
        assert (code, _codes(report["findings"])) == (0, [])


def test_a_server_that_is_not_ready_is_told_before_the_dns_is_moved(hosting: Hosting, clean: Scene) -> None:
    """The faults are those of the new machine."""
    hosting.serve(clean)
    code, report = _ran(hosting, DOMAIN, "--resolve", f"{MAIL_NAME}={NOBODY}")
    assert (code, _codes(report["findings"])) == (2, ["TCP_REFUSED error"])
    assert report["findings"][0]["subject"]["ip"] == NOBODY


# ---- other customers ----


def test_every_connection_begins_in_the_clear(hosting: Hosting) -> None:
    """A provider of STARTTLS: well, without it, with passwords in the clear, and with TLS from the start."""
    scene = hosting.clean("ett.test", STARTTLS)
    seen: dict[int, list[str]] = {}
    for change in (lambda scene: scene, faults.no_tls_for_mailboxes, faults.plaintext_login, faults.swapped_ports):
        hosting.serve(change(scene))
        code, report = _ran(hosting, "ett.test")
        _is_whole(code, report)
        seen[len(seen)] = _codes(report["findings"])
    assert seen == {
        0: [],
        1: ["STARTTLS_ABSENT error", "STARTTLS_ABSENT error"],
        2: ["AUTH_PLAINTEXT_OFFERED warning", "AUTH_PLAINTEXT_OFFERED warning"],
        3: ["TLS_ON_PLAIN error", "TLS_ON_PLAIN error"],
    }


def test_a_further_port_that_is_closed(hosting: Hosting) -> None:
    """What stands in `also` is published, so that somebody will use it."""
    also = 'also = [{ port = 2525, tls = "starttls" }, '
    hosting.serve(hosting.clean("tva.test", KARLAHOSTING.replace("also = [", also).replace('"karlahosting"', '"vid"')))
    code, report = _ran(hosting, "tva.test")
    assert (code, _codes(report["findings"])) == (2, ["TCP_REFUSED error"])
    assert report["findings"][0]["subject"]["port"] == 2525


def _listed(**domains: str) -> str:
    return "".join(f'\n[[domain]]\nname = "{name}.test"\n{rest}\n' for name, rest in domains.items())


def test_another_name_for_a_customer(hosting: Hosting) -> None:
    """A domain that is an alias has its own names, and all of it is compared."""
    scene = hosting.clean("tre.test", KARLAHOSTING, _listed(kund='provider = "karlahosting"', tre='alias_of = "kund.test"'))
    hosting.serve(scene)
    assert _ran(hosting, "tre.test")[0] == 0
    hosting.serve(faults.server_name_certificate(scene))
    code, report = _ran(hosting, "tre.test")
    assert (code, _codes(report["findings"])) == (2, ["CERT_SERVER_NAME critical"])
    assert report["findings"][0]["subject"]["host"] == "mail.tre.test"


def test_a_part_of_a_customers_domain(hosting: Hosting) -> None:
    """Where `subdomains` is set, a domain below it is a customer too; its records stand in the zone of the domain above it."""
    above, name = "fyra.test", "butik.fyra.test"
    listed = _listed(fyra='provider = "karlahosting"\nsubdomains = true')
    whole, part = hosting.clean(above, KARLAHOSTING, listed), hosting.clean(name, KARLAHOSTING, listed)
    records = {**whole.zones[above].records, **part.zones[name].records}
    scene = replace(part, domain=above, zones={**whole.zones, above: replace(whole.zones[above], records=records)})
    hosting.serve(scene)
    assert (_ran(hosting, name)[0], _ran(hosting, f"anna@{name}")[0]) == (0, 0)
    hosting.serve(scene.with_records(f"mail.{name}", None))
    code, report = _ran(hosting, name)
    assert (code, _codes(report["findings"])) == (2, ["DNS_HOST_MISSING error"])
    assert report["findings"][0]["fix"]["records"] == [f"mail.{name}. IN CNAME {HOST}."]


def test_a_customer_with_letters_beyond_ascii(hosting: Hosting) -> None:
    """The name is shown as people write it; records and data have it as the DNS does."""
    ascii_name = "xn--byr-wla.test"
    scene = hosting.clean(ascii_name)
    hosting.serve(scene)
    assert _ran(hosting, "byrå.test")[0] == 0
    hosting.serve(faults.no_pop_name(scene))
    code, report = _ran(hosting, "anna@byrå.test")
    assert (code, report["domain"], report["address"]) == (2, ascii_name, f"anna@{ascii_name}")
    assert _codes(report["findings"]) == ["DNS_HOST_MISSING error"]
    assert report["findings"][0]["fix"]["records"] == [f"mail.{ascii_name}. IN CNAME {HOST}."]
    assert f"byrå.test ({ascii_name})" in hosting.check("byrå.test").stdout


def test_a_customer_that_is_suspended_is_a_stranger(hosting: Hosting) -> None:
    """Nothing is compared with settings that are not given out; that our service knows it no more is to be seen."""
    hosting.serve(hosting.clean("fem.test"))
    assert _ran(hosting, "fem.test")[0] == 0
    hosting.service.import_settings(KARLAHOSTING + _listed(fem='provider = "karlahosting"\nsuspended = true'))
    code, report = _ran(hosting, "fem.test")
    worse = _codes(finding for finding in report["findings"] if finding["severity"] != "notice")
    assert (code, worse) == (1, ["AC_404 warning", "AD_POX_404 warning", "PACC_MISSING warning"])


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_document_of_the_wrong_kind(hosting: Hosting, clean: Scene, kind: str) -> None:
    """It says what it should, and Thunderbird does not read it."""
    name = f"autoconfig.{DOMAIN}"
    page = Page("= /mail/config-v1.1.xml", hosting.service.command("show", DOMAIN, "--format", "mozilla"), kind)
    service = clean.sites["service"]
    scene = clean.with_site("service", replace(service, names=tuple(other for other in service.names if other != name)))
    hosting.serve(scene.with_site("copy", Site((name,), Certificate((name,)), (page,))))
    code, report = _ran(hosting, DOMAIN)
    assert (code, _codes(report["findings"])) == (1, ["AC_CONTENT_TYPE warning"])
    assert "text/xml" in report["findings"][0]["fix"]["text"]


# ---- for people ----

TWO_FAULTS = stacked(faults.server_name_certificate, faults.no_srv)


def _shown(hosting: Hosting, *arguments: str, **env: str) -> list[str]:
    where = ("--resolver", resolver.ADDRESS, "--ca", str(hosting.authority.certificate))
    done = hosting.service.quickly("check", DOMAIN, *where, *arguments, env={**faults.BASE_URL, **env})
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("options", "env", "certificate", "missing", "group"),
    [
        (("--lang", "en"), {"LANG": "sv_SE.UTF-8"}, "shows a certificate for", "is missing", "Certificates"),
        (("--lang", "sv"), {}, "visar upp ett certifikat för", "saknas", "Certifikat"),
        ((), {"LANG": "sv_SE.UTF-8"}, "visar upp ett certifikat för", "saknas", "Certifikat"),
        ((), {}, "shows a certificate for", "is missing", "Certificates"),
    ],
)
def test_a_report_is_read_in_ones_own_language(
    hosting: Hosting, clean: Scene, options: Sequence[str], env: Mapping[str, str], certificate: str, missing: str, group: str
) -> None:
    """That of `--lang`, else of the locale; codes, names and records are the same in all."""
    hosting.serve(TWO_FAULTS(clean))
    lines = _shown(hosting, *options, **env)
    text = " ".join(line.strip() for line in lines)
    assert lines[0].startswith(f"{DOMAIN}  ✗ 1 ")
    assert f"{MAIL_NAME} {certificate} {HOST}" in text
    assert f"_imaps._tcp.{DOMAIN} {missing}" in text
    assert [line for line in lines if line.startswith(f"✗ {group} ")]
    assert text.index("CERT_SERVER_NAME") < text.index("SRV_MISSING")
    assert [record for record in SRV.values() if record not in [line.strip() for line in lines]] == []


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_what_is_to_be_pasted_is_never_broken(hosting: Hosting, clean: Scene, width: str) -> None:
    """Everything else keeps within the terminal."""
    hosting.serve(TWO_FAULTS(clean))
    lines = _shown(hosting, COLUMNS=width)
    assert [record for record in SRV.values() if record not in [line.strip() for line in lines]] == []
    assert [line for line in lines if len(line.rstrip()) > int(width) and line.strip() not in SRV.values()] == []


def test_everything_is_told_to_whoever_asks(hosting: Hosting, clean: Scene) -> None:
    """`-v` adds what is well and what was skipped, and all of the evidence."""
    hosting.serve(faults.no_tls_for_mailboxes(clean))
    short, long = _shown(hosting, COLUMNS="200"), _shown(hosting, "-v", COLUMNS="200")
    assert len([line for line in long if line.startswith("✓ DNS_NXDOMAIN")]) == 1
    assert any(line.startswith("- TLS_HANDSHAKE ") for line in long)
    assert not any("TLS_HANDSHAKE" in line for line in short)
    assert len(long) > len(short) + 30


# ---- several at once, and none at all ----


def test_several_domains_are_lines_or_one_list(hosting: Hosting, clean: Scene) -> None:
    """NDJSON has a line for each as it is done, JSON them all in order; the exit code is that of the worst."""
    hosting.serve(faults.no_srv(clean))
    done = hosting.check(DOMAIN, "saknas.test", "--format", "ndjson")
    found = {report["domain"]: _codes(report["findings"]) for report in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, found) == (2, {DOMAIN: ["SRV_MISSING warning"], "saknas.test": ["DNS_NXDOMAIN critical"]})
    done = hosting.check(DOMAIN, "saknas.test", "--format", "json")
    assert (done.returncode, [report["domain"] for report in json.loads(done.stdout)]) == (2, [DOMAIN, "saknas.test"])


def test_a_domain_that_is_not_there_costs_next_to_nothing(hosting: Hosting, clean: Scene) -> None:
    """From the start of the command to its end; the limit is for the slowest of machines."""
    hosting.serve(clean)
    began = time.monotonic()
    done = hosting.check("saknas.test", "--format", "json", anew=True)
    took = time.monotonic() - began
    _, report = _read(done)
    assert _codes(report["findings"]) == ["DNS_NXDOMAIN critical"]
    assert took < 5


def _all_silent(scene: Scene) -> Scene:
    silent = {"A": [SILENT], "AAAA": [SILENT_6]}
    for name in (HOST, MX, SERVICE_NAME):
        scene = scene.with_records(name, silent, "karlahosting.test")
    return scene.with_records(MAIL_NAME, silent).with_more(DOMAIN, silent)


@pytest.mark.parametrize("change", [_all_silent, faults.silent_name_servers])
def test_silence_ends_in_time(hosting: Hosting, clean: Scene, change: Change) -> None:
    """However many hosts are silent, a check is over after twice the time that each of them is given."""
    hosting.serve(change(clean))
    code, report = _ran(hosting, DOMAIN, "--deadline", "1")
    _is_whole(code, report)
    assert report["elapsed_ms"] < 2500
    assert code != 0


def test_where_all_is_silent_each_host_is_told_once(hosting: Hosting, clean: Scene) -> None:
    """Port 25 is not held against anybody: most networks let nobody out there."""
    hosting.serve(_all_silent(clean))
    _, report = _ran(hosting, DOMAIN, *IMPATIENT)
    worst = [finding for finding in report["findings"] if finding["group"] == "endpoints"]
    assert _codes(worst) == ["SMTP25_NOT_TESTED unknown", "TCP_TIMEOUT critical", "TCP_TIMEOUT error"]
    assert len({finding["subject"]["host"] for finding in worst}) == 3


def test_nobody_pastes_what_is_there_already(hosting: Hosting, clean: Scene) -> None:
    """Where autoconfig.DOMAIN is the alias that it should be, it is for us to mend that nobody answers there."""
    hosting.serve(clean.with_records(SERVICE_NAME, {"A": [NOBODY]}, "karlahosting.test"))
    _, report = _ran(hosting, DOMAIN, "--only", "discovery")
    found = next(finding for finding in report["findings"] if finding["code"] == "AC_UNREACHABLE")
    assert (found["fix"]["owner"], found["fix"]["records"]) == ("provider", [])


def test_an_instance_that_is_not_there_is_not_made(hosting: Hosting, clean: Scene, tmp_path: Path) -> None:
    """A check creates nothing."""
    hosting.serve(clean)
    assert _ran(hosting, DOMAIN, "--only", "delegation", instance=tmp_path / "none")[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_the_commands_are_those_of_the_hosts_software(hosting: Hosting, tmp_path: Path) -> None:
    """Each is one line for a shell, and Dovecot and Postfix understand what they are told by it."""
    provider = KARLAHOSTING.replace('id = "karlahosting"', 'id = "mjuk"\nsoftware = "postfix-dovecot"')
    scene = hosting.clean("sex.test", provider)
    hosting.serve(faults.bad_certificate(Fault.EXPIRED)(scene))
    assert _ran(hosting, "sex.test")[1]["findings"][0]["fix"]["commands"] == ["certbot renew", "systemctl reload dovecot postfix"]
    hosting.serve(faults.server_name_certificate(scene))
    commands = _ran(hosting, "sex.test")[1]["findings"][0]["fix"]["commands"]
    assert commands[0] == "certbot certonly -d mail.sex.test"
    assert commands[-1] == "systemctl reload dovecot postfix"
    # The files are others here, and the certificate is one of the lab's.
    for folder in ("dovecot/conf.d", "postfix"):
        (tmp_path / folder).mkdir(parents=True)
    shown = hosting.authority.credentials(Certificate(("mail.sex.test",)))
    places = {
        "/etc/letsencrypt/live/mail.sex.test/fullchain.pem": str(shown.certificate),
        "/etc/letsencrypt/live/mail.sex.test/privkey.pem": str(shown.key),
        "/etc/": f"{tmp_path}/",
    }
    done = [
        reduce(lambda text, place: text.replace(*place), places.items(), line)
        for line in commands
        if line.split()[0] in ("printf", "echo", "postmap")
    ]
    (tmp_path / "postfix" / "main.cf").write_text("compatibility_level = 3.6\n")
    (tmp_path / "postfix" / "master.cf").write_text("")
    for line in done:
        hosting.network.run("sh", "-c", line.replace("postmap ", f"postmap -c {tmp_path}/postfix "))
    told = hosting.network.run("doveconf", "-c", tmp_path / "dovecot" / "conf.d" / "99-mail.sex.test.conf", "-n")
    assert f"local_name mail.sex.test {{\n  ssl_cert = <{shown.certificate}\n" in told
    assert (tmp_path / "postfix" / "sni.db").is_file()


def test_a_fingerprint_of_an_older_document(hosting: Hosting, clean: Scene) -> None:
    """Only the record that vouches is to be pasted: the name leads where it should."""
    name = f"_ua-auto-config.{DOMAIN}"
    right = clean.zones[DOMAIN].records[name]["TXT"][0]
    hosting.serve(clean.with_records(name, {"TXT": ["v=UAAC1; a=sha256; d=AAAA"]}))
    code, report = _ran(hosting, DOMAIN)
    assert (code, _codes(report["findings"])) == (1, ["PACC_DIGEST warning"])
    assert report["findings"][0]["fix"]["records"] == [f'{name}. IN TXT "{right}"']


def test_nothing_is_published(hosting: Hosting, clean: Scene) -> None:
    """A customer who has just moved here is told all that is needed, in one finding."""
    bare = faults.no_srv(clean)
    for label in ("autoconfig", "autodiscover", "ua-auto-config", "_ua-auto-config"):
        bare = bare.with_records(f"{label}.{DOMAIN}", None)
    hosting.serve(bare)
    code, report = _ran(hosting, DOMAIN)
    assert (code, _codes(report["findings"])) == (2, ["AC_NONE error"])
    records = report["findings"][0]["fix"]["records"]
    assert set(records) == {our_alias("autoconfig"), our_alias("autodiscover"), *SRV.values()}
