"""Every answer that is not what was asked for, and the headers on all of them."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import replace

import pytest

from autoconfig.address import Domain
from autoconfig.errors import SnapshotError
from autoconfig.model import DomainSettings
from autoconfig.store.exchange.toml import read_toml
from autoconfig.store.follow import catch_up
from autoconfig.store.snapshot import Snapshot
from autoconfig.store.store import open_store
from autoconfig.web import MAX_BODY, MAX_QUERY, create_app
from autoconfig.web.errors import MESSAGES
from autoconfig.web.protection import HEADERS, PAGE_HEADERS
from tests.web.conftest import SETTINGS

OWN = "autoconfig.karlahosting.se"


def _broken(config, error):
    class Broken:
        def client_config(self, domain):
            raise error

        def is_listed(self, domain):
            raise error

    return create_app(config, Broken()).test_client()


@pytest.mark.parametrize("query", [b"lang=\xff", b"\xe9=1&emailaddress=anna@other.se", b"x=" + b"\xff" * 3000])
@pytest.mark.parametrize("path", ["/", "/nowhere", "/mail/config-v1.1.xml", "/email.mobileconfig", "/tls/allowed", "/guide/kund.se"])
def test_octets_that_are_no_text_make_no_error_of_ours(client, path, query):
    """In a query, raw as they are: they were an error while the error was told."""
    answer = client.get(path, headers={"Host": OWN, "Accept": "text/html"}, environ_overrides={"QUERY_STRING": query.decode("latin-1")})
    assert answer.status_code == 414 if len(query) > 2000 else answer.status_code in (200, 400, 404)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/plain"),
        ("*/*", "text/plain"),
        ("text/*", "text/plain"),
        ("application/xml, text/xml", "text/plain"),
        ("text/html;q=0", "text/plain"),
        ("text/html", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("TEXT/HTML;q=0.1, */*", "text/html"),
        (";;,,/;q=x", "text/plain"),
    ],
)
@pytest.mark.parametrize(
    "path", ["/nowhere", "/mail/config-v1.1.xml?emailaddress=anna@other.se", "/mail/config-v1.1.xml?emailaddress=anna"]
)
def test_a_page_for_browsers_and_a_line_for_programs(client, path, accept, kind):
    """A browser names text/html; Thunderbird says */*."""
    answer = client.get(path, headers={"Host": OWN} | ({"Accept": accept} if accept else {}))
    assert answer.status_code in (400, 404)
    assert answer.content_type == f"{kind}; charset=utf-8"
    assert "Accept" in answer.vary
    if kind == "text/plain":
        assert answer.text.count("\n") == 1
        assert answer.text.isascii()


def test_a_browser_at_a_discovery_address_reads_what_is_wrong(client):
    """In its language, with what to do next."""
    headers = {"Host": OWN, "Accept": "text/html", "Accept-Language": "sv"}
    unknown = client.get("/mail/config-v1.1.xml?emailaddress=anna@other.se", headers=headers)
    assert "Kontrollera stavningen" in unknown.text
    wrong = client.get("/mail/config-v1.1.xml?emailaddress=anna", headers=headers)
    assert "anna är ingen e-postadress: @ saknas." in wrong.text


def test_a_form_that_is_too_large_is_413(client):
    """Also when it does not say its length beforehand."""
    for options in (
        {"data": {"address": "a" * MAX_BODY}},
        {"data": b"address=" + b"a" * MAX_BODY, "content_type": "application/x-www-form-urlencoded"},
    ):
        answer = client.post("/", headers={"Host": OWN, "Accept": "text/html"}, **options)
        assert answer.status_code == 413
        assert answer.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_failure_inside_is_500_without_a_traceback_and_without_an_address(config, caplog, accept):
    """What went wrong is logged with places and no values."""
    client = _broken(config, RuntimeError("no settings for anna@kund.se"))
    with caplog.at_level(logging.DEBUG):
        for answer in (
            client.post("/", data={"address": "anna@kund.se"}, headers={"Host": OWN, "Accept": accept}),
            client.get("/mail/config-v1.1.xml?emailaddress=anna@kund.se", headers={"Host": OWN, "Accept": accept}),
        ):
            assert answer.status_code == 500
            assert "Traceback" not in answer.text
            assert "RuntimeError" not in answer.text
            assert answer.headers["Cache-Control"] == "no-store"
    assert "RuntimeError" in caplog.text
    assert "in client_config" in caplog.text
    assert "anna" not in caplog.text


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_snapshot_that_cannot_be_read_is_503(config, accept):
    """A person is asked to come back, and so is a program."""
    answer = _broken(config, SnapshotError("the snapshot is not there")).post(
        "/", data={"address": "anna@kund.se"}, headers={"Host": OWN, "Accept": accept}
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_settings_that_come_and_go_while_the_service_runs_are_noticed(config, tmp_path):
    """It may start before the first settings are there, and needs no restart for the next."""
    config = replace(config, instance=tmp_path, database_url=f"sqlite:///{tmp_path}/autoconfig.db")
    client = create_app(config).test_client()

    def status(host):
        return client.get("/mail/config-v1.1.xml", headers={"Host": host}).status_code

    assert status("autoconfig.kund.se") == 503
    with open_store(config.database_url) as store:
        store.make_ready()
        store.import_settings(read_toml(SETTINGS))
        catch_up(store, config.snapshot_path)
        assert status("autoconfig.kund.se") == 200
        assert status("autoconfig.ny.se") == 404
        store.add_domain(DomainSettings(Domain.parse("ny.se"), alias_of=Domain.parse("kund.se")))
        catch_up(store, config.snapshot_path)
        assert status("autoconfig.ny.se") == 200
        store.remove_domain(Domain.parse("ny.se"))
        catch_up(store, config.snapshot_path)
        assert status("autoconfig.ny.se") == 404


@pytest.mark.parametrize(("status", "message"), MESSAGES.items())
def test_every_status_has_a_title_and_a_text(status, message):
    """A page says what happened and what to do."""
    title, text = message
    assert title
    assert text.endswith(".")


def test_an_unusual_error_has_a_page_too(client):
    """What the framework refuses by itself is told like the rest."""
    answer = client.open("/", method="BREW", headers={"Host": OWN, "Accept": "text/html"})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert "Så fungerar inte den här sidan" in answer.text


# What is asked, and whether it is a document for programs.
EVERYWHERE = [
    ("GET", "/", {}, False),
    ("HEAD", "/", {}, False),
    ("POST", "/", {}, False),
    ("GET", "/guide/kund.se", {}, False),
    ("GET", "/guide/kund.se/", {}, False),
    ("GET", "/guide/other.se", {}, False),
    ("GET", "/nowhere", {}, False),
    ("GET", "/nowhere", {"Accept": "text/html"}, False),
    ("PUT", "/", {}, False),
    ("TRACE", "/", {}, False),
    ("GET", "/healthz", {}, False),
    ("GET", "/tls/allowed?domain=kund.se", {}, False),
    ("GET", "/static/style.css", {}, False),
    ("GET", "/static/style.css", {"Range": "bytes=9999999-"}, False),
    ("GET", "/static/nothing.css", {}, False),
    ("GET", "/" + "?a" * MAX_QUERY, {}, False),
    ("GET", "/", {"Host": "kund.se/"}, False),
    ("GET", "/mail/config-v1.1.xml?emailaddress=a@kund.se", {}, True),
    ("GET", "/mail/config-v1.1.xml?emailaddress=a@other.se", {}, True),
    ("GET", "/mail/config-v1.1.xml?emailaddress=a", {}, True),
    ("GET", "/mail/config-v1.1.xml?emailaddress=a", {"Accept": "text/html"}, False),
    ("POST", "/autodiscover/autodiscover.xml", {"Host": "kund.se"}, True),
    ("GET", "/Autodiscover/Autodiscover.json?Email=a@kund.se&Protocol=AutodiscoverV1", {}, True),
    ("GET", "/.well-known/user-agent-configuration.json", {"Host": "ua-auto-config.kund.se"}, True),
    ("GET", "/.well-known/caldav", {"Host": "kund.se"}, True),
    ("GET", "/email.mobileconfig?emailaddress=a@kund.se", {}, True),
]


@pytest.mark.parametrize(("method", "path", "headers", "is_document"), EVERYWHERE)
def test_the_security_headers_are_on_every_answer(client, method, path, headers, is_document):
    """Nothing runs, nothing is framed, nothing is sniffed, and no address goes to another site; documents carry no more than that."""
    with client.open(path, method=method, headers={"Host": OWN} | headers) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        for name, value in HEADERS.items():
            assert answer.headers[name] == value or name == "Content-Security-Policy"
        for name, value in PAGE_HEADERS.items():
            assert answer.headers.get(name) == (None if is_document else value)
        assert not {"Set-Cookie", "Strict-Transport-Security", "X-Powered-By", "Server"} & set(answer.headers.keys())
        assert sum(len(name) + len(value) for name, value in HEADERS.items()) < 250


def test_a_page_uses_what_is_ours_alone(client):
    """Our own sheets, scripts and pictures; it asks nobody else, and sends forms to nobody else."""
    assert client.get("/", headers={"Host": OWN}).headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize("path", ["/", "/guide/kund.se", "/static/style.css"])
def test_an_answer_that_is_not_sent_again_has_them_too(client, path):
    """What a browser keeps takes the headers of a 304 (RFC 9111, 3.2)."""
    with client.get(path, headers={"Host": OWN}) as first:
        tag = first.headers["ETag"]
    with client.get(path, headers={"Host": OWN, "If-None-Match": tag}) as answer:
        assert answer.status_code == 304
        assert {*HEADERS, *PAGE_HEADERS} <= set(answer.headers.keys())


def test_only_our_own_name_is_bound_to_https(config):
    """And only where we are asked over https, as a proxy of ours tells: customers' names may lead elsewhere tomorrow (RFC 6797)."""
    behind = replace(config, trusted_proxies=(ipaddress.ip_network("127.0.0.1/32"),))
    client = create_app(behind, Snapshot(config.snapshot_path)).test_client()

    def promise(**headers):
        return client.get("/", headers=headers).headers.get("Strict-Transport-Security")

    assert promise(**{"Host": OWN, "X-Forwarded-Proto": "https"}) == "max-age=31536000"
    assert promise(**{"Host": OWN.upper() + ":443", "X-Forwarded-Proto": "https"}) == "max-age=31536000"
    assert promise(**{"Host": OWN, "X-Forwarded-Proto": "http"}) is None
    assert promise(Host=OWN) is None
    assert promise(**{"Host": "kund.se", "X-Forwarded-Proto": "https"}) is None
    assert promise(**{"Host": "autoconfig.kund.se", "X-Forwarded-Proto": "https"}) is None
    untrusted = create_app(config, Snapshot(config.snapshot_path)).test_client()
    answer = untrusted.get("/", headers={"Host": OWN, "X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in answer.headers


def test_the_style_sheet_is_kept_for_a_year_under_an_address_of_its_content(client):
    """A new version has a new address."""
    page = client.get("/", headers={"Host": OWN}).text
    url = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    with client.get(url) as answer:
        assert answer.status_code == 200
        assert answer.content_type == "text/css; charset=utf-8"
        assert answer.cache_control.max_age == 31_536_000


@pytest.mark.parametrize("path", ["/static/../errors.py", "/static/%2e%2e/errors.py", "/static//etc/passwd"])
def test_only_what_lies_in_the_static_folder_is_served(client, path):
    """No way leads out of it."""
    assert client.get(path, headers={"Host": OWN}).status_code == 404


def test_healthz_needs_nothing(empty):
    """It tells that the process is alive, not that it has anything to say."""
    answer = empty.get("/healthz")
    assert (answer.status_code, answer.text, answer.content_type) == (200, "ok\n", "text/plain; charset=utf-8")


def test_a_probe_without_a_host_is_answered(client):
    """HTTP/1.0 has none; what needs no domain works all the same."""
    assert client.get("/healthz", headers={"Host": ""}).status_code == 200
    assert client.get("/", headers={"Host": ""}).status_code == 200
    assert client.get("/mail/config-v1.1.xml?emailaddress=a@kund.se", headers={"Host": ""}).status_code == 200
    assert client.get("/mail/config-v1.1.xml", headers={"Host": ""}).status_code == 404
