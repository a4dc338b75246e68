"""The model's own rules: patterns and their placeholders, overrides, shapes, and errors that are safe to print."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig import model
from autoconfig.address import Domain, EmailAddress
from autoconfig.errors import AddressError, AutoconfigError, Problem, SettingsError, escaped, printable
from autoconfig.model import (
    Account,
    AccountOverride,
    AuthMethod,
    ClientConfig,
    HostPattern,
    ModelError,
    Port,
    Protocol,
    Provider,
    Server,
    ServerOverride,
    Shape,
    TLSMode,
    UserPattern,
)
from tests import strategies

BYRA = Domain.parse("byrå.se")


def _server(host: str, port: int, **more: object) -> Server[HostPattern]:
    return Server(HostPattern.parse(host), port, TLSMode.IMPLICIT, **more)


IMAP = Account(Protocol.IMAP, _server("server.karlahosting.se", 993), _server("server.karlahosting.se", 465))
POP3 = Account(Protocol.POP3, _server("mail.%EMAILDOMAIN%", 995), _server("mail.%EMAILDOMAIN%", 465))
KARLA = Provider("karlahosting", "KarlaHosting", "Karla", (IMAP, POP3))


# Patterns


@pytest.mark.parametrize(
    ("text", "pattern", "filled"),
    [
        ("server.karlahosting.se", "server.karlahosting.se", "server.karlahosting.se"),
        (" Server.KARLAHOSTING.se. ", "server.karlahosting.se", "server.karlahosting.se"),
        ("räk.se", "xn--rk-via.se", "xn--rk-via.se"),
        ("mail.%EMAILDOMAIN%", "mail.%EMAILDOMAIN%", "mail.xn--byr-wla.se"),
        ("%EMAILDOMAIN%", "%EMAILDOMAIN%", "xn--byr-wla.se"),
        ("%EMAILDOMAIN%.mx.karlahosting.se", "%EMAILDOMAIN%.mx.karlahosting.se", "xn--byr-wla.se.mx.karlahosting.se"),
    ],
)
def test_a_host_is_a_name_or_leads_to_one(text: str, pattern: str, filled: str) -> None:
    """Only the customer's domain may stand for something in a host name; a name without it is kept in A-labels."""
    host = HostPattern.parse(text)
    assert str(host) == pattern
    assert host.fill(BYRA).ascii == filled


@pytest.mark.parametrize(
    "text", ["%EMAILLOCALPART%.se", "%EMAILADDRESS%", "mail.%EMAILDOMAIN", "mail.%DOMAIN%", "mail.%emaildomain%", "100%.se"]
)
def test_a_host_has_no_other_placeholder(text: str) -> None:
    """A misspelt placeholder is told when it is written, not when a customer's client asks for such a host."""
    with pytest.raises(ModelError, match="%EMAILDOMAIN%"):
        HostPattern.parse(text)


@pytest.mark.parametrize("text", ["", "server", "192.0.2.1", "a_b.%EMAILDOMAIN%", "-%EMAILDOMAIN%", "%EMAILDOMAIN%:993", "localhost"])
def test_a_host_that_can_never_be_one_is_no_pattern(text: str) -> None:
    """The literal part obeys the rules of domains."""
    with pytest.raises(AddressError):
        HostPattern.parse(text)


def test_a_host_may_become_too_long_for_a_domain() -> None:
    """The pattern is right, this one domain is too long for it: an address error, at the time of filling."""
    long = Domain.parse(".".join(["b" * 62] * 4))
    with pytest.raises(AddressError, match="253"):
        HostPattern.parse("mail.%EMAILDOMAIN%").fill(long)


@pytest.mark.parametrize(
    ("pattern", "filled"),
    [
        ("%EMAILADDRESS%", "Anna+x@xn--byr-wla.se"),
        ("%EMAILLOCALPART%", "Anna+x"),
        ("%EMAILDOMAIN%", "xn--byr-wla.se"),
        ("%EMAILLOCALPART%.%EMAILDOMAIN%", "Anna+x.xn--byr-wla.se"),
        ("%EMAILLOCALPART%%EMAILDOMAIN%", "Anna+xxn--byr-wla.se"),
        ("KARLA\\%EMAILLOCALPART%", "KARLA\\Anna+x"),
        ("shared user", "shared user"),
    ],
)
def test_a_user_name_is_filled_from_the_address(pattern: str, filled: str) -> None:
    """Mozilla's three placeholders; the letter case of the local part is kept, the domain is what servers know."""
    assert UserPattern.parse(pattern).fill(EmailAddress.parse("Anna+x@BYRÅ.se")) == filled


def test_a_value_is_not_filled_twice() -> None:
    """An address that looks like a placeholder is a value, not a pattern."""
    address = EmailAddress.parse("%EMAILDOMAIN%@kund.se")
    assert UserPattern.parse("%EMAILLOCALPART%").fill(address) == "%EMAILDOMAIN%"
    assert UserPattern.parse("%EMAILADDRESS%").fill(address) == "%EMAILDOMAIN%@kund.se"


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "a\nb", "a\u202eb", "%EMAILADDRESS", "%USER%", "%%", "100 %"])
def test_what_is_no_user_name(text: str) -> None:
    """Empty, with control characters, or with a placeholder that no client knows."""
    with pytest.raises(ModelError) as caught:
        UserPattern.parse(text)
    assert str(caught.value).isprintable()


@given(st.text())
def test_any_text_is_a_pattern_or_one_of_our_errors(text: str) -> None:
    """Nothing else is raised, and a pattern that was taken is taken again as itself."""
    for kind in (HostPattern, UserPattern):
        try:
            pattern = kind.parse(text)
        except (ModelError, AddressError) as error:
            said = error
        else:
            assert kind.parse(str(pattern)) == pattern
            continue
        assert str(said).isprintable()


# Overrides


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(ServerOverride)])
def test_an_override_changes_what_it_names_and_nothing_else(field: str) -> None:
    """A domain says only what is different at it; this goes for every field there is."""
    values = {
        "host": HostPattern("other.se"),
        "port": 1993,
        "tls": TLSMode.STARTTLS,
        "auth": (AuthMethod.OAUTH2,),
        "username": UserPattern("%EMAILLOCALPART%"),
        "also": (),
    }
    server = dataclasses.replace(IMAP.incoming, also=(Port(143, TLSMode.STARTTLS),))
    assert ServerOverride(**{field: values[field]}).apply(server) == dataclasses.replace(server, **{field: values[field]})


def test_an_override_without_anything_changes_nothing() -> None:
    """None is "as the provider has it"."""
    assert AccountOverride(Protocol.POP3).apply(POP3) == POP3


def test_an_override_of_an_unknown_account_must_be_complete() -> None:
    """Host, port and TLS mode have no default that could be right."""
    whole = ServerOverride(HostPattern("imap.kund.se"), 993, TLSMode.IMPLICIT)
    assert whole.complete() == Server(HostPattern("imap.kund.se"), 993, TLSMode.IMPLICIT)
    for missing in ("host", "port", "tls"):
        part = dataclasses.replace(whole, **{missing: None})
        assert part.complete() is None
        assert AccountOverride(Protocol.IMAP, whole, part).complete() is None
        assert AccountOverride(Protocol.IMAP, part, whole).complete() is None


# Shapes


def test_the_hosts_own_rule() -> None:
    """With POP a customer uses mail.<their domain> both ways, with IMAP everybody the same server."""
    config = Shape.of(KARLA).fill(BYRA)
    hosts = [(a.protocol.value, a.incoming.host.ascii, a.outgoing.host.ascii) for a in config.accounts]
    assert hosts == [
        ("imap", "server.karlahosting.se", "server.karlahosting.se"),
        ("pop3", "mail.xn--byr-wla.se", "mail.xn--byr-wla.se"),
    ]
    assert (config.domain, config.provider) == (BYRA, KARLA)


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        ((), ["imap", "pop3"]),
        (("pop3", "imap"), ["pop3", "imap"]),
        (("pop3",), ["pop3"]),
    ],
)
def test_protocols_are_an_order_and_a_subset(protocols: tuple[str, ...], expected: list[str]) -> None:
    """The first account is the preferred one."""
    shape = Shape.of(KARLA, protocols=tuple(map(Protocol, protocols)))
    assert [account.protocol.value for account in shape.accounts] == expected


def test_a_domain_may_describe_an_account_that_its_provider_has_not() -> None:
    """A complete override is an account, after those of the provider."""
    only_imap = dataclasses.replace(KARLA, accounts=(IMAP,))
    server = ServerOverride(HostPattern("pop.kund.se"), 995, TLSMode.IMPLICIT)
    shape = Shape.of(only_imap, [AccountOverride(Protocol.POP3, server, server)])
    assert [account.protocol for account in shape.accounts] == [Protocol.IMAP, Protocol.POP3]
    with pytest.raises(ModelError, match="pop3"):
        Shape.of(only_imap, [AccountOverride(Protocol.POP3, server)])
    with pytest.raises(ModelError, match="no pop3 account"):
        Shape.of(only_imap, protocols=(Protocol.POP3,))


def test_one_protocol_of_a_configuration() -> None:
    """`only` keeps the account with both its servers, or says that there is none."""
    config = Shape.of(KARLA).fill(BYRA)
    assert [account.protocol for account in config.only(Protocol.POP3).accounts] == [Protocol.POP3]
    assert Shape.of(KARLA, protocols=(Protocol.IMAP,)).fill(BYRA).only(Protocol.POP3) is None


def test_a_web_address_is_filled_with_the_a_label() -> None:
    """Placeholders of URLs are ours to fill, wherever they stand and however often."""
    config = Shape.of(KARLA).fill(BYRA)
    assert config.url("https://%EMAILDOMAIN%/?d=%EMAILDOMAIN%") == "https://xn--byr-wla.se/?d=xn--byr-wla.se"


@given(strategies.client_configs())
def test_a_configuration_is_never_empty_and_never_ambiguous(config: ClientConfig) -> None:
    """At least one account, at most one per protocol, and no placeholder left in a host."""
    protocols = [account.protocol for account in config.accounts]
    assert protocols
    assert len(set(protocols)) == len(protocols)
    for account in config.accounts:
        for server in (account.incoming, account.outgoing):
            assert "%" not in server.host.ascii
            assert Domain.parse(server.host.ascii) == server.host


@given(strategies.settings())
def test_valid_settings_lead_to_a_configuration_for_every_domain(settings: model.Settings) -> None:
    """What the strategies call valid is: every provider named exists, every alias leads to a domain that is none."""
    providers = {provider.id: provider for provider in settings.providers}
    entries = {entry.domain: entry for entry in settings.domains}
    assert len(entries) == len(settings.domains)
    assert sum(provider.default for provider in settings.providers) <= 1
    for entry in settings.domains:
        target = entry if entry.alias_of is None else entries[entry.alias_of]
        assert Shape.of(providers[target.provider], target.accounts, target.protocols).fill(entry.domain).domain == entry.domain


# Errors


@given(st.text())
def test_an_error_is_one_line_whatever_it_quotes(text: str) -> None:
    """A terminal, a log and a page can show it: clipped, without control characters and bidirectional tricks."""
    assert printable(text).isprintable()
    error = AutoconfigError("%(text)s is 100 %% wrong in %(count)d places", text=text, count=3)
    assert str(error).isprintable()
    assert str(error).endswith(" is 100 % wrong in 3 places")
    assert str(Problem(12, error)) == f"line 12: {error}"


def test_a_long_value_is_clipped() -> None:
    """Nobody reads a megabyte in a message."""
    assert printable("x" * 121) == "x" * 119 + "…"
    assert printable("x" * 120) == "x" * 120
    assert printable("a\x1b[31m\u202e\n") == "a\\x1b[31m\\u202e\\n"


def test_settings_errors_hold_every_problem() -> None:
    """All mistakes of a file at once, in its order."""
    problems = [Problem(1, ModelError("a")), Problem("", ModelError("b"))]
    error = SettingsError(iter(problems))
    assert error.problems == tuple(problems)
    assert [str(problem) for problem in error.problems] == ["line 1: a", "b"]
    assert "2" in str(error)


@given(st.text() | st.text("\0\u202e\U000e0001a"), st.integers(1, 60))
def test_what_is_printable_is_one_line_and_no_longer_than_it_may_be(text, limit):
    """An escaped character takes room as well."""
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert shown == text or not text.isprintable() or shown == text[: limit - 1] + "…"


def test_what_is_to_be_copied_stays_whole():
    """However many characters of it have to be escaped."""
    assert escaped('_dmarc IN TXT "v=DMARC1;\n\u202e p=none"') == '_dmarc IN TXT "v=DMARC1;\\n\\u202e p=none"'
