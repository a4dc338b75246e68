"""The one Jinja environment: what is filled in is escaped, and what is missing is a mistake."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from autoconfig.i18n import texts
from autoconfig.templating import environment, render


def test_what_is_filled_in_is_escaped():
    """A value can never become markup."""
    assert environment().from_string("{{ value }}").render(value="<b>&\"'") == "&lt;b&gt;&amp;&#34;&#39;"


def test_a_placeholder_of_a_text_is_escaped_too():
    """A translated text with a value in it is text, not markup."""
    made = environment().from_string("{{ _('%(name)s here', name=name) }}").render(_=texts("en").gettext, name="<b>")
    assert made == "&lt;b&gt; here"


def test_an_undefined_name_is_an_error():
    """A misspelt name is not an empty place in a page."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nowhere }}").render()


def test_there_is_one_environment():
    """It is made once, so that templates are compiled once."""
    assert environment() is environment()


@pytest.mark.parametrize(("language", "word"), [("sv", "Inställningar"), ("en", "Settings")])
def test_a_template_speaks_the_language_of_its_texts(language, word):
    """`_` and `language` come with the texts."""
    page = render(
        "start.html",
        texts(language),
        provider=None,
        languages=[],
        static=lambda name: f"/static/{name}",
        style=None,
        logo=None,
        action="/",
        typed=None,
        error_text=None,
        hint=None,
    )
    assert f'<html lang="{language}">' in page
    assert word in page


@pytest.mark.parametrize("name", environment().list_templates())
def test_every_template_compiles(name):
    """A template with a mistake is found before somebody asks for its page."""
    assert environment().get_template(name)
