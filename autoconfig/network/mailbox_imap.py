"""An IMAP mailbox from inside (RFC 9051; RFC 3501): login, folders, quota, and looking for one message. Changes nothing but that message.

The readers are pure, take the lines of one answer, and raise `NotUnderstood` and nothing else.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from autoconfig.network.language import Capabilities, Lines, NotUnderstood, clipped
from autoconfig.network.secret import MASK, Credentials, octets
from autoconfig.network.session import Answer, out_of_use
from autoconfig.network.stream import Stream
from autoconfig.observations import LoginOutcome, Mailbox, Quota

MAX_LIST = 1 << 20  # bytes
MAX_MAILBOXES = 5000
_MAX_NAME = 500  # characters
_MAX_DEPTH = 8
_MAX_NUMBER = 20  # digits: number64 has 19 (RFC 9051, 9)

_TAGGED = re.compile(r"([^ *+]+) +(OK|NO|BAD)(?: (.*))?\Z", re.IGNORECASE | re.DOTALL)
_GOODBYE = re.compile(r"\* +BYE\b", re.IGNORECASE)
# RFC 9051, 9: resp-text-code
_CODE = re.compile(r"\[([A-Z0-9-]+)(?: +([^\]]*))?\]", re.IGNORECASE)
_TOKEN = re.compile(r'[ \t]*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))', re.DOTALL)
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")

# RFC 5530, 3
_OUTCOMES = {
    "AUTHENTICATIONFAILED": LoginOutcome.REFUSED,
    "AUTHORIZATIONFAILED": LoginOutcome.DISABLED,
    "EXPIRED": LoginOutcome.DISABLED,
    "CONTACTADMIN": LoginOutcome.DISABLED,
    "NOPERM": LoginOutcome.DISABLED,
    "PRIVACYREQUIRED": LoginOutcome.PRIVACY_REQUIRED,
    "UNAVAILABLE": LoginOutcome.TEMPORARY,
    "INUSE": LoginOutcome.TEMPORARY,
    "LIMIT": LoginOutcome.TEMPORARY,
    "SERVERBUG": LoginOutcome.TEMPORARY,
}
_USES = frozenset({"all", "archive", "drafts", "flagged", "junk", "sent", "trash", "important"})  # RFC 6154, 2; RFC 8457

Item = str | tuple["Item", ...]


class Refused(Exception):
    """The server says no to a command, in *words*."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Result:
    """What a command brought: the last line's *status* and *text*, and the lines before it without their "* "."""

    status: str
    text: str
    data: tuple[str, ...]


# --- reading -----------------------------------------------------------------------------------------------------------------------


def ends(lines: Lines) -> bool:
    """Tell whether *lines* are a whole answer, or the server wants to be answered first."""
    return not lines[-1].startswith("* ") or bool(_GOODBYE.match(lines[-1]))


def read_result(lines: Lines, tag: str) -> Result:
    """Read a whole answer to the command with *tag*."""
    found = _TAGGED.match(lines[-1])
    if not found or found[1] != tag:
        raise NotUnderstood
    return Result(found[2].upper(), clipped(found[3] or ""), tuple(line[2:] for line in lines[:-1]))


def code_of(text: str) -> tuple[str, str]:
    """Return the code at the beginning of a response's *text*, and what stands with it."""
    found = _CODE.match(text)
    return (found[1].upper(), found[2] or "") if found else ("", "")


def items(line: str) -> tuple[Item, ...]:
    """Return *line* as atoms, strings and lists; a quoted string is without its quotes."""
    stack: list[list[Item]] = [[]]
    at = 0
    line = line.rstrip()
    while at < len(line):
        found = _TOKEN.match(line, at)
        if not found:
            raise NotUnderstood
        at = found.end()
        if found[1]:
            if len(stack) >= _MAX_DEPTH:
                raise NotUnderstood
            stack.append([])
        elif found[2]:
            if len(stack) < 2:
                raise NotUnderstood
            done = tuple(stack.pop())
            stack[-1].append(done)
        else:
            stack[-1].append(found[4] if found[3] is None else re.sub(r"\\(.)", r"\1", found[3], flags=re.DOTALL))
    if len(stack) != 1:
        raise NotUnderstood
    return tuple(stack[0])


def read_list(result: Result) -> tuple[Mailbox, ...]:
    """Read the answer to LIST (RFC 9051, 7.3.1; RFC 6154)."""
    found: dict[str, Mailbox] = {}
    for line in _of(result, "LIST"):
        match items(line):
            case (str(), tuple() as attributes, str(), str() as name, *_) if len(found) < MAX_MAILBOXES:
                flags = tuple(item.lower().removeprefix("\\") for item in attributes if isinstance(item, str))
                uses = tuple(flag for flag in flags if flag in _USES)
                selectable = "noselect" not in flags and "nonexistent" not in flags
                # RFC 9051, 5.1: INBOX in any letter case
                wire = "INBOX" if name.upper() == "INBOX" else name
                found[wire] = Mailbox(readable(wire), wire, uses, selectable)
            case (str(), tuple(), str(), str(), *_):
                break
            case _:
                raise NotUnderstood
    return tuple(found.values())


def read_status(result: Result) -> dict[str, int]:
    """Read the answer to STATUS of one mailbox (RFC 9051, 7.3.4)."""
    for line in _of(result, "STATUS"):
        match items(line):
            case (str(), str(), tuple() as pairs, *_):
                return dict(_numbers(pairs))
            case _:
                raise NotUnderstood
    raise NotUnderstood


def read_quotas(result: Result) -> tuple[Quota, ...]:
    """Read the answer to GETQUOTAROOT (RFC 9208, 5.1)."""
    quotas: list[Quota] = []
    for line in _of(result, "QUOTA"):
        match items(line):
            case (str(), str() as root, tuple() as triples, *_):
                for name, used, limit in zip(triples[::3], triples[1::3], triples[2::3], strict=False):
                    quotas.append(Quota(root[:_MAX_NAME], _text(name).upper(), _number(used), _number(limit)))
            case _:
                raise NotUnderstood
    return tuple(quotas)


def read_search(result: Result) -> tuple[int, ...]:
    """Read the answer to UID SEARCH (RFC 3501, 7.2.5)."""
    return tuple(_number(word) for line in _of(result, "SEARCH") for word in items(line)[1:])


def readable(name: str) -> str:
    """Return a mailbox's *name* for people: modified UTF-7 (RFC 3501, 5.1.3) read, left as it is where it is none."""

    def shifted(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        text = found[1].replace(",", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-16-be")

    try:
        return _SHIFTED.sub(shifted, name)[:_MAX_NAME]
    except ValueError:  # binascii.Error and UnicodeDecodeError are ones
        return name[:_MAX_NAME]


def _of(result: Result, kind: str) -> Iterator[str]:
    return (line for line in result.data if line.partition(" ")[0].upper() == kind)


def _numbers(pairs: Sequence[Item]) -> Iterator[tuple[str, int]]:
    for name, value in zip(pairs[::2], pairs[1::2], strict=False):
        yield _text(name).upper(), _number(value)


def _text(item: Item) -> str:
    if not isinstance(item, str):
        raise NotUnderstood
    return item[:_MAX_NAME]


def _number(item: Item) -> int:
    if not isinstance(item, str) or not item.isascii() or not item.isdigit() or len(item) > _MAX_NUMBER:
        raise NotUnderstood
    return int(item)


def quoted(text: str) -> bytes | None:
    """Return *text* as a quoted string, None where it can be none: then it wants a literal."""
    if not text.isascii() or any(c in text for c in "\0\r\n"):
        return None
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


# --- the login ---------------------------------------------------------------------------------------------------------------------


class IMAPDoor:
    """RFC 9051, 6.2.2 and 6.2.3."""

    literals = True
    _tag = "L"

    def begin(self, mechanism: str, initial: str | None) -> bytes:
        """Return AUTHENTICATE."""
        return " ".join(filter(None, (self._tag, "AUTHENTICATE", mechanism, initial))).encode() + b"\r\n"

    def may_begin_with_response(self, found: Capabilities, mechanism: str, initial: str) -> bool:
        """Tell whether there is SASL-IR (RFC 4959), which IMAP4rev2 contains."""
        return "SASL-IR" in found.words or "IMAP4REV2" in found.words

    def ends(self, lines: Lines) -> bool:
        """Tell whether it is a challenge or an end."""
        return ends(lines)

    def read(self, lines: Lines) -> Answer:
        """Read a challenge or an end."""
        last = lines[-1]
        if last.startswith("+"):
            return Answer(last[1:])
        if _GOODBYE.match(last):
            return Answer(None, LoginOutcome.TEMPORARY, clipped(last[2:]))
        result = read_result(lines, self._tag)
        if result.status == "OK":
            return Answer(None, words=result.text)
        if result.status == "BAD":
            return Answer(None, LoginOutcome.MECHANISM_FAILED, f"BAD {result.text}")
        outcome = _OUTCOMES.get(code_of(result.text)[0], LoginOutcome.REFUSED)
        return Answer(None, out_of_use(result.text) if outcome is LoginOutcome.REFUSED else outcome, f"NO {result.text}")

    async def password(self, stream: Stream, who: Credentials) -> Answer:
        """Log in by LOGIN."""
        words = (who.username, who.password.reveal())
        line = f"{self._tag} LOGIN".encode()
        for text in words:
            word = quoted(text)
            if word is None:
                data = octets(text)
                await stream.say(line + b" {%d}\r\n" % len(data), f"{self._tag} LOGIN {MASK}")
                answer = self.read(await stream.answer(self.ends, literals=True))
                if answer.challenge is None:
                    return answer
                line = data
            else:
                line += b" " + word
        await stream.say(line + b"\r\n", f"{self._tag} LOGIN {MASK}")
        return self.read(await stream.answer(self.ends, literals=True))


# --- inside ------------------------------------------------------------------------------------------------------------------------


class Inside:
    """A conversation of somebody who is logged in. Everything raises Ended, NotUnderstood, and Refused where the server says no."""

    def __init__(self, stream: Stream, capabilities: frozenset[str]) -> None:
        self._stream = stream
        self._number = 0
        self.capabilities = capabilities

    async def ask(self, command: bytes, allowed: int | None = None) -> Result:
        """Say *command* and return what it brought."""
        self._number += 1
        tag = f"I{self._number}"
        await self._stream.say(f"{tag} ".encode() + command + b"\r\n", f"{tag} {command.decode('ascii', 'replace')}")
        lines = await self._stream.answer(ends, literals=True, **({} if allowed is None else {"allowed": allowed}))
        if _GOODBYE.match(lines[-1]):
            raise Refused(clipped(lines[-1][2:]))
        result = read_result(lines, tag)
        if result.status != "OK":
            raise Refused(f"{result.status} {result.text}")
        return result

    async def mailboxes(self) -> tuple[Mailbox, ...]:
        """Return every mailbox."""
        marked = {"SPECIAL-USE", "LIST-EXTENDED"} <= self.capabilities or "IMAP4REV2" in self.capabilities
        return read_list(await self.ask(b'LIST "" "*"' + (b" RETURN (SPECIAL-USE)" if marked else b""), MAX_LIST))

    async def messages(self) -> int | None:
        """Return how many messages are in INBOX."""
        return read_status(await self.ask(b"STATUS INBOX (MESSAGES)")).get("MESSAGES")

    async def quotas(self) -> tuple[Quota, ...]:
        """Return the limits that INBOX is under, none where the server has none or does not tell."""
        if not any(word == "QUOTA" or word.startswith("QUOTA=") for word in self.capabilities):
            return ()
        return read_quotas(await self.ask(b"GETQUOTAROOT INBOX"))

    async def find(self, mailbox: Mailbox, message_id: str, since: date) -> tuple[int, ...]:
        """Return the UIDs of the messages in *mailbox* with *message_id* that came on *since* or later; changes no flag."""
        name = quoted(mailbox.wire)
        if name is None or not mailbox.selectable:
            return ()
        await self.ask(b"EXAMINE " + name)
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}".encode()  # RFC 9051, 9: date-text
        return read_search(await self.ask(b'UID SEARCH SINCE %s HEADER Message-ID "%s"' % (day, message_id.encode()), MAX_LIST))

    async def delete(self, mailbox: Mailbox, uids: Sequence[int]) -> bool:
        """Delete the messages *uids* of *mailbox*, and no other; return whether they are gone."""
        name = quoted(mailbox.wire)
        if name is None:
            return False
        numbers = ",".join(map(str, uids)).encode()
        await self.ask(b"SELECT " + name)
        await self.ask(b"UID STORE %s +FLAGS.SILENT (\\Deleted)" % numbers)
        # RFC 4315, 2.1: EXPUNGE without UIDs would take with it what others have marked.
        if "UIDPLUS" not in self.capabilities and "IMAP4REV2" not in self.capabilities:
            return False
        await self.ask(b"UID EXPUNGE %s" % numbers)
        return True


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


async def inside(stream: Stream, words: str) -> Inside:
    """Return the conversation of who has just been let in, with *words*."""
    code, listed = code_of(words)
    if code == "CAPABILITY":
        return Inside(stream, frozenset(listed.upper().split()))
    found = Inside(stream, frozenset())
    result = await found.ask(b"CAPABILITY")
    found.capabilities = frozenset(word for line in _of(result, "CAPABILITY") for word in line.upper().split())
    return found
