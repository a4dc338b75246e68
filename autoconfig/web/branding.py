"""What an operator lays into the instance folder for the pages of a provider: its logo, and a text of its own in each language.

    brand/PROVIDER.svg              the logo; .webp and .png are looked for as well
    brand/PROVIDER.LANGUAGE.txt     what customers should read first: plain text, paragraphs with empty lines between them

Files may come and go while the service runs. Served from here, a logo is no request to anybody else.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from autoconfig.model import Provider
from autoconfig.web.answers import cacheable

KINDS = {".svg": "image/svg+xml", ".webp": "image/webp", ".png": "image/png"}
MAX_TEXT = 8_000  # octets of a text of one's own
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Branding:
    """The files of *folder*, which need not be there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def logo(self, provider: Provider) -> str | None:
        """Return the address of *provider*'s logo on our own pages, None where it has none."""
        return f"/brand/{provider.id}" if self._logo(provider.id) else None

    def paragraphs(self, provider: Provider, language: str) -> tuple[str, ...]:
        """Return the text of *provider* in *language*, nothing where there is none or it cannot be read."""
        try:
            with (self._folder / f"{provider.id}.{language}.txt").open("rb") as file:
                text = file.read(MAX_TEXT).decode("utf-8-sig", "ignore")
        except OSError:
            return ()
        return tuple(" ".join(paragraph.split()) for paragraph in text.replace("\r\n", "\n").split("\n\n") if paragraph.strip())

    def blueprint(self) -> Blueprint:
        """Return the route of the logos."""
        routes = Blueprint("branding", __name__)

        def logo(provider: str) -> Response:
            found = self._logo(provider)
            if found is None:
                raise NotFound
            return cacheable(found.read_bytes(), KINDS[found.suffix])

        routes.add_url_rule("/brand/<provider>", view_func=logo, methods=["GET"])
        return routes

    def _logo(self, provider: str) -> Path | None:
        if not _PROVIDER.fullmatch(provider):  # anything else is no provider's name, and may lead out of the folder
            return None
        return next((path for kind in KINDS if (path := self._folder / (provider + kind)).is_file()), None)
