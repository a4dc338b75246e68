"""The forms of mail programs as data: what each asks for, in its own order and words, as labels/CLIENT.LANGUAGE.toml says.

A label stands in a file only where somebody saw it, and with where; a field without one is called by our own plain word. So what
a file does not say is never made up. Read once, at the first call, and not at import.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from autoconfig.guides.clients import ClientName
from autoconfig.i18n import SOURCE_LANGUAGE
from autoconfig.model import Protocol

_SUFFIX = ".toml"


class Source(StrEnum):
    """Where a label was read: in the program's own resource files or its ancestor's, at its maker, at a mail host, elsewhere."""

    L10N = "l10n"
    L10N_OLD = "l10n-old"
    VENDOR = "vendor"
    HOST = "host"
    THIRD_PARTY = "third-party"

    @property
    def is_certain(self) -> bool:
        """Tell whether a reader may be told that these are the very words."""
        return self is not Source.THIRD_PARTY


class Kind(StrEnum):
    """What a field wants."""

    NAME = "name"
    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - what a field or a section is called, no password
    DESCRIPTION = "description"
    PROTOCOL = "protocol"
    INCOMING_HOST = "incoming_host"
    INCOMING_PORT = "incoming_port"
    INCOMING_SECURITY = "incoming_security"
    INCOMING_TLS = "incoming_tls"  # a box to tick, in the place of a choice
    INCOMING_AUTHENTICATION = "incoming_authentication"
    INCOMING_USERNAME = "incoming_username"
    INCOMING_PASSWORD = "incoming_password"  # noqa: S105 - what a field or a section is called, no password
    OUTGOING_PROTOCOL = "outgoing_protocol"
    OUTGOING_HOST = "outgoing_host"
    OUTGOING_PORT = "outgoing_port"
    OUTGOING_SECURITY = "outgoing_security"
    OUTGOING_LOGIN = "outgoing_login"  # whether one logs in at all
    SAME_LOGIN = "same_login"  # ... with what the incoming server knows
    OUTGOING_AUTHENTICATION = "outgoing_authentication"
    OUTGOING_USERNAME = "outgoing_username"
    OUTGOING_PASSWORD = "outgoing_password"  # noqa: S105 - what a field or a section is called, no password
    INCOMING_SPA = "incoming_spa"
    OUTGOING_SPA = "outgoing_spa"
    ADVANCED = "advanced"  # opens the rest of the form
    AUTOMATIC = "automatic"  # hides the rest of the form
    LINKED = "linked"  # the account that one has just made
    IMAP_PREFIX = "imap_prefix"
    ON = "on"
    OFF = "off"
    CHOICE = "choice"  # one of the program's own words, always the same
    LEAVE = "leave"
    EMPTY = "empty"


class About(StrEnum):
    """What a section is about, for a heading of our own."""

    YOU = "you"
    INCOMING = "incoming"
    OUTGOING = "outgoing"
    PASSWORD = "password"  # noqa: S105 - what a field or a section is called, no password
    DISPLAY = "display"
    SECOND = "second"
    MORE = "more"
    ADVANCED = "advanced"
    AFTERWARDS = "afterwards"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Label:
    """Words as a program shows them, and where they were seen."""

    text: str
    source: Source

    @property
    def seen(self) -> bool:
        return self.source.is_certain


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. Without a label for a protocol nobody has seen what it is called there; *only* is the protocol that has it."""

    kind: Kind
    labels: Mapping[Protocol, Label]
    choice: Label | None = None
    note: str | None = None
    only: Protocol | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading."""

    about: About
    heading: Label | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a program calls TLS modes, ways to log in and protocols, by the model's words; *outgoing* where sending differs."""

    common: Mapping[str, Label]
    outgoing: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: *say* names a sentence of ours, *path* is what to press."""

    say: str
    path: tuple[Label, ...] = ()
    only: Protocol | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One form as it stands on the screen; *when* names a sentence of ours about who sees this one."""

    when: str | None
    words: Words
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """All that is known of one program in one language; no cards where nobody has seen its form."""

    client: ClientName
    language: str
    steps: tuple[Step, ...]
    profile: tuple[Step, ...]
    cards: tuple[Card, ...]
    notes: tuple[str, ...]


def form_of(client: ClientName, language: str) -> Form | None:
    """Return *client*'s form in *language*, in English where nobody has collected that language, None where there is nothing."""
    forms = all_forms()
    return forms.get((client, language)) or forms.get((client, SOURCE_LANGUAGE))


@cache
def all_forms() -> Mapping[tuple[ClientName, str], Form]:
    """Return every form that there is a file for."""
    found = {}
    for entry in resources.files("autoconfig.guides").joinpath("labels").iterdir():
        stem, language = entry.name.removesuffix(_SUFFIX).split(".")
        if stem != "errors":
            client = ClientName(stem)
            found[client, language] = _form(client, language, tomllib.loads(entry.read_text(encoding="utf-8")))
    return found


def _form(client: ClientName, language: str, data: dict[str, Any]) -> Form:
    source = data.pop("source", None)
    words = data.pop("words", {}), data.pop("outgoing_words", {})
    form = Form(
        client,
        language,
        tuple(_step(step, source) for step in data.pop("steps", ())),
        tuple(_step(step, source) for step in data.pop("profile", ())),
        tuple(_card(card, words, source) for card in data.pop("cards", ())),
        tuple(data.pop("notes", ())),
    )
    _nothing_left(data)
    return form


def _card(data: dict[str, Any], words: tuple[dict[str, str], dict[str, str]], source: str | None) -> Card:
    source = data.pop("source", source)
    common, outgoing = words[0] | data.pop("words", {}), words[1] | data.pop("outgoing_words", {})
    card = Card(
        data.pop("when", None),
        Words(
            {word: Label(text, Source(source)) for word, text in common.items()},
            {word: Label(text, Source(source)) for word, text in outgoing.items()},
        ),
        tuple(_section(section, source) for section in data.pop("sections")),
    )
    _nothing_left(data)
    return card


def _section(data: dict[str, Any], source: str | None) -> Section:
    source = data.pop("source", source)
    heading = data.pop("heading", None)
    section = Section(
        About(data.pop("about")),
        None if heading is None else Label(heading, Source(source)),
        tuple(_field(field, source) for field in data.pop("fields")),
    )
    _nothing_left(data)
    return section


def _field(data: dict[str, Any], source: str | None) -> Field:
    source = data.pop("source", source)
    label = data.pop("label", None)
    texts = {protocol: data.pop(protocol.value, label) for protocol in Protocol}
    choice = data.pop("choice", None)
    field = Field(
        Kind(data.pop("kind")),
        {protocol: Label(text, Source(source)) for protocol, text in texts.items() if text is not None},
        None if choice is None else Label(choice, Source(source)),
        data.pop("note", None),
        _protocol(data.pop("only", None)),
    )
    _nothing_left(data)
    return field


def _step(data: dict[str, Any], source: str | None) -> Step:
    source = data.pop("source", source)
    step = Step(
        data.pop("say"),
        tuple(Label(text, Source(source)) for text in data.pop("path", ())),
        _protocol(data.pop("only", None)),
    )
    _nothing_left(data)
    return step


def _protocol(name: str | None) -> Protocol | None:
    return None if name is None else Protocol(name)


def _nothing_left(data: dict[str, Any]) -> None:
    if data:
        raise ValueError(f"a file of labels says what nobody reads: {', '.join(data)}")
