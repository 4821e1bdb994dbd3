"""The Gaussian mechanism: normal noise on every coordinate.

    y = x + sigma z,  z ~ N(0, I)

Input: unit rows; output: rows of any length, r = sigma sqrt(d). Random: z, under the draws' key.
Guarantee: two unit vectors are at most 2 apart, so replacing a text by any other is exactly mu-GDP with mu = 2 / sigma,
in every dimension (Dong, Roth & Su 2022, "Gaussian Differential Privacy", theorem 1). Cost: d normals a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np

from vecguard.arrays import Floats
from vecguard.protect.accounting import Gdp, mu_at
from vecguard.protect.draws import Draws
from vecguard.protect.perturbation import positive, unit_rows

_SENSITIVITY = 2.0  # L2, between opposite points of the unit sphere


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian:
    """Normal noise of standard deviation `sigma` per coordinate of a unit vector."""

    sigma: float

    def __post_init__(self) -> None:
        positive(sigma=self.sigma)

    @classmethod
    def private(cls, *, mu: float) -> Self:
        """Build the mechanism that is mu-GDP."""
        positive(mu=mu)
        return cls(sigma=_SENSITIVITY / mu)

    @classmethod
    def analytic(cls, *, epsilon: float, delta: float) -> Self:
        """Build the least noisy mechanism that is (epsilon, delta)-DP.

        Balle & Wang 2018, "Improving the Gaussian Mechanism for Differential Privacy", theorem 8 solved for sigma. It
        is exact for any epsilon; the textbook's sqrt(2 log(1.25/delta)) is not private above about epsilon 9.
        """
        return cls.private(mu=mu_at(epsilon=epsilon, delta=delta))

    @classmethod
    def with_noise(cls, noise: float, *, dimension: int) -> Self:
        """Build from the dial: noise of relative length r in this dimension."""
        return cls(sigma=noise / sqrt(dimension))

    def perturb(self, vectors: Floats, draws: Draws) -> Floats:
        """Add noise to rows (n, d)."""
        unit = unit_rows(vectors)
        return (unit + self.sigma * draws.normals(*unit.shape)).astype(np.float32)

    def relative_noise(self, dimension: int) -> float:
        """Return r = sigma sqrt(d)."""
        return self.sigma * sqrt(dimension)

    def guarantee(self, dimension: int) -> Gdp:  # noqa: ARG002 - the protocol's signature; it is the same in all
        """Return mu = 2 / sigma."""
        return Gdp(mu=_SENSITIVITY / self.sigma)
