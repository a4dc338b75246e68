"""A password, and whose: shown nowhere, kept in no file, and taken out of whatever a server says.

Who needs the text asks for it by name. Everything else that Python does with a value, printing, formatting, pickling, gets asterisks
or an error.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import NoReturn

from autoconfig.errors import N_, UsageError

MASK = "********"
MAX_LENGTH = 1000  # characters

# What a server asks during a login, or what it says again of our answers, is nobody's business: "+ " in IMAP and POP3, 334 in SMTP.
_CHALLENGE = re.compile(r"(\+|334)[ -].+\Z", re.DOTALL)


class Password:
    """A password. Raises UsageError where *text* cannot be one."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text:
            raise UsageError(N_("the password is empty"))
        if len(text) > MAX_LENGTH or any(c in text for c in "\0\r\n"):
            raise UsageError(N_("the password is too long, or has a line end in it"))
        try:
            octets(text)
        except UnicodeEncodeError:
            raise UsageError(N_("the password has a character that does not exist")) from None
        self._text = text

    def reveal(self) -> str:
        """Return the text, for a server and nobody else."""
        return self._text

    def __repr__(self) -> str:
        return f"Password({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a password is not to be saved")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Somebody's user name and password."""

    username: str
    password: Password

    def censored(self, text: str) -> str:
        """Return *text* without the password and the user name, plain or in base64, and without a login's challenge."""
        if found := _CHALLENGE.match(text):
            return f"{found[1]} {MASK}"
        for word in self._words():
            text = re.sub(word, MASK, text, flags=re.IGNORECASE)
        return text

    def _words(self) -> list[str]:
        """Return patterns of all that may not be seen, the longest first."""
        name, password = octets(self.username), octets(self.password.reveal())
        secret = {password, base64.b64encode(password), base64.b64encode(name), base64.b64encode(b"\0" + name + b"\0" + password)}
        patterns = [re.escape(word.decode("utf-8", "replace")) for word in secret if word]
        # A name may be a part of many words ("info").
        names = {self.username, self.username.partition("@")[0]} - {""}
        patterns += [rf"(?<!\w){re.escape(word)}(?!\w)" for word in names]
        return sorted(patterns, key=len, reverse=True)


def octets(text: str) -> bytes:
    """Return *text* as it goes to a server: UTF-8, and bytes of the terminal that were none as they were."""
    return text.encode("utf-8", "surrogateescape")
