"""A guide on paper: plain text and Markdown."""

from __future__ import annotations

import pytest

from autoconfig.address import EmailAddress
from autoconfig.guides.clients import ClientName
from autoconfig.guides.guide import guide_for
from autoconfig.guides.text import WIDTH, markdown, plain
from autoconfig.i18n import texts
from tests.guides.test_guide import CONFIGS

ADDRESS = EmailAddress.parse("anna@kund.se")
PAGE = "https://autoconfig.kund.se/guide/kund.se"


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("client", ClientName)
@pytest.mark.parametrize("render", [plain, markdown])
def test_every_guide_can_be_printed(client, language, render):
    """With every value of every card, ending in one line break, and without blanks at the ends of lines."""
    speech = texts(language)
    guide = guide_for(CONFIGS["imap first"], ADDRESS, client, speech)
    text = render(guide, speech, PAGE)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.splitlines())
    assert PAGE in text
    for way in guide.ways:
        for card in way.cards:
            assert all(row.value in text for row in card.rows if row.copyable)


@pytest.mark.parametrize("client", ClientName)
def test_plain_text_keeps_to_its_columns(client):
    """Prose is broken at 72; what is to be entered never is."""
    speech = texts("sv")
    text = plain(guide_for(CONFIGS["idn"], None, client, speech), speech)
    assert [line for line in text.splitlines() if len(line) > WIDTH and not line.startswith("  ")] == []


def test_plain_text_reads_like_a_form():
    """Label and value beside each other, under the program's heading."""
    speech = texts("en")
    text = plain(guide_for(CONFIGS["imap only"], ADDRESS, ClientName.THUNDERBIRD, speech), speech)
    assert text.startswith("Mail settings for anna@kund.se\n==============================\n")
    assert (
        "Incoming server settings\n\n"
        "  Protocol               IMAP\n"
        "  Hostname               server.karlahosting.se\n"
        "  Port                   993\n"
        "  Connection security    SSL/TLS\n"
    ) in text
    assert "2. Enter your name and your e-mail address.\n" in text


def test_markdown_marks_what_is_pressed_and_what_is_entered():
    """Bold for buttons, code for values, and a table for a form."""
    speech = texts("sv")
    text = markdown(guide_for(CONFIGS["imap only"], ADDRESS, ClientName.THUNDERBIRD, speech), speech)
    assert "**≡** › **Lägg till konto** › **E-post**" in text
    assert "| Värdnamn | `server.karlahosting.se` |\n" in text


def test_markdown_is_not_led_astray_by_a_value():
    """A user name may hold anything that can be printed; none of it becomes markup or ends a table's cell."""
    speech = texts("en")
    address = EmailAddress.parse("a|b*c_<d>@kund.se".replace("<", "{").replace(">", "}"))
    text = markdown(guide_for(CONFIGS["imap only"], address, ClientName.THUNDERBIRD, speech), speech)
    assert r"| Username | a\|b\*c\_{d}@kund.se |" in text
