"""What a mechanism says that it guarantees is what its density gives, at the pair of texts where it gives least.

The densities are written out here from the papers; `test_samplers.py` ties each sampler to the same densities.
"""

from __future__ import annotations

from math import exp, inf, pi, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from vecguard.arrays import Doubles
from vecguard.protect.accounting import MetricDp, delta_at
from vecguard.protect.gaussian import Gaussian
from vecguard.protect.irreversible import dialled
from vecguard.protect.laplace import Laplace
from vecguard.protect.metric import L2Metric
from vecguard.protect.purkayastha import Purkayastha

DIMENSIONS = [8, 384, 1536]


def _sphere(rows: int, dimension: int, seed: int) -> Doubles:
    drawn = np.random.default_rng(seed).standard_normal((rows, dimension))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)  # type: ignore[no-any-return]


def _angle(left: Doubles, right: Doubles) -> float:
    return float(2 * np.arctan2(np.linalg.norm(left - right), np.linalg.norm(left + right)))


# --------------------------------------------------------------------------------------------------------- Gaussian


@pytest.mark.parametrize("sigma", [0.05, 0.5, 2.0, 10.0])
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_gaussian_is_exactly_as_private_as_it_says(dimension: int, sigma: float) -> None:
    """Between x and -x, 2 apart, delta by integration is delta by the guarantee, for every epsilon."""
    mechanism = Gaussian(sigma=sigma)
    guarantee = mechanism.guarantee(dimension)
    for share in (0.0, 0.2, 0.5, 1.0):
        epsilon = share * (2 / sigma) ** 2  # the loss itself is N(mu^2 / 2, mu^2)

        def excess(y: float, epsilon: float = epsilon) -> float:
            """max(0, p(y | x) - exp(epsilon) p(y | -x)) along x, where the two normals differ."""
            loss = ((y + 1) ** 2 - (y - 1) ** 2) / (2 * sigma**2)
            return float(stats.norm.pdf(y, 1, sigma) * max(0.0, -np.expm1(epsilon - loss)))

        border = epsilon * sigma**2 / 2
        ends = (border, max(border, 1.0) + 12 * sigma)
        delta = integrate.quad(excess, *ends, points=sorted({min(max(1.0, border), ends[1])}), epsabs=0, limit=400)[0]
        assert delta_at(epsilon=epsilon, mu=guarantee.mu) == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_sampled_gaussian_is_as_hard_to_tell_apart_as_it_says(dimension: int, draws_of: Any, axis: Any) -> None:
    """Of 20,000 draws, the best test between x and -x errs as often as mu-GDP says: Phi(-mu / 2)."""
    rows = 20_000 if dimension == 8 else 2000
    mechanism = Gaussian.private(mu=1.5)
    x = axis(rows, dimension)
    errors = np.mean(mechanism.perturb(x, draws_of(rows))[:, 0] < 0)
    errors += np.mean(mechanism.perturb(-x, draws_of(rows, key=2))[:, 0] > 0)
    expected = 2 * stats.norm.cdf(-mechanism.guarantee(dimension).mu / 2)
    assert errors == pytest.approx(expected, abs=4 * sqrt(expected / rows))


TABLE = {1: 7.46, 4: 2.16, 8: 1.20, 16: 0.688, 64: 0.253, 256: 0.106, 1024: 0.0485}


@pytest.mark.parametrize("epsilon", TABLE)
def test_the_analytic_gaussian_has_the_known_sigmas(epsilon: int) -> None:
    """Sensitivity 2, delta 1e-5: the table of an independent solver; the textbook's sigma is not private at 16."""
    mechanism = Gaussian.analytic(epsilon=epsilon, delta=1e-5)
    assert mechanism.sigma == pytest.approx(TABLE[epsilon], rel=5e-3)
    textbook = 2 * sqrt(2 * np.log(1.25e5)) / epsilon
    assert (delta_at(epsilon=epsilon, mu=2 / textbook) > 1e-5) == (epsilon >= 16)


@pytest.mark.parametrize("delta", [1e-12, 1e-9, 1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("epsilon", [0.01, 0.1, 1.0, 10.0, 1e3, 1e5])
def test_the_analytic_gaussian_meets_its_target_and_wastes_nothing(epsilon: float, delta: float) -> None:
    """The (epsilon, delta) asked for is met, and with one part in a million less noise it is not."""
    mu = Gaussian.analytic(epsilon=epsilon, delta=delta).guarantee(384).mu
    assert delta_at(epsilon=epsilon, mu=mu) == pytest.approx(delta, rel=1e-6)
    assert delta_at(epsilon=epsilon, mu=mu * (1 - 1e-5)) < delta < delta_at(epsilon=epsilon, mu=mu * (1 + 1e-5))


# ---------------------------------------------------------------------------------------------------------- Laplace


def _laplace_loss(y: Doubles, x: Doubles, other: Doubles, scale: float) -> float:
    return float((np.abs(y - other).sum() - np.abs(y - x).sum()) / scale)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_laplace_epsilon_is_attained_by_the_extremal_pair(dimension: int) -> None:
    """Between (1, ..., 1) / sqrt(d) and its negative the log-density ratio reaches epsilon, and nowhere exceeds it."""
    mechanism = Laplace.private(epsilon=1.0, dimension=dimension)
    corner = np.full(dimension, 1 / sqrt(dimension))
    assert _laplace_loss(corner, corner, -corner, mechanism.scale) == pytest.approx(1.0, rel=1e-12)
    assert mechanism.guarantee(dimension).epsilon == pytest.approx(1.0, rel=1e-12)
    vectors = np.concatenate([_sphere(40, dimension, 1), [corner, -corner]])
    losses = [
        _laplace_loss(y, x, other, mechanism.scale)
        for x in vectors
        for other in vectors
        for y in (x, other, vectors[0] * 3, (x - other) * 5)
    ]
    assert 0.99 < max(losses) <= 1.0 + 1e-12


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_l2_sensitivity_would_be_wrong_by_the_root_of_the_dimension(dimension: int) -> None:
    """With the scale 2 / epsilon that others use, the same pair has a ratio of epsilon sqrt(d), and ours says so."""
    corner = np.full(dimension, 1 / sqrt(dimension))
    wrong = Laplace(scale=2.0)  # "epsilon = 1"
    true = _laplace_loss(corner, corner, -corner, wrong.scale)
    assert true == pytest.approx(sqrt(dimension))
    assert wrong.guarantee(dimension).epsilon == pytest.approx(true)


# ----------------------------------------------------------------------------------------------------------- metric


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_l2_metric_epsilon_is_attained_along_the_line(dimension: int) -> None:
    """The log-density ratio is epsilon |x - x'| on the line through both, never more, and up to 2 epsilon."""
    guarantee = L2Metric(epsilon=7.0).guarantee(dimension)
    vectors = _sphere(12, dimension, 2)
    for x in vectors:
        for other in (*vectors, -x):
            apart = float(np.linalg.norm(x - other))
            for y in (x, x + (x - other), other, vectors[0]):
                ratio = 7.0 * float(np.linalg.norm(y - other) - np.linalg.norm(y - x))
                assert ratio <= guarantee.epsilon * apart + 1e-9
                assert ratio <= guarantee.between_any_two.epsilon + 1e-9
            assert 7.0 * apart == pytest.approx(guarantee.epsilon * apart)
    assert guarantee.between_any_two.epsilon == pytest.approx(7.0 * float(np.linalg.norm(2 * vectors[0])))


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_purkayastha_epsilon_is_attained_along_the_arc(dimension: int) -> None:
    """The log-density ratio is epsilon times the angle on the great circle, never more, and pi epsilon across it."""
    guarantee = Purkayastha(epsilon=7.0).guarantee(dimension)
    vectors = _sphere(12, dimension, 3)
    largest = 0.0
    for x in vectors:
        for other in (*vectors, -x):
            for y in (x, other, vectors[0]):
                ratio = 7.0 * (_angle(y, other) - _angle(y, x))
                largest = max(largest, ratio)
                assert ratio <= guarantee.epsilon * _angle(x, other) + 1e-6
            assert 7.0 * (_angle(x, other) - _angle(x, x)) == pytest.approx(guarantee.epsilon * _angle(x, other))
    assert largest == pytest.approx(guarantee.between_any_two.epsilon)
    assert largest == pytest.approx(7.0 * pi)


@pytest.mark.parametrize(("kind", "factor"), [(L2Metric, 2.0), (Purkayastha, pi)])
def test_metric_guarantees_name_their_distance(kind: Any, factor: float) -> None:
    """An epsilon per unit of L2 distance is not one per radian."""
    guarantee = kind(epsilon=1.0).guarantee(384)
    assert isinstance(guarantee, MetricDp)
    assert guarantee.between_any_two.epsilon == pytest.approx(factor)


# ------------------------------------------------------------------------------------- the samplers, all over again


@pytest.mark.parametrize("name", ["laplace", "metric", "purkayastha"])
def test_what_is_sampled_is_no_easier_to_tell_than_epsilon_allows(name: Any, draws_of: Any) -> None:
    """Over 40,000 draws from the worst pair in 3 dimensions, no event is exp(epsilon) times as likely under the other.

    The events are the half spaces and shells that tell the two apart best; the bound is attained to within a third of
    epsilon, so a sampler with too little noise fails here whatever its parameters say.
    """
    rows, dimension = 40_000, 3
    mechanism = dialled(name, 3.0, dimension)
    guarantee = mechanism.guarantee(dimension)
    epsilon = guarantee.between_any_two.epsilon if isinstance(guarantee, MetricDp) else guarantee.epsilon  # type: ignore[union-attr]
    corner = np.full((rows, dimension), 1 / sqrt(dimension), dtype=np.float32)
    one = mechanism.perturb(corner, draws_of(rows)).astype(np.float64)
    other = mechanism.perturb(-corner, draws_of(rows, key=2)).astype(np.float64)
    losses: list[float] = []
    for bound in np.quantile(one.min(axis=1), [0.3, 0.5, 0.7, 0.9]):
        often, seldom = np.mean(one.min(axis=1) > bound), np.mean(other.min(axis=1) > bound)
        losses.append(float(np.log(often / seldom)) if seldom else inf)
    error = 4 / sqrt(rows * exp(-max(epsilon, 1.0)) * 0.1)
    assert max(losses) < epsilon + error
    assert max(losses) > epsilon / 3
