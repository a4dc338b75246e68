"""Runs the migrations on the connection, and in the transaction, that `autoconfig.store.schema` gives."""

from __future__ import annotations

from alembic import context

from autoconfig.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
