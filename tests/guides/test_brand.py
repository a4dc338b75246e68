"""A provider's colour can be read on every page, and a code by every phone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from autoconfig.guides.brand import ACCENT, CONTRAST, DARK, LIGHT, contrast, readable, style_of
from autoconfig.guides.qr import code_of
from autoconfig.model import Provider

SHEET = Path(__file__).parents[2] / "autoconfig" / "web" / "static" / "style.css"
PROVIDER = Provider("karla", "Karla", "Karla", ())


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.sampled_from([LIGHT, DARK]))
def test_every_colour_can_be_read(color: str, backgrounds: tuple[str, ...]) -> None:
    """WCAG 2.2, 1.4.3: 4.5:1 at least; a colour that can be read already stays as it is."""
    found = readable(color, backgrounds)
    assert all(contrast(found, background) >= CONTRAST for background in backgrounds)
    if all(contrast(color, background) >= CONTRAST for background in backgrounds):
        assert found == color


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777", "#ffffff", 4.48), ("#fff", "#ffffff", 1)])
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    """Known pairs."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def test_a_colour_is_not_changed_more_than_it_must() -> None:
    """Yellow becomes a dark yellow on white, and stays yellow in the dark."""
    assert style_of(replace(PROVIDER, color="#ffd400")) == (
        "@media screen{:root{--accent:#846e00}@media (prefers-color-scheme:dark){:root{--accent:#ffd400}}}"
    )
    assert style_of(PROVIDER) is None


def test_the_backgrounds_are_those_of_the_style_sheet() -> None:
    """Light first, dark after it; and the sheet's own accent is what a letter has."""
    found = {name: re.findall(rf"--{name}: (#[0-9a-f]+);", SHEET.read_text()) for name in ("back", "panel", "accent")}
    assert [contrast(a, b) for a, b in zip(found["back"][:2], (LIGHT[0], DARK[0]), strict=True)] == [1, 1]
    assert found["panel"][:2] == [LIGHT[1], DARK[1]]
    assert found["accent"][0] == ACCENT


def test_a_code_is_drawn_module_by_module() -> None:
    """With four empty ones on each side (ISO/IEC 18004, 6.3.8)."""
    url = "https://autoconfig.karlahosting.se/guide/kund.se"
    code = code_of(url)
    dark = {(int(x) + step, int(y)) for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1H\1", code.path) for step in range(int(width))}
    rows = list(segno.make_qr(url, error="m", boost_error=False).matrix)
    assert code.size == len(rows) + 8
    assert dark == {(x + 4, y + 4) for y, row in enumerate(rows) for x, module in enumerate(row) if module}
