"""Ranking in the guard: an owner's rows are read and unmasked once, kept, and ranked here. The store sees no query.

What is kept is used for as long as the owner's epoch in the state stands where it stood when the rows were read
(`vecguard.state.epochs`), so a write by any process is seen by the next call of every other. Who may see which owner,
expiry and the caller's filter are looked at anew each time, and the store is asked whether the winners are still there:
a row that somebody took from the store by other means is not handed out of memory.

An owner whose rows do not fit is read in pages for each search, which costs time and not memory.

Either way all of them are read, and have to be the rows that were acknowledged last, neither more nor less: their tally
is compared with the state's (`vecguard.state.acknowledged`). If they are not, those that authenticate are served,
unless the policy says otherwise, and are not kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from vecguard.errors import OwnerTooLargeWarning, RowsAmissWarning, Tampered
from vecguard.filters import Compare, Predicate
from vecguard.flow import Flow
from vecguard.policy import Policy
from vecguard.ports import Fetch, Find, Found
from vecguard.principal import Acting
from vecguard.ranking.best import Best, Ranked
from vecguard.ranking.cache import Key, OwnerCache
from vecguard.ranking.exact import Unmasking
from vecguard.ranking.rows import OwnerRows
from vecguard.ranking.whole import Reading
from vecguard.records import Row, Scoped
from vecguard.rules import OWNER_FIELD, Sight
from vecguard.sealing import WHENEVER
from vecguard.settling import Done
from vecguard.shelf import View
from vecguard.space import Space
from vecguard.state.acknowledged import Acknowledged
from vecguard.state.intents import Intent

_PAGE = 5_000  # rows that are read at once of an owner that does not fit
_ROW = 2_000  # bytes that a row takes beside its vector, for how many can fit; what it does take is counted later
_MIB = 1 << 20
_AMISS = (
    "an owner's rows in the store are not those that were acknowledged last: some are missing, older, or came back "
    "after they were deleted"
)
_LOOKS = 5  # at rows that change while they are read and do not add up

Alarm: TypeAlias = Callable[[Acting, str, int, int], None]
"""Is told who met rows that are amiss, of which owner (a digest), how many they were to be and how many they are."""


class OwnerRanking:
    """Ranks owners' rows, and keeps them for the next call."""

    def __init__(
        self,
        policy: Policy,
        unmasked: Unmasking,
        acknowledged: Acknowledged,
        alarm: Alarm,
        clock: Callable[[], float],
    ) -> None:
        self.cache = OwnerCache(policy.vectors.cache_mb * _MIB)
        self._raises = policy.tampered == "raise"
        self._unmasked = unmasked
        self._acknowledged = acknowledged
        self._alarm = alarm
        self._clock = clock
        self._too_large: set[Key] = set()
        self._told: dict[tuple[str, str], int] = {}

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

    def written(self, done: Done, view: View) -> None:
        """Bring what is kept of the acting owner up to a write or delete that this process has just carried out."""
        key = (view.uid, view.space.owner_tag, False)
        intent, kept = done.intent, self.cache.get(key)
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
        """Read an owner's rows into `best`, and keep them if they are whole and nobody wrote meanwhile."""
        tag = space.owner_tag
        key, sight = (view.uid, tag, tag in view.sights), view.sights.get(tag)
        if key in self._too_large:
            if (yield from self._stream(self._reading(space, view), space, view, where, best, 0)) <= self.cache.limit:
                self._too_large.discard(key)  # it has shrunk, and is kept from the next search on
            return
        room = max(_PAGE, self.cache.limit // (4 * (view.shelf.dimension or 0) + _ROW))
        looks = 0
        while True:
            reading, looks = self._reading(space, view), looks + 1
            found: Found = yield Find(Compare((OWNER_FIELD,), "eq", tag), limit=room, vectors=True)
            rows = self._opened(found.rows, tag, view, reading)
            full = len(found.rows) == room
            if reading.whole or full or looks == _LOOKS or self._stands(reading, space, view):
                break
        self._add(rows, sight, where, best)
        if full or rows.nbytes > self.cache.limit:
            self._warn(key)
            yield from self._stream(reading, space, view, where, best, room)
        elif (
            self._checked(reading, space, view) and not reading.expected.writing and self._stands(reading, space, view)
        ):
            self.cache.put(key, rows, reading.expected.epoch)

    def _stream(
        self, reading: Reading, space: Space, view: View, where: Predicate, best: Best, start: int
    ) -> Flow[int]:
        """Read page by page; return how many bytes came. A row deleted meanwhile can hide one from this call."""
        tag = space.owner_tag
        found, size = Found((), _PAGE), 0
        while found.count == _PAGE:
            found = yield Find(Compare((OWNER_FIELD,), "eq", tag), limit=_PAGE, offset=start, vectors=True)
            rows = self._opened(found.rows, tag, view, reading)
            self._add(rows, view.sights.get(tag), where, best)
            start, size = start + _PAGE, size + rows.nbytes
        self._checked(reading, space, view)
        return size

    def _opened(self, rows: Sequence[Row], tag: str, view: View, reading: Reading) -> OwnerRows:
        """Authenticate and unmask rows of the one owner they were asked of; no other's exist, whatever the store sent.

        They are kept as that owner's, and another's might be kept for longer than it lets them be read.
        """
        opened = view.shelf.sealer.open(rows, {tag: view.spaces[tag]}, WHENEVER)
        there = [(row, each) for row, each in zip(rows, opened, strict=True) if each is not None]
        exact, genuine = self._unmasked([row for row, _ in there], [each for _, each in there], view)
        reading.add([each for (_, each), good in zip(there, genuine, strict=True) if good])
        alive = genuine & (np.array([each.expires for _, each in there], dtype=np.float64) > self._clock())
        return OwnerRows.of([each for (_, each), good in zip(there, alive, strict=True) if good], exact[alive])

    # ------------------------------------------------------------------------------ whether they are all of them

    def examined(self, view: View) -> Flow[Reading | None]:
        """Read all rows of the space that is written, page by page, to see whether they are whole; nothing is kept.

        None if somebody changed them meanwhile.
        """
        reading, tag = self._reading(view.space, view), view.space.owner_tag
        found, start = Found((), _PAGE), 0
        while found.count == _PAGE:
            found = yield Find(Compare((OWNER_FIELD,), "eq", tag), limit=_PAGE, offset=start, vectors=True)
            self._opened(found.rows, tag, view, reading)
            start += _PAGE
        return reading if self._stands(reading, view.space, view) else None

    def _reading(self, space: Space, view: View) -> Reading:
        return Reading(self._acknowledged.expected(view.uid, space.owner_digest), self._acknowledged)

    def _stands(self, reading: Reading, space: Space, view: View) -> bool:
        """Whether nobody began or settled a change since the reading began."""
        return self._acknowledged.epoch(view.uid, space.owner_digest) == reading.expected.epoch

    def _checked(self, reading: Reading, space: Space, view: View) -> bool:
        """Whether rows are whole. If not, and nobody changed them while they were read, that is told or raised."""
        if reading.whole:
            return True
        if self._stands(reading, space, view):
            self._tell(reading, space, view)
            if self._raises:
                raise Tampered(_AMISS)
        return False

    def _tell(self, reading: Reading, space: Space, view: View) -> None:
        whose, expected = (view.uid, space.owner_digest), reading.expected
        if self._told.get(whose) == expected.epoch or expected.tally is None:
            return
        self._told[whose] = expected.epoch
        self._alarm(view.acting, space.owner_digest, expected.tally.rows, reading.tally.rows)
        if not self._raises:
            warnings.warn(
                f"{_AMISS}. What authenticates of them is served; vecguard.hazmat.accept_rows ends this warning",
                RowsAmissWarning,
                stacklevel=2,
            )

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
