"""The paired bootstrap: what it estimates, how often it is right, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from vecguard.evaluate import paired_bootstrap


def test_estimate_is_the_relative_change_of_the_mean() -> None:
    """Means .5 and .45 differ by -10 %, and the interval holds the estimate."""
    bare, guarded = np.tile([0.25, 0.75], 50), np.tile([0.25, 0.65], 50)
    got = paired_bootstrap(bare, guarded, seed=1)
    assert got.estimate == pytest.approx(-0.1)
    assert got.low < got.estimate < got.high
    assert got.level == 0.95


def test_equal_runs_have_an_interval_of_width_zero() -> None:
    """The pairing is used: equal runs differ by nothing in every resample, however much queries differ."""
    values = np.random.default_rng(0).random(60)
    got = paired_bootstrap(values, values, seed=1)
    assert (got.estimate, got.low, got.high) == (0, 0, 0)


def test_same_seed_same_interval() -> None:
    """A seed fixes the interval, and another seed moves it a little."""
    rng = np.random.default_rng(0)
    bare, guarded = rng.random(80), rng.random(80)
    first = paired_bootstrap(bare, guarded, seed=3, resamples=2000)
    assert paired_bootstrap(bare, guarded, seed=3, resamples=2000) == first
    other = paired_bootstrap(bare, guarded, seed=4, resamples=2000)
    assert other != first
    assert other.low == pytest.approx(first.low, abs=0.05)


def test_drawing_in_parts_gives_every_resample() -> None:
    """More numbers than are drawn at a time are drawn in parts, and the interval stays sound."""
    rng = np.random.default_rng(0)
    bare = rng.random(5000)
    got = paired_bootstrap(bare, bare * 0.9 + rng.normal(0, 0.05, 5000), seed=1, resamples=1001)
    assert got.low < -0.1 < got.high
    assert got.high - got.low < 0.02


def test_covers_the_truth_as_often_as_it_says() -> None:
    """Over 300 samples of 100 queries with a true change of -5 %, about 95 % of the intervals hold it."""
    rng = np.random.default_rng(11)
    held = 0
    for trial in range(300):
        bare = rng.choice([0.0, 0.5, 1.0], p=[0.3, 0.3, 0.4], size=100)
        guarded = bare * rng.choice([0.75, 0.95, 1.15], size=100)  # 0.95 on average, independent of bare
        got = paired_bootstrap(bare, guarded, seed=trial, resamples=800)
        held += got.low <= -0.05 <= got.high
    # Binomial(300, .95) has a standard deviation of .0126; percentile intervals are a little short.
    assert 0.90 <= held / 300 <= 0.99


def test_a_lower_level_is_narrower() -> None:
    """`level=.9` lies inside `level=.95`."""
    rng = np.random.default_rng(0)
    bare = rng.random(50)
    guarded = bare + rng.normal(0, 0.1, 50)
    wide, narrow = (paired_bootstrap(bare, guarded, seed=1, level=level) for level in (0.95, 0.9))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("bare", "guarded"),
    [([0.5], [0.5]), ([0.5, 0.5], [0.5]), ([[0.5, 0.5]], [[0.5, 0.5]]), ([0, 0], [0, 0]), ([1, np.nan], [1, 1])],
)
def test_refuses_what_has_no_relative_change(bare: list[float], guarded: list[float]) -> None:
    """One query, two lengths, a matrix, a bare mean of zero and NaN are refused."""
    with pytest.raises(ValueError, match=r"needed|finite"):
        paired_bootstrap(bare, guarded, seed=1)


def test_refuses_a_level_outside_0_to_1() -> None:
    """A level is a probability."""
    with pytest.raises(ValueError, match="level"):
        paired_bootstrap([1, 1], [1, 1], seed=1, level=95)
