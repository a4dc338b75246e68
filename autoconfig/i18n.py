"""Text in the reader's language: gettext catalogues, handed on as a `Texts` argument and never kept in a global.

English stands in the code; every other language is a folder under locale/, compiled when the package is built or installed.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from autoconfig.errors import PLACE, AutoconfigError, SettingsError

SOURCE_LANGUAGE = "en"
LOCALE_DIR = Path(__file__).parent / "locale"
_GETTEXT_DOMAIN = "autoconfig"
_DECIMAL_MARKS = {"sv": ","}


class Texts:
    """Everything that we say to people, in one language."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def gettext(self, message: str, /, **values: object) -> str:
        """Return *message* in this language, its %-placeholders filled with *values* where there are any."""
        text = self._catalogue.gettext(message)
        return text % values if values else text

    def ngettext(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """Return the form for *n*; %(n)d is filled as well."""
        return self._catalogue.ngettext(singular, plural, n) % {"n": n, **values}

    def decimal(self, value: float, digits: int) -> str:
        """Return *value* with *digits* after the decimal mark of this language."""
        return f"{value:.{digits}f}".replace(".", _DECIMAL_MARKS.get(self.language, "."))

    def error(self, error: AutoconfigError) -> str:
        """Return what *error* says, in this language."""
        values = {name: self.error(value) if isinstance(value, AutoconfigError) else value for name, value in error.values.items()}
        return self._catalogue.gettext(error.template) % values

    def errors(self, error: AutoconfigError) -> list[str]:
        """Return a line for each mistake that *error* holds, or the one line that it is; a file's also have its name, and are counted."""
        if not isinstance(error, SettingsError):
            return [self.error(error)]
        parts = ((error.source, self._place(problem.place), self.error(problem.error)) for problem in error.problems)
        lines = [": ".join(filter(None, part)) for part in parts]
        return [*lines, self.error(error)] if error.source else lines

    def _place(self, place: int | str) -> str:
        return self.gettext(PLACE, line=place) if isinstance(place, int) else place


def available() -> tuple[str, ...]:
    """Return the languages that have texts, English first."""
    compiled = sorted(path.parts[-3] for path in LOCALE_DIR.glob(f"*/LC_MESSAGES/{_GETTEXT_DOMAIN}.mo"))
    return (SOURCE_LANGUAGE, *compiled)


def texts(language: str) -> Texts:
    """Return the texts of *language*, English where there is no such catalogue. Catalogues are read once by gettext itself."""
    if language == SOURCE_LANGUAGE:
        return Texts(SOURCE_LANGUAGE, gettext.NullTranslations())
    catalogue = gettext.translation(_GETTEXT_DOMAIN, LOCALE_DIR, [language], fallback=True)
    found = isinstance(catalogue, gettext.GNUTranslations)
    return Texts(language if found else SOURCE_LANGUAGE, catalogue)


def negotiate(header: str | None, offered: Iterable[str]) -> str:
    """Return the first of *offered* that the Accept-Language *header* prefers (RFC 9110, 12.5.4; RFC 4647, 3.4 look-up)."""
    offered = tuple(offered)
    wanted: list[tuple[float, int, str]] = []
    for position, item in enumerate((header or "")[:1000].split(",")):
        tag, _, quality = item.strip().partition(";")
        try:
            q = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if tag and 0 < q <= 1:
            wanted.append((-q, position, tag.strip().lower()))
    for _, _, tag in sorted(wanted):
        if tag == "*":
            return offered[0]
        for language in offered:
            if tag == language or tag.startswith(language + "-"):
                return language
    return offered[0]


def locale_language(environ: Mapping[str, str] = os.environ) -> str:
    """Return the language of the user's locale, English where we have no texts for it."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(variable, "")
        if value:
            language = value.partition(".")[0].partition("_")[0].lower()
            return language if language in available() else SOURCE_LANGUAGE
    return SOURCE_LANGUAGE
