"""The domain, its names and its mail exchangers: each fault is found where it is, once, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import dnsrecords
from autoconfig.address import Domain, EmailAddress
from autoconfig.catalogue import ENTRIES
from autoconfig.catalogue.delegation import ENTRIES as CATALOGUE
from autoconfig.checks import delegation
from autoconfig.checks.case import Case, Named, Source
from autoconfig.checks.zone import Delegation
from autoconfig.findings import Finding, Group, Owner, Passed, Severity, Verdict, settle
from autoconfig.model import Account, HostPattern, Protocol, Provider, Server, Shape, TLSMode
from autoconfig.observations import Lookup, Service
from tests.checks.worlds import Records, TableWorld

Table = dict[str, dict[str, list[str]]]

DOMAIN = Domain.parse("kund.se")
SERVICE = Domain.parse("autoconfig.karlahosting.se")
SERVER = "198.51.100.10"
SERVER6 = "2001:db8::10"
NS = ("198.51.100.51", "198.51.100.52")


def account(protocol: Protocol, host: str, port: int) -> Account[HostPattern]:
    pattern = HostPattern.parse(host)
    return Account(protocol, Server(pattern, port, TLSMode.IMPLICIT), Server(pattern, 465, TLSMode.IMPLICIT))


PROVIDER = Provider(
    id="karlahosting",
    name="KarlaHosting",
    short_name="Karla",
    accounts=(account(Protocol.IMAP, "server.karlahosting.se", 993), account(Protocol.POP3, "mail.%EMAILDOMAIN%", 995)),
    mx=("10 mx1.karlahosting.se", "20 mx2.karlahosting.se"),
)


def clean() -> Table:
    """The world in which everything is as it should be."""
    table: Table = {
        "karlahosting.se": {"SOA": ["ns1.karlahosting.se host.karlahosting.se 1 3600 600 86400 300"], "NS": ["ns1.karlahosting.se"]},
        "ns1.karlahosting.se": {"A": [NS[0]]},
        "ns2.karlahosting.se": {"A": [NS[1]]},
        "mx1.karlahosting.se": {"A": ["198.51.100.21"]},
        "mx2.karlahosting.se": {"A": ["198.51.100.22"]},
        "server.karlahosting.se": {"A": [SERVER], "AAAA": [SERVER6]},
        SERVICE.ascii: {"A": ["198.51.100.30"]},
        "kund.se": {
            "SOA": ["ns1.karlahosting.se host.karlahosting.se 1 3600 600 86400 300"],
            "NS": ["ns1.karlahosting.se", "ns2.karlahosting.se"],
            "A": ["198.51.100.80"],
            "MX": ["10 mx1.karlahosting.se", "20 mx2.karlahosting.se"],
        },
        "mail.kund.se": {"A": [SERVER], "AAAA": [SERVER6]},
    }
    for record in due():
        name, type = record.name, record.type
        if type != "MX":
            table.setdefault(name, {}).setdefault(type, []).append(str(record.data))
    return table


def due() -> tuple[dnsrecords.Record, ...]:
    return dnsrecords.records(Shape.of(PROVIDER).fill(DOMAIN), SERVICE)


def changed(table: Table, changes: Mapping[str, Mapping[str, list[str]] | None]) -> Table:
    """Return *table* with the names in *changes* replaced; None removes a name."""
    rest = {name: types for name, types in table.items() if name not in changes}
    return rest | {name: dict(types) for name, types in changes.items() if types is not None}


def with_types(name: str, **types: list[str]) -> Mapping[str, Mapping[str, list[str]]]:
    """Return the change that replaces only some *types* of *name*; an empty list removes one."""
    return {name: {type: values for type, values in {**clean().get(name, {}), **types}.items() if values}}


def case_of(world: TableWorld, *, ours: bool = True, domain: Domain = DOMAIN) -> Case:
    address = EmailAddress("postmaster", domain)
    if not ours:
        return Case(domain, address, world)
    return Case(domain, address, world, Shape.of(PROVIDER).fill(domain), due(), SERVICE)


def verdicts(world: TableWorld, *, ours: bool = True, domain: Domain = DOMAIN) -> list[Verdict]:
    case = case_of(world, ours=ours, domain=domain)
    return list(delegation.judge(case, asyncio.run(delegation.gather(case))))


def findings(records: Records, *, at: Mapping[str, Records] | None = None, ours: bool = True) -> dict[str, Finding]:
    """Return what is found, by code; a code is found once."""
    found, _, _ = settle(verdicts(TableWorld(records, at=at), ours=ours))
    assert len({finding.code for finding in found}) == len(found), [finding.code for finding in found]
    return {finding.code: finding for finding in found}


def read(finding: Finding) -> str:
    """Return the finding's message in English."""
    values = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in finding.args.items()}
    return ENTRIES[finding.code].message % values


# --- a domain that is well ---------------------------------------------------------------------------------------------------------


def test_a_clean_domain_of_ours_has_no_finding() -> None:
    """Not even a notice; and what was looked at is told as passed."""
    found = verdicts(TableWorld(clean()))
    assert [verdict for verdict in found if not isinstance(verdict, Passed)] == []
    passed = {verdict.check for verdict in found if isinstance(verdict, Passed)}
    assert passed >= {"DNS_NXDOMAIN", "DNS_SERVFAIL", "DNS_LAME", "DNS_STALE_CACHE", "DNS_HOST_MISSING", "DNS_WILDCARD_HIT", "MX_NONE"}


def test_a_clean_foreign_domain_is_only_told_of_addresses_that_are_not_global() -> None:
    """The contract: a notice for foreign domains, nothing for domains in the store. The addresses here are for documentation."""
    found = findings(clean(), ours=False)
    assert {finding.severity for finding in found.values()} <= {Severity.NOTICE}
    assert set(found) <= {"DNS_PRIVATE_ADDRESS", "MX_PRIVATE_IP"}


def test_a_mail_exchanger_by_a_name_of_the_customers_own_is_still_ours() -> None:
    """Panels publish the domain itself as MX; what counts is where it leads."""
    assert findings(changed(clean(), with_types("kund.se", MX=["0 mail.kund.se"]))) == {}


def test_the_number_of_questions_is_bounded() -> None:
    """Four name servers and six mail exchangers at most, however many there are."""
    many = {f"ns{i}.host.example": {"A": [f"203.0.113.{i}"]} for i in range(1, 30)}
    hosts = {f"mx{i}.host.example": {"A": [f"203.0.113.{i}"]} for i in range(1, 30)}
    change = with_types("kund.se", NS=list(many), MX=[f"{i} {host}" for i, host in enumerate(hosts)])
    world = TableWorld(changed(clean(), {**change, **many, **hosts}))
    verdicts(world, ours=False)
    assert len(world.log) < 65
    assert len({question.server for question in world.log}) == 1 + 4


class Waves(TableWorld):
    """Counts how many times somebody waited for answers before asking on."""

    answered = 0

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.waves: set[int] = set()

    async def lookup(self, name: str, type: str, server: str | None = None):
        """Answer after everybody else has asked."""
        self.waves.add(self.answered)
        await asyncio.sleep(0.001)
        self.answered += 1
        return await super().lookup(name, type, server)


@pytest.mark.parametrize(("records", "round_trips"), [(clean(), 3), ({"se": {"NS": ["a.nic.example"]}}, 1)], ids=["healthy", "dead"])
def test_a_domain_costs_few_round_trips(records: Records, round_trips: int) -> None:
    """Three when it is well, one when it does not exist."""
    world = Waves(records)
    asyncio.run(delegation.gather(case_of(world)))
    assert len(world.waves) == round_trips


def test_a_subdomain_is_looked_up_in_the_zone_above() -> None:
    """sales.kund.se has no name servers of its own: those of kund.se are asked."""
    table = changed(clean(), {"sales.kund.se": {"MX": ["10 mx1.karlahosting.se"]}})
    world = TableWorld(table)
    case = case_of(world, ours=False, domain=Domain.parse("sales.kund.se"))
    facts = asyncio.run(delegation.gather(case))
    assert (facts.zone, len(facts.good_servers)) == ("kund.se", 2)
    assert not [v for v in delegation.judge(case, facts) if isinstance(v, Finding) and v.severity is not Severity.NOTICE]


# --- each fault, and nothing else --------------------------------------------------------------------------------------------------

OLD = "203.0.113.99"

SCENARIOS: Sequence[tuple[str, Mapping[str, Mapping[str, list[str]] | None], set[str]]] = [
    (
        "an alias in a circle",
        {"autoconfig.kund.se": {"CNAME": ["autodiscover.kund.se"]}, "autodiscover.kund.se": {"CNAME": ["autoconfig.kund.se"]}},
        {"DNS_CNAME_LOOP"},
    ),
    ("an alias to nowhere", {"autodiscover.kund.se": {"CNAME": ["gone.example"]}}, {"DNS_CNAME_TO_NXDOMAIN"}),
    ("the POP name is missing", {"mail.kund.se": None}, {"DNS_HOST_MISSING"}),
    ("no MX", with_types("kund.se", MX=[]), {"MX_NONE"}),
    ("a null MX", with_types("kund.se", MX=["0 ."]), {"MX_NULL"}),
    (
        "mail with Google",
        {**with_types("kund.se", MX=["1 aspmx.l.google.com"]), "aspmx.l.google.com": {"A": ["203.0.113.25"]}},
        {"MX_ELSEWHERE"},
    ),
    (
        "mail at two places",
        {
            **with_types("kund.se", MX=["10 mx1.karlahosting.se", "20 mx2.karlahosting.se", "5 mx.old.example"]),
            "mx.old.example": {"A": [OLD]},
        },
        {"MX_MIXED"},
    ),
    ("one of two MX", with_types("kund.se", MX=["10 mx1.karlahosting.se"]), {"MX_INCOMPLETE"}),
    (
        "an MX that is an alias",
        {**with_types("kund.se", MX=["10 mx.kund.se"]), "mx.kund.se": {"CNAME": ["mx1.karlahosting.se"]}},
        {"MX_CNAME"},
    ),
    (
        "the apex is an alias",
        {**with_types("kund.se", CNAME=["shop.example"], SOA=[], NS=[], MX=[], A=[]), "shop.example": {"A": ["203.0.113.5"]}},
        {"DNS_CNAME_AT_APEX"},
    ),
    ("a name server without address", with_types("kund.se", NS=["ns1.karlahosting.se", "ns9.karlahosting.se"]), {"DNS_LAME"}),
    ("a wildcard", {"*.kund.se": {"A": ["203.0.113.80"]}, "autoconfig.kund.se": None, "autodiscover.kund.se": None}, {"DNS_WILDCARD_HIT"}),
]


@pytest.mark.parametrize(("change", "codes"), [scenario[1:] for scenario in SCENARIOS], ids=[scenario[0] for scenario in SCENARIOS])
def test_each_fault_is_found_and_nothing_else(change: Mapping[str, Mapping[str, list[str]] | None], codes: set[str]) -> None:
    """One root cause is one finding; the DNS is with the mail host."""
    found = findings(changed(clean(), change))
    assert set(found) == codes
    for finding in found.values():
        assert finding.group is Group.DELEGATION
        assert finding.evidence
        assert "%" not in read(finding)


def test_a_domain_that_does_not_exist_is_only_that() -> None:
    """NXDOMAIN: one finding, and one round of questions."""
    table = {name: types for name, types in clean().items() if not name.endswith("kund.se")}
    found = findings(table)
    assert set(found) == {"DNS_NXDOMAIN"}
    assert (found["DNS_NXDOMAIN"].severity, found["DNS_NXDOMAIN"].owner) == (Severity.CRITICAL, Owner.REGISTRAR)


def test_whether_a_domain_exists_is_known_after_one_round() -> None:
    """Few questions, none of which waits for another; the verdict is the same."""
    world = TableWorld({"se": {"NS": ["a.nic.example"]}})
    case = case_of(world)
    facts = asyncio.run(delegation.gather_existence(case))
    assert facts.gone
    assert len(world.log) == 4
    assert [v.code for v in delegation.judge(case, facts) if isinstance(v, Finding)] == ["DNS_NXDOMAIN"]


@pytest.mark.parametrize("trouble", ["TIMEOUT", "UNKNOWN"])
def test_a_silent_resolver_is_not_the_owners_fault(trouble: str) -> None:
    """A time-out of our own resolver says nothing about the domain."""
    found = findings({name: {trouble: []} for name in clean()})
    assert set(found) == {"DNS_NO_ANSWER"}
    assert found["DNS_NO_ANSWER"].severity is Severity.UNKNOWN


def test_one_question_without_an_answer_is_unknown_and_the_rest_is_judged() -> None:
    """The server's own name does not answer in time: the rest still does."""
    found = findings(changed(clean(), {"server.karlahosting.se": {"TIMEOUT": []}}))
    assert set(found) == {"DNS_NO_ANSWER"}
    assert found["DNS_NO_ANSWER"].args["questions"] == ("A server.karlahosting.se", "AAAA server.karlahosting.se")


def test_a_circle_that_the_resolver_only_calls_servfail_is_told_by_the_name_servers() -> None:
    """Unbound does so."""
    circle = {"autoconfig.kund.se": {"CNAME": ["autodiscover.kund.se"]}, "autodiscover.kund.se": {"CNAME": ["autoconfig.kund.se"]}}
    failing = {name: {"RCODE": ["SERVFAIL"]} for name in circle}
    found = findings(changed(clean(), failing), at=dict.fromkeys(NS, changed(clean(), circle)))
    assert set(found) == {"DNS_CNAME_LOOP"}


def test_a_resolver_that_waits_for_silent_name_servers_is_told_apart_from_a_silent_one() -> None:
    """It tells what the registry says, and nothing of the domain; we cannot be sure."""
    silent = {name: {"TIMEOUT": []} for name in clean() if name.endswith("kund.se")}
    world = Bogus(ds=False, errors=[], broken=changed(clean(), silent))
    found = [v for v in verdicts(world) if isinstance(v, Finding)]
    assert [(finding.code, finding.severity) for finding in found] == [("DNS_SERVFAIL", Severity.UNKNOWN)]


def test_two_aliases_to_the_same_nowhere_are_one_finding() -> None:
    """One cause: the host that they lead to is gone."""
    gone = {"CNAME": ["autoconfig.old.example"]}
    found = findings(changed(clean(), {"autoconfig.kund.se": gone, "autodiscover.kund.se": gone}))
    assert [subject.host for subject in found["DNS_CNAME_TO_NXDOMAIN"].also] == ["autodiscover.kund.se"]
    assert len(found["DNS_CNAME_TO_NXDOMAIN"].records) == 2


# --- out of order, and DNSSEC ------------------------------------------------------------------------------------------------------


class Bogus(TableWorld):
    """A validating resolver: every name of the domain is SERVFAIL, but its DS, which is the registry's, is there."""

    def __init__(self, *, ds: bool, errors: list[str], at: Mapping[str, Records] | None = None, broken: Table | None = None) -> None:
        servfail = {"RCODE": ["SERVFAIL"], "EDE": errors}
        table = broken or changed(clean(), {name: servfail for name in clean() if name.endswith("kund.se")})
        super().__init__({**table, "se": {"NS": ["a.nic.example"]}, "a.nic.example": {"A": ["192.0.2.1"]}}, at=at)
        self._ds = TableWorld({"kund.se": {"DS": ["12345 13 2 abcd"]} if ds else {"A": ["192.0.2.2"]}})

    async def lookup(self, name: str, type: str, server: str | None = None):
        """Answer for DS from the registry's zone."""
        return await (self._ds if type == "DS" else super()).lookup(name, type, server)


REGISTRY = {"192.0.2.1": {"kund.se": {"NS": ["ns1.karlahosting.se", "ns2.karlahosting.se"]}}}
HEALTHY = {**REGISTRY, NS[0]: clean(), NS[1]: clean()}
REFUSING = {**REGISTRY, **{ip: {"kund.se": {"RCODE": ["REFUSED"]}} for ip in NS}}

BROKEN: Sequence[tuple[str, bool, list[str], Mapping[str, Records], str, Severity]] = [
    ("the resolver says bogus", True, ["6 DNSSEC Bogus"], {}, "DNS_DS_MISMATCH", Severity.CRITICAL),
    ("no DNSKEY fits", True, ["9 DNSKEY Missing"], {}, "DNS_DS_MISMATCH", Severity.CRITICAL),
    ("the name servers are well and there is a DS", True, [], HEALTHY, "DNS_DS_MISMATCH", Severity.CRITICAL),
    ("signatures have expired", True, ["7 Signature Expired"], {}, "DNS_SIGNATURE_EXPIRED", Severity.CRITICAL),
    ("expired in words", True, ["6 DNSSEC Bogus: signature expired"], {}, "DNS_SIGNATURE_EXPIRED", Severity.CRITICAL),
    ("the name servers refuse", False, [], REFUSING, "DNS_SERVFAIL", Severity.ERROR),
    ("no name server can be reached", False, ["22 No Reachable Authority"], {}, "DNS_SERVFAIL", Severity.ERROR),
    ("only our resolver says so", False, [], {}, "DNS_SERVFAIL", Severity.UNKNOWN),
    ("the name servers are well, without DNSSEC", False, [], HEALTHY, "DNS_SERVFAIL", Severity.UNKNOWN),
]


@pytest.mark.parametrize(("ds", "errors", "at", "code", "severity"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_domain_out_of_order_has_one_cause(ds: bool, errors: list[str], at: Mapping[str, Records], code: str, severity: Severity) -> None:
    """SERVFAIL is told for what it is: a DS of another key, signatures out of date, dead name servers, or our own resolver."""
    found = [v for v in verdicts(Bogus(ds=ds, errors=errors, at=at)) if isinstance(v, Finding)]
    assert [(finding.code, finding.severity) for finding in found] == [(code, severity)]
    assert found[0].evidence


def test_a_name_server_that_refuses_is_lame_while_others_answer() -> None:
    """A warning that names the server; the domain still works."""
    at = {NS[1]: {"kund.se": {"RCODE": ["REFUSED"]}}}
    found = findings(clean(), at=at)
    assert set(found) == {"DNS_LAME"}
    assert found["DNS_LAME"].args["servers"] == ("ns2.karlahosting.se",)
    assert found["DNS_LAME"].evidence == (f"ns2.karlahosting.se ({NS[1]}) says kund.se SOA REFUSED",)


def test_name_servers_that_are_all_silent_may_be_behind_our_own_firewall() -> None:
    """The resolver has answers; only asking directly fails, so nothing is found."""
    silent: Mapping[str, Mapping[str, Sequence[str]]] = {name: {"TIMEOUT": []} for name in clean()}
    assert findings(clean(), at=dict.fromkeys(NS, silent)) == {}


def test_name_servers_that_all_refuse_while_the_resolver_has_answers_are_unknown() -> None:
    """The zone may have been dropped a moment ago, or a box in between refuses for them."""
    refusing = {name: {"RCODE": ["REFUSED"]} for name in clean()}
    found = findings(clean(), at=dict.fromkeys(NS, refusing))
    assert {code: finding.severity for code, finding in found.items()} == {"DNS_LAME": Severity.UNKNOWN}


def test_name_servers_that_contradict_each_other_are_told_once() -> None:
    """Two servers, two answers: that is the fault, and neither answer is called stale."""
    at = {NS[1]: changed(clean(), {"mail.kund.se": {"A": [OLD]}})}
    found = findings(clean(), at=at)
    assert set(found) == {"DNS_SERVERS_DIFFER"}


# --- what is still remembered ------------------------------------------------------------------------------------------------------


def test_a_change_that_is_not_seen_yet_is_told_with_its_time() -> None:
    """The old address for another 812 s, and the clock time when they are over."""
    remembered = changed(clean(), {"mail.kund.se": {"A": [OLD], "TTL": ["812"]}})
    found = findings(remembered, at=dict.fromkeys(NS, clean()))
    assert set(found) == {"DNS_STALE_CACHE"}
    finding = found["DNS_STALE_CACHE"]
    assert finding.args["seconds"] == 812
    assert f"ns1.karlahosting.se ({NS[0]}) says mail.kund.se A {SERVER}, TTL 3600" in finding.evidence
    assert f"the resolver says mail.kund.se A {OLD}, TTL 812" in finding.evidence


def test_the_time_is_that_of_the_resolvers_own_memory() -> None:
    """812 s after eight o'clock."""
    both = {"A": [OLD], "AAAA": ["2001:db8::99"], "TTL": ["812"]}
    found = findings(changed(clean(), {"mail.kund.se": both}), at=dict.fromkeys(NS, clean()))
    finding = found["DNS_STALE_CACHE"]
    assert (finding.args["time"], finding.args["seconds"]) == ("08:13:32 UTC", 812)
    assert (finding.args["old"], finding.args["new"]) == (OLD, SERVER)


def test_an_mx_that_was_just_mended_is_not_told_as_elsewhere() -> None:
    """The name servers already say what is right; only time is missing."""
    old = {**with_types("kund.se", MX=["1 aspmx.l.google.com"], TTL=["300"]), "aspmx.l.google.com": {"A": ["203.0.113.25"]}}
    assert set(findings(changed(clean(), old), at=dict.fromkeys(NS, clean()))) == {"DNS_STALE_CACHE"}


def test_a_name_that_was_just_added_is_not_told_as_missing() -> None:
    """That there was nothing is remembered as well (RFC 2308, 5)."""
    found = findings(changed(clean(), {"mail.kund.se": None}), at=dict.fromkeys(NS, clean()))
    assert set(found) == {"DNS_STALE_CACHE"}
    assert found["DNS_STALE_CACHE"].args["seconds"] == 300  # the SOA's minimum
    assert found["DNS_STALE_CACHE"].args["old"] == "–"


def test_short_lived_addresses_of_a_foreign_domain_are_as_they_come() -> None:
    """Whoever balances load answers everybody differently."""
    here = changed(clean(), {"mail.kund.se": {"A": ["203.0.113.1"], "TTL": ["60"]}})
    there = changed(clean(), {"mail.kund.se": {"A": ["203.0.113.2"], "TTL": ["60"]}})
    assert not {"DNS_STALE_CACHE", "DNS_SERVERS_DIFFER"} & set(findings(here, at=dict.fromkeys(NS, there), ours=False))


# --- what to do --------------------------------------------------------------------------------------------------------------------


def test_a_missing_pop_name_comes_with_the_record_to_paste() -> None:
    """An alias of the server that the other account uses."""
    found = findings(changed(clean(), {"mail.kund.se": None}))
    assert found["DNS_HOST_MISSING"].records == ("mail.kund.se. IN CNAME server.karlahosting.se.",)
    assert found["DNS_HOST_MISSING"].owner is Owner.CUSTOMER


def test_a_missing_name_that_is_also_an_mx_needs_addresses() -> None:
    """RFC 2181, 10.3: what an MX record names is no alias."""
    found = findings(changed(clean(), {**with_types("kund.se", MX=["10 mail.kund.se"]), "mail.kund.se": None}))
    assert found["DNS_HOST_MISSING"].records == (f"mail.kund.se. IN A {SERVER}", f"mail.kund.se. IN AAAA {SERVER6}")


def test_a_missing_server_of_the_provider_is_the_providers_to_mend() -> None:
    """server.karlahosting.se is not in the customer's hands."""
    found = findings(changed(clean(), {"server.karlahosting.se": None}))
    assert found["DNS_HOST_MISSING"].owner is Owner.PROVIDER


def test_mail_elsewhere_names_who_has_it_and_what_would_bring_it_home() -> None:
    """A notice: the customer may well want it so."""
    table = changed(
        clean(),
        {**with_types("kund.se", MX=["0 kund-se.mail.protection.outlook.com"]), "kund-se.mail.protection.outlook.com": {"A": [OLD]}},
    )
    finding = findings(table)["MX_ELSEWHERE"]
    assert finding.severity is Severity.NOTICE
    assert "Microsoft 365" in read(finding)
    assert finding.records == ("kund.se. IN MX 10 mx1.karlahosting.se.", "kund.se. IN MX 20 mx2.karlahosting.se.")


def test_a_null_mx_is_an_error_where_the_mail_is_ours_and_a_notice_elsewhere() -> None:
    """RFC 7505: a domain may say that it takes no mail; a customer's should not."""
    table = changed(clean(), with_types("kund.se", MX=["0 ."]))
    assert findings(table)["MX_NULL"].severity is Severity.ERROR
    assert findings(table, ours=False)["MX_NULL"].severity is Severity.NOTICE


def test_dns_kept_elsewhere_is_told_only_when_records_are_missing() -> None:
    """Where to log in, and the lines to add there; not a word when all is well."""
    elsewhere = {**with_types("kund.se", NS=["ns1.registrar.example"]), "ns1.registrar.example": {"A": ["203.0.113.53"]}}
    assert findings(changed(clean(), elsewhere)) == {}
    found = findings(changed(clean(), {**elsewhere, "autoconfig.kund.se": None}))
    assert set(found) == {"DNS_NOT_OURS"}
    assert found["DNS_NOT_OURS"].records == ("autoconfig.kund.se. IN CNAME autoconfig.karlahosting.se.",)
    assert found["DNS_NOT_OURS"].args["ns"] == ("ns1.registrar.example",)


def test_a_wildcard_that_leads_to_the_right_place_does_no_harm() -> None:
    """*.kund.se is an alias of the service itself."""
    wild = {"*.kund.se": {"CNAME": [SERVICE.ascii]}, "autoconfig.kund.se": None, "autodiscover.kund.se": None}
    assert findings(changed(clean(), wild)) == {}


def test_a_wildcard_finding_has_the_records_that_go_before_it() -> None:
    """Taken from what is due."""
    wild = {"*.kund.se": {"A": ["203.0.113.80"]}, "autoconfig.kund.se": None}
    finding = findings(changed(clean(), wild))["DNS_WILDCARD_HIT"]
    assert finding.args["names"] == ("autoconfig.kund.se",)
    assert finding.records == ("autoconfig.kund.se. IN CNAME autoconfig.karlahosting.se.",)


def test_a_published_host_without_address_is_told_with_who_names_it() -> None:
    """Documents and SRV records may name what does not exist; what the domain's own judgement tells is not told again."""
    world = TableWorld(changed(clean(), {"mail.kund.se": None}))
    case = case_of(world)
    facts = asyncio.run(delegation.gather(case))

    async def servers() -> list[tuple[Named, tuple[Lookup, ...]]]:
        found = []
        for host in ("imap.old.example", "mail.kund.se", "server.karlahosting.se"):
            named = Named(Service.IMAPS, Domain.parse(host), 993, Source.AUTOCONFIG, "https://autoconfig.kund.se/mail/config-v1.1.xml")
            found.append((named, (await world.lookup(host, "A"), await world.lookup(host, "AAAA"))))
        return found

    found = [v for v in delegation.judge_hosts(case, facts, asyncio.run(servers())) if isinstance(v, Finding)]
    assert [(finding.code, finding.args["name"]) for finding in found] == [("DNS_HOST_MISSING", "imap.old.example")]
    assert found[0].evidence == ("https://autoconfig.kund.se/mail/config-v1.1.xml names imap.old.example",)


# --- whatever the DNS says ---------------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from([*clean(), "*.kund.se", "mx.old.example", "se"])
_VALUES = {
    "A": st.sampled_from([SERVER, OLD, "10.0.0.1", "127.0.0.1", "not an address", ""]),
    "AAAA": st.sampled_from([SERVER6, "fe80::1", "::", "x"]),
    "CNAME": _NAMES,
    "MX": st.builds(
        "{} {}".format, st.sampled_from(["0", "10", "", "x", "²", "99999"]), st.one_of(_NAMES, st.just("."), st.text(max_size=8))
    ),
    "NS": st.one_of(_NAMES, st.text(max_size=8)),
    "SOA": st.one_of(st.just("a b 1 2 3 4 5"), st.text(max_size=20)),
    "DS": st.just("1 13 2 ab"),
    "EDE": st.one_of(st.sampled_from(["6 DNSSEC Bogus", "22 No Reachable Authority"]), st.text(max_size=20)),
    "TTL": st.sampled_from(["0", "60", "3600", "2147483647", "4294967295"]),
    "RCODE": st.sampled_from(["SERVFAIL", "REFUSED", "NXDOMAIN", "LOOP", "MALFORMED", "UNREACHABLE"]),
    "TIMEOUT": st.just(""),
}
_TYPES = st.sampled_from(list(_VALUES)).flatmap(lambda type: st.tuples(st.just(type), st.lists(_VALUES[type], min_size=1, max_size=3)))
_CHANGES = st.dictionaries(
    _NAMES, st.one_of(st.none(), st.dictionaries(st.nothing(), st.nothing()), st.lists(_TYPES, max_size=3).map(dict))
)


@given(change=_CHANGES, theirs=_CHANGES, ours=st.booleans())
def test_whatever_the_dns_says_is_judged_with_entries_of_the_catalogue(change: Table, theirs: Table, ours: bool) -> None:
    """Never a traceback; every code is in the catalogue, and its texts have all their words."""
    world = TableWorld(changed(clean(), change), at={NS[0]: changed(clean(), theirs)})
    found = verdicts(world, ours=ours)
    for verdict in found:
        if isinstance(verdict, Finding):
            assert "%(" not in read(verdict)
            assert ENTRIES[verdict.code].parameters <= set(verdict.args)
            assert verdict.evidence
        else:
            assert verdict.check in ENTRIES
    assert len(found) < 100
    assert len(world.log) < 100


def test_facts_without_answers_are_unknown() -> None:
    """Saved facts that do not say are no one's fault."""
    case = case_of(TableWorld())
    found = [v for v in delegation.judge(case, Delegation("kund.se")) if isinstance(v, Finding)]
    assert [finding.code for finding in found] == ["DNS_NO_ANSWER"]


@pytest.mark.parametrize(("mx", "codes"), [("mx.old.example", ["MX_ELSEWHERE"]), ("filter.karlahosting.se", [])])
def test_a_provider_without_mx_has_the_mail_under_its_own_name(mx: str, codes: list[str]) -> None:
    """Which hosts take its mail is not said; one of another name is worth a notice, and no more."""
    table = changed(clean(), {**with_types("kund.se", MX=[f"10 {mx}"]), mx: {"A": [OLD]}})
    config = Shape.of(replace(PROVIDER, mx=())).fill(DOMAIN)
    case = replace(case_of(TableWorld(table)), expected=config, due=dnsrecords.records(config, SERVICE))
    found = delegation.judge(case, asyncio.run(delegation.gather(case)))
    assert [v.code for v in found if isinstance(v, Finding)] == codes


def test_every_text_of_the_room_is_complete() -> None:
    """One line of message, a cause, an order and a story each; the host of an address is the one that other checks name."""
    for code, entry in CATALOGUE.items():
        assert entry.group is Group.DELEGATION, code
        assert all(text and "\n" not in text and not text.endswith(" ") for text in (entry.message, entry.cause, entry.fix, entry.story)), (
            code
        )
        assert not entry.message.endswith("."), code
        assert all(text.endswith(".") for text in (entry.cause, entry.fix, entry.story)), code
        assert "%(" not in entry.story, code
