"""Linear maps between two clouds of vectors of which some pairs are known.

Procrustes: the orthogonal R that minimises the weighted sum of |R exact - seen|^2 (Schoenemann 1966), by one SVD. Right
for a rotation, and the strongest there. Ridge: any linear map from seen to exact, with the penalty that predicts each
pair best from the others; right also where a mechanism is linear and not orthogonal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Pairs
from vecguard.redteam.factor import svd
from vecguard.redteam.judging import unit

_LEAST = 1e-3  # variance of a pair without noise: its weight is large and not infinite
_PENALTIES = np.logspace(-6, 2, 17)


def procrustes(pairs: Sequence[Pairs]) -> Floats:
    """Return the matrix (d, d) that turns what was seen back: `seen @ matrix` lies in the exact space.

    Each pair counts by its precision: a stored row at length 1 is exact / s + noise of r / s, s = sqrt(1 + r^2).
    Raises `BadInput` without a pair.
    """
    exact, seen, noises = _stacked(pairs)
    weights = np.sqrt(1 + noises**2) / (noises**2 + _LEAST)
    u, _, vt = svd((seen * weights[:, None]).T @ exact)
    turned: Floats = (u @ vt).astype(np.float32)
    return turned


def ridge(pairs: Sequence[Pairs]) -> Floats:
    """Return the matrix (d, d) such that `seen @ matrix` is the ridge estimate of the exact vectors.

    The penalty is the one of seventeen that has the least leave-one-out error. Raises `BadInput` without a pair.
    """
    exact, seen, noises = _stacked(pairs)
    root = 1 / np.sqrt(noises**2 + _LEAST)
    left, right = seen * root[:, None], exact * root[:, None]
    values, vectors = np.linalg.eigh(left @ left.T)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ right
    scale = values.max(initial=0.0)
    best = min(
        (_left_out(values + share * scale, vectors, rotated), share * scale) for share in _PENALTIES if scale > 0
    )[1]
    solved = vectors @ (rotated / (values + best)[:, None])
    matrix: Floats = (left.T @ solved).astype(np.float32)
    return matrix


def _left_out(values: Doubles, vectors: Doubles, rotated: Doubles) -> float:
    """Return the mean squared error of each pair predicted from all others, in closed form."""
    solved = vectors @ (rotated / values[:, None])
    own = (vectors**2) @ (1 / values)
    return float(np.mean((solved / own[:, None]) ** 2))


def _stacked(pairs: Sequence[Pairs]) -> tuple[Doubles, Doubles, Doubles]:
    if not sum(len(each) for each in pairs):
        raise BadInput("this attack needs pairs of exact and seen vectors")
    exact = np.vstack([unit(each.exact) for each in pairs]).astype(np.float64)
    seen = np.vstack([unit(each.seen) for each in pairs]).astype(np.float64)
    return exact, seen, np.concatenate([np.full(len(each), each.noise) for each in pairs])
