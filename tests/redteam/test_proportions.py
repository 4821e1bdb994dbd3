"""Intervals cover what they are to cover."""

from __future__ import annotations

import numpy as np
import pytest

from vecguard.redteam.proportions import area_interval, clopper_pearson, wilson

DRAWS = 1_000


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.5])
def test_the_interval_of_an_area_covers_the_true_one(shift: float) -> None:
    """19 of 20 times, six sigma aside: two normal populations, whose true area is known."""
    from scipy.stats import norm

    draw = np.random.default_rng(5)
    true, covered = float(norm.cdf(shift / np.sqrt(2))), 0
    for _ in range(DRAWS):
        members, others = draw.standard_normal(150) + shift, draw.standard_normal(120)
        area = float(np.mean(members[:, None] > others))
        low, high = area_interval(area, 150, 120)
        covered += low <= true <= high
    assert covered / DRAWS == pytest.approx(0.95, abs=6 * np.sqrt(0.95 * 0.05 / DRAWS))


def test_areas_at_their_ends_have_intervals() -> None:
    """Nothing is beyond 0 and 1, and certainty has no width."""
    assert area_interval(1.0, 10, 10) == (1.0, 1.0)
    assert area_interval(0.0, 10, 10) == (0.0, 0.0)
    assert wilson(0, 10)[0] == clopper_pearson(0, 10, level=0.95)[0] == 0.0
