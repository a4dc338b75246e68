"""What a customer is told of a report: which settings work, what is whose, and nothing that is for staff."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from autoconfig import catalogue, i18n
from autoconfig.address import Domain
from autoconfig.findings import Finding, Group, Owner, Passed, Severity, Subject, Verdict
from autoconfig.livecheck.plain import answer
from autoconfig.livecheck.state import MAX_OCTETS, Answer, Health, Instead, Outcome, State, read, write
from autoconfig.model import Account, ClientConfig, Port, Protocol, Provider, Server, TLSMode
from tests.report.reports import HOSTILE, hostile, missing_name, report, reports, server_name, unfinished

LANGUAGES = [i18n.texts("en"), i18n.texts("sv")]
IMAP = Subject("imap.host.se", "imaps", "192.0.2.1", 993)
SUBMISSION = Subject("smtp.host.se", "submissions", "192.0.2.1", 465)
OTHER = Subject("smtp.host.se", "submission", "192.0.2.1", 587)
POP = Subject("mail.kund.se", "pop3s", "192.0.2.20", 995)
SECOND = replace(IMAP, ip="192.0.2.2")


def config() -> ClientConfig:
    """IMAP and POP, with another port for sending."""
    imap, pop = Server(Domain.parse("imap.host.se"), 993, TLSMode.IMPLICIT), Server(Domain.parse("mail.kund.se"), 995, TLSMode.IMPLICIT)
    sending = Server(Domain.parse("smtp.host.se"), 465, TLSMode.IMPLICIT, also=(Port(587, TLSMode.STARTTLS),))
    accounts = (Account(Protocol.IMAP, imap, sending), Account(Protocol.POP3, pop, sending))
    return ClientConfig(Domain.parse("kund.se"), Provider("host", "The Host", "Host", ()), accounts)


def greeted(*subjects: Subject) -> list[Verdict]:
    """Servers that said hello."""
    return [Passed("GREET_GARBAGE", Group.ENDPOINTS, subject) for subject in subjects]


WELL = greeted(IMAP, SUBMISSION, POP)


def silent(subject: Subject, severity: Severity = Severity.ERROR) -> Finding:
    """A server that nobody reaches."""
    ports = (str(subject.port),)
    return catalogue.finding("TCP_TIMEOUT", subject, severity=severity, root=("x",), host=subject.host or "", ports=ports)


def told(*verdicts: Verdict) -> Answer:
    """What the customers are told."""
    return answer(report(*verdicts), config(), LANGUAGES)


def healths(made: Answer) -> list[str]:
    """Of every server, in their order."""
    return [str(side.health) for way in made.ways for side in (way.incoming, way.outgoing)]


def test_where_all_is_well_there_is_nothing_to_tell() -> None:
    """Both ways work."""
    made = told(*WELL)
    assert made.outcome is Outcome.WELL
    assert healths(made) == ["works"] * 4
    assert (made.items, made.minor) == ((), 0)


def test_a_wrong_certificate_breaks_its_way_alone() -> None:
    """In words, in every language, as the mail host's to mend."""
    made = told(*greeted(IMAP, SUBMISSION, POP), server_name(POP))
    assert made.outcome is Outcome.PARTLY
    assert healths(made) == ["works", "works", "broken", "works"]
    assert [(item.code, item.owner, item.about_certificate) for item in made.items] == [("CERT_NAME_MISMATCH", Owner.PROVIDER, True)]
    assert made.items[0].said["sv"].message != made.items[0].said["en"].message
    assert "mail.kund.se" in made.items[0].where


def test_another_port_that_works_is_named() -> None:
    """Where the first one does not."""
    made = told(*greeted(IMAP, OTHER, POP), silent(SUBMISSION))
    assert made.outcome is Outcome.BROKEN
    assert {way.outgoing.instead for way in made.ways} == {Instead(587, TLSMode.STARTTLS)}
    assert all(way.incoming.instead is None for way in made.ways)


def test_one_silent_address_of_several_is_passed_over_as_programs_do() -> None:
    """But it is told; and where all are silent, nothing works."""
    some = told(*WELL, silent(SECOND))
    assert (some.outcome, healths(some)[0]) == (Outcome.CARE, "works")
    assert [item.code for item in some.items] == ["TCP_TIMEOUT"]
    every = told(*greeted(SUBMISSION, POP), silent(IMAP), silent(SECOND))
    assert (every.outcome, healths(every)[0]) == (Outcome.PARTLY, "broken")


def test_a_wrong_certificate_at_one_address_of_several_is_met_by_some() -> None:
    """So that way does not work."""
    assert healths(told(*greeted(SECOND), *WELL, server_name(SECOND)))[0] == "broken"


def test_what_is_the_customers_comes_first_with_what_to_copy() -> None:
    """And the settings work all the same."""
    made = told(*WELL, missing_name())
    assert made.outcome is Outcome.CARE
    assert made.items[0].records == missing_name().records


def test_what_is_the_hosts_and_stops_nobody_is_only_counted() -> None:
    """A customer can do nothing with it."""
    made = told(*WELL, silent(SUBMISSION, Severity.WARNING))
    assert (made.outcome, made.items, made.minor) == (Outcome.WELL, (), 1)


def test_a_notice_is_not_told() -> None:
    """It asks nothing of anybody."""
    assert told(*WELL, replace(server_name(POP), severity=Severity.NOTICE)) == told(*WELL)


def test_what_was_not_tested_is_unknown_and_told() -> None:
    """Never well, and never broken."""
    made = told(*greeted(SUBMISSION, POP), unfinished())
    assert made.outcome is Outcome.UNKNOWN
    assert healths(made) == ["unknown", "works", "works", "works"]
    assert [item.is_open for item in made.items] == [True]


def test_a_server_of_which_something_is_open_is_unknown() -> None:
    """Though it said hello."""
    made = told(
        *WELL, replace(silent(IMAP), code="PROTO_REFUSED", severity=Severity.UNKNOWN, args={"host": "h", "port": 993, "reply": "-"})
    )
    assert healths(made)[0] == "unknown"


def test_a_domain_that_is_not_there_is_broken_though_no_server_was_asked() -> None:
    """And it says where that is mended."""
    gone = catalogue.finding("DNS_NXDOMAIN", Subject("kund.se"), domain="kund.se")
    made = told(gone)
    assert made.outcome is Outcome.BROKEN
    assert healths(made) == ["unknown"] * 4
    assert "where you have registered the domain" in made.items[0].said["en"].fix


def test_a_host_without_an_address_is_broken() -> None:
    """Whatever its port is."""
    missing = replace(
        unfinished(), code="DNS_HOST_MISSING", severity=Severity.ERROR, group=Group.DELEGATION, subject=Subject("mail.kund.se")
    )
    entry = catalogue.ENTRIES["DNS_HOST_MISSING"]
    made = told(*greeted(IMAP, SUBMISSION), replace(missing, args=dict.fromkeys(entry.parameters, "x")))
    assert healths(made) == ["works", "works", "broken", "works"]


def test_what_a_hostile_server_says_is_one_line() -> None:
    """Of characters that do nothing."""
    made = answer(hostile(), config(), LANGUAGES)
    texts = [text for item in made.items for said in item.said.values() for text in (said.message, said.fix, item.where, *item.records)]
    assert texts
    assert all(text.isprintable() for text in texts)
    assert HOSTILE not in "".join(texts)


@given(reports())
def test_any_report_fits_into_its_file(made) -> None:
    """And comes out as it went in."""
    found = State("run", "kund.se", 1.0, {}, 2.0, answer(made, config(), LANGUAGES))
    content = write(found)
    assert len(content) <= MAX_OCTETS
    assert read(content) == found


@pytest.mark.parametrize("health", Health)
def test_every_health_has_a_word(health: Health) -> None:
    """On the page."""
    from autoconfig.web.livehelp import HEALTH

    assert HEALTH[health]
