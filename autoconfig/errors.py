"""The exceptions we raise when *we* cannot go on, and nothing else.

    AutoconfigError
    +-- AddressError      a text is not a domain name or not an e-mail address; says which part is wrong
    +-- ConfigError       instance/config.toml or an AUTOCONFIG_* variable
    +-- SettingsError     settings that cannot be taken; lists every mistake, each with its place
    +-- DocumentError     foreign bytes that are not a document of their format; says the line
    +-- StoreError        the store refused a change
    |   +-- NotFound      no such provider, domain ...
    |   +-- StoreUnavailable  the database does not answer
    +-- SnapshotError     the snapshot cannot be read or written
    +-- UsageError        a command or a request that makes no sense as it stands

An error carries a template and its values apart, so that the edge can tell it in the reader's language
(`i18n.Texts.error`). `str(error)` is English, one line, and safe to print: values are clipped and their
control characters escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_CLIP = 120


def N_(template: str) -> str:
    """Mark *template* for translation and return it unchanged."""
    return template


# How the place of a mistake is named where it is a line.
PLACE = N_("line %(line)d")


def printable(value: object, limit: int = _CLIP) -> str:
    """Return *value* as one line of at most *limit* characters, control and bidirectional characters escaped."""
    try:
        text = str(value)
    except RecursionError:  # foreign JSON, nested as deeply as could just be read
        text = f"<{type(value).__name__}>"
    line = escaped(text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def escaped(text: str) -> str:
    """Return *text* as one line and whole, control and bidirectional characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class AutoconfigError(Exception):
    """Tell what went wrong as a *template* (%-style) with *values* to fill in; a value may be an error itself, its reason."""

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values = {name: v if isinstance(v, int | AutoconfigError) else printable(v) for name, v in values.items()}
        super().__init__(template % self.values)


class AddressError(AutoconfigError):
    """A text is not an address. *part* is "address", "local part" or "domain"."""

    def __init__(self, part: str, template: str, /, **values: object) -> None:
        self.part = part
        super().__init__(template, **values)


class ConfigError(AutoconfigError):
    """The installation's configuration is wrong; nothing is started."""


class UsageError(AutoconfigError):
    """The command line or the request asks for something that does not exist."""


class DocumentError(AutoconfigError):
    """Bytes are not a document of the format. *line* is 1-based, None where it is not known."""

    def __init__(self, template: str, /, line: int | None = None, **values: object) -> None:
        self.line = line
        super().__init__(template, **values)


class StoreError(AutoconfigError):
    """The store refuses a change; nothing was changed."""


class NotFound(StoreError):
    """What was named is not in the store."""


class StoreUnavailable(StoreError):
    """The database does not answer."""


class SnapshotError(AutoconfigError):
    """The snapshot cannot be opened or written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in settings: *place* is a line's number, a name such as "domain kund.se", or "" where it is no one place."""

    place: int | str
    error: AutoconfigError

    def __str__(self) -> str:
        place = PLACE % {"line": self.place} if isinstance(self.place, int) else self.place
        return f"{place}: {self.error}" if place else str(self.error)


class SettingsError(AutoconfigError):
    """Settings that cannot be taken; `problems` holds every mistake, in the order of the file; *source* is its name or "".

    With *is_cut* there were so many that reading stopped.
    """

    def __init__(self, problems: Iterable[Problem], source: str = "", *, is_cut: bool = False) -> None:
        self.problems = tuple(problems)
        self.source = source
        self.is_cut = is_cut
        every, some = N_("mistakes: %(count)d; nothing was changed"), N_("after %(count)d mistakes reading stopped; nothing was changed")
        super().__init__(some if is_cut else every, count=len(self.problems))
