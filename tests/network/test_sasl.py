"""Mechanisms against the examples of their standards, and against whatever a server may say instead."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.network.sasl import MECHANISMS, Exchange, MechanismFailed, prepared, strongest
from autoconfig.network.secret import Credentials, Password


def who(username: str = "user", password: str = "pencil") -> Credentials:  # noqa: S107 - the standards' own
    """Somebody."""
    return Credentials(username, Password(password))


SCRAM = {
    # RFC 5802, 5
    "SCRAM-SHA-1": (
        "fyko+d2lbbFgONRv9qkxdawL",
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    # RFC 7677, 3
    "SCRAM-SHA-256": (
        "rOprNGfwEbeRWgbNEkqO",
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
}


@pytest.mark.parametrize("name", SCRAM)
def test_scram_is_that_of_its_standard(name: str) -> None:
    """Message by message; only the server's proof settles it."""
    nonce, server_first, client_final, server_final = SCRAM[name]
    exchange = Exchange(name, who(), lambda: nonce)
    assert exchange.client_first
    assert exchange.initial == f"n,,n=user,r={nonce}".encode()
    assert exchange.respond(server_first) == client_final
    assert not exchange.settled
    assert exchange.respond(server_final) == b""
    assert exchange.settled
    with pytest.raises(MechanismFailed):
        exchange.respond(b"")


@pytest.mark.parametrize(
    "server_first",
    [
        b"",
        b"r=other,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=nonce,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=nonceX,s=QSXCR+Q6sek8bf92,i=0",
        b"r=nonceX,s=QSXCR+Q6sek8bf92,i=1000001",
        b"r=nonceX,s=QSXCR+Q6sek8bf92,i=-1",
        b"r=nonceX,s=QSXCR+Q6sek8bf92,i=99999999999999999999",
        b"r=nonceX,s=QSXC*,i=4096",
        b"r=nonceX,s=,i=4096",
        b"m=ext,r=nonceX,s=QSXCR+Q6sek8bf92,i=4096",
        b"r=nonceX,s=QSXCR+Q6sek8bf92",
        b"\xff\xfe",
        b"x" * 5000,
    ],
)
def test_scram_answers_no_server_that_does_not_keep_to_it(server_first: bytes) -> None:
    """A nonce that is not ours with something added, no salt, no number or one that would take a day, an extension, garbage."""
    exchange = Exchange("SCRAM-SHA-256", who(), lambda: "nonce")
    with pytest.raises(MechanismFailed):
        exchange.respond(server_first)


def test_scram_believes_no_server_that_cannot_prove_itself() -> None:
    """A wrong signature ends it; the server's own word of refusal is no proof either."""
    nonce, server_first, _, _ = SCRAM["SCRAM-SHA-256"]
    exchange = Exchange("SCRAM-SHA-256", who(), lambda: nonce)
    exchange.respond(server_first)
    with pytest.raises(MechanismFailed):
        exchange.respond(b"v=" + base64.b64encode(bytes(32)))
    exchange = Exchange("SCRAM-SHA-256", who(), lambda: nonce)
    exchange.respond(server_first)
    assert exchange.respond(b"e=invalid-proof") == b""
    assert not exchange.settled


def test_scram_writes_commas_and_equals_signs_as_it_must() -> None:
    """RFC 5802, 5.1: saslname."""
    assert Exchange("SCRAM-SHA-1", who("a=b,c"), lambda: "x").initial == b"n,,n=a=3Db=2Cc,r=x"


def test_cram_md5_is_that_of_its_standard() -> None:
    """RFC 2195, 2."""
    exchange = Exchange("CRAM-MD5", who("tim", "tanstaaftanstaaf"))
    assert not exchange.client_first
    assert exchange.respond(b"<1896.697170952@postoffice.reston.mci.net>") == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_plain_and_login_say_utf_8() -> None:
    """RFC 4616, 2; LOGIN in the same bytes."""
    anna = who("änna", "lösen")
    assert Exchange("PLAIN", anna).initial == "\0änna\0lösen".encode()
    exchange = Exchange("LOGIN", anna)
    assert (exchange.respond(b"Username:"), exchange.respond(b"Password:")) == ("änna".encode(), "lösen".encode())
    with pytest.raises(MechanismFailed):
        exchange.respond(b"And your mother's name?")


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (("LOGIN", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"), "SCRAM-SHA-256"),
        (("PLAIN", "SCRAM-SHA-1", "XOAUTH2"), "SCRAM-SHA-1"),
        (("LOGIN", "CRAM-MD5", "PLAIN"), "CRAM-MD5"),
        (("LOGIN", "PLAIN"), "PLAIN"),
        (("LOGIN",), "LOGIN"),
        (("XOAUTH2", "GSSAPI", "SCRAM-SHA-256-PLUS", "PASSWORD"), None),
        ((), None),
    ],
)
def test_the_strongest_mechanism_is_taken(offered: tuple[str, ...], taken: str | None) -> None:
    """Of those that we know."""
    assert strongest(offered) == taken


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("I\u00adX", "IX"),  # RFC 4013, 3
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("\u0007", "\u0007"),  # prohibited: as it is
        ("\u0627\u0031", "\u0627\u0031"),  # mixed directions: as it is
        ("a\u00a0b", "a b"),
        ("lo\u0308sen", "l\u00f6sen"),
        ("\ud800", "\ud800"),
        ("\u00ad", "\u00ad"),  # nothing would be left
        ("🔑", "🔑"),
    ],
)
def test_saslprep(text: str, becomes: str) -> None:
    """RFC 4013's examples, and what it forbids."""
    assert prepared(text) == becomes


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_saslprep_is_done_once(text: str) -> None:
    """What is prepared stays as it is."""
    assert prepared(prepared(text)) == prepared(text)


@given(
    st.sampled_from(MECHANISMS), st.lists(st.binary(max_size=80) | st.text("rsiv=,n0123456789+/", max_size=40).map(str.encode), max_size=5)
)
def test_no_challenge_does_more_than_end_it(mechanism: str, challenges: list[bytes]) -> None:
    """Whatever is said, in whatever order; and what is not SCRAM's proof settles no SCRAM."""
    exchange = Exchange(mechanism, who(), lambda: "n0")
    with suppress(MechanismFailed):
        for challenge in challenges:
            assert isinstance(exchange.respond(challenge), bytes)
    assert exchange.settled == (not mechanism.startswith("SCRAM"))
