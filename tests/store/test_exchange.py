"""Settings files: what is written is read again, and every mistake of a file is told at once, each with its line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.address import Domain
from autoconfig.errors import SettingsError
from autoconfig.model import DomainSettings, Protocol, Settings
from autoconfig.store.codec import domain_from_data, domain_to_data, provider_from_data, provider_to_data
from autoconfig.store.exchange.toml import parse_toml, read_toml, write_toml
from tests import strategies

SAMPLE = Path(__file__).parent.parent.parent / "instance" / "sample.toml"

HEAD = """\
[[provider]]
id = "karla"
name = "Karla"
short_name = "K"
[[provider.account]]
protocol = "imap"
incoming = { host = "server.karla.se", port = 993, tls = "implicit" }
outgoing = { host = "mail.%EMAILDOMAIN%", port = 465, tls = "implicit" }
"""


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_toml(text)
    return [str(problem) for problem in caught.value.problems]


@given(strategies.settings())
def test_what_is_written_is_read_again(settings: Settings) -> None:
    """Every value survives, in whatever order it came."""
    again = read_toml(write_toml(settings))
    assert set(again.providers) == set(settings.providers)
    assert set(again.domains) == set(settings.domains)
    assert len(again.domains) == len(settings.domains)
    assert write_toml(again) == write_toml(settings)


@given(strategies.settings(), st.randoms())
def test_the_order_of_the_file_is_canonical(settings: Settings, random: object) -> None:
    """Two files that say the same are written the same: providers by id, domains by A-label."""
    turned = Settings(settings.providers[::-1], settings.domains[::-1])
    assert write_toml(turned) == write_toml(settings)
    names = [Domain.parse(entry["name"]).ascii for entry in tomllib.loads(write_toml(settings)).get("domain", [])]
    assert names == sorted(names)


@given(strategies.settings())
def test_plain_data_leads_back_to_the_model(settings: Settings) -> None:
    """One codec for files, columns and snapshot: out and in again is the same value."""
    for provider in settings.providers:
        assert provider_from_data(provider_to_data(provider)) == provider
    for entry in settings.domains:
        assert domain_from_data(domain_to_data(entry)) == entry


def test_the_sample_is_good_and_written_as_it_stands() -> None:
    """Export gives back what import took: the sample without its comments, domains in order."""
    settings = read_toml(SAMPLE.read_bytes())
    lines = [line.partition(" #")[0] for line in SAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    exported = write_toml(settings)
    # What the sample says although it is the default.
    lines.remove('languages = ["sv", "en"]')
    assert sorted(line for line in exported.splitlines() if line) == sorted(lines)
    assert read_toml(exported) == settings


def test_defaults_are_left_out_and_names_written_as_people_write_them() -> None:
    """Neither A-labels nor what goes without saying."""
    text = write_toml(Settings((), (DomainSettings(Domain.parse("xn--byr-wla.se"), "karla"),)))
    assert text == '[[domain]]\nname = "byrå.se"\nprovider = "karla"\n'
    assert write_toml(Settings()) == ""


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_every_text_is_escaped_as_toml_asks(note: str) -> None:
    """Quotation marks, backslashes, control characters and all the rest come back as they were."""
    text = write_toml(Settings((), (DomainSettings(Domain.parse("kund.se"), "karla", note=note),)))
    assert tomllib.loads(text)["domain"][0].get("note", "") == note


def test_a_domain_without_provider_takes_the_default_of_the_import() -> None:
    """`--provider` is for domains that name none, and for no alias."""
    text = '[[domain]]\nname = "a.se"\n[[domain]]\nname = "b.se"\nprovider = "other"\n[[domain]]\nname = "c.se"\nalias_of = "a.se"\n'
    assert [entry.provider for entry in read_toml(text, "karla").domains] == ["karla", "other", None]
    assert mistakes(text) == ["line 1: provider is missing; name a provider, or alias_of and another domain"]


def test_a_list_of_accounts_keeps_its_order() -> None:
    """The first account is the preferred one."""
    text = HEAD + HEAD[HEAD.index("[[provider.account]]") :].replace("imap", "pop3").replace("993", "995")
    assert [account.protocol for account in read_toml(text).providers[0].accounts] == [Protocol.IMAP, Protocol.POP3]


PROVIDER_MISTAKES = {
    'id = "Karla"': 'line 1: Karla is not an id; use a-z, 0-9 and hyphens, at most 64, such as karlahosting',
    f'id = "{"a" * 65}"': f'line 1: {"a" * 65} is not an id; use a-z, 0-9 and hyphens, at most 64, such as karlahosting',
    'id = 1': 'line 1: id must be text in quotes',
    'name = " "': 'line 1: name is empty',
    'name = "Kar\\u0007la"': 'line 1: name has a character that cannot be seen: Kar\\x07la',
    'short_name = ""': 'line 1: short_name is empty',
    'default = "true"': 'line 1: default must be true or false, without quotes',
    'languages = "sv"': 'line 1: languages must be a list in brackets',
    'languages = []': 'line 1: languages is empty',
    'languages = ["Swedish"]': 'line 1: Swedish is not a language; write it like sv or en',
    'languages = ["sv", "sv"]': 'line 1: languages names sv twice',
    'support = "x"': 'line 1: support must be a table',
    'support = { mail = "a@b.se" }': 'line 1: there is no key mail here; did you mean email?',
    'support = { email = "a" }': 'line 1: a is not an e-mail address: it has no @',
    'support = { url = "karla.se" }': 'line 1: url must be an http or https address, not karla.se',
    'webmail_url = "ftp://karla.se/"': 'line 1: webmail_url must be an http or https address, not ftp://karla.se/',
    'caldav_url = "https://"': 'line 1: caldav_url must be an http or https address, not https://',
    'carddav_url = "https://a.se:x/"': 'line 1: carddav_url must be an http or https address, not https://a.se:x/',
    'jmap_url = "https://%EMAILADDRESS%/"': 'line 1: jmap_url may only have the placeholder %EMAILDOMAIN%',
    'color = "red"': 'line 1: red is not a color; write it like #1a7f64',
    'sieve = { host = "a.se", port = 4190 }': 'line 1: tls is missing',
    'oauth2 = { issuer = "https://a.se/" , auth_url = "https://a.se/", token_url = "https://a.se/" }': 'line 1: scope is missing',
    'mx = ["mx.karla.se"]': 'line 1: mx.karla.se is not a mail exchanger; write it like "10 mx.karlahosting.se"',
    'mx = ["65536 mx.karla.se"]': 'line 1: 65536 mx.karla.se is not a mail exchanger; write it like "10 mx.karlahosting.se"',
    'mx = ["10 mx"]': 'line 1: the domain mx has no dot; a domain looks like kund.se',
    'dkim_selectors = ["a b"]': 'line 1: a b is not a DKIM selector',
    'software = "exim"': 'line 1: exim is not a value of software; use one of: cpanel, directadmin, plesk, postfix-dovecot',
    'webmail = "https://a.se/"': 'line 1: there is no key webmail here; did you mean webmail_url?',
    'account = []': 'line 1: the provider has no account; write at least one [[provider.account]]',
    'account = 1': 'line 1: account must be a list in brackets',
    'account = ["imap"]': 'line 1: account must be a table',
}  # fmt: skip


@pytest.mark.parametrize(("line", "message"), PROVIDER_MISTAKES.items())
def test_a_provider_with_one_mistake(line: str, message: str) -> None:
    """Each key says what it wants."""
    key = line.partition(" ")[0]
    rest = {"id": '"k"', "name": '"K"', "short_name": '"K"', "account": "[{ protocol = 'imap', incoming = {S}, outgoing = {S} }]"}
    rest.pop(key, None)
    server = "{ host = 'a.se', port = 993, tls = 'implicit' }"
    text = f"provider = [{{ {line}, {', '.join(f'{k} = {v}' for k, v in rest.items())} }}]".replace("{S}", server)
    assert mistakes(text) == [message]


SERVER_MISTAKES = {
    "port = 993, tls = 'implicit'": "host is missing",
    "host = 'a.se', port = 0, tls = 'implicit'": "port must be between 1 and 65535, not 0",
    "host = 'a.se', port = 65536, tls = 'implicit'": "port must be between 1 and 65535, not 65536",
    "host = 'a.se', port = true, tls = 'implicit'": "port must be a whole number, without quotes",
    "host = 'a.se', port = 993.0, tls = 'implicit'": "port must be a whole number, without quotes",
    "host = 'a.se', port = '993', tls = 'implicit'": "port must be a whole number, without quotes",
    "host = 'a.se', port = 993, tls = 'ssl'": "ssl is not a value of tls; use one of: implicit, starttls, none",
    "host = 'a.se', port = 993, tls = 'implicit', auth = 'ntlm'": "auth must be a list in brackets",
    "host = 'a.se', port = 993, tls = 'implicit', auth = []": "auth is empty",
    "host = 'a.se', port = 993, tls = 'implicit', auth = ['plain']":
        "plain is not a value of auth; use one of: password-cleartext, password-encrypted, oauth2, gssapi, ntlm, none",
    "host = 'a.se', port = 993, tls = 'implicit', auth = ['none']":
        "mail is never fetched without a password; only outgoing servers may have auth none",
    "host = 'a.se', port = 993, tls = 'implicit', also = [{ port = 993, tls = 'none' }]": "port 993 is named twice",
    "host = 'a.se', port = 993, tls = 'implicit', also = [{ port = 1, tls = 'none' }, { port = 1, tls = 'none' }]": "port 1 is named twice",
    "host = 'a.se', port = 993, tls = 'implicit', also = [{ port = 143 }]": "tls is missing",
    "host = 'a.se', port = 993, tls = 'implicit', user = 'x'": "there is no key user here; did you mean username?",
    "host = 'a.se', port = 993, tls = 'implicit', username = ''": "the user name is empty",
    "host = 'a.se', port = 993, tls = 'implicit', username = '%EMAIL%'":
        "%EMAIL%: %EMAIL% is not a placeholder; use %EMAILADDRESS%, %EMAILLOCALPART%, %EMAILDOMAIN%",
    "host = 'mail.%DOMAIN%', port = 993, tls = 'implicit'":
        "mail.%DOMAIN%: a host may only have the placeholder %EMAILDOMAIN%, not %DOMAIN%",
    "host = '192.0.2.1', port = 993, tls = 'implicit'": "192.0.2.1 is an IP address, not a domain name",
}  # fmt: skip


@pytest.mark.parametrize(("server", "message"), SERVER_MISTAKES.items())
def test_a_server_with_one_mistake(server: str, message: str) -> None:
    """Each key of a server says what it wants, on the server's line."""
    text = HEAD.replace('host = "server.karla.se", port = 993, tls = "implicit"', server)
    assert mistakes(text) == [f"line 7: {message}"]


DOMAIN_MISTAKES = {
    'provider = "karla"': ["line 9: name is missing"],
    'name = "kund"\nprovider = "karla"': ["line 10: the domain kund has no dot; a domain looks like kund.se"],
    'name = "kund.se"\nprovider = "karla"\nalias_of = "a.se"':
        ["line 11: an alias takes everything from its target; leave out provider, or alias_of"],
    'name = "kund.se"\nalias_of = "a.se"\nprotocols = ["imap"]':
        ["line 12: an alias takes everything from its target; leave out protocols, or alias_of"],
    'name = "kund.se"\nalias_of = "a.se"\n[[domain.account]]\nprotocol = "imap"\nincoming = { host = "a.se" }':
        ["line 12: an alias takes everything from its target; leave out account, or alias_of"],
    'name = "kund.se"\nalias_of = "KUND.SE."': ["line 11: kund.se is an alias of itself"],
    'name = "a.se"\nalias_of = "b.se"\n[[domain]]\nname = "b.se"\nalias_of = "c.se"\n[[domain]]\nname = "c.se"\nalias_of = "b.se"':
        ["line 14: aliases that lead round in a ring: b.se, c.se, b.se"],
    'name = "kund.se"\nprovider = "karla"\nprotocols = ["pop3"]': ["line 12: karla has no pop3 account"],
    'name = "kund.se"\nprovider = "karla"\nprotocols = []': ["line 12: protocols is empty"],
    'name = "kund.se"\nprovider = "karla"\nprotocols = ["imap", "smtp"]':
        ["line 12: smtp is not a value of protocols; use one of: imap, pop3"],
    'name = "kund.se"\nprovider = "karla"\nsuspended = 1': ["line 12: suspended must be true or false, without quotes"],
    'name = "kund.se"\nprovider = "karla"\nnote = "a\\u0000b"': ["line 12: note has a character that cannot be seen: a\\x00b"],
    'name = "kund.se"\nprovider = "karla"\n[[domain.account]]\nprotocol = "pop3"\nincoming = { host = "a.se" }':
        ["line 12: karla has no pop3 account; name host, port and tls of both its servers here"],
    'name = "kund.se"\nprovider = "karla"\n[[domain.account]]\nprotocol = "imap"\n[[domain.account]]\nprotocol = "imap"':
        ["line 15: there are two imap accounts here; there may be one for each protocol"],
    'name = "kund.se"\nprovider = "karla"\n[[domain.account]]\nincoming = { host = "a.se" }': ["line 12: protocol is missing"],
    'name = "kund.se"\nprovider = "karla"\n[[domain.account]]\nprotocol = "imap"\nincoming = { also = [{ port = 993, tls = "none" }] }':
        ["line 12: port 993 is named twice"],
    f'name = "{".".join(["a" * 62] * 4)}"\nprovider = "karla"': ["line 10: the domain is longer than 253 characters"],
}  # fmt: skip


@pytest.mark.parametrize(("lines", "messages"), DOMAIN_MISTAKES.items())
def test_a_domain_with_a_mistake(lines: str, messages: list[str]) -> None:
    """Each key says what it wants, and ties that do not hold are told where they are tied."""
    assert mistakes(f"{HEAD}[[domain]]\n{lines}\n") == messages


@pytest.mark.parametrize("second", ["KUND.se", "kund.se.", "Kund.Se."])
def test_a_domain_listed_twice_names_both_lines(second: str) -> None:
    """Letter case and a trailing dot make no other domain."""
    text = f'[[domain]]\nname = "kund.se"\nprovider = "karla"\n[[domain]]\nname = "{second}"\nprovider = "karla"\n'
    assert mistakes(text) == [f"line 5: {second} stands on line 2 already"]


def test_a_domain_in_both_its_forms_is_listed_twice() -> None:
    """A-labels and U-labels are one name."""
    text = '[[domain]]\nname = "byrå.se"\nprovider = "karla"\n[[domain]]\nname = "xn--byr-wla.se"\nprovider = "karla"\n'
    assert mistakes(text) == ["line 5: xn--byr-wla.se stands on line 2 already"]


def test_two_providers_and_two_defaults() -> None:
    """An id is one provider's, and only one provider answers for the rest."""
    text = HEAD + HEAD + HEAD.replace('"karla"', '"other"\ndefault = true') + HEAD.replace('"karla"', '"third"\ndefault = true')
    assert mistakes(text) == [
        "line 10: the provider karla stands on line 2 already",
        "line 28: other is the default provider already; there may be one",
    ]


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    """An operator mends a file in one go."""
    text = HEAD.replace("993", "99300").replace('"imap"', '"imaps"') + '[[domains]]\n[[domain]]\nname = "kund se"\nprovidr = "karla"\n'
    assert mistakes(text) == [
        "line 6: imaps is not a value of protocol; use one of: imap, pop3",
        "line 7: port must be between 1 and 65535, not 99300",
        "line 9: there is no key domains here; did you mean domain?",
        "line 10: provider is missing; name a provider, or alias_of and another domain",
        "line 11: the domain kund se has no dot; a domain looks like kund.se",
        "line 12: there is no key providr here; did you mean provider?",
    ]


def test_a_mistake_in_a_provider_is_not_told_again_at_its_domains() -> None:
    """What could not be read is not missing."""
    text = HEAD.replace("993", "0") + '[[domain]]\nname = "kund.se"\nprovider = "karla"\nprotocols = ["pop3"]\n'
    assert mistakes(text) == ["line 7: port must be between 1 and 65535, not 0"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b'[[domain]]\nname = "kund.se\n', "line 2: column 16 is not TOML: "),
        (b"[[domain]\n", "line 1: column 9 is not TOML: "),
        (b"a = [1,", "line 1: this is not TOML: "),
        (b"name = 1\nname = 2\n", "line 2: column 9 is not TOML: "),
        (b'[[domain]]\nname = "byr\xe5.se"\n', "line 2: the file is not UTF-8: byte 0xe5 in column 12; save it as UTF-8"),
        ("name = 1".encode("utf-16"), "line 1: the file is in UTF-16; save it as UTF-8"),
        (b"a = " + b"[" * 100_000, "line 1: this is nested too deeply to be settings"),
        (b"a = " + b"9" * 5000, "line 1: this is not TOML: "),
        (b'[provider]\nid = "a"\n', "line 1: write [[provider]] with two brackets on each side"),
        (b"\x00" * 1000, "line 1: column 1 is not TOML: "),
    ],
)
def test_what_is_no_settings_file_at_all(source: bytes, message: str) -> None:
    """One clear mistake, with its place."""
    with pytest.raises(SettingsError) as caught:
        read_toml(source)
    assert [str(problem).partition(":")[0] for problem in caught.value.problems] == [message.partition(":")[0]]
    assert str(caught.value.problems[0]).startswith(message)


def test_a_number_of_thousands_of_digits_is_told_short() -> None:
    """Python itself refuses to write it."""
    assert mistakes(HEAD.replace("993", "0x" + "f" * 9000))[0].startswith("line 7: port must be between 1 and 65535, not 0xffff")


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Editors on Windows write one."""
    assert read_toml(b"\xef\xbb\xbf" + HEAD.encode()).providers[0].id == "karla"


def test_parse_keeps_what_is_good_and_the_places_of_what_is_not() -> None:
    """The store judges the rest, and tells all mistakes together."""
    file = parse_toml(HEAD + '[[domain]]\nname = "kund"\nprovider = "karla"\n[[domain]]\nname = "b.se"\nprovider = "nobody"\n')
    assert [entry.domain.ascii for entry in file.domains] == ["b.se"]
    assert [str(problem) for problem in file.places.problems(file.mistakes)] == [
        "line 10: the domain kund has no dot; a domain looks like kund.se"
    ]
