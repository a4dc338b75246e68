"""The table of what can be wrong and what the check then tells, made by the tests that break it: `pytest --faults FILE`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

HEAD = """\
# What can be wrong, and what is told

Each line is a fault that the tests make, in an in-process server or in the lab's real servers and zones, and the findings that
`autoconfig check` then has: these and no others. `autoconfig explain CODE` tells more about one. `make test` writes this page.
"""


class Row(NamedTuple):
    """A *fault* made somewhere (*where*), and the codes of all that is found, with blanks between."""

    where: str
    fault: str
    findings: str

    @classmethod
    def of(cls, where: str, fault: str, codes: Collection[str]) -> Row:
        """Return the row; without *codes* nothing is to be found."""
        return cls(where, fault.rstrip(".").replace("|", "\\|"), " ".join(sorted(codes)) or "-")


def page(rows: Iterable[Row]) -> str:
    """Return the page with *rows*, each once, by where they were made."""
    lines = [HEAD]
    last = ""
    for row in sorted(set(rows)):
        if row.where != last:
            lines += [*([""] if last else []), f"## {row.where}", "", "| Fault | Findings |", "|---|---|"]
            last = row.where
        lines.append(f"| {row.fault} | {row.findings} |")
    return "\n".join(lines) + "\n"
