"""`autoconfig check --login` and `--roundtrip` as a user types them: where the password comes from, and that it goes nowhere else."""

from __future__ import annotations

import base64
import json
import logging
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Done
from tests.faulty import Faulty, Service, root_pem
from tests.faulty.dialects import Dialect
from tests.faulty.script import Behaviour, Steps
from tests.running import environment
from tests.zones import served_beside

pytestmark = pytest.mark.slow

ANNA = "anna@kund.test"
SECRET = "geheim-9f31å-zz"
PLAIN = base64.b64encode(f"\0{ANNA}\0{SECRET}".encode()).decode()
FORMS = (SECRET, PLAIN, base64.b64encode(SECRET.encode()).decode(), json.dumps(SECRET)[1:-1])
INSIDE = "endpoints,certificates,submission"

FOLDERS = ((b"\\Sent", b"S"), (b"\\Drafts", b"D"), (b"\\Trash", b"T"), (b"\\Junk", b"J"), (b"", b"INBOX"))
IMAP = {
    "AUTHENTICATE": (b"{tag} OK [CAPABILITY IMAP4rev1 UIDPLUS QUOTA] in\r\n",),
    "LIST": b"".join(b'* LIST (%s) "/" %s\r\n' % (use, name) for use, name in FOLDERS),
    "STATUS": b"* STATUS INBOX (MESSAGES 3)\r\n",
    "GETQUOTAROOT": b'* QUOTA "x" (STORAGE 1 1000)\r\n',
    "UID": b"* SEARCH 7\r\n",
    "EXAMINE": b"",
    "SELECT": b"",
}
IMAP_IN: Mapping[str, Steps] = {command: said if isinstance(said, tuple) else (said + b"{tag} OK\r\n",) for command, said in IMAP.items()}
SMTP_IN: Mapping[str, Steps] = {
    "AUTH": (b"235 in\r\n",),
    "MAIL": (b"250 ok\r\n",),
    "RCPT": (b"250 ok\r\n",),
    "DATA": (b"354 go on\r\n",),
    ".": (b"250 queued as 1\r\n",),
    "": (b"",),
}


@dataclass(frozen=True, slots=True)
class Saying:
    """A server that answers some commands in its own way: what `Faulty` takes for a fault."""

    answers: Mapping[str, Steps]
    services = frozenset(Service)

    def change(self, behaviour: Behaviour, dialect: Dialect) -> Behaviour:
        """Put them in."""
        return replace(behaviour, answers={**behaviour.answers, **self.answers})


@dataclass
class Host:
    """A mail host on loopback, with options to find it by."""

    imaps: Faulty
    submissions: Faulty
    options: tuple[str, ...]

    @property
    def heard(self) -> list[str]:
        """Every line that its servers heard."""
        return [*self.imaps.heard, *self.submissions.heard]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is gone after the test."""
    with ExitStack() as stack:
        yield stack


def host(stack: ExitStack, folder: Path, imap: Mapping[str, Steps] = IMAP_IN, smtp: Mapping[str, Steps] = SMTP_IN) -> Host:
    """Serve kund.test."""
    imaps = stack.enter_context(Faulty(Service.IMAPS, Saying(imap), addresses=("127.0.0.1",)))  # type: ignore[arg-type]
    submissions = stack.enter_context(Faulty(Service.SUBMISSIONS, Saying(smtp), addresses=("127.0.0.1",)))  # type: ignore[arg-type]
    table = {
        "mail.kund.test": {"A": ["127.0.0.1"]},
        "kund.test": {"A": ["127.0.0.1"], "MX": ["0 ."]},
        "_imaps._tcp.kund.test": {"SRV": [f"0 1 {imaps.port} mail.kund.test."]},
        "_submissions._tcp.kund.test": {"SRV": [f"0 1 {submissions.port} mail.kund.test."]},
    }
    ca = folder / "ca.pem"
    ca.write_text(root_pem())
    ip, port = stack.enter_context(served_beside(table)).address
    return Host(imaps, submissions, ("--resolver", f"{ip}:{port}", "--ca", str(ca), "--only", INSIDE))


def codes(done: Done) -> list[str]:
    """The codes of a JSON report."""
    return [finding["code"] for finding in json.loads(done.stdout)["findings"]]


# --- usage -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("kund.test", "--login"), "need one address"),
        (("--login",), "name a domain or an address"),
        ((ANNA, "bo@kund.test", "--login"), "need one address"),
        ((ANNA, "kund.test", "--roundtrip"), "need one address"),
        ((ANNA, "--password-stdin"), "--password-stdin is for --login or --roundtrip"),
        ((ANNA, "--login", "--only", "discovery"), "belong to the group submission"),
        ((ANNA, "--login"), "no terminal"),
        ((ANNA, "--roundtrip"), "AUTOCONFIG_PASSWORD"),
        ((ANNA, "--login", "--password-stdin"), "the password is empty"),
        ((ANNA, "--login", "--password", "x"), "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_64(empty: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str) -> None:
    """And asks nobody anything."""
    monkeypatch.delenv("AUTOCONFIG_PASSWORD", raising=False)
    done = empty("check", *arguments, "--resolver", "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (64, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_saved_answers_have_no_login(empty: Command, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are judged without a network."""
    there = host(stack, tmp_path)
    file = tmp_path / "facts.json"
    monkeypatch.setenv("AUTOCONFIG_PASSWORD", SECRET)
    empty("check", ANNA, *there.options, "--facts", str(file))
    done = empty("check", ANNA, "--from-facts", str(file), "--login")
    assert (done.returncode, "--from-facts" in done.stderr) == (64, True)


# --- where the password comes from -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "stdin", "variable"),
    [
        (("--password-stdin",), f"{SECRET}\nmore\n", None),
        (("--password-stdin",), f"{SECRET}\r\n", "wrong"),
        (("--password-stdin",), SECRET, None),
        ((), "", SECRET),
    ],
)
def test_the_password_by_stdin_or_variable(
    empty: Command,
    tmp_path: Path,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    stdin: str,
    variable: str | None,
) -> None:
    """The first line of stdin where it is asked for, else the variable; to each server once."""
    monkeypatch.delenv("AUTOCONFIG_PASSWORD", raising=False)
    if variable is not None:
        monkeypatch.setenv("AUTOCONFIG_PASSWORD", variable)
    there = host(stack, tmp_path)
    done = empty("check", ANNA, "--login", *options, *there.options, "--format", "json", stdin=stdin)
    assert (done.returncode, codes(done)) == (0, []), done.stderr
    assert [line for line in there.heard if PLAIN in line] == [f"L AUTHENTICATE PLAIN {PLAIN}", f"AUTH PLAIN {PLAIN}"]


@pytest.mark.parametrize(("lang", "question"), [("en_GB.UTF-8", f"Password of {ANNA}: ")])
def test_a_person_is_asked_without_an_echo(tmp_path: Path, stack: ExitStack, lang: str, question: str) -> None:
    """At the terminal; the result in the pipe has nothing of it."""
    there = host(stack, tmp_path)
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-c",
        "from autoconfig.cli import main; main()",
        "check",
        ANNA,
        "--login",
        "--format",
        "json",
        *there.options,
    ]
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=environment(tmp_path / "none", LANG=lang, TERM="dumb"),
    )
    seen = b""
    until = time.monotonic() + 30
    while question.encode() not in seen:
        assert time.monotonic() < until, seen
        seen += os.read(ours, 1024)
    os.write(ours, f"{SECRET}\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(theirs)
    os.set_blocking(ours, False)
    with suppress(OSError):
        seen += os.read(ours, 65536)
    os.close(ours)
    report = json.loads(out)
    assert {login["outcome"] for login in report["login"]} == {"accepted"}
    assert SECRET.encode() not in seen + out


# --- and where it goes -------------------------------------------------------------------------------------------------------------

_ECHO = f"wrong: {SECRET} {PLAIN} {FORMS[2]}".encode()
ECHOES: dict[str, tuple[Mapping[str, Steps], Mapping[str, Steps]]] = {
    "taken": (IMAP_IN, SMTP_IN),
    "refused": ({"AUTHENTICATE": (b"{tag} NO " + _ECHO + b"\r\n",)}, {"AUTH": (b"535 5.7.8 " + _ECHO + b"\r\n",)}),
    "disabled": ({"AUTHENTICATE": (b"{tag} NO [EXPIRED] " + _ECHO + b"\r\n",)}, {"AUTH": (b"525 5.7.13 " + _ECHO + b"\r\n",)}),
    "later": ({"AUTHENTICATE": (b"{tag} NO [UNAVAILABLE] " + _ECHO + b"\r\n",)}, {"AUTH": (b"454 4.7.0 " + _ECHO + b"\r\n",)}),
    "garbage": ({"AUTHENTICATE": (_ECHO + b"\r\n",)}, {"AUTH": (_ECHO + b"\r\n",)}),
    "challenge": ({"AUTHENTICATE": (b"+ " + PLAIN.encode() + b"\r\n",)}, {"AUTH": (b"334 " + PLAIN.encode() + b"\r\n",)}),
    "no list": ({**IMAP_IN, "LIST": (b"{tag} NO " + _ECHO + b"\r\n",)}, {**SMTP_IN, "RCPT": (b"550 5.1.1 " + _ECHO + b"\r\n",)}),
    "taken by": (IMAP_IN, {**SMTP_IN, ".": (b"250 " + _ECHO + b"\r\n",)}),
    "not watched": ({**IMAP_IN, "EXAMINE": (b"{tag} NO " + _ECHO + b"\r\n",)}, SMTP_IN),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_the_password_is_nowhere(
    empty: Command,
    tmp_path: Path,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    echo: str,
    format_: str,
) -> None:
    """Neither it nor its base64 is in the report, on stderr, among the facts, or in a log, whatever servers say."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AUTOCONFIG_PASSWORD", SECRET)
    there = host(stack, tmp_path, *ECHOES[echo])
    file = tmp_path / "facts.json"
    done = empty("check", ANNA, "--roundtrip", "-v", "--format", format_, "--facts", str(file), *there.options)
    assert PLAIN in " ".join(there.heard)
    places = {"stdout": done.stdout, "stderr": done.stderr, "facts": file.read_text(), "log": caplog.text + repr(caplog.records)}
    assert [place for place, text in places.items() if any(form in text.replace("\n", "") for form in FORMS)] == []
    assert "Traceback" not in done.stderr
    assert "accepted" not in places["facts"]


def test_a_round_trip_is_in_the_report(empty: Command, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON, in keys of its own, which are not there without it; and with -v in words."""
    monkeypatch.setenv("AUTOCONFIG_PASSWORD", SECRET)
    there = host(stack, tmp_path)
    done = empty("check", ANNA, "--roundtrip", *there.options, "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, codes(done)) == (0, [])
    trip = report["roundtrip"]
    assert (trip["sent"], trip["mailbox"], trip["deleted"]) == ("accepted", {"name": "INBOX", "special_use": []}, True)
    assert {login["subject"]["service"]: login["messages"] for login in report["login"]} == {"imaps": 3, "submissions": None}
    assert "UID STORE 7 +FLAGS.SILENT (\\Deleted)" in " ".join(there.heard)
    assert not {"login", "roundtrip"} & json.loads(empty("check", ANNA, *there.options, "--format", "json").stdout).keys()
    told = empty("check", ANNA, "--roundtrip", *there.options, "-v").stdout
    assert "the message came to INBOX after" in told
    only = json.loads(empty("check", ANNA, "--login", *there.options, "--format", "json").stdout)
    assert "roundtrip" not in only
