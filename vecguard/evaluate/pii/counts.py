"""Precision, recall and F of counted spans, and how sure they are: the bootstrap over templates or documents.

Spans of one template or one document are found or missed together, so the unit that is drawn again is the whole group
(Field & Welsh 2007, "Bootstrapping clustered data"). Drawing single spans would make the intervals too narrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CELLS = 4_000_000  # numbers drawn at a time: 32 MB, whatever the number of groups


@dataclass(frozen=True, slots=True)
class Counts:
    """How many spans were found right, how many were predicted and how many are annotated."""

    right: int = 0
    predicted: int = 0
    annotated: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.predicted + other.predicted, self.annotated + other.annotated)

    @property
    def precision(self) -> float:
        """Of what was predicted, the share that is right, 0..1; NaN where nothing was predicted."""
        return self.right / self.predicted if self.predicted else float("nan")

    @property
    def recall(self) -> float:
        """Of what is annotated, the share that was found, 0..1; NaN where nothing is annotated."""
        return self.right / self.annotated if self.annotated else float("nan")

    def f(self, beta: float = 2.0) -> float:
        """Return F-beta, 0..1 (van Rijsbergen 1979): recall counts `beta` times as much as precision.

        NaN where nothing is annotated; 0 where there is something and nothing was found right.
        """
        return float(_f(np.array([self.right, self.predicted, self.annotated], dtype=np.float64), beta))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the bounds of its two-sided interval. `groups` is how many units were drawn from."""

    value: float
    low: float
    high: float
    groups: int
    level: float = 0.95


Statistic: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"


def f_beta(beta: float) -> Statistic:
    """Return F-beta as a function of (right, predicted, annotated) on the last axis."""
    return lambda sums: _f(sums, beta)


def precision(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return right / predicted of (right, predicted, annotated) on the last axis."""
    return _ratio(sums[..., 0], sums[..., 1])


def recall(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return right / annotated of (right, predicted, annotated) on the last axis."""
    return _ratio(sums[..., 0], sums[..., 2])


def share(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return part / whole of (part, whole) on the last axis."""
    return _ratio(sums[..., 0], sums[..., 1])


def clustered(
    rows: Iterable[tuple[str, tuple[int, ...]]],
    statistic: Statistic,
    *,
    seed: int,
    resamples: int = 2_000,
    level: float = 0.95,
) -> Estimate:
    """Return `statistic` of the summed rows with a percentile interval over resampled groups.

    `rows` are (group, counts); counts of one group are added up before anything is drawn. `statistic` takes sums of
    shape (..., k) and gives values of shape (...). Raises `ValueError` without a single row.
    """
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(0))
    for group, counts in rows:
        held = sums[group]
        sums[group] = np.asarray(counts, dtype=np.float64) + (held if len(held) else 0.0)
    if not sums:
        raise ValueError("there is nothing to draw from")
    table = np.stack(list(sums.values()))
    value = float(statistic(table.sum(axis=0)))
    drawn = np.concatenate(list(_drawn(table, statistic, resamples, np.random.default_rng(seed))))
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Estimate(value, float("nan"), float("nan"), len(table), level)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), len(table), level)


def _drawn(
    table: NDArray[np.float64], statistic: Statistic, resamples: int, rng: np.random.Generator
) -> Iterable[NDArray[np.float64]]:
    groups = len(table)
    at_once = max(1, _CELLS // groups)
    for start in range(0, resamples, at_once):
        times = rng.multinomial(groups, np.full(groups, 1 / groups), size=min(at_once, resamples - start))
        yield statistic(times @ table)


def _f(sums: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    right, predicted, annotated = sums[..., 0], sums[..., 1], sums[..., 2]
    return _ratio((1 + beta**2) * right, predicted + beta**2 * annotated, where=annotated > 0)


def _ratio(
    part: NDArray[np.float64], whole: NDArray[np.float64], where: NDArray[np.bool_] | bool = True
) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((whole > 0) & where, part / whole, np.nan)
