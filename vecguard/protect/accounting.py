"""What noise guarantees, what repeated draws add up to, and how that is put in words.

Adjacency throughout: one text replaced by any other text. A guarantee is about what one draw gives away of one vector
to whoever does not hold the vector, its text or the keys; looking at the same stored noise again costs nothing. Fresh
draws of one text (a delete and a new insert, another id, another key epoch) compose, and `composed` says to what.

Gaussian mechanisms are counted in mu-GDP (Dong, Roth & Su 2022), the others in epsilon. (epsilon, delta) of a Gaussian
is made for printing only and never composed. Figures are those of the mechanism on real numbers: that noise is computed
from 52-bit uniforms in float64 (Mironov 2012, "On Significance of the Least Significant Bits") is not in them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf, log, log1p, pi, sqrt
from typing import Literal, TypeAlias, assert_never

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtri, ndtri_exp

from vecguard.errors import BadInput
from vecguard.protect.roots import root

VACUOUS_ABOVE = 10.0
"""The epsilon above which a guarantee says nothing: exp(10) is odds of 22,000 to 1."""

DELTA = 1e-5
"""The delta at which Gaussian guarantees are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gdp:
    """mu-GDP: telling two texts apart is no easier than telling N(0, 1) from N(mu, 1)."""

    mu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PureDp:
    """epsilon-DP: no outcome is more than exp(epsilon) times as likely under one text as under another."""

    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDp:
    """Metric DP: `epsilon` per unit of distance between unit vectors, in L2 or in radians."""

    epsilon: float
    distance: Literal["l2", "angle"]

    @property
    def between_any_two(self) -> PureDp:
        """The same for vectors as far apart as the sphere allows: 2 in L2, pi in angle."""
        return PureDp(epsilon=self.epsilon * (2.0 if self.distance == "l2" else pi))


Guarantee: TypeAlias = Gdp | PureDp | MetricDp


# ------------------------------------------------------------------------------------------------------ composition


def composed(guarantees: Iterable[Guarantee]) -> Guarantee:
    """Return what several independent draws of one text guarantee together. Raises `BadInput` if there is none.

    One kind stays that kind: mu add up in squares, epsilons plainly. Of two kinds both become the weaker one, which is
    sound and loses something: L2 metric to angle metric (a chord is no longer than its arc), metric to pure (at the
    diameter), pure to GDP (`as_gdp`).
    """
    parts = list(guarantees)
    if not parts:
        raise BadInput("there is no guarantee to compose")
    if any(isinstance(part, Gdp) for part in parts):
        return Gdp(mu=sqrt(sum(as_gdp(part).mu ** 2 for part in parts)))
    metric = [part for part in parts if isinstance(part, MetricDp)]
    if len(metric) < len(parts):
        return PureDp(epsilon=sum(_pure_epsilon(part) for part in parts))
    distances = {part.distance for part in metric}
    total = sum(part.epsilon for part in metric)
    return MetricDp(epsilon=total, distance=metric[0].distance if len(distances) == 1 else "angle")


def as_gdp(guarantee: Guarantee) -> Gdp:
    """Return the smallest mu whose GDP a guarantee implies; exact for a Gaussian.

    The trade-off function of epsilon-DP has its corner at (c, c), c = 1 / (1 + exp(epsilon)). That of mu-GDP is convex
    and passes (c, c) for mu = -2 Phi^-1(c), so it lies below.
    """
    if isinstance(guarantee, Gdp):
        return guarantee
    corner = -float(np.logaddexp(0.0, _pure_epsilon(guarantee)))  # log c
    return Gdp(mu=-2.0 * float(ndtri_exp(corner)))


def _pure_epsilon(guarantee: Guarantee) -> float:
    match guarantee:
        case PureDp(epsilon=epsilon):
            return epsilon
        case MetricDp():
            return guarantee.between_any_two.epsilon
        case Gdp():
            raise BadInput("a Gaussian has no finite epsilon at delta = 0")
        case _:
            assert_never(guarantee)


# ------------------------------------------------------------------------------------------------------- conversion


def delta_at(*, epsilon: float, mu: float) -> float:
    """Return the least delta for which mu-GDP is (epsilon, delta)-DP, epsilon >= 0 (Balle & Wang 2018, theorem 8).

    delta = Phi(-epsilon / mu + mu / 2) - exp(epsilon) Phi(-epsilon / mu - mu / 2)
    """
    _check(epsilon=epsilon, mu=mu)
    return exp(_log_delta(epsilon, mu))


def epsilon_at(*, delta: float, mu: float) -> float:
    """Return the least epsilon >= 0 for which mu-GDP is (epsilon, delta)-DP, 0 < delta < 1."""
    _check(delta=delta, mu=mu)
    wanted = log(delta)
    if _log_delta(0.0, mu) <= wanted:
        return 0.0
    above = mu * mu / 2.0 - mu * float(ndtri(delta))  # where the first term alone is delta
    return root(lambda epsilon: _log_delta(epsilon, mu) - wanted, 0.0, 2.0 * above, within=1e-13 * above)


def mu_at(*, epsilon: float, delta: float) -> float:
    """Return the largest mu whose GDP is (epsilon, delta)-DP, epsilon >= 0 and 0 < delta < 1."""
    _check(epsilon=epsilon, delta=delta)
    wanted = log(delta)
    quantile = -float(ndtri(delta))
    length = sqrt(quantile * quantile + 2.0 * epsilon)
    # where the first term alone is delta, in whichever form does not cancel
    lowest = 2.0 * epsilon / (quantile + length) if quantile > 0 else length - quantile
    lowest = max(lowest, delta)  # mu is never below 2.5 delta
    highest = 2.0 * lowest
    while _log_delta(epsilon, highest) < wanted:
        highest *= 2.0
    return root(lambda mu: _log_delta(epsilon, mu) - wanted, lowest, highest, within=1e-13 * lowest)


def _log_delta(epsilon: float, mu: float) -> float:
    """Log of `delta_at`, without exp(epsilon), which overflows and of whose product little would be left.

    exp(epsilon) is the ratio of the normal densities at the two arguments, so with M the Mills ratio
    delta = phi(a) (M(-a) - M(-b)), a = mu / 2 - epsilon / mu, b = a - mu, and M(x) = sqrt(pi / 2) erfcx(x / sqrt(2)).
    """
    near = epsilon / mu - mu / 2.0  # -a
    far = near + mu  # -b, never negative
    log_density = -near * near / 2.0 - log(2.0 * pi) / 2.0
    if near > -5.0:
        mills = sqrt(pi / 2.0) * (float(erfcx(near / sqrt(2.0))) - float(erfcx(far / sqrt(2.0))))
        return log_density + log(mills) if mills > 0 else -inf
    second = exp(log_density) * sqrt(pi / 2.0) * float(erfcx(far / sqrt(2.0)))
    return float(log_ndtr(-near)) + log1p(-second)  # erfcx would overflow; here the first term is all but 1


def _check(*, epsilon: float = 0.0, delta: float = DELTA, mu: float = 1.0) -> None:
    if not (0.0 <= epsilon < inf and 0.0 < delta < 1.0 and 0.0 < mu < inf):
        raise BadInput("epsilon is finite and not negative, delta lies between 0 and 1, mu is positive and finite")


# --------------------------------------------------------------------------------------------------------- in words


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLoss:
    """A loss of search quality that was measured: `loss` of `measure` (0.02 is 2 %), and on what."""

    measure: str
    loss: float
    measured_on: str

    def __str__(self) -> str:
        return f"search loss {100.0 * self.loss:.3g} % of {self.measure} ({self.measured_on})"


def is_vacuous(epsilon: float) -> bool:
    """Whether the honest word for this epsilon is "vacuous"."""
    return epsilon > VACUOUS_ABOVE


def statement(guarantee: Guarantee, *, mechanism: str, search_loss: SearchLoss | None, delta: float = DELTA) -> str:
    """Put a guarantee in words: no epsilon without its delta, mechanism, adjacency and what it costs in search.

    A guarantee between any two texts is what is judged; of a metric one, the epsilon per unit is added.
    """
    match guarantee:
        case Gdp(mu=mu):
            epsilon = epsilon_at(delta=delta, mu=mu)
            figure = f"epsilon = {_short(epsilon)} at delta = {delta:g} (mu-GDP with mu = {_short(mu)})"
        case PureDp():
            epsilon = guarantee.epsilon
            figure = f"epsilon = {_short(epsilon)} at delta = 0"
        case MetricDp(epsilon=per_unit, distance=distance):
            epsilon = guarantee.between_any_two.epsilon
            unit = "unit of L2 distance" if distance == "l2" else "radian"
            figure = f"epsilon = {_short(epsilon)} at delta = 0 ({_short(per_unit)} per {unit} between two texts)"
        case _:
            assert_never(guarantee)
    judged = ", which is vacuous" if is_vacuous(epsilon) else ""
    loss = "search loss not measured" if search_loss is None else str(search_loss)
    return f"{figure}{judged}; {mechanism} mechanism; adjacency: one text replaced by any other; {loss}"


def _short(number: float) -> str:
    """Three digits that count, and no exponent below a million."""
    return f"{float(f'{number:.3g}'):,g}"
