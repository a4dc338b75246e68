"""The tables, and which of their versions this program knows.

A name is its A-label, compared by its bytes on every database. What only the model reads (accounts, a provider's values) is the codec's
data as canonical JSON, so that equal settings are equal text. `meta` is one row: whose database this is, and its revision, which
every write transaction raises first and thereby waits its turn. `revision` tells when each was made and by whom, `change` what it touched
and how that was before; what it became is the `before` of the next change of that name, or what stands there now. Both only grow.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

# The migrations, oldest first; the last one is what this program writes and reads.
VERSIONS = ("0001", "0002")

NAME = String().with_variant(String(collation="C"), "postgresql")


class Moment(TypeDecorator[datetime]):
    """A moment with its time zone, UTC; SQLite keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write *value* in UTC."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read *value* as UTC."""
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="single"), primary_key=True, autoincrement=False),
    Column("store_id", String, nullable=False),
    Column("revision", BigInteger, nullable=False),
)

provider = Table(
    "provider",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("is_default", Boolean, nullable=False),
    Column("data", Text, nullable=False),
)

domain = Table(
    "domain",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("unicode", String, nullable=False),
    # Deferred: an import writes in the order of its file, and only the end must fit.
    Column("provider", NAME, ForeignKey("provider.id", deferrable=True, initially="DEFERRED")),
    Column("alias_of", NAME, ForeignKey("domain.name", deferrable=True, initially="DEFERRED")),
    Column("protocols", String, nullable=False),  # "pop3,imap"; empty: the provider's own
    Column("suspended", Boolean, nullable=False),
    Column("subdomains", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("accounts", Text, nullable=False),  # overrides; empty: none
    CheckConstraint("(provider IS NULL) <> (alias_of IS NULL)", name="provider_or_alias"),
    Index(None, "provider"),
    Index(None, "alias_of"),
)

# Those of the time before version 0002 have no row here, and their changes nothing before: nobody wrote it down.
revision = Table(
    "revision",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False, index=True),
    Column("who", String, nullable=False),  # a user of the system, or empty where nobody told
)

change = Table(
    "change",
    metadata,
    Column("revision", BigInteger, primary_key=True),
    Column("kind", String, primary_key=True),  # "provider" or "domain"
    Column("name", NAME, primary_key=True),
    Column("before", Text),  # the codec's data as JSON; NULL: it was not there
    Index(None, "name"),
)
