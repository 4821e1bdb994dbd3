"""Maximal marginal relevance: hits that are near the query and far from each other.

    next = argmax  (1 - w) score(row) - w max over the chosen of similarity(chosen, row)

(Carbonell & Goldstein 1998, "The use of MMR"). It needs the vectors of the candidates, which no caller gets; so it is
done here, on exact ones. Similarity is the metric's own, the negated squared distance for L2, as Qdrant has it.
"""

from __future__ import annotations

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.ranking.exact import scores
from vecguard.records import Metric


def diverse(scored: Doubles, candidates: Floats, metric: Metric, wanted: int, weight: float) -> list[int]:
    """Return up to `wanted` positions of the candidates (n, d), in the order in which they are chosen.

    `scored` (n,) are their scores for the query, in the metric's own sense. `weight` is w, from 0 (by relevance alone)
    to 1 (by difference alone, after the most relevant one).
    """
    sign = -1.0 if metric == "l2" else 1.0
    relevance = sign * scored
    nearest = np.full(len(candidates), -np.inf)  # similarity to the nearest one chosen
    worth = relevance.copy()
    chosen: list[int] = []
    for _ in range(min(wanted, len(candidates))):
        worth[chosen] = -np.inf
        best = int(np.argmax(worth))
        chosen.append(best)
        nearest = np.maximum(nearest, sign * scores(candidates[best : best + 1], candidates, metric)[0])
        worth = (1.0 - weight) * relevance - weight * nearest
    return chosen
