"""What mail servers say before anybody logs in, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.network import imap, pop3, sieve, smtp
from autoconfig.network.language import Capabilities, Language, NotUnderstood, recognise
from autoconfig.observations import GreetingKind

LANGUAGES = {"imap": imap.LANGUAGE, "pop3": pop3.LANGUAGE, "smtp": smtp.LANGUAGE, "sieve": sieve.LANGUAGE}

READY, PREAUTH, TRY_LATER, GO_AWAY = GreetingKind.READY, GreetingKind.PREAUTH, GreetingKind.TRY_LATER, GreetingKind.GO_AWAY

GREETINGS = [
    ("imap", ["* OK Dovecot ready."], READY, "Dovecot ready."),
    ("imap", ["* ok [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready."], READY, "Dovecot ready."),
    ("imap", ["* OK"], READY, ""),
    ("imap", ["* PREAUTH welcome"], PREAUTH, "welcome"),
    ("imap", ["* BYE Too many connections"], GO_AWAY, "Too many connections"),
    ("imap", ["* BYE [UNAVAILABLE] later"], TRY_LATER, "[UNAVAILABLE] later"),
    ("pop3", ["+OK Dovecot ready."], READY, "Dovecot ready."),
    ("pop3", ["+OK"], READY, ""),
    ("pop3", ["-ERR not for you"], GO_AWAY, "not for you"),
    ("pop3", ["-ERR [SYS/TEMP] later"], TRY_LATER, "[SYS/TEMP] later"),
    ("smtp", ["220 mx.kund.se ESMTP Postfix"], READY, "mx.kund.se ESMTP Postfix"),
    ("smtp", ["220-mx.kund.se ESMTP", "220-no spam", "220 please"], READY, "mx.kund.se ESMTP no spam please"),
    ("smtp", ["220"], READY, ""),
    ("smtp", ["421 4.7.0 too many"], TRY_LATER, "421 4.7.0 too many"),
    ("smtp", ["554 5.7.1 go away"], GO_AWAY, "554 5.7.1 go away"),
    ("sieve", ['"IMPLEMENTATION" "Pigeonhole"', 'OK "ready \\"now\\"."'], READY, 'ready "now".'),
    ("sieve", ["OK"], READY, ""),
    ("sieve", ['BYE (TRYLATER) "busy"'], TRY_LATER, '(TRYLATER) "busy"'),
    ("sieve", ['NO "no"'], GO_AWAY, "no"),
]


@pytest.mark.parametrize(("language", "lines", "kind", "text"), GREETINGS)
def test_a_greeting_says_whether_one_is_welcome(language: str, lines: list[str], kind: GreetingKind, text: str) -> None:
    """RFC 9051 7.1, RFC 1939 4, RFC 5321 4.2, RFC 5804 1.3."""
    spoken = LANGUAGES[language]
    assert [spoken.greeting_ends(lines[: n + 1]) for n in range(len(lines))] == [False] * (len(lines) - 1) + [True]
    hello = spoken.read_greeting(lines)
    assert (hello.kind, hello.text) == (kind, text)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("imap", "SSH-2.0-OpenSSH_9.2"),
        ("imap", "+OK ready"),
        ("imap", "* NO"),
        ("imap", ""),
        ("pop3", "* OK ready"),
        ("pop3", "+OKAY"),
        ("smtp", "SSH-2.0-OpenSSH_9.2"),
        ("smtp", "250 hello"),
        ("smtp", "2200 hello"),
        ("sieve", "* OK ready"),
        ("sieve", "OKAY"),
    ],
)
def test_another_protocol_is_not_understood(language: str, line: str) -> None:
    """And nobody waits for a second line of it."""
    spoken = LANGUAGES[language]
    assert spoken.greeting_ends([line])
    with pytest.raises(NotUnderstood):
        spoken.read_greeting([line])


def test_a_reply_of_several_codes_is_not_understood() -> None:
    """RFC 5321, 4.2.1: the code of each line must be the same."""
    with pytest.raises(NotUnderstood):
        smtp.read_greeting(["220-mx.kund.se", "250 ready"])


CAPABILITIES = [
    ("imap", ["* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "a OK done"], ("IMAP4REV1", "STARTTLS", "LOGINDISABLED"), (), True),
    ("imap", ["* CAPABILITY IMAP4rev1 auth=plain AUTH=PLAIN", "a OK"], ("IMAP4REV1", "AUTH=PLAIN"), ("PLAIN", "PASSWORD"), False),
    ("imap", ["* 3 EXISTS", "* CAPABILITY IMAP4rev2", "* CAPABILITY ID", "a ok"], ("IMAP4REV2", "ID"), ("PASSWORD",), False),
    ("imap", ["a OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] done"], ("IMAP4REV1", "AUTH=XOAUTH2"), ("XOAUTH2", "PASSWORD"), False),
    (
        "pop3",
        ["+OK", "TOP", "USER", "SASL PLAIN LOGIN", "STLS", "."],
        ("TOP", "USER", "SASL PLAIN LOGIN", "STLS"),
        ("PLAIN", "LOGIN", "PASSWORD"),
        True,
    ),
    ("pop3", ["+OK", "SASL", "."], ("SASL",), (), False),
    ("pop3", ["-ERR unknown command"], (), ("PASSWORD",), False),
    ("smtp", ["250-mx.kund.se", "250-SIZE 1000", "250 STARTTLS"], ("SIZE 1000", "STARTTLS"), (), True),
    (
        "smtp",
        ["250-mx", "250-AUTH PLAIN LOGIN", "250 AUTH=PLAIN LOGIN"],
        ("AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN"),
        ("PLAIN", "LOGIN"),
        False,
    ),
    ("smtp", ["250 mx.kund.se"], (), (), False),
    ("smtp", ["502 what?"], (), (), False),
    (
        "sieve",
        ['"IMPLEMENTATION" "x"', '"SASL" "PLAIN OAUTHBEARER"', '"STARTTLS"', "OK"],
        ("IMPLEMENTATION X", "SASL PLAIN OAUTHBEARER", "STARTTLS"),
        ("PLAIN", "OAUTHBEARER"),
        True,
    ),
    ("sieve", ['"SASL" ""', 'OK "done"'], ("SASL",), (), False),
]


@pytest.mark.parametrize(("language", "lines", "words", "auth", "starttls"), CAPABILITIES)
def test_capabilities_are_words_mechanisms_and_the_way_to_tls(
    language: str, lines: list[str], words: tuple[str, ...], auth: tuple[str, ...], starttls: bool
) -> None:
    """Upper case, each once; a password without SASL counts as PASSWORD (RFC 9051 6.2.3, RFC 2449 6.3)."""
    spoken = LANGUAGES[language]
    assert [spoken.capabilities_end(lines[: n + 1]) for n in range(len(lines))] == [False] * (len(lines) - 1) + [True]
    assert spoken.read_capabilities(lines) == Capabilities(words, auth, starttls)


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("imap", ["* CAPABILITY IMAP4rev1", "zz99 OK done"]),  # another command's tag
        ("imap", ["a OK done"]),
        ("imap", ["+ go on"]),
        ("pop3", ["hello"]),
        ("smtp", ["354 go on"]),
        ("smtp", ["250-mx.kund.se", "hello"]),
        ("sieve", ['"SASL', "OK"]),
        ("sieve", ['"SASL" PLAIN', "OK"]),
    ],
)
def test_an_answer_against_the_grammar_is_not_understood(language: str, lines: list[str]) -> None:
    """It says nothing about what the server can do."""
    assert LANGUAGES[language].capabilities_end(lines)
    with pytest.raises(NotUnderstood):
        LANGUAGES[language].read_capabilities(lines)


@pytest.mark.parametrize(
    ("language", "lines"),
    [("imap", ["a NO not now"]), ("imap", ["a BAD what?"]), ("imap", ["* BYE overload"]), ("smtp", ["554 no"]), ("sieve", ['NO "no"'])],
)
def test_a_server_may_refuse_to_say_what_it_can(language: str, lines: list[str]) -> None:
    """That is no answer, and no breach of the grammar."""
    assert LANGUAGES[language].capabilities_end(lines)
    assert LANGUAGES[language].read_capabilities(lines) is None


@pytest.mark.parametrize(
    ("language", "line", "reply"),
    [
        ("imap", "b OK Begin TLS negotiation now.", (True, "Begin TLS negotiation now.")),
        ("imap", "b NO TLS is not available", (False, "NO TLS is not available")),
        ("pop3", "+OK Begin", (True, "Begin")),
        ("pop3", "-ERR no", (False, "no")),
        ("smtp", "220 2.0.0 Ready", (True, "220 2.0.0 Ready")),
        ("smtp", "454 4.7.0 TLS not available", (False, "454 4.7.0 TLS not available")),
        ("sieve", "OK", (True, "")),
        ("sieve", 'NO "no"', (False, "NO no")),
    ],
)
def test_the_reply_to_starttls_is_consent_or_not(language: str, line: str, reply: tuple[bool, str]) -> None:
    """With the words of the server."""
    assert LANGUAGES[language].reply_ends([line])
    assert LANGUAGES[language].read_reply([line]) == reply


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        (b"SSH-2.0-OpenSSH_9.2", "ssh"),
        (b"HTTP/1.1 400 Bad Request", "http"),
        (b"<html>", "http"),
        (b"* OK ready", "imap"),
        (b"+OK ready", "pop3"),
        (b"220 mx.kund.se ESMTP", "smtp"),
        (b"220 ProFTPD FTP Server", "ftp"),
        (b'"IMPLEMENTATION" "Pigeonhole"', "sieve"),
        (b"\x16\x03\x01", "tls"),
        (b"\x15\x03\x03", "tls"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_other_protocols_are_known_by_their_first_words(said: bytes, protocol: str) -> None:
    """So that a wrong port map is told as one."""
    assert recognise(said) == protocol


_WORDS = (
    "* ",
    "+OK",
    "-ERR",
    "OK",
    "NO",
    "BYE",
    "a ",
    "b ",
    "220",
    "250",
    "-",
    " ",
    "CAPABILITY",
    "[",
    "]",
    '"',
    "\\",
    "AUTH=",
    "{3}",
    ".",
)
_words = st.sampled_from(_WORDS)
_lines = st.lists(st.one_of(st.text(max_size=60), st.lists(_words, max_size=6).map("".join)), min_size=1, max_size=6)


@pytest.mark.parametrize("spoken", LANGUAGES.values(), ids=LANGUAGES)
@given(lines=_lines)
def test_no_line_makes_a_reader_stumble(spoken: Language, lines: Sequence[str]) -> None:
    """A reader understands, or raises its one exception."""
    for ends, read in (
        (spoken.greeting_ends, spoken.read_greeting),
        (spoken.capabilities_end, spoken.read_capabilities),
        (spoken.reply_ends, spoken.read_reply),
    ):
        assert ends(lines) in (True, False)
        with suppress(NotUnderstood):
            read(lines)


@given(st.binary(max_size=600))
def test_any_bytes_are_recognised_or_not(said: bytes) -> None:
    """There is always an answer."""
    assert isinstance(recognise(said), str)
