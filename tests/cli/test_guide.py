"""`autoconfig guide`: what support sends, as text, as Markdown, and as one HTML file with nothing beside it."""

from __future__ import annotations

import pytest
from lxml import html

from autoconfig.guides.clients import ClientName
from tests.cli.conftest import Command


@pytest.mark.slow
@pytest.mark.parametrize("client", [*ClientName, "apple"])
@pytest.mark.parametrize("lang", ["sv", "en"])
@pytest.mark.parametrize("format_", ["text", "html", "md"])
def test_every_guide_is_printed(unchanging: Command, client: str, lang: str, format_: str) -> None:
    """For every program, in every language, in every format, with the customer's own values."""
    done = unchanging("guide", "anna@kund.se", "--client", client, "--lang", lang, "--format", format_)
    assert (done.returncode, done.stderr) == (0, "")
    assert "anna@kund.se" in done.stdout
    assert client == "webmail" or "server.karlahosting.se" in done.stdout


def test_without_options_it_is_the_plain_table_as_text(unchanging: Command) -> None:
    """For a domain, the user name is described."""
    done = unchanging("guide", "kund.se", "--lang", "en")
    assert done.stdout.startswith("Mail settings for kund.se\n=========================\n\nAnother program\n")
    assert "your full e-mail address" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 72


@pytest.mark.parametrize("client", ["iphone", "thunderbird", "outlook", "other"])
def test_the_html_has_nothing_beside_it(unchanging: Command, client: str) -> None:
    """No script, no picture, no sheet, no address in a link: it can be sent as a mail."""
    document = unchanging("guide", "anna@kund.se", "--client", client, "--lang", "en", "--format", "html").stdout
    root = html.document_fromstring(document)
    assert document.startswith("<!doctype html>")
    assert not list(root.iter("script", "img", "link", "iframe", "form"))
    assert "url(" not in document
    assert "@import" not in document
    assert not [link for link in root.iter("a") if "anna" in link.get("href", "")]
    cells = [" ".join(cell.text_content().split()) for cell in root.iter("td")]
    for value in ("anna@kund.se", "server.karlahosting.se", "mail.kund.se", "993", "995", "465"):
        assert value in cells or client == "iphone"
    assert len(document) < 30_000


def test_the_page_on_the_web_is_named_where_the_service_has_a_name(autoconfig: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same program, and without the address."""
    monkeypatch.setenv("AUTOCONFIG_BASE_URL", "https://autoconfig.karlahosting.se")
    page = "https://autoconfig.karlahosting.se/guide/xn--byr-wla.se/iphone"
    for format_ in ("text", "html", "md"):
        assert page in autoconfig("guide", "anna@byrå.se", "--client", "iphone", "--format", format_).stdout


def test_a_hostile_address_does_no_harm(unchanging: Command) -> None:
    """It is shown as it is, and becomes no markup."""
    done = unchanging("guide", '"<script>alert(1)</script>"@kund.se', "--format", "html")
    assert done.returncode == 0
    assert not list(html.document_fromstring(done.stdout).iter("script"))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("guide", "okand.se"), 1, "okand.se"),
        (("guide", "anna@kund.se", "--client", "pine"), 64, "there is no guide for pine"),
        (("guide", "anna@kund.se", "--format", "pdf"), 64, "pdf"),
        (("guide", "anna@@kund.se"), 64, "the part before the @"),
        (("guide",), 64, "ADDRESS|DOMAIN"),
    ],
)
def test_a_refusal(unchanging: Command, arguments: tuple[str, ...], code: int, told: str) -> None:
    """Nothing on stdout, the reason on stderr."""
    done = unchanging(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
