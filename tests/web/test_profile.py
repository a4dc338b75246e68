"""Apple's profile, PACC, the well-known redirects and the names that may have a certificate, over HTTP."""

from __future__ import annotations

import json
import plistlib
from dataclasses import replace

import pytest

from autoconfig.config import Config
from autoconfig.formats import pacc
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.store import open_store
from autoconfig.web import create_app
from tests.web.conftest import SETTINGS

PROFILE = "/email.mobileconfig"


def _mail(answer) -> dict:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-apple-aspen-config"
    return plistlib.loads(answer.data)["PayloadContent"][0]


def test_the_profile_is_a_file_to_install(client):
    """Right type, a name, and kept by nobody."""
    answer = client.get(PROFILE + "?emailaddress=anna@kund.se")
    mail = _mail(answer)
    assert mail["EmailAccountType"] == "EmailTypeIMAP"
    assert mail["IncomingMailServerHostName"] == "server.karlahosting.se"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="anna@kund.se.mobileconfig"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_pop_comes_with_its_own_outgoing_server(client):
    """POP and IMAP differ in both."""
    mail = _mail(client.get(PROFILE + "?emailaddress=anna@kund.se&protocol=pop3"))
    assert mail["EmailAccountType"] == "EmailTypePOP"
    assert mail["IncomingMailServerHostName"] == mail["OutgoingMailServerHostName"] == "mail.kund.se"


def test_a_certificate_that_cannot_be_used_leaves_the_profile_unsigned(config, caplog):
    """A worker begins long after `serve` looked at the certificate: it says so in one line, and goes on."""
    bad = config.instance / "gone.pem"
    client = create_app(replace(config, sign_cert=bad, sign_key=bad)).test_client()
    assert _mail(client.get(PROFILE + "?emailaddress=anna@kund.se"))["EmailAccountType"] == "EmailTypeIMAP"
    assert client.get("/healthz").status_code == 200
    (record,) = caplog.records
    assert record.getMessage() == (f"{bad} cannot be read: No such file or directory; profiles are handed out unsigned until then")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?emailaddress=anna", 400),
        ("?emailaddress=anna@okand.example", 404),
        ("?emailaddress=anna@borta.se", 404),
        ("?emailaddress=anna@kund.se&protocol=jmap", 400),
        ("?emailaddress=anna@english.example&protocol=pop3", 404),
        ("?emailaddress=%22a%0d%0aX%22@kund.se", 400),
    ],
)
def test_what_has_no_profile(client, query, status):
    """No address, no profile; not ours, no profile."""
    assert client.get(PROFILE + query, headers={"Host": "autoconfig.kund.se"}).status_code == status


def test_pacc_is_served_byte_for_byte(client):
    """Customers have the digest of these bytes in their DNS."""
    answer = client.get("/.well-known/user-agent-configuration.json", headers={"Host": "ua-auto-config.kund.se"})
    assert answer.headers["Content-Type"] == "application/json"
    config = client.application.extensions["autoconfig"].client_config
    from autoconfig.address import Domain

    assert answer.data == pacc.document(config(Domain.parse("kund.se"))).content
    assert json.loads(answer.data)["protocols"]["submit"] == json.loads(answer.data)["protocols"]["smtp"]


def test_what_pacc_cannot_say_is_404(client):
    """STARTTLS and unencrypted servers have no place in PACC."""
    answer = client.get("/.well-known/user-agent-configuration.json", headers={"Host": "ua-auto-config.english.example"})
    assert answer.status_code == 404


@pytest.fixture(scope="module")
def groupware(tmp_path_factory):
    """A service whose provider has calendars and contacts."""
    instance = tmp_path_factory.mktemp("groupware")
    config = Config(instance, f"sqlite:///{instance}/autoconfig.db", base_url="https://autoconfig.karlahosting.se")
    urls = 'caldav_url = "https://dav.%EMAILDOMAIN%/cal/"\ncarddav_url = "https://dav.karlahosting.se/"\n'
    with open_store(config.database_url) as store:
        store.import_settings(read_toml(SETTINGS.replace('short_name = "Karla"\n', 'short_name = "Karla"\ndefault = true\n' + urls)))
        catch_up(store, config.snapshot_path)
    return create_app(replace(config)).test_client()


@pytest.mark.parametrize("method", ["GET", "PROPFIND", "OPTIONS"])
def test_well_known_redirects_lead_to_the_providers_own(groupware, method):
    """RFC 6764, 5: clients ask with PROPFIND, and 307 keeps it one."""
    answer = groupware.open("/.well-known/caldav", method=method, headers={"Host": "kund.se"})
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://dav.kund.se/cal/")


def test_what_the_provider_does_not_have_is_404(groupware, client):
    """No redirect into nothing."""
    assert groupware.get("/.well-known/jmap", headers={"Host": "kund.se"}).status_code == 404
    assert groupware.get("/.well-known/caldav", headers={"Host": "borta.se"}).status_code == 404
    assert client.get("/.well-known/caldav", headers={"Host": "kund.se"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("autoconfig.kund.se", 200),
        ("AUTODISCOVER.Kund.se.", 200),
        ("ua-auto-config.kund.se", 200),
        ("autoconfig.byrå.se", 200),
        ("autoconfig.xn--byr-wla.se", 200),
        ("autoconfig.alias.se", 200),
        ("autoconfig.a.sub.se", 200),
        ("kund.se", 200),
        ("autoconfig.karlahosting.se", 200),
        ("autoconfig.borta.se", 404),
        ("borta.se", 404),
        ("www.kund.se", 404),
        ("mail.kund.se", 404),
        ("autoconfig.autoconfig.kund.se", 404),
        ("autoconfig.okand.example", 404),
        ("okand.example", 404),
        ("", 404),
        ("127.0.0.1", 404),
        ("*.kund.se", 404),
        ("autoconfig.kund.se/../..", 404),
        ("x" * 500 + ".se", 404),
    ],
)
def test_which_names_may_have_a_certificate(groupware, name, status):
    """Ours at a listed and active domain; a default provider's strangers are none, or anybody could make us fetch certificates."""
    answer = groupware.get("/tls/allowed", query_string={"domain": name})
    assert answer.status_code == status
