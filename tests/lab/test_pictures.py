"""Pictures of the real Thunderbird can be taken in every language."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from autoconfig.guides.pictures import LANGUAGES
from tests import webp

from .ca import Authority
from .network import Network
from .pictures import prepare, take, write
from .service import Service
from .world import World

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("account_hub")]

BLANK = 5_000  # bytes: one colour alone takes less than a fifth of it


@pytest.fixture(scope="module", autouse=True)
def kund(world: World, service: Service, authority: Authority) -> None:
    """The customer that the pictures show."""
    prepare(world, service, authority)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_step(network: Network, authority: Authority, language: str, tmp_path: Path) -> None:
    """It has the size that the page keeps free for it, and something is to be seen."""
    with closing(take(network, authority, language)) as pictures:
        picture, shot = next(pictures)
    path = tmp_path / picture.file(language)
    write(shot, path)
    assert webp.size(path) == (picture.width, picture.height)
    assert BLANK < path.stat().st_size < webp.LIMIT
