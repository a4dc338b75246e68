"""What the store tells the snapshot: rows as they are looked up, aliases already followed to their end.

Plain data between two rooms that must not know each other: SQLAlchemy on one side, LMDB on the other.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Mark(NamedTuple):
    """A moment of a store: which one, and its revision."""

    store_id: str
    revision: int


class Row(NamedTuple):
    """One domain: *name* in A-labels, *protocols* ("pop3,imap") and *accounts* (the codec's JSON) empty for the provider's own."""

    name: str
    suspended: bool
    subdomains: bool
    provider: str
    protocols: str
    accounts: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All that leads to *mark*: everything where *is_complete*, else what differs from an earlier mark.

    *providers* maps ids to the codec's JSON, None for those that are gone. *rows* is read from the database as it goes.
    """

    mark: Mark
    is_complete: bool
    default: str | None
    providers: dict[str, str | None]
    rows: Generator[Row]
    removed: Sequence[str]
