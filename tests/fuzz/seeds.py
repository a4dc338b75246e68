"""Where a hunt begins: samples that the tests of each reader already have, so that a new one there is a new seed here."""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
from cryptography.hazmat.primitives.serialization import Encoding

from autoconfig import i18n
from autoconfig.address import Domain
from autoconfig.clients import CLIENTS
from autoconfig.dnsrecords import records, zone_text
from autoconfig.formats import outlook, outlook_json
from autoconfig.guides.errortexts import all_error_texts
from autoconfig.network import facts
from autoconfig.network.facts import Answers, Facts
from autoconfig.network.tls import read_certificate
from autoconfig.observations import (
    TCP,
    TLS,
    Connection,
    Endpoint,
    Greeting,
    GreetingKind,
    Lookup,
    LookupStatus,
    Question,
    Request,
    Response,
    Service,
)
from autoconfig.report import data
from tests.certificates import issue
from tests.lint import documents
from tests.report import reports

TESTS = Path(__file__).parents[1]
FOUND = Path(__file__).parent / "found"  # what once was too much for a reader: TARGET-HASH

_MOST = 16 * 1024  # octets of a seed: larger ones cost more than they tell


def literals(*files: str) -> Iterator[bytes]:
    """Yield the texts and bytes that stand in the *files* of the tests, each once, the lines of a list also as one text."""
    seen: set[bytes] = set()
    for file in files:
        for node in ast.walk(ast.parse((TESTS / file).read_text())):
            for text in _texts(node):
                if 2 <= len(text) <= _MOST and text not in seen:
                    seen.add(text)
                    yield text


def _texts(node: ast.AST) -> Iterator[bytes]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        yield node.value if isinstance(node.value, bytes) else node.value.encode("utf-8", "replace")
    elif isinstance(node, ast.List | ast.Tuple):
        lines = [part.value for part in node.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if len(lines) > 1 and len(lines) == len(node.elts):
            yield "\r\n".join(lines).encode("utf-8", "replace")


def save(name: str, data: bytes) -> Path:
    """Save what was too much for the target *name*, and return where."""
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


def found(name: str) -> list[bytes]:
    """Return what was once too much for the target *name*."""
    return [path.read_bytes() for path in sorted(FOUND.glob(f"{name}-*"))]


@cache
def broken_documents(kind: str) -> tuple[bytes, ...]:
    """Return a good document of *kind*, and one for each rule that it can break."""
    rows = (row for row in documents.ROWS if row.kind == kind)
    return (documents.GOOD[kind], *(content for row in rows if len(content := row.data) <= _MOST))


def golden(*patterns: str) -> Iterator[bytes]:
    """Yield the files that our own writers are held against."""
    for pattern in patterns:
        for path in sorted((TESTS / "formats" / "golden").glob(pattern)):
            yield path.read_bytes()


def outlook_answers() -> Iterator[bytes]:
    """Yield the errors of Autodiscover beside its settings."""
    yield from broken_documents("outlook")
    for code in outlook.ErrorCode:
        yield outlook.error_document(code, datetime(2026, 11, 23, tzinfo=UTC).time()).content


def outlook_json_answers() -> Iterator[bytes]:
    """Yield the settings and the errors of Autodiscover v2."""
    yield outlook_json.document(documents.config()).content
    for code in outlook_json.ErrorCode:
        yield outlook_json.error_document(code).content


def saved_facts() -> Iterator[bytes]:
    """Yield a file with an observation of each kind."""
    host = Domain.parse("imap.kund.se")
    now = datetime(2026, 11, 23, 8, tzinfo=UTC)
    session = TLS(host.ascii, version="TLSv1.3", certificate=read_certificate(next(certificates())), ms=1.5)
    connection = Connection(
        Endpoint(Service.IMAPS, host, "192.0.2.20", 993),
        TCP.CONNECTED,
        3.5,
        Greeting(GreetingKind.READY, "ready", 2.0),
        capabilities_after=("IMAP4REV1",),
        auth_after=("PLAIN",),
        tls=session,
        transcript=("* TLS", "< * OK ready"),
    )
    answers = Answers(
        (Lookup(Question.of("kund.se", "MX"), LookupStatus.FOUND, ("10 mx.kund.se",), ttl=300, ms=4.0),),
        (connection,),
        (Response(Request("https://kund.se/x", headers=(("accept", "*/*"),)), 200, headers=(("server", "x"),), body=b"\x00\xff"),),
    )
    yield facts.write(Facts("kund.se", now, answers, {"client": ("k9",)}))
    yield facts.write(Facts("kund.se", now, Answers()))


def saved_reports() -> Iterator[bytes]:
    """Yield reports as a file for `--diff` has them."""
    texts = i18n.texts(i18n.SOURCE_LANGUAGE)
    every = [data.to_data(report, texts) for report in (reports.faulty(), reports.well(), reports.hostile())]
    yield from (data.to_json(one).encode("utf-8", "replace") for one in every)
    yield data.to_json(every[:2]).encode()


def cases() -> Iterator[bytes]:
    """Yield a few recorded worlds of each program."""
    for path in sorted((TESTS / "clients" / "traces").glob("*.jsonl")):
        lines = path.read_bytes().splitlines()
        yield from (line for line in lines[:: max(1, len(lines) // 6)] if len(line) <= _MOST)


@cache
def _certificates() -> tuple[bytes, ...]:
    parties = [issue("kund.se", kind=kind, ca=ca) for kind in ("rsa", "ec", "ed25519") for ca in (False, True)]
    return tuple(party.certificate.public_bytes(Encoding.DER) for party in parties)


def certificates() -> Iterator[bytes]:
    """Yield certificates with each kind of key."""
    yield from _certificates()


def dns_answers() -> Iterator[bytes]:
    """Yield answers of name servers with each kind of record, an alias, an error and a referral."""
    values = {
        "A": "192.0.2.1",
        "AAAA": "2001:db8::1",
        "MX": "10 mx.kund.se.",
        "SRV": "0 1 993 imap.kund.se.",
        "TXT": '"v=spf1 -all" "more"',
        "CNAME": "server.karlahosting.se.",
        "NS": "ns1.kund.se.",
        "SOA": "ns1.kund.se. hostmaster.kund.se. 1 2 3 4 300",
        "CAA": '0 issue "letsencrypt.org"',
        "TLSA": "3 1 1 " + "ab" * 32,
        "PTR": "mail.kund.se.",
    }
    for kind, value in values.items():
        answer = dns.message.make_response(dns.message.make_query("kund.se.", kind, use_edns=True))
        answer.answer.append(dns.rrset.from_text("kund.se.", 300, "IN", kind, value))
        yield answer.to_wire()
        answer.flags |= dns.flags.AA | dns.flags.AD
        answer.answer.clear()
        answer.answer.append(dns.rrset.from_text("kund.se.", 300, "IN", "CNAME", "x.kund.se."))
        answer.authority.append(dns.rrset.from_text("kund.se.", 300, "IN", "SOA", values["SOA"]))
        yield answer.to_wire()


def zone_lines() -> Iterator[bytes]:
    """Yield what a zone should have, as one compares with it."""
    wanted = records(documents.config(), Domain.parse("autoconfig.karla.se"))
    yield zone_text(wanted, Domain.parse("kund.se")).encode()
    for record in wanted:
        yield f"{record.name} {record.type} {record.data}".encode()


def error_texts() -> Iterator[bytes]:
    """Yield what mail programs show."""
    yield from (text.words.encode() for text in all_error_texts())


def settings_files(kind: str) -> Iterator[bytes]:
    """Yield the sample, and the files of the tests that look like *kind*."""
    begins = {"json": (b"{",), "csv": (b"domain",), "toml": (b"[[", b"\n[[", b"#"), "cpanel": ()}[kind]
    if kind == "toml":
        yield (TESTS.parent / "instance" / "sample.toml").read_bytes()
    for text in literals("store/test_formats.py", "store/test_exchange.py", "store/test_places.py", "web/conftest.py"):
        if text.lstrip().startswith(begins) or (kind == "cpanel" and b": " in text):
            yield text


def json_settings() -> Iterator[bytes]:
    """Yield a file with a little of everything."""
    server = {"host": "imap.kund.se", "port": 993, "tls": "implicit", "auth": ["password-cleartext"], "username": "%EMAILADDRESS%"}
    account = {"protocol": "imap", "incoming": server, "outgoing": {**server, "also": [{"port": 587, "tls": "starttls"}]}}
    provider = {"id": "karla", "name": "Karla", "short_name": "K", "default": True, "account": [account], "mx": ["10 mx.kund.se"]}
    domain = {"name": "kund.se", "provider": "karla", "protocols": ["imap"], "note": "x", "account": [{"protocol": "imap"}]}
    yield json.dumps({"provider": [provider], "domain": [domain, {"name": "alias.se", "alias_of": "kund.se"}]}).encode()
    yield from settings_files("json")


def readers() -> list[tuple[str, str]]:
    """Return every program with each kind of document that it reads."""
    return [(client.name, kind) for client in CLIENTS.values() for kind in client.readers]


def mozilla() -> Iterator[bytes]:
    """Yield clientConfigs of ours, whole and broken."""
    yield from golden("*.xml")
    yield from broken_documents("mozilla")


def pacc() -> Iterator[bytes]:
    """Yield PACC documents of ours, whole and broken."""
    yield from golden("*.json")
    yield from broken_documents("pacc")


def for_program(client: str, kind: str) -> Iterator[bytes]:
    """Yield what the tests of a program let it read."""
    yield from broken_documents(kind)
    file = {"outlook-new": "outlook", "fairemail-play": "fairemail"}.get(client, client)
    yield from literals("clients/made.py", f"clients/test_{file}.py")


def gmarkup() -> Iterator[bytes]:
    """Yield documents for GLib's parser."""
    yield from for_program("geary", "mozilla")
    yield from literals("clients/test_gmarkup.py")


def quickxml() -> Iterator[bytes]:
    """Yield documents for Delta Chat's parser."""
    yield from for_program("deltachat", "mozilla")
    yield from for_program("deltachat", "outlook")


def all_documents() -> Iterator[bytes]:
    """Yield documents of every kind."""
    for kind in documents.GOOD:
        yield from broken_documents(kind)
    yield from outlook_json_answers()


def questions() -> Iterator[bytes]:
    """Yield queries, each with a Host on the next line."""
    for number, text in enumerate(literals("web/test_question.py")):
        yield text + b"\nautoconfig.kund.se"
        yield b"emailaddress=anna%40kund.se&x=" + str(number).encode() + b"\n" + text


def requests() -> Iterator[bytes]:
    """Yield a request for each address of the service, and the bodies that its tests send."""
    paths = literals("web/test_discovery.py", "web/test_guides.py", "web/test_autodiscover.py", "web/test_profile.py")
    for path in (text for text in paths if text.startswith(b"/")):
        yield b"GET " + path + b"\nHost: autoconfig.kund.se\nAccept: text/html\nAccept-Language: sv\n\n"
    for path in (b"/mail/config-v1.1.xml", b"/email.mobileconfig", b"/autodiscover/autodiscover.json", b"/tls/allowed"):
        yield b"GET " + path + b"?emailaddress=anna@kund.se&protocol=imap&domain=kund.se\nHost: kund.se\nIf-None-Match: *\n\n"
    for body in literals("formats/test_outlook.py"):
        yield b"POST /Autodiscover/Autodiscover.xml\nHost: autodiscover.kund.se\nContent-Type: text/xml\n\n" + body
    form = b"Content-Type: application/x-www-form-urlencoded\nX-Forwarded-Proto: https\n\naddress=anna%40kund.se"
    yield b"POST /guide/kund.se/test\nHost: kund.se\nOrigin: https://kund.se\nSec-Fetch-Site: same-origin\n\n"
    yield b"POST /guide/kund.se\nHost: kund.se\n" + form
    parts = b"Content-Type: multipart/form-data; boundary=x\n\n--x\nContent-Disposition: form-data\n"
    yield b"POST /\nHost: autoconfig.karlahosting.se\n" + parts


def responses() -> Iterator[bytes]:
    """Yield places to go to, each with a body, plain and packed."""
    for text in literals("network/test_http.py", "network/test_policy.py"):
        if b"/" in text:
            yield text + b"\n" + gzip.compress(text)
            yield text + b"\n" + zlib.compress(text)


def sender_records(*signs: bytes) -> Iterator[bytes]:
    """Yield records of senders with one of *signs* in them."""
    texts = literals("checks/test_senderrecords.py", "checks/test_deliverability.py")
    yield from (text for text in texts if any(sign in text for sign in signs))
