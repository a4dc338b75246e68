"""The snapshot: all that the web reads, in one memory-mapped file that every process shares. LMDB's only home.

A domain's row names a *shape*, what many domains have in common; a shape names its provider. So a change of a provider rewrites one row,
and a reader decodes a shape once. Aliases were followed when they were written; a row answers for itself.

    domains    A-label -> flags (1 octet), key of a shape
    shapes     key (a hash of the text) -> {"provider", "protocols", "account"}
    providers  id -> the codec's data
    meta       "meta" -> {"layout", "store", "revision", "shapes" (revision in which a provider last changed), "default" (key of a shape)}

A change is one transaction of LMDB, which readers see whole or not at all. A rebuild is a new file in the place of the old one, which
readers notice by its inode; they keep the old one as long as there is no better. LMDB locks by a second file beside the first; the two
are only opened, and only exchanged, under a lock of their folder, so that nobody gets one old and one new.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import struct
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import lmdb

from autoconfig.address import Domain, parents
from autoconfig.errors import N_, AddressError, SnapshotError
from autoconfig.model import ClientConfig, ModelError, Protocol, Shape
from autoconfig.store.changes import Changes, Mark, Row
from autoconfig.store.codec import overrides_from_data, provider_from_data

Answer = TypeVar("Answer")

LAYOUT = 1
MAP_SIZE = 4 << 30  # octets of address space, not of disk or memory; grows where it does not suffice
MAX_READERS = 1024  # threads that read at the same moment, in all processes
LOOK_AGAIN_SECONDS = 0.2  # how long a replaced file may go unnoticed
MAX_SHAPES = 4096  # decoded shapes that one process keeps

_SUSPENDED = 1
_SUBDOMAINS = 2
_ROOMS = b"domains", b"shapes", b"providers", b"meta"
_META = b"meta"
_KEY_OCTETS = 10  # by which a million different shapes meet by accident once in 10^12 times
_Identity = tuple[int, int] | tuple[str, str]  # device and inode; the name, where there is no file
_MAGIC = struct.pack("=I", 0xBEEFC0DE)  # lmdb.h, MDB_MAGIC; behind a page header of 16 octets


@dataclass(frozen=True, slots=True)
class Shown:
    """What the file shows: which revision of which store, how many domains; and when it last changed (Unix time), None if it is gone."""

    mark: Mark
    domains: int
    changed: float | None


@dataclass(slots=True, eq=False)
class View:
    """What a process keeps of one state of the file: valid as long as LMDB's transaction number is *state*. No two states share one."""

    state: int
    mark: Mark
    default: bytes | None
    shapes_revision: int
    shapes: dict[bytes, Shape] = field(default_factory=dict)


class Opened:
    """An open file. There is one in a process for each path: LMDB forbids more."""

    def __init__(self, path: Path) -> None:
        self.view: View | None = None
        self.looked = time.monotonic()
        self.env = lmdb.Environment(
            str(path),
            subdir=False,
            # One environment serves the readers and the writer of a process; a missing file is not made.
            readonly=not os.access(path, os.W_OK),
            map_size=0,  # as its writer made it
            max_dbs=4,
            max_readers=MAX_READERS,
            mode=0o644,
        )
        try:
            # LMDB made its lock beside the file, so both are there to be told apart from later ones.
            self.files = _files(path)
            # Behind the end of a file that was cut short, reading kills the process.
            if (self.env.info()["last_pgno"] + 1) * self.env.stat()["psize"] > path.stat().st_size:
                raise lmdb.CorruptedError("the file is shorter than it says")
            self.domains, self.shapes, self.providers, self.meta = (self.env.open_db(name, create=False) for name in _ROOMS)
            with self.env.begin() as txn:
                self.look(txn)
        except BaseException:
            self.env.close()
            raise

    def look(self, txn: lmdb.Transaction[bytes]) -> View:
        """Return the view of the state that *txn*, a reader, sees."""
        state, before = txn.id(), self.view
        if before is not None and before.state == state:
            return before
        meta = _read_meta(txn, self.meta)
        default = bytes.fromhex(meta["default"]) if meta["default"] else None
        view = View(state, Mark(meta["store"], meta["revision"]), default, meta["shapes"])
        if before is not None and before.shapes_revision == view.shapes_revision:
            view.shapes = before.shapes
        self.view = view
        return view

    def shape(self, txn: lmdb.Transaction[bytes], view: View, key: bytes) -> Shape:
        """Return the shape under *key*, decoded once."""
        shape = view.shapes.get(key)
        if shape is None:
            data = json.loads(txn.get(key, db=self.shapes) or b"")
            provider = provider_from_data(json.loads(txn.get(data["provider"].encode(), db=self.providers) or b""))
            assert provider is not None  # noqa: S101 - without a list of mistakes the first one is raised
            shape = Shape.of(provider, overrides_from_data(data["account"]), tuple(map(Protocol, data["protocols"])))
            while len(view.shapes) >= MAX_SHAPES:
                with suppress(KeyError, RuntimeError):  # another thread was faster
                    del view.shapes[next(iter(view.shapes))]
            view.shapes[key] = shape
        return shape


def _read_meta(txn: lmdb.Transaction[bytes], db: lmdb._Database) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads(txn.get(_META, b"{}", db=db))
    if meta.get("layout") != LAYOUT:
        raise lmdb.VersionMismatchError("the file has another layout")
    return meta


class Snapshot:
    """The snapshot at a path, to read. It may be replaced, deleted or rebuilt at any time; threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key = str(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return the snapshot at *path*; raises SnapshotError where there is none that can be read."""
        snapshot = cls(path)
        snapshot._current()
        return snapshot

    def client_config(self, domain: Domain) -> ClientConfig | None:
        """Return what *domain* should use, None where it is not ours, is suspended, or is too long for its servers' names."""
        shape = self.shape(domain)
        try:
            return None if shape is None else shape.fill(domain)
        except AddressError:
            return None

    def shape(self, domain: Domain) -> Shape | None:
        """Return what *domain* has in common with others; None where it is not ours or is suspended."""
        return self.shape_of(domain.ascii)

    def shape_of(self, name: str) -> Shape | None:
        """Return the same for the domain with this A-label *name*, for who has no time to make a Domain of it."""
        return self._ask(_find, name)

    def state(self) -> Hashable:
        """Return what is the same object as long as nothing at all has changed, for who remembers answers.

        Raises SnapshotError, or what LMDB raises.
        """
        opened = self._current()
        with opened.env.begin() as txn:
            return opened.look(txn)

    def is_listed(self, domain: Domain) -> bool:
        """Tell whether *domain* is listed and active, or below such a one that answers for its subdomains; a default is not enough."""
        return self._ask(_is_listed, domain.ascii)

    def mark(self) -> Mark:
        """Return which store this shows, and its revision."""
        opened = self._current()
        with _clear_errors(self.path), opened.env.begin() as txn:
            return opened.look(txn).mark

    def shown(self) -> Shown:
        """Return what there is to see, without looking at every domain."""
        opened = self._current()
        changed = None
        with suppress(OSError):
            changed = self.path.stat().st_mtime
        with _clear_errors(self.path), opened.env.begin() as txn:
            return Shown(opened.look(txn).mark, txn.stat(opened.domains)["entries"], changed)

    def revision(self) -> int:
        """Return the revision of the store that this shows."""
        return self.mark().revision

    def _ask(self, find: Callable[[Opened, str], Answer], name: str) -> Answer:
        opened = self._current()
        try:
            return find(opened, name)
        except (lmdb.Error, ModelError, ValueError, KeyError):
            # Once more: the file may be another by now, or dead readers may have stood in the way.
            with _clear_errors(self.path):
                opened = _open(self.path)
                opened.env.reader_check()
                return find(opened, name)

    def _current(self) -> Opened:
        opened = _opened.get(self._key)
        if opened is not None and time.monotonic() - opened.looked <= LOOK_AGAIN_SECONDS:
            return opened
        if opened is not None:
            opened.looked = time.monotonic()  # one thread looks, and the others go on with what is there
        try:
            with _clear_errors(self.path):
                return _open(self.path)
        except SnapshotError:
            if opened is None:
                raise
            # A file that was taken away, or replaced by rubbish, still answers who has it open. One that was overwritten does not.
            if opened.files[0] == _identity(self.path):
                opened.looked = -math.inf
                raise
            return opened


def _find(opened: Opened, name: str) -> Shape | None:
    with opened.env.begin() as txn:
        view = opened.look(txn)
        row = _row(opened, txn, name)
        if row is None:
            return opened.shape(txn, view, view.default) if view.default else None
        return None if row[0] & _SUSPENDED else opened.shape(txn, view, row[1:])


def _is_listed(opened: Opened, name: str) -> bool:
    with opened.env.begin() as txn:
        row = _row(opened, txn, name)
        return row is not None and not row[0] & _SUSPENDED


def _row(opened: Opened, txn: lmdb.Transaction[bytes], name: str) -> bytes | None:
    """Return the row that decides for *domain*: its own, else that of the nearest name above that is listed, where that one speaks."""
    row = txn.get(name.encode(), db=opened.domains)
    for parent in parents(name) if row is None else ():
        row = txn.get(parent.encode(), db=opened.domains)
        if row is not None:
            return row if row[0] & (_SUSPENDED | _SUBDOMAINS) else None
    return row


# --- writing -----------------------------------------------------------------------------------------------------------------------


class SnapshotFull(SnapshotError):
    """The map is too small for what is to be written; it must be made anew, and larger."""


def mark_of(path: Path) -> Mark | None:
    """Return what the file at *path* shows; None where it is not there or cannot be read."""
    try:
        with _clear_errors(path):
            opened = _open(path)
            with opened.env.begin() as txn:
                return opened.look(txn).mark
    except SnapshotError:
        return None


def write(path: Path, changes: Changes, map_size: int = MAP_SIZE) -> None:
    """Bring the snapshot at *path* to the mark of *changes*; everything that they hold goes to a new file of *map_size*.

    One writer at a time; `follow.catch_up` sees to that.
    """
    with _clear_errors(path):
        if changes.is_complete:
            _rebuild(path, changes, map_size)
            return
        opened = _open(path)
        opened.env.reader_check()  # frees what killed readers held
        with opened.env.begin(write=True) as txn:
            _Writer(opened.env, txn).write(changes, _read_meta(txn, opened.meta)["shapes"])


def _rebuild(path: Path, changes: Changes, map_size: int) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    # Nobody else knows this file yet, so it needs no lock, and must be on the disk only when it takes its place.
    with lmdb.Environment(str(new), subdir=False, lock=False, sync=False, map_size=map_size, max_dbs=4, mode=0o644) as env:
        with env.begin(write=True) as txn:
            _Writer(env, txn).write(changes, changes.mark.revision)
        env.sync(True)
    with _folder_lock(path, fcntl.LOCK_EX) as folder:
        # The lock goes first: a new file with the lock of an old one would lead its readers astray.
        path.with_name(path.name + "-lock").unlink(missing_ok=True)
        new.replace(path)
        os.fsync(folder)
    _open(path)


class _Writer:
    """Writes rows within one transaction."""

    def __init__(self, env: lmdb.Environment, txn: lmdb.Transaction[bytes]) -> None:
        self.txn = txn
        self.domains, self.shapes, self.providers, self.meta = (env.open_db(name, txn=txn) for name in _ROOMS)
        self._keys: dict[tuple[str, str, str], bytes] = {}

    def write(self, changes: Changes, shapes_revision: int) -> None:
        """Write *changes*; *shapes_revision* is when a provider last changed before them."""
        for id, data in changes.providers.items():
            if data is None:
                self.txn.delete(id.encode(), db=self.providers)
            else:
                self.txn.put(id.encode(), data.encode(), db=self.providers)
        for row in changes.rows:
            flags = row.suspended * _SUSPENDED | row.subdomains * _SUBDOMAINS
            self.txn.put(row.name.encode(), bytes((flags,)) + self._shape(row), db=self.domains)
        for name in changes.removed:
            self.txn.delete(name.encode(), db=self.domains)
        default = changes.default and self._shape(Row("", False, False, changes.default, "", "")).hex()
        meta = {
            "layout": LAYOUT,
            "store": changes.mark.store_id,
            "revision": changes.mark.revision,
            "shapes": changes.mark.revision if changes.providers else shapes_revision,
            "default": default,
        }
        self.txn.put(_META, json.dumps(meta).encode(), db=self.meta)

    def _shape(self, row: Row) -> bytes:
        said = row.provider, row.protocols, row.accounts
        key = self._keys.get(said)
        if key is None:
            protocols = json.dumps(row.protocols.split(",") if row.protocols else [])
            text = f'{{"provider":{json.dumps(row.provider)},"protocols":{protocols},"account":{row.accounts or "[]"}}}'.encode()
            key = hashlib.blake2b(text, digest_size=_KEY_OCTETS).digest()
            self.txn.put(key, text, db=self.shapes)
            if len(self._keys) >= MAX_SHAPES:
                self._keys.clear()
            self._keys[said] = key
        return key


# --- files -------------------------------------------------------------------------------------------------------------------------

_opened: dict[str, Opened] = {}
_opening = threading.Lock()


def _open(path: Path) -> Opened:
    """Return the file that is at *path* now, opened where this process has not done so."""
    global _is_ready_to_fork
    with _opening:
        if not _is_ready_to_fork:
            # What a parent opened is not for its children, who open for themselves.
            os.register_at_fork(after_in_child=_forget)
            _is_ready_to_fork = True
        opened = _opened.get(str(path))
        with _folder_lock(path, fcntl.LOCK_SH):
            files = _files(path)
            if opened is None or opened.files != files:
                if opened is not None and not set(files).isdisjoint(opened.files):
                    opened.env.close()  # somebody moved one of the two files; LMDB must not have the other open twice
                opened = _opened[str(path)] = Opened(path)
        opened.looked = time.monotonic()
        return opened


_is_ready_to_fork = False


def _forget() -> None:
    global _opening
    _opening = threading.Lock()
    _opened.clear()


def _files(path: Path) -> tuple[_Identity, _Identity]:
    """Return what tells the file at *path* and its lock from others, after a look at whether it is a snapshot at all."""
    with path.open("rb") as file:
        if file.read(20)[16:] != _MAGIC:
            raise lmdb.InvalidError("the file is not a snapshot")
        found = os.fstat(file.fileno())  # of the very file that was looked at; the path may lead elsewhere by now
    return (found.st_dev, found.st_ino), _identity(path.with_name(path.name + "-lock"))


def _identity(path: Path) -> _Identity:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (str(path), "missing")
    return (found.st_dev, found.st_ino)


@contextmanager
def _folder_lock(path: Path, kind: int) -> Iterator[int]:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, kind)
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise SnapshotError(N_("%(path)s: there is no snapshot yet"), path=path) from None
    except lmdb.MapFullError:
        raise SnapshotFull(N_("%(path)s: the snapshot is full"), path=path) from None
    except OSError as error:
        raise SnapshotError(N_("%(path)s: %(reason)s"), path=path, reason=error.strerror or error) from error
    except (lmdb.Error, ModelError, ValueError, KeyError) as error:
        raise SnapshotError(N_("%(path)s: the snapshot cannot be used: %(reason)s"), path=path, reason=error) from error
