"""History and undo, as `domain`, `provider` and `db` share them: what the log of changes tells, and a way back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from autoconfig.cli.room import Room, json_array, note, table
from autoconfig.errors import printable

if TYPE_CHECKING:
    from autoconfig.store.log import Entry, Gap, Logged, Name, Revision, Tally

LIMIT = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the last N changes.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
REVISION = click.option("--revision", type=click.IntRange(min=1), metavar="N", help="The change to undo. [default: its last one]")


def print_history(room: Room, name: Name, limit: int | None, as_json: bool) -> None:
    """Print the changes of *name*, newest first; raises NotFound for a name that no change ever touched."""
    with room.store() as store:
        found = store.history(name, limit)
    if as_json:
        json_array(map(_change_to_data, found))
    else:
        table(("revision", "when", "who", "what"), ((str(change.revision), *_made(change), _what(change)) for change in found))


def print_revisions(room: Room, limit: int, before: int | None, as_json: bool) -> None:
    """Print the changes of the whole store, newest first."""
    with room.store() as store:
        found = store.revisions(limit + 1, before)
    shown = found[:limit]
    if as_json:
        json_array(map(_revision_to_data, shown))
    else:
        rows = ((str(made.revision), *_made(made), _counts(made.providers), _counts(made.domains)) for made in shown)
        table(("revision", "when", "who", "providers", "domains"), rows)
    if len(found) > limit:
        note(f"earlier ones: autoconfig db history --limit {limit} --before {shown[-1].revision}")


def undo(room: Room, revision: int | None, only: Name | None = None, *, dry_run: bool = False) -> None:
    """Undo a change, and print what that did."""
    if dry_run:
        with room.store() as store:
            result = store.undo(revision, only, dry_run=True)
    else:
        with room.changing() as store:
            result = store.undo(revision, only)
    for line in result.lines():
        click.echo(line)
    if not dry_run:
        note(f"done; this can be undone as well: autoconfig db undo {result.revision}")


def _made(made: Logged | Revision) -> tuple[str, str]:
    return (_local(made.at), printable(made.who) or "-")


def _local(at: datetime | None) -> str:
    return at.astimezone().isoformat(" ", "seconds") if at else "-"


def _what(change: Logged) -> str:
    from autoconfig.store.difference import told
    from autoconfig.store.log import Gap

    before, after = change.before, change.after
    if isinstance(before, Gap):
        return before.value
    if isinstance(after, Gap):
        return after.value
    if before is None:
        return "added"
    return "removed" if after is None else told(before, after)


def _counts(tally: Tally) -> str:
    counts = (("added", tally.added), ("changed", tally.changed), ("removed", tally.removed), ("not known", tally.unknown))
    return ", ".join(f"{count} {word}" for word, count in counts if count) or "-"


def _change_to_data(change: Logged) -> dict[str, object]:
    return {
        "revision": change.revision,
        "at": _utc(change.at),
        "who": change.who or None,
        "what": _what(change),
        "before": _state_to_data(change.before),
        "after": _state_to_data(change.after),
    }


def _revision_to_data(made: Revision) -> dict[str, object]:
    tallies = {"providers": asdict(made.providers), "domains": asdict(made.domains)}
    return {"revision": made.revision, "at": _utc(made.at), "who": made.who or None, **tallies}


def _state_to_data(state: Entry | Gap | None) -> object:
    from autoconfig.store.difference import to_data
    from autoconfig.store.log import Gap

    return None if state is None or isinstance(state, Gap) else to_data(state)


def _utc(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
