"""A conversation in which a password may be said: verified TLS first, or no word of it.

`opened` comes as far as a server that waits for a login, and nowhere near it when the certificate is not for that name, has expired, or
leads to nobody that we trust; when there is no way up to TLS; or when something came in the clear that should have come over TLS.
`logged_in` is the one attempt: the strongest mechanism, once. What each protocol has of its own stands in the files beside this one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol as Interface

from autoconfig.network import imap, pop3, smtp
from autoconfig.network.language import PASSWORD, Capabilities, Language, Lines, clipped
from autoconfig.network.sasl import Exchange, MechanismFailed, strongest
from autoconfig.network.secret import MASK, Credentials
from autoconfig.network.stream import NoConnection, NoTLS, Stream, connect
from autoconfig.network.tls import Trust
from autoconfig.observations import Endpoint, GreetingKind, LoginOutcome, Talk

_LANGUAGES: Mapping[Talk, Language] = {Talk.IMAP: imap.LANGUAGE, Talk.POP3: pop3.LANGUAGE, Talk.SMTP: smtp.LANGUAGE}

# Words by which servers that have no code for it say that the account is out of use.
_OUT_OF_USE = ("disabled", "deactivated", "suspended", "locked", "blocked", "expired", "inactive")


class NoLogin(Exception):
    """There is no login: *outcome* says why, *words* perhaps in whose."""

    def __init__(self, outcome: LoginOutcome, words: str = "", mechanism: str = "") -> None:
        self.outcome = outcome
        self.words = words
        self.mechanism = mechanism
        super().__init__(outcome)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says to a step of a login: it goes on with a *challenge*, or *outcome* is how it ended, in the server's *words*."""

    challenge: str | None
    outcome: LoginOutcome = LoginOutcome.ACCEPTED
    words: str = ""


class Door(Interface):
    """How one protocol logs somebody in. All of it is pure, but for `password`."""

    literals: bool

    def begin(self, mechanism: str, initial: str | None) -> bytes:
        """Return the command that begins *mechanism*, with the first response in base64 where there is one that may be said at once."""

    def may_begin_with_response(self, found: Capabilities, mechanism: str, initial: str) -> bool:
        """Tell whether the first response may stand in the command."""

    def ends(self, lines: Lines) -> bool:
        """Tell whether *lines* are a whole answer to a step."""

    def read(self, lines: Lines) -> Answer:
        """Read an answer to a step; raises NotUnderstood."""

    async def password(self, stream: Stream, who: Credentials) -> Answer:
        """Log in without SASL."""


class AuthCommand:
    """The part of a `Door` that POP3 and SMTP have in common: AUTH, in one line of at most `max_command` bytes with its end."""

    literals = False
    max_command: int

    def begin(self, mechanism: str, initial: str | None) -> bytes:
        """Return AUTH."""
        return " ".join(filter(None, ("AUTH", mechanism, initial))).encode() + b"\r\n"

    def may_begin_with_response(self, found: Capabilities, mechanism: str, initial: str) -> bool:
        """Tell whether it is short enough for one command."""
        return len(self.begin(mechanism, initial)) <= self.max_command


@asynccontextmanager
async def opened(endpoint: Endpoint, trust: Trust, seconds: float, who: Credentials) -> AsyncIterator[tuple[Stream, Capabilities]]:
    """Connect to *endpoint* within *seconds*, and yield the conversation, verified, and what the server offers over TLS.

    Raises NoLogin, Ended, NotUnderstood. Nothing that the transcript has can be read as the secret of *who*.
    """
    try:
        stream = await connect(endpoint.ip, endpoint.port, seconds)
    except NoConnection as failed:
        raise NoLogin(LoginOutcome.NOT_TRIED, failed.outcome.value) from None
    stream.censor = who.censored
    try:
        yield stream, await _ready(stream, endpoint, trust)
    finally:
        stream.leave()


async def _ready(stream: Stream, endpoint: Endpoint, trust: Trust) -> Capabilities:
    language, name = _LANGUAGES[endpoint.service.talk], endpoint.host.ascii
    if endpoint.service.implicit:
        await _secured(stream, trust, name, upgrade=False)
    hello = language.read_greeting(await stream.answer(language.greeting_ends, literals=language.literals))
    if hello.kind is GreetingKind.PREAUTH:  # somebody already, and not the one whom we know the password of
        raise NoLogin(LoginOutcome.NOT_TRIED, clipped(hello.text))
    if hello.kind is not GreetingKind.READY:
        raise NoLogin(LoginOutcome.TEMPORARY, clipped(hello.text))
    if endpoint.service.implicit:
        return hello.capabilities or await _asked(stream, language)
    found = hello.capabilities or await _asked(stream, language)
    if not found.starttls:
        raise NoLogin(LoginOutcome.NOT_SECURED, "no STARTTLS")
    await stream.say(language.starttls)
    consent, words = language.read_reply(await stream.answer(language.reply_ends, literals=language.literals))
    if not consent:
        raise NoLogin(LoginOutcome.NOT_SECURED, words)
    await _secured(stream, trust, name, upgrade=True)
    return await _asked(stream, language)


async def _secured(stream: Stream, trust: Trust, name: str, *, upgrade: bool) -> None:
    try:
        _, clear = await stream.start_tls(trust.verifying, name, upgrade=upgrade)
    except NoTLS as failed:
        raise NoLogin(LoginOutcome.NOT_SECURED, failed.detail or failed.failure.value) from None
    if clear:  # who says more than is right before TLS may not be the one who speaks after it (CVE-2011-0411)
        raise NoLogin(LoginOutcome.NOT_SECURED, "clear text before TLS")


async def _asked(stream: Stream, language: Language) -> Capabilities:
    await stream.say(language.ask)
    found = language.read_capabilities(await stream.answer(language.capabilities_end, literals=language.literals))
    if found is None:
        raise NoLogin(LoginOutcome.TEMPORARY, "refuses to say what it offers")
    return found


async def logged_in(stream: Stream, door: Door, found: Capabilities, who: Credentials) -> tuple[str, str]:
    """Log *who* in with the strongest of the mechanisms that *found* offers, and return its name and the server's last words.

    There is one attempt, whatever the answer. Raises NoLogin, Ended, NotUnderstood.
    """
    mechanism = strongest(found.auth) or (PASSWORD if PASSWORD in found.auth else None)
    if mechanism is None:
        raise NoLogin(LoginOutcome.NO_MECHANISM, ", ".join(found.auth))
    if mechanism == PASSWORD:
        answer = await door.password(stream, who)
    else:
        try:
            answer = await _exchanged(stream, door, found, mechanism, who)
        except MechanismFailed:
            raise NoLogin(LoginOutcome.MECHANISM_FAILED, mechanism=mechanism) from None
    words = who.censored(answer.words)
    if answer.outcome is not LoginOutcome.ACCEPTED:
        raise NoLogin(answer.outcome, words, mechanism)
    return mechanism, words


async def _exchanged(stream: Stream, door: Door, found: Capabilities, mechanism: str, who: Credentials) -> Answer:
    exchange = Exchange(mechanism, who)
    first = base64.b64encode(exchange.initial).decode() if exchange.client_first else None
    at_once = first is not None and door.may_begin_with_response(found, mechanism, first)
    begin = door.begin(mechanism, first if at_once else None)
    await stream.say(begin, begin.decode().strip() if first is None or not at_once else f"{begin.decode().rpartition(' ')[0]} {MASK}")
    waiting = first is not None and not at_once
    while True:
        answer = door.read(await stream.answer(door.ends, literals=door.literals))
        if answer.challenge is None:
            if answer.outcome is LoginOutcome.ACCEPTED and not exchange.settled:
                raise MechanismFailed
            return answer
        if waiting:
            response, waiting = exchange.initial, False
        else:
            response = exchange.respond(_decoded(answer.challenge))
        await stream.say(base64.b64encode(response) + b"\r\n", MASK)


def _decoded(challenge: str) -> bytes:
    try:
        return base64.b64decode(challenge.strip().encode("ascii"), validate=True)
    except (ValueError, binascii.Error):  # UnicodeEncodeError is one
        raise MechanismFailed from None


def out_of_use(words: str) -> LoginOutcome:
    """Return what a refusal without a code of its own is, by its *words*."""
    low = words.lower()
    return LoginOutcome.DISABLED if any(word in low for word in _OUT_OF_USE) else LoginOutcome.REFUSED
