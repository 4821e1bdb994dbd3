"""Rows that others share, as arrays: what a guard answers to a reader, at tens of thousands of queries a second.

    own rows        scored exactly, always
    shared rows     scored from the blurred view, stretched by sqrt(1 + b^2), shaped, and only then compared with
                    thresholds, ordered and cut by k

Ties go to own rows, then by a neutral order under a key. Where the policy shows no score, a shared row passes no
threshold. `hidden` rows are cut by their score and then stand after own rows in the neutral order. Metric: cosine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.keys import Secret
from vecguard.protect.blur import blurred, stretched
from vecguard.redteam.scores.oracle import NOBODY, Answers, Ids, Limits, Thresholds
from vecguard.redteam.scores.readings import unit
from vecguard.watch.scores import ScorePolicy, shaped, shown

_CELLS = 1_000_000  # scores held at a time


@dataclass(frozen=True, slots=True)
class Visit:
    """Which of a reader's accounts asks, on which day, both counted from 0."""

    account: int = 0
    day: int = 0


View: TypeAlias = Callable[[Visit], Floats]
"""What a visitor is shown of the shared rows (n, d): scores are computed from that."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a reader may take: per account and day `records` distinct shared rows, and `queries` (None: any number)."""

    accounts: int = 1
    days: int = 1
    records: int | None = 1_000
    queries: int | None = None


def blurred_for_good(exact: Floats, *, noise: float, key: Secret) -> View:
    """Return the guard's view of rows (n, d): one blurred copy for every account and every day."""
    seen = blurred(exact, content_digests(exact), key, noise=noise)
    return lambda _: seen


def content_digests(rows: Floats) -> Sequence[bytes]:
    """Return a digest per row (n, d): of its bytes, as for vectors that came without a text."""
    return [hashlib.sha256(row.tobytes()).digest()[:16] for row in np.ascontiguousarray(rows)]


class SharedRows:
    """An `Oracle` over n shared rows, numbers 0 to n - 1, under a policy and a budget.

    `noise` is the b of the view, for which scores are stretched.
    An account that has used up its day is followed by the next one, the last account by the next day; after the last
    day nothing is answered any more.
    """

    def __init__(
        self, view: View, *, noise: float, policy: ScorePolicy, key: Secret, budget: Budget | None = None
    ) -> None:
        self._view = view
        self._stretch = sqrt(1 + noise**2)
        self._policy: ScorePolicy = policy
        self._budget = budget if budget is not None else Budget()
        rows = len(view(Visit()))
        marks = [key.mac("neutral order", row) for row in range(rows)]
        self._neutral = np.array(sorted(range(rows), key=marks.__getitem__), dtype=np.intp)
        self._own: Doubles = np.empty((0, view(Visit()).shape[1]))
        self._own_ids: Ids = np.empty(0, dtype=np.intp)
        self._next_id = rows
        self._visits = 0
        self.asked = 0
        self._begin()

    def __repr__(self) -> str:
        return f"<SharedRows {len(self._neutral)} under {self._policy!r}>"

    def write(self, vectors: Floats) -> Ids:
        """Write own rows (o, d) and return their numbers."""
        ids = np.arange(self._next_id, self._next_id + len(vectors), dtype=np.intp)
        self._next_id += len(vectors)
        self._own = np.vstack([self._own, unit(vectors)])
        self._own_ids = np.concatenate([self._own_ids, ids])
        return ids

    def erase(self, rows: Ids) -> None:
        """Take own rows away. When none is left their numbers are used again."""
        kept = ~np.isin(self._own_ids, rows)
        self._own, self._own_ids = self._own[kept], self._own_ids[kept]
        if not len(self._own_ids):
            self._next_id = len(self._neutral)

    def ask(self, queries: Floats, *, limit: Limits = None, threshold: Thresholds = None) -> Answers:
        """Answer queries (m, d), or the first of them if the budget allows no more."""
        count, rows = len(queries), len(self._neutral) + len(self._own)
        limits = np.minimum(np.broadcast_to(np.asarray(rows if limit is None else limit), count), rows)
        thresholds = np.broadcast_to(np.asarray(-np.inf if threshold is None else threshold, dtype=np.float64), count)
        width = int(limits.max(initial=0))
        answers = Answers(np.full((count, width), NOBODY, dtype=np.intp), np.full((count, width), np.nan))
        done, step = 0, max(1, _CELLS // max(1, rows))
        while done < count and not self._over:
            some = slice(done, done + step)
            part = self._answered(unit(queries[some]), limits[some], thresholds[some], width)
            allowed = self._charged(part)
            answers.ids[done : done + allowed] = part.ids[:allowed]
            answers.scores[done : done + allowed] = part.scores[:allowed]
            done += allowed
            if allowed < len(part):
                self._move_on()
        self.asked += done
        return answers.first(done)

    def _answered(self, asked: Doubles, limits: Ids, thresholds: Doubles, width: int) -> Answers:
        own = len(self._own)
        one = np.ones(1)  # all vectors have that length
        blurry = stretched(asked @ self._seen.T, "cosine", self._stretch, one, one)
        scores = np.hstack([asked @ self._own.T, shaped(blurry, self._policy)])
        passing = scores >= thresholds[:, None]
        if not shown(self._policy):
            passing[:, own:] &= np.isneginf(thresholds)[:, None]
        ranked = np.argsort(np.where(passing, -scores, np.inf), axis=1, kind="stable")[:, :width]
        kept = np.take_along_axis(passing, ranked, axis=1) & (np.arange(width) < limits[:, None])
        if self._policy == "hidden":
            ranked, kept = _neutrally(ranked, kept, own)
        visible = kept & ((ranked < own) | shown(self._policy))
        ids = np.concatenate([self._own_ids, self._neutral])
        return Answers(
            np.where(kept, ids[ranked], NOBODY),
            np.where(visible, np.take_along_axis(scores, ranked, axis=1), np.nan),
        )

    def _charged(self, answers: Answers) -> int:
        """Charge the account for as many answers as it can afford, and return how many."""
        budget, width = self._budget, max(1, answers.ids.shape[1])
        allowed = len(answers)
        if budget.queries is not None:
            allowed = min(allowed, budget.queries - self._queries)
        shared = np.where(answers.ids < len(self._neutral), answers.ids, NOBODY)
        rows, first = np.unique(shared, return_index=True)
        first = first // width  # the query that shows a row first
        new = (rows != NOBODY) & ~self._records[rows]
        if budget.records is not None:
            room = budget.records - int(self._records.sum())
            appearing = np.sort(first[new])
            allowed = min(allowed, int(appearing[room]) if len(appearing) > room else allowed)
        self._records[rows[new & (first < allowed)]] = True
        self._queries += allowed
        return allowed

    def _move_on(self) -> None:
        if not self._queries:
            raise BadInput("one answer alone is beyond the budget of an account's whole day")
        self._visits += 1
        self._begin()

    def _begin(self) -> None:
        visit = Visit(self._visits % self._budget.accounts, self._visits // self._budget.accounts)
        self._over = visit.day >= self._budget.days
        self._seen = unit(self._view(visit))[self._neutral]
        self._records = np.zeros(len(self._neutral), dtype=np.bool_)
        self._queries = 0


def _neutrally(ranked: Ids, kept: NDArray[np.bool_], own: int) -> tuple[Ids, NDArray[np.bool_]]:
    """Put what is kept in an order that says nothing of shared rows: own rows by score, then columns as they lie."""
    places = np.where(ranked < own, np.arange(ranked.shape[1]) - ranked.shape[1], ranked)
    order = np.argsort(np.where(kept, places, np.iinfo(np.intp).max), axis=1, kind="stable")
    return np.take_along_axis(ranked, order, axis=1), np.take_along_axis(kept, order, axis=1)
