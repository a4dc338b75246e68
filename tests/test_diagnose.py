"""One domain from the question to the report, in worlds that are tables: healthy, gone, broken, silent and mad."""

from __future__ import annotations

import asyncio
import ipaddress
import time
import zlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoconfig import diagnose, i18n
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case
from autoconfig.clients import CLIENTS
from autoconfig.findings import Finding, Group, Report, Severity
from autoconfig.observations import (
    TCP,
    Connection,
    Endpoint,
    HTTPFailure,
    Lookup,
    LookupStatus,
    Question,
    Request,
    Response,
    Service,
    World,
)
from autoconfig.report import data
from tests.checks import servers
from tests.checks import test_discovery as sites
from tests.checks.worlds import NOW, TableWorld

KUND, ANNA = sites.KUND, sites.ANNA
MX_IP = "192.0.2.25"
DELEGATED = {
    "kund.se": {
        "SOA": ["ns1.karlahosting.se hostmaster.karlahosting.se 1 3600 900 604800 300"],
        "NS": ["ns1.karlahosting.se", "ns2.karlahosting.se"],
    },
    "ns1.karlahosting.se": {"A": ["192.0.2.53"]},
    "ns2.karlahosting.se": {"A": ["192.0.2.54"]},
    "mx.karlahosting.se": {"A": [MX_IP]},
}
DELIVERY = {
    "kund.se": {"TXT": ["v=spf1 mx a:server.karlahosting.se -all"]},
    "_dmarc.kund.se": {"TXT": ["v=DMARC1; p=reject"]},
    "default._domainkey.kund.se": {"TXT": [f"v=DKIM1; k=ed25519; p={'A' * 43}="]},
    "25.2.0.192.in-addr.arpa": {"PTR": ["mx.karlahosting.se"]},
    f"{ipaddress.ip_address(sites.SERVER_IP).reverse_pointer}": {"PTR": ["server.karlahosting.se"]},
}
SUBMISSION = ((Service.SUBMISSIONS, 465), (Service.SUBMISSION, 587))
MAIL = (
    *(("server.karlahosting.se", service, port) for service, port in ((Service.IMAPS, 993), *SUBMISSION)),
    *(("mail.kund.se", service, port) for service, port in ((Service.POP3S, 995), *SUBMISSION)),
)
ASKED = [Group.DELEGATION, Group.DISCOVERY, Group.ENDPOINTS, Group.CERTIFICATES, Group.DELIVERABILITY]
STAGES = [*ASKED, Group.CLIENTS]


def healthy(**changes: Connection) -> TableWorld:
    """A domain of ours with which nothing is wrong, but for the connections to these ports ("p993")."""
    records = {name: dict(types) for name, types in sites.healthy_records().items()}
    for name, types in (*DELEGATED.items(), *DELIVERY.items()):
        records.setdefault(name, {}).update(types)
    connections = {
        (Service.HTTPS, host, sites.SERVICE_IP, 443): sites.connection(host, sites.SERVICE_IP, sites.GOOD) for host in sites.NAMES
    }
    mail = [servers.healthy(service, port, sites.SERVER_IP, host) for host, service, port in MAIL]
    for connection in (*mail, servers.exchanger(MX_IP, "mx.karlahosting.se")):
        at = connection.endpoint
        connections[at.service, at.host.ascii, at.ip, at.port] = replace(changes.get(f"p{at.port}", connection), endpoint=at)
    return TableWorld(records, connections=connections, responses=sites.healthy_responses())


def run(case: Case, seconds: float = 5.0, **more) -> Report:
    """The report; no task is left behind, and nothing is complained of."""

    async def whole() -> Report:
        trouble: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: trouble.append(context))
        report = await diagnose.run(case, seconds=seconds, **more)
        await asyncio.sleep(0)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        assert trouble == []
        return report

    report = asyncio.run(whole())
    assert data.to_data(report, i18n.texts("sv"))["status"] == report.status
    return report


def codes(report: Report) -> dict[str, str]:
    """The findings' codes, with their severities."""
    return {finding.code: finding.severity.value for finding in report.findings}


def the(report: Report, code: str) -> Finding:
    """The only finding of *code*."""
    (found,) = (finding for finding in report.findings if finding.code == code)
    return found


# --- what is found -----------------------------------------------------------------------------------------------------------------


def test_a_clean_domain_of_ours_has_no_finding() -> None:
    """Everything was looked at, in every group and stage."""
    report = run(sites.ours(healthy()))
    assert codes(report) == {}
    assert report.status == "ok"
    assert report.skipped == ()
    assert {passed.group for passed in report.passed} == {*ASKED, Group.SUBMISSION}
    assert sorted(stage.name for stage in report.stages) == sorted(STAGES)
    assert (report.domain, report.started) == (KUND, NOW)
    assert 0 <= report.elapsed_ms < 10_000


def test_the_same_domain_is_clean_for_who_does_not_know_it() -> None:
    """What it publishes agrees with itself, and with its servers."""
    assert run(sites.foreign(healthy())).status in ("ok", "notice")


def test_the_address_is_told_only_where_one_was_given() -> None:
    """The postmaster whom we ask for is nobody's question."""
    assert run(sites.foreign(healthy())).address is None
    assert run(replace(sites.foreign(healthy()), address_given=True)).address == ANNA


def test_one_fault_is_one_finding() -> None:
    """A certificate for another name, and a port that is closed."""
    other = servers.tls(cert=servers.certificate("server7.host.se"), host="mail.kund.se")
    report = run(sites.ours(healthy(p995=servers.healthy(Service.POP3S, 995, tls=other))))
    assert [code for code in codes(report) if code.startswith("CERT")] == list(codes(report))
    assert report.status == "critical"
    report = run(sites.ours(healthy(p587=servers.dead(TCP.REFUSED, Service.SUBMISSION, 587))))
    assert codes(report) == {"TCP_REFUSED": "error"}


def test_a_domain_that_is_not_there_costs_next_to_nothing() -> None:
    """One finding; nobody is connected to, and no name below it is waited for."""
    world = TableWorld({"se": {"NS": ["a.ns.se"]}})
    report = run(sites.foreign(world))
    assert codes(report) == {"DNS_NXDOMAIN": "critical"}
    assert [stage.name for stage in report.stages] == ["delegation"]
    assert world.probed == world.fetched == []
    assert report.passed == ()


def test_a_domain_that_is_not_there_is_told_whatever_is_asked_for() -> None:
    """Who asks for certificates alone would else hear that all is well."""
    assert codes(run(sites.foreign(TableWorld()), only={Group.CERTIFICATES})) == {"DNS_NXDOMAIN": "critical"}


@pytest.mark.parametrize("group", list(Group))
def test_only_what_is_asked_for_is_judged(group: Group) -> None:
    """Whatever it needs is asked as well, and not told."""
    report = run(sites.ours(healthy()), only={group})
    assert {passed.group for passed in report.passed} <= {group}
    assert report.status == "ok"
    assert bool(report.passed) == (group is not Group.CLIENTS)


def test_what_is_not_asked_for_is_not_asked() -> None:
    """The delegation needs no connection, the discovery no mail server."""
    world = healthy()
    run(sites.ours(world), only={Group.DELEGATION})
    assert world.probed == world.fetched == []
    world = healthy()
    run(sites.ours(world), only={Group.DISCOVERY})
    assert {endpoint.service for endpoint in world.probed} == {Service.HTTPS}
    assert world.fetched


def test_a_reason_is_told_even_where_only_its_consequence_is_asked_for() -> None:
    """A dead server has no certificate that could be well."""
    dead = {f"p{port}": servers.dead(TCP.REFUSED, service, port) for _, service, port in MAIL}
    for group in (Group.CERTIFICATES, Group.SUBMISSION):
        report = run(sites.ours(healthy(**dead)), only={group})
        assert "TCP_REFUSED" in codes(report)
        assert {skip.group for skip in report.skipped} == {group}
        assert {skip.by.code for skip in report.skipped} == {"TCP_REFUSED"}
        assert {skip.by for skip in report.skipped} <= set(report.findings)


def test_the_watcher_hears_each_stage_begin_and_end() -> None:
    """Each once, beginning before end."""
    heard: list[tuple[Group, bool]] = []
    run(sites.ours(healthy()), watch=lambda group, ended: heard.append((group, ended)))
    assert sorted(heard) == sorted((group, ended) for group in STAGES for ended in (False, True))
    assert all(heard.index((group, False)) < heard.index((group, True)) for group in STAGES)


# --- what goes wrong in here -------------------------------------------------------------------------------------------------------


class Through:
    """Another world, but what `lookup`, `probe` and `fetch` say goes through these first."""

    def __init__(self, world: World, **ways: Callable[..., Awaitable[object]]) -> None:
        self._world = world
        self._ways = ways
        self.now = world.now

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        return await self._go("lookup", name, type, server)

    async def probe(self, endpoint: Endpoint) -> Connection:
        return await self._go("probe", endpoint)

    async def fetch(self, request: Request) -> Response:
        return await self._go("fetch", request)

    async def _go(self, way: str, *question):
        await self._ways.get(way, _nothing)(*question)
        return await getattr(self._world, way)(*question)


async def _nothing(*question: object) -> None:
    pass


async def _fail(*question: object) -> None:
    raise ValueError("a\nfault")


async def _never(*question: object) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("way", ["lookup", "probe", "fetch"])
def test_a_world_that_fails_is_our_own_fault(way: str) -> None:
    """CHECK_FAILED says what and where, in one line; the rest of the report stands."""
    report = run(sites.ours(Through(healthy(), **{way: _fail})))
    failed = the(report, "CHECK_FAILED")
    assert failed.severity is Severity.UNKNOWN
    assert failed.evidence[0].startswith("ValueError: a\\nfault (test_diagnose.py:")
    assert all(finding.severity in (Severity.UNKNOWN, Severity.NOTICE) for finding in report.findings)
    assert (way == "lookup") or Group.DELEGATION in {passed.group for passed in report.passed}


def test_one_bad_answer_takes_nothing_from_the_others() -> None:
    """Only what stands on it is unknown."""

    async def fail(endpoint: Endpoint) -> None:
        if endpoint.port == 995:
            await _fail()

    report = run(sites.ours(Through(healthy(), probe=fail)))
    assert {code: severity for code, severity in codes(report).items() if severity != "unknown"} == {}
    assert "CHECK_FAILED" in codes(report)
    assert {passed.group for passed in report.passed} == {*ASKED, Group.SUBMISSION}


class Mad(TableWorld):
    """A world that breaks its word: an answer has no values where it must have some."""

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        found = await super().lookup(name, type, server)
        return replace(found, values=None) if (name, type) == ("kund.se", "MX") else found


def test_a_judge_or_an_asker_that_stumbles_fails_alone() -> None:
    """Each group that stumbles says so; the others stand."""
    mad = healthy()
    mad.__class__ = Mad
    report = run(sites.ours(mad))
    failed = [finding for finding in report.findings if finding.code == "CHECK_FAILED"]
    assert failed
    assert len({finding.args["what"] for finding in failed}) == len(failed)
    assert all("TypeError" in line for finding in failed for line in finding.evidence)
    assert report.passed


def test_a_watcher_that_stops_the_run_leaves_nothing_behind() -> None:
    """Whoever cancels the run is obeyed."""

    async def whole() -> None:
        task = asyncio.create_task(diagnose.run(sites.ours(Through(healthy(), probe=_never)), seconds=30))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(whole())


# --- time --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ways", "known"),
    [
        ({"lookup": _never}, False),
        ({"probe": _never}, True),
        ({"fetch": _never}, True),
        ({"lookup": _never, "probe": _never, "fetch": _never}, False),
    ],
)
def test_a_world_that_never_answers_is_waited_for_twice_the_deadline(ways: dict[str, Callable[..., Awaitable[None]]], known: bool) -> None:
    """Then DEADLINE says what was not finished, and what is known by then is judged."""
    began = time.monotonic()
    report = run(sites.ours(Through(healthy(), **ways)), seconds=0.25)
    assert 0.45 < time.monotonic() - began < 3
    assert report.status == "unknown"
    deadline = the(report, "DEADLINE")
    assert 0 < len(deadline.args["what"]) <= 3
    assert bool(report.passed) is known
    assert "CHECK_FAILED" not in codes(report)


def test_what_is_found_before_the_time_is_up_is_told() -> None:
    """A silent port takes nothing from the fault of another one."""

    async def slow(endpoint: Endpoint) -> None:
        if endpoint.port == 993:
            await _never()

    world = healthy(p587=servers.dead(TCP.REFUSED, Service.SUBMISSION, 587))
    report = run(sites.ours(Through(world, probe=slow)), seconds=0.2)
    assert codes(report) == {"TCP_REFUSED": "error", "DEADLINE": "unknown"}
    assert the(report, "DEADLINE").args["what"] == (f"imaps server.karlahosting.se {sites.SERVER_IP} 993",)


def test_everything_is_asked_at_the_same_time() -> None:
    """Three answers' time is enough for what ten would need one after the other."""

    async def slow(*question: object) -> None:
        await asyncio.sleep(0.1)

    began = time.monotonic()
    assert run(sites.ours(Through(healthy(), probe=slow, fetch=slow))).status == "ok"
    assert time.monotonic() - began < 0.9


# --- any world ---------------------------------------------------------------------------------------------------------------------

texts = st.text(max_size=30) | st.sampled_from(
    ["", ".", "10 .", "0 mx.kund.se", "10 mail.kund.se", "0 0 0 .", "1 1 993 mail.kund.se", "\udcff"]
)
addresses = st.sampled_from(["192.0.2.1", "::1", "127.0.0.1", "2001:db8::1"])


JUDGED = [group for group in Group if group is not Group.CLIENTS]  # the mail programs ask ten times as much


class AnyWorld:
    """A world whose answers are drawn: each question has one, and none need make sense."""

    now = NOW

    def __init__(self, draw: Callable[[st.SearchStrategy], object], kinds: int | None = None) -> None:
        self._draw = draw
        self._kinds = kinds  # how many answers there are to all questions of a type, where not each has its own
        self._known: dict[object, object] = {}

    def _once(self, question: Question | Endpoint | Request, answer: st.SearchStrategy):
        key: object = question
        if self._kinds is not None:
            key = getattr(question, "type", type(question)), zlib.crc32(repr(question).encode()) % self._kinds
        if key not in self._known:
            self._known[key] = self._draw(answer)
        return self._known[key]

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        question = Question.of(name, type, server)
        values = st.lists(addresses if type in ("A", "AAAA") else texts, max_size=3).map(tuple)
        errors = st.lists(texts, max_size=1).map(tuple)
        answer = st.builds(
            Lookup,
            st.just(question),
            st.sampled_from(LookupStatus),
            values,
            values,
            st.none() | st.integers(0),
            st.booleans(),
            st.booleans(),
            errors,
        )
        return replace(self._once(question, answer), question=question)

    async def probe(self, endpoint: Endpoint) -> Connection:
        alive = servers.healthy(endpoint.service, endpoint.port, endpoint.ip, endpoint.host.ascii)
        changes = st.fixed_dictionaries(
            {},
            optional={
                "tcp": st.sampled_from(TCP),
                "greeting": st.none(),
                "capabilities_after": st.none() | st.lists(texts).map(tuple),
                "auth_after": st.none() | st.lists(texts).map(tuple),
                "starttls_offered": st.none() | st.booleans(),
                "tls": st.none(),
                "stop": st.none() | st.sampled_from(servers.Stop),
                "stopped_at": st.none() | st.sampled_from(servers.Stage),
                "injected": texts,
                "spoken": texts,
            },
        )
        return replace(alive, **self._once(endpoint, changes))

    async def fetch(self, request: Request) -> Response:
        answer = st.builds(
            Response,
            st.just(request),
            st.none() | st.integers(100, 599),
            st.none() | st.sampled_from(HTTPFailure),
            texts,
            st.just((("content-type", "text/xml"),)),
            st.binary(max_size=40) | st.sampled_from([sites.document()[1], sites.pox()[1]]),
            st.booleans(),
            st.sampled_from(["", "https://kund.se/", "https://[::1", "//", "https://autoconfig.kund.se/x"]),
        )
        return replace(self._once(request, answer), request=request)


@pytest.mark.slow
@given(data=st.data(), ours=st.booleans(), only=st.sets(st.sampled_from(JUDGED), min_size=1) | st.just(frozenset(JUDGED)))
def test_no_world_is_too_mad(data: st.DataObject, ours: bool, only: Collection[Group]) -> None:
    """There is always a report, and none of its findings is a fault of our own."""
    case = (sites.ours if ours else sites.foreign)(AnyWorld(data.draw))
    report = run(case, only=only)
    assert [finding.evidence for finding in report.findings if finding.code == "CHECK_FAILED"] == []
    assert {skip.by.cause for skip in report.skipped} <= {finding.cause for finding in report.findings}


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data(), ours=st.booleans(), only=st.sampled_from([{Group.CLIENTS}, diagnose.EVERYTHING]))
def test_no_world_is_too_mad_for_mail_programs(data: st.DataObject, ours: bool, only: Collection[Group]) -> None:
    """Each ends somehow, and can be told."""
    report = run((sites.ours if ours else sites.foreign)(AnyWorld(data.draw, kinds=3)), only=only)
    assert [finding.evidence for finding in report.findings if finding.code == "CHECK_FAILED"] == []
    # Of a domain that is not there, nobody searches.
    assert [end.client.name for end in report.clients] in ([], list(CLIENTS))


@pytest.mark.parametrize("name", ["a" * 63 + ".se", ".".join(["a" * 63] * 3) + "." + "b" * 61])
def test_a_name_as_long_as_can_be(name: str) -> None:
    """There is no room for autoconfig. before it, and no exception either."""
    domain = Domain.parse(name)
    report = run(Case(domain, EmailAddress("postmaster", domain), TableWorld({name: {"A": ["192.0.2.1"]}})))
    assert "CHECK_FAILED" not in codes(report)
