"""From one version of the schema to the next: every step in one transaction, so that a kill leaves it as it was."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from vecguard.errors import StateError
from vecguard.state import engines, schema, tables
from vecguard.state.database import Database


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The versions before and after; they are the same if there was nothing to do."""

    before: str
    after: str


def upgrade(database: Database) -> Upgraded:
    """Bring a state, opened as it is, to this VecGuard's version. Raises `StateError` if it holds none of ours.

    No guard may use it meanwhile: those of the older VecGuard do not know what they find afterwards.
    """

    def work(connection: Connection) -> Upgraded:
        engines.alone(connection, schema.MAKING)
        before = older(connection)
        to(connection, tables.SCHEMA)
        return Upgraded(before, tables.SCHEMA)

    return database.run(work)


def older(connection: Connection) -> str:
    """Return the version of a database that holds a state of this VecGuard or an older one, or raise `StateError`."""
    found = schema.version(connection)
    if found is None:
        raise StateError("there is no state in this database")
    if found not in tables.SCHEMAS:
        raise StateError("this VecGuard does not know the schema of that state: a newer one made it, or none did")
    return found


def to(connection: Connection, version: str) -> None:
    """Take every step from the version that a database has, or from an empty one, to this one, in its transaction."""
    from alembic import command  # noqa: PLC0415 - a guard never upgrades, and opens without it
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "vecguard.state:migrations")
    if schema.version(connection) == schema.FIRST and not schema.says(connection):
        command.stamp(config, schema.FIRST)
    command.upgrade(config, version)
