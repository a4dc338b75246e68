"""The database behind the store: connections, transactions, and errors in one clear line.

The only place that knows one database from another. SQLite is written in write-ahead mode, so that readers never wait, and its writers
wait for each other at the start of a transaction, where waiting is safe. Each of its transactions opens the file anew: a file that was
taken away or replaced is noticed, and nothing is shared with a forked process.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from autoconfig.errors import N_, StoreError, StoreUnavailable

BUSY_SECONDS = 30.0

_IS_WRITING = "autoconfig_is_writing"

# https://sqlite.org/rescode.html, by the beginning of the code's name; the first that fits.
_SQLITE_ERRORS = {
    "SQLITE_FULL": N_("%(name)s: the disk is full"),
    "SQLITE_BUSY": N_("%(name)s: other programs kept the database busy for too long"),
    "SQLITE_LOCKED": N_("%(name)s: other programs kept the database busy for too long"),
    "SQLITE_READONLY": N_("%(name)s: the database or its folder may not be written"),
    "SQLITE_PERM": N_("%(name)s: the database or its folder may not be written"),
    "SQLITE_NOTADB": N_("%(name)s is not a database"),
    "SQLITE_CORRUPT": N_("%(name)s: the database is damaged; restore it from a backup"),
    "SQLITE_IOERR": N_("%(name)s: the disk does not read or write"),
    "SQLITE_TOOBIG": N_("%(name)s: a value is too big"),
}


class Database:
    """A database by its *url*; a SQLite file is only made where *create* says so."""

    def __init__(self, url: str, *, create: bool) -> None:
        try:
            self._url = make_url(url)
        except SQLAlchemyError:
            raise StoreError(N_("%(url)s is not a database URL; write it like sqlite:////srv/autoconfig/autoconfig.db"), url=url) from None
        self.path = _sqlite_path(self._url)
        self._create = create
        self._engine = self._sqlite_engine(self.path) if self.path else self._server_engine()

    @property
    def name(self) -> str:
        """The database for people: a path, or a URL without its password."""
        return str(self.path) if self.path else self._url.render_as_string(hide_password=True)

    @property
    def is_missing(self) -> bool:
        """Tell whether this is a SQLite file that is not there."""
        return self.path is not None and not self.path.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment of the database."""
        with self._clear_errors(), self._engine.connect() as connection:
            yield connection if self.path else connection.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction for a change; what is not committed when it ends is undone."""
        with self._clear_errors(), self._engine.connect() as connection:
            yield connection.execution_options(**{_IS_WRITING: True})

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorname", None) or ""
        if self.path and not self.path.parent.is_dir():
            return StoreUnavailable(N_("%(name)s: there is no folder %(folder)s"), name=self.name, folder=self.path.parent)
        if self.is_missing and not self._create:
            return StoreUnavailable(N_("%(name)s: the database is gone"), name=self.name)
        if code.startswith("SQLITE_CANTOPEN"):
            return StoreUnavailable(N_("%(name)s: the database cannot be opened; may its folder be written?"), name=self.name)
        for beginning, template in _SQLITE_ERRORS.items():
            if code.startswith(beginning):
                return StoreUnavailable(template, name=self.name)
        reason = str(cause).partition("\n")[0]
        return StoreUnavailable(N_("%(name)s: the database does not answer: %(reason)s"), name=self.name, reason=reason)

    def _sqlite_engine(self, path: Path) -> Engine:
        mode = "rwc" if self._create else "rw"

        def connect() -> sqlite3.Connection:
            uri = f"file:{quote(str(path))}?mode={mode}"
            # SQLAlchemy's recipe for all Python versions: sqlite3 begins nothing by itself, the begin event does.
            connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                _write_ahead(connection)
            except BaseException:
                connection.close()
                raise
            return connection

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A write transaction that begins as a reader fails at its first write when another has written meanwhile.
            is_writing = connection.get_execution_options().get(_IS_WRITING)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

        return engine

    def _server_engine(self) -> Engine:
        if self._url.get_backend_name() != "postgresql":
            raise StoreError(N_("%(url)s: settings live in SQLite or PostgreSQL"), url=self.name)
        try:
            return create_engine(self._url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise StoreError(N_("PostgreSQL needs the Python package %(package)s"), package=error.name or "psycopg") from None


def _sqlite_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise StoreError(N_("settings in memory are lost; name a file, as in sqlite:////srv/autoconfig/autoconfig.db"))
    return Path(url.database)


def _write_ahead(connection: sqlite3.Connection) -> None:
    # The mode is kept in the file. Its change, once in a lifetime, does not wait for others by itself.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
            if mode != "wal":
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname not in ("SQLITE_BUSY", "SQLITE_LOCKED") or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
