"""A conversation with whatever a server does: always an answer, in time, and the right one."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from autoconfig.address import Domain
from autoconfig.network.probe import probe
from autoconfig.network.stream import MAX_ANSWER, outcome_of
from autoconfig.network.tls import Trust
from autoconfig.observations import TCP, ChainProblem, Connection, Endpoint, GreetingKind, Service, Stage, Stop, TLSFailure
from tests.faulty import CASES, Fault, Faulty, root_pem
from tests.faulty import Service as Kind

SHORT = 0.5  # seconds for what never ends
LONG = 20.0  # seconds for what ends by itself, on a busy machine too

WEB = (Kind.HTTP, Kind.HTTPS)
IMPLICIT = (Kind.IMAPS, Kind.POP3S, Kind.SUBMISSIONS, Kind.HTTPS)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """Trust in the faulty server's root."""
    path: Path = tmp_path_factory.mktemp("trust") / "root.pem"
    path.write_text(root_pem())
    return Trust.load(path)


def endpoint(server: Faulty, ip: str | None = None) -> Endpoint:
    """Return *server* as it is asked."""
    return Endpoint(Service(str(server.service)), Domain.parse(server.name), ip or server.host, server.port)


def seen(server: Faulty, trust: Trust, seconds: float = LONG) -> Connection:
    """Return what *server* shows."""
    return asyncio.run(probe(endpoint(server), trust, seconds))


# --- all is well -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_healthy_server_is_seen_to_the_end(kind: Kind, trust: Trust) -> None:
    """Every service, with nothing left out that it has."""
    with Faulty(kind) as server:
        connection = seen(server, trust)
    assert (connection.tcp, connection.stop, connection.stopped_at, connection.spoken) == (TCP.CONNECTED, None, None, "")
    assert 0 < connection.connect_ms <= connection.ms
    assert connection.transcript[0].startswith("* connected to ")
    if kind is Kind.HTTP:
        assert connection.tls is None
        return
    assert connection.tls is not None
    assert connection.tls.certificate is not None
    assert (connection.tls.failure, connection.tls.version, connection.tls.chain_problem) == (None, "TLSv1.3", None)
    assert server.name in connection.tls.certificate.names
    assert server.server_names == [server.name]
    if kind is Kind.HTTPS:
        return
    assert connection.greeting is not None
    assert connection.greeting.kind is GreetingKind.READY
    assert connection.capabilities_after
    assert {"PLAIN", "LOGIN"} <= set(connection.auth_after or ()) or kind is Kind.SMTP
    assert ("PASSWORD" in (connection.auth_after or ())) == (kind in (Kind.IMAP, Kind.IMAPS, Kind.POP3, Kind.POP3S))
    if kind in IMPLICIT:
        assert (connection.capabilities_before, connection.starttls_offered) == (None, None)
    else:
        assert connection.starttls_offered
        assert connection.auth_before == ()


def test_the_size_limit_is_among_the_capabilities(trust: Trust) -> None:
    """RFC 1870, 3."""
    with Faulty(Kind.SUBMISSION) as server:
        assert "SIZE 52428800" in (seen(server, trust).capabilities_after or ())


# --- nothing is well ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class End:
    """How a conversation is to end; *forever* where only the clock ends it."""

    stage: Stage | None = None
    stop: Stop | None = None
    tls: TLSFailure | None = None
    tcp: TCP = TCP.CONNECTED
    forever: bool = False


WELL = End()


def tls_fails(failure: TLSFailure) -> End:
    """Return that there is no TLS."""
    return End(Stage.TLS, Stop.TLS_FAILED, failure, forever=failure is TLSFailure.TIMEOUT)


def stops(stage: Stage, stop: Stop) -> End:
    """Return that the conversation stops at *stage*."""
    return End(stage, stop, forever=stop is Stop.TIMEOUT)


GREETING = {
    Fault.TCP_RESET_ON_ACCEPT: Stop.RESET,
    Fault.TCP_HALF_OPEN: Stop.TIMEOUT,
    Fault.TCP_FIN: Stop.CLOSED,
    Fault.GREETING_ENDLESS: Stop.TOO_LONG,
    Fault.GREETING_ENDLESS_LINES: Stop.TOO_LONG,
    Fault.GREETING_64_KIB: Stop.TOO_LONG,
    Fault.GREETING_ENDLESS_DRIP: Stop.TIMEOUT,
    Fault.GREETING_NO_NEWLINE: Stop.TIMEOUT,
    Fault.GREETING_EMPTY_LINE: Stop.GARBAGE,
    Fault.GREETING_GARBAGE: Stop.GARBAGE,
    Fault.GREETING_OTHER_PROTOCOL: Stop.GARBAGE,
    Fault.GREETING_POP3: Stop.GARBAGE,
    Fault.GREETING_421: Stop.REFUSED,
    Fault.GREETING_554: Stop.REFUSED,
    Fault.GREETING_ERR: Stop.REFUSED,
    Fault.GREETING_BYE: Stop.REFUSED,
    Fault.TLS_UNEXPECTED: Stop.TLS_BYTES,
}
# What happens at the first connection before anything was said, where that is TLS.
FIRST_BYTE = {
    Fault.TCP_RESET_ON_ACCEPT: TLSFailure.RESET,
    Fault.TCP_HALF_OPEN: TLSFailure.TIMEOUT,
    Fault.TCP_FIN: TLSFailure.CLOSED,
    Fault.TLS_ABSENT: TLSFailure.NOT_TLS,
}
HANDSHAKE = {
    Fault.TLS_RESET: TLSFailure.RESET,
    Fault.TLS_FIN: TLSFailure.CLOSED,
    Fault.TLS_SILENT: TLSFailure.TIMEOUT,
    Fault.TLS_STALLS: TLSFailure.TIMEOUT,
    Fault.TLS_ALERT: TLSFailure.ALERT,
    Fault.TLS_GARBAGE: TLSFailure.NOT_TLS,
    Fault.CERT_CHAIN_HUGE: TLSFailure.PROTOCOL,
    Fault.STARTTLS_SILENT: TLSFailure.TIMEOUT,
}
UPGRADE = {
    Fault.STARTTLS_REFUSED: Stop.REFUSED,
    Fault.STARTTLS_NO_ANSWER: Stop.TIMEOUT,
    Fault.STARTTLS_RESET: Stop.RESET,
}
# Answers to the first command, or, where greetings bring the capabilities with them, to the first that is needed.
COMMAND = {
    Fault.TCP_RESET_ON_COMMAND: Stop.RESET,
    Fault.LINES_GARBAGE: Stop.GARBAGE,
    Fault.LINES_NUL: Stop.GARBAGE,
    Fault.LINES_421: Stop.REFUSED,
    Fault.LINES_WRONG_TAG: Stop.GARBAGE,
}
FIRST_NEEDED = {Kind.IMAP: Stage.CAPABILITIES_AFTER, Kind.IMAPS: None, Kind.SIEVE: None}
CAPABILITIES = {
    Fault.CAPS_SILENT: Stop.TIMEOUT,
    Fault.CAPS_ENDLESS: Stop.TOO_LONG,
    Fault.LITERAL_BOMB: Stop.TOO_LONG,
}


def expected(kind: Kind, fault: Fault) -> End:
    """Return how *fault* of *kind* is to end."""
    if fault is Fault.TCP_REFUSED:
        return End(tcp=TCP.REFUSED)
    if fault is Fault.TCP_DROP:
        return End(tcp=TCP.TIMEOUT, forever=True)
    if kind is Kind.HTTP:
        return WELL
    if fault is Fault.TLS_CLIENT_CERTIFICATE_REQUIRED:
        return WELL if kind is Kind.HTTPS else tls_fails(TLSFailure.ALERT)
    if fault in HANDSHAKE:
        return tls_fails(HANDSHAKE[fault])
    if kind in IMPLICIT and fault in FIRST_BYTE:
        return tls_fails(FIRST_BYTE[fault])
    if kind is Kind.SMTP and fault is Fault.TLS_UNEXPECTED:
        return stops(Stage.GREETING, Stop.TIMEOUT)  # nobody talks to a mail exchanger before it greets
    if fault in GREETING:
        return stops(Stage.GREETING, GREETING[fault])
    if kind is Kind.HTTPS:
        return WELL
    if fault in UPGRADE:
        return stops(Stage.STARTTLS, UPGRADE[fault])
    if fault in CAPABILITIES:
        return stops(Stage.CAPABILITIES, CAPABILITIES[fault])
    if fault is Fault.CAPS_REFUSED and kind in (Kind.IMAP, Kind.IMAPS, Kind.SIEVE):
        return stops(Stage.CAPABILITIES, Stop.REFUSED)
    if fault in COMMAND:
        stage = FIRST_NEEDED.get(kind, Stage.CAPABILITIES)
        if fault is Fault.LINES_WRONG_TAG and kind is Kind.IMAP:
            stage = Stage.STARTTLS
        return stops(stage, COMMAND[fault]) if stage else WELL
    return WELL


def _marks(kind: Kind) -> list[pytest.MarkDecorator]:
    # Two services are enough for every day, one for each way of having TLS.
    return [] if kind in (Kind.IMAP, Kind.SUBMISSIONS) else [pytest.mark.slow]


def _cases() -> list[object]:
    """Every fault of every service; faults of documents only once, since a probe never sees one."""
    documents = ("HTTP", "XML", "REDIRECT", "BODY", "HEADERS", "STATUS", "LENGTH", "CHUNKS", "POX", "JSON")
    return [
        pytest.param(kind, fault, id=f"{kind}-{fault}", marks=_marks(kind))
        for kind, fault in CASES
        if not (kind in WEB and fault.name.startswith(documents)) or fault is Fault.HTTP_404
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "fault"), _cases())
def test_each_fault_is_told_as_what_it_is_and_in_time(kind: Kind, fault: Fault, trust: Trust) -> None:
    """Never a traceback, never longer than allowed, and the conversation stops where the fault is."""
    end = expected(kind, fault)
    seconds = SHORT if end.forever else LONG
    with Faulty(kind, fault, delay=0.05, drip=0.002 if not end.forever else 0.02) as server:
        began = time.monotonic()
        connection = seen(server, trust, seconds)
        took = time.monotonic() - began
    failure = connection.tls.failure if connection.tls else None
    assert End(connection.stopped_at, connection.stop, failure, connection.tcp, end.forever) == end, connection.transcript
    assert took < seconds + 1
    assert len(connection.transcript) <= 60
    assert all(len(line) <= 202 for line in connection.transcript)
    assert sum(map(len, connection.capabilities_after or ())) <= MAX_ANSWER


# --- what is told beside it --------------------------------------------------------------------------------------------------------


def test_what_comes_in_clear_text_after_starttls_is_told_and_not_believed(trust: Trust) -> None:
    """RFC 9051, 6.2.1: what was heard before TLS counts for nothing after it."""
    for kind in (Kind.IMAP, Kind.POP3, Kind.SUBMISSION, Kind.SIEVE):
        with Faulty(kind, Fault.STARTTLS_INJECTED) as server:
            connection = seen(server, trust)
        assert "INJECTED" in connection.injected.upper()
        assert "INJECTED" not in (connection.auth_after or ())
        assert connection.stop is None


def test_injected_text_that_comes_late_is_found_before_the_first_record(trust: Trust) -> None:
    """A segment of its own makes no difference."""
    certificate = trustme.CA().issue_cert("mail.kund.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def serve(listening: socket.socket) -> None:
        connected, _ = listening.accept()
        connected.sendall(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n")
        connected.recv(1000)
        connected.sendall(b"b OK begin\r\n")
        connected.recv(1, socket.MSG_PEEK)  # the ClientHello is here
        connected.sendall(b"* CAPABILITY LATE\r\n")
        with context.wrap_socket(connected, server_side=True) as tls:
            tls.recv(1000)
            tls.sendall(b"* CAPABILITY IMAP4rev1\r\na OK done\r\n")
            tls.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        place = Endpoint(Service.IMAP, Domain.parse("mail.kund.test"), "127.0.0.1", listening.getsockname()[1])
        connection = asyncio.run(probe(place, trust, LONG))
        thread.join()
    assert connection.stop is None
    assert connection.injected == "* CAPABILITY LATE\r\n"
    assert connection.capabilities_after == ("IMAP4REV1",)


@pytest.mark.parametrize("kind", [Kind.IMAPS, Kind.POP3S, Kind.SUBMISSIONS, Kind.HTTPS], ids=str)
def test_clear_text_on_a_port_for_tls_is_recognised(kind: Kind, trust: Trust) -> None:
    """The swapped port shows what it speaks instead; a web server is silent until it has heard enough."""
    with Faulty(kind, Fault.TLS_ABSENT) as server:
        connection = seen(server, trust)
    assert connection.spoken == {"imaps": "imap", "pop3s": "pop3", "submissions": "smtp", "https": "http"}[str(kind)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.IMAP, Kind.POP3, Kind.SUBMISSION, Kind.SIEVE], ids=str)
def test_tls_on_a_port_for_clear_text_is_recognised(kind: Kind, trust: Trust) -> None:
    """Such a server says nothing, it waits for us; so a second connection tries TLS, long before the time is up."""
    with Faulty(kind, Fault.TLS_UNEXPECTED) as server:
        connection = seen(server, trust, 2.0)
    assert connection.spoken == "tls"
    assert connection.ms < 1900


def test_a_slow_greeting_is_waited_for_and_measured(trust: Trust) -> None:
    """The second connection that looks for TLS meanwhile changes nothing."""
    with Faulty(Kind.SUBMISSION, Fault.GREETING_SLOW, delay=0.9) as server:
        connection = seen(server, trust, 2.0)
    assert connection.stop is None
    assert connection.greeting is not None
    assert connection.greeting.ms >= 850


@pytest.mark.parametrize("fault", [Fault.TLS_CLIENT_CERTIFICATE_ASKED, Fault.TLS_CLIENT_CERTIFICATE_REQUIRED])
def test_a_wish_for_a_certificate_of_ours_is_seen(fault: Fault, trust: Trust) -> None:
    """Whether or not the server insists."""
    with Faulty(Kind.IMAPS, fault) as server:
        connection = seen(server, trust)
    assert connection.tls is not None
    assert connection.tls.client_certificate_asked


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.CERT_SELF_SIGNED, ChainProblem.SELF_SIGNED),
        (Fault.CERT_NO_INTERMEDIATE, ChainProblem.INCOMPLETE),
        (Fault.CERT_UNKNOWN_ISSUER, ChainProblem.INCOMPLETE),
        (Fault.CERT_CHAIN_EXPIRED, ChainProblem.BROKEN),
        (Fault.CERT_CHAIN_ORDER, None),
        (Fault.CERT_CHAIN_LONG, None),
        (Fault.CERT_EXPIRED, None),
        (Fault.CERT_NOT_YET, None),
        (Fault.CERT_WRONG_NAME, None),
        (Fault.CERT_SHA1, None),
        (Fault.CERT_WEAK_KEY, None),
        (Fault.CERT_CN_ONLY, None),
        (Fault.CERT_NO_SERVER_AUTH, None),
        (Fault.CERT_IDN_U_LABEL, None),
    ],
    ids=str,
)
def test_a_chain_is_judged_apart_from_names_and_dates(fault: Fault, problem: ChainProblem | None, trust: Trust) -> None:
    """So that all that is wrong can be told."""
    with Faulty(Kind.IMAPS, fault) as server:
        connection = seen(server, trust)
    assert connection.tls is not None
    assert connection.tls.certificate is not None
    assert connection.tls.chain_problem is problem


@pytest.mark.parametrize(("fault", "version"), [(Fault.TLS_1_0_ONLY, "TLSv1"), (Fault.TLS_1_1_ONLY, "TLSv1.1")])
def test_an_old_version_of_tls_is_spoken_and_told(fault: Fault, version: str, trust: Trust) -> None:
    """RFC 8996 says that nobody should; we do, in order to know."""
    with Faulty(Kind.POP3, fault) as server:
        connection = seen(server, trust)
    assert connection.tls is not None
    assert connection.tls.version == version


def test_each_address_is_asked_for_itself(trust: Trust) -> None:
    """IPv6 as well, where the machine has it."""
    with Faulty(Kind.IMAPS) as server:
        for ip in server.addresses:
            assert asyncio.run(probe(endpoint(server, ip), trust, LONG)).stop is None


@pytest.mark.parametrize(("ip", "port"), [("nonsense", 993), ("127.0.0.1", 0), ("127.0.0.1", 65536), ("fe80::1", 993)])
def test_a_place_that_cannot_be_is_no_fault_of_anybody(ip: str, port: int, trust: Trust) -> None:
    """We do not know what is there."""
    connection = asyncio.run(probe(Endpoint(Service.IMAPS, Domain.parse("mail.kund.test"), ip, port), trust, SHORT))
    assert connection.tcp in (TCP.UNKNOWN, TCP.NO_WAY_FROM_HERE)


@pytest.mark.parametrize(
    ("error", "ip", "outcome"),
    [
        (ConnectionRefusedError(111, "refused"), "127.0.0.1", TCP.REFUSED),
        (TimeoutError(), "127.0.0.1", TCP.TIMEOUT),
        (OSError(113, "no route to host"), "127.0.0.1", TCP.UNREACHABLE),
        (PermissionError(1, "not permitted"), "127.0.0.1", TCP.NO_WAY_FROM_HERE),
        (OSError(97, "address family"), "::1", TCP.NO_WAY_FROM_HERE),
        (OSError(24, "too many open files"), "127.0.0.1", TCP.UNKNOWN),
    ],
)
def test_our_own_lack_of_a_way_is_not_the_servers_fault(error: OSError, ip: str, outcome: TCP) -> None:
    """What our machine refuses is unknown, and what a router or the server says is seen."""
    assert outcome_of(error, ip) is outcome


def test_who_cancels_is_obeyed_at_once(trust: Trust) -> None:
    """And the connection is closed."""

    async def cancelled(server: Faulty) -> None:
        task = asyncio.create_task(probe(endpoint(server), trust, LONG))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Faulty(Kind.POP3, Fault.TCP_HALF_OPEN) as server:
        began = time.monotonic()
        asyncio.run(cancelled(server))
        assert time.monotonic() - began < 5


@pytest.mark.slow
def test_a_thousand_conversations_leave_nothing_behind(trust: Trust) -> None:
    """Neither threads nor descriptors."""

    async def thousand(places: list[Endpoint]) -> None:
        for _ in range(25):
            await asyncio.gather(*(probe(place, trust, LONG) for place in places * 10))

    kinds = [(Kind.IMAPS, None), (Kind.SUBMISSION, None), (Kind.POP3, Fault.TCP_RESET_ON_COMMAND), (Kind.IMAPS, Fault.TLS_ALERT)]
    servers = [Faulty(kind, fault) for kind, fault in kinds]
    try:
        for server in servers:
            server.__enter__()
        asyncio.run(probe(endpoint(servers[0]), trust, LONG))
        time.sleep(0.2)
        before = threading.active_count(), len(os.listdir("/proc/self/fd"))
        asyncio.run(thousand([endpoint(server) for server in servers]))
        time.sleep(0.5)  # the servers' own ends
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
    finally:
        for server in servers:
            server.__exit__(None, None, None)
