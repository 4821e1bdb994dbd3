"""Ranking in the guard: an owner's rows are read and unmasked once, kept, and ranked here. The store sees no query.

What is kept is used for as long as the owner's epoch in the state stands where it stood when the rows were read
(`vecguard.state.epochs`), so a write by any process is seen by the next call of every other. Who may see which owner,
expiry and the caller's filter are looked at anew each time, and the store is asked whether the winners are still there:
a row that somebody took from the store by other means is not handed out of memory.

An owner whose rows do not fit is read in pages for each search, which costs time and not memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

from vecguard.errors import OwnerTooLargeWarning
from vecguard.filters import Compare, Predicate
from vecguard.flow import Flow
from vecguard.policy import Policy
from vecguard.ports import Fetch, Find, Found
from vecguard.ranking.best import Best, Ranked
from vecguard.ranking.cache import Key, OwnerCache
from vecguard.ranking.exact import Unmasking
from vecguard.ranking.rows import OwnerRows
from vecguard.records import Row, Scoped
from vecguard.rules import OWNER_FIELD, Sight
from vecguard.settling import Done
from vecguard.shelf import View
from vecguard.space import Space
from vecguard.state.epochs import Epochs
from vecguard.state.intents import Intent

_PAGE = 5_000  # rows that are read at once of an owner that does not fit
_ROW = 2_000  # bytes that a row takes beside its vector, for how many can fit; what it does take is counted later
_MIB = 1 << 20


class OwnerRanking:
    """Ranks owners' rows, and keeps them for the next call."""

    def __init__(self, policy: Policy, unmasked: Unmasking, epochs: Epochs, clock: Callable[[], float]) -> None:
        self.cache = OwnerCache(policy.vectors.cache_mb * _MIB)
        self._unmasked = unmasked
        self._epochs = epochs
        self._clock = clock
        self._too_large: set[Key] = set()

    def rank(self, scoped: Scoped, view: View, *, afresh: bool = False) -> Flow[list[list[Ranked]]]:
        """Rank every row in scope for each query. `afresh` reads from the store whatever is kept."""
        assert scoped.vectors is not None  # noqa: S101 - the caller looked
        best = Best(scoped.vectors, view.shelf.traits.metric, scoped.wanted, scoped.threshold)
        warm = False
        for tag, space in view.spaces.items():
            kept = None if afresh else self._kept(space, view)
            if kept is None:
                yield from self._read(space, view, scoped.whole, best)
            else:
                self._add(kept, view.sights.get(tag), scoped.whole, best)
                warm = True
        ranked = best.ranked(scoped)
        if warm and not (yield from _still_there(ranked)):
            return (yield from self.rank(scoped, view, afresh=True))
        return ranked

    def written(self, intent: Intent, done: Done, view: View) -> None:
        """Bring what is kept of the acting owner up to a write or delete that this process has just carried out."""
        key = (view.uid, view.space.owner_tag, False)
        kept = self.cache.get(key)
        if kept is None:
            return
        if (kept.epoch + 1, intent.epoch + 1) != (intent.epoch, done.epoch):  # others wrote between
            self.cache.drop(key)
        elif intent.action == "drop":
            self.cache.put(key, kept.rows.without(frozenset(intent.rows.ids)), done.epoch)
        elif (rows := self._over(kept.rows, intent, done.seen, view)) is None:
            self.cache.drop(key)
        else:
            self.cache.put(key, rows, done.epoch)

    def _over(self, kept: OwnerRows, intent: Intent, seen: Sequence[Row], view: View) -> OwnerRows | None:
        """Put the rows of a write over those that are kept: as the store shows them, with the vectors sent to it."""
        sent = {row.backend_id: row.vector for row in intent.rows.rows}
        rows = [replace(row, vector=None if (one := sent[row.backend_id]) is None else one.values) for row in seen]
        opened = [each for each in view.shelf.sealer.open(rows, view.spaces, self._clock()) if each is not None]
        staying = frozenset(row.backend_id for row in rows if row.vector is None)
        if len(opened) < len(rows) or not staying <= kept.places().keys():
            return None
        exact, genuine = self._unmasked(rows, opened, view)
        if any(not good and row.vector is not None for good, row in zip(genuine, rows, strict=True)):
            return None
        return kept.with_rows(opened, exact, staying)

    def _kept(self, space: Space, view: View) -> OwnerRows | None:
        """Return what is kept of an owner, as this call sees it, if nobody wrote since it was read."""
        epoch, foreign = view.epochs[space.owner_digest], space.owner_tag in view.sights
        found = self.cache.get((view.uid, space.owner_tag, foreign))
        if found is not None and found.epoch == epoch:
            return found.rows
        own = self.cache.get((view.uid, space.owner_tag, False)) if foreign else None
        if own is None or own.epoch != epoch:
            return None
        digests = [each.vector.digest for each in own.rows.opened]
        seen = own.rows.seen_as(self._unmasked.of_others(own.rows.exact, digests, space))
        self.cache.put((view.uid, space.owner_tag, True), seen, epoch)
        return seen

    def _add(self, rows: OwnerRows, sight: Sight | None, where: Predicate, best: Best) -> None:
        best.add(rows, rows.allowed(where, self._clock(), sight), sight)

    def _read(self, space: Space, view: View, where: Predicate, best: Best) -> Flow[None]:
        """Read an owner's rows into `best`, and keep them if nobody wrote meanwhile."""
        tag = space.owner_tag
        key, sight = (view.uid, tag, tag in view.sights), view.sights.get(tag)
        if key in self._too_large:
            if (yield from self._stream(tag, view, where, best, 0)) <= self.cache.limit:
                self._too_large.discard(key)  # it has shrunk, and is kept from the next search on
            return
        before = self._epochs.moment(view.uid, space.owner_digest)
        room = max(_PAGE, self.cache.limit // (4 * (view.shelf.dimension or 0) + _ROW))
        found: Found = yield Find(Compare((OWNER_FIELD,), "eq", tag), limit=room, vectors=True)
        rows = self._opened(found.rows, tag, view)
        self._add(rows, sight, where, best)
        if len(found.rows) == room or rows.nbytes > self.cache.limit:
            self._warn(key)
            yield from self._stream(tag, view, where, best, room)
        elif not before.writing and self._epochs.moment(view.uid, space.owner_digest) == before:
            self.cache.put(key, rows, before.epoch)

    def _stream(self, tag: str, view: View, where: Predicate, best: Best, start: int) -> Flow[int]:
        """Read page by page; return how many bytes came. A row deleted meanwhile can hide one from this call."""
        found, size = Found((), _PAGE), 0
        while found.count == _PAGE:
            found = yield Find(Compare((OWNER_FIELD,), "eq", tag), limit=_PAGE, offset=start, vectors=True)
            rows = self._opened(found.rows, tag, view)
            self._add(rows, view.sights.get(tag), where, best)
            start, size = start + _PAGE, size + rows.nbytes
        return size

    def _opened(self, rows: Sequence[Row], tag: str, view: View) -> OwnerRows:
        """Authenticate and unmask rows of the one owner they were asked of; no other's exist, whatever the store sent.

        They are kept as that owner's, and another's might be kept for longer than it lets them be read.
        """
        opened = view.shelf.sealer.open(rows, {tag: view.spaces[tag]}, self._clock())
        alive = [(row, each) for row, each in zip(rows, opened, strict=True) if each is not None]
        exact, genuine = self._unmasked([row for row, _ in alive], [each for _, each in alive], view)
        return OwnerRows.of([each for (_, each), good in zip(alive, genuine, strict=True) if good], exact[genuine])

    def _warn(self, key: Key) -> None:
        self._too_large.add(key)
        warnings.warn(
            "an owner's rows do not fit vectors.cache_mb: each of its searches reads all of them from the store. "
            'Raise vectors.cache_mb, or keep owners of this size in a collection with ranking="store"',
            OwnerTooLargeWarning,
            stacklevel=2,
        )


def _still_there(ranked: Sequence[Sequence[Ranked]]) -> Flow[bool]:
    """Whether the store still has the winners: a row that somebody took from it by other means is not handed out.

    Their versions are not compared. What is kept is what was acknowledged last, as the epoch says; a store that shows
    another version has been turned back.
    """
    wanted = frozenset(each.opened.backend_id for group in ranked for each in group)
    rows: Sequence[Row] = (yield Fetch(tuple(wanted), bare=True)) if wanted else ()
    return frozenset(row.backend_id for row in rows) == wanted
