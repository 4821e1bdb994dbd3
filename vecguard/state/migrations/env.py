"""What Alembic runs: the steps, on the connection and in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from vecguard.state import schema, tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    version_table=schema.VERSIONS,
)
with context.begin_transaction():  # none of its own: it is in one already
    context.run_migrations()
