"""The files that Mozilla's own database serves: nothing that they say is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import pytest

from autoconfig.formats.mozilla import parse, write
from autoconfig.formats.wire import Section

ISPDB = Path(__file__).parents[3] / "shared" / "data" / "ispdb"
FILES = sorted(ISPDB.glob("*.xml"))

pytestmark = pytest.mark.skipif(not ISPDB.is_dir(), reason=f"the files are not there: {ISPDB}")


def test_there_are_files() -> None:
    """An empty folder proves nothing."""
    assert len(FILES) >= 97


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_round_trip_changes_nothing(file: Path) -> None:
    """Parse, write, parse again: the same wire document, and the same bytes from then on."""
    document = parse(file.read_bytes())
    written = write(document)
    assert parse(written) == document
    assert write(parse(written)) == written


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_another_parser_finds_the_same(file: Path) -> None:
    """Expat counts every element, attribute and text before and after, and knows nothing of our types."""
    written = write(parse(file.read_bytes()))
    assert _counted(written) == _counted(file.read_bytes())
    assert ElementTree.fromstring(written).tag == "clientConfig"  # noqa: S314  # our own bytes


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_element_of_them_has_its_field(file: Path) -> None:
    """Extras are for what nobody has thought of; of these files we know all."""
    assert [section for section in _sections(parse(file.read_bytes())) if section.extra or section.attributes or section.text] == []


def _counted(data: bytes) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    path: list[str] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        text.clear()
        found.update([("element", *path), *(("attribute", *path, *each) for each in attributes.items())])

    def end(name: str) -> None:
        value = "".join(text)
        found.update([("text", *path, value)] if value.strip() else [])
        path.pop()
        text.clear()

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.Parse(data, True)
    return found


def _sections(section: Section) -> list[Section]:
    values = (getattr(section, each.name) for each in fields(section))
    below = (item for value in values for item in (value if isinstance(value, tuple) else (value,)) if isinstance(item, Section))
    return [section, *(deeper for item in below for deeper in _sections(item))]
