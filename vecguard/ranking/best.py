"""The best rows for each query, exactly, over any number of parts.

A product in float32 over all rows only says which of them can be among the best: those within its error bound of the
k-th. They alone are scored in float64. The result is that of scoring everything in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.protect.blur import stretched
from vecguard.ranking.diversity import diverse
from vecguard.ranking.exact import scores
from vecguard.ranking.rows import OwnerRows
from vecguard.records import Metric, Opened, Scoped
from vecguard.rules import Sight, within_terms
from vecguard.watch.scores import shaped, shown, step

_QUERIES_AT_ONCE = 64  # bounds the table of products: 64 x n


@dataclass(frozen=True, slots=True)
class Ranked:
    """An authenticated row and its score, None in a listing."""

    opened: Opened
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that may be handed out, with the vector that it was ranked by, which is not.

    `score` is what it is ordered by: shaped, and from a blurred vector, where `sight` says that it is another owner's.
    """

    score: float
    opened: Opened
    vector: Floats = field(repr=False)
    sight: Sight | None = None

    @property
    def scored(self) -> bool:
        """Whether its score shows."""
        return self.sight is None or shown(self.sight.scores)

    @property
    def owner_tag(self) -> str:
        """The tag of the owner."""
        return self.opened.owner_tag

    @property
    def tie(self) -> str:
        """What orders equal scores: nothing but the order of coming for own rows, and for others a name by chance."""
        return "" if self.sight is None else self.opened.backend_id


def asked_for(hits: Sequence[Hit], metric: Metric, scoped: Scoped) -> list[Ranked]:
    """Return the hits (best first) that an ask is for: behind its offset, and as different as it wants them."""
    end = None if scoped.limit is None else scoped.offset + scoped.limit
    if scoped.diversity is not None and hits:
        vectors, relevance = np.stack([hit.vector for hit in hits]), np.array([hit.score for hit in hits])
        weight, wanted = scoped.diversity.weight, len(hits) if end is None else end
        hits = [hits[at] for at in diverse(relevance, vectors, metric, wanted, weight)]
    cut = hits[scoped.offset : end]
    return [Ranked(hit.opened, hit.score if hit.scored else None) for hit in sorted(cut, key=_unordered)]


def _unordered(hit: Hit) -> tuple[bool, str]:
    """Put rows whose order must say nothing behind the others, by a name that chance gave them."""
    hidden = hit.sight is not None and hit.sight.scores == "hidden"
    return hidden, hit.tie if hidden else ""


class Best:
    """Collects the `wanted` best rows (all for None) of each of the queries (m, d) that pass the threshold."""

    def __init__(self, queries: Floats, metric: Metric, wanted: int | None, threshold: float | None) -> None:
        self._queries = queries
        self._metric: Metric = metric
        self._wanted = wanted
        self._threshold = threshold
        self._found: list[list[Hit]] = [[] for _ in queries]

    def add(self, rows: OwnerRows, allowed: NDArray[np.bool_], sight: Sight | None = None) -> None:
        """Rank the allowed rows of one owner among those that came before.

        With a `sight` they are another owner's: `rows.exact` is blurred, and scores are shaped before anything else.
        """
        if self._wanted == 0 or not allowed.any():
            return
        for start in range(0, len(self._queries), _QUERIES_AT_ONCE):
            queries = self._queries[start : start + _QUERIES_AT_ONCE]
            for at, possible in enumerate(self._possible(queries, rows, allowed, sight), start=start):
                found = zip(self._scores(at, rows, possible, sight), possible, strict=True)
                # copied: a view of one row would keep all vectors of its part in memory
                self._merge(
                    at, [Hit(float(score), rows.opened[row], rows.exact[row].copy(), sight) for score, row in found]
                )

    def _scores(self, at: int, rows: OwnerRows, possible: NDArray[np.intp], sight: Sight | None) -> Doubles:
        """Return the scores of rows for one query as they are ordered by: exact, or stretched and shaped."""
        query = self._queries[at : at + 1]
        line = scores(query, rows.exact[possible], self._metric)
        if sight is not None:
            line = stretched(line, self._metric, sight.stretch, norms(query), rows.lengths[possible])
            line = shaped(line, sight.scores)
        found: Doubles = line[0]
        return found

    def ranked(self, scoped: Scoped) -> list[list[Ranked]]:
        """Return for each query the hits that are asked for."""
        return [asked_for(hits, self._metric, scoped) for hits in self._found]

    def _possible(
        self, queries: Floats, rows: OwnerRows, allowed: NDArray[np.bool_], sight: Sight | None
    ) -> Sequence[NDArray[np.intp]]:
        """Return for each query the rows, in order, among which the best are."""
        every = np.flatnonzero(allowed)
        if self._wanted is None or len(every) <= self._wanted:
            return [every] * len(queries)
        stretch, width = (1.0, 0.0) if sight is None else (sight.stretch, step(sight.scores))
        keys, slack = _keys(queries, rows, self._metric, stretch, width)
        keys[:, ~allowed] = -np.inf
        least = np.partition(keys, -self._wanted, axis=1)[:, -self._wanted]
        return [
            np.flatnonzero(line >= lowest - margin) for line, lowest, margin in zip(keys, least, slack, strict=True)
        ]

    def _merge(self, at: int, hits: list[Hit]) -> None:
        sign = 1.0 if self._metric == "l2" else -1.0
        if (least := self._threshold) is not None:  # a score that does not show must not show by passing either
            hits = [hit for hit in hits if hit.scored and sign * hit.score <= sign * least]
        merged = sorted(self._found[at] + hits, key=lambda hit: (sign * hit.score, hit.tie))
        sights = {hit.owner_tag: hit.sight for hit in merged if hit.sight is not None}
        self._found[at] = within_terms(merged, sights)[: self._wanted]


def _keys(queries: Floats, rows: OwnerRows, metric: Metric, stretch: float, width: float) -> tuple[Doubles, Doubles]:
    """Return keys (m, n) that order rows as their scores do, higher first, and how far apart (m,) equal ones can be.

    That is twice the error bound of a float32 product of vectors of d coordinates, at most d 2^-24 times their lengths
    (Higham 2002, 3.1), and the width within which scores are rounded to one.
    """
    products = (queries @ rows.exact.T).astype(np.float64)
    lengths = norms(queries)
    error = 2.0 * queries.shape[1] * 2.0**-24 * lengths
    longest = float(rows.lengths.max())
    match metric:
        case "cosine":
            keys = products / rows.lengths
            if stretch > 1.0:  # cosines end at 1 and -1
                keys = np.clip(keys, -lengths[:, None] / stretch, lengths[:, None] / stretch)
            return keys, error + width / stretch * lengths
        case "dot":
            return products, error * longest + width / stretch
        case "l2":
            keys = 2.0 * stretch * products - rows.lengths**2
            if stretch > 1.0:  # distances below 0 are 0
                keys = np.minimum(keys, lengths[:, None] ** 2)
            return keys, 2.0 * stretch * error * longest + width
        case _:
            assert_never(metric)
