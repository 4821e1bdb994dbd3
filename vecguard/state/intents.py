"""Intents: what is about to happen on a shelf, written down before it happens.

An intent holds exactly what the shelf will hold: sealed fields and masked vectors. It is settled by reading back, or,
after a crash, by doing it again; both are idempotent because backend ids are our own.
"""

from __future__ import annotations

import json
import secrets
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, TypeAlias

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from vecguard.keys import Secret, seal, unseal
from vecguard.protect.masked import Masked, replayed
from vecguard.records import Sealed, SealedRow
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.epochs import Epochs

Action: TypeAlias = Literal["put", "drop"]


@dataclass(frozen=True, slots=True)
class Intent:
    """One begun write or delete."""

    id: str
    owner: str  # digest
    action: Action
    rows: Sealed = field(repr=False)  # for a drop, rows with nothing but their backend ids
    epoch: int = 0  # the owner's, since this was begun; 0 in one that was read back


class Intents:
    """Begins, lists and settles intents. `writer` tells this guard's own from those of other processes."""

    def __init__(self, database: Database, key: Secret, writer: str) -> None:
        self._database = database
        self._key = key
        self._writer = writer
        self._flying: set[str] = set()
        self._lock = Lock()

    def begin(self, connection: Connection, uid: str, owner: str, action: Action, rows: Sealed) -> Intent:
        """Write an intent down, as part of a transaction."""
        intent = Intent(secrets.token_hex(16), owner, action, rows, Epochs.raised(connection, uid, owner))
        connection.execute(
            insert(tables.intents).values(
                id=intent.id,
                uid=uid,
                owner=owner,
                writer=self._writer,
                action=action,
                rows=seal(self._key, _encoded(rows), intent.id, uid),
                created=time.time(),
            )
        )
        return intent

    @staticmethod
    def settle(connection: Connection, intent: Intent, uid: str) -> int:
        """Strike an intent out, as part of a transaction; return the owner's epoch from now on."""
        connection.execute(delete(tables.intents).where(tables.intents.c.id == intent.id))
        return Epochs.raised(connection, uid, intent.owner)

    @contextmanager
    def in_flight(self, intent: Intent) -> Iterator[None]:
        """Mark an intent as being carried out by this process: it is not abandoned, however long it takes."""
        with self._lock:
            self._flying.add(intent.id)
        try:
            yield
        finally:
            with self._lock:
                self._flying.discard(intent.id)

    def abandoned(self, uid: str) -> list[Intent]:
        """Return the open intents of a collection that this process is not carrying out, oldest first."""
        with self._lock:
            flying = frozenset(self._flying)
        return self.open(uid, flying)

    def open(self, uid: str, leaving_out: frozenset[str] = frozenset()) -> list[Intent]:
        """Return the unsettled intents of a collection, oldest first."""
        table = tables.intents

        def read(connection: Connection) -> list[Intent]:
            rows = connection.execute(
                select(table.c.id, table.c.owner, table.c.action, table.c.rows)
                .where(table.c.uid == uid)
                .order_by(table.c.created)
            ).all()
            return [
                Intent(row.id, row.owner, row.action, _decoded(unseal(self._key, row.rows, row.id, uid)))
                for row in rows
                if row.id not in leaving_out
            ]

        return self._database.look(read)


def _encoded(rows: Sealed) -> bytes:
    """Encode as JSON for the rows, its length in front, and the float32 of all vectors behind."""
    listed = [
        {
            "id": row.backend_id,
            "fields": row.fields,
            "text": row.text,
            "text_field": row.text_field,
            "gone": row.gone,
            "version": row.version,
            "d": 0 if row.vector is None else row.vector.values.shape[0],
        }
        for row in rows.rows
    ]
    head = json.dumps(listed, separators=(",", ":")).encode()
    vectors = b"".join(row.vector.values.tobytes() for row in rows.rows if row.vector is not None)
    return struct.pack(">Q", len(head)) + head + vectors


def _decoded(raw: bytes) -> Sealed:
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
            )
        )
    return Sealed(tuple(rows), ())
