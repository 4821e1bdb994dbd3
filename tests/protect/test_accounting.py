"""Conversions are exact, composition is sound, and no epsilon is printed alone."""

from __future__ import annotations

import re
from itertools import repeat
from math import exp, inf, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from vecguard import BadInput
from vecguard.protect.accounting import (
    Gdp,
    Guarantee,
    MetricDp,
    PureDp,
    SearchLoss,
    as_gdp,
    composed,
    delta_at,
    epsilon_at,
    is_vacuous,
    mu_at,
    statement,
)

MUS = st.floats(1e-3, 30.0)
DELTAS = st.floats(log(1e-12), log(0.1)).map(exp)


def _delta_by_integration(epsilon: float, mu: float) -> float:
    """Integrate max(0, p(x) - exp(epsilon) q(x)) for p = N(mu, 1) and q = N(0, 1); the sign changes once."""
    border = epsilon / mu + mu / 2
    start = max(border, mu - 40)

    def excess(step: float) -> float:
        x = start + step
        return float(stats.norm.pdf(x - mu) * -special.expm1(epsilon - mu * x + mu * mu / 2))

    middle = max(mu - start, 0.0)
    pieces = [
        integrate.quad(excess, low, high, epsabs=0, epsrel=1e-11, limit=500)[0]
        for low, high in ((0.0, middle + 1.0), (middle + 1.0, middle + 5.0), (middle + 5.0, middle + 40.0))
    ]
    return float(sum(pieces))


@settings(max_examples=150, deadline=None)
@given(mu=MUS, share=st.floats(-6.0, 6.0))
def test_delta_is_what_integration_gives(mu: float, share: float) -> None:
    """To a part in 100 million, from six deviations of the loss below its mean to six above."""
    epsilon = max(0.0, mu * mu / 2 + share * mu)
    assert delta_at(epsilon=epsilon, mu=mu) == pytest.approx(_delta_by_integration(epsilon, mu), rel=1e-8)


@settings(max_examples=150, deadline=None)
@given(mu=MUS, delta=DELTAS)
def test_epsilon_undoes_delta(mu: float, delta: float) -> None:
    """epsilon_at is the least epsilon: at it delta holds, just below it does not."""
    epsilon = epsilon_at(delta=delta, mu=mu)
    if epsilon == 0.0:
        assert delta_at(epsilon=0.0, mu=mu) <= delta
    else:
        assert delta_at(epsilon=epsilon, mu=mu) == pytest.approx(delta, rel=1e-6)
        assert delta_at(epsilon=epsilon * (1 - 1e-6), mu=mu) > delta


@settings(max_examples=150, deadline=None)
@given(epsilon=st.floats(log(0.01), log(1e5)).map(exp), delta=DELTAS)
def test_mu_undoes_delta(epsilon: float, delta: float) -> None:
    """mu_at is right from epsilon .01 to 100,000 and delta 1e-12 to .1."""
    assert delta_at(epsilon=epsilon, mu=mu_at(epsilon=epsilon, delta=delta)) == pytest.approx(delta, rel=1e-6)


@settings(deadline=None)
@given(mu=MUS, more=st.floats(1.01, 2.0), epsilon=st.floats(0.0, 20.0))
def test_delta_grows_with_mu_and_falls_with_epsilon(mu: float, more: float, epsilon: float) -> None:
    """And is never more than 1."""
    delta = delta_at(epsilon=epsilon, mu=mu)
    assert 0.0 <= delta <= 1.0
    assert delta_at(epsilon=epsilon, mu=mu * more) >= delta
    assert delta_at(epsilon=epsilon + 0.1, mu=mu) <= delta


def test_figures_at_the_ends() -> None:
    """Known values, enormous ones, and what is no probability."""
    assert delta_at(epsilon=0.0, mu=1.0) == pytest.approx(2 * stats.norm.cdf(0.5) - 1, rel=1e-14)
    assert epsilon_at(delta=1e-5, mu=200.0) == pytest.approx(2.1e4, rel=0.02)
    assert epsilon_at(delta=1e-5, mu=1e5) == pytest.approx(5e9, rel=1e-3)
    assert epsilon_at(delta=1e-5, mu=4e10) == pytest.approx(8e20, rel=1e-6)
    assert delta_at(epsilon=1e5, mu=1.0) == 0.0
    assert delta_at(epsilon=0.0, mu=1e4) == 1.0
    for bad in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(BadInput):
            epsilon_at(delta=bad, mu=1.0)
        with pytest.raises(BadInput):
            mu_at(epsilon=1.0, delta=bad)
    for bad in (0.0, -1.0, inf, float("nan")):
        with pytest.raises(BadInput):
            epsilon_at(delta=1e-5, mu=bad)
        with pytest.raises(BadInput):
            delta_at(epsilon=1.0, mu=bad)
    for bad in (-0.1, inf, float("nan")):
        with pytest.raises(BadInput):
            mu_at(epsilon=bad, delta=1e-5)
        with pytest.raises(BadInput):
            delta_at(epsilon=bad, mu=1.0)


# -------------------------------------------------------------------------------------------- an independent library


def test_deltas_are_those_of_dp_accounting() -> None:
    """Google's dp-accounting (in the dev extra) has the same delta for a Gaussian, wherever it computes one."""
    mechanisms = pytest.importorskip("dp_accounting.pld.privacy_loss_mechanism", reason="pip install dp-accounting")
    for mu in (0.1, 1.0, 5.0, 39.2):
        theirs = mechanisms.GaussianPrivacyLoss(standard_deviation=2 / mu, sensitivity=2)
        for share in (-2.0, 0.0, 2.0, 4.0):
            epsilon = max(0.0, mu * mu / 2 + share * mu)
            assert delta_at(epsilon=epsilon, mu=mu) == pytest.approx(theirs.get_delta_for_epsilon(epsilon), rel=1e-6)


def test_composition_is_that_of_dp_accounting() -> None:
    """Sixteen Gaussian draws have the delta of mu sqrt(16); sixteen Laplace draws stay below 16 epsilon."""
    library = pytest.importorskip(
        "dp_accounting.pld.privacy_loss_distribution", reason="pip install dp-accounting, for composition"
    )
    ours = composed(repeat(Gdp(mu=0.25), 16))
    assert isinstance(ours, Gdp)
    theirs = library.from_gaussian_mechanism(8.0, sensitivity=2, value_discretization_interval=1e-4).self_compose(16)
    for epsilon in (0.1, 0.5, 1.0, 2.0):
        assert delta_at(epsilon=epsilon, mu=ours.mu) == pytest.approx(theirs.get_delta_for_epsilon(epsilon), rel=2e-3)
    pure = composed(repeat(PureDp(epsilon=0.25), 16))
    laplace = library.from_laplace_mechanism(8.0, sensitivity=2, value_discretization_interval=1e-4).self_compose(16)
    assert isinstance(pure, PureDp)
    assert laplace.get_epsilon_for_delta(1e-12) <= pure.epsilon + 1e-2
    assert laplace.get_epsilon_for_delta(1e-12) > pure.epsilon / 2


# ------------------------------------------------------------------------------------------------------- composition


EPSILONS = st.floats(1e-3, 500.0)
PARTS = st.lists(
    st.one_of(
        MUS.map(lambda mu: Gdp(mu=mu)),
        EPSILONS.map(lambda epsilon: PureDp(epsilon=epsilon)),
        st.builds(MetricDp, epsilon=EPSILONS, distance=st.sampled_from(["l2", "angle"])),
    ),
    min_size=1,
    max_size=6,
)


def _as_pure(part: Guarantee) -> float:
    match part:
        case PureDp(epsilon=epsilon):
            return epsilon
        case MetricDp(epsilon=epsilon, distance="l2"):
            return 2 * epsilon
        case MetricDp(epsilon=epsilon):
            return pi * epsilon
    return inf


@settings(deadline=None)
@given(parts=PARTS)
def test_composing_is_never_better_than_its_parts(parts: list[Guarantee]) -> None:
    """Whatever is mixed: the order does not matter, and each part on its own is at least as private as the whole."""
    whole = composed(parts)
    assert _as_pure(composed(parts[::-1])) == pytest.approx(_as_pure(whole))
    for part in parts:
        assert as_gdp(whole).mu >= as_gdp(part).mu * (1 - 1e-12)
    if not isinstance(whole, Gdp):
        assert _as_pure(whole) >= sum(map(_as_pure, parts)) * (1 - 1e-12)
        assert not any(isinstance(part, Gdp) for part in parts)


def test_kinds_compose_as_they_should() -> None:
    """mu in squares, epsilons plainly, one kind stays that kind, and two become the weaker one."""
    assert composed([Gdp(mu=3.0), Gdp(mu=4.0)]) == Gdp(mu=5.0)
    assert composed([PureDp(epsilon=1.0), PureDp(epsilon=2.5)]) == PureDp(epsilon=3.5)
    l2, angle = MetricDp(epsilon=1.0, distance="l2"), MetricDp(epsilon=2.0, distance="angle")
    assert composed([l2, l2]) == MetricDp(epsilon=2.0, distance="l2")
    assert composed([angle, angle]) == MetricDp(epsilon=4.0, distance="angle")
    assert composed([l2, angle]) == MetricDp(epsilon=3.0, distance="angle")
    assert composed([l2, PureDp(epsilon=1.0)]) == PureDp(epsilon=3.0)
    assert composed([l2]) == l2
    mixed = composed([Gdp(mu=1.0), PureDp(epsilon=1.0)])
    assert isinstance(mixed, Gdp)
    assert mixed.mu == pytest.approx(sqrt(1.0 + as_gdp(PureDp(epsilon=1.0)).mu ** 2))
    with pytest.raises(BadInput):
        composed([])


@settings(deadline=None)
@given(epsilon=st.floats(1e-3, 30.0), share=st.floats(0.0, 1.0))
def test_the_gdp_of_a_pure_guarantee_covers_it(epsilon: float, share: float) -> None:
    """At every epsilon', GDP's delta is at least that of the worst epsilon-DP mechanism (randomised response)."""
    mu = as_gdp(PureDp(epsilon=epsilon)).mu
    smaller = share * epsilon
    worst = exp(smaller) * special.expm1(epsilon - smaller) / (1.0 + exp(epsilon))
    assert delta_at(epsilon=smaller, mu=mu) >= worst * (1 - 1e-9)


def test_the_gdp_of_a_pure_guarantee_is_the_least() -> None:
    """It touches at epsilon' = 0, so no smaller mu would do; and it stays finite for any epsilon."""
    for epsilon in (0.1, 1.0, 10.0):
        mu = as_gdp(PureDp(epsilon=epsilon)).mu
        assert delta_at(epsilon=0.0, mu=mu) == pytest.approx(np.tanh(epsilon / 2), rel=1e-9)
    assert as_gdp(PureDp(epsilon=1e5)).mu == pytest.approx(2 * sqrt(2e5), rel=1e-3)


# ---------------------------------------------------------------------------------------------------------- in words


LOSS = SearchLoss(measure="nDCG@10", loss=0.0234, measured_on="300 queries")


@settings(deadline=None)
@given(
    guarantee=PARTS.map(lambda parts: parts[0]),
    delta=DELTAS,
    loss=st.sampled_from([None, LOSS]),
    name=st.just("laplace"),
)
def test_an_epsilon_is_never_printed_alone(
    guarantee: Guarantee, delta: float, loss: SearchLoss | None, name: str
) -> None:
    """Delta, mechanism, adjacency and search loss stand beside it, and "vacuous" where it is."""
    words = statement(guarantee, mechanism=name, search_loss=loss, delta=delta)
    figures = re.findall(r"epsilon = ([\d.,e+-]+)(?: at delta = ([\d.e-]+))?", words)
    assert len(figures) == 1
    ((epsilon, beside),) = figures
    assert beside == (f"{delta:g}" if isinstance(guarantee, Gdp) else "0")
    assert "laplace mechanism" in words
    assert "adjacency: one text replaced by any other" in words
    assert ("2.34 % of nDCG@10 (300 queries)" if loss else "search loss not measured") in words
    true = epsilon_at(delta=delta, mu=guarantee.mu) if isinstance(guarantee, Gdp) else _as_pure(guarantee)
    assert float(epsilon.replace(",", "")) == pytest.approx(true, rel=5e-3)
    assert ("vacuous" in words) == (true > 10)
    assert is_vacuous(true) == (true > 10)
