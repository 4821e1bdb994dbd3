"""Data keys: drawn at random, wrapped by a root, kept in the state. Deleting one forgets what it sealed."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from vecguard.errors import StateError, WrongKey
from vecguard.keys import Keyring, Secret, new_secret, seal, unseal
from vecguard.state import tables
from vecguard.state.database import Database


class KeyStore:
    """Finds the data key of an owner or a collection, or makes it. Unwrapped keys stay in this process's memory."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._known: dict[tuple[str, str], Secret] = {}

    def __repr__(self) -> str:
        return f"<KeyStore with {len(self._known)} key(s) at hand>"

    def get(self, kind: str, subject: str) -> Secret:
        """Return the key of this subject, making it on first use."""
        found = self.find(kind, subject)
        return found if found is not None else self._make(kind, subject)

    def find(self, kind: str, subject: str) -> Secret | None:
        """Return the key of this subject, or None if it was never made (or was shredded)."""
        if (kind, subject) in self._known:
            return self._known[kind, subject]
        found = self._database.look(lambda connection: self._read(connection, kind, subject))
        if found is not None:
            self._known[kind, subject] = found
        return found

    @staticmethod
    def still_there(connection: Connection, kind: str, subject: str) -> bool:
        """Whether a key that this process has at hand was not shredded by another one; as part of a transaction."""
        table = tables.keys
        wanted = select(table.c.kind).where(table.c.kind == kind, table.c.subject == subject)
        return connection.execute(wanted).first() is not None

    def shred(self, connection: Connection, kind: str, subject: str) -> None:
        """Delete a key, and with it everything that it sealed; as part of a transaction."""
        self.forget(kind, subject)
        connection.execute(delete(tables.keys).where(tables.keys.c.kind == kind, tables.keys.c.subject == subject))

    def forget(self, kind: str, subject: str) -> None:
        """Drop a key from this process's memory."""
        self._known.pop((kind, subject), None)

    def _read(self, connection: Connection, kind: str, subject: str) -> Secret | None:
        table = tables.keys
        row = connection.execute(
            select(table.c.root, table.c.wrapped).where(table.c.kind == kind, table.c.subject == subject)
        ).one_or_none()
        if row is None:
            return None
        root = self._keyring.root(row.root)
        return Secret(unseal(root.secret.derive("wrap"), row.wrapped, kind, subject, root.id))

    def _make(self, kind: str, subject: str) -> Secret:
        root = self._keyring.current
        fresh = new_secret()
        row = {
            "kind": kind,
            "subject": subject,
            "root": root.id,
            "wrapped": seal(root.secret.derive("wrap"), fresh.reveal(), kind, subject, root.id),
            "created": time.time(),
        }

        def write(connection: Connection) -> bool:
            try:
                connection.execute(insert(tables.keys).values(row))
            except IntegrityError:  # another process made it first; theirs stands
                return False
            return True

        try:
            self._database.run(write)
        except StateError:
            if self.find(kind, subject) is None:
                raise
        key = self.find(kind, subject)
        if key is None:
            raise WrongKey("a data key could not be made")
        return key
