"""The database behind the store: connections, transactions, and errors in one clear line.

The only place that knows one database from another. On both, writers wait for each other at the start of a transaction, where waiting
is safe, and readers never wait. SQLite is written in write-ahead mode; each of its transactions opens the file anew: a file that was taken
away or replaced is noticed, and nothing is shared with a forked process. PostgreSQL's connections are pooled, and tried before use. Nobody
waits forever: neither for other programs, nor for a server that keeps its connections open and says nothing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from autoconfig.errors import N_, StoreError, StoreUnavailable

if TYPE_CHECKING:
    import psycopg

BUSY_SECONDS = 300.0  # the import of a million domains takes a minute, for which others wait
SILENT_SECONDS = 10.0  # how much longer a server may say nothing at all: it has its own clock for who waits for others

_Result = TypeVar("_Result")

_IS_WRITING = "autoconfig_is_writing"
_BUSY_STEP = 5.0  # seconds of waiting in SQLite, which hears no Ctrl-C meanwhile
_UPGRADE_LOCK = 0x6175746F  # "auto": the key of an advisory lock, the same in every version of this program

# What libpq is told of a connection (PostgreSQL 15, 34.1.2): a server that is switched off is noticed within seconds, not hours.
_SERVER = {
    "application_name": "autoconfig",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "client_encoding": "utf8",
}
_POOL = 4  # connections that are kept; a command needs one, a service one

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

# PostgreSQL 15, appendix A, by the beginning of the code; the first that fits.
_SERVER_ERRORS = {
    "53100": N_("%(name)s: the disk is full"),
    "53300": N_("%(name)s: the database has no connection left for us"),
    "55P03": N_("%(name)s: other programs kept the database busy for too long"),
    "25006": N_("%(name)s: the database may only be read; is it a standby?"),
    "42501": N_("%(name)s: this user may not do that in the database; give it the right to make tables in its schema"),
    "3D": N_("%(name)s: there is no such database on the server"),
    "28": N_("%(name)s: the server does not let this user in; look at user and password"),
    "57P": N_("%(name)s: the database was stopped"),
}
# What libpq says where the server gives no code before the connection stands.
_CONNECTING_ERRORS = {
    "password authentication failed": "28",
    "no password supplied": "28",
    "no pg_hba.conf entry": "28",
    "does not exist": "3D",
    "too many clients": "53300",
    "starting up": "57P",
    "shutting down": "57P",
}


class Database:
    """A database by its *url*; a SQLite file is only made where *create* says so. Others are waited for *patience* seconds."""

    def __init__(self, url: str, *, create: bool, patience: float = BUSY_SECONDS) -> None:
        try:
            self._url = make_url(url)
        except SQLAlchemyError:
            raise StoreError(N_("%(url)s is not a database URL; write it like sqlite:////srv/autoconfig/autoconfig.db"), url=url) from None
        self.path = _sqlite_path(self._url)
        self._create = create
        self._patience = patience
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
            connection.execution_options(**{_IS_WRITING: True}).begin()
            yield connection

    @contextmanager
    def upgrading(self) -> Iterator[Connection]:
        """Open a transaction for a change of the tables, alone among all who ask for this; raises StoreError where they cannot be made."""
        with self.writing() as connection:
            if self.path is None:
                connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
                encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
                if encoding != "UTF8":
                    template = N_("%(name)s has the encoding %(encoding)s; make a database with UTF8: createdb --encoding=UTF8 ...")
                    raise StoreError(template, name=self.name, encoding=encoding)
            yield connection

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
        sqlstate = getattr(cause, "sqlstate", None) or next((c for words, c in _CONNECTING_ERRORS.items() if words in str(cause)), "")
        for beginning, template in _SERVER_ERRORS.items():
            if sqlstate.startswith(beginning):
                return StoreUnavailable(template, name=self.name)
        return StoreUnavailable(N_("%(name)s: the database does not answer: %(reason)s"), name=self.name, reason=reason)

    def _sqlite_engine(self, path: Path) -> Engine:
        mode = "rwc" if self._create else "rw"

        def connect() -> sqlite3.Connection:
            uri = f"file:{quote(str(path))}?mode={mode}"
            # SQLAlchemy's recipe for all Python versions: sqlite3 begins nothing by itself, the begin event does.
            connection = sqlite3.connect(
                uri, uri=True, timeout=min(_BUSY_STEP, self._patience), isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                _write_ahead(connection, self._patience)
            except BaseException:
                connection.close()
                raise
            return connection

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A write transaction that begins as a reader fails at its first write when another has written meanwhile.
            if connection.get_execution_options().get(_IS_WRITING):
                _in_turn(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE"), self._patience)
            else:
                connection.exec_driver_sql("BEGIN")

        return engine

    def _server_engine(self) -> Engine:
        if self._url.get_backend_name() != "postgresql":
            raise StoreError(N_("%(url)s: settings live in SQLite or PostgreSQL, as in postgresql://user@host/database"), url=self.name)
        # What the URL itself says of the connection wins.
        ours = _SERVER | {"options": f"-c lock_timeout={self._patience:.0f}s"}
        said = {key: value for key, value in ours.items() if key not in self._url.query}
        url = self._url.set(drivername="postgresql+psycopg")
        engine = create_engine(url, connect_args=said, pool_pre_ping=True, pool_size=_POOL)

        @event.listens_for(engine, "do_connect")
        def connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> psycopg.Connection[Any]:
            return _patient(self._patience + SILENT_SECONDS).connect(*arguments, **options)

        return engine


def _sqlite_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise StoreError(N_("settings in memory are lost; name a file, as in sqlite:////srv/autoconfig/autoconfig.db"))
    return Path(url.database)


def _patient(seconds: float) -> type[psycopg.Connection[Any]]:
    """Return a kind of connection that gives up when the server says nothing for *seconds*.

    A server that is halted, or behind something that swallows everything, still confirms what TCP sends; nobody else notices.
    """
    import psycopg

    class Patient(psycopg.Connection[Any]):
        def wait(self, gen: Generator[Any, Any, _Result], *arguments: Any, **options: Any) -> _Result:  # noqa: ANN401 - psycopg's
            return super().wait(heard(self, gen), *arguments, **options)

    def heard(connection: Patient, talk: Generator[Any, Any, _Result]) -> Generator[Any, Any, _Result]:
        # psycopg's talk yields what it waits for, and is told what is ready: several times a second, and nothing where nothing is.
        last = time.monotonic()
        try:
            awaited = next(talk)
            while True:
                ready = yield awaited
                if ready:
                    last = time.monotonic()
                elif time.monotonic() - last > seconds:
                    connection.pgconn.finish()  # there is nobody to say goodbye to
                    raise psycopg.OperationalError(f"silence for {seconds:.0f} seconds")
                awaited = talk.send(ready)
        except StopIteration as end:
            result: _Result = end.value
            return result

    return Patient


def _write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    # The mode is kept in the file. Its change, once in a lifetime, does not wait for others by itself.
    def change() -> None:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL").fetchone()

    _in_turn(change, patience)


def _in_turn(work: Callable[[], object], patience: float) -> None:
    """Do *work* in SQLite when nobody else is at it, again and again until it is too late."""
    deadline = time.monotonic() + patience
    while True:
        try:
            work()
        except (sqlite3.OperationalError, OperationalError) as error:
            cause = error.orig if isinstance(error, OperationalError) else error
            is_busy = getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
