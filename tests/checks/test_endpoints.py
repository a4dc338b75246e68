"""The judge of the servers: each fault once, with its weight, and what it keeps from being looked at."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.catalogue import ENTRIES
from autoconfig.checks import certificates, endpoints, submission
from autoconfig.checks.case import Source
from autoconfig.findings import Finding, Passed, Severity, Skipped, Verdict
from autoconfig.model import AuthMethod, TLSMode
from autoconfig.observations import (
    TCP,
    TLS,
    Certificate,
    ChainProblem,
    Connection,
    Endpoint,
    Greeting,
    GreetingKind,
    LookupStatus,
    Service,
    Stage,
    Stop,
    TLSFailure,
)
from tests.checks.servers import (
    HOST,
    SIX,
    V4,
    V6,
    case,
    codes,
    dead,
    exchanger,
    findings,
    found,
    healthy,
    named,
    server,
    servers,
    skips,
    stopped,
    the,
    tls,
)
from tests.checks.worlds import NOW, TableWorld


def judged(*connections: Connection, **more) -> list[Verdict]:
    return list(endpoints.judge(case(), servers(*connections, **more)))


# --- connecting --------------------------------------------------------------------------------------------------------------------


def test_six_healthy_services_at_two_addresses_have_no_finding() -> None:
    """A clean set-up is quiet, and everything that was looked at has passed."""
    verdicts = judged(*(healthy(service, port, ip) for service, port in SIX for ip in (V4, V6)), exchanger())
    assert {type(verdict) for verdict in verdicts} == {Passed}


@pytest.mark.parametrize(("tcp", "code"), [(TCP.REFUSED, "TCP_REFUSED"), (TCP.TIMEOUT, "TCP_TIMEOUT"), (TCP.UNREACHABLE, "TCP_UNREACH")])
def test_a_host_that_is_down_on_all_ports_is_one_critical_finding(tcp: TCP, code: str) -> None:
    """Twelve dead connections have one cause: the machine."""
    found = the(judged(*(dead(tcp, service, port, ip) for service, port in SIX for ip in (V4, V6))))
    assert (found.code, found.severity, len(found.also)) == (code, Severity.CRITICAL, 11)
    assert found.args == {"host": HOST, "ports": ("993", "143", "995", "110", "465", "587")}


def test_a_dead_host_that_few_use_is_an_error_only() -> None:
    """Critical is what most mail programs will use: the first server to fetch from and to send through."""
    verdicts = judged(healthy(), healthy(Service.SUBMISSIONS, 465), dead(TCP.REFUSED, Service.POP3S, 995, host="pop.kund.se"))
    assert the(verdicts).severity is Severity.ERROR


def test_the_ports_of_a_stopped_program_are_one_finding() -> None:
    """Where sending works and nothing answers for IMAP and POP, one program has stopped."""
    fetching = [dead(TCP.REFUSED, service, port) for service, port in SIX[:4]]
    found = the(judged(*fetching, *(healthy(service, port) for service, port in SIX[4:])))
    assert (found.code, found.severity, found.args["ports"]) == ("TCP_REFUSED", Severity.CRITICAL, ("993", "143", "995", "110"))


def test_one_dead_further_port_is_an_error() -> None:
    """Port 587 is named beside 465: those who need it are hurt, most are not."""
    found = the(judged(healthy(), healthy(Service.SUBMISSIONS, 465), dead(TCP.TIMEOUT, Service.SUBMISSION, 587)))
    assert (found.code, found.severity, found.subject.port) == ("TCP_TIMEOUT", Severity.ERROR, 587)


def test_an_ipv6_address_where_nothing_answers_is_stale() -> None:
    """Where IPv4 works, the AAAA record is what is wrong, once for all ports."""
    both = [(healthy(service, port), dead(TCP.TIMEOUT, service, port, V6)) for service, port in SIX]
    found = the(judged(*(c for pair in both for c in pair)))
    assert (found.code, found.severity, found.subject.ip, found.subject.port) == ("DNS_AAAA_STALE", Severity.ERROR, V6, None)


def test_one_port_that_is_dead_over_ipv6_only_is_a_warning() -> None:
    """The address is in use: a firewall lacks a rule."""
    found = the(judged(healthy(), healthy(ip=V6), healthy(Service.IMAP, 143), dead(TCP.TIMEOUT, Service.IMAP, 143, V6)))
    assert (found.code, found.severity, found.subject.ip) == ("TCP_TIMEOUT", Severity.WARNING, V6)


def test_one_of_two_ipv4_addresses_that_is_dead_is_one_error() -> None:
    """Some customers get through, and it changes."""
    other = "192.0.2.21"
    found = the(judged(*(c for service, port in SIX for c in (healthy(service, port), dead(TCP.TIMEOUT, service, port, other)))))
    assert (found.code, found.severity, found.subject.ip, len(found.also)) == ("TCP_TIMEOUT", Severity.ERROR, other, 5)


def test_what_cannot_be_reached_is_skipped_by_the_finding() -> None:
    """Greeting, TLS, certificate and mechanisms of a dead port are not judged, and it says why."""
    verdicts = judged(dead(TCP.REFUSED, Service.IMAP, 143))
    assert skips(verdicts) == dict.fromkeys(
        ["GREET_GARBAGE", "STARTTLS_ABSENT", "TLS_HANDSHAKE", "CERT_NAME_MISMATCH", "AUTH_NONE"], "TCP_REFUSED"
    )


def test_no_ipv6_from_here_is_a_notice_not_an_unknown() -> None:
    """IPv4 was tested; that this machine has no IPv6 is nobody's fault."""
    found = the(judged(*(c for service, port in SIX for c in (healthy(service, port), dead(TCP.NO_WAY_FROM_HERE, service, port, V6)))))
    assert (found.code, found.severity, found.args) == ("IPV6_NOT_TESTED", Severity.NOTICE, {"hosts": (HOST,)})


def test_a_host_that_has_only_ipv6_is_unknown_from_here() -> None:
    """Nothing is known of it at all."""
    found = the(judged(dead(TCP.NO_WAY_FROM_HERE, ip=V6)))
    assert (found.code, found.severity) == ("NOT_TESTED", Severity.UNKNOWN)


def test_a_dead_ipv4_address_is_critical_where_ipv6_cannot_be_tested() -> None:
    """What is known is all dead."""
    verdicts = judged(
        *(c for service, port in SIX for c in (dead(TCP.REFUSED, service, port), dead(TCP.NO_WAY_FROM_HERE, service, port, V6)))
    )
    assert codes(verdicts) == ["IPV6_NOT_TESTED", "TCP_REFUSED"]
    assert findings(verdicts)[0].severity is Severity.CRITICAL


@pytest.mark.parametrize("tcp", [TCP.FORBIDDEN, TCP.UNKNOWN])
def test_what_we_did_not_try_is_unknown(tcp: TCP) -> None:
    """A policy or a missing answer is never the owner's error."""
    found = the(judged(dead(tcp), dead(tcp, ip=V6)))
    assert (found.code, found.severity) == ("NOT_TESTED", Severity.UNKNOWN)


def test_a_name_that_cannot_be_looked_up_is_unknown() -> None:
    """Our resolver's silence is not their fault; within the domain itself the delegation's findings tell it."""
    silent = found("server.host.se", "A", status=LookupStatus.TIMEOUT)
    who = named(host="server.host.se")
    assert codes(endpoints.judge(case(), [endpoints.ServerFacts((who,), (silent, silent), ())])) == ["NOT_TESTED"]
    assert codes(endpoints.judge(case(), [endpoints.ServerFacts((named(),), (silent, silent), ())])) == []
    missing = found("server.host.se", "A", status=LookupStatus.NXDOMAIN)
    assert codes(endpoints.judge(case(), [endpoints.ServerFacts((who,), (missing, missing), ())])) == []


def test_the_same_server_from_two_calls_is_judged_once() -> None:
    """Servers come in as sources answer."""
    first, again = server(healthy(port=993, greeting=None, stop=Stop.CLOSED, stopped_at=Stage.GREETING)), server(healthy())
    assert len(endpoints.united([first, again, first])) == 1


# --- port 25 -----------------------------------------------------------------------------------------------------------------------


def mx(*connections: Connection) -> list[Verdict]:
    return judged(*connections, source=Source.MX)


def test_exchangers_that_all_time_out_are_unknown() -> None:
    """Most networks let nobody out to port 25."""
    found = the(mx(dead(TCP.TIMEOUT, Service.SMTP, 25), dead(TCP.TIMEOUT, Service.SMTP, 25, host="mx2.kund.se")))
    assert (found.code, found.severity) == ("SMTP25_NOT_TESTED", Severity.UNKNOWN)


def test_one_exchanger_of_two_that_is_dead_is_a_warning() -> None:
    """Mail arrives by the other."""
    found = the(mx(exchanger(), dead(TCP.TIMEOUT, Service.SMTP, 25, host="mx2.kund.se")))
    assert (found.code, found.severity, found.subject.host) == ("TCP_TIMEOUT", Severity.WARNING, "mx2.kund.se")


def test_exchangers_that_all_refuse_are_an_error() -> None:
    """A refusal is an answer."""
    found = the(mx(dead(TCP.REFUSED, Service.SMTP, 25, host="mx1.kund.se"), dead(TCP.REFUSED, Service.SMTP, 25, host="mx2.kund.se")))
    assert (found.code, found.severity) == ("TCP_REFUSED", Severity.ERROR)


def test_an_exchanger_without_starttls_is_a_warning() -> None:
    """Between mail servers TLS is used where it can be had."""
    found = the(mx(exchanger(starttls_offered=False, tls=None, capabilities_after=None, auth_after=None)))
    assert (found.code, found.severity) == ("STARTTLS_ABSENT", Severity.WARNING)


def test_an_exchanger_that_turns_us_away_is_unknown() -> None:
    """Our own address may be on a blocklist."""
    away = Greeting(GreetingKind.GO_AWAY, "554 no", 10.0)
    found = the(mx(replace(stopped(Stage.CAPABILITIES, Stop.REFUSED, Service.SMTP, 25), greeting=away, stopped_at=Stage.GREETING)))
    assert (found.code, found.severity) == ("GREET_BYE", Severity.UNKNOWN)


# --- the conversation --------------------------------------------------------------------------------------------------------------

_ANYWHERE = {
    Stop.TIMEOUT: "PROTO_SILENT",
    Stop.CLOSED: "PROTO_CLOSED",
    Stop.RESET: "PROTO_CLOSED",
    Stop.TOO_LONG: "PROTO_GARBAGE",
    Stop.GARBAGE: "PROTO_GARBAGE",
    Stop.TLS_BYTES: "TLS_ON_PLAIN",
    Stop.REFUSED: "PROTO_REFUSED",
    Stop.TLS_FAILED: "TLS_HANDSHAKE",
}
_THERE = {
    (Stage.GREETING, Stop.TOO_LONG): "GREET_GARBAGE",
    (Stage.GREETING, Stop.GARBAGE): "GREET_GARBAGE",
    (Stage.STARTTLS, Stop.REFUSED): "STARTTLS_REFUSED",
    (Stage.TLS, Stop.CLOSED): "TLS_RST",
    (Stage.TLS, Stop.RESET): "TLS_RST",
}


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("stop", list(Stop))
@pytest.mark.parametrize(("service", "port"), [(Service.IMAP, 143), (Service.SUBMISSIONS, 465), (Service.SMTP, 25)])
def test_every_end_at_every_stage_has_exactly_one_finding(stage: Stage, stop: Stop, service: Service, port: int) -> None:
    """No way to break off is without a code, and none has two."""
    found = the(judged(stopped(stage, stop, service, port)))
    assert found.code == _THERE.get((stage, stop), _ANYWHERE[stop])


@pytest.mark.parametrize(
    ("failure", "implicit", "upgraded"),
    [
        (TLSFailure.NOT_TLS, "PLAIN_ON_TLS", "TLS_HANDSHAKE"),
        (TLSFailure.ALERT, "TLS_HANDSHAKE", "TLS_HANDSHAKE"),
        (TLSFailure.PROTOCOL, "TLS_HANDSHAKE", "TLS_HANDSHAKE"),
        (TLSFailure.VERSION, "TLS_TOO_OLD", "TLS_TOO_OLD"),
        (TLSFailure.RESET, "TLS_RST", "TLS_RST"),
        (TLSFailure.CLOSED, "TLS_RST", "TLS_RST"),
        (TLSFailure.TIMEOUT, "PROTO_SILENT", "PROTO_SILENT"),
    ],
)
def test_every_failure_of_tls_has_exactly_one_finding(failure: TLSFailure, implicit: str, upgraded: str) -> None:
    """Whether TLS begins at once or by STARTTLS."""
    failed = TLS(HOST, failure)
    assert the(judged(stopped(Stage.TLS, Stop.TLS_FAILED, Service.IMAPS, 993, tls=failed))).code == implicit
    verdicts = judged(stopped(Stage.TLS, Stop.TLS_FAILED, tls=failed))
    assert the(verdicts).code == upgraded
    assert skips(verdicts) == {"CERT_NAME_MISMATCH": upgraded, "AUTH_NONE": upgraded}


def test_both_addresses_that_say_the_same_are_one_finding() -> None:
    """The cause is the server's, not the address's."""
    broken = stopped(Stage.GREETING, Stop.GARBAGE)
    found = the(judged(broken, replace(broken, endpoint=replace(broken.endpoint, ip=V6))))
    assert [subject.ip for subject in (found.subject, *found.also)] == [V4, V6]


def test_swapped_kinds_of_tls_are_told_at_both_ports() -> None:
    """993 in clear text, 143 with TLS at once."""
    clear = stopped(Stage.TLS, Stop.TLS_FAILED, Service.IMAPS, 993, tls=TLS(HOST, TLSFailure.NOT_TLS), spoken="imap")
    secured = stopped(Stage.GREETING, Stop.TLS_BYTES, spoken="tls")
    assert codes(judged(clear, secured)) == ["PLAIN_ON_TLS", "TLS_ON_PLAIN"]


def test_another_protocol_is_named() -> None:
    """SMTP where IMAP should be is a wrong map of ports."""
    found = the(judged(stopped(Stage.GREETING, Stop.GARBAGE, spoken="smtp")))
    assert (found.code, found.args["service"], found.args["spoken"]) == ("TCP_PORT_WRONG_PROTO", "IMAP", "SMTP")
    behind = stopped(Stage.TLS, Stop.TLS_FAILED, Service.IMAPS, 993, tls=TLS(HOST, TLSFailure.NOT_TLS), spoken="ssh")
    assert the(judged(behind)).args["spoken"] == "SSH"


def test_a_source_that_names_the_wrong_kind_of_tls_is_not_the_servers_fault() -> None:
    """993 with STARTTLS is told of the document that says so, when 993 works as it should."""
    misnamed = stopped(Stage.GREETING, Stop.TLS_BYTES, Service.IMAP, 993, spoken="tls")
    assert codes(judged(healthy(), misnamed)) == []
    assert codes(judged(misnamed)) == ["TLS_ON_PLAIN"]


@pytest.mark.parametrize(
    ("ms", "severity"), [(2000.0, Severity.NOTICE), (4999.0, Severity.NOTICE), (5000.0, Severity.WARNING), (20000.0, Severity.ERROR)]
)
def test_a_slow_greeting_weighs_by_its_seconds(ms: float, severity: Severity) -> None:
    """Two, five and twenty seconds; one finding for all ports."""
    slow = Greeting(GreetingKind.READY, "ready", ms)
    found = the(judged(*(healthy(service, port, greeting=slow) for service, port in SIX)))
    assert (found.code, found.severity, len(found.also)) == ("GREET_SLOW", severity, 5)


def test_try_later_is_unknown_and_go_away_is_an_error() -> None:
    """Too many connections may be ours."""
    for kind, code, severity in (
        (GreetingKind.TRY_LATER, "GREET_4XX", Severity.UNKNOWN),
        (GreetingKind.GO_AWAY, "GREET_BYE", Severity.ERROR),
    ):
        found = the(judged(stopped(Stage.GREETING, Stop.REFUSED, greeting=Greeting(kind, "421 too many\x1b[2J", 5.0))))
        assert (found.code, found.severity) == (code, severity)
        assert "\x1b" not in found.args["reply"]


def test_preauth_is_a_warning_and_an_error_where_starttls_is_needed() -> None:
    """RFC 9051, 6.2.1: who is somebody already cannot begin TLS; that is one finding."""
    hello = Greeting(GreetingKind.PREAUTH, "welcome", 5.0)
    assert the(judged(healthy(greeting=hello))).severity is Severity.WARNING
    bare = healthy(
        Service.IMAP,
        143,
        greeting=hello,
        starttls_offered=False,
        tls=None,
        auth_before=("PASSWORD",),
        auth_after=None,
        capabilities_after=None,
    )
    verdicts = [*judged(bare), *submission.judge(case(), servers(bare))]
    assert (the(verdicts).code, the(verdicts).severity) == ("GREET_PREAUTH", Severity.ERROR)
    assert skips(verdicts)["TLS_HANDSHAKE"] == "GREET_PREAUTH"


def test_a_passing_no_in_the_middle_is_unknown() -> None:
    """RFC 5321, 4.2.1: 421 after EHLO is the same as 421 before it."""
    busy = stopped(Stage.CAPABILITIES, Stop.REFUSED, Service.SUBMISSION, 587, transcript=("< 220 hello", "> EHLO", "< 421 busy"))
    assert (the(judged(busy)).code, the(judged(busy)).severity) == ("PROTO_REFUSED", Severity.UNKNOWN)


def test_no_starttls_is_an_error_where_it_is_published() -> None:
    """And a warning where the settings say that there is none."""
    absent = healthy(Service.IMAP, 143, starttls_offered=False, tls=None, capabilities_after=None, auth_after=None)
    verdicts = judged(absent)
    assert (the(verdicts).code, the(verdicts).severity) == ("STARTTLS_ABSENT", Severity.ERROR)
    assert skips(verdicts) == dict.fromkeys(["TLS_HANDSHAKE", "CERT_NAME_MISMATCH", "AUTH_NONE"], "STARTTLS_ABSENT")
    assert the(judged(absent, mode=TLSMode.NONE)).severity is Severity.WARNING


def test_words_before_tls_that_count_after_it_are_a_warning() -> None:
    """RFC 3207, 4.2."""
    assert codes(judged(healthy(Service.SUBMISSION, 587, injected="250 STUFF"))) == ["STARTTLS_INJECT"]


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1.1"])
def test_old_versions_of_tls_are_a_warning_once(version: str) -> None:
    """RFC 8996; at port 25 only a notice."""
    old = [healthy(service, port, tls=tls(version=version)) for service, port in SIX]
    assert (the(judged(*old)).code, the(judged(*old)).severity) == ("TLS_TOO_OLD", Severity.WARNING)
    assert the(mx(exchanger(tls=tls(host="mx.kund.se", version=version)))).severity is Severity.NOTICE


# --- asking the world --------------------------------------------------------------------------------------------------------------


def test_gather_talks_to_every_address_of_every_server_once() -> None:
    """Both families, each address by itself; named twice is asked once."""
    places = {(Service.IMAPS, HOST, ip, 993): healthy(ip=ip) for ip in (V4, V6)}
    world = TableWorld({HOST: {"A": [V4], "AAAA": [V6]}, f"_993._tcp.{HOST}": {"TLSA": ["3 1 1 aa"]}}, connections=places)
    srv = named(source=Source.SRV)
    (facts,) = asyncio.run(endpoints.gather(case(world), [srv, named()]))
    assert [c.endpoint.ip for c in facts.connections] == [V4, V6]
    assert facts.tlsa is not None
    assert facts.tlsa.values == ("3 1 1 aa",)
    assert endpoints.united([facts])[0].named == (named(), srv)
    assert codes(endpoints.judge(case(world), [facts])) == []


def test_gather_bounds_what_a_document_can_make_us_do() -> None:
    """A name with a hundred addresses, a document with a thousand servers."""
    world = TableWorld({"*.kund.se": {"A": [f"192.0.2.{n}" for n in range(100)]}})
    asyncio.run(endpoints.gather(case(world), [named(host=f"s{n}.kund.se") for n in range(1000)]))
    assert len(world.probed) <= endpoints.MAX_SERVERS * endpoints.MAX_ADDRESSES


def test_beyond_what_is_named_are_the_exchangers() -> None:
    """RFC 7505: the null MX is no host."""
    world = TableWorld({"kund.se": {"MX": ["10 mx.kund.se", "20 mx2.kund.se"]}})
    assert [(n.service, n.host.ascii, n.port) for n in asyncio.run(endpoints.beyond(case(world)))] == [
        (Service.SMTP, "mx.kund.se", 25),
        (Service.SMTP, "mx2.kund.se", 25),
    ]
    assert asyncio.run(endpoints.beyond(case(TableWorld({"kund.se": {"MX": ["0 ."]}})))) == ()


# --- anything at all ---------------------------------------------------------------------------------------------------------------

_texts = st.text(max_size=8)
_words = st.lists(st.sampled_from(["PLAIN", "SIZE 1", "SIZE x", "IDLE", "AUTH PLAIN", "", "\x00é"]), max_size=3).map(tuple)
_hosts = st.sampled_from([HOST, "mx.kund.se", "server.host.se"]).map(Domain.parse)
_endpoints = st.builds(
    Endpoint, st.sampled_from(Service), _hosts, st.sampled_from([V4, V6, "192.0.2.21"]), st.sampled_from([25, 143, 993, 587, 465])
)
_dates = st.integers(-400, 400).map(lambda days: NOW.replace(year=2026 + days // 100))
_certificates = st.builds(
    Certificate,
    names=st.lists(st.sampled_from([HOST, "*.kund.se", "*", "*.se", "server.host.se", "a*.kund.se", ""]), max_size=3).map(tuple),
    ips=st.just(()),
    common_name=st.sampled_from(["", HOST, "\x1b"]),
    issuer=_texts,
    not_before=_dates,
    not_after=_dates,
    server_auth=st.booleans(),
    key=st.sampled_from(["RSA", "EC", "Ed25519", "?"]),
    key_bits=st.integers(0, 4096),
    signature=st.sampled_from(["", "sha1", "sha256", "MD5"]),
    fingerprint=st.sampled_from(["aa", "bb"]),
    public_key=st.sampled_from(["cc", "dd"]),
)
_sessions = st.builds(
    TLS,
    st.just(HOST),
    failure=st.none() | st.sampled_from(TLSFailure),
    detail=_texts,
    version=st.sampled_from(["", "TLSv1", "TLSv1.3"]),
    certificate=st.none() | _certificates,
    chain_problem=st.none() | st.sampled_from(ChainProblem),
)
_connections = st.builds(
    Connection,
    _endpoints,
    st.sampled_from(TCP),
    greeting=st.none() | st.builds(Greeting, st.sampled_from(GreetingKind), _texts, st.floats(0, 30000)),
    capabilities_before=st.none() | _words,
    auth_before=st.none() | _words,
    starttls_offered=st.sampled_from([None, True, False]),
    starttls_reply=_texts,
    injected=_texts,
    tls=st.none() | _sessions,
    capabilities_after=st.none() | _words,
    auth_after=st.none() | _words,
    stopped_at=st.none() | st.sampled_from(Stage),
    stop=st.none() | st.sampled_from(Stop),
    spoken=st.sampled_from(["", "tls", "imap", "smtp", "ssh", "\x07"]),
    transcript=st.lists(_texts, max_size=2).map(tuple),
)


def _whole(verdict: Verdict) -> None:
    """Hold a verdict against the catalogue."""
    if isinstance(verdict, Finding):
        entry = ENTRIES[verdict.code]
        assert entry.parameters == set(verdict.args)
        for template in (entry.message, entry.cause, entry.fix):
            assert (template % verdict.args).isprintable()
        assert all(line.isprintable() for line in verdict.evidence)
        assert len(" ".join(verdict.evidence)) < 5000
    else:
        assert verdict.check in ENTRIES
        assert not isinstance(verdict, Skipped) or verdict.by.code in ENTRIES


@given(st.lists(_connections, max_size=5), st.sampled_from(Source), st.sampled_from([(), ("oauth2",), ("none", "ntlm")]))
def test_whatever_was_seen_the_judges_say_something_whole(seen: list[Connection], source: Source, auth: tuple[str, ...]) -> None:
    """No conversation, however odd, is a fault of ours; every finding has all its words and nothing that cannot be printed."""
    methods = tuple(map(AuthMethod, auth))
    tlsa = found(f"_993._tcp.{HOST}", "TLSA", "3 1 1 cc", "3", "2 0 1 zz", "\x00")
    facts = servers(*seen, source=source, auth=methods, tlsa=tlsa) if seen else ()
    shown = certificates.CertificateFacts(tuple(certificates.shown_in(facts)))
    for verdicts in (
        endpoints.judge(case(), facts),
        certificates.judge(case(), shown),
        submission.judge(case(), facts),
    ):
        for verdict in verdicts:
            _whole(verdict)
