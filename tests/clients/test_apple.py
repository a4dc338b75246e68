"""Apple Mail: a profile that a person fetches, and nothing else."""

from __future__ import annotations

import plistlib
from typing import Any

import pytest
from hypothesis import given

from autoconfig.clients.apple import CLIENT, read
from autoconfig.clients.outcome import Choice, Outcome, Result
from autoconfig.model import TLSMode
from tests.clients.made import AUTOCONFIG, IMAP, SMTP, answers, document, mutated, page, search

PLACE = ("autoconfig.kund.se", "/email.mobileconfig")


def profile(**values: object) -> str:
    """Return a profile with a mail account, with *values* instead; None leaves one out."""
    every: dict[str, Any] = {
        "PayloadType": "com.apple.mail.managed",
        "EmailAccountType": "EmailTypeIMAP",
        "IncomingMailServerHostName": "imap.kund.se",
        "IncomingMailServerPortNumber": 993,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerUsername": "anna@kund.se",
        "OutgoingMailServerHostName": "smtp.kund.se",
        "OutgoingMailServerPortNumber": 587,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
    }
    mail = {name: value for name, value in (every | values).items() if value is not None}
    return plistlib.dumps({"PayloadType": "Configuration", "PayloadContent": [mail]}).decode()


GOOD = profile()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<html/>", "PROFILE_BROKEN"),
        (profile(PayloadType="com.apple.caldav.account"), "PROFILE_WITHOUT_MAIL"),
        (profile(IncomingMailServerHostName=None), "PROFILE_KEY_MISSING"),
        (profile(OutgoingMailServerHostName=5), "PROFILE_KEY_MISSING"),
        (profile(OutgoingMailServerAuthentication=None), "PROFILE_KEY_MISSING"),
        (profile(EmailAccountType="EmailTypeExchange"), "PROFILE_KEY_MISSING"),
    ],
)
def test_what_it_refuses(text: str, rule: str) -> None:
    """What Apple's schema requires must be there, and of its type."""
    reading = read(text.encode())
    assert (reading.accepted, [note.rule for note in reading.notes]) == (False, [rule])


def test_use_ssl_does_not_say_how() -> None:
    """On the usual ports it is TLS at once; elsewhere the device finds out; without it there is none."""
    reading = read(GOOD.encode())
    assert reading.incoming == (Choice("imap", "imap.kund.se", 993, TLSMode.IMPLICIT, "anna@kund.se"),)
    assert reading.outgoing == (Choice("smtp", "smtp.kund.se", 587, None, None),)
    assert read(profile(IncomingMailServerUseSSL=None).encode()).incoming[0].tls is TLSMode.NONE


def test_a_signature_is_taken_off() -> None:
    """The profile stands in it as it is."""
    assert read(b"\x30\x82\x01" + GOOD.encode() + b"\x00signed").accepted


def test_a_profile_has_to_be_opened_by_hand() -> None:
    """So that it is never automatic."""
    outcome = search(CLIENT, page(PLACE, GOOD))
    assert (outcome.result, outcome.why) == (Result.PROMPT, "PROFILE_ONLY")
    assert outcome.requests == ("GET https://autoconfig.kund.se/email.mobileconfig?emailaddress=anna%40kund.se",)
    assert outcome.incoming[0].host == "imap.kund.se"


def test_without_a_profile_everything_is_typed_in() -> None:
    """Whatever else is published."""
    outcome = search(CLIENT, page(AUTOCONFIG, document(IMAP, SMTP)))
    assert (outcome.result, outcome.why, outcome.incoming) == (Result.MANUAL, "PROFILE_ONLY", ())


def test_a_profile_that_cannot_be_read_is_told() -> None:
    """A page of some web server is none."""
    assert search(CLIENT, page(PLACE, "<html/>")).why == "PROFILE_BROKEN"


@given(mutated(GOOD, profile(PayloadType=None)))
def test_reading_never_fails(data: bytes) -> None:
    """Whatever the bytes are, with and without a signature."""
    for each in (data, b"\x30" + data):
        reading = read(each)
        assert bool(reading.incoming) == bool(reading.outgoing) == reading.accepted


@given(answers(PLACE))
def test_searching_never_fails(pages: list[dict[str, object]]) -> None:
    """In whatever world."""
    assert isinstance(search(CLIENT, *pages), Outcome)
