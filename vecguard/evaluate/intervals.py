"""How sure a difference between two systems is, when both answered the same queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_CELLS = 2_000_000  # numbers drawn at a time: 16 MB, whatever the number of queries


@dataclass(frozen=True, slots=True)
class Interval:
    """A relative change and its bounds as fractions: -0.01 is one per cent less. `level` is two-sided."""

    estimate: float
    low: float
    high: float
    level: float = 0.95


def paired_bootstrap(
    bare: ArrayLike, guarded: ArrayLike, *, resamples: int = 10_000, seed: int, level: float = 0.95
) -> Interval:
    """mean(guarded) / mean(bare) - 1 with a percentile interval over resampled queries (Sakai 2006; Efron 1979).

    `bare` and `guarded` have shape (n_queries,), the same query at the same place. Both means are taken anew in every
    resample, so the interval holds for large changes too. For a one-sided 95 % bound use `level=0.9` and `.low`.

    Raises `ValueError` for shapes that differ, fewer than two queries, values that are not finite, and a bare mean
    that is not positive, to which nothing is relative.
    """
    before, after = np.asarray(bare, dtype=np.float64), np.asarray(guarded, dtype=np.float64)
    if before.ndim != 1 or before.shape != after.shape or len(before) < 2:
        raise ValueError("two arrays of shape (n_queries,) are needed, of equal length and at least 2")
    if not (np.isfinite(before).all() and np.isfinite(after).all() and before.mean() > 0):
        raise ValueError("values must be finite, with a positive mean of the bare run")
    if not 0 < level < 1 or resamples < 1:
        raise ValueError("level lies between 0 and 1, and resamples is at least 1")
    drawn = _resampled(before, after, resamples, np.random.default_rng(seed))
    # A resample without a single bare hit says nothing about a relative change.
    low, high = np.quantile(drawn[np.isfinite(drawn)], [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(after.mean() / before.mean() - 1), float(low), float(high), level)


def _resampled(
    before: NDArray[np.float64], after: NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    n, parts = len(before), []
    for start in range(0, resamples, max(1, _CELLS // n)):
        rows = min(resamples - start, max(1, _CELLS // n))
        picked = rng.integers(0, n, size=(rows, n))
        with np.errstate(divide="ignore", invalid="ignore"):
            parts.append(after[picked].sum(axis=1) / before[picked].sum(axis=1) - 1)
    return np.concatenate(parts)
