"""`autoconfig dns --diff` against a real name server: what is published is right, and each thing that is wrong is told as that."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .nameserver import NameServer
from .network import NAME_SERVER, Network
from .world import HOST, KARLAHOSTING, customers

pytestmark = pytest.mark.lab

DOMAIN = "kund.test"
SERVICE = "autoconfig.karlahosting.test"
_TOP = Path(__file__).parents[2]
_COMMAND = "import sys; from autoconfig.cli import main; main()"
_DELIVERY = """
spf = "v=spf1 include:spf.karlahosting.test -all"
dmarc = "v=DMARC1; p=none"
"""

Published = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Autoconfig:
    """The command inside the lab's network, on an instance of its own."""

    network: Network
    instance: Path

    def __call__(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        """Return exit code and stdout."""
        script = 'code=0; "$@" || code=$?; echo "exit $code"'
        command = [sys.executable, "-c", _COMMAND, "--instance", str(self.instance), *arguments]
        said = self.network.run("sh", "-c", script, "sh", *command, cwd=_TOP, stdin=stdin)
        out, _, code = said.rpartition("exit ")
        return int(code), out


@pytest.fixture(scope="module")
def autoconfig(network: Network) -> Autoconfig:
    """KarlaHosting with one customer."""
    instance = network.directory_for("instance-diff")
    (instance / "config.toml").write_text(f'base_url = "https://{SERVICE}"\n')
    command = Autoconfig(network, instance)
    head, account, rest = KARLAHOSTING.partition("\n[[provider.account]]")
    assert command("import", "-", stdin=head + _DELIVERY + account + rest + customers(DOMAIN))[0] == 0
    return command


@pytest.fixture(scope="module")
def due(autoconfig: Autoconfig) -> Published:
    """All that the domain should publish, and the host's own names, for the name server."""
    code, out = autoconfig("dns", DOMAIN, "--format", "json")
    assert code == 0
    found: Published = {name: {"A": ["192.0.2.20"]} for name in (HOST, SERVICE, "mx.karlahosting.test", f"mail.{DOMAIN}")}
    for record in json.loads(out):
        name = record["name"].removesuffix(".")
        found.setdefault(name, {}).setdefault(record["type"], []).append(record["text"] if record["type"] == "TXT" else record["value"])
    return found


def _without(due: Published, *names: str) -> Published:
    return {name: types for name, types in due.items() if name not in names}


def _with(due: Published, name: str, types: Mapping[str, list[str]], instead: bool = False) -> Published:
    return {**due, name: {**({} if instead else due.get(name, {})), **types}}


def _diff(autoconfig: Autoconfig, *more: str) -> tuple[int, list[dict[str, Any]]]:
    code, out = autoconfig("dns", DOMAIN, "--diff", "--format", "json", *more)
    return code, json.loads(out)


def test_what_is_published_is_right(autoconfig: Autoconfig, name_server: NameServer, due: Published) -> None:
    """Every record is there, TXT and SRV included, and the code is 0."""
    name_server.publish(due)
    code, found = _diff(autoconfig)
    assert {record["verdict"] for record in found} == {"ok"}, found
    assert code == 0
    assert len(found) > 12
    code, out = autoconfig("dns", DOMAIN, "--diff")
    assert code == 0
    lines = [line.split("\t") for line in out.splitlines()]
    assert ["ok", f"autoconfig.{DOMAIN}", "CNAME", SERVICE, SERVICE, "required"] in lines
    assert ["ok", f"_imaps._tcp.{DOMAIN}", "SRV", f"0 0 993 {HOST}", f"0 0 993 {HOST}", "recommended"] in lines
    assert len(lines) == len(found)


SRV = f"_imaps._tcp.{DOMAIN}"


@pytest.mark.parametrize(
    ("change", "name", "type", "verdict", "there", "code"),
    [
        (lambda due: _without(due, SRV), SRV, "SRV", "missing", [], 1),
        (lambda due: _without(due, f"autoconfig.{DOMAIN}"), f"autoconfig.{DOMAIN}", "CNAME", "missing", [], 1),
        (lambda due: _without(due, f"_ua-auto-config.{DOMAIN}"), f"_ua-auto-config.{DOMAIN}", "TXT", "missing", [], 0),
        (
            lambda due: _with(due, SRV, {"SRV": ["0 0 143 old.karlahosting.test."]}),
            SRV,
            "SRV",
            "different",
            ["0 0 143 old.karlahosting.test"],
            1,
        ),
        (lambda due: _with(due, SRV, {"CNAME": ["elsewhere.test."]}, True), SRV, "SRV", "cname", ["elsewhere.test"], 1),
        (
            lambda due: _with(due, DOMAIN, {"TXT": ["v=spf1 include:spf.karlahosting.test -all", "v=spf1 mx -all", "other"]}),
            *(DOMAIN, "TXT", "different", ["v=spf1 mx -all", "v=spf1 include:spf.karlahosting.test -all"], 1),
        ),
        (
            lambda due: _with(_with(due, "elsewhere.test", {"A": ["192.0.2.80"]}), f"autoconfig.{DOMAIN}", {"CNAME": ["elsewhere.test."]}),
            *(f"autoconfig.{DOMAIN}", "CNAME", "different", ["elsewhere.test"], 1),
        ),
        (
            lambda due: _with(due, f"autoconfig.{DOMAIN}", {"CNAME": ["gone.test."]}),
            *(f"autoconfig.{DOMAIN}", "CNAME", "different", ["gone.test"], 1),
        ),
        (
            lambda due: _with(due, f"autoconfig.{DOMAIN}", {"A": ["192.0.2.20"]}, True),
            *(f"autoconfig.{DOMAIN}", "CNAME", "ok", ["192.0.2.20"], 0),
        ),
        (
            lambda due: _with(due, f"autoconfig.{DOMAIN}", {"A": ["192.0.2.80"]}, True),
            *(f"autoconfig.{DOMAIN}", "CNAME", "different", ["192.0.2.80"], 1),
        ),
    ],
    ids=[
        "missing",
        "no-autoconfig",
        "optional",
        "changed",
        "srv-cname",
        "two-spf",
        "elsewhere",
        "dangling",
        "same-address",
        "other-address",
    ],
)
def test_what_is_wrong_is_told_as_that(
    autoconfig: Autoconfig,
    name_server: NameServer,
    due: Published,
    change: Callable[[Published], Published],
    name: str,
    type: str,
    verdict: str,
    there: list[str],
    code: int,
) -> None:
    """One record differs, its verdict says how, and all the others are right."""
    name_server.publish(change(due))
    exit_code, found = _diff(autoconfig)
    (record,) = (record for record in found if record["verdict"] != "ok") if verdict != "ok" else _of(found, name, type)
    assert (record["name"], record["type"], record["verdict"]) == (f"{name}.", type, verdict)
    assert set(record["found"]) == set(there)
    assert exit_code == code


def _of(found: list[dict[str, Any]], name: str, type: str) -> list[dict[str, Any]]:
    return [record for record in found if (record["name"], record["type"]) == (f"{name}.", type)]


_SILENT = "198.51.100.99"
_SWALLOW = f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
    nobody.bind(("{_SILENT}", 53))
    print("bound", flush=True)
    while True:
        nobody.recv(4096)
"""


@pytest.fixture
def silent(network: Network) -> Iterator[str]:
    """A resolver that takes every question and answers none."""
    program = network.start("silent-resolver", sys.executable, "-c", _SWALLOW, piped=True)
    assert program.stdout is not None
    assert program.stdout.readline() == b"bound\n"
    yield _SILENT
    program.stop()


def test_a_resolver_that_does_not_answer_leaves_all_unknown(autoconfig: Autoconfig, silent: str) -> None:
    """Refused at once, or silent until the time is up: never told as missing."""
    for resolver, least, most in ((f"{NAME_SERVER}:1053", 0.0, 3.0), (silent, 4.5, 8.0)):
        start = time.monotonic()
        code, found = _diff(autoconfig, "--resolver", resolver)
        assert {record["verdict"] for record in found} == {"unknown"}
        assert code == 1
        assert least < time.monotonic() - start < most


def test_the_resolver_is_the_one_that_is_named(autoconfig: Autoconfig, name_server: NameServer, due: Published) -> None:
    """With its port as well."""
    name_server.publish(due)
    for resolver in (NAME_SERVER, f"{NAME_SERVER}:53"):
        assert _diff(autoconfig, "--resolver", resolver)[0] == 0
