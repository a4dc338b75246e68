"""What mail programs end up with, for the person at the terminal.

What each asked and when, what it was told, which servers it enters, whether these work, and why not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from autoconfig.clients.outcome import Choice, Confidence, Effect, Note, Step
from autoconfig.clients.works import End
from autoconfig.errors import N_, PLACE, printable
from autoconfig.i18n import Texts
from autoconfig.model import TLSMode
from autoconfig.report.outcomes import RESULTS, reason, reasons
from autoconfig.report.page import MARGIN, Page

_WORKS = {
    True: ("✓", "green", N_("yes")),
    False: ("✗", "red", N_("no")),
    None: ("?", "magenta", N_("not known")),
}
_CONFIDENCES = {
    Confidence.MEASURED: N_("as the real program was seen to do"),
    Confidence.SOURCE: N_("as its source has it"),
    Confidence.DOCUMENTED: N_("as its maker describes it"),
    Confidence.CLAIMED: N_("as others describe it"),
}
_EFFECTS = {
    Effect.REJECTS: N_("rejects the whole document: %(reason)s"),
    Effect.SKIPS: N_("leaves out a server: %(reason)s"),
    Effect.MISREADS: N_("misreads it: %(reason)s"),
}
_TLS = {TLSMode.IMPLICIT: "TLS", TLSMode.STARTTLS: "STARTTLS", TLSMode.NONE: N_("no encryption")}
# What a step says where nobody answered, in the words of `observations`.
_SAID = {
    "nothing": N_("nothing"),
    "no answer in time": N_("no answer in time"),
    "no-address": N_("no such host"),
    "refused": N_("refused"),
    "timeout": N_("no answer in time"),
    "unreachable": N_("no way there"),
    "no-way-from-here": N_("no way there from here"),
    "tls": N_("TLS fails"),
    "certificate": N_("wrong certificate"),
    "reset": N_("connection broken off"),
    "malformed": N_("answers nonsense"),
    "forbidden": N_("not allowed"),
    "unknown": N_("not known"),
    "nodata": N_("no such record"),
    "nxdomain": N_("no such name"),
    "servfail": N_("the name server fails"),
    "loop": N_("aliases in a circle"),
}
_LINE = 300  # characters of one line
_PIECE = 8  # columns, the least
_MANY = 8  # candidates that are shown
_SLOW = 1000.0  # milliseconds; who waits so long is told
_CLOCK = 9  # columns of "12 345 ms"


def show(title: str, ends: Iterable[End], texts: Texts, console: Console) -> None:
    """Print *ends* below *title*, which is the address or the name of a case."""
    page = _Page(console, texts)
    page.print(Text(printable(title, _LINE), style="bold"))
    for end in ends:
        page.end(end)


class _Page(Page):
    """Ends of searches on their way to a console."""

    def __init__(self, console: Console, texts: Texts) -> None:
        super().__init__(console)
        self._texts = texts

    def end(self, end: End) -> None:
        """Print one of them."""
        _ = self._texts.gettext
        outcome, why = end.outcome, reasons(end, self._texts)
        mark, style, result = RESULTS[outcome.result]
        self.print()
        heading = Text.assemble((mark, style), " ", (end.client.title, "bold"), " ", _(result))
        self.print(heading, aside=_(_CONFIDENCES[end.client.confidence]))
        for step in outcome.steps:
            self._step(step)
        several = end.client.tries_each
        origin = " · ".join(printable(part, _LINE) for part in (outcome.via, outcome.source) if part)
        parts: list[tuple[str, Sequence[str | Text]]] = [
            (_("From"), [origin] if origin else []),
            (_("Incoming"), self._servers(outcome.incoming, several=several)),
            (_("Outgoing"), self._servers(outcome.outgoing, several=several)),
            (_("Works"), [self._works(end)] if outcome.incoming or outcome.outgoing else []),
            (_("Why"), why),
            (_("Reads"), list(dict.fromkeys(self._note(note) for note in outcome.notes))[:_MANY]),
        ]
        column = 2 * MARGIN if self.is_narrow else max(len(label) for label, _lines in parts) + MARGIN + 2
        for label, lines in parts:
            # A long address is broken where it must be, but not put on a line of its own for that.
            folded = [piece for line in lines for piece in ([line] if isinstance(line, Text) else self._folded(line, column))]
            self.part(Text(label, style="dim"), folded, column)

    def _step(self, step: Step) -> None:
        clock = f"{round(step.at)} ms"
        head = Text.assemble(" " * MARGIN, (clock if self.is_narrow else f"{clock:>{_CLOCK}}", "dim"), "  ")
        indent = 2 * MARGIN if self.is_narrow else head.cell_len
        pieces = self._folded(printable(step.what, _LINE), head.cell_len)
        said = self._said(step.said)
        if step.ms >= _SLOW:
            said += " · " + self._texts.gettext("%(seconds)s s", seconds=self._texts.decimal(step.ms / 1000, 1))
        is_short = cell_len(said) <= self.width // 3
        for number, piece in enumerate(pieces):
            line = Text.assemble(head if number == 0 else " " * indent, piece)
            self.print(line, indent, aside=said if is_short and number == len(pieces) - 1 else "")
        if not is_short:
            self.print(Text.assemble(" " * indent, (said, "dim")), indent)

    def _folded(self, text: str, column: int) -> list[str]:
        """Return *text* in pieces that fit beside *column*; one without an address in it is left to be broken between words."""
        return chop_cells(text, max(_PIECE, self.width - column)) if "://" in text else [text]

    def _said(self, said: str) -> str:
        """Return what a step says: a word of the observations, sometimes with the kind of TLS that was tried."""
        word, _bracket, tls = said.partition(" (")
        if word not in _SAID:
            return printable(said, _LINE)
        told = self._texts.gettext(_SAID[word])
        tried = tls.removesuffix(")")
        return f"{told} ({self._texts.gettext(_TLS[TLSMode(tried)])})" if tried in list(TLSMode) else told

    def _servers(self, choices: tuple[Choice, ...], *, several: bool) -> list[str]:
        return [self._server(choice) for choice in choices[: _MANY if several else 1]]

    def _server(self, choice: Choice) -> str:
        tls = "" if choice.tls is None else self._texts.gettext(_TLS[choice.tls])
        place = choice.host if choice.port is None else f"{choice.host}:{choice.port}"
        return "  ".join(printable(part, _LINE) for part in (choice.protocol.upper(), place, tls, choice.username or "") if part)

    def _works(self, end: End) -> Text:
        mark, style, word = _WORKS[end.works.works]
        return Text.assemble((mark, style), " ", self._texts.gettext(word))

    def _note(self, note: Note) -> str:
        place = "" if note.line is None else self._texts.gettext(PLACE, line=note.line) + ": "
        return place + self._texts.gettext(_EFFECTS[note.effect], reason=reason(note.rule, note.args, self._texts))
