"""A real store as the red team sees it: rows are written through a guard, or bare, and read off the shelf natively.

Where measurements on arrays take the mechanism alone (`vecguard.redteam.defence.Keyed`), this takes everything that
lies between an application and its shelf: scrubbing, keys, sealing, the store's own rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from vecguard import Guard, Keyring, Policy
from vecguard.arrays import Floats
from vecguard.cli._sides import Side, side
from vecguard.policy import Scrub
from vecguard.protect.mechanism import mechanism
from vecguard.records import RecordId
from vecguard.redteam import Key
from vecguard.space import Space

_NO_TEXT = "a row of the attacker's own"


@dataclass(frozen=True, slots=True)
class _Place:
    """One collection with its keys: the victim's, or one in which the attacker practises."""

    guard: Guard | None
    side: Side
    written: set[str] = field(default_factory=set, repr=False)


class Shelved:
    """A `Defence` by a real store: bare without a policy. `texts` are what vectors (by their bytes) are written with.

    A guard that scrubs embeds changed texts itself, by `embed`, whatever vector comes with them. Collection 0 is the
    victim's and lies in `folder`; others are in memory, and what is written to them is not scrubbed again: their
    vectors are of scrubbed texts already.
    """

    def __init__(
        self,
        store: str,
        policy: Policy | None,
        folder: Path,
        dimension: int,
        texts: Mapping[bytes, str],
        embed: Callable[[Sequence[str]], Floats],
    ) -> None:
        self._store = store
        self._policy = policy
        self._folder = folder
        self._dimension = dimension
        self._texts = texts
        self._embed = embed
        self._places: dict[int, _Place] = {}

    def __repr__(self) -> str:
        return f"<Shelved {self._store}>"

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Write rows (n, d) for an owner, each id once, and return what then lies on the shelf in their place."""
        place, owner = self._place(key), f"owner-{key.owner}"
        names = [_named(owner, each) for each in (ids if ids is not None else map(str, range(len(exact))))]
        fresh = [i for i, name in enumerate(names) if name not in place.written]
        if fresh:
            texts = [self._texts.get(exact[i].tobytes(), _NO_TEXT) for i in fresh]
            place.side.write(owner, [names[i] for i in fresh], texts, exact[fresh])
            place.written.update(names[i] for i in fresh)
        return self._read(place, owner, names)

    def asked(self, queries: Floats, key: Key) -> Floats | None:
        """Return queries (m, d) as the store sees them; None where the guard ranks, and the store is not asked."""
        if self._policy is None:
            return queries
        if self._policy.vectors.ranking == "guard":
            return None
        guard = self._place(key).guard
        assert guard is not None  # noqa: S101 - for the type checker: there is a policy
        return mechanism(self._policy.vectors).query(queries, self._space(guard, "owner-0")).values

    def found(self, queries: Floats, count: int) -> list[list[str]]:
        """Search the victim's rows as their owner does: the ids of the best `count` for each query (m, d)."""
        return self._place(Key(0)).side.search("owner-0", queries, count)

    def close(self) -> None:
        """Close every collection; the victim's files stay."""
        for place in self._places.values():
            place.side.close()
            if place.guard is not None:
                place.guard.close()

    # ------------------------------------------------------------------------------------------------- their parts

    def _place(self, key: Key) -> _Place:
        if key.collection not in self._places:
            self._places[key.collection] = self._opened(victim=key.collection == 0)
        return self._places[key.collection]

    def _opened(self, *, victim: bool) -> _Place:
        shelf = self._folder / "shelf" if victim else None
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._policy is None:
            return _Place(None, side(self._store, shelf, None, self._dimension))
        policy = self._policy if victim else self._policy.replace(scrub=Scrub(enabled=False))
        state = f"sqlite:///{self._folder}/state.db" if victim else ":memory:"
        embedder = self._embed if victim else None  # it would see that a practised vector is not of its text
        guard = Guard(policy, keys=Keyring.ephemeral(), state=state, embedder=embedder)
        return _Place(guard, side(self._store, shelf, guard, self._dimension))

    def _read(self, place: _Place, owner: str, names: Sequence[str]) -> Floats:
        """Return rows in the order of their names, which only the guard's keys find on its shelf: the judge's part."""
        found = {row.id: row.vector for row in place.side.shelf()}
        ids = list(names)
        if place.guard is not None:
            space = self._space(place.guard, owner)
            ids = [space.backend_id(self._record(each)) for each in names]
        return np.stack([found[each] for each in ids]).astype(np.float32)

    def _space(self, guard: Guard, owner: str) -> Space:
        (uid,) = guard.state.uids(self._store)
        return guard.state.space(uid, owner, guard.state.collection_keys(uid))

    def _record(self, id_: str) -> RecordId:
        if self._store != "qdrant":
            return RecordId.text(id_)
        point = uuid5(NAMESPACE_URL, id_)
        return RecordId("uuid", str(point), point.hex)


def _named(owner: str, id_: str) -> str:
    """Return the id of a row: a bare store has one space of ids for all owners."""
    return f"{owner}/{id_}"
