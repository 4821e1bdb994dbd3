"""The rule for K: within its bounds, rising with all that makes ranking harder, and as safe as it says."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecguard.protect.over_fetch import over_fetch

ROWS = st.integers(0, 10**7)
WANTED = st.integers(0, 500)
NOISE = st.floats(0, 1000)


@given(ROWS, WANTED, NOISE)
def test_it_lies_between_twice_what_is_wanted_and_all_rows(rows: int, wanted: int, noise: float) -> None:
    """A store is never asked for more rows than there are, nor for none."""
    k = over_fetch(rows, wanted, noise)
    assert 1 <= k <= max(1, rows)
    assert k >= min(rows, 2 * wanted)


@given(ROWS, WANTED, NOISE, st.floats(1, 2))
def test_more_noise_never_asks_for_fewer_rows(rows: int, wanted: int, noise: float, factor: float) -> None:
    """Up to where half of all rows are fetched, K rises with r; beyond, fetching is the wrong tool anyway."""
    little, much = over_fetch(rows, wanted, noise), over_fetch(rows, wanted, noise * factor)
    assert much >= little or much > rows / 2


@given(st.integers(100, 10**6), st.integers(1, 50), st.floats(0.1, 3))
def test_more_rows_or_results_never_ask_for_fewer(rows: int, wanted: int, noise: float) -> None:
    """K rises with N and with k."""
    k = over_fetch(rows, wanted, noise)
    assert over_fetch(2 * rows, wanted, noise) >= k
    assert over_fetch(rows, wanted + 1, noise) >= k


def test_without_noise_twice_what_is_wanted_is_enough() -> None:
    """At r = 0 the store's order is the exact one."""
    assert over_fetch(100_000, 10, 0.0) == 20


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("wanted", [1, 10, 50])
def test_in_a_normal_population_the_last_wanted_row_is_kept_as_often_as_it_says(noise: float, wanted: int) -> None:
    """Scores of 20,000 rows drawn from the rule's own model: row k is among the K in about 95 % of draws."""
    rows, spread, draw = 20_000, 1.75, np.random.default_rng(1)
    k, kept, trials = over_fetch(rows, wanted, noise, spread=spread), 0, 300
    for _ in range(trials):
        exact = np.sort(draw.standard_normal(rows))[::-1]
        seen = exact + noise / spread * draw.standard_normal(rows)
        kept += int(np.sum(seen > seen[wanted - 1]) < k)
    assert 0.95 - 4 * sqrt(0.95 * 0.05 / trials) <= kept / trials
    if k > 2 * wanted:  # otherwise it is twice what is wanted, which is more than needed
        assert kept / trials <= 0.95 + 4 * sqrt(0.95 * 0.05 / trials)
