"""How many rows an owner has and the digest of them, and what was erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add both. No digest is known of rows that are there; the version has a table of its own from now on."""
    op.add_column("vg_epochs", sa.Column("rows", _COUNT, nullable=False, server_default="0"))
    op.add_column("vg_epochs", sa.Column("digest", sa.LargeBinary, nullable=True))
    op.create_table(
        "vg_tombstones",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )
    facts = sa.table("vg_facts", sa.column("name"))
    op.execute(facts.delete().where(facts.c.name == "schema"))
