"""What is wrong in a settings document: for the person at the terminal, and as data of the schema autoconfig.lint/1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from autoconfig.catalogue.documents import RULES
from autoconfig.clients import CLIENTS
from autoconfig.clients.outcome import Effect
from autoconfig.errors import N_, PLACE, printable
from autoconfig.i18n import Texts
from autoconfig.lint.problem import Kind, Lint, Problem
from autoconfig.report.page import MARGIN, Page
from autoconfig.report.text import mark
from autoconfig.report.words import count

SCHEMA = "autoconfig.lint/1"

_KINDS = {
    Kind.MOZILLA: N_("autoconfig (clientConfig)"),
    Kind.OUTLOOK: N_("Autodiscover"),
    Kind.APPLE: N_("configuration profile"),
    Kind.PACC: "PACC",
    Kind.UNKNOWN: N_("unknown document"),
}
_EFFECTS = (Effect.REJECTS, Effect.SKIPS, Effect.MISREADS)


def to_data(found: Lint, texts: Texts) -> dict[str, Any]:
    """Return *found* as plain data, its texts in the language of *texts*."""
    return {
        "schema": SCHEMA,
        "document": found.kind.value,
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity.value,
                "line": problem.line,
                "message": message(problem, texts),
                "fix": fix(problem, texts),
                "affects": list(_affected(problem)),
            }
            for problem in found.problems
        ],
    }


def show(title: str, found: Lint, texts: Texts, console: Console) -> None:
    """Print *found* below *title*, which is where the document came from."""
    _ = texts.gettext
    page = Page(console)
    numbers = Counter(problem.severity for problem in found.problems)
    worst_first = sorted(numbers, key=lambda severity: -severity.rank)
    counts = " · ".join(count(severity, numbers[severity], texts) for severity in worst_first) or _("nothing is wrong")
    page.print(Text.assemble((printable(title), "bold"), "  ", _(_KINDS[found.kind]), "  ", mark(found.status or "ok"), " ", counts))
    for problem in found.problems:
        place = "" if problem.line is None else _(PLACE, line=problem.line) + ": "
        page.print()
        page.print(Text.assemble(mark(problem.severity), " ", place, (message(problem, texts), "bold")), aside=problem.code)
        label = _("Do this")
        page.part(Text(label, style="bold"), [fix(problem, texts)], 2 * MARGIN if page.is_narrow else len(label) + MARGIN + 2)


def message(problem: Problem, texts: Texts) -> str:
    """Return what is wrong, and what which program does about it, in one line."""
    told = [_told(effect, programs, texts) for effect in _EFFECTS if (programs := _programs(problem, effect))]
    reason = _filled(RULES[problem.code].reason, problem, texts)
    if not told:
        return reason
    return texts.gettext("%(programs)s: %(reason)s", programs="; ".join(told), reason=reason)


def fix(problem: Problem, texts: Texts) -> str:
    """Return what is to be done, in one line."""
    return _filled(RULES[problem.code].fix, problem, texts)


def _told(effect: Effect, programs: Sequence[str], texts: Texts) -> str:
    *several, last = programs
    names = texts.gettext("%(several)s and %(last)s", several=", ".join(several), last=last) if several else last
    match effect:
        case Effect.REJECTS:
            return texts.ngettext(
                "%(programs)s rejects the whole document", "%(programs)s reject the whole document", len(programs), programs=names
            )
        case Effect.SKIPS:
            return texts.ngettext("%(programs)s leaves out a server", "%(programs)s leave out a server", len(programs), programs=names)
        case Effect.MISREADS:
            return texts.ngettext("%(programs)s misreads it", "%(programs)s misread it", len(programs), programs=names)


def _programs(problem: Problem, effect: Effect) -> list[str]:
    return [CLIENTS[name].title for name in _affected(problem) if problem.effects[name] is effect]


def _affected(problem: Problem) -> list[str]:
    return [name for name in CLIENTS if name in problem.effects]


def _filled(template: str, problem: Problem, texts: Texts) -> str:
    return texts.gettext(template) % {name: value if isinstance(value, int) else printable(value) for name, value in problem.args.items()}
