"""Providers, domains, the revision and its log.

What stands here is how version 0001 was; `tables.py` moves on, this does not.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, and give this database a name of its own, by which its snapshots know it."""
    meta = op.create_table(
        "meta",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name=op.f("ck_meta_single")), autoincrement=False),
        sa.Column("store_id", sa.String, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meta")),
    )
    op.bulk_insert(meta, [{"id": 1, "store_id": secrets.token_hex(16), "revision": 0}])
    op.create_table(
        "provider",
        sa.Column("id", _NAME),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider")),
    )
    op.create_table(
        "domain",
        sa.Column("name", _NAME),
        sa.Column("unicode", sa.String, nullable=False),
        sa.Column("provider", _NAME),
        sa.Column("alias_of", _NAME),
        sa.Column("protocols", sa.String, nullable=False),
        sa.Column("suspended", sa.Boolean, nullable=False),
        sa.Column("subdomains", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("accounts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_domain")),
        sa.ForeignKeyConstraint(["provider"], ["provider.id"], name=op.f("fk_domain_provider"), deferrable=True, initially="DEFERRED"),
        sa.ForeignKeyConstraint(["alias_of"], ["domain.name"], name=op.f("fk_domain_alias_of"), deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint("(provider IS NULL) <> (alias_of IS NULL)", name=op.f("ck_domain_provider_or_alias")),
    )
    op.create_index(op.f("ix_domain_provider"), "domain", ["provider"])
    op.create_index(op.f("ix_domain_alias_of"), "domain", ["alias_of"])
    op.create_table(
        "change",
        sa.Column("revision", sa.BigInteger),
        sa.Column("kind", sa.String),
        sa.Column("name", _NAME),
        sa.PrimaryKeyConstraint("revision", "kind", "name", name=op.f("pk_change")),
    )
