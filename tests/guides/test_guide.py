"""A guide says exactly what the settings say, for every program, in every language."""

from __future__ import annotations

import gettext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import UsageError
from autoconfig.guides.card import Card, Row
from autoconfig.guides.clients import IMAP_ONLY, ClientName
from autoconfig.guides.errortexts import Fault
from autoconfig.guides.forms import Kind
from autoconfig.guides.guide import Guide, QuickKind, Way, guide_for
from autoconfig.guides.sheet import user_name
from autoconfig.i18n import Texts, texts
from autoconfig.model import (
    Account,
    AuthMethod,
    ClientConfig,
    Port,
    Protocol,
    Provider,
    Server,
    Support,
    TLSMode,
    UserPattern,
)
from tests import strategies

LANGUAGES = ("en", "sv", "nb")
# "nb" is a language with a catalogue for which nobody has collected labels.
CLIENTS = [client for client in ClientName if client is not ClientName.WEBMAIL]


def _texts(language: str) -> Texts:
    return Texts(language, gettext.NullTranslations()) if language == "nb" else texts(language)


def _server(host: str, port: int, tls: TLSMode = TLSMode.IMPLICIT, *also: Port, **more) -> Server[Domain]:
    return Server(Domain.parse(host), port, tls, also=also, **more)


def _provider(**more) -> Provider:
    return Provider("karlahosting", "KarlaHosting", "Karla", (), **more)


IMAP = Account(Protocol.IMAP, _server("server.karlahosting.se", 993), _server("server.karlahosting.se", 465))
POP = Account(Protocol.POP3, _server("mail.kund.se", 995), _server("mail.kund.se", 465))
STARTTLS = Account(
    Protocol.IMAP, _server("server.karlahosting.se", 143, TLSMode.STARTTLS), _server("server.karlahosting.se", 587, TLSMode.STARTTLS)
)
BLOCKED = Account(
    Protocol.IMAP,
    _server("server.karlahosting.se", 993, TLSMode.IMPLICIT, Port(143, TLSMode.STARTTLS)),
    _server("server.karlahosting.se", 465, TLSMode.IMPLICIT, Port(587, TLSMode.STARTTLS), Port(25, TLSMode.NONE)),
)
LOCAL = Account(
    Protocol.IMAP,
    _server("server.karlahosting.se", 993, username=UserPattern.parse("%EMAILLOCALPART%")),
    _server("server.karlahosting.se", 465, username=UserPattern.parse("KARLA\\%EMAILLOCALPART%")),
)
OPEN = Account(Protocol.IMAP, _server("server.karlahosting.se", 993), _server("relay.kund.se", 25, TLSMode.NONE, auth=(AuthMethod.NONE,)))
HELP = {"support": Support(password_url="https://karlahosting.se/losen"), "webmail_url": "https://webmail.%EMAILDOMAIN%/"}


def _config(*accounts: Account[Domain], domain: str = "kund.se", **more) -> ClientConfig:
    return ClientConfig(Domain.parse(domain), _provider(**more), accounts)


CONFIGS = {
    "imap first": _config(IMAP, POP, **HELP),
    "pop first": _config(POP, IMAP),
    "imap only": _config(IMAP),
    "starttls": _config(STARTTLS),
    "other ports": _config(BLOCKED, POP),
    "other user name": _config(LOCAL),
    "no log-in for sending": _config(OPEN),
    "idn": _config(Account(Protocol.IMAP, _server("server.byrå.se", 993), _server("server.byrå.se", 465)), domain="byrå.se"),
}


def _values(rows: list[Row], kind: Kind) -> set[str]:
    return {row.value for row in rows if row.kind is kind}


def _says_what_the_account_says(card: Card, way: Way, guide: Guide) -> None:
    """Compare every value of *card* with the account, and see that none is missing."""
    rows = list(card.rows)
    for side, server in (("incoming", way.account.incoming), ("outgoing", way.account.outgoing)):
        method = server.auth[0]
        assert _values(rows, Kind(f"{side}_host")) == {server.host.ascii}
        assert _values(rows, Kind(f"{side}_port")) == {str(server.port)}
        boxes = _values(rows, Kind.INCOMING_TLS) if side == "incoming" else set()
        securities = [row for row in rows if row.kind == f"{side}_security"]
        assert len(securities) == 1 or boxes
        for row in securities:
            assert ("STARTTLS" in row.value.upper()) == (server.tls is TLSMode.STARTTLS)
            assert ("SSL" in row.value or "TLS on" in row.value or "TLS på" in row.value) == (server.tls is TLSMode.IMPLICIT)
        name = user_name(server, guide.config.domain, guide.address)
        same = [row for row in rows if row.kind is Kind.SAME_LOGIN] if side == "outgoing" else []
        shown = _values(rows, Kind(f"{side}_username"))
        if method is AuthMethod.NONE:
            assert all(row.value != name.text for row in rows if row.kind == f"{side}_username")
        elif name.text is not None:
            assert shown == {name.text} or (not shown and same)
        else:
            assert shown or same
        if same and not shown and method is not AuthMethod.NONE:
            assert way.account.incoming.username == server.username


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("local", ["anna", None])
def test_every_card_says_what_the_settings_say(client, language, name, local):
    """Every program, in every language, with and without an address."""
    config = CONFIGS[name]
    address = None if local is None else EmailAddress.parse(f"{local}@{config.domain}")
    guide = guide_for(config, address, client, _texts(language))
    expected = [account for account in config.accounts if client not in IMAP_ONLY or account.protocol is Protocol.IMAP]
    assert [way.account for way in guide.ways] == expected
    assert guide.title
    for way in guide.ways:
        assert way.steps
        assert way.cards
        for card in way.cards:
            _says_what_the_account_says(card, way, guide)
            assert all(section.heading and section.rows for section in card.sections)
            assert all(row.label and row.value for row in card.rows)


@given(
    config=strategies.client_configs(),
    local=st.one_of(st.none(), strategies.local_parts()),
    client=st.sampled_from(CLIENTS),
    language=st.sampled_from(LANGUAGES),
)
def test_random_settings_stand_on_every_card(config, local, client, language):
    """No setting that can exist is lost or changed on the way to a reader."""
    address = None if local is None else EmailAddress.parse(f"{local}@{config.domain}")
    guide = guide_for(config, address, client, _texts(language))
    for way in guide.ways:
        for card in way.cards:
            _says_what_the_account_says(card, way, guide)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_unfilled(client, language):
    """No placeholder of ours or of the settings reaches a reader."""
    guide = guide_for(CONFIGS["other ports"], None, client, _texts(language))
    told = [str(step) for way in guide.ways for step in way.steps] + [str(step) for quick in guide.quick for step in quick.steps]
    told += [value for way in guide.ways for card in way.cards for row in card.rows for value in (row.label, row.value)]
    told += [line for way in guide.ways for trouble in way.troubles for line in (trouble.title, *trouble.advice)]
    told += [*guide.notes, guide.title, guide.wording or ""]
    assert not [text for text in told if "%" in text]


def test_pop_has_its_own_outgoing_server():
    """The host's rule: mail.<domain> for POP, the host's server for IMAP, in both directions."""
    imap, pop = guide_for(CONFIGS["imap first"], None, ClientName.OTHER, texts("sv")).ways
    assert _values(list(imap.cards[0].rows), Kind.OUTGOING_HOST) == {"server.karlahosting.se"}
    assert _values(list(pop.cards[0].rows), Kind.OUTGOING_HOST) == {"mail.kund.se"}
    assert imap.recommended
    assert not pop.recommended


def test_one_protocol_can_be_asked_for():
    """Then nothing is said of the other."""
    guide = guide_for(CONFIGS["imap first"], None, ClientName.MAC, texts("en"), Protocol.POP3)
    assert [way.protocol for way in guide.ways] == [Protocol.POP3]
    assert not guide.ways[0].recommended


def test_a_protocol_that_the_domain_lacks_is_refused():
    """A guide for nothing would mislead."""
    with pytest.raises(UsageError, match=r"kund\.se has no POP3 account"):
        guide_for(CONFIGS["imap only"], None, ClientName.MAC, texts("en"), Protocol.POP3)


def test_a_program_without_pop_says_so():
    """Where a domain has POP alone, the guide sends people elsewhere instead of showing an empty form."""
    guide = guide_for(_config(POP), None, ClientName.GEARY, texts("en"))
    assert guide.ways == ()
    assert guide.quick == ()
    assert guide.notes == ("kund.se has POP only, and this program cannot use it. Choose another program.",)


@pytest.mark.parametrize(
    ("client", "kinds"),
    [
        ("iphone", [QuickKind.PROFILE]),
        ("mac", [QuickKind.PROFILE]),
        ("thunderbird", [QuickKind.TYPE]),
        ("k9", [QuickKind.TYPE]),
        ("evolution", [QuickKind.TYPE]),
        ("outlook", []),
        ("gmail", []),
        ("webmail", [QuickKind.WEBMAIL]),
    ],
)
def test_one_tap_ways_come_where_they_work(client, kinds):
    """A profile for Apple, the address alone for programs that ask the domain, a link for webmail; no promise for the others."""
    guide = guide_for(CONFIGS["imap first"], None, ClientName(client), texts("en"))
    assert [quick.kind for quick in guide.quick] == kinds
    assert all(quick.steps for quick in guide.quick)


@pytest.mark.parametrize(
    ("client", "name", "protocol", "found"),
    [
        ("thunderbird", "imap first", Protocol.POP3, False),
        ("thunderbird", "pop first", None, True),
        ("thunderbird", "pop first", Protocol.IMAP, False),
        ("k9", "pop first", Protocol.IMAP, True),
        ("k9", "pop first", Protocol.POP3, False),
    ],
)
def test_the_address_alone_is_only_offered_for_what_it_leads_to(client, name, protocol, found):
    """A program that finds its settings takes the first account, or its first IMAP account: whoever wants another must enter it."""
    guide = guide_for(CONFIGS[name], None, ClientName(client), texts("en"), protocol)
    assert bool(guide.quick) is found


def test_webmail_is_a_link_to_the_domains_own():
    """The placeholder is filled, and there is no form."""
    guide = guide_for(CONFIGS["imap first"], None, ClientName.WEBMAIL, texts("en"))
    assert guide.quick[0].url == "https://webmail.kund.se/"
    assert guide.ways == ()
    assert guide.meanwhile is None


def test_a_provider_without_webmail_is_not_given_one():
    """No link leads to nothing."""
    guide = guide_for(CONFIGS["imap only"], None, ClientName.WEBMAIL, texts("en"))
    assert guide.quick == ()
    assert guide.notes == ("KarlaHosting has no webmail that we know of.",)


def test_trouble_shows_the_programs_words_and_the_way_out():
    """The words as shown, the link to a new password, the other ports, webmail meanwhile."""
    config = replace(CONFIGS["imap first"], accounts=(BLOCKED,))
    guide = guide_for(config, EmailAddress.parse("anna@kund.se"), ClientName.THUNDERBIRD, texts("sv"))
    troubles = {trouble.fault: trouble for trouble in guide.ways[0].troubles}
    assert list(troubles) == list(Fault)
    password = troubles[Fault.PASSWORD]
    assert "Inloggning till servern … med användarnamnet … misslyckades." in password.shown
    assert any("anna@kund.se" in line for line in password.advice)
    assert password.link is not None
    assert password.link.url == "https://karlahosting.se/losen"
    assert any("587" in line for line in troubles[Fault.NO_CONTACT].advice)
    assert guide.meanwhile is not None
    assert guide.meanwhile.url == "https://webmail.kund.se/"
    assert [(found.side, found.port, found.other) for found in guide.ways[0].alternatives] == [
        ("incoming", 993, 143),
        ("outgoing", 465, 587),
        ("outgoing", 465, 25),
    ]


def test_nobody_is_told_to_log_in_where_there_is_no_log_in():
    """An open relay wants no user name."""
    guide = guide_for(CONFIGS["no log-in for sending"], None, ClientName.GMAIL, texts("en"))
    rows = {row.kind: row.value for row in guide.ways[0].cards[0].rows}
    assert rows[Kind.OUTGOING_LOGIN] == "off"
    assert rows[Kind.OUTGOING_USERNAME] == rows[Kind.OUTGOING_PASSWORD] == "leave empty"
    told = next(trouble for trouble in guide.ways[0].troubles if trouble.fault is Fault.OUTGOING_LOGIN)
    assert "does not log in" in told.advice[-1]


def test_thunderbird_is_told_in_its_own_words():
    """High confidence in both languages: nothing to warn of, and the choices are the program's."""
    for language, security, method in (("en", "Connection security", "Normal password"), ("sv", "Anslutningssäkerhet", "Normalt lösenord")):
        guide = guide_for(CONFIGS["imap only"], None, ClientName.THUNDERBIRD, _texts(language))
        rows = {row.kind: row for row in guide.ways[0].cards[0].rows}
        assert guide.wording is None
        assert rows[Kind.INCOMING_SECURITY].label == security
        assert rows[Kind.INCOMING_AUTHENTICATION].value == method
        assert all(row.seen for row in rows.values())


def test_words_that_differ_by_side_differ():
    """KMail calls a password one thing for fetching and another for sending."""
    rows = {row.kind: row for row in guide_for(CONFIGS["imap only"], None, ClientName.KMAIL, texts("sv")).ways[0].cards[0].rows}
    assert rows[Kind.INCOMING_AUTHENTICATION].value == "Normalt lösenord"
    assert rows[Kind.OUTGOING_AUTHENTICATION].value == "Klartext"


def test_a_later_part_of_a_form_says_when_it_comes():
    """A Mac's server settings are not asked for at first."""
    sections = guide_for(CONFIGS["imap only"], None, ClientName.MAC, texts("en")).ways[0].cards[0].sections
    assert {section.heading: section.lead for section in sections}["Server Settings"] == "Afterwards, in the account's server settings"


def test_a_step_calls_the_protocol_what_the_program_calls_it():
    """Apple says POP, others say POP3."""
    way = guide_for(CONFIGS["pop first"], None, ClientName.IPHONE, texts("en")).ways[0]
    assert "Choose POP at the top." in map(str, way.steps)


def test_an_unknown_swedish_label_is_our_word_with_the_english_one_beside_it():
    """Never invented: our plain word, marked, and what the English program says."""
    guide = guide_for(CONFIGS["imap only"], None, ClientName.OUTLOOK_MOBILE, texts("sv"))
    row = next(row for row in guide.ways[0].cards[0].rows if row.kind is Kind.INCOMING_HOST)
    assert not row.seen
    assert row.english == "IMAP Hostname"
    assert guide.wording is not None


def test_a_language_without_labels_gets_our_words_and_the_english_ones():
    """A new catalogue makes whole guides at once, and says that the words may differ."""
    guide = guide_for(CONFIGS["imap only"], None, ClientName.THUNDERBIRD, _texts("nb"))
    way = guide.ways[0]
    rows = {row.kind: row for row in way.cards[0].rows}
    assert (rows[Kind.INCOMING_HOST].label, rows[Kind.INCOMING_HOST].english) == ("Incoming server", "Hostname")
    assert (rows[Kind.ON].label, rows[Kind.ON].seen) == ("Remember password", False)
    assert str(way.steps[0]) == "Go to ≡ › Add Account › Email."
    assert not way.steps[0].seen
    assert guide.wording is not None


def test_labels_follow_the_protocol():
    """Outlook on Android names the protocol in its labels."""
    guide = guide_for(CONFIGS["imap first"], None, ClientName.OUTLOOK_MOBILE, texts("en"))
    labels = [{row.kind: row.label for row in way.cards[0].rows}[Kind.INCOMING_HOST] for way in guide.ways]
    assert labels == ["IMAP Hostname", "POP3 Hostname"]


def test_an_internationalised_name_is_entered_in_a_labels_and_explained():
    """Programs send what is entered to the server; people read the other form beside it."""
    guide = guide_for(CONFIGS["idn"], EmailAddress.parse("anna@byrå.se"), ClientName.THUNDERBIRD, texts("en"))
    rows = {row.kind: row for row in guide.ways[0].cards[0].rows}
    assert (rows[Kind.INCOMING_HOST].value, rows[Kind.INCOMING_HOST].readable) == ("server.xn--byr-wla.se", "server.byrå.se")
    assert (rows[Kind.INCOMING_USERNAME].value, rows[Kind.INCOMING_USERNAME].readable) == ("anna@xn--byr-wla.se", "anna@byrå.se")
    assert any("xn--" in note for note in guide.notes)


def test_only_what_is_typed_can_be_copied():
    """A choice in a list is not typed, a password is nobody's but the reader's, and a description is no value."""
    guide = guide_for(CONFIGS["imap only"], None, ClientName.GMAIL, texts("en"))
    copied = {row.kind for row in guide.ways[0].cards[0].rows if row.copyable}
    assert copied == {Kind.INCOMING_HOST, Kind.INCOMING_PORT, Kind.OUTGOING_HOST, Kind.OUTGOING_PORT}
