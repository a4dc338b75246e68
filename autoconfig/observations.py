"""What we saw: frozen data that the network brings home, and the `World` that is asked for it.

A question is a value, so that an answer can be remembered, saved and given again. Every answer says how long it took, in milliseconds.
Nothing here judges, and nothing fails: that a server does not answer is an answer as well. Text from outside is kept as it came, cut to
size; whoever shows it makes it printable (`errors.printable`). Passwords never come here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol as Interface

from autoconfig.address import Domain, EmailAddress
from autoconfig.model import TLSMode

# --- DNS ---------------------------------------------------------------------------------------------------------------------------


class LookupStatus(StrEnum):
    """How the question for a name ended."""

    FOUND = "found"
    NODATA = "nodata"  # the name exists, without records of this type (RFC 2308, 2.2)
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    LOOP = "loop"  # aliases that lead in a circle, or too far
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # we could not even ask: no network, no resolver
    MALFORMED = "malformed"  # the answer is not a DNS message, or not to our question
    UNKNOWN = "unknown"  # not asked: the saved facts do not say, the policy forbids it, or the time was up

    @property
    def known(self) -> bool:
        """Whether this says what the DNS holds: an answer, or decidedly none."""
        return self in (LookupStatus.FOUND, LookupStatus.NODATA, LookupStatus.NXDOMAIN)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the DNS: *name* in A-labels without a last dot, *type* as "MX"; *server* is an IP address, None for the resolvers.

    Asked of a *server*, it is asked without recursion: this is how one hears the authoritative servers themselves.
    """

    name: str
    type: str
    server: str | None = None

    @classmethod
    def of(cls, name: str, type: str, server: str | None = None) -> Question:
        """Return the question in its one spelling, whatever letter case and last dot it is asked with."""
        return cls(name.lower().removesuffix("."), type.upper(), server)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the DNS said. *values* are as in a master file, names in lower case without their last dot ("10 mx.kund.se", "192.0.2.1").

    A TXT value is the text itself, its character-strings joined. *aliases* are the CNAME targets on the way, in order. *ttl* is the
    smallest on the way, in seconds. *errors* are extended errors (RFC 8914) in words, as "6 DNSSEC Bogus: signature expired".
    """

    question: Question
    status: LookupStatus
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    authenticated: bool = False  # the AD bit of a validating resolver (RFC 4035, 3.2.3)
    authoritative: bool = False  # the AA bit
    errors: tuple[str, ...] = ()
    ms: float = 0.0


# --- TLS and certificates ----------------------------------------------------------------------------------------------------------


class TLSFailure(StrEnum):
    """Why there is no TLS."""

    NOT_TLS = "not-tls"  # the server answers in clear text
    ALERT = "alert"  # the server refused with an alert; `detail` has its words
    VERSION = "version"  # no version of TLS in common
    RESET = "reset"
    CLOSED = "closed"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # anything else that OpenSSL says; `detail` has its words


class ChainProblem(StrEnum):
    """Why a certificate is not trusted; its names and dates have nothing to do with it."""

    SELF_SIGNED = "self-signed"  # the server's certificate has itself as issuer
    INCOMPLETE = "incomplete"  # the issuer's certificate was not sent, and is not in the trust store
    UNTRUSTED = "untrusted"  # leads to an authority that is not in the trust store
    BROKEN = "broken"  # a signature does not verify, or a certificate in between may not issue or has expired
    TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What stands in a server's certificate (RFC 5280). Names are A-labels in lower case; *ips* as text."""

    names: tuple[str, ...]  # subjectAltName, dNSName
    ips: tuple[str, ...]  # subjectAltName, iPAddress
    common_name: str
    issuer: str  # its common name, or organisation
    not_before: datetime
    not_after: datetime
    server_auth: bool  # extendedKeyUsage allows a TLS server, or is absent
    key: str  # "RSA", "EC", "Ed25519" ...
    key_bits: int
    signature: str  # the hash of its signature, "sha256"; empty where there is none
    fingerprint: str  # SHA-256 of the certificate, hexadecimal
    public_key: str  # SHA-256 of SubjectPublicKeyInfo, hexadecimal (TLSA 3 1 1)

    def covers(self, host: Domain) -> bool:
        """Tell whether it is for *host*: by its dNSNames alone (RFC 9525, 6.3), whatever its common name."""
        return any(names_host(name.lower().removesuffix("."), host.ascii) for name in self.names)


def names_host(name: str, host: str) -> bool:
    """Tell whether *name* in a certificate, which may begin with "*.", stands for *host*; both in A-labels and lower case."""
    if not name.startswith("*."):
        return name == host
    # RFC 9525, 6.3: the wildcard is the whole left-most label and stands for exactly one. No authority may issue one for "*.se".
    rest = name.removeprefix("*.")
    return "*" not in rest and "." in rest and host.partition(".")[2] == rest


@dataclass(frozen=True, slots=True)
class TLS:
    """A handshake without any refusal of ours: whatever the certificate, it is taken and told. *server_name* is what we asked for."""

    server_name: str
    failure: TLSFailure | None = None
    detail: str = ""
    version: str = ""  # "TLSv1.3"
    cipher: str = ""
    certificate: Certificate | None = None
    chain_length: int = 0
    chain_problem: ChainProblem | None = None
    client_certificate_asked: bool = False
    ms: float = 0.0


# --- connections to mail and web servers -------------------------------------------------------------------------------------------


class Talk(StrEnum):
    """What is spoken on a connection."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    SIEVE = "sieve"
    HTTP = "http"


class Service(StrEnum):
    """What is spoken and how it is secured, in the words of IANA's registry of services."""

    IMAP = "imap"
    IMAPS = "imaps"
    POP3 = "pop3"
    POP3S = "pop3s"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    SMTP = "smtp"
    SIEVE = "sieve"
    HTTP = "http"
    HTTPS = "https"

    @property
    def talk(self) -> Talk:
        """What is spoken."""
        name = self.value.removesuffix("s") if self.implicit else self.value
        return Talk.SMTP if name in ("submission", "smtp") else Talk(name)

    @property
    def implicit(self) -> bool:
        """Whether TLS begins with the first byte."""
        return self in (Service.IMAPS, Service.POP3S, Service.SUBMISSIONS, Service.HTTPS)

    @property
    def default_port(self) -> int:
        """The port that IANA gave it."""
        return _PORTS[self]


_PORTS = {
    Service.IMAP: 143,
    Service.IMAPS: 993,
    Service.POP3: 110,
    Service.POP3S: 995,
    Service.SUBMISSION: 587,
    Service.SUBMISSIONS: 465,
    Service.SMTP: 25,
    Service.SIEVE: 4190,
    Service.HTTP: 80,
    Service.HTTPS: 443,
}

_SERVICES = {
    ("imap", True): Service.IMAPS,
    ("imap", False): Service.IMAP,
    ("pop3", True): Service.POP3S,
    ("pop3", False): Service.POP3,
    ("smtp", True): Service.SUBMISSIONS,
    ("smtp", False): Service.SUBMISSION,
}


def service_of(protocol: str, tls: TLSMode) -> Service:
    """Return the service of *protocol*, "imap", "pop3" or "smtp" (which here is submission), with *tls*."""
    return _SERVICES[protocol, tls is TLSMode.IMPLICIT]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service at one address. *host* is the name as it is published: the certificate must be for it, and SNI names it."""

    service: Service
    host: Domain
    ip: str
    port: int


class TCP(StrEnum):
    """How the connection began."""

    CONNECTED = "connected"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # a router said that there is no way to that host or port
    NO_WAY_FROM_HERE = "no-way-from-here"  # this machine has no network of that kind, so nothing is known (IPv6, mostly)
    FORBIDDEN = "forbidden"  # the policy does not let us go there
    UNKNOWN = "unknown"  # not tried: the saved facts do not say, or the time was up


class Stage(StrEnum):
    """How far a conversation has come, in order."""

    GREETING = "greeting"
    CAPABILITIES = "capabilities"  # before TLS, or the only ones
    STARTTLS = "starttls"
    TLS = "tls"
    CAPABILITIES_AFTER = "capabilities-after"


class Stop(StrEnum):
    """Why a conversation ended before we said good-bye."""

    TIMEOUT = "timeout"  # silence
    CLOSED = "closed"
    RESET = "reset"
    TOO_LONG = "too-long"  # a line or an answer without end
    GARBAGE = "garbage"  # not what this protocol says
    TLS_BYTES = "tls-bytes"  # TLS where clear text should be
    REFUSED = "refused"  # the server said no in its protocol's own words; `Greeting` or `starttls_reply` has them
    TLS_FAILED = "tls-failed"  # `Connection.tls` says why


class GreetingKind(StrEnum):
    """What the first line says."""

    READY = "ready"
    PREAUTH = "preauth"  # IMAP: already somebody (RFC 9051, 7.1.4)
    TRY_LATER = "try-later"  # 421 and other 4yz; `* BYE` with [UNAVAILABLE]
    GO_AWAY = "go-away"  # 5yz; `-ERR`; `* BYE`


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first thing that a server said."""

    kind: GreetingKind
    text: str
    ms: float  # from the connection (with implicit TLS: from the end of the handshake) to its last line


@dataclass(frozen=True, slots=True)
class Connection:
    """One conversation without login. What was not reached is None.

    Capabilities are upper case words or lines as the protocol has them ("IMAP4REV1", "AUTH PLAIN LOGIN", "SIZE 52428800"), each once.
    *auth* are the mechanisms' names, upper case ("PLAIN", "LOGIN", "CRAM-MD5"); what is allowed without SASL counts as "PASSWORD"
    (POP3's USER, IMAP's LOGIN without LOGINDISABLED). `..._before` is in clear text before TLS, `..._after` is over TLS.
    """

    endpoint: Endpoint
    tcp: TCP
    connect_ms: float = 0.0
    greeting: Greeting | None = None
    capabilities_before: tuple[str, ...] | None = None
    auth_before: tuple[str, ...] | None = None
    starttls_offered: bool | None = None
    starttls_reply: str = ""
    injected: str = ""  # what the server sent in the clear after its consent to STARTTLS: never to be read as if it came over TLS
    tls: TLS | None = None
    capabilities_after: tuple[str, ...] | None = None
    auth_after: tuple[str, ...] | None = None
    stopped_at: Stage | None = None
    stop: Stop | None = None
    spoken: str = ""  # the protocol that the other side seems to speak instead ("ssh", "http", "smtp" ...), where it is recognised
    transcript: tuple[str, ...] = ()  # "< " what they said, "> " what we said, "* " what happened
    ms: float = 0.0


# --- behind the login --------------------------------------------------------------------------------------------------------------


class LoginOutcome(StrEnum):
    """How an attempt to log in ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # a wrong user name or a wrong password; no server says which
    DISABLED = "disabled"  # the account, or its password, is out of use: locked, expired, not for this service
    TEMPORARY = "temporary"  # the server cannot tell now
    PRIVACY_REQUIRED = "privacy-required"  # it wants a stronger mechanism, or more encryption
    MECHANISM_FAILED = "mechanism-failed"  # what the server says is not what the mechanism wants; also where it proves to be somebody else
    NO_MECHANISM = "no-mechanism"  # none that takes a password; nothing was sent
    NOT_SECURED = "not-secured"  # the certificate, or the way up to TLS, is not as it must be; nothing was sent
    BROKEN_OFF = "broken-off"  # `Login.stop` says how
    NOT_TRIED = "not-tried"  # no connection, or nothing to say


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A folder: *name* for people, *wire* as the server spells it, *uses* as "sent" or "junk" (RFC 6154), without the backslash."""

    name: str
    wire: str
    uses: tuple[str, ...] = ()
    selectable: bool = True


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of *resource* ("STORAGE", in KiB, or "MESSAGE") is used (RFC 9208, 5)."""

    root: str
    resource: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt to log in at *endpoint*, as *username*, and what was to be seen then. There is no second attempt.

    *words* are the server's, without user name and password. *mailboxes* is None where there is no list, *messages* counts those in the
    inbox. *stop* is how the conversation broke off, before or after the login.
    """

    endpoint: Endpoint
    username: str
    outcome: LoginOutcome
    mechanism: str = ""
    words: str = ""
    login_ms: float = 0.0
    mailboxes: tuple[Mailbox, ...] | None = None
    quotas: tuple[Quota, ...] = ()
    messages: int | None = None
    octets: int | None = None
    stop: Stop | None = None
    transcript: tuple[str, ...] = ()
    ms: float = 0.0


class Sent(StrEnum):
    """What became of a message at the outgoing server."""

    ACCEPTED = "accepted"
    SENDER_REFUSED = "sender-refused"
    RECIPIENT_REFUSED = "recipient-refused"
    REFUSED = "refused"  # the message itself
    LATER = "later"  # 4yz, whatever it was said to
    FAILED = "failed"  # the login, or the conversation


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A message that was sent by *sent_by* to its own sender, and awaited at *fetched_from* for *waited_ms* at most.

    *arrived_ms* counts from the server's consent, None where it did not come; *mailbox* is where it came to. *trouble* is why we could
    not look, or not delete.
    """

    sent_by: Endpoint
    fetched_from: Endpoint
    sent: Sent
    words: str = ""
    sent_ms: float = 0.0
    arrived_ms: float | None = None
    mailbox: Mailbox | None = None
    deleted: bool = False
    trouble: str = ""
    waited_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says: *subject* in ASCII, and *text*."""

    subject: str
    text: str


# --- HTTP --------------------------------------------------------------------------------------------------------------------------


class HTTPFailure(StrEnum):
    """Why there is no response."""

    NO_ADDRESS = "no-address"  # the name has none
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NO_WAY_FROM_HERE = "no-way-from-here"
    TLS = "tls"
    CERTIFICATE = "certificate"
    RESET = "reset"
    MALFORMED = "malformed"  # not HTTP, or a header without end
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, without redirects. Headers as (name, value)."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What a web server answered, from the first of its addresses that let itself be connected to. The certificate was verified.

    *headers* have lower case names, in order. *body* is cut at the limit, then *truncated* is true. *location* is the absolute URL of a
    redirect, "" without one. With a *failure* there is no status; a *detail* may have its words.
    """

    request: Request
    status: int | None = None
    failure: HTTPFailure | None = None
    detail: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    location: str = ""
    ip: str | None = None
    ms: float = 0.0

    def header(self, name: str) -> str:
        """Return the first header of that *name*, "" where there is none."""
        return next((value for found, value in self.headers if found == name.lower()), "")


# --- the world ---------------------------------------------------------------------------------------------------------------------


class World(Interface):
    """Whatever can be asked: the network, saved facts, or a made-up case. The same question has the same answer, and is asked once."""

    @property
    def now(self) -> datetime:
        """When the asking began, in UTC; what dates are compared with."""

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Ask the DNS."""

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Connect and talk as far as one can without login."""

    async def fetch(self, request: Request) -> Response:
        """Send one HTTP request; redirects are the asker's."""


class Visitor(Interface):
    """Whoever has a password and may use it: a world of its own, which is never saved, and where each attempt counts."""

    async def login(self, endpoint: Endpoint, username: str) -> Login:
        """Log in once, look around, and leave everything as it was."""

    async def send_and_wait(self, sender: EmailAddress, letter: Letter, out: tuple[Endpoint, str], back: tuple[Endpoint, str]) -> RoundTrip:
        """Send *letter* from *sender* to *sender* by *out*, look for it at *back*, and delete it there; both with their user names."""
