"""SMTP as far as the door: greeting, EHLO, STARTTLS (RFC 5321, RFC 3207, RFC 4954). Reads lines; asks nobody."""

from __future__ import annotations

import re

from autoconfig.network.language import Capabilities, Hello, Language, Lines, NotUnderstood, clipped
from autoconfig.observations import GreetingKind

# RFC 5321, 4.2:
#   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
#   Reply-code = %x32-35 %x30-35 %x30-39
_LINE = re.compile(r"([2-5][0-5][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
# RFC 5321, 4.2.4: what a server says that does not know EHLO
_UNKNOWN_COMMAND = (500, 502)


def read(lines: Lines) -> tuple[int, list[str]]:
    """Read any reply: its code, and the text of each of its lines."""
    codes, texts = set(), []
    for line in lines:
        found = _LINE.match(line)
        if not found:
            raise NotUnderstood
        codes.add(int(found[1]))
        texts.append(found[3] or "")
    if len(codes) != 1:  # RFC 5321, 4.2.1: the code of each line must be the same
        raise NotUnderstood
    return codes.pop(), texts


def read_greeting(lines: Lines) -> Hello:
    """Read the greeting (RFC 5321, 4.3.1); what is no READY keeps its code in the text."""
    code, texts = read(lines)
    text = clipped(" ".join(texts))
    if code == 220:
        return Hello(GreetingKind.READY, text)
    if code < 400:
        raise NotUnderstood
    return Hello(GreetingKind.TRY_LATER if code < 500 else GreetingKind.GO_AWAY, f"{code} {text}")


def read_capabilities(lines: Lines) -> Capabilities | None:
    """Read the answer to EHLO (RFC 5321, 4.1.1.1), None where the server does not want us."""
    code, texts = read(lines)
    if code in _UNKNOWN_COMMAND:
        return Capabilities((), (), False)
    if code != 250:
        if code < 400:
            raise NotUnderstood
        return None
    listed = [" ".join(text.upper().split()) for text in texts[1:] if text.strip()]
    # Servers repeat it as "AUTH=PLAIN LOGIN" for the sake of programs older than RFC 4954.
    auth = [name for line in listed if line.startswith(("AUTH ", "AUTH=")) for name in line[5:].split()]
    return Capabilities.of(listed, auth, "STARTTLS")


def read_reply(lines: Lines) -> tuple[bool, str]:
    """Read the answer to STARTTLS (RFC 3207, 4)."""
    code, texts = read(lines)
    return code == 220, clipped(f"{code} {' '.join(texts)}")


def ends(lines: Lines) -> bool:
    """Tell whether *lines* are a whole reply."""
    return lines[-1][3:4] != "-" or not lines[-1][:3].isdigit()


LANGUAGE = Language(
    # RFC 5321, 4.1.4: a client without a name of its own sends an address literal; we do not know ours as others see it, and this is a
    # name that RFC 6761, 6.4 keeps from meaning anybody.
    ask=b"EHLO autoconfig-check.invalid\r\n",
    starttls=b"STARTTLS\r\n",
    bye=b"QUIT\r\n",
    greeting_ends=ends,
    read_greeting=read_greeting,
    capabilities_end=ends,
    read_capabilities=read_capabilities,
    reply_ends=ends,
    read_reply=read_reply,
)
