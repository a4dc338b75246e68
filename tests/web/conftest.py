"""The application over a real snapshot of a real store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from autoconfig.config import Config, Rate
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.store import open_store
from autoconfig.web import create_app

SETTINGS = """
[[provider]]
id = "karlahosting"
name = "KarlaHosting"
short_name = "Karla"
languages = ["sv", "en"]
webmail_url = "https://webmail.%EMAILDOMAIN%/"
documentation_url = "https://karlahosting.se/guider?a=1&b=2"

[provider.support]
url = "https://karlahosting.se/hjalp"
email = "hjalp@karlahosting.se"
phone = "08-123 45 67"
password_url = "https://karlahosting.se/losen"

[[provider.account]]
protocol = "imap"
incoming = { host = "server.karlahosting.se", port = 993, tls = "implicit" }
outgoing = { host = "server.karlahosting.se", port = 465, tls = "implicit", also = [{ port = 587, tls = "starttls" }] }

[[provider.account]]
protocol = "pop3"
incoming = { host = "mail.%EMAILDOMAIN%", port = 995, tls = "implicit" }
outgoing = { host = "mail.%EMAILDOMAIN%", port = 465, tls = "implicit" }

[[provider]]
id = "english"
name = "English & Sons <Ltd>"
short_name = "English"
languages = ["en"]
color = "#ffd400"

[[provider.account]]
protocol = "imap"
incoming = { host = "imap.english.example", port = 143, tls = "starttls", username = "%EMAILLOCALPART%" }
outgoing = { host = "smtp.english.example", port = 25, tls = "none", auth = ["none"] }

[[domain]]
name = "kund.se"
provider = "karlahosting"

[[domain]]
name = "byrå.se"
provider = "karlahosting"

[[domain]]
name = "pop.se"
provider = "karlahosting"
protocols = ["pop3", "imap"]

[[domain]]
name = "alias.se"
alias_of = "kund.se"

[[domain]]
name = "sub.se"
provider = "karlahosting"
subdomains = true

[[domain]]
name = "borta.se"
provider = "karlahosting"
suspended = true

[[domain]]
name = "karlahosting.se"
provider = "karlahosting"

[[domain]]
name = "räv.example"
provider = "english"

[[domain]]
name = "english.example"
provider = "english"
"""


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """An installation with the settings above."""
    instance = tmp_path_factory.mktemp("instance")
    config = Config(
        instance,
        f"sqlite:///{instance}/autoconfig.db",
        base_url="https://autoconfig.karlahosting.se",
        rate_limit=Rate(1_000_000, 1),  # many tests fill in the form
    )
    with open_store(config.database_url) as store:
        store.make_ready()
        store.import_settings(read_toml(SETTINGS))
        catch_up(store, config.snapshot_path)
    return config


@pytest.fixture(scope="session")
def client(config: Config) -> FlaskClient:
    """A client of that installation."""
    return create_app(config).test_client()


@pytest.fixture
def empty(config: Config, tmp_path: Path) -> FlaskClient:
    """A client of an installation that has no snapshot yet."""
    return create_app(replace(config, instance=tmp_path)).test_client()
