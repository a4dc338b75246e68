"""`autoconfig dns`: the records of a domain, in each of its forms."""

from __future__ import annotations

import json
from pathlib import Path

import dns.zone
import pytest

from tests.cli.conftest import Command


@pytest.fixture
def named(autoconfig: Command, tmp_path: Path) -> Command:
    """`autoconfig` on the sample, with a name of its own."""
    (tmp_path / "instance" / "config.toml").write_text('base_url = "https://autoconfig.karlahosting.se"\n')
    return autoconfig


def test_the_zone_is_one_that_a_name_server_reads(named: Command) -> None:
    """POP's name is the customer's, IMAP's is the host's, and the discovery names lead to the service."""
    done = named("dns", "kund.se")
    assert done.returncode == 0, done.stderr
    assert named("show", "anna@kund.se", "--format", "dns").stdout == done.stdout
    zone = dns.zone.from_text(done.stdout, origin="kund.se.", relativize=False, check_origin=False)

    def texts(name: str, kind: str) -> list[str]:
        return sorted(data.to_text() for data in zone.get_rdataset(f"{name}.kund.se.", kind) or ())

    assert texts("autoconfig", "CNAME") == ["autoconfig.karlahosting.se."]
    assert [text.split()[2:] for text in texts("_imaps._tcp", "SRV")] == [["993", "server.karlahosting.se."]]
    assert [text.split()[2:] for text in texts("_pop3s._tcp", "SRV")] == [["995", "mail.kund.se."]]
    assert texts("_ua-auto-config", "TXT")[0].startswith('"v=UAAC1; a=sha256; d=')


def test_the_table_is_plain_lines_in_a_pipe(named: Command) -> None:
    """Name, type, value, priority, TTL and what for, a tab between."""
    lines = [line.split("\t") for line in named("dns", "kund.se", "--format", "table").stdout.splitlines()]
    assert all(len(line) == 6 for line in lines)
    assert ["autoconfig", "CNAME", "autoconfig.karlahosting.se"] in [line[:3] for line in lines]


def test_json_has_the_same_records(named: Command) -> None:
    """As many as the table, with their fields one by one."""
    records = json.loads(named("dns", "byrå.se", "--format", "json").stdout)
    assert len(records) == len(named("dns", "byrå.se", "--format", "table").stdout.splitlines())
    assert {record["name"] for record in records} >= {"autoconfig.xn--byr-wla.se.", "_imaps._tcp.xn--byr-wla.se."}


def test_without_a_name_of_its_own_the_service_says_what_to_set(autoconfig: Command) -> None:
    """There is nothing to point at before base_url is set."""
    done = autoconfig("dns", "kund.se")
    assert done.returncode == 64
    assert "base_url" in done.stderr


def test_a_domain_that_is_not_ours(named: Command) -> None:
    """One line, as everywhere."""
    assert named("dns", "okand.se").returncode == 1
    assert named("dns", "okand").returncode == 64


@pytest.mark.parametrize("name", ["mozilla", "mozilla-1.2", "outlook", "outlook-json", "apple", "pacc", "dns"])
def test_every_format_of_the_contract_is_shown(named: Command, name: str) -> None:
    """Each prints something for an address, and POP's own server with --protocol pop3 where it names servers."""
    assert named("show", "anna@kund.se", "--format", name).stdout
    shown = named("show", "anna@kund.se", "--format", name, "--protocol", "pop3").stdout
    assert "mail.kund.se" in shown or name == "outlook-json"
