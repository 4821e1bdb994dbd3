"""Estimates of what noise costs in search agree with what it costs."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.protect.draws import FreshDraws
from vecguard.protect.irreversible import MECHANISMS, dialled
from vecguard.protect.search_loss import expected_cosine, expected_overlap


@pytest.mark.parametrize("noise", [0.25, 1.0, 2.0])
@pytest.mark.parametrize(("dimension", "within"), [(8, 0.02), (384, 0.001), (1536, 0.0005)])
@pytest.mark.parametrize("name", list(MECHANISMS))
def test_the_expected_cosine_is_the_mean_of_many(
    name: Any, dimension: int, within: float, noise: float, axis: Any, draws_of: Any
) -> None:
    """Over thousands of draws, within what the docstring allows and the error of the mean."""
    rows = 4000
    mechanism = dialled(name, noise, dimension)
    noisy = mechanism.perturb(axis(rows, dimension), draws_of(rows)).astype(np.float64)
    cosines = noisy[:, 0] / np.linalg.norm(noisy, axis=1)
    expected = expected_cosine(mechanism, dimension)
    assert expected == pytest.approx(1 / sqrt(1 + noise**2), rel=1e-9)
    assert cosines.mean() == pytest.approx(expected, abs=within + 4 * cosines.std() / sqrt(rows))


def _cloud(rows: int, dimension: int, seed: int) -> Any:
    """Vectors in clusters, as texts are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((30, dimension))
    return (centres[rng.integers(30, size=rows)] + 0.7 * rng.standard_normal((rows, dimension))).astype(np.float32)


@pytest.mark.parametrize("name", list(MECHANISMS))
def test_less_survives_more_noise(name: Any) -> None:
    """All of the top ten without noise to speak of, next to nothing under a hundred times the vector."""
    documents, queries = _cloud(800, 64, 1), _cloud(60, 64, 2)
    means = []
    for noise in (1e-6, 0.3, 1.0, 100.0):
        found = expected_overlap(documents, queries, dialled(name, noise, 64), repeats=2)
        means.append(found.mean)
        assert 0 <= found.standard_error < 0.05
        assert (found.k, found.documents, found.queries) == (10, 800, 60)
    assert means[0] == 1.0
    assert means[0] > means[1] > means[2] > means[3]
    assert means[3] < 0.1


def test_the_estimate_is_what_a_plain_count_gives(draws_of: Any) -> None:
    """Against sorting and set intersection, on the same draws, rows and queries of any length."""
    documents, queries = _cloud(300, 32, 3), _cloud(20, 32, 4)
    mechanism = dialled("gaussian", 0.5, 32)
    found = expected_overlap(documents * np.float32(7), queries, mechanism, k=5, repeats=1, draws=draws_of(300))
    noisy = mechanism.perturb(documents, draws_of(300))
    shared = []
    for query in queries:
        exact = set(np.argsort(-(documents @ query) / np.linalg.norm(documents, axis=1))[:5].tolist())
        after = set(np.argsort(-(noisy @ query) / np.linalg.norm(noisy, axis=1))[:5].tolist())
        shared.append(len(exact & after) / 5)
    assert found.mean == pytest.approx(np.mean(shared))
    assert found.search_loss.loss == pytest.approx(1 - np.mean(shared))
    assert "300 vectors and 20 queries" in str(found.search_loss)


@pytest.mark.parametrize(("k", "queries", "repeats"), [(0, 3, 1), (20, 3, 1), (5, 0, 1), (5, 3, 0)])
def test_an_estimate_needs_something_to_count(k: int, queries: int, repeats: int) -> None:
    """No queries, no repeats, or as many hits as documents: refused."""
    with pytest.raises(BadInput):
        expected_overlap(
            _cloud(20, 8, 1),
            _cloud(queries, 8, 2),
            dialled("laplace", 1.0, 8),
            k=k,
            repeats=repeats,
            draws=FreshDraws(),
        )
