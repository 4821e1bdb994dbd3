"""The L2 metric mechanism: noise whose length is what is random, in a uniform direction.

    y = x + R u,  density of the noise proportional to exp(-epsilon |noise|)

so R ~ Gamma(shape d, scale 1 / epsilon) and u is uniform on the sphere. Input: unit rows; output: rows of any length,
r = sqrt(d (d + 1)) / epsilon. Random: R and u, under the draws' key.
Guarantee: metric DP in the L2 distance, p(y|x) <= exp(epsilon |x - x'|) p(y|x'). Two texts that are close to each other
are hidden among each other well, any two only as if by epsilon' = 2 epsilon (Chatzikokolakis et al. 2013; Feyisetan et
al. 2020, "Privacy- and Utility-Preserving Textual Analysis via Calibrated Multivariate Perturbations").
Cost: d normals and one inverse of the incomplete gamma function a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np
from scipy.special import gammaincinv

from vecguard.arrays import Doubles, Floats, norms
from vecguard.protect.accounting import MetricDp
from vecguard.protect.draws import Draws
from vecguard.protect.perturbation import positive, unit_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class L2Metric:
    """Noise for metric DP of `epsilon` per unit of L2 distance between unit vectors."""

    epsilon: float

    def __post_init__(self) -> None:
        positive(epsilon=self.epsilon)

    @classmethod
    def with_noise(cls, noise: float, *, dimension: int) -> Self:
        """Build from the dial: noise of relative length r in this dimension."""
        positive(noise=noise)
        return cls(epsilon=sqrt(dimension * (dimension + 1.0)) / noise)

    def perturb(self, vectors: Floats, draws: Draws) -> Floats:
        """Add noise to rows (n, d)."""
        unit = unit_rows(vectors)
        count, dimension = unit.shape
        radius: Doubles = gammaincinv(dimension, draws.uniforms(count, 1)) / self.epsilon
        direction = draws.normals(count, dimension)
        noisy: Doubles = unit + direction * (radius / norms(direction)[:, None])
        return noisy.astype(np.float32)

    def relative_noise(self, dimension: int) -> float:
        """Return r = sqrt(d (d + 1)) / epsilon."""
        return sqrt(dimension * (dimension + 1.0)) / self.epsilon

    def guarantee(self, dimension: int) -> MetricDp:  # noqa: ARG002 - the protocol's signature; it is the same in all
        """Return epsilon per unit of L2 distance."""
        return MetricDp(epsilon=self.epsilon, distance="l2")
