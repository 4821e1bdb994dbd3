"""Epochs: a number per owner and collection that says whether rows read earlier are still the rows that there are.

It is raised in the transaction that begins a write or delete and in the one that settles it, by whichever process does
so. Rows that were read while it stood still, and while no write was open, are all of them and none too many for as
long as it stands (the discipline of a sequence lock; Lameter 2005, "Effective synchronization on Linux/NUMA systems").
The owner rules have an epoch of their own, and so have erasures; every look at an owner's shows both.

The row that holds an epoch holds the tally of the owner's acknowledged rows as well (`vecguard.state.digests`), and
every transaction that begins or settles a change locks it first: those of one owner in one collection queue up.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared, executed

RULES: Final = ("", "rules")
"""Uid and owner under which the epoch of the owner rules is kept; it belongs to no collection."""
RULES_KEY: Final = RULES[1]
"""What `Epochs.seen` calls it."""
ERASURES: Final = ("", "erasures")
"""Uid and owner under which the epoch of erasures is kept: it is raised whenever keys of an owner are shredded."""
ERASURES_KEY: Final = ERASURES[1]
"""What `Epochs.seen` calls it."""
_LEAP = 1 << 32  # more changes than any owner makes
_AT_ONCE = 512  # owners in one statement


@dataclass(frozen=True, slots=True)
class Moment:
    """An owner's epoch in a collection, whether a change of that owner was open, and the tally that was in force.

    `digest` is sealed; None says that the rows were never counted.
    """

    epoch: int
    writing: bool
    rows: int = 0
    digest: bytes | None = field(default=None, repr=False)


NEVER_WRITTEN = Moment(0, writing=False)

_TABLE = tables.epochs
_EPOCH = select(_TABLE.c.epoch).where(_TABLE.c.uid == bindparam("uid"), _TABLE.c.owner == bindparam("owner"))
_HELD = (
    select(_TABLE.c.epoch, _TABLE.c.rows, _TABLE.c.digest)
    .where(_TABLE.c.uid == bindparam("uid"), _TABLE.c.owner == bindparam("owner"))
    .with_for_update()
)
_OPEN = exists().where(tables.intents.c.uid == bindparam("uid"), tables.intents.c.owner == bindparam("owner"))
_MOMENT = select(_TABLE.c.epoch, _OPEN.label("writing"), _TABLE.c.rows, _TABLE.c.digest).where(
    _TABLE.c.uid == bindparam("uid"), _TABLE.c.owner == bindparam("owner")
)
_MINE = and_(_TABLE.c.uid == bindparam("whose_uid"), _TABLE.c.owner == bindparam("whose"))
_RAISE = update(_TABLE).where(_MINE).values(epoch=_TABLE.c.epoch + literal_column("1"))
_LEAP_ON = update(_TABLE).where(_MINE).values(epoch=_TABLE.c.epoch + bindparam("leap"))
_LEAVE = update(_TABLE).where(_MINE).values({name: bindparam(f"new_{name}") for name in ("epoch", "rows", "digest")})
_ONE, _NOW, _LOCKED = Prepared.of(_EPOCH), Prepared.of(_MOMENT), Prepared.of(_HELD)
_ONE_MORE, _PUT = Prepared.of(_RAISE), Prepared.of(_LEAVE)


class Epochs:
    """Reads epochs; raising one is a part of somebody else's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def epoch(self, uid: str, owner: str) -> int:
        """Return an owner's epoch, 0 before its first write."""
        found = self._database.rows(_ONE, {"uid": uid, "owner": owner})
        return int(found[0][0]) if found else 0

    def seen(self, uid: str, owners: Sequence[str]) -> Mapping[str, int]:
        """Return the epochs of these owners in a collection, of the rules (`RULES_KEY`), of erasures (`ERASURES_KEY`).

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
        return dict.fromkeys((*owners, RULES_KEY, ERASURES_KEY), 0) | {str(owner): int(epoch) for owner, epoch in found}

    def moment(self, uid: str, owner: str) -> Moment:
        """Return an owner's epoch together with whether a change is open, and the tally: one look."""
        found = self._database.rows(_NOW, {"uid": uid, "owner": owner})
        return _moment(found[0]) if found else NEVER_WRITTEN

    @staticmethod
    def moment_in(connection: Connection, uid: str, owner: str) -> Moment:
        """Return the same as part of a transaction."""
        found = executed(connection, _NOW, {"uid": uid, "owner": owner}).fetchone()
        return NEVER_WRITTEN if found is None else _moment(found)

    @staticmethod
    def raised(connection: Connection, uid: str, owner: str) -> int:
        """Raise an owner's epoch, as part of a transaction; return the new one."""
        _raise(connection, uid, owner, lambda: None)
        return _epoch(connection, uid, owner)

    @staticmethod
    def leapt(connection: Connection, uid: str, owner: str) -> None:
        """Raise an owner's epoch by a random number, so that it does not tell how often the owner changed anything."""
        leap = _LEAP + secrets.randbelow(_LEAP)
        connection.execute(_LEAP_ON, {"whose_uid": uid, "whose": owner, "leap": leap})

    @staticmethod
    def erasures(connection: Connection) -> int:
        """Return the epoch of erasures, as part of a transaction."""
        return _epoch(connection, *ERASURES)

    @staticmethod
    def entered(connection: Connection, uid: str, owner: str, nothing: Callable[[], bytes]) -> Moment:
        """Raise an owner's epoch to begin a change, as part of a transaction; return the moment since then.

        From here on no other change of this owner begins or is settled before this transaction ends. `nothing` makes
        the digest of no rows, where this is the first change.
        """
        _raise(connection, uid, owner, nothing)
        return Epochs.moment_in(connection, uid, owner)

    @staticmethod
    def held(connection: Connection, uid: str, owner: str) -> Moment:
        """Return an owner's epoch and tally, and let nobody change them before this transaction ends."""
        found = executed(connection, _LOCKED, {"uid": uid, "owner": owner}).fetchone()
        return NEVER_WRITTEN if found is None else Moment(found[0], True, found[1], found[2])

    @staticmethod
    def left(connection: Connection, uid: str, owner: str, held: Moment, rows: int, digest: bytes | None) -> int:
        """Raise an epoch that this transaction holds, and put a tally in force; return the new epoch."""
        values = {"new_epoch": held.epoch + 1, "new_rows": rows, "new_digest": digest}
        executed(connection, _PUT, {"whose_uid": uid, "whose": owner, **values})
        return held.epoch + 1


def _raise(connection: Connection, uid: str, owner: str, nothing: Callable[[], bytes | None]) -> None:
    mine = {"whose_uid": uid, "whose": owner}
    if not executed(connection, _ONE_MORE, mine).rowcount:
        try:
            with connection.begin_nested():
                connection.execute(insert(_TABLE).values(uid=uid, owner=owner, epoch=1, rows=0, digest=nothing()))
        except IntegrityError:  # another process raised it for the first time
            connection.execute(_RAISE, mine)


def _moment(found: Sequence[Any]) -> Moment:
    epoch, writing, rows, digest = found
    return Moment(int(epoch), bool(writing), int(rows), digest)


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
    of_all: list[BindParameter[str]] = [bindparam("rules"), bindparam("erasures")]
    everybody = and_(_TABLE.c.uid == bindparam("no_uid"), _TABLE.c.owner.in_(of_all))
    return select(_TABLE.c.owner, _TABLE.c.epoch).where(
        or_(and_(_TABLE.c.uid == bindparam("uid"), _TABLE.c.owner.in_(owners)), everybody)
    )


@cache
def _names(size: int) -> tuple[str, ...]:
    return tuple(f"owner{at}" for at in range(size))


def _values(uid: str, owners: Sequence[str], size: int) -> dict[str, str]:
    padded = [*owners, *([""] * (size - len(owners)))]
    everybody = {"no_uid": RULES[0], "rules": RULES[1], "erasures": ERASURES[1]}
    return {"uid": uid, **everybody, **dict(zip(_names(size), padded, strict=True))}
