"""From the store to the snapshot: once after a change, and all the time beside the service.

The only place that knows both. One process at a time writes the snapshot, by a lock beside it; who waited finds the work done.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autoconfig.errors import N_, AutoconfigError, SnapshotError
from autoconfig.store.changes import Mark
from autoconfig.store.snapshot import MAP_SIZE, SnapshotFull, mark_of, write
from autoconfig.store.store import Store, open_store

# Hears after each look at the store: the revision that the snapshot shows by now (None: it could not be brought there), and whether the
# database could be reached.
Tell = Callable[[int | None, bool], None]

PATIENCE = 5.0  # seconds that the service waits for other programs at the database: whoever asks has the snapshot meanwhile

_log = logging.getLogger(__name__)


def catch_up(store: Store, path: Path, map_size: int = MAP_SIZE) -> int:
    """Bring the snapshot at *path* to *store*'s revision, and return that.

    By what has changed, or anew where there is no snapshot, or none that can be read, or one of another store.
    """
    with _lock(path):
        shown = mark_of(path)
        if shown is not None and shown == store.mark():
            return shown.revision
        if shown is not None:
            with suppress(SnapshotFull):
                return _write(store, path, shown, map_size)
            map_size = max(map_size, 2 * path.stat().st_size)
        while True:
            try:
                return _write(store, path, None, map_size)
            except SnapshotFull:
                map_size *= 2


def follow(
    store_url: str, path: Path, stop: threading.Event, interval: float = 1.0, tell: Tell = lambda _revision, _is_reachable: None
) -> None:
    """Keep the snapshot at *path* at the revision of the store, until *stop* is set. Never raises: a store may go away and come back."""
    is_away = False
    while not stop.is_set():
        try:
            with open_store(store_url, create=False, patience=PATIENCE) as store:
                while not stop.is_set():
                    tell(catch_up(store, path), True)
                    if is_away:
                        _log.warning("following the database again")
                        is_away = False
                    stop.wait(interval)
        except Exception as error:
            if not is_away:
                # Ours is one clear line; of anything else we want to know where it comes from.
                _log.warning("%s; serving the settings as they were last", error, exc_info=not isinstance(error, AutoconfigError))
            is_away = True
            tell(None, isinstance(error, SnapshotError))
            stop.wait(interval)


def _write(store: Store, path: Path, since: Mark | None, map_size: int) -> int:
    with store.changes_since(since) as changes:
        write(path, changes, map_size)
        return changes.mark.revision


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    # The lock ends with the process that holds it, however that ends.
    try:
        file = os.open(path.with_name(path.stem + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SnapshotError(N_("%(path)s: %(reason)s"), path=path, reason=error.strerror or error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
