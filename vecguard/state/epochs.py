"""Epochs: a number per owner and collection that says whether rows read earlier are still the rows that there are.

It is raised in the transaction that begins a write or delete and in the one that settles it, by whichever process does
so. Rows that were read while it stood still, and while no write was open, are all of them and none too many for as
long as it stands (the discipline of a sequence lock; Lameter 2005, "Effective synchronization on Linux/NUMA systems").
The owner rules have an epoch of their own, and every look at an owner's shows it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared

RULES: Final = ("", "rules")
"""Uid and owner under which the epoch of the owner rules is kept; it belongs to no collection."""
RULES_KEY: Final = RULES[1]
"""What `Epochs.seen` calls it."""
_AT_ONCE = 512  # owners in one statement


@dataclass(frozen=True, slots=True)
class Moment:
    """An owner's epoch in a collection, and whether a write of that owner was open."""

    epoch: int
    writing: bool


_TABLE = tables.epochs
_EPOCH = select(_TABLE.c.epoch).where(_TABLE.c.uid == bindparam("uid"), _TABLE.c.owner == bindparam("owner"))
_OPEN = (
    select(func.count())
    .select_from(tables.intents)
    .where(tables.intents.c.uid == bindparam("uid"), tables.intents.c.owner == bindparam("owner"))
)
_ONE = Prepared.of(_EPOCH)


class Epochs:
    """Reads epochs; raising one is a part of somebody else's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self, uid: str, owner: str) -> int:
        """Return an owner's epoch, 0 before its first write."""
        found = self._database.rows(_ONE, {"uid": uid, "owner": owner})
        return int(found[0][0]) if found else 0

    def seen(self, uid: str, owners: Sequence[str]) -> Mapping[str, int]:
        """Return the epochs of these owners in a collection and, as `RULES_KEY`, that of the owner rules.

        All are of one moment. This is everything that a read from memory asks of the state, in one statement (of up to
        512 owners).
        """
        if len(owners) <= _AT_ONCE:
            size = _size(len(owners))
            found: Sequence[Any] = self._database.rows(_prepared(size), _values(uid, owners, size))
        else:
            parts = [owners[at : at + _AT_ONCE] for at in range(0, len(owners), _AT_ONCE)]
            values = [_values(uid, part, _AT_ONCE) for part in parts]
            found = self._database.look(
                lambda connection: [row for each in values for row in connection.execute(_several(_AT_ONCE), each)]
            )
        return dict.fromkeys((*owners, RULES_KEY), 0) | {str(owner): int(epoch) for owner, epoch in found}

    def moment(self, uid: str, owner: str) -> Moment:
        """Return an owner's epoch together with whether a write is open."""

        def read(connection: Connection) -> Moment:
            writing = connection.execute(_OPEN, {"uid": uid, "owner": owner}).scalar_one() > 0
            return Moment(_epoch(connection, uid, owner), writing)

        return self._database.look(read)

    @staticmethod
    def raised(connection: Connection, uid: str, owner: str) -> int:
        """Raise an owner's epoch, as part of a transaction; return the new one."""
        mine = (_TABLE.c.uid == uid) & (_TABLE.c.owner == owner)
        raising = update(_TABLE).where(mine).values(epoch=_TABLE.c.epoch + 1)
        if not connection.execute(raising).rowcount:
            try:
                with connection.begin_nested():
                    connection.execute(insert(_TABLE).values(uid=uid, owner=owner, epoch=1))
            except IntegrityError:  # another process raised it for the first time
                connection.execute(raising)
        return _epoch(connection, uid, owner)


def _epoch(connection: Connection, uid: str, owner: str) -> int:
    return int(connection.execute(_EPOCH, {"uid": uid, "owner": owner}).scalar() or 0)


def _size(count: int) -> int:
    """Round up to a power of two, so that few statements serve any number of owners."""
    return 1 << max(0, count - 1).bit_length()


@cache
def _prepared(size: int) -> Prepared:
    return Prepared.of(_several(size))


@cache
def _several(size: int) -> Select[*tuple[Any, ...]]:
    owners: list[BindParameter[str]] = [bindparam(name) for name in _names(size)]
    rules = and_(_TABLE.c.uid == bindparam("no_uid"), _TABLE.c.owner == bindparam("rules"))
    return select(_TABLE.c.owner, _TABLE.c.epoch).where(
        or_(and_(_TABLE.c.uid == bindparam("uid"), _TABLE.c.owner.in_(owners)), rules)
    )


@cache
def _names(size: int) -> tuple[str, ...]:
    return tuple(f"owner{at}" for at in range(size))


def _values(uid: str, owners: Sequence[str], size: int) -> dict[str, str]:
    padded = [*owners, *([""] * (size - len(owners)))]
    return {"uid": uid, "no_uid": RULES[0], "rules": RULES[1], **dict(zip(_names(size), padded, strict=True))}
