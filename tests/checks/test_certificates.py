"""The judge of certificates: everything that is wrong is told, each fault once, wherever it shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from autoconfig.address import Domain
from autoconfig.checks import certificates, endpoints
from autoconfig.checks.case import Source
from autoconfig.findings import Passed, Severity, Verdict
from autoconfig.model import (
    Account,
    ClientConfig,
    HostPattern,
    Protocol,
    Provider,
    Server,
    TLSMode,
)
from autoconfig.observations import Certificate, ChainProblem, Connection, Service
from tests.checks.servers import (
    HOST,
    SIX,
    V4,
    V6,
    case,
    certificate,
    codes,
    exchanger,
    findings,
    found,
    healthy,
    named,
    server,
    servers,
    the,
    tls,
)
from tests.checks.worlds import NOW, TableWorld

KARLA = "server.karlahosting.se"


def showing(cert: Certificate, service: Service = Service.IMAPS, port: int = 993, ip: str = V4, host: str = HOST, **more) -> Connection:
    return healthy(service, port, ip, host, tls=tls(host=host, cert=cert, **more))


def judged(*connections: Connection, expected: ClientConfig | None = None, world: TableWorld | None = None, **more) -> list[Verdict]:
    domain = case(world, expected=expected)

    async def ask() -> certificates.CertificateFacts:
        return await certificates.gather(domain, servers(*(c for c in connections if c.endpoint.port != 443), **more), web(connections))

    return list(certificates.judge(domain, asyncio.run(ask())))


def web(connections: tuple[Connection, ...]) -> list[Connection]:
    return [c for c in connections if c.endpoint.service is Service.HTTPS]


def ours(software: str | None = None) -> ClientConfig:
    """The model host's settings: IMAP by the server's own name, POP by the customer's."""

    def both(host: str, port: int) -> tuple[Server[Domain], Server[Domain]]:
        return Server(Domain.parse(host), port, TLSMode.IMPLICIT), Server(Domain.parse(host), 465, TLSMode.IMPLICIT)

    imap, pop = Account(Protocol.IMAP, *both(KARLA, 993)), Account(Protocol.POP3, *both(HOST, 995))
    patterns = Account(Protocol.IMAP, *(Server(HostPattern.parse(KARLA), port, TLSMode.IMPLICIT) for port in (993, 465)))
    return ClientConfig(Domain.parse("kund.se"), Provider("k", "Karla", "K", (patterns,), software=software), (imap, pop))


# --- names -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (["mail.kund.se"], "mail.kund.se", True),
        (["MAIL.kund.se."], "mail.kund.se", True),
        (["*.kund.se"], "mail.kund.se", True),
        (["*.kund.se"], "kund.se", False),
        (["*.kund.se"], "in.mail.kund.se", False),
        (["m*.kund.se"], "mail.kund.se", False),
        (["*l.kund.se"], "mail.kund.se", False),
        (["mail.*.se"], "mail.kund.se", False),
        (["*.*.se"], "mail.kund.se", False),
        (["*.se"], "kund.se", False),
        (["*"], "kund.se", False),
        (["xn--byr-wla.se"], "byrå.se", True),
        (["byrå.se"], "byrå.se", False),
        (["*.xn--byr-wla.se"], "mail.byrå.se", True),
        (["xn--*.se"], "byrå.se", False),
        ([], "mail.kund.se", False),
        (["kund.se", "mail.kund.se"], "mail.kund.se", True),
    ],
)
def test_a_name_covers_a_host_as_rfc_9525_says(names: list[str], host: str, fits: bool) -> None:
    """Section 6.3: whole labels, one wildcard, left-most, for one label; A-labels; the common name does not count."""
    assert certificate(*names, common_name=host).covers(Domain.parse(host)) is fits


def test_a_good_certificate_everywhere_has_no_finding() -> None:
    """A clean set-up is quiet."""
    verdicts = judged(*(healthy(service, port, ip) for service, port in SIX for ip in (V4, V6)), exchanger())
    assert {type(verdict) for verdict in verdicts} == {Passed}


def test_the_servers_own_certificate_for_a_customers_name_is_the_flagship() -> None:
    """One finding at all ports and addresses; it names the name, the server and both ways out."""
    cert = certificate(KARLA)
    wrong = [showing(cert, service, port, ip) for service, port in SIX[2:] for ip in (V4, V6)]
    found = the(judged(*wrong, healthy(host=KARLA), expected=ours()))
    assert (found.code, found.severity, len(found.also)) == ("CERT_SERVER_NAME", Severity.CRITICAL, 7)
    assert found.args == {"name": HOST, "server": KARLA, "certificate_names": (KARLA,)}
    assert {"thunderbird", "apple", "outlook"} <= set(found.affects)


def test_a_foreign_domains_server_name_is_found_by_its_address() -> None:
    """The certificate's name leads to the same machine, so it can be published."""
    world = TableWorld({"server7.host.se": {"A": [V4]}})
    found = the(judged(showing(certificate("server7.host.se")), world=world))
    assert (found.code, found.args["server"]) == ("CERT_SERVER_NAME", "server7.host.se")


def test_a_wildcard_certificate_of_the_host_is_told_by_the_reverse_name() -> None:
    """No name in it can be looked up, but the machine's own is among those it covers."""
    world = TableWorld({"20.2.0.192.in-addr.arpa": {"PTR": ["server7.host.se"]}})
    found = the(judged(showing(certificate("*.host.se")), world=world))
    assert (found.code, found.args["server"]) == ("CERT_SERVER_NAME", "server7.host.se")


def test_another_customers_certificate_is_not_for_publishing() -> None:
    """It leads to the same machine, but the machine says that its name is another."""
    world = TableWorld({"mail.granne.se": {"A": [V4]}, "20.2.0.192.in-addr.arpa": {"PTR": ["server7.host.se"]}})
    assert codes(judged(showing(certificate("mail.granne.se")), world=world)) == ["CERT_NAME_MISMATCH"]


def test_a_certificate_for_something_else_is_a_mismatch() -> None:
    """Its names are shown."""
    found = the(judged(showing(certificate("www.other.se", "other.se"))))
    assert (found.code, found.severity) == ("CERT_NAME_MISMATCH", Severity.CRITICAL)
    assert found.args == {"name": HOST, "certificate_names": ("www.other.se", "other.se")}


def test_a_wrong_name_weighs_by_who_uses_the_server() -> None:
    """Mail servers take any certificate; the filters' server is for few."""
    assert the(judged(exchanger(tls=tls("other.se")), source=Source.MX)).severity is Severity.NOTICE
    assert the(judged(showing(certificate("other.se"), Service.SIEVE, 4190))).severity is Severity.WARNING


def test_an_exchanger_with_the_servers_name_is_not_told_to_publish_it() -> None:
    """Nobody enters an exchanger's name; where it is a published name as well, it is the same finding."""
    cert = certificate(KARLA)
    alone = showing(cert, Service.SMTP, 25, host="mx.kund.se")
    assert the(judged(alone, expected=ours())).code == "CERT_NAME_MISMATCH"
    found = the(judged(showing(cert), showing(cert, Service.SMTP, 25), expected=ours()))
    assert (found.code, found.severity, len(found.also)) == ("CERT_SERVER_NAME", Severity.CRITICAL, 1)


def test_a_name_in_the_common_name_alone_is_told_as_such() -> None:
    """RFC 9525, 2: it is not looked at any more."""
    found = the(judged(showing(certificate(common_name=HOST))))
    assert (found.code, found.severity, found.args) == ("CERT_CN_ONLY", Severity.ERROR, {"name": HOST})


@pytest.mark.parametrize(
    ("software", "word"), [("cpanel", "autossl_check"), ("directadmin", "mail_sni"), ("postfix-dovecot", "local_name mail.kund.se {")]
)
def test_the_fix_has_commands_for_the_providers_software(software: str, word: str) -> None:
    """Ready to paste; none where we are not sure."""
    wrong = showing(certificate(KARLA), Service.POP3S, 995)
    assert any(word in line for line in the(judged(wrong, expected=ours(software))).commands)
    assert the(judged(wrong, expected=ours("plesk"))).commands == ()


# --- dates -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "code", "severity"),
    [
        (-1, "CERT_EXPIRED", Severity.CRITICAL),
        (1, "CERT_SOON", Severity.WARNING),
        (13, "CERT_SOON", Severity.WARNING),
        (15, "CERT_SOON", Severity.NOTICE),
        (29, "CERT_SOON", Severity.NOTICE),
    ],
)
def test_the_end_weighs_by_its_days(days: int, code: str, severity: Severity) -> None:
    """Fourteen and thirty days; one finding at four ports and two addresses."""
    cert = certificate(HOST, not_before=NOW - timedelta(days=300), not_after=NOW + timedelta(days=days, hours=1))
    found = the(judged(*(showing(cert, service, port, ip) for service, port in SIX[:4] for ip in (V4, V6))))
    assert (found.code, found.severity, len(found.also)) == (code, severity, 7)


def test_a_certificate_of_a_few_days_is_not_about_to_end_all_its_life() -> None:
    """Those are renewed by machines every few days."""
    begun = {"not_before": NOW - timedelta(days=2)}
    assert codes(judged(showing(certificate(HOST, not_after=NOW + timedelta(days=4), **begun)))) == []
    late = certificate(HOST, not_before=NOW - timedelta(days=6), not_after=NOW + timedelta(hours=12))
    assert the(judged(showing(late))).severity is Severity.WARNING


def test_an_expired_certificate_beside_a_fresh_one_was_not_reloaded() -> None:
    """The evidence says where the new one is."""
    old = certificate(HOST, fingerprint="old", not_before=NOW - timedelta(days=100), not_after=NOW - timedelta(days=10))
    found = the(judged(showing(old), healthy(Service.SUBMISSIONS, 465), expected=ours("postfix-dovecot")))
    assert (found.code, found.subject.port) == ("CERT_EXPIRED", 993)
    assert any("465" in line and "already" in line for line in found.evidence)
    assert "systemctl reload dovecot postfix" in found.commands


def test_a_certificate_of_tomorrow_is_critical() -> None:
    """Programs treat it like an expired one."""
    found = the(judged(showing(certificate(HOST, not_before=NOW + timedelta(days=1)))))
    assert (found.code, found.severity, found.args["start_date"]) == ("CERT_NOTYET", Severity.CRITICAL, "2026-11-24")


# --- trust and strength ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "code", "severity"),
    [
        (ChainProblem.SELF_SIGNED, "CERT_SELF", Severity.CRITICAL),
        (ChainProblem.INCOMPLETE, "CERT_CHAIN_INCOMPLETE", Severity.ERROR),
        (ChainProblem.UNTRUSTED, "CERT_UNTRUSTED", Severity.CRITICAL),
        (ChainProblem.BROKEN, "CERT_CHAIN_BROKEN", Severity.CRITICAL),
        (ChainProblem.TOO_LONG, "CERT_CHAIN_BROKEN", Severity.CRITICAL),
    ],
)
def test_each_problem_of_the_chain_has_its_finding(problem: ChainProblem, code: str, severity: Severity) -> None:
    """And it is a notice between mail servers."""
    found = the(judged(*(healthy(service, port, tls=tls(chain_problem=problem)) for service, port in SIX)))
    assert (found.code, found.severity, len(found.also)) == (code, severity, 5)
    assert the(judged(exchanger(tls=tls(host="mx.kund.se", chain_problem=problem)))).severity is Severity.NOTICE


def test_everything_that_is_wrong_is_told() -> None:
    """An expired, self-signed, weak certificate of the wrong name and purpose has five faults."""
    cert = certificate(
        "other.se", not_after=NOW - timedelta(days=1), not_before=NOW - timedelta(days=9), server_auth=False, key="RSA", key_bits=1024
    )
    verdicts = judged(showing(cert, chain_problem=ChainProblem.SELF_SIGNED))
    assert codes(verdicts) == ["CERT_EXPIRED", "CERT_NAME_MISMATCH", "CERT_NO_EKU", "CERT_SELF", "CERT_WEAK"]


@pytest.mark.parametrize(
    ("key", "bits", "signature", "what"),
    [
        ("RSA", 2048, "sha256", None),
        ("EC", 256, "sha384", None),
        ("Ed25519", 256, "", None),
        ("RSA", 1024, "sha256", ("RSA 1024 bit",)),
        ("EC", 192, "sha256", ("EC 192 bit",)),
        ("RSA", 2048, "sha1", ("SHA1",)),
        ("RSA", 512, "md5", ("RSA 512 bit", "MD5")),
    ],
)
def test_what_is_weak_is_named(key: str, bits: int, signature: str, what: tuple[str, ...] | None) -> None:
    """Keys under 112 bits of strength, and hashes that were given up."""
    verdicts = judged(showing(certificate(HOST, key=key, key_bits=bits, signature=signature)))
    assert [f.args["what"] for f in findings(verdicts)] == ([] if what is None else [what])


# --- several certificates ----------------------------------------------------------------------------------------------------------


def test_addresses_that_show_different_certificates_are_a_warning_once() -> None:
    """All are valid; one will end sooner."""
    other = certificate(HOST, fingerprint="f2")
    found = the(judged(*(c for service, port in SIX for c in (healthy(service, port), showing(other, service, port, V6)))))
    assert (found.code, found.severity, len(found.also)) == ("CERT_VARIES", Severity.WARNING, 11)


def test_ports_may_show_different_certificates() -> None:
    """IMAP and SMTP are different programs."""
    assert codes(judged(healthy(), showing(certificate(HOST, fingerprint="f2"), Service.SUBMISSIONS, 465))) == []


def test_a_faulty_certificate_at_one_address_is_told_by_its_fault_alone() -> None:
    """That they differ is the same cause."""
    old = certificate(HOST, fingerprint="f2", not_before=NOW - timedelta(days=100), not_after=NOW - timedelta(days=1))
    assert codes(judged(healthy(), showing(old, ip=V6))) == ["CERT_EXPIRED"]


# --- TLSA --------------------------------------------------------------------------------------------------------------------------


def dane(*values: str, signed: bool = True, records: dict[str, dict[str, list[str]]] | None = None) -> list[Verdict]:
    domain = case(TableWorld(records or {"kund.se": {}}))
    tlsa = found(f"_993._tcp.{HOST}", "TLSA", *values, authenticated=signed)
    facts = asyncio.run(certificates.gather(domain, [server(healthy(), tlsa=tlsa)]))
    return list(certificates.judge(domain, facts))


@pytest.mark.parametrize("value", ["3 1 1 9f1", "3 0 1 f1", "3 1 1 9F1", "1 1 1 9f1", "3 1 1 9 f1", "3 1 1"])
def test_a_tlsa_record_that_matches_passes(value: str) -> None:
    """By key or by certificate, in any letter case."""
    assert codes(dane("3 1 1 00", value)) == ([] if value != "3 1 1" else ["TLSA_MISMATCH"])


def test_a_tlsa_record_of_the_former_key_is_an_error_with_the_new_record() -> None:
    """Ready to paste."""
    found = the(dane("3 1 1 00"))
    assert (found.code, found.severity, found.records) == (
        "TLSA_MISMATCH",
        Severity.ERROR,
        (f"_993._tcp.{HOST}. IN TLSA 3 1 1 9f1",),
    )


@pytest.mark.parametrize("value", ["2 0 1 aa", "3 1 2 aa", "3 0 0 aa", "0 0 1 aa"])
def test_a_tlsa_record_that_cannot_be_compared_is_not_judged(value: str) -> None:
    """Issuers and other hashes are not in what was kept of the certificate."""
    assert codes(dane(value)) == codes(dane("3 1 1 00", value)) == []


def test_tlsa_in_an_unsigned_zone_is_a_warning() -> None:
    """It may be anybody's."""
    assert codes(dane("3 1 1 9f1", signed=False)) == ["TLSA_INSECURE"]


def test_a_resolver_that_does_not_validate_is_not_an_unsigned_zone() -> None:
    """Where there is a DS record, or the DNS does not say, nothing is held against the zone."""
    assert codes(dane("3 1 1 9f1", signed=False, records={"kund.se": {"DS": ["1 13 2 aa"]}})) == []
    assert codes(dane("3 1 1 9f1", signed=False, records={"kund.se": {"TIMEOUT": []}})) == []


# --- names of discovery ------------------------------------------------------------------------------------------------------------


def test_a_name_of_discovery_is_judged_but_for_names_and_dates() -> None:
    """Wrong names and expiry are told with the document; the chain and what comes are told here."""
    expired = certificate("other.se", not_before=NOW - timedelta(days=99), not_after=NOW - timedelta(days=1))
    assert codes(judged(showing(expired, Service.HTTPS, 443, host="autoconfig.kund.se"))) == []
    soon = certificate("autoconfig.kund.se", not_before=NOW - timedelta(days=80), not_after=NOW + timedelta(days=10))
    verdicts = judged(showing(soon, Service.HTTPS, 443, host="autoconfig.kund.se", chain_problem=ChainProblem.INCOMPLETE))
    assert codes(verdicts) == ["CERT_CHAIN_INCOMPLETE", "CERT_SOON"]


def test_a_healthy_case_asks_nothing_further() -> None:
    """Names are only looked up where a certificate does not fit."""
    world = TableWorld({})
    assert codes(judged(healthy(), world=world)) == []
    assert world.log == []


def test_a_long_certificate_makes_us_ask_little() -> None:
    """A hundred names are a hundred questions, were they not bounded."""
    world = TableWorld({})
    verdicts = judged(showing(certificate(*(f"a{n}.other.se" for n in range(100)))), world=world)
    assert len(world.log) <= certificates.MAX_NAMES + 1
    assert len(str(the(verdicts).args)) < 500


def test_the_facts_of_both_rooms_fit_together() -> None:
    """What the servers' room brings home is what this one is given."""
    world = TableWorld({HOST: {"A": [V4]}}, connections={(Service.IMAPS, HOST, V4, 993): replace(healthy(), tls=tls("other.se"))})

    async def ask() -> certificates.CertificateFacts:
        return await certificates.gather(case(world), await endpoints.gather(case(world), [named()]))

    facts = asyncio.run(ask())
    assert codes(certificates.judge(case(world), facts)) == ["CERT_NAME_MISMATCH"]
