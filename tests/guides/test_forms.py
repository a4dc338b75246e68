"""The label files: whole, alike in both languages, and nothing in them without a source."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoconfig.guides import forms, words
from autoconfig.guides.clients import ClientName
from autoconfig.guides.forms import Form, Kind, Source, all_forms, form_of
from autoconfig.model import AuthMethod, Protocol, TLSMode

LABELS = Path(forms.__file__).parent / "labels"
LANGUAGES = ("en", "sv")
CLIENTS = [client for client in ClientName if client is not ClientName.WEBMAIL]

QUOTES = {"label", "imap", "pop3", "heading", "path", "choice", "words", "outgoing_words"}

# These name nothing by themselves, so they cannot stand on a card without the program's label.
NAMELESS = set(Kind) - set(words.LABELS)
WORDS = {mode.value for mode in TLSMode} | {method.value for method in AuthMethod} - {"none"} | {p.value for p in Protocol} | {"auth-none"}


def _form(client: str, language: str) -> Form:
    return all_forms()[ClientName(client), language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_has_a_file_in_both_languages(client, language):
    """Webmail alone has no form: there is nothing to fill in."""
    assert (client, language) in all_forms()


def test_no_file_is_unused():
    """A file that is not a client's form, and not the errors', would be read by nobody."""
    names = {f"{client}.{language}.toml" for client, language in all_forms()} | {f"errors.{language}.toml" for language in LANGUAGES}
    assert {path.name for path in LABELS.iterdir()} == names


@pytest.mark.parametrize("client", CLIENTS)
def test_both_languages_have_the_same_fields_in_the_same_order(client):
    """A form is the same form in every language; only its words differ."""

    def shape(form: Form):
        cards = [
            (
                card.when,
                [(section.about, [(f.kind, f.note, f.only, f.choice is None) for f in section.fields]) for section in card.sections],
            )
            for card in form.cards
        ]
        steps = [[(step.say, step.only) for step in steps] for steps in (form.steps, form.profile)]
        return cards, steps, form.notes

    assert shape(_form(client, "en")) == shape(_form(client, "sv"))


def _without_source(data: object, source: str | None = None) -> Iterator[object]:
    """Yield what quotes a program in *data* although neither it nor anything around it says where that was seen."""
    if isinstance(data, list):
        for item in data:
            yield from _without_source(item, source)
    elif isinstance(data, dict):
        source = data.get("source", source)
        if source not in set(Source) and QUOTES & set(data):
            yield data
        for value in data.values():
            yield from _without_source(value, source)


@pytest.mark.parametrize("path", sorted(LABELS.iterdir()), ids=lambda path: path.name)
def test_every_label_has_a_source(path):
    """A program's words stand in a file only with where they were seen."""
    assert list(_without_source(tomllib.loads(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_file_says_is_said_by_us_too(client, language):
    """Every step, note and heading has its sentence, every word its place in the model, and a nameless field a label somewhere."""
    form, english = _form(client, language), _form(client, "en")
    assert {step.say for step in (*form.steps, *form.profile)} <= set(words.STEPS)
    assert set(form.notes) <= set(words.NOTES)
    for step in (*form.steps, *form.profile):
        with_path, plain = words.STEPS[step.say]
        assert with_path if step.path else plain, step
    for card, twin in zip(form.cards, english.cards, strict=True):
        assert card.when is None or card.when in words.WHEN
        assert {*card.words.common, *card.words.outgoing} <= WORDS
        for section, same in zip(card.sections, twin.sections, strict=True):
            assert section.about in words.HEADINGS
            for field, other in zip(section.fields, same.fields, strict=True):
                assert field.note is None or field.note in words.FIELD_NOTES
                assert field.kind not in NAMELESS or field.labels or other.labels, field


@pytest.mark.parametrize("client", ["outlook-new", "samsung", "windows-mail", "emclient", "other"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_that_nobody_has_seen_gives_no_labels(client, language):
    """What is only remembered is not passed off as the program's words."""
    form = _form(client, language)
    labels = [label for card in form.cards for section in card.sections for field in section.fields for label in field.labels.values()]
    assert not labels
    assert not any(step.path for step in form.steps)


def test_the_swedish_words_of_thunderbird_are_those_of_its_language_pack():
    """The surest source there is, in its own order."""
    fields = [field for section in _form("thunderbird", "sv").cards[0].sections for field in section.fields]
    assert [field.labels[Protocol.IMAP].text for field in fields] == [
        "Fullständigt namn",
        "E-postadress",
        "Protokoll",
        "Värdnamn",
        "Port",
        "Anslutningssäkerhet",
        "Autentiseringsmetod",
        "Användarnamn",
        "Protokoll",
        "Värdnamn",
        "Port",
        "Anslutningssäkerhet",
        "Autentiseringsmetod",
        "Användarnamn",
        "Lösenord",
        "Kom ihåg lösenord",
    ]


def test_a_third_party_is_no_certain_source():
    """Its words are shown, but not as the program's very words."""
    step = next(step for step in _form("iphone", "en").profile if step.path)
    assert step.path[0].source is Source.THIRD_PARTY
    assert not step.path[0].seen


def test_a_language_without_files_falls_back_on_english():
    """A new catalogue is one file; labels can be collected later."""
    assert form_of(ClientName.THUNDERBIRD, "nb") == _form("thunderbird", "en")


def test_webmail_has_no_form():
    """There is nothing to enter but the login."""
    assert form_of(ClientName.WEBMAIL, "en") is None
