"""`autoconfig check` and `explain` as a user types them, against a name server and mail servers on loopback."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoconfig import i18n
from autoconfig.catalogue import ENTRIES
from autoconfig.findings import Group
from tests.cli.conftest import Command, Done
from tests.faulty import Fault, Faulty, Service, root_pem
from tests.network.nameserver import FaultyServer
from tests.zones import served_beside

pytestmark = pytest.mark.slow

SERVERS = "endpoints,certificates,submission"
NOBODY = ("--resolver", "127.0.0.1:1")  # where no name server listens


@dataclass(frozen=True, slots=True)
class Hosted:
    """A domain that its SRV records lead to servers on loopback."""

    options: tuple[str, ...]
    nameserver: FaultyServer
    servers: Mapping[Service, Faulty]


@dataclass
class Hosting:
    """Whoever can host domains: `host` with the faults that their servers shall have."""

    folder: Path
    stack: ExitStack = field(default_factory=ExitStack)

    def host(self, *domains: str, **faults: Fault) -> Hosted:
        """Serve *domains*, all by the same servers."""
        table: dict[str, Mapping[str, list[str]]] = {"mail.kund.test": {"A": ["127.0.0.1"]}, "lame.test": {"RCODE": ["2"]}}
        services = (Service.IMAPS, Service.SUBMISSIONS)
        made = {
            service: self.stack.enter_context(Faulty(service, faults.get(str(service)), addresses=("127.0.0.1",), delay=30))
            for service in services
        }
        for domain in domains or ("kund.test",):
            table[domain] = {"A": ["127.0.0.1"], "MX": ["0 ."]}
            for service, server in made.items():
                table[f"_{service}._tcp.{domain}"] = {"SRV": [f"0 1 {server.port} mail.kund.test."]}
        ca = self.folder / "ca.pem"
        ca.write_text(root_pem())
        nameserver = self.stack.enter_context(served_beside(table))
        ip, port = nameserver.address
        return Hosted(("--resolver", f"{ip}:{port}", "--ca", str(ca)), nameserver, made)


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[Hosting]:
    """Servers that are gone after the test."""
    made = Hosting(tmp_path)
    with made.stack:
        yield made


def findings(done: Done) -> dict[str, str]:
    """The codes of a JSON report, with their severities."""
    return {finding["code"]: finding["severity"] for finding in json.loads(done.stdout)["findings"]}


def files(folder: Path) -> set[str]:
    """Every file below *folder*."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# --- exit codes --------------------------------------------------------------------------------------------------------------------


def test_0_is_well(empty: Command, hosting: Hosting) -> None:
    """Nothing above a notice."""
    done = empty("check", "kund.test", *hosting.host().options, "--only", SERVERS)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("kund.test  ✓")


@pytest.mark.parametrize(
    ("fault", "code", "severity", "exit"),
    [
        (Fault.CERT_EXPIRES_SOON, "CERT_SOON", "warning", 1),
        (Fault.AUTH_NONE, "AUTH_NONE", "error", 2),
        (Fault.CERT_EXPIRED, "CERT_EXPIRED", "critical", 2),
    ],
)
def test_the_exit_code_says_how_bad_it_is(empty: Command, hosting: Hosting, fault: Fault, code: str, severity: str, exit: int) -> None:
    """1 for warnings, 2 for errors and what is critical."""
    hosted = hosting.host(imaps=fault)
    done = empty("check", "kund.test", *hosted.options, "--only", SERVERS, "--format", "json")
    assert findings(done) == {code: severity}
    assert done.returncode == exit
    assert json.loads(done.stdout)["status"] == severity


def test_3_is_unknown(empty: Command) -> None:
    """Nobody told us anything; that says nothing about the domain."""
    done = empty("check", "kund.test", *NOBODY, "--format", "json")
    assert done.returncode == 3
    assert set(findings(done).values()) == {"unknown"}


def test_the_worst_of_several_targets_is_the_exit_code(empty: Command, hosting: Hosting) -> None:
    """An error weighs more than what is unknown, as in a report."""
    hosted = hosting.host()
    both = ("check", "lame.test", "gone.test", *hosted.options)
    assert [empty("check", target, *hosted.options).returncode for target in ("lame.test", "gone.test")] == [3, 2]
    assert empty(*both).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a domain or an address, for example: autoconfig check kund.se"),
        (("localhost",), "localhost"),
        (("kund..se",), "kund..se"),
        (("a@b@c",), "@ (U+0040)"),
        (("@kund.se",), "before the @"),
        (("kund.se", "no domain"), "no domain"),
        (("192.0.2.1",), "192.0.2.1"),
        (("kund.se", "--only", "endpoint"), "choose from delegation, discovery"),
        (("kund.se", "--only", ""), "choose from"),
        (("kund.se", "--only", "endpoints,,"), "choose from"),
        (("kund.se", "--resolver", "ns.kund.se"), "not an IP address"),
        (("kund.se", "--resolve", "mail.kund.se"), "not a name and an IP address"),
        (("kund.se", "--deadline", "0"), "0"),
        (("kund.se", "--deadline", "nan"), "nan"),
        (("kund.se", "--deadline", "soon"), "soon"),
        (("kund.se", "--format", "html5"), "html5"),
        (("kund.se", "--lang", "de"), "de"),
        (("kund.se", "--no-such-option"), "--no-such-option"),
        (("kund.se", *NOBODY, "--ca", "missing.pem"), "missing.pem"),
        (("kund.se", *NOBODY, "--ca", __file__), "test_check.py"),
        (("--from-facts", "missing.json"), "missing.json"),
        (("--from-facts", __file__), "test_check.py does not hold saved "),
        (("kund.se", *NOBODY, "--facts", "no/such/folder/facts.json"), "facts.json cannot be written"),
        (("kund.se", "bolag.se", "--facts", "facts.json"), "--facts saves the answers about one target"),
        *(
            (("kund.se", "--from-facts", "facts.json", *more), "--from-facts asks no network")
            for more in (("bolag.se",), ("--facts", "f.json"), ("--resolve", "a.se=192.0.2.1"), NOBODY, ("--ca", "ca.pem"))
        ),
    ],
)
def test_64_is_wrong_usage(empty: Command, arguments: tuple[str, ...], said: str) -> None:
    """One clear line, on stderr."""
    done = empty("check", *arguments)
    assert done.returncode == 64
    line = done.stderr.strip().splitlines()[-1]
    assert said in line
    assert line.startswith(("autoconfig: ", "Error: "))
    assert "Traceback" not in done.stderr


def test_wrong_usage_is_told_in_swedish(empty: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """To whom has a Swedish locale."""
    monkeypatch.setenv("LC_ALL", "sv_SE.UTF-8")
    assert empty("check", "kund..se").stderr == "autoconfig: domänen kund..se har en tom del mellan punkterna\n"


# --- what it leaves and needs ------------------------------------------------------------------------------------------------------


def test_it_creates_nothing(empty: Command, hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No instance, no database, no snapshot, whatever the folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    options = hosting.host().options
    before = files(tmp_path)
    assert empty("check", "kund.test", "anna@kund.test", *options).returncode in (0, 1, 2, 3)
    assert empty("explain", "DEADLINE").returncode == 0
    assert files(tmp_path) == before


@pytest.mark.parametrize("broken", ["database", "snapshot", "config", "folder"])
def test_a_broken_store_is_told_and_does_without(autoconfig: Command, hosting: Hosting, tmp_path: Path, broken: str) -> None:
    """A line on stderr; the domain is looked at as anybody's."""
    instance = tmp_path / "instance"
    options = hosting.host().options
    match broken:
        case "database":
            (instance / "autoconfig.db").write_bytes(b"not a database" * 100)
        case "snapshot":
            for path in instance.glob("*.lmdb*"):
                path.unlink() if path.is_file() else None
            (instance / "autoconfig.db").unlink()
            (instance / "autoconfig.db").mkdir()
        case "config":
            (instance / "config.toml").write_text("nonsense = 1\n")
        case "folder":
            (instance / "config.toml").write_text('database_url = "postgresql://127.0.0.1:1/none"\n')
    done = autoconfig("check", "kund.test", *options, "--only", SERVERS)
    assert done.returncode == 0, done
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("checked without our own settings: ")
    assert done.stdout.startswith("kund.test  ✓")


def test_a_domain_of_the_store_is_held_against_its_settings(autoconfig: Command, hosting: Hosting) -> None:
    """What its owner published for another host is told."""
    done = autoconfig("check", "kund.se", *hosting.host("kund.se").options, "--only", "discovery", "--format", "json")
    assert "DISC_VS_STORE" in findings(done) or "SRV_WRONG" in findings(done)
    assert "." in "".join(record for finding in json.loads(done.stdout)["findings"] for record in finding["fix"]["records"])


# --- what it asks ------------------------------------------------------------------------------------------------------------------


def test_each_question_is_asked_once(empty: Command, hosting: Hosting) -> None:
    """However many want to know; and each server is talked to once."""
    hosted = hosting.host()
    assert empty("check", "kund.test", *hosted.options).returncode in (0, 1, 2, 3)
    asked = Counter((query.question[0].name.to_text().lower(), query.question[0].rdtype) for query, _ in hosted.nameserver.queries)
    assert asked
    assert max(asked.values()) == 1, asked.most_common(3)
    assert {service: server.connections for service, server in hosted.servers.items()} == dict.fromkeys(hosted.servers, 1)


def test_an_address_is_looked_at_as_itself(empty: Command, hosting: Hosting) -> None:
    """And told in the report."""
    done = empty("check", "Anna@kund.test", *hosting.host().options, "--only", SERVERS, "--format", "json")
    assert (json.loads(done.stdout)["domain"], json.loads(done.stdout)["address"]) == ("kund.test", "Anna@kund.test")


def test_a_server_is_tried_before_the_dns_is_moved(empty: Command, hosting: Hosting) -> None:
    """--resolve says an address that the DNS does not know."""
    hosted = hosting.host()
    away = ("--resolve", "mail.kund.test=127.0.0.9")
    done = empty("check", "kund.test", *hosted.options, *away, "--only", SERVERS, "--format", "json")
    assert {finding["subject"]["ip"] for finding in json.loads(done.stdout)["findings"]} == {"127.0.0.9"}


def test_a_domain_that_is_not_there_is_told_quickly(empty: Command, hosting: Hosting) -> None:
    """A fraction of a second, on a machine that has nothing else to do."""
    hosted = hosting.host()
    began = time.monotonic()
    done = empty("check", "gone.test", *hosted.options, "--format", "json")
    assert time.monotonic() - began < 2
    assert findings(done) == {"DNS_NXDOMAIN": "critical"}


def test_a_silent_server_costs_no_more_than_the_deadline(empty: Command, hosting: Hosting) -> None:
    """And its neighbour is looked at meanwhile."""
    hosted = hosting.host(imaps=Fault.TCP_HALF_OPEN)
    began = time.monotonic()
    done = empty("check", "kund.test", *hosted.options, "--only", SERVERS, "--deadline", "1", "--format", "json")
    assert time.monotonic() - began < 4
    assert findings(done) == {"PROTO_SILENT": "error"}


# --- what it says ------------------------------------------------------------------------------------------------------------------


def test_several_targets_are_told_in_their_order(empty: Command, hosting: Hosting) -> None:
    """As text one after the other, as JSON in an array; one target alone is an object."""
    names = ["b.test", "gone.test", "a.test"]
    options = hosting.host("a.test", "b.test").options
    done = empty("check", *names, *options)
    heads = [line.split()[0] for line in done.stdout.splitlines() if ".test  " in line and not line.startswith(" ")]
    assert heads == names
    assert [report["domain"] for report in json.loads(empty("check", *names, *options, "--format", "json").stdout)] == names
    assert isinstance(json.loads(empty("check", "a.test", *options, "--format", "json").stdout), dict)


def test_ndjson_is_a_line_for_each_as_it_is_done(empty: Command, hosting: Hosting) -> None:
    """The slowest is last, wherever it stands."""
    hosted = hosting.host("slow.test", imaps=Fault.TCP_HALF_OPEN)
    done = empty("check", "slow.test", "gone.test", *hosted.options, "--format", "ndjson", "--deadline", "0.5")
    assert [json.loads(line)["domain"] for line in done.stdout.splitlines()] == ["gone.test", "slow.test"]


def test_the_language_is_the_one_asked_for_else_the_locale_s(empty: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, too."""
    monkeypatch.setenv("LC_ALL", "sv_SE.UTF-8")
    assert re.search(r"\d,\d+ s$", empty("check", "kund.test", *NOBODY).stdout.splitlines()[0])
    assert re.search(r"\d\.\d+ s$", empty("check", "kund.test", *NOBODY, "--lang", "en").stdout.splitlines()[0])
    monkeypatch.setenv("LC_ALL", "C")
    assert re.search(r"\d,\d+ s$", empty("check", "kund.test", *NOBODY, "--lang", "sv").stdout.splitlines()[0])


def test_everything_is_told_on_demand(empty: Command, hosting: Hosting) -> None:
    """-v tells what is well by its code."""
    options = hosting.host().options
    assert "TCP_REFUSED" not in empty("check", "kund.test", *options, "--only", SERVERS).stdout
    assert "✓ TCP_REFUSED  mail.kund.test" in empty("check", "kund.test", *options, "--only", SERVERS, "-v").stdout


@pytest.mark.parametrize("group", list(Group))
def test_each_group_can_be_asked_for(empty: Command, hosting: Hosting, group: Group) -> None:
    """And then it is the only one in the report, unless what it stands on is broken."""
    done = empty("check", "kund.test", *hosting.host().options, "--only", group, "--format", "json")
    assert {finding["group"] for finding in json.loads(done.stdout)["findings"]} <= {group}


# --- saved facts -------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("fault", [None, Fault.CERT_EXPIRED, Fault.STARTTLS_ABSENT, Fault.TCP_HALF_OPEN, Fault.GREETING_GARBAGE])
def test_saved_facts_are_judged_as_the_network_was(empty: Command, hosting: Hosting, tmp_path: Path, fault: Fault | None) -> None:
    """The same report but for its times, without a single question; the file is for its owner alone."""
    hosted = hosting.host(**({"imaps": fault} if fault and Service.IMAPS in fault.services else {}))
    file = tmp_path / "facts.json"
    options = ("--format", "json", "--deadline", "2")
    live = empty("check", "anna@kund.test", *hosted.options, *options, "--facts", str(file))
    asked = len(hosted.nameserver.queries)
    for target in ((), ("anna@kund.test",)):
        again = empty("check", *target, "--from-facts", str(file), *options)
        assert again.returncode == live.returncode
        reports = [json.loads(done.stdout) for done in (live, again)]
        for report in reports:
            del report["elapsed_ms"], report["stages"]
        assert reports[0] == reports[1]
    assert len(hosted.nameserver.queries) == asked
    assert file.stat().st_mode & 0o777 == 0o600


def test_facts_about_another_domain_are_unknown(empty: Command, tmp_path: Path) -> None:
    """Not "nothing is wrong"."""
    file = tmp_path / "facts.json"
    empty("check", "kund.test", *NOBODY, "--facts", str(file))
    assert empty("check", "other.test", "--from-facts", str(file)).returncode == 3


# --- outputs, and many targets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_", "begins"),
    [
        ("html", "<!doctype html>"),
        ("junit", '<?xml version="1.0" encoding="UTF-8"?>'),
        ("nagios", "AUTOCONFIG CRITICAL - "),
        ("prometheus", "# HELP autoconfig_check_up "),
        ("answer", "Subject: Mail for kund.test: "),
    ],
)
def test_every_format_tells_several_targets(empty: Command, hosting: Hosting, format_: str, begins: str) -> None:
    """In one whole, or one after the other; the exit code is the same."""
    hosted = hosting.host(imaps=Fault.CERT_EXPIRED)
    done = empty("check", "kund.test", "gone.test", *hosted.options, "--only", f"delegation,{SERVERS}", "--format", format_, "--lang", "en")
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith(begins)
    assert "kund.test" in done.stdout
    assert "gone.test" in done.stdout
    assert done.stdout.endswith("\n")


def test_the_end_of_a_certificate_is_measured_after_it_has_expired(empty: Command, hosting: Hosting) -> None:
    """For both ports, by host and port."""
    hosted = hosting.host(imaps=Fault.CERT_EXPIRED)
    done = empty("check", "kund.test", *hosted.options, "--only", SERVERS, "--format", "prometheus")
    ends = {
        labels.partition('port="')[2].partition('"')[0]: float(value)
        for labels, _, value in (line.rpartition(" ") for line in done.stdout.splitlines())
        if labels.startswith("autoconfig_check_certificate_not_after_seconds{")
    }
    assert set(ends) == {str(server.port) for server in hosted.servers.values()}
    assert ends[str(hosted.servers[Service.IMAPS].port)] < time.time() < ends[str(hosted.servers[Service.SUBMISSIONS].port)]


def test_the_answer_is_in_the_language_of_the_customer(autoconfig: Command, tmp_path: Path) -> None:
    """The first of the provider's, unless another is asked for; with the guide and the sender's name."""
    (tmp_path / "instance" / "config.toml").write_text('base_url = "https://autoconfig.karlahosting.se"\n')
    ours, english, strangers = (
        autoconfig("check", *arguments, *NOBODY, "--format", "answer").stdout
        for arguments in (("kund.se",), ("kund.se", "--lang", "en"), ("kund.test",))
    )
    for told in (ours, english):
        assert "https://autoconfig.karlahosting.se/guide/kund.se\n" in told
        assert "\nKarlaHosting\n" in told
    assert "Kind regards" in english
    assert i18n.texts("sv").gettext("Kind regards") in ours
    assert "guide" not in strangers


@pytest.mark.parametrize(
    ("fault", "fail_on", "exit"),
    [
        (Fault.CERT_EXPIRES_SOON, "warning", 1),
        (Fault.CERT_EXPIRES_SOON, "error", 0),
        (Fault.CERT_EXPIRES_SOON, "never", 0),
        (Fault.CERT_EXPIRED, "error", 2),
        (Fault.CERT_EXPIRED, "never", 0),
    ],
)
def test_what_is_a_failure_can_be_chosen(empty: Command, hosting: Hosting, fault: Fault, fail_on: str, exit: int) -> None:
    """The report says the same."""
    hosted = hosting.host(imaps=fault)
    done = empty("check", "kund.test", *hosted.options, "--only", SERVERS, "--fail-on", fail_on)
    assert done.returncode == exit
    assert "CERT_" in done.stdout


@pytest.mark.parametrize(("fail_on", "exit"), [("error", 3), ("never", 0)])
def test_what_is_unknown_may_be_an_error(empty: Command, fail_on: str, exit: int) -> None:
    """So it is only nothing to those who never want to fail."""
    assert empty("check", "kund.test", *NOBODY, "--fail-on", fail_on).returncode == exit


def test_never_is_not_for_wrong_usage(empty: Command) -> None:
    """Nobody would see that nothing is checked."""
    assert empty("check", "kund..se", "--fail-on", "never").returncode == 64


def test_targets_are_taken_from_a_file(empty: Command, tmp_path: Path) -> None:
    """Beside those of the command line; each once, without comments and blank lines; a file of Windows as well."""
    file = tmp_path / "domains.txt"
    file.write_bytes("\ufeff# our customers\r\n\r\n  a.test\r\nanna@b.test\r\n#c.test\r\na.test\r\n".encode())
    done = empty("check", "d.test", "--from", str(file), *NOBODY, "--format", "json")
    assert [(report["domain"], report["address"]) for report in json.loads(done.stdout)] == [
        ("d.test", None),
        ("a.test", None),
        ("b.test", "anna@b.test"),
    ]
    done = empty("check", "--from", "-", *NOBODY, "--format", "json", stdin="a.test\n")
    assert json.loads(done.stdout)["domain"] == "a.test"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a.test\n\nkund..se\nb..se\n", "domains.txt, line 3: "),
        (b"# nothing\n", "domains.txt names no domain and no address"),
        (b"", "domains.txt names no domain and no address"),
        (b"\xff\xfea\x00", "domains.txt is not UTF-8 text"),
        (b"a.test\n" + b"\x1b[2J" * 10_000, "domains.txt, line 2: "),
        (None, "domains.txt cannot be read"),
    ],
)
def test_a_bad_list_is_one_clear_error(empty: Command, tmp_path: Path, content: bytes | None, said: str) -> None:
    """Before anything is asked."""
    file = tmp_path / "domains.txt"
    if content is not None:
        file.write_bytes(content)
    done = empty("check", "--from", str(file), *NOBODY)
    assert (done.returncode, done.stdout) == (64, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.strip().isprintable()
    assert len(done.stderr) < 600


def test_many_domains_of_one_host_share_one_world(empty: Command, hosting: Hosting, tmp_path: Path) -> None:
    """Each server is talked to once, whoever is its customer."""
    domains = [f"kund{n}.test" for n in range(12)]
    hosted = hosting.host(*domains)
    file = tmp_path / "domains.txt"
    file.write_text("\n".join(domains))
    done = empty("check", "--from", str(file), *hosted.options, "--only", SERVERS)
    assert done.returncode == 0, done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith("kund")] == domains
    assert {service: server.connections for service, server in hosted.servers.items()} == dict.fromkeys(hosted.servers, 1)


def test_what_is_different_from_an_earlier_report(empty: Command, hosting: Hosting, tmp_path: Path) -> None:
    """As lines and as data; the exit code is that of today."""
    hosted = hosting.host(imaps=Fault.CERT_EXPIRES_SOON)
    file = tmp_path / "before.json"
    file.write_text(empty("check", "gone.test", "kund.test", *hosted.options, "--only", SERVERS, "--format", "json").stdout)
    again = ("check", "kund.test", *hosted.options, "--only", SERVERS, "--diff", str(file))
    assert ": nothing is different" in empty(*again).stdout.splitlines()[-1]
    before = json.loads(file.read_text())
    (finding,) = before[1]["findings"]
    before[1]["findings"] = [
        {**finding, "severity": "error"},
        {**finding, "code": "TLS_RST", "fingerprint": "0", "message": "it was reset"},
    ]
    file.write_text(json.dumps(before))
    done = empty(*again)
    assert done.returncode == 1
    told = done.stdout.splitlines()
    assert [line[:2] for line in told[next(at for at, line in enumerate(told) if line.startswith("Since")) :] if line[0] in "+~-"] == [
        "~ ",
        "- ",
    ]
    diff = json.loads(empty(*again, "--format", "json").stdout)["diff"]
    assert (diff["new"], [gone["code"] for gone in diff["gone"]]) == ([], ["TLS_RST"])
    assert diff["changed"][0]["severity"] == {"before": "error", "after": "warning"}
    assert json.loads(empty(*again, "--format", "ndjson").stdout)["diff"] == diff
    assert "diff" not in json.loads(empty(*again[:-2], "--format", "json").stdout)


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (None, (), "before.json cannot be read"),
        ("{}", (), "before.json cannot be compared with: it is no report of autoconfig check --format json"),
        ("kund.se", (), "before.json cannot be compared with: it is not JSON"),
        ("[]", ("--format", "nagios"), "--diff works with these formats only: text, json, ndjson"),
    ],
)
def test_what_is_no_report_cannot_be_compared_with(
    empty: Command, tmp_path: Path, content: str | None, arguments: tuple[str, ...], said: str
) -> None:
    """One clear error, before anything is asked."""
    file = tmp_path / "before.json"
    if content is not None:
        file.write_text(content)
    done = empty("check", "kund.test", *NOBODY, "--diff", str(file), *arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


# --- processes of their own --------------------------------------------------------------------------------------------------------


def _process(*arguments: str, **environ: str) -> Callable[..., subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "from autoconfig.cli import main; main()", *arguments]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "AUTOCONFIG_", "PYTHONIO"))} | environ
    return lambda **pipes: subprocess.Popen(command, env=env, **pipes)


@pytest.mark.slow
@pytest.mark.parametrize("environ", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}])
@pytest.mark.parametrize("format_", ["text", "json", "ndjson"])
def test_a_poor_encoding_is_no_traceback(tmp_path: Path, hosting: Hosting, environ: Mapping[str, str], format_: str) -> None:
    """A mark is then another sign, and never the one of what is unknown; JSON stays JSON."""
    hosted = hosting.host("byrå.test".encode("idna").decode())
    arguments = ("check", "byrå.test", *hosted.options, "--only", SERVERS, "--lang", "sv", "--format", format_)
    process = _process(*arguments, **environ, AUTOCONFIG_INSTANCE=str(tmp_path / "none"))(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    text = out.decode(environ.get("PYTHONIOENCODING", "utf-8"))
    if format_ == "text":
        assert "xn--byr-wla.test" in text
        assert ("✓" in text) is ("PYTHONIOENCODING" not in environ)
        assert not any(line.startswith("?") for line in text.splitlines())
    else:
        assert json.loads(text)["domain"] == "xn--byr-wla.test"


def test_ctrl_c_ends_it_at_once(tmp_path: Path, hosting: Hosting) -> None:
    """With 130, and without a traceback."""
    hosted = hosting.host(imaps=Fault.TCP_HALF_OPEN)
    arguments = ("check", "kund.test", *hosted.options, "--deadline", "20")
    process = _process(*arguments, AUTOCONFIG_INSTANCE=str(tmp_path / "none"))(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 20
    while not hosted.servers[Service.IMAPS].connections and time.monotonic() < until:
        time.sleep(0.02)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (out, err.strip()) == (b"", b"")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("format_", ["text", "json", "ndjson"])
def test_progress_is_on_the_terminal_and_the_result_in_the_pipe(tmp_path: Path, format_: str) -> None:
    """Nothing of the one is in the other."""
    ours, theirs = pty.openpty()
    arguments = ("check", "a.test", "b.test", *NOBODY, "--format", format_)
    process = _process(*arguments, TERM="xterm", AUTOCONFIG_INSTANCE=str(tmp_path / "none"))(stdout=subprocess.PIPE, stderr=theirs)
    out, _ = process.communicate(timeout=30)
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 0)[0]:
        try:
            seen += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert process.returncode == 3
    assert b"\x1b" not in out
    assert b"a.test" in out
    assert b"b.test" in out
    assert "✓".encode() in seen
    assert b"DNS_NO_ANSWER" not in seen


# --- explain -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["CERT_NAME_MISMATCH", "cert_name_mismatch", " Cert_Name_Mismatch "])
def test_a_code_is_explained_in_any_letter_case(empty: Command, code: str) -> None:
    """With its story, why, what to do, and the standard."""
    done = empty("explain", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("CERT_NAME_MISMATCH · critical · Certificates\n\n")
    for part in ("Why: ", "Do this (the mail host): ", "Standard: RFC 9525"):
        assert f"\n\n{part}" in done.stdout


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("CERT_NAME", "did you mean CERT_NAME_MISMATCH?"),
        ("tcp_refuse", "TCP_REFUSED"),
        ("TCP_REFUSDE", "TCP_REFUSED"),
        ("xyzzy", "xyzzy is neither a code"),
        ("", '"" is neither a code'),
        ("Error 4711: something", "try its whole message"),
    ],
)
def test_what_is_unknown_is_told_with_a_hint(empty: Command, code: str, said: str) -> None:
    """What it may have been, where anything comes near."""
    done = empty("explain", code)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_hostile_code_is_one_harmless_line(empty: Command) -> None:
    """It may have come from a web page by copy and paste."""
    done = empty("explain", "\x1b[2J\u202e" + "A" * 10_000)
    assert done.returncode == 1
    assert len(done.stderr) < 400
    assert done.stderr.strip().isprintable()


@pytest.mark.parametrize(
    ("words", "title", "part"),
    [
        ("0x800CCC0E", "No answer, or a port is blocked · Outlook for Windows (classic)", "--only endpoints,delegation"),
        ("error (0x800ccc79)", "Mail comes in but cannot be sent", "--only submission"),
        (
            "Certifikatet för mail.kund.se\när inte giltigt för den servern.",
            "A warning about the certificate · Thunderbird",
            "CERT_SERVER_NAME",
        ),
        ("Cannot Verify Server Identity", "A warning about the certificate · iPhone and iPad", "--only certificates"),
    ],
)
def test_what_a_mail_program_shows_is_explained(empty: Command, words: str, title: str, part: str) -> None:
    """What it means, what to do, and what to check; in whichever language the program speaks."""
    done = empty("explain", words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(title)
    assert "\n- " in done.stdout
    assert part in done.stdout


def test_what_a_mail_program_shows_is_explained_in_the_language_asked_for(empty: Command) -> None:
    """And not in that of the program."""
    assert empty("explain", "Cannot Verify Server Identity", "--lang", "sv").stdout.startswith("En varning om certifikatet")


def test_an_explanation_is_in_the_language_asked_for(empty: Command) -> None:
    """Every one of them, in a poor encoding as well."""
    assert empty("explain", "DEADLINE", "--lang", "sv").stdout != empty("explain", "DEADLINE", "--lang", "en").stdout
    assert all(empty("explain", code, "--lang", language).returncode == 0 for code in ENTRIES for language in ("sv", "en"))
