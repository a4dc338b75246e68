"""The whole check against every fault of a server: exactly its findings, never a failure of our own, never beyond the time."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest

from autoconfig import diagnose
from autoconfig.address import Domain, EmailAddress
from autoconfig.checks.case import Case
from autoconfig.findings import Group, Report
from autoconfig.model import Account, ClientConfig, HostPattern, Protocol, Provider, Server, Sieve, TLSMode
from autoconfig.network.live import Live
from autoconfig.observations import Connection, Endpoint, Lookup, Request, Response, World
from tests.conftest import TellFault
from tests.faulty import Fault, Faulty, Service, root_pem
from tests.zones import Table, served

KUND = Domain.parse("kund.test")
ADDRESS = EmailAddress("erika", KUND)
GOOD, MACHINE = "good.other.test", "server7.host.test"  # the server beside the faulty one, and the name of the faulty one's machine
WEB = frozenset({Service.HTTP, Service.HTTPS})
MAIL = tuple(service for service in Service if service not in WEB)
IMPLICIT = {Service.IMAPS, Service.POP3S, Service.SUBMISSIONS, Service.HTTPS}
SERVERS = {Group.ENDPOINTS, Group.CERTIFICATES, Group.SUBMISSION}
SHORT = 3.0  # seconds for what never ends
LONG = 20.0  # seconds for what ends by itself, on a busy machine too


def _shown(fault: Fault | None) -> str:
    return fault.value.sentence if fault else "Nothing is wrong"


class Moved:
    """A world in which the standard ports are others."""

    def __init__(self, world: World, ports: Mapping[int, int]) -> None:
        self._world = world
        self._ports = ports
        self.now = world.now

    async def lookup(self, name: str, type: str, server: str | None = None) -> Lookup:
        """Ask the DNS."""
        return await self._world.lookup(name, type, server)

    async def probe(self, endpoint: Endpoint) -> Connection:
        """Connect to the other port."""
        port = self._ports.get(endpoint.port, endpoint.port)
        return replace(await self._world.probe(replace(endpoint, port=port)), endpoint=endpoint)

    async def fetch(self, request: Request) -> Response:
        """Ask at the other port."""
        parts = urlsplit(request.url)
        port = {"http": self._ports.get(80), "https": self._ports.get(443)}.get(parts.scheme)
        if port is None or parts.port is not None:
            return await self._world.fetch(request)
        found = await self._world.fetch(replace(request, url=parts._replace(netloc=f"{parts.hostname}:{port}").geturl()))
        return replace(found, request=request, location=found.location.replace(f":{port}/", "/"))


@cache
def _ca(folder: TemporaryDirectory[str]) -> Path:
    path = Path(folder.name) / "ca.pem"
    path.write_text(root_pem())
    return path


_FOLDER = TemporaryDirectory()


def _server(server: Faulty) -> Server[Domain]:
    return Server(Domain.parse(server.name), server.port, TLSMode.IMPLICIT if server.service in IMPLICIT else TLSMode.STARTTLS)


def _config(faulty: Faulty, imaps: Faulty, submissions: Faulty) -> ClientConfig:
    """What names the faulty server, with good ones beside it."""
    protocol, incoming, outgoing, sieve = Protocol.IMAP, imaps, submissions, None
    match faulty.service:
        case Service.IMAP | Service.IMAPS:
            incoming = faulty
        case Service.POP3 | Service.POP3S:
            protocol, incoming = Protocol.POP3, faulty
        case Service.SUBMISSION | Service.SUBMISSIONS:
            outgoing = faulty
        case Service.SIEVE:
            sieve = Sieve(HostPattern.parse(faulty.name), faulty.port, TLSMode.STARTTLS)
    made = Account(protocol, _server(incoming), _server(outgoing))
    return ClientConfig(KUND, Provider("host", "The Host", "Host", (), sieve=sieve), (made,))


async def _look(faulty: Faulty, imaps: Faulty, submissions: Faulty, deadline: float) -> Report:
    table: Table = {
        "kund.test": {"A": ["127.0.0.1"], "MX": ["10 mx.kund.test."] if faulty.service is Service.SMTP else ["0 ."]},
        GOOD: {"A": ["127.0.0.1"]},
        faulty.name: {"A": ["127.0.0.1"]},
        MACHINE: {"A": ["127.0.0.1"]},
        "mx.kund.test": {"A": ["127.0.0.1"]},
    }
    if faulty.service is Service.SMTP and faulty.name != "mx.kund.test":
        table = {**table, "kund.test": {"A": ["127.0.0.1"], "MX": [f"10 {faulty.name}."]}}
    config = _config(faulty, imaps, submissions)
    async with served(table) as nameserver, Live(resolver=nameserver.address, ca=_ca(_FOLDER), deadline=deadline) as live:
        case = Case(KUND, ADDRESS, Moved(live, {25: faulty.port}), config)
        return await diagnose.run(case, seconds=deadline, only=SERVERS)


Found = dict[str, set[str]]  # codes by service


def looked_at(fault: Fault | None, services: Collection[Service], deadline: float = LONG, delay: float = 60.0) -> Found:
    """The codes that each of *services* with *fault* gets."""

    async def all_of(faulty: Collection[Faulty], imaps: Faulty, submissions: Faulty) -> list[Report]:
        return await asyncio.gather(*(_look(each, imaps, submissions, deadline) for each in faulty))

    with ExitStack() as stack:

        def start(service: Service, name: str | None = None, fault: Fault | None = None) -> Faulty:
            return stack.enter_context(Faulty(service, fault, name=name, addresses=("127.0.0.1",), delay=delay, drip=0.001))

        good = start(Service.IMAPS, GOOD), start(Service.SUBMISSIONS, GOOD)
        faulty = [start(service, fault=fault) for service in services]
        began = time.monotonic()
        reports = asyncio.run(all_of(faulty, *good))
        assert time.monotonic() - began < 2 * deadline + 3  # a machine has other things to do
    return {str(each.service): {finding.code for finding in report.findings} for each, report in zip(faulty, reports, strict=True)}


# --- mail servers ------------------------------------------------------------------------------------------------------------------

PLAIN = frozenset(MAIL) - IMPLICIT
IMAP, POP3 = {Service.IMAP, Service.IMAPS}, {Service.POP3, Service.POP3S}
SMTP, SIEVE = {Service.SMTP}, {Service.SIEVE}
# A greeting that holds the capabilities leaves nothing more to ask for within TLS.
GREETS_WITH_CAPABILITIES = {Service.IMAPS, Service.SIEVE}

Codes = str  # with spaces between, "" for none
Expected = Codes | tuple[Codes, dict[Codes, Collection[Service]]]  # of every service that has the fault, or of all but these

EXPECTED: dict[Fault | None, Expected] = {
    None: "",
    Fault.TCP_REFUSED: "TCP_REFUSED",
    # Many networks let nobody out to port 25, so that its silence says nothing.
    Fault.TCP_DROP: ("TCP_TIMEOUT", {"SMTP25_NOT_TESTED": SMTP}),
    Fault.TCP_RESET_ON_ACCEPT: ("PROTO_CLOSED", {"TLS_RST": IMPLICIT}),
    Fault.TCP_RESET_ON_COMMAND: ("PROTO_CLOSED", {"": GREETS_WITH_CAPABILITIES}),
    Fault.TCP_HALF_OPEN: "PROTO_SILENT",
    Fault.TCP_FIN: ("PROTO_CLOSED", {"TLS_RST": IMPLICIT}),
    Fault.TLS_RESET: "TLS_RST",
    Fault.TLS_FIN: "TLS_RST",
    Fault.TLS_SILENT: "PROTO_SILENT",
    Fault.TLS_STALLS: "PROTO_SILENT",
    Fault.TLS_ALERT: "TLS_HANDSHAKE",
    # After a consent to STARTTLS it is no clear text that was meant.
    Fault.TLS_GARBAGE: ("TLS_HANDSHAKE", {"PLAIN_ON_TLS": IMPLICIT}),
    Fault.TLS_1_0_ONLY: "TLS_TOO_OLD",
    Fault.TLS_1_1_ONLY: "TLS_TOO_OLD",
    Fault.TLS_NO_CLOSE_NOTIFY: "",
    Fault.TLS_CLIENT_CERTIFICATE_ASKED: "",
    Fault.TLS_CLIENT_CERTIFICATE_REQUIRED: "TLS_HANDSHAKE",
    Fault.TLS_NO_SNI_REFUSED: "",  # we say whom we want
    Fault.TLS_NO_SNI_OTHER: "",
    Fault.TLS_ABSENT: "PLAIN_ON_TLS",
    # Mail exchangers that wait are mostly slow, not TLS.
    Fault.TLS_UNEXPECTED: ("TLS_ON_PLAIN", {"PROTO_SILENT": SMTP}),
    Fault.CERT_WRONG_NAME: "CERT_NAME_MISMATCH",
    # To name the machine instead is a way out where mail programs are told a name, not where MX records do.
    Fault.CERT_SERVER_NAME: ("CERT_SERVER_NAME", {"CERT_NAME_MISMATCH": SMTP}),
    Fault.CERT_EXPIRED: "CERT_EXPIRED",
    Fault.CERT_EXPIRES_SOON: "CERT_SOON",
    Fault.CERT_NOT_YET: "CERT_NOTYET",
    Fault.CERT_SELF_SIGNED: "CERT_SELF",
    Fault.CERT_UNKNOWN_ISSUER: "CERT_CHAIN_INCOMPLETE",
    Fault.CERT_NO_INTERMEDIATE: "CERT_CHAIN_INCOMPLETE",
    Fault.CERT_CHAIN_ORDER: "",  # RFC 8446, 4.4.2: to be taken in any order
    Fault.CERT_CHAIN_EXPIRED: "CERT_CHAIN_BROKEN",
    Fault.CERT_CHAIN_LONG: "",
    Fault.CERT_CHAIN_HUGE: "TLS_HANDSHAKE",
    Fault.CERT_CN_ONLY: "CERT_CN_ONLY",
    Fault.CERT_WILDCARD_TOO_DEEP: "CERT_NAME_MISMATCH",
    Fault.CERT_WILDCARD_BENEATH: "CERT_NAME_MISMATCH",
    Fault.CERT_IDN: "",
    Fault.CERT_IDN_2003: "CERT_NAME_MISMATCH",
    Fault.CERT_IDN_U_LABEL: "CERT_NAME_MISMATCH",
    Fault.CERT_NO_SERVER_AUTH: "CERT_NO_EKU",
    Fault.CERT_WEAK_KEY: "CERT_WEAK",
    Fault.CERT_SHA1: "CERT_WEAK",
    Fault.GREETING_SLOW: "GREET_SLOW",
    Fault.GREETING_DRIPS: "",
    Fault.GREETING_MULTI_LINE: "",
    Fault.GREETING_ENDLESS: "GREET_GARBAGE",
    Fault.GREETING_ENDLESS_LINES: "GREET_GARBAGE",
    Fault.GREETING_ENDLESS_DRIP: "PROTO_SILENT",
    Fault.GREETING_8_BIT: "",
    Fault.GREETING_NO_NEWLINE: "PROTO_SILENT",
    Fault.GREETING_64_KIB: "GREET_GARBAGE",
    Fault.GREETING_NUL: "",
    Fault.GREETING_EMPTY_LINE: "GREET_GARBAGE",
    Fault.GREETING_GARBAGE: "GREET_GARBAGE",
    Fault.GREETING_OTHER_PROTOCOL: "TCP_PORT_WRONG_PROTO",
    Fault.GREETING_POP3: "TCP_PORT_WRONG_PROTO",
    Fault.GREETING_421: "GREET_4XX",
    Fault.GREETING_554: "GREET_BYE",
    Fault.GREETING_ERR: "GREET_4XX",
    Fault.GREETING_BYE: ("GREET_BYE", {"GREET_4XX": SIEVE}),  # which says TRYLATER
    Fault.GREETING_PREAUTH: "GREET_PREAUTH",
    Fault.STARTTLS_ABSENT: "STARTTLS_ABSENT",
    Fault.STARTTLS_ABSENT_CLEAR: "STARTTLS_ABSENT AUTH_PLAINTEXT_OFFERED",
    Fault.STARTTLS_REFUSED: "STARTTLS_REFUSED",
    Fault.STARTTLS_SILENT: "PROTO_SILENT",
    Fault.STARTTLS_NO_ANSWER: "PROTO_SILENT",
    Fault.STARTTLS_RESET: "PROTO_CLOSED",
    Fault.STARTTLS_INJECTED: "STARTTLS_INJECT",
    Fault.STARTTLS_KEEPS_COMMANDS: "",  # to see it, one would have to attack
    Fault.STARTTLS_STRIPPED: "STARTTLS_ABSENT",
    Fault.CAPS_STARTTLS_AFTER_TLS: "",
    Fault.CAPS_AUTH_LOST: "AUTH_NONE AUTH_PLAINTEXT_OFFERED",
    Fault.CAPS_LOST: ("CAPS_CHANGED_LOSS", {"": SMTP}),
    # POP3 and SMTP have a way to go on without (RFC 1939; RFC 5321, 3.2: HELO), in which there is no STARTTLS, or no AUTH.
    Fault.CAPS_REFUSED: (
        "PROTO_REFUSED",
        {
            "STARTTLS_ABSENT AUTH_PLAINTEXT_OFFERED": {Service.POP3},
            "": {Service.POP3S},
            "STARTTLS_ABSENT": {Service.SUBMISSION, Service.SMTP},
            "AUTH_NONE": {Service.SUBMISSIONS},
        },
    ),
    Fault.CAPS_SILENT: "PROTO_SILENT",
    Fault.CAPS_ENDLESS: "PROTO_GARBAGE",
    Fault.AUTH_BEFORE_TLS: ("AUTH_PLAINTEXT_OFFERED", {"": SMTP}),  # nobody logs in at an exchanger
    Fault.AUTH_NONE: "AUTH_NONE",
    Fault.AUTH_ODD: ("AUTH_VS_PUBLISHED", {"": SIEVE}),  # for which nothing is published
    Fault.AUTH_CRAM_MD5: ("AUTH_VS_PUBLISHED", {"": SIEVE}),
    Fault.LINES_DRIP: "",
    Fault.LINES_BARE_LF: "",
    Fault.LINES_WRONG_TAG: ("PROTO_GARBAGE", {"": GREETS_WITH_CAPABILITIES}),
    Fault.LITERAL_BOMB: "PROTO_GARBAGE",
    Fault.LINES_GARBAGE: ("PROTO_GARBAGE", {"": GREETS_WITH_CAPABILITIES}),
    Fault.LINES_NUL: ("PROTO_GARBAGE", {"": GREETS_WITH_CAPABILITIES}),
    Fault.LINES_421: "PROTO_REFUSED",
}


def _expected(fault: Fault | None, services: Collection[Service]) -> Found:
    entry = EXPECTED[fault]
    usual, others = entry if isinstance(entry, tuple) else (entry, {})
    return {str(service): set(next((codes for codes, own in others.items() if service in own), usual).split()) for service in services}


def _services(fault: Fault | None) -> tuple[Service, ...]:
    return tuple(service for service in MAIL if fault is None or service in fault.services)


def test_the_table_has_every_fault() -> None:
    """A fault that is added needs a line."""
    assert set(EXPECTED) == {None, *(fault for fault in Fault if _services(fault))}


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("fault", EXPECTED, ids=str)
def test_each_fault_of_a_mail_server_has_its_findings(fault: Fault | None, tell_fault: TellFault) -> None:
    """No more and no less, at every service that can have it."""
    services = _services(fault)
    expected = _expected(fault, services)
    tell_fault("A mail server that we made", _shown(fault), set().union(*expected.values()))
    silent = {"PROTO_SILENT", "TCP_TIMEOUT"} & set().union(*expected.values())
    assert looked_at(fault, services, SHORT if silent else LONG, 3.0 if fault is Fault.GREETING_SLOW else 60.0) == expected


@pytest.mark.parametrize("fault", [None, Fault.CERT_SERVER_NAME, Fault.STARTTLS_ABSENT_CLEAR, Fault.GREETING_ENDLESS], ids=str)
def test_some_faults_of_a_mail_server_have_their_findings(fault: Fault | None) -> None:
    """Those of which nearly everything depends, for who has no time."""
    services = [service for service in (Service.IMAP, Service.SUBMISSIONS) if service in _services(fault)]
    assert looked_at(fault, services) == _expected(fault, services)


@pytest.mark.slow
@pytest.mark.alone
def test_servers_without_end_take_no_memory() -> None:
    """However much they say."""
    looked_at(None, MAIL)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for fault in (Fault.GREETING_ENDLESS, Fault.GREETING_ENDLESS_LINES, Fault.CAPS_ENDLESS, Fault.LITERAL_BOMB, Fault.CERT_CHAIN_HUGE):
        looked_at(fault, _services(fault))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


# --- the web server of the settings ------------------------------------------------------------------------------------------------


_WITHOUT_END = {
    Fault.TCP_DROP,
    Fault.TCP_HALF_OPEN,
    Fault.TLS_SILENT,
    Fault.TLS_STALLS,
    Fault.BODY_DRIPS,
    Fault.BODY_SLOW,
    Fault.HEADERS_SLOW,
    Fault.STATUS_CONTINUE,
}


def settings_looked_at(fault: Fault | None, label: str = "autoconfig") -> set[str]:
    """The codes of a foreign domain whose settings lie at *label*, on a web server with *fault*."""
    deadline = SHORT if fault in _WITHOUT_END else LONG
    with Faulty(Service.HTTPS, fault, name=f"{label}.kund.test", addresses=("127.0.0.1",), delay=60, drip=0.01) as faulty:

        async def look() -> Report:
            table: Table = {
                "kund.test": {"MX": ["0 ."]},
                "mail.kund.test": {"TXT": ["has no address, so that nobody is talked to"]},
                f"{label}.kund.test": {"A": ["127.0.0.1"]},
            }
            async with served(table) as nameserver, Live(resolver=nameserver.address, ca=_ca(_FOLDER), deadline=deadline) as live:
                case = Case(KUND, ADDRESS, Moved(live, {443: faulty.port, 80: 1}))
                return await diagnose.run(case, seconds=deadline, only={Group.DISCOVERY, Group.CERTIFICATES})

        began = time.monotonic()
        report = asyncio.run(look())
        assert time.monotonic() - began < 2 * deadline + 3
        return {finding.code for finding in report.findings}


def _all(prefix: str) -> set[Fault]:
    return {fault for fault in Fault if str(fault).startswith(prefix) and Service.HTTPS in fault.services}


_NAMED = {Fault.CERT_WILDCARD_TOO_DEEP, Fault.CERT_IDN, Fault.CERT_IDN_2003, Fault.CERT_IDN_U_LABEL}  # at names that nobody asks
BY_CODES: dict[Codes, set[Fault]] = {
    # Also what readers take as it is meant: they go by the document's own word for its characters, and by its elements' own names.
    "": {
        Fault.TLS_NO_CLOSE_NOTIFY,
        Fault.TLS_CLIENT_CERTIFICATE_ASKED,
        Fault.TLS_NO_SNI_REFUSED,
        Fault.TLS_NO_SNI_OTHER,
        Fault.CERT_CHAIN_ORDER,
        Fault.CERT_CHAIN_LONG,
        Fault.XML_CHARSET_HEADER,
        Fault.XML_BOM,
        Fault.XML_UTF_16,
        Fault.XML_NAMESPACE,
        Fault.LENGTH_GARBAGE,
    },
    "AC_UNREACHABLE": {
        *_all("tcp_"),
        *_all("tls_") - {Fault.TLS_NO_CLOSE_NOTIFY, Fault.TLS_CLIENT_CERTIFICATE_ASKED, Fault.TLS_NO_SNI_REFUSED, Fault.TLS_NO_SNI_OTHER},
        *_all("status_"),
        *_all("headers_") - {Fault.HEADERS_GARBAGE},
        *_all("chunks_"),
        Fault.CERT_CHAIN_HUGE,
        Fault.REDIRECT_ELSEWHERE,
        Fault.REDIRECT_TO_HTTP,
        Fault.BODY_DRIPS,
        Fault.BODY_SLOW,
        Fault.BODY_GZIP_BROKEN,
        Fault.LENGTH_TOO_LONG,
    },
    "AC_TLS_NAME": {Fault.CERT_WRONG_NAME, Fault.CERT_SERVER_NAME, Fault.CERT_CN_ONLY, Fault.CERT_WILDCARD_BENEATH},
    "AC_TLS_EXPIRED": {Fault.CERT_EXPIRED, Fault.CERT_NOT_YET},
    "CERT_SOON": {Fault.CERT_EXPIRES_SOON},
    "CERT_SELF": {Fault.CERT_SELF_SIGNED},
    "CERT_CHAIN_INCOMPLETE": {Fault.CERT_UNKNOWN_ISSUER, Fault.CERT_NO_INTERMEDIATE},
    "CERT_CHAIN_BROKEN": {Fault.CERT_CHAIN_EXPIRED},
    "CERT_NO_EKU": {Fault.CERT_NO_SERVER_AUTH},
    "CERT_WEAK": {Fault.CERT_WEAK_KEY, Fault.CERT_SHA1},
    "AC_404": {
        Fault.HTTP_404,
        Fault.HTTP_403,
        Fault.HTTP_405,
        Fault.HTTP_401,
        Fault.REDIRECT_TO_PRIVATE,
        Fault.REDIRECT_TO_METADATA,
        Fault.REDIRECT_TO_FILE,
        Fault.REDIRECT_NOWHERE,
        Fault.REDIRECT_GARBAGE,
    },
    "AC_5XX": {Fault.HTTP_500, Fault.HTTP_503},
    "AC_HTML_200": {Fault.HTTP_HTML, Fault.HTTP_HTML_AS_XML},
    "AC_BAD_XML": {
        Fault.HTTP_EMPTY,
        Fault.HTTP_204,
        Fault.XML_CUT,
        Fault.XML_CHARSET_BYTES,
        Fault.XML_CHARSET_UNKNOWN,
        Fault.XML_DEEP,
        Fault.XML_PLACEHOLDERS,
        Fault.HEADERS_GARBAGE,
        Fault.LENGTH_TOO_SHORT,
    },
    "AC_CONTENT_TYPE": {Fault.XML_PLAIN_TEXT},
    "AC_DTD": {Fault.XML_XXE, Fault.XML_LAUGHS},
    "AC_REDIRECT_LOOP": {Fault.REDIRECT_LOOP, Fault.REDIRECT_ENDLESS},
    "AC_HUGE": {Fault.BODY_HUGE, Fault.BODY_ENDLESS, Fault.BODY_GZIP_BOMB},
}
WEB_FAULTS = {fault: codes for codes, faults in BY_CODES.items() for fault in faults}
POX_FAULTS = {
    None: "",
    Fault.POX_401: "AD_POX_401 AC_NONE",  # which may be meant, and then there is nothing for anybody else
    Fault.POX_302: "AD_UNREACHABLE",
    Fault.POX_404: "AD_POX_404",
    Fault.POX_405: "AD_POX_405",
    Fault.POX_ERROR: "",  # an error in its own words may be about the address alone
    Fault.POX_ADDRESS_LOOP: "AD_POX_LOOP",
    Fault.POX_ADDRESS_ENDLESS: "AD_UNREACHABLE",  # the next domain is not there
    Fault.POX_URL_LOOP: "AD_POX_LOOP",
}


def test_the_tables_have_every_fault_of_a_web_server() -> None:
    """Once. The second version of Autodiscover is not looked at."""
    assert sum(map(len, BY_CODES.values())) == len(WEB_FAULTS)
    assert {*WEB_FAULTS, *POX_FAULTS, *_NAMED, *_all("json_")} == {None, *_all("")}


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("fault", sorted(WEB_FAULTS, key=str), ids=str)
def test_each_fault_of_the_settings_web_server_has_its_finding(fault: Fault, tell_fault: TellFault) -> None:
    """One, at an address that nothing else stands in for."""
    tell_fault("A web server with settings that we made", _shown(fault), WEB_FAULTS[fault].split())
    assert settings_looked_at(fault) == set(WEB_FAULTS[fault].split())


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("fault", POX_FAULTS, ids=str)
def test_each_fault_of_autodiscover_has_its_finding(fault: Fault | None, tell_fault: TellFault) -> None:
    """One, where nothing but Autodiscover is published."""
    tell_fault("Autodiscover on a web server that we made", _shown(fault), POX_FAULTS[fault].split())
    assert settings_looked_at(fault, "autodiscover") == set(POX_FAULTS[fault].split())


def test_settings_that_are_well_have_no_finding() -> None:
    """With nothing else published."""
    assert settings_looked_at(None) == set()
