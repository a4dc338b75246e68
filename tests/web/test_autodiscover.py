"""Outlook's questions over HTTP, with the contract's statuses: each answer is a document, whatever was sent."""

from __future__ import annotations

import io
import json
import logging
import time
from dataclasses import replace

import pytest

from autoconfig.formats import outlook
from autoconfig.web import create_app

XML = "/autodiscover/autodiscover.xml"
JSON = "/autodiscover/autodiscover.json"
OURS = {"Host": "autodiscover.kund.se"}
CASES = [XML, "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml", "/AUTODISCOVER/AUTODISCOVER.XML"]


def _request(email: str, schema: str = outlook.OUTLOOK_RESPONSE) -> str:
    return (
        f'<?xml version="1.0"?><Autodiscover xmlns="{outlook.OUTLOOK_REQUEST}"><Request>'
        f"<EMailAddress>{email}</EMailAddress><AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    )


def _settings(answer) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    (account,) = outlook.parse(answer.data).response.accounts
    return [(p.type.text, p.server.text, p.login_name.text if p.login_name else "") for p in account.protocols]


def _error(answer) -> str:
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text.partition("<ErrorCode>")[2].partition("<")[0]


@pytest.mark.parametrize("path", CASES)
def test_any_letter_case_of_the_path(client, path):
    """Clients write it in at least four ways."""
    answer = client.post(path, data=_request("Anna@KUND.se"), headers={"Content-Type": "text/xml"})
    assert _settings(answer) == [
        ("IMAP", "server.karlahosting.se", "Anna@kund.se"),
        ("POP3", "mail.kund.se", "Anna@kund.se"),
        ("SMTP", "server.karlahosting.se", "Anna@kund.se"),
    ]


@pytest.mark.parametrize("ask", ["get", "post"])
def test_without_an_address_the_host_tells_and_nobody_logs_in(client, ask):
    """GET, and POST with an empty body: settings without LoginName."""
    answer = getattr(client, ask)(XML, headers=OURS)
    assert _settings(answer)[0] == ("IMAP", "server.karlahosting.se", "")


def test_a_pop_first_domain_is_pop_first(client):
    """Outlook and Thunderbird take the first."""
    assert _settings(client.get(XML, headers={"Host": "autodiscover.pop.se"}))[0][:2] == ("POP3", "mail.pop.se")


@pytest.mark.parametrize(
    ("body", "host", "status", "code"),
    [
        (_request("anna@okand.example"), "autodiscover.kund.se", 404, "500"),
        (_request("anna@borta.se"), "autodiscover.kund.se", 404, "500"),
        ("", "autodiscover.okand.example", 404, "500"),
        ("", "192.0.2.1", 404, "500"),
        (_request("anna"), "autodiscover.kund.se", 400, "600"),
        (_request("anna@kund.se\r\nX-Injected: 1"), "autodiscover.kund.se", 400, "600"),
        (_request("&lt;script&gt;@kund.se"), "autodiscover.kund.se", 400, "600"),
        ("<no", "autodiscover.kund.se", 400, "600"),
        ("anna@kund.se", "autodiscover.kund.se", 400, "600"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "autodiscover.kund.se", 400, "600"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "autodiscover.kund.se", 400, "600"),
        ("<a>" * 5000, "autodiscover.kund.se", 400, "600"),
        ("\x00", "autodiscover.kund.se", 400, "600"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "autodiscover.kund.se", 400, "600"),
        (_request("anna@kund.se", outlook.MOBILESYNC_RESPONSE), "autodiscover.kund.se", 200, "601"),
        (_request("anna@kund.se", "http://example.com/schema"), "autodiscover.kund.se", 200, "601"),
        (_request("anna@okand.example", outlook.MOBILESYNC_RESPONSE), "autodiscover.kund.se", 404, "500"),
    ],
)
def test_every_refusal_is_a_document_with_its_code(client, body, host, status, code):
    """500 for an address that is not ours, 600 for what is no request, 601 for another schema; nothing is repeated."""
    answer = client.post(XML, data=body, headers={"Host": host})
    assert (answer.status_code, _error(answer)) == (status, code)
    assert "okand" not in answer.text
    assert "script" not in answer.text
    assert "passwd" not in answer.text


def test_too_big_is_413_quickly(client):
    """Ten megabytes are refused by their length."""
    begin = time.process_time()
    answer = client.post(XML, data=b"<a>" + b"x" * 10_000_000, headers=OURS)
    assert (answer.status_code, _error(answer)) == (413, "600")
    assert time.process_time() - begin < 1


def test_too_big_is_413_also_without_a_length(client):
    """A body in chunks is read no further than it may be long (RFC 9112, 7.1)."""
    body = io.BytesIO(b"<a>" + b"x" * 10_000_000 + b"</a>")
    answer = client.post(XML, input_stream=body, environ_overrides={"wsgi.input_terminated": True}, headers=OURS)
    assert (answer.status_code, _error(answer)) == (413, "600")
    assert body.tell() < 1_000_000


def test_credentials_are_neither_read_nor_logged(client, caplog):
    """Thunderbird sends the password uncalled."""
    with caplog.at_level(logging.DEBUG):
        answer = client.post(XML, data=_request("anna@kund.se"), headers=OURS | {"Authorization": "Basic YW5uYTpoZW1saWd0"})
    assert answer.status_code == 200
    assert "YW5uYTpoZW1saWd0" not in caplog.text + answer.text
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize(
    "url",
    [
        "/autodiscover/autodiscover.json?Email=anna@kund.se&Protocol=AutodiscoverV1",
        "/AutoDiscover/AutoDiscover.JSON?email=anna%40kund.se&protocol=autodiscoverv1",
        "/autodiscover/autodiscover.json/v1.0/anna@kund.se?Protocol=AutodiscoverV1",
        "/Autodiscover/Autodiscover.json/V1.0/Anna%40KUND.se?Protocol=AutodiscoverV1&RedirectCount=1",
    ],
)
def test_both_forms_of_v2_in_any_letter_case(client, url):
    """They lead to the XML at the domain's own autodiscover name."""
    answer = client.get(url, headers={"Host": "autodiscover.kund.se"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(answer.data) == {"Protocol": "AutodiscoverV1", "Url": "https://autodiscover.kund.se/autodiscover/autodiscover.xml"}


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("?Email=anna@okand.example&Protocol=AutodiscoverV1", 404, "UserNotFound"),
        ("?Email=anna@okand.example&Protocol=EWS", 404, "UserNotFound"),
        ("/v1.0/anna@borta.se?Protocol=AutodiscoverV1", 404, "UserNotFound"),
        ("?Email=anna&Protocol=AutodiscoverV1", 400, "InvalidUserId"),
        ("?Email=anna@kund.se", 400, "MandatoryParameterMissing"),
        ("?Protocol=AutodiscoverV1", 400, "MandatoryParameterMissing"),
        ("?Email=anna@kund.se&Protocol=ActiveSync", 400, "ProtocolNotSupported"),
        ("/v1.0/anna@kund.se?Protocol=%3Cscript%3E", 400, "ProtocolNotSupported"),
    ],
)
def test_v2_refuses_as_documented(client, url, status, code):
    """An unknown domain is never 2xx, and comes before everything else that is wrong."""
    answer = client.get(JSON + url, headers=OURS)
    assert answer.status_code == status
    assert json.loads(answer.data)["ErrorCode"] == code
    assert "script" not in answer.text


@pytest.fixture
def https(config):
    """The same service where http is sent to https, behind a proxy at 127.0.0.1."""
    import ipaddress

    return create_app(replace(config, https=True, trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),))).test_client()


@pytest.mark.parametrize("path", [XML, JSON, JSON + "/v1.0/anna@kund.se"])
def test_http_on_autodiscover_is_sent_to_https(https, path):
    """Classic Outlook asks http only for such a redirect; the query goes along."""
    answer = https.get(path + "?Protocol=AutodiscoverV1", headers=OURS)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"https://autodiscover.kund.se{path}?Protocol=AutodiscoverV1"


def test_https_and_other_names_are_not_sent_anywhere(https):
    """A proxy of ours says how it was asked; a name that is not ours gets no redirect, so that nobody is led astray."""
    assert https.get(XML, headers=OURS | {"X-Forwarded-Proto": "https"}).status_code == 200
    assert https.get(XML, headers={"Host": "kund.se"}).status_code == 200
    assert https.get(XML, headers={"Host": "autodiscover.okand.example"}).status_code == 404
    assert https.get("/mail/config-v1.1.xml", headers=OURS).status_code == 200


def test_a_stranger_may_say_what_he_likes(config):
    """X-Forwarded-Proto counts only from a trusted proxy."""
    client = create_app(replace(config, https=True)).test_client()
    assert client.get(XML, headers=OURS | {"X-Forwarded-Proto": "https"}).status_code == 302
