"""How a search ended for the person in front of the program, seen from the servers that it enters. Nobody is asked whether they work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autoconfig.address import Domain, is_ip
from autoconfig.clients.outcome import Choice, Effect, Note, Outcome, Result, Step
from autoconfig.errors import AddressError


def ending(
    incoming: Sequence[Choice],
    outgoing: Sequence[Choice],
    *,
    via: str | None = None,
    source: str | None = None,
    steps: tuple[Step, ...] = (),
    notes: Sequence[Note] = (),
) -> Outcome:
    """Return the outcome of a search that ended with these candidates, of which the program enters the first of each side."""
    result, why, args = _judged(incoming, outgoing)
    # What explains it is what the program did not like: for want of servers a document that it refused, else one that it took for
    # something else than is meant.
    telling = (Effect.REJECTS, Effect.MISREADS) if why == "NOTHING_FOUND" else () if why else (Effect.MISREADS,)
    reason = next((note for effect in telling for note in notes if note.effect is effect), None)
    if reason is not None:
        why, args = reason.rule, reason.args
    return Outcome(result, tuple(incoming), tuple(outgoing), via, source, steps, tuple(notes), why, args)


def _judged(incoming: Sequence[Choice], outgoing: Sequence[Choice]) -> tuple[Result, str, Mapping[str, str | int]]:
    if not incoming and not outgoing:
        return Result.MANUAL, "NOTHING_FOUND", {}
    for side, why in ((incoming, "INCOMING_MISSING"), (outgoing, "OUTGOING_MISSING")):
        if not side:
            return Result.WRONG, why, {}
    for choice in (incoming[0], outgoing[0]):
        if not _is_host(choice.host):
            return Result.WRONG, "HOST_NOT_A_NAME" if choice.host else "HOSTNAME_MISSING", {"host": choice.host} if choice.host else {}
        if choice.port is not None and not 0 < choice.port < 65536:
            return Result.WRONG, "PORT_MISSING", {}
    if not incoming[0].username:
        return Result.PROMPT, "USERNAME_MISSING", {}
    return Result.AUTOMATIC, "", {}


def _is_host(text: str) -> bool:
    try:
        Domain.parse(text)
    except AddressError:
        return is_ip(text)
    return text == text.strip()
