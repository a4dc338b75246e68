"""ManageSieve as far as the door: capabilities, STARTTLS (RFC 5804). Reads lines; asks nobody."""

from __future__ import annotations

import re

from autoconfig.network.language import Capabilities, Hello, Language, Lines, NotUnderstood, clipped
from autoconfig.observations import GreetingKind

# RFC 5804, 1.3 and 4: response = ("OK" / "NO" / "BYE") [SP "(" resp-code ")"] [SP string]
_STATUS = re.compile(r"(OK|NO|BYE)(?: +(.*))?\Z", re.IGNORECASE | re.DOTALL)
# RFC 5804, 4: quoted = DQUOTE *QUOTED-CHAR DQUOTE. Literals come as quoted strings too, see `stream`.
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)" *', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _strings(line: str) -> list[str]:
    found, position = [], 0
    while position < len(line):
        string = _STRING.match(line, position)
        if not string:
            raise NotUnderstood
        found.append(_ESCAPED.sub(r"\1", string[1]))
        position = string.end()
    return found


def _status(lines: Lines) -> tuple[str, str]:
    found = _STATUS.match(lines[-1])
    if not found:
        raise NotUnderstood
    text = found[2] or ""
    quoted = _STRING.fullmatch(text)
    return found[1].upper(), clipped(_ESCAPED.sub(r"\1", quoted[1]) if quoted else text)


def read_greeting(lines: Lines) -> Hello:
    """Read the greeting, which is the list of capabilities (RFC 5804, 1.7)."""
    status, text = _status(lines)
    if status == "OK":
        return Hello(GreetingKind.READY, text, _capabilities(lines[:-1]) if lines[:-1] else None)
    return Hello(GreetingKind.TRY_LATER if text.upper().startswith("(TRYLATER") else GreetingKind.GO_AWAY, text)


def read_capabilities(lines: Lines) -> Capabilities | None:
    """Read a list of capabilities, None where the server refuses (RFC 5804, 2.4)."""
    status, _ = _status(lines)
    return _capabilities(lines[:-1]) if status == "OK" else None


def read_reply(lines: Lines) -> tuple[bool, str]:
    """Read the answer to STARTTLS (RFC 5804, 2.2)."""
    status, text = _status(lines)
    return status == "OK", text if status == "OK" else f"{status} {text}"


def _capabilities(lines: Lines) -> Capabilities:
    listed = [strings for strings in map(_strings, lines) if strings]
    # RFC 5804, 1.7: "SASL" is followed by the mechanisms in one string.
    auth = [name for name, *values in listed if name.upper() == "SASL" for value in values for name in value.split()]
    return Capabilities.of((" ".join(strings).strip() for strings in listed), auth, "STARTTLS")


def _ends(lines: Lines) -> bool:
    return bool(_STATUS.match(lines[-1])) or not lines[-1].startswith('"')


LANGUAGE = Language(
    ask=b"CAPABILITY\r\n",
    starttls=b"STARTTLS\r\n",
    bye=b"LOGOUT\r\n",
    greeting_ends=_ends,
    read_greeting=read_greeting,
    capabilities_end=_ends,
    read_capabilities=read_capabilities,
    reply_ends=_ends,
    read_reply=read_reply,
    literals=True,
)
