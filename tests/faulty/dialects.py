"""The protocols as a healthy server speaks them: greeting, commands and answers. A fault is put on top of these, elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.faulty import documents
from tests.faulty.script import Do, Offer, Reply, StartTls, Steps
from tests.faulty.wire import Wire

Tokens = dict[str, str]
Answers = dict[str, Steps]

_CLEAR = {"PLAIN", "LOGIN"}  # with one of them goes the protocol's own command for a password, too


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol: how a command is read, and what is said."""

    read: Callable[[Wire, list[str]], Awaitable[tuple[str, Tokens]]]  # the command's name, and what it brings for the answer
    ready: bytes  # the greeting, {text} in it
    greeting: Callable[[Offer], bytes]
    answers: Callable[[Offer, bool], Answers]
    starttls: str = ""  # the command
    tls_begins: bytes = b""  # the good answer to it
    tls_refused: bytes = b""
    resumes: Callable[[Offer], bytes] = lambda _: b""  # what is said unasked after STARTTLS
    capabilities: str = ""  # the command

    def ready_with(self, text: bytes) -> bytes:
        """Return the greeting with another text."""
        return self.ready.replace(b"{text}", text)


async def _line(wire: Wire, heard: list[str]) -> tuple[str, Tokens]:
    line = (await wire.line()).decode("latin-1")
    heard.append(line)
    return line.partition(" ")[0].upper(), {}


async def _tagged_line(wire: Wire, heard: list[str]) -> tuple[str, Tokens]:
    line = (await wire.line()).decode("latin-1")
    heard.append(line)
    tag, _, rest = line.partition(" ")
    return rest.partition(" ")[0].upper(), {"tag": tag}


async def _request(wire: Wire, heard: list[str]) -> tuple[str, Tokens]:
    while not wire.waiting:
        wire.waiting = await wire.receive()
    if not wire.waiting[:1].isalpha():  # a ClientHello, most likely
        wire.waiting = b""
        return "garbage", {}
    head: list[str] = []
    while line := (await wire.line()).decode("latin-1"):
        heard.append(line)
        head.append(line)
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in head[1:])}
    if size := int(headers.get("content-length", 0)):
        heard.extend((await wire.exactly(size)).decode("latin-1").splitlines())
    method, path = (*head[0].split(" "), "", "")[:2] if head else ("", "")
    return f"{method} {path}", {"host": headers.get("host", ""), "path": path, "method": method}


def _joined(*words: str) -> bytes:
    return " ".join(each for each in words if each).encode()


# ---- IMAP, RFC 9051 (and 3501) ----


def _imap_capabilities(offer: Offer) -> bytes:
    # RFC 9051 6.2.3: a server that takes no LOGIN says LOGINDISABLED.
    disabled = "" if _CLEAR & {*offer.mechanisms} else "LOGINDISABLED"
    return _joined("CAPABILITY IMAP4rev1", *offer.more, offer.starttls or "", disabled, *(f"AUTH={each}" for each in offer.mechanisms))


def _imap_answers(offer: Offer, encrypted: bool) -> Answers:
    no = b"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"
    if not _CLEAR & {*offer.mechanisms}:
        no = b"{tag} NO [PRIVACYREQUIRED] Not without encryption.\r\n"
    return {
        "CAPABILITY": (b"* " + _imap_capabilities(offer) + b"\r\n{tag} OK Capability completed.\r\n",),
        "NOOP": (b"{tag} OK NOOP completed.\r\n",),
        "ID": (b"* ID NIL\r\n{tag} OK ID completed.\r\n",),
        "LOGIN": (no,),
        "AUTHENTICATE": (no,),
        "LOGOUT": (b"* BYE Logging out\r\n{tag} OK Logout completed.\r\n", Do.FIN),
        "": (b"{tag} BAD Unknown command.\r\n",),
    }


# ---- POP3, RFC 1939, 2449, 2595 ----


def _pop3_answers(offer: Offer, encrypted: bool) -> Answers:
    words = [*offer.more, offer.starttls or "", "USER" if _CLEAR & {*offer.mechanisms} else ""]
    if offer.mechanisms:
        words.append(" ".join(("SASL", *offer.mechanisms)))
    no = (b"-ERR [AUTH] Authentication failed.\r\n",)
    return {
        "CAPA": (b"+OK\r\n" + b"".join(each.encode() + b"\r\n" for each in words if each) + b".\r\n",),
        "USER": (b"+OK\r\n",) if _CLEAR & {*offer.mechanisms} else no,
        "PASS": no,
        "AUTH": no,
        "QUIT": (b"+OK Logging out\r\n", Do.FIN),
        "": (b"-ERR Unknown command.\r\n",),
    }


# ---- SMTP, RFC 5321, 3207, 4954 ----


def _smtp_answers(offer: Offer, encrypted: bool) -> Answers:
    lines = ["{name}", "PIPELINING", *offer.more, offer.starttls or "", "8BITMIME"]
    if offer.mechanisms:
        lines.append(" ".join(("AUTH", *offer.mechanisms)))
    lines = [each for each in lines if each]
    listing = "".join(f"250{'-' if each is not lines[-1] else ' '}{each}\r\n" for each in lines)
    return {
        "EHLO": (listing.encode(),),
        "HELO": (b"250 {name}\r\n",),
        "NOOP": (b"250 2.0.0 Ok\r\n",),
        "RSET": (b"250 2.0.0 Ok\r\n",),
        "AUTH": (b"535 5.7.8 Authentication failed\r\n" if offer.mechanisms else b"503 5.5.1 AUTH is not enabled\r\n",),
        "MAIL": (b"530 5.7.0 Authentication required\r\n",),
        "QUIT": (b"221 2.0.0 Bye\r\n", Do.FIN),
        "": (b"502 5.5.2 Command not recognized\r\n",),
    }


def _mx_answers(offer: Offer, encrypted: bool) -> Answers:
    return _smtp_answers(offer, encrypted) | {
        "MAIL": (b"250 2.1.0 Ok\r\n",),
        "RCPT": (b"250 2.1.5 Ok\r\n",),
        "DATA": (b"451 4.3.0 Not today\r\n",),
    }


# ---- ManageSieve, RFC 5804 ----


def _sieve_capabilities(offer: Offer) -> bytes:
    lines = ['"IMPLEMENTATION" "Faulty"', '"SIEVE" "fileinto vacation"', f'"SASL" "{" ".join(offer.mechanisms)}"', '"VERSION" "1.0"']
    lines += [f'"{each}"' for each in (*offer.more, offer.starttls or "") if each]
    return b"".join(each.encode() + b"\r\n" for each in lines)


def _sieve_answers(offer: Offer, encrypted: bool) -> Answers:
    return {
        "CAPABILITY": (_sieve_capabilities(offer) + b'OK "Capability completed."\r\n',),
        "NOOP": (b'OK "NOOP completed."\r\n',),
        "AUTHENTICATE": (b'NO "Authentication failed."\r\n' if offer.mechanisms else b'NO (ENCRYPT-NEEDED) "Not without TLS."\r\n',),
        "LOGOUT": (b'OK "Logout completed."\r\n', Do.FIN),
        "": (b'NO "Unknown command."\r\n',),
    }


# ---- HTTP, RFC 9112 ----

XML = {"Content-Type": "text/xml; charset=utf-8"}


def _web_answers(offer: Offer, encrypted: bool) -> Answers:
    return {
        "mozilla": (Reply(body=documents.MOZILLA, headers=XML),),
        "pox": (Reply(body=documents.POX, headers=XML),),
        "pox get": (Reply("405 Method Not Allowed", headers={"Allow": "POST"}),),
        "json": (Reply(body=documents.JSON, headers={"Content-Type": "application/json"}),),
        "garbage": (Reply("400 Bad Request", documents.HTML, {"Content-Type": "text/html"}), Do.FIN),
        "": (Reply("404 Not Found", documents.HTML.replace(b"It works!", b"Not found"), {"Content-Type": "text/html"}),),
    }


IMAP = Dialect(
    _tagged_line,
    b"* OK {text}\r\n",
    lambda offer: b"* OK [" + _imap_capabilities(offer) + b"] {name} ready.\r\n",
    _imap_answers,
    "STARTTLS",
    b"{tag} OK Begin TLS negotiation now.\r\n",
    b"{tag} NO TLS is not available.\r\n",
    capabilities="CAPABILITY",
)
POP3 = Dialect(
    _line,
    b"+OK {text}\r\n",
    lambda _: b"+OK {name} ready.\r\n",
    _pop3_answers,
    "STLS",
    b"+OK Begin TLS negotiation now.\r\n",
    b"-ERR TLS is not available.\r\n",
    capabilities="CAPA",
)
SMTP = Dialect(
    _line,
    b"220 {text}\r\n",
    lambda _: b"220 {name} ESMTP\r\n",
    _smtp_answers,
    "STARTTLS",
    b"220 2.0.0 Ready to start TLS\r\n",
    b"454 4.7.0 TLS not available due to local problem\r\n",
    capabilities="EHLO",
)
MX = Dialect(SMTP.read, SMTP.ready, SMTP.greeting, _mx_answers, SMTP.starttls, SMTP.tls_begins, SMTP.tls_refused, capabilities="EHLO")
SIEVE = Dialect(
    _line,
    b'OK "{text}"\r\n',
    lambda offer: _sieve_capabilities(offer) + b'OK "{name} ready."\r\n',
    _sieve_answers,
    "STARTTLS",
    b'OK "Begin TLS negotiation now."\r\n',
    b'NO "TLS is not available."\r\n',
    # RFC 5804 2.2: after STARTTLS, the server sends its capabilities anew, unasked.
    lambda offer: _sieve_capabilities(offer) + b'OK "TLS negotiation successful."\r\n',
    capabilities="CAPABILITY",
)
HTTP = Dialect(_request, b"", lambda _: b"", _web_answers)


def answer(dialect: Dialect, command: str, offer: Offer, encrypted: bool, starttls: Steps | None, other: Mapping[str, Steps]) -> Steps:
    """Return what a server that makes *offer* does at *command*; *other* says what it does differently."""
    steps = dialect.answers(offer, encrypted) | other
    if dialect is HTTP:
        method, _, path = command.partition(" ")
        found = path and (path if path in steps else documents.kind(method, path))
        return steps.get(found or ("garbage" if command == "garbage" else ""), steps[""])
    if command == dialect.starttls and command not in other:
        if starttls is not None:
            return starttls
        if offer.starttls == dialect.starttls:
            return (dialect.tls_begins, StartTls())
    return steps.get(command, steps[""])
