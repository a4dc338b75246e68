"""The DNS as real servers speak it: a validating resolver, authoritative servers asked by name, delegations, signatures and TCP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from autoconfig.network.facts import Facts, Recorded, read
from autoconfig.observations import Lookup, LookupStatus, Question

from . import resolver
from .hosting import Hosting
from .zones import NAME_SERVERS, REGISTRY, Zone

pytestmark = pytest.mark.lab

_TOP = Path(__file__).parents[2]
_ASK = """
import asyncio, json, sys
from autoconfig.network.facts import Facts, write
from autoconfig.network.live import Live

async def run():
    async with Live(resolver=(sys.argv[1], 53)) as world:
        await asyncio.gather(*(world.lookup(*question) for question in json.loads(sys.argv[2])))
        return Facts("", world.now, world.answers)

sys.stdout.buffer.write(write(asyncio.run(run())))
"""

OWN = next(iter(NAME_SERVERS.values()))
PARENT = next(iter(REGISTRY.values()))
LONG = [f"{n} " + "x" * 240 for n in range(12)]
ZONES = (
    Zone("karlahosting.test", {name: {"A": [address]} for name, address in NAME_SERVERS.items()}),
    Zone(
        "uppslag.test",
        {
            "uppslag.test": {"MX": ["10 Mx.uppslag.test."], "TXT": LONG},
            "mx.uppslag.test": {"A": ["192.0.2.20"]},
            "www.uppslag.test": {"CNAME": ["mx.uppslag.test."]},
            "ut.uppslag.test": {"CNAME": ["nadas.test."]},
            "bort.uppslag.test": {"CNAME": ["finns-inte.karlahosting.test."]},
        },
        signed=True,
    ),
    Zone("lam.test", {}).lame,
    Zone("falsk.test", {"falsk.test": {"A": ["192.0.2.20"]}}, bogus=True),
)


def _asked(hosting: Hosting, questions: Iterable[tuple[str, ...]]) -> Facts:
    said = hosting.network.run(sys.executable, "-c", _ASK, resolver.ADDRESS, json.dumps(list(questions)), cwd=_TOP)
    return read(said.encode())


QUESTIONS: dict[tuple[str, ...], dict[str, object]] = {
    ("uppslag.test", "MX"): {"status": "found", "values": ("10 mx.uppslag.test",), "authenticated": True, "authoritative": False},
    ("uppslag.test", "MX", OWN): {"status": "found", "values": ("10 mx.uppslag.test",), "authenticated": False, "authoritative": True},
    ("www.uppslag.test", "A"): {"status": "found", "values": ("192.0.2.20",), "aliases": ("mx.uppslag.test",)},
    ("www.uppslag.test", "CNAME"): {"status": "found", "values": ("mx.uppslag.test",), "aliases": ()},
    ("www.uppslag.test", "AAAA"): {"status": "nodata", "values": (), "aliases": ("mx.uppslag.test",)},
    ("inget.uppslag.test", "A"): {"status": "nxdomain", "values": (), "aliases": ()},
    ("bort.uppslag.test", "A"): {"status": "nxdomain", "aliases": ("finns-inte.karlahosting.test",)},
    # The server's own zone ends at the alias, and it is not asked to go on.
    ("ut.uppslag.test", "A", OWN): {"status": "nodata", "aliases": ("nadas.test",), "authoritative": True},
    ("uppslag.test", "NS", OWN): {"status": "found", "authoritative": True},
    # The parent only says who knows.
    ("uppslag.test", "A", PARENT): {"status": "nodata", "values": (), "authoritative": False},
    ("lam.test", "A"): {"status": "servfail", "values": ()},
    ("lam.test", "A", OWN): {"status": "refused", "values": ()},
    ("falsk.test", "A"): {"status": "servfail", "values": (), "authenticated": False},
    ("falsk.test", "A", OWN): {"status": "found", "values": ("192.0.2.20",)},
}


@pytest.fixture(scope="module")
def answers(hosting: Hosting) -> dict[Question, Lookup]:
    """All questions, asked at the same time."""
    hosting.zones.publish(ZONES)
    hosting.resolver.forget()
    facts = _asked(hosting, [*QUESTIONS, ("uppslag.test", "TXT")])
    assert Recorded(facts).now == facts.now
    return {found.question: found for found in facts.answers.lookups}


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_what_real_servers_say(answers: dict[Question, Lookup], question: tuple[str, ...]) -> None:
    """With its status, and the bits by which one hears who speaks."""
    found = answers[Question.of(*question)]
    expected = QUESTIONS[question]
    assert {name: getattr(found, name) for name in expected} == expected


def test_an_answer_too_long_for_a_datagram_comes_whole(answers: dict[Question, Lookup]) -> None:
    """Over TCP, from the resolver."""
    found = answers[Question("uppslag.test", "TXT")]
    assert found.status is LookupStatus.FOUND
    assert sorted(found.values) == sorted(LONG)


def test_the_resolver_says_that_signatures_are_wrong(answers: dict[Question, Lookup]) -> None:
    """RFC 8914: bogus, or what it is that does not fit."""
    told = " ".join(answers[Question("falsk.test", "A")].errors)
    assert "DNSSEC Bogus" in told or "DNSKEY Missing" in told, told


def test_how_long_an_answer_holds_is_told(answers: dict[Question, Lookup]) -> None:
    """The zone's TTL, or that of what is not there (RFC 2308, 5)."""
    assert answers[Question("uppslag.test", "MX", OWN)].ttl == 3600
    assert answers[Question("inget.uppslag.test", "A")].ttl in range(1, 301)
