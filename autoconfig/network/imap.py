"""IMAP as far as the door: greeting, CAPABILITY, STARTTLS (RFC 9051; RFC 3501). Reads lines; asks nobody."""

from __future__ import annotations

import re

from autoconfig.network.language import PASSWORD, Capabilities, Hello, Language, Lines, NotUnderstood, always, clipped
from autoconfig.observations import GreetingKind

_ASK, _STARTTLS, _BYE = "a", "b", "c"  # tags

# RFC 9051, 9: greeting = "*" SP (resp-cond-auth / resp-cond-bye) CRLF
_GREETING = re.compile(r"\* +(OK|PREAUTH|BYE)(?: (.*))?\Z", re.IGNORECASE | re.DOTALL)
# RFC 9051, 9: resp-text = ["[" resp-text-code "]" SP] ...; capability-data = "CAPABILITY" *(SP capability)
_IN_CODE = re.compile(r"\[CAPABILITY +([^\]]*)\]", re.IGNORECASE)
_UNTAGGED = re.compile(r"\* +CAPABILITY +(.*)\Z", re.IGNORECASE | re.DOTALL)
# RFC 9051, 9: response-tagged = tag SP resp-cond-state CRLF
_TAGGED = re.compile(r"([^ *+]+) +(OK|NO|BAD)(?: (.*))?\Z", re.IGNORECASE | re.DOTALL)
_GOODBYE = re.compile(r"\* +BYE\b", re.IGNORECASE)

_KINDS = {"OK": GreetingKind.READY, "PREAUTH": GreetingKind.PREAUTH, "BYE": GreetingKind.GO_AWAY}


def read_greeting(lines: Lines) -> Hello:
    """Read the greeting, with its capabilities where it has them (RFC 9051, 7.1)."""
    found = _GREETING.match(lines[0])
    if not found:
        raise NotUnderstood
    kind, text = _KINDS[found[1].upper()], found[2] or ""
    if kind is GreetingKind.GO_AWAY and text.upper().startswith("[UNAVAILABLE]"):  # RFC 5530, 3
        kind = GreetingKind.TRY_LATER
    code = _IN_CODE.match(text)
    return Hello(kind, clipped(text[code.end() :] if code else text), _capabilities(code[1]) if code else None)


def read_capabilities(lines: Lines) -> Capabilities | None:
    """Read the answer to CAPABILITY, None where the server refuses (RFC 9051, 6.1.1)."""
    consent, text = _tagged(lines, _ASK)
    if not consent:
        return None
    listed = [found[1] for found in map(_UNTAGGED.match, lines) if found] or [found[1] for found in [_IN_CODE.match(text)] if found]
    if not listed:
        raise NotUnderstood
    return _capabilities(" ".join(listed))


def read_reply(lines: Lines) -> tuple[bool, str]:
    """Read the answer to STARTTLS (RFC 9051, 6.2.1)."""
    consent, text = _tagged(lines, _STARTTLS)
    return consent, clipped(text)


def _answer_ends(lines: Lines) -> bool:
    # "+" asks to go on, which nothing here does; a line with a foreign tag ends the answer too, and is not understood.
    return not lines[-1].startswith("* ") or bool(_GOODBYE.match(lines[-1]))


def _tagged(lines: Lines, tag: str) -> tuple[bool, str]:
    if _GOODBYE.match(lines[-1]):
        return False, lines[-1][2:]
    found = _TAGGED.match(lines[-1])
    if not found or found[1] != tag:
        raise NotUnderstood
    status, text = found[2].upper(), found[3] or ""
    return (True, text) if status == "OK" else (False, f"{status} {text}")


def _capabilities(text: str) -> Capabilities:
    words = text.upper().split()
    auth = [word[5:] for word in words if word.startswith("AUTH=")]
    if "LOGINDISABLED" not in words:  # RFC 9051, 6.2.3: LOGIN is for everybody who is not told otherwise
        auth.append(PASSWORD)
    return Capabilities.of(words, auth, "STARTTLS")


LANGUAGE = Language(
    ask=f"{_ASK} CAPABILITY\r\n".encode(),
    starttls=f"{_STARTTLS} STARTTLS\r\n".encode(),
    bye=f"{_BYE} LOGOUT\r\n".encode(),
    greeting_ends=always,
    read_greeting=read_greeting,
    capabilities_end=_answer_ends,
    read_capabilities=read_capabilities,
    reply_ends=_answer_ends,
    read_reply=read_reply,
    literals=True,
)
