"""Sending one message as somebody who is logged in (RFC 6409, RFC 4954, RFC 5321). Reads replies; makes no message."""

from __future__ import annotations

import re

from autoconfig.network.language import Capabilities, Lines, clipped
from autoconfig.network.secret import Credentials
from autoconfig.network.session import Answer, AuthCommand, out_of_use
from autoconfig.network.smtp import ends, read
from autoconfig.network.stream import Stream
from autoconfig.observations import LoginOutcome, Sent

_MAX_COMMAND = 512  # RFC 5321, 4.5.3.1.4: bytes of a command with its line end
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}\b")  # RFC 3463, 2

# RFC 4954, 6; RFC 5248, 2.4
_BY_ENHANCED = {
    "5.7.8": LoginOutcome.REFUSED,
    "5.7.9": LoginOutcome.PRIVACY_REQUIRED,
    "5.7.11": LoginOutcome.PRIVACY_REQUIRED,
    "5.7.12": LoginOutcome.DISABLED,
    "5.7.13": LoginOutcome.DISABLED,
    "5.7.14": LoginOutcome.DISABLED,
    "5.2.1": LoginOutcome.DISABLED,
}
_BY_CODE = {
    **dict.fromkeys((500, 501, 502, 503, 504), LoginOutcome.MECHANISM_FAILED),
    **dict.fromkeys((530, 534, 538), LoginOutcome.PRIVACY_REQUIRED),
    525: LoginOutcome.DISABLED,
}


def enhanced(words: str) -> str:
    """Return the enhanced status code at the beginning of *words*, "" without one."""
    found = _ENHANCED.match(words)
    return found[0] if found else ""


def outcome_of(code: int, words: str) -> LoginOutcome:
    """Return what the answer *code* to a login means."""
    if code == 235:
        return LoginOutcome.ACCEPTED
    if code < 500:
        return LoginOutcome.TEMPORARY if code >= 400 else LoginOutcome.MECHANISM_FAILED
    outcome = _BY_ENHANCED.get(enhanced(words)) or _BY_CODE.get(code, LoginOutcome.REFUSED)
    return out_of_use(words) if outcome is LoginOutcome.REFUSED else outcome


def refusal_of(code: int, words: str, step: Sent) -> Sent:
    """Return what a refusal with *code* at *step* means."""
    if code < 500:
        return Sent.LATER
    # Many servers, Postfix among them, tell what they have against the sender only when they hear the recipient.
    low = words.lower()
    return Sent.SENDER_REFUSED if step is Sent.RECIPIENT_REFUSED and "sender" in low and "recipient" not in low else step


class SMTPDoor(AuthCommand):
    """RFC 4954, 4."""

    max_command = _MAX_COMMAND

    def ends(self, lines: Lines) -> bool:
        """Tell whether it is a whole reply."""
        return ends(lines)

    def read(self, lines: Lines) -> Answer:
        """Read a challenge or an end."""
        code, texts = read(lines)
        if code == 334:
            return Answer(texts[0])
        words = clipped(" ".join(texts))
        outcome = outcome_of(code, words)
        return Answer(None, outcome, words if outcome is LoginOutcome.ACCEPTED else f"{code} {words}")

    async def password(self, stream: Stream, who: Credentials) -> Answer:
        """Refuse: SMTP has no login without SASL."""
        return Answer(None, LoginOutcome.NO_MECHANISM)


async def submitted(stream: Stream, address: str, message: bytes, capabilities: Capabilities) -> tuple[Sent, str]:
    """Send *message* from *address* to itself, and return what became of it, in the server's words. Raises Ended, NotUnderstood."""
    international = not address.isascii()
    if international and "SMTPUTF8" not in capabilities.words:  # RFC 6531, 3.2
        return Sent.SENDER_REFUSED, "no SMTPUTF8"
    path = f"<{address}>".encode()
    steps = (
        (b"MAIL FROM:" + path + (b" SMTPUTF8" if international else b"") + b"\r\n", 250, Sent.SENDER_REFUSED),
        (b"RCPT TO:" + path + b"\r\n", 250, Sent.RECIPIENT_REFUSED),
        (b"DATA\r\n", 354, Sent.REFUSED),
        (_stuffed(message) + b".\r\n", 250, Sent.REFUSED),
    )
    words = ""
    for data, wanted, refusal in steps:
        await stream.say(data, "(the message)" if data.endswith(b"\r\n.\r\n") else data.split(b":")[0].decode().strip())
        code, texts = read(await stream.answer(ends, literals=False))
        words = clipped(f"{code} {' '.join(texts)}")
        # RFC 5321, 4.3.2: 251 is for who forwards the message, which a server of the recipient's own need not do.
        if code != wanted and not (code == 251 and wanted == 250):
            return refusal_of(code, clipped(" ".join(texts)), refusal), words
    return Sent.ACCEPTED, words


def _stuffed(message: bytes) -> bytes:
    # RFC 5321, 4.5.2
    return b"".join(b"." + line if line.startswith(b".") else line for line in message.splitlines(keepends=True))
