"""A password is shown nowhere, and is taken out of what is shown."""

from __future__ import annotations

import base64
import copy
import pickle
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.errors import UsageError
from autoconfig.network.secret import MAX_LENGTH, Credentials, Password

SECRET = "geheim-9f31å"
PLAIN = base64.b64encode(b"\0anna@kund.se\0" + SECRET.encode()).decode()
ANNA = Credentials("anna@kund.se", Password(SECRET))


def test_nothing_that_python_does_with_a_value_shows_it() -> None:
    """Printing, formatting, in a dataclass, in a traceback's locals; and it cannot be saved."""

    @dataclass
    class Holder:
        password: Password

    password = Password(SECRET)
    shown = [str(password), repr(password), f"{password}", f"{password!r:>40}", "%s" % password, repr(Holder(password)), repr(ANNA)]  # noqa: UP031
    assert not [text for text in shown if SECRET in text]
    assert all("********" in text for text in shown)
    assert not hasattr(password, "__dict__")
    for save in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            save(password)
    assert password.reveal() == SECRET


@pytest.mark.parametrize("text", ["", "a\nb", "a\rb", "a\0b", "geheim\ud800", "x" * (MAX_LENGTH + 1)])
def test_what_cannot_be_a_password(text: str) -> None:
    """And the complaint does not show it."""
    with pytest.raises(UsageError) as error:
        Password(text)
    assert not text or text not in str(error.value)


@pytest.mark.parametrize(
    "said",
    [
        f"NO wrong password {SECRET} for anna@kund.se",
        f"535 5.7.8 {SECRET.upper()}: anna@KUND.se",
        f"-ERR {base64.b64encode(SECRET.encode()).decode()}",
        f"< {base64.b64encode(b'anna@kund.se').decode()}",
        f"AUTH PLAIN {PLAIN}",
        f"+ {base64.b64encode(SECRET.encode()[::-1]).decode()}",
        "334 UGFzc3dvcmQ6",
        "no user anna here",
    ],
)
def test_a_server_s_words_are_told_without_it(said: str) -> None:
    """Neither the password nor the user name, nor either in base64, nor a challenge."""
    told = ANNA.censored(said)
    assert "********" in told
    secret = [SECRET, "anna", base64.b64encode(SECRET.encode()).decode(), PLAIN]
    assert not [word for word in secret if word.lower() in told.lower()]


def test_a_short_name_is_left_within_other_words() -> None:
    """ "info" is part of "information"."""
    assert Credentials("info", Password("x1y2")).censored("NO info: no information") == "NO ********: no information"


@given(st.text(max_size=40), st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=4, max_size=12))
def test_no_text_keeps_it(text: str, secret: str) -> None:
    """Wherever it stands; asterisks are all that there is then."""
    told = Credentials("n", Password(secret)).censored(f"{text}{secret}{text}")
    assert secret not in told.replace("********", "\0") or set(secret) <= set("* ")
