"""The pages for people: what they show, in which language, and that nothing typed can do harm."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest

OWN = "autoconfig.karlahosting.se"


class _Page(HTMLParser):
    """A page as a reader meets it: texts, headings, tables as lists of rows, links and fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[tuple[str, str]] = []
        self.rows: list[tuple[str, ...]] = []
        self.captions: list[str] = []
        self.links: list[str] = []
        self.fields: dict[str, dict[str, str | None]] = {}
        self.forms: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.language: str | None = None
        self._cells: list[str] = []
        self._text: list[str] = []
        self.feed(html)
        self.text = " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.language = values["lang"]
        if tag == "a":
            self.links.append(values["href"])
        if tag == "form":
            self.forms.append(values)
        if tag in ("input", "button") and "name" in values:
            self.fields[values.get("id") or values["name"]] = values
        if tag == "tr":
            self._cells = []
        if tag in ("h1", "h2", "th", "td", "caption"):
            self._text = []

    def handle_data(self, data):
        self._text.append(data)

    def handle_endtag(self, tag):
        text = " ".join("".join(self._text).split())
        if tag in ("h1", "h2"):
            self.headings.append((tag, text))
        if tag in ("th", "td"):
            self._cells.append(text)
        if tag == "caption":
            self.captions.append(text)
        if tag == "tr":
            self.rows.append(tuple(self._cells))


def _get(client, path="/", host=OWN, accept_language=None, **headers):
    if accept_language is not None:
        headers["Accept-Language"] = accept_language
    return client.get(path, headers={"Host": host.encode().decode("latin-1"), "Accept": "text/html", **headers})


def _post(client, address, path="/?lang=en", host=OWN, **kwargs):
    return client.post(path, data={"address": address}, headers={"Host": host, "Accept": "text/html"}, **kwargs)


@pytest.mark.parametrize(
    "host", [OWN, OWN.upper(), f"{OWN}:443", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "autoconfig.other.se", "borta.se", "web:80"]
)
def test_the_start_page_asks_for_an_address(client, host):
    """On the service's own name, and wherever the host is no domain of ours."""
    answer = _get(client, "/?lang=en", host)
    page = _Page(answer.text)
    assert answer.status_code == 200
    assert page.headings == [("h1", "Settings for your e-mail")]
    assert "Your e-mail address" in page.text
    assert page.forms[-1]["method"] == "post"
    assert "error" not in answer.text


def test_the_start_page_works_without_a_snapshot(empty):
    """It says what this is also while there is nothing to look up."""
    assert _get(empty).status_code == 200
    assert _get(empty, "/", "localhost").status_code == 200


IMAP_EN = [
    ("Server", "server.karlahosting.se"),
    ("Port", "993"),
    ("Security", "SSL/TLS"),
    ("Authentication", "Normal password"),
    ("User name", "anna@kund.se"),
    ("Password", "your e-mail password"),
    ("Server", "server.karlahosting.se"),
    ("Port", "465"),
    ("Security", "SSL/TLS"),
    ("Authentication", "Normal password"),
    ("User name", "anna@kund.se"),
    ("Password", "your e-mail password"),
]


def test_an_address_gets_its_settings(client):
    """IMAP on the host's server first, POP on the customer's own name below."""
    answer = _post(client, " anna@KUND.se ")
    page = _Page(answer.text)
    assert answer.status_code == 200
    assert page.headings == [
        ("h1", "Mail settings for anna@kund.se"),
        ("h2", "IMAP, recommended"),
        ("h2", "IMAP or POP?"),
        ("h2", "If you choose POP"),
        ("h2", "Help from KarlaHosting"),
    ]
    assert page.captions == ["Incoming server (IMAP)", "Outgoing server (SMTP)", "Incoming server (POP3)", "Outgoing server (SMTP)"]
    assert page.rows[:12] == IMAP_EN
    assert page.rows[12:14] == [("Server", "mail.kund.se"), ("Port", "995")]
    assert page.rows[18:20] == [("Server", "mail.kund.se"), ("Port", "465")]
    assert "If a network blocks port 465, use port 587 with STARTTLS instead." in page.text


def test_an_address_is_nowhere_but_in_the_page(client):
    """Not in the title, not in a link, and nobody keeps the page."""
    answer = _post(client, "anna@kund.se")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "anna" not in re.search(r"<title>(.*)</title>", answer.text)[1]
    assert not any("anna" in link for link in _Page(answer.text).links)
    assert not any("anna" in str(value) for value in answer.headers.values())


def test_the_language_of_an_answer_is_changed_without_the_address_in_a_url(client):
    """The switch is a form then."""
    page = _Page(_post(client, "anna@kund.se").text)
    assert {"method": "post", "action": "/?lang=sv"} in page.forms
    assert page.fields["address"]["value"] == "anna@kund.se"
    assert page.fields["address"]["type"] == "hidden"
    swedish = _Page(_post(client, "anna@kund.se", "/?lang=sv").text)
    assert swedish.headings[0] == ("h1", "E-postinställningar för anna@kund.se")


@pytest.mark.parametrize("host", ["autoconfig.kund.se", "kund.se", "AUTOCONFIG.KUND.SE:8080"])
def test_on_a_domain_of_ours_its_settings_stand_at_once(client, host):
    """With the form for the full address beside them."""
    page = _Page(_get(client, "/?lang=en", host).text)
    assert page.headings[0] == ("h1", "Mail settings for kund.se")
    assert page.rows[4] == ("User name", "your full e-mail address")
    assert page.fields["address"]["type"] == "email"


def test_the_services_own_name_is_no_customer(client):
    """autoconfig.karlahosting.se is where everybody starts, although karlahosting.se is a domain of ours."""
    assert _Page(_get(client, "/").text).rows == []
    assert _Page(_get(client, "/", "karlahosting.se").text).rows != []


@pytest.mark.parametrize("name", ["kund.se", "KUND.se.", "kund.se/"])
def test_a_guide_of_a_domain(client, name):
    """The same page, under a link that support can send."""
    answer = _get(client, f"/guide/{name}?lang=en")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert _Page(answer.text).headings[0] == ("h1", "Mail settings for kund.se")
    again = _get(client, f"/guide/{name}?lang=en", **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["byrå.se", "byr%C3%A5.se", "xn--byr-wla.se", "BYRÅ.SE"])
def test_names_are_shown_as_people_write_them_and_entered_as_programs_do(client, name):
    """The domain in U-labels; a server in A-labels, for clients fail on others, with the U-labels beside it."""
    page = _Page(_get(client, f"/guide/{name}?lang=en").text)
    assert page.headings[0] == ("h1", "Mail settings for byrå.se")
    assert ("Server", "mail.xn--byr-wla.sethat is, mail.byrå.se") in page.rows
    assert ("Server", "server.karlahosting.se") in page.rows
    assert "Names with xn-- in them look odd" in page.text


def test_a_page_without_such_names_does_not_speak_of_them(client):
    """Not even where the domain has letters of its own, when no server is named after it."""
    text = _Page(_get(client, "/guide/r%C3%A4v.example?lang=en").text).text
    assert "Mail settings for räv.example" in text
    assert "xn--" not in text


def test_the_user_name_of_an_internationalised_address(client):
    """As the server knows it, with the readable form beside it."""
    page = _Page(_post(client, "åsa@byrå.se").text)
    assert page.headings[0] == ("h1", "Mail settings for åsa@byrå.se")
    assert ("User name", "åsa@xn--byr-wla.sethat is, åsa@byrå.se") in page.rows


def test_a_domain_that_prefers_pop_has_pop_first(client):
    """The order of accounts is the domain's own."""
    page = _Page(_get(client, "/guide/pop.se?lang=en").text)
    assert [text for tag, text in page.headings if tag == "h2"][:3] == ["POP, recommended", "IMAP or POP?", "If you choose IMAP"]
    assert page.rows[0] == ("Server", "mail.pop.se")
    assert "POP is suggested first" in page.text


def test_a_provider_with_its_own_ways(client):
    """One account, STARTTLS, a local part as user name, an outgoing server without password or encryption, no help."""
    page = _Page(_get(client, "/guide/english.example?lang=en").text)
    assert page.headings == [("h1", "Mail settings for english.example"), ("h2", "IMAP")]
    assert page.rows == [
        ("Server", "imap.english.example"),
        ("Port", "143"),
        ("Security", "STARTTLS"),
        ("Authentication", "Normal password"),
        ("User name", "the part of your address before the @"),
        ("Password", "your e-mail password"),
        ("Server", "smtp.english.example"),
        ("Port", "25"),
        ("Security", "None (not encrypted)"),
        ("Authentication", "No authentication"),
    ]
    assert "English &amp; Sons &lt;Ltd&gt;" in _get(client, "/guide/english.example").text


def test_the_providers_help_is_linked(client):
    """Webmail and support, the domain filled in."""
    links = _Page(_get(client, "/guide/byr%C3%A5.se").text).links
    for link in (
        "https://webmail.xn--byr-wla.se/",
        "https://karlahosting.se/hjalp",
        "https://karlahosting.se/losen",
        "https://karlahosting.se/guider?a=1&b=2",
        "mailto:hjalp@karlahosting.se",
        "tel:081234567",
    ):
        assert link in links


@pytest.mark.parametrize("address", ["anna@other.se", "anna@borta.se", "anna@a.kund.se"])
def test_an_address_that_is_not_ours_is_told_so_kindly(client, address):
    """404, with what to do, and what was typed is kept."""
    answer = _post(client, address)
    page = _Page(answer.text)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    assert page.headings == [("h1", f"We have no settings for {address.partition('@')[2]}")]
    assert "Check the spelling" in page.text
    assert page.fields["address"]["value"] == address


@pytest.mark.parametrize("name", ["other.se", "borta.se", "not a domain", "192.0.2.1", "anna@kund.se", "%00", "%FF"])
def test_a_guide_of_nobody_is_404(client, name):
    """Unknown, suspended or no domain: one page."""
    answer = _get(client, f"/guide/{name}?lang=en")
    assert answer.status_code == 404
    assert "We have no settings for" in _Page(answer.text).headings[0][1]


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
    answer = _post(client, typed)
    page = _Page(answer.text)
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
    page = _Page(_post(client, "anna", "/?lang=sv").text)
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
    answer = _get(client, path, host, header)
    assert _Page(answer.text).language == language
    assert "Accept-Language" in answer.headers["Vary"]


def test_the_other_language_is_one_click_away(client):
    """Named in itself."""
    page = _Page(_get(client, "/guide/kund.se?lang=en").text)
    assert "?lang=sv" in page.links
    assert "Svenska" in page.text


def test_the_first_heading_after_the_title_names_what_to_use(client):
    """In Swedish too."""
    page = _Page(_get(client, "/guide/kund.se?lang=sv").text)
    assert page.headings[:2] == [("h1", "E-postinställningar för kund.se"), ("h2", "IMAP, rekommenderas")]
    assert page.rows[4] == ("Användarnamn", "hela din e-postadress")
    assert page.captions[:2] == ["Inkommande server (IMAP)", "Utgående server (SMTP)"]


@pytest.mark.parametrize("path", ["/", "/guide/kund.se", "/guide/other.se", "/nowhere"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_page_asks_nothing_of_others_and_runs_nothing(client, path, language):
    """No script, no inline style, no picture or sheet from elsewhere, and small."""
    answer = _get(client, f"{path}?lang={language}")
    page = _Page(answer.text)
    assert not {"script", "style", "iframe", "img"} & set(page.tags)
    assert " style=" not in answer.text
    assert not re.search(r'(src|<link[^>]*href)="(?!/static/)', answer.text)
    assert len(answer.data) < 20_000


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
        _post(client, evil),
        _post(client, f"{evil}@kund.se"),
        _post(client, f'"{evil}"@kund.se'),
        _post(client, f"anna@{evil}.se"),
        client.get("/", query_string={"lang": evil}, headers={"Host": OWN}),
        client.get("/guide/" + evil.replace("\r\n", "%0d%0a").replace("{{", "%7B"), headers={"Host": OWN, "Accept": "text/html"}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 400, 404)
        page = _Page(answer.text)
        assert not {"script", "img"} & set(page.tags)
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
