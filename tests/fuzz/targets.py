"""Every reader of foreign bytes, by name: what it reads, where a hunt begins, what it may raise, and what holds for what it read."""

from __future__ import annotations

import asyncio
import io
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import dns.name
import dns.rdatatype

from autoconfig import config, dnsrecords, i18n, lint
from autoconfig.address import Domain, EmailAddress, is_ip
from autoconfig.checks import dkim, dmarc, mtasts, spfrecord, taglist, tlsrpt
from autoconfig.checks import documents as read_documents
from autoconfig.cli import targets as cli_targets
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Reading, Typed
from autoconfig.clients.parsers import android, dom, gmarkup, goxml, jxon, quickxml
from autoconfig.clients.srv import records as srv_of
from autoconfig.clients.urls import host_of, path_of
from autoconfig.errors import AddressError, ConfigError, DocumentError, SettingsError, UsageError
from autoconfig.formats import apple, mozilla, outlook, outlook_json, pacc, xml
from autoconfig.guides import errortexts
from autoconfig.guides.devices import client_of
from autoconfig.lint.problem import Kind
from autoconfig.network import dns as network_dns
from autoconfig.network import facts, http, imap, mailbox_imap, mailbox_pop3, pop3, sasl, sieve, smtp, submission, tls
from autoconfig.network.language import Language, NotUnderstood, recognise
from autoconfig.network.scripted import Scripted
from autoconfig.network.secret import Credentials, Password
from autoconfig.observations import Lookup, LookupStatus, Question, Request, Response
from autoconfig.publicsuffix import base_domain
from autoconfig.report import changes
from autoconfig.report import lint as report_lint
from autoconfig.store.exchange.formats import FORMATS
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.store import open_store
from autoconfig.web import create_app
from autoconfig.web.question import NotOurs, asked, host_domain, host_name
from tests.fuzz import seeds
from tests.fuzz.judge import Target
from tests.lint.documents import ADDRESS
from tests.lint.documents import config as settings_of_kund
from tests.web.conftest import SETTINGS
from tests.web.page import OWN

T = TypeVar("T")
INSTANCE = Path(__file__).parents[2] / "build" / "fuzz" / "instance"
KUND = Domain.parse("kund.se")


def text_of(data: bytes) -> str:
    """Return *data* as every reader of lines has it."""
    return data.decode("utf-8", "replace")


# --- the wire formats --------------------------------------------------------------------------------------------------------------


def _stable(parse: Callable[[bytes], T], write: Callable[[T], bytes], data: bytes) -> None:
    """What was read is written, and read again as the same; from then on the bytes stay."""
    found = parse(data)
    written = write(found)
    assert parse(written) == found, "read again it is something else"
    assert write(parse(written)) == written, "written again it is something else"


def _outlook_request(data: bytes) -> None:
    found = outlook.parse_request(data)
    # What nobody can write is a mail address or a schema with a character that XML does not have.
    written = outlook.write_request(found)
    assert outlook.parse_request(written) == found


def _outlook_json_request(data: bytes) -> None:
    query, _, address = data.partition(b"\n")
    assert isinstance(outlook_json.parse_request(query, text_of(address)).mistake, outlook_json.ErrorCode | None)


# --- programs ----------------------------------------------------------------------------------------------------------------------


def _reading(client: str, kind: str, data: bytes) -> None:
    found = CLIENTS[client].readers[kind](data)
    assert isinstance(found, Reading)
    assert found.accepted or not (found.incoming or found.outgoing), "servers of a document that was refused"


def _jxon(data: bytes) -> None:
    jxon.string(jxon.typed(jxon.text_of(jxon.parse(data))))


def _simulated(data: bytes) -> None:
    try:
        case = json.loads(data)
    except (ValueError, RecursionError):
        return
    world = Scripted(case)
    email = case.get("email")
    typed = Typed(email if isinstance(email, str) and "@" in email else "anna@kund.se", has_password=bool(case.get("password_given")))
    name = str(case.get("client")).partition("-")[0]
    asyncio.run(CLIENTS.get(name, CLIENTS["thunderbird"]).discover(typed, world))


# --- documents, judged -------------------------------------------------------------------------------------------------------------


def _lint(data: bytes) -> None:
    found = lint.lint(data)
    told = report_lint.to_data(found, ENGLISH)
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(1 <= (problem["line"] or 1) <= lines for problem in told["problems"]), "a line that is not there"


def _lint_as(kind: Kind, data: bytes) -> None:
    lint.lint(data, kind, content_type=text_of(data[:20]))


def _documents(data: bytes) -> None:
    for found in (
        read_documents.read_autoconfig(data, ADDRESS),
        read_documents.read_autodiscover(data),
        read_documents.read_pacc(data, ADDRESS),
    ):
        assert found.fault is None or not found.servers


# --- addresses and questions -------------------------------------------------------------------------------------------------------


def _domain(data: bytes) -> None:
    found = Domain.parse(text_of(data))
    assert Domain.parse(found.ascii) == found
    assert Domain.parse(found.unicode) == found
    assert found.ascii.isascii()
    assert not is_ip(found.ascii)
    base_domain(found.ascii)


def _address(data: bytes) -> None:
    found = EmailAddress.parse(text_of(data))
    assert EmailAddress.parse(str(found)) == found
    assert EmailAddress.parse(found.ascii).domain == found.domain


def _question(data: bytes) -> None:
    query, _, host = data.partition(b"\n")
    try:
        asked(query, host.decode("latin-1"))
    finally:
        host_domain(host_name(host.decode("latin-1")))


def _preferences(data: bytes) -> None:
    assert i18n.negotiate(data.decode("latin-1"), ("sv", "en")) in ("sv", "en")
    client_of(data.decode("latin-1"))


def _listed(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        assert cli_targets.listed(file.name)


class _Desk:
    """Where nothing is begun."""

    def look(self, domain: Domain) -> None:
        return None

    def begin(self, domain: Domain) -> None:
        return None

    def tidy(self) -> None:
        return None


@cache
def _service() -> Callable[[dict[str, object], Callable[..., object]], Iterable[bytes]]:
    INSTANCE.mkdir(parents=True, exist_ok=True)
    made = config.Config(INSTANCE, f"sqlite:///{INSTANCE}/autoconfig.db", base_url=f"https://{OWN}", rate_limit=config.Rate(10**9, 1))
    with open_store(made.database_url) as store:
        store.import_settings(read_toml(SETTINGS))
        catch_up(store, made.snapshot_path)
    return create_app(made, desk=_Desk()).wsgi_app  # type: ignore[arg-type]  # it is asked nothing else


def _web(data: bytes) -> None:
    """Read *data* as a request: its line, headers up to an empty line, and a body, much as the server in front of the application does."""
    head, _, body = data.partition(b"\n\n")
    line, *fields = head.decode("latin-1").split("\n")
    method, _, target = line.partition(" ")
    path, _, query = target.partition(" ")[0].partition("?")
    environ: dict[str, object] = {
        "REQUEST_METHOD": method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/" + path.lstrip("/"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for field in fields[:30]:
        name, _, value = field.partition(":")
        name = name.strip().upper().replace("-", "_")
        environ[name if name == "CONTENT_TYPE" else f"HTTP_{name}"] = value.strip()
    told: list[tuple[str, list[tuple[str, str]]]] = []
    content = b"".join(_service()(environ, lambda status, headers, error=None: told.append((status, headers))))
    ((status, headers),) = told
    assert int(status[:3]) < 500, f"{status}: {content[:200]!r}"
    names = [name.lower() for name, _ in headers]
    assert all("\n" not in value and "\r" not in value for _, value in headers), "a header with two lines"
    assert {"content-security-policy", "x-content-type-options", "referrer-policy"} <= set(names)


# --- what servers say --------------------------------------------------------------------------------------------------------------


def _lines(data: bytes) -> list[str]:
    return [text_of(line.removesuffix(b"\r")) for line in data.split(b"\n")]


def _spoken(language: Language, data: bytes) -> None:
    recognise(data)
    lines = _lines(data)
    for ends, read in (
        (language.greeting_ends, language.read_greeting),
        (language.capabilities_end, language.read_capabilities),
        (language.reply_ends, language.read_reply),
    ):
        whole = next((lines[: n + 1] for n in range(len(lines)) if ends(lines[: n + 1])), lines)
        _or_not_understood(read, whole)


def _or_not_understood(read: Callable[..., object], *args: object) -> object:
    try:
        return read(*args)
    except NotUnderstood:
        return None


def _imap_mailbox(data: bytes) -> None:
    lines = _lines(data)
    mailbox_imap.ends(lines)
    _or_not_understood(mailbox_imap.IMAPDoor().read, lines)
    for line in lines:
        mailbox_imap.readable(line)
        mailbox_imap.code_of(line)
    result = mailbox_imap.Result("OK", lines[0], tuple(line.removeprefix("* ") for line in lines))
    for read in (mailbox_imap.read_list, mailbox_imap.read_status, mailbox_imap.read_quotas, mailbox_imap.read_search):
        _or_not_understood(read, result)
    _or_not_understood(mailbox_imap.read_result, lines, lines[-1].partition(" ")[0])


def _pop3_mailbox(data: bytes) -> None:
    lines = _lines(data)
    mailbox_pop3.list_ends(lines)
    mailbox_pop3.has_id(lines, "<x@kund.se>")
    _or_not_understood(mailbox_pop3.POP3Door().read, lines)
    _or_not_understood(mailbox_pop3.read_stat, lines[0])


def _submission(data: bytes) -> None:
    lines = _lines(data)
    _or_not_understood(submission.SMTPDoor().read, lines)
    submission.enhanced(lines[0])


def _login(data: bytes) -> None:
    """Let a server say one challenge after the other to each mechanism."""
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", *sasl.SCRAM):
        talk = sasl.Exchange(mechanism, Credentials("anna", Password("hemlig")), lambda: "nonce")
        try:
            for challenge in data.split(b"\n")[:4]:
                # The most iterations that we take would cost more time than all the rest.
                talk.respond(re.sub(rb"i=[0-9]{5,}", b"i=4096", challenge))
        except sasl.MechanismFailed:
            continue


def _censored(data: bytes) -> None:
    text = text_of(data)
    assert "hemligheten" not in Credentials("anna@kund.se", Password("hemligheten")).censored(text).lower()


def _certificate(data: bytes) -> None:
    found = tls.read_certificate(data)
    if found is not None:
        assert found.not_before.tzinfo is not None
        found.covers(KUND)
    tls.Trust().chain_problem((data,))


def _dns(data: bytes) -> None:
    """Read an answer to a question for each type that we ask."""
    message = network_dns._parsed(data)
    if message is None:
        return
    for kind in ("A", "MX", "SRV", "TXT", "CNAME", "NS", "SOA", "CAA", "TLSA", "PTR"):
        question = Question.of("kund.se", kind)
        network_dns._read(question, message, dns.name.from_text("kund.se"), dns.rdatatype.from_text(kind))
    if message.question:
        asked_for = message.question[0]
        network_dns._read(Question.of("kund.se", "TXT"), message, asked_for.name, asked_for.rdtype)


def _http(data: bytes) -> None:
    first, _, rest = data.partition(b"\n")
    url = first.decode("latin-1")
    target = http._target(url)
    if target is not None:
        assert urlsplit(target.url).hostname is not None
        again = http._target(target.url)
        assert again is not None
        assert again.url == target.url, "asked again it is another place"
    location = http._location("https://kund.se/x", 302, Response(Request("https://kund.se/x"), 302, headers=(("location", url),)))
    assert location == "" or urlsplit(location).scheme in ("http", "https")
    for coding in ("gzip", "deflate", ""):
        with suppress(zlib.error):
            body, truncated = http._body(_Raw(rest), coding)
            assert len(body) == http.MAX_BODY or not truncated
            assert len(body) <= http.MAX_BODY


class _Raw:
    """A body as urllib3 hands it out."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, amount: int, *, decode_content: bool) -> bytes:
        return self._data.read(amount)


# --- what the DNS says -------------------------------------------------------------------------------------------------------------


def _spf(data: bytes) -> None:
    text = text_of(data)
    spfrecord.resembles(text)
    record = spfrecord.parse(text if spfrecord.is_record(text) else f"v=spf1 {text}")
    assert set(record.reachable) <= set(record.terms)
    assert set(record.lost) == set(record.terms) - set(record.reachable) - {t for t in record.terms if t.name in ("exp", "modifier")}
    assert spfrecord.mechanisms(record.reachable) <= {term.text.lower().removeprefix("+") for term in record.terms}
    assert set(record.doubtful) <= {term.text for term in record.terms}


def _tags(data: bytes) -> None:
    text = text_of(data)
    taglist.parse(text)
    for version in ("DKIM1", "DMARC1", "STSv1", "TLSRPTv1"):
        assert not (taglist.begins(text, version) and not taglist.resembles(text, version)), version
    if dkim.is_key(text):
        dkim.parse(text)
    dmarc.parse(text)
    tlsrpt.is_good(text)


def _policy(data: bytes) -> None:
    found = mtasts.parse(data)
    found.covers("mx.kund.se")
    assert found.max_age >= 0


def _srv(data: bytes) -> None:
    values = tuple(_lines(data))
    srv_of(values)
    read_documents.srv_records(Lookup(Question.of("_imaps._tcp.kund.se", "SRV"), LookupStatus.FOUND, values))
    for value in values:
        host_of(value)
        path_of(value)


@cache
def _wanted() -> tuple[dnsrecords.Record, ...]:
    return dnsrecords.records(settings_of_kund(), Domain.parse("autoconfig.karla.se"))


def _compared(data: bytes) -> None:
    values = tuple(_lines(data))
    answers = [dnsrecords.Answer(name, kind, values) for name, kind in dnsrecords.questions(_wanted())]
    dnsrecords.compare(_wanted(), answers)


# --- files of people ---------------------------------------------------------------------------------------------------------------


def _settings(kind: str, data: bytes) -> None:
    """Read a settings file; where there is a writer, what was read is written and read as the same."""
    form = FORMATS[kind]
    found = form.parse(data, "karla", lambda *_: None)
    if form.pieces is None:
        return
    written = "".join(form.pieces(found.providers, found.domains))
    again = form.parse(written.encode(), "karla", lambda *_: None)
    assert kind == "csv" or set(again.providers) == set(found.providers)
    assert set(again.domains) == set(found.domains)


def _configuration(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / config.FILE_NAME).write_bytes(data)
        config.load(Path(folder), {})
    name, _, value = text_of(data).partition("=")
    config.load(Path("/nowhere"), {config.PREFIX + name.strip().upper(): value})


def _facts(data: bytes) -> None:
    found = facts.read(data)
    assert facts.read(facts.write(found)) == found, "read again it is something else"


# --- the registry ------------------------------------------------------------------------------------------------------------------

ENGLISH = i18n.texts(i18n.SOURCE_LANGUAGE)

_CONVERSATIONS = (
    "network/test_readers.py",
    "network/test_inside.py",
    "network/loginserver.py",
    "network/test_probe.py",
    "cli/test_login.py",
)
# A new reader is a line here. Documents may be as large as their reader takes them, and larger.
_BIG = 1_200_000

TARGETS: tuple[Target, ...] = (
    Target("xml", partial(_stable, xml.parse_xml, xml.to_bytes), partial(seeds.broken_documents, "mozilla"), (DocumentError,), _BIG),
    Target("mozilla", partial(_stable, mozilla.parse, mozilla.write), seeds.mozilla, (DocumentError,), _BIG),
    Target("outlook", partial(_stable, outlook.parse, outlook.write), seeds.outlook_answers, (DocumentError,), _BIG),
    Target("outlook-request", _outlook_request, partial(seeds.literals, "formats/test_outlook.py"), (DocumentError,), _BIG),
    Target("outlook-json", partial(_stable, outlook_json.parse, outlook_json.write), seeds.outlook_json_answers, (DocumentError,), _BIG),
    Target("outlook-json-request", _outlook_json_request, partial(seeds.literals, "formats/test_outlook_json.py"), (AddressError,)),
    Target("apple", partial(_stable, apple.parse, apple.write), partial(seeds.broken_documents, "apple"), (DocumentError,), _BIG),
    Target("pacc", partial(_stable, pacc.parse, pacc.write), seeds.pacc, (DocumentError,), _BIG),
    *(
        Target(f"{client}-{kind}", partial(_reading, client, kind), partial(seeds.for_program, client, kind), swollen=_BIG)
        for client, kind in seeds.readers()
    ),
    Target("parser-android", android.parse, partial(seeds.for_program, "k9", "mozilla"), (DocumentError,), _BIG),
    Target("parser-dom", dom.parse, partial(seeds.for_program, "kmail", "mozilla"), (DocumentError,), _BIG),
    Target("parser-gmarkup", lambda data: list(gmarkup.events(data)), seeds.gmarkup, (gmarkup.MarkupError,), _BIG),
    Target("parser-goxml", lambda data: list(goxml.tokens(data)), partial(seeds.for_program, "aerc", "mozilla"), (goxml.Broken,), _BIG),
    Target("parser-jxon", _jxon, partial(seeds.for_program, "thunderbird", "mozilla"), (DocumentError,), _BIG),
    Target("parser-quickxml", lambda data: list(quickxml.events(data)), seeds.quickxml, (quickxml.Broken,), _BIG),
    Target("simulate", _simulated, seeds.cases, (DocumentError,)),
    Target("lint", _lint, seeds.all_documents, swollen=_BIG),
    *(
        Target(f"lint-{kind.value}", partial(_lint_as, kind), partial(seeds.broken_documents, kind.value))
        for kind in Kind
        if kind is not Kind.UNKNOWN
    ),
    Target("documents", _documents, seeds.all_documents, swollen=_BIG),
    Target("domain", _domain, partial(seeds.literals, "test_address.py"), (AddressError,)),
    Target("address", _address, partial(seeds.literals, "test_address.py"), (AddressError,)),
    Target("question", _question, seeds.questions, (AddressError, UsageError, NotOurs)),
    Target("preferences", _preferences, partial(seeds.literals, "test_i18n.py", "guides/test_devices.py", "web/page.py")),
    Target("targets", _listed, partial(seeds.literals, "cli/test_check.py"), (UsageError,), _BIG),
    Target("web", _web, seeds.requests),
    Target("imap", partial(_spoken, imap.LANGUAGE), partial(seeds.literals, *_CONVERSATIONS)),
    Target("pop3", partial(_spoken, pop3.LANGUAGE), partial(seeds.literals, *_CONVERSATIONS)),
    Target("smtp", partial(_spoken, smtp.LANGUAGE), partial(seeds.literals, *_CONVERSATIONS)),
    Target("sieve", partial(_spoken, sieve.LANGUAGE), partial(seeds.literals, *_CONVERSATIONS)),
    Target("imap-mailbox", _imap_mailbox, partial(seeds.literals, *_CONVERSATIONS)),
    Target("pop3-mailbox", _pop3_mailbox, partial(seeds.literals, *_CONVERSATIONS)),
    Target("submission", _submission, partial(seeds.literals, *_CONVERSATIONS)),
    Target("login", _login, partial(seeds.literals, "network/test_sasl.py")),
    Target("censored", _censored, partial(seeds.literals, "network/test_secret.py")),
    Target("certificate", _certificate, seeds.certificates),
    Target("dns", _dns, seeds.dns_answers),
    Target("http", _http, seeds.responses),
    Target("spf", _spf, partial(seeds.sender_records, b"v=spf1")),
    Target("tags", _tags, partial(seeds.sender_records, b"=")),
    Target("mta-sts", _policy, partial(seeds.sender_records, b"STSv1", b"mx:")),
    Target("srv", _srv, partial(seeds.literals, "checks/test_discovery.py", "checks/test_documents.py")),
    Target("zone", _compared, seeds.zone_lines),
    Target("toml", partial(_settings, "toml"), partial(seeds.settings_files, "toml"), (SettingsError,)),
    Target("csv", partial(_settings, "csv"), partial(seeds.settings_files, "csv"), (SettingsError,)),
    Target("json", partial(_settings, "json"), seeds.json_settings, (SettingsError,)),
    Target("cpanel", partial(_settings, "cpanel"), partial(seeds.settings_files, "cpanel"), (SettingsError,)),
    Target("config", _configuration, partial(seeds.literals, "test_config.py"), (ConfigError,)),
    Target("facts", _facts, seeds.saved_facts, (DocumentError,)),
    Target("diff", changes.read, seeds.saved_reports, (DocumentError,)),
    Target("error-text", lambda data: errortexts.recognise(text_of(data)), seeds.error_texts),
)
