"""What mail programs get at the addresses that they ask."""

from __future__ import annotations

import pytest

from autoconfig.address import Domain, EmailAddress
from autoconfig.formats import mozilla
from autoconfig.web.discovery import URLS

MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
PACC = "/.well-known/user-agent-configuration.json"
PATHS = pytest.mark.parametrize("path", [MAIL, WELL_KNOWN])


def _get(client, path, host="autoconfig.kund.se", **kwargs):
    return client.get(path, headers={"Host": host, **kwargs.pop("headers", {})}, **kwargs)


def test_the_urls_are_those_of_the_contract():
    """What clients ask is fixed."""
    assert [url for url, _ in URLS] == [MAIL, WELL_KNOWN, PACC]


@PATHS
@pytest.mark.parametrize(
    ("host", "query", "domain"),
    [
        ("autoconfig.kund.se", "", "kund.se"),
        ("kund.se", "", "kund.se"),
        ("AUTOCONFIG.KUND.SE:8080", "", "kund.se"),
        ("autoconfig.xn--byr-wla.se", "", "xn--byr-wla.se"),
        ("autoconfig.byrå.se", "", "xn--byr-wla.se"),
        ("a.b.sub.se", "", "a.b.sub.se"),
        ("autoconfig.alias.se", "", "alias.se"),
        ("autoconfig.kund.se", "?emailaddress=", "kund.se"),
        ("autoconfig.kund.se", "?emailaddress=anna%40kund.se", "kund.se"),
        ("localhost", "?emailaddress=ANNA%40KUND.SE", "kund.se"),
        ("192.0.2.1", "?emailaddress=anna%40byr%C3%A5.se", "xn--byr-wla.se"),
        ("192.0.2.1", "?emailaddress=anna%40xn--byr-wla.se", "xn--byr-wla.se"),
        ("autoconfig.karlahosting.se", "?emailaddress=anna+x@kund.se", "kund.se"),
        ("autoconfig.borta.se", "?emailaddress=anna@kund.se", "kund.se"),
    ],
)
def test_a_domain_of_ours_gets_its_document(client, path, host, query, domain):
    """200, text/xml, and the asked-for domain as the only one in it."""
    answer = _get(client, path + query, host.encode().decode("latin-1"))
    assert answer.status_code == 200
    assert answer.content_type == "text/xml; charset=utf-8"
    document = mozilla.parse(answer.data)
    assert [str(found) for found in document.email_provider.domains] == [domain]


@PATHS
@pytest.mark.parametrize(
    ("host", "query"),
    [
        ("autoconfig.other.se", ""),
        ("autoconfig.borta.se", ""),
        ("a.kund.se", ""),
        ("192.0.2.1", ""),
        ("localhost:8080", ""),
        ("web", ""),
        ("autoconfig.kund.se", "?emailaddress=anna@other.se"),
        ("autoconfig.kund.se", "?emailaddress=anna@borta.se"),
    ],
)
def test_what_is_not_ours_is_404(client, path, host, query):
    """Unknown, suspended, or no mail domain at all: a short line, which nobody keeps."""
    answer = _get(client, path + query, host)
    assert answer.status_code == 404
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith("404 Not Found: ")
    assert answer.text.count("\n") == 1


@PATHS
@pytest.mark.parametrize(
    "query", ["anna", "anna@", "@kund.se", "anna%00@kund.se", "anna@localhost", "%E5@kund.se", "a%0d%0aSet-Cookie:x=y@kund.se"]
)
def test_what_is_no_address_is_400(client, path, query):
    """One line that names the part that is wrong."""
    answer = _get(client, f"{path}?emailaddress={query}")
    assert answer.status_code == 400
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text.startswith("400 Bad Request: ")
    assert answer.text.count("\n") == 1
    assert "Set-Cookie" not in answer.headers


@PATHS
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_405(client, path, method):
    """It can be read, nothing else."""
    answer = client.open(path, method=method, headers={"Host": "autoconfig.kund.se"})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


@PATHS
def test_head_says_the_same_without_a_body(client, path):
    """RFC 9110, 9.3.2."""
    got, asked = _get(client, path), client.head(path, headers={"Host": "autoconfig.kund.se"})
    assert asked.status_code == 200
    assert asked.data == b""
    for header in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert asked.headers[header] == got.headers[header]


@PATHS
def test_a_client_that_has_it_already_gets_304(client, path):
    """A strong validator of the bytes (RFC 9110, 8.8.3 and 13.1.2)."""
    got = _get(client, path)
    tag = got.headers["ETag"]
    assert tag.startswith('"')
    assert got.headers["Cache-Control"] == "public, max-age=300"
    for condition in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = _get(client, path, headers={"If-None-Match": condition})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == "public, max-age=300"
    assert _get(client, path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert _get(client, path, "autoconfig.pop.se").headers["ETag"] != tag


def test_the_answer_depends_on_nothing_but_the_question(client):
    """The same bytes for every client: they may be cached by anybody."""
    plain = _get(client, MAIL)
    for headers in (
        {"Accept": "text/html"},
        {"Accept-Language": "sv"},
        {"User-Agent": "Thunderbird"},
        {"Cookie": "a=b"},
        {"Range": "bytes=0-9"},
    ):
        other = _get(client, MAIL, headers=headers)
        assert (other.status_code, other.data, other.headers["ETag"]) == (200, plain.data, plain.headers["ETag"])
        assert "Vary" not in other.headers
        assert "Set-Cookie" not in other.headers


def test_the_document_is_the_formats_own(client):
    """Not a byte is added on the way."""
    address = EmailAddress.parse("anna@pop.se")
    answer = _get(client, MAIL + "?emailaddress=anna@pop.se")
    config = client.application.extensions["autoconfig"].client_config(Domain.parse("pop.se"))
    assert answer.data == mozilla.document(config, address).content


@PATHS
def test_without_a_snapshot_it_is_503_with_a_time_to_try_again(empty, path):
    """A client does not take "not now" for "not ours"."""
    answer = _get(empty, path)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_path_in_other_letters_or_with_more_slashes_is_not_a_redirect(client):
    """A redirect would carry the Host that was asked, whoever that is."""
    for path in ("//mail/config-v1.1.xml", "/mail//config-v1.1.xml", "/mail/config-v1.1.xml/", "/MAIL/config-v1.1.xml"):
        assert _get(client, path).status_code == 404


def test_a_query_that_is_too_long_is_414(client):
    """No address is that long."""
    answer = _get(client, f"{MAIL}?emailaddress={'a' * 3000}@kund.se")
    assert answer.status_code == 414
