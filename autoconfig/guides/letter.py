"""A guide as one HTML file with nothing beside it, to send as a mail or to print: no script, no picture, no link but the provider's."""

from __future__ import annotations

from autoconfig import templating
from autoconfig.guides import brand, page, sheet
from autoconfig.guides.card import PROTOCOLS
from autoconfig.guides.guide import Guide
from autoconfig.i18n import Texts


def html(guide: Guide, texts: Texts, url: str | None = None) -> str:
    """Return *guide* as a document; *url* is its page on the web."""
    color = guide.config.provider.color
    return templating.render(
        "guide/letter.html",
        texts,
        guide=guide,
        whom=guide.address or guide.config.domain,
        url=url,
        accent=brand.readable(color, brand.LIGHT) if color else brand.ACCENT,
        protocols=PROTOCOLS,
        troubles=page.troubles(guide),
        described=page.DESCRIBED,
        mailto=sheet.mailto,
    )
