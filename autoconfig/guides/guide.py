"""The guide for one mail program: settings, an address and a language become data that every renderer prints alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import UsageError
from autoconfig.guides import card, forms, trouble, words
from autoconfig.guides.card import PROTOCOLS, Card, Customer, security_text, user_text
from autoconfig.guides.clients import FIND_BY_THEMSELVES, FIND_IMAP_ONLY, IMAP_ONLY, TAKE_PROFILES, TITLES, ClientName
from autoconfig.guides.errortexts import Fault, shown_by
from autoconfig.guides.forms import About, Form, Kind, Source, form_of
from autoconfig.guides.sheet import Help, has_a_labels, help_of, user_name
from autoconfig.i18n import SOURCE_LANGUAGE, Texts
from autoconfig.model import Account, AuthMethod, ClientConfig, Protocol, TLSMode

_PATH = "%(path)s"
_ARROW = " › "


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a sentence, in which *path* is what to press; *seen* tells that those are the program's very words."""

    before: str
    path: tuple[str, ...] = ()
    after: str = ""
    seen: bool = True

    def __str__(self) -> str:
        return self.before + _ARROW.join(self.path) + self.after


class QuickKind(StrEnum):
    """A way that asks for next to nothing."""

    PROFILE = "profile"
    TYPE = "type"
    WEBMAIL = "webmail"


@dataclass(frozen=True, slots=True)
class Quick:
    """A way that asks for next to nothing, and what to do for it. A profile has no *url*: the page knows where it is."""

    kind: QuickKind
    title: str
    steps: tuple[Step, ...]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another port of the same server, for networks that block the first."""

    side: str  # "incoming" or "outgoing"
    port: int
    other: int
    tls: TLSMode
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where a page may lead."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault as this program tells of it, and what to do."""

    fault: Fault
    title: str
    shown: tuple[str, ...]
    advice: tuple[str, ...]
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """The mail by one protocol: the steps, the form filled in, and what to do when it does not work."""

    protocol: Protocol
    recommended: bool
    account: Account[Domain]
    steps: tuple[Step, ...]
    cards: tuple[Card, ...]
    alternatives: tuple[Alternative, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """All that a person is told about one program. *wording* is there where not all of it is the program's very words."""

    client: ClientName
    language: str
    title: str
    config: ClientConfig
    address: EmailAddress | None
    quick: tuple[Quick, ...]
    ways: tuple[Way, ...]
    notes: tuple[str, ...]
    wording: str | None
    sources: tuple[Source, ...]
    help: Help
    meanwhile: Link | None


def guide_for(
    config: ClientConfig,
    address: EmailAddress | None,
    client: ClientName,
    texts: Texts,
    protocol: Protocol | None = None,
) -> Guide:
    """Return *client*'s guide for *address*, or for everybody in the domain, by *protocol* alone where one is named.

    Raises UsageError where the domain has no account of that protocol.
    """
    chosen = config if protocol is None else _only(config, protocol)
    help_ = help_of(config)
    form = form_of(client, texts.language)
    accounts = [account for account in chosen.accounts if form and (client not in IMAP_ONLY or account.protocol is Protocol.IMAP)]
    ways = tuple(_way(form, Customer(config.domain, address, account, texts), chosen, help_) for account in accounts if form)
    sources = _sources(form)
    return Guide(
        client,
        texts.language,
        texts.gettext(TITLES[client]),
        chosen,
        address,
        tuple(_quick(client, form, config, chosen, help_, texts)),
        ways,
        _notes(client, form, chosen, address, ways, help_, texts),
        texts.gettext(words.WORDING) if Source.L10N_OLD in sources or any(not _is_seen(way) for way in ways) else None,
        sources,
        help_,
        Link(texts.gettext(trouble.MEANWHILE), help_.webmail) if help_.webmail and client is not ClientName.WEBMAIL else None,
    )


def _only(config: ClientConfig, protocol: Protocol) -> ClientConfig:
    found = config.only(protocol)
    if found is None:
        raise UsageError(words.NO_ACCOUNT, domain=config.domain, protocol=PROTOCOLS[protocol])
    return found


def _way(form: Form, customer: Customer, config: ClientConfig, help_: Help) -> Way:
    english = form_of(form.client, SOURCE_LANGUAGE) or form
    account = customer.account
    steps = _steps(form.steps, english.steps, form.language, customer.texts, (account.protocol, _called(form, customer)))
    cards = zip(form.cards or _PLAIN, english.cards or _PLAIN, strict=True)
    alternatives = _alternatives(customer)
    return Way(
        account.protocol,
        account is config.accounts[0] and len(config.accounts) > 1,
        account,
        steps,
        tuple(card.fill(found, twin, form.language, customer) for found, twin in cards),
        alternatives,
        tuple(_trouble(fault, form.client, customer, alternatives, help_) for fault in Fault),
    )


def _called(form: Form, customer: Customer) -> str:
    """Return what the program calls the account's protocol."""
    protocol = customer.account.protocol
    words_ = form.cards[0].words.common if form.cards and form.language == customer.texts.language else {}
    return words_[protocol].text if protocol in words_ else PROTOCOLS[protocol]


def _steps(
    steps: tuple[forms.Step, ...],
    english: tuple[forms.Step, ...],
    language: str,
    texts: Texts,
    protocol: tuple[Protocol, str] | None = None,
) -> tuple[Step, ...]:
    """Return *steps* as sentences: those that *protocol* has, which the program calls as it says."""
    return tuple(
        _step(step, twin, language, texts, protocol[1] if protocol else "")
        for step, twin in zip(steps, english, strict=True)
        if protocol is None or step.only in (None, protocol[0])
    )


def _step(step: forms.Step, english: forms.Step, language: str, texts: Texts, protocol: str) -> Step:
    with_path, plain = words.STEPS[step.say]
    path = step.path if language == texts.language else ()
    if plain is not None and not path:
        return Step(texts.gettext(plain).replace("%(protocol)s", protocol))
    shown = path or english.path
    before, _, after = texts.gettext(with_path or _PATH).partition(_PATH)
    return Step(before, tuple(label.text for label in shown), after, seen=bool(path) and all(label.seen for label in shown))


def _alternatives(customer: Customer) -> tuple[Alternative, ...]:
    texts, found = customer.texts, []
    for side, server in (("incoming", customer.account.incoming), ("outgoing", customer.account.outgoing)):
        for other in server.also:
            sentence = words.BLOCKED_OPEN if other.tls is TLSMode.NONE else words.BLOCKED
            text = texts.gettext(sentence, port=server.port, other=other.port, security=security_text(other.tls, texts))
            found.append(Alternative(side, server.port, other.port, other.tls, text))
    return tuple(found)


def _trouble(fault: Fault, client: ClientName, customer: Customer, alternatives: tuple[Alternative, ...], help_: Help) -> Trouble:
    texts, account = customer.texts, customer.account
    advice = list(trouble.ADVICE[fault])
    server = account.incoming
    if fault is Fault.OUTGOING_LOGIN:
        server = account.outgoing
        if server.auth[0] is AuthMethod.NONE:
            advice[-1] = trouble.NO_OUTGOING_LOGIN
    if fault is Fault.ENCRYPTION and TLSMode.NONE in (account.incoming.tls, account.outgoing.tls):
        advice = advice[:1]
    values = {
        "servers": ", ".join(dict.fromkeys(server.host.ascii for server in (account.incoming, account.outgoing))),
        "outgoing": account.outgoing.host.ascii,
        "user": user_text(user_name(server, customer.domain, customer.address), texts),
    }
    lines = [texts.gettext(line, **values) for line in advice]
    if fault is Fault.NO_CONTACT:
        lines[1:1] = [alternative.text for alternative in alternatives]
    link = None
    if fault is Fault.PASSWORD and help_.password:
        lines.append(texts.gettext(trouble.NEW_PASSWORD))
        link = Link(texts.gettext(words.CHOOSE_PASSWORD), help_.password)
    return Trouble(fault, texts.gettext(trouble.TITLES[fault]), shown_by(client, texts.language, fault), tuple(lines), link)


def _quick(client: ClientName, form: Form | None, config: ClientConfig, chosen: ClientConfig, help_: Help, texts: Texts) -> list[Quick]:
    """Return what *client* can do almost by itself; it finds what comes first in *config*, whatever was *chosen*."""
    found = []
    if client in TAKE_PROFILES and form is not None:
        english = form_of(client, SOURCE_LANGUAGE) or form
        steps = _steps(form.profile, english.profile, form.language, texts)
        found.append(Quick(QuickKind.PROFILE, texts.gettext(words.PROFILE), steps))
    has_imap = config.only(Protocol.IMAP) is not None
    gets = Protocol.IMAP if client in FIND_IMAP_ONLY and has_imap else config.accounts[0].protocol
    takes = client not in FIND_IMAP_ONLY or has_imap
    if client in FIND_BY_THEMSELVES and takes and any(account.protocol is gets for account in chosen.accounts):
        steps = tuple(Step(texts.gettext(line)) for line in words.JUST_TYPE_STEPS)
        found.append(Quick(QuickKind.TYPE, texts.gettext(words.JUST_TYPE), steps))
    if client is ClientName.WEBMAIL and help_.webmail:
        steps = tuple(Step(texts.gettext(line).replace("%(url)s", help_.webmail)) for line in words.BROWSER_STEPS)
        found.append(Quick(QuickKind.WEBMAIL, texts.gettext(words.READ_IN_BROWSER), steps, help_.webmail))
    return found


def _notes(
    client: ClientName,
    form: Form | None,
    config: ClientConfig,
    address: EmailAddress | None,
    ways: tuple[Way, ...],
    help_: Help,
    texts: Texts,
) -> tuple[str, ...]:
    has_pop = any(account.protocol is Protocol.POP3 for account in config.accounts)
    notes = [texts.gettext(words.NOTES[note]) for note in (form.notes if form else ()) if has_pop or note not in _ABOUT_POP]
    if form and not ways:
        notes = [texts.gettext(words.NO_WAY, domain=config.domain)]
    if ways and has_a_labels(config, address):
        notes.append(texts.gettext(words.A_LABELS))
    if client is ClientName.WEBMAIL and not help_.webmail:
        notes.append(texts.gettext(words.NO_WEBMAIL, provider=config.provider.name))
    return tuple(notes)


_ABOUT_POP = frozenset({"imap_only", "pop_may_be_missing"})


def _is_seen(way: Way) -> bool:
    rows = (row.seen for card in way.cards for row in card.rows if row.kind is not Kind.PROTOCOL)
    return all(rows) and all(step.seen for step in way.steps)


def _sources(form: Form | None) -> tuple[Source, ...]:
    """Return where the words of *form* were seen, the surest first."""
    if form is None:
        return ()
    labels = {
        label.source for card in form.cards for section in card.sections for field in section.fields for label in field.labels.values()
    }
    return tuple(source for source in Source if source in labels)


def _plain(about: About, *kinds: Kind) -> forms.Section:
    return forms.Section(about, None, tuple(forms.Field(kind, {}) for kind in kinds))


# For a program whose form nobody has seen.
_PLAIN = (
    forms.Card(
        None,
        forms.Words({}, {}),
        (
            _plain(About.YOU, Kind.NAME, Kind.EMAIL, Kind.PROTOCOL),
            _plain(
                About.INCOMING,
                Kind.INCOMING_HOST,
                Kind.INCOMING_PORT,
                Kind.INCOMING_SECURITY,
                Kind.INCOMING_AUTHENTICATION,
                Kind.INCOMING_USERNAME,
                Kind.INCOMING_PASSWORD,
            ),
            _plain(
                About.OUTGOING,
                Kind.OUTGOING_HOST,
                Kind.OUTGOING_PORT,
                Kind.OUTGOING_SECURITY,
                Kind.OUTGOING_AUTHENTICATION,
                Kind.OUTGOING_USERNAME,
                Kind.OUTGOING_PASSWORD,
            ),
        ),
    ),
)
