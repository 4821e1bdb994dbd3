"""The Purkayastha mechanism: a vector is turned by a random angle, and stays on the unit sphere.

    y = cos(a) x + sin(a) u,  density of y proportional to exp(-epsilon angle(x, y))

so the angle a has the density exp(-epsilon a) sin(a)^(d-2), and u is uniform among unit vectors orthogonal to x.
Input and output: unit rows. Random: a and u, under the draws' key.
Guarantee: metric DP in the angle, p(y|x) <= exp(epsilon angle(x, x')) p(y|x'); between any two texts that is pi epsilon
(Weggenmann & Kerschbaum 2021, "Differential Privacy for Directional Data"). Cost: d normals and one table look-up a
row; a table of the angle's distribution once per epsilon and dimension (about a millisecond).

The angle is drawn by its inverse CDF on a grid around the mode. The density is kept as a logarithm, for sin(a)^(d-2)
underflows from some hundred dimensions, and taken as exponential within each cell; that is right to parts in a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import asinh, log, sqrt
from typing import Any, Self

import numpy as np
from scipy.special import expit, exprel

from vecguard.arrays import Doubles, Floats, norms
from vecguard.errors import PolicyError
from vecguard.protect.accounting import MetricDp
from vecguard.protect.draws import Draws
from vecguard.protect.perturbation import positive, unit_rows
from vecguard.protect.roots import root

_CELLS = 8192
_DEPTH = 45.0  # the grid ends where the density is exp(-45) of its peak


@dataclass(frozen=True, slots=True, kw_only=True)
class Purkayastha:
    """Metric DP of `epsilon` per radian between unit vectors, in two dimensions or more."""

    epsilon: float

    def __post_init__(self) -> None:
        positive(epsilon=self.epsilon)

    @classmethod
    def with_noise(cls, noise: float, *, dimension: int) -> Self:
        """Build from the dial: the mean cosine is 1 / sqrt(1 + r^2) in this dimension."""
        positive(noise=noise)
        near = dimension / noise  # epsilon is within a small factor of it

        def excess(factor: float) -> float:
            return log(_Angle.of(factor * near, dimension).relative_noise / noise)

        return cls(epsilon=near * root(excess, 0.1, 10.0, within=1e-13))

    def perturb(self, vectors: Floats, draws: Draws) -> Floats:
        """Turn rows (n, d) by random angles."""
        unit = unit_rows(vectors)
        count, dimension = unit.shape
        t = _table(self.epsilon, dimension).inverse(draws.uniforms(count, 1))
        across = draws.normals(count, dimension)
        across -= np.einsum("ij,ij->i", across, unit)[:, None] * unit
        across /= norms(across)[:, None] * np.cosh(t)
        return (across - np.tanh(t) * unit).astype(np.float32)

    def relative_noise(self, dimension: int) -> float:
        """Return the tangent that belongs to the mean cosine c: sqrt(1 / c^2 - 1)."""
        return _table(self.epsilon, dimension).relative_noise

    def guarantee(self, dimension: int) -> MetricDp:  # noqa: ARG002 - the protocol's signature; it is the same in all
        """Return epsilon per radian."""
        return MetricDp(epsilon=self.epsilon, distance="angle")


@dataclass(frozen=True, slots=True, eq=False)
class _Angle:
    """The distribution of t = log tan(a / 2) as a table: grid points, log-density there, and the CDF.

    cos(a) = -tanh(t) and sin(a) = 1 / cosh(t) = da / dt, so the log-density of t is -(d-1) log cosh(t) - epsilon a. It
    is concave, peaks at sinh(t) = -epsilon / (d-1), and its tails are straight lines, however small the angles are.
    """

    points: Doubles
    logarithms: Doubles
    cumulative: Doubles

    @classmethod
    def of(cls, epsilon: float, dimension: int) -> Self:
        if dimension < 2:
            raise PolicyError("the Purkayastha mechanism needs two dimensions or more")
        freedom = dimension - 1.0
        mode = -asinh(epsilon / freedom)

        def logarithm(t: Any) -> Any:
            return -freedom * np.logaddexp(t, -t) - 2.0 * epsilon * np.arctan(np.exp(t))

        peak = float(logarithm(mode))

        def margin(t: float) -> float:
            return float(logarithm(t)) - peak + _DEPTH

        reach = _DEPTH / freedom + 2.0  # enough on either side, for any epsilon
        first = root(margin, mode - reach, mode, within=1e-9)
        last = root(margin, mode, mode + reach, within=1e-9)
        points = np.linspace(first, last, _CELLS + 1)
        logarithms = logarithm(points) - peak
        masses = np.exp(logarithms[:-1]) * exprel(np.diff(logarithms))
        cumulative = np.concatenate([[0.0], np.cumsum(masses)])
        return cls(points, logarithms, cumulative / cumulative[-1])

    def inverse(self, uniform: Doubles) -> Doubles:
        """Return t for quantiles, in their shape. Within a cell the density is exponential."""
        cell = np.clip(np.searchsorted(self.cumulative, uniform, side="right") - 1, 0, _CELLS - 1)
        low, high = self.cumulative[cell], self.cumulative[cell + 1]
        share = (uniform - low) / (high - low)
        slope = self.logarithms[cell + 1] - self.logarithms[cell]
        flat = np.abs(slope) < 1e-12
        within = np.where(flat, share, np.log1p(share * np.expm1(slope)) / np.where(flat, 1.0, slope))
        drawn: Doubles = self.points[cell] + within * (self.points[1] - self.points[0])
        return drawn

    @property
    def relative_noise(self) -> float:
        """The tangent that belongs to the mean cosine, by way of the mean of 1 - cos, exact for small angles too."""
        density = np.exp(self.logarithms)
        versine = float(np.sum(density * 2.0 * expit(2.0 * self.points)) / np.sum(density))
        return sqrt(versine * (2.0 - versine)) / (1.0 - versine)


@lru_cache(maxsize=32)
def _table(epsilon: float, dimension: int) -> _Angle:
    return _Angle.of(epsilon, dimension)
