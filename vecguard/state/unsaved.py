"""Changes that a store has in memory and not in its file: the state keeps them until the store was saved.

They are intents that were carried out and confirmed, so nothing is left to be settled: originals of older versions are
gone, and the owner's digest counts what was written. They are kept under another name of their collection, where no
look for open intents meets them, and own no rows: a record may have any number of unsaved changes. Where an open intent
has its writer, these have the epoch of their owner at which they were confirmed, which is their order.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from vecguard.keys import Secret, seal, unseal
from vecguard.records import Sealed, SealedRow
from vecguard.sealing import SEAL_FIELD
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.intents import UNSAVED, Action, Found, Intent, aside, decoded, encoded

_PAGE = 50  # intents that are in memory together

_TABLE = tables.intents
_WHOLE = select(_TABLE)
_STRIKE = delete(_TABLE).where(_TABLE.c.id == bindparam("which"))


class Unsaved:
    """Lists unsaved changes, strikes them out when a file has them, and takes rows out of them that are erased."""

    def __init__(self, database: Database, key: Secret) -> None:
        self._database = database
        self._key = key

    def of(self, uid: str) -> Iterator[Intent]:
        """Return the unsaved changes of a collection, those of each owner in the order in which they were done."""
        order = (_TABLE.c.owner, _TABLE.c.writer, _TABLE.c.created)
        listed = select(_TABLE.c.id).where(_TABLE.c.uid == aside(uid)).order_by(*order)
        ids = self._database.look(lambda connection: list(connection.execute(listed).scalars()))
        for at in range(0, len(ids), _PAGE):
            yield from self._read(ids[at : at + _PAGE], uid)

    def saved(self, uid: str, ids: Collection[str]) -> frozenset[str]:
        """Strike out those of these changes that are done, for a file has them now; return which those are.

        Nobody waits for the disk: what is done again because a power cut brought it back changes nothing.
        """

        def work(connection: Connection) -> frozenset[str]:
            done = select(_TABLE.c.id).where(_TABLE.c.uid == aside(uid))
            struck = frozenset(connection.execute(done).scalars()).intersection(ids)
            if struck:
                connection.execute(_STRIKE, [{"which": each} for each in sorted(struck)])
            return struck

        return self._database.run(work, lasting=False) if ids else frozenset()

    def withdraw(self, uid: str, owner: str, rows: Collection[str]) -> frozenset[str]:
        """Take rows of an owner that are erased out of what would put them back.

        A file may still have what such a put replaced, so in its place that version is dropped, of which no more is
        kept than its tag. Returns the ids of the changes that do so.
        """
        gone = frozenset(rows)
        puts = _WHOLE.where(_TABLE.c.uid == aside(uid), _TABLE.c.owner == owner, _TABLE.c.action == "put!")

        def work(connection: Connection) -> frozenset[str]:
            meant = [
                (row, intent)
                for row in connection.execute(puts.with_for_update())
                if not gone.isdisjoint((intent := self._opened(row, uid)).rows.ids)
            ]
            made = [self._without(connection, row, intent, uid, gone) for row, intent in meant]
            return frozenset(each for each in made if each)

        return self._database.run(work)

    def _without(self, connection: Connection, row: Found, intent: Intent, uid: str, gone: frozenset[str]) -> str:
        """Leave a put without some of its rows; return the id of what drops the versions that those replaced."""
        kept = Sealed(tuple(each for each in intent.rows.rows if each.backend_id not in gone), ())
        mine = _TABLE.c.id == intent.id
        if kept.rows:
            connection.execute(update(_TABLE).where(mine).values(rows=self._sealed(kept, intent.id, uid)))
        else:
            connection.execute(delete(_TABLE).where(mine))
        drops = _drops([each for each in intent.rows.rows if each.backend_id in gone])
        if not drops.rows:
            return ""
        fresh = secrets.token_hex(16)
        values = {**row._mapping, "id": fresh, "action": "drop!", "rows": self._sealed(drops, fresh, uid)}  # noqa: SLF001 - SQLAlchemy's documented name
        connection.execute(insert(_TABLE).values(values))
        return fresh

    def _read(self, ids: Sequence[str], uid: str) -> list[Intent]:
        wanted = _WHOLE.where(_TABLE.c.id.in_(ids), UNSAVED)
        found = {row.id: row for row in self._database.look(lambda connection: connection.execute(wanted).all())}
        return [self._opened(found[each], uid) for each in ids if each in found]

    def _opened(self, row: Found, uid: str) -> Intent:
        action: Action = "put" if row.action.startswith("put") else "drop"
        return Intent(row.id, row.owner, action, decoded(unseal(self._key, row.rows, row.id, uid)))

    def _sealed(self, rows: Sealed, id_: str, uid: str) -> bytes:
        return seal(self._key, encoded(rows), id_, uid)


def _drops(erased: Sequence[SealedRow]) -> Sealed:
    """Return as rows to drop what these rows replaced, where that was acknowledged."""
    fields = [(each.backend_id, {SEAL_FIELD: each.replaces}, each.replaces) for each in erased if each.replaces]
    return Sealed(tuple(SealedRow(backend_id, None, seen, replaces=tag) for backend_id, seen, tag in fields), ())
