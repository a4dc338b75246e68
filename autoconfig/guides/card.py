"""A program's form filled with what a customer enters: the fields in their order, each with its value, and what the form leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from autoconfig.address import Domain, EmailAddress
from autoconfig.guides import forms, words
from autoconfig.guides.forms import About, Kind, Label
from autoconfig.guides.sheet import UserName, user_name
from autoconfig.i18n import SOURCE_LANGUAGE, Texts
from autoconfig.model import EMAILADDRESS, EMAILLOCALPART, Account, AuthMethod, Protocol, Server, TLSMode

PROTOCOLS = {Protocol.IMAP: "IMAP", Protocol.POP3: "POP3"}
_TYPED_PASSWORD = frozenset({AuthMethod.PASSWORD_CLEARTEXT, AuthMethod.PASSWORD_ENCRYPTED, AuthMethod.NTLM})
_AUTH_NONE = "auth-none"  # in label files: "none" is the TLS mode

_LATER = frozenset({About.SECOND, About.AFTERWARDS})

# What every card must say, so what a program's form does not ask for comes last, in our own words.
_NEEDED = (
    Kind.INCOMING_HOST,
    Kind.INCOMING_PORT,
    Kind.INCOMING_SECURITY,
    Kind.INCOMING_AUTHENTICATION,
    Kind.INCOMING_USERNAME,
    Kind.OUTGOING_HOST,
    Kind.OUTGOING_PORT,
    Kind.OUTGOING_SECURITY,
    Kind.OUTGOING_AUTHENTICATION,
    Kind.OUTGOING_USERNAME,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line to enter or choose. *readable* is the value as people write it, where that differs.

    *seen* tells that the label, and the choice where there is one, are the program's very words; *english* are its English ones
    where its own in the reader's language are not known.
    """

    kind: Kind
    label: str
    value: str
    seen: bool
    copyable: bool = False
    readable: str | None = None
    english: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading; *seen* tells that it is the program's own. *lead* says when this part comes, if not at once."""

    about: About
    heading: str
    seen: bool
    rows: tuple[Row, ...]
    lead: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One form, filled in; *when* tells who sees this one, where there are several."""

    when: str | None
    sections: tuple[Section, ...]

    @property
    def rows(self) -> Iterator[Row]:
        return (row for section in self.sections for row in section.rows)


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose form it is: everybody in *domain*, or *address*, reading *texts* and using *account*."""

    domain: Domain
    address: EmailAddress | None
    account: Account[Domain]
    texts: Texts


def fill(card: forms.Card, english: forms.Card, language: str, customer: Customer) -> Card:
    """Return *card*, collected in *language*, for *customer*; *english* is the same card in English."""
    _ = customer.texts.gettext
    is_theirs = language == customer.texts.language
    sections = []
    for section, same in zip(card.sections, english.sections, strict=True):
        rows = tuple(
            row
            for field, twin in zip(section.fields, same.fields, strict=True)
            if field.only in (None, customer.account.protocol)
            and (row := _row(field, twin, section.about, card.words, customer, is_theirs=is_theirs)) is not None
        )
        heading = section.heading if is_theirs else None
        if rows:
            ours = _(words.HEADINGS[section.about])
            text, seen = (heading.text, heading.seen) if heading else (ours, False)
            sections.append(Section(section.about, text, seen, rows, ours if heading and section.about in _LATER else None))
    said = {kind for section in sections for row in section.rows for kind in _tells(row.kind, customer)}
    missing = (forms.Field(kind, {}) for kind in _NEEDED if kind not in said and kind not in _not_needed(customer))
    rest = tuple(row for field in missing if (row := _row(field, field, About.REST, card.words, customer, is_theirs=is_theirs)) is not None)
    if rest:
        sections.append(Section(About.REST, _(words.HEADINGS[About.REST]), False, rest))
    return Card(None if card.when is None else _(words.WHEN[card.when]), tuple(sections))


def user_text(name: UserName, texts: Texts) -> str:
    """Return a user name as it is entered, or a description of it where there is no address."""
    if name.text is not None:
        return name.text
    described = {EMAILADDRESS: texts.gettext(words.YOUR_ADDRESS), EMAILLOCALPART: texts.gettext(words.YOUR_LOCAL_PART)}
    return "".join(described.get(part, part) for part in name.parts)


def security_text(tls: TLSMode, texts: Texts) -> str:
    """Return our own word for *tls*."""
    return texts.gettext(words.SECURITY[tls])


def _tells(kind: Kind, customer: Customer) -> tuple[Kind, ...]:
    """Return what a row of *kind* settles; a box may stand for a choice."""
    outgoing = customer.account.outgoing.auth[0]
    match kind:
        case Kind.INCOMING_TLS:
            return (kind, Kind.INCOMING_SECURITY)
        case Kind.INCOMING_SPA if customer.account.incoming.auth[0] in (AuthMethod.PASSWORD_CLEARTEXT, AuthMethod.NTLM):
            return (kind, Kind.INCOMING_AUTHENTICATION)
        case Kind.OUTGOING_SPA if outgoing in (AuthMethod.PASSWORD_CLEARTEXT, AuthMethod.NTLM):
            return (kind, Kind.OUTGOING_AUTHENTICATION)
        case Kind.OUTGOING_LOGIN if outgoing is AuthMethod.NONE:
            return (kind, Kind.OUTGOING_AUTHENTICATION)
        case Kind.SAME_LOGIN if _same_login(customer.account):
            return (kind, Kind.OUTGOING_USERNAME, Kind.OUTGOING_AUTHENTICATION)
        case _:
            return (kind,)


def _not_needed(customer: Customer) -> tuple[Kind, ...]:
    """Return what nobody has to be told: a user name where none is asked for, and that a password is a password."""
    account, found = customer.account, []
    if account.incoming.auth[0] is AuthMethod.PASSWORD_CLEARTEXT:
        found.append(Kind.INCOMING_AUTHENTICATION)
    if account.outgoing.auth[0] is AuthMethod.PASSWORD_CLEARTEXT:
        found.append(Kind.OUTGOING_AUTHENTICATION)
    if account.outgoing.auth[0] is AuthMethod.NONE:
        found.append(Kind.OUTGOING_USERNAME)
    return tuple(found)


def _same_login(account: Account[Domain]) -> bool:
    return (account.incoming.username, account.incoming.auth[0]) == (account.outgoing.username, account.outgoing.auth[0])


def _row(
    field: forms.Field, english: forms.Field, about: About, vocabulary: forms.Words, customer: Customer, *, is_theirs: bool
) -> Row | None:
    protocol = customer.account.protocol
    label = field.labels.get(protocol) if is_theirs else None
    in_english = english.labels.get(protocol) if customer.texts.language != SOURCE_LANGUAGE and label is None else None
    if label is not None:
        name = label.text
    elif field.kind in words.LABELS:
        name = customer.texts.gettext(_own_label(field.kind, about))
    elif in_english is not None:
        name, in_english = in_english.text, None
    else:
        return None
    value = _value(field, vocabulary if is_theirs else _NO_WORDS, customer, is_theirs=is_theirs)
    return Row(
        field.kind,
        name,
        value.text,
        seen=label is not None and label.seen and value.seen,
        copyable=value.copyable,
        readable=value.readable,
        english=None if in_english is None or in_english.text == name else in_english.text,
        note=None if field.note is None else customer.texts.gettext(words.FIELD_NOTES[field.note]),
    )


def _own_label(kind: Kind, about: About) -> str:
    part = kind.removeprefix(f"{about}_")
    return words.SHORT_LABELS[part] if part != kind and part in words.SHORT_LABELS else words.LABELS[kind]


_NO_WORDS = forms.Words({}, {})


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    seen: bool = True
    copyable: bool = False
    readable: str | None = None


def _value(field: forms.Field, vocabulary: forms.Words, customer: Customer, *, is_theirs: bool) -> _Value:
    _ = customer.texts.gettext
    account, kind = customer.account, field.kind
    if kind.startswith("incoming_"):
        return _server_value(kind.removeprefix("incoming_"), account.incoming, (vocabulary.common,), customer)
    if kind.startswith("outgoing_"):
        return _server_value(kind.removeprefix("outgoing_"), account.outgoing, (vocabulary.outgoing, vocabulary.common), customer)
    match kind:
        case Kind.NAME:
            return _Value(_(words.YOUR_NAME))
        case Kind.EMAIL | Kind.DESCRIPTION:
            return _address(customer)
        case Kind.PASSWORD:
            return _password(account.incoming, customer)
        case Kind.PROTOCOL:
            return _word(account.protocol.value, PROTOCOLS[account.protocol], (vocabulary.common,))
        case Kind.SAME_LOGIN:
            same = _same_login(account) and account.outgoing.auth[0] is not AuthMethod.NONE
            return _choice(field, customer, is_theirs=is_theirs) if same and field.choice else _Value(_(words.ON if same else words.OFF))
        case Kind.CHOICE:
            return _choice(field, customer, is_theirs=is_theirs)
        case _:
            return _Value(_(_FIXED[kind]))


_FIXED = {
    Kind.ON: words.ON,
    Kind.OFF: words.OFF,
    Kind.AUTOMATIC: words.OFF,
    Kind.ADVANCED: words.SHOW,
    Kind.LINKED: words.THE_NEW_ACCOUNT,
    Kind.LEAVE: words.LEAVE,
    Kind.EMPTY: words.EMPTY,
    Kind.IMAP_PREFIX: words.EMPTY,
}

_Vocabularies = tuple[Mapping[str, Label], ...]


def _server_value(part: str, server: Server[Domain], vocabularies: _Vocabularies, customer: Customer) -> _Value:
    _ = customer.texts.gettext
    method = server.auth[0]
    match part:
        case "host":
            readable = server.host.unicode if server.host.is_internationalised else None
            return _Value(server.host.ascii, copyable=True, readable=readable)
        case "port":
            return _Value(str(server.port), copyable=True)
        case "security":
            return _word(server.tls.value, security_text(server.tls, customer.texts), vocabularies)
        case "tls":
            return _Value(_(words.OFF if server.tls is TLSMode.NONE else words.ON))
        case "authentication":
            key = _AUTH_NONE if method is AuthMethod.NONE else method.value
            return _word(key, _(words.AUTHENTICATION[method]), vocabularies)
        case "login":
            return _Value(_(words.OFF if method is AuthMethod.NONE else words.ON))
        case "spa":
            return _Value(_(words.ON if method is AuthMethod.NTLM else words.OFF))
        case "username" if method is not AuthMethod.NONE:
            name = user_name(server, customer.domain, customer.address)
            return _Value(user_text(name, customer.texts), copyable=name.text is not None, readable=name.readable)
        case "password":
            return _password(server, customer)
        case "protocol":
            return _Value("SMTP")
        case _:
            return _Value(_(words.EMPTY))


def _address(customer: Customer) -> _Value:
    address = customer.address
    if address is None:
        return _Value(customer.texts.gettext(words.YOUR_ADDRESS))
    return _Value(address.ascii, copyable=True, readable=str(address) if address.ascii != str(address) else None)


def _password(server: Server[Domain], customer: Customer) -> _Value:
    method = server.auth[0]
    if method in _TYPED_PASSWORD:
        return _Value(customer.texts.gettext(words.YOUR_PASSWORD))
    return _Value(customer.texts.gettext(words.SIGN_IN_PAGE if method is AuthMethod.OAUTH2 else words.EMPTY))


def _choice(field: forms.Field, customer: Customer, *, is_theirs: bool) -> _Value:
    if field.choice is None:
        return _Value(customer.texts.gettext(words.LEAVE), seen=False)
    return _Value(field.choice.text, seen=is_theirs and field.choice.seen)


def _word(key: str, ours: str, vocabularies: _Vocabularies) -> _Value:
    """Return the program's word for *key*, else *ours*."""
    found = next((vocabulary[key] for vocabulary in vocabularies if key in vocabulary), None)
    return _Value(ours, seen=False) if found is None else _Value(found.text, seen=found.seen)
