"""A server over TLS that says what a test tells it to, line by line; and SCRAM as a server speaks it, right or wrong.

For what no real server does: it can be made to lie, to hang, and to repeat what it was told.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from autoconfig.address import Domain
from autoconfig.observations import Endpoint, Service
from tests.faulty.script import right_chain

NAME = "mail.kund.test"
USER, PASSWORD = "anna@kund.test", "geheim-9f31å"
SALT = b"0123456789abcdef"


class Gone(Exception):
    """The client has left."""


@dataclass
class Talk:
    """One conversation: what was *heard*, and words to say."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[str] = field(default_factory=list)

    async def line(self) -> str:
        """Return the next line of the client's."""
        line = await self.reader.readline()
        if not line:
            raise Gone
        self.heard.append(line.decode("utf-8", "replace").rstrip("\r\n"))
        return self.heard[-1]

    async def say(self, *lines: str) -> None:
        """Say *lines*."""
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape"))
        with suppress(ConnectionError):
            await self.writer.drain()

    async def challenge(self, mark: str, data: bytes) -> bytes:
        """Say a challenge, and return the response."""
        await self.say(f"{mark} {base64.b64encode(data).decode()}")
        return base64.b64decode(await self.line())


Handler = Callable[[Talk], Awaitable[None]]


@dataclass
class Place:
    """Where the server is, and every line that it has heard, in all its conversations."""

    endpoint: Endpoint
    talks: list[Talk] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        """All that clients said."""
        return [line for talk in self.talks for line in talk.heard]


@asynccontextmanager
async def serving(service: Service, handler: Handler, name: str = NAME) -> AsyncIterator[Place]:
    """Serve *service*, which begins with TLS, by *handler*, on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(right_chain((NAME,)).pem)
        file.flush()
        context.load_cert_chain(file.name)
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        talk = Talk(reader, writer)
        place.talks.append(talk)
        try:
            await handler(talk)
        except (Gone, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
    place = Place(Endpoint(service, Domain.parse(name), "127.0.0.1", server.sockets[0].getsockname()[1]))
    try:
        yield place
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class Scram:
    """SCRAM with *digest* as a server speaks it; *lie* names what is wrong: nonce, iterations, salt, signature, silence or early."""

    digest: str = "sha256"
    lie: str = ""
    password: str = PASSWORD
    iterations: int = 4096

    async def spoken(self, talk: Talk, mark: str, client_first: bytes) -> bool:
        """Speak it after the client's first message, challenges marked by *mark*; return whether the client has the password."""
        bare = client_first.partition(b",,")[2]
        nonce = dict(part.split(b"=", 1) for part in bare.split(b","))[b"r"]
        both = (b"another" if self.lie == "nonce" else nonce) + b"server"
        count = b"99999999" if self.lie == "iterations" else str(self.iterations).encode()
        salt = b"!" if self.lie == "salt" else base64.b64encode(SALT)
        first = b"r=" + both + b",s=" + salt + b",i=" + count
        if self.lie == "early":
            return True
        final = await talk.challenge(mark, first)
        without, _, proof = final.rpartition(b",p=")
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), SALT, self.iterations)
        message = bare + b"," + first + b"," + without
        key = hmac.digest(salted, b"Client Key", self.digest)
        signature = hmac.digest(hashlib.new(self.digest, key).digest(), message, self.digest)
        right = bytes(a ^ b for a, b in zip(key, signature, strict=True)) == base64.b64decode(proof)
        server = hmac.digest(hmac.digest(salted, b"Server Key", self.digest), message, self.digest)
        if self.lie == "refusal":
            await talk.challenge(mark, b"e=invalid-proof")
            return False
        if not right:
            return False
        if self.lie != "silence":
            await talk.challenge(mark, b"v=" + base64.b64encode(bytes(32) if self.lie == "signature" else server))
        return True
