"""What is made of logins and of a message there and back: each code by the one thing that it stands for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import i18n
from autoconfig.address import EmailAddress
from autoconfig.catalogue import login as catalogue
from autoconfig.checks import login
from autoconfig.checks.case import Case
from autoconfig.checks.endpoints import ServerFacts
from autoconfig.checks.login import LoginFacts, Untried
from autoconfig.findings import Severity, Verdict
from autoconfig.observations import (
    TCP,
    ChainProblem,
    Connection,
    Endpoint,
    Letter,
    Login,
    LoginOutcome,
    Mailbox,
    Quota,
    RoundTrip,
    Sent,
    Service,
    Stop,
)
from autoconfig.report.words import tell
from tests.checks.servers import HOST, V6, certificate, codes, dead, endpoint, healthy, named, passes, server, servers, skips, the, tls
from tests.checks.worlds import NOW, TableWorld
from tests.network.strategies import of

ANNA = EmailAddress.parse("anna@kund.se")
CASE = Case(ANNA.domain, ANNA, TableWorld(), address_given=True)
IMAPS, POP3S, SUBMISSIONS = endpoint(Service.IMAPS, 993), endpoint(Service.POP3S, 995), endpoint(Service.SUBMISSIONS, 465)
INBOX = Mailbox("INBOX", "INBOX")
MARKED = (INBOX, *(Mailbox(use.capitalize(), use, (use,)) for use in login.WANTED))
WELL = Login(IMAPS, str(ANNA), LoginOutcome.ACCEPTED, "PLAIN", login_ms=20.0, mailboxes=MARKED, messages=3)
SENT = replace(WELL, endpoint=SUBMISSIONS, mailboxes=None, messages=None)
REFUSED = replace(SENT, outcome=LoginOutcome.REFUSED, words="535 no")
TRIP = RoundTrip(SUBMISSIONS, IMAPS, Sent.ACCEPTED, "250 queued as 1", 10.0, 900.0, INBOX, True, waited_ms=900.0)


def judged(*logins: Login, trip: RoundTrip | None = None, wanted: bool = False, untried: Sequence[Untried] = ()) -> list[Verdict]:
    """The verdicts."""
    return list(login.judge(CASE, LoginFacts(logins, tuple(untried), trip, wanted or trip is not None)))


def box(**changes: object) -> tuple[Login, ...]:
    """A login that was taken, but for *changes*."""
    return (replace(WELL, **changes),)


# code -> facts that show it, and nothing else
FOUND: dict[str, Callable[[], list[Verdict]]] = {
    "LOGIN_FAIL": lambda: judged(REFUSED),
    "LOGIN_USERNAME": lambda: judged(WELL, replace(REFUSED, username="anna")),
    "LOGIN_UNEVEN": lambda: judged(WELL, REFUSED),
    "LOGIN_DISABLED": lambda: judged(replace(REFUSED, outcome=LoginOutcome.DISABLED)),
    "LOGIN_LATER": lambda: judged(replace(REFUSED, outcome=LoginOutcome.TEMPORARY)),
    "LOGIN_TOO_WEAK": lambda: judged(replace(REFUSED, outcome=LoginOutcome.PRIVACY_REQUIRED)),
    "LOGIN_MECHANISM": lambda: judged(replace(REFUSED, outcome=LoginOutcome.MECHANISM_FAILED)),
    "LOGIN_BROKEN": lambda: judged(replace(REFUSED, outcome=LoginOutcome.BROKEN_OFF, stop=Stop.TIMEOUT)),
    "LOGIN_NOT_TRIED": lambda: judged(),
    "LOGIN_SLOW": lambda: judged(*box(login_ms=3200.0)),
    "MBOX_LIST": lambda: judged(*box(mailboxes=None, stop=Stop.TOO_LONG)),
    "MBOX_SPECIAL_USE": lambda: judged(*box(mailboxes=MARKED[:-1])),
    "MBOX_QUOTA_FULL": lambda: judged(*box(quotas=(Quota("u", "STORAGE", 10, 10),))),
    "MBOX_QUOTA_NEAR": lambda: judged(*box(quotas=(Quota("u", "MESSAGE", 9, 10),))),
    "SUBM_SENDER_REFUSED": lambda: judged(WELL, SENT, trip=replace(TRIP, sent=Sent.SENDER_REFUSED)),
    "SUBM_RCPT_REFUSED": lambda: judged(WELL, SENT, trip=replace(TRIP, sent=Sent.RECIPIENT_REFUSED)),
    "SUBM_REFUSED": lambda: judged(WELL, SENT, trip=replace(TRIP, sent=Sent.REFUSED)),
    "SUBM_LATER": lambda: judged(WELL, SENT, trip=replace(TRIP, sent=Sent.LATER)),
    "SUBM_BROKEN": lambda: judged(WELL, SENT, trip=replace(TRIP, sent=Sent.FAILED, words="timeout")),
    "RT_LOST": lambda: judged(WELL, SENT, trip=replace(TRIP, arrived_ms=None, mailbox=None, deleted=False)),
    "RT_LATE": lambda: judged(WELL, SENT, trip=replace(TRIP, arrived_ms=31_000.0)),
    "RT_SPAM": lambda: judged(WELL, SENT, trip=replace(TRIP, mailbox=MARKED[-1])),
    "RT_LEFT": lambda: judged(WELL, SENT, trip=replace(TRIP, deleted=False)),
    "RT_NOT_SEEN": lambda: judged(WELL, SENT, trip=replace(TRIP, arrived_ms=None, mailbox=None, trouble="reset")),
    "RT_NOT_TRIED": lambda: judged(WELL, wanted=True),
}


@pytest.mark.parametrize("code", catalogue.ENTRIES)
def test_each_code_stands_for_one_thing(code: str) -> None:
    """And is alone then; it can be told."""
    found = the(FOUND[code]())
    told = tell(found, i18n.texts("en"))
    assert not [text for text in (told.message, told.cause, told.fix) if "%(" in text]
    assert (found.code, found.severity) == (code, catalogue.ENTRIES[code].severity)


def test_all_is_well() -> None:
    """What was looked at is told as passed."""
    verdicts = judged(WELL, SENT, replace(WELL, endpoint=POP3S, mailboxes=None, octets=9), trip=TRIP)
    assert codes(verdicts) == []
    assert {"LOGIN_FAIL", "LOGIN_SLOW", "MBOX_LIST", "MBOX_SPECIAL_USE", "RT_LOST", "RT_SPAM", "RT_LATE", "SUBM_REFUSED"} == passes(
        verdicts
    )


def test_one_wrong_password_is_one_finding() -> None:
    """However many servers refuse it; the other form of the user name is advice."""
    verdicts = judged(REFUSED, replace(REFUSED, endpoint=IMAPS), replace(REFUSED, endpoint=POP3S))
    found = the(verdicts)
    assert (found.code, len(found.also), found.args["other"]) == ("LOGIN_FAIL", 2, "anna")
    assert the(judged(replace(REFUSED, username="anna"))).args["other"] == "anna@kund.se"


def test_a_form_that_is_taken_elsewhere_is_named() -> None:
    """Then it is no guess."""
    found = the(judged(WELL, replace(REFUSED, username="anna")))
    assert (found.args["username"], found.args["other"]) == ("anna", "anna@kund.se")


def test_a_right_password_that_one_service_refuses() -> None:
    """By which it is taken, and what was tried."""
    found = the(judged(WELL, replace(REFUSED, mechanism="CRAM-MD5")))
    assert (found.args["refused"], found.args["accepted"], found.args["mechanism"]) == ("SMTP", ("IMAP",), "CRAM-MD5")


@pytest.mark.parametrize(("outcome", "why"), [(LoginOutcome.NO_MECHANISM, "mechanism"), (LoginOutcome.NOT_SECURED, "certificate")])
def test_a_login_that_came_to_nothing_is_unknown(outcome: LoginOutcome, why: str) -> None:
    """Nothing was said, nothing is known."""
    found = the(judged(replace(REFUSED, outcome=outcome)))
    assert (found.code, found.severity, found.args["because"]) == ("LOGIN_NOT_TRIED", Severity.UNKNOWN, why)


def test_a_full_mailbox_explains_what_does_not_come() -> None:
    """One fault, one finding."""
    lost = replace(TRIP, arrived_ms=None, mailbox=None)
    verdicts = judged(*box(quotas=(Quota("u", "STORAGE", 11, 10),)), SENT, trip=lost)
    assert codes(verdicts) == ["MBOX_QUOTA_FULL"]
    assert skips(verdicts) == {"RT_LOST": "MBOX_QUOTA_FULL"}


@pytest.mark.parametrize(("resource", "number", "told"), [("STORAGE", 10, "10 kB"), ("STORAGE", 1_000_000, "1024 MB"), ("MESSAGE", 7, "7")])
def test_an_amount_is_told_in_a_unit(resource: str, number: int, told: str) -> None:
    """RFC 9208, 5."""
    assert login.amount(resource, number) == told


@pytest.mark.parametrize(
    ("name", "uses", "spam"), [("INBOX.Spam", (), True), ("Skräppost", (), True), ("X", ("junk",), True), ("Spamassassin", (), False)]
)
def test_what_is_a_folder_for_spam(name: str, uses: tuple[str, ...], spam: bool) -> None:
    """By its mark or its name."""
    assert login.is_spam(Mailbox(name, name, uses)) is spam


def test_no_message_because_nobody_may_send_or_read() -> None:
    """Which of the two."""
    assert [found.args["because"] for found in (the(judged(WELL, wanted=True)), the(judged(SENT, wanted=True)))] == ["sending", "mailbox"]


@given(st.lists(of(Login), max_size=4), st.none() | of(RoundTrip))
def test_whatever_was_seen_is_judged(logins: list[Login], trip: RoundTrip | None) -> None:
    """Without failing."""
    judged(*logins, trip=trip)


# --- where one goes ----------------------------------------------------------------------------------------------------------------


@dataclass
class Visitor:
    """Somebody who is refused at these ports and let in elsewhere; *tried* is where he was, *travels* which way a message went."""

    refused: frozenset[int] = frozenset()
    outcome: LoginOutcome = LoginOutcome.REFUSED
    tried: list[tuple[str, int, str]] = field(default_factory=list)
    travels: list[tuple[int, int]] = field(default_factory=list)

    async def login(self, endpoint: Endpoint, username: str) -> Login:
        """Log in, or not."""
        self.tried.append((endpoint.ip, endpoint.port, username))
        outcome = self.outcome if endpoint.port in self.refused else LoginOutcome.ACCEPTED
        return replace(WELL, endpoint=endpoint, username=username, outcome=outcome)

    async def send_and_wait(self, sender: EmailAddress, letter: Letter, out: tuple[Endpoint, str], back: tuple[Endpoint, str]) -> RoundTrip:
        """Send."""
        assert sender == ANNA
        self.travels.append((out[0].port, back[0].port))
        return TRIP


def gathered(facts: Sequence[ServerFacts], visitor: Visitor, *, roundtrip: bool = False) -> LoginFacts:
    """What the visitor brings home."""
    return asyncio.run(login.gather(CASE, facts, visitor, roundtrip=roundtrip))


SIX = (
    healthy(Service.IMAPS, 993),
    healthy(Service.IMAP, 143),
    healthy(Service.POP3S, 995),
    healthy(Service.POP3, 110),
    healthy(Service.SUBMISSIONS, 465),
    healthy(Service.SUBMISSION, 587),
)


def test_each_service_is_tried_once() -> None:
    """At one of its addresses, TLS from the start first; never the exchanger, the filter or the web."""
    more = (healthy(Service.IMAPS, 993, V6), healthy(Service.SMTP, 25), healthy(Service.SIEVE, 4190))
    visitor = Visitor()
    facts = gathered(servers(*reversed(SIX), *more), visitor, roundtrip=True)
    assert sorted(port for _, port, _ in visitor.tried) == [110, 143, 465, 587, 993, 995]
    assert [port for _, port, _ in visitor.tried if port in (993, 143)] == [993, 143]
    assert facts.untried == ()
    assert [each.endpoint.port for each in facts.logins] == [587, 465, 110, 995, 143, 993]


@pytest.mark.parametrize("outcome", [LoginOutcome.REFUSED, LoginOutcome.DISABLED])
def test_who_has_refused_is_not_asked_again(outcome: LoginOutcome) -> None:
    """Not at another port, nor by another name, of the same machine: at most once for each protocol."""
    visitor = Visitor(frozenset({993, 995, 465}), outcome)
    other = healthy(Service.IMAPS, 993, host="server.host.se")
    facts = gathered(servers(*SIX, other), visitor)
    assert sorted(port for _, port, _ in visitor.tried) == [465, 993, 995]
    assert len(facts.untried) == 4
    verdicts = list(login.judge(CASE, facts))
    assert len(codes(verdicts)) <= 3
    assert set(skips(verdicts)) == {"LOGIN_FAIL"}


def test_a_temporary_refusal_is_nobody_s_lock() -> None:
    """The other port may be well."""
    visitor = Visitor(frozenset({993}), LoginOutcome.TEMPORARY)
    gathered(servers(*SIX), visitor)
    assert 143 in {port for _, port, _ in visitor.tried}


UNSAFE = {
    "another name": healthy(tls=tls("other.se")),
    "expired": healthy(tls=tls(cert=certificate(HOST, not_after=NOW - timedelta(seconds=1)))),
    "not yet": healthy(tls=tls(cert=certificate(HOST, not_before=NOW + timedelta(seconds=1)))),
    "untrusted": healthy(tls=tls(chain_problem=ChainProblem.UNTRUSTED)),
    "no certificate": healthy(tls=replace(tls(), certificate=None)),
    "no TLS": healthy(Service.IMAP, 143, tls=None),
    "injected": healthy(Service.IMAP, 143, injected="* OK"),
    "no capabilities": healthy(capabilities_after=None),
    "dead": dead(TCP.REFUSED),
}


@pytest.mark.parametrize("connection", UNSAFE.values(), ids=UNSAFE)
def test_no_password_without_a_good_conversation_before(connection: Connection) -> None:
    """The visitor is not even sent there."""
    visitor = Visitor()
    facts = gathered([server(connection)], visitor)
    assert visitor.tried == []
    assert the(login.judge(CASE, facts)).code == "LOGIN_NOT_TRIED"


def test_another_address_may_be_better() -> None:
    """Where the first is not good."""
    visitor = Visitor()
    gathered([server(UNSAFE["another name"], healthy(ip=V6))], visitor)
    assert [ip for ip, _, _ in visitor.tried] == [V6]


def test_the_user_name_is_that_of_the_settings() -> None:
    """The address where nobody says one."""
    one = server(healthy(), who=[replace(named(), username="anna")])
    other = server(healthy(Service.SUBMISSIONS, 465), who=[replace(named(Service.SUBMISSIONS, 465), username=None)])
    visitor = Visitor()
    gathered([one, other], visitor)
    assert {(port, name) for _, port, name in visitor.tried} == {(993, "anna"), (465, "anna@kund.se")}


@pytest.mark.parametrize(
    ("refused", "travels"),
    [(frozenset(), [(465, 993)]), (frozenset({993}), [(465, 995)]), (frozenset({465}), []), (frozenset({993, 995}), [])],
)
def test_a_message_goes_where_the_login_went_well(refused: frozenset[int], travels: list[tuple[int, int]]) -> None:
    """IMAP before POP3, which shows only the inbox."""
    visitor = Visitor(refused)
    facts = gathered(servers(SIX[0], SIX[2], SIX[4]), visitor, roundtrip=True)
    assert visitor.travels == travels
    assert (facts.trip is not None) == bool(travels)
    assert facts.trip_wanted
