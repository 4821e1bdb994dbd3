"""A defence as arrays see it: what lies on the shelf, and what a store that ranks is asked, under a numbered key.

Every mechanism that a guard can use (`ports.Protector`) becomes one by `Keyed`, with keys that follow from a number, so
that a measurement can be repeated to the bit. A baseline of a benchmark needs the same two methods and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.keys import Secret
from vecguard.ports import Protector
from vecguard.records import Body, Embedded, Protected, RecordId, VectorSource
from vecguard.space import CollectionKeys, OwnerKeys, Space


@dataclass(frozen=True, slots=True)
class Key:
    """Whose key: the number of a collection, and of an owner in it. Another number is an independent key."""

    collection: int
    owner: int = 0


class Defence(Protocol):
    """What a store gets to see of vectors."""

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Return the rows (n, d) as they are stored under these ids, by default "0", "1", ..."""
        ...

    def asked(self, queries: Floats, key: Key) -> Floats | None:
        """Return queries (m, d) as the store sees them, or None where it sees none."""
        ...


class Bare:
    """No defence: rows and queries are stored and asked as they are. Every attack is measured on it first."""

    def __repr__(self) -> str:
        return "<Bare>"

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows."""
        return exact

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


class Keyed:
    """A guard's mechanism with keys made of numbers. `asks` says whether the store ranks, and so sees queries."""

    def __init__(self, protector: Protector, *, asks: bool) -> None:
        self._protector = protector
        self._asks = asks

    def __repr__(self) -> str:
        return f"<Keyed {self._protector!r}>"

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Return the rows (n, d) as they are stored."""
        values = [each.values for each in self.protected(exact, key, ids).vectors if each is not None]
        return np.stack(values) if values else np.empty_like(exact)

    def asked(self, queries: Floats, key: Key) -> Floats | None:
        """Return queries (m, d) in the collection's space, or None if the guard ranks."""
        return self._protector.query(queries, space(key)).values if self._asks else None

    def protected(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Protected:
        """Return protected records with their seals, as a guard makes them. The content is the vector's bytes."""
        names = ids if ids is not None else [str(i) for i in range(len(exact))]
        where = space(key)
        bodies = tuple(
            Body(RecordId.text(name), where.backend_id(RecordId.text(name)), None, "", {}, altered=False, version=1)
            for name in names
        )
        rows = np.ascontiguousarray(exact, dtype=np.float32)
        digests = tuple(hashlib.sha256(row.tobytes()).digest()[:16] for row in rows)
        places = tuple(range(len(bodies)))
        sources: list[VectorSource] = ["caller"] * len(bodies)
        return self._protector.protect(Embedded(bodies, places, rows, tuple(sources), digests, {}, ()), where)

    def genuine(self, rows: Floats, protected: Protected, key: Key) -> NDArray[np.bool_]:
        """Say which rows (n, d) the guard would take for what it stored there."""
        ids = [body.backend_id for body in protected.bodies]
        return self._protector.unmask(rows, protected.seals, ids, space(key))[1]


def space(key: Key) -> Space:
    """Return the space, with all its keys, that a number stands for."""
    return Space(
        uid=f"collection {key.collection}",
        owner=f"owner {key.owner}",
        owner_digest=f"owner {key.owner}",
        collection_keys=CollectionKeys.of(_secret("collection", key.collection)),
        owner_keys=OwnerKeys.of(_secret("owner", key.collection, key.owner)),
    )


def _secret(*parts: str | int) -> Secret:
    """Make a key of public parts: for measurements, where it must be repeatable and protects nothing."""
    return Secret(hashlib.sha256(repr(parts).encode()).digest())
