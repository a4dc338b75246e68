"""What mail programs end up with, as data for other programs, and the words for why: the objects under `clients` of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoconfig.catalogue.documents import RULES
from autoconfig.catalogue.outcomes import REASONS
from autoconfig.clients.outcome import Choice, Result
from autoconfig.clients.works import End
from autoconfig.errors import N_, printable
from autoconfig.i18n import Texts

# How each end looks: its mark, the mark's style, and what it is.
RESULTS = {
    Result.AUTOMATIC: ("✓", "green", N_("sets the account up by itself")),
    Result.PROMPT: ("!", "yellow", N_("asks for something more")),
    Result.MANUAL: ("✗", "red", N_("wants the servers typed in")),
    Result.WRONG: ("✗", "red", N_("enters servers that cannot be right")),
    Result.UNKNOWN: ("?", "magenta", N_("cannot be told")),
}
_LONG = 1000  # characters of one value; a reason is for reading


def to_data(end: End, texts: Texts) -> dict[str, Any]:
    """Return *end* as plain data, with all candidates and every step, its reasons in the language of *texts*."""
    outcome = end.outcome
    return {
        **summary(end, texts),
        "candidates": {"incoming": [*map(_server, outcome.incoming)], "outgoing": [*map(_server, outcome.outgoing)]},
        "timeline": [{"at_ms": round(step.at), "ms": round(step.ms), "what": step.what, "said": step.said} for step in outcome.steps],
    }


def summary(end: End, texts: Texts) -> dict[str, Any]:
    """Return the main things about *end*; `incoming` and `outgoing` are the first candidates."""
    outcome = end.outcome
    return {
        "client": end.client.name,
        "outcome": outcome.result.value,
        "via": outcome.via,
        "source": outcome.source,
        "incoming": _server(outcome.incoming[0]) if outcome.incoming else None,
        "outgoing": _server(outcome.outgoing[0]) if outcome.outgoing else None,
        "works": end.works.works,
        "why": "; ".join(reasons(end, texts)),
        "confidence": end.client.confidence.value,
        "requests": list(outcome.requests),
        "failed": list(outcome.failed),
    }


def mark(end: End) -> tuple[str, str]:
    """Return the mark of *end* and its style: servers that do not work are no better than none."""
    result = Result.WRONG if end.works.works is False else end.outcome.result
    return RESULTS[result][:2]


def reasons(end: End, texts: Texts) -> list[str]:
    """Return why *end* is no better: what kept the program from a better end, then why that end does not work."""
    return [reason(told.why, told.args, texts) for told in (end.outcome, end.works) if told.why]


def reason(code: str, args: Mapping[str, str | int], texts: Texts) -> str:
    """Return what *code*, a rule of documents or a reason of outcomes, says with *args*, as a clause in one line."""
    template = RULES[code].reason if code in RULES else REASONS[code]
    return texts.gettext(template) % {name: value if isinstance(value, int) else printable(value, _LONG) for name, value in args.items()}


def _server(choice: Choice) -> dict[str, Any]:
    return {
        "protocol": choice.protocol,
        "host": choice.host,
        "port": choice.port,
        "tls": choice.tls.value if choice.tls is not None else None,
        "username": choice.username,
    }
