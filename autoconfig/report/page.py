"""Lines on a terminal: wrapped at every width, what goes on indented, labels beside or above their texts. What they say is the report's."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

WIDE = 100  # columns; longer lines are hard to read
NARROW = 60  # columns; below that, a label stands above its text
THIN = 20  # columns; nobody reads anything narrower
MARGIN = 2


class Page:
    """A page on its way to a console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = max(THIN, min(console.width, WIDE))

    @property
    def is_narrow(self) -> bool:
        """Whether labels stand above their texts."""
        return self.width < NARROW

    def print(self, line: Text | None = None, indent: int = MARGIN, aside: str = "") -> None:
        """Print *line*, what does not fit after *indent* on the next ones, and *aside* at the end of the last."""
        line = line or Text()
        wrapped = list(line.wrap(self.console, self.width))
        if len(wrapped) > 1:
            first = wrapped[0]
            rest = line[len(first) :]
            rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
            wrapped = [first, *(Text.assemble(" " * indent, more) for more in rest.wrap(self.console, self.width - indent))]
        for part in wrapped:
            part.rstrip()
        if aside:
            gap = self.width - wrapped[-1].cell_len - len(aside)
            if gap < 2:
                wrapped.append(Text())
                gap = max(indent, self.width - len(aside))
            wrapped[-1] = Text.assemble(wrapped[-1], " " * gap, (aside, "dim"))
        for part in wrapped:
            self.console.print(part, soft_wrap=True)

    def part(self, label: Text, lines: Sequence[str | Text], column: int) -> None:
        """Print *lines* from *column* on, beside *label* where that leaves room, else below it; nothing without lines."""
        head = Text.assemble(" " * MARGIN, label)
        if not lines:
            return
        if head.cell_len > column - 2:
            self.print(head)
            head = Text()
        for line in lines:
            head.pad_right(column - head.cell_len)
            self.print(Text.assemble(head, line), column)
            head = Text()
