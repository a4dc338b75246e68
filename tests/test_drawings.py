"""The drawings of IMAP and POP, and the advice around them: whole, small, described, and right without a host's name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree, html

from autoconfig.i18n import texts
from autoconfig.templating import environment

SHEET = Path(__file__).parent.parent / "autoconfig" / "web" / "static" / "style.css"
DRAWINGS = ("imap", "pop")
ADVICE = ("_pop_or_imap", "_switching")
SVG = "{http://www.w3.org/2000/svg}"


def _render(name: str, language: str = "en", **context: object) -> str:
    said = texts(language)
    return environment().get_template(f"guide/{name}.html").render(_=said.gettext, language=language, **context)


def _drawing(name: str, drawing_id: str = "one") -> str:
    return _render(f"_drawing_{name}.svg", drawing_id=drawing_id)


def _classes() -> set[str]:
    return set(re.findall(r"\.([a-z][\w-]*)", SHEET.read_text()))


def _advice(name: str, **context: object) -> html.HtmlElement:
    return html.fragment_fromstring(_render(name, **context), create_parent=True)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_well_formed_and_small(name: str) -> None:
    """It stands in the middle of a page that has 60 KB for everything."""
    drawn = _drawing(name)
    assert etree.fromstring(drawn).tag == f"{SVG}svg"
    assert len(drawn.encode()) < 4096


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_has_a_text_alternative(name: str) -> None:
    """As one picture with a title and a description, which its label points to, and no other text."""
    root = etree.fromstring(_drawing(name))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby", "").split() == [title.get("id"), desc.get("id")]
    assert title.text
    assert len(desc.text) > len(title.text)
    assert not list(root.iter(f"{SVG}text"))


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_coloured_by_the_style_sheet_alone(name: str) -> None:
    """Inline style is forbidden by our policy, and a colour of its own would be wrong in the dark or on paper."""
    root = etree.fromstring(_drawing(name))
    for element in root.iter(etree.Element):
        assert "style" not in element.attrib
        assert "fill" not in element.attrib
        assert element.get("stroke") in (None, "currentColor")
    assert not list(root.iter(f"{SVG}style", f"{SVG}script"))


def test_the_drawings_can_stand_together_on_one_page() -> None:
    """No id is there twice, and every reference stays within its own drawing."""
    names = [(name, f"{name}-{letter}") for name in DRAWINGS for letter in "ab"]
    drawn = [(drawing_id, etree.fromstring(_drawing(name, drawing_id))) for name, drawing_id in names]
    ids = [found for _, root in drawn for found in root.xpath("//@id")]
    assert len(ids) == len(set(ids))
    for drawing_id, root in drawn:
        own = set(root.xpath("//@id"))
        assert all(found.startswith(f"{drawing_id}-") for found in own)
        assert {link.removeprefix("#") for link in root.xpath("//@href")} <= own


@pytest.mark.parametrize("name", ADVICE)
def test_every_class_is_in_the_style_sheet(name: str) -> None:
    """A class that the sheet does not know would leave a shape black, or a text unset."""
    used = {word for value in _advice(name).xpath("//@class") for word in value.split()}
    assert used <= _classes()


def test_the_style_sheet_has_no_more_than_the_drawings_need() -> None:
    """A shape that is gone takes its rule with it."""
    used = {word for name in DRAWINGS for value in etree.fromstring(_drawing(name)).xpath("//@class") for word in value.split()}
    assert {word for word in _classes() if word.startswith("drawing")} == used


@pytest.mark.parametrize("name", ADVICE)
@pytest.mark.parametrize("hosts", [{}, {"imap_host": None}, {"imap_host": "imap.host.se"}, {"pop_host": "mail.kund.se"}], ids=str)
def test_a_server_is_named_where_it_is_known(name: str, hosts: dict[str, str | None]) -> None:
    """And nothing stands in its place where it is not."""
    named = [code.text_content() for code in _advice(name, hosts=hosts).iter("code")]
    assert named == [host for host in hosts.values() if host]


@pytest.mark.parametrize("name", ADVICE)
def test_the_advice_needs_no_servers(name: str) -> None:
    """A page that has none says nothing about them."""
    assert _render(name) == _render(name, hosts=None) == _render(name, hosts={})


def test_both_ways_are_compared_in_the_same_terms() -> None:
    """Side by side, row by row."""
    ways = _advice("_pop_or_imap", hosts={"imap_host": "imap.host.se", "pop_host": "mail.kund.se"}).find_class("ways")[0]
    imap, pop = ([term.text for term in way.iter("dt")] for way in ways)
    assert imap[:-1] == pop[:-1] == ["Space", "Several devices", "Deleting", "Backup"]
    assert (imap[-1], pop[-1]) == ("Incoming server (IMAP)", "Incoming server (POP3)")


def test_the_old_account_goes_last() -> None:
    """With a POP account, the only copy of the mail may go."""
    to_imap, to_pop = _advice("_switching").iter("ol")
    for steps, word in ((to_imap, "remove the POP account"), (to_pop, "remove the IMAP account")):
        said = [step.text_content() for step in steps]
        removal = next(n for n, step in enumerate(said) if word in step)
        assert removal >= len(said) - 2
        assert all("back up" not in step.lower() for step in said[removal:])


def test_a_name_of_a_server_is_escaped() -> None:
    """Whatever is filled in is text."""
    assert "<b>" not in _render("_pop_or_imap", hosts={"imap_host": "<b>"})
