"""`autoconfig dns`: the records of a domain, in each of its forms."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.zone
import pytest

from autoconfig.formats import pacc
from autoconfig.model import TLSMode
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.store import open_store
from tests.cli.conftest import SAMPLE, Command


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


# --- former digests ----------------------------------------------------------------------------------------------------------------

NOW = datetime.now(UTC)


def _day(days: int) -> str:
    return (NOW + timedelta(days=days)).date().isoformat()


@pytest.fixture
def digests(empty: Command, tmp_path: Path) -> dict[str, str]:
    """The digests of an installation's history: what the provider was called from 100, 40, 20, 15 and 10 days ago until now."""
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "config.toml").write_text('base_url = "https://autoconfig.karlahosting.se"\n')
    found = {}
    for days, called in ((100, "Anna"), (40, "Berit"), (20, "Cia"), (15, "Berit"), (10, "Cia")):
        then = NOW - timedelta(days=days)
        with open_store(f"sqlite:///{instance}/autoconfig.db", clock=lambda then=then: then) as store:
            if days == 100:
                store.import_settings(read_toml(SAMPLE.read_bytes()))
            store.edit_provider("karlahosting", lambda provider, called=called: replace(provider, name=called))
        found[called] = pacc.digest(empty("show", "kund.se", "--format", "pacc").stdout.encode())
    return found


def _told(command: Command) -> list[tuple[str, str | None]]:
    records = json.loads(command("dns", "kund.se", "--format", "json").stdout)
    return [(record["text"], record["until"]) for record in records if record["name"].startswith("_ua-auto-config.")]


def test_the_former_digest_stays_beside_the_current_one(empty: Command, digests: dict[str, str]) -> None:
    """Each once, for 30 days after the last change that ended it; what equals the current one is not former."""
    assert len(set(digests.values())) == 3
    assert _told(empty) == [(digests["Cia"], None), (digests["Berit"], _day(20))]


def test_each_form_says_until_when(empty: Command, digests: dict[str, str]) -> None:
    """The zone in a comment above the record, the table in what it is for; show prints the same zone."""
    zone = empty("dns", "kund.se").stdout
    place = zone.index(digests["Berit"])
    assert zone[:place].splitlines()[-2].endswith(f"(PACC), until {_day(20)}")
    assert empty("show", "kund.se", "--format", "dns").stdout == zone
    rows = [line.split("\t") for line in empty("dns", "kund.se", "--format", "table").stdout.splitlines()]
    (former,) = [row for row in rows if row[2] == digests["Berit"]]
    assert former[5].endswith(f"(PACC), until {_day(20)}")
    assert [row[5] for row in rows if "until" in row[5]] == [former[5]]


def test_the_digest_is_that_of_the_document_that_is_served(empty: Command, digests: dict[str, str]) -> None:
    """Whatever part of the settings the records are for."""
    zone = empty("show", "kund.se", "--format", "dns", "--protocol", "pop3").stdout
    assert digests["Cia"] in zone
    assert digests["Berit"] in zone


@pytest.mark.parametrize(("days", "former"), [(0, {}), (5, {}), (12, {"Berit": 2}), (35, {"Berit": 25}), (90, {"Berit": 80, "Anna": 50})])
def test_how_long_a_digest_stays_is_configured(
    empty: Command, digests: dict[str, str], tmp_path: Path, days: int, former: dict[str, int]
) -> None:
    """0 is not at all."""
    with (tmp_path / "instance" / "config.toml").open("a") as file:
        file.write(f"digest_days = {days}\n")
    assert _told(empty) == [(digests["Cia"], None), *((digests[called], _day(left)) for called, left in former.items())]


def test_what_pacc_could_not_say_has_no_digest(empty: Command, digests: dict[str, str], tmp_path: Path) -> None:
    """Neither once it is former, nor while it is current: then there is nothing of PACC."""
    with open_store(f"sqlite:///{tmp_path}/instance/autoconfig.db") as store:
        before = store.provider("karlahosting")
        plain = replace(before.accounts[0], outgoing=replace(before.accounts[0].outgoing, port=587, tls=TLSMode.STARTTLS, also=()))
        store.set_provider(replace(before, accounts=(plain, *before.accounts[1:])))
    assert _told(empty) == []
    with open_store(f"sqlite:///{tmp_path}/instance/autoconfig.db") as store:
        store.set_provider(before)
    assert _told(empty) == [(digests["Cia"], None), (digests["Berit"], _day(20))]


# --- refusals ----------------------------------------------------------------------------------------------------------------------


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


def test_a_resolver_that_does_not_answer_leaves_all_unknown(named: Command) -> None:
    """What we could not ask is not missing: a line on stderr says so, and the code is not 0."""
    done = named("dns", "kund.se", "--diff", "--resolver", "127.0.0.1:1")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert {line[0] for line in lines} == {"unknown"}
    assert all(len(line) == 6 for line in lines)
    assert done.returncode == 1
    assert "(unreachable)" in done.stderr
    records = json.loads(named("dns", "kund.se", "--diff", "--resolver", "127.0.0.1:1", "--format", "json").stdout)
    assert [record["name"] for record in records] == [f"{line[1]}." for line in lines]


def test_a_resolver_is_for_a_comparison(named: Command) -> None:
    """Without --diff nobody is asked; a name is no resolver."""
    assert named("dns", "kund.se", "--resolver", "127.0.0.1").returncode == 64
    assert named("dns", "kund.se", "--diff", "--resolver", "dns.se").returncode == 64
