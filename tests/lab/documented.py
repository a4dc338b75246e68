"""What we tell operators to put in front of the service; the lab runs just that. Reads our documents, knows no server."""

from __future__ import annotations

import re
from pathlib import Path

_TOP = Path(__file__).parents[2]


def block(language: str, document: str = "README.md") -> str:
    """Return the one code block of *language* in *document*."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (_TOP / document).read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return *text* with each pattern of *changes* replaced; raises ValueError for one that is not in it."""
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if not count:
            raise ValueError(f"{pattern} is not in what is documented")
    return text
