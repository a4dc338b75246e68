"""What was seen behind the login, in each output that tells everything; what the server says is printed harmlessly."""

from __future__ import annotations

from dataclasses import replace

from autoconfig.address import Domain
from autoconfig.observations import Endpoint, Login, LoginOutcome, Mailbox, RoundTrip, Sent, Service
from tests.report.reports import tell, whole

IMAPS = Endpoint(Service.IMAPS, Domain.parse("mail.kund.se"), "192.0.2.20", 993)
SUBMISSIONS = Endpoint(Service.SUBMISSIONS, Domain.parse("mail.kund.se"), "192.0.2.20", 465)
TAKEN = Login(
    IMAPS,
    "anna@kund.se",
    LoginOutcome.ACCEPTED,
    "SCRAM-SHA-256",
    login_ms=40,
    mailboxes=(Mailbox("<b>\x1b[2J", "x", ("sent",)),),
    messages=7,
)
TRIP = RoundTrip(SUBMISSIONS, IMAPS, Sent.ACCEPTED, arrived_ms=1500, mailbox=Mailbox("INBOX", "INBOX"), deleted=True)


def test_a_visit_stands_in_every_output_that_tells_everything() -> None:
    """The page, the text with -v, and JSON."""
    report = replace(whole(), logins=(TAKEN,), roundtrip=TRIP)
    page, text, data = tell("html", report), tell("text", report, everything=True), tell("json", report)
    for shown in (page, text):
        assert "logged in with SCRAM-SHA-256 in 0.04 s" in shown
        assert "7 messages" in shown
        assert "the message came to INBOX after 1.5 s" in shown
        assert "\x1b" not in shown
    assert "After logging in" in page
    assert "<b>" not in page
    assert '"arrived_ms": 1500' in data


def test_without_a_login_nothing_is_said_of_one() -> None:
    """Nobody asked."""
    assert "After logging in" not in tell("html", whole())
    assert '"login"' not in tell("json", whole())
