"""What a check says of mail programs: each ends somewhere, for a reason, and nothing that is told already is told again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from autoconfig import i18n
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Result
from autoconfig.clients.works import End
from autoconfig.findings import Group, Report, Severity
from autoconfig.network.facts import Answers, Facts, Recorded
from autoconfig.observations import TCP, Connection, Endpoint, HTTPFailure, Request, Response, Service
from autoconfig.report import data
from autoconfig.report.words import tell
from tests.checks import servers
from tests.checks import test_discovery as sites
from tests.checks.worlds import NOW, TableWorld
from tests.test_diagnose import Through, codes, healthy, run, the

BY_AUTOCONFIG = ["thunderbird", "k9", "deltachat", "evolution", "kmail", "geary", "nextcloud"]
BY_RECORDS = ["fairemail", "fairemail-play", "aerc", "emclient"]
PATHS = {
    "https://autoconfig.kund.se/mail/config-v1.1.xml": sites.document(),
    "https://autodiscover.kund.se/autodiscover/autodiscover.xml": sites.pox(),
}


class Web(TableWorld):
    """A world of which all is known: what is not in its tables is not there. Queries are not looked at."""

    async def fetch(self, request: Request) -> Response:
        found = await super().fetch(request)
        if found.failure is not HTTPFailure.UNKNOWN:
            return found
        parts = urlsplit(request.url)
        if not (await self.lookup(parts.hostname or "", "A")).values:
            return Response(request, failure=HTTPFailure.NO_ADDRESS)
        status, body, headers = self.pages.get(parts._replace(query="").geturl(), sites.NOT_FOUND)
        content = body.encode() if isinstance(body, str) else body
        return Response(request, status=status, headers=tuple((k.lower(), v) for k, v in headers.items()), body=content)

    async def probe(self, endpoint: Endpoint) -> Connection:
        found = await super().probe(endpoint)
        return Connection(endpoint, TCP.REFUSED) if found.tcp is TCP.UNKNOWN else found


def web(world: TableWorld | None = None, pages=PATHS) -> Web:
    """The world with these pages, of which all is known."""
    made = world or healthy()
    made.__class__ = Web
    made.pages = pages
    return made


def with_document(text: bytes) -> Web:
    """The healthy world with another autoconfig document, wherever that is asked for."""
    made = web(pages={**PATHS, "https://autoconfig.kund.se/mail/config-v1.1.xml": (200, text, sites.XML)})
    made._responses = {url: answer for url, answer in made._responses.items() if "config-v1.1" not in url}
    return made


def nothing() -> Web:
    """The domain alone, with its web site and MX."""
    made = web(pages={})
    names = ("kund.se", "mail.kund.se", "server.karlahosting.se", "mx.karlahosting.se", "ns1.karlahosting.se", "ns2.karlahosting.se")
    made._records = {name: types for name, types in made._records.items() if name in names}
    made._responses = {}
    return made


def end(report: Report, client: str) -> End:
    """How the search of *client* ended."""
    (found,) = (one for one in report.clients if one.client.name == client)
    return found


def results(report: Report) -> dict[str, str]:
    """The outcomes, by client."""
    return {one.client.name: one.outcome.result.value for one in report.clients}


# --- a healthy domain --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [sites.ours, sites.foreign])
def test_a_healthy_domain_works_with_all_programs_that_search(case) -> None:
    """Apple's program wants a profile and new Outlook asks its maker, which nobody here can mend: neither is a finding."""
    report = run(case(web()))
    found = results(report)
    assert list(found) == list(CLIENTS)
    working = [*BY_AUTOCONFIG, "outlook", *BY_RECORDS]
    assert {client: found[client] for client in working} == dict.fromkeys(working, "automatic")
    assert {end(report, client).works.works for client in working} == {True}
    assert found["outlook-new"] == "manual"
    assert [finding for finding in report.findings if finding.group is Group.CLIENTS] == []
    assert report.status in ("ok", "notice")


def test_the_data_has_the_main_things_of_each_program() -> None:
    """In the contract's order, with plain values."""
    told = data.to_data(run(sites.ours(web())), i18n.texts("en"))["clients"]
    keys = ["client", "outcome", "via", "source", "incoming", "outgoing", "works", "why", "confidence", "requests", "failed"]
    assert all(list(one) == keys for one in told)
    (k9,) = (one for one in told if one["client"] == "k9")
    assert k9["via"].startswith("https://autoconfig.kund.se/mail/config-v1.1.xml")
    assert k9["incoming"] == {
        "protocol": "imap",
        "host": "server.karlahosting.se",
        "port": 993,
        "tls": "implicit",
        "username": "anna@kund.se",
    }
    assert (k9["works"], k9["why"], k9["confidence"]) == (True, "", "source")
    assert f"GET {k9['via']}" in k9["requests"]


def test_nobody_searches_where_nobody_asks_for_it() -> None:
    """Nor is a third party asked."""
    world = web()
    report = run(sites.ours(world), only={Group.DISCOVERY})
    assert report.clients == ()
    assert not any("thunderbird.net" in request.url for request in world.fetched)
    assert run(sites.ours(web()), only={Group.CLIENTS}).clients


# --- what is wrong -----------------------------------------------------------------------------------------------------------------


def test_a_wrong_certificate_works_with_nobody_who_uses_that_server() -> None:
    """The certificate's finding names all of them, and is the only one."""
    other = servers.tls(cert=servers.certificate("server7.host.se"), host="server.karlahosting.se")
    report = run(sites.ours(web(healthy(p993=servers.healthy(Service.IMAPS, 993, tls=other)))))
    hurt = [*BY_AUTOCONFIG, "outlook", *BY_RECORDS]
    for client in hurt:
        works = end(report, client).works
        assert (client, works.works, works.why) == (client, False, "SERVER_CERT_NAME")
        assert works.args == {"host": "server.karlahosting.se", "port": 993}
    (found,) = report.findings
    assert found.code.startswith("CERT_")
    assert set(hurt) <= set(found.affects)


def test_a_server_that_nobody_answers_at_is_told_once() -> None:
    """By what is wrong with the server, which hurts who uses it."""
    report = run(sites.ours(web(healthy(p993=servers.dead(TCP.REFUSED)))))
    assert list(codes(report)) == ["TCP_REFUSED"]
    assert end(report, "k9").works.why == "SERVER_SILENT"
    assert "k9" in the(report, "TCP_REFUSED").affects


@pytest.mark.parametrize("case", [sites.ours, sites.foreign])
def test_where_nothing_is_published_all_is_typed_in(case) -> None:
    """AC_NONE says why, for all."""
    report = run(case(nothing()))
    assert "AC_NONE" in codes(report)
    assert "CLIENT_FAILS" not in codes(report)
    found = results(report)
    assert {found[client] for client in ("k9", "kmail", "nextcloud", "evolution", "outlook")} == {"manual"}
    # Thunderbird finds the one name that is usual, by guessing.
    assert (found["thunderbird"], end(report, "thunderbird").outcome.source) == ("automatic", "guess")
    assert {"thunderbird", "k9"} <= set(the(report, "AC_NONE").affects)


def test_other_servers_than_ours_are_wrong() -> None:
    """Whatever they are; that the documents differ says why."""
    report = run(sites.ours(with_document(sites.document(sites.other())[1])))
    assert results(report)["k9"] == "wrong"
    assert end(report, "k9").outcome.why == "SERVERS_NOT_OURS"
    assert "CLIENT_FAILS" not in codes(report)
    assert any("k9" in finding.affects for finding in report.findings)


def test_a_document_that_one_program_rejects_is_found_though_nothing_else_is_wrong() -> None:
    """With the program, the reason in words, and how to see for oneself."""
    content = sites.document()[1].replace(b"<domain>kund.se</domain>", b"")
    assert content != sites.document()[1]
    report = run(sites.foreign(with_document(content)))
    found = the(report, "CLIENT_FAILS")
    assert (found.severity, found.group) == (Severity.WARNING, Group.CLIENTS)
    assert "k9" in found.affects
    assert "kmail" not in found.affects
    assert found.args["why"] == "DOMAIN_MISSING"
    assert "autoconfig discover anna@kund.se --client k9" in found.commands
    for language in ("en", "sv"):
        message = tell(found, i18n.texts(language)).message
        assert CLIENTS["k9"].title in message
        assert "%(" not in message
    assert {end(report, client).works.works for client in found.affects} == {None}


def test_who_does_well_is_not_affected_by_a_document_that_it_does_without() -> None:
    """A broken document hurts those who read nothing else."""
    report = run(sites.foreign(with_document(b"<clientConfig")))
    broken = next(finding for finding in report.findings if finding.group is Group.DISCOVERY and "k9" in finding.affects)
    assert results(report)["fairemail"] == "automatic"
    assert "fairemail" not in broken.affects


# --- what is not known -------------------------------------------------------------------------------------------------------------


def test_what_saved_facts_do_not_say_is_unknown() -> None:
    """No program has ended there, nothing is found, and it is told why."""
    report = run(sites.ours(healthy()))
    assert (results(report)["k9"], end(report, "k9").works.works) == ("unknown", None)
    assert end(report, "k9").outcome.why == "ANSWER_UNKNOWN"
    assert codes(report) == {}
    # What was asked for in vain after the answer that counts changes nothing.
    assert results(report)["thunderbird"] == "automatic"
    assert run(sites.ours(Recorded(Facts("kund.se", NOW, Answers())))).clients == ()


async def _third_party_hangs(request: Request) -> None:
    if "thunderbird.net" in request.url:
        await asyncio.Event().wait()


def test_a_third_party_that_never_answers_delays_nothing() -> None:
    """A healthy domain is healthy, in its own time; who needs no answer of theirs has ended."""
    began = time.monotonic()
    records = {"live.thunderbird.net": {"A": ["198.51.100.1"]}}
    world = web()
    world._records = {**world._records, **records}
    report = run(sites.ours(Through(world, fetch=_third_party_hangs)), seconds=5)
    assert time.monotonic() - began < 4
    assert report.status == "ok"
    assert results(report)["thunderbird"] == "automatic"


async def _never(*question: object) -> None:
    await asyncio.Event().wait()


def test_a_world_that_never_answers_is_over_in_time() -> None:
    """All that is known is that nothing is; asked for the programs alone, that is a finding."""
    began = time.monotonic()
    report = run(sites.ours(Through(web(), fetch=_never, probe=_never)), seconds=0.3, only={Group.CLIENTS})
    assert time.monotonic() - began < 3
    assert {results(report)[client] for client in BY_AUTOCONFIG} == {"unknown"}
    assert codes(report) == {"DEADLINE": "unknown"}


def test_a_program_that_stumbles_stumbles_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on."""

    async def fails(typed: object, world: object) -> None:
        raise ValueError("stumbled")

    monkeypatch.setitem(CLIENTS, "k9", replace(CLIENTS["k9"], discover=fails))
    report = run(sites.ours(web()))
    assert set(results(report)) == set(CLIENTS) - {"k9"}
    failed = the(report, "CHECK_FAILED")
    assert failed.group is Group.CLIENTS
    assert failed.evidence[0].startswith("ValueError: stumbled")
    assert Result.AUTOMATIC.value in results(report).values()
