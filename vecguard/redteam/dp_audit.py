"""The auditor: what a mechanism gives away at least, whatever its formula promises.

Two vectors that a guarantee calls neighbours go through the mechanism many times each, and a test is asked which of the
two a draw came from. Of a mechanism that is (epsilon, delta)-DP every test has TPR <= exp(epsilon) FPR + delta, so

    epsilon >= log((TPR - delta) / FPR)

with the lower end of the interval of TPR and the upper end of that of FPR (Clopper-Pearson). The test's threshold is
chosen on one half of the draws and judged on the other (Jagielski, Ullman & Oprea 2020, "Auditing Differentially
Private Machine Learning"; Nasr et al. 2021, "Adversary Instantiation"). Simplified: those audit a training, this one
draw; the two vectors are as far apart as any on the sphere, and the test is the projection on the line between them or
one that the caller knows to be better.

An audit refutes and never proves: a bound below the stated epsilon is no evidence that it holds, and from n draws of
each no bound beyond log(n / 4) or so can come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Protocol, TypeAlias, assert_never

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.protect.accounting import DELTA, Gdp, Guarantee, MetricDp, PureDp, epsilon_at
from vecguard.protect.draws import Draws
from vecguard.redteam.proportions import clopper_pearson

LEVEL = 0.999
"""Of the bound: an audit of a mechanism that keeps its promise finds more than that once in a thousand runs at most."""
Statistic: TypeAlias = Callable[[Floats], Doubles]
"""From draws (n, d) to how much each looks like the first of the two vectors: (n,)."""
_THRESHOLDS = 200
_BATCH = 4096  # rows of noise at a time
_FEWEST = 100


class Perturbing(Protocol):
    """What can be audited: any mechanism of `vecguard.protect`, or somebody else's."""

    def perturb(self, vectors: Floats, draws: Draws) -> Floats:
        """Perturb rows (n, d), each on its own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An empirical lower bound of epsilon at `delta`, and the error rates of the test that gave it.

    `tpr_least` and `fpr_most` are one-sided bounds that hold together at `level`; `draws` of each vector were made.
    """

    epsilon: float
    delta: float
    tpr_least: float
    fpr_most: float
    level: float
    draws: int

    def refutes(self, epsilon: float) -> bool:
        """Whether a mechanism that states this epsilon, at this delta or a smaller one, does not keep it."""
        return self.epsilon > epsilon


def audit(
    mechanism: Perturbing,
    dimension: int,
    draws: Draws,
    *,
    count: int = 20_000,
    delta: float = 0.0,
    statistic: Statistic | None = None,
) -> Audited:
    """Return a lower bound of a mechanism's epsilon in a dimension, from `count` draws of each of two vectors.

    The vectors are those of `opposite`. `draws` must be fresh ones: a keyed draw repeated is no draw.
    Raises `BadInput` for fewer than 100 draws and for a delta outside 0 <= delta < 1.
    """
    if count < _FEWEST or not 0 <= delta < 1:
        raise BadInput(f"an audit takes {_FEWEST} draws or more, and 0 <= delta < 1")
    first, second = opposite(dimension)
    judge = statistic or (lambda rows: np.asarray(rows @ first[0], dtype=np.float64))
    seen = [
        np.concatenate(
            [
                judge(mechanism.perturb(np.repeat(each, min(_BATCH, count - start), axis=0), draws))
                for start in range(0, count, _BATCH)
            ]
        )
        for each in (first, second)
    ]
    half = count // 2
    threshold = _chosen(seen[0][:half], seen[1][:half], delta)
    return _bounded(seen[0][half:] >= threshold, seen[1][half:] >= threshold, delta, count)


def opposite(dimension: int) -> tuple[Floats, Floats]:
    """Return (1, ..., 1) / sqrt(d) and its negative, (1, d) each: the farthest apart on the sphere, in L1 too."""
    row = np.full((1, dimension), 1 / np.sqrt(dimension), dtype=np.float32)
    return row, -row


def laplace_ratio(scale: float, dimension: int) -> Statistic:
    """Return the best test under Laplace noise of this scale per coordinate: the log of the likelihood ratio."""
    first, second = opposite(dimension)

    def ratio(rows: Floats) -> Doubles:
        apart: Doubles = (np.abs(rows - second) - np.abs(rows - first)).astype(np.float64).sum(axis=1) / scale
        return apart

    return ratio


def stated(guarantee: Guarantee, *, delta: float = DELTA) -> float:
    """Return the epsilon that a guarantee states between any two vectors, at a delta where it is a Gaussian's."""
    match guarantee:
        case Gdp(mu=mu):
            return epsilon_at(delta=delta, mu=mu)
        case PureDp(epsilon=epsilon):
            return epsilon
        case MetricDp():
            return guarantee.between_any_two.epsilon
        case _:
            assert_never(guarantee)


def _chosen(first: Doubles, second: Doubles, delta: float) -> float:
    """Return the threshold, of two hundred quantiles, that gives the largest bound on these draws."""
    thresholds = np.quantile(np.concatenate([first, second]), np.linspace(0, 1, _THRESHOLDS + 2)[1:-1])
    bounds = [_bounded(first >= each, second >= each, delta, len(first)).epsilon for each in thresholds]
    return float(thresholds[int(np.argmax(bounds))])


def _bounded(
    hits: np.ndarray[tuple[int], np.dtype[np.bool_]],
    alarms: np.ndarray[tuple[int], np.dtype[np.bool_]],
    delta: float,
    draws: int,
) -> Audited:
    # two one-sided bounds share the error: each is the end of a two-sided interval of the same level
    least = clopper_pearson(int(hits.sum()), len(hits), level=LEVEL)[0]
    most = clopper_pearson(int(alarms.sum()), len(alarms), level=LEVEL)[1]
    epsilon = max(0.0, log((least - delta) / most)) if least > delta else 0.0
    return Audited(epsilon=epsilon, delta=delta, tpr_least=least, fpr_most=most, level=LEVEL, draws=draws)
