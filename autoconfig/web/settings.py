"""How the web learns what a domain should use: a function, in the service the one that reads the snapshot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from autoconfig.address import Domain
from autoconfig.model import ClientConfig
from autoconfig.store.snapshot import Snapshot

Lookup = Callable[[Domain], ClientConfig | None]


class SnapshotLookup:
    """Reads the snapshot at *path*, opened at the first question: a process that forks workers has nothing open before it forks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def __call__(self, domain: Domain) -> ClientConfig | None:
        """Return what *domain* should use, None where it is not ours; raises SnapshotError where there is no snapshot."""
        return self._opened().client_config(domain)

    def _opened(self) -> Snapshot:
        if self._snapshot is None:
            with self._lock:
                if self._snapshot is None:
                    self._snapshot = Snapshot.open(self._path)
        return self._snapshot
