"""The owners of a state by name, so that an operator need not bring a list of them.

Everything else in the state knows an owner by a keyed digest, from which nobody gets the name back. Here each name is
kept sealed under the owner's own data key: it is written in the transaction that makes the key, and shredding the key
takes it away in every copy. Owners that wrote before names were kept have none until they write again, or until
somebody who knows them says their names (`learn`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from vecguard.keys import Secret, seal, unseal
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.keystore import KeyStore

T = TypeVar("T")
_AT_ONCE = 500  # owners in memory together, and bound parameters per statement
_KEYS, _TABLE = tables.keys, tables.owners
_WITH_NAMES = (
    select(_KEYS, _TABLE.c.sealed)
    .join_from(_KEYS, _TABLE, _KEYS.c.subject == _TABLE.c.owner, isouter=True)
    .where(_KEYS.c.kind == "owner")
)
_NAMELESS = (
    select(func.count())
    .select_from(_KEYS)
    .where(_KEYS.c.kind == "owner", ~exists().where(_TABLE.c.owner == _KEYS.c.subject))
)


@dataclass(frozen=True, slots=True)
class Known:
    """An owner whose name is kept: the digest that the state has of it, its name, and its data key."""

    digest: str
    name: str = field(repr=False)
    key: Secret = field(repr=False)


class Owners:
    """Keeps owners' names and lists them. Keys that a list passes by do not stay in memory."""

    def __init__(self, database: Database, keystore: KeyStore) -> None:
        self._database = database
        self._keystore = keystore
        self._kept: set[str] = set()  # digests of those whose names were seen to be there

    def __repr__(self) -> str:
        return "<Owners>"

    # ------------------------------------------------------------------------------------------------------ keeping

    @staticmethod
    def keep(connection: Connection, key: Secret, digest: str, name: str) -> None:
        """Keep the name of an owner, as part of the transaction that makes its data key."""
        connection.execute(insert(_TABLE).values(owner=digest, sealed=_sealed(key, digest, name)))

    def remember(self, connection: Connection, digest: str, name: str) -> None:
        """Keep the name of an owner that has a key and no name, as part of a transaction that holds the key's row.

        Once this process has seen it in the state it does not look again: a key that is made anew brings its name.
        """
        if digest in self._kept:
            return
        if connection.execute(select(_TABLE.c.owner).where(_TABLE.c.owner == digest)).first() is not None:
            self._kept.add(digest)
        elif (key := self._keystore.find("owner", digest)) is not None:
            with suppress(IntegrityError), connection.begin_nested():  # if another process was first, it is kept
                self.keep(connection, key, digest, name)

    def learn(self, named: Iterable[tuple[str, str]]) -> int:
        """Keep names that are not there yet, each given with its owner's digest; return how many.

        Names of nobody who ever wrote are passed over.
        """
        return sum(self._learn(some) for some in _batched(named))

    def _learn(self, named: Sequence[tuple[str, str]]) -> int:
        names = dict(named)

        def work(connection: Connection) -> int:
            mine = (_KEYS.c.kind == "owner") & _KEYS.c.subject.in_(names)
            rows = connection.execute(select(_KEYS).where(mine).with_for_update()).all()
            there = set(connection.execute(select(_TABLE.c.owner).where(_TABLE.c.owner.in_(names))).scalars())
            fresh = [(row.subject, self._keystore.opened(row)) for row in rows if row.subject not in there]
            if fresh:
                made = [{"owner": owner, "sealed": _sealed(key, owner, names[owner])} for owner, key in fresh]
                connection.execute(insert(_TABLE), made)
            return len(fresh)

        return self._database.run(work)

    # ------------------------------------------------------------------------------------------------------ listing

    def known(self) -> Iterator[Known]:
        """Return every owner whose name is kept, some hundred at a time, in no order that means anything.

        Nothing is held open between two of them: owners that come or go meanwhile may be there or not.
        """
        after = ""
        while rows := self._page(after):
            yield from (self._known(row) for row in rows if row.sealed is not None)
            after = rows[-1].subject

    def of(self, digests: Iterable[str]) -> Iterator[Known]:
        """Return those of these owners whose names are kept, some hundred at a time."""
        for some in _batched(digests):
            wanted = _WITH_NAMES.where(_KEYS.c.subject.in_(some), _TABLE.c.sealed.is_not(None))
            yield from (self._known(row) for row in self._rows(wanted))

    def names(self) -> Iterator[str]:
        """Return the names that are kept."""
        return (each.name for each in self.known())

    def nameless(self) -> int:
        """Return how many owners have a key and no name: they wrote before names were kept, and not since."""
        return self._database.look(nameless)

    def _page(self, after: str) -> Sequence[Row[Any]]:
        return self._rows(_WITH_NAMES.where(_KEYS.c.subject > after).order_by(_KEYS.c.subject).limit(_AT_ONCE))

    def _rows(self, wanted: Select[Any]) -> Sequence[Row[Any]]:
        return self._database.look(lambda connection: connection.execute(wanted).all())

    def _known(self, row: Row[Any]) -> Known:
        key = self._keystore.opened(row)
        name = unseal(key.derive("own name"), row.sealed, "owner name", row.subject).decode()
        return Known(row.subject, name, key)


def nameless(connection: Connection) -> int:
    """Return how many owners of a database of the present schema have no name in it."""
    return int(connection.execute(_NAMELESS).scalar_one())


def _sealed(key: Secret, digest: str, name: str) -> bytes:
    return seal(key.derive("own name"), name.encode(), "owner name", digest)


def _batched(items: Iterable[T]) -> Iterator[list[T]]:
    source = iter(items)
    while some := list(islice(source, _AT_ONCE)):
        yield some
