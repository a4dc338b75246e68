"""A POP3 mailbox from inside (RFC 1939, RFC 5034): login, how much is there, and looking for one message. Deletes nothing but that one."""

from __future__ import annotations

import re

from autoconfig.network.language import Lines, NotUnderstood, always, clipped
from autoconfig.network.pop3 import read_reply
from autoconfig.network.secret import MASK, Credentials, octets
from autoconfig.network.session import Answer, AuthCommand, out_of_use
from autoconfig.network.stream import Stream
from autoconfig.observations import LoginOutcome

NEWEST = 20  # messages that are looked through
MAX_HEADER = 256 * 1024

_MAX_COMMAND = 255  # RFC 2449, 4: bytes of a command with its line end
_STAT = re.compile(r"([0-9]{1,18}) +([0-9]{1,18})(?: |\Z)")
# RFC 2449, 8.1; RFC 3206, 4
_OUTCOMES = {
    "[AUTH]": LoginOutcome.REFUSED,
    "[SYS/TEMP]": LoginOutcome.TEMPORARY,
    "[IN-USE]": LoginOutcome.TEMPORARY,
    "[LOGIN-DELAY]": LoginOutcome.TEMPORARY,
    "[SYS/PERM]": LoginOutcome.DISABLED,
}


class Refused(Exception):
    """The server says no to a command, in *words*."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


def read_stat(text: str) -> tuple[int, int]:
    """Read the answer to STAT: messages and octets (RFC 1939, 5)."""
    found = _STAT.match(text)
    if not found:
        raise NotUnderstood
    return int(found[1]), int(found[2])


def list_ends(lines: Lines) -> bool:
    """Tell whether *lines* are a whole answer of several lines (RFC 1939, 3)."""
    return not lines[0].upper().startswith("+OK") or lines[-1] == "."


def has_id(lines: Lines, message_id: str) -> bool:
    """Tell whether the message's header, the answer to TOP, has that Message-ID."""
    header = "\n".join(lines[1:]).partition("\n\n")[0]
    found = re.search(r"^message-id:\s*(\S+)", header, re.IGNORECASE | re.MULTILINE)
    return found is not None and found[1] == message_id


class POP3Door(AuthCommand):
    """RFC 5034, 4 and RFC 1939, 7."""

    max_command = _MAX_COMMAND

    def ends(self, lines: Lines) -> bool:
        """Tell that one line is all."""
        return always(lines)

    def read(self, lines: Lines) -> Answer:
        """Read a challenge or an end."""
        if lines[0].startswith("+ ") or lines[0] == "+":
            return Answer(lines[0][1:])
        consent, words = read_reply(lines)
        if consent:
            return Answer(None, words=words)
        code = words.partition("]")[0].upper() + "]" if words.startswith("[") else ""
        outcome = _OUTCOMES.get(code, LoginOutcome.REFUSED)
        return Answer(None, out_of_use(words) if outcome is LoginOutcome.REFUSED else outcome, words)

    async def password(self, stream: Stream, who: Credentials) -> Answer:
        """Log in by USER and PASS."""
        await stream.say(b"USER " + octets(who.username) + b"\r\n", f"USER {MASK}")
        answer = self.read(await stream.answer(always, literals=False))
        if answer.outcome is not LoginOutcome.ACCEPTED or answer.challenge is not None:
            return answer
        await stream.say(b"PASS " + octets(who.password.reveal()) + b"\r\n", f"PASS {MASK}")
        return self.read(await stream.answer(always, literals=False))


class Inside:
    """A conversation of somebody who is logged in. Everything raises Ended, NotUnderstood, and Refused where the server says no."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def count(self) -> tuple[int, int]:
        """Return how many messages there are, and how many octets."""
        return read_stat(await self._ask(b"STAT\r\n"))

    async def find(self, message_id: str) -> int | None:
        """Return the number of the message with *message_id* among the newest, None where it is not there."""
        messages, _ = await self.count()
        for number in range(messages, max(0, messages - NEWEST), -1):
            await self._stream.say(b"TOP %d 0\r\n" % number)
            lines = await self._stream.answer(list_ends, literals=False, allowed=MAX_HEADER)
            consent, words = read_reply(lines)
            if not consent:
                raise Refused(words)
            if has_id(lines, message_id):
                return number
        return None

    async def delete(self, number: int) -> bool:
        """Delete the message with that *number*, and end: only then it is gone (RFC 1939, 6)."""
        await self._ask(b"DELE %d\r\n" % number)
        await self._ask(b"QUIT\r\n")
        return True

    async def _ask(self, command: bytes) -> str:
        await self._stream.say(command)
        consent, words = read_reply(await self._stream.answer(always, literals=False))
        if not consent:
            raise Refused(clipped(words))
        return words
