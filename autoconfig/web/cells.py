"""Numbers that the workers of a service count together: each in a file of its own, which all the others can read.

A worker holds a lock on its file as long as it lives, however that ends. The next worker takes the file over and counts on, so nothing
that was counted is lost, and there are never more files than workers lived at once. A service is what one parent process started: numbers
of another one are not counted in, and whoever takes over its file begins at zero. Where no file can be had, a worker counts for itself.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

MOST_FILES = 1024

_PREFIX = "counters-"
_OCTETS = 8  # of a cell, an unsigned number
_LAYOUT, _SERVICE, _PID, _STARTED, _STARTS, _FIRST = range(6)  # the first cells of a file

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that lives: the *number* of its file, its process, and when it began (Unix time)."""

    number: int
    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class Sums:
    """What all workers have counted, the dead ones too; *starts* is how many ever began, with *is_shared* false it is one alone."""

    cells: list[int]
    workers: tuple[Worker, ...]
    starts: int
    is_shared: bool


def service_of_parent() -> int:
    """Return a number for the process that started this one: another for each, also where a process's number comes again."""
    parent = os.getppid()
    began = b""
    with suppress(OSError, IndexError):  # no /proc, or a parent that has just gone
        # proc_pid_stat(5): field 22 is the start time; field 2, the name in brackets, may have anything in it.
        began = Path(f"/proc/{parent}/stat").read_bytes().rpartition(b")")[2].split()[19]
    return number_of(b"%d %b" % (parent, began))


def number_of(text: bytes) -> int:
    """Return a number other than zero for *text*, one of 2^64."""
    return int.from_bytes(blake2b(text, digest_size=_OCTETS).digest(), "little") or 1


class Cells:
    """*size* numbers, counted up by this worker and summed over all that have the same *folder*, *layout* and *service*.

    The file is opened with the first use, which must not be before a fork: two processes with one file would lose counts.
    """

    def __init__(self, folder: Path, size: int, layout: int, service: int) -> None:
        self.own: memoryview[int] | None = None  # as long as nothing was counted
        self._folder = folder
        self._size = size
        self._layout = layout
        self._service = service
        self._is_shared = False
        self._opening = threading.Lock()

    def open(self) -> memoryview[int]:
        """Return this worker's cells. To count is `cells[i] += 1`: CPython lets no other thread in between."""
        with self._opening:
            if self.own is None:
                whole = self._begin()
                whole[_PID] = os.getpid()
                whole[_STARTED] = time.time_ns()
                whole[_STARTS] += 1
                self.own = whole[_FIRST:]
            return self.own

    def sums(self) -> Sums:
        """Return what all workers have counted."""
        own = self.open()
        if not self._is_shared:
            return Sums(list(own), (), 1, False)
        total, starts, workers = [0] * self._size, 0, []
        for number in self._numbers():
            with suppress(OSError):  # gone since
                file = os.open(self._path(number), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                try:
                    cells = self._read(file)
                    if cells is None:
                        continue
                    total = [a + b for a, b in zip(total, cells[_FIRST:], strict=True)]
                    starts += cells[_STARTS]
                    if _is_held(file):
                        workers.append(Worker(number, cells[_PID], cells[_STARTED] / 1e9))
                finally:
                    os.close(file)
        return Sums(total, tuple(workers), starts, True)

    def _begin(self) -> memoryview[int]:
        try:
            self._folder.mkdir(exist_ok=True)
            for number in range(MOST_FILES):
                cells = self._take(self._path(number))
                if cells is not None:
                    self._is_shared = True
                    return cells
            _log.warning("%s: there are too many workers; this one counts for itself", self._folder)
        except OSError as error:
            _log.warning("%s: %s; this worker counts for itself", error.filename or self._folder, error.strerror or type(error).__name__)
        return memoryview(bytearray(self._octets)).cast("Q")

    def _take(self, path: Path) -> memoryview[int] | None:
        """Return the cells of the file at *path*, None where it is another worker's."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            # A page that finds no place on a full disk would kill the process that writes into it.
            os.posix_fallocate(file, 0, self._octets)
            os.ftruncate(file, self._octets)
            # The map has a descriptor of its own for the same open file, and so it holds the lock as long as there is the map.
            cells = memoryview(mmap.mmap(file, self._octets)).cast("Q")
        finally:
            os.close(file)
        if (cells[_LAYOUT], cells[_SERVICE]) != (self._layout, self._service):
            cells[_SERVICE] = 0  # nobody reads while it is made ready
            for i in range(_PID, len(cells)):
                cells[i] = 0
            cells[_LAYOUT] = self._layout
            cells[_SERVICE] = self._service
        return cells

    def _read(self, file: int) -> memoryview[int] | None:
        """Return the cells in *file*, None where they are no part of this service."""
        content = os.pread(file, self._octets, 0)
        if len(content) != self._octets:
            return None
        cells = memoryview(content).cast("Q")
        return cells if (cells[_LAYOUT], cells[_SERVICE]) == (self._layout, self._service) else None

    def _numbers(self) -> list[int]:
        try:
            names = [name.removeprefix(_PREFIX) for name in os.listdir(self._folder) if name.startswith(_PREFIX)]
        except OSError:
            return []
        return sorted(int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= len(str(MOST_FILES)))[:MOST_FILES]

    def _path(self, number: int) -> Path:
        return self._folder / f"{_PREFIX}{number}"

    @property
    def _octets(self) -> int:
        return (_FIRST + self._size) * _OCTETS


def _is_held(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False  # the lock goes with the descriptor
