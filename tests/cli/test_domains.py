"""`domain` and `provider`: lists with filters and pages, where each value comes from, JSON, history and undo."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.running import COMMAND, environment


@pytest.fixture
def customers(autoconfig: Command) -> Command:
    """The sample with an alias, a suspended domain and its alias, and one with protocols of its own."""
    for words in (
        ("add", "kund.nu", "--alias-of", "kund.se"),
        ("add", "av.se", "--suspended"),
        ("add", "av.nu", "--alias-of", "av.se"),
        ("add", "pop.se", "--protocols", "pop3"),
    ):
        assert autoconfig("domain", *words).returncode == 0
    return autoconfig


def listed(command: Command, *words: str) -> list[str]:
    done = command("domain", "list", *words)
    assert done.returncode == 0, done.stderr
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def loaded(command: Command, *words: str) -> Any:
    done = command(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- lists -------------------------------------------------------------------------------------------------------------------------


def test_a_list_is_filtered(customers: Command) -> None:
    """By provider, by what is special, by a part of the name, and by all of it together."""
    assert listed(customers, "--suspended") == ["av.nu", "av.se"]
    assert listed(customers, "--active") == ["karlahosting.se", "kund.nu", "kund.se", "pop.se", "byrå.se"]
    assert listed(customers, "--aliases") == ["av.nu", "kund.nu"]
    assert listed(customers, "--overrides") == ["pop.se", "byrå.se"]
    assert listed(customers, "--aliases", "--active", "--provider", "karlahosting", "KUND") == ["kund.nu"]
    assert len(listed(customers, "--provider", "karlahosting")) == 7


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_filter_that_finds_nothing_is_no_error(customers: Command, form: tuple[str, ...]) -> None:
    """An empty list, and exit code 0; a provider that does not exist is one, and prints no half an array."""
    done = customers("domain", "list", "finns-inte", *form)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]" if form else "", "")
    done = customers("domain", "list", "--provider", "bogus", *form)
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.slow
@pytest.mark.parametrize("filters", ["", "--suspended", "--active --provider karlahosting", "--aliases", "--overrides", "nu"])
def test_pages_follow_each_other(customers: Command, filters: str) -> None:
    """Each cut list says on stderr how to see more, in words that can be pasted; all pages together are the whole list."""
    whole = listed(customers, *filters.split())
    seen: list[str] = []
    words = ["domain", "list", *filters.split(), "--limit", "1"]
    while True:
        done = customers(*words)
        assert done.returncode == 0
        seen += [line.split("\t")[0] for line in done.stdout.splitlines()]
        if not done.stderr:
            break
        assert done.stderr.startswith("more: autoconfig ")
        words = shlex.split(done.stderr.removeprefix("more: "))[1:]
    assert seen == whole


def test_a_list_as_json_is_one_domain_a_line(customers: Command) -> None:
    """An array, with what the codec says of each; the lines between its brackets are objects of their own."""
    text = customers("domain", "list", "--json").stdout
    found = json.loads(text)
    assert [each["domain"] for each in found] == listed(customers)
    assert text.splitlines()[0] == "["
    assert text.splitlines()[-1] == "]"
    assert [json.loads(line.rstrip(",")) for line in text.splitlines()[1:-1]] == found
    assert found[-1]["ascii"] == "xn--byr-wla.se"
    assert found[-1]["settings"]["account"][0]["incoming"] == {"host": "server.karlahosting.se"}
    by_name = {each["domain"]: each for each in found}
    assert (by_name["kund.nu"]["provider"], by_name["kund.nu"]["alias_of"]) == (None, "kund.se")
    assert len(loaded(customers, "domain", "list", "--json", "--limit", "2")) == 2


def test_providers_as_json_tell_how_many_domains_they_have(customers: Command) -> None:
    """In the list and alone."""
    (listed,) = loaded(customers, "provider", "list", "--json")
    assert listed == loaded(customers, "provider", "show", "karlahosting", "--json")
    assert (listed["id"], listed["domains"], listed["settings"]["short_name"]) == ("karlahosting", 7, "Karla")


# --- one domain --------------------------------------------------------------------------------------------------------------------


def test_show_tells_where_each_value_comes_from(customers: Command) -> None:
    """The domain, its provider, the target of an alias, or nobody; JSON says the same."""
    shown = customers("domain", "show", "byrå.se").stdout.splitlines()
    assert "domain\tbyrå.se (xn--byr-wla.se)\tbyrå.se" in shown
    assert "pop3.incoming.host\tserver.karlahosting.se\tbyrå.se" in shown
    assert "pop3.incoming.port\t995\tprovider karlahosting" in shown
    assert "imap.incoming.username\t%EMAILADDRESS%\tdefault" in shown
    shown = customers("domain", "show", "kund.nu").stdout.splitlines()
    assert "provider\tkarlahosting\tkund.se (alias)" in shown
    assert "pop3.incoming.host\tmail.kund.nu\tprovider karlahosting" in shown
    found = loaded(customers, "domain", "show", "kund.nu", "--json")
    assert (found["domain"], found["listed"], found["alias_of"], found["provider"]) == ("kund.nu", True, "kund.se", "karlahosting")
    assert {"key": "imap.incoming.port", "value": 993, "from": "provider karlahosting"} in found["values"]


def test_what_is_shown_can_be_set(customers: Command) -> None:
    """Every key and value of an account, given to `domain set`, changes nothing of what is shown."""
    lines = [line.split("\t") for line in customers("domain", "show", "byrå.se").stdout.splitlines()]
    assignments = [f"{key}={value}" for key, value, _ in lines if key.count(".") == 2]
    assert len(assignments) == 24
    assert customers("domain", "set", "byrå.se", *assignments).returncode == 0
    again = [line.split("\t") for line in customers("domain", "show", "byrå.se").stdout.splitlines()]
    assert [line[:2] for line in again] == [line[:2] for line in lines]
    assert {line[2] for line in again if line[0].count(".") == 2} == {"byrå.se"}


def test_a_suspended_domain_still_shows_its_settings(customers: Command) -> None:
    """And says that it is answered as unknown, as an alias of it does."""
    for name, by in (("av.se", "av.se"), ("av.nu", "av.se (alias)")):
        done = customers("domain", "show", name)
        assert f"suspended\ttrue\t{by}" in done.stdout.splitlines()
        assert f"pop3.incoming.host\tmail.{name}\t" in done.stdout
        assert done.stderr == f"{name} is suspended: it is answered as if it were unknown\n"


def test_a_name_that_is_answered_but_not_listed_tells_by_whom(customers: Command) -> None:
    """Below a domain with its subdomains, or by the default provider; else it is not among the domains."""
    done = customers("domain", "show", "x.kund.se")
    assert (done.returncode, done.stdout, "x.kund.se is not among the domains" in done.stderr) == (1, "", True)
    assert customers("domain", "set", "kund.se", "--subdomains").returncode == 0
    done = customers("domain", "show", "x.kund.se")
    assert "pop3.incoming.host\tmail.x.kund.se\tprovider karlahosting" in done.stdout.splitlines()
    assert done.stderr == "x.kund.se is not listed itself; it is answered by kund.se (subdomains)\n"
    assert customers("provider", "set", "karlahosting", "default=true").returncode == 0
    found = loaded(customers, "domain", "show", "okand.se", "--json")
    assert (found["listed"], found["answered_by"], found["settings"]) == (False, "provider karlahosting (default)", None)


def test_a_note_stays_on_its_line(autoconfig: Command) -> None:
    """Line breaks and tabs of a note break no table."""
    file = '[[domain]]\nname = "ny.se"\nprovider = "karlahosting"\nnote = "a\\tb\\nc"\n'
    assert autoconfig("import", "-", stdin=file).returncode == 0
    assert "note\ta\\tb\\nc\tny.se" in autoconfig("domain", "show", "ny.se").stdout.splitlines()
    assert autoconfig("domain", "set", "ny.se", "note=x").returncode == 0
    assert autoconfig("domain", "history", "ny.se").stdout.count("\n") == 2


# --- history and undo --------------------------------------------------------------------------------------------------------------


def test_a_history_tells_when_who_and_what(autoconfig: Command) -> None:
    """Newest first, the time with its zone; for a domain that is gone as well."""
    assert autoconfig("domain", "set", "kund.se", "note=ring", "pop3.incoming.port=1995").returncode == 0
    assert autoconfig("domain", "remove", "KUND.SE.").returncode == 0
    lines = [line.split("\t") for line in autoconfig("domain", "history", "kund.se").stdout.splitlines()]
    assert [line[3] for line in lines] == ["removed", 'note - -> "ring", pop3.incoming.port - -> 1995', "added"]
    assert [line[0] for line in lines] == ["3", "2", "1"]
    for _, when, who, _ in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", when)
        assert who not in ("", "-")
    assert autoconfig("domain", "history", "kund.se", "--limit", "1").stdout.count("\n") == 1
    newest, changed, added = loaded(autoconfig, "domain", "history", "kund.se", "--json")
    assert (newest["after"], newest["before"]) == (None, changed["after"])
    assert (added["before"], added["after"]) == (None, changed["before"])
    assert changed["after"]["note"] == "ring"
    assert newest["at"].endswith("+00:00")


def test_a_history_of_a_provider_tells_the_order_of_its_accounts(autoconfig: Command) -> None:
    """It is what people prefer, and no key of its own."""
    before = autoconfig("export").stdout
    head, imap, pop3 = re.split(r"(?=\n\[\[provider\.account\]\])", before.partition("[[domain]]")[0])
    assert autoconfig("import", "-", stdin=head + pop3 + imap).returncode == 0
    newest = autoconfig("provider", "history", "karlahosting").stdout.splitlines()[0]
    assert newest.endswith('account ["imap", "pop3"] -> ["pop3", "imap"]')


@pytest.mark.parametrize("command", ["history", "undo"])
@pytest.mark.parametrize(("kind", "name"), [("domain", "aldrig.se"), ("provider", "nobody")])
def test_of_a_name_never_seen_nothing_is_known(unchanging: Command, kind: str, name: str, command: str) -> None:
    """One line, exit code 1."""
    done = unchanging(kind, command, name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"autoconfig: nothing is known of {kind} {name}\n"


def test_one_change_of_a_domain_is_undone_and_done_again(autoconfig: Command) -> None:
    """The result tells what it did, the note how to take that back."""
    before = autoconfig("domain", "show", "kund.se").stdout
    assert autoconfig("domain", "set", "kund.se", "note=ring").returncode == 0
    undone = autoconfig("domain", "undo", "kund.se")
    assert (undone.returncode, undone.stdout) == (0, '~ domain kund.se: note "ring" -> -\n')
    assert undone.stderr == "done; this can be undone as well: autoconfig db undo 3\n"
    assert autoconfig("domain", "show", "kund.se").stdout == before
    assert autoconfig("domain", "undo", "kund.se", "--revision", "3").stdout == '~ domain kund.se: note - -> "ring"\n'
    refused = autoconfig("domain", "undo", "kund.se", "--revision", "2")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "autoconfig: domain kund.se was changed again since, last in revision 4; undo that first\n"


def test_a_provider_is_put_back(autoconfig: Command) -> None:
    """And the snapshot knows at once."""
    served = autoconfig("show", "kund.se", "--format", "mozilla").stdout
    assert autoconfig("provider", "set", "karlahosting", "imap.incoming.host=wrong.se").returncode == 0
    assert autoconfig("show", "kund.se", "--format", "mozilla").stdout != served
    assert autoconfig("provider", "undo", "karlahosting").returncode == 0
    assert autoconfig("show", "kund.se", "--format", "mozilla").stdout == served


def test_a_bad_import_is_undone_as_a_whole(customers: Command) -> None:
    """With --prune it took domains away; a dry run tells what comes back."""
    before = customers("export").stdout
    file = '[[domain]]\nname = "kund.se"\nprovider = "karlahosting"\n'
    assert customers("import", "--prune", "-", stdin=file).returncode == 0
    revision, _, _, providers, domains = customers("db", "history", "--limit", "1").stdout.rstrip("\n").split("\t")
    assert (providers, domains) == ("-", "6 removed")
    told = customers("db", "undo", revision, "--dry-run")
    assert told.stdout.splitlines()[0] == "+ domain av.nu"
    assert told.stderr == ""
    assert customers("db", "undo", revision).stdout == told.stdout
    assert customers("export").stdout == before


def test_the_changes_of_the_whole_store_come_in_pages(customers: Command) -> None:
    """The note under a page leads to the next; JSON has all numbers."""
    first = customers("db", "history", "--limit", "3")
    assert [line.split("\t")[0] for line in first.stdout.splitlines()] == ["5", "4", "3"]
    assert first.stderr == "earlier ones: autoconfig db history --limit 3 --before 3\n"
    second = customers(*shlex.split(first.stderr.partition("autoconfig ")[2]))
    assert [line.split("\t")[0] for line in second.stdout.splitlines()] == ["2", "1"]
    assert second.stdout.splitlines()[-1].endswith("\t1 added\t3 added")
    assert second.stderr == ""
    found = loaded(customers, "db", "history", "--json")
    assert found[-1]["domains"] == {"added": 3, "changed": 0, "removed": 0, "unknown": 0}
    assert customers("db", "undo", "99").returncode == 1
    assert customers("db", "undo", "x").returncode == 64


def test_times_are_told_in_the_zone_of_who_reads_them(autoconfig: Command, tmp_path: Path) -> None:
    """With how far it is from UTC."""
    for zone, offset in (("Asia/Tokyo", "+09:00"), ("UTC", "+00:00")):
        env = environment(tmp_path / "instance", TZ=zone)
        done = subprocess.run([COMMAND, "domain", "history", "kund.se"], env=env, capture_output=True, text=True, check=True)
        assert done.stdout.split("\t")[1].endswith(offset)
