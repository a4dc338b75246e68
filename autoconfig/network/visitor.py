"""Somebody with a password, who logs in, looks around, and leaves everything as it was; and sends one message to see it come.

Nothing of this is remembered or saved: it is no world whose answers could be asked for again. What the other side does is told as a
`Login` or a `RoundTrip`, within a time, and nothing is tried twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from quopri import encodestring
from uuid import uuid4

from autoconfig.address import EmailAddress
from autoconfig.network import mailbox_imap, mailbox_pop3, submission
from autoconfig.network.language import Capabilities, NotUnderstood
from autoconfig.network.mailbox_imap import IMAPDoor
from autoconfig.network.mailbox_pop3 import POP3Door
from autoconfig.network.secret import Credentials, Password
from autoconfig.network.session import Door, NoLogin, logged_in, opened
from autoconfig.network.stream import Ended, Stream
from autoconfig.network.submission import SMTPDoor
from autoconfig.network.tls import Trust
from autoconfig.observations import Endpoint, Letter, Login, LoginOutcome, Mailbox, RoundTrip, Sent, Stop, Talk

LOGIN_SECONDS = 15.0  # for one login and the look around; servers take their time over a wrong password
WAIT_SECONDS = 60.0  # for a message that was taken
_AGAIN = 1.0  # seconds until we look again
_AGAIN_POP3 = 3.0  # where each look is a login
_ALL_EVERY = 5  # looks, of which one is at all folders
_MAX_LOOKED_AT = 100  # folders
_MAX_SENDING = 30.0  # seconds

_DOORS: dict[Talk, Door] = {Talk.IMAP: IMAPDoor(), Talk.POP3: POP3Door(), Talk.SMTP: SMTPDoor()}
_INBOX = Mailbox("INBOX", "INBOX")
_UNSAYABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, and halves of pairs, which UTF-8 does not have


@dataclass
class Guest:
    """Whoever has *password*; *on_wait* is told when a message is on its way, and for how many seconds it is waited for at most."""

    password: Password
    ca: Path | None = None
    seconds: float = LOGIN_SECONDS
    wait: float = WAIT_SECONDS
    on_wait: Callable[[float], None] = lambda seconds: None
    _trust: Trust = field(init=False)

    def __post_init__(self) -> None:
        self._trust = Trust.load(self.ca)

    async def login(self, endpoint: Endpoint, username: str) -> Login:
        """Log in once, look around, and leave everything as it was."""
        visit = _Visit(endpoint, Credentials(username, self.password), self._trust)
        return await visit.made(self.seconds)

    async def send_and_wait(self, sender: EmailAddress, letter: Letter, out: tuple[Endpoint, str], back: tuple[Endpoint, str]) -> RoundTrip:
        """Send *letter* from *sender* to itself by *out*, look for it at *back*, and delete it there; both with their user names."""
        trip = _Trip(sender, letter, self._trust, out[0], Credentials(out[1], self.password), back[0], Credentials(back[1], self.password))
        return await trip.made(self.wait, self.on_wait)


@asynccontextmanager
async def _session(
    endpoint: Endpoint, who: Credentials, trust: Trust, seconds: float
) -> AsyncIterator[tuple[Stream, Capabilities, str, str]]:
    """Yield the conversation with *who* logged in, what the server offered before that, the mechanism and the server's words."""
    async with opened(endpoint, trust, seconds, who) as (stream, found):
        mechanism, words = await logged_in(stream, _DOORS[endpoint.service.talk], found, who)
        yield stream, found, mechanism, words


def _sayable(username: str) -> bool:
    # What a document from outside names goes into lines of a protocol.
    return bool(username) and not _UNSAYABLE.search(username)


# --- the login ---------------------------------------------------------------------------------------------------------------------


class _Visit:
    """One login, as it grows."""

    def __init__(self, endpoint: Endpoint, who: Credentials, trust: Trust) -> None:
        self._endpoint = endpoint
        self._who = who
        self._trust = trust
        self._loop = asyncio.get_running_loop()
        self._seen = Login(endpoint, who.username, LoginOutcome.NOT_TRIED)
        self._stream: Stream | None = None

    async def made(self, seconds: float) -> Login:
        began = self._loop.time()
        if not _sayable(self._who.username):
            return self._seen
        try:
            async with asyncio.timeout(seconds):
                await self._log_in(seconds)
        except TimeoutError:
            self._stop(Stop.TIMEOUT)
        except Ended as ended:
            self._stop(ended.stop)
        except NotUnderstood:
            self._stop(Stop.GARBAGE)
        except NoLogin as no:
            words = self._who.censored(no.words)
            self._seen = replace(self._seen, outcome=no.outcome, words=words, mechanism=no.mechanism or self._seen.mechanism)
        transcript = self._stream.transcript if self._stream is not None else ()
        return replace(self._seen, transcript=transcript, ms=_ms(self._loop.time() - began))

    def _stop(self, stop: Stop) -> None:
        accepted = self._seen.outcome is LoginOutcome.ACCEPTED
        self._seen = replace(self._seen, stop=stop, outcome=LoginOutcome.ACCEPTED if accepted else LoginOutcome.BROKEN_OFF)

    async def _log_in(self, seconds: float) -> None:
        async with opened(self._endpoint, self._trust, seconds, self._who) as (stream, found):
            self._stream = stream
            since = self._loop.time()
            try:
                mechanism, words = await logged_in(stream, _DOORS[self._endpoint.service.talk], found, self._who)
            finally:
                self._seen = replace(self._seen, login_ms=_ms(self._loop.time() - since))
            self._seen = replace(self._seen, outcome=LoginOutcome.ACCEPTED, mechanism=mechanism)
            match self._endpoint.service.talk:
                case Talk.IMAP:
                    await self._look_around(stream, words)
                    stream.leave(b"Z LOGOUT\r\n")
                case Talk.POP3:
                    await self._count(stream)
                    stream.leave(b"QUIT\r\n")
                case _:
                    stream.leave(b"QUIT\r\n")

    async def _look_around(self, stream: Stream, words: str) -> None:
        try:
            inside = await mailbox_imap.inside(stream, words)
            self._seen = replace(self._seen, mailboxes=await inside.mailboxes())
            self._seen = replace(self._seen, messages=await inside.messages())
            self._seen = replace(self._seen, quotas=await inside.quotas())
        except mailbox_imap.Refused as refused:
            self._seen = replace(self._seen, words=self._who.censored(refused.words))

    async def _count(self, stream: Stream) -> None:
        try:
            messages, octets = await mailbox_pop3.Inside(stream).count()
            self._seen = replace(self._seen, messages=messages, octets=octets)
        except mailbox_pop3.Refused as refused:
            self._seen = replace(self._seen, words=self._who.censored(refused.words))


# --- the round trip ----------------------------------------------------------------------------------------------------------------


class _Trip:
    """One message, from its sending to its end."""

    def __init__(
        self, sender: EmailAddress, letter: Letter, trust: Trust, out: Endpoint, sends: Credentials, back: Endpoint, fetches: Credentials
    ) -> None:
        self._sender = sender
        self._letter = letter
        self._trust = trust
        self._out, self._sends = out, sends
        self._back, self._fetches = back, fetches
        self._loop = asyncio.get_running_loop()
        self._id = f"<autoconfig-check.{uuid4().hex}@{sender.domain.ascii}>"
        # A clock that is wrong here, or a day that has another date there.
        self._since = (datetime.now(UTC) - timedelta(days=1)).date()
        self._seen = RoundTrip(out, back, Sent.FAILED)
        self._sent_at = 0.0

    async def made(self, seconds: float, on_wait: Callable[[float], None]) -> RoundTrip:
        began = self._loop.time()
        try:
            async with asyncio.timeout(_MAX_SENDING):
                await self._send()
        except (TimeoutError, Ended, NotUnderstood, NoLogin) as error:
            self._seen = replace(self._seen, words=self._seen.words or self._sends.censored(_why(error)))
        self._seen = replace(self._seen, sent_ms=_ms(self._loop.time() - began))
        if self._seen.sent is not Sent.ACCEPTED:
            return self._seen
        self._sent_at = self._loop.time()
        on_wait(seconds)
        try:
            async with asyncio.timeout(seconds):
                await (self._watch_imap() if self._back.service.talk is Talk.IMAP else self._watch_pop3())
        except TimeoutError:
            pass
        except (Ended, NotUnderstood, NoLogin, mailbox_imap.Refused, mailbox_pop3.Refused) as error:
            self._seen = replace(self._seen, trouble=self._fetches.censored(_why(error)))
        return replace(self._seen, waited_ms=_ms(self._loop.time() - self._sent_at))

    async def _send(self) -> None:
        async with _session(self._out, self._sends, self._trust, _MAX_SENDING) as (stream, found, _, _):
            message = written(self._letter, self._sender, self._id, datetime.now(UTC))
            sent, words = await submission.submitted(stream, self._sender.ascii, message, found)
            self._seen = replace(self._seen, sent=sent, words=self._sends.censored(words))
            stream.leave(b"QUIT\r\n")

    # --- looking for it ---

    async def _watch_imap(self) -> None:
        async with _session(self._back, self._fetches, self._trust, WAIT_SECONDS) as (stream, _, _, words):
            inside = await mailbox_imap.inside(stream, words)
            mailboxes = await inside.mailboxes()
            likely = [box for box in mailboxes if box.wire == "INBOX" or "junk" in box.uses] or [_INBOX]
            likely.sort(key=lambda box: box.wire != "INBOX")
            others = [box for box in mailboxes if box not in likely and "all" not in box.uses][:_MAX_LOOKED_AT]
            look = 0
            while True:
                look += 1
                for mailbox in (*likely, *(others if look % _ALL_EVERY == 0 else ())):
                    if uids := await self._looked(inside, mailbox):
                        self._arrived(mailbox)
                        self._seen = replace(self._seen, deleted=await inside.delete(mailbox, uids))
                        stream.leave(b"Z LOGOUT\r\n")
                        return
                await asyncio.sleep(_AGAIN)

    async def _looked(self, inside: mailbox_imap.Inside, mailbox: Mailbox) -> tuple[int, ...]:
        try:
            return await inside.find(mailbox, self._id, self._since)
        except mailbox_imap.Refused:
            if mailbox.wire == "INBOX":
                raise
            return ()  # somebody else's folder, or one that has just gone

    async def _watch_pop3(self) -> None:
        # RFC 1939, 8: a POP3 server need not show what has come since the login.
        while True:
            try:
                async with _session(self._back, self._fetches, self._trust, WAIT_SECONDS) as (stream, _, _, _):
                    inside = mailbox_pop3.Inside(stream)
                    number = await inside.find(self._id)
                    if number is not None:
                        self._arrived(_INBOX)
                        self._seen = replace(self._seen, deleted=await inside.delete(number))
                        return
                    stream.leave(b"QUIT\r\n")
            except NoLogin as no:
                if no.outcome is not LoginOutcome.TEMPORARY:  # such as RFC 2449's LOGIN-DELAY
                    raise
            await asyncio.sleep(_AGAIN_POP3)

    def _arrived(self, mailbox: Mailbox) -> None:
        self._seen = replace(self._seen, mailbox=mailbox, arrived_ms=_ms(self._loop.time() - self._sent_at))


def written(letter: Letter, sender: EmailAddress, message_id: str, now: datetime) -> bytes:
    """Return *letter* from *sender* to itself as a message (RFC 5322)."""
    head = (
        f"From: <{sender.ascii}>",
        f"To: <{sender.ascii}>",
        f"Subject: {letter.subject}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: {message_id}",
        f"X-Autoconfig-Check: {message_id[1:-1]}",
        "Auto-Submitted: auto-generated",  # RFC 3834, 5: nobody's holiday message answers
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
    )
    body = encodestring(letter.text.encode()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return "\r\n".join((*head, "")).encode() + body + (b"" if body.endswith(b"\r\n") else b"\r\n")


def _why(error: Exception) -> str:
    match error:
        case NoLogin():
            return error.words or error.outcome.value
        case Ended():
            return error.stop.value
        case mailbox_imap.Refused() | mailbox_pop3.Refused():
            return error.words
        case TimeoutError():
            return Stop.TIMEOUT.value
        case _:
            return Stop.GARBAGE.value


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
