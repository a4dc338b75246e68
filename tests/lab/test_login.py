"""`autoconfig check --login` and `--roundtrip` at the real Dovecot and Postfix: each answer that they have, told by its name."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import hosting as faults
from . import resolver
from .ca import Fault
from .dovecot import MAIL as MAILDIRS
from .dovecot import PASSWORD
from .hosting import DOMAIN, Hosting, Scene
from .world import HOST, KARLAHOSTING, customers

pytestmark = pytest.mark.lab

ANNA = f"anna@{DOMAIN}"
PLACES = (f"{HOST}:993", f"{HOST}:465", f"{HOST}:587", f"mail.{DOMAIN}:995", f"mail.{DOMAIN}:465")
Report = dict[str, Any]


@pytest.fixture(scope="module")
def clean(hosting: Hosting) -> Scene:
    """The scene in which everything is right."""
    return hosting.clean()


def _run(
    hosting: Hosting, *options: str, address: str = ANNA, password: str = PASSWORD, instance: Path | None = None
) -> subprocess.CompletedProcess[str]:
    where = ("--resolver", resolver.ADDRESS, "--ca", str(hosting.authority.certificate))
    env = {**faults.BASE_URL, "AUTOCONFIG_PASSWORD": password}
    done = hosting.service.quickly("check", address, *where, *options, env=env, instance=instance)
    assert "Traceback" not in done.stderr, done.stderr
    for hidden in _forms(password):
        assert hidden not in done.stdout + done.stderr
    return done


def _report(hosting: Hosting, *options: str, **more: Any) -> Report:
    done = _run(hosting, "--format", "json", "--only", "submission", *options, **more)
    report: Report = json.loads(done.stdout)
    return report


def _forms(password: str) -> list[str]:
    """The password as it must not be seen anywhere."""
    plain = password.encode()
    return [password, base64.b64encode(plain).decode(), base64.b64encode(b"\0" + ANNA.encode() + b"\0" + plain).decode()]


def _codes(report: Report) -> list[str]:
    return [f"{finding['code']} {finding['severity']}" for finding in report["findings"]]


def _empty(hosting: Hosting, domain: str = DOMAIN) -> None:
    hosting.network.run("sh", "-c", f"rm -rf {MAILDIRS}/{domain}; install -d -o 5000 -g 5000 {MAILDIRS}/{domain}")


def _files(hosting: Hosting, domain: str = DOMAIN) -> list[str]:
    """Every message in the mailboxes of *domain*."""
    found = hosting.network.run("sh", "-c", f"cd {MAILDIRS}/{domain} && find . -path '*/cur/*' -o -path '*/new/*' | sort")
    return found.splitlines()


def _put(hosting: Hosting, text: str = "Subject: kept\n\nHello\n") -> None:
    """Put a message into Anna's inbox, as if it had been there before."""
    box = f"{MAILDIRS}/{DOMAIN}/anna"
    command = f"for d in cur new tmp; do mkdir -p {box}/$d; done; cat >{box}/cur/1.kept:2,S; chown -R 5000:5000 {box}"
    hosting.network.run("sh", "-c", command, stdin=text)


# ---- the login ----


def test_who_has_the_password_is_let_in_everywhere_once(hosting: Hosting, clean: Scene) -> None:
    """Every service of the settings, with what is to be seen behind it; nothing is wrong."""
    hosting.serve(clean)
    _empty(hosting)
    _put(hosting)
    report = _report(hosting, "--login")
    assert _codes(report) == []
    assert {login["outcome"] for login in report["login"]} == {"accepted"}
    assert sorted(f"{login['subject']['host']}:{login['subject']['port']}" for login in report["login"]) == sorted(PLACES)
    imap = next(login for login in report["login"] if login["subject"]["service"] == "imaps")
    pop3 = next(login for login in report["login"] if login["subject"]["service"] == "pop3s")
    assert (imap["mechanism"], imap["messages"], pop3["messages"]) == ("PLAIN", 1, 1)
    found = {mailbox["name"]: mailbox["special_use"] for mailbox in imap["mailboxes"]}
    assert found == {"INBOX": [], "Drafts": ["drafts"], "Junk": ["junk"], "Sent": ["sent"], "Trash": ["trash"]}
    assert pop3["octets"] > 0
    assert _files(hosting) == ["./anna/cur/1.kept:2,S"]


def test_a_report_tells_what_was_seen_to_whoever_asks(hosting: Hosting, clean: Scene) -> None:
    """`-v` has folders and counts, in both languages, and nothing of it stands there without."""
    hosting.serve(clean.with_mailboxes(quota="10M"))
    _empty(hosting)
    _put(hosting)
    told = _run(hosting, "--login", "-v", "--lang", "en").stdout
    for words in (f"{HOST}:993: logged in with PLAIN in", "1 message", "folders: ", "Junk \\Junk", "storage: 1 of 10240"):
        assert words in told, told
    assert "logged in with" not in _run(hosting, "--login", "--lang", "en").stdout


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "scram-sha-1", "cram-md5", "login"])
def test_each_mechanism_is_spoken_as_dovecot_speaks_it(hosting: Hosting, clean: Scene, mechanism: str) -> None:
    """The strongest of those that are offered is taken, in all three protocols."""
    weaker = {"scram-sha-256": "scram-sha-1 cram-md5 plain login", "scram-sha-1": "cram-md5 plain", "cram-md5": "plain login", "login": ""}
    hosting.serve(clean.with_mailboxes(mechanisms=f"{mechanism} {weaker[mechanism]}"))
    _empty(hosting)
    report = _report(hosting, "--login")
    assert {(login["outcome"], login["mechanism"]) for login in report["login"]} == {("accepted", mechanism.upper())}
    report = _report(hosting, "--login", password="fel-l\u00f6senord")
    assert {login["outcome"] for login in report["login"]} == {"refused"}
    assert _codes(report) == ["LOGIN_FAIL error"]


def test_a_wrong_password_is_said_once_to_each_protocol_and_told_once(hosting: Hosting, clean: Scene) -> None:
    """Accounts get locked: who has refused at one port is not asked at the next one. What the server says is told without the name."""
    hosting.serve(clean)
    report = _report(hosting, "--login", password="hemligt-9f31")
    assert _codes(report) == ["LOGIN_FAIL error"]
    assert sorted(login["subject"]["service"] for login in report["login"]) == ["imaps", "pop3s", "submissions"]
    assert {skip["check"] for skip in report["skipped"]} >= {"LOGIN_FAIL"}
    (finding,) = report["findings"]
    assert finding["fix"]["owner"] == "customer"
    assert "try anna as user name" in finding["fix"]["text"]
    assert "[AUTHENTICATIONFAILED]" in " ".join(finding["evidence"])


def test_a_disabled_account(hosting: Hosting, clean: Scene) -> None:
    """The server's own reason is told."""
    hosting.serve(clean.with_mailboxes(users=(f"{ANNA}:{PASSWORD}::::::nologin=y reason=Account_disabled",)))
    report = _report(hosting, "--login")
    assert {code.split()[0] for code in _codes(report)} == {"LOGIN_DISABLED"}, report["login"]


def test_a_server_that_wants_the_other_form_of_the_user_name(hosting: Hosting, clean: Scene) -> None:
    """It is advice, and not tried."""
    hosting.serve(clean.with_mailboxes(users=(f"anna:{PASSWORD}::::::",)))
    report = _report(hosting, "--login")
    assert _codes(report) == ["LOGIN_FAIL error"]
    assert "try anna as user name" in report["findings"][0]["fix"]["text"]
    assert len(report["login"]) == 3


def test_a_password_that_is_right_for_imap_and_wrong_for_smtp(hosting: Hosting, clean: Scene) -> None:
    """Then it is the provider's to mend."""
    hosting.serve(clean.with_mailboxes(users=tuple(f"{name}/{ANNA}:{PASSWORD}::::::" for name in ("imap", "pop3")), users_are="%s/%u"))
    report = _report(hosting, "--login")
    assert _codes(report) == ["LOGIN_UNEVEN error"]
    finding = report["findings"][0]
    assert (finding["fix"]["owner"], finding["args"]["refused"], finding["args"]["accepted"]) == ("provider", "SMTP", ["IMAP", "POP3"])


def test_a_full_mailbox(hosting: Hosting, clean: Scene) -> None:
    """By how much."""
    hosting.serve(clean.with_mailboxes(quota="20K"))
    _empty(hosting)
    _put(hosting, "Subject: big\n\n" + "x" * 70 * 1000)
    report = _report(hosting, "--login")
    assert _codes(report) == ["MBOX_QUOTA_FULL error"]
    assert report["findings"][0]["args"]["limit"] == "20 kB"


def test_a_mailbox_that_is_nearly_full(hosting: Hosting, clean: Scene) -> None:
    """A notice."""
    hosting.serve(clean.with_mailboxes(quota="20K"))
    _empty(hosting)
    _put(hosting, "Subject: big\n\n" + "x" * 19 * 1000)
    assert _codes(_report(hosting, "--login")) == ["MBOX_QUOTA_NEAR notice"]


def test_folders_without_a_mark(hosting: Hosting, clean: Scene) -> None:
    """All that are missing are named."""
    hosting.serve(clean.with_mailboxes(special_use=False))
    _empty(hosting)
    report = _report(hosting, "--login")
    assert _codes(report) == ["MBOX_SPECIAL_USE notice"]
    assert report["findings"][0]["args"]["missing"] == ["\\Sent", "\\Drafts", "\\Trash", "\\Junk"]


def test_a_mailbox_that_cannot_be_read(hosting: Hosting, clean: Scene) -> None:
    """The login is well, and nothing behind it."""
    hosting.serve(clean)
    hosting.network.run("sh", "-c", f"rm -rf {MAILDIRS}/{DOMAIN}/anna; touch {MAILDIRS}/{DOMAIN}/anna")
    report = _report(hosting, "--login")
    _empty(hosting)
    assert {code.split()[0] for code in _codes(report)} == {"MBOX_LIST"}, report["login"]


@pytest.mark.parametrize("fault", Fault)
def test_no_password_is_said_to_who_shows_a_bad_certificate(hosting: Hosting, clean: Scene, fault: Fault) -> None:
    """Neither the name, nor the date, nor the chain may be wrong; other hosts are logged in to."""
    hosting.serve(faults.bad_certificate(fault)(clean))
    _empty(hosting)
    report = _report(hosting, "--login")
    assert "LOGIN_NOT_TRIED unknown" in _codes(report)
    assert {login["subject"]["host"] for login in report["login"]} == {HOST}
    assert {login["outcome"] for login in report["login"]} == {"accepted"}


def test_no_password_is_said_in_the_clear(hosting: Hosting, clean: Scene) -> None:
    """Where a server has no TLS, though it would take a password without."""
    hosting.serve(clean.with_mailboxes(plaintext_login=True).with_submission(starttls=False, plaintext_login=True))
    _empty(hosting)
    report = _report(hosting, "--login")
    assert {login["subject"]["port"] for login in report["login"]} == {993, 995, 465}
    assert "LOGIN_NOT_TRIED unknown" in _codes(report)


def test_a_stranger_is_logged_in_by_what_is_published(hosting: Hosting, clean: Scene, tmp_path: Path) -> None:
    """Without settings of ours: the servers are those that the documents and records name, each once."""
    hosting.serve(clean)
    _empty(hosting)
    report = _report(hosting, "--login", instance=tmp_path / "none")
    places = [(login["subject"]["host"], login["subject"]["port"]) for login in report["login"]]
    assert len(places) == len(set(places)) >= 3
    assert {login["outcome"] for login in report["login"]} == {"accepted"}


def test_the_password_may_come_by_stdin(hosting: Hosting, clean: Scene) -> None:
    """And then the variable does not count."""
    hosting.serve(clean)
    where = ("--resolver", resolver.ADDRESS, "--ca", str(hosting.authority.certificate), "--format", "json")
    env = {**faults.BASE_URL, "AUTOCONFIG_PASSWORD": "wrong"}
    done = hosting.service.try_to("check", ANNA, "--login", "--password-stdin", *where, stdin=f"{PASSWORD}\nrest\n", env=env)
    assert {login["outcome"] for login in json.loads(done.stdout)["login"]} == {"accepted"}


def test_the_password_is_in_no_file_that_is_saved(hosting: Hosting, clean: Scene, tmp_path: Path) -> None:
    """Neither it nor the login is among the facts; judged again, they are the same without it."""
    hosting.serve(clean)
    file = tmp_path / "facts.json"
    _run(hosting, "--login", "--facts", str(file), "-v")
    saved = file.read_text()
    assert not [form for form in _forms(PASSWORD) if form in saved]
    assert "accepted" not in saved
    assert not any(word in saved for word in ("AUTHENTICATE", "LOGIN OK", "> AUTH"))


# ---- the round trip ----


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_message_there_and_back(hosting: Hosting, clean: Scene, protocol: str) -> None:
    """It comes, it is deleted, and nothing else is touched."""
    if protocol == "pop3":
        listed = customers("tva.test") + 'protocols = ["pop3"]\n'
        hosting.serve(hosting.clean("tva.test", KARLAHOSTING, listed))
        _empty(hosting, "tva.test")
        report = _report(hosting, "--roundtrip", address="anna@tva.test")
        domain = "tva.test"
    else:
        hosting.serve(clean)
        _empty(hosting)
        _put(hosting)
        report = _report(hosting, "--roundtrip")
        domain = DOMAIN
    assert _codes(report) == []
    trip = report["roundtrip"]
    assert (trip["sent"], trip["mailbox"]["name"], trip["deleted"]) == ("accepted", "INBOX", True)
    assert trip["fetched_from"]["service"] == f"{protocol}s"
    assert 0 <= trip["arrived_ms"] < 30_000
    assert _files(hosting, domain) == ([] if protocol == "pop3" else ["./anna/cur/1.kept:2,S"])


def test_a_message_that_lands_in_spam(hosting: Hosting, clean: Scene) -> None:
    """It is found there, told, and deleted there."""
    hosting.serve(clean.with_mailboxes(spam=True))
    _empty(hosting)
    report = _report(hosting, "--roundtrip")
    assert _codes(report) == ["RT_SPAM warning"]
    assert (report["roundtrip"]["mailbox"]["name"], report["roundtrip"]["deleted"]) == ("Junk", True)
    assert _files(hosting) == []


@dataclass(frozen=True, slots=True)
class Unsent:
    """What is told where the outgoing server has these *restrictions*."""

    restrictions: str
    code: str
    words: str


UNSENT = (
    Unsent("check_recipient_access static:{550 5.1.1 No such user}", "SUBM_RCPT_REFUSED error", "550 5.1.1"),
    Unsent("check_recipient_access static:{450 4.2.0 Greylisted}", "SUBM_LATER warning", "450 4.2.0"),
    Unsent("reject_sender_login_mismatch", "SUBM_SENDER_REFUSED error", "553 5.7.1"),
)


@pytest.mark.parametrize("unsent", UNSENT, ids=lambda unsent: unsent.code.split()[0])
def test_a_message_that_is_not_taken(hosting: Hosting, clean: Scene, unsent: Unsent) -> None:
    """In the server's words, and nobody waits for it."""
    hosting.serve(clean.with_submission(restrictions=unsent.restrictions))
    _empty(hosting)
    report = _report(hosting, "--roundtrip")
    assert _codes(report) == [unsent.code]
    assert unsent.words in report["findings"][0]["message"]
    assert report["roundtrip"]["waited_ms"] == 0


@pytest.mark.slow
def test_a_message_that_never_arrives(hosting: Hosting, clean: Scene) -> None:
    """Postfix holds it: after a minute it is lost, with the words by which the provider finds it."""
    hosting.serve(clean.with_submission(restrictions="check_recipient_access static:HOLD"))
    _empty(hosting)
    report = _report(hosting, "--roundtrip")
    assert _codes(report) == ["RT_LOST error"]
    assert re.search(r"queued as \w+", report["findings"][0]["fix"]["text"])
    assert 59_000 < report["roundtrip"]["waited_ms"] < 70_000
