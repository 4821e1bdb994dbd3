"""Every sampler has the distribution that its docstring names, in few dimensions and in many."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import atan2, pi, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from vecguard import BadInput, BadVector, PolicyError
from vecguard.keys import Secret
from vecguard.protect.draws import FreshDraws, KeyedDraws
from vecguard.protect.gaussian import Gaussian
from vecguard.protect.laplace import Laplace
from vecguard.protect.metric import L2Metric
from vecguard.protect.noise import standard_normals
from vecguard.protect.purkayastha import Purkayastha, _table
from vecguard.protect.rotation import rotation

DIMENSIONS = [8, 384, 1536]
PASSES = 1e-3  # of a fixed draw; a wrong distribution has a p-value that is zero for all purposes
MECHANISMS: dict[str, Any] = {"gaussian": Gaussian, "laplace": Laplace, "metric": L2Metric, "purkayastha": Purkayastha}


def _fits(sample: Any, distribution: Any) -> None:
    assert stats.kstest(np.ravel(sample), distribution).pvalue > PASSES


def _rows(dimension: int) -> int:
    return 4000 if dimension < 100 else 400


def _uniform_on_the_sphere(directions: Any) -> None:
    """Single coordinates, and cosines between one row and the next, have the law of a uniform direction."""
    count, dimension = directions.shape
    law = stats.beta((dimension - 1) / 2, (dimension - 1) / 2, loc=-1, scale=2).cdf
    _fits(directions[:, 0], law)
    _fits(directions[:, dimension // 2], law)
    _fits(np.sum(directions[0 : count - 1 : 2] * directions[1::2], axis=1), law)
    assert np.linalg.norm(directions.mean(axis=0)) < 1.5 / sqrt(count)


# ---------------------------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_keyed_normals_are_standard_normal(dimension: int) -> None:
    """Coordinates are normal, lengths are chi, directions are uniform, and the first four moments are right."""
    drawn = standard_normals(Secret(b"n" * 32), [i.to_bytes(12, "big") for i in range(_rows(dimension))], dimension)
    _fits(drawn, "norm")
    _fits(np.sum(drawn**2, axis=1), stats.chi2(dimension).cdf)
    _uniform_on_the_sphere(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
    for power, (moment, variance) in enumerate([(0, 1), (1, 2), (0, 15), (3, 96)], start=1):
        assert abs(np.mean(drawn**power) - moment) < 4 * sqrt(variance / drawn.size)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("source", ["fresh", "keyed"])
def test_uniforms_are_uniform_and_never_zero_or_one(source: str, dimension: int, draws_of: Any) -> None:
    """They fill (0, 1), are as fine at one end as at the other, and neighbours know nothing of each other."""
    rows = _rows(dimension)
    draws = FreshDraws() if source == "fresh" else draws_of(rows)
    drawn = draws.uniforms(rows, dimension)
    assert drawn.shape == (rows, dimension)
    assert (drawn > 0).all()
    assert (drawn < 1).all()
    assert (1.0 - drawn < 1).all()
    # a fresh draw is another one in every run: it may fail a test at 1e-3 once in a thousand runs, at 1e-9 never
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > (1e-9 if source == "fresh" else PASSES)
    assert abs(np.corrcoef(drawn[:, 0::2].ravel(), drawn[:, 1::2].ravel())[0, 1]) < 6 / sqrt(drawn.size / 2)


@pytest.mark.parametrize("bits", [0, 2**64 - 1])
def test_the_rarest_keystreams_make_finite_noise(
    bits: int, monkeypatch: pytest.MonkeyPatch, axis: Any, draws_of: Any
) -> None:
    """All bits off and all bits on, which no sample will show: uniforms mirror each other, and no noise is infinite."""

    def constant(key: Any, seeds: Any, blocks: int) -> Any:
        return np.full((len(seeds), blocks, 2), bits, dtype=np.uint64)

    monkeypatch.setattr("vecguard.protect.noise._keystream", constant)
    monkeypatch.setattr(KeyedDraws, "normals", lambda self, rows, columns: np.ones((rows, columns)))
    (uniform,) = draws_of(1).uniforms(1, 1)[0]
    assert uniform == (2**-53 if bits == 0 else 1 - 2**-53)
    for mechanism in (Laplace(scale=1.0), L2Metric(epsilon=1.0), Purkayastha(epsilon=9.0)):
        assert np.isfinite(mechanism.perturb(axis(1, 8), draws_of(1))).all()


def test_no_two_calls_share_a_number(draws_of: Any) -> None:
    """One source never repeats itself, and two fresh ones have nothing in common."""
    for one in (FreshDraws(), draws_of(3)):
        numbers = [one.uniforms(3, 50), one.uniforms(3, 50), one.normals(3, 50), one.normals(3, 50)]
        assert len(np.unique(np.concatenate([each.ravel() for each in numbers]))) == 600
    assert not np.intersect1d(FreshDraws().uniforms(3, 50), FreshDraws().uniforms(3, 50)).size


def test_a_rows_keyed_draw_does_not_depend_on_its_neighbours() -> None:
    """The same key, seed and call make the same numbers, alone or in a batch; a wrong number of rows is refused."""
    key, seeds = Secret(b"k" * 32), [bytes([i]) * 12 for i in range(4)]
    together, alone = KeyedDraws(key, seeds), KeyedDraws(key, seeds[2:3])
    for _ in range(2):
        assert np.array_equal(together.normals(4, 9)[2:3], alone.normals(1, 9))
    with pytest.raises(BadInput):
        together.normals(3, 9)
    with pytest.raises(BadInput):
        KeyedDraws(key, [b"short"])


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_row_of_the_rotation_is_uniform_on_the_sphere(dimension: int) -> None:
    """Entries have the law of a coordinate of a random direction, and Q is orthogonal."""
    q = rotation(Secret(b"q" * 32), dimension)
    assert np.abs(q @ q.T - np.eye(dimension)).max() < 1e-12
    law = stats.beta((dimension - 1) / 2, (dimension - 1) / 2, loc=-1, scale=2).cdf
    _fits(q[0], law)
    _fits(q[:, 0], law)


def test_the_rotation_is_haar() -> None:
    """Over keys, entries have the law of a random direction, and the trace has mean 0 and variance 1."""
    keys = [Secret(i.to_bytes(32, "big")) for i in range(600)]
    drawn = np.stack([rotation(key, 8) for key in keys])
    for row, column in ((0, 0), (7, 7), (3, 5)):
        _fits(drawn[:, row, column], stats.beta(3.5, 3.5, loc=-1, scale=2).cdf)
    traces = np.trace(drawn, axis1=1, axis2=2)
    assert abs(traces.mean()) < 4 / sqrt(600)
    assert abs(traces.var() - 1) < 0.25


# ------------------------------------------------------------------------------------------------------- mechanisms


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_gaussian_noise_is_normal(dimension: int, axis: Any, draws_of: Any) -> None:
    """Coordinates over sigma are standard normal, whatever the coordinate of the vector; directions are uniform."""
    rows, sigma = _rows(dimension), 0.3
    x = axis(rows, dimension)
    noise = Gaussian(sigma=sigma).perturb(x, draws_of(rows)).astype(np.float64) - x
    _fits(noise / sigma, "norm")
    _fits(noise[:, 0] / sigma, "norm")
    _uniform_on_the_sphere(noise / np.linalg.norm(noise, axis=1, keepdims=True))
    assert np.sqrt(np.mean(np.sum(noise**2, axis=1))) == pytest.approx(sigma * sqrt(dimension), rel=0.02)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_laplace_noise_is_laplace(dimension: int, axis: Any, draws_of: Any) -> None:
    """Coordinates over the scale are Laplace(1), both tails alike, with variance 2 and fourth moment 24."""
    rows, scale = _rows(dimension), 0.2
    x = axis(rows, dimension)
    noise = (Laplace(scale=scale).perturb(x, draws_of(rows)).astype(np.float64) - x) / scale
    _fits(noise, "laplace")
    _fits(noise[:, 0], "laplace")
    _fits(-noise[noise < 0], "expon")
    assert np.mean(noise**2) == pytest.approx(2.0, abs=4 * sqrt(20 / noise.size))
    assert np.mean(noise**4) == pytest.approx(24.0, abs=4 * sqrt(39744 / noise.size))
    assert abs(np.corrcoef(np.abs(noise[:, 0::2]).ravel(), np.abs(noise[:, 1::2]).ravel())[0, 1]) < 4 / sqrt(
        noise.size / 2
    )


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_metric_noise_has_a_gamma_length_in_a_uniform_direction(dimension: int, axis: Any, draws_of: Any) -> None:
    """epsilon |noise| ~ Gamma(d), with mean d and variance d, and the direction is uniform and independent of it."""
    rows, epsilon = 4000, 40.0
    x = axis(rows, dimension)
    noise = L2Metric(epsilon=epsilon).perturb(x, draws_of(rows)).astype(np.float64) - x
    lengths = np.linalg.norm(noise, axis=1)
    _fits(lengths * epsilon, stats.gamma(dimension).cdf)
    assert np.mean(lengths * epsilon) == pytest.approx(dimension, abs=4 * sqrt(dimension / rows))
    assert np.var(lengths * epsilon) == pytest.approx(dimension, rel=0.15)
    _uniform_on_the_sphere(noise / lengths[:, None])
    assert abs(np.corrcoef(lengths, noise[:, 1] / lengths)[0, 1]) < 4 / sqrt(rows)


def _angle_law(epsilon: float, dimension: int) -> Callable[[Any], Any]:
    """Integrate exp(-epsilon a) sin(a)^(d-2) by Simpson's rule, finer and wider than the sampler's own grid."""
    mode = atan2(dimension - 2, epsilon)
    width = np.sin(mode) / sqrt(dimension - 2)
    points = np.linspace(max(1e-12, mode - 40 * width), min(pi - 1e-12, mode + 60 * width), 200_001)
    logarithm = (dimension - 2) * np.log(np.sin(points)) - epsilon * points
    density = np.exp(logarithm - logarithm.max())
    cumulative = integrate.cumulative_simpson(density, x=points, initial=0.0)
    return lambda angle: np.interp(angle, points, cumulative / cumulative[-1])


@pytest.mark.parametrize("epsilon", [0.1, 12.0, 384.0, 1e5])
@pytest.mark.parametrize("dimension", [3, *DIMENSIONS])
def test_purkayastha_angles(dimension: int, epsilon: float, axis: Any, draws_of: Any) -> None:
    """The angle has the density exp(-epsilon a) sin(a)^(d-2), the rest is uniform, and the length stays 1."""
    rows = 2000
    x = axis(rows, dimension)
    y = Purkayastha(epsilon=epsilon).perturb(x, draws_of(rows)).astype(np.float64)
    assert np.abs(np.linalg.norm(y, axis=1) - 1).max() < 2e-7
    angles = np.arctan2(np.linalg.norm(y[:, 1:], axis=1), y[:, 0])
    _fits(angles, _angle_law(epsilon, dimension))
    if dimension > 3:
        _uniform_on_the_sphere(y[:, 1:] / np.linalg.norm(y[:, 1:], axis=1, keepdims=True))


@pytest.mark.parametrize("epsilon", [0.1, 12.0, 384.0, 1e5])
@pytest.mark.parametrize("dimension", [3, *DIMENSIONS])
def test_purkayastha_quantiles_are_exact(dimension: int, epsilon: float) -> None:
    """From one in a billion to all but one in a billion, the angle drawn has the probability that it was drawn for."""
    quantiles = np.array([1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-9])
    angles = 2 * np.arctan(np.exp(_table(epsilon, dimension).inverse(quantiles[:, None])[:, 0]))
    mode = atan2(dimension - 2, epsilon)
    peak = (dimension - 2) * np.log(np.sin(mode)) - epsilon * mode

    def density(angle: float) -> float:
        return float(np.exp((dimension - 2) * np.log(np.sin(angle)) - epsilon * angle - peak))

    def mass(low: float, high: float) -> float:
        return integrate.quad(density, low, high, epsabs=0, epsrel=1e-11, limit=500)[0]  # type: ignore[no-any-return]

    width = np.sin(mode) / sqrt(dimension - 2)
    ends = [max(1e-300, mode - 60 * width), *angles, min(pi, mode + 100 * width)]
    masses = np.array([mass(low, high) for low, high in pairwise(ends)])
    below = np.cumsum(masses)[:-1] / masses.sum()
    above = np.cumsum(masses[::-1])[::-1][1:] / masses.sum()
    assert np.allclose(np.minimum(below, above), np.minimum(quantiles, 1 - quantiles), rtol=1e-5)


def test_purkayastha_mean_cosines() -> None:
    """Mean cosines at 384 and 768 dimensions are those of an independent computation."""
    known = {(384, 12): 0.031, (384, 100): 0.25, (384, 384): 0.71, (384, 800): 0.90, (384, 1500): 0.97}
    for (dimension, epsilon), cosine in (known | {(768, 1000): 0.79, (768, 1500): 0.89}).items():
        noise = Purkayastha(epsilon=float(epsilon)).relative_noise(dimension)
        assert 1 / sqrt(1 + noise**2) == pytest.approx(cosine, abs=0.006)
    with pytest.raises(PolicyError):
        Purkayastha(epsilon=1.0).relative_noise(1)


# ------------------------------------------------------------------------------------------------- all of them alike


@pytest.mark.parametrize("noise", [0.01, 0.5, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("name", MECHANISMS)
def test_the_dial_is_the_noise(name: str, dimension: int, noise: float, draws_of: Any, axis: Any) -> None:
    """A mechanism built from r reports r, and its noise has that length (its tangent, where it turns)."""
    mechanism = MECHANISMS[name].with_noise(noise, dimension=dimension)
    assert mechanism.relative_noise(dimension) == pytest.approx(noise, rel=1e-9)
    x = axis(1000, dimension)
    y = mechanism.perturb(x, draws_of(1000)).astype(np.float64)
    if name == "purkayastha":
        cosines = y[:, 0]
        assert cosines.mean() == pytest.approx(1 / sqrt(1 + noise**2), abs=5 * cosines.std() / sqrt(1000) + 1e-8)
    else:
        squares = np.sum((y - x) ** 2, axis=1)
        assert squares.mean() == pytest.approx(noise**2, rel=5 * squares.std() / squares.mean() / sqrt(1000) + 1e-5)


@pytest.mark.parametrize("name", MECHANISMS)
def test_rows_are_brought_to_length_one_first(name: str, draws_of: Any) -> None:
    """A row of any length is perturbed as its direction is, in float32, and the input stays as it was."""
    mechanism = MECHANISMS[name].with_noise(0.5, dimension=16)
    x = np.random.default_rng(3).standard_normal((5, 16)).astype(np.float32)
    unit = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    before = x.copy()
    found = mechanism.perturb(x * np.float32(40), draws_of(5))
    assert found.dtype == np.float32
    assert np.allclose(found, mechanism.perturb(unit, draws_of(5)), atol=1e-6)
    assert not np.allclose(found, mechanism.perturb(unit, draws_of(5, key=2)), atol=0.05)
    assert np.array_equal(x, before)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
@pytest.mark.parametrize("name", MECHANISMS)
def test_a_row_without_a_direction_is_refused(name: str, bad: float, draws_of: Any, axis: Any) -> None:
    """Zero, NaN and Inf are refused by position."""
    x = axis(3, 8)
    x[1] = bad
    with pytest.raises(BadVector, match="vector 1"):
        MECHANISMS[name].with_noise(1.0, dimension=8).perturb(x, draws_of(3))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_parameters_are_positive_and_finite(value: float) -> None:
    """No mechanism without noise, or with noise that is no number."""
    for make in (
        lambda: Gaussian(sigma=value),
        lambda: Gaussian.private(mu=value),
        lambda: Laplace(scale=value),
        lambda: Laplace.private(epsilon=value, dimension=8),
        lambda: L2Metric(epsilon=value),
        lambda: Purkayastha(epsilon=value),
    ):
        with pytest.raises(PolicyError):
            make()
    for mechanism in MECHANISMS.values():
        with pytest.raises(PolicyError):
            mechanism.with_noise(value, dimension=8)
