"""Which version of the schema a database has: it is made new at this one, taken if it has it, and refused otherwise.

Versions are those of `vecguard.state.migrations`; Alembic, which goes from one to the next, is not needed to look.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from vecguard.errors import StateError
from vecguard.state import engines, tables

FIRST: Final = "0001"
"""The version of databases that do not say which one they have."""
BACKUP: Final = "backup"
"""The fact that tells a backup from a state."""
VERSIONS: Final = "vg_schema"

_TABLE = Table(VERSIONS, MetaData(), Column("version_num", String(32), primary_key=True))  # as Alembic makes it
MAKING: Final = 0x7667_0001
"""The name under which processes that make or change the schema wait for each other."""


def version(connection: Connection) -> str | None:
    """Return the version of a database, None if there is no state in it."""
    there = set(inspect(connection).get_table_names())
    if VERSIONS in there:
        return str(connection.execute(select(_TABLE.c.version_num)).scalar_one_or_none() or "")
    return FIRST if tables.facts.name in there else None


def says(connection: Connection) -> bool:
    """Whether a database says itself which version it has: the first did not."""
    return inspect(connection).has_table(VERSIONS)


def made(connection: Connection) -> None:
    """Make a new state of this version, unless another process has; as part of a transaction."""
    engines.alone(connection, MAKING)
    if version(connection) is None:
        tables.metadata.create_all(connection)
        _TABLE.create(connection)
        connection.execute(insert(_TABLE).values(version_num=tables.SCHEMA))


def admitted(connection: Connection) -> bool:
    """Whether a database can be used as it is; False if it is empty. Raises `StateError`, which says what to do."""
    found = version(connection)
    if found is None:
        return False
    if found not in tables.SCHEMAS:
        newer = found.isdigit() and found > tables.SCHEMA
        raise StateError(
            "the state database was made by a newer VecGuard, and this one does not know its schema"
            if newer
            else "the state database has a schema version that no VecGuard gave it"
        )
    if is_backup(connection):
        raise StateError("this is a backup: `vecguard state restore` makes a state of it")
    if found != tables.SCHEMA:
        raise StateError(
            "an older VecGuard made the state database: stop its guards, then run `vecguard state upgrade --state URL`"
        )
    return True


def is_backup(connection: Connection) -> bool:
    """Whether a database, of any version, is marked as a backup."""
    mark = select(tables.facts.c.value).where(tables.facts.c.name == BACKUP)
    return connection.execute(mark).first() is not None
