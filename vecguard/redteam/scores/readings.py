"""Readings: what answers say of the inner products of chosen probes with what is seen of each target.

Every attack on answers has two halves. A `Reading` turns answers (scores, order, presence) into numbers near q . x' for
a probe q; and whoever has such numbers for many probes solves for x', by least squares here and with a prior in
`prior.py`. The first half is where attacks differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vecguard.arrays import Doubles, Floats, norms
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.scores.oracle import Answers, Ids, Oracle

_RIDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Readings:
    """Of m `probes` (m, d) of length 1 and n targets: `values` (n, m), NaN where nothing was learnt.

    They are near q . x' sqrt(1 + b^2): scores of others' rows are stretched by that before they are shown or ordered.
    `error` is the standard deviation of what a value is off, 0 where it is exact up to rounding of floats.
    """

    probes: Doubles = field(repr=False)
    values: Doubles = field(repr=False)
    error: float = 0.0


class Reading(Protocol):
    """One way to read answers. `name` is what tables call it."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:
        """Ask what it takes and return what was learnt, for as many probes as the budget allowed."""
        ...


def least_squares(readings: Readings) -> Doubles:
    """Return the vectors (n, d) that fit the readings best, the shortest ones where there are fewer than d.

    A target without any reading stays zero.
    """
    values, known = readings.values, ~np.isnan(readings.values)
    solved = np.zeros((len(values), readings.probes.shape[1]))
    if known.all() and known.size:
        return _fitted(readings.probes, values)
    for row in np.flatnonzero(known.any(axis=1)):
        solved[row] = _fitted(readings.probes[known[row]], values[row : row + 1, known[row]])[0]
    return solved


def _fitted(probes: Doubles, values: Doubles) -> Doubles:
    """Solve values = x probes^T for x (n, d) on the smaller of the two sides."""
    count, dimension = probes.shape
    if count < dimension:
        gram: Doubles = probes @ probes.T + _RIDGE * np.eye(count)
        weights: Doubles = np.linalg.solve(gram, values.T).astype(np.float64)
        return np.asarray(weights.T @ probes)
    normal: Doubles = probes.T @ probes + _RIDGE * np.eye(dimension)
    solved: Doubles = np.linalg.solve(normal, (values @ probes).T).T.astype(np.float64)
    return solved


def between(answers: Answers, own: Ids, own_scores: Doubles, targets: Ids) -> tuple[Doubles, Doubles]:
    """Return, per query and target (m, n), the score of the next own row below it and of the next one above it.

    `own_scores` (m, o) are those of the own rows `own` (o,), which whoever wrote them can compute. -1 and 1 where no
    own row is on that side, NaN where the target is not answered. Only the order of the answers is used.
    """
    at = np.searchsorted(own, answers.ids)  # numbers of rows written together follow each other
    at = np.minimum(at, len(own) - 1)
    mine = own[at] == answers.ids
    scores = np.take_along_axis(own_scores, at, axis=1)
    above = np.minimum.accumulate(np.where(mine, scores, 1.0), axis=1)
    below = np.maximum.accumulate(np.where(mine, scores, -1.0)[:, ::-1], axis=1)[:, ::-1]
    return answers.of(targets, below), answers.of(targets, above)


def midway(probes: Doubles, low: Doubles, high: Doubles) -> Readings:
    """Return readings from intervals (m, n) that hold the values: their middles, and how far off these are."""
    open_below, open_above = low <= -1.0, high >= 1.0
    middle = np.where(open_below, high, np.where(open_above, low, (low + high) / 2))
    closed = ~(open_below | open_above | np.isnan(low))
    middle[open_below & open_above] = np.nan
    widths = (high - low)[closed]
    error = float(np.sqrt(np.mean(widths**2) / 12)) if widths.size else 1.0
    return Readings(probes[: len(middle)], middle.T, error)


def unit(rows: Floats | Doubles) -> Doubles:
    """Return rows (n, d) at length 1 in float64; a row of zeros stays one."""
    scaled: Doubles = rows / np.maximum(norms(rows), 1e-30)[:, None]
    return scaled
