"""What a finding's code stands for, told at length."""

from __future__ import annotations

import re

from autoconfig.catalogue import ENTRIES
from autoconfig.i18n import Texts
from autoconfig.report.words import GROUPS, OWNERS, SEVERITIES

_VALUE = re.compile(r"%\(\w+\)[sd]")


def explain(code: str, texts: Texts) -> str:
    """Return the whole story of *code*, one of the catalogue's, in paragraphs."""
    entry = ENTRIES[code]
    _ = texts.gettext

    def template(text: str) -> str:
        return _VALUE.sub("…", _(text)).replace("%%", "%")

    paragraphs = [
        f"{code} · {_(SEVERITIES[entry.severity])} · {_(GROUPS[entry.group])}",
        template(entry.message),
        _(entry.story),
        f"{_('Why')}: {template(entry.cause)}",
        f"{_('Do this')} ({_(OWNERS[entry.owner])}): {template(entry.fix)}",
    ]
    if entry.standard:
        paragraphs.append(f"{_('Standard')}: {entry.standard}")
    return "\n\n".join(paragraphs)
