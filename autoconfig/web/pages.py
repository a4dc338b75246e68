"""Pages for people: a template, in the reader's language, with what every page has around it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from autoconfig import templating
from autoconfig.errors import AutoconfigError
from autoconfig.i18n import Texts
from autoconfig.model import Provider
from autoconfig.web.answers import cacheable, passing
from autoconfig.web.languages import Languages

HTML = "text/html; charset=utf-8"


class Pages:
    """Renders pages for whoever sends the current request."""

    def __init__(self, languages: Languages, stylesheet: str) -> None:
        self._languages = languages
        self._stylesheet = stylesheet

    def kept(self, template: str, provider: Provider | None = None, **context: object) -> Response:
        """Return a page that may be kept for a while."""
        content = self._render(template, provider, context)
        return self._in_language(cacheable(content, HTML))

    def once(self, template: str, provider: Provider | None = None, status: int = HTTPStatus.OK, **context: object) -> Response:
        """Return a page that nobody keeps."""
        content = self._render(template, provider, context)
        return self._in_language(passing(content, HTML, status))

    def _render(self, template: str, provider: Provider | None, context: dict[str, object]) -> bytes:
        texts = self._languages.choose(request.args.get("lang"), request.headers.get("Accept-Language"), provider)
        error = context.get("error")
        around = {
            "provider": provider,
            "languages": self._languages.names,
            "stylesheet": self._stylesheet,
            "domain": None,
            "hint": None,
            "typed": None,
            "error_text": sentence(error, texts) if isinstance(error, AutoconfigError) else None,
        }
        return templating.render(template, texts, **(around | context)).encode()

    @staticmethod
    def _in_language(response: Response) -> Response:
        response.vary.add("Accept-Language")
        return response


def sentence(error: AutoconfigError, texts: Texts) -> str:
    """Return what *error* says as a sentence, unless it begins with what was typed, which keeps its letters."""
    text = texts.error(error)
    if not texts.gettext(error.template).startswith("%"):
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."
