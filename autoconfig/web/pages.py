"""Pages for people: a template, in the reader's language, with what every page has around it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Response, request

from autoconfig import templating
from autoconfig.errors import AutoconfigError
from autoconfig.guides import brand
from autoconfig.i18n import Texts
from autoconfig.model import Provider
from autoconfig.web.answers import cacheable, passing
from autoconfig.web.branding import Branding
from autoconfig.web.languages import Languages
from autoconfig.web.protection import policy

HTML = "text/html; charset=utf-8"


class Pages:
    """Renders pages for whoever sends the current request."""

    def __init__(self, languages: Languages, static: Callable[[str], str], branding: Branding) -> None:
        self._languages = languages
        self._static = static
        self._branding = branding

    def kept(self, template: str, provider: Provider | None = None, **context: object) -> Response:
        """Return a page that may be kept for a while."""
        content, style = self._render(template, provider, context)
        return _finished(cacheable(content, HTML), style)

    def once(self, template: str, provider: Provider | None = None, status: int = HTTPStatus.OK, **context: object) -> Response:
        """Return a page that nobody keeps."""
        content, style = self._render(template, provider, context)
        return _finished(passing(content, HTML, status), style)

    def texts(self, provider: Provider | None = None) -> Texts:
        """Return the texts for whoever sends the current request."""
        return self._languages.choose(request.args.get("lang"), request.headers.get("Accept-Language"), provider)

    def _render(self, template: str, provider: Provider | None, context: dict[str, object]) -> tuple[bytes, str | None]:
        texts = self.texts(provider)
        error = context.get("error")
        style = brand.style_of(provider) if provider else None
        around = {
            "provider": provider,
            "languages": self._languages.names,
            "static": self._static,
            "style": style,
            "logo": self._branding.logo(provider) if provider else None,
            "own_text": self._branding.paragraphs(provider, texts.language) if provider else (),
            "domain": None,
            "hint": None,
            "typed": None,
            "action": "/",
            "error_text": sentence(error, texts) if isinstance(error, AutoconfigError) else None,
        }
        return templating.render(template, texts, **(around | context)).encode(), style


def _finished(response: Response, style: str | None) -> Response:
    response.vary.add("Accept-Language")
    response.headers["Content-Security-Policy"] = policy(style)
    return response


def sentence(error: AutoconfigError, texts: Texts) -> str:
    """Return what *error* says as a sentence, unless it begins with what was typed, which keeps its letters."""
    text = texts.error(error)
    if not texts.gettext(error.template).startswith("%"):
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
