"""Intervals of a share that was counted: `hits` of `trials`, or pairs in the right order."""

from __future__ import annotations

from math import sqrt

_Z = 1.959963984540054  # two-sided 95 %


def wilson(hits: float, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval (Wilson 1927), which is right on average, for small counts too.

    (0, 1) where nothing was tried.
    """
    if not trials:
        return 0.0, 1.0
    share, weight = hits / trials, _Z**2 / trials
    middle = (share + weight / 2) / (1 + weight)
    half = sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def clopper_pearson(hits: int, trials: int, *, level: float) -> tuple[float, float]:
    """Return the exact interval (Clopper & Pearson 1934), which covers the truth at least at `level`, two-sided."""
    from scipy.special import betaincinv  # noqa: PLC0415 - half a second that most attacks do not need

    tail = (1 - level) / 2
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


def area_interval(area: float, members: int, others: int) -> tuple[float, float]:
    """Return the 95 % interval of an area under the ROC curve (Hanley & McNeil 1982): normal, cut to 0..1."""
    both, one = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    variance = (area * (1 - area) + (members - 1) * both + (others - 1) * one) / (members * others)
    half = _Z * sqrt(max(0.0, variance))
    return max(0.0, area - half), min(1.0, area + half)
