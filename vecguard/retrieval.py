"""Retrieval: rows are listed or ranked, and each is authenticated and re-evaluated before anything is made of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from vecguard.arrays import Floats
from vecguard.cleaning import Cleaning
from vecguard.fields import clear_test, reader
from vecguard.filters import Compare, Ids, Predicate, all_of, holds, pushable, relax
from vecguard.flow import Flow
from vecguard.policy import Policy
from vecguard.ports import Find, Found, Protector
from vecguard.ranking.best import Hit, Ranked, shown
from vecguard.ranking.exact import best, scores, unmasked
from vecguard.ranking.guard import OwnerRanking
from vecguard.ranking.store import StoreRanking
from vecguard.records import Ask, Opened, Row, Scoped, made_by
from vecguard.sealing import EXPIRES_FIELD
from vecguard.shelf import View


class Retrieval:
    """The part of the read path between who may see what and what is handed out."""

    def __init__(
        self,
        policy: Policy,
        cleaning: Cleaning,
        protector: Protector,
        owners: OwnerRanking,
        clock: Callable[[], float],
    ) -> None:
        self.owners = owners
        self._policy = policy
        self._cleaning = cleaning
        self._protector = protector
        self._store = StoreRanking(policy.vectors, protector)
        self._clock = clock

    def scope(self, ask: Ask, view: View, queries: Floats | None) -> Scoped:
        """Confine a read: the owner scope and what the store can evaluate of the filter, under AND."""
        ask = made_by(Ask, ask)
        asked = self._cleaning.where(ask.where, view.space)
        ids = None if ask.ids is None else Ids(frozenset(view.space.backend_id(each) for each in ask.ids))
        whole = all_of(ids, asked)
        clear = clear_test(self._policy.metadata, view.shelf.traits)
        owners = view.scope.predicate(view.space.collection_keys)
        native = all_of(owners, self._unexpired(), relax(whole, clear))
        return Scoped(
            native, whole, pushable(whole, clear), ask.limit, ask.offset, ask.threshold, queries, ask.diversity
        )

    def _unexpired(self) -> Predicate | None:
        """Spare the store a second condition where no row of this policy expires; the guard looks at each anyway."""
        return None if self._policy.retention.days is None else self._alive()

    def _alive(self) -> Predicate:
        return Compare((EXPIRES_FIELD,), "gt", self._clock())

    def listed(self, scoped: Scoped, view: View) -> Flow[list[Opened]]:
        """List rows in the store's order."""
        scoped = made_by(Scoped, scoped)
        limit, offset = (scoped.limit, scoped.offset) if scoped.exact else (None, 0)
        found: Found = yield Find(scoped.native, limit=limit, offset=offset)
        opened = self._authentic(found.rows, scoped, view)
        kept = [each for each in opened if each is not None]
        if scoped.exact:
            return kept
        end = None if scoped.limit is None else scoped.offset + scoped.limit
        return kept[scoped.offset : end]

    def count(self, scoped: Scoped, view: View) -> Flow[int]:
        """Count rows: the store counts where it can evaluate the filter."""
        scoped = made_by(Scoped, scoped)
        if scoped.exact:
            # always without the expired: a row keeps the expiry of the policy that it was written under
            found: Found = yield Find(all_of(scoped.native, self._alive()), counting=True)
            return found.count
        listed = yield from self.listed(scoped, view)
        return len(listed)

    def rank(self, scoped: Scoped, view: View) -> Flow[list[list[Ranked]]]:
        """Rank rows for every query, exactly."""
        scoped = made_by(Scoped, scoped)
        queries = scoped.vectors
        assert queries is not None  # noqa: S101 - the caller looked
        if self._policy.vectors.ranking == "guard":
            return (yield from self.owners.rank(scoped, view))
        groups = yield from self._candidates(scoped, queries, view)
        rows = list({row.backend_id: row for group in groups for row in group}.values())
        opened = self._authentic(rows, scoped, view)
        alive = [(row, each) for row, each in zip(rows, opened, strict=True) if each is not None]
        exact, genuine = unmasked([row for row, _ in alive], [each for _, each in alive], view, self._protector)
        column = {row.backend_id: i for i, (row, _) in enumerate(alive) if genuine[i]}
        metric = view.shelf.traits.metric
        ranked: list[list[Ranked]] = []
        for query, group in enumerate(groups):
            columns = [column[row.backend_id] for row in group if row.backend_id in column]
            line = scores(queries[query : query + 1], exact[columns], metric)[0] if columns else np.empty(0)
            order = best(line, metric, scoped.threshold)[: scoped.wanted]
            hits = [Hit(float(line[at]), alive[columns[at]][1], exact[columns[at]]) for at in order]
            ranked.append(shown(hits, queries[query], metric, scoped))
        return ranked

    def _candidates(self, scoped: Scoped, queries: Floats, view: View) -> Flow[list[Sequence[Row]]]:
        """Return the rows that may be among the best: those that the store preselects.

        Where it cannot evaluate the filter, which only the guard can for sealed fields, all that it cannot rule out.
        """
        if scoped.exact:
            return (yield from self._store.candidates(scoped, queries, view))
        found: Found = yield Find(scoped.native, vectors=True)
        return [found.rows] * len(queries)

    def _authentic(self, rows: Sequence[Row], scoped: Scoped, view: View) -> list[Opened | None]:
        """Open rows and evaluate the whole filter on what is authenticated; None where a row does not exist."""
        opened = view.shelf.sealer.open(rows, view.spaces, self._clock())
        return [
            each if each is not None and holds(scoped.whole, each.backend_id, reader(each.record)) else None
            for each in opened
        ]


def wall_clock() -> float:
    """Return seconds since the epoch."""
    return time.time()
