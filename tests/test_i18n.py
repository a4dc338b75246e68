"""Texts in the reader's language: choosing it, telling errors in it, and that every catalogue is whole."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from autoconfig import i18n
from autoconfig.address import EmailAddress
from autoconfig.errors import AddressError, ConfigError, Problem, SettingsError

PROJECT = Path(__file__).parents[1]
CATALOGUES = sorted((PROJECT / "autoconfig" / "locale").glob("*/LC_MESSAGES/autoconfig.po"))

_MARKERS = ("_", "N_", "gettext", "ngettext")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


@pytest.fixture(scope="session")
def said(tmp_path_factory) -> set[str | tuple[str, ...]]:
    """Every text for people in the code and the templates."""
    template = tmp_path_factory.mktemp("texts") / "autoconfig.pot"
    program = "import sys; from pathlib import Path; sys.path.insert(0, 'autoconfig/locale'); from update import extract"
    subprocess.run(
        [sys.executable, "-c", f"{program}; extract(Path(sys.argv[1]))", str(template)],
        cwd=PROJECT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    return {message.id for message in _messages(_read(template))}


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _language(path: Path) -> str:
    return path.parts[-3]


def test_swedish_is_among_the_catalogues():
    """The host that this is modelled on is Swedish."""
    assert "sv" in map(_language, CATALOGUES)


def test_no_text_is_marked_inside_an_f_string():
    """There it is not found on every Python, and would be English in the middle of a page."""
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in sorted((PROJECT / "autoconfig").rglob("*.py"))
        for string in ast.walk(ast.parse(path.read_text()))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in _MARKERS
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert hidden == []


@pytest.mark.parametrize("path", CATALOGUES, ids=_language)
def test_a_catalogue_has_every_text_and_no_other(path, said):
    """What the code says and a catalogue does not know would be English in the middle of a page; run `make translations`."""
    catalogue = _read(path)
    known = {message.id for message in _messages(catalogue)}
    assert sorted(map(str, said - known)) == [], "texts without a translation"
    assert sorted(map(str, known - said)) == [], "translations of texts that are gone"
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("path", CATALOGUES, ids=_language)
def test_every_text_is_translated(path):
    """No text is empty, and none is a guess that nobody has looked at."""
    messages = _messages(_read(path))
    assert [message.id for message in messages if not message.string or not all(_forms(message.string))] == []
    assert [message.id for message in messages if message.fuzzy] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=_language)
def test_a_translation_has_the_placeholders_of_its_text(path):
    """A placeholder that is lost or misspelt would lose a value, or break the page."""
    wrong = []
    for message in _messages(_read(path)):
        wanted = [sorted(_PLACEHOLDER.findall(form)) for form in _forms(message.id)]
        if any(sorted(_PLACEHOLDER.findall(form)) not in wanted for form in _forms(message.string)):
            wrong.append(message.id)
    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=_language)
def test_what_is_installed_is_what_the_catalogue_says(path):
    """The compiled file is not older than its source; an installation or `make translations` compiles it."""
    texts = i18n.texts(_language(path))
    assert texts.language == _language(path)
    for message in _messages(_read(path)):
        if isinstance(message.id, str):
            assert texts.gettext(message.id) == message.string


def test_english_is_there_without_a_catalogue():
    """English stands in the code."""
    assert i18n.available()[0] == "en"
    assert i18n.texts("en").gettext("anything at all") == "anything at all"


def test_a_language_without_texts_is_english():
    """Nobody gets an error for a language that we do not know."""
    texts = i18n.texts("xx")
    assert texts.language == "en"
    assert texts.gettext("the domain is missing") == "the domain is missing"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "sv"),
        ("", "sv"),
        ("en", "en"),
        ("en-GB", "en"),
        ("EN-gb;q=0.8, fr", "en"),
        ("sv;q=0.5, en;q=0.7", "en"),
        ("sv, en", "sv"),
        ("de, fr;q=0.9", "sv"),
        ("*", "sv"),
        ("en;q=0", "sv"),
        ("de, *;q=0.1, en;q=0.5", "en"),
        ("english", "sv"),
        ("en;q=high", "sv"),
        ("en;q=2", "sv"),
        (";;;,,,=", "sv"),
        ("<script>", "sv"),
        ("x" * 100_000, "sv"),
    ],
)
def test_the_language_that_a_browser_prefers(header, language):
    """RFC 9110, 12.5.4, with the look-up of RFC 4647, 3.4; the first one offered where nothing fits."""
    assert i18n.negotiate(header, ("sv", "en")) == language


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "sv_SE.UTF-8"}, "sv"),
        ({"LANG": "sv"}, "sv"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "sv_SE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "sv_SE.UTF-8"}, "sv"),
        ({"LANG": "../../etc"}, "en"),
    ],
)
def test_the_language_of_a_terminal(environ, language):
    """POSIX: LC_ALL before LC_MESSAGES before LANG."""
    assert i18n.locale_language(environ) == language


def test_an_error_is_told_in_the_readers_language():
    """Template and values are apart until then."""
    with pytest.raises(AddressError) as raised:
        EmailAddress.parse("anna")
    assert i18n.texts("sv").error(raised.value) == "anna är ingen e-postadress: @ saknas"
    assert i18n.texts("en").error(raised.value) == "anna is not an e-mail address: it has no @"


def test_the_reason_of_an_error_is_told_in_the_same_language():
    """An error among the values of an error is translated as well."""
    reason = AddressError("domain", "the domain is missing")
    error = ConfigError("%(place)s: %(key)s: %(reason)s", place="config.toml", key="base_url", reason=reason)
    assert i18n.texts("sv").error(error) == "config.toml: base_url: domänen saknas"


def test_an_error_of_many_mistakes_is_a_line_for_each():
    """With the place of each."""
    missing = AddressError("domain", "the domain is missing")
    error = SettingsError([Problem(3, missing), Problem("", missing)])
    assert i18n.texts("sv").errors(error) == ["rad 3: domänen saknas", "domänen saknas"]
    assert i18n.texts("sv").errors(missing) == ["domänen saknas"]
    of_a_file = SettingsError(error.problems, source="kunder.toml")
    assert i18n.texts("sv").errors(of_a_file)[0] == "kunder.toml: rad 3: domänen saknas"
    assert len(i18n.texts("sv").errors(of_a_file)) == 3


def test_a_text_for_one_and_for_many():
    """English forms stand in the code; the number is filled in."""
    texts = i18n.texts("en")
    assert texts.ngettext("%(n)d domain", "%(n)d domains", 1) == "1 domain"
    assert texts.ngettext("%(n)d domain", "%(n)d domains", 3) == "3 domains"
