"""What servers say to somebody who is logging in, or has: IMAP, POP3 and SMTP, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import EmailAddress
from autoconfig.checks.letter import LETTER
from autoconfig.network import mailbox_imap as imap
from autoconfig.network import mailbox_pop3 as pop3
from autoconfig.network import submission
from autoconfig.network.language import NotUnderstood
from autoconfig.network.mailbox_imap import Result
from autoconfig.network.session import Answer, Door
from autoconfig.network.visitor import written
from autoconfig.observations import LoginOutcome, Mailbox, Quota, Sent

IMAP, POP3, SMTP = imap.IMAPDoor(), pop3.POP3Door(), submission.SMTPDoor()
OUTCOMES = [
    (IMAP, "L OK [CAPABILITY IMAP4rev1] Logged in", LoginOutcome.ACCEPTED),
    (IMAP, "L NO [AUTHENTICATIONFAILED] Authentication failed.", LoginOutcome.REFUSED),
    (IMAP, "L NO Invalid credentials (Failure)", LoginOutcome.REFUSED),
    (IMAP, "L NO [AUTHORIZATIONFAILED] not you", LoginOutcome.DISABLED),
    (IMAP, "L NO [EXPIRED] password", LoginOutcome.DISABLED),
    (IMAP, "L NO [CONTACTADMIN] call us", LoginOutcome.DISABLED),
    (IMAP, "L NO [AUTHENTICATIONFAILED] Account is disabled", LoginOutcome.DISABLED),
    (IMAP, "L NO [PRIVACYREQUIRED] TLS", LoginOutcome.PRIVACY_REQUIRED),
    (IMAP, "L NO [UNAVAILABLE] Temporary authentication failure", LoginOutcome.TEMPORARY),
    (IMAP, "* BYE too many", LoginOutcome.TEMPORARY),
    (IMAP, "L BAD Unsupported mechanism", LoginOutcome.MECHANISM_FAILED),
    (POP3, "+OK Logged in.", LoginOutcome.ACCEPTED),
    (POP3, "-ERR [AUTH] Authentication failed.", LoginOutcome.REFUSED),
    (POP3, "-ERR", LoginOutcome.REFUSED),
    (POP3, "-ERR Account suspended", LoginOutcome.DISABLED),
    (POP3, "-ERR [SYS/PERM] no such mailbox", LoginOutcome.DISABLED),
    (POP3, "-ERR [SYS/TEMP] database", LoginOutcome.TEMPORARY),
    (POP3, "-ERR [IN-USE] Do you have another POP session running?", LoginOutcome.TEMPORARY),
    (POP3, "-ERR [LOGIN-DELAY] minimum time between mail checks violation", LoginOutcome.TEMPORARY),
    (SMTP, "235 2.7.0 Authentication successful", LoginOutcome.ACCEPTED),
    (SMTP, "535 5.7.8 Error: authentication failed:", LoginOutcome.REFUSED),
    (SMTP, "535 Incorrect authentication data", LoginOutcome.REFUSED),
    (SMTP, "535 5.7.8 User is locked", LoginOutcome.DISABLED),
    (SMTP, "525 5.7.13 User account disabled", LoginOutcome.DISABLED),
    (SMTP, "534 5.7.9 Authentication mechanism is too weak", LoginOutcome.PRIVACY_REQUIRED),
    (SMTP, "538 5.7.11 Encryption required", LoginOutcome.PRIVACY_REQUIRED),
    (SMTP, "454 4.7.0 Temporary authentication failure", LoginOutcome.TEMPORARY),
    (SMTP, "421 4.7.0 too many errors", LoginOutcome.TEMPORARY),
    (SMTP, "504 5.5.4 Unrecognized authentication type", LoginOutcome.MECHANISM_FAILED),
    (SMTP, "250 2.0.0 Ok", LoginOutcome.MECHANISM_FAILED),
]


@pytest.mark.parametrize(("door", "line", "outcome"), OUTCOMES)
def test_an_answer_to_a_login(door: Door, line: str, outcome: LoginOutcome) -> None:
    """RFC 5530 3, RFC 3206 4, RFC 2449 8.1, RFC 4954 6."""
    assert door.ends([line])
    answer = door.read([line])
    assert (answer.challenge, answer.outcome) == (None, outcome)


@pytest.mark.parametrize(
    ("door", "line", "challenge"),
    [(IMAP, "+ ", ""), (IMAP, "+", ""), (IMAP, "+ eA==", "eA=="), (POP3, "+ eA==", "eA=="), (POP3, "+", ""), (SMTP, "334 eA==", "eA==")],
)
def test_a_challenge(door: Door, line: str, challenge: str) -> None:
    """RFC 9051 6.2.2, RFC 5034 4, RFC 4954 4."""
    answer = door.read([line])
    assert answer.challenge is not None
    assert answer.challenge.strip() == challenge


@pytest.mark.parametrize(("door", "line"), [(IMAP, "x OK other tag"), (IMAP, ""), (POP3, "OK"), (SMTP, "hello"), (SMTP, "")])
def test_what_is_no_answer(door: Door, line: str) -> None:
    """Another protocol, or none."""
    with pytest.raises(NotUnderstood):
        door.read([line])


def listed(*lines: str) -> Result:
    """An answer with these untagged lines."""
    return imap.read_result([*(f"* {line}" for line in lines), "I1 OK done"], "I1")


def test_folders_with_their_uses() -> None:
    """RFC 6154; INBOX in any letter case, names in modified UTF-7, quoted or not, and no folder that holds no mail to look into."""
    found = imap.read_list(
        listed(
            'LIST (\\HasNoChildren) "/" inbox',
            'LIST (\\Sent \\Subscribed) "/" "Skickat"',
            'LIST (\\junk) NIL "Skr&AOQ-ppost"',
            'LIST (\\Noselect) "." "a \\"b\\" \\\\c"',
            "FLAGS (x)",
            "LIST () NIL A&-B",
        )
    )
    assert found == (
        Mailbox("INBOX", "INBOX"),
        Mailbox("Skickat", "Skickat", ("sent",)),
        Mailbox("Skräppost", "Skr&AOQ-ppost", ("junk",)),
        Mailbox('a "b" \\c', 'a "b" \\c', (), False),
        Mailbox("A&B", "A&-B"),
    )


def test_there_is_an_end_to_folders() -> None:
    """However many are named."""
    many = listed(*(f'LIST () "/" f{n}' for n in range(imap.MAX_MAILBOXES + 100)))
    assert len(imap.read_list(many)) == imap.MAX_MAILBOXES


def test_limits_and_numbers() -> None:
    """RFC 9208 5.1, RFC 9051 7.3.4, RFC 3501 7.2.5, RFC 1939 5."""
    quota = listed('QUOTAROOT INBOX "User quota"', 'QUOTA "User quota" (STORAGE 10 512 MESSAGE 2 9)', 'QUOTA "" ()')
    assert imap.read_quotas(quota) == (Quota("User quota", "STORAGE", 10, 512), Quota("User quota", "MESSAGE", 2, 9))
    assert imap.read_status(listed("STATUS INBOX (MESSAGES 12 UNSEEN 1)")) == {"MESSAGES": 12, "UNSEEN": 1}
    assert imap.read_search(listed("SEARCH 4 5", "SEARCH")) == (4, 5)
    assert pop3.read_stat("2 320") == (2, 320)
    assert pop3.read_stat("2 320 octets") == (2, 320)


@pytest.mark.parametrize(
    ("read", "line"),
    [
        (imap.read_list, "LIST"),
        (imap.read_list, 'LIST ("a'),
        (imap.read_list, "LIST (((((((((x"),
        (imap.read_list, "LIST ) x"),
        (imap.read_quotas, "QUOTA x (STORAGE a b)"),
        (imap.read_quotas, "QUOTA x (STORAGE 1 -2)"),
        (imap.read_status, "STATUS INBOX"),
        (imap.read_status, "SEARCH"),
        (imap.read_search, f"SEARCH {'9' * 30}"),
        (imap.read_search, "SEARCH (1)"),
    ],
)
def test_what_no_server_should_say(read: Callable[[Result], object], line: str) -> None:
    """Is not understood."""
    with pytest.raises(NotUnderstood):
        read(listed(line))


@pytest.mark.parametrize(
    ("name", "people"), [("&AOU-", "å"), ("&", "&"), ("&AO-", "&AO-"), ("&2Dzffg-", "🍾"), ("&2D0-", "&2D0-"), ("x&-y&-", "x&y&")]
)
def test_a_name_in_modified_utf_7(name: str, people: str) -> None:
    """RFC 3501, 5.1.3; what is none stays as it is."""
    assert imap.readable(name) == people


def test_a_quoted_string() -> None:
    """And what cannot be one."""
    assert imap.quoted('a"b\\c') == b'"a\\"b\\\\c"'
    assert [imap.quoted(text) for text in ("å", "a\nb", "a\0")] == [None, None, None]


def test_a_message_is_known_by_its_header() -> None:
    """Not by what stands in its text, in any letter case of the name, and folded as some servers do."""
    assert pop3.has_id(["+OK", "Subject: x", "message-id: <1@x>", ""], "<1@x>")
    assert pop3.has_id(["+OK", "Message-ID:", " <1@x>", "", "x"], "<1@x>")
    assert not pop3.has_id(["+OK", "Subject: x", "", "Message-ID: <1@x>"], "<1@x>")
    assert not pop3.has_id(["+OK", "Message-ID: <1@x>y"], "<1@x>")


@pytest.mark.parametrize(
    ("code", "words", "step", "sent"),
    [
        (550, "5.1.1 User unknown", Sent.RECIPIENT_REFUSED, Sent.RECIPIENT_REFUSED),
        (553, "5.7.1 <a@b>: Sender address rejected: not owned by user a", Sent.RECIPIENT_REFUSED, Sent.SENDER_REFUSED),
        (550, "5.7.1 Recipient refused for this sender", Sent.RECIPIENT_REFUSED, Sent.RECIPIENT_REFUSED),
        (450, "4.2.0 Greylisted", Sent.RECIPIENT_REFUSED, Sent.LATER),
        (554, "5.7.1 Spam", Sent.REFUSED, Sent.REFUSED),
        (550, "no", Sent.SENDER_REFUSED, Sent.SENDER_REFUSED),
    ],
)
def test_a_refusal_while_sending(code: int, words: str, step: Sent, sent: Sent) -> None:
    """What it was about, whenever it was said."""
    assert submission.refusal_of(code, words, step) is sent


@pytest.mark.parametrize("address", ["anna@kund.se", "anna@byrå.se", '"a b"@kund.se'])
def test_the_message_says_what_it_is(address: str) -> None:
    """In both languages, unmistakable, and nobody's holiday message answers it (RFC 3834, 5)."""
    sender = EmailAddress.parse(address)
    content = written(LETTER, sender, "<autoconfig-check.1@kund.se>", datetime(2026, 11, 23, 8, tzinfo=UTC))
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.splitlines())) <= 78 + len(address)
    message = message_from_bytes(content, policy=policy.default)
    assert message["Message-ID"] == "<autoconfig-check.1@kund.se>"
    assert message["X-Autoconfig-Check"] == "autoconfig-check.1@kund.se"
    assert message["Auto-Submitted"] == "auto-generated"
    assert {message[name].addresses[0].addr_spec for name in ("From", "To")} == {sender.ascii}
    assert not message.defects
    text = message.get_content()
    assert "Det här är ett testmeddelande" in text
    assert "This is a test message" in text


# --- whatever is said --------------------------------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [
        "* LIST",
        "(",
        ")",
        '"',
        "\\",
        "NIL",
        "INBOX",
        "* QUOTA",
        "STORAGE",
        "* STATUS",
        "MESSAGES",
        "* SEARCH",
        "12",
        "&AOU-",
        "+OK",
        "-ERR",
        "[AUTH]",
        "334 ",
        "535-",
        "535 5.7.8",
        "L OK",
        "L NO [EXPIRED",
        "I1 OK",
        "* BYE",
        "+",
        "\ud800",
        "å",
        " ",
    ]
)
LINE = st.lists(_WORDS, max_size=12).map(" ".join) | st.text(max_size=60)
LINES = st.lists(LINE, min_size=1, max_size=6)


@given(st.sampled_from([IMAP, POP3, SMTP]), LINES)
def test_no_answer_to_a_login_does_more_than_not_be_understood(door: Door, lines: Sequence[str]) -> None:
    """Any line, in any order."""
    assert door.ends(lines) in (True, False)
    with suppress(NotUnderstood):
        assert isinstance(door.read(lines), Answer)


@given(st.sampled_from([imap.read_list, imap.read_quotas, imap.read_status, imap.read_search]), LINES)
def test_no_data_does_more_than_not_be_understood(read: Callable[[Result], object], lines: list[str]) -> None:
    """The same for what stands behind the login."""
    with suppress(NotUnderstood):
        read(Result("OK", "", tuple(line.removeprefix("* ") for line in lines)))
    with suppress(NotUnderstood):
        imap.read_result(lines, "I1")
    with suppress(NotUnderstood):
        pop3.read_stat(lines[0])
    assert pop3.list_ends(lines) in (True, False)
    assert pop3.has_id(lines, "<1@x>") in (True, False)


@given(st.text(max_size=60))
def test_any_name_can_be_read_and_said(name: str) -> None:
    """A name is never lost, and what is quoted comes back as it was."""
    assert isinstance(imap.readable(name), str)
    said = imap.quoted(name)
    if said is not None:
        assert imap.items(said.decode()) == (name,)
