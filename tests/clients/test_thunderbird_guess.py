"""What Thunderbird guesses: as it was recorded (traces/guess.json)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from autoconfig.clients.outcome import Choice, Outcome, Result, Typed
from autoconfig.clients.thunderbird import discover
from autoconfig.clients.thunderbird_guess import tries
from autoconfig.network.scripted import NEVER_MS, Scripted
from tests.clients.cases import TRACES, Case

_GUESS = json.loads((TRACES / "guess.json").read_text())
_DOMAIN = "guess.se"
_WEB = {"80": "open", "443": "open"}

# What the recording tells of each address, in words: port, service, whether TLS begins at once.
_MAIL = {
    "192.0.2.20": (),
    "192.0.2.21": ("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "smtp"),
    "192.0.2.22": ("pop3s", "pop3", "submission"),
    "192.0.2.23": ("imap", "smtp"),
    "192.0.2.24": ("imaps", "imap", "submissions", "submission"),
    "192.0.2.30": ("imaps", "imap", "pop3s", "pop3", "submissions", "submission", "smtp"),
}
_PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110, "submissions": 465, "submission": 587, "smtp": 25}
_OTHER_NAME, _SILENT = "192.0.2.24", "192.0.2.30"


def _certificate(*names: str) -> dict[str, object]:
    dates = {"not_before": "2026-01-01T00:00:00+00:00", "not_after": "2027-01-01T00:00:00+00:00"}
    rest = {"ips": [], "common_name": "", "issuer": "", "server_auth": True, "key": "EC", "key_bits": 256, "signature": "sha256"}
    return {"names": list(names), **dates, **rest, "fingerprint": "", "public_key": ""}


def _endpoint(ip: str, service: str, **changes: object) -> dict[str, object]:
    place = {"ip": ip, "service": service, "port": _PORTS[service]}
    if ip == _SILENT:
        return {**place, "tcp": "timeout", "ms": NEVER_MS}
    names = ("other.se",) if ip == _OTHER_NAME else (_DOMAIN, f"*.{_DOMAIN}")
    tls = {"server_name": "", "version": "TLSv1.3", "certificate": _certificate(*names)}
    greeting = {"kind": "ready", "text": "", "ms": 1.0}
    return {**place, "tcp": "connected", "greeting": greeting, "starttls_offered": not service.endswith("s"), "tls": tls, **changes}


def _search(dns: dict[str, Any], endpoints: list[dict[str, object]], email: str = f"anna@{_DOMAIN}") -> Outcome:
    return asyncio.run(discover(Typed(email), Scripted({"dns": dns, "addresses": {"192.0.2.10": _WEB}, "endpoints": endpoints})))


def _world(*ips: str) -> list[dict[str, object]]:
    return [_endpoint(ip, service) for ip in ips for service in _MAIL.get(ip, ())]


def _told(choice: Choice) -> dict[str, object]:
    security = {"implicit": "SSL", "starttls": "STARTTLS", "none": "plain"}
    assert choice.tls is not None
    return {"type": choice.protocol, "hostname": choice.host, "port": choice.port, "socketType": security[choice.tls.value]}


@pytest.mark.parametrize(("side", "protocols"), [("incoming", ("imap", "pop3")), ("outgoing", ("smtp",))])
def test_what_is_tried_in_which_order(side: str, protocols: tuple[str, ...]) -> None:
    """Encrypted first, IMAP before POP3, TLS at once before STARTTLS, then the names."""
    assert [_told(choice) for choice in tries(protocols, _DOMAIN)] == _GUESS[f"tries_{side}"]


@pytest.mark.parametrize("case", _GUESS["cases"], ids=lambda case: str(case["name"]))
def test_it_guesses_as_recorded(case: Case) -> None:
    """The same servers and user name; nothing, where one side is missing."""
    outcome = _search(case["dns"], _world(*_MAIL))
    recorded = case["outcome"]
    assert outcome.source == recorded.get("source")
    for side in ("incoming", "outgoing"):
        ours = [{**_told(choice), "username": choice.username} for choice in getattr(outcome, side)]
        assert ours == [{name: value for name, value in server.items() if name != "auth"} for server in recorded.get(side, ())]
    assert outcome.result is (Result.MANUAL if "none" in recorded else Result.AUTOMATIC)


def test_a_silent_host_costs_as_much_as_recorded() -> None:
    """Ten seconds, and its place in the row."""
    case = next(case for case in _GUESS["cases"] if "silent" in case["name"])
    outcome = _search(case["dns"], _world(*_MAIL))
    end = max(step.at + step.ms for step in outcome.steps if step.what.startswith("CONNECT"))
    assert 10_000 < end < case["elapsed_ms"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"starttls_offered": False}, True),  # without encryption, then
        ({"greeting": None}, False),
        ({"tcp": "refused"}, False),
    ],
)
def test_a_server_must_say_something(changes: dict[str, object], found: bool) -> None:
    """Whatever answers is a server; encryption is preferred and not demanded."""
    ip = "192.0.2.21"
    endpoints = [_endpoint(ip, "imap", **changes), _endpoint(ip, "submissions")]
    outcome = _search({f"mail.{_DOMAIN}": {"A": [ip]}}, endpoints)
    assert bool(outcome.incoming) == found
    assert not found or _told(outcome.incoming[0])["socketType"] == ("plain" if changes else "STARTTLS")


@pytest.mark.parametrize(
    ("fault", "port"),
    [({"not_after": "2026-06-01T00:00:00+00:00"}, 143), ({"names": ["mail.other.se"]}, 143), ({"names": [f"mail.{_DOMAIN}"]}, 993)],
)
def test_the_certificate_is_looked_at_where_tls_begins_at_once(fault: dict[str, object], port: int) -> None:
    """Not on a port with STARTTLS."""
    ip = "192.0.2.21"
    tls = {"server_name": "", "certificate": {**_certificate(_DOMAIN), **fault}}
    endpoints = [_endpoint(ip, service, tls=tls) for service in ("imaps", "imap")] + [_endpoint(ip, "submission")]
    outcome = _search({f"mail.{_DOMAIN}": {"A": [ip]}}, endpoints)
    assert outcome.incoming[0].port == port


@pytest.mark.parametrize(("ips", "protocol"), [((), "exchange"), (("192.0.2.21",), "imap")])
def test_beside_exchange_it_looks_for_imap_on_the_same_host(ips: tuple[str, ...], protocol: str) -> None:
    """It prefers what is open to all."""
    body = (
        "<Autodiscover><Response><Account><Protocol><Type>EXHTTP</Type><EwsUrl>https://ews.guess.se/x</EwsUrl></Protocol></Account></Response>"
        "</Autodiscover>"
    )
    page = {"scheme": "https", "host": _DOMAIN, "path": "/autodiscover/autodiscover.xml", "status": 200, "body": body}
    dns = {_DOMAIN: {"A": ["192.0.2.10"]}, f"ews.{_DOMAIN}": {"A": ["192.0.2.21"]}}
    world = {"dns": dns, "addresses": {"192.0.2.10": _WEB}, "http": [{**page, "headers": {"Content-Type": "text/xml"}}]}
    outcome = asyncio.run(discover(Typed(f"anna@{_DOMAIN}"), Scripted({**world, "endpoints": _world(*ips)})))
    assert (outcome.source, outcome.incoming[0].protocol, outcome.result) == ("exchange-from-url2-guess", protocol, Result.AUTOMATIC)
    assert outcome.incoming[0].username == f"anna@{_DOMAIN}"


def test_a_host_may_have_ipv6_alone() -> None:
    """It is asked for where there is no IPv4."""
    endpoints = [{**_endpoint("192.0.2.21", service), "ip": "2001:db8::1"} for service in ("imaps", "submissions")]
    assert _search({f"mail.{_DOMAIN}": {"AAAA": ["2001:db8::1"]}}, endpoints).incoming[0].host == f"mail.{_DOMAIN}"


def test_a_name_that_is_none_is_passed_over() -> None:
    """The longest label leaves no room for another in front of it."""
    domain = ".".join(["a" * 60] * 4) + ".se"
    assert _search({}, [], email=f"anna@{domain}").result is Result.MANUAL
