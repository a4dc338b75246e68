"""Every command does what its help says, with the contract's exit codes: 0 done, 1 refused, 64 wrong usage."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from autoconfig.cli import COMMANDS
from tests.cli.conftest import SAMPLE, Command
from tests.running import COMMAND, environment, run


def test_help_tells_every_command(empty: Command) -> None:
    """`autoconfig --help` names each command and creates nothing."""
    done = empty("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(empty: Command, name: str) -> None:
    """`--help` of each command ends well and says more than its usage."""
    done = empty(name, "--help")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) > 5


def test_help_imports_no_command() -> None:
    """The list of commands comes from the registry: neither the database nor the formats are loaded for it."""
    script = (
        "import sys; from autoconfig.cli import autoconfig; autoconfig.main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "sqlalchemy" not in loaded
    assert "lxml" not in loaded
    assert "rich" not in loaded


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("--bogus",),
        ("show", "anna@kund.se"),
        ("show", "anna@kund.se", "--format", "bogus"),
        ("show", "no address", "--format", "mozilla"),
        ("show", "anna@@kund.se", "--format", "mozilla"),
        ("serve", "--port", "0"),
        ("domain", "set", "kund.se"),
        ("domain", "set", "kund.se", "bogus"),
        ("provider", "set", "karlahosting"),
    ],
)
def test_wrong_usage_is_64(unchanging: Command, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is told on stderr, with nothing on stdout."""
    done = unchanging(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "missing.toml"), "missing.toml"),
        (("provider", "show", "bogus"), "bogus"),
        (("provider", "remove", "karlahosting"), "domains use"),
        (("provider", "set", "karlahosting", "imap.incoming.port=70000"), "70000"),
        (("provider", "set", "karlahosting", "bogus=1"), "bogus"),
        (("provider", "set", "nytt", "name=Nytt"), "short_name"),
        (("domain", "show", "okänd.se"), "okänd.se"),
        (("domain", "remove", "okand.se"), "okand.se"),
        (("domain", "add", "kund.se"), "kund.se"),
        (("domain", "add", "KUND.SE."), "kund.se"),
        (("domain", "add", "ny.se", "--provider", "bogus"), "bogus"),
        (("domain", "add", "ny.se", "--alias-of", "okand.se"), "okand.se"),
        (("domain", "set", "kund.se", "--protocols", "jmap"), "jmap"),
        (("show", "okand.se", "--format", "mozilla"), "okand.se"),
        (("show", "okand.se", "--format", "mozilla", "--protocol", "imap"), "okand.se"),
    ],
)
def test_a_refusal_is_1_in_one_line_and_changes_nothing(unchanging: Command, arguments: tuple[str, ...], told: str) -> None:
    """One line on stderr names what is wrong; the settings are as they were (`unchanging` looks at the end)."""
    done = unchanging(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_export_gives_back_what_import_took(autoconfig: Command, tmp_path: Path) -> None:
    """The export of a store, imported into an empty one, exports the same; importing it again changes nothing."""
    exported = autoconfig("export").stdout
    other = tmp_path / "other"
    assert run("import", "-", instance=other, stdin=exported).returncode == 0
    assert run("export", instance=other).stdout == exported
    again = run("import", "-", instance=other, stdin=exported)
    assert "providers: 0 added, 0 changed, 0 removed, 1 unchanged" in again.stdout


def test_every_mistake_of_a_file_is_told_with_its_line(autoconfig: Command, tmp_path: Path) -> None:
    """A file with three mistakes gives three lines, each with file and line, and changes nothing."""
    before = autoconfig("export").stdout
    bad = tmp_path / "bad.toml"
    bad.write_text(
        '[[domain]]\nname = "ny.se"\nprovider = "karlahosting"\n\n'
        '[[domain]]\nname = "nyare.se"\nprovder = "karlahosting"\n\n'
        '[[domain]]\nname = "ny.SE."\nprovider = "karla"\n'
    )
    done = autoconfig("import", str(bad))
    assert done.returncode == 1
    *mistakes, last = done.stderr.splitlines()
    assert [line.partition(f"{bad}: ")[2].partition(":")[0] for line in mistakes] == ["line 5", "line 7", "line 10", "line 11"]
    assert last.endswith("mistakes: 4; nothing was changed")
    assert autoconfig("export").stdout == before


def test_a_domain_that_cannot_be_read_still_tells_of_its_provider(autoconfig: Command) -> None:
    """One mistake hides no other, even within one entry."""
    done = autoconfig("import", "-", stdin='[[domain]]\nname = "kund se"\nprovider = "karlahostin"\n')
    assert "line 2: " in done.stderr
    assert "line 3: there is no provider karlahostin; did you mean karlahosting?" in done.stderr


def test_dry_run_tells_and_changes_nothing(autoconfig: Command, tmp_path: Path) -> None:
    """`--dry-run` prints what would be added and changed."""
    before = autoconfig("export").stdout
    new = tmp_path / "new.toml"
    new.write_text('[[domain]]\nname = "ny.se"\n\n[[domain]]\nname = "kund.se"\nprotocols = ["pop3"]\n')
    done = autoconfig("import", "--provider", "karlahosting", "--dry-run", str(new))
    assert done.returncode == 0
    assert "+ domain ny.se" in done.stdout
    assert "~ domain kund.se" in done.stdout
    assert autoconfig("export").stdout == before


def test_prune_removes_within_the_named_providers_only(autoconfig: Command) -> None:
    """A domain of a provider that the file does not name stays."""
    provider = SAMPLE.read_text().partition("[[domain]]")[0]
    other = provider.replace('"karlahosting"', '"annan"') + '[[domain]]\nname = "annan.se"\nprovider = "annan"\n'
    assert autoconfig("import", "-", stdin=other).returncode == 0
    done = autoconfig("import", "--prune", "-", stdin=provider + '[[domain]]\nname = "kund.se"\nprovider = "karlahosting"\n')
    assert done.returncode == 0, done.stderr
    listed = [line.split("\t")[0] for line in autoconfig("domain", "list").stdout.splitlines()]
    assert sorted(listed) == ["annan.se", "kund.se"]


@pytest.mark.parametrize("format", ["csv", "json", "toml"])
def test_export_writes_the_formats_that_import_takes(autoconfig: Command, tmp_path: Path, format: str) -> None:
    """By its file's name or by --format; a second time nothing is changed."""
    exported = tmp_path / f"settings.{format}"
    exported.write_text(autoconfig("export", "--format", format).stdout)
    taken = autoconfig("import", str(exported))
    assert (taken.returncode, taken.stderr) == (0, "")
    assert "domains: 0 added, 0 changed, 0 removed" in taken.stdout
    assert autoconfig("import", "-", "--format", format, stdin=exported.read_text()).stdout == taken.stdout


def test_every_mistake_of_a_table_is_told_with_its_line_and_column(autoconfig: Command, tmp_path: Path) -> None:
    """As a spreadsheet wrote it."""
    table = tmp_path / "customers.csv"
    table.write_text("\ufeffdomain;provider;imap_port\nny.se;karlahosting;x\nnyare.se;karla;\n")
    done = autoconfig("import", str(table))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"autoconfig: {table}: line 2: imap_port must be a whole number, not x",
        f"autoconfig: {table}: line 3: column provider: there is no provider karla",
        "autoconfig: mistakes: 2; nothing was changed",
    ]


def test_a_list_of_cpanel_s_is_known_by_its_name(autoconfig: Command, tmp_path: Path) -> None:
    """It needs a provider; that is told once."""
    (tmp_path / "userdomains").write_text("kund.se: kundse\nny.se: nyse\n*: nobody\n")
    done = autoconfig("import", str(tmp_path / "userdomains"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "say with --provider" in done.stderr
    done = autoconfig("import", str(tmp_path / "userdomains"), "--provider", "karlahosting")
    assert "domains: 1 added, 0 changed, 0 removed, 1 unchanged" in done.stdout


def test_prune_says_how_many_before_it_removes(autoconfig: Command) -> None:
    """On stderr, dry run or not; without a terminal nobody is asked."""
    count = len(autoconfig("domain", "list").stdout.splitlines())
    arguments = ("import", "--format", "cpanel", "--provider", "karlahosting", "--prune", "-")
    dry = autoconfig(*arguments, "--dry-run", stdin="kund.se: x\n")
    assert dry.stderr == f"{count - 1} of the {count} domains of karlahosting are not in - and would be removed\n"
    assert dry.stdout.count("\n- domain ") + dry.stdout.startswith("- domain ") == count - 1
    assert autoconfig(*arguments, stdin="*: nobody\n").stderr == "- names no provider, so --prune removes nothing\n"
    done = autoconfig(*arguments, stdin="kund.se: x\n")
    assert (done.returncode, done.stderr) == (0, dry.stderr.replace("would", "will"))
    assert f"{count - 1} removed" in done.stdout
    assert autoconfig("domain", "list").stdout == "kund.se\tkarlahosting\t\n"


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_a_large_prune_is_asked_for_on_a_terminal(autoconfig: Command, tmp_path: Path, answer: str, code: int) -> None:
    """No changes nothing. A terminal also sees how far the import is."""
    before = autoconfig("export").stdout
    (tmp_path / "userdomains").write_text("kund.se: x\n")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "import", "--provider", "karlahosting", "--prune", str(tmp_path / "userdomains")],
        env=environment(tmp_path / "instance", TERM="xterm"),
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    seen = b""
    while b"Remove them?" not in seen:
        seen += os.read(leader, 65536)
    os.write(leader, f"{answer}\n".encode())
    assert process.stdout is not None
    process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == code
    os.close(leader)
    assert b"reading" in seen
    assert (autoconfig("export").stdout == before) is (answer == "n")


def test_what_has_no_end_is_not_read_to_its_end(autoconfig: Command) -> None:
    """One clear line, in little time and memory."""
    done = autoconfig("import", "/dev/zero")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "autoconfig: /dev/zero has more than 160 MiB, which is no list of domains; nothing was changed\n"


def test_a_domain_lives_through_add_set_show_and_remove(autoconfig: Command) -> None:
    """Every option of `domain` is seen in what `domain show` and `show` print."""
    assert autoconfig("domain", "add", "NY.se.", "--note", "new customer").returncode == 0
    assert autoconfig("domain", "set", "ny.se", "--protocols", "pop3,imap", "pop3.incoming.host=pop.ny.se").returncode == 0
    shown = autoconfig("domain", "show", "ny.se").stdout
    assert "new customer" in shown
    assert "pop.ny.se" in shown
    document = autoconfig("show", "anna@ny.se", "--format", "mozilla").stdout
    assert document.index('type="pop3"') < document.index('type="imap"')
    assert autoconfig("domain", "set", "ny.se", "--protocols", "", "pop3.incoming.host=").returncode == 0
    assert "pop.ny.se" not in autoconfig("domain", "show", "ny.se").stdout
    assert autoconfig("domain", "set", "ny.se", "--suspended").returncode == 0
    assert autoconfig("show", "ny.se", "--format", "mozilla").returncode == 1
    assert autoconfig("domain", "set", "ny.se", "--active").returncode == 0
    assert autoconfig("show", "ny.se", "--format", "mozilla").returncode == 0
    assert autoconfig("domain", "remove", "ny.se").returncode == 0
    assert autoconfig("show", "ny.se", "--format", "mozilla").returncode == 1


def test_an_alias_answers_with_its_own_name(autoconfig: Command) -> None:
    """An alias uses its target's settings, filled with its own domain; a target with aliases stays."""
    assert autoconfig("domain", "add", "kund.nu", "--alias-of", "kund.se").returncode == 0
    shown = autoconfig("show", "kund.nu", "--format", "mozilla").stdout
    assert "<hostname>mail.kund.nu</hostname>" in shown
    assert "kund.se" not in shown
    assert autoconfig("domain", "remove", "kund.se").returncode == 1
    assert autoconfig("domain", "set", "kund.nu", "--provider", "karlahosting").returncode == 0
    assert autoconfig("domain", "remove", "kund.se").returncode == 0


def test_a_provider_is_made_changed_and_removed(autoconfig: Command) -> None:
    """`provider set` makes a new provider once it is complete."""
    servers = [
        f"imap.{side}.{key}"
        for side, port in (("incoming", 993), ("outgoing", 465))
        for key in ("host=imap.ny.se", f"port={port}", "tls=implicit")
    ]
    assert autoconfig("provider", "set", "ny", "name=Nya värden", "short_name=Nya", *servers).returncode == 0
    assert (
        autoconfig("provider", "set", "ny", "languages=sv,en", "support.url=https://ny.se/hjälp", "imap.outgoing.auth=none").returncode == 0
    )
    shown = autoconfig("provider", "show", "ny").stdout
    assert 'auth = ["none"]' in shown
    assert "https://ny.se/hjälp" in shown
    assert autoconfig("provider", "set", "ny", "support.url=").returncode == 0
    assert "support" not in autoconfig("provider", "show", "ny").stdout
    assert autoconfig("provider", "remove", "ny").returncode == 0
    assert autoconfig("provider", "list").stdout.startswith("karlahosting\t")


def test_only_this_protocol_has_its_own_outgoing_server(autoconfig: Command) -> None:
    """`show --protocol pop3` names POP's servers, incoming and outgoing."""
    shown = autoconfig("show", "anna@kund.se", "--format", "mozilla", "--protocol", "pop3").stdout
    assert shown.count("<hostname>mail.kund.se</hostname>") == 2
    assert "server.karlahosting.se" not in shown


def test_the_database_tells_its_state(empty: Command, tmp_path: Path) -> None:
    """`db status` of a missing database says so and makes none; `db upgrade` makes it."""
    assert "empty" in empty("db", "status").stdout
    assert not (tmp_path / "instance").exists()
    assert empty("db", "upgrade").returncode == 0
    assert "current" in empty("db", "status").stdout


def test_a_bad_configuration_stops_every_command(autoconfig: Command, tmp_path: Path) -> None:
    """An unknown key in config.toml is one line, with the nearest known one."""
    (tmp_path / "instance" / "config.toml").write_text("langages = ['sv']\n")
    done = autoconfig("domain", "list")
    assert done.returncode == 1
    assert "langages; languages?" in done.stderr


def test_tables_on_a_terminal_and_plain_lines_in_a_pipe(autoconfig: Command, tmp_path: Path) -> None:
    """A person sees headings, a program sees tab-separated lines."""
    assert autoconfig("domain", "list").stdout.splitlines()[1] == "kund.se\tkarlahosting\t"
    leader, follower = pty.openpty()
    subprocess.run([COMMAND, "domain", "list"], env=environment(tmp_path / "instance", TERM="xterm"), stdout=follower, check=True)
    os.close(follower)
    seen = os.read(leader, 65536).decode()
    os.close(leader)
    assert "domain" in seen.splitlines()[0] or "domain" in seen.splitlines()[1]
    assert "\t" not in seen


def test_a_closed_pipe_is_no_error(autoconfig: Command, tmp_path: Path) -> None:
    """`autoconfig export | head -1` says nothing on stderr."""
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} export | head -1"], env=environment(tmp_path / "instance"), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


def test_errors_speak_the_language_of_the_locale(autoconfig: Command, tmp_path: Path) -> None:
    """With a Swedish locale the same mistake is told in Swedish."""
    env = environment(tmp_path / "instance", LC_ALL="sv_SE.UTF-8")
    done = subprocess.run([COMMAND, "show", "anna", "--format", "mozilla"], env=env, capture_output=True, text=True, check=False)
    assert "saknar punkt" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(shell: str) -> None:
    """The README's completion works: the shell gets a script, and the script gets the commands."""
    script = subprocess.run(
        [COMMAND], env=environment(_AUTOCONFIG_COMPLETE=f"{shell}_source"), capture_output=True, text=True, check=True
    ).stdout
    assert "_AUTOCONFIG_COMPLETE" in script
    words = {"bash": {"COMP_WORDS": "autoconfig dom", "COMP_CWORD": "1"}, "zsh": {"COMP_WORDS": "autoconfig dom", "COMP_CWORD": "1"}}
    found = subprocess.run(
        [COMMAND], env=environment(_AUTOCONFIG_COMPLETE=f"{shell}_complete", **words[shell]), capture_output=True, text=True, check=True
    ).stdout
    assert "domain" in found
