"""Data keys: drawn at random, wrapped by a root, kept in the state. Deleting one forgets what it sealed.

Which root wraps new keys is said by the state and by no keyring, and looked at in the transaction that keeps the key.
So from the moment in which a rotation ends, no process makes a key under the old root, however old its keyring is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final, Literal, Protocol, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from vecguard.errors import StateError, WrongKey
from vecguard.keys import Keyring, Root, Secret, new_secret, seal, unseal
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared, executed
from vecguard.state.epochs import ERASURES, Epochs
from vecguard.state.tombstones import Tombstones

_LASTING: Final = frozenset({"state", "collection"})  # kinds of keys that no erasure takes
_Known = dict[tuple[str, str], Secret]
_THERE = Prepared.of(
    select(tables.keys.c.kind)
    .where(tables.keys.c.kind == bindparam("kind"), tables.keys.c.subject == bindparam("subject"))
    .with_for_update(read=True)
)
Beside: TypeAlias = Callable[[Connection, Secret], object]
"""What is done with a new key in the transaction that keeps it."""


class Keys(Protocol):
    """Hands out data keys: by itself (`KeyStore`), or as part of a transaction (`Within`)."""

    def get(self, kind: str, subject: str) -> Secret:
        """Return the key of this subject, making it on first use."""
        ...


class KeyStore:
    """Finds the data key of an owner or a collection, or makes it. Unwrapped keys stay in this process's memory.

    There they may outlive their owner, whom another process erased: `at` tells when to look again.
    """

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._known: _Known = {}
        self._erasures = 0

    def __repr__(self) -> str:
        return f"<KeyStore with {len(self._known)} key(s) at hand>"

    def get(self, kind: str, subject: str, beside: Beside | None = None) -> Secret:
        """Return the key of this subject, making it on first use; `beside` is part of the transaction that keeps it."""
        found = self.find(kind, subject)
        return found if found is not None else self._make(kind, subject, beside)

    def find(self, kind: str, subject: str) -> Secret | None:
        """Return the key of this subject, or None if it was never made (or was shredded)."""
        known = self._known  # if somebody is found to be erased meanwhile, what was read before is kept nowhere
        if (kind, subject) in known:
            return known[kind, subject]
        row = self._row(kind, subject)
        if row is None:
            return None
        key = self.opened(row)
        known[kind, subject] = key
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

    def all(self, kind: str) -> Iterator[tuple[str, Secret]]:
        """Yield every key of a kind with its subject; none is remembered. Raises `WrongKey` for one that is closed."""
        wanted = select(tables.keys).where(tables.keys.c.kind == kind)
        for row in self._database.look(lambda connection: connection.execute(wanted).all()):
            yield row.subject, unwrapped(self._keyring, row)

    def at(self, erasures: int) -> None:
        """Forget keys of owners that were read before the epoch of erasures became this: some may be shredded.

        Whoever writes under a shredded key writes what nobody else can read, in a life of an owner that is over.
        """
        if erasures > self._erasures:
            self._known = {place: key for place, key in self._known.items() if place[0] in _LASTING}
            self._erasures = erasures

    def within(self, connection: Connection, erasures: int) -> Within:
        """Return the same keys as part of a transaction, in which the epoch of erasures is this."""
        self.at(erasures)
        return Within(connection, self._keyring, self._known)

    @staticmethod
    def still_there(connection: Connection, kind: str, subject: str) -> bool:
        """Whether a key that this process has at hand was not shredded by another one; as part of a transaction.

        From then on whoever shreds it waits for the end of that transaction, and finds what it kept.
        """
        return executed(connection, _THERE, {"kind": kind, "subject": subject}).fetchone() is not None

    def shred(self, connection: Connection, kind: Literal["owner", "vault"], subject: str) -> None:
        """Delete a key, and with it everything that it sealed, and bury it; as part of a transaction.

        With the key of an owner go its name and the key of its name's pseudonyms.
        """
        doomed = ("owner", "pseudonym") if kind == "owner" else (kind,)
        for each in doomed:
            self.forget(each, subject)
        Tombstones.bury(connection, kind, subject)
        if kind == "owner":
            connection.execute(delete(tables.owners).where(tables.owners.c.owner == subject))
        connection.execute(delete(tables.keys).where(tables.keys.c.kind.in_(doomed), tables.keys.c.subject == subject))
        Epochs.raised(connection, *ERASURES)

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

        def write(connection: Connection) -> bool:
            if root_in_force(connection, held=True) != root.id:
                return False
            _insert(connection, root, kind, subject, key, beside)
            return True

        # a line that a power failure leaves in the log lies behind its name's key, so nobody waits for the disk
        return self._database.run(write, lasting=kind != "pseudonym")


class Within:
    """Data keys as part of a transaction. Those that it makes are remembered once it was `committed`."""

    def __init__(self, connection: Connection, keyring: Keyring, known: _Known) -> None:
        self._connection = connection
        self._keyring = keyring
        self._known = known
        self._found: _Known = {}

    def get(self, kind: str, subject: str) -> Secret:
        """Return the key of this subject, making it on first use."""
        key = self._known.get((kind, subject)) or self._found.get((kind, subject))
        if key is None:
            key = self._found[kind, subject] = self._find(kind, subject) or self._make(kind, subject)
        return key

    def committed(self) -> None:
        """Remember what was found and made."""
        self._known.update(self._found)

    def _find(self, kind: str, subject: str) -> Secret | None:
        table = tables.keys
        wanted = select(table).where(table.c.kind == kind, table.c.subject == subject)
        row = self._connection.execute(wanted).one_or_none()
        return None if row is None else unwrapped(self._keyring, row)

    def _make(self, kind: str, subject: str) -> Secret:
        root = self._keyring.root(root_in_force(self._connection, held=True))
        _insert(self._connection, root, kind, subject, new_secret())
        made = self._find(kind, subject)
        if made is None:
            raise WrongKey("a data key could not be made")
        return made


def _insert(
    connection: Connection, root: Root, kind: str, subject: str, key: Secret, beside: Beside | None = None
) -> None:
    """Keep a key and what belongs beside it, or leave the one that another process made first."""
    row = {"kind": kind, "subject": subject, "root": root.id, "created": time.time()}
    row["wrapped"] = wrapped(root, key, kind, subject)
    with suppress(IntegrityError), connection.begin_nested():
        connection.execute(insert(tables.keys).values(row))
        if beside is not None:
            beside(connection, key)


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
