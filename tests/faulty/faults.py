"""The faults: what each is in a sentence, which services can have it, and what it changes in a healthy one. Does nothing itself."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, unique
from functools import cache

from tests.faulty import certificates as certs
from tests.faulty import documents
from tests.faulty.certificates import Credentials, certificate, intermediate, root, shown
from tests.faulty.dialects import XML, Dialect
from tests.faulty.script import (
    Behaviour,
    ClientCertificate,
    Do,
    Drip,
    Handshake,
    Listen,
    NoServerName,
    Offer,
    Repeat,
    Reply,
    StartTls,
    Step,
    Steps,
    Tls,
    Wait,
    right,
)
from tests.faulty.services import Service

Change = Callable[[Behaviour, Dialect], Behaviour]
Names = tuple[str, ...]

ALL = frozenset(Service)
WEB = frozenset({Service.HTTP, Service.HTTPS})
LINES = ALL - WEB
TLS = ALL - {Service.HTTP}
IMPLICIT = frozenset(each for each in Service if each.value.healthy.implicit_tls)
STARTTLS = LINES - IMPLICIT
IMAP = frozenset({Service.IMAP, Service.IMAPS})
POP3 = frozenset({Service.POP3, Service.POP3S})
SUBMISSION = frozenset({Service.SUBMISSION, Service.SUBMISSIONS})
SMTP = SUBMISSION | {Service.SMTP}
SIEVE = frozenset({Service.SIEVE})
LOGIN = LINES - {Service.SMTP}


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault."""

    sentence: str
    services: frozenset[Service]
    change: Change


# ---- ways to change a behaviour ----


def _set(**fields: object) -> Change:
    return lambda behaviour, _: replace(behaviour, **fields)  # type: ignore[arg-type]


def _tls(**fields: object) -> Change:
    return lambda behaviour, _: replace(behaviour, tls=replace(behaviour.tls, **fields))  # type: ignore[arg-type]


def _shows(make: Callable[[Names], Credentials], name: str | None = None) -> Change:
    return _set(tls=Tls(show=make), name=name)


def _issued(**how: object) -> Change:
    return _shows(lambda names: shown(certificate(names, issuer=intermediate(), **how)))  # type: ignore[arg-type]


def _named(*templates: str, name: str | None = None) -> Change:
    """Show a certificate for *templates*, where {name} is the right name, {parent} what is above it."""

    def make(names: Names) -> Credentials:
        wrong = (each.replace("{name}", names[0]).replace("{parent}", names[0].split(".", 2)[-1]) for each in templates)
        return shown(right(tuple(wrong)))

    return _shows(make, name)


def _greeting(make: Callable[[Dialect], Steps]) -> Change:
    return lambda behaviour, dialect: replace(behaviour, greeting=make(dialect))


def _greets(text: bytes, *then: Step) -> Change:
    return _greeting(lambda dialect: (dialect.ready_with(text), *then))


def _says(greeting: bytes, *then: Step) -> Change:
    return _set(greeting=(greeting, *then))


def _starttls(make: Callable[[Dialect], Steps]) -> Change:
    return lambda behaviour, dialect: replace(behaviour, starttls=make(dialect))


def _answers(**commands: Steps) -> Change:
    return lambda behaviour, _: replace(behaviour, answers={**behaviour.answers, **commands})


def _any(*steps: Step) -> Change:
    """Do the same at whatever command or request."""
    return lambda behaviour, dialect: replace(behaviour, answers=dict.fromkeys((*dialect.answers(Offer(), False), ""), steps))


def _capabilities(*steps: Step) -> Change:
    """Answer so when asked for the capabilities, and leave them out of the greeting."""

    def change(behaviour: Behaviour, dialect: Dialect) -> Behaviour:
        return replace(behaviour, greeting=(dialect.ready_with(b"{name} ready."),), answers={dialect.capabilities: steps})

    return change


def _capabilities_unknown(behaviour: Behaviour, dialect: Dialect) -> Behaviour:
    return _capabilities(*dialect.answers(Offer(), False)[""])(behaviour, dialect)


def _capabilities_endless(behaviour: Behaviour, dialect: Dialect) -> Behaviour:
    lines = {b"*": b"* CAPABILITY IMAP4rev1\r\n", b"+": b"+OK\r\n", b"2": b"250-SIZE\r\n"}
    return _capabilities(Repeat(lines.get(dialect.ready[:1], b'"X" "Y"\r\n') * 200))(behaviour, dialect)


def _literal_bomb(behaviour: Behaviour, dialect: Dialect) -> Behaviour:
    line = b"* LIST () NIL" if dialect.ready.startswith(b"*") else b'"IMPLEMENTATION"'
    return _capabilities(line + b" {999999999}\r\n", Repeat(b"x" * 16384))(behaviour, dialect)


def _offers(*, before: dict[str, object] | None = None, after: dict[str, object] | None = None) -> Change:
    def change(behaviour: Behaviour, dialect: Dialect) -> Behaviour:
        words = {"starttls": dialect.starttls}
        earlier = {key: words.get(str(value), value) for key, value in (before or {}).items()}
        later = {key: words.get(str(value), value) for key, value in (after or {}).items()}
        return replace(
            behaviour,
            before_tls=replace(behaviour.before_tls, **earlier),  # type: ignore[arg-type]
            after_tls=replace(behaviour.after_tls, **later),  # type: ignore[arg-type]
        )

    return change


def _stripped(behaviour: Behaviour, dialect: Dialect) -> Behaviour:
    changed = _offers(before={"starttls": "XXXXXXXA"})(behaviour, dialect)
    stars = dialect.ready_with(b"*" * 40)
    return replace(changed, greeting=(stars,), starttls=changed.starttls)


def _document(change: Callable[[bytes], bytes], content_type: str = XML["Content-Type"], encoding: str | None = None) -> Change:
    """Spoil both XML documents."""

    def spoilt(xml: bytes) -> Steps:
        return (Reply(body=change(xml), headers={"Content-Type": content_type}, encoding=encoding),)

    return _answers(mozilla=spoilt(documents.MOZILLA), pox=spoilt(documents.POX))


def _redirect(location: str, status: str = "302 Found") -> Change:
    return _any(Reply(status, headers={"Location": location}))


def _with_doctype(doctype: bytes, reference: bytes) -> Callable[[bytes], bytes]:
    def change(xml: bytes) -> bytes:
        declaration, _, rest = xml.partition(b"?>")
        rest = rest.replace(b"Kundens e-post", reference).replace(b"<AccountType>email", b"<AccountType>" + reference)
        return declaration + b"?>\n" + doctype + rest

    return change


# ---- certificates ----


def _no_chain(names: Names) -> Credentials:
    return Credentials((right(names).certificate,), certs.key())


def _wrong_order(names: Names) -> Credentials:
    return Credentials((right(names).certificate, root().certificate, intermediate().certificate), certs.key())


def _self_signed(names: Names) -> Credentials:
    return shown(certificate(names))


def _others(number: int, padding: int) -> Callable[[Names], Credentials]:
    def make(names: Names) -> Credentials:
        credentials = shown(right(names))
        more = [certificate((f"padding{each}.test",), ca=True, padding_bytes=padding).certificate for each in range(number)]
        return Credentials((*credentials.chain, *more), credentials.key)

    return make


def _u_label(names: Names) -> Credentials:
    return shown(right((names[0].encode().decode("idna"),)))


# ---- bodies ----


@cache
def _bomb() -> bytes:
    """Return 10 MB of spaces as one member of gzip; members may follow each other (RFC 1952 2.2)."""
    return _gzip(b" " * 10_000_000)


def _gzip(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return squeeze.compress(data) + squeeze.flush()


_BOMB_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
_CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
_SPACES = b" " * 65536
_XML_START = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_HTML = {"Content-Type": "text/html; charset=utf-8"}

_LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (each, b"&a%d;" % (each - 1) * 10) for each in range(1, 10))
    + b"]>"
)
_XXE = (
    b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY h SYSTEM "{scheme}://{host}/xxe">'
    b'<!ENTITY % p SYSTEM "{scheme}://{host}/xxe-p"> %p;]>'
)
_GARBAGE = random.Random(4).randbytes(4096).replace(b"\x00", b"\x01")  # noqa: S311 (the same noise every time)
_OLD = "DEFAULT:@SECLEVEL=0"


def _explicit_length(data: bytes) -> bytes:
    return _HEAD + b"Content-Length: %d\r\n\r\n" % len(data) + data


@unique
class Fault(Enum):
    """Every fault, in the order of the layers."""

    # ---- TCP ----
    TCP_REFUSED = Entry("Nothing listens on the port.", ALL, _set(listen=Listen.REFUSED))
    TCP_DROP = Entry("SYNs are not answered, as behind a firewall that drops.", ALL, _set(listen=Listen.DROP))
    TCP_RESET_ON_ACCEPT = Entry("The connection is made, then reset at once.", ALL, _set(at_once=(Do.RESET,)))
    TCP_RESET_ON_COMMAND = Entry("The connection is reset at the first command after the greeting.", ALL, _any(Do.RESET))
    TCP_HALF_OPEN = Entry("The connection is made, and nothing is ever said.", ALL, _set(at_once=(Do.SILENCE,)))
    TCP_FIN = Entry("The connection is made, then closed without a greeting.", ALL, _set(at_once=(Do.FIN,)))

    # ---- TLS: the handshake ----
    TLS_RESET = Entry("The connection is reset at the ClientHello.", TLS, _tls(handshake=Handshake.RESET))
    TLS_FIN = Entry("The connection is closed at the ClientHello.", TLS, _tls(handshake=Handshake.FIN))
    TLS_SILENT = Entry("The ClientHello is not answered.", TLS, _tls(handshake=Handshake.SILENCE))
    TLS_STALLS = Entry("The server's part of the handshake stops half-way.", TLS, _tls(handshake=Handshake.HALF))
    TLS_ALERT = Entry("The ClientHello is answered with a fatal alert, handshake_failure.", TLS, _tls(handshake=Handshake.ALERT))
    TLS_GARBAGE = Entry("The ClientHello is answered with something that is not TLS.", TLS, _tls(handshake=Handshake.GARBAGE))
    TLS_1_0_ONLY = Entry("No newer version than TLS 1.0.", TLS, _tls(versions=("TLSv1", "TLSv1"), ciphers=_OLD))
    TLS_1_1_ONLY = Entry("No newer version than TLS 1.1.", TLS, _tls(versions=("TLSv1", "TLSv1_1"), ciphers=_OLD))
    TLS_NO_CLOSE_NOTIFY = Entry(
        "The connection is closed without close_notify, after every LOGOUT, QUIT or document.",
        TLS,
        lambda behaviour, dialect: (
            replace(behaviour, tls=Tls(close_notify=False))
            if dialect.ready
            else _answers(
                mozilla=(_HEAD + b"Connection: close\r\n\r\n" + documents.MOZILLA, Do.CUT),
                pox=(_HEAD + b"Connection: close\r\n\r\n" + documents.POX, Do.CUT),
            )(behaviour, dialect)
        ),
    )
    TLS_CLIENT_CERTIFICATE_ASKED = Entry(
        "A certificate of the client is asked for, and not insisted upon.", TLS, _tls(client_certificate=ClientCertificate.ASKED)
    )
    TLS_CLIENT_CERTIFICATE_REQUIRED = Entry(
        "Without a certificate of the client there is no session.", TLS, _tls(client_certificate=ClientCertificate.REQUIRED)
    )
    TLS_NO_SNI_REFUSED = Entry("A client without SNI gets no certificate.", TLS, _tls(no_server_name=NoServerName.REFUSED))
    TLS_NO_SNI_OTHER = Entry("A client without SNI gets the machine's own certificate.", TLS, _tls(no_server_name=NoServerName.OTHER))
    TLS_ABSENT = Entry("Plain text on a port for TLS.", IMPLICIT, _set(implicit_tls=False))
    TLS_UNEXPECTED = Entry("TLS at once on a port for plain text or STARTTLS.", ALL - IMPLICIT, _set(implicit_tls=True))

    # ---- TLS: the certificate ----
    CERT_WRONG_NAME = Entry("The certificate is for another customer's name.", TLS, _named("mail.other.test"))
    CERT_SERVER_NAME = Entry("The certificate is for the machine's own name only.", TLS, _named("server7.host.test"))
    CERT_EXPIRED = Entry("The certificate has expired.", TLS, _issued(days=(-90, -2)))
    CERT_EXPIRES_SOON = Entry("The certificate expires in five days.", TLS, _issued(days=(-85, 5)))
    CERT_NOT_YET = Entry("The certificate is not valid until in ten days.", TLS, _issued(days=(10, 100)))
    CERT_SELF_SIGNED = Entry("The certificate is signed by itself.", TLS, _shows(_self_signed))
    CERT_UNKNOWN_ISSUER = Entry(
        "The certificate is from an authority that nobody trusts.",
        TLS,
        _shows(lambda names: shown(certificate(names, issuer=certs.unknown()))),
    )
    CERT_NO_INTERMEDIATE = Entry("The certificate is sent without its chain.", TLS, _shows(_no_chain))
    CERT_CHAIN_ORDER = Entry("The root comes before the intermediate certificate.", TLS, _shows(_wrong_order))
    CERT_CHAIN_EXPIRED = Entry(
        "The intermediate certificate has expired.",
        TLS,
        _shows(lambda names: shown(certificate(names, issuer=certs.expired_intermediate()))),
    )
    CERT_CHAIN_LONG = Entry("The chain is right, with 58 unneeded certificates after it.", TLS, _shows(_others(58, 0)))
    CERT_CHAIN_HUGE = Entry("The chain is larger than the 100 KiB that OpenSSL takes.", TLS, _shows(_others(6, 25_000)))
    CERT_CN_ONLY = Entry("The name is in the certificate's CN, and there is no SAN.", TLS, _issued(cn_only=True))
    CERT_WILDCARD_TOO_DEEP = Entry("The name has one label more than the wildcard covers.", TLS, _named("*.{parent}", name="imap.{name}"))
    CERT_WILDCARD_BENEATH = Entry("The wildcard covers the names beneath the server's, and not its own.", TLS, _named("*.{name}"))
    CERT_IDN = Entry("The name is an IDN, and its A-label is in the certificate: all is well.", TLS, _set(name="xn--fa-hia.{name}"))
    CERT_IDN_2003 = Entry(
        "The name is an IDN with ß; the certificate is for what IDNA 2003 makes of it.",
        TLS,
        _shows(lambda names: shown(right((names[0].replace("xn--fa-hia", "fass"),))), "xn--fa-hia.{name}"),
    )
    CERT_IDN_U_LABEL = Entry(
        "The certificate has the IDN as UTF-8 instead of its A-label.", TLS, _shows(_u_label, "xn--rksmrgs-5wao1o.{name}")
    )
    CERT_NO_SERVER_AUTH = Entry("The certificate is for clients: no serverAuth.", TLS, _issued(eku=certs.CLIENT))
    CERT_WEAK_KEY = Entry(
        "The key is RSA of 1024 bits.",
        TLS,
        _set(tls=Tls(show=lambda names: shown(certificate(names, issuer=intermediate(), key=certs.weak_key())), ciphers=_OLD)),
    )
    CERT_SHA1 = Entry(
        "The certificate is signed with SHA-1.",
        TLS,
        _set(tls=Tls(show=lambda names: shown(certificate(names, issuer=certs.weak_authority(), sha1=True)), ciphers=_OLD)),
    )

    # ---- the greeting ----
    GREETING_SLOW = Entry(
        "The greeting comes after *delay* seconds.",
        LINES,
        lambda behaviour, dialect: replace(behaviour, greeting=(Wait(), *_usual(behaviour, dialect))),
    )
    GREETING_DRIPS = Entry(
        "The greeting comes byte by byte.",
        LINES,
        lambda behaviour, dialect: replace(behaviour, greeting=tuple(Drip(each) for each in _usual(behaviour, dialect))),
    )
    GREETING_MULTI_LINE = Entry(
        "The greeting has three lines, which is right.", SMTP, _says(b"220-{name} ESMTP\r\n220-No spam.\r\n220 Ready\r\n")
    )
    GREETING_ENDLESS = Entry(
        "The greeting is one line without end.", LINES, _greeting(lambda d: (d.ready_with(b"{name} ").rstrip(), Repeat(b"x" * 16384)))
    )
    GREETING_ENDLESS_LINES = Entry(
        "The greeting never comes to its last line.",
        SMTP | SIEVE,
        _greeting(lambda d: (Repeat((b"220-Welcome\r\n" if d.ready.startswith(b"220") else b'"X" "Y"\r\n') * 500),)),
    )
    GREETING_ENDLESS_DRIP = Entry(
        "The greeting drips, and has no end.", LINES, _greeting(lambda d: (d.ready_with(b"{name} ").rstrip(), Repeat(b"x", slowly=True)))
    )
    GREETING_8_BIT = Entry("The greeting has Latin-1 in it.", LINES, _greets("Välkommen till posten på Åland".encode("latin-1")))
    GREETING_NO_NEWLINE = Entry(
        "The greeting has no end of line, and nothing comes after it.",
        LINES,
        _greeting(lambda d: (d.ready_with(b"{name} ready").removesuffix(b"\r\n"), Do.SILENCE)),
    )
    GREETING_64_KIB = Entry("The greeting is one line of 64 KiB.", LINES, _greets(b"x" * 65536))
    GREETING_NUL = Entry("The greeting has NUL bytes in it.", LINES, _greets(b"{name}\x00\x00 ready\x00"))
    GREETING_EMPTY_LINE = Entry("The greeting is an empty line.", LINES, _says(b"\r\n"))
    GREETING_GARBAGE = Entry("The greeting is noise.", LINES, _says(_GARBAGE + b"\r\n"))
    GREETING_OTHER_PROTOCOL = Entry("SSH answers.", LINES, _says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Do.SILENCE))
    GREETING_POP3 = Entry("POP3 answers on the port of another service.", LINES - POP3, _says(b"+OK {name} ready.\r\n"))
    GREETING_421 = Entry("Too many connections: 421, and the end.", SMTP, _says(b"421 4.7.0 {name} Too many connections\r\n", Do.FIN))
    GREETING_554 = Entry(
        "The client is not wanted: 554.",
        SMTP,
        lambda behaviour, dialect: _any(b"503 5.5.1 Bad sequence of commands\r\n")(
            replace(behaviour, greeting=(b"554 5.7.1 {name} No SMTP service here\r\n",)), dialect
        ),
    )
    GREETING_ERR = Entry("The server has no time: -ERR, and the end.", POP3, _says(b"-ERR [SYS/TEMP] Too many connections.\r\n", Do.FIN))
    GREETING_BYE = Entry(
        "The server has no time: BYE, and the end.",
        IMAP | SIEVE,
        _greeting(lambda d: (b"* BYE Too many connections.\r\n" if d.ready.startswith(b"*") else b'BYE (TRYLATER) "Busy."\r\n', Do.FIN)),
    )
    GREETING_PREAUTH = Entry("The client is logged in without having asked.", IMAP, _says(b"* PREAUTH [CAPABILITY IMAP4rev1] ready.\r\n"))

    # ---- STARTTLS ----
    STARTTLS_ABSENT = Entry("No STARTTLS is offered, nor taken.", STARTTLS, _offers(before={"starttls": None}))
    STARTTLS_ABSENT_CLEAR = Entry(
        "No STARTTLS is offered, and passwords are taken in plain text.",
        STARTTLS & LOGIN,
        _offers(before={"starttls": None, "mechanisms": ("PLAIN", "LOGIN")}),
    )
    STARTTLS_REFUSED = Entry("STARTTLS is offered, then refused.", STARTTLS, _starttls(lambda d: (d.tls_refused,)))
    STARTTLS_SILENT = Entry("STARTTLS is accepted, then nothing more comes.", STARTTLS, _starttls(lambda d: (d.tls_begins, Do.SILENCE)))
    STARTTLS_NO_ANSWER = Entry("STARTTLS is not answered at all.", STARTTLS, _starttls(lambda _: (Do.SILENCE,)))
    STARTTLS_RESET = Entry("The connection is reset instead of an answer to STARTTLS.", STARTTLS, _starttls(lambda _: (Do.RESET,)))
    STARTTLS_INJECTED = Entry(
        "Plain text follows the answer to STARTTLS in the same segment, before the handshake.",
        STARTTLS,
        _starttls(lambda d: (d.tls_begins + _injected(d), StartTls())),
    )
    STARTTLS_KEEPS_COMMANDS = Entry(
        "What a client says in plain text right after STARTTLS is answered inside of TLS (CVE-2011-0411).",
        STARTTLS,
        _starttls(lambda d: (d.tls_begins, StartTls(keep=True))),
    )
    STARTTLS_STRIPPED = Entry("A middlebox overwrites the word STARTTLS, and the greeting.", STARTTLS, _stripped)

    # ---- capabilities and login ----
    CAPS_STARTTLS_AFTER_TLS = Entry("STARTTLS is still offered within TLS.", LINES, _offers(after={"starttls": "starttls"}))
    CAPS_AUTH_LOST = Entry(
        "Mechanisms offered before TLS are not offered within it.",
        STARTTLS & LOGIN,
        _offers(before={"mechanisms": ("PLAIN", "LOGIN")}, after={"mechanisms": ()}),
    )
    CAPS_LOST = Entry("All extensions are gone within TLS.", STARTTLS - SIEVE, _offers(after={"more": ()}))
    CAPS_REFUSED = Entry("The server does not know the command that asks for capabilities.", LINES, _capabilities_unknown)
    CAPS_SILENT = Entry("The command that asks for capabilities is not answered.", LINES, _capabilities(Do.SILENCE))
    CAPS_ENDLESS = Entry("The list of capabilities has no end.", LINES, _capabilities_endless)
    AUTH_BEFORE_TLS = Entry(
        "Passwords are taken in plain text before TLS, too.", STARTTLS, _offers(before={"mechanisms": ("PLAIN", "LOGIN")})
    )
    AUTH_NONE = Entry("No way to log in is offered.", LOGIN, _offers(after={"mechanisms": ()}))
    AUTH_ODD = Entry(
        "Only mechanisms that mail programs do not have are offered.", LOGIN, _offers(after={"mechanisms": ("GSSAPI", "NTLM", "X-FAULTY")})
    )
    AUTH_CRAM_MD5 = Entry("CRAM-MD5 is all that is offered.", LOGIN, _offers(after={"mechanisms": ("CRAM-MD5",)}))

    # ---- the lines ----
    LINES_DRIP = Entry("Everything comes byte by byte.", LINES, _set(voice=Drip))
    LINES_BARE_LF = Entry("Lines end with LF alone.", LINES, _set(voice=lambda said: said.replace(b"\r\n", b"\n")))
    LINES_WRONG_TAG = Entry("Answers bear another command's tag.", IMAP, _set(voice=lambda said: said.replace(b"{tag}", b"ZZ99")))
    LITERAL_BOMB = Entry("A literal of 999,999,999 bytes is announced, and begun.", IMAP | SIEVE, _literal_bomb)
    LINES_GARBAGE = Entry("Answers to commands are noise.", LINES, _any(_GARBAGE + b"\r\n"))
    LINES_NUL = Entry("Answers to commands are NUL bytes.", LINES, _any(bytes(200) + b"\r\n"))
    LINES_421 = Entry("The first command is answered with 421, and the end.", SMTP, _any(b"421 4.3.2 {name} Closing\r\n", Do.FIN))

    # ---- HTTP: what is served ----
    HTTP_404 = Entry("There is no such document.", WEB, _any(Reply("404 Not Found", documents.HTML, _HTML)))
    HTTP_403 = Entry("The document may not be seen.", WEB, _any(Reply("403 Forbidden", documents.HTML, _HTML)))
    HTTP_500 = Entry("The web server fails.", WEB, _any(Reply("500 Internal Server Error", documents.HTML, _HTML)))
    HTTP_503 = Entry(
        "The web server is overloaded.", WEB, _any(Reply("503 Service Unavailable", documents.HTML, {**_HTML, "Retry-After": "120"}))
    )
    HTTP_405 = Entry(
        "The method is not allowed, whichever it is.", WEB, _any(Reply("405 Method Not Allowed", headers={"Allow": "OPTIONS"}))
    )
    HTTP_401 = Entry(
        "Everything asks for a password.",
        WEB,
        _any(Reply("401 Unauthorized", documents.HTML, {**_HTML, "WWW-Authenticate": 'Basic realm="x"'})),
    )
    HTTP_HTML = Entry("A web page is what every address gives, with 200.", WEB, _any(Reply(body=documents.HTML, headers=_HTML)))
    HTTP_HTML_AS_XML = Entry("A web page is served as XML.", WEB, _any(Reply(body=documents.HTML, headers=XML)))
    HTTP_EMPTY = Entry("Documents are empty, with 200.", WEB, _any(Reply(headers=XML)))
    HTTP_204 = Entry("No content, with 204.", WEB, _any(b"HTTP/1.1 204 No Content\r\n\r\n"))
    XML_CUT = Entry("The XML stops half-way.", WEB, _document(lambda xml: xml[: len(xml) // 2]))
    XML_PLAIN_TEXT = Entry("The XML is right, and called text/plain.", WEB, _document(lambda xml: xml, "text/plain"))
    XML_CHARSET_HEADER = Entry(
        "Content-Type says UTF-16, the document is UTF-8.", WEB, _document(lambda xml: xml, "text/xml; charset=utf-16")
    )
    XML_CHARSET_BYTES = Entry(
        "The XML says UTF-8, and is Latin-1.",
        WEB,
        _document(lambda xml: xml.replace(b"Kundens", b"V\xe5r kunds").replace(b"<AccountType>email", b"<AccountType>\xe5")),
    )
    XML_CHARSET_UNKNOWN = Entry(
        "The XML says that it is in x-faulty.",
        WEB,
        _document(lambda xml: xml.replace(b'"UTF-8"', b'"x-faulty"').replace(b'"utf-8"', b'"x-faulty"')),
    )
    XML_BOM = Entry("The XML begins with a BOM, which is right.", WEB, _document(lambda xml: b"\xef\xbb\xbf" + xml))
    XML_UTF_16 = Entry(
        "The XML is UTF-16 with a BOM, and says so.",
        WEB,
        _document(lambda xml: xml.replace(b"UTF-8", b"UTF-16").replace(b"utf-8", b"utf-16"), "text/xml", "utf-16"),
    )
    XML_XXE = Entry("The XML has entities of a file and of another address.", WEB, _document(_with_doctype(_XXE, b"&f;&h;")))
    XML_LAUGHS = Entry("The XML has entities that grow to 2 GB.", WEB, _document(_with_doctype(_LAUGHS, b"&a9;")))
    XML_DEEP = Entry("The XML is 100,000 elements deep.", WEB, _document(lambda _: _XML_START + b"<a>" * 100_000))
    XML_NAMESPACE = Entry(
        "The XML is in a namespace that is not its own.",
        WEB,
        _document(
            lambda xml: xml.replace(b"<clientConfig ", b'<clientConfig xmlns="urn:wrong" ').replace(
                b"http://schemas.microsoft.com", b"urn:wrong"
            )
        ),
    )
    XML_PLACEHOLDERS = Entry(
        "Placeholders of a template are left in the document.",
        WEB,
        _document(lambda xml: xml.replace(b"mail.{domain}", b"{{ mail_host }}")),
    )

    # ---- HTTP: redirects ----
    REDIRECT_LOOP = Entry("Every address leads to itself.", WEB, _redirect("{path}"))
    REDIRECT_ENDLESS = Entry("Every address leads to another, without end.", WEB, _redirect("/{n}"))
    REDIRECT_ELSEWHERE = Entry(
        "Every address leads to the same path at another host.", WEB, _redirect("{elsewhere}{path}", "301 Moved Permanently")
    )
    REDIRECT_TO_HTTP = Entry("Every address leads to itself without TLS.", frozenset({Service.HTTPS}), _redirect("http://{host}{path}"))
    REDIRECT_TO_PRIVATE = Entry("Every address leads to one of a private network.", WEB, _redirect("http://192.168.1.1{path}"))
    REDIRECT_TO_METADATA = Entry("Every address leads to a link-local one.", WEB, _redirect("http://169.254.169.254/latest/meta-data/"))
    REDIRECT_TO_FILE = Entry("Every address leads to a file.", WEB, _redirect("file:///etc/passwd"))
    REDIRECT_NOWHERE = Entry("A redirect does not say where to.", WEB, _any(Reply("302 Found")))
    REDIRECT_GARBAGE = Entry("A redirect leads to something that is no address.", WEB, _redirect("http://[::1:bad\xff/"))

    # ---- HTTP: the message itself ----
    BODY_HUGE = Entry("The document has 100 MB.", WEB, _any(_HEAD + b"Content-Length: 104857600\r\n\r\n", Repeat(_SPACES, 1600)))
    BODY_ENDLESS = Entry("The document has no end.", WEB, _any(_CHUNKED_HEAD, Repeat(b"10000\r\n" + _SPACES + b"\r\n")))
    BODY_DRIPS = Entry("The document drips, and has no end.", WEB, _any(_CHUNKED_HEAD, Repeat(b"1\r\n \r\n", slowly=True)))
    BODY_SLOW = Entry("The document comes after *delay* seconds.", WEB, _any(Wait(), Reply(body=documents.MOZILLA, headers=XML)))
    BODY_GZIP_BOMB = Entry(
        "The document is 1 GB of spaces, in 1 MB of gzip.",
        WEB,
        lambda b, d: _any(_BOMB_HEAD + _gzip(_XML_START), Repeat(_bomb(), 100), Do.FIN)(b, d),
    )
    BODY_GZIP_BROKEN = Entry("The document is called gzip, and is not.", WEB, _any(_BOMB_HEAD, documents.MOZILLA, Do.FIN))
    HEADERS_SLOW = Entry("The headers drip, and have no end.", WEB, _any(_HEAD + b"X-Slow: ", Repeat(b"x", slowly=True)))
    HEADERS_MANY = Entry(
        "There are 100,000 headers.", WEB, _any(_HEAD, Repeat(b"X-Faulty: yes\r\n" * 1000, 100), b"Content-Length: 0\r\n\r\n")
    )
    HEADERS_LONG = Entry(
        "There is a header of 1 MB.", WEB, _any(_HEAD + b"X-Faulty: ", Repeat(b"x" * 10_000, 100), b"\r\nContent-Length: 0\r\n\r\n")
    )
    HEADERS_GARBAGE = Entry("The headers are noise.", WEB, _any(b"HTTP/1.1 200 OK\r\n" + _GARBAGE + b"\r\n\r\n", Do.FIN))
    STATUS_GARBAGE = Entry("The status line is none.", WEB, _any(b"ICY 200 OK\r\n\r\n", Do.FIN))
    STATUS_NUMBER = Entry("The status is not a number.", WEB, _any(b"HTTP/1.1 OK 200\r\nContent-Length: 0\r\n\r\n", Do.FIN))
    STATUS_ENDLESS = Entry("The status line has no end.", WEB, _any(b"HTTP/1.1 200 ", Repeat(b"x" * 16384)))
    STATUS_CONTINUE = Entry("100 Continue, again and again.", WEB, _any(Repeat(b"HTTP/1.1 100 Continue\r\n\r\n", slowly=True)))
    LENGTH_TOO_LONG = Entry(
        "Content-Length says more than is sent.", WEB, _any(Reply(body=documents.MOZILLA, headers=XML, length=99_999), Do.FIN)
    )
    LENGTH_TOO_SHORT = Entry(
        "Content-Length says less than is sent.", WEB, _any(Reply(body=documents.MOZILLA, headers=XML, length=100), Do.FIN)
    )
    LENGTH_GARBAGE = Entry(
        "Content-Length is not a number.", WEB, _any(Reply(body=documents.MOZILLA, headers={**XML, "Content-Length": "many"}), Do.FIN)
    )
    CHUNKS_GARBAGE = Entry("The chunks are none.", WEB, _any(_CHUNKED_HEAD + b"zz\r\nhello\r\n-5\r\n", Do.FIN))
    CHUNKS_CUT = Entry("The last chunk does not come.", WEB, _any(_CHUNKED_HEAD + b"5\r\n<?xml\r\n", Do.FIN))

    # ---- Autodiscover ----
    POX_401 = Entry(
        "Autodiscover asks for a password.",
        WEB,
        _answers(pox=(Reply("401 Unauthorized", headers={"WWW-Authenticate": 'Basic realm="x"'}),)),
    )
    POX_302 = Entry(
        "Autodiscover leads to another host.", WEB, _answers(pox=(Reply("302 Found", headers={"Location": "{elsewhere}{path}"}),))
    )
    POX_404 = Entry("There is no Autodiscover.", WEB, _answers(pox=(Reply("404 Not Found"),)))
    POX_405 = Entry("Autodiscover takes no POST.", WEB, _answers(pox=(Reply("405 Method Not Allowed", headers={"Allow": "GET"}),)))
    POX_ERROR = Entry("Autodiscover answers with error 600.", WEB, _answers(pox=(Reply(body=documents.POX_ERROR, headers=XML),)))
    POX_ADDRESS_LOOP = Entry(
        "Autodiscover leads to an address of the same domain, again and again.",
        WEB,
        _answers(pox=(Reply(body=documents.POX_SAME_ADDRESS, headers=XML),)),
    )
    POX_ADDRESS_ENDLESS = Entry(
        "Autodiscover leads to an address of yet another domain, without end.",
        WEB,
        _answers(pox=(Reply(body=documents.POX_NEW_ADDRESS, headers=XML),)),
    )
    POX_URL_LOOP = Entry("Autodiscover leads to itself.", WEB, _answers(pox=(Reply(body=documents.POX_SAME_URL, headers=XML),)))
    JSON_ERROR = Entry(
        "Autodiscover v2 answers with an error.",
        WEB,
        _answers(json=(Reply("400 Bad Request", documents.JSON_ERROR, {"Content-Type": "application/json"}),)),
    )
    JSON_BROKEN = Entry(
        "Autodiscover v2 is no JSON.", WEB, _answers(json=(Reply(body=b'{"Protocol":', headers={"Content-Type": "application/json"}),))
    )

    @property
    def sentence(self) -> str:
        """Return what it is."""
        return self.value.sentence

    @property
    def services(self) -> frozenset[Service]:
        """Return the services that can have it."""
        return self.value.services

    @property
    def change(self) -> Change:
        """Return what it changes in a healthy service."""
        return self.value.change

    def __str__(self) -> str:
        return self.name.lower()


def _usual(behaviour: Behaviour, dialect: Dialect) -> tuple[bytes, ...]:
    return (dialect.greeting(behaviour.after_tls if behaviour.implicit_tls else behaviour.before_tls),)


def _injected(dialect: Dialect) -> bytes:
    """Return an answer that a client would take for the server's first within TLS."""
    injected = {b"*": b"* CAPABILITY IMAP4rev1 AUTH=INJECTED\r\n", b"+": b"+OK injected\r\n", b"2": b"250 injected\r\n"}
    return injected.get(dialect.ready[:1], b'"SASL" "INJECTED"\r\nOK\r\n')


CASES = tuple((service, fault) for fault in Fault for service in Service if service in fault.services)
