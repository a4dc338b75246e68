"""A provider's colour on our pages: as near to the brand as it can be read. Pure.

WCAG 2.2, 1.4.3: text and what is behind it differ by 4.5:1 at least. So a colour is darkened for the light page and lightened for the
dark one, just as far as it must.
"""

from __future__ import annotations

from autoconfig.model import Provider

CONTRAST = 4.5
ACCENT = "#14606f"  # where a provider has no colour, as in the style sheet
# What the accent lies on, and what lies on it: --back and --panel of the style sheet.
LIGHT = ("#ffffff", "#f1f5f6")
DARK = ("#12191c", "#1b2529")
_STEPS = 256

_Color = tuple[float, float, float]


def style_of(provider: Provider) -> str | None:
    """Return the sheet that gives a page *provider*'s colour, None where it has none. On paper all is black."""
    if provider.color is None:
        return None
    light, dark = readable(provider.color, LIGHT), readable(provider.color, DARK)
    return f"@media screen{{:root{{--accent:{light}}}@media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}}}"


def readable(color: str, backgrounds: tuple[str, ...]) -> str:
    """Return *color*, or the nearest mixture of it with black or white that can be read on each of *backgrounds*."""
    start, end = _parse(color), (0.0, 0.0, 0.0) if _luminance(_parse(backgrounds[0])) > 0.5 else (255.0, 255.0, 255.0)
    for step in range(_STEPS + 1):
        mixed = _format(tuple(a + (b - a) * step / _STEPS for a, b in zip(start, end, strict=True)))
        if all(contrast(mixed, background) >= CONTRAST for background in backgrounds):
            return mixed
    return _format(end)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(_parse(one)), _luminance(_parse(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: _Color) -> float:
    """Return the relative luminance of *color* (WCAG 2.2, "relative luminance")."""
    parts = (part / 255 for part in color)
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse(color: str) -> _Color:
    digits = color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (int(digits[at : at + 2], 16) for at in (0, 2, 4))
    return (red, green, blue)


def _format(color: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in color)
