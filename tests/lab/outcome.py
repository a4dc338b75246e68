"""What a mail program ended up with, in the words of the recordings of real clients. Data only; every client of the lab returns it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Server:
    """One server as the program would use it, placeholders replaced."""

    type: str
    hostname: str
    port: int | None
    socketType: str | None  # noqa: N815  the recordings' own word
    username: str | None
    auth: str | None = "password-cleartext"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The settings that the program chose and those that it kept as `alternatives`; nothing at all where it found nothing."""

    source: str | None = None
    incoming: tuple[Server, ...] = ()
    outgoing: tuple[Server, ...] = ()
    alternatives: tuple[Server, ...] = ()
    message: str | None = None
    elapsed: float = field(default=0.0, compare=False)  # seconds


NOTHING = Outcome()
