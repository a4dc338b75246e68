"""Whether the tables are those that this program knows, and bringing them there.

The state is read without Alembic, which takes a while to load and is needed only for the upgrade itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, inspect, text

from autoconfig.errors import N_, StoreError
from autoconfig.store.tables import VERSIONS, metadata


class StateWord(StrEnum):
    """How the tables are to this program."""

    EMPTY = "empty"
    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"
    FOREIGN = "foreign"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which version the tables are (None: there are none of ours), and which one this program wants."""

    word: StateWord
    current: str | None
    head: str = VERSIONS[-1]

    @property
    def usable(self) -> bool:
        """Tell whether this program can work with the tables."""
        return self.word is StateWord.CURRENT


def state(connection: Connection, versions: tuple[str, ...] = VERSIONS) -> SchemaState:
    """Return the state of the tables that *connection* sees, to a program that knows *versions*, oldest first."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if current is None:
            return SchemaState(StateWord.EMPTY, None, versions[-1])
        if current not in versions:
            return SchemaState(StateWord.AHEAD, current, versions[-1])
        if current != versions[-1]:
            return SchemaState(StateWord.BEHIND, current, versions[-1])
        return SchemaState(StateWord.CURRENT if metadata.tables.keys() <= set(tables) else StateWord.DAMAGED, current, versions[-1])
    return SchemaState(StateWord.FOREIGN if tables else StateWord.EMPTY, None, versions[-1])


def refusal(found: SchemaState, name: str) -> StoreError:
    """Return the error that tells why the tables cannot be used as they are, and what to do."""
    match found.word:
        case StateWord.AHEAD:
            template = N_("%(name)s was made by a newer autoconfig (tables %(current)s, we know %(head)s); use that one")
        case StateWord.FOREIGN:
            template = N_("%(name)s belongs to another program; give autoconfig a database of its own")
        case StateWord.DAMAGED:
            template = N_("%(name)s lacks some of its tables; restore it from a backup")
        case StateWord.EMPTY:
            template = N_("%(name)s has no tables yet; make them with: autoconfig db upgrade")
        case _:
            template = N_("%(name)s has tables of an older autoconfig (%(current)s, we need %(head)s); run: autoconfig db upgrade")
    return StoreError(template, name=name, current=found.current or "-", head=found.head)


def upgrade(connection: Connection, version: str = VERSIONS[-1]) -> None:
    """Bring the tables to *version*, all or nothing, in the transaction of *connection*."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "autoconfig.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, version)
