"""The pictures of mail programs: the files are what the table says."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoconfig.guides.clients import ClientName
from autoconfig.guides.pictures import LANGUAGES, PICTURES, Picture, pictures_of
from tests import webp

STATIC = Path(__file__).parents[2] / "autoconfig" / "web" / "static"
WIDEST = 760  # pixels
ALL = [picture for pictures in PICTURES.values() for picture in pictures]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("picture", ALL, ids=lambda picture: picture.name)
def test_every_picture_is_there_in_the_size_that_the_page_keeps_free(picture: Picture, language: str) -> None:
    """Nothing jumps when it comes, and it is no burden for a phone."""
    path = STATIC / picture.file(language)
    assert webp.size(path) == (picture.width, picture.height)
    assert picture.width <= WIDEST
    assert path.stat().st_size < webp.LIMIT


def test_there_is_no_picture_that_nobody_shows() -> None:
    """A step that is gone takes its files with it."""
    assert {path.name for path in STATIC.glob("*.webp")} == {picture.file(language) for picture in ALL for language in LANGUAGES}


@pytest.mark.parametrize("picture", ALL, ids=lambda picture: picture.name)
def test_every_picture_says_what_is_to_be_seen_and_to_be_done(picture: Picture) -> None:
    """The text in place of the picture is not the one below it."""
    assert picture.alt
    assert picture.caption
    assert picture.alt != picture.caption


def test_thunderbird_has_pictures_in_the_readers_language() -> None:
    """In the order in which a person meets them."""
    steps = ["address", "found", "password", "incoming", "outgoing"]
    for language in LANGUAGES:
        files = [file for file, _ in pictures_of(ClientName.THUNDERBIRD, language)]
        assert files == [f"thunderbird-{step}-{language}.webp" for step in steps]


def test_a_language_without_pictures_has_the_english_ones() -> None:
    """Better than none."""
    assert pictures_of(ClientName.THUNDERBIRD, "nb") == pictures_of(ClientName.THUNDERBIRD, "en")


def test_a_client_without_pictures_has_none() -> None:
    """That is most of them."""
    assert pictures_of(ClientName.GEARY, "sv") == ()
