"""Doing again what a process had acknowledged and not saved, before the first call on the file that lacks it.

The state is the write-ahead log of a store that is saved late: whoever opens its file takes what is not in it from
there (Mohan et al. 1992, "ARIES: A Transaction Recovery Method"; here the versions of rows say what was done). Nothing
is confirmed once more, and nothing is struck out but by a save, so that a process that dies in between, or only reads,
leaves all of it to the next one.

Several changes may be of the same row. They are applied in order to what the store shows, each as it would be after a
crash: versions that are there already, and later ones, stay. Only what comes of it is put and dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from vecguard.errors import StoreFailed
from vecguard.flow import Flow
from vecguard.ports import Drop, Fetch, Put
from vecguard.records import Row, Sealed, SealedRow
from vecguard.sealing import tag_of
from vecguard.settling import batches, left_of, outcome_of
from vecguard.shelf import Collection, Shelf
from vecguard.state import State
from vecguard.state.intents import Intent


def replay(state: State, shelf: Shelf, collection: Collection) -> Flow[None]:
    """Do again what is acknowledged and not in the store; audited. Raises `StoreFailed` if it does not take it."""
    for intents in batches(state.unsaved.of(collection.uid)):
        yield from _done_again(state, intents, collection.uid)
        shelf.unsaved.update(each.id for each in intents)
    shelf.behind = False


def _done_again(state: State, intents: Sequence[Intent], uid: str) -> Flow[None]:
    ids = tuple(dict.fromkeys(chain.from_iterable(each.rows.ids for each in intents)))
    seen: Sequence[Row] = yield Fetch(ids)
    net = _Net(seen)
    done = [(each.action, count) for each in intents if (count := net.take(each))]
    if not done:
        return
    yield from net.requests()
    seen = yield Fetch(ids)
    if _tags(seen) != _tags(net.rows):
        raise StoreFailed("the store did not take again what it had not saved: the state still has it")
    state.done_again(done, uid)


class _Net:
    """What comes of changes, one after the other: the rows as they will be, and what it takes to get there."""

    def __init__(self, there: Sequence[Row]) -> None:
        self._there = {row.backend_id: row for row in there}
        self._known = frozenset(self._there)
        self._puts: dict[str, SealedRow] = {}
        self._drops: dict[str, None] = {}

    @property
    def rows(self) -> Sequence[Row]:
        """The rows as they will be."""
        return tuple(self._there.values())

    def take(self, intent: Intent) -> int:
        """Apply a change; return how many of its rows were still to be done."""
        left = left_of(outcome_of(intent, self._there))
        for row in left:
            if intent.action == "put":
                self._put(row)
            else:
                self._drop(row.backend_id)
        return len(left)

    def requests(self) -> list[Put | Drop]:
        """Return what leads there. A row that was deleted and written again goes first, and comes back at the end."""
        drops = [Drop(tuple(self._drops))] if self._drops else []
        return [*drops, *([Put(Sealed(tuple(self._puts.values()), ()))] if self._puts else [])]

    def _put(self, row: SealedRow) -> None:
        before = self._puts.get(row.backend_id)
        if before is not None:
            vector = before.vector if row.vector is None else row.vector
            gone = tuple(dict.fromkeys(each for each in (*before.gone, *row.gone) if each not in row.fields))
            row = replace(row, vector=vector, gone=gone)
        self._there[row.backend_id] = Row(row.backend_id, row.fields, row.text)
        self._puts[row.backend_id] = row

    def _drop(self, backend_id: str) -> None:
        del self._there[backend_id]
        self._puts.pop(backend_id, None)
        if backend_id in self._known:
            self._drops[backend_id] = None


def _tags(rows: Sequence[Row]) -> dict[str, str]:
    return {row.backend_id: tag_of(row.fields) for row in rows}
