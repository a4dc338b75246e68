"""`autoconfig discover` and `simulate` as a user types them: against servers on loopback, and in worlds given as data."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Typed
from autoconfig.clients.works import search
from autoconfig.network.scripted import Scripted
from tests.cli.conftest import Command
from tests.cli.test_check import NOBODY, Hosting, hosting
from tests.clients.cases import TRACES

__all__ = ["hosting"]  # a fixture

IMAP = (
    '<incomingServer type="imap"><hostname>imap.kund.se</hostname><port>993</port><socketType>SSL</socketType>'
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>"
)
SMTP = (
    '<outgoingServer type="smtp"><hostname>smtp.kund.se</hostname><port>465</port><socketType>SSL</socketType>'
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>"
)
DOCUMENT = f'<clientConfig><emailProvider id="kund.se"><domain>kund.se</domain>{IMAP}{SMTP}</emailProvider></clientConfig>'


def case(**more: object) -> dict[str, Any]:
    """Return a case: autoconfig.kund.se has a document."""
    return {
        "client": "k9-1.0",
        "name": "plain",
        "email": "anna@kund.se",
        "dns": {"autoconfig.kund.se": {"A": ["192.0.2.10"]}},
        "addresses": {"192.0.2.10": {"80": "open", "443": "open"}},
        "http": [{"scheme": "https", "host": "autoconfig.kund.se", "path": "*", "status": 200, "body": DOCUMENT}],
        **more,
    }


def lines(*cases: object) -> str:
    """Return a file with a case on each line."""
    return "".join(json.dumps(one) + "\n" for one in cases)


# --- simulate ----------------------------------------------------------------------------------------------------------------------


def test_ndjson_is_an_object_a_case(empty: Command) -> None:
    """With its name, by the case's own program."""
    done = empty("simulate", "-", "--format", "ndjson", stdin=lines(case(), case(client="evolution-3.46.4", name="other")))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [(one["name"], one["client"], one["outcome"]) for one in found] == [
        ("plain", "k9", "automatic"),
        ("other", "evolution", "automatic"),
    ]
    assert found[0]["incoming"] == {"protocol": "imap", "host": "imap.kund.se", "port": 993, "tls": "implicit", "username": "anna@kund.se"}
    assert found[0]["requests"][0] == "GET https://autoconfig.kund.se/mail/config-v1.1.xml"


def test_another_program_can_be_asked(empty: Command) -> None:
    """The case need not name one then, nor anything else but the address."""
    done = empty("simulate", "-", "--client", "k9", "--format", "json", stdin=lines({"email": "anna@kund.se"}, case()))
    assert [(one["client"], one["outcome"], one["name"]) for one in json.loads(done.stdout)] == [
        ("k9", "manual", None),
        ("k9", "automatic", "plain"),
    ]


def test_the_results_in_a_case_are_not_looked_at(empty: Command) -> None:
    """A question has no answer in it."""
    recorded = {"requests": ["GET https://x"], "outcome": {"none": True}, "unlisted": 5, "runs": "many"}
    asked = [empty("simulate", "-", "--format", "ndjson", stdin=lines(one)).stdout for one in (case(), case(**recorded))]
    assert asked[0] == asked[1]


def test_text_is_a_timeline_for_each_case(empty: Command) -> None:
    """With the case's name, or its number."""
    done = empty("simulate", "-", "--lang", "en", stdin=lines(case(), case(name=None)))
    assert done.stdout.startswith("plain  anna@kund.se\n\n✓ Thunderbird for Android")
    assert "\n\n2  anna@kund.se\n" in done.stdout


def test_a_blank_line_is_no_case(empty: Command) -> None:
    """As at the end of many files."""
    done = empty("simulate", "-", "--format", "ndjson", stdin="\n" + lines(case()) + "  \n")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("5", "a case is an object"),
        ("{}", '"email"'),
        ('{"email": "anna"}', '"email"'),
        ('{"email": 5}', '"email" is no text'),
        ('{"email": "a@b.se"}', "--client"),
        ('{"email": "a@b.se", "client": "netscape-4"}', "netscape"),
        ('{"email": "a@b.se", "client": "k9", "dns": 5}', "dns should be an object"),
        ('{"email": "a@b.se", "client": "k9", "name": {}}', '"name" is no text'),
        ("\udcff", "this is not JSON"),
    ],
)
def test_a_line_that_is_no_case_is_named(empty: Command, tmp_path: Any, line: str, said: str) -> None:
    """By its number, in one line; the cases before it are told."""
    file = tmp_path / "cases.jsonl"
    file.write_bytes((lines(case()) + line + "\n").encode("utf-8", "surrogateescape"))
    done = empty("simulate", str(file), "--format", "ndjson", "--lang", "en")
    assert (done.returncode, len(done.stdout.splitlines()), len(done.stderr.splitlines())) == (1, 1, 1)
    assert done.stderr.startswith("autoconfig: line 2: ")
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [["simulate"], ["simulate", "/nowhere"], ["simulate", "-", "--client", "netscape"]])
def test_wrong_usage_of_simulate(empty: Command, arguments: list[str]) -> None:
    """Is 64."""
    assert empty(*arguments).returncode == 64


@pytest.mark.slow
@pytest.mark.parametrize("name", ["aerc", "thunderbird", "deltachat", "evolution"])
def test_every_program_can_be_asked_in_every_recorded_world(empty: Command, name: str) -> None:
    """And each tells a whole object; every eighth of the worlds will do."""
    worlds = "\n".join((TRACES / f"{name}.jsonl").read_text().splitlines()[::8])
    for client in CLIENTS:
        done = empty("simulate", "-", "--client", client, "--format", "ndjson", stdin=worlds)
        assert (done.returncode, done.stderr) == (0, "")
        for line in done.stdout.splitlines():
            found = json.loads(line)
            assert found["client"] == client
            assert found["outcome"] in ("automatic", "prompt", "manual", "wrong")
            assert found["why"] or found["outcome"] == "automatic", (found["name"], client)


# --- discover ----------------------------------------------------------------------------------------------------------------------


def test_discover_tries_the_servers_that_it_finds(empty: Command, hosting: Hosting) -> None:
    """On loopback: SRV records lead to two servers with good certificates."""
    options = hosting.host().options
    done = empty("discover", "anna@kund.test", *options, "--client", "emclient", "--format", "json", "--deadline", "2")
    (found,) = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (found["client"], found["outcome"], found["source"], found["works"]) == ("emclient", "automatic", "srv", True)
    assert found["incoming"]["host"] == "mail.kund.test"


def test_discover_tells_all_programs(empty: Command, hosting: Hosting) -> None:
    """In the order of the registry, as text by default."""
    options = hosting.host().options
    done = empty("discover", "anna@kund.test", *options, "--format", "json", "--deadline", "1")
    assert [found["client"] for found in json.loads(done.stdout)] == list(CLIENTS)
    text = empty("discover", "anna@kund.test", *options, "--deadline", "1", "--lang", "en").stdout
    assert text.startswith("anna@kund.test\n")
    assert all(client.title in text for client in CLIENTS.values())


def test_servers_that_are_not_ours_are_wrong(autoconfig: Command, hosting: Hosting) -> None:
    """For a domain of the store; elsewhere nobody knows what is right."""
    arguments = ["discover", "anna@kund.se", *hosting.host("kund.se").options, "--client", "emclient", "--format", "json", "--lang", "en"]
    (found,) = json.loads(autoconfig(*arguments).stdout)
    assert (found["outcome"], found["works"]) == ("wrong", True)
    assert "mail.kund.test" in found["why"]


def test_all_programs_can_be_asked_in_one_world() -> None:
    """The world is a parameter, and the answers stand in the order of the programs."""
    ends = asyncio.run(search(CLIENTS.values(), Typed("anna@kund.se"), Scripted(case())))
    assert [end.client.name for end in ends] == list(CLIENTS)


def test_without_a_name_server_nothing_is_told(empty: Command) -> None:
    """That all programs would find nothing says nothing about the domain."""
    done = empty("discover", "anna@kund.test", *NOBODY, "--lang", "en")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no name server" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["kund.se"],
        ["anna@kund.se", "--client", "netscape"],
        ["anna@kund.se", "--deadline", "nan"],
        ["anna@kund.se", "--format", "xml"],
    ],
)
def test_wrong_usage_of_discover(empty: Command, arguments: list[str]) -> None:
    """Is 64: it takes an address and a program that it knows."""
    assert empty("discover", *arguments).returncode == 64
