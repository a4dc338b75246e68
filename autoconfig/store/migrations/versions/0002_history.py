"""When and by whom each revision was made, and what was there before.

Of the changes so far nobody knows; they stay in the log for the snapshots that are yet to follow them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of revisions, and room for what was before."""
    op.create_table(
        "revision",
        sa.Column("revision", sa.BigInteger, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_revision")),
    )
    op.create_index(op.f("ix_revision_at"), "revision", ["at"])
    op.add_column("change", sa.Column("before", sa.Text))
    op.create_index(op.f("ix_change_name"), "change", ["name"])
