"""The schema: what the guard must remember beside the store. No name, text, value, vector or bare key is in it.

Owners, principals and ids appear as keyed digests, everything else as AEAD ciphertext.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMAS = ("0001", "0002", "0003")
"""Every version of the schema, as `vecguard.state.migrations` has them."""
SCHEMA = SCHEMAS[-1]

metadata = MetaData()

facts = Table(
    "vg_facts",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", String(128), nullable=False),
)
"""This state's random id, the key check value, the latest time that it has seen, and how many chains there are."""

keys = Table(
    "vg_keys",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("root", String(32), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
)
"""Data keys of owners, collections and the state itself, and keys of pseudonyms, each wrapped by a root."""

owners = Table(
    "vg_owners",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""The name of each owner, sealed under its own data key. Owners from before names were kept have none here."""

retentions = Table(
    "vg_retentions",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
)
"""For how long records of some owners are kept: keyed digests of the owners, AEAD ciphertext of names and days."""

collections = Table(
    "vg_collections",
    metadata,
    Column("uid", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("created", Float, nullable=False),
)
"""Every collection that this state guards, by random uid and never by name."""

vault = Table(
    "vg_vault",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("token", String(64), primary_key=True),
    Column("check", String(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Originals behind tokens: keyed digests of the owner, of the token and of the value, AEAD ciphertext of the value."""

references = Table(
    "vg_references",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("token", String(64), primary_key=True),
    Column("uid", String(32), primary_key=True),
    Column("row", String(64), primary_key=True),
    Column("intent", String(32), primary_key=True),
    Column("version", Integer, nullable=False),
    Index("vg_references_by_row", "uid", "row"),
    Index("vg_references_by_intent", "intent"),
)
"""Which version of which record holds a token. An original that nothing refers to is erased."""

intents = Table(
    "vg_intents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("uid", String(32), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("writer", String(32), nullable=False),
    Column("action", String(8), nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
    Index("vg_intents_by_collection", "uid", "created"),
    Index("vg_intents_by_owner", "uid", "owner"),
)
"""Writes that were begun and not confirmed. `rows` is what the shelf will hold anyway: sealed and masked."""

epochs = Table(
    "vg_epochs",
    metadata,
    Column("uid", String(32), primary_key=True),
    Column("owner", String(64), primary_key=True),
    Column("epoch", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("rows", BigInteger().with_variant(Integer, "sqlite"), nullable=False, server_default="0"),
    Column("digest", LargeBinary, nullable=True),
)
"""How often an owner's rows in a collection were about to change or had changed; how many they are, and their digest.

The digest is a keyed hash of the set of their tags. NULL stands for rows that were written before there was one.
"""

embedders = Table(
    "vg_embedders",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("probe", LargeBinary, nullable=False),
)
"""Embedders seen, known by what they make of one fixed public sentence."""

grants = Table(
    "vg_grants",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("grantee", String(64), primary_key=True),
    Column("right", String(8), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
    Index("vg_grants_by_grantee", "grantee"),
)
"""Owner rules: keyed digests of who granted to whom, AEAD ciphertext of the names and the terms."""

canaries = Table(
    "vg_canaries",
    metadata,
    Column("uid", String(32), primary_key=True),
    Column("row", String(64), primary_key=True),
)
"""Which rows of which collection alarm somebody when a reader gets them."""

audit = Table(
    "vg_audit",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Float, nullable=False),
    Column("action", String(16), nullable=False),
    Column("principal", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("uid", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("detail", String(64), nullable=False),
    Column("mac", LargeBinary, nullable=False),
)
"""One hash chain per writer: pseudonyms of who and where, never what."""

heads = Table(
    "vg_audit_heads",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("mac", LargeBinary, nullable=False),
)
"""The last link of every chain, so that a chain cut short is noticed."""

tombstones = Table(
    "vg_tombstones",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("at", Float, nullable=False),
)
"""What was erased, as keyed digests: a state that is restored from a backup erases it again before it opens."""

# ------------------------------------------------------------------------------------------------- the watch

_Count = BigInteger().with_variant(Integer, "sqlite")

counters = Table(
    "vg_counters",
    metadata,
    Column("principal", String(64), primary_key=True),
    Column("day", Integer, nullable=False),
    Column("queries", _Count, nullable=False),
    Column("vectors", _Count, nullable=False),
    Column("records", _Count, nullable=False),
    Column("denials", _Count, nullable=False),
    Column("all_queries", _Count, nullable=False),
    Column("all_vectors", _Count, nullable=False),
    Column("all_records", _Count, nullable=False),
    Column("all_denials", _Count, nullable=False),
    Column("days", Integer, nullable=False),
    Column("usual", Float, nullable=False),
    Column("spread", Float, nullable=False),
)
"""What each principal, a keyed digest, asked of rows of others: in one UTC day, for ever, and on its usual day."""

returned = Table(
    "vg_returned",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("day", Integer, nullable=False),
    Index("vg_returned_by_day", "day"),
    sqlite_with_rowid=False,
)
"""Keyed digests of (principal, record) and the last UTC day on which that record was counted for that principal."""
