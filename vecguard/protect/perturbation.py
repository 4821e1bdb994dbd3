"""What every mechanism of noise that nobody can take off has in common.

A mechanism takes rows of the unit sphere and moves each by an independent random amount. Rows of any other length are
normalised first: sensitivities and distances are those of the sphere, so a longer row would have less privacy than is
claimed, and a shorter one more noise than was asked for. The length of a vector is not protected and must not be
published beside the result: it is a function of the text too.
"""

from __future__ import annotations

from math import isfinite
from typing import Protocol

from vecguard.arrays import Doubles, Floats, norms
from vecguard.errors import BadVector, PolicyError
from vecguard.protect.accounting import Guarantee
from vecguard.protect.draws import Draws


class Mechanism(Protocol):
    """Noise for unit vectors, with a guarantee that can be stated.

    `relative_noise` is r, the root mean square of |noise| / |vector| at a dimension; for mechanisms that turn a vector
    instead of adding to it, the tangent that belongs to the mean cosine. Either way the expected cosine between a
    vector and what becomes of it is 1 / sqrt(1 + r^2), up to terms of order 1/d.
    """

    def perturb(self, vectors: Floats, draws: Draws) -> Floats:
        """Perturb rows (n, d): float32 in and out, float64 between, each row with draws of its own.

        Raises `BadVector` for rows that are zero or not finite.
        """
        ...

    def relative_noise(self, dimension: int) -> float:
        """Return r in a dimension."""
        ...

    def guarantee(self, dimension: int) -> Guarantee:
        """Return what one draw guarantees in a dimension."""
        ...


def unit_rows(vectors: Floats) -> Doubles:
    """Return rows (n, d) at length 1 in float64, or raise `BadVector` where a row has no direction."""
    rows = vectors.astype("float64")
    lengths = norms(rows)
    good = (lengths > 0) & (lengths < float("inf"))  # NaN compares false
    if not good.all():
        raise BadVector(f"vector {int(good.argmin())} is zero or not finite: it has no direction to perturb")
    unit: Doubles = rows / lengths[:, None]
    return unit


def positive(**settings: float) -> None:
    """Raise `PolicyError` unless every setting is a positive, finite number."""
    for name, value in settings.items():
        if not (isfinite(value) and value > 0):
            raise PolicyError(f"{name} must be positive and finite")
