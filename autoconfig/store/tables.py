"""The tables, and which of their versions this program knows.

A name is its A-label, compared by its bytes on every database. What only the model reads (accounts, a provider's values) is the codec's
data as canonical JSON, so that equal settings are equal text. `meta` is one row: whose database this is, and its revision, which
every write transaction raises first and thereby waits its turn. `change` logs what each revision touched; it only grows.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

# The migrations, oldest first; the last one is what this program writes and reads.
VERSIONS = ("0001",)

NAME = String().with_variant(String(collation="C"), "postgresql")

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

change = Table(
    "change",
    metadata,
    Column("revision", BigInteger, primary_key=True),
    Column("kind", String, primary_key=True),  # "provider" or "domain"
    Column("name", NAME, primary_key=True),
)
