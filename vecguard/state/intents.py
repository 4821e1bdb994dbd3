"""Intents: what is about to happen on a shelf, written down before it happens.

An intent holds exactly what the shelf will hold: sealed fields and masked vectors. It is settled by reading back, or,
after a crash, by doing it again; both are idempotent because backend ids are our own.

Where a store keeps changes in memory until it is saved, an intent that was carried out is put aside instead of struck
out (`vecguard.state.unsaved`). It owns no row from then on, and no statement that looks for open intents meets it.

From begin to settled the rows of an intent belong to whoever carries it out (`vecguard.state.writers`), and no other
intent is begun that has one of them: so the intents of a collection that are open at one time have no row in common. An
intent that nobody carries out any more is taken over before it is settled, by one writer only.
"""

from __future__ import annotations

import json
import secrets
import struct
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias
from weakref import WeakValueDictionary

import numpy as np
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from vecguard.errors import StateError
from vecguard.keys import Secret, seal, unseal
from vecguard.protect.masked import Masked, replayed
from vecguard.records import Sealed, SealedRow
from vecguard.state import forks, tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared, executed
from vecguard.state.epochs import Epochs
from vecguard.state.writers import Writer

Action: TypeAlias = Literal["put", "drop"]
_CLAIMS: Final[Mapping[Action, str]] = MappingProxyType({"put": "put?", "drop": "drop?"})
_ASIDE: Final[Mapping[Action, str]] = MappingProxyType({"put": "put!", "drop": "drop!"})
NOBODY: Final = ""
"""The writer of an intent whose path ended before it was carried out: whoever comes next does so."""
REFUSED: Final = "-"
"""The same, where the store was asked again and refused its rows although it answers: it holds what they replace."""
_AT_ONCE = 500  # bound parameters per statement
_SPARE = 256  # intents whose rows are kept in memory besides those that are open


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Intent:
    """One begun write or delete.

    A `claim` has its rows, and nothing is done to them yet: others may have changed them between reading and beginning,
    and it is first seen whether they are as they were found.
    """

    id: str
    owner: str  # digest
    action: Action
    rows: Sealed = field(repr=False)  # for a drop, rows with nothing but their backend ids and tags
    epoch: int = 0  # the owner's, since this was begun; 0 in one that was read back
    writer: str = ""
    claim: bool = False
    rest: bool = False  # of one that the store took a part of


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Another change of the same rows is open, or came between reading and beginning: nothing was begun or done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an intent: the rows of which the shelf shows that it was done, and those still to be done."""

    intent: Intent
    done: frozenset[str]
    pending: frozenset[str] = frozenset()


_TABLE = tables.intents
Found: TypeAlias = Row[*tuple[Any, ...]]
_WHOLE = select(_TABLE.c.id, _TABLE.c.owner, _TABLE.c.writer, _TABLE.c.action, _TABLE.c.rows, _TABLE.c.created)
_LISTED = Prepared.of(select(_TABLE.c.id, _TABLE.c.writer).where(_TABLE.c.uid == bindparam("uid")))
_OPEN = Prepared.of(select(_TABLE.c.id).where(_TABLE.c.uid == bindparam("uid"), _TABLE.c.owner == bindparam("owner")))
UNSAVED: Final = _TABLE.c.action.in_(tuple(_ASIDE.values()))
"""Which intents were put aside."""
_PUT_ASIDE = Prepared.of(
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("which"), _TABLE.c.uid == bindparam("of"))
    .values(uid=bindparam("aside"), action=bindparam("told"), writer=bindparam("since"))
)
_BEGIN = Prepared.of(insert(_TABLE))
_STRIKE = Prepared.of(delete(_TABLE).where(_TABLE.c.id == bindparam("which")))
_RELEASE = (
    update(_TABLE).where(_TABLE.c.id == bindparam("which"), _TABLE.c.writer == bindparam("mine")).values(writer=NOBODY)
)


class Intents:
    """Begins, claims, lists and settles intents."""

    def __init__(self, database: Database, key: Secret, writer: Writer) -> None:
        self._database = database
        self._key = key
        self._writer = writer
        self._flying: WeakValueDictionary[str, Intent] = WeakValueDictionary()  # while somebody has them in hand
        self._met: dict[str, frozenset[str]] = {}  # rows of others' intents
        self._lock, self._claiming = Lock(), Lock()
        forks.follow(self)

    # ------------------------------------------------------------------------------ as part of a transaction

    def begin(
        self,
        connection: Connection,
        uid: str,
        owner: str,
        action: Action,
        rows: Sealed,
        *,
        seen: int | None,
        nothing: Callable[[], bytes],
    ) -> Intent | Overtaken:
        """Write an intent down, as part of a transaction, which is rolled back if another one has a row of it.

        `seen` is the owner's epoch before the rows that it replaces were read. If that has moved, or is not known, what
        is begun is a claim. `nothing` makes the digest of no rows.
        """
        writer = self._writer.present()
        moment = Epochs.entered(connection, uid, owner, nothing)
        unsure = moment.epoch != (seen if seen is None else seen + 1)
        if moment.writing and not self._ours(connection, uid, owner, frozenset(rows.ids)):
            _roll_back(connection)
            return Overtaken()
        intent = Intent(secrets.token_hex(16), owner, action, rows, moment.epoch, writer, unsure)
        self._fly(intent)  # before anybody else can see it
        values = {"id": intent.id, "uid": uid, "owner": owner, "writer": writer, "created": time.time()}
        told = _CLAIMS[action] if unsure else action
        executed(connection, _BEGIN, {**values, "action": told, "rows": self._sealed(intent, uid)})
        return intent

    def settle(self, connection: Connection, outcome: Outcome, uid: str, *, unsaved_at: int | None = None) -> bool:
        """Strike an intent out, or leave no more of it than is pending; False if another writer did so before.

        With `unsaved_at`, the owner's epoch, what was done of it is put aside: only the store's memory has it so far.
        """
        intent = outcome.intent
        if unsaved_at is not None and outcome.done:
            return self._put_aside(connection, outcome, uid, unsaved_at)
        if not outcome.pending:
            return executed(connection, _STRIKE, {"which": intent.id}).rowcount > 0
        values = {"rows": self._sealed(_with_only(intent, outcome.pending), uid), "writer": REFUSED}
        changing = update(_TABLE).where(_TABLE.c.id == intent.id).values(values)
        return connection.execute(changing).rowcount > 0

    def _put_aside(self, connection: Connection, outcome: Outcome, uid: str, epoch: int) -> bool:
        intent, told, since = outcome.intent, _ASIDE[outcome.intent.action], at(epoch)
        if not outcome.pending:
            moved = {"which": intent.id, "of": uid, "aside": aside(uid), "told": told, "since": since}
            return executed(connection, _PUT_ASIDE, moved).rowcount > 0
        if not self.settle(connection, outcome, uid):
            return False
        done = replace(_with_only(intent, outcome.done), id=secrets.token_hex(16))
        values = {"id": done.id, "uid": aside(uid), "owner": done.owner, "writer": since, "created": time.time()}
        executed(connection, _BEGIN, {**values, "action": told, "rows": self._sealed(done, uid)})
        return True

    def _ours(self, connection: Connection, uid: str, owner: str, ids: frozenset[str]) -> bool:
        """Take rows away from intents that the store refuses for good; False if another one has a row of these."""
        table = _TABLE
        in_the_way = [
            (row.writer, intent)
            for row in _whole(connection, self._suspects(connection, uid, owner, ids))
            if not ids.isdisjoint((intent := self._read(row, uid)).rows.ids)
        ]
        if any(writer != REFUSED for writer, _ in in_the_way):
            return False
        for _, intent in in_the_way:
            rest, still = _with_only(intent, frozenset(intent.rows.ids) - ids), (table.c.writer == REFUSED)
            mine = (table.c.id == intent.id) & still
            changing = update(table).where(mine).values(rows=self._sealed(rest, uid))
            if not connection.execute(changing if rest.rows.rows else delete(table).where(mine)).rowcount:
                return False
        return True

    def _suspects(self, connection: Connection, uid: str, owner: str, ids: frozenset[str]) -> list[str]:
        """Return which open intents of an owner have, or once had, one of these rows.

        Each is decoded when it is met first: later it may have fewer rows, and never others.
        """
        listed = [each for (each,) in executed(connection, _OPEN, {"uid": uid, "owner": owner}).fetchall()]
        rows = {each: self._rows_of(each) for each in listed}
        for row in _whole(connection, [each for each, known in rows.items() if known is None]):
            rows[row.id] = self._met[row.id] = frozenset(self._read(row, uid).rows.ids)
        if len(met := self._met) > len(listed) + _SPARE:
            self._met = {each: met[each] for each in listed if each in met}
        return [each for each, known in rows.items() if known is not None and not ids.isdisjoint(known)]

    def _rows_of(self, intent: str) -> Collection[str] | None:
        mine = self._flying.get(intent)
        return self._met.get(intent) if mine is None else mine.rows.ids

    def open_in(self, connection: Connection, uid: str, owner: str | None = None) -> list[Intent]:
        """Return the unsettled intents of a collection, or of one owner in it, oldest first."""
        wanted = _WHOLE.where(_TABLE.c.uid == uid).order_by(_TABLE.c.created)
        if owner is not None:
            wanted = wanted.where(_TABLE.c.owner == owner)
        return [self._read(row, uid) for row in connection.execute(wanted)]

    # ------------------------------------------------------------------------------ on their own

    def open(self, uid: str) -> list[Intent]:
        """Return the unsettled intents of a collection, oldest first."""
        return self._database.look(lambda connection: self.open_in(connection, uid))

    def stand(self, claim: Intent) -> Intent:
        """Make a claim what it was begun for: its rows are as they were found, and now they are changed."""
        changing = update(_TABLE).where(_TABLE.c.id == claim.id).values(action=claim.action)
        self._database.run(lambda connection: connection.execute(changing))
        return replace(claim, claim=False)

    @contextmanager
    def carrying(self, intents: Sequence[Intent]) -> Iterator[None]:
        """Carry these out. Whatever is still open of them if the block fails is anybody's."""
        try:
            yield
        except BaseException:
            self._release(intents)
            raise
        finally:
            with self._lock:
                for each in intents:
                    if self._flying.get(each.id) is each:
                        del self._flying[each.id]

    @contextmanager
    def claimed(self, uid: str) -> Iterator[list[Intent]]:
        """Claim the open intents of a collection that nobody carries out, and carry them out: oldest first."""
        intents = self._claim(uid)
        with self.carrying(intents):
            yield intents

    def _release(self, intents: Sequence[Intent]) -> None:
        with suppress(StateError):  # then this guard's next call claims them, or anybody's when this writer is gone
            given = [{"which": each.id, "mine": each.writer} for each in intents]
            self._database.run(lambda connection: connection.execute(_RELEASE, given), lasting=False)

    def _claim(self, uid: str) -> list[Intent]:
        if not self._listed(uid):
            return []
        with self._claiming:
            left = self._left(self._listed(uid))
            if not left:
                return []
            writer = self._writer.present()
            rows = self._database.run(lambda connection: _taken(connection, left, writer), lasting=False)
            intents = [replace(self._read(row, uid), writer=writer, rest=row.writer == REFUSED) for row in rows]
            for each in intents:
                self._fly(each)
            return intents

    def _listed(self, uid: str) -> Mapping[str, str]:
        return {str(each): str(writer) for each, writer in self._database.rows(_LISTED, {"uid": uid})}

    def _left(self, listed: Mapping[str, str]) -> Mapping[str, str]:
        """Return which of these intents nobody carries out, with the writer that each has."""
        with self._lock:
            flying = frozenset(self._flying)
        others = {writer for writer in listed.values() if not self._writer.was(writer)} - {NOBODY, REFUSED}
        alive = {writer for writer in others if self._writer.lives(writer)}
        return {each: writer for each, writer in listed.items() if each not in flying and writer not in alive}

    def _fly(self, intent: Intent) -> None:
        with self._lock:
            self._flying[intent.id] = intent

    def before_fork(self) -> None:
        """Nothing: the parent carries on."""

    def after_fork(self) -> None:
        """Carry out nothing of what the parent does."""
        self._lock, self._claiming = Lock(), Lock()
        self._flying = WeakValueDictionary()

    def _sealed(self, intent: Intent, uid: str) -> bytes:
        return seal(self._key, encoded(intent.rows), intent.id, uid)

    def _read(self, row: Found, uid: str) -> Intent:
        rows = decoded(unseal(self._key, row.rows, row.id, uid))
        action: Action = "put" if row.action.startswith("put") else "drop"
        return Intent(row.id, row.owner, action, rows, writer=row.writer, claim=row.action != action)


def aside(uid: str) -> str:
    """Return what a collection's intents that were put aside are kept under: no look for open ones goes there."""
    return f"~{uid[1:]}"


def at(epoch: int) -> str:
    """Return what stands in the place of the writer of an intent that was put aside; it sorts as the epoch does."""
    return f"{epoch:032d}"


def _taken(connection: Connection, left: Mapping[str, str], writer: str) -> list[Found]:
    """Make this the writer of intents, as part of a transaction; return those that were still as they were left."""
    rows: list[Found] = []
    ids = list(left)
    for at in range(0, len(ids), _AT_ONCE):
        wanted = _WHOLE.where(_TABLE.c.id.in_(ids[at : at + _AT_ONCE])).with_for_update()
        still = [row for row in connection.execute(wanted) if row.writer == left[row.id]]
        mine = update(_TABLE).where(_TABLE.c.id.in_([row.id for row in still])).values(writer=writer)
        connection.execute(mine)
        rows += still
    return sorted(rows, key=lambda row: row.created)


def _whole(connection: Connection, ids: Sequence[str]) -> Iterator[Found]:
    for at in range(0, len(ids), _AT_ONCE):
        yield from connection.execute(_WHOLE.where(_TABLE.c.id.in_(ids[at : at + _AT_ONCE])))


def _with_only(intent: Intent, ids: Collection[str]) -> Intent:
    rows = tuple(row for row in intent.rows.rows if row.backend_id in ids)
    return replace(intent, rows=Sealed(rows, ()))


def _roll_back(connection: Connection) -> None:
    """End a transaction without a trace, in a block that goes on to its end."""
    transaction = connection.get_transaction()
    if transaction is not None:
        transaction.rollback()


def encoded(rows: Sealed) -> bytes:
    """Encode as JSON for the rows, its length in front, and the float32 of all vectors behind."""
    listed = [
        {
            "id": row.backend_id,
            "fields": row.fields,
            "text": row.text,
            "text_field": row.text_field,
            "gone": row.gone,
            "version": row.version,
            "replaces": row.replaces,
            "d": 0 if row.vector is None else row.vector.values.shape[0],
        }
        for row in rows.rows
    ]
    head = json.dumps(listed, separators=(",", ":")).encode()
    vectors = b"".join(row.vector.values.tobytes() for row in rows.rows if row.vector is not None)
    return struct.pack(">Q", len(head)) + head + vectors


def decoded(raw: bytes) -> Sealed:
    """Take rows back from what `encoded` made of them."""
    (length,) = struct.unpack_from(">Q", raw)
    listed = json.loads(raw[8 : 8 + length])
    floats = np.frombuffer(raw, dtype=np.float32, offset=8 + length)
    rows: list[SealedRow] = []
    start = 0
    for each in listed:
        width = each["d"]
        vector: Masked | None = replayed(floats[start : start + width].copy()) if width else None
        start += width
        rows.append(
            SealedRow(
                each["id"],
                vector,
                each["fields"],
                each["text"],
                each["text_field"],
                tuple(each["gone"]),
                each["version"],
                replaces=each.get("replaces", ""),
            )
        )
    return Sealed(tuple(rows), ())
