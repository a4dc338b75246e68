"""What mail programs say when it does not work, word for word from labels/errors.LANGUAGE.toml, and which fault each means.

Beside them stand the codes with which servers refuse, since many programs show the server's answer as it came.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from autoconfig.guides.clients import ClientName
from autoconfig.guides.forms import Source

ANYTHING = "…"  # in the words: what differs from time to time
_PREFIX = "errors."
_LEAST = 8  # letters in a row that must agree before we take a text for one that we know
_LOOKED_AT = 2000  # characters of what somebody pastes
# One program's apostrophes are another's; and a message that was pasted has its lines broken anywhere.
_QUOTES = str.maketrans("‘’“”«»", '\'\'""""')


class Fault(StrEnum):
    """What is wrong, in the order in which it is most often so."""

    PASSWORD = "password"  # noqa: S105 - a fault's name, no password
    CERTIFICATE = "certificate"
    NOT_FOUND = "not_found"
    NO_CONTACT = "no_contact"
    ENCRYPTION = "encryption"
    OUTGOING_LOGIN = "outgoing_login"
    FULL = "full"


# In the answers of servers, in small letters. RFC 5530, 3 and RFC 3206, 4: codes in brackets; RFC 3463, 3: codes with dots.
_SERVERS_SAY = (
    (re.compile(r"\[(?:authenticationfailed|authorizationfailed|expired|auth)\]|\b535[ -]|\b5\.7\.8\b"), Fault.PASSWORD),
    (re.compile(r"\[privacyrequired\]|\b5\.7\.10\b|\b530 .{0,20}\bstarttls\b"), Fault.ENCRYPTION),
    (re.compile(r"\b530 .{0,20}\bauthentication required\b|\brelay(?:ing)? (?:access )?denied\b"), Fault.OUTGOING_LOGIN),
    (re.compile(r"\[overquota\]|\b[45]\.2\.2\b|\bmailbox (?:is )?full\b|\bquota (?:is )?exceeded\b|\bover quota\b"), Fault.FULL),
)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What *client* shows in *language* for *fault*."""

    client: ClientName
    language: str
    fault: Fault
    words: str
    source: Source


@cache
def all_error_texts() -> tuple[ErrorText, ...]:
    """Return every text that there is, by language and fault."""
    found = []
    files = resources.files("autoconfig.guides").joinpath("labels").iterdir()
    for entry in sorted((entry for entry in files if entry.name.startswith(_PREFIX)), key=lambda entry: entry.name):
        language = entry.name.removeprefix(_PREFIX).removesuffix(".toml")
        for fault, rows in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            for row in rows:
                found.append(ErrorText(ClientName(row["client"]), language, Fault(fault), row["words"], Source(row["source"])))
    return tuple(found)


def shown_by(client: ClientName, language: str, fault: Fault) -> tuple[str, ...]:
    """Return what *client* certainly shows in *language* for *fault*."""
    return tuple(
        text.words
        for text in all_error_texts()
        if (text.client, text.language, text.fault) == (client, language, fault) and text.source.is_certain
    )


def recognise(message: str) -> tuple[ErrorText, ...]:
    """Return the texts that *message*, as somebody copied it, holds; the longest agreement first."""
    message = _plain(message[:_LOOKED_AT])
    found = [text for text in all_error_texts() if _letters(text.words) >= _LEAST and _holds(message, text.words)]
    return tuple(sorted(found, key=lambda text: -_letters(text.words)))


def said_by_server(message: str) -> tuple[Fault, ...]:
    """Return the faults that stand in *message* in the words of servers."""
    message = _plain(message[:_LOOKED_AT])
    return tuple(fault for pattern, fault in _SERVERS_SAY if pattern.search(message))


def _holds(message: str, words: str) -> bool:
    """Tell whether the parts of *words* stand in *message* in their order."""
    at = 0
    for part in _parts(words):
        at = message.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def _parts(words: str) -> list[str]:
    return [part for part in (_plain(part).strip(" .:") for part in words.split(ANYTHING)) if part]


def _letters(words: str) -> int:
    return sum(len(part) for part in _parts(words))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_QUOTES)).casefold().strip()
