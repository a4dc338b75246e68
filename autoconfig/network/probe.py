"""One conversation with one server at one address, as far as one can come without a login.

It takes the shortest way through what is to be known, since each step is a round trip: what a greeting says of capabilities is not asked
again, and nothing waits for a good-bye. Whatever the other side does is told as a `Connection`, within the time that was given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from autoconfig.network import imap, pop3, sieve, smtp
from autoconfig.network.language import Capabilities, Language, NotUnderstood, recognise
from autoconfig.network.stream import Ended, NoConnection, NoTLS, Stream, connect
from autoconfig.network.tls import Trust
from autoconfig.observations import TCP, TLS, Connection, Endpoint, Greeting, GreetingKind, Service, Stage, Stop, Talk, TLSFailure

_CONNECT_SHARE = 0.6  # of the time, so that a dead address is told from a silent server
_SILENCE = 1.5  # seconds without a greeting until we look whether the server waits for TLS
_SILENCE_SHARE = 0.4
_MAX_INJECTED = 500  # characters

_LANGUAGES: Mapping[Talk, Language] = {
    Talk.IMAP: imap.LANGUAGE,
    Talk.POP3: pop3.LANGUAGE,
    Talk.SMTP: smtp.LANGUAGE,
    Talk.SIEVE: sieve.LANGUAGE,
}


async def probe(endpoint: Endpoint, trust: Trust, seconds: float) -> Connection:
    """Connect to *endpoint* and talk without login; return what was seen within *seconds*. Raises nothing of the other side's doing."""
    conversation = _Conversation(endpoint, trust, seconds)
    return await conversation.held()


class _Conversation:
    """What is seen, as it grows."""

    def __init__(self, endpoint: Endpoint, trust: Trust, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._trust = trust
        self._seconds = seconds
        self._began = self._since = self._loop.time()
        self._stage = Stage.GREETING
        self._seen = Connection(endpoint, TCP.UNKNOWN)
        self._name = endpoint.host.ascii
        self._service = endpoint.service
        self._stream: Stream | None = None

    async def held(self) -> Connection:
        try:
            async with asyncio.timeout(self._seconds):
                stream = await self._connected()
                if stream is not None:
                    await self._talk(stream)
        except TimeoutError:
            self._stop(Stop.TIMEOUT)
        except Ended as ended:
            self._stop(ended.stop, ended.detail)
        except NotUnderstood:
            self._stop(Stop.GARBAGE)
        finally:
            if self._stream is not None:
                self._stream.leave()
        transcript = self._stream.transcript if self._stream is not None else ()
        return replace(self._seen, transcript=transcript, ms=self._ms(self._began))

    def _ms(self, since: float) -> float:
        return round((self._loop.time() - since) * 1000, 3)

    # --- the way ---

    async def _connected(self) -> Stream | None:
        endpoint = self._seen.endpoint
        try:
            self._stream = await connect(endpoint.ip, endpoint.port, self._seconds * _CONNECT_SHARE)
        except NoConnection as failed:
            self._seen = replace(self._seen, tcp=failed.outcome, connect_ms=self._ms(self._began))
            return None
        self._seen = replace(self._seen, tcp=TCP.CONNECTED, connect_ms=self._ms(self._began))
        self._stream.note("*", f"connected to {endpoint.ip} port {endpoint.port}")
        self._since = self._loop.time()
        return self._stream

    async def _talk(self, stream: Stream) -> None:
        if self._service is Service.HTTP:
            return
        if self._service.implicit and not await self._secured(stream, upgrade=False):
            return
        if self._service is Service.HTTPS:
            return
        language = _LANGUAGES[self._service.talk]
        self._stage = Stage.GREETING
        found, kind = await self._greeted(stream, language)
        if kind in (GreetingKind.TRY_LATER, GreetingKind.GO_AWAY):
            self._stop(Stop.REFUSED)
            return
        self._stage = Stage.CAPABILITIES
        found = found or await self._asked(stream, language)
        if found is None:
            return
        if self._service.implicit:
            self._seen = replace(self._seen, capabilities_after=found.words, auth_after=found.auth)
            stream.leave(language.bye)
            return
        self._seen = replace(self._seen, capabilities_before=found.words, auth_before=found.auth, starttls_offered=found.starttls)
        # RFC 9051, 6.2.1: STARTTLS is for those who are nobody yet.
        if not found.starttls or kind is GreetingKind.PREAUTH:
            stream.leave(language.bye)
            return
        self._stage = Stage.STARTTLS
        if not await self._consented(stream, language) or not await self._secured(stream, upgrade=True):
            return
        self._stage = Stage.CAPABILITIES_AFTER
        # A ManageSieve server tells again without being asked (RFC 5804, 2.2), some do not: the first answer will do.
        found = await self._asked(stream, language)
        if found is not None:
            self._seen = replace(self._seen, capabilities_after=found.words, auth_after=found.auth)
            stream.leave(language.bye)

    async def _greeted(self, stream: Stream, language: Language) -> tuple[Capabilities | None, GreetingKind]:
        # What is awaited here can also be waited for below, while we look for a server that wants TLS first.
        self._since = self._loop.time()
        answer = asyncio.ensure_future(stream.answer(language.greeting_ends, literals=language.literals))
        try:
            # Before its greeting, a mail exchanger takes whoever talks for a spammer.
            if not self._service.implicit and self._service is not Service.SMTP:
                await asyncio.wait([answer], timeout=min(_SILENCE, self._seconds * _SILENCE_SHARE))
                if not answer.done() and not stream.waiting and await self._wants_tls(answer):
                    stream.note("*", "silent; a second connection that began with TLS was answered")
                    raise Ended(Stop.TLS_BYTES)
            lines = await answer
        except BaseException:
            answer.cancel()
            with suppress(asyncio.CancelledError, Ended):
                await answer
            raise
        ms = self._ms(self._since)
        try:
            hello = language.read_greeting(lines)
        except NotUnderstood:
            self._recognise("\r\n".join(lines).encode())
            raise
        self._seen = replace(self._seen, greeting=Greeting(hello.kind, hello.text, ms))
        return hello.capabilities, hello.kind

    async def _wants_tls(self, answer: asyncio.Future[list[str]]) -> bool:
        """Tell whether a second connection can begin with TLS; gives up as soon as the first one has its *answer*."""
        attempt = asyncio.ensure_future(self._shakes_hands())
        both: list[asyncio.Future[Any]] = [attempt, answer]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            return attempt.done() and attempt.result()
        finally:
            attempt.cancel()
            with suppress(asyncio.CancelledError):
                await attempt

    async def _shakes_hands(self) -> bool:
        endpoint = self._seen.endpoint
        try:
            stream = await connect(endpoint.ip, endpoint.port, self._seconds)
        except NoConnection:
            return False
        try:
            await stream.start_tls(self._trust.probing, self._name, upgrade=False)
        except NoTLS as failed:
            return failed.failure in (TLSFailure.ALERT, TLSFailure.VERSION)
        finally:
            stream.leave()
        return True

    async def _asked(self, stream: Stream, language: Language) -> Capabilities | None:
        await stream.say(language.ask)
        found = language.read_capabilities(await stream.answer(language.capabilities_end, literals=language.literals))
        if found is None:
            self._stop(Stop.REFUSED)
        return found

    async def _consented(self, stream: Stream, language: Language) -> bool:
        await stream.say(language.starttls)
        consent, text = language.read_reply(await stream.answer(language.reply_ends, literals=language.literals))
        self._seen = replace(self._seen, starttls_reply=text)
        if not consent:
            self._stop(Stop.REFUSED)
        return consent

    async def _secured(self, stream: Stream, *, upgrade: bool) -> bool:
        self._stage = Stage.TLS
        self._since = self._loop.time()
        try:
            session, clear = await stream.start_tls(self._trust.probing, self._name, upgrade=upgrade)
        except NoTLS as failed:
            if failed.said:
                stream.note("<", failed.said.partition(b"\n")[0].decode("utf-8", "replace").rstrip())
                self._recognise(failed.said)
            tls = self._trust.session(failed.session, self._name, self._ms(self._since))
            self._seen = replace(self._seen, tls=replace(tls, failure=failed.failure, detail=failed.detail))
            self._stop(Stop.TLS_FAILED)
            return False
        tls = self._trust.session(session, self._name, self._ms(self._since))
        stream.note("*", f"{tls.version} {tls.cipher}")
        injected = clear.decode("utf-8", "replace")[:_MAX_INJECTED]
        if injected:
            stream.note("*", f"in clear text before TLS: {injected!r}")
        self._seen = replace(self._seen, tls=tls, injected=injected)
        return True

    # --- the end ---

    def _recognise(self, said: bytes) -> None:
        self._seen = replace(self._seen, spoken=recognise(said))

    def _stop(self, stop: Stop, detail: str = "") -> None:
        if self._stream is None:
            return
        stage, tls = self._stage, self._seen.tls
        if stage is Stage.TLS:
            stop = Stop.TLS_FAILED
            tls = tls or TLS(self._name, TLSFailure.TIMEOUT, ms=self._ms(self._since))
        elif stop is Stop.TLS_FAILED and tls is not None:
            # TLS 1.3 may refuse after its handshake, as it does without the certificate that it asked us for (RFC 8446, 4.4.2.4).
            stage, tls = Stage.TLS, replace(tls, failure=TLSFailure.ALERT, detail=detail)
        elif stop is Stop.TLS_BYTES:
            self._seen = replace(self._seen, spoken="tls")
        words = (stop.value, tls.failure or "", tls.detail) if tls is not None and stop is Stop.TLS_FAILED else (stop.value,)
        self._stream.note("*", ": ".join(word for word in words if word))
        self._seen = replace(self._seen, stopped_at=stage, stop=stop, tls=tls)
