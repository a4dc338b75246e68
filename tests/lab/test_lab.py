"""The lab itself: alone in its network, gone with its test, and as good or as bad as it is told to be."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from .ca import Authority, Fault
from .nameserver import NameServer
from .network import NAME_SERVER, Network, wait_until
from .webfront import ADDRESS, Site, WebFront

pytestmark = pytest.mark.lab


def _ask(network: Network, name: str, rtype: str) -> tuple[str, list[str]]:
    with network.connect(NAME_SERVER, 53) as connection:
        answer = dns.query.tcp(dns.message.make_query(name, rtype), NAME_SERVER, timeout=5, sock=connection)
    return dns.rcode.to_text(answer.rcode()), [record.to_text() for rrset in answer.answer for record in rrset]


def test_nothing_of_the_lab_listens_on_the_machine(network: Network, name_server: NameServer) -> None:
    """What answers inside is unknown outside."""
    assert network.listens(NAME_SERVER, 53)
    assert NAME_SERVER not in subprocess.run(["ss", "-Hltun"], capture_output=True, text=True, check=True).stdout


def test_nothing_of_the_machine_is_reached_from_the_lab(network: Network) -> None:
    """A port of the machine's loopback is not one of the lab's."""
    with socket.create_server(("127.0.0.1", 0)) as outside:
        assert not network.listens("127.0.0.1", outside.getsockname()[1])


def test_everything_dies_with_a_killed_test(network: Network, tmp_path: Path) -> None:
    """A test that is killed leaves no process behind."""
    dying = (
        "import os, sys; from pathlib import Path; from tests.lab.network import Network\n"
        "network = Network(Path(sys.argv[1]))\n"
        "program = network.start('sleeper', 'sh', '-c', 'echo up; sleep 600', sys.argv[1])\n"
        "program.wait_until(lambda: 'up' in (network.logs / 'sleeper.log').read_text(), 'life')\n"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", dying, tmp_path], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    wait_until(lambda: not any(str(tmp_path) in line for line in _command_lines()), "end of the lab's processes", seconds=5)


def _command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            yield (process / "cmdline").read_text().replace("\0", " ")


def test_the_name_server_knows_what_is_published_and_nothing_else(network: Network, name_server: NameServer) -> None:
    """An unknown name is NXDOMAIN, a known name has no data of other types, and a change is answered at once."""
    name_server.publish({"kund.test": {"A": ["192.0.2.1"], "MX": ["10 mx.karlahosting.test"], "TXT": ['v=spf1 "-all"']}})
    assert _ask(network, "kund.test", "A") == ("NOERROR", ["192.0.2.1"])
    assert _ask(network, "kund.test", "MX") == ("NOERROR", ["10 mx.karlahosting.test."])
    assert _ask(network, "kund.test", "TXT") == ("NOERROR", [r'"v=spf1 \"-all\""'])
    assert _ask(network, "kund.test", "AAAA") == ("NOERROR", [])
    assert _ask(network, "autoconfig.kund.test", "A") == ("NXDOMAIN", [])
    name_server.publish({"kund.test": {"A": ["192.0.2.2"]}})
    assert _ask(network, "kund.test", "A") == ("NOERROR", ["192.0.2.2"])


def test_programs_inside_ask_the_labs_name_server(network: Network, name_server: NameServer) -> None:
    """The machine's resolver is out of sight."""
    name_server.publish({"kund.test": {"A": ["192.0.2.1"]}})
    assert network.run("getent", "ahostsv4", "kund.test").split()[0] == "192.0.2.1"


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_certificate_is_trusted_unless_it_has_a_fault(
    network: Network, authority: Authority, web_front: WebFront, fault: Fault | None
) -> None:
    """Python's ssl refuses each fault, and nothing else."""
    web_front.serve({"autoconfig.kund.test": Site(https=authority.issue("autoconfig.kund.test", fault=fault))})
    trust = ssl.create_default_context(cafile=str(authority.certificate))

    def shake_hands() -> None:
        with network.connect(ADDRESS, 443) as plain, trust.wrap_socket(plain, server_hostname="autoconfig.kund.test"):
            pass

    if fault is None:
        shake_hands()
    else:
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands()


def test_a_host_that_is_not_listed_is_not_served(network: Network, web_front: WebFront) -> None:
    """A strange name gets no TLS handshake."""
    web_front.serve({})
    with network.connect(ADDRESS, 443) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        ssl.create_default_context().wrap_socket(plain, server_hostname="strange.test")
