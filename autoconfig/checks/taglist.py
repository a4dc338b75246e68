"""Lists of tags, "v=DKIM1; k=rsa; p=...", as DKIM, DMARC, MTA-STS and TLS-RPT have them (RFC 6376, 3.2). Reads text; asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TAGS = 50

# RFC 6376, 3.2: tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
_TAG = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=(.*)\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class TagList:
    """The tags in order, names in lower case; *faults* are the parts that are none, or whose name came before."""

    tags: tuple[tuple[str, str], ...]
    faults: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Return the value of the first tag of that *name*, None where there is none."""
        return next((value for tag, value in self.tags if tag == name), None)


def parse(text: str) -> TagList:
    """Read *text*; whatever it is, it becomes a list."""
    tags: list[tuple[str, str]] = []
    faults = []
    parts = text.split(";")
    if not parts[-1].strip():  # tag-list = tag-spec *( ";" tag-spec ) [ ";" ]
        parts.pop()
    for part in parts[:MAX_TAGS]:
        found = _TAG.match(part)
        if not found or any(tag == found[1].lower() for tag, _ in tags):
            faults.append(part.strip())
        else:
            tags.append((found[1].lower(), found[2].strip()))
    return TagList(tuple(tags), tuple(faults))


def begins(text: str, version: str) -> bool:
    """Tell whether *text* begins with "v=" and *version*, the tag that tells these records from other texts."""
    return re.match(rf"\s*v\s*=\s*{re.escape(version)}\s*(;|\Z)", text) is not None


def resembles(text: str, version: str) -> bool:
    """Tell whether *text*, though it does not begin with it as it should, was meant to be of *version*."""
    return re.match(rf"[\s\"'“”]*v\s*=\s*{re.escape(version)}", text, re.IGNORECASE) is not None
