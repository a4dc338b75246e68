"""POP3 as far as the door: greeting, CAPA, STLS (RFC 1939, RFC 2449, RFC 2595). Reads lines; asks nobody."""

from __future__ import annotations

import re

from autoconfig.network.language import PASSWORD, Capabilities, Hello, Language, Lines, NotUnderstood, always, clipped
from autoconfig.observations import GreetingKind

# RFC 2449, 9: status = "+OK" / "-ERR", followed by a space and text, or by nothing
_STATUS = re.compile(r"(\+OK|-ERR)(?:[ \t]+(.*))?\Z", re.IGNORECASE | re.DOTALL)
# RFC 3206, 4 and RFC 2449, 8.1: reasons that pass
_PASSING = ("[SYS/TEMP]", "[IN-USE]", "[LOGIN-DELAY]")


def read_greeting(lines: Lines) -> Hello:
    """Read the greeting (RFC 1939, 4)."""
    consent, text = read_reply(lines)
    if consent:
        return Hello(GreetingKind.READY, text)
    return Hello(GreetingKind.TRY_LATER if text.upper().startswith(_PASSING) else GreetingKind.GO_AWAY, text)


def read_capabilities(lines: Lines) -> Capabilities | None:
    """Read the answer to CAPA (RFC 2449, 5). A server that does not know the command has no capabilities, but takes a password."""
    consent, _ = read_reply(lines)
    if not consent:
        return Capabilities((), (PASSWORD,), False)
    listed = [line.strip().upper() for line in lines[1:-1] if line.strip()]
    auth = [name for line in listed if line.startswith("SASL ") for name in line.split()[1:]]
    if "USER" in listed:
        auth.append(PASSWORD)
    return Capabilities.of(listed, auth, "STLS")


def read_reply(lines: Lines) -> tuple[bool, str]:
    """Read an answer of one line."""
    found = _STATUS.match(lines[0])
    if not found:
        raise NotUnderstood
    return found[1].upper() == "+OK", clipped(found[2] or "")


def _list_ends(lines: Lines) -> bool:
    return not lines[0].upper().startswith("+OK") or lines[-1] == "."


LANGUAGE = Language(
    ask=b"CAPA\r\n",
    starttls=b"STLS\r\n",
    bye=b"QUIT\r\n",
    greeting_ends=always,
    read_greeting=read_greeting,
    capabilities_end=_list_ends,
    read_capabilities=read_capabilities,
    reply_ends=always,
    read_reply=read_reply,
)
