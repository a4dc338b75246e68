"""What the mail protocols have in common: a greeting, a list of capabilities, a way up to TLS, and a word for good-bye.

A `Language` is a table of words to say and of pure functions that read what was said. A reader gets the lines of one answer without their
line ends and raises `NotUnderstood`, and nothing else, for what is not its protocol. Nobody connects here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from autoconfig.observations import GreetingKind, Talk

# The mechanism that is none: a user name and a password without SASL.
PASSWORD = "PASSWORD"  # noqa: S105 - the name of a mechanism

_TEXT = 500  # characters of a greeting or reply that are kept


class NotUnderstood(Exception):
    """What was said is not what this protocol says."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do: *words* in upper case, *auth* the mechanisms among them, *starttls* whether the way up to TLS is."""

    words: tuple[str, ...]
    auth: tuple[str, ...]
    starttls: bool

    @classmethod
    def of(cls, words: Iterable[str], auth: Iterable[str], starttls: str) -> Capabilities:
        """Return *words* and *auth* in upper case, each once; *starttls* is the word for it."""
        unique = tuple(dict.fromkeys(word.upper() for word in words))
        return cls(unique, tuple(dict.fromkeys(name.upper() for name in auth if name)), starttls in unique)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a greeting says; *capabilities* where it names them."""

    kind: GreetingKind
    text: str
    capabilities: Capabilities | None = None


Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Language:
    """How to speak one protocol.

    The `..._ends` functions tell whether the lines so far are a whole answer, looking at the first and the last of them only.
    *read_capabilities* returns None where the server refuses to answer, *read_reply* whether it consents, and in which words.
    """

    ask: bytes
    starttls: bytes
    bye: bytes
    greeting_ends: Callable[[Lines], bool]
    read_greeting: Callable[[Lines], Hello]
    capabilities_end: Callable[[Lines], bool]
    read_capabilities: Callable[[Lines], Capabilities | None]
    reply_ends: Callable[[Lines], bool]
    read_reply: Callable[[Lines], tuple[bool, str]]
    literals: bool = False  # a line may end in {12}, and twelve bytes that belong to it follow (`stream` makes a quoted string of them)


def clipped(text: str) -> str:
    """Return *text* without surrounding white space, at most 500 characters of it."""
    return text.strip()[:_TEXT]


def always(lines: Lines) -> bool:
    """Tell that the first line is the whole answer."""
    return True


_FIRST_WORDS = (
    (b"SSH-", "ssh"),
    (b"HTTP/", "http"),
    (b"<", "http"),
    (b"* OK", Talk.IMAP.value),
    (b"* PREAUTH", Talk.IMAP.value),
    (b"* BYE", Talk.IMAP.value),
    (b"+OK", Talk.POP3.value),
    (b"-ERR", Talk.POP3.value),
    (b"220", Talk.SMTP.value),
    (b"421", Talk.SMTP.value),
    (b"554", Talk.SMTP.value),
    (b'"IMPLEMENTATION"', Talk.SIEVE.value),
    (b"RFB ", "vnc"),
)


def looks_like_tls(data: bytes) -> bool:
    """Tell whether *data* begins with a TLS record: handshake or alert, of any version (RFC 8446, 5.1)."""
    return data[:1] in (b"\x15", b"\x16") and data[1:2] in (b"\x03", b"")


def recognise(data: bytes) -> str:
    """Return the protocol that begins with *data*, "" where it is none that we know."""
    if looks_like_tls(data):
        return "tls"
    first = data.lstrip()[:512].upper()
    spoken = next((name for words, name in _FIRST_WORDS if first.startswith(words)), "")
    # RFC 959 greets with the same code as RFC 5321; servers for files mostly say so in words.
    return "ftp" if spoken == Talk.SMTP.value and b"FTP" in first.partition(b"\n")[0] and b"SMTP" not in first else spoken
