"""What a finding's code stands for, told at length."""

from __future__ import annotations

import re

from autoconfig.catalogue import ENTRIES
from autoconfig.findings import Owner
from autoconfig.i18n import Texts
from autoconfig.report.words import GROUPS, OWNERS, SEVERITIES

_VALUE = re.compile(r"%\(\w+\)[sd]")


def explain(code: str, texts: Texts) -> str:
    """Return the whole story of *code*, one of the catalogue's, in paragraphs."""
    entry = ENTRIES[code]
    _ = texts.gettext

    def template(text: str) -> str:
        return _VALUE.sub("…", _(text)).replace("%%", "%")

    owner = "" if entry.owner is Owner.NOBODY else f" ({_(OWNERS[entry.owner])})"
    paragraphs = [
        f"{code} · {_(SEVERITIES[entry.severity])} · {_(GROUPS[entry.group])}",
        template(entry.message),
        _(entry.story),
        _("Why") + f": {template(entry.cause)}",
        _("Do this") + owner + f": {template(entry.fix)}",
    ]
    if entry.standard:
        paragraphs.append(_("Standard") + f": {entry.standard}")
    return "\n\n".join(paragraphs)
