"""docs/commands.md shows what the commands print: each is run, in its order, on the sample."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.conftest import Command

PAGE = Path(__file__).parent.parent.parent / "docs" / "commands.md"

# When and by whom differs each time.
_MADE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d\s+\S+")


def _cells(line: str) -> list[str]:
    return [cell for cell in re.split(r"\t| {2,}", _MADE.sub("MADE", line.strip())) if cell]


def test_the_page_shows_what_the_commands_print(autoconfig: Command) -> None:
    """Line by line, results before notes; "…" stands for lines that are left out."""
    lines = [line.removeprefix("    ") for line in PAGE.read_text().splitlines() if line.startswith("    ")]
    asked = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    assert len(asked) > 10
    for i, following in zip(asked, [*asked[1:], len(lines)], strict=True):
        done = autoconfig(*shlex.split(lines[i])[2:])
        printed = [_cells(line) for line in (done.stdout + done.stderr).splitlines()]
        is_left_out = False
        for shown in lines[i + 1 : following]:
            if shown == "…":
                is_left_out = True
                continue
            while is_left_out and printed and printed[0] != _cells(shown):
                printed.pop(0)
            is_left_out = False
            assert printed, f"{lines[i]}: {shown}"
            assert printed.pop(0) == _cells(shown), lines[i]
        assert printed == [] or is_left_out, lines[i]
