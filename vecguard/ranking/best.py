"""The best rows for each query, exactly, over any number of parts.

A product in float32 over all rows only says which of them can be among the best: those within its error bound of the
k-th. They alone are scored in float64. The result is that of scoring everything in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.ranking.exact import scores
from vecguard.ranking.rows import OwnerRows
from vecguard.records import Metric, Opened

_QUERIES_AT_ONCE = 64  # bounds the table of products: 64 x n


@dataclass(frozen=True, slots=True)
class Ranked:
    """An authenticated row and its score, None in a listing."""

    opened: Opened
    score: float | None = None


class Best:
    """Collects the `wanted` best rows (all for None) of each of the queries (m, d) that pass the threshold."""

    def __init__(self, queries: Floats, metric: Metric, wanted: int | None, threshold: float | None) -> None:
        self._queries = queries
        self._metric: Metric = metric
        self._wanted = wanted
        self._threshold = threshold
        self._found: list[list[tuple[float, Opened]]] = [[] for _ in queries]

    def add(self, rows: OwnerRows, allowed: NDArray[np.bool_]) -> None:
        """Rank the allowed rows of a part among those that came before; equal scores keep the order of coming."""
        if self._wanted == 0 or not allowed.any():
            return
        for start in range(0, len(self._queries), _QUERIES_AT_ONCE):
            queries = self._queries[start : start + _QUERIES_AT_ONCE]
            for at, possible in enumerate(self._possible(queries, rows, allowed), start=start):
                line = scores(self._queries[at : at + 1], rows.exact[possible], self._metric)[0]
                self._merge(at, [(float(line[i]), rows.opened[row]) for i, row in enumerate(possible)])

    def ranked(self, offset: int, limit: int | None) -> list[list[Ranked]]:
        """Return for each query the hits behind `offset`, best first, `limit` at most."""
        return [[Ranked(opened, score) for score, opened in found[offset:][:limit]] for found in self._found]

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

    def _merge(self, at: int, hits: list[tuple[float, Opened]]) -> None:
        near = self._metric == "l2"
        if self._threshold is not None:
            hits = [hit for hit in hits if (hit[0] <= self._threshold if near else hit[0] >= self._threshold)]
        merged = sorted(self._found[at] + hits, key=lambda hit: hit[0] if near else -hit[0])
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
