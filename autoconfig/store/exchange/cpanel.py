"""cPanel's lists /etc/userdomains and /etc/trueuserdomains: lines of `domain: user`.

A list says of a domain that it is there, and nothing else: what the store has said of it so far stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from autoconfig.errors import N_
from autoconfig.model import ModelError
from autoconfig.store.exchange.file import (
    Entry,
    Found,
    Places,
    Progress,
    SettingsFile,
    Unreadable,
    beginning,
    gather,
    not_utf_8,
    silent,
    told,
)
from autoconfig.store.exchange.lines import Lines
from autoconfig.store.places import Path
from autoconfig.store.values import Mistake

_CATCH_ALL = "*"  # cPanel's own entry for whatever else there is, "*: nobody"


def parse_cpanel(source: bytes, default_provider: str | None = None, progress: Progress = silent) -> SettingsFile:
    """Read a list, whose domains are *default_provider*'s; raises SettingsError for what is not such a list at all."""
    places = _Places()
    lines = Lines(source, beginning(source))
    missing = Mistake((), ModelError(N_("the list names no provider; say with --provider whose domains these are")))
    found = told(_entries(lines, places), lambda: lines.at, len(source), progress)
    return gather(found, places, default_provider, provider_missing=missing, lists_only=True)


class _Places(Places):
    def __init__(self) -> None:
        self.lines: list[int] = []

    def place(self, path: Path) -> int | str:
        if path[:1] == ("domain",) and isinstance(path[1], int):
            return self.lines[path[1]]
        return super().place(path)


def _entries(lines: Lines, places: _Places) -> Iterator[Found]:
    for raw in lines:
        if raw is None:
            yield lines.too_much(lines.number + 1)
            return
        try:
            text = raw.decode().strip()
        except UnicodeDecodeError as error:
            yield not_utf_8(lines.number, raw, error, ModelError(N_("save it as UTF-8")))
            return
        domain, colon, user = (part.strip() for part in text.partition(":"))
        if not text or text.startswith("#") or domain == _CATCH_ALL:
            continue
        if not colon or not user or " " in domain:
            yield Unreadable(lines.number, ModelError(N_("%(text)s is not a line of cPanel's; they are like kund.se: user"), text=text))
            continue
        places.lines.append(lines.number)
        yield Entry("domain", {"name": domain})
