"""What a domain should publish, as real name servers load it and answer it, and what is said of what the DNS answers instead."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.resolver
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.dnsrecords import (
    TITLES,
    Address,
    Answer,
    Cname,
    Comparison,
    Digest,
    Group,
    Mx,
    Necessity,
    Record,
    Srv,
    Txt,
    Verdict,
    compare,
    questions,
    records,
    rows,
    to_data,
    zone_text,
)
from autoconfig.formats import pacc
from autoconfig.model import Account, ClientConfig, HostPattern, Port, Protocol, Provider, Server, Shape, Sieve, TLSMode
from tests import strategies

GOLDEN = Path(__file__).parent / "formats" / "golden"

IMPLICIT, STARTTLS, NONE = TLSMode.IMPLICIT, TLSMode.STARTTLS, TLSMode.NONE
SERVICE = Domain.parse("autoconfig.karlahosting.se")
KUND = Domain.parse("kund.se")
SHARED, OWN = HostPattern("server.karlahosting.se"), HostPattern("mail.%EMAILDOMAIN%")


def server(host: HostPattern, *ports: tuple[int, TLSMode]) -> Server[HostPattern]:
    (port, tls), *others = ports
    return Server(host, port, tls, also=tuple(Port(*other) for other in others))


SMTP = ((465, IMPLICIT), (587, STARTTLS))
IMAP = Account(Protocol.IMAP, server(SHARED, (993, IMPLICIT), (143, STARTTLS)), server(SHARED, *SMTP))
POP3 = Account(Protocol.POP3, server(OWN, (995, IMPLICIT), (110, STARTTLS)), server(OWN, *SMTP))
KARLA = Provider("karlahosting", "KarlaHosting", "Karla", (IMAP, POP3))
FULL = replace(
    KARLA,
    mx=("10 mx1.karlahosting.se", "20 mx.%EMAILDOMAIN%"),
    spf="v=spf1 include:spf.karlahosting.se -all",
    dmarc="v=DMARC1; p=none; rua=mailto:dmarc@%EMAILDOMAIN%",
    caldav_url="https://dav.karlahosting.se/kalender/",
    carddav_url="https://dav.karlahosting.se:8443",
    jmap_url="https://jmap.karlahosting.se/session",
    sieve=Sieve(SHARED, 4190, STARTTLS),
)


def config(provider: Provider = KARLA, domain: str = "kund.se", protocols: tuple[Protocol, ...] = ()) -> ClientConfig:
    return Shape.of(provider, protocols=protocols).fill(Domain.parse(domain))


def digests(config: ClientConfig) -> tuple[Digest, ...]:
    return (Digest(pacc.digest(pacc.document(config).content)), Digest(pacc.digest(b"before"), "2026-12-23"))


def values(found: Sequence[Record], label: str, type: str = "SRV") -> list[str]:
    return [str(record.data) for record in found if record.name == f"{label}.kund.se" and record.type == type]


def published(provider: Provider, *labels: str, protocols: tuple[Protocol, ...] = ()) -> dict[str, list[str]]:
    found = records(config(provider, protocols=protocols), SERVICE)
    return {label: values(found, f"{label}._tcp") for label in labels}


# The sample host


@pytest.mark.parametrize(("provider", "domain", "name"), [(KARLA, "kund.se", "kund.se"), (FULL, "byrå.se", "xn--byr-wla.se")])
def test_zone_text_of_the_host_s_rule(provider: Provider, domain: str, name: str) -> None:
    """IMAP at the shared server, POP at the customer's own name; the digest is that of the golden document."""
    settings = config(provider, domain)
    text = zone_text(records(settings, SERVICE, digests(settings)), settings.domain)
    assert text == (GOLDEN / f"{name}.zone").read_text()


def test_digest_of_the_golden_zone_is_that_of_the_golden_document() -> None:
    """The two files that customers meet agree."""
    assert pacc.digest((GOLDEN / "kund.se.pacc.json").read_bytes()) in (GOLDEN / "kund.se.zone").read_text()


# Where programs fetch the settings


def test_three_names_lead_to_the_service() -> None:
    """PACC's only where there is a digest: without it no client may believe the document."""
    settings = config()
    names = {record.name: str(record.data) for record in records(settings, SERVICE, digests(settings)) if isinstance(record.data, Cname)}
    assert names == dict.fromkeys(("autoconfig.kund.se", "autodiscover.kund.se", "ua-auto-config.kund.se"), "autoconfig.karlahosting.se.")
    assert [r.name for r in records(settings, SERVICE) if isinstance(r.data, Cname)] == ["autoconfig.kund.se", "autodiscover.kund.se"]


def test_service_s_own_name_is_no_alias_of_itself() -> None:
    """At the domain of the service itself, its name has addresses, and the others lead to it."""
    settings = config(domain="karlahosting.se")
    found = records(settings, SERVICE)
    assert found[0].data == Address()
    assert found[1].data == Cname(SERVICE)
    text = zone_text(found, settings.domain)
    assert "\n; autoconfig.karlahosting.se. needs A and AAAA records\n" in text
    assert rows(found, settings.domain)[0].type == "A/AAAA"


def test_former_digest_stays_beside_the_current_one() -> None:
    """Both are published until the date that the store says; what equals the current one is not published twice."""
    found = records(
        config(), SERVICE, [Digest("v=UAAC1; a=sha256; d=Bg=="), Digest("old", "2026-12-23"), Digest("v=UAAC1; a=sha256; d=Bg==", "x")]
    )
    assert [(r.data, r.until) for r in found if r.type == "TXT"] == [(Txt("v=UAAC1; a=sha256; d=Bg=="), None), (Txt("old"), "2026-12-23")]


def test_autodiscover_has_no_srv() -> None:
    """Thunderbird asks its user to confirm a foreign SRV target, even when autoconfig has answered (recorded)."""
    assert not [record for record in records(config(FULL), SERVICE) if record.name.startswith("_autodiscover")]


# SRV

NOT_OFFERED = ["0 0 0 ."]


def test_preferred_and_alternative_ports_with_the_domain_s_preference() -> None:
    """RFC 6186, 3.4: the lower priority is the preferred protocol; RFC 8314, 4.5.2: implicit TLS before STARTTLS."""
    assert published(KARLA, "_imaps", "_imap", "_pop3s", "_pop3", "_submissions", "_submission") == {
        "_imaps": ["0 0 993 server.karlahosting.se."],
        "_imap": ["1 0 143 server.karlahosting.se."],
        "_pop3s": ["10 0 995 mail.kund.se."],
        "_pop3": ["11 0 110 mail.kund.se."],
        "_submissions": ["0 0 465 server.karlahosting.se."],
        "_submission": ["1 0 587 server.karlahosting.se."],
    }


def test_domain_that_prefers_pop_says_so_and_sends_where_pop_sends() -> None:
    """The order of accounts is the order of priorities, and the first account's outgoing server is named."""
    assert published(KARLA, "_imaps", "_pop3s", "_submissions", protocols=(Protocol.POP3, Protocol.IMAP)) == {
        "_pop3s": ["0 0 995 mail.kund.se."],
        "_imaps": ["10 0 993 server.karlahosting.se."],
        "_submissions": ["0 0 465 mail.kund.se."],
    }


@pytest.mark.parametrize(
    ("ports", "imaps", "imap"),
    [
        # RFC 6186, 3.4 shows this very case: _imap with ".", _imaps with a server.
        ([(993, IMPLICIT)], ["0 0 993 server.karlahosting.se."], NOT_OFFERED),
        ([(143, STARTTLS)], NOT_OFFERED, ["0 0 143 server.karlahosting.se."]),
        # RFC 8314, 4.5.2: implicit TLS is preferred, also where the operator names STARTTLS first.
        ([(143, STARTTLS), (993, IMPLICIT)], ["0 0 993 server.karlahosting.se."], ["1 0 143 server.karlahosting.se."]),
        ([(993, IMPLICIT), (1993, IMPLICIT)], ["0 0 993 server.karlahosting.se.", "1 0 1993 server.karlahosting.se."], NOT_OFFERED),
        # RFC 8314, 4.1 and 5.1: without TLS nothing is advertised; but it is offered, so "." would be untrue (RFC 6186, 3.2).
        ([(143, NONE)], NOT_OFFERED, []),
        ([(993, IMPLICIT), (143, NONE)], ["0 0 993 server.karlahosting.se."], []),
    ],
)
def test_labels_of_imap(ports: list[tuple[int, TLSMode]], imaps: list[str], imap: list[str]) -> None:
    """What is offered is found, and "." stands only where the host has the service on no port."""
    provider = replace(KARLA, accounts=(replace(IMAP, incoming=server(SHARED, *ports)),))
    assert published(provider, "_imaps", "_imap") == {"_imaps": imaps, "_imap": imap}


def test_protocol_that_the_host_does_not_have_is_denied() -> None:
    """RFC 6186, 3.4: "." for all of POP's labels at a host without POP."""
    assert published(replace(KARLA, accounts=(IMAP,)), "_pop3s", "_pop3") == {"_pop3s": NOT_OFFERED, "_pop3": NOT_OFFERED}


def test_protocol_that_only_this_domain_does_not_use_is_neither_named_nor_denied() -> None:
    """The host has it on a port, so "." would be untrue."""
    assert published(KARLA, "_pop3s", "_pop3", protocols=(Protocol.IMAP,)) == {"_pop3s": [], "_pop3": []}


def test_all_weights_are_equal() -> None:
    """aerc takes the highest weight and only then the lowest priority (source, 2026)."""
    assert {r.data.weight for r in records(config(FULL), SERVICE) if isinstance(r.data, Srv)} == {0}


def test_calendars_contacts_jmap_and_sieve() -> None:
    """RFC 6764, 3 and 4; RFC 8620, 2.2; RFC 5804, 1.8; never denied, because they may be somewhere else."""
    assert published(FULL, "_caldavs", "_carddavs", "_jmap", "_sieve") == {
        "_caldavs": ["0 0 443 dav.karlahosting.se."],
        "_carddavs": ["0 0 8443 dav.karlahosting.se."],
        "_jmap": ["0 0 443 jmap.karlahosting.se."],
        "_sieve": ["0 0 4190 server.karlahosting.se."],
    }
    found = records(config(FULL), SERVICE)
    assert values(found, "_caldavs._tcp", "TXT") == ['"path=/kalender/"']
    assert values(found, "_carddavs._tcp", "TXT") == ['"path=/"']
    assert not [r for r in records(config(), SERVICE) if r.group is Group.GROUPWARE]


@pytest.mark.parametrize(
    "provider",
    [
        replace(KARLA, caldav_url="http://dav.karlahosting.se/", jmap_url="https://192.0.2.1/"),
        replace(KARLA, sieve=Sieve(SHARED, 4190, IMPLICIT)),
        replace(KARLA, sieve=Sieve(SHARED, 4190, NONE)),
    ],
)
def test_what_no_label_can_tell_is_not_published(provider: Provider) -> None:
    """Without TLS, at an address without a name, or in a TLS mode that the standard does not know."""
    assert not [r for r in records(config(provider), SERVICE) if r.group is Group.GROUPWARE]


def test_delivery_when_the_provider_says_it() -> None:
    """MX, SPF and DMARC, filled with the domain; DKIM keys are not ours to know."""
    found = [r for r in records(config(FULL), SERVICE) if r.group is Group.DELIVERY]
    assert [(r.name, r.data) for r in found] == [
        ("kund.se", Mx(10, Domain.parse("mx1.karlahosting.se"))),
        ("kund.se", Mx(20, Domain.parse("mx.kund.se"))),
        ("kund.se", Txt("v=spf1 include:spf.karlahosting.se -all")),
        ("_dmarc.kund.se", Txt("v=DMARC1; p=none; rua=mailto:dmarc@kund.se")),
    ]


def test_name_that_would_be_too_long_is_left_out() -> None:
    """RFC 1035, 2.3.4: at a domain of 240 octets there can be no _submissions._tcp, but there can be autoconfig."""
    domain = ".".join(["a" * 59] * 4)
    found = records(config(replace(KARLA, accounts=(IMAP,)), domain), SERVICE)
    assert found[0].name == f"autoconfig.{domain}"
    assert all(len(record.name) <= 253 for record in found)
    assert not [record for record in found if record.name.startswith("_submissions")]


# Text


def test_rows_are_what_a_panel_asks_for() -> None:
    """Relative names, no last dots, the priority by itself; for a subdomain relative to the zone that the panel shows."""
    found = records(config(FULL), SERVICE)
    shown = {(row.name, row.type): (row.priority, row.value) for row in rows(found, KUND)}
    assert shown["autoconfig", "CNAME"] == (None, "autoconfig.karlahosting.se")
    assert shown["_imaps._tcp", "SRV"] == (0, "0 993 server.karlahosting.se")
    assert shown["@", "MX"] == (20, "mx.kund.se")
    assert shown["@", "TXT"] == (None, "v=spf1 include:spf.karlahosting.se -all")
    below = records(config(domain="post.kund.se"), SERVICE)
    assert [row.name for row in rows(below, KUND)][:2] == ["autoconfig.post", "autodiscover.post"]
    assert rows(records(config(replace(KARLA, accounts=(IMAP,))), SERVICE), KUND)[-3].value == "0 0 ."


def test_data_is_json_with_every_field() -> None:
    """One object a record."""
    found = to_data(records(config(FULL), SERVICE))
    assert json.loads(json.dumps(found)) == found
    assert found[2] == {
        "name": "_imaps._tcp.kund.se.",
        "type": "SRV",
        "ttl": 3600,
        "value": "0 0 993 server.karlahosting.se.",
        "priority": 0,
        "weight": 0,
        "port": 993,
        "target": "server.karlahosting.se.",
        "group": "mail",
        "purpose": "the IMAP server, with TLS from the start",
        "necessity": "recommended",
        "until": None,
    }


@given(strategies.client_configs(), strategies.domains())
def test_zone_text_is_read_back_by_dnspython_as_the_same_data(settings: ClientConfig, service_host: Domain) -> None:
    """Every record of every configuration, whatever the names; comments hurt nobody."""
    digest = Digest(pacc.digest(b""))
    found = records(settings, service_host, [digest, Digest("x", "2026-12-23\nevil A 192.0.2.1")])
    zone = dns.zone.from_text(zone_text(found, settings.domain), relativize=False, check_origin=False)
    assert zone.origin == dns.name.from_text(settings.domain.ascii)
    read = {(str(name), ttl, dns.rdatatype.to_text(rdata.rdtype), rdata.to_text()) for name, ttl, rdata in zone.iterate_rdatas()}
    assert read == {(f"{r.name}.", r.ttl, r.type, str(r.data)) for r in found if r.type != "A/AAAA"}
    for record in found:
        assert record.purpose
        assert record.group in TITLES
        assert record.name.isascii()


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text_survives_as_txt(text: str) -> None:
    """Quoted, escaped and split at 255 octets (RFC 1035, 3.3 and 5.1)."""
    rdata = dns.rdata.from_text("IN", "TXT", str(Txt(text)))
    assert b"".join(rdata.strings).decode() == text
    assert all(len(string) <= 255 for string in rdata.strings)
    record = Record("kund.se", Txt(text), Group.DELIVERY, "-", Necessity.OPTIONAL)
    assert [c.verdict for c in compare([record], [Answer("kund.se", "TXT", (rdata.to_text(),))])] == [Verdict.OK]


def test_long_txt_is_split() -> None:
    """A character-string holds 255 octets."""
    assert str(Txt("a" * 600)) == f'"{"a" * 255}" "{"a" * 255}" "{"a" * 90}"'
    assert str(Txt('å"\\')) == r'"\195\165\"\\"'


# What the DNS says

ADDRESSES = {
    ("autoconfig.karlahosting.se", "A"): ("192.0.2.10",),
    ("autoconfig.karlahosting.se", "AAAA"): ("2001:db8::a",),
}


def judged(found: Sequence[Record], answers: dict[tuple[str, str], tuple[str, ...] | None]) -> list[Comparison]:
    """Compare with a DNS in which nothing stands but *answers*."""
    asked = {question: ADDRESSES.get(question, ()) for question in questions(found)}
    return list(compare(found, [Answer(*question, values) for question, values in {**asked, **answers}.items()]))


def only(found: Sequence[Record], label: str, type: str) -> list[Record]:
    return [record for record in found if record.name == (f"{label}.kund.se" if label else "kund.se") and record.type == type]


ALL = records(config(FULL), SERVICE, [Digest("v=UAAC1; a=sha256; d=bmV3"), Digest("v=UAAC1; a=sha256; d=b2xk", "2026-12-23")])


@pytest.mark.parametrize(
    ("answers", "verdict", "found"),
    [
        ({}, Verdict.MISSING, ()),
        ({"CNAME": ("AutoConfig.KarlaHosting.se.",)}, Verdict.OK, ("autoconfig.karlahosting.se",)),
        ({"CNAME": ("old.example.",)}, Verdict.DIFFERENT, ("old.example",)),
        ({"CNAME": ("w.kund.se.",), "A": ("192.0.2.10",)}, Verdict.OK, ("w.kund.se",)),
        ({"CNAME": ("w.kund.se.",), "A": ("192.0.2.99",)}, Verdict.DIFFERENT, ("w.kund.se",)),
        ({"A": ("192.0.2.10",)}, Verdict.OK, ("192.0.2.10",)),
        ({"A": ("192.0.2.10",), "AAAA": ("2001:DB8:0::A",)}, Verdict.OK, ("192.0.2.10", "2001:db8::a")),
        ({"A": ("192.0.2.10",), "AAAA": ("2001:db8::bad",)}, Verdict.DIFFERENT, ("192.0.2.10", "2001:db8::bad")),
        ({"A": ("192.0.2.99",)}, Verdict.DIFFERENT, ("192.0.2.99",)),
        ({"CNAME": None, "A": None, "AAAA": None}, Verdict.UNKNOWN, ()),
        ({"CNAME": None, "A": ("192.0.2.10",)}, Verdict.OK, ("192.0.2.10",)),
    ],
)
def test_verdict_on_an_alias(answers: dict[str, tuple[str, ...] | None], verdict: Verdict, found: tuple[str, ...]) -> None:
    """An alias elsewhere, or addresses, are well when they lead to the same machine."""
    expected = only(ALL, "autoconfig", "CNAME")
    (comparison,) = judged(expected, {("autoconfig.kund.se", type): value for type, value in answers.items()})
    assert comparison == Comparison("autoconfig.kund.se", "CNAME", verdict, expected[0], found)


def test_addresses_alone_say_nothing_when_those_of_the_service_are_unknown() -> None:
    """We did not see the service's addresses: that is our trouble, not the customer's."""
    expected = only(ALL, "autoconfig", "CNAME")
    unknown = {("autoconfig.karlahosting.se", type): None for type in ("A", "AAAA")}
    (comparison,) = judged(expected, {("autoconfig.kund.se", "A"): ("192.0.2.10",), **unknown})
    assert comparison.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("label", "type", "answers", "verdicts"),
    [
        ("_imaps._tcp", "SRV", (), [("missing", ())]),
        ("_imaps._tcp", "SRV", None, [("unknown", ())]),
        ("_imaps._tcp", "SRV", ("0 0 993 Server.KarlaHosting.SE.",), [("ok", ("0 0 993 server.karlahosting.se",))]),
        ("_imaps._tcp", "SRV", ("5 1 993 server.karlahosting.se.",), [("ok", ("5 1 993 server.karlahosting.se",))]),
        ("_imaps._tcp", "SRV", ("0 0 993 old.example.",), [("different", ("0 0 993 old.example",))]),
        ("_imaps._tcp", "SRV", ("0 0 994 server.karlahosting.se.",), [("different", ("0 0 994 server.karlahosting.se",))]),
        ("_imaps._tcp", "SRV", ("0 0 0 .",), [("different", ("0 0 0 .",))]),
        (
            "_imaps._tcp",
            "SRV",
            ("0 0 993 server.karlahosting.se.", "5 0 993 old.example."),
            [("ok", ("0 0 993 server.karlahosting.se",)), ("not-needed", ("5 0 993 old.example",))],
        ),
        ("", "MX", ("10 mx1.karlahosting.se.",), [("ok", ("10 mx1.karlahosting.se",)), ("missing", ())]),
        ("", "MX", ("5 old.example.",), [("different", ("5 old.example",))] * 2),
        ("", "TXT", ('"google-site-verification=x"',), [("missing", ())]),
        (
            "",
            "TXT",
            ('"x=y"', '"v=spf1 mx include:spf.karlahosting.se" " include:news.example ~all"'),
            [("ok", ("v=spf1 mx include:spf.karlahosting.se include:news.example ~all",))],
        ),
        ("", "TXT", ('"v=spf1 include:old.example -all"',), [("different", ("v=spf1 include:old.example -all",))]),
        (
            "",
            "TXT",
            ('"v=spf1 include:spf.karlahosting.se -all"', '"v=spf1 mx -all"'),
            [("different", ("v=spf1 include:spf.karlahosting.se -all", "v=spf1 mx -all"))],
        ),
        ("_dmarc", "TXT", ('"v=DMARC1;p=reject"',), [("ok", ("v=DMARC1;p=reject",))]),
        ("_dmarc", "TXT", ('"v=DMARC1;p=reject"', '"v=DMARC1;p=none"'), [("different", ("v=DMARC1;p=reject", "v=DMARC1;p=none"))]),
        (
            "_ua-auto-config",
            "TXT",
            ('"a=sha256 ;v=UAAC1; x=1; d=bmV3"', '"v=UAAC1;d=bmV3; a=sha256;"'),
            [("ok", ("v=UAAC1;d=bmV3; a=sha256;",)), ("not-needed", ())],
        ),
        (
            "_ua-auto-config",
            "TXT",
            ('"v=UAAC1; a=sha256; d=b2xk"',),
            [("missing", ()), ("ok", ("v=UAAC1; a=sha256; d=b2xk",))],
        ),
        (
            "_ua-auto-config",
            "TXT",
            ('"v=UAAC1; a=sha256; d=bmV3"', '"v=UAAC1; a=sha256; d=YW5jaWVudA=="'),
            [
                ("ok", ("v=UAAC1; a=sha256; d=bmV3",)),
                ("not-needed", ()),
                ("not-needed", ("v=UAAC1; a=sha256; d=YW5jaWVudA==",)),
            ],
        ),
    ],
)
def test_verdict_on_a_record_set(
    label: str, type: str, answers: tuple[str, ...] | None, verdicts: list[tuple[str, tuple[str, ...]]]
) -> None:
    """Spelling does not matter, the owner's own choices are left alone, and what is there beside ours is told."""
    name = f"{label}.kund.se" if label else "kund.se"
    found = judged(only(ALL, label, type), {(name, type): answers})
    assert [(comparison.verdict.value, comparison.found) for comparison in found] == verdicts


def test_verdict_on_a_denial() -> None:
    """ "." is what it is whatever its weight, and a server in its place is something else."""
    denied = only(records(config(replace(KARLA, accounts=(IMAP,))), SERVICE), "_pop3._tcp", "SRV")
    assert [c.verdict for c in judged(denied, {("_pop3._tcp.kund.se", "SRV"): ("0 1 0 .",)})] == [Verdict.OK]
    assert [c.verdict for c in judged(denied, {("_pop3._tcp.kund.se", "SRV"): ("0 0 110 old.example.",)})] == [Verdict.DIFFERENT]
    assert denied[0].necessity is Necessity.OPTIONAL


def test_alias_in_the_way_of_a_record() -> None:
    """RFC 1034, 3.6.2: where a CNAME stands nothing else can; but when it leads to the right record, all is well."""
    expected = only(ALL, "_imaps._tcp", "SRV")
    name = "_imaps._tcp.kund.se"
    (blocked,) = judged(expected, {(name, "CNAME"): ("old.example.",)})
    assert (blocked.verdict, blocked.found) == (Verdict.CNAME, ("old.example",))
    (led,) = judged(expected, {(name, "CNAME"): ("srv.karlahosting.se.",), (name, "SRV"): ("0 0 993 server.karlahosting.se.",)})
    assert led.verdict is Verdict.OK


def test_what_was_not_asked_is_unknown() -> None:
    """No answer at all accuses nobody."""
    assert {comparison.verdict for comparison in compare(ALL, [])} == {Verdict.UNKNOWN}


@given(strategies.client_configs(), strategies.domains())
def test_what_was_published_compares_as_well(settings: ClientConfig, service_host: Domain) -> None:
    """A domain that pastes the zone text is told that all is well."""
    found = records(settings, service_host, [Digest(pacc.digest(b""))])
    there: dict[tuple[str, str], tuple[str, ...]] = dict.fromkeys(questions(found), ())
    for record in found:
        key = (record.name, "A" if record.type == "A/AAAA" else record.type)
        there[key] = (*there[key], str(record.data) or "192.0.2.1")
    answers = [Answer(f"{name}.", type, answer) for (name, type), answer in there.items()]
    assert {comparison.verdict for comparison in compare(found, answers)} == {Verdict.OK}


@given(
    st.lists(
        st.builds(
            Answer,
            st.sampled_from([name for name, _ in questions(ALL)]),
            st.sampled_from(("A", "AAAA", "CNAME", "SRV", "MX", "TXT")),
            st.none() | st.lists(st.text(max_size=20) | st.sampled_from(("", ".", '"', '"\\', "0 0 0 .", "x 0 0")), max_size=3).map(tuple),
        )
    )
)
def test_no_answer_upsets_the_comparison(answers: list[Answer]) -> None:
    """Values are what strangers wrote; every record gets a verdict all the same."""
    assert {comparison.record for comparison in compare(ALL, answers)} - {None} == set(ALL)


# Real name servers

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_KNOT = """\
server:
    rundir: {directory}
    listen: 127.0.0.1@{port}
database:
    storage: {directory}
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: {directory}
    file: "%s.zone"
    semantic-checks: on
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: {zone}.
"""
ZONES = [(KARLA, "kund.se"), (FULL, "byrå.se"), (FULL, "post.räksmörgås.se"), (FULL, "דוגמה.טעסט")]


def _need(program: str) -> str:
    found = shutil.which(program, path=_PATH)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"not installed: {program} (tests/lab/install.sh, as root)")
    return found


def _zone_file(directory: Path, settings: ClientConfig) -> Path:
    """Write the domain's zone as its owner has it after pasting our text below what a zone must have."""
    name = settings.domain.ascii
    head = f"{name}. 60 IN SOA ns.lab. hostmaster.lab. 1 3600 600 86400 60\n{name}. 60 IN NS ns.lab.\n"
    path = directory / f"{name}.zone"
    path.write_text(head + zone_text(records(settings, SERVICE, digests(settings)), settings.domain), encoding="utf-8")
    return path


def _configuration(directory: Path, settings: ClientConfig, port: int) -> Path:
    path = directory / "knot.conf"
    path.write_text(_KNOT.format(directory=directory, port=port, zone=settings.domain.ascii))
    return path


@pytest.mark.parametrize(("provider", "domain"), ZONES, ids=[domain for _, domain in ZONES])
def test_zone_is_well_for_knot(provider: Provider, domain: str, tmp_path: Path) -> None:
    """`knotc zone-check` loads the zone with its semantic checks, and has nothing to say."""
    knotc = _need("knotc")
    settings = config(provider, domain)
    _zone_file(tmp_path, settings)
    command = [knotc, "--config", str(_configuration(tmp_path, settings, 53)), "zone-check", f"{settings.domain.ascii}."]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "error" not in (done.stderr + done.stdout).lower()
    assert "warning" not in (done.stderr + done.stdout).lower()


@pytest.mark.parametrize(("provider", "domain"), ZONES, ids=[domain for _, domain in ZONES])
def test_zone_is_well_for_bind(provider: Provider, domain: str, tmp_path: Path) -> None:
    """`named-checkzone` has nothing to say either."""
    program = _need("named-checkzone")
    settings = config(provider, domain)
    command = [program, "-i", "local", settings.domain.ascii, str(_zone_file(tmp_path, settings))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture
def knot(tmp_path: Path) -> Iterator[tuple[ClientConfig, dns.resolver.Resolver]]:
    """A name server on this machine that has the zone of a domain."""
    knotd = _need("knotd")
    settings = config(FULL, "byrå.se")
    _zone_file(tmp_path, settings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with log.open("wb") as output:
        program = subprocess.Popen([knotd, "--config", str(_configuration(tmp_path, settings, port))], stdout=output, stderr=output)
    try:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        query = dns.message.make_query(settings.domain.ascii, "SOA")
        for _ in range(100):
            try:
                if dns.query.udp(query, "127.0.0.1", port=port, timeout=0.2).answer:
                    break
            except (dns.exception.Timeout, OSError):
                pass
            assert program.poll() is None, log.read_text()
            time.sleep(0.05)
        else:
            pytest.fail(log.read_text())
        yield settings, resolver
    finally:
        program.terminate()
        program.wait(10)


@pytest.mark.lab
def test_name_server_answers_what_we_wrote(knot: tuple[ClientConfig, dns.resolver.Resolver]) -> None:
    """Loaded by a real name server, asked back over the wire, compared: every record is there."""
    settings, resolver = knot
    found = records(settings, SERVICE, digests(settings))

    def ask(name: str, type: str) -> Answer:
        try:
            return Answer(name, type, tuple(rdata.to_text() for rdata in resolver.resolve(f"{name}.", type)))
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return Answer(name, type, ())
        except dns.resolver.NoNameservers:  # refused: not a name of its zone
            return Answer(name, type, None)

    comparisons = compare(found, [ask(*question) for question in questions(found)])
    assert [comparison.record for comparison in comparisons] == list(found)
    assert {comparison.verdict for comparison in comparisons} == {Verdict.OK}
