"""Whether what a program ends up with works: every way a server can fail it, and what the store has to say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from autoconfig.address import Domain
from autoconfig.clients.outcome import Choice, Client, Confidence, Outcome, Result, Typed
from autoconfig.clients.works import End, Works, against, search, sides
from autoconfig.model import Account, ClientConfig, Port, Protocol, Provider, Server, TLSMode
from autoconfig.network.scripted import Scripted
from autoconfig.observations import World

IMAP = Choice("imap", "imap.kund.se", 993, TLSMode.IMPLICIT, "anna@kund.se")
SMTP = Choice("smtp", "smtp.kund.se", 587, TLSMode.STARTTLS, "anna@kund.se")
READY = {"kind": "ready", "text": "hello", "ms": 1.0}


def tls(*names: str, chain_problem: str | None = None, end: str = "2027-01-01") -> dict[str, Any]:
    """Return a handshake with a certificate for *names*."""
    certificate = {
        "names": list(names),
        "ips": [],
        "common_name": "",
        "issuer": "",
        "not_before": "2026-01-01T00:00:00+00:00",
        "not_after": f"{end}T00:00:00+00:00",
        "server_auth": True,
        "key": "EC",
        "key_bits": 256,
        "signature": "sha256",
        "fingerprint": "",
        "public_key": "",
    }
    return {"server_name": names[0], "certificate": certificate, "chain_problem": chain_problem}


GOOD_IMAP = {"ip": "192.0.2.1", "port": 993, "service": "imaps", "tcp": "connected", "greeting": READY, "tls": tls("imap.kund.se")}
GOOD_SMTP = {"ip": "192.0.2.1", "port": 587, "service": "submission", "tcp": "connected", "greeting": READY, "tls": tls("smtp.kund.se")}
NAMES = {"imap.kund.se": {"A": ["192.0.2.1"]}, "smtp.kund.se": {"A": ["192.0.2.1"]}}


def program(outcome: Outcome, *, tries_each: bool = False) -> Client:
    """Return a program that always ends with *outcome*."""

    async def discover(typed: Typed, world: World) -> Outcome:
        return outcome

    return Client("test", "Test", Confidence.MEASURED, discover, tries_each=tries_each)


def end(
    outcome: Outcome, *endpoints: Mapping[str, Any], dns: Mapping[str, Any] = NAMES, expected: ClientConfig | None = None, **how: bool
) -> End:
    """Return how it ends where these *endpoints* can be met."""
    world = Scripted({"dns": dns, "addresses": {}, "endpoints": list(endpoints)})
    (found,) = asyncio.run(search([program(outcome, **how)], Typed("anna@kund.se"), world, expected))
    return found


def works(*endpoints: Mapping[str, Any], imap: Choice = IMAP, smtp: Choice = SMTP, dns: Mapping[str, Any] = NAMES, **how: bool) -> Works:
    """Return whether one imap and one smtp server work."""
    return end(Outcome(Result.AUTOMATIC, (imap,), (smtp,)), *endpoints, dns=dns, **how).works


def judged(found: Works) -> tuple[bool | None, str]:
    """Return what is said, without its arguments."""
    return found.works, found.why


# --- one server --------------------------------------------------------------------------------------------------------------------


def test_two_servers_with_good_certificates_work() -> None:
    """Both sides must."""
    assert judged(works(GOOD_IMAP, GOOD_SMTP)) == (True, "")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tcp": "refused"}, (False, "SERVER_SILENT")),
        ({"tcp": "timeout"}, (False, "SERVER_SILENT")),
        ({"tcp": "unreachable"}, (False, "SERVER_SILENT")),
        ({"tcp": "no-way-from-here"}, (None, "")),
        ({"tcp": "forbidden"}, (None, "")),
        ({"tcp": "unknown"}, (None, "")),
        ({"greeting": {**READY, "kind": "go-away"}}, (False, "SERVER_REFUSES")),
        ({"greeting": {**READY, "kind": "try-later"}}, (False, "SERVER_REFUSES")),
        ({"greeting": None, "stop": "garbage"}, (False, "SERVER_OTHER")),
        ({"greeting": None, "stop": "timeout", "tls": None}, (False, "SERVER_TLS")),
        ({"tls": {"server_name": "x", "failure": "not-tls"}, "greeting": None, "stop": "tls-failed"}, (False, "SERVER_TLS")),
        ({"tls": tls("other.se")}, (False, "SERVER_CERT_NAME")),
        ({"tls": tls("*.kund.se")}, (True, "")),
        ({"tls": tls("imap.kund.se", end="2026-02-01")}, (False, "SERVER_CERT_DATE")),
        ({"tls": tls("imap.kund.se", chain_problem="self-signed")}, (False, "SERVER_CERT_TRUST")),
        ({"tls": {"server_name": "imap.kund.se"}}, (None, "")),
    ],
)
def test_every_way_in_which_tls_at_once_can_fail(changed: dict[str, Any], expected: tuple[bool | None, str]) -> None:
    """What we could not see is not known; all else is the server's fault."""
    assert judged(works({**GOOD_IMAP, **changed}, GOOD_SMTP)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tls": None, "starttls_offered": False}, (False, "SERVER_STARTTLS")),
        ({"tls": None, "starttls_offered": True, "stop": "refused"}, (False, "SERVER_TLS")),
        ({"tls": None}, (None, "")),
        ({"tls": tls("imap.kund.se")}, (False, "SERVER_CERT_NAME")),
    ],
)
def test_every_way_in_which_starttls_can_fail(changed: dict[str, Any], expected: tuple[bool | None, str]) -> None:
    """The other side being well."""
    assert judged(works(GOOD_IMAP, {**GOOD_SMTP, **changed})) == expected


def test_without_encryption_no_certificate_is_looked_at() -> None:
    """But somebody must be let in."""
    plain = replace(SMTP, tls=TLSMode.NONE)
    assert judged(works(GOOD_IMAP, {**GOOD_SMTP, "tls": tls("other.se"), "auth_before": ["PLAIN"]}, smtp=plain)) == (True, "")
    assert judged(works(GOOD_IMAP, {**GOOD_SMTP, "auth_before": []}, smtp=plain)) == (False, "SERVER_LOGIN")


def test_the_reason_names_host_and_port() -> None:
    """So that it can be told in a sentence."""
    assert dict(works({**GOOD_IMAP, "tcp": "refused"}, GOOD_SMTP).args) == {"host": "imap.kund.se", "port": 993}


# --- names and addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("nowhere.kund.se", (False, "HOST_WITHOUT_ADDRESS")),
        ("lost.kund.se", (None, "")),
        ("imap.", (False, "HOST_INVALID")),
        ("imap.%EMAILDOMAIN%", (False, "HOST_INVALID")),
        (" imap.kund.se", (False, "HOST_INVALID")),
        ("192.0.2.1", (None, "")),
    ],
)
def test_the_host_must_be_a_name_with_an_address(host: str, expected: tuple[bool | None, str]) -> None:
    """A name server that does not answer tells nothing."""
    dns = {**NAMES, "lost.kund.se": {"RCODE": ["SERVFAIL"]}}
    assert judged(works(GOOD_IMAP, GOOD_SMTP, imap=replace(IMAP, host=host), dns=dns)) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"tcp": "refused"}, (True, "")),  # the program goes on to the next
        ({"tcp": "unknown"}, (True, "")),
        ({"tls": tls("other.se")}, (False, "SERVER_CERT_NAME")),  # which of them is met is chance
    ],
)
def test_all_addresses_of_a_host_are_tried(second: dict[str, Any], expected: tuple[bool, str]) -> None:
    """IPv4 and IPv6."""
    dns = {**NAMES, "imap.kund.se": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}}
    assert judged(works(GOOD_IMAP, {**GOOD_IMAP, "ip": "2001:db8::1", **second}, GOOD_SMTP, dns=dns)) == expected


@pytest.mark.parametrize("left_open", [{"port": None}, {"tls": None}, {"port": 0}, {"protocol": "exchange"}])
def test_what_the_program_leaves_open_is_not_known(left_open: dict[str, Any]) -> None:
    """Nobody knows where it would connect to."""
    assert judged(works(GOOD_IMAP, GOOD_SMTP, imap=replace(IMAP, **left_open))) == (None, "")


def test_with_nothing_to_try_nothing_is_known() -> None:
    """A program that found nothing works neither well nor badly."""
    assert judged(end(Outcome(Result.MANUAL)).works) == (None, "")


def test_some_programs_try_one_candidate_after_another() -> None:
    """Others keep to the first."""
    wrong = replace(IMAP, host="nowhere.kund.se")
    outcome = Outcome(Result.AUTOMATIC, (wrong, IMAP), (SMTP,))
    assert judged(end(outcome, GOOD_IMAP, GOOD_SMTP).works) == (False, "HOST_WITHOUT_ADDRESS")
    assert judged(end(outcome, GOOD_IMAP, GOOD_SMTP, tries_each=True).works) == (True, "")


def test_several_programs_share_one_world() -> None:
    """Each gets its own end, in the order asked for."""
    outcomes = [Outcome(Result.AUTOMATIC, (IMAP,), (SMTP,)), Outcome(Result.MANUAL)]
    ends = asyncio.run(search(map(program, outcomes), Typed("anna@kund.se"), Scripted({"dns": NAMES, "addresses": {}})))
    assert [found.outcome for found in ends] == outcomes


# --- what the store says -----------------------------------------------------------------------------------------------------------

HOST = Domain.parse("server.host.se")


def config(*protocols: Protocol) -> ClientConfig:
    """Return what kund.se should use."""
    provider = Provider("host", "Host", "Host", ())
    accounts = tuple(
        Account(
            protocol,
            Server(HOST, 993 if protocol is Protocol.IMAP else 995, TLSMode.IMPLICIT, also=(Port(143, TLSMode.STARTTLS),)),
            Server(HOST, 465, TLSMode.IMPLICIT),
        )
        for protocol in protocols
    )
    return ClientConfig(Domain.parse("kund.se"), provider, accounts)


def held(outcome: Outcome, expected: ClientConfig | None) -> Outcome:
    """Return *outcome* as it is against what is *expected*."""
    return against(outcome, sides(program(outcome), outcome), expected)


OURS = Choice("imap", "server.host.se", 993, TLSMode.IMPLICIT), Choice("smtp", "server.host.se", 465, TLSMode.IMPLICIT)


@pytest.mark.parametrize(
    ("imap", "smtp", "result"),
    [
        ({}, {}, Result.AUTOMATIC),
        ({"host": "Server.Host.SE"}, {}, Result.AUTOMATIC),
        ({"port": 143, "tls": TLSMode.STARTTLS}, {}, Result.AUTOMATIC),
        ({"port": None, "tls": None}, {}, Result.AUTOMATIC),
        ({"port": 143}, {}, Result.WRONG),
        ({"host": "imap.kund.se"}, {}, Result.WRONG),
        ({"tls": TLSMode.NONE}, {}, Result.WRONG),
        ({"protocol": "pop3", "port": 995}, {}, Result.WRONG),
        ({}, {"port": 587, "tls": TLSMode.STARTTLS}, Result.WRONG),
    ],
)
def test_what_is_not_the_domains_own_is_wrong(imap: dict[str, Any], smtp: dict[str, Any], result: Result) -> None:
    """Host, port and TLS of both sides, each port that the account has."""
    outcome = Outcome(Result.AUTOMATIC, (replace(OURS[0], **imap),), (replace(OURS[1], **smtp),))
    found = held(outcome, config(Protocol.IMAP))
    assert (found.result, found.why) == (result, "SERVERS_NOT_OURS" if result is Result.WRONG else "")


def test_both_sides_must_be_of_one_account() -> None:
    """With POP3 and IMAP on the same host, either will do."""
    outcome = Outcome(Result.AUTOMATIC, (replace(OURS[0], protocol="pop3", port=995),), (OURS[1],))
    assert held(outcome, config(Protocol.IMAP, Protocol.POP3)).result is Result.AUTOMATIC


def test_one_side_alone_is_held_to_that_side() -> None:
    """A program may send through the server of another account."""
    for outcome in (Outcome(Result.AUTOMATIC, (OURS[0],)), Outcome(Result.AUTOMATIC, (), (OURS[1],))):
        assert held(outcome, config(Protocol.IMAP)) == outcome


def test_of_several_candidates_the_one_that_is_used_counts() -> None:
    """Those that do not work are passed over; behind one that works nobody looks."""
    outcome = Outcome(Result.AUTOMATIC, (IMAP, OURS[0]), (OURS[1],))
    dns = {**NAMES, "server.host.se": {"A": ["192.0.2.9"]}}
    for first, result in (("refused", Result.AUTOMATIC), ("unknown", Result.AUTOMATIC), ("connected", Result.WRONG)):
        found = end(outcome, {**GOOD_IMAP, "tcp": first}, dns=dns, expected=config(Protocol.IMAP), tries_each=True)
        assert found.outcome.result is result, first


def test_only_what_is_entered_without_asking_is_wrong() -> None:
    """And only where somebody said what is right."""
    strange = Outcome(Result.PROMPT, (IMAP,), (SMTP,))
    assert held(strange, config(Protocol.IMAP)) == strange
    automatic = replace(strange, result=Result.AUTOMATIC)
    assert held(automatic, None) == automatic
    assert end(automatic, expected=config(Protocol.IMAP)).outcome.args == {"found": "imap.kund.se:993, smtp.kund.se:587"}
