"""Documents and records read into servers, redirects followed: what is said is told, what cannot be used is left out with its reason."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import time as clock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import EmailAddress
from autoconfig.checks import documents, trails
from autoconfig.checks.case import Named, Source
from autoconfig.checks.documents import Fault, Reading
from autoconfig.formats import mozilla, outlook, pacc
from autoconfig.formats.wire import Value
from autoconfig.formats.xml import MAX_OCTETS
from autoconfig.model import AuthMethod, ClientConfig, Protocol, TLSMode
from autoconfig.observations import HTTPFailure, Lookup, LookupStatus, Question, Request, Service
from tests import strategies
from tests.checks.test_discovery import ANNA, CONFIG
from tests.checks.worlds import TableWorld


def xml(*servers: str, provider: str = "kund.se") -> bytes:
    return f'<clientConfig version="1.1"><emailProvider id="{provider}">{"".join(servers)}</emailProvider></clientConfig>'.encode()


def imap(
    host: str = "mail.kund.se", port: str = "993", socket: str = "SSL", auth: str = "password-cleartext", user: str = "%EMAILADDRESS%"
) -> str:
    return (
        f'<incomingServer type="imap"><hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType>'
        f"<authentication>{auth}</authentication><username>{user}</username></incomingServer>"
    )


def read(*servers: str) -> Reading:
    return documents.read_autoconfig(xml(*servers), ANNA, "https://autoconfig.kund.se/")


def shown(named: Named) -> tuple[str, str, int, str]:
    return named.service.value, named.host.ascii, named.port, named.tls.value


# --- autoconfig --------------------------------------------------------------------------------------------------------------------


def test_a_server_of_a_document_with_its_placeholders_filled() -> None:
    """Host and user name are those of the address; where it was named is kept."""
    (named,) = read(imap(host=" mail.%EMAILDOMAIN% ", user="%EMAILLOCALPART%.%EMAILDOMAIN%")).servers
    assert shown(named) == ("imaps", "mail.kund.se", 993, "implicit")
    assert (named.username, named.source, named.via) == ("anna.kund.se", Source.AUTOCONFIG, "https://autoconfig.kund.se/")
    assert named.auth == (AuthMethod.PASSWORD_CLEARTEXT,)


def test_a_placeholder_in_a_local_part_is_not_filled_again() -> None:
    """What an address says is text."""
    odd = EmailAddress.parse("%EMAILDOMAIN%@kund.se")
    assert documents.filled("%EMAILLOCALPART%", odd) == "%EMAILDOMAIN%"


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (imap(socket="TLS"), "socketType"),
        (imap(socket=""), "socketType"),
        (imap(port=""), "port"),
        (imap(port="993.0"), "port"),
        (imap(port="0"), "port"),
        (imap(port="65536"), "port"),
        (imap(port="٩٩٣"), "port"),
        (imap(host=""), "domain"),
        (imap(host="192.0.2.1"), "IP address"),
        (imap(host="%EMAILADRESS%"), "domain"),
        (imap().replace("imap", "exchange"), "no mail server"),
    ],
)
def test_a_server_that_no_program_can_use_is_left_out_with_its_reason(server: str, reason: str) -> None:
    """Alone it makes the document useless; beside another it does no harm."""
    alone = read(server)
    assert (alone.fault, alone.servers) == (Fault.BROKEN, ())
    assert reason in alone.reason
    assert [shown(named) for named in read(server, imap()).servers] == [("imaps", "mail.kund.se", 993, "implicit")]


def test_several_servers_and_methods_keep_their_order() -> None:
    """The first is the one that most programs take; words that nobody knows are left out."""
    both = "OAuth2</authentication><authentication>magic</authentication><authentication>plain"
    first, second = read(imap(auth=both), imap(port="143", socket="STARTTLS")).servers
    assert first.auth == (AuthMethod.OAUTH2, AuthMethod.PASSWORD_CLEARTEXT)
    assert shown(second) == ("imap", "mail.kund.se", 143, "starttls")


def test_a_document_with_thousands_of_servers_names_only_some() -> None:
    """Each would be connected to."""
    assert len(read(*(imap(host=f"a{i}.kund.se") for i in range(2000))).servers) == documents.MAX_SERVERS


def test_the_line_of_a_fault_is_told() -> None:
    """The owner has to find it."""
    reading = documents.read_autoconfig(b"<clientConfig>\n<a>\n</b>\n</clientConfig>", ANNA)
    assert (reading.fault, reading.line) == (Fault.BROKEN, 3)
    assert reading.place.startswith("line 3: ")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"<!DOCTYPE html><html><br></html>", Fault.HTML),
        (b"\xef\xbb\xbf\n<!doctype HTML>", Fault.HTML),
        (b"<?xml version='1.0'?><!-- a --><!-- b --><html xmlns='http://www.w3.org/1999/xhtml'/>", Fault.HTML),
        ("<!DOCTYPE html><html/>".encode("utf-16"), Fault.HTML),
        (b"<html>" + b"x" * MAX_OCTETS, Fault.HTML),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", Fault.DTD),
        (b"<a>" + b"x" * MAX_OCTETS, Fault.HUGE),
        (b"", Fault.BROKEN),
        (b"hej", Fault.BROKEN),
        (b"<htmlish/>", Fault.BROKEN),
        (b"\x1f\x8b\x08\x00", Fault.BROKEN),
    ],
)
def test_what_is_no_document_is_known_for_what_it_is(body: bytes, fault: Fault) -> None:
    """A web page, a bomb, something huge, or anything else; for every format alike."""
    for reading in (documents.read_autoconfig(body, ANNA), documents.read_autodiscover(body)):
        assert (reading.fault, reading.servers) == (fault, ())
        assert reading.reason
    assert documents.read_pacc(body, ANNA).fault is not None


def test_many_comments_cost_nothing() -> None:
    """What stands before a page is passed over in a time that does not grow with its ways to be read."""
    began = time.process_time()
    assert documents.read_autoconfig(b"<!---->" * 600 + b"<!--" * 100, ANNA).fault is Fault.BROKEN
    assert time.process_time() - began < 1


@given(strategies.client_configs(), strategies.local_parts())
def test_what_we_publish_is_read_as_what_we_mean(config: ClientConfig, local: str) -> None:
    """Each format says the servers of the settings, with their ports, encryption and user names."""
    address = EmailAddress.parse(f"{local}@{config.domain.ascii}")
    wanted = [*((account.protocol.value, account.incoming) for account in config.accounts), ("smtp", config.accounts[0].outgoing)]
    for reading in (
        documents.read_autoconfig(mozilla.document(config).content, address),
        documents.read_autodiscover(outlook.document(config, address).content),
    ):
        assert reading.fault is None
        assert [(one.host, one.port, one.tls) for one in reading.servers] == [(one.host, one.port, one.tls) for _, one in wanted]
        assert [one.service.talk.value for one in reading.servers] == [protocol for protocol, _ in wanted]


# --- Autodiscover ------------------------------------------------------------------------------------------------------------------


def pox(**parts: str) -> bytes:
    protocol = outlook.Protocol(**{name: Value(text) for name, text in parts.items()})  # type: ignore[arg-type]
    account = outlook.Account(account_type=Value("email"), action=Value("settings"), protocols=(protocol,))
    return outlook.write(outlook.Autodiscover(response=outlook.Response(accounts=(account,))))


@pytest.mark.parametrize(
    ("ssl", "encryption", "port", "tls"),
    [
        ("on", "SSL", "993", TLSMode.IMPLICIT),
        ("on", "TLS", "143", TLSMode.STARTTLS),
        ("off", "None", "143", TLSMode.NONE),
        ("on", "", "993", TLSMode.IMPLICIT),
        ("on", "", "143", TLSMode.STARTTLS),
        ("", "", "", TLSMode.IMPLICIT),
        ("off", "", "143", TLSMode.NONE),
        ("on", "TLS", "993", TLSMode.STARTTLS),
        ("on", "Auto", "993", TLSMode.IMPLICIT),
    ],
)
def test_outlook_s_words_for_encryption(ssl: str, encryption: str, port: str, tls: TLSMode) -> None:
    """Encryption goes before SSL, and its TLS is STARTTLS; where neither says, the port does."""
    (named,) = documents.read_autodiscover(pox(type="IMAP", server="mail.kund.se", port=port, ssl=ssl, encryption=encryption)).servers
    assert named.tls is tls
    assert named.port == int(port or "993")


def test_exchange_s_own_settings_are_settings_that_name_no_server() -> None:
    """EXCH and EXPR are not ours to connect to, but Outlook finds what it needs."""
    reading = documents.read_autodiscover(pox(type="EXCH", server="ex.kund.se"))
    assert (reading.fault, reading.settings, reading.servers) == (None, True, ())


def test_an_answer_that_leads_elsewhere_or_says_no_is_no_broken_document() -> None:
    """Redirects and errors are told as what they are."""
    account = outlook.Account(action=Value("redirectAddr"), redirect_addr=Value(" anna@other.se "))
    leads = documents.read_autodiscover(outlook.write(outlook.Autodiscover(response=outlook.Response(accounts=(account,)))))
    assert (leads.fault, leads.settings, leads.redirect_addr) == (None, False, "anna@other.se")
    refuses = documents.read_autodiscover(outlook.error_document(outlook.ErrorCode.ADDRESS, clock(8, 0)).content)
    assert (refuses.fault, refuses.settings, refuses.error) == (None, False, "500")


# --- PACC and SRV ------------------------------------------------------------------------------------------------------------------


def test_a_pacc_document_names_hosts_whose_ports_are_known() -> None:
    """993, 995, 465; the user name is the address."""
    reading = documents.read_pacc(pacc.document(CONFIG).content, ANNA)
    assert [shown(named) for named in reading.servers] == [
        ("imaps", "server.karlahosting.se", 993, "implicit"),
        ("pop3s", "mail.kund.se", 995, "implicit"),
        ("submissions", "server.karlahosting.se", 465, "implicit"),
    ]
    assert {named.username for named in reading.servers} == {"anna@kund.se"}


def test_a_pacc_document_may_be_of_groupware_alone() -> None:
    """JMAP needs no other server."""
    reading = documents.read_pacc(b'{"protocols":{"jmap":{"url":"https://jmap.kund.se/"}}}', ANNA)
    assert (reading.fault, reading.settings, reading.servers) == (None, True, ())
    assert documents.read_pacc(b"{}", ANNA).fault is Fault.BROKEN
    assert documents.read_pacc(b'{"protocols":{"imap":{"host":"192.0.2.1"}}}', ANNA).fault is Fault.BROKEN


def srv(*values: str) -> Lookup:
    return Lookup(Question("_imaps._tcp.kund.se", "SRV"), LookupStatus.FOUND, values)


def test_srv_records_name_servers_the_preferred_one_first() -> None:
    """RFC 2782: the lowest priority; "." and port 0 name none."""
    lookup = srv("20 0 993 b.kund.se", "10 5 993 a.kund.se", "0 0 0 .", "0 0 0 c.kund.se", "nonsense", "1 1 1", "0 0 70000 d.kund.se")
    assert [shown(named) for named in documents.read_srv("_imaps", lookup)] == [
        ("imaps", "a.kund.se", 993, "implicit"),
        ("imaps", "b.kund.se", 993, "implicit"),
    ]
    assert [record.denies for record in documents.srv_records(lookup)].count(True) == 1
    (named,) = documents.read_srv("_submission", srv("0 0 587 a.kund.se"))
    assert (named.service, named.tls, named.via) == (Service.SUBMISSION, TLSMode.STARTTLS, "_imaps._tcp.kund.se")


# --- redirects -----------------------------------------------------------------------------------------------------------------------


def follow(responses: dict[str, tuple[int, str, dict[str, str]]], url: str = "https://a.se/") -> trails.Trail:
    return asyncio.run(trails.follow(TableWorld(responses=responses), Request(url)))


def to(url: str) -> tuple[int, str, dict[str, str]]:
    return 302, "", {"Location": url}


def test_redirects_are_followed_to_their_end() -> None:
    """Across hosts; a step without TLS is noted."""
    trail = follow({"https://a.se/": to("http://b.se/x"), "http://b.se/x": to("https://c.se/#top"), "https://c.se/": (200, "hej", {})})
    assert (trail.url, trail.end.status, trail.secure, trail.loop) == ("https://a.se/", 200, False, False)
    assert trail.hosts == ("a.se", "b.se", "c.se")
    assert len(trail.steps) == 3


def test_circles_and_endless_ways_end() -> None:
    """After one round, and after ten redirects."""
    assert follow({"https://a.se/": to("https://b.se/"), "https://b.se/": to("https://a.se/")}).loop
    endless = {f"https://a.se/{i or ''}": to(f"https://a.se/{i + 1}") for i in range(30)}
    trail = follow(endless)
    assert (trail.loop, len(trail.responses)) == (True, trails.MAX_REDIRECTS + 1)
    enough = dict(list(endless.items())[: trails.MAX_REDIRECTS]) | {f"https://a.se/{trails.MAX_REDIRECTS}": (200, "", {})}
    assert follow(enough).end.status == 200


@pytest.mark.parametrize("location", ["", "ftp://a.se/", "javascript:alert(1)", "file:///etc/passwd"])
def test_a_redirect_to_nowhere_is_an_end(location: str) -> None:
    """Only the web is followed."""
    trail = follow({"https://a.se/": to(location)})
    assert (trail.end.status, trail.loop) == (302, False)


def test_a_post_stays_a_post() -> None:
    """Outlook asks its question again where it is sent."""
    world = TableWorld(responses={"POST https://a.se/": to("https://b.se/")})
    asyncio.run(trails.follow(world, Request("https://a.se/", "POST", (("Content-Type", "text/xml"),), b"<x/>")))
    assert [(request.method, request.url, request.body) for request in world.fetched] == [
        ("POST", "https://a.se/", b"<x/>"),
        ("POST", "https://b.se/", b"<x/>"),
    ]


def test_what_we_could_not_ask_is_not_known() -> None:
    """A place that the policy forbids says nothing about its owner."""
    request = Request("https://a.se/")
    assert not trails.unanswered(request, HTTPFailure.FORBIDDEN).known
    assert trails.unanswered(request, HTTPFailure.REFUSED).known


# --- whatever stands there -----------------------------------------------------------------------------------------------------------

_STARTS = st.sampled_from([mozilla.document(CONFIG).content, outlook.document(CONFIG, ANNA).content, pacc.document(CONFIG).content])


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A good document with a piece of it replaced by something else."""
    good = draw(_STARTS)
    start = draw(st.integers(0, len(good)))
    return good[:start] + draw(st.binary(max_size=20)) + good[start + draw(st.integers(0, 40)) :]


@given(st.one_of(st.binary(max_size=300), broken()))
def test_any_bytes_are_servers_or_a_reason(body: bytes) -> None:
    """Never a traceback, never neither."""
    for reading in (documents.read_autoconfig(body, ANNA), documents.read_autodiscover(body), documents.read_pacc(body, ANNA)):
        assert (reading.fault is None) == bool(reading.settings or reading.error or reading.redirect_addr or reading.redirect_url)
        assert bool(reading.reason) == (reading.fault is not None)
        assert len(reading.servers) <= documents.MAX_SERVERS
        assert all(0 < named.port < 65536 for named in reading.servers)


@given(st.lists(st.one_of(st.text(max_size=30), st.from_regex(r"\A\d{1,6} \d{1,6} \d{1,6} \S{1,20}\Z", fullmatch=True)), max_size=30))
def test_any_record_is_a_server_or_none(values: list[str]) -> None:
    """What the DNS holds is as foreign as a document."""
    for named in documents.read_srv("_pop3s", replace(srv(), values=tuple(values))):
        assert 0 < named.port < 65536
        assert named.service.talk.value == Protocol.POP3.value


@given(st.text(max_size=40))
def test_the_host_of_any_url_is_a_text(url: str) -> None:
    """Brackets that nobody closed included."""
    assert trails.host_of(url) == trails.host_of(url).lower()
