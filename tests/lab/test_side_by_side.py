"""The re-enactment and the real program, asked side by side in the same random worlds: they ask for the same and end up with the same.

Thunderbird meets bad certificates too; Delta Chat has its own list of authorities, so that here it takes any certificate.
"""

from __future__ import annotations

import json
import pprint
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

import pytest

from .ca import Authority, Fault
from .deltachat import DeltaChat
from .marionette import MarionetteError
from .nameserver import NameServer
from .network import NAME_SERVER, Network
from .outcome import NOTHING, Outcome, Server
from .random_worlds import DATABASES, MAIL_SERVER, Case, world
from .service import Service
from .stage import OPEN, Stage
from .thunderbird import Thunderbird

pytestmark = pytest.mark.lab

# The most varied of several hundred: each step of both searches wins in some, and in some nothing is found.
THUNDERBIRD = (3, 4, 8, 9, 12, 22, 25, 29, 32, 38, 39, 43, 48, 51, 57, 60, 62, 65, 67, 68)
DELTACHAT = (1001, 1002, 1003, 1005, 1009, 1010, 1011, 1012, 1014, 1015, 1017, 1022, 1023, 1024, 1026, 1029, 1040, 1041, 1045, 1048)

_WORLDS = {seed: world(seed, bad_certificates=seed in THUNDERBIRD) for seed in (*THUNDERBIRD, *DELTACHAT)}
_SOCKET_TYPES = {"implicit": "SSL", "starttls": "STARTTLS", "none": "plain"}

_AUTODISCOVER = 10  # the step that is asked beside all others

Asked = Sequence[tuple[float, str, int]]


@dataclass(frozen=True, slots=True)
class Ours:
    """What the re-enactment says."""

    outcome: Outcome
    via: str | None
    requests: tuple[str, ...]
    timeline: Sequence[Mapping[str, Any]]


def published(worlds: Iterable[Case]) -> dict[str, dict[str, list[str]]]:
    """Return all names of *worlds*."""
    names: dict[str, dict[str, list[str]]] = {host: {"A": [OPEN]} for host in DATABASES}
    for case in worlds:
        names |= case["dns"]
    return names


def show(stage: Stage, name_server: NameServer, authority: Authority, worlds: Sequence[Case]) -> None:
    """Publish *worlds*, all at once: no two have a name in common."""
    certificates = {host: authority.issue(host) for host in DATABASES}
    for case in worlds:
        hosts = {name for name, types in case["dns"].items() if MAIL_SERVER not in types.get("A", ()) and name[0] not in "_*"}
        for host in sorted(hosts | {page["host"] for page in case["http"]} - set(DATABASES)):
            fault = case["bad_cert_hosts"].get(host)
            certificates[host] = authority.issue(host, fault=fault and Fault(fault))
    stage.show([page for case in worlds for page in case["http"]], certificates)
    name_server.publish(published(worlds))


@pytest.fixture(scope="module")
def stage(network: Network, name_server: NameServer, authority: Authority) -> Stage:
    """All worlds."""
    stage = Stage(network)
    show(stage, name_server, authority, list(_WORLDS.values()))
    return stage


def simulated(service: Service, authority: Authority, case: Case, client: str) -> Ours:
    """Return what `autoconfig discover` says, asked in the lab's network."""
    where = ("--resolver", NAME_SERVER, "--ca", str(authority.certificate))
    done = service.quickly("discover", case["email"], "--client", client, "--format", "json", *where)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    incoming, outgoing = (tuple(map(_server, told["candidates"][side])) for side in ("incoming", "outgoing"))
    return Ours(Outcome(told["source"], incoming, outgoing), told["via"], tuple(told["requests"]), told["timeline"])


def _server(told: Mapping[str, Any]) -> Server:
    security = _SOCKET_TYPES[told["tls"]] if told["tls"] else None
    return Server(told["protocol"], told["host"], told["port"], security, told["username"], auth=None)


def _bare(outcome: Outcome) -> Outcome:
    """Return what is compared of *outcome*: neither the mechanisms, nor the alternatives that are not tried."""
    incoming, outgoing = (tuple(replace(server, auth=None) for server in side) for side in (outcome.incoming, outcome.outgoing))
    return replace(outcome, incoming=incoming, outgoing=outgoing, alternatives=(), message=None)


def report(case: Case, differences: Sequence[str], real: Outcome, asked: Asked, ours: Ours) -> str:
    """Return all that one must see to know who went which way."""
    begin = asked[0][0] if asked else 0.0
    theirs = [f"{(at - begin) * 1000:7.0f} ms  {request} {status}" for at, request, status in asked]
    steps = [f"{step['at_ms']:7} ms  {step['what']}: {step['said']} ({step['ms']} ms)" for step in ours.timeline]
    parts = {
        "They differ": differences,
        "The world": [pprint.pformat(case, width=200, sort_dicts=False)],
        "What the real program asked for": theirs,
        "What it ended up with": [pprint.pformat(asdict(real), width=140)],
        "What ours did": steps,
        f"What ours ended up with, by {ours.via}": [pprint.pformat(asdict(ours.outcome), width=140)],
    }
    return "\n".join(f"\n{title}:\n" + "\n".join(lines) for title, lines in parts.items())


# --- Thunderbird -------------------------------------------------------------------------------------------------------------------


def ask_thunderbird(thunderbird: Thunderbird, case: Case) -> Outcome:
    """Return what the real Thunderbird finds."""
    try:
        return thunderbird.find_config(case["email"])
    except MarionetteError as error:
        return Outcome(message=str(error))


def thunderbird_differs(case: Case, real: Outcome, asked: Asked, ours: Ours) -> Iterator[str]:
    """Yield how the two differ. What a step asks that has no say in the outcome is a race in the real program."""
    # Its guessing comes later, in the window.
    found = ours.outcome if ours.outcome.source not in ("guess", None) else NOTHING
    if _bare(real) != found:
        yield f"settings: {found} instead of {_bare(real)}"
    theirs = {request for _, request, _ in asked}
    free = _races(case, asked, ours)
    yield from (f"only the real one asks for {request}" for request in sorted(theirs - set(ours.requests)) if request not in free)
    yield from (f"only ours asks for {request}" for request in sorted(set(ours.requests) - theirs) if request not in free)


def _races(case: Case, asked: Asked, ours: Ours) -> set[str]:
    every = [request for _, request, _ in asked] + list(ours.requests)
    return {request for request in every if _is_race(case, request, asked, ours)}


def _is_race(case: Case, request: str, asked: Asked, ours: Ours) -> bool:
    """Tell whether a place that comes before that of *request* has the answer."""
    step, place = _place(case, request)
    won, _ = _place(case, f"GET {ours.via}") if ours.via else (_AUTODISCOVER, 0)
    if won < step < _AUTODISCOVER:
        return True
    taken = [_place(case, before) for _, before, status in asked if 200 <= status < 300]
    return any(step == other and before < place for other, before in taken)


def _place(case: Case, request: str) -> tuple[int, int]:
    """Return the step to which *request* belongs, of those that are asked for one after another, and its place among its like."""
    url = urlsplit(_origin(case, request.partition(" ")[2]).lower())
    host, domain = url.hostname or "", case["email"].rpartition("@")[2].lower()
    if url.path.startswith("/autodiscover/"):
        order = (("https", f"autodiscover.{domain}"), ("https", domain), ("http", f"autodiscover.{domain}"))
        return _AUTODISCOVER, order.index((url.scheme, host)) if (url.scheme, host) in order else len(order)
    asked_for = url.path.rpartition("/")[2] if host in DATABASES else host.removeprefix("autoconfig.")
    if asked_for == domain:
        return (1, 0) if host in DATABASES else (0, 2 * (url.scheme == "http") + (host == domain))
    # Of the mail host: the nearer one first, its own answer before the database.
    return 9 - 2 * asked_for.count(".") + (host in DATABASES), 0


def _origin(case: Case, url: str) -> str:
    """Return the URL from which the redirects lead to *url*; their paths begin with the number of the page that sends there."""
    while "/r" in url and (path := url.split("/", 3)[3]).startswith("r") and (number := path[1:].partition("/")[0]).isdigit():
        page = case["http"][int(number) - 1]
        url = f"{page['scheme']}://{page['host']}{page['path']}"
    return url


@pytest.mark.parametrize("seed", THUNDERBIRD)
def test_thunderbird(seed: int, stage: Stage, thunderbird: Thunderbird, service: Service, authority: Authority) -> None:
    """The same source, servers and user names, and the same requests but for those that it cancels."""
    case = _WORLDS[seed]
    stage.forget()
    real = ask_thunderbird(thunderbird, case)
    asked = stage.asked()
    ours = simulated(service, authority, case, "thunderbird")
    differences = list(thunderbird_differs(case, real, asked, ours))
    assert not differences, report(case, differences, real, asked, ours)


# --- Delta Chat --------------------------------------------------------------------------------------------------------------------


def deltachat_differs(real: Outcome, asked: Asked, ours: Ours) -> Iterator[str]:
    """Yield how the two differ. It asks one URL after another, and where it was let in nowhere, all of them once more."""
    theirs = tuple(dict.fromkeys(request for _, request, _ in asked))
    if theirs != tuple(dict.fromkeys(ours.requests)):
        yield f"requests: {ours.requests} instead of {theirs}"
    if not (real.incoming or real.outgoing):
        yield "it tried no server"
    for side in ("incoming", "outgoing"):
        seen, all_of_ours = list[Server](getattr(real, side)), list[Server](getattr(ours.outcome, side))
        # It gives up as soon as one side has failed, and by SMTP it goes nowhere from an address like åsa@.
        expected = all_of_ours if real.message is None else all_of_ours[: len(seen)]
        if seen != [_as_seen(*both) for both in zip_longest(expected, seen)]:
            yield f"{side}: {all_of_ours} instead of {seen}"


def _as_seen(ours: Server | None, real: Server | None) -> Server | None:
    """Return *ours* without the user name where the real one did not show that."""
    return replace(ours, username=None) if ours is not None and real is not None and real.username is None else ours


@pytest.mark.parametrize("seed", DELTACHAT)
def test_deltachat(seed: int, stage: Stage, deltachat: DeltaChat, service: Service, authority: Authority) -> None:
    """The same requests in the same order, and the same candidates in the same order, with the user name where one was used."""
    case = _WORLDS[seed]
    stage.forget()
    real = deltachat.find_config(case["email"])
    asked = stage.asked()
    ours = simulated(service, authority, case, "deltachat")
    differences = list(deltachat_differs(real, asked, ours))
    assert not differences, report(case, differences, real, asked, ours)
