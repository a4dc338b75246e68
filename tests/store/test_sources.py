"""Where each value that a name uses comes from: the entry, the one above, an alias's target, the provider, or nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.errors import AutoconfigError, NotFound
from autoconfig.model import (
    AccountOverride,
    AuthMethod,
    ClientConfig,
    DomainSettings,
    HostPattern,
    OAuth2,
    Port,
    Protocol,
    ServerOverride,
    Settings,
    Shape,
    Sieve,
    Support,
    TLSMode,
    UserPattern,
)
from autoconfig.store.sources import Way, values
from autoconfig.store.store import Store, open_store
from tests.store.steps import ASKED, STEPS, take
from tests.store.world import KARLA, WORLD, answer, entry, name, override, provider, url


def told(asked: str, *entries: DomainSettings, by: object = KARLA) -> dict[str, tuple[object, str]]:
    """Key -> value and source."""
    found = list(values(Way(name(asked), entries, by)))  # type: ignore[arg-type]
    assert len({value.key for value in found}) == len(found), "no key twice"
    return {value.key: (value.value, value.source) for value in found}


def test_values_come_from_the_provider_or_from_nobody() -> None:
    """A domain of which only its provider is said; names are filled in."""
    found = told("kund.se", entry("kund.se"))
    assert found["provider"] == ("karla", "kund.se")
    assert found["protocols"] == (["imap", "pop3"], "provider karla")
    assert found["suspended"] == found["subdomains"] == (False, "default")
    assert found["imap.incoming.host"] == ("server.karla.se", "provider karla")
    assert found["pop3.outgoing.host"] == ("mail.kund.se", "provider karla")
    assert found["pop3.outgoing.port"] == (465, "provider karla")
    assert found["imap.incoming.username"] == ("%EMAILADDRESS%", "default")
    assert found["imap.incoming.auth"] == (["password-cleartext"], "default")
    assert found["name"] == ("Karla", "provider karla")
    assert found["languages"] == (["sv", "en"], "default")
    assert not {"note", "alias_of", "imap.incoming.also", "id", "default"} & set(found)


def test_what_a_domain_says_comes_from_the_domain() -> None:
    """Only what it names; the rest of the same server stays the provider's. Ports that it takes away are told too."""
    side = ServerOverride(
        HostPattern.parse("pop.%EMAILDOMAIN%"), auth=(AuthMethod.OAUTH2,), username=UserPattern.parse("%EMAILLOCALPART%"), also=()
    )
    own = entry("byrå.se", note="ring", protocols=(Protocol.POP3,), subdomains=True, accounts=(AccountOverride(Protocol.POP3, side),))
    found = told("byrå.se", own)
    assert found["note"] == ("ring", "byrå.se")
    assert found["protocols"] == (["pop3"], "byrå.se")
    assert found["subdomains"] == (True, "byrå.se")
    assert found["pop3.incoming.host"] == ("pop.xn--byr-wla.se", "byrå.se")
    assert found["pop3.incoming.auth"] == (["oauth2"], "byrå.se")
    assert found["pop3.incoming.username"] == ("%EMAILLOCALPART%", "byrå.se")
    assert found["pop3.incoming.also"] == ([], "byrå.se")
    assert found["pop3.incoming.port"] == (995, "provider karla")
    assert not any(key.startswith("imap.") for key in found)


def test_an_account_that_only_the_domain_has_comes_from_the_domain() -> None:
    """Described in full; what it leaves out is nobody's."""
    side = ServerOverride(HostPattern.parse("pop.kund.se"), 995, TLSMode.IMPLICIT)
    own = entry("kund.se", accounts=(AccountOverride(Protocol.POP3, side, side),))
    found = told("kund.se", own, by=provider("karla", protocols="imap"))
    assert found["protocols"] == (["imap", "pop3"], "provider karla")
    assert {found[f"pop3.incoming.{key}"][1] for key in ("host", "port", "tls")} == {"kund.se"}
    assert found["pop3.outgoing.username"][1] == "default"


def test_an_alias_takes_its_values_from_its_target() -> None:
    """Through other aliases to the end, with its own name filled in; suspended with any of them."""
    way = (
        entry("kund.nu", alias_of="kund.com", note="own"),
        entry("kund.com", alias_of="kund.se", suspended=True, note="another's"),
        entry("kund.se", accounts=override("pop.%EMAILDOMAIN%")),
    )
    found = told("kund.nu", way[0], way[1], way[2])
    assert found["provider"] == ("karla", "kund.se (alias)")
    assert found["note"] == ("own", "kund.nu")
    assert found["suspended"] == (True, "kund.com (alias)")
    assert found["pop3.incoming.host"] == ("pop.kund.nu", "kund.se (alias)")
    assert found["pop3.outgoing.host"] == ("mail.kund.nu", "provider karla")
    assert found["alias_of"] == ("kund.com", "kund.nu")


def test_a_name_below_takes_its_values_from_the_one_above() -> None:
    """Without that one's note, and with its own name filled in."""
    found = told("x.kund.se", entry("kund.se", subdomains=True, note="x", accounts=override("pop.%EMAILDOMAIN%")))
    assert found["provider"] == ("karla", "kund.se (subdomains)")
    assert found["pop3.incoming.host"] == ("pop.x.kund.se", "kund.se (subdomains)")
    assert "note" not in found


def test_a_name_that_the_default_provider_answers_has_that_one_alone() -> None:
    """There is no entry."""
    found = told("okand.se")
    assert found["provider"] == ("karla", "provider karla (default)")
    assert found["pop3.incoming.host"] == ("mail.okand.se", "provider karla")


def test_everything_that_a_provider_says_is_told_with_the_domain_filled_in() -> None:
    """Addresses, brand, sieve and what to publish."""
    full = replace(
        KARLA,
        languages=("en",),
        support=Support(url="https://a.se/%EMAILDOMAIN%", phone="08-1"),
        webmail_url="https://webmail.%EMAILDOMAIN%/",
        sieve=Sieve(HostPattern.parse("mail.%EMAILDOMAIN%"), 4190, TLSMode.STARTTLS),
        oauth2=OAuth2("https://a.se", "https://a.se/a", "https://a.se/t", "mail"),
        mx=("10 mx.%EMAILDOMAIN%",),
    )
    found = told("kund.se", entry("kund.se"), by=full)
    assert found["languages"] == (["en"], "provider karla")
    assert found["support.url"] == ("https://a.se/kund.se", "provider karla")
    assert found["webmail_url"] == ("https://webmail.kund.se/", "provider karla")
    assert found["sieve.host"] == ("mail.kund.se", "provider karla")
    assert found["oauth2.scope"] == ("mail", "provider karla")
    assert found["mx"] == (["10 mx.kund.se"], "provider karla")


# --- against the rules -------------------------------------------------------------------------------------------------------------


def _config(way: Way) -> dict[str, object]:
    return {found.key: found.value for found in values(way)}


def _expected(config: ClientConfig) -> dict[str, object]:
    expected: dict[str, object] = {"protocols": [account.protocol.value for account in config.accounts]}
    for account in config.accounts:
        for side, server in (("incoming", account.incoming), ("outgoing", account.outgoing)):
            prefix = f"{account.protocol.value}.{side}"
            expected |= {f"{prefix}.host": server.host.ascii, f"{prefix}.port": server.port, f"{prefix}.tls": server.tls.value}
            expected |= {f"{prefix}.username": server.username.text, f"{prefix}.auth": [method.value for method in server.auth]}
            if server.also:
                expected[f"{prefix}.also"] = [{"port": port.port, "tls": port.tls.value} for port in server.also]
    return expected


_SIDES = st.builds(
    ServerOverride,
    host=st.sampled_from((None, HostPattern.parse("pop.%EMAILDOMAIN%"))),
    port=st.sampled_from((None, 1, 995)),
    tls=st.sampled_from((None, *TLSMode)),
    auth=st.sampled_from((None, (AuthMethod.OAUTH2, AuthMethod.PASSWORD_CLEARTEXT))),
    username=st.sampled_from((None, UserPattern.parse("%EMAILLOCALPART%"))),
    also=st.sampled_from((None, (), (Port(587, TLSMode.STARTTLS),))),
)
_OVERRIDES = st.lists(st.builds(AccountOverride, st.sampled_from(Protocol), _SIDES, _SIDES), max_size=2, unique_by=lambda o: o.protocol)


@given(
    st.builds(provider, st.just("karla"), protocols=st.sampled_from(("imap pop3", "pop3 imap", "imap"))),
    _OVERRIDES,
    st.sampled_from(((), (Protocol.POP3,), (Protocol.POP3, Protocol.IMAP))),
)
def test_the_values_are_those_that_are_served(by: object, overrides: list[AccountOverride], protocols: tuple[Protocol, ...]) -> None:
    """Whatever the domain overrides and chooses, the accounts told are Shape.of(...).fill(domain), no more and no less."""
    own = entry("byrå.se", accounts=tuple(overrides), protocols=protocols)
    try:
        config = Shape.of(by, own.accounts, own.protocols).fill(own.domain)  # type: ignore[arg-type]
    except AutoconfigError:
        return
    found = _config(Way(own.domain, (own,), by))  # type: ignore[arg-type]
    shown = {key: value for key, value in found.items() if key == "protocols" or (key.count(".") == 2 and value != [])}
    assert shown == _expected(config)


def test_the_store_knows_who_answers_for_every_name(store: Store) -> None:
    """As the rules say, with and without a default provider; a name that nobody answers is told why not."""
    store.import_settings(WORLD)
    for default in (False, True):
        store.set_provider(provider("other", "mail.other.se", default=default))
        exported = store.export()
        for asked in ASKED:
            _assert_answered(store, exported, asked)
    way = store.way(name("y.x.wide.se"))
    assert (way.is_listed, way.answered_by) == (False, "wide.se (subdomains)")
    assert store.way(name("okand.se")).answered_by == "provider other (default)"
    assert store.way(name("alias.off.se")).suspended
    store.set_provider(provider("other", "mail.other.se"))
    with pytest.raises(NotFound, match=r"x\.off\.se is not among the domains, and off\.se is suspended"):
        store.way(name("x.off.se"))
    with pytest.raises(NotFound, match=r"okand\.se is not among the domains$"):
        store.way(name("okand.se"))


def _assert_answered(store: Store, exported: Settings, asked: Domain) -> None:
    config = answer(exported, asked)
    try:
        way = store.way(asked)
    except NotFound:
        assert config is None
        return
    if config is None:
        assert way.suspended
    else:
        assert not way.suspended
        assert _expected(config).items() <= _config(way).items()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_who_answers_is_told_after_any_changes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Imports, edits and prunes; each name that is asked for."""
    with open_store(url(tmp_path_factory.mktemp("sources"))) as store:
        store.import_settings(WORLD)
        model = WORLD
        for step in data.draw(st.lists(STEPS, max_size=4)):
            try:
                model = take(store, step, model)
            except AutoconfigError:
                continue
        for asked in ASKED:
            _assert_answered(store, model, asked)
