"""How recovered vectors are judged: whether the right text comes first, and how near the vector is to its own."""

from __future__ import annotations

import numpy as np

from vecguard.arrays import Doubles, Floats, norms
from vecguard.redteam.attack import Hidden, Score


def unit(rows: Floats | Doubles) -> Floats:
    """Return the rows of (n, d) at length 1 in float32; a row of zeros stays one."""
    scaled: Floats = (rows / np.maximum(norms(rows), 1e-30)[:, None]).astype(np.float32)
    return scaled


def recovery(recovered: Floats, hidden: Hidden) -> tuple[Score, ...]:
    """Judge recovered vectors (n, d): id@1 and id@10 among all candidates, and the mean cosine to the exact ones.

    The floor of id@k is chance. That of the cosine is what the mean of all exact vectors has: whoever knows the domain
    and nothing else scores that much.
    """
    exact = unit(hidden.exact)
    candidates = exact if hidden.decoys is None else np.vstack([exact, unit(hidden.decoys)])
    guessed = unit(recovered)
    better = _better(guessed @ candidates.T)
    mean = unit(exact.mean(axis=0, keepdims=True))
    total = len(candidates)
    return (
        Score("id@1", float(np.mean(better < 1)), 1 / total),
        Score("id@10", float(np.mean(better < 10)), min(1.0, 10 / total)),
        Score("cosine", float(np.mean(np.sum(guessed * exact, axis=1))), float(np.mean(exact @ mean[0]))),
    )


def _better(scores: Floats) -> Doubles:
    """Count per row the candidates ahead of the right one, (n,). Ties count half: a row of zeros identifies nobody."""
    right = np.diagonal(scores)[:, None]
    ahead = np.sum(scores > right, axis=1) + (np.sum(scores == right, axis=1) - 1) / 2
    counted: Doubles = ahead.astype(np.float64)
    return counted
