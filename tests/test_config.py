"""An installation's configuration: where it is found, what it may say, and that a mistake is one clear line."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from autoconfig.config import Config, Rate, find_instance, load
from autoconfig.errors import ConfigError


def _load(instance: Path, toml: str = "", **environ: str) -> Config:
    (instance / "config.toml").write_text(toml, encoding="utf-8")
    return load(instance, environ)


def test_an_installation_without_a_file_has_defaults(tmp_path):
    """Nothing needs to be configured."""
    config = load(tmp_path, {})
    assert config == Config(tmp_path, f"sqlite:///{tmp_path}/autoconfig.db")
    assert config.snapshot_path == tmp_path / "snapshot.mdb"
    assert config.languages == ("sv", "en")
    assert config.rate_limit == Rate(30, 60)
    assert config.discovery_rate_limit is None
    assert config.digest_days == 30


KEYS = [
    ("database_url", '"postgresql://autoconfig@db/autoconfig"', "postgresql://autoconfig@db/autoconfig"),
    ("base_url", '"https://autoconfig.karlahosting.se/"', "https://autoconfig.karlahosting.se"),
    ("base_url", '"http://localhost:8080"', "http://localhost:8080"),
    ("base_url", '"http://[::1]:8080"', "http://[::1]:8080"),
    ("https", "true", True),
    ("trusted_proxies", '["127.0.0.1", "10.0.0.0/8", "::1"]', tuple(map(ipaddress.ip_network, ("127.0.0.1", "10.0.0.0/8", "::1")))),
    ("languages", '["en", "sv"]', ("en", "sv")),
    ("digest_days", "0", 0),
    ("digest_days", "90", 90),
    ("rate_limit", '"5/second"', Rate(5, 1)),
    ("discovery_rate_limit", '"1000/hour"', Rate(1000, 3600)),
    ("log_format", '"json"', "json"),
]


@pytest.mark.parametrize(("key", "toml", "value"), KEYS)
def test_a_key_of_the_file(tmp_path, key, toml, value):
    """Every key of the contract is read."""
    assert getattr(_load(tmp_path, f"{key} = {toml}"), key) == value


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("database_url", "sqlite:////var/lib/autoconfig.db", "sqlite:////var/lib/autoconfig.db"),
        ("https", "1", True),
        ("https", "No", False),
        ("trusted_proxies", "10.0.0.0/8, ::1", tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "::1")))),
        ("languages", "en", ("en",)),
        ("digest_days", "7", 7),
        ("rate_limit", "5/second", Rate(5, 1)),
    ],
)
def test_a_variable_says_the_same_and_wins_over_the_file(tmp_path, key, text, value):
    """Every key is also AUTOCONFIG_ with the key in capitals; lists have commas."""
    config = _load(tmp_path, 'languages = ["sv"]\nhttps = false', **{f"AUTOCONFIG_{key.upper()}": text})
    assert getattr(config, key) == value


def test_files_are_named_from_the_instance_folder(tmp_path):
    """A path that is not absolute begins at the folder of config.toml."""
    assert _load(tmp_path, 'sign_cert = "tls/cert.pem"').sign_cert == tmp_path / "tls" / "cert.pem"
    assert _load(tmp_path, 'sign_cert = "/tls/cert.pem"').sign_cert == Path("/tls/cert.pem")


def test_a_link_to_a_file_is_kept(tmp_path):
    """Certbot renews a certificate by turning the link to it: who had followed the link would keep the old one."""
    (tmp_path / "cert1.pem").touch()
    (tmp_path / "cert.pem").symlink_to("cert1.pem")
    assert _load(tmp_path, 'sign_cert = "cert.pem"').sign_cert == tmp_path / "cert.pem"


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("base_ur = 1", "there is no setting base_ur; base_url?"),
        ('colour = "red"', "there is no setting colour"),
        ("https = 3", "https: must be true or false"),
        ('https = "perhaps"', "https: must be true or false"),
        ("database_url = 5", "database_url: must be a text"),
        ('database_url = " "', "database_url: must be a text"),
        ('base_url = "autoconfig.karlahosting.se"', "base_url: must be like https://autoconfig.karlahosting.se"),
        ('base_url = "https://karlahosting.se/autoconfig"', "base_url: must be like"),
        ('base_url = "https://-bad-.se"', "base_url: a part of the domain -bad-.se begins or ends with a hyphen"),
        ('trusted_proxies = ["10.0.0.1/8"]', "trusted_proxies: must be networks such as 10.0.0.0/8"),
        ("trusted_proxies = 8", "trusted_proxies: must be a list of texts"),
        ("languages = []", "languages: must be language codes"),
        ('languages = ["../en"]', "languages: must be language codes"),
        ("sign_key = 5", "sign_key: must be a text"),
        ("digest_days = -1", "digest_days: must be a number of days from 0 to 3650"),
        ("digest_days = 3651", "digest_days: must be a number of days from 0 to 3650"),
        ("digest_days = 1.5", "digest_days: must be a number of days from 0 to 3650"),
        ("digest_days = true", "digest_days: must be a number of days from 0 to 3650"),
        ('digest_days = "a month"', "digest_days: must be a number of days from 0 to 3650"),
        ('rate_limit = "30"', "rate_limit: must be like"),
        ('rate_limit = "0/minute"', "rate_limit: must be like"),
        ('log_format = "xml"', 'log_format: must be "plain" or "json"'),
        ("https = ", "is not valid TOML"),
        ("https = " + "[" * 5000, "is nested too deeply"),
    ],
)
def test_a_mistake_in_the_file_stops_the_start_with_one_line(tmp_path, toml, line):
    """The line names the file, the key and what is wrong."""
    with pytest.raises(ConfigError) as raised:
        _load(tmp_path, toml)
    assert line in str(raised.value)
    assert str(tmp_path / "config.toml") in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "line"),
    [
        ("AUTOCONFIG_BASE_URI", "there is no variable AUTOCONFIG_BASE_URI; AUTOCONFIG_BASE_URL?"),
        ("AUTOCONFIG_https", "there is no variable AUTOCONFIG_https"),
        ("AUTOCONFIG_HTTPS", "AUTOCONFIG_HTTPS: https: must be true or false"),
    ],
)
def test_a_mistake_in_the_environment_stops_the_start_with_one_line(tmp_path, variable, line):
    """A misspelt variable is not left unread in silence."""
    with pytest.raises(ConfigError, match=line.replace("?", r"\?")):
        load(tmp_path, {variable: "maybe"})


def test_bytes_that_are_no_text_are_a_mistake_of_the_file(tmp_path):
    """Latin-1 is told, not guessed."""
    (tmp_path / "config.toml").write_bytes(b'base_url = "https://byr\xe5.se"')
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(tmp_path, {})


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """A folder in its place, or no permission."""
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    "variable", ["AUTOCONFIG_INSTANCE", "AUTOCONFIG_PASSWORD", "AUTOCONFIG_SERVICE_HOST", "AUTOCONFIG_PORT_80_TCP", "HOME"]
)
def test_other_variables_are_not_keys(tmp_path, variable):
    """Among them those that Kubernetes makes for a service called "autoconfig"."""
    assert load(tmp_path, {variable: "x"}) == load(tmp_path, {})


def test_the_instance_folder_is_found_in_this_order(tmp_path):
    """Option, variable, ./instance where it exists, the user's data folder."""
    environ = {"AUTOCONFIG_INSTANCE": "from-variable", "XDG_DATA_HOME": "/data", "HOME": "/home/anna"}
    assert find_instance("from-option", environ, tmp_path) == tmp_path / "from-option"
    assert find_instance(None, environ, tmp_path) == tmp_path / "from-variable"
    del environ["AUTOCONFIG_INSTANCE"]
    assert find_instance(None, environ, tmp_path) == Path("/data/autoconfig")
    assert find_instance(None, environ | {"XDG_DATA_HOME": "relative"}, tmp_path) == Path("/home/anna/.local/share/autoconfig")
    (tmp_path / "instance").mkdir()
    assert find_instance(None, environ, tmp_path) == tmp_path / "instance"


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://autoconfig.KarlaHosting.se:8443", "autoconfig.karlahosting.se"),
        ("http://192.0.2.7:8080", None),
        ("http://[2001:db8::7]", None),
        ("http://localhost:8080", None),
    ],
)
def test_the_own_name_is_a_domain_where_records_can_lead_to_it(tmp_path, url, domain):
    """An address, or a name that only this machine knows, is none."""
    config = load(tmp_path, {"AUTOCONFIG_BASE_URL": url})
    assert (config.own_domain and config.own_domain.ascii) == domain
