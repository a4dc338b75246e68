"""Reading plain data of strangers, one value at a time: what a key may say, and the words for what it may not.

A reader takes a key and its value, and returns what the model holds or raises an AutoconfigError. A `Table` hands out its keys to
readers, and notes each mistake with the path to it, instead of stopping at the first.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import N_, AutoconfigError
from autoconfig.model import EMAILADDRESS, EMAILDOMAIN, EMAILLOCALPART, AuthMethod, HostPattern, ModelError, Protocol, TLSMode, UserPattern
from autoconfig.store.places import Path

Data = dict[str, Any]
T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)
Reader = Callable[[str, object], T]  # (key, value) -> what the model holds

MAX_ELEMENTS = 100  # of a list or a table; nobody has more, and each may be a mistake

SOFTWARE = ("cpanel", "directadmin", "plesk", "postfix-dovecot")

_PROVIDER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")  # RFC 5646, 2.1, its common part
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\Z")  # RFC 6376, 3.1
_MX = re.compile(r"(\d{1,5}) +(\S+)\Z")


class Mistake(NamedTuple):
    """What is wrong, and the way to it."""

    path: Path
    error: AutoconfigError


@dataclass(slots=True)
class Table:
    """One table of foreign data: hands out its keys, and notes each mistake with its path."""

    data: Data
    path: Path
    mistakes: list[Mistake]

    @classmethod
    def open(cls, data: object, path: Path, mistakes: list[Mistake], known: tuple[str, ...]) -> Table | None:
        """Return *data* as a table, None where it is none; note the keys that are not *known*."""
        if not isinstance(data, dict):
            mistakes.append(Mistake(path, ModelError(N_("%(key)s must be a table"), key=_last_key(path))))
            return None
        if len(data) > MAX_ELEMENTS:
            error = ModelError(
                N_("%(key)s has %(count)d keys; the keys are %(known)s"), key=_last_key(path), count=len(data), known=", ".join(known)
            )
            mistakes.append(Mistake(path, error))
            return None
        for key in data:
            if key not in known:
                mistakes.append(Mistake((*path, key), unknown_key(key, known)))
        return cls(data, path, mistakes)

    def note(self, error: AutoconfigError, *way: str | int) -> None:
        self.mistakes.append(Mistake(self.path + way, error))

    def get(self, key: str, read: Reader[T]) -> T | None:
        """Return what *key* says, None where it says nothing or something wrong."""
        if key not in self.data:
            return None
        try:
            return read(key, self.data[key])
        except AutoconfigError as error:
            self.note(error, key)
            return None

    def need(self, key: str, read: Reader[T]) -> T | None:
        """Return what *key* says, and note it where it is missing."""
        if key not in self.data:
            self.note(ModelError(N_("%(key)s is missing"), key=key))
        return self.get(key, read)

    def several(self, key: str, read: Reader[T]) -> tuple[T, ...] | None:
        """Return the list under *key*, in which nothing may stand twice, without the elements that are wrong."""
        values = self.get(key, read_list)
        if values is None:
            return None
        found: dict[T, None] = {}
        for i, value in enumerate(values):
            try:
                element = read(key, value)
            except AutoconfigError as error:
                self.note(error, key, i)
                continue
            if element in found:
                self.note(ModelError(N_("%(key)s names %(value)s twice"), key=key, value=element), key, i)
            found[element] = None
        if not values:
            self.note(ModelError(N_("%(key)s is empty"), key=key), key)
        return tuple(found)

    def table(self, key: str, known: tuple[str, ...]) -> Table | None:
        """Return the table under *key*, None where there is none."""
        return Table.open(self.data[key], (*self.path, key), self.mistakes, known) if key in self.data else None

    def tables(self, key: str, known: tuple[str, ...]) -> list[Table]:
        """Return the tables of the list under *key*."""
        values = self.get(key, read_list) or []
        found = (Table.open(value, (*self.path, key, i), self.mistakes, known) for i, value in enumerate(values))
        return [table for table in found if table is not None]


def unknown_key(key: str, known: tuple[str, ...]) -> ModelError:
    """Return the error for a key that does not exist, with the nearest that does."""
    nearest = difflib.get_close_matches(key, known, 1)
    if nearest:
        return ModelError(N_("there is no key %(key)s here; did you mean %(nearest)s?"), key=key, nearest=nearest[0])
    return ModelError(N_("there is no key %(key)s here; the keys are %(known)s"), key=key, known=", ".join(known))


def _last_key(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "this")


def read_list(key: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise ModelError(N_("%(key)s must be a list in brackets"), key=key)
    if len(value) > MAX_ELEMENTS:
        raise ModelError(N_("%(key)s has %(count)d elements; there may be %(limit)d"), key=key, count=len(value), limit=MAX_ELEMENTS)
    return value


def read_string(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise ModelError(N_("%(key)s must be text in quotes"), key=key)
    return value


def read_flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ModelError(N_("%(key)s must be true or false, without quotes"), key=key)
    return value


def read_line(key: str, value: object) -> str:
    text = read_string(key, value).strip()
    if not text:
        raise ModelError(N_("%(key)s is empty"), key=key)
    if not text.isprintable():
        raise ModelError(N_("%(key)s has a character that cannot be seen: %(value)s"), key=key, value=text)
    return text


def read_text(key: str, value: object) -> str:
    text = read_string(key, value)
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise ModelError(N_("%(key)s has a character that cannot be seen: %(value)s"), key=key, value=text)
    return text


def read_port_number(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ModelError(N_("%(key)s must be a whole number, without quotes"), key=key)
    if not 1 <= value <= 65535:
        # Python refuses to write numbers of thousands of digits, but for hexadecimal ones.
        raise ModelError(
            N_("%(key)s must be between 1 and 65535, not %(value)s"), key=key, value=value if abs(value) < 2**63 else hex(value)
        )
    return value


def _word(key: str, value: object, words: type[Word]) -> Word:
    try:
        return words(read_string(key, value))
    except ValueError:
        raise _unknown_word(key, value, tuple(words)) from None


def _unknown_word(key: str, value: object, words: tuple[str, ...]) -> ModelError:
    return ModelError(N_("%(value)s is not a value of %(key)s; use one of: %(known)s"), key=key, value=value, known=", ".join(words))


def read_tls(key: str, value: object) -> TLSMode:
    return _word(key, value, TLSMode)


def read_auth(key: str, value: object) -> AuthMethod:
    return _word(key, value, AuthMethod)


def read_protocol(key: str, value: object) -> Protocol:
    return _word(key, value, Protocol)


def read_software(key: str, value: object) -> str:
    if read_string(key, value) not in SOFTWARE:
        raise _unknown_word(key, value, SOFTWARE)
    return str(value)


def read_host(key: str, value: object) -> HostPattern:
    return HostPattern.parse(read_line(key, value))


def read_username(key: str, value: object) -> UserPattern:
    return UserPattern.parse(read_string(key, value))


def read_domain_name(key: str, value: object) -> Domain:
    return Domain.parse(read_string(key, value))


def read_email(key: str, value: object) -> str:
    text = read_line(key, value)
    EmailAddress.parse(text.replace(EMAILDOMAIN, "a.example"))
    return text


def read_provider_id(key: str, value: object) -> str:
    text = read_string(key, value)
    if not _PROVIDER_ID.match(text):
        raise ModelError(N_("%(value)s is not an id; use a-z, 0-9 and hyphens, at most 64, such as karlahosting"), value=text)
    return text


def read_language(key: str, value: object) -> str:
    text = read_string(key, value)
    if not _LANGUAGE.match(text):
        raise ModelError(N_("%(value)s is not a language; write it like sv or en"), value=text)
    return text


def read_color(key: str, value: object) -> str:
    text = read_string(key, value)
    if not _COLOR.match(text):
        raise ModelError(N_("%(value)s is not a color; write it like #1a7f64"), value=text)
    return text


def read_mx(key: str, value: object) -> str:
    text = read_line(key, value)
    found = _MX.match(text)
    if found is None or int(found[1]) > 65535:
        raise ModelError(N_('%(value)s is not a mail exchanger; write it like "10 mx.karlahosting.se"'), value=text)
    return f"{int(found[1])} {HostPattern.parse(found[2])}"


def read_selector(key: str, value: object) -> str:
    text = read_string(key, value)
    if not _SELECTOR.match(text):
        raise ModelError(N_("%(value)s is not a DKIM selector"), value=text)
    return text


def read_url(key: str, value: object) -> str:
    text = read_line(key, value)
    try:
        parts = urlsplit(text.replace(EMAILDOMAIN, "a.example"))
        is_web_page = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        is_web_page = False
    if not is_web_page:
        raise ModelError(N_("%(key)s must be an http or https address, not %(value)s"), key=key, value=text)
    for placeholder in (EMAILADDRESS, EMAILLOCALPART):
        if placeholder in text:
            raise ModelError(N_("%(key)s may only have the placeholder %(placeholder)s"), key=key, placeholder=EMAILDOMAIN)
    return text
