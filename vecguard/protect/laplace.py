"""The Laplace mechanism: double exponential noise on every coordinate.

    y = x + b z,  z_i ~ Laplace(1)

Input: unit rows; output: rows of any length, r = b sqrt(2 d). Random: z, under the draws' key.
Guarantee: epsilon-DP with epsilon = 2 sqrt(d) / b, for what counts here is the distance in L1 (Dwork, McSherry, Nissim
& Smith 2006). Two unit vectors are up to 2 sqrt(d) apart in L1: (1, ..., 1) / sqrt(d) and its negative. With the L2
number 2 in its place, the true epsilon is sqrt(d) times the printed one. Cost: d uniforms a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np

from vecguard.arrays import Floats
from vecguard.protect.accounting import PureDp
from vecguard.protect.draws import Draws
from vecguard.protect.perturbation import positive, unit_rows


def _sensitivity(dimension: int) -> float:
    """Return the L1 distance between (1, ..., 1) / sqrt(d) and its negative, the largest on the unit L2 sphere."""
    return 2.0 * sqrt(dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laplace:
    """Laplace noise of scale `b` per coordinate of a unit vector (standard deviation b sqrt(2))."""

    scale: float

    def __post_init__(self) -> None:
        positive(scale=self.scale)

    @classmethod
    def private(cls, *, epsilon: float, dimension: int) -> Self:
        """Build the mechanism that is epsilon-DP in this dimension."""
        positive(epsilon=epsilon)
        return cls(scale=_sensitivity(dimension) / epsilon)

    @classmethod
    def with_noise(cls, noise: float, *, dimension: int) -> Self:
        """Build from the dial: noise of relative length r in this dimension."""
        return cls(scale=noise / sqrt(2.0 * dimension))

    def perturb(self, vectors: Floats, draws: Draws) -> Floats:
        """Add noise to rows (n, d)."""
        unit = unit_rows(vectors)
        uniform = draws.uniforms(*unit.shape)
        # the inverse CDF, taken from the nearer end so that both tails have all the bits
        sizes = -np.log(2.0 * np.minimum(uniform, 1.0 - uniform))
        return (unit + self.scale * np.copysign(sizes, uniform - 0.5)).astype(np.float32)

    def relative_noise(self, dimension: int) -> float:
        """Return r = b sqrt(2 d)."""
        return self.scale * sqrt(2.0 * dimension)

    def guarantee(self, dimension: int) -> PureDp:
        """Return epsilon = 2 sqrt(d) / b."""
        return PureDp(epsilon=_sensitivity(dimension) / self.scale)
