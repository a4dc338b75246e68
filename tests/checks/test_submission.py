"""The judge of mechanisms and sizes: what a customer cannot do, and what a careless program would do."""

from __future__ import annotations

import pytest

from autoconfig.checks import submission
from autoconfig.findings import Passed, Severity, Verdict
from autoconfig.model import AuthMethod
from autoconfig.observations import Connection, Service
from tests.checks.servers import HOST, SIX, V4, V6, case, codes, exchanger, findings, healthy, passes, servers, the


def judged(*connections: Connection, **more) -> list[Verdict]:
    return list(submission.judge(case(), servers(*connections, **more)))


def both(**more) -> tuple[Connection, Connection]:
    return healthy(Service.SUBMISSIONS, 465, **more), healthy(Service.SUBMISSION, 587, **more)


def test_six_healthy_services_have_no_finding() -> None:
    """A clean set-up is quiet."""
    verdicts = judged(*(healthy(service, port, ip) for service, port in SIX for ip in (V4, V6)), exchanger())
    assert {type(verdict) for verdict in verdicts} == {Passed}
    assert passes(verdicts) == {"AUTH_NONE", "AUTH_PLAINTEXT_OFFERED", "AUTH_VS_PUBLISHED", "SIZE_LOW", "CAPS_CHANGED_LOSS"}


def test_submission_without_login_is_one_error() -> None:
    """Both ports have the cause in common."""
    found = the(judged(healthy(), *both(auth_after=())))
    assert (found.code, found.severity, len(found.also)) == ("AUTH_NONE", Severity.ERROR, 1)
    assert found.args == {"host": HOST, "ports": ("465", "587")}


def test_login_is_nothing_for_an_exchanger() -> None:
    """Port 25 is between mail servers."""
    assert judged(exchanger()) == []


def test_what_was_not_seen_is_not_judged() -> None:
    """Where the conversation broke off, the finding about that says so."""
    assert judged(healthy(Service.IMAP, 143, auth_before=None, auth_after=None, capabilities_before=None, capabilities_after=None)) == []


@pytest.mark.parametrize(
    ("service", "port", "mechanism"),
    [
        (Service.IMAP, 143, "PASSWORD"),
        (Service.POP3, 110, "PASSWORD"),
        (Service.SUBMISSION, 587, "LOGIN"),
        (Service.SIEVE, 4190, "PLAIN"),
    ],
)
def test_a_password_in_the_clear_is_a_warning(service: Service, port: int, mechanism: str) -> None:
    """Wherever it may be sent before TLS."""
    found = the(judged(healthy(service, port, auth_before=(mechanism,))))
    assert (found.code, found.severity, found.args["ports"]) == ("AUTH_PLAINTEXT_OFFERED", Severity.WARNING, (str(port),))


def test_passwords_in_the_clear_are_one_finding_for_the_host() -> None:
    """It is one setting."""
    verdicts = judged(*(healthy(service, port, auth_before=("PLAIN",)) for service, port in SIX if not service.implicit))
    assert the(verdicts).args["ports"] == ("143", "110", "587")


def test_a_challenge_before_tls_is_no_password_in_the_clear() -> None:
    """CRAM-MD5 does not send it."""
    assert codes(judged(healthy(Service.IMAP, 143, auth_before=("CRAM-MD5",), auth_after=("CRAM-MD5", "PLAIN")))) == []


def test_a_server_without_tls_that_takes_passwords_is_told() -> None:
    """Then there is nothing but clear text."""
    bare = healthy(Service.IMAP, 143, auth_before=("PASSWORD",), tls=None, starttls_offered=False, auth_after=None, capabilities_after=None)
    assert codes(judged(bare)) == ["AUTH_PLAINTEXT_OFFERED"]


@pytest.mark.parametrize(
    ("method", "offered"),
    [
        (AuthMethod.PASSWORD_CLEARTEXT, "PLAIN"),
        (AuthMethod.PASSWORD_CLEARTEXT, "LOGIN"),
        (AuthMethod.PASSWORD_CLEARTEXT, "PASSWORD"),
        (AuthMethod.PASSWORD_ENCRYPTED, "CRAM-MD5"),
        (AuthMethod.PASSWORD_ENCRYPTED, "DIGEST-MD5"),
        (AuthMethod.PASSWORD_ENCRYPTED, "SCRAM-SHA-256"),
        (AuthMethod.OAUTH2, "XOAUTH2"),
        (AuthMethod.OAUTH2, "OAUTHBEARER"),
        (AuthMethod.GSSAPI, "GSSAPI"),
        (AuthMethod.NTLM, "NTLM"),
        (AuthMethod.NONE, "PLAIN"),
    ],
)
def test_a_published_method_has_its_mechanisms(method: AuthMethod, offered: str) -> None:
    """One in common is enough; with none in common nobody can log in."""
    assert codes(judged(healthy(auth_after=(offered,)), auth=(method,))) == []
    other = AuthMethod.GSSAPI if method is not AuthMethod.GSSAPI else AuthMethod.NTLM
    assert codes(judged(healthy(auth_after=(offered,)), auth=(other, method))) == []
    assert codes(judged(healthy(auth_after=("EXTERNAL",)), auth=(other,))) == ["AUTH_VS_PUBLISHED"]


def test_a_published_method_that_the_server_lacks_is_an_error() -> None:
    """The finding says what was published, what there is, and what to publish."""
    found = the(judged(healthy(), healthy(Service.IMAP, 143), auth=(AuthMethod.PASSWORD_ENCRYPTED,)))
    assert (found.code, found.severity, len(found.also)) == ("AUTH_VS_PUBLISHED", Severity.ERROR, 1)
    assert found.args == {
        "host": HOST,
        "published": ("password-encrypted",),
        "offered": ("PLAIN", "LOGIN"),
        "suggested": "password-cleartext",
    }
    assert found.evidence[0].startswith("autoconfig names password-encrypted")


def test_a_source_that_does_not_say_how_to_log_in_is_not_compared() -> None:
    """SRV records do not."""
    assert "AUTH_VS_PUBLISHED" not in passes(judged(healthy(auth_after=("CRAM-MD5",)), auth=()))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("SIZE 5242880", ["SIZE_LOW"]),
        ("SIZE 9999999", ["SIZE_LOW"]),
        ("SIZE 10240000", []),
        ("SIZE 0", []),
        ("SIZE", []),
        ("SIZE many", []),
        ("SIZE " + "9" * 5000, []),
    ],
)
def test_a_small_limit_is_a_notice(size: str, expected: list[str]) -> None:
    """Under 10 MB; RFC 1870: 0 is no limit."""
    verdicts = judged(*both(capabilities_before=(size,), capabilities_after=(size,)))
    assert codes(verdicts) == expected
    assert all(f.severity is Severity.NOTICE for f in findings(verdicts))


def test_ports_that_differ_in_mechanisms_are_a_warning() -> None:
    """465 and 587 of one host have settings of their own."""
    found = the(judged(healthy(Service.SUBMISSIONS, 465, auth_after=("PLAIN",)), healthy(Service.SUBMISSION, 587)))
    assert (found.code, found.severity, found.subject.port) == ("CAPS_CHANGED_LOSS", Severity.WARNING, 465)
    assert found.args == {"host": HOST, "ports": ("465",), "lost": ("LOGIN",)}


def test_imap_and_pop_are_not_compared() -> None:
    """They are different protocols."""
    assert codes(judged(healthy(auth_after=("PLAIN", "LOGIN", "CRAM-MD5")), healthy(Service.POP3S, 995))) == []


def test_what_is_lost_with_tls_is_a_warning() -> None:
    """A server that offers less over TLS than in clear text."""
    words = ("PIPELINING", "8BITMIME", "STARTTLS")
    found = the(judged(healthy(Service.SUBMISSION, 587, capabilities_before=words, capabilities_after=("PIPELINING", "AUTH PLAIN LOGIN"))))
    assert found.args["lost"] == ("8BITMIME",)


def test_starttls_itself_is_not_missed_after_it() -> None:
    """RFC 3207, 4.2: it must not be offered again; neither is LOGINDISABLED missed."""
    before, after = ("IMAP4REV1", "IDLE", "STARTTLS", "LOGINDISABLED"), ("IMAP4REV1", "IDLE", "AUTH=PLAIN")
    assert codes(judged(healthy(Service.IMAP, 143, capabilities_before=before, capabilities_after=after))) == []
