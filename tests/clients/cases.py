"""Recordings of the real programs, and how an outcome of ours is held against one. The fields are told in traces/README.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autoconfig.clients.outcome import Choice, Client, Outcome, Typed
from autoconfig.network.scripted import Scripted

Case = dict[str, Any]

TRACES = Path(__file__).parent / "traces"
_SOCKET_TYPES = {"implicit": "SSL", "starttls": "STARTTLS", "none": "plain"}


def load(name: str) -> list[Case]:
    """Return the recordings of traces/*name*.jsonl."""
    return [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]


def outcome_of(client: Client, case: Case) -> Outcome:
    """Let *client* search in the world of *case*."""
    return asyncio.run(client.discover(Typed(case["email"], case["password_given"]), Scripted(case)))


def compare(case: Case, outcome: Outcome) -> list[str]:
    """Return how *outcome* differs from what was recorded, a line each."""
    return [*_requests(case, outcome), *_settings(case, outcome)]


def _requests(case: Case, outcome: Outcome) -> Iterator[str]:
    sometimes = set(case.get("requests_sometimes", ()))
    ours = [request for request in outcome.requests if request not in sometimes]
    theirs = [request for request in case["requests"] if request not in sometimes]
    if case["requests_order"] == "parallel":
        ours, theirs = sorted(set(ours)), sorted(set(theirs))
    if ours != theirs:
        yield f"requests: {ours} instead of {theirs}"


def _settings(case: Case, outcome: Outcome) -> Iterator[str]:
    recorded = case["outcome"]
    # The login name of Delta Chat was only seen where there was a mail server.
    unseen = ("username",) if case["client"].startswith("deltachat") else ()
    if recorded.get("source") != outcome.source:
        yield f"source: {outcome.source} instead of {recorded.get('source')}"
    for side in ("incoming", "outgoing"):
        ours = [_server(choice) for choice in getattr(outcome, side)]
        theirs = recorded.get(side, [])
        same = len(ours) == len(theirs) and all(_same(our, their, unseen) for our, their in zip(ours, theirs, strict=True))
        if not same:
            yield f"{side}: {ours} instead of {theirs}"


def _server(choice: Choice) -> dict[str, Any]:
    return {
        "type": choice.protocol,
        "hostname": choice.host,
        "port": choice.port,
        "socketType": _SOCKET_TYPES.get(choice.tls.value) if choice.tls else None,
        "username": choice.username,
    }


def _same(ours: dict[str, Any], theirs: dict[str, Any], unseen: tuple[str, ...]) -> bool:
    return all(ours[key] == theirs[key] or (key in unseen and theirs[key] is None) for key in ours)
