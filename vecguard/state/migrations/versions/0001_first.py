"""The schema of the first states; they did not say which version they have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make every table."""
    _keys()
    _records()
    _rules()
    _audit()
    _watch()


def _keys() -> None:
    op.create_table(
        "vg_facts",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(128), nullable=False),
    )
    op.create_table(
        "vg_keys",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("root", sa.String(32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "vg_collections",
        sa.Column("uid", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "vg_embedders",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("probe", sa.LargeBinary, nullable=False),
    )


def _records() -> None:
    op.create_table(
        "vg_vault",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("check", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vg_references",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("uid", sa.String(32), primary_key=True),
        sa.Column("row", sa.String(64), primary_key=True),
        sa.Column("intent", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("vg_references_by_row", "vg_references", ["uid", "row"])
    op.create_index("vg_references_by_intent", "vg_references", ["intent"])
    op.create_table(
        "vg_intents",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("writer", sa.String(32), nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_index("vg_intents_by_collection", "vg_intents", ["uid", "created"])
    op.create_index("vg_intents_by_owner", "vg_intents", ["uid", "owner"])
    op.create_table(
        "vg_epochs",
        sa.Column("uid", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("epoch", _COUNT, nullable=False),
    )


def _rules() -> None:
    op.create_table(
        "vg_grants",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("grantee", sa.String(64), primary_key=True),
        sa.Column("right", sa.String(8), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_index("vg_grants_by_grantee", "vg_grants", ["grantee"])
    op.create_table(
        "vg_canaries",
        sa.Column("uid", sa.String(32), primary_key=True),
        sa.Column("row", sa.String(64), primary_key=True),
    )


def _audit() -> None:
    op.create_table(
        "vg_audit",
        sa.Column("writer", sa.String(32), primary_key=True),
        sa.Column("number", _COUNT, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("principal", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("detail", sa.String(64), nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vg_audit_heads",
        sa.Column("writer", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
    )


def _watch() -> None:
    counted = (f"{when}{what}" for when in ("", "all_") for what in ("queries", "vectors", "records", "denials"))
    op.create_table(
        "vg_counters",
        sa.Column("principal", sa.String(64), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        *(sa.Column(name, _COUNT, nullable=False) for name in counted),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("usual", sa.Float, nullable=False),
        sa.Column("spread", sa.Float, nullable=False),
    )
    op.create_table(
        "vg_returned",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("vg_returned_by_day", "vg_returned", ["day"])
