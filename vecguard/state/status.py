"""What a state database holds, by number, and whether anything was left open. Needs no key and shows nothing secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select, table

from vecguard.errors import StateError
from vecguard.evidence.anchors import Anchor
from vecguard.state import clock, owners, schema, tables
from vecguard.state.clock import Mark
from vecguard.state.database import Database
from vecguard.state.intents import UNSAVED

_CHAINS = 5  # whose ends are shown


@dataclass(frozen=True, slots=True)
class Status:
    """A state as it is: the version of its schema, rows by table, open writes, the latest time, the newest chains."""

    dialect: str
    version: str
    newest: str
    backup: bool
    rows: Mapping[str, int]
    owners: int
    nameless: int  # of them: those of whom it keeps no name
    begun: tuple[float, ...]  # when writes were begun that are still open, oldest first
    unsaved: tuple[float, ...]  # the same of changes that a FAISS index has in memory, and its file not yet
    mark: Mark
    anchors: tuple[Anchor, ...]


def status(database: Database) -> Status:
    """Look at a database that was opened as it is, of this or any older version. Raises `StateError` if it has none."""

    def look(connection: Connection) -> Status:
        version = schema.version(connection)
        if version is None:
            raise StateError("there is no state in this database")
        names = sorted(each for each in inspect(connection).get_table_names() if each.startswith("vg_"))
        counts = {
            name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names
        }
        created = select(tables.intents.c.created).order_by(tables.intents.c.created)
        of_owners = select(func.count()).select_from(tables.keys).where(tables.keys.c.kind == "owner")
        held = int(connection.execute(of_owners).scalar_one())
        return Status(
            database.dialect,
            version,
            tables.SCHEMA,
            schema.is_backup(connection),
            counts,
            held,
            owners.nameless(connection) if tables.owners.name in names else held,
            tuple(connection.execute(created.where(~UNSAVED)).scalars()),
            tuple(connection.execute(created.where(UNSAVED)).scalars()),
            clock.seen(connection),
            _anchors(connection),
        )

    return database.look(look)


def _anchors(connection: Connection) -> tuple[Anchor, ...]:
    """Return the ends of the chains that were written to last: what an `anchor=` hook would be told now."""
    heads, lines = tables.heads.c, tables.audit.c
    wanted = (
        select(heads.writer, heads.number, heads.mac)
        .join(tables.audit, (lines.writer == heads.writer) & (lines.number == heads.number))
        .order_by(lines.at.desc())
        .limit(_CHAINS)
    )
    return tuple(
        Anchor(writer, number, bytes(mac).hex()) for writer, number, mac in connection.execute(wanted).tuples()
    )
