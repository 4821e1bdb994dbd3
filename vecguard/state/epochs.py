"""Epochs: a number per owner and collection that says whether rows read earlier are still the rows that there are.

It is raised in the transaction that begins a write or delete and in the one that settles it, by whichever process does
so. Rows that were read while it stood still, and while no write was open, are all of them and none too many for as
long as it stands (the discipline of a sequence lock; Lameter 2005, "Effective synchronization on Linux/NUMA systems").
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vecguard.state import tables
from vecguard.state.database import Database


@dataclass(frozen=True, slots=True)
class Moment:
    """An owner's epoch in a collection, and whether a write of that owner was open."""

    epoch: int
    writing: bool


_EPOCH = select(tables.epochs.c.epoch).where(
    tables.epochs.c.uid == bindparam("uid"), tables.epochs.c.owner == bindparam("owner")
)
_OPEN = (
    select(func.count())
    .select_from(tables.intents)
    .where(tables.intents.c.uid == bindparam("uid"), tables.intents.c.owner == bindparam("owner"))
)


class Epochs:
    """Reads epochs; raising one is a part of somebody else's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self, uid: str, owner: str) -> int:
        """Return an owner's epoch, 0 before its first write. This is all that a read from a cache costs the state."""
        return self._database.look(lambda connection: _epoch(connection, uid, owner))

    def moment(self, uid: str, owner: str) -> Moment:
        """Return an owner's epoch together with whether a write is open."""

        def read(connection: Connection) -> Moment:
            writing = connection.execute(_OPEN, {"uid": uid, "owner": owner}).scalar_one() > 0
            return Moment(_epoch(connection, uid, owner), writing)

        return self._database.look(read)

    @staticmethod
    def raised(connection: Connection, uid: str, owner: str) -> int:
        """Raise an owner's epoch, as part of a transaction; return the new one."""
        table = tables.epochs
        mine = (table.c.uid == uid) & (table.c.owner == owner)
        raising = update(table).where(mine).values(epoch=table.c.epoch + 1)
        if not connection.execute(raising).rowcount:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table).values(uid=uid, owner=owner, epoch=1))
            except IntegrityError:  # another process raised it for the first time
                connection.execute(raising)
        return _epoch(connection, uid, owner)


def _epoch(connection: Connection, uid: str, owner: str) -> int:
    return int(connection.execute(_EPOCH, {"uid": uid, "owner": owner}).scalar() or 0)
