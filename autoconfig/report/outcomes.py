"""What mail programs end up with, as data for other programs, and the words for why: the objects under `clients` of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoconfig.catalogue.documents import RULES
from autoconfig.catalogue.outcomes import REASONS
from autoconfig.clients.outcome import Choice
from autoconfig.clients.works import End
from autoconfig.errors import printable
from autoconfig.i18n import Texts

_LONG = 1000  # characters of one value; a reason is for reading


def to_data(end: End, texts: Texts) -> dict[str, Any]:
    """Return *end* as plain data, its reasons in the language of *texts*; the first candidates are `incoming` and `outgoing`."""
    outcome = end.outcome
    incoming, outgoing = ([_server(choice) for choice in side] for side in (outcome.incoming, outcome.outgoing))
    return {
        "client": end.client.name,
        "outcome": outcome.result.value,
        "via": outcome.via,
        "source": outcome.source,
        "incoming": incoming[0] if incoming else None,
        "outgoing": outgoing[0] if outgoing else None,
        "works": end.works.works,
        "why": "; ".join(reasons(end, texts)),
        "confidence": end.client.confidence.value,
        "requests": list(outcome.requests),
        "failed": list(outcome.failed),
        "candidates": {"incoming": incoming, "outgoing": outgoing},
        "timeline": [{"at_ms": round(step.at), "ms": round(step.ms), "what": step.what, "said": step.said} for step in outcome.steps],
    }


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
