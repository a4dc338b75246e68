"""The words that programs show when it does not work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.catalogue import ENTRIES
from autoconfig.guides import explained, trouble
from autoconfig.guides.clients import ClientName
from autoconfig.guides.errortexts import ANYTHING, Fault, all_error_texts, recognise, said_by_server, shown_by
from autoconfig.i18n import texts

TELLING = [text for text in all_error_texts() if len(text.words.replace(ANYTHING, "").strip()) >= 8]  # "…% full" tells nothing


@pytest.mark.parametrize("text", TELLING, ids=lambda text: f"{text.language}-{text.words[:30]}")
def test_what_a_program_shows_is_recognised(text):
    """With anything in the place of what differs, with other line breaks, and in the middle of more."""
    shown = text.words.replace(ANYTHING, "mail.kund.se").replace(" ", "\n", 1)
    found = recognise(f"Obs! {shown} OK")
    assert text.fault in {other.fault for other in found}
    assert text in found


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("Inloggning till servern server.karlahosting.se med användarnamnet anna@kund.se misslyckades.", Fault.PASSWORD),
        ("Certifikatet för mail.kund.se är inte giltigt för den servern.", Fault.CERTIFICATE),
        ("Failed to connect to server mail.kund.se.", Fault.NOT_FOUND),
        ("TLS krävs men stöds inte av servern.", Fault.ENCRYPTION),
        ("Cannot Verify Server Identity", Fault.CERTIFICATE),
    ],
)
def test_a_pasted_message_tells_its_fault(message, fault):
    """The longest agreement comes first."""
    assert recognise(message)[0].fault is fault


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("Mail server responded: [AUTHENTICATIONFAILED] Authentication failed.", Fault.PASSWORD),
        ("-ERR [AUTH] Authentication failed.", Fault.PASSWORD),
        ("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", Fault.PASSWORD),
        ("NO [OVERQUOTA] Quota exceeded (mailbox for user is full)", Fault.FULL),
        ("552 5.2.2 <anna@kund.se>: Recipient address rejected: Mailbox full", Fault.FULL),
        ("554 5.7.1 <erik@example.com>: Relay access denied", Fault.OUTGOING_LOGIN),
        ("530 5.7.0 Authentication required", Fault.OUTGOING_LOGIN),
        ("530 5.7.0 Must issue a STARTTLS command first", Fault.ENCRYPTION),
        ("NO [PRIVACYREQUIRED] Plaintext authentication disallowed", Fault.ENCRYPTION),
    ],
)
def test_the_answer_of_a_server_tells_its_fault(message, fault):
    """Programs show it as it came, with their own words around it."""
    assert said_by_server(f"Ett fel uppstod: {message}\n(0x1)") == (fault,)
    assert trouble.TITLES[fault] in explained.explain(message, texts("en"))


@pytest.mark.parametrize("message", ["", "hello", "server", "%", "…", "x" * 1_000_000])
def test_what_is_no_message_is_not_taken_for_one(message):
    """A word that stands in many messages tells nothing."""
    assert recognise(message) == ()
    assert said_by_server(message) == ()


def test_the_parts_of_a_message_have_an_order():
    """The same words in another order are another message."""
    assert recognise("misslyckades. med användarnamnet anna@kund.se Inloggning till servern mail.kund.se") == ()


def test_only_certain_words_are_shown_in_a_guide():
    """What a third party tells is good for recognising, not for showing."""
    assert shown_by(ClientName.IPHONE, "en", Fault.CERTIFICATE) == ()
    assert shown_by(ClientName.K9, "sv", Fault.CERTIFICATE) == ("Certifikatfel",)


def test_every_fault_has_its_advice():
    """Whoever meets an error is told what to do."""
    assert set(trouble.TITLES) == set(trouble.ADVICE) == set(Fault)
    for fault in Fault:
        advice = trouble.in_general(fault, texts("en"))
        assert advice
        assert "%" not in "".join(advice)
        assert "form above" not in "".join(advice)


def test_every_fault_says_what_a_check_may_find():
    """By codes that there are, those of a login included."""
    assert set(explained.CHECKS) | set(explained.INSIDE) == set(Fault)
    assert {code for checks in (explained.CHECKS, explained.INSIDE) for codes in checks.values() for code in codes} <= set(ENTRIES)


@given(st.text() | st.sampled_from(TELLING).map(lambda text: text.words * 2))
def test_anything_is_explained_or_not(message):
    """Whatever somebody has pasted."""
    told = explained.explain(message, texts("en"))
    assert (told is None) is (recognise(message) == () and said_by_server(message) == ())
