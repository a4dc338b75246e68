"""KEY=VALUE: every key of a settings file set and unset singly, and a clear word for what is none."""

from __future__ import annotations

import pytest

from autoconfig.cli.edit import DOMAIN, PROVIDER, assign, missing, read, shown
from autoconfig.errors import UsageError
from autoconfig.model import ModelError
from autoconfig.store.codec import domain_from_data, domain_to_data, provider_from_data, provider_to_data
from tests.cli.conftest import Command

Data = dict[str, object]

_SERVER = {
    "host": "pop.%EMAILDOMAIN%",
    "port": "1995",
    "tls": "starttls",
    "username": "%EMAILLOCALPART%",
    "auth": "oauth2,password-cleartext",
    "also": '[{ port = 110, tls = "starttls" }]',
}
_SERVERS = {
    f"{protocol}.{side}.{key}": value
    for protocol in ("imap", "pop3")
    for side in ("incoming", "outgoing")
    for key, value in _SERVER.items()
}
_PROVIDER_VALUES = {
    "name": "Karla AB", "short_name": "K", "default": "true", "languages": "en,sv", "support.url": "https://a.se/",
    "support.email": "a@a.se", "support.phone": "08-1", "support.password_url": "https://a.se/p", "webmail_url": "https://webmail.%EMAILDOMAIN%/",
    "documentation_url": "https://a.se/d", "logo": "https://a.se/l.png", "color": "#123456", "caldav_url": "https://a.se/c",
    "carddav_url": "https://a.se/k", "jmap_url": "https://a.se/j", "sieve.host": "a.se", "sieve.port": "4190", "sieve.tls": "starttls",
    "oauth2.issuer": "https://a.se", "oauth2.auth_url": "https://a.se/a", "oauth2.token_url": "https://a.se/t", "oauth2.scope": "mail",
    "mx": "10 mx.a.se,20 mx.b.se", "spf": "v=spf1 mx -all", "dmarc": "v=DMARC1; p=none", "dkim_selectors": "a,b", "software": "cpanel",
} | _SERVERS  # fmt: skip
_DOMAIN_VALUES = {
    "provider": "annan", "protocols": "pop3,imap", "alias_of": "b.se", "suspended": "true", "subdomains": "true", "note": "a = b",
} | _SERVERS  # fmt: skip

_ACCOUNTS = [
    {
        "protocol": protocol,
        "incoming": {"host": "a.se", "port": 1, "tls": "implicit"},
        "outgoing": {"host": "a.se", "port": 2, "tls": "implicit"},
    }
    for protocol in ("imap", "pop3")
]
_WHOLE = {"sieve": {"host": "b.se", "port": 1, "tls": "none"}, "oauth2": dict.fromkeys(("issuer", "auth_url", "token_url"), "https://b.se")}
_WHOLE["oauth2"]["scope"] = "x"


def _provider(**more: object) -> Data:
    return {"id": "karla", "name": "Karla", "short_name": "karla", **more, "account": _ACCOUNTS}


def test_every_key_has_a_value_here() -> None:
    """The tests below try them all."""
    assert set(_PROVIDER_VALUES) == set(PROVIDER)
    assert set(_DOMAIN_VALUES) == set(DOMAIN)


@pytest.mark.parametrize("key", PROVIDER)
def test_every_value_of_a_provider_is_set_and_unset_singly(key: str) -> None:
    """Setting what is shown gives the same; unsetting gives what was, or names what is needed."""
    table = key.partition(".")[0]
    before = _provider(**({table: _WHOLE[table]} if table in _WHOLE else {}))
    data = assign(before, [f"{key}={_PROVIDER_VALUES[key]}"], PROVIDER)
    found = provider_to_data(read(data, provider_from_data))
    assert found != provider_to_data(read(before, provider_from_data))
    at: object = found
    for step in key.split("."):
        at = next(a for a in at["account"] if a["protocol"] == step) if step in ("imap", "pop3") else at[step]  # type: ignore[index]
    assert shown(at) == _PROVIDER_VALUES[key]
    unset = assign(data, [f"{key}="], PROVIDER)
    if needed := missing(unset):
        assert needed == key
    else:
        gone = provider_to_data(read(unset, provider_from_data))
        assert gone == provider_to_data(read(before, provider_from_data))


@pytest.mark.parametrize("key", [key for key in DOMAIN if key not in ("provider", "alias_of")])
def test_every_value_of_a_domain_is_set_and_unset_singly(key: str) -> None:
    """Whether it is a value of the domain or an override."""
    before = {"name": "kund.se", "provider": "karla"}
    data = assign(before, [f"{key}={_DOMAIN_VALUES[key]}"], DOMAIN)
    found = domain_to_data(read(data, domain_from_data))
    assert found != before
    assert assign(found, [f"{key}="], DOMAIN) == before


@pytest.mark.parametrize("key", ["imap", "imap.incoming", "pop3.outgoing", "support", "sieve", "oauth2"])
def test_an_empty_value_takes_away_all_that_is_below(key: str) -> None:
    """A whole account, one of its servers, a table; and it is no mistake where there is nothing."""
    values = [f"{each}={value}" for each, value in _PROVIDER_VALUES.items()]
    data = assign(assign({"id": "a"}, values, PROVIDER), [f"{key}="], PROVIDER)
    others = [value for value in values if not value.startswith(f"{key}.")]
    assert data == assign({"id": "a"}, others, PROVIDER)
    assert assign({"id": "a"}, [f"{key}="], PROVIDER) == {"id": "a"}


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("imap.incomming.host=x", "there is no key imap.incomming.host here; did you mean imap.incoming.host?"),
        ("imap.incoming.prot=993", "did you mean imap.incoming.port?"),
        ("pop.incoming.host=x", "did you mean pop3.incoming.host?"),
        ("suport.url=", "did you mean support.url?"),
        ("support.url.x=1", "did you mean support.url?"),
        ("imap.incoming=x", "imap.incoming has keys of its own; set imap.incoming.{host,port,tls,username,auth,also}"),
        ("support=x", "support has keys of its own; set support.{url,email,phone,password_url}"),
        ("id=other", "the id stays as it is"),
        ("account=[]", "there is no key account here"),
        ("bogus=", "there is no key bogus here; docs/settings.md lists them all"),
        ("..=x", "there is no key"),
        ("imap.incoming.port=x", "imap.incoming.port: port must be a whole number"),
        (f"imap.incoming.port={'9' * 5000}", "imap.incoming.port: port must be a whole number"),
        ("imap.incoming.also=587", "imap.incoming.also: also must be a list in brackets"),
        ("imap.incoming.auth=none", "imap.incoming.auth: mail is never fetched without a password"),
        ("pop3.outgoing.also=[{ port = 0, tls = 'none' }]", "pop3.outgoing.also.port: port must be between 1 and 65535"),
        ("default=yes", "default: default must be true or false"),
        ("languages=svenska", "languages: svenska is not a language"),
    ],
)
def test_what_cannot_be_set_is_told_with_its_key(assignment: str, told: str) -> None:
    """The nearest key that there is, or what is wrong with the value."""
    with pytest.raises(ModelError) as caught:
        read(assign(_provider(), [assignment], PROVIDER), provider_from_data)
    assert told in str(caught.value)


@pytest.mark.parametrize("assignment", ["bogus", "=x", " =x", "imap.incoming.also=587/tls", "languages=[", f"mx={'[' * 5000}"])
def test_what_is_not_of_the_form_is_wrong_usage(assignment: str) -> None:
    """Also a list that is none."""
    with pytest.raises(UsageError):
        assign(_provider(), [assignment], PROVIDER)


def test_what_a_provider_needs_is_told_at_once() -> None:
    """As a shell would write it; an IMAP account, where there is none yet."""
    servers = "imap.incoming.{host,port,tls}, imap.outgoing.{host,port,tls}"
    assert missing({"id": "a"}) == f"name, short_name, {servers}"
    given = assign({"id": "a", "name": "a", "short_name": "a"}, ["pop3.incoming.port=1", "sieve.tls=none"], PROVIDER)
    assert missing(given) == "sieve.{host,port}, pop3.incoming.{host,tls}, pop3.outgoing.{host,port,tls}"
    assert missing(_provider()) == ""


# --- the commands ------------------------------------------------------------------------------------------------------------------


def test_a_provider_that_is_not_complete_is_told_in_one_line(unchanging: Command) -> None:
    """Whether it is new or was complete; nothing is changed."""
    new = unchanging("provider", "set", "ny", "name=Ny", "imap.incoming.host=a.se")
    assert (new.returncode, new.stdout) == (1, "")
    assert new.stderr == (
        "autoconfig: the provider ny would not be complete without short_name, imap.incoming.{port,tls}, imap.outgoing.{host,port,tls}\n"
    )
    old = unchanging("provider", "set", "karlahosting", "pop3.incoming.host=", "short_name=K")
    assert (old.returncode, "without pop3.incoming.host" in old.stderr) == (1, True)


def test_several_values_are_one_change_or_none(autoconfig: Command) -> None:
    """The good ones are not taken where another is bad; all together are one revision."""
    before = autoconfig("export").stdout
    assert autoconfig("domain", "set", "kund.se", "note=x", "suspended=maybe").returncode == 1
    assert autoconfig("provider", "set", "karlahosting", "color=#123456", "bogus=x").returncode == 1
    assert autoconfig("export").stdout == before
    assert autoconfig("domain", "set", "kund.se", "note=x", "suspended=true", "pop3.incoming.port=1995").returncode == 0
    assert autoconfig("domain", "history", "kund.se").stdout.count("\n") == 2


def test_a_provider_and_an_alias_take_each_others_place(autoconfig: Command) -> None:
    """As options or as KEY=VALUE; an alias has nothing of its own."""
    for words in (("--alias-of", "kund.se"), ("alias_of=kund.se",)):
        assert autoconfig("domain", "set", "byrå.se", *words).returncode == 0
        assert autoconfig("domain", "list", "--aliases").stdout == "byrå.se\talias of kund.se\t\n"
        assert autoconfig("domain", "set", "byrå.se", "provider=karlahosting").returncode == 0
    assert autoconfig("domain", "add", "ny.se", "alias_of=kund.se").returncode == 0
    both = autoconfig("domain", "set", "byrå.se", "provider=karlahosting", "alias_of=kund.se")
    assert (both.returncode, "leave out provider, or alias_of" in both.stderr) == (1, True)
    neither = autoconfig("domain", "set", "ny.se", "alias_of=")
    assert (neither.returncode, "provider is missing" in neither.stderr) == (1, True)


def test_a_domain_keeps_its_name(autoconfig: Command) -> None:
    """Nor is another one added than the one named."""
    for words in (("set", "kund.se"), ("add", "ny.se")):
        done = autoconfig("domain", *words, "name=annan.se")
        assert (done.returncode, "the name stays as it is" in done.stderr) == (1, True)


def test_every_error_is_one_of_ours(unchanging: Command) -> None:
    """No traceback, whatever stands there."""
    for word in ("=", ".=", "imap.=x", ".imap=x", "imap..host=x", "imap=x", "note=\x00", "note=\ud800", "protocols=[1]", "protocols=[[]]"):
        done = unchanging("domain", "set", "kund.se", word)
        assert done.returncode in (1, 64), word
        assert done.stderr.startswith("autoconfig: "), done.stderr
