"""Names of owners, for how long records of an owner are kept, and whether any record expires."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both tables. Of rows that are there nobody knows whether they expire, so they may."""
    op.create_table(
        "vg_owners",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vg_retentions",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    facts, collections = sa.table("vg_facts", sa.column("name"), sa.column("value")), sa.table("vg_collections")
    expiring = sa.select(sa.literal("expiring"), sa.literal("may be")).where(sa.exists().select_from(collections))
    op.execute(facts.insert().from_select(["name", "value"], expiring))
