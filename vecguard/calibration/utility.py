"""What a ranking is worth, per query: nDCG@10 where there are judgements, else agreement with the exact ranking.

Vectorised, since calibration judges hundreds of rankings; the nDCG is trec_eval's (linear gain, log2 discount), and a
test holds it against `ir_measures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.calibration.simulate import DEPTH, Ranks, exact_ranks
from vecguard.errors import BadInput
from vecguard.records import Metric

Positions = NDArray[np.intp]
Grades = Mapping[int, Mapping[int, float]]
"""Query position -> document position -> grade, relevant when positive. A position that is no document's stands for a
document that the collection lacks: it counts against every ranking alike."""

_GUESSED = 8_192  # rows that the best linear guess is measured on
_DISCOUNT: Doubles = 1.0 / np.log2(np.arange(2, DEPTH + 2))


@dataclass(frozen=True, slots=True)
class Judgements:
    """Relevant (query, document) pairs, sorted: `pairs[i] = query * documents + document`."""

    documents: int
    pairs: NDArray[np.int64] = field(repr=False)
    grades: Doubles = field(repr=False)
    ideal: Doubles = field(repr=False)  # per query, the best DCG@10 there could be

    @classmethod
    def of(cls, grades: Grades, documents: int, queries: int) -> Judgements:
        """Lay out grades for N documents and m queries."""
        found: dict[int, float] = {}
        ideal = np.zeros(queries)
        for query, of_query in grades.items():
            relevant = {document: float(grade) for document, grade in of_query.items() if grade > 0}
            best = np.sort(np.array(list(relevant.values()), dtype=np.float64))[::-1][:DEPTH]
            ideal[query] = best @ _DISCOUNT[: len(best)]
            found |= {query * documents + at: grade for at, grade in relevant.items() if 0 <= at < documents}
        pairs = np.array(sorted(found), dtype=np.int64)
        return cls(documents, pairs, np.array([found[int(pair)] for pair in pairs]), ideal)

    def ndcg(self, ranked: Ranks, queries: Positions) -> Doubles:
        """nDCG@10 of rankings (m, depth) of the queries at these positions (m,): shape (m,), 0..1."""
        wanted = queries[:, None].astype(np.int64) * self.documents + ranked[:, :DEPTH]
        gains = np.zeros(wanted.shape)
        if len(self.pairs):
            at = np.minimum(np.searchsorted(self.pairs, wanted), len(self.pairs) - 1)
            gains = np.where(self.pairs[at] == wanted, self.grades[at], 0.0)
        reached, ideal = gains @ _DISCOUNT[: wanted.shape[1]], self.ideal[queries]
        return np.divide(reached, ideal, out=np.zeros_like(ideal), where=ideal > 0)


def overlap(ranked: Ranks, exact: Ranks) -> Doubles:
    """Share of the exact top rows (m, depth) that a ranking keeps, order ignored: shape (m,), 0..1."""
    kept: Doubles = (ranked[:, :, None] == exact[:, None, :]).any(axis=1).mean(axis=1, dtype=np.float64)
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is searched, and how a ranking of it is valued. Made by `Task.of`.

    `documents` (N, d) are the rows that one search ranks, as a rule an owner's; `queries` (m, d); both exact, float32.
    Without `judgements` a ranking is worth the share of the exact top 10 that it keeps.
    """

    documents: Floats = field(repr=False)
    queries: Floats = field(repr=False)
    exact: Ranks = field(repr=False)
    judgements: Judgements | None = field(repr=False)
    corpus: str
    embedder: str
    metric: Metric

    @classmethod
    def of(
        cls,
        documents: Floats,
        queries: Floats,
        *,
        grades: Grades | None = None,
        corpus: str = "",
        embedder: str = "",
        metric: Metric = "cosine",
    ) -> Task:
        """Rank everything exactly once, to compare with. `grades` by position; `metric` is the store's.

        Raises `BadInput` when shapes do not fit or there are fewer documents than results.
        """
        if documents.ndim != 2 or queries.ndim != 2 or documents.shape[1] != queries.shape[1]:
            raise BadInput("documents (N, d) and queries (m, d) are needed, of one dimension")
        if len(documents) <= DEPTH or not len(queries):
            raise BadInput(f"more than {DEPTH} documents and at least one query are needed")
        if grades is not None and any(not 0 <= query < len(queries) for query in grades):
            raise BadInput("a judgement names the position of a query that there is not")
        return cls(
            documents=documents,
            queries=queries,
            exact=exact_ranks(documents, queries, metric=metric),
            judgements=None if grades is None else Judgements.of(grades, len(documents), len(queries)),
            corpus=corpus,
            embedder=embedder,
            metric=metric,
        )

    @property
    def measure(self) -> str:
        """What a query's value is: "nDCG@10" or "overlap@10"."""
        return "overlap@10" if self.judgements is None else "nDCG@10"

    def values(self, ranked: Ranks, queries: Positions) -> Doubles:
        """Return what rankings (m, depth) of the queries at these positions are worth: (m,), 0..1."""
        if self.judgements is not None:
            return self.judgements.ndcg(ranked, queries)
        return overlap(ranked[:, :DEPTH], self.exact[queries])

    def unprotected(self, queries: Positions) -> Doubles:
        """Return what exact search is worth for the queries at these positions: (m,), 0..1."""
        return self.values(self.exact[queries], queries)

    @property
    def spread(self) -> float:
        """Standard deviation of a query's exact cosines over the documents, times sqrt(d): see `over_fetch`."""
        sample = self.queries[:: max(1, len(self.queries) // 256)]
        cosines = _unit(sample) @ _unit(self.documents).T
        return float(cosines.std(axis=1).mean() * np.sqrt(self.documents.shape[1]))


def guessed_cosine(documents: Floats, noise: float, *, seed: int = 0) -> float:
    """Mean cosine of the best linear guess at exact vectors (N, d) from rows with noise r whose rotation is known.

    The guesser has texts of the same kind: mean and covariance of one half of the rows, for the other half. It is
    Wiener's filter, m + C (C + r^2 / d I)^-1 (y - m). At r >= 1 it is much nearer than the stored row itself.
    """
    draw = np.random.default_rng(seed)
    rows = _unit(documents[draw.permutation(len(documents))[:_GUESSED]]).astype(np.float64)
    known, hidden = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    mean, variance = known.mean(axis=0), noise**2 / rows.shape[1]
    seen = hidden + np.sqrt(variance) * draw.standard_normal(hidden.shape)
    covariance = np.cov(known, rowvar=False)
    gain = np.linalg.solve(covariance + (variance + 1e-12) * np.eye(len(mean)), covariance)
    guess = mean + (seen - mean) @ gain
    return float(np.mean(np.einsum("ij,ij->i", guess, hidden) / np.linalg.norm(guess, axis=1)))


def _unit(rows: Floats) -> Floats:
    unit: Floats = (rows / norms(rows)[:, None]).astype(np.float32)
    return unit
