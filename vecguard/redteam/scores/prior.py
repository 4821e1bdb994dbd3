"""The prior: what an attacker that owns texts of the domain knows of a vector before and after it has asked.

A mixture of Gaussians over the vectors of its own texts, one per cluster. Covariances are shrunk: each towards that of
all clusters by the number of its texts, that one towards a multiple of the identity (oracle approximating shrinkage,
Chen et al. 2010, "Shrinkage Algorithms for MMSE Covariance Estimation"). Scores are then Gaussian too, as they are
stretched and x' sqrt(1 + b^2) = x + b z up to some per cent at d = 384, so that the posterior mean of x is a weighted
sum of Wiener filters in closed form. With one cluster it is Wiener's filter, m + C (C + b^2 / d I)^-1 (y - m).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.redteam.scores.readings import Readings, least_squares, unit

_TEXTS_PER_CLUSTER = 25
_MOST_CLUSTERS = 32
_WORTH = 300  # texts that a cluster's own covariance takes to count half
_ROUNDS = 20
_FLOOR = 1e-6
_EXACT = 1e-7  # float32 jitter of a score that is shown as it is


@dataclass(frozen=True, slots=True)
class Prior:
    """`weights` (k,), `means` (k, d), `covariances` (k, d, d)."""

    weights: Doubles = field(repr=False)
    means: Doubles = field(repr=False)
    covariances: Doubles = field(repr=False)

    @classmethod
    def of(cls, corpus: Floats, *, clusters: int | None = None, seed: int = 0) -> Prior:
        """Fit to exact vectors (n, d), n >= 2; by default one cluster per 25 of them, up to 32."""
        if len(corpus) < 2:
            raise BadInput("a prior takes two texts at least")
        rows = unit(corpus)
        wanted = min(_MOST_CLUSTERS, len(rows) // _TEXTS_PER_CLUSTER) if clusters is None else clusters
        labels = _clustered(rows, max(1, wanted), seed)
        found, labels = np.unique(labels, return_inverse=True)
        sizes = np.bincount(labels)
        means = np.stack([rows[labels == each].mean(axis=0) for each in range(len(found))])
        common = _shrunk(rows - means[labels])
        covariances = np.stack([_blended(rows[labels == each] - means[each], common) for each in range(len(found))])
        return cls(sizes / len(rows), means, covariances)

    @property
    def guess(self) -> Doubles:
        """The best guess (d,) at a vector of which nothing has been asked: the mean."""
        return np.asarray(self.weights @ self.means)

    def denoised(self, seen: Floats | Doubles, *, noise: float) -> Doubles:
        """Return the posterior mean (n, d) of exact vectors whose whole view x' (n, d) is known, b being `noise`."""
        scaled = unit(seen) * np.sqrt(1 + noise**2)
        dimension = scaled.shape[1]
        return self._mean(np.eye(dimension), scaled, (noise**2 / dimension + _FLOOR) * np.eye(dimension))

    def posterior(self, readings: Readings, *, noise: float) -> Doubles:
        """Return the posterior mean (n, d) of exact vectors after readings of views with noise b."""
        estimates = np.tile(self.guess, (len(readings.values), 1))
        for rows, asked in _alike(~np.isnan(readings.values)):
            if asked.any():
                part = Readings(readings.probes[asked], readings.values[np.ix_(rows, asked)], readings.error)
                estimates[rows] = self._after(part, noise)
        return estimates

    def _after(self, readings: Readings, noise: float) -> Doubles:
        probes = readings.probes
        count, dimension = probes.shape
        variance = readings.error**2 + _EXACT**2
        if count < dimension:
            spread = noise**2 / dimension * probes @ probes.T + (variance + _FLOOR) * np.eye(count)
            return self._mean(probes, readings.values, spread)
        # more probes than dimensions say no more than their least-squares solution and its covariance
        normal = probes.T @ probes + 1e-9 * np.eye(dimension)
        spread = (noise**2 / dimension + _FLOOR) * np.eye(dimension) + variance * np.linalg.inv(normal)
        return self._mean(np.eye(dimension), least_squares(readings), spread)

    def _mean(self, probes: Doubles, values: Doubles, spread: Doubles) -> Doubles:
        """Return E[x | values], for values (n, m) = probes (m, d) x + noise of covariance `spread` (m, m)."""
        likely = np.empty((len(self.weights), len(values)))
        estimates = np.empty((len(self.weights), len(values), self.means.shape[1]))
        for each, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            gained = covariance @ probes.T
            whole = probes @ gained + spread
            off = values - probes @ mean
            solved = np.linalg.solve(whole, off.T).T
            estimates[each] = mean + solved @ gained.T
            size = np.linalg.slogdet(whole)[1]
            likely[each] = np.log(self.weights[each]) - 0.5 * (np.sum(off * solved, axis=1) + size)
        shares = np.exp(likely - likely.max(axis=0))
        return np.asarray(np.einsum("kn,knd->nd", shares / shares.sum(axis=0), estimates))


def _alike(known: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Yield groups of rows of which the same readings (m,) are known."""
    patterns, group = np.unique(known, axis=0, return_inverse=True)
    for each, pattern in enumerate(patterns):
        yield np.flatnonzero(group.reshape(-1) == each), pattern


def _clustered(rows: Doubles, clusters: int, seed: int) -> NDArray[np.intp]:
    """Label rows of length 1 by spherical k-means (Dhillon and Modha 2001)."""
    centres = rows[np.random.default_rng(seed).choice(len(rows), size=min(clusters, len(rows)), replace=False)]
    labels = np.zeros(len(rows), dtype=np.intp)
    for _ in range(_ROUNDS):
        labels = np.argmax(rows @ centres.T, axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, labels, rows)
        centres = np.where(np.any(sums, axis=1, keepdims=True), unit(sums), centres)
    return labels


def _shrunk(off: Doubles) -> Doubles:
    """Return the covariance of centred rows (n, d), shrunk towards a multiple of the identity by their number."""
    count, dimension = off.shape
    covariance = off.T @ off / count
    trace, square = float(np.trace(covariance)), float(np.sum(covariance**2))
    above = (1 - 2 / dimension) * square + trace**2
    below = (count + 1 - 2 / dimension) * (square - trace**2 / dimension)
    share = 1.0 if below <= 0 else min(1.0, above / below)
    shrunk: Doubles = (1 - share) * covariance + (share * trace / dimension + _FLOOR) * np.eye(dimension)
    return shrunk


def _blended(off: Doubles, common: Doubles) -> Doubles:
    share = len(off) / (len(off) + _WORTH)
    return share * (off.T @ off) / len(off) + (1 - share) * common
