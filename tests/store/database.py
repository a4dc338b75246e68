"""A way to a store's database past the store, to look at it and to break it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect, text

from autoconfig.store.database import Database


@contextmanager
def writing(database_url: str) -> Iterator[Connection]:
    """A connection past the store; what is done is kept."""
    database = Database(database_url, create=True)
    try:
        with database.writing() as connection:
            yield connection
            connection.commit()
    finally:
        database.close()


def execute(database_url: str, *statements: str) -> None:
    with writing(database_url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def tables(database_url: str) -> set[str]:
    with writing(database_url) as connection:
        return set(inspect(connection).get_table_names())
