"""The baselines of the benchmark are what they are called."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "baselines.py"


@pytest.fixture(scope="module")
def baselines() -> Any:
    if not FILE.is_file():
        pytest.skip("benchmarks/ is not beside these tests")
    spec = importlib.util.spec_from_file_location("baselines", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unit(count: int, dimension: int, seed: int) -> Any:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


DOCUMENTS, QUERIES = _unit(400, 64, 1), _unit(30, 64, 2)


@pytest.mark.parametrize("name", ["rotation_only", "permutation"])
def test_rotations_keep_every_inner_product_and_hide_the_components(baselines: Any, name: str) -> None:
    view = getattr(baselines, name)(DOCUMENTS, QUERIES, seed=1)
    other = getattr(baselines, name)(DOCUMENTS, QUERIES, seed=2)
    assert np.allclose(view.asked @ view.stored.T, QUERIES @ DOCUMENTS.T, atol=1e-5)
    assert abs(np.mean(np.sum(view.stored * DOCUMENTS, axis=1))) < 0.3
    assert not np.allclose(view.stored, other.stored)


@pytest.mark.parametrize("shuffled", [False, True])
def test_sap_perturbs_both_sides_within_its_ball(baselines: Any, shuffled: bool) -> None:
    """The radius is beta / 4 at most and, in 64 dimensions, nearly that: its mean is 64/65 of it."""
    beta = 2.0
    turn = baselines.permutation if shuffled else baselines.rotation_only
    turned = turn(DOCUMENTS, QUERIES, seed=5)
    view = baselines.sap(DOCUMENTS, QUERIES, beta=beta, seed=5, shuffled=shuffled)
    for moved, still in ((view.stored, turned.stored), (view.asked, turned.asked)):
        radius = np.linalg.norm(moved - still, axis=1)
        assert radius.max() <= beta / 4 + 1e-5
        assert radius.mean() == pytest.approx(beta / 4 * 64 / 65, rel=0.01)


def test_noise_alone_moves_documents_by_r_and_queries_not(baselines: Any) -> None:
    view = baselines.noise_only(DOCUMENTS, QUERIES, noise=1.5, seed=1)
    assert np.linalg.norm(view.stored - DOCUMENTS, axis=1).mean() == pytest.approx(1.5, rel=0.02)
    assert view.asked is QUERIES


def test_int8_keeps_256_levels_within_half_a_step(baselines: Any) -> None:
    view = baselines.int8(DOCUMENTS, QUERIES)
    step = (DOCUMENTS.max(axis=0) - DOCUMENTS.min(axis=0)) / 255
    assert np.all(np.abs(view.stored - DOCUMENTS) <= step / 2 + 1e-6)
    assert max(len(np.unique(column)) for column in view.stored.T) <= 256
    assert not np.array_equal(view.stored, DOCUMENTS)


def test_binary_keeps_signs_only(baselines: Any) -> None:
    view = baselines.binary(DOCUMENTS, QUERIES)
    assert set(np.unique(view.stored)) == {-1.0, 1.0}
    assert np.array_equal(view.stored > 0, DOCUMENTS >= 0)


def test_a_projection_keeps_inner_products_on_average(baselines: Any) -> None:
    """Errors of standard deviation about 1 / sqrt(k)."""
    view = baselines.projection(DOCUMENTS, QUERIES, dimensions=400, seed=1)
    error = view.asked @ view.stored.T - QUERIES @ DOCUMENTS.T
    assert view.stored.shape == (400, 400)
    assert error.std() == pytest.approx(1 / np.sqrt(400), rel=0.2)
