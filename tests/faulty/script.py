"""The little language of what a server does: steps, one after the other, and what it does at which command. Opens nothing.

A step is either bytes to say or one of the classes here. In what is said, {tag} is the tag of the command (IMAP), {name} the server's
name, {domain} the mail domain, {host} and {path} those of the request (HTTP), {elsewhere} another host's address, {n} a number that is
never the same twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.faulty.certificates import Credentials, Issued, certificate, intermediate, shown


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds; None: as long as the server's *delay*."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Drip:
    """Say *data* byte by byte, at the server's *drip*."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Repeat:
    """Say *data* again and again: *times*, or until the client leaves; *slowly*: at the server's *drip*."""

    data: bytes
    times: int | None = None
    slowly: bool = False


@dataclass(frozen=True, slots=True)
class StartTls:
    """Shake hands; *keep* treats what the client said in plain text too early as if it had come through TLS (CVE-2011-0411)."""

    keep: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of HTTP. *length* is told instead of the true one; headers replace ours of the same name."""

    status: str = "200 OK"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    encoding: str | None = None  # of the body, which is given in UTF-8


class Do(Enum):
    """Steps that need no telling more."""

    SILENCE = auto()  # keep the connection, say nothing
    FIN = auto()
    CUT = auto()  # FIN without close_notify
    RESET = auto()


Step = bytes | Wait | Drip | Repeat | StartTls | Reply | Do
Steps = tuple[Step, ...]


class Listen(Enum):
    """What the socket does before there is a connection."""

    OPEN = auto()
    REFUSED = auto()  # bound, and not listening: RST to every SYN
    DROP = auto()  # a full backlog: no answer to any SYN


class Handshake(Enum):
    """What the server does with a ClientHello."""

    NORMAL = auto()
    RESET = auto()
    FIN = auto()
    SILENCE = auto()
    HALF = auto()  # the beginning of the answer, and silence
    ALERT = auto()  # fatal, handshake_failure
    GARBAGE = auto()


class ClientCertificate(Enum):
    """Whether the client has to show a certificate."""

    NO = auto()
    ASKED = auto()
    REQUIRED = auto()


class NoServerName(Enum):
    """What a client gets that sends no SNI."""

    SAME = auto()
    OTHER = auto()  # the machine's own certificate
    REFUSED = auto()


def right(names: tuple[str, ...]) -> Issued:
    """Issue a certificate without fault."""
    return certificate(names, issuer=intermediate())


def right_chain(names: tuple[str, ...]) -> Credentials:
    """Show a certificate without fault, with its chain."""
    return shown(right(names))


@dataclass(frozen=True, slots=True)
class Tls:
    """How TLS is done. *show* makes the credentials for the names that the server ought to have."""

    show: Callable[[tuple[str, ...]], Credentials] = right_chain
    handshake: Handshake = Handshake.NORMAL
    versions: tuple[str, str] = ("TLSv1_2", "TLSv1_3")  # names in ssl.TLSVersion
    ciphers: str | None = None
    client_certificate: ClientCertificate = ClientCertificate.NO
    no_server_name: NoServerName = NoServerName.SAME
    close_notify: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server says that it can: *starttls* is the word under which it offers TLS."""

    starttls: str | None = None
    mechanisms: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Everything that one server does; a fault is a change of one."""

    listen: Listen = Listen.OPEN
    at_once: Steps = ()  # before TLS and the greeting
    implicit_tls: bool = False
    name: str | None = None  # by which a client knows the server, if another than usual; {name} in it is the usual one
    tls: Tls = Tls()
    greeting: Steps | None = None  # None: the usual one
    before_tls: Offer = Offer()
    after_tls: Offer = Offer()
    starttls: Steps | None = None  # the answer to STARTTLS, if another than usual
    answers: Mapping[str, Steps] = field(default_factory=dict)  # by command; "" for any other
    voice: Callable[[bytes], Step] = lambda said: said  # how everything is said, the greeting included
