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
from vecguard.ranking.diversity import diverse
from vecguard.ranking.exact import scores
from vecguard.ranking.rows import OwnerRows
from vecguard.records import Metric, Opened, Scoped

_QUERIES_AT_ONCE = 64  # bounds the table of products: 64 x n


@dataclass(frozen=True, slots=True)
class Ranked:
    """An authenticated row and its score, None in a listing."""

    opened: Opened
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that may be handed out, with its exact vector, which is not."""

    score: float
    opened: Opened
    vector: Floats = field(repr=False)


def shown(hits: Sequence[Hit], query: Floats, metric: Metric, scoped: Scoped) -> list[Ranked]:
    """Return the hits (best first) that an ask is for: behind its offset, and as different as it wants them."""
    end = None if scoped.limit is None else scoped.offset + scoped.limit
    if scoped.diversity is not None and hits:
        vectors = np.stack([hit.vector for hit in hits])
        weight, wanted = scoped.diversity.weight, len(hits) if end is None else end
        hits = [hits[at] for at in diverse(query, vectors, metric, wanted, weight)]
    return [Ranked(hit.opened, hit.score) for hit in hits[scoped.offset : end]]


class Best:
    """Collects the `wanted` best rows (all for None) of each of the queries (m, d) that pass the threshold."""

    def __init__(self, queries: Floats, metric: Metric, wanted: int | None, threshold: float | None) -> None:
        self._queries = queries
        self._metric: Metric = metric
        self._wanted = wanted
        self._threshold = threshold
        self._found: list[list[Hit]] = [[] for _ in queries]

    def add(self, rows: OwnerRows, allowed: NDArray[np.bool_]) -> None:
        """Rank the allowed rows of a part among those that came before; equal scores keep the order of coming."""
        if self._wanted == 0 or not allowed.any():
            return
        for start in range(0, len(self._queries), _QUERIES_AT_ONCE):
            queries = self._queries[start : start + _QUERIES_AT_ONCE]
            for at, possible in enumerate(self._possible(queries, rows, allowed), start=start):
                line = scores(self._queries[at : at + 1], rows.exact[possible], self._metric)[0]
                found = zip(line, possible, strict=True)
                # copied: a view of one row would keep all vectors of its part in memory
                self._merge(at, [Hit(float(score), rows.opened[row], rows.exact[row].copy()) for score, row in found])

    def ranked(self, scoped: Scoped) -> list[list[Ranked]]:
        """Return for each query the hits that are asked for."""
        return [
            shown(hits, query, self._metric, scoped) for query, hits in zip(self._queries, self._found, strict=True)
        ]

    def _possible(self, queries: Floats, rows: OwnerRows, allowed: NDArray[np.bool_]) -> Sequence[NDArray[np.intp]]:
        """Return for each query the rows, in order, among which the best are."""
        every = np.flatnonzero(allowed)
        if self._wanted is None or len(every) <= self._wanted:
            return [every] * len(queries)
        keys, slack = _keys(queries, rows, self._metric)
        keys[:, ~allowed] = -np.inf
        least = np.partition(keys, -self._wanted, axis=1)[:, -self._wanted]
        return [
            np.flatnonzero(line >= lowest - margin) for line, lowest, margin in zip(keys, least, slack, strict=True)
        ]

    def _merge(self, at: int, hits: list[Hit]) -> None:
        near = self._metric == "l2"
        if self._threshold is not None:
            hits = [hit for hit in hits if (hit.score <= self._threshold if near else hit.score >= self._threshold)]
        merged = sorted(self._found[at] + hits, key=lambda hit: hit.score if near else -hit.score)
        self._found[at] = merged[: self._wanted]


def _keys(queries: Floats, rows: OwnerRows, metric: Metric) -> tuple[Doubles, Doubles]:
    """Return keys (m, n) that order rows as their scores do, higher first, and twice their error bound (m,).

    A float32 product of vectors of d coordinates is off by at most d 2^-24 times their lengths (Higham 2002, 3.1).
    """
    products = (queries @ rows.exact.T).astype(np.float64)
    error = 2.0 * queries.shape[1] * 2.0**-24 * norms(queries)
    longest = float(rows.lengths.max())
    match metric:
        case "cosine":
            return products / rows.lengths, error
        case "dot":
            return products, error * longest
        case "l2":
            return 2.0 * products - rows.lengths**2, 2.0 * error * longest
        case _:
            assert_never(metric)
