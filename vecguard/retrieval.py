"""Retrieval: rows are listed or ranked, and each is authenticated and re-evaluated before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vecguard.arrays import Floats
from vecguard.cleaning import Cleaning
from vecguard.fields import clear_test
from vecguard.filters import Compare, Ids, Predicate, all_of, pushable, relax
from vecguard.flow import Flow
from vecguard.policy import Policy
from vecguard.ports import Find, Found, Protector
from vecguard.ranking.best import Best, Ranked
from vecguard.ranking.exact import Unmasking
from vecguard.ranking.guard import OwnerRanking
from vecguard.ranking.rows import OwnerRows, satisfies
from vecguard.ranking.store import StoreRanking
from vecguard.records import Ask, Opened, Row, Scoped, made_by
from vecguard.rules import within_terms
from vecguard.sealing import EXPIRES_FIELD
from vecguard.shelf import View


class Retrieval:
    """The part of the read path between who may see what and what is handed out."""

    def __init__(
        self,
        policy: Policy,
        cleaning: Cleaning,
        protector: Protector,
        unmasked: Unmasking,
        owners: OwnerRanking,
        may_expire: Callable[[View], bool],
        clock: Callable[[], float],
    ) -> None:
        self.owners = owners
        self._policy = policy
        self._cleaning = cleaning
        self._unmasked = unmasked
        self._store = StoreRanking(policy.vectors, protector)
        self._may_expire = may_expire
        self._clock = clock

    def scope(self, ask: Ask, view: View, queries: Floats | None) -> Scoped:
        """Confine a read: the owner scope and what the store can evaluate of the filter, under AND."""
        ask = made_by(Ask, ask)
        asked = self._cleaning.where(ask.where, view.space)
        ids = None if ask.ids is None else Ids(frozenset(each for given in ask.ids for each in view.named(given)))
        whole = all_of(ids, asked)
        clear = self._clear_test(view)
        owners = view.scope.predicate(view.space.collection_keys)
        native = all_of(owners, self._unexpired(view), relax(whole, clear))
        exact = pushable(whole, clear) and not any(each.terms.max_results is not None for each in view.sights.values())
        return Scoped(native, whole, exact, ask.limit, ask.offset, ask.threshold, queries, ask.diversity)

    def _clear_test(self, view: View) -> Callable[[Compare], bool]:
        """Return the test of what the store may evaluate: what it holds in clear, and every owner in scope shows."""
        held = clear_test(self._policy.metadata, view.shelf.traits)
        return lambda ask: held(ask) and all(sight.shows(ask) for sight in view.sights.values())

    def _unexpired(self, view: View) -> Predicate | None:
        """Spare the store a second condition where no row of this state expires; the guard looks at each anyway."""
        return self._alive() if self._may_expire(view) else None

    def _alive(self) -> Predicate:
        return Compare((EXPIRES_FIELD,), "gt", self._clock())

    def listed(self, scoped: Scoped, view: View) -> Flow[list[Opened]]:
        """List rows in the store's order."""
        scoped = made_by(Scoped, scoped)
        limit, offset = (scoped.limit, scoped.offset) if scoped.exact else (None, 0)
        found: Found = yield Find(scoped.native, limit=limit, offset=offset)
        opened = self._authentic(found.rows, scoped, view)
        kept = within_terms([each for each in opened if each is not None], view.sights)
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
        seen, genuine = self._unmasked([row for row, _ in alive], [each for _, each in alive], view)
        parts = [
            (OwnerRows.of([alive[at][1] for at in mine], seen[mine]), view.sights.get(tag))
            for tag in view.spaces
            if (mine := [at for at, (_, each) in enumerate(alive) if genuine[at] and each.owner_tag == tag])
        ]
        metric = view.shelf.traits.metric
        ranked: list[list[Ranked]] = []
        for query, group in zip(queries, groups, strict=True):
            best, chosen = (
                Best(query[None, :], metric, scoped.wanted, scoped.threshold),
                {row.backend_id for row in group},
            )
            for part, sight in parts:
                best.add(part, np.array([each.backend_id in chosen for each in part.opened]), sight)
            ranked += best.ranked(scoped)
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
            each if each is not None and satisfies(each, scoped.whole, view.sights.get(each.owner_tag)) else None
            for each in opened
        ]
