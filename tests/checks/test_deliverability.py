"""Who may send, how it is signed, who must encrypt, and what the servers are called: a clean domain, and every fault by itself."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from autoconfig import dnsrecords
from autoconfig.address import Domain, EmailAddress
from autoconfig.catalogue import finding, sending, transport
from autoconfig.checks import deliverability
from autoconfig.checks.case import Case
from autoconfig.checks.causes import sorted_out
from autoconfig.findings import Finding, Group, Owner, Severity, Subject, Verdict, settle
from autoconfig.model import Account, HostPattern, Protocol, Provider, Server, Shape, TLSMode
from autoconfig.observations import TCP, Connection, HTTPFailure, Lookup, LookupStatus, Question, Request, Response, Service
from tests.checks import servers
from tests.checks.worlds import Answer, Place, TableWorld

Table = dict[str, dict[str, list[str]]]
Changes = Mapping[str, Mapping[str, list[str]] | None]

DOMAIN = Domain.parse("kund.se")
POSTMASTER = EmailAddress("postmaster", DOMAIN)
MX, HOST = "mx.karlahosting.se", "server.karlahosting.se"
MX_IP, HOST_IP, HOST_IP6, ALIEN = "192.0.2.25", "192.0.2.20", "2001:db8::20", "198.51.100.9"
POLICY = "https://mta-sts.kund.se/.well-known/mta-sts.txt"
OUR_SPF = "v=spf1 include:_spf.karlahosting.se -all"


@cache
def key(bits: int = 2048) -> str:
    """A key record; what is too short to be made any more stands here."""
    if bits < 1024:
        return f"v=DKIM1; k=rsa; p={SHORT}"
    public = rsa.generate_private_key(65537, bits).public_key()
    return f"v=DKIM1; k=rsa; p={_der(public)}"


def _der(public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return base64.b64encode(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).decode()


SHORT = (  # 768 bits
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAK4zV+BQwtXupwGQmbMUIvtMLQ1E9Qb3RdKgTwnltlyTCaiu5fQW"
    "G3NntDWTHhF33bIhWCqQ80IWf0QeLVdDj01+/kmHQetlB1H+ed8osNPPNn3yW74ZkNZo0c9a3DzdFwIDAQAB"
)
ED25519 = f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(range(32))).decode()}"


def account(protocol: Protocol, host: str, port: int) -> Account[HostPattern]:
    pattern = HostPattern.parse(host)
    return Account(protocol, Server(pattern, port, TLSMode.IMPLICIT), Server(pattern, 465, TLSMode.IMPLICIT))


PROVIDER = Provider(
    id="karlahosting",
    name="KarlaHosting",
    short_name="Karla",
    accounts=(account(Protocol.IMAP, HOST, 993), account(Protocol.POP3, "mail.%EMAILDOMAIN%", 995)),
    mx=(f"10 {MX}",),
    spf=OUR_SPF,
    dmarc="v=DMARC1; p=quarantine",
    dkim_selectors=("karla1",),
)


def clean() -> Table:
    """The world in which everything is as it should be, MTA-STS and TLS-RPT too."""
    return {
        "kund.se": {"A": ["198.51.100.80"], "MX": [f"10 {MX}"], "TXT": ["something else", OUR_SPF]},
        "_spf.karlahosting.se": {"TXT": [f"v=spf1 a:{HOST} ip4:192.0.2.25 ~all"]},
        MX: {"A": [MX_IP]},
        HOST: {"A": [HOST_IP], "AAAA": [HOST_IP6]},
        "mail.kund.se": {"A": [HOST_IP]},
        "karla1._domainkey.kund.se": {"TXT": [ED25519]},
        "_dmarc.kund.se": {"TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@kund.se"]},
        "_mta-sts.kund.se": {"TXT": ["v=STSv1; id=20261123"]},
        "mta-sts.kund.se": {"A": ["192.0.2.30"]},
        "_smtp._tls.kund.se": {"TXT": ["v=TLSRPTv1; rua=mailto:tls@kund.se,https://reports.se/in"]},
        "25.2.0.192.in-addr.arpa": {"PTR": [MX]},
        "20.2.0.192.in-addr.arpa": {"PTR": [HOST]},
        six(HOST_IP6): {"PTR": [HOST]},
    }


def six(ip: str) -> str:
    return ipaddress.ip_address(ip).reverse_pointer


def policy(**fields: str) -> str:
    told = {"version": "STSv1", "mode": "enforce", "mx": MX, "max_age": "604800", **fields}
    return "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)


def case(world: TableWorld, provider: Provider | None = PROVIDER, **more) -> Case:
    """A domain of ours; without *provider* a stranger's."""
    config = None if provider is None else Shape.of(provider).fill(DOMAIN)
    due = () if config is None else dnsrecords.records(config, Domain.parse("autoconfig.karlahosting.se"))
    return Case(DOMAIN, POSTMASTER, world, config, due, **more)


def world(
    changes: Changes = MappingProxyType({}), answer: Answer | None = None, connections: Mapping[Place, Connection] | None = None
) -> TableWorld:
    table = {name: dict(types) for name, types in clean().items()}
    for name, types in changes.items():
        table.pop(name, None)
        if types is not None:
            table[name] = dict(types)
    mx = servers.exchanger(MX_IP, MX)
    found = connections if connections is not None else {(Service.SMTP, MX, MX_IP, 25): mx}
    return TableWorld(table, connections=found, responses={POLICY: answer or (200, policy(), {})})


def judged(world: TableWorld, provider: Provider | None = PROVIDER, **more) -> list[Verdict]:
    this = case(world, provider, **more)
    return list(deliverability.judge(this, asyncio.run(deliverability.gather(this))))


def found(verdicts: Sequence[Verdict]) -> tuple[Finding, ...]:
    return settle(verdicts)[0]


def txt(*texts: str, name: str = "kund.se") -> Changes:
    here = {key: value for key, value in clean().get(name, {}).items() if key != "TXT"}
    return {name: {**here, "TXT": list(texts)}}


# --- one fault each ----------------------------------------------------------------------------------------------------------------

STRANGER = None


@dataclass(frozen=True)
class Row:
    """What is told when the DNS says *changes*: one finding, "CODE severity", with *words* in its evidence, arguments or records."""

    code: str
    changes: Changes
    words: tuple[str, ...] = ()
    answer: Answer | None = None
    provider: Provider | None = PROVIDER
    more: Mapping[str, object] = field(default_factory=dict)


def dkim(*texts: str) -> Changes:
    return txt(*texts, name="karla1._domainkey.kund.se")


def dmarc(*texts: str, **more: list[str]) -> Changes:
    return txt(*texts, name="_dmarc.kund.se")


def mx(*hosts: str) -> Changes:
    return {"kund.se": {**clean()["kund.se"], "MX": [f"10 {host}" for host in hosts]}}


NO_SPF = replace(PROVIDER, spf=None)
TEN = {f"s{n}.se": {"TXT": ["v=spf1 ip4:198.51.100.1 -all"]} for n in range(11)}
INCLUDES = " ".join(f"include:s{n}.se" for n in range(10))
CIRCLE = {"a.se": {"TXT": ["v=spf1 include:b.se -all"]}, "b.se": {"TXT": ["v=spf1 include:a.se -all"]}}

SPF = (
    Row("SPF_MISSING warning", txt("something else"), (f'kund.se. IN TXT "{OUR_SPF}"',)),
    Row("SPF_SYNTAX error", txt("v=spf10 -all"), (f'kund.se. IN TXT "{OUR_SPF}"', "v=spf10")),
    Row("SPF_TWO error", txt("v=spf1 mx -all", OUR_SPF), ('IN TXT "v=spf1 include:_spf.karlahosting.se mx -all"',)),
    Row("SPF_TWO error", txt("v=spf1 a ~all", "V=SPF1 mx -all"), ('"v=spf1 include:_spf.karlahosting.se mx a ~all"',)),
    Row("SPF_TWO error", {"_spf.karlahosting.se": {"TXT": ["v=spf1 -all", "v=spf1 ~all"]}}, ("_spf.karlahosting.se",)),
    Row("SPF_SYNTAX error", txt(f"{OUR_SPF} ipv4:192.0.2.1"), ("ipv4:192.0.2.1",)),
    Row("SPF_SYNTAX error", txt("v=spf1 include: _spf.karlahosting.se -all"), ("include:",)),
    Row("SPF_SYNTAX error", txt("v=spf1 include=_spf.karlahosting.se ip4:192.0.2.0/33 -all"), ("ip4:192.0.2.0/33",)),
    Row("SPF_SYNTAX warning", txt(f"{OUR_SPF[:-4]}include=news.se -all"), ("include=news.se",)),
    Row("SPF_SYNTAX error", txt("v=spf1, a, -all"), ("v=spf1, a",)),
    Row("SPF_SYNTAX error", txt('"v=spf1 a -all"'), ("v=spf1 a -all",)),
    Row("SPF_SYNTAX error", {"_spf.karlahosting.se": {"TXT": ["v=spf1 a:x"]}}, ("_spf.karlahosting.se", "a:x")),
    Row("SPF_INCLUDE_MISSING error", {"_spf.karlahosting.se": None}, ("_spf.karlahosting.se does not exist",)),
    Row("SPF_INCLUDE_MISSING error", {"_spf.karlahosting.se": {"TXT": ["nothing"]}}, ("has no SPF record",)),
    Row("SPF_INCLUDE_MISSING error", txt("v=spf1 redirect=gone.karlahosting.se"), ("gone.karlahosting.se",)),
    Row("SPF_LOOP error", {**txt("v=spf1 include:a.se include:_spf.karlahosting.se -all"), **CIRCLE}, ("kund.se > a.se > b.se > a.se",)),
    Row("SPF_LOOP error", txt("v=spf1 include:kund.se include:_spf.karlahosting.se -all"), ("kund.se > kund.se",)),
    Row("SPF_TOO_MANY_LOOKUPS error", {**txt(f"v=spf1 include:_spf.karlahosting.se {INCLUDES} -all"), **TEN}, ("12", "include:s9.se")),
    Row(
        "SPF_TOO_MANY_LOOKUPS error",
        {**txt("v=spf1 mx:big.se include:_spf.karlahosting.se -all"), "big.se": {"MX": [f"10 m{n}.big.se" for n in range(12)]}},
        ("15",),
    ),
    Row("SPF_VOID_LOOKUPS warning", txt("v=spf1 a:x.se mx:y.se exists:z.se include:_spf.karlahosting.se -all"), ("x.se", "y.se", "z.se")),
    Row("SPF_ALLOWS_ALL error", txt("v=spf1 include:_spf.karlahosting.se +all"), ("+all", "_spf.karlahosting.se ~all")),
    Row("SPF_ALLOWS_ALL error", txt("v=spf1 include:_spf.karlahosting.se all"), ("all",)),
    Row("SPF_ALLOWS_ALL error", txt("v=spf1 include:_spf.karlahosting.se ip4:0.0.0.0/0 -all"), ("ip4:0.0.0.0/0",)),
    Row("SPF_ALLOWS_ALL error", txt("v=spf1 include:_spf.karlahosting.se a/0 -all"), ("a/0",)),
    Row("SPF_NEUTRAL notice", txt("v=spf1 include:_spf.karlahosting.se ?all")),
    Row("SPF_NEUTRAL notice", txt("v=spf1 include:_spf.karlahosting.se")),
    Row("SPF_PTR notice", txt("v=spf1 include:_spf.karlahosting.se ptr -all")),
    Row("SPF_AFTER_ALL notice", txt("v=spf1 include:_spf.karlahosting.se -all a:late.kund.se"), ("a:late.kund.se",)),
    Row("SPF_AFTER_ALL notice", txt("v=spf1 include:_spf.karlahosting.se -all redirect=_spf.karlahosting.se"), ("redirect=",)),
    Row("SPF_LACKS_PROVIDER error", txt("v=spf1 ip4:198.51.100.0/24 -all"), ('"v=spf1 include:_spf.karlahosting.se ip4:198.51.',)),
    Row("SPF_LACKS_PROVIDER warning", txt("v=spf1 ip4:198.51.100.0/24 -all"), (f"a:{HOST}",), provider=NO_SPF),
    Row("SPF_LACKS_PROVIDER error", txt(f"v=spf1 ip4:{HOST_IP} -all"), (f"{HOST_IP6}: fail",)),
)  # fmt: skip

DKIM = (
    Row("DKIM_MISSING error", {"karla1._domainkey.kund.se": None}, ("karla1",)),
    Row("DKIM_MISSING error", dkim("something of a wildcard"), ("karla1._domainkey.kund.se",)),
    Row("DKIM_MISSING error", {}, ("other",), more={"selectors": ("other",)}),
    Row("DKIM_ALIAS error", {"karla1._domainkey.kund.se": {"CNAME": ["k.gone.se"]}}, ("k.gone.se",)),
    Row("DKIM_TWO error", dkim(ED25519, ED25519 + " ")),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; k=rsa; p=MIIB!!"), ("p=MIIB!!",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; k=rsa; p=MIIB"), ("p=MIIB",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1\\; k=rsa\\; p=MIIB"), ("v=DKIM1",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; k=rsa"), ("p",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; k=dsa; p=MIIB"), ("k=dsa",)),
    Row("DKIM_SYNTAX error", dkim("k=rsa; v=DKIM1; p=MIIB"), ("v=DKIM1",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; h=sha1; p=MIIB"), ("h=sha1",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; s=web; p=MIIB"), ("s=web",)),
    Row("DKIM_SYNTAX error", dkim("v=DKIM1; k=ed25519; p=MIIB"), ("p=MIIB",)),
    Row("DKIM_SYNTAX error", dkim(f"v=DKIM1; p={_der(ec.generate_private_key(ec.SECP256R1()).public_key())}")),
    Row("DKIM_REVOKED error", dkim("v=DKIM1; k=rsa; p=")),
    Row("DKIM_WEAK error", dkim(key(768)), ("768",)),
    Row("DKIM_WEAK warning", dkim(key(1024)), ("1024",)),
    Row("DKIM_TESTING notice", dkim(f"{ED25519}; t=s:y")),
    Row("DKIM_NONE_FOUND notice", {"karla1._domainkey.kund.se": None}, provider=STRANGER),
    Row("DKIM_NONE_FOUND notice", {"karla1._domainkey.kund.se": None}, provider=replace(PROVIDER, dkim_selectors=())),
    Row("DKIM_WEAK warning", {"mail._domainkey.kund.se": {"TXT": [key(768)]}}, provider=STRANGER),
    Row("DKIM_SYNTAX warning", {"mail._domainkey.kund.se": {"TXT": ["v=DKIM1; p=?"]}}, provider=STRANGER),
    Row("DKIM_ALIAS warning", {"s1._domainkey.kund.se": {"CNAME": ["k.gone.se"]}}, provider=STRANGER),
)

DMARC = (
    Row("DMARC_MISSING warning", {"_dmarc.kund.se": None}, ('_dmarc.kund.se. IN TXT "v=DMARC1; p=quarantine"',)),
    Row("DMARC_MISSING warning", {"_dmarc.kund.se": None}, ('_dmarc.kund.se. IN TXT "v=DMARC1; p=none"',), provider=STRANGER),
    Row("DMARC_TWO warning", dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject")),
    Row("DMARC_SYNTAX warning", dmarc("v=DMARC1; p=rejct"), ("p=rejct",)),
    Row("DMARC_SYNTAX warning", dmarc("v=DMARC1; rua=mailto:a@kund.se"), ("p",)),
    Row("DMARC_SYNTAX warning", dmarc("v=DMARC1; p=reject; rua=dmarc@kund.se"), ("rua=dmarc@kund.se",)),
    Row("DMARC_SYNTAX warning", dmarc("v=DMARC1; p=reject; pct=101"), ("pct=101",)),
    Row("DMARC_SYNTAX warning", dmarc("v=DMARC1 p=reject"), ("v=DMARC1 p=reject",)),
    Row("DMARC_SYNTAX warning", dmarc("v=dmarc1; p=reject"), ("v=dmarc1",)),
    Row("DMARC_SYNTAX warning", dmarc("v=DMARC1; p=reject; p=none"), ("p=none",)),
    Row("DMARC_NONE notice", dmarc("v=DMARC1; p=none")),
    Row("DMARC_SUBDOMAINS notice", dmarc("v=DMARC1; p=reject; sp=none"), ("none",)),
    Row(
        "DMARC_RUA_REFUSED warning",
        dmarc("v=DMARC1; p=reject; rua=mailto:x@reports.se!10m"),
        ("reports.se", 'kund.se._report._dmarc.reports.se. IN TXT "v=DMARC1"'),
    ),
)

STS = (
    Row("STS_RECORD warning", txt("v=STSv1; id=", name="_mta-sts.kund.se"), ("_mta-sts.kund.se",)),
    Row("STS_RECORD warning", txt("v=STSv1; id=1", "v=STSv1; id=2", name="_mta-sts.kund.se")),
    Row("STS_RECORD warning", txt("v=stsv1; id=1", name="_mta-sts.kund.se")),
    Row("STS_NO_RECORD warning", {"_mta-sts.kund.se": None}),
    Row("STS_UNREACHABLE warning", {}, ("404",), (404, "", {})),
    Row("STS_UNREACHABLE warning", {}, ("301", "https://kund.se/x"), (301, "", {"Location": "https://kund.se/x"})),
    Row("STS_UNREACHABLE warning", {}, ("refused",), Response(Request(POLICY), failure=HTTPFailure.REFUSED)),
    Row("STS_CERTIFICATE warning", {}, ("mta-sts.kund.se",), Response(Request(POLICY), failure=HTTPFailure.CERTIFICATE, detail="expired")),
    Row("STS_POLICY warning", {}, ("mode: on",), (200, policy(mode="on"), {})),
    Row("STS_POLICY warning", {}, ("max_age",), (200, policy(max_age=""), {})),
    Row("STS_POLICY warning", {}, ("version",), (200, "<!doctype html><title>Välkommen</title>", {})),
    Row("STS_POLICY warning", {}, ("mx",), (200, policy(mx=""), {})),
    Row("STS_MX error", {}, (MX, "mx: mx.old.se"), (200, policy(mx="mx.old.se"), {})),
    Row("STS_MX error", {}, (MX,), (200, policy(mx="*.se"), {})),
    Row("STS_MX warning", {}, (MX,), (200, policy(mx="mx.old.se", mode="testing"), {})),
    Row("STS_MAX_AGE notice", {}, ("3600",), (200, policy(max_age="3600"), {})),
    Row("TLSRPT_SYNTAX warning", txt("v=TLSRPTv1", name="_smtp._tls.kund.se")),
    Row("TLSRPT_SYNTAX warning", txt("v=TLSRPTv1; rua=tls@kund.se", name="_smtp._tls.kund.se")),
    Row("TLSRPT_SYNTAX warning", txt(*["v=TLSRPTv1; rua=mailto:a@b.se"] * 2, name="_smtp._tls.kund.se")),
)  # fmt: skip

PTR = (
    Row("PTR_MISSING error", {"20.2.0.192.in-addr.arpa": None}, (HOST_IP, f"20.2.0.192.in-addr.arpa. IN PTR {HOST}.")),
    Row("PTR_MISSING error", {six(HOST_IP6): None}, (HOST_IP6,)),
    Row("PTR_FCRDNS error", {"20.2.0.192.in-addr.arpa": {"PTR": ["old.karlahosting.se"]}}, ("old.karlahosting.se",)),
    Row("PTR_FCRDNS error", {"20.2.0.192.in-addr.arpa": {"PTR": [MX]}}, (MX,)),
    Row("PTR_MISSING notice", {"25.2.0.192.in-addr.arpa": None}, (MX_IP,), provider=STRANGER),
    Row("PTR_FCRDNS notice", {"25.2.0.192.in-addr.arpa": {"PTR": [HOST]}}, provider=STRANGER),
    Row("RBL_LISTED warning", {"20.2.0.192.bl.spamcop.net": {"A": ["127.0.0.2"]}}, ("bl.spamcop.net",), more={"blocklists": True}),
    Row("RBL_NOT_ANSWERED unknown", {"20.2.0.192.zen.spamhaus.org": {"A": ["127.255.255.254"]}}, ("zen",), more={"blocklists": True}),
    Row("RBL_NOT_ANSWERED unknown", {"25.2.0.192.zen.spamhaus.org": {"TIMEOUT": []}}, ("zen",), more={"blocklists": True}),
)  # fmt: skip


@pytest.mark.parametrize("row", [*SPF, *DKIM, *DMARC, *STS, *PTR], ids=lambda row: row.code)
def test_one_fault_is_one_finding(row: Row) -> None:
    """By its name and weight, with what was seen and what to paste; its texts can be filled in, and it belongs to this group."""
    verdicts = judged(world(row.changes, row.answer), row.provider, **row.more)
    (only,) = found(verdicts)
    assert f"{only.code} {only.severity.value}" == row.code
    told = str((only.evidence, dict(only.args), only.records))
    for word in row.words:
        assert word in told.replace("\\'", "'"), told
    assert only.group is Group.DELIVERABILITY
    assert only.evidence


@pytest.mark.parametrize("provider", [PROVIDER, NO_SPF, replace(PROVIDER, dkim_selectors=()), STRANGER])
def test_a_clean_domain_has_no_finding(provider: Provider | None) -> None:
    """Ours or a stranger's, with everything that there is."""
    assert found(judged(world(), provider)) == ()


@pytest.mark.parametrize("provider", [PROVIDER, STRANGER])
def test_what_most_domains_lack_is_no_fault(provider: Provider | None) -> None:
    """MTA-STS and TLS-RPT."""
    bare = world(dict.fromkeys(("_mta-sts.kund.se", "mta-sts.kund.se", "_smtp._tls.kund.se")))
    assert found(judged(bare, provider)) == ()
    assert bare.fetched == []


def test_a_domain_without_mail_is_told_mildly() -> None:
    """Whoever says that it takes none probably sends none either; keys are not missed then."""
    null = {**mx("."), "_dmarc.kund.se": None, "karla1._domainkey.kund.se": None, "_mta-sts.kund.se": None, "mta-sts.kund.se": None}
    null["kund.se"] = {"MX": ["0 ."]}
    told = found(judged(world(null), STRANGER))
    assert {(f.code, f.severity, f.records) for f in told} == {
        ("SPF_MISSING", Severity.NOTICE, ()),
        ("DMARC_MISSING", Severity.NOTICE, ()),
    }


def test_keys_that_nobody_knows_the_name_of_are_not_missed() -> None:
    """Something stands below _domainkey, so there are keys."""
    assert found(judged(world({"karla1._domainkey.kund.se": None, "2026x._domainkey.kund.se": {"TXT": [ED25519]}}), STRANGER)) == ()


def test_a_selector_that_is_named_goes_before_all_others() -> None:
    """The provider's are not asked for then."""
    asked = world({"other._domainkey.kund.se": {"TXT": [key()]}})
    assert found(judged(asked, selectors=("other",))) == ()
    assert "karla1._domainkey.kund.se" not in {question.name for question in asked.log}


def test_a_revoked_key_of_a_usual_name_is_nothing() -> None:
    """That is how old keys are put away."""
    assert found(judged(world({"mail._domainkey.kund.se": {"TXT": ["v=DKIM1; p="]}}), STRANGER)) == ()


def test_a_name_below_the_domain_has_its_policy() -> None:
    """RFC 7489, 6.6.3: that of the organisational domain, as it is for names below it."""
    below = Domain.parse("avd.kund.se")
    records = {"avd.kund.se": {"MX": [f"10 {MX}"], "TXT": [OUR_SPF]}, "x._domainkey.avd.kund.se": {"TXT": [ED25519]}}

    def codes(policy: str) -> list[str]:
        this = Case(below, EmailAddress("postmaster", below), world({**records, **dmarc(policy)}))
        return [f.code for f in found(list(deliverability.judge(this, asyncio.run(deliverability.gather(this)))))]

    assert codes("v=DMARC1; p=none; sp=reject") == []
    assert codes("v=DMARC1; p=reject; sp=none") == ["DMARC_NONE"]
    assert codes("something else") == ["DMARC_MISSING"]


def test_reports_may_go_to_who_agrees() -> None:
    """RFC 7489, 7.1; within the organisation nobody has to."""
    agreed = {"*._report._dmarc.reports.se": {"TXT": ["v=DMARC1;"]}}
    assert found(judged(world({**dmarc("v=DMARC1; p=reject; rua=mailto:x@reports.se"), **agreed}))) == ()
    assert found(judged(world(dmarc("v=DMARC1; p=reject; rua=mailto:x@dmarc.kund.se")))) == ()


@pytest.mark.parametrize(
    "record",
    [
        f"v=spf1 a:{HOST} -all",
        "v=spf1 redirect=_spf.karlahosting.se",
        "V=SPF1  INCLUDE:_SPF.karlahosting.se  ~ALL",
        f"v=spf1 ip4:{HOST_IP} ip6:2001:db8::/32 -all",
        "v=spf1 include:outer.se -all",
        "v=spf1 exists:%{i}._spf.karlahosting.se include:_spf.karlahosting.se -all",
        f"v=spf1 mx:kund.se/24 a:{HOST}//64 -all",
    ],
)  # fmt: skip
def test_the_provider_is_allowed_in_any_way(record: str) -> None:
    """By its own words, or because its servers' addresses pass."""
    outer = {"outer.se": {"TXT": [f"v=spf1 include:_spf.karlahosting.se a:{HOST} ~all"]}}
    assert found(judged(world({**txt(record), **outer}))) == ()


def test_what_only_a_message_would_tell_is_not_held_against_the_domain() -> None:
    """A macro may well let the provider send."""
    assert found(judged(world(txt("v=spf1 exists:%{i}._spf.%{d} -all")))) == ()


def test_who_has_the_mail_elsewhere_need_not_let_us_send() -> None:
    """That the mail is elsewhere is told among the names; this is a notice."""
    changes = {"kund.se": {"MX": ["10 aspmx.l.google.com"], "TXT": ["v=spf1 include:_spf.google.com ~all"]}}
    changes |= {"_spf.google.com": {"TXT": ["v=spf1 ip4:198.51.100.0/24 ~all"]}, "_mta-sts.kund.se": None, "mta-sts.kund.se": None}
    changes["karla1._domainkey.kund.se"] = None
    told = [(f.code, f.severity) for f in found(judged(world(changes)))]
    assert told == [("SPF_LACKS_PROVIDER", Severity.NOTICE), ("DKIM_MISSING", Severity.NOTICE)]


def test_the_policy_of_a_host_that_all_names_lead_to_is_not_ours_to_find() -> None:
    """With a wildcard mta-sts.DOMAIN is there, and a web page at it is no policy."""
    wild = {"_mta-sts.kund.se": None, "mta-sts.kund.se": None, "*.kund.se": {"A": ["198.51.100.80"]}}
    assert found(judged(world(wild, (200, "<!doctype html>", {})))) == ()


def test_a_policy_may_name_a_family_of_exchangers() -> None:
    """RFC 8461, 4.1: "*." stands for one label; with mode none nobody is bound."""
    assert found(judged(world({}, (200, policy(mx="*.karlahosting.se"), {})))) == ()
    assert found(judged(world({}, (200, policy(mx="mx.old.se", mode="none"), {})))) == ()


def test_the_policy_at_the_mail_host_is_its_job() -> None:
    """Where mta-sts.DOMAIN is an alias of a name of theirs."""
    alias = {"mta-sts.kund.se": {"CNAME": ["sts.karlahosting.se"]}, "sts.karlahosting.se": {"A": ["192.0.2.30"]}}
    (only,) = found(judged(world(alias, (404, "", {}))))
    assert (only.code, only.owner) == ("STS_UNREACHABLE", Owner.PROVIDER)
    assert found(judged(world({}, (404, "", {}))))[0].owner is Owner.CUSTOMER


def test_addresses_of_a_private_network_have_names_that_only_it_knows() -> None:
    """Nothing is said of them."""
    inside = {HOST: {"A": ["10.0.0.20"]}, MX: {"A": ["192.168.0.25"]}}
    assert found(judged(world(inside, connections={}))) == ()


def test_lists_are_only_asked_when_wanted() -> None:
    """It would tell others what we look at."""
    quiet = world({"20.2.0.192.bl.spamcop.net": {"A": ["127.0.0.2"]}})
    assert found(judged(quiet)) == ()
    assert not any(question.name.endswith(("spamcop.net", "spamhaus.org")) for question in quiet.log)


# --- the exchangers ----------------------------------------------------------------------------------------------------------------


def closed(tcp: TCP) -> dict[Place, Connection]:
    return {(Service.SMTP, MX, MX_IP, 25): servers.dead(tcp, Service.SMTP, 25, MX_IP, MX)}


@pytest.mark.parametrize("tcp", [TCP.TIMEOUT, TCP.UNREACHABLE, TCP.NO_WAY_FROM_HERE])
def test_a_closed_way_out_is_not_known_to_be_their_fault(tcp: TCP) -> None:
    """Port 25 is closed on most networks."""
    (only,) = found(judged(world(connections=closed(tcp))))
    assert (only.code, only.severity, only.args["hosts"]) == ("OUT25_BLOCKED", Severity.UNKNOWN, (MX,))


@pytest.mark.parametrize("tcp", [TCP.REFUSED, TCP.UNKNOWN, TCP.FORBIDDEN])
def test_who_refuses_was_reached(tcp: TCP) -> None:
    """And who was not asked is not known."""
    assert found(judged(world(connections=closed(tcp)))) == ()


def test_a_closed_way_out_is_told_once() -> None:
    """The servers' check says the same."""
    own = judged(world(connections=closed(TCP.TIMEOUT)))
    theirs = finding("SMTP25_NOT_TESTED", Subject(MX), hosts=(MX,))
    assert [f.code for f in found(list(sorted_out([theirs, *own])))] == ["SMTP25_NOT_TESTED"]


@pytest.mark.parametrize(
    ("value", "authenticated", "expected"),
    [
        ("3 1 1 aa", True, []),
        ("2 0 1 aa", True, []),
        ("1 0 1 aa", True, ["TLSA_UNUSABLE"]),
        ("0 0 1 aa", True, ["TLSA_UNUSABLE"]),
        ("1 0 1 aa", False, []),
    ],
)
def test_what_mail_servers_cannot_use(value: str, authenticated: bool, expected: list[str]) -> None:
    """RFC 7672, 3.1.3; without signatures nothing of it counts, and that is told with the certificates."""

    class Signed(TableWorld):
        async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
            return replace(await super().lookup(name, type, server), authenticated=authenticated)

    signed = Signed({**clean(), f"_25._tcp.{MX}": {"TLSA": [value]}}, responses={POLICY: (200, policy(), {})})
    assert [f.code for f in found(judged(signed))] == expected


# --- what is not known -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["_dmarc.kund.se", "_spf.karlahosting.se", "karla1._domainkey.kund.se", "20.2.0.192.in-addr.arpa"])
@pytest.mark.parametrize("trouble", [{"RCODE": ["SERVFAIL"]}, {"RCODE": ["REFUSED"]}, {"TIMEOUT": []}, {"UNKNOWN": []}])
def test_what_is_not_answered_is_not_missing(name: str, trouble: dict[str, list[str]]) -> None:
    """One finding, that something is not known."""
    (only,) = found(judged(world({name: trouble})))
    assert (only.code, only.severity) == ("DELIVERY_NOT_TESTED", Severity.UNKNOWN)
    assert name in str(only.args["questions"])


def test_a_policy_that_was_not_asked_for_is_not_known() -> None:
    """As with saved facts that do not have it."""
    (only,) = found(judged(world({}, Response(Request(POLICY), failure=HTTPFailure.UNKNOWN))))
    assert (only.code, only.args["questions"]) == ("DELIVERY_NOT_TESTED", (f"GET {POLICY}",))


def test_the_host_of_a_policy_that_nobody_spoke_of_is_not_missed() -> None:
    """Without the record nothing has to be there."""
    quiet = world({"_mta-sts.kund.se": None}, Response(Request(POLICY), failure=HTTPFailure.UNKNOWN))
    assert found(judged(quiet)) == ()


def test_without_the_senders_addresses_nobody_knows_whether_they_pass() -> None:
    """A record in other words may well let them send."""
    told = found(judged(world({**txt("v=spf1 ip4:192.0.2.0/24 -all"), HOST: {"TIMEOUT": []}})))
    assert [f.code for f in told] == ["DELIVERY_NOT_TESTED"]


def test_a_world_that_knows_nothing_is_unknown() -> None:
    """Nothing but that."""

    class Nothing(TableWorld):
        async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
            return Lookup(Question(name, type, server), LookupStatus.UNKNOWN)

    assert [f.code for f in found(judged(Nothing()))] == ["DELIVERY_NOT_TESTED"]


def test_every_code_of_these_rooms_is_met_here() -> None:
    """So that no entry is dead."""
    met = {row.code.split()[0] for row in (*SPF, *DKIM, *DMARC, *STS, *PTR)}
    assert met | {"OUT25_BLOCKED", "TLSA_UNUSABLE", "DELIVERY_NOT_TESTED"} == {*sending.ENTRIES, *transport.ENTRIES}


def test_a_record_without_end_costs_no_more_than_so_much() -> None:
    """Each of its includes leads on to ten more."""

    class Endless(TableWorld):
        async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
            if type == "TXT" and name.endswith("kund.se") and not name.startswith("_"):
                self.log.append(Question(name, type))
                more = " ".join(f"include:{n}.{name}" for n in range(10))
                return Lookup(Question(name, type), LookupStatus.FOUND, (f"v=spf1 {more} -all",))
            return await super().lookup(name, type, server)

    endless = Endless(clean(), responses={POLICY: (200, policy(), {})})
    codes = [f.code for f in found(judged(endless, STRANGER))]
    assert "SPF_TOO_MANY_LOOKUPS" in codes
    assert len(endless.log) < 150
