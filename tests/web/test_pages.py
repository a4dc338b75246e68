"""The pages around the guides: the start page, languages, errors, and that nothing typed can do harm."""

from __future__ import annotations

import pytest

from tests.web.page import OWN, Page, get, post


@pytest.mark.parametrize(
    "host", [OWN, OWN.upper(), f"{OWN}:443", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "autoconfig.other.se", "borta.se", "web:80"]
)
def test_the_start_page_asks_for_an_address(client, host):
    """On the service's own name, and wherever the host is no domain of ours."""
    answer = get(client, "/?lang=en", host)
    page = Page(answer.text)
    assert answer.status_code == 200
    assert page.headings == [("h1", "Settings for your e-mail")]
    assert "Your e-mail address" in page.text
    assert page.forms[-1]["method"] == "post"
    assert "error" not in answer.text


def test_the_start_page_works_without_a_snapshot(empty):
    """It says what this is also while there is nothing to look up."""
    assert get(empty).status_code == 200
    assert get(empty, "/", "localhost").status_code == 200


def test_the_services_own_name_is_no_customer(client):
    """autoconfig.karlahosting.se is where everybody starts, although karlahosting.se is a domain of ours."""
    assert Page(get(client, "/").text).rows == []
    assert Page(get(client, "/", "karlahosting.se").text).rows != []


@pytest.mark.parametrize("address", ["anna@other.se", "anna@borta.se", "anna@a.kund.se"])
def test_an_address_that_is_not_ours_is_told_so_kindly(client, address):
    """404, with what to do, and what was typed is kept."""
    answer = post(client, address)
    page = Page(answer.text)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert page.headings == [("h1", f"We have no settings for {address.partition('@')[2]}")]
    assert "Check the spelling" in page.text
    assert page.fields["address"]["value"] == address


@pytest.mark.parametrize("name", ["other.se", "borta.se", "not a domain", "192.0.2.1", "anna@kund.se", "%00", "%FF"])
def test_a_guide_of_nobody_is_404(client, name):
    """Unknown, suspended or no domain: one page."""
    answer = get(client, f"/guide/{name}?lang=en")
    assert answer.status_code == 404
    assert "We have no settings for" in Page(answer.text).headings[0][1]


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("anna", "anna is not an e-mail address: it has no @."),
        ("", "The e-mail address is missing."),
        ("anna@kund", "The domain kund has no dot; a domain looks like kund.se."),
        ("an na@kund.se", "The part before the @ has a character that it may not have: U+0020."),
        ("anna@192.0.2.1", "192.0.2.1 is an IP address, not a domain name."),
    ],
)
def test_what_is_no_address_comes_back_with_the_one_error_beside_the_field(client, typed, error):
    """400, the typed text kept, and the field tied to its error for those who listen."""
    answer = post(client, typed)
    page = Page(answer.text)
    assert answer.status_code == 400
    assert error in page.text
    assert page.fields["address"]["value"] == typed
    assert page.fields["address"]["aria-invalid"] == "true"
    assert "address-error" in page.fields["address"]["aria-describedby"]
    assert "<title>Error:" in answer.text


def test_a_form_without_its_field_is_an_empty_one(client):
    """Also a body that is no form."""
    assert client.post("/", headers={"Host": OWN}).status_code == 400
    assert client.post("/", data=b"\xff\x00", content_type="application/json", headers={"Host": OWN}).status_code == 400


def test_an_error_is_told_in_swedish(client):
    """The same, in the reader's language."""
    page = Page(post(client, "anna", "/?lang=sv").text)
    assert "anna är ingen e-postadress: @ saknas." in page.text
    assert page.language == "sv"


@pytest.mark.parametrize(
    ("host", "path", "header", "language"),
    [
        (OWN, "/", None, "sv"),
        (OWN, "/", "en-GB,en;q=0.9", "en"),
        (OWN, "/?lang=sv", "en", "sv"),
        (OWN, "/?lang=en", "sv", "en"),
        (OWN, "/?lang=de", "en", "en"),
        (OWN, "/", "de", "sv"),
        (OWN, "/guide/english.example", None, "en"),
        (OWN, "/guide/english.example", "sv", "sv"),
        (OWN, "/guide/kund.se", "de", "sv"),
        (OWN, "/nowhere", "en", "en"),
        ("autoconfig.english.example", "/", "", "en"),
    ],
)
def test_the_language_of_a_page(client, host, path, header, language):
    """What is asked for, then what the browser prefers, then the provider's first."""
    answer = get(client, path, host, header)
    assert Page(answer.text).language == language
    assert "Accept-Language" in answer.headers["Vary"]


def test_the_other_language_is_one_click_away(client):
    """Named in itself."""
    page = Page(get(client, "/guide/kund.se?lang=en").text)
    assert "?lang=sv" in page.links
    assert "Svenska" in page.text


EVIL = [
    '"><script>alert(1)</script>',
    "<img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "{{ 7*7 }}",
    "javascript:alert(1)",
    "\u202eanna",
    "a\r\nX-Evil: 1",
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_is_typed_never_becomes_markup(client, evil):
    """In the address, its local part, its domain, the language and the path."""
    answers = [
        post(client, evil),
        post(client, f"{evil}@kund.se"),
        post(client, f'"{evil}"@kund.se'),
        post(client, f"anna@{evil}.se"),
        client.get("/", query_string={"lang": evil}, headers={"Host": OWN}),
        client.get("/guide/" + evil.replace("\r\n", "%0d%0a").replace("{{", "%7B"), headers={"Host": OWN, "Accept": "text/html"}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 400, 404)
        page = Page(answer.text)
        assert page.runs_nothing_foreign
        assert "49" not in page.text
        assert "X-Evil" not in answer.headers
        assert not any("javascript" in link for link in page.links)


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "kund.se/<b>", "a b", "evil.se@kund.se", "\xff\xfe", "kund.se:99x"])
@pytest.mark.parametrize("path", ["/", "/guide/kund.se", "/healthz", "/nowhere", "/mail/config-v1.1.xml"])
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_hostile_host_is_refused_and_not_given_back(client, host, path, accept):
    """400 everywhere, and never a 500."""
    answer = client.get(path, headers={"Host": host, "Accept": accept})
    assert answer.status_code == 400
    assert "script>" not in answer.text
    assert host not in answer.text
