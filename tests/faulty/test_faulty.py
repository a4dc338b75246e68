"""The faulty server itself: when healthy it is, and each fault is what its sentence says."""

from __future__ import annotations

import contextlib
import http.client
import re
import select
import socket
import ssl
import struct
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from tests.faulty import CASES, Fault, Faulty, Service, root_pem

pytestmark = pytest.mark.slow

LINES = [each for each in Service if each not in (Service.HTTP, Service.HTTPS)]
HELLO = {"imap": "a1 CAPABILITY", "pop3": "CAPA", "submission": "EHLO me.test", "smtp": "EHLO me.test", "sieve": "CAPABILITY"}
END = {"imap": b"a1 ", "pop3": b"\r\n.\r\n", "submission": b"250 ", "smtp": b"250 ", "sieve": b"\nOK"}
POX = "/autodiscover/autodiscover.xml"
MOZILLA = "/mail/config-v1.1.xml"
QUICK: dict[str, float] = {"delay": 0.3, "drip": 0.002}


def protocol(service: Service) -> str:
    return str(service).removesuffix("s") if service is not Service.SUBMISSIONS else "submission"


def trusting(*, blind: bool = False, old: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=root_pem())
    if blind:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if old:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.minimum_version = ssl.TLSVersion.TLSv1
    return context


@contextlib.contextmanager
def connected(server: Faulty, address: str | None = None, timeout: float = 2) -> Iterator[socket.socket]:
    with socket.create_connection((address or server.host, server.port), timeout=timeout) as client:
        yield client


@contextlib.contextmanager
def over_tls(server: Faulty, context: ssl.SSLContext | None = None, *, name: str | None = "", address: str | None = None):
    """Connect, with STARTTLS where it is needed."""
    with connected(server, address) as client:
        if not server.service.value.healthy.implicit_tls:
            until(client, b"\n" if server.service is not Service.SIEVE else b"\nOK")
            if server.service in (Service.SMTP, Service.SUBMISSION):
                ask(client, "EHLO me.test", b"250 ")
            ask(client, {"imap": "s1 STARTTLS", "pop3": "STLS"}.get(str(server.service), "STARTTLS"), b"\r\n")
        with (context or trusting()).wrap_socket(client, server_hostname=server.name if name == "" else name) as wrapped:
            yield wrapped


def until(client: socket.socket, end: bytes, limit: int = 1 << 17) -> bytes:
    """Read up to *end* (and the rest of its line), the end of it all, or *limit*."""
    data = b""
    while len(data) < limit and (end not in data or not data.endswith(b"\n") or data.rindex(b"\n") < data.index(end)):
        piece = client.recv(65536)
        if not piece:
            break
        data += piece
    return data


def everything(client: socket.socket, limit: int = 300_000, seconds: float = 0.15, quiet: float = 0.04) -> bytes:
    """Read what comes: until the end, *limit*, for *seconds*, or until it is *quiet* after something was said."""
    data, stop = b"", time.monotonic() + seconds
    client.settimeout(seconds)
    with contextlib.suppress(TimeoutError):
        while len(data) < limit and time.monotonic() < stop and (piece := client.recv(65536)):
            data += piece
            client.settimeout(quiet)
    return data


def ask(client: socket.socket, line: str, end: bytes) -> bytes:
    client.sendall(line.encode() + b"\r\n")
    return until(client, end)


def capabilities(client: socket.socket, service: Service) -> bytes:
    return ask(client, HELLO[protocol(service)], END[protocol(service)])


def get(server: Faulty, path: str = MOZILLA, method: str = "GET", **how) -> bytes:
    """Return what comes, as it comes."""
    with connected(server) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: {server.name}\r\nContent-Length: 0\r\n\r\n".encode())
        return everything(client, **how)


# ---- when nothing is wrong ----


@pytest.mark.parametrize("service", LINES, ids=str)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_healthy_mail_server_passes_every_verification(service: Service, address: str) -> None:
    """Greeting, TLS and capabilities are right on both addresses, and what the client said is remembered."""
    with Faulty(service) as server:
        if address not in server.addresses:
            pytest.skip("no IPv6 here")
        with over_tls(server, address=address) as client:
            if server.behaviour.implicit_tls:
                assert b"\r\n" in until(client, b"\n")
            elif service is Service.SIEVE:
                assert b'"SASL" "PLAIN LOGIN"' in until(client, b"\nOK")  # unasked, RFC 5804 2.2
            found = capabilities(client, service)
            assert (b"PLAIN" in found) == (service is not Service.SMTP)
            assert b"STARTTLS" not in found
            assert b"STLS" not in found
        assert HELLO[protocol(service)] in server.heard
        assert server.server_names == [server.name]
        assert server.handshakes == server.connections == 1
        assert server.settled()


@pytest.mark.parametrize("service", [each for each in LINES if not each.value.healthy.implicit_tls], ids=str)
def test_a_healthy_server_offers_starttls_and_no_login_before_it(service: Service) -> None:
    """STARTTLS is offered in plain text, and no password is taken."""
    with Faulty(service) as server, connected(server) as client:
        until(client, b"\n" if service is not Service.SIEVE else b"\nOK")
        found = capabilities(client, service)
        assert service.value.dialect.starttls.encode() in found
        assert b"PLAIN" not in found


@pytest.mark.parametrize("service", [Service.HTTP, Service.HTTPS], ids=str)
def test_a_healthy_web_server_has_the_documents(service: Service) -> None:
    """Mozilla's document, both of Autodiscover's, and 404 for everything else; one connection is enough."""
    with Faulty(service) as server:
        if service is Service.HTTPS:
            client = http.client.HTTPSConnection(server.host, server.port, context=trusting(blind=True), timeout=2)
        else:
            client = http.client.HTTPConnection(server.host, server.port, timeout=2)
        with contextlib.closing(client):
            for method, path, status, word in (
                ("GET", MOZILLA, 200, b"<hostname>mail.kund.test"),
                ("GET", "/.well-known/autoconfig" + MOZILLA, 200, b"<clientConfig"),
                ("POST", "/Autodiscover/Autodiscover.xml", 200, b"<Server>mail.kund.test"),
                ("GET", POX, 405, b""),
                ("GET", "/autodiscover/autodiscover.json?Email=a@kund.test", 200, b"AutodiscoverV1"),
                ("GET", "/", 404, b"Not found"),
            ):
                client.request(method, path, b"<a/>\n" if method == "POST" else None)
                answer = client.getresponse()
                assert (answer.status, word in answer.read()) == (status, True)
        assert server.connections == 1
        assert "<a/>" in server.heard


def test_documents_and_places_can_be_given() -> None:
    """A kind or a path, each with its bytes."""
    with Faulty("http", documents={"mozilla": b"mine", "/other": b"too"}) as server:
        assert get(server).endswith(b"\r\n\r\nmine")
        assert get(server, "/other").endswith(b"\r\n\r\ntoo")


def test_a_service_refuses_a_fault_that_it_cannot_have() -> None:
    """POX on IMAP is a mistake of the test's."""
    with pytest.raises(ValueError, match="imap has no pox_401"):
        Faulty("imap", Fault.POX_401)


# ---- TCP ----


def _connects(server: Faulty, address: str) -> str:
    try:
        with connected(server, address, 0.15) as client:
            client.sendall(b"x\r\n")
            return "fin" if client.recv(1) == b"" else "said something"
    except (ConnectionRefusedError, ConnectionResetError, TimeoutError) as error:
        return type(error).__name__


TCP = {
    Fault.TCP_REFUSED: "ConnectionRefusedError",
    Fault.TCP_DROP: "TimeoutError",
    Fault.TCP_RESET_ON_ACCEPT: "ConnectionResetError",
    Fault.TCP_HALF_OPEN: "TimeoutError",
    Fault.TCP_FIN: "fin",
}


@pytest.mark.parametrize("fault", TCP, ids=str)
def test_tcp(fault: Fault) -> None:
    """What the kernel tells the client is what the fault says, on both addresses."""
    with Faulty("imaps", fault) as server:
        for address in server.addresses:
            assert _connects(server, address) == TCP[fault]
        assert server.connections == (0 if fault in (Fault.TCP_REFUSED, Fault.TCP_DROP) else len(server.addresses))


def test_reset_on_command() -> None:
    """The greeting comes, the answer does not."""
    with Faulty("pop3", Fault.TCP_RESET_ON_COMMAND) as server, connected(server) as client:
        assert until(client, b"\n").startswith(b"+OK")
        with pytest.raises(ConnectionResetError):
            ask(client, "CAPA", b".")


# ---- TLS ----

HANDSHAKE: dict[Fault, type[BaseException] | str] = {
    Fault.TLS_RESET: ConnectionResetError,
    Fault.TLS_FIN: "EOF",
    Fault.TLS_SILENT: TimeoutError,
    Fault.TLS_STALLS: TimeoutError,
    Fault.TLS_ALERT: "HANDSHAKE_FAILURE",
    Fault.TLS_GARBAGE: "WRONG_VERSION_NUMBER",
    Fault.TLS_1_0_ONLY: "PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|LEGACY_SIGALG",
    Fault.TLS_1_1_ONLY: "PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|LEGACY_SIGALG",
}


@pytest.mark.parametrize("service", ["imaps", "submission"])
@pytest.mark.parametrize("fault", HANDSHAKE, ids=str)
def test_handshake(fault: Fault, service: str) -> None:
    """The handshake fails in the way that the fault says, with TLS at once and after STARTTLS."""
    expected = HANDSHAKE[fault]
    with Faulty(service, fault) as server, connected(server, timeout=0.2) as client:
        if service == "submission":
            until(client, b"\n")
            ask(client, "EHLO x", b"250 ")
            assert ask(client, "STARTTLS", b"\n").startswith(b"220")
        with pytest.raises(ssl.SSLError if isinstance(expected, str) else expected) as caught:
            trusting().wrap_socket(client, server_hostname=server.name)
        if isinstance(expected, str):
            assert re.search(expected, str(caught.value).replace(" ", "_").upper()), caught.value


@pytest.mark.parametrize(("fault", "version"), [(Fault.TLS_1_0_ONLY, "TLSv1"), (Fault.TLS_1_1_ONLY, "TLSv1.1")], ids=str)
def test_old_versions_work_for_who_wants_them(fault: Fault, version: str) -> None:
    """A client that lowers its standards gets in."""
    with Faulty("pop3s", fault) as server, over_tls(server, trusting(old=True)) as client:
        assert client.version() == version


CERTIFICATES = {
    Fault.CERT_WRONG_NAME: "not valid for",
    Fault.CERT_SERVER_NAME: "not valid for",
    Fault.CERT_EXPIRED: "has expired",
    Fault.CERT_EXPIRES_SOON: None,
    Fault.CERT_NOT_YET: "not yet valid",
    Fault.CERT_SELF_SIGNED: "self.signed certificate",
    Fault.CERT_UNKNOWN_ISSUER: "unable to get local issuer",
    Fault.CERT_NO_INTERMEDIATE: "unable to get local issuer",
    Fault.CERT_CHAIN_ORDER: None,
    Fault.CERT_CHAIN_EXPIRED: "has expired",
    Fault.CERT_CHAIN_LONG: None,
    Fault.CERT_CHAIN_HUGE: "excessive message size|excessive_message_size",
    Fault.CERT_CN_ONLY: None,  # Python's own check takes the CN; ours must not
    Fault.CERT_WILDCARD_TOO_DEEP: "not valid for",
    Fault.CERT_WILDCARD_BENEATH: "not valid for",
    Fault.CERT_IDN: None,
    Fault.CERT_IDN_2003: "not valid for",
    Fault.CERT_IDN_U_LABEL: "not valid for",
    Fault.CERT_NO_SERVER_AUTH: "unsuitable certificate purpose|unsupported certificate purpose",
    Fault.CERT_WEAK_KEY: "EE certificate key too weak",
    Fault.CERT_SHA1: "CA signature digest algorithm too weak|CA md too weak",
}


@pytest.mark.parametrize("fault", CERTIFICATES, ids=str)
def test_certificate(fault: Fault) -> None:
    """OpenSSL says of the certificate what the fault says, and it is the one that the server tells of."""
    expected = CERTIFICATES[fault]
    with Faulty("imaps", fault) as server:
        if expected is None:
            with over_tls(server) as client:
                assert client.getpeercert(True)
        else:
            with pytest.raises(ssl.SSLError, match=re.compile(expected, re.IGNORECASE)), over_tls(server):
                pass
        if fault is not Fault.CERT_CHAIN_HUGE:
            with over_tls(server, trusting(blind=True, old=True)) as client:
                der = client.getpeercert(True)
                assert server.certificate
                assert der == server.certificate.public_bytes(Encoding.DER)


def test_the_right_certificate_stands_strict_verification() -> None:
    """What newer Pythons ask for, and what cryptography's own verifier does."""
    with Faulty("imaps") as server:
        context = trusting()
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with over_tls(server, context):
            pass
        store = verification.Store([x509.load_pem_x509_certificate(root_pem().encode())])
        verifier = verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName(server.name))
        assert len(verifier.verify(server.chain[0], list(server.chain[1:]))) == 3


def test_chains_are_sent_as_told() -> None:
    """The number of certificates, and their order."""
    lengths = {fault: len(Faulty("imaps", fault).chain) for fault in (None, Fault.CERT_NO_INTERMEDIATE, Fault.CERT_CHAIN_LONG)}
    assert lengths == {None: 2, Fault.CERT_NO_INTERMEDIATE: 1, Fault.CERT_CHAIN_LONG: 60}
    _, second, third = Faulty("imaps", Fault.CERT_CHAIN_ORDER).chain
    assert second.subject == second.issuer == third.issuer


def test_without_sni() -> None:
    """Refused, or another certificate; with SNI all is well."""
    with Faulty("imaps", Fault.TLS_NO_SNI_REFUSED) as server:
        with over_tls(server):
            pass
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"), over_tls(server, trusting(blind=True), name=None):
            pass
        assert server.server_names == [server.name, None]
    with Faulty("imaps", Fault.TLS_NO_SNI_OTHER) as server:
        with over_tls(server):
            pass
        with over_tls(server, trusting(blind=True), name=None) as client:
            assert b"server7.host.test" in (client.getpeercert(True) or b"")


def test_client_certificates() -> None:
    """Asked for: nothing happens; required: the session ends."""
    with Faulty("imaps", Fault.TLS_CLIENT_CERTIFICATE_ASKED) as server, over_tls(server) as client:
        assert until(client, b"\n").startswith(b"* OK")
    with (
        Faulty("imaps", Fault.TLS_CLIENT_CERTIFICATE_REQUIRED) as server,
        pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"),
        over_tls(server) as client,
    ):
        client.recv(1)


def test_plain_text_where_tls_is_due_and_the_other_way() -> None:
    """A greeting in clear on 993, a handshake at once on 143; HTTP for a ClientHello gets 400."""
    with Faulty("imaps", Fault.TLS_ABSENT) as server, connected(server) as client:
        assert until(client, b"\n").startswith(b"* OK")
    with Faulty("https", Fault.TLS_ABSENT) as server, connected(server) as client:
        client.sendall(b"\x16\x03\x01\x00\x05hello")
        assert until(client, b"</html>").startswith(b"HTTP/1.1 400")
    with (
        Faulty("imap", Fault.TLS_UNEXPECTED) as server,
        connected(server) as client,
        trusting().wrap_socket(client, server_hostname=server.name) as wrapped,
    ):
        assert until(wrapped, b"\n").startswith(b"* OK")


def test_close_notify() -> None:
    """A healthy server says it, one with the fault does not."""
    for fault in (None, Fault.TLS_NO_CLOSE_NOTIFY):
        context = trusting()
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        with Faulty("imaps", fault) as server, over_tls(server, context) as client:
            client.suppress_ragged_eofs = False
            until(client, b"\n")
            ask(client, "a1 LOGOUT", b"a1 OK")
            if fault is None:
                assert client.recv(1) == b""
            else:
                with pytest.raises(ssl.SSLError, match="EOF"):
                    client.recv(1)


# ---- greetings ----

_ENDLESS = 150_000
GREETINGS: dict[Fault, tuple[str, Callable[[bytes], object]]] = {
    Fault.GREETING_DRIPS: ("sieve", lambda said: said.startswith(b'"IMPLEMENTATION"')),
    Fault.GREETING_MULTI_LINE: ("smtp", lambda said: re.fullmatch(rb"220-.*\r\n220-.*\r\n220 .*\r\n", said)),
    Fault.GREETING_ENDLESS: ("imap", lambda said: len(said) > _ENDLESS and b"\n" not in said),
    Fault.GREETING_ENDLESS_LINES: ("smtp", lambda said: len(said) > _ENDLESS and b"220 " not in said),
    Fault.GREETING_ENDLESS_DRIP: ("pop3", lambda said: re.fullmatch(rb"\+OK mail\.kund\.testx+", said) or re.match(rb"\+OK [^\n]+$", said)),
    Fault.GREETING_8_BIT: ("imap", lambda said: said == b"* OK V\xe4lkommen till posten p\xe5 \xc5land\r\n"),
    Fault.GREETING_NO_NEWLINE: ("imap", lambda said: said == b"* OK mail.kund.test ready"),
    Fault.GREETING_64_KIB: ("imap", lambda said: len(said) == 65536 + 7 and said.endswith(b"\r\n")),
    Fault.GREETING_NUL: ("submission", lambda said: said.startswith(b"220 ") and b"\x00" in said),
    Fault.GREETING_EMPTY_LINE: ("imap", lambda said: said == b"\r\n"),
    Fault.GREETING_GARBAGE: ("imap", lambda said: len(said) > 4000 and not said.startswith(b"* OK")),
    Fault.GREETING_OTHER_PROTOCOL: ("imap", lambda said: said.startswith(b"SSH-2.0")),
    Fault.GREETING_POP3: ("imap", lambda said: said.startswith(b"+OK")),
    Fault.GREETING_421: ("smtp", lambda said: said.startswith(b"421 ")),
    Fault.GREETING_554: ("smtp", lambda said: said.startswith(b"554 ")),
    Fault.GREETING_ERR: ("pop3", lambda said: said.startswith(b"-ERR")),
    Fault.GREETING_BYE: ("imap", lambda said: said.startswith(b"* BYE")),
    Fault.GREETING_PREAUTH: ("imap", lambda said: said.startswith(b"* PREAUTH")),
    Fault.LINES_DRIP: ("imap", lambda said: said.startswith(b"* OK")),
    Fault.LINES_BARE_LF: ("imap", lambda said: said.endswith(b"\n") and b"\r" not in said),
}


@pytest.mark.parametrize("fault", GREETINGS, ids=str)
def test_greeting(fault: Fault) -> None:
    """The first that a client reads is what the fault says."""
    service, right = GREETINGS[fault]
    with Faulty(service, fault, **QUICK) as server, connected(server) as client:
        assert right(everything(client, seconds=0.3)), fault.sentence


def test_the_slow_greeting_is_as_slow_as_told() -> None:
    """Nothing for *delay* seconds, then the usual greeting."""
    begin = time.monotonic()
    with Faulty("imap", Fault.GREETING_SLOW, delay=0.25) as server, connected(server) as client:
        assert until(client, b"\n").startswith(b"* OK [CAPABILITY")
    assert 0.25 <= time.monotonic() - begin < 1


# ---- STARTTLS, capabilities, lines ----

BEFORE: dict[Fault, tuple[str, str, Callable[[bytes], object]]] = {
    Fault.STARTTLS_ABSENT: ("imap", "", lambda said: b"STARTTLS" not in said and b"LOGINDISABLED" in said),
    Fault.STARTTLS_ABSENT_CLEAR: ("imap", "", lambda said: b"STARTTLS" not in said and b"AUTH=PLAIN" in said),
    Fault.STARTTLS_REFUSED: ("pop3", "STLS", lambda said: said.startswith(b"-ERR")),
    Fault.STARTTLS_SILENT: ("imap", "a STARTTLS", lambda said: said.startswith(b"a OK")),
    Fault.STARTTLS_NO_ANSWER: ("imap", "a STARTTLS", lambda said: said == b""),
    Fault.STARTTLS_INJECTED: ("smtp", "STARTTLS", lambda said: said.endswith(b"TLS\r\n250 injected\r\n")),
    Fault.STARTTLS_STRIPPED: ("smtp", "", lambda said: b"XXXXXXXA" in said and b"STARTTLS" not in said),
    Fault.CAPS_REFUSED: ("smtp", "", lambda said: said.startswith(b"502")),
    Fault.CAPS_SILENT: ("imap", "", lambda said: said == b""),
    Fault.CAPS_ENDLESS: ("pop3", "", lambda said: len(said) > 100_000),
    Fault.AUTH_BEFORE_TLS: ("submission", "", lambda said: b"AUTH PLAIN LOGIN" in said and b"STARTTLS" in said),
    Fault.CAPS_AUTH_LOST: ("submission", "", lambda said: b"AUTH PLAIN LOGIN" in said),
    Fault.LINES_WRONG_TAG: ("imap", "", lambda said: b"ZZ99 OK" in said and b"a1 " not in said),
    Fault.LITERAL_BOMB: ("sieve", "", lambda said: b"{999999999}\r\nxxx" in said),
    Fault.LINES_GARBAGE: ("imap", "", lambda said: len(said) > 4000),
    Fault.LINES_NUL: ("imap", "", lambda said: said == bytes(200) + b"\r\n"),
    Fault.LINES_421: ("smtp", "", lambda said: said.startswith(b"421")),
}


@pytest.mark.parametrize("fault", BEFORE, ids=str)
def test_before_tls(fault: Fault) -> None:
    """The answer in plain text is what the fault says."""
    service, command, right = BEFORE[fault]
    with Faulty(service, fault, **QUICK) as server, connected(server) as client:
        everything(client, seconds=0.05)
        client.sendall((command or HELLO[service]).encode() + b"\r\n")
        said = everything(client)
        assert right(said), said[:200]


WITHIN: dict[Fault, tuple[str, Callable[[bytes], object]]] = {
    Fault.CAPS_STARTTLS_AFTER_TLS: ("imap", lambda said: b"STARTTLS" in said),
    Fault.CAPS_AUTH_LOST: ("submission", lambda said: b"AUTH" not in said),
    Fault.CAPS_LOST: ("submission", lambda said: b"SIZE" not in said),
    Fault.AUTH_NONE: ("submission", lambda said: b"AUTH" not in said),
    Fault.AUTH_ODD: ("imaps", lambda said: b"AUTH=X-FAULTY" in said and b"PLAIN" not in said and b"LOGINDISABLED" in said),
    Fault.AUTH_CRAM_MD5: ("pop3s", lambda said: b"SASL CRAM-MD5\r\n" in said and b"USER" not in said),
}


@pytest.mark.parametrize("fault", WITHIN, ids=str)
def test_within_tls(fault: Fault) -> None:
    """The capabilities within TLS are what the fault says."""
    service, right = WITHIN[fault]
    with Faulty(service, fault) as server, over_tls(server) as client:
        if server.behaviour.implicit_tls:
            until(client, b"\n")
        assert right(capabilities(client, server.service))


def test_reset_at_starttls() -> None:
    """A RST is the answer."""
    with Faulty("imap", Fault.STARTTLS_RESET) as server, connected(server) as client:
        until(client, b"\n")
        with pytest.raises(ConnectionResetError):
            ask(client, "a STARTTLS", b"\n")


@pytest.mark.parametrize("fault", [None, Fault.STARTTLS_KEEPS_COMMANDS], ids=str)
def test_commands_kept_over_starttls(fault: Fault | None) -> None:
    """A healthy server forgets what came too early, the other one answers it within TLS."""
    with Faulty("smtp", fault) as server, connected(server) as client:
        until(client, b"\n")
        client.sendall(b"STARTTLS\r\nNOOP\r\n")
        assert until(client, b"\n").startswith(b"220")
        with trusting().wrap_socket(client, server_hostname=server.name) as wrapped:
            assert everything(wrapped).startswith(b"250" if fault else b"") is True
            assert ("NOOP" in server.heard) == (fault is not None)


def test_injected_text_does_not_hinder_the_handshake() -> None:
    """Whoever throws the injected line away gets TLS."""
    with Faulty("imap", Fault.STARTTLS_INJECTED) as server, over_tls(server) as client:
        assert b"AUTH=PLAIN" in capabilities(client, server.service)


# ---- HTTP ----


def _body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def _status(number: int) -> Callable[[bytes], bool]:
    return lambda said: said.startswith(f"HTTP/1.1 {number} ".encode())


def _leads(place: bytes) -> Callable[[bytes], bool]:
    return lambda said: said.startswith(b"HTTP/1.1 30") and re.search(rb"Location: " + place + rb"\r\n", said) is not None


DOCUMENTS: dict[Fault, Callable[[bytes], object]] = {
    Fault.HTTP_404: _status(404),
    Fault.HTTP_403: _status(403),
    Fault.HTTP_500: _status(500),
    Fault.HTTP_503: _status(503),
    Fault.HTTP_405: _status(405),
    Fault.HTTP_401: lambda said: _status(401)(said) and b"WWW-Authenticate: Basic" in said,
    Fault.HTTP_HTML: lambda said: _status(200)(said) and b"text/html" in said,
    Fault.HTTP_HTML_AS_XML: lambda said: b"text/xml" in said and b"<html>" in said,
    Fault.HTTP_EMPTY: lambda said: _status(200)(said) and _body(said) == b"",
    Fault.HTTP_204: _status(204),
    Fault.XML_CUT: lambda said: b"<clientConfig" in said and b"</clientConfig" not in said,
    Fault.XML_PLAIN_TEXT: lambda said: b"Content-Type: text/plain" in said,
    Fault.XML_CHARSET_HEADER: lambda said: b"charset=utf-16" in said and b'"UTF-8"' in said,
    Fault.XML_CHARSET_BYTES: lambda said: b'"UTF-8"' in said and b"V\xe5r" in said,
    Fault.XML_CHARSET_UNKNOWN: lambda said: b'encoding="x-faulty"' in said,
    Fault.XML_BOM: lambda said: _body(said).startswith(b"\xef\xbb\xbf<?xml"),
    Fault.XML_UTF_16: lambda said: 'encoding="UTF-16"' in _body(said).decode("utf-16"),
    Fault.XML_XXE: lambda said: b'SYSTEM "http://autoconfig.kund.test/xxe"' in said and b"&f;" in said,
    Fault.XML_LAUGHS: lambda said: b"&a9;</displayName>" in said and b'<!ENTITY a1 "&a0;&a0;' in said,
    Fault.XML_DEEP: lambda said: _body(said).count(b"<a>") > 50_000,
    Fault.XML_NAMESPACE: lambda said: b'xmlns="urn:wrong"' in said,
    Fault.XML_PLACEHOLDERS: lambda said: b"<hostname>{{ mail_host }}</hostname>" in said,
    Fault.REDIRECT_LOOP: _leads(re.escape(MOZILLA.encode())),
    Fault.REDIRECT_ENDLESS: _leads(rb"/\d+"),
    Fault.REDIRECT_ELSEWHERE: _leads(rb"https://elsewhere\.test/mail/config-v1\.1\.xml"),
    Fault.REDIRECT_TO_PRIVATE: _leads(rb"http://192\.168\.1\.1/.*"),
    Fault.REDIRECT_TO_METADATA: _leads(rb"http://169\.254\.169\.254/.*"),
    Fault.REDIRECT_TO_FILE: _leads(rb"file:///etc/passwd"),
    Fault.REDIRECT_NOWHERE: lambda said: _status(302)(said) and b"Location" not in said,
    Fault.REDIRECT_GARBAGE: _leads(rb"http://\[::1:bad.*"),
    Fault.BODY_HUGE: lambda said: b"Content-Length: 104857600\r\n" in said and len(said) > 250_000,
    Fault.BODY_ENDLESS: lambda said: b"chunked" in said and len(said) > 250_000,
    Fault.BODY_DRIPS: lambda said: b"\r\n\r\n1\r\n \r\n1\r\n \r\n" in said,
    Fault.BODY_GZIP_BOMB: lambda said: len(said) < 300_000 or len(zlib.decompress(_body(said)[:100_000], 31)) < 100,
    Fault.BODY_GZIP_BROKEN: lambda said: b"Content-Encoding: gzip" in said and _body(said).startswith(b"<?xml"),
    Fault.HEADERS_SLOW: lambda said: re.search(rb"\r\nX-Slow: x+$", said),
    Fault.HEADERS_MANY: lambda said: said.count(b"X-Faulty: yes\r\n") > 10_000,
    Fault.HEADERS_LONG: lambda said: re.search(rb"X-Faulty: x{200000}", said),
    Fault.HEADERS_GARBAGE: lambda said: said.startswith(b"HTTP/1.1 200 OK\r\n") and len(said) > 4000,
    Fault.STATUS_GARBAGE: lambda said: said.startswith(b"ICY"),
    Fault.STATUS_NUMBER: lambda said: said.startswith(b"HTTP/1.1 OK 200"),
    Fault.STATUS_ENDLESS: lambda said: len(said) > 250_000 and b"\n" not in said,
    Fault.STATUS_CONTINUE: lambda said: said.count(b"HTTP/1.1 100 Continue\r\n\r\n") > 3,
    Fault.LENGTH_TOO_LONG: lambda said: b"Content-Length: 99999\r\n" in said and len(said) < 9999,
    Fault.LENGTH_TOO_SHORT: lambda said: b"Content-Length: 100\r\n" in said and len(_body(said)) > 100,
    Fault.LENGTH_GARBAGE: lambda said: b"Content-Length: many\r\n" in said,
    Fault.CHUNKS_GARBAGE: lambda said: b"\r\n\r\nzz\r\n" in said,
    Fault.CHUNKS_CUT: lambda said: b"\r\n\r\n5\r\n<?xml\r\n" in said and not said.endswith(b"0\r\n\r\n"),
}


@pytest.mark.parametrize("fault", DOCUMENTS, ids=str)
def test_document(fault: Fault) -> None:
    """What a web server sends for Mozilla's document is what the fault says."""
    with Faulty("http", fault, **QUICK) as server:
        said = get(server)
        assert DOCUMENTS[fault](said), said[:300]
        assert f"GET {MOZILLA} HTTP/1.1" in server.heard


def test_the_bomb_is_one_of_a_gigabyte() -> None:
    """Little on the wire, very much when unpacked: one of its members is 10 MB, and a hundred come."""
    with Faulty("http", Fault.BODY_GZIP_BOMB) as server:
        said = _body(get(server, limit=10_000_000, seconds=2))
        assert 500_000 < len(said) < 2_000_000
        first = zlib.decompressobj(31)
        assert first.decompress(said).startswith(b"<?xml")
        assert len(zlib.decompressobj(31).decompress(first.unused_data)) == 10_000_000


def test_the_slow_document() -> None:
    """It comes, after *delay*."""
    with Faulty("http", Fault.BODY_SLOW, delay=0.2) as server:
        assert get(server, seconds=0.1) == b""
        assert b"<clientConfig" in get(server, seconds=0.5)


def test_redirect_to_http() -> None:
    """From https to the same address without."""
    with Faulty("https", Fault.REDIRECT_TO_HTTP) as server, over_tls(server) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert b"Location: http://a.test/x\r\n" in everything(client)


AUTODISCOVER: dict[Fault, Callable[[bytes], object]] = {
    Fault.POX_401: _status(401),
    Fault.POX_302: _leads(rb"https://elsewhere\.test/autodiscover/autodiscover\.xml"),
    Fault.POX_404: _status(404),
    Fault.POX_405: _status(405),
    Fault.POX_ERROR: lambda said: b"<ErrorCode>600<" in said,
    Fault.POX_ADDRESS_LOOP: lambda said: b"<RedirectAddr>erika@kund.test<" in said,
    Fault.POX_ADDRESS_ENDLESS: lambda said: re.search(rb"<RedirectAddr>erika@n\d+\.kund\.test<", said),
    Fault.POX_URL_LOOP: lambda said: b"<RedirectUrl>http://autoconfig.kund.test/autodiscover/autodiscover.xml<" in said,
    Fault.JSON_ERROR: lambda said: _status(400)(said) and b"ProtocolNotSupported" in said,
    Fault.JSON_BROKEN: lambda said: _status(200)(said) and _body(said) == b'{"Protocol":',
}


@pytest.mark.parametrize("fault", AUTODISCOVER, ids=str)
def test_autodiscover(fault: Fault) -> None:
    """Only Autodiscover has the fault: Mozilla's document is well."""
    with Faulty("http", fault) as server:
        said = get(server, POX, "POST") if fault.name.startswith("POX") else get(server, "/autodiscover/autodiscover.json")
        assert AUTODISCOVER[fault](said), said
        assert b"</clientConfig>" in get(server)


# ---- the table itself ----


def test_every_fault_is_tested_here() -> None:
    """A fault in a table above, or by its name in a test."""
    with open(__file__) as file:
        text = file.read()
    assert [fault.name for fault in Fault if f"Fault.{fault.name}" not in text] == []


def test_every_fault_says_what_it_is() -> None:
    """A sentence and a service each."""
    assert all(fault.sentence.endswith(".") and fault.services for fault in Fault)
    assert len(CASES) == len({*CASES})


def _poked(service: Service, fault: Fault, context: ssl.SSLContext) -> str:
    """Talk to one and leave in the middle; return what is wrong with the tool."""
    web = service in (Service.HTTP, Service.HTTPS)
    lines = (b"GET / HTTP/1.1\r\n\r\n",) if web else (b"a1 CAPABILITY\r\n", b"EHLO x\r\nSTARTTLS\r\n")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="mail.kund.test")
    try:
        with (
            Faulty(service, fault, delay=0.01, drip=0.001, addresses=("127.0.0.1",)) as server,
            contextlib.suppress(OSError, ssl.SSLError),
            connected(server, timeout=0.02) as client,
        ):
            if server.behaviour.implicit_tls:
                while True:
                    with contextlib.suppress(ssl.SSLWantReadError):
                        tls.do_handshake()
                        break
                    client.sendall(outgoing.read())
                    incoming.write(client.recv(65536) or b"\x15")
                tls.write(b"".join(lines))
                lines = (outgoing.read(),)
            for line in lines:
                select.select([client], [], [], 0.01)
                client.sendall(line)
            client.recv(100)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except Exception as error:
        return f"{service} {fault}: {error!r}"
    return ""


def test_every_case_starts_and_stops() -> None:
    """Each service with each of its faults: no trouble of the tool's own, whatever the client does."""
    context = trusting(blind=True)
    with ThreadPoolExecutor(8) as pool:
        assert [each for each in pool.map(lambda case: _poked(*case, context), CASES) if each] == []
