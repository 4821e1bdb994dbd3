"""Data keys: drawn at random, wrapped by a root, kept in the state. Deleting one forgets what it sealed.

Which root wraps new keys is said by the state and by no keyring, and looked at in the transaction that keeps the key.
So from the moment in which a rotation ends, no process makes a key under the old root, however old its keyring is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from vecguard.errors import StateError, WrongKey
from vecguard.keys import Keyring, Root, Secret, new_secret, seal, unseal
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.tombstones import Tombstones

Beside: TypeAlias = Callable[[Connection, Secret], object]
"""What is done with a new key in the transaction that keeps it."""


class KeyStore:
    """Finds the data key of an owner or a collection, or makes it. Unwrapped keys stay in this process's memory."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._known: dict[tuple[str, str], Secret] = {}

    def __repr__(self) -> str:
        return f"<KeyStore with {len(self._known)} key(s) at hand>"

    def get(self, kind: str, subject: str, beside: Beside | None = None) -> Secret:
        """Return the key of this subject, making it on first use; `beside` is part of the transaction that keeps it."""
        found = self.find(kind, subject)
        return found if found is not None else self._make(kind, subject, beside)

    def find(self, kind: str, subject: str) -> Secret | None:
        """Return the key of this subject, or None if it was never made (or was shredded)."""
        if (kind, subject) in self._known:
            return self._known[kind, subject]
        row = self._row(kind, subject)
        if row is None:
            return None
        key = self.opened(row)
        self._known[kind, subject] = key
        return key

    def opened(self, row: Row[Any]) -> Secret:
        """Return the key of a row of `vg_keys` that was just read, and do not remember it."""
        try:
            return unwrapped(self._keyring, row)
        except WrongKey:
            again = self._row(row.kind, row.subject)  # a rotation may have ended between the two looks
            if again is None or again.wrapped == row.wrapped:
                raise
            return unwrapped(self._keyring, again)

    @staticmethod
    def still_there(connection: Connection, kind: str, subject: str) -> bool:
        """Whether a key that this process has at hand was not shredded by another one; as part of a transaction.

        From then on whoever shreds it waits for the end of that transaction, and finds what it kept.
        """
        table = tables.keys
        wanted = select(table.c.kind).where(table.c.kind == kind, table.c.subject == subject).with_for_update(read=True)
        return connection.execute(wanted).first() is not None

    def shred(self, connection: Connection, kind: Literal["owner", "vault"], subject: str) -> None:
        """Delete a key, and with it everything that it sealed, and bury it; as part of a transaction.

        The name of an owner goes with its key.
        """
        self.forget(kind, subject)
        Tombstones.bury(connection, kind, subject)
        if kind == "owner":
            connection.execute(delete(tables.owners).where(tables.owners.c.owner == subject))
        connection.execute(delete(tables.keys).where(tables.keys.c.kind == kind, tables.keys.c.subject == subject))

    def forget(self, kind: str, subject: str) -> None:
        """Drop a key from this process's memory."""
        self._known.pop((kind, subject), None)

    def _row(self, kind: str, subject: str) -> Row[Any] | None:
        table = tables.keys
        wanted = select(table).where(table.c.kind == kind, table.c.subject == subject)
        return self._database.look(lambda connection: connection.execute(wanted).one_or_none())

    def _make(self, kind: str, subject: str, beside: Beside | None) -> Secret:
        fresh = new_secret()
        try:
            while not self._kept(kind, subject, fresh, beside):
                pass  # a rotation ended in the meantime, and the next attempt is under its root
        except StateError:
            if self.find(kind, subject) is None:
                raise
        key = self.find(kind, subject)
        if key is None:
            raise WrongKey("a data key could not be made")
        return key

    def _kept(self, kind: str, subject: str, key: Secret, beside: Beside | None) -> bool:
        """Keep a key, or leave the one that another process made first; False if its root is no longer in force."""
        root = self._keyring.root(self._database.look(root_in_force))
        row = {"kind": kind, "subject": subject, "root": root.id, "created": time.time()}
        row["wrapped"] = wrapped(root, key, kind, subject)

        def write(connection: Connection) -> bool:
            if root_in_force(connection, held=True) != root.id:
                return False
            with suppress(IntegrityError), connection.begin_nested():  # if another process made it first, theirs stands
                connection.execute(insert(tables.keys).values(row))
                if beside is not None:
                    beside(connection, key)
            return True

        return self._database.run(write)


def wrapped(root: Root, key: Secret, kind: str, subject: str) -> bytes:
    """Wrap a data key: it opens under this root and for this subject only."""
    return seal(root.secret.derive("wrap"), key.reveal(), kind, subject, root.id)


def unwrapped(keyring: Keyring, row: Row[Any]) -> Secret:
    """Unwrap the key of a row of `vg_keys`, under the root that it names, or raise `WrongKey`."""
    root = keyring.root(row.root)
    return Secret(unseal(root.secret.derive("wrap"), row.wrapped, row.kind, row.subject, root.id))


def root_in_force(connection: Connection, *, held: bool = False) -> str:
    """Return the id of the root that wraps new keys; `held` lets no rotation end before this transaction does."""
    wanted = select(tables.facts.c.value).where(tables.facts.c.name == "root")
    found = connection.execute(wanted.with_for_update(read=True) if held else wanted).scalar_one_or_none()
    if found is None:
        raise StateError("the state database is not whole: it lacks its id or its key check")
    return str(found)


def key_check(root: Root, state_id: str) -> str:
    """Return what a state keeps to know its root by."""
    return root.secret.derive("check").mac(state_id).hex()
