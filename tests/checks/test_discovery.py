"""What is found in one table of records and documents, and the exact set of codes that it means: one change, one finding."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import catalogue, dnsrecords
from autoconfig.address import Domain, EmailAddress
from autoconfig.catalogue import ENTRIES
from autoconfig.checks import discovery
from autoconfig.checks.case import Case, Source
from autoconfig.checks.sources import Discovery
from autoconfig.findings import Finding, Owner, Severity, Skipped, settle
from autoconfig.formats import apple, mozilla, outlook, pacc
from autoconfig.formats.wire import Value
from autoconfig.model import Account, ClientConfig, HostPattern, Port, Protocol, Provider, Server, Shape, TLSMode, UserPattern
from autoconfig.observations import (
    TCP,
    TLS,
    Certificate,
    ChainProblem,
    Connection,
    Endpoint,
    HTTPFailure,
    Request,
    Response,
    Service,
    Stop,
)
from tests.checks.worlds import NOW, Answer, TableWorld

KUND = Domain.parse("kund.se")
ANNA = EmailAddress.parse("anna@kund.se")
SERVICE = Domain.parse("autoconfig.karlahosting.se")
SHARED, OWN = HostPattern.parse("server.karlahosting.se"), HostPattern.parse("mail.%EMAILDOMAIN%")
SERVICE_IP, SERVER_IP, SITE_IP = "192.0.2.10", "192.0.2.20", "192.0.2.80"


def server(host: HostPattern, *ports: tuple[int, TLSMode]) -> Server[HostPattern]:
    (port, tls), *others = ports
    return Server(host, port, tls, also=tuple(Port(*other) for other in others))


SMTP = ((465, TLSMode.IMPLICIT), (587, TLSMode.STARTTLS))
IMAP = Account(Protocol.IMAP, server(SHARED, (993, TLSMode.IMPLICIT)), server(SHARED, *SMTP))
POP3 = Account(Protocol.POP3, server(OWN, (995, TLSMode.IMPLICIT)), server(OWN, *SMTP))
KARLA = Provider("karlahosting", "KarlaHosting", "Karla", (IMAP, POP3), mx=("10 mx.karlahosting.se",))
CONFIG = Shape.of(KARLA).fill(KUND)

XML = {"Content-Type": "text/xml; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}
PAGE = "<!DOCTYPE html><html><body>Välkommen<br></body></html>"

OWN_AC = "autoconfig.kund.se/mail/config-v1.1.xml?emailaddress=anna%40kund.se"
SITE_AC = "kund.se/.well-known/autoconfig/mail/config-v1.1.xml"
OWN_AD = "autodiscover.kund.se/autodiscover/autodiscover.xml"
SITE_AD = "kund.se/autodiscover/autodiscover.xml"
PACC = "https://ua-auto-config.kund.se/.well-known/user-agent-configuration.json"
PROFILE = "https://autoconfig.karlahosting.se/email.mobileconfig?emailaddress=anna%40kund.se"

NOT_FOUND: Answer = (404, "", {})
Table = dict[str, dict[str, list[str]]]


def document(config: ClientConfig = CONFIG) -> Answer:
    return 200, mozilla.document(config).content, XML


def pox(config: ClientConfig = CONFIG) -> Answer:
    return 200, outlook.document(config, ANNA).content, XML


def failed(failure: HTTPFailure) -> Answer:
    return Response(Request("https://kund.se/"), failure=failure)


def moved(url: str) -> Answer:
    return 302, "", {"Location": url}


def other(config: ClientConfig = CONFIG, host: str = "mail.old-host.se") -> ClientConfig:
    """The same with another incoming and outgoing server."""
    accounts = tuple(
        replace(
            account,
            incoming=replace(account.incoming, host=Domain.parse(host)),
            outgoing=replace(account.outgoing, host=Domain.parse(host)),
        )
        for account in config.accounts
    )
    return replace(config, accounts=accounts)


def certificate(*names: str, since: int = -30, days: int = 60) -> Certificate:
    dates = NOW + timedelta(days=since), NOW + timedelta(days=days)
    return Certificate(names, (), names[0], "Test CA", *dates, True, "EC", 256, "sha256", f"{names} {since} {days}", "key")


def connection(host: str, ip: str, shown: Certificate, problem: ChainProblem | None = None) -> Connection:
    endpoint = Endpoint(Service.HTTPS, Domain.parse(host), ip, 443)
    return Connection(endpoint, TCP.CONNECTED, tls=TLS(host, version="TLSv1.3", certificate=shown, chain_problem=problem))


def due(config: ClientConfig = CONFIG) -> tuple[dnsrecords.Record, ...]:
    return dnsrecords.records(config, SERVICE, [dnsrecords.Digest(pacc.digest(pacc.document(config).content))])


def healthy_records() -> Table:
    table: Table = {
        "kund.se": {"A": [SITE_IP]},
        "mail.kund.se": {"A": [SERVER_IP]},
        "server.karlahosting.se": {"A": [SERVER_IP]},
        "autoconfig.karlahosting.se": {"A": [SERVICE_IP]},
    }
    for record in due():
        value = record.data.text if isinstance(record.data, dnsrecords.Txt) else str(record.data)
        table.setdefault(record.name, {}).setdefault(record.type, []).append(value)
    return table


NAMES = ("autoconfig.kund.se", "autodiscover.kund.se", "ua-auto-config.kund.se")
GOOD = certificate(*NAMES, "autoconfig.karlahosting.se")


def healthy_responses() -> dict[str, Answer]:
    return {
        f"https://{OWN_AC}": document(),
        f"http://{OWN_AC}": document(),
        f"https://{SITE_AC}": NOT_FOUND,
        f"http://{SITE_AC}": NOT_FOUND,
        f"POST https://{OWN_AD}": pox(),
        f"POST https://{SITE_AD}": NOT_FOUND,
        f"GET http://{OWN_AD}": moved(f"https://{OWN_AD}"),
        PACC: (200, pacc.document(CONFIG).content, JSON),
        PROFILE: (200, apple.document(CONFIG, ANNA).content, {"Content-Type": apple.CONTENT_TYPE}),
    }


def world(
    records: Mapping[str, Mapping[str, Sequence[str]] | None] | None = None,
    responses: Mapping[str, Answer] | None = None,
    shown: Mapping[str, Certificate] | None = None,
    problem: ChainProblem | None = None,
) -> TableWorld:
    """A healthy domain of ours with what is changed; None takes a name away."""
    table: dict[str, Mapping[str, Sequence[str]]] = dict(healthy_records())
    for name, types in (records or {}).items():
        table.pop(name, None)
        if types is not None:
            table[name] = types
    certificates = dict.fromkeys(NAMES, GOOD) | dict(shown or {})
    ips = (SERVICE_IP, SITE_IP, "2001:db8::10")
    connections = {
        (Service.HTTPS, host, ip, 443): connection(host, ip, found, problem) for host, found in certificates.items() for ip in ips
    }
    return TableWorld(table, responses=healthy_responses() | dict(responses or {}), connections=connections)


def ours(found: TableWorld) -> Case:
    return Case(KUND, ANNA, found, CONFIG, due(), SERVICE)


def foreign(found: TableWorld) -> Case:
    return Case(KUND, ANNA, found)


def facts_of(case: Case) -> Discovery:
    return asyncio.run(discovery.gather(case))


def findings(case: Case) -> tuple[Finding, ...]:
    found, _, _ = settle(discovery.judge(case, facts_of(case)))
    for finding in found:
        entry = ENTRIES[finding.code]
        values = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in finding.args.items()}
        assert all((text % values) for text in (entry.message, entry.cause, entry.fix))
    return found


def codes(case: Case) -> dict[str, str]:
    return {finding.code: finding.severity.value for finding in findings(case)}


NOTHING = {record.name: None for record in due() if record.name != "kund.se"}
ONLY_SRV = dict.fromkeys(["autoconfig.kund.se", "autodiscover.kund.se", "ua-auto-config.kund.se", "_ua-auto-config.kund.se"], None)
NO_SRV = {record.name: None for record in due() if record.type == "SRV"}
ONLY_AC = {**NO_SRV, **ONLY_SRV, "autoconfig.kund.se": {"A": [SERVICE_IP]}}


# --- what is well ------------------------------------------------------------------------------------------------------------------


def test_a_clean_domain_of_ours_has_no_finding() -> None:
    """Everything is published and right: all that was looked at passed."""
    case = ours(world())
    assert codes(case) == {}
    passed = {one.check for one in settle(discovery.judge(case, facts_of(case)))[1]}
    assert {"AC_UNREACHABLE", "AC_TLS_NAME", "AD_POX_404", "SRV_MISSING", "PACC_DIGEST", "DISC_VS_STORE", "PROFILE_IOS_BAD"} <= passed


def test_the_same_domain_is_clean_without_our_settings() -> None:
    """Whoever checks it from elsewhere finds nothing to say either: POP and IMAP on two hosts contradict nobody."""
    assert codes(foreign(world())) == {}


@pytest.mark.parametrize("records", [ONLY_SRV, ONLY_AC], ids=["only SRV", "only autoconfig"])
def test_a_foreign_domain_with_one_source_that_works_has_no_fault(records: Mapping[str, None]) -> None:
    """What a domain does not publish is not missing as long as something works."""
    assert codes(foreign(world(records))) == {}


def test_all_sources_name_their_servers() -> None:
    """The endpoints of every source are told, with the user name of the address."""
    named = facts_of(ours(world())).named
    assert {one.source for one in named} == {Source.AUTOCONFIG, Source.AUTODISCOVER, Source.PACC, Source.SRV}
    assert {(one.service.value, one.host.ascii, one.port) for one in named} >= {
        ("imaps", "server.karlahosting.se", 993),
        ("pop3s", "mail.kund.se", 995),
        ("submissions", "server.karlahosting.se", 465),
        ("submission", "server.karlahosting.se", 587),
    }
    assert {one.username for one in named} == {"anna@kund.se", None}


def test_nothing_that_has_no_address_is_fetched() -> None:
    """A name that is not in the DNS costs no connection."""
    found = world(NOTHING)
    facts_of(foreign(found))
    assert {request.url.partition("//")[2].partition("/")[0] for request in found.fetched} == {"kund.se"}


# --- nothing, or something missing -------------------------------------------------------------------------------------------------


def test_a_domain_that_publishes_nothing_is_told_so_once() -> None:
    """One finding with all records that are due, not ten."""
    (finding,) = findings(ours(world(NOTHING)))
    assert (finding.code, finding.severity, finding.owner) == ("AC_NONE", Severity.ERROR, Owner.CUSTOMER)
    assert "autoconfig.kund.se. IN CNAME autoconfig.karlahosting.se." in finding.records
    assert "_imaps._tcp.kund.se. IN SRV 0 0 993 server.karlahosting.se." in finding.records


def test_a_foreign_domain_that_publishes_nothing_is_warned() -> None:
    """Without mail it is only noticed."""
    mail = {"kund.se": {"A": [SITE_IP], "MX": ["10 mx.elsewhere.se"]}}
    assert codes(foreign(world({**NOTHING, **mail}))) == {"AC_NONE": "warning"}
    assert codes(foreign(world({**NOTHING, "kund.se": {"A": [SITE_IP], "MX": ["0 ."]}}))) == {"AC_NONE": "notice"}


def test_a_domain_that_does_not_exist_is_not_judged_here() -> None:
    """The delegation tells it."""
    assert codes(ours(TableWorld({"se": {"NS": ["a.ns.se"]}}))) == {}


def test_what_we_do_not_know_is_nobody_s_fault() -> None:
    """A world that knows nothing means nothing."""
    unknown = TableWorld({"kund.se": {"UNKNOWN": []}, "*.kund.se": {"UNKNOWN": []}})
    assert codes(ours(unknown)) == {}
    assert codes(ours(TableWorld({"kund.se": {"RCODE": ["SERVFAIL"]}, "*.kund.se": {"RCODE": ["SERVFAIL"]}}))) == {}


def test_the_missing_names_of_ours_are_told_once_with_their_records() -> None:
    """Autoconfig and autodiscover together; a warning where the SRV records are there."""
    (finding,) = findings(ours(world({"autoconfig.kund.se": None, "autodiscover.kund.se": None})))
    assert (finding.code, finding.severity) == ("DISC_NAME_MISSING", Severity.WARNING)
    assert finding.records == (
        "autoconfig.kund.se. IN CNAME autoconfig.karlahosting.se.",
        "autodiscover.kund.se. IN CNAME autoconfig.karlahosting.se.",
    )


# --- autoconfig: one fault, one code -------------------------------------------------------------------------------------------------

_BILLION = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><clientConfig>&b;</clientConfig>'
_EMPTY_SERVERS = b'<clientConfig version="1.1"><emailProvider id="kund.se"><domain>kund.se</domain></emailProvider></clientConfig>'

HTTP_FAULTS: list[tuple[str, Answer, str, str]] = [
    # At autoconfig.D with everything else in order: a 2xx hides the other places from Thunderbird, so it is an error.
    ("404", NOT_FOUND, "AC_404", "warning"),
    ("403", (403, PAGE, HTML), "AC_404", "warning"),
    ("500", (500, "", {}), "AC_5XX", "warning"),
    ("web page", (200, PAGE, HTML), "AC_HTML_200", "error"),
    ("web page in XHTML", (200, "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", HTML), "AC_HTML_200", "error"),
    ("web page after a comment", (200, f"<!-- hej -->\n{PAGE}", HTML), "AC_HTML_200", "error"),
    ("empty", (200, "", XML), "AC_BAD_XML", "error"),
    ("204", (204, "", {}), "AC_BAD_XML", "error"),
    ("cut off", (200, mozilla.document(CONFIG).content[:300], XML), "AC_BAD_XML", "error"),
    ("wrong character set", (200, "<clientConfig>å</clientConfig>".encode("latin-1"), XML), "AC_BAD_XML", "error"),
    ("no servers", (200, _EMPTY_SERVERS, XML), "AC_BAD_XML", "error"),
    ("JSON", (200, '{"ok":true}', JSON), "AC_BAD_XML", "error"),
    ("billion laughs", (200, _BILLION, XML), "AC_DTD", "error"),
    ("external entity", (200, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', XML), "AC_DTD", "error"),
    ("huge", (200, b"<clientConfig>" + b"<a/>" * 300_000, XML), "AC_HUGE", "error"),
    ("truncated by us", Response(Request("https://x/"), 200, body=b"<clientConfig>", truncated=True), "AC_HUGE", "error"),
    ("plain text", (200, mozilla.document(CONFIG).content, {"Content-Type": "text/plain"}), "AC_CONTENT_TYPE", "warning"),
    ("capital letters", (200, mozilla.document(CONFIG).content, {"Content-Type": "TEXT/XML"}), "AC_CONTENT_TYPE", "warning"),
    ("redirect loop", moved(f"https://{OWN_AC}"), "AC_REDIRECT_LOOP", "warning"),
    ("to http", moved(f"http://{OWN_AC}"), "AC_HTTP_ONLY", "warning"),
    ("refused", failed(HTTPFailure.REFUSED), "AC_UNREACHABLE", "warning"),
    ("silent", failed(HTTPFailure.TIMEOUT), "AC_UNREACHABLE", "warning"),
    ("no TLS", failed(HTTPFailure.TLS), "AC_UNREACHABLE", "warning"),
    ("not HTTP", failed(HTTPFailure.MALFORMED), "AC_UNREACHABLE", "warning"),
]


@pytest.mark.parametrize(("answer", "code", "severity"), [row[1:] for row in HTTP_FAULTS], ids=[row[0] for row in HTTP_FAULTS])
def test_each_fault_of_the_document_has_its_code(answer: Answer, code: str, severity: str) -> None:
    """The rest of the domain works, so that what only is not there is a warning."""
    without_http = {f"http://{OWN_AC}": NOT_FOUND} if code != "AC_HTTP_ONLY" else {}
    assert codes(ours(world(responses={f"https://{OWN_AC}": answer, **without_http}))) == {code: severity}


@pytest.mark.parametrize("fault", [NOT_FOUND, (500, "", {}), failed(HTTPFailure.REFUSED)], ids=["404", "500", "refused"])
def test_a_fault_is_an_error_where_nothing_else_works(fault: Answer) -> None:
    """Programs have no other place to ask."""
    found = codes(foreign(world(ONLY_AC, {f"https://{OWN_AC}": fault, f"http://{OWN_AC}": fault})))
    assert list(found.values()) == ["error"]


def test_a_document_without_https_is_one_finding() -> None:
    """Autoconfig and autodiscover are one machine: that its port 443 is closed is told once, and skips the other."""
    closed = failed(HTTPFailure.REFUSED)
    no_https = {f"https://{OWN_AC}": closed, f"POST https://{OWN_AD}": closed, PACC: closed}
    case = ours(world(responses=no_https))
    assert codes(case) == {"AC_HTTP_ONLY": "warning"}
    skipped = [verdict for verdict in discovery.judge(case, facts_of(case)) if isinstance(verdict, Skipped)]
    assert [(one.check, one.by.code) for one in skipped] == [("AD_UNREACHABLE", "AC_HTTP_ONLY"), ("PACC_MISSING", "AC_HTTP_ONLY")]


def test_the_site_s_own_document_without_https() -> None:
    """The well-known place of the web site counts as well."""
    found = world({**ONLY_SRV, **NO_SRV}, {f"https://{SITE_AC}": failed(HTTPFailure.REFUSED), f"http://{SITE_AC}": document()})
    assert codes(foreign(found)) == {"AC_HTTP_ONLY": "warning"}


# --- catch-all sites, wildcards ------------------------------------------------------------------------------------------------------

CATCH_ALL: dict[str, Answer] = {
    f"https://{SITE_AC}": (200, PAGE, HTML),
    f"http://{SITE_AC}": (200, PAGE, HTML),
    f"POST https://{SITE_AD}": (200, PAGE, HTML),
}


def test_a_web_site_that_answers_everything_is_one_finding() -> None:
    """The same page at the places of autoconfig and of Autodiscover is one cause; ours works, so it is a warning."""
    case = ours(world(responses=CATCH_ALL))
    assert codes(case) == {"AC_HTML_200": "warning"}
    skipped = [verdict for verdict in discovery.judge(case, facts_of(case)) if isinstance(verdict, Skipped)]
    assert [one.check for one in skipped] == ["AD_ROOT_HIJACK"]


def test_a_web_site_that_answers_outlook_alone() -> None:
    """A page, or a question for a password."""
    assert codes(ours(world(responses={f"POST https://{SITE_AD}": (200, PAGE, HTML)}))) == {"AD_ROOT_HIJACK": "warning"}
    assert codes(ours(world(responses={f"POST https://{SITE_AD}": (401, "", {})}))) == {"AD_ROOT_HIJACK": "warning"}


def test_a_wildcard_that_leads_to_a_web_page_is_recognised() -> None:
    """The site answers under every name; together with the site itself that is one finding."""
    page: Answer = (200, PAGE, HTML)
    found = world(
        {**ONLY_SRV, "*.kund.se": {"A": [SITE_IP]}},
        {**CATCH_ALL, f"https://{OWN_AC}": page, f"POST https://{OWN_AD}": page, PACC: page},
        {name: certificate("kund.se", "*.kund.se") for name in NAMES},
    )
    (finding,) = findings(foreign(found))
    assert (finding.code, finding.severity) == ("AC_HTML_200", Severity.ERROR)
    assert [subject.host for subject in (finding.subject, *finding.also)] == ["autoconfig.kund.se", "kund.se"]


def test_a_wildcard_whose_certificate_does_not_fit_is_as_if_the_names_were_not_there() -> None:
    """Nobody meant them; that there is a wildcard is told with the delegation."""
    bad = failed(HTTPFailure.CERTIFICATE)
    found = world({**ONLY_SRV, "*.kund.se": {"A": [SITE_IP]}}, {f"https://{OWN_AC}": bad, f"POST https://{OWN_AD}": bad, PACC: bad})
    assert codes(foreign(found)) == {}


# --- certificates --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (certificate("server.karlahosting.se"), "AC_TLS_NAME"),
        (certificate("*.se", "*.autoconfig.kund.se"), "AC_TLS_NAME"),
        (certificate(*NAMES, days=-2), "AC_TLS_EXPIRED"),
        (certificate(*NAMES, since=1), "AC_TLS_EXPIRED"),
    ],
)
def test_a_bad_certificate_of_the_service_is_one_finding(shown: Certificate, code: str) -> None:
    """Three names, one certificate, one cause; the first thing to mend is told."""
    bad = failed(HTTPFailure.CERTIFICATE)
    responses = {f"https://{OWN_AC}": bad, f"POST https://{OWN_AD}": bad, PACC: bad}
    (finding,) = findings(ours(world(responses=responses, shown=dict.fromkeys(NAMES, shown))))
    assert (finding.code, finding.severity, len(finding.also)) == (code, Severity.WARNING, 2)


@pytest.mark.parametrize("records", [{}, NO_SRV], ids=["with SRV", "without"])
def test_a_broken_chain_is_told_with_all_certificates(records: Mapping[str, None]) -> None:
    """Here it only is no reason to say that there is nothing."""
    bad = failed(HTTPFailure.CERTIFICATE)
    responses = {f"https://{OWN_AC}": bad, f"http://{OWN_AC}": bad, f"POST https://{OWN_AD}": bad, PACC: bad}
    assert codes(foreign(world(records, responses, problem=ChainProblem.SELF_SIGNED))) == {}


def test_a_name_that_the_certificate_lacks_is_an_error_where_nothing_else_works() -> None:
    """http alone is no place that a program should need."""
    found = world(ONLY_AC, {f"https://{OWN_AC}": failed(HTTPFailure.CERTIFICATE)}, {NAMES[0]: certificate("karlahosting.se")})
    assert codes(foreign(found)) == {"AC_TLS_NAME": "error"}


def test_a_certificate_that_is_refused_without_a_connection_of_ours_is_told() -> None:
    """What the fetch alone has seen is enough."""
    found = world(responses={f"https://{OWN_AC}": failed(HTTPFailure.CERTIFICATE)})
    bare = TableWorld(healthy_records(), responses=found._responses)
    assert codes(ours(bare)) == {"AC_TLS_UNTRUSTED": "warning"}


def test_each_address_of_a_name_is_looked_at() -> None:
    """A node with the old certificate is seen although the fetch met the other."""
    found = world({"autoconfig.karlahosting.se": {"A": [SERVICE_IP], "AAAA": ["2001:db8::10"]}})
    case = ours(found)
    facts_of(case)
    assert {(endpoint.host.ascii, endpoint.ip) for endpoint in found.probed} == {
        (name, ip) for name in NAMES for ip in (SERVICE_IP, "2001:db8::10")
    }


@pytest.mark.parametrize(("ip", "code"), [("2001:db8::10", "DNS_AAAA_STALE"), ("192.0.2.11", "AC_ADDRESS_DEAD")])
def test_an_address_that_does_not_answer_beside_one_that_does(ip: str, code: str) -> None:
    """The fetch went to the other; three names lead there, and it is one finding."""
    case = ours(world())
    facts = facts_of(case)
    silent = [replace(one, endpoint=replace(one.endpoint, ip=ip), tcp=TCP.REFUSED, tls=None) for one in facts.connections]
    settled, _, _ = settle(discovery.judge(case, replace(facts, connections=(*facts.connections, *silent))))
    assert [(one.code, one.severity, len(one.also)) for one in settled] == [(code, Severity.WARNING, 2)]


# --- what the documents say ----------------------------------------------------------------------------------------------------------


def changed(port: int, tls: TLSMode, username: str = "%EMAILADDRESS%") -> ClientConfig:
    account = CONFIG.accounts[0]
    server = replace(account.incoming, port=port, tls=tls, username=UserPattern.parse(username))
    return replace(CONFIG, accounts=(replace(account, incoming=server), *CONFIG.accounts[1:]))


@pytest.mark.parametrize("case_of", [ours, foreign])
@pytest.mark.parametrize(("port", "tls"), [(993, TLSMode.STARTTLS), (143, TLSMode.IMPLICIT), (995, TLSMode.IMPLICIT)])
def test_a_port_with_the_wrong_kind_of_encryption_is_told(case_of: object, port: int, tls: TLSMode) -> None:
    """In our own domains too it is this, and not that it differs from the settings."""
    found = world(responses={f"{scheme}://{OWN_AC}": document(changed(port, tls)) for scheme in ("https", "http")})
    case = ours(found) if case_of is ours else foreign(found)
    assert codes(case)["AC_PORT_SOCKET_MISMATCH"] == "error"
    assert "DISC_VS_STORE" not in codes(case)


@pytest.mark.parametrize(("port", "tls"), [(465, TLSMode.STARTTLS), (587, TLSMode.IMPLICIT)])
def test_outgoing_ports_are_looked_at_too(port: int, tls: TLSMode) -> None:
    """465 begins with TLS, 587 asks for it."""
    account = CONFIG.accounts[0]
    config = replace(CONFIG, accounts=(replace(account, outgoing=replace(account.outgoing, port=port, tls=tls)), *CONFIG.accounts[1:]))
    assert codes(ours(world(responses={f"https://{OWN_AC}": document(config)}))) == {"AC_PORT_SOCKET_MISMATCH": "error"}


def test_the_part_before_the_at_as_user_name() -> None:
    """An error where our settings say the address, a warning where nobody can know."""
    found = world(responses={f"https://{OWN_AC}": document(changed(993, TLSMode.IMPLICIT, "%EMAILLOCALPART%"))})
    assert codes(ours(found)) == {"AC_USERNAME": "error"}
    assert codes(foreign(found)) == {"AC_USERNAME": "warning"}


def test_another_user_name_differs_from_the_settings() -> None:
    """anna.kund.se is nobody here."""
    config = changed(993, TLSMode.IMPLICIT, "%EMAILLOCALPART%.%EMAILDOMAIN%")
    assert codes(ours(world(responses={f"https://{OWN_AC}": document(config)}))) == {"DISC_VS_STORE": "error"}


def test_a_stale_document_of_ours() -> None:
    """It names the old host: over https and http and in the well-known place it is one finding."""
    stale = document(other())
    everywhere = {f"{scheme}://{place}": stale for scheme in ("https", "http") for place in (OWN_AC, SITE_AC)}
    records = {"mail.old-host.se": {"A": ["203.0.113.9"]}}
    assert codes(ours(world(records, everywhere))) == {"DISC_VS_STORE": "error"}


def test_a_stale_document_elsewhere_is_the_customer_s() -> None:
    """The name leads to another machine than ours: the record is what has to change."""
    found = world({"autoconfig.kund.se": {"A": ["203.0.113.5"]}}, {f"https://{OWN_AC}": document(other())})
    (finding,) = [one for one in findings(ours(found)) if one.code == "DISC_VS_STORE"]
    assert finding.owner is Owner.CUSTOMER
    assert finding.records == ("autoconfig.kund.se. IN CNAME autoconfig.karlahosting.se.",)


def test_a_contradicting_document_elsewhere_is_the_customer_s() -> None:
    """The web site has a document of its own, from before."""
    (finding,) = findings(ours(world(responses={f"https://{SITE_AC}": document(other())})))
    assert (finding.code, finding.owner, finding.subject.host) == ("DISC_VS_STORE", Owner.CUSTOMER, "kund.se")
    assert finding.records == ()


def test_a_document_that_lacks_a_protocol_of_ours() -> None:
    """POP was added later, and the document never heard of it."""
    config = replace(CONFIG, accounts=CONFIG.accounts[:1])
    assert codes(ours(world(responses={f"https://{OWN_AC}": document(config)}))) == {"DISC_VS_STORE": "error"}


def test_that_pop_s_own_outgoing_server_is_not_named_is_no_fault() -> None:
    """No document can pair servers: one whose first account is POP's names that one's."""
    config = replace(CONFIG, accounts=CONFIG.accounts[::-1])
    assert codes(ours(world(responses={f"https://{OWN_AC}": document(config)}))) == {}


def test_sources_that_contradict_one_another() -> None:
    """Of a domain that is not ours nobody knows which is right: a warning, an error once one of the servers is dead."""
    found = world({"mail.old-host.se": {"A": ["203.0.113.9"]}}, {f"POST https://{OWN_AD}": pox(other())})
    case = foreign(found)
    facts = facts_of(case)
    (finding,), _, _ = settle(discovery.judge(case, facts))
    assert (finding.code, finding.severity) == ("DISC_DISAGREE", Severity.WARNING)
    assert [subject.service for subject in (finding.subject, *finding.also)] == ["imap", "pop3", "smtp"]
    dead = Connection(Endpoint(Service.IMAPS, Domain.parse("mail.old-host.se"), "203.0.113.9", 993), TCP.REFUSED)
    (again,), _, _ = settle([*discovery.judge(case, facts), *discovery.judge_dead(case, facts, [dead])])
    assert (again.severity, again.fingerprint(KUND)) == (Severity.ERROR, finding.fingerprint(KUND))


@pytest.mark.parametrize(
    ("answer", "is_dead"),
    [
        (Connection(Endpoint(Service.IMAPS, Domain.parse("mail.old-host.se"), "203.0.113.9", 993), TCP.CONNECTED), False),
        (Connection(Endpoint(Service.IMAPS, Domain.parse("mail.old-host.se"), "203.0.113.9", 993), TCP.UNKNOWN), False),
        (Connection(Endpoint(Service.IMAPS, Domain.parse("mail.old-host.se"), "203.0.113.9", 993), TCP.CONNECTED, stop=Stop.CLOSED), True),
    ],
)
def test_a_server_is_dead_when_every_address_is_and_we_know_it(answer: Connection, is_dead: bool) -> None:
    """What we could not reach ourselves is not dead."""
    case = foreign(world({"mail.old-host.se": {"A": ["203.0.113.9"]}}, {f"POST https://{OWN_AD}": pox(other())}))
    assert bool(list(discovery.judge_dead(case, facts_of(case), [answer]))) == is_dead


def test_two_names_of_one_machine_and_two_doors_of_one_server_do_not_contradict() -> None:
    """mail.kund.se and server.karlahosting.se have one address; 465 and 587 are both usual."""
    account = replace(CONFIG.accounts[0], incoming=replace(CONFIG.accounts[0].incoming, host=Domain.parse("mail.kund.se")))
    outgoing = replace(account.outgoing, port=587, tls=TLSMode.STARTTLS)
    config = replace(CONFIG, accounts=(replace(account, outgoing=outgoing), *CONFIG.accounts[1:]))
    assert codes(foreign(world(responses={f"POST https://{OWN_AD}": pox(config)}))) == {}


# --- Autodiscover --------------------------------------------------------------------------------------------------------------------

_ERROR = outlook.write(outlook.Autodiscover(response=outlook.Response(namespace=outlook.ANSWER, error=outlook.Error())))


def redirect(*, url: str = "", address: str = "") -> Answer:
    account = outlook.Account(
        account_type=Value("email"),
        action=Value("redirectUrl" if url else "redirectAddr"),
        redirect_url=Value(url) if url else None,
        redirect_addr=Value(address) if address else None,
    )
    return 200, outlook.write(outlook.Autodiscover(response=outlook.Response(accounts=(account,)))), XML


POX_FAULTS: list[tuple[str, Answer, str, str, str]] = [
    # what answers, the code, how bad it is for ours, and for a foreign domain with other sources
    ("401", (401, "", {}), "AD_POX_401", "error", "notice"),
    ("404", NOT_FOUND, "AD_POX_404", "error", "warning"),
    ("405", (405, "", {}), "AD_POX_405", "error", "error"),
    ("500", (500, "", {}), "AD_POX_5XX", "error", "warning"),
    ("page", (200, PAGE, HTML), "AD_POX_BAD_XML", "error", "error"),
    ("broken", (200, "<Autodiscover", XML), "AD_POX_BAD_XML", "error", "error"),
    ("a clientConfig", document(), "AD_POX_BAD_XML", "error", "error"),
    ("DTD", (200, _BILLION, XML), "AD_POX_BAD_XML", "error", "error"),
    ("refused", failed(HTTPFailure.REFUSED), "AD_UNREACHABLE", "error", "warning"),
    ("redirect loop", moved(f"https://{OWN_AD}"), "AD_POX_LOOP", "error", "error"),
    ("RedirectAddr to itself", redirect(address="anna@kund.se"), "AD_POX_LOOP", "error", "error"),
    ("RedirectUrl to itself", redirect(url=f"https://{OWN_AD}"), "AD_POX_LOOP", "error", "error"),
]


@pytest.mark.parametrize(("answer", "code", "of_ours", "of_others"), [row[1:] for row in POX_FAULTS], ids=[row[0] for row in POX_FAULTS])
def test_each_fault_of_autodiscover_has_its_code(answer: Answer, code: str, of_ours: str, of_others: str) -> None:
    """Outlook has no other source; a domain that is not ours may well do without Outlook, or mean its question for a password."""
    found = world(responses={f"POST https://{OWN_AD}": answer})
    assert codes(ours(found)) == {code: of_ours}
    assert codes(foreign(found)) == {code: of_others}


def test_autodiscover_by_redirects_and_by_srv() -> None:
    """Whichever way leads Outlook to settings is enough."""
    host = "autodiscover.karlahosting.se"
    there = f"https://{host}/autodiscover/autodiscover.xml"
    refused, name = failed(HTTPFailure.REFUSED), {host: {"A": [SERVICE_IP]}}
    by_http = world(name, {f"POST https://{OWN_AD}": refused, f"GET http://{OWN_AD}": moved(there), f"POST {there}": pox()})
    record = {"_autodiscover._tcp.kund.se": {"SRV": [f"0 0 443 {host}."]}, "autodiscover.kund.se": None}
    by_srv = world({**name, **record}, {f"POST {there}": pox()})
    by_url = world(name, {f"POST https://{OWN_AD}": redirect(url=there), f"POST {there}": pox()})
    other_there = "https://autodiscover.other.se/autodiscover/autodiscover.xml"
    by_address = world(
        {"autodiscover.other.se": {"A": [SERVICE_IP]}},
        {f"POST https://{OWN_AD}": redirect(address="anna@other.se"), f"POST {other_there}": pox()},
    )
    for found in (by_http, by_srv, by_url, by_address):
        assert codes(foreign(found)) == {}
        assert len(facts_of(foreign(found)).autodiscover.own.trail.responses) <= 3


def test_an_address_that_exchange_does_not_know_is_no_fault() -> None:
    """The check makes an address up where none was given."""
    assert codes(foreign(world(responses={f"POST https://{OWN_AD}": (200, _ERROR, XML)}))) == {}


MICROSOFT = {"autodiscover.kund.se": {"CNAME": ["autodiscover.outlook.com."]}}
MICROSOFT_SRV = {"_autodiscover._tcp.kund.se": {"SRV": ["0 0 443 autodiscover.outlook.com."]}}


@pytest.mark.parametrize("records", [MICROSOFT, MICROSOFT_SRV], ids=["CNAME", "SRV"])
def test_what_is_left_of_microsoft_365_steers_outlook_away(records: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """The mail is ours: one finding with the right record."""
    (finding,) = findings(ours(world(records)))
    assert (finding.code, finding.severity) == ("AD_M365_STEERS", Severity.ERROR)
    assert finding.records == ("autodiscover.kund.se. IN CNAME autoconfig.karlahosting.se.",)


def test_a_redirect_to_microsoft_steers_as_well() -> None:
    """A web server can send Outlook there, too."""
    there = "https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"
    found = world(responses={f"POST https://{OWN_AD}": NOT_FOUND, f"GET http://{OWN_AD}": moved(there)})
    assert codes(ours(found)) == {"AD_M365_STEERS": "error"}


def test_microsoft_is_right_where_the_mail_is() -> None:
    """A domain with its mail at Microsoft 365 and nothing else published is well."""
    mail = {"kund.se": {"A": [SITE_IP], "MX": ["0 kund-se.mail.protection.outlook.com."]}}
    found = world({**NOTHING, **MICROSOFT, **mail, "autodiscover.outlook.com": {"A": ["203.0.113.7"]}})
    assert codes(foreign(found)) == {}
    assert [endpoint for endpoint in found.probed if endpoint.host.ascii == "autodiscover.kund.se"] == []


def test_microsoft_beside_other_servers_is_a_warning_where_the_domain_is_not_ours() -> None:
    """The MX is no filter in front of Microsoft when the documents name other servers."""
    assert codes(foreign(world(MICROSOFT))) == {"AD_M365_STEERS": "warning"}


# --- SRV -----------------------------------------------------------------------------------------------------------------------------

IMAPS = "_imaps._tcp.kund.se"


@pytest.mark.parametrize(
    ("records", "code", "severity"),
    [
        ({IMAPS: None}, "SRV_MISSING", "warning"),
        ({"_submission._tcp.kund.se": None, "_submissions._tcp.kund.se": None}, "SRV_MISSING", "warning"),
        ({IMAPS: {"SRV": ["0 0 0 ."]}}, "SRV_DOT", "warning"),
        ({IMAPS: {"SRV": ["0 0 993 mail.old-host.se."]}}, "SRV_WRONG", "warning"),
        ({IMAPS: {"SRV": ["0 0 143 server.karlahosting.se."]}}, "SRV_WRONG", "warning"),
        ({IMAPS: {"SRV": ["0 0 993 server.karlahosting.se.", "5 0 993 mail.old-host.se."]}}, "SRV_WRONG", "warning"),
        ({"_imap._tcp.kund.se": {"SRV": ["0 0 143 mail.old-host.se."]}}, "SRV_WRONG", "warning"),
        ({"mail.kund.se": {"CNAME": ["server.karlahosting.se."]}}, "SRV_CNAME_TARGET", "notice"),
    ],
)
def test_each_fault_of_a_record_of_ours_has_its_code(
    records: Mapping[str, Mapping[str, Sequence[str]] | None], code: str, severity: str
) -> None:
    """Against the records that are due, which stand ready to paste. An alias that the settings themselves name is only noticed."""
    found = findings(ours(world({"mail.old-host.se": {"A": ["203.0.113.9"]}, **records})))
    assert {one.code: one.severity.value for one in found} == {code: severity}
    if code in ("SRV_MISSING", "SRV_DOT"):
        assert " IN SRV " in found[0].records[0]


@pytest.mark.parametrize(
    ("records", "code", "severity"),
    [
        ({"_submission._tcp.kund.se": None, "_submissions._tcp.kund.se": None}, "SRV_MISSING", "warning"),
        ({IMAPS: {"SRV": ["0 0 143 server.karlahosting.se."]}}, "SRV_WRONG", "warning"),
        ({IMAPS: {"SRV": ["0 0 0 server.karlahosting.se."]}}, "SRV_WRONG", "warning"),
        ({IMAPS: {"SRV": ["0 0 993 gone.karlahosting.se."]}, "karlahosting.se": {"A": [SERVER_IP]}}, "SRV_WRONG", "warning"),
        ({"mail.kund.se": {"CNAME": ["server.karlahosting.se."]}}, "SRV_CNAME_TARGET", "warning"),
    ],
)
def test_each_fault_of_a_foreign_record_has_its_code(
    records: Mapping[str, Mapping[str, Sequence[str]] | None], code: str, severity: str
) -> None:
    """By itself, without anything to compare with but the other records."""
    assert codes(foreign(world({**ONLY_SRV, **records}))) == {code: severity}


def test_a_dot_is_well_where_the_service_is_not_offered() -> None:
    """RFC 2782: decidedly not available at this domain."""
    dots = {name: {"SRV": ["0 0 0 ."]} for name in ("_pop3._tcp.kund.se", "_pop3s._tcp.kund.se")}
    assert codes(foreign(world({**ONLY_SRV, **dots}))) == {}


# --- PACC and profiles ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "responses", "code", "severity"),
    [
        ({"_ua-auto-config.kund.se": {"TXT": ["v=UAAC1; a=sha256; d=AAAA"]}}, {}, "PACC_DIGEST", "warning"),
        ({"_ua-auto-config.kund.se": None}, {}, "PACC_DIGEST", "warning"),
        ({}, {PACC: NOT_FOUND}, "PACC_MISSING", "warning"),
        ({"ua-auto-config.kund.se": None}, {}, "PACC_MISSING", "warning"),
        ({}, {PACC: (200, "{", JSON)}, "PACC_BAD", "warning"),
        ({}, {PACC: (200, PAGE, HTML)}, "PACC_BAD", "warning"),
        ({"ua-auto-config.kund.se": None, "_ua-auto-config.kund.se": None}, {}, "PACC_MISSING", "notice"),
    ],
)
def test_each_fault_of_pacc_has_its_code(
    records: Mapping[str, Mapping[str, Sequence[str]] | None], responses: Mapping[str, Answer], code: str, severity: str
) -> None:
    """The fingerprint in the DNS is a promise: a document without it, or it without a document, is of no use."""
    assert codes(ours(world(records, responses))) == {code: severity}


def test_two_fingerprints_may_stand_side_by_side() -> None:
    """While the document changes."""
    texts = ["v=UAAC1; a=sha256; d=AAAA", pacc.digest(pacc.document(CONFIG).content).replace("; ", ";")]
    assert codes(ours(world({"_ua-auto-config.kund.se": {"TXT": texts}}))) == {}


@pytest.mark.parametrize(
    "answer",
    [
        NOT_FOUND,
        (200, apple.document(CONFIG, ANNA).content, {"Content-Type": "text/xml"}),
        (200, PAGE, {"Content-Type": apple.CONTENT_TYPE}),
    ],
)
def test_a_profile_that_an_iphone_does_not_take(answer: Answer) -> None:
    """The status, the media type, the content."""
    assert codes(ours(world(responses={PROFILE: answer}))) == {"PROFILE_IOS_BAD": "warning"}


def test_a_signed_profile_is_read_within_its_signature() -> None:
    """CMS lays itself around the property list and leaves it as it is."""
    signed = b"\x30\x82\x10\x00\x06\x09" + apple.document(CONFIG, ANNA).content.rstrip() + b"\xa0\x82\x00\x01signature"
    assert codes(ours(world(responses={PROFILE: (200, signed, {"Content-Type": apple.CONTENT_TYPE})}))) == {}


# --- whatever they send ----------------------------------------------------------------------------------------------------------------

_URLS = list(healthy_responses())
_BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(
        [mozilla.document(CONFIG).content, outlook.document(CONFIG, ANNA).content, pacc.document(CONFIG).content, PAGE.encode()]
    ),
)
_HEADERS = st.dictionaries(
    st.sampled_from(["Location", "Content-Type", "X"]),
    st.one_of(st.text(max_size=30), st.sampled_from(["https://kund.se/", "http://[", "https://" + OWN_AD, "//x", "text/xml"])),
)
_RESPONSES = st.one_of(
    st.tuples(st.integers(100, 999), _BODIES, _HEADERS),
    st.builds(lambda failure, text: Response(Request("https://x/"), failure=failure, detail=text), st.sampled_from(HTTPFailure), st.text()),
)
_SRV = st.one_of(st.text(max_size=40), st.from_regex(r"\A\d{1,6} \d{1,6} \d{1,6} \S{1,20}\Z", fullmatch=True))
_TYPES = st.dictionaries(st.sampled_from(["A", "AAAA", "SRV", "TXT", "MX", "CNAME", "RCODE"]), st.lists(_SRV, min_size=1, max_size=2))


@given(
    responses=st.dictionaries(st.sampled_from(_URLS), _RESPONSES, max_size=4),
    records=st.dictionaries(st.sampled_from(list(healthy_records())), _TYPES.filter(lambda types: "RCODE" not in types), max_size=3),
    is_ours=st.booleans(),
)
def test_whatever_the_others_send_there_are_findings_and_no_traceback(
    responses: dict[str, Answer], records: dict[str, dict[str, list[str]]], is_ours: bool
) -> None:
    """Any bytes, any status, any header, any record."""
    found = world(records, responses)
    case = ours(found) if is_ours else foreign(found)
    for verdict in discovery.judge(case, facts_of(case)):
        code = verdict.code if isinstance(verdict, Finding) else verdict.check
        assert code in catalogue.ENTRIES
    assert len(found.fetched) < 100
