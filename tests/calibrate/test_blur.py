"""Calibrating the blur: the largest that stays within the budget, held against other queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import BadInput, Guard, Keyring, Policy, PolicyError, Scrub
from vecguard.calibration import Task, calibrate_blur
from vecguard.calibration.blur import SCALE
from vecguard.calibration.simulate import blurred_ranks, exact_ranks
from vecguard.records import Metric


def task(queries: int = 400, spread: float = 0.25, metric: Metric = "cosine") -> Task:
    """Texts in clusters and queries near one of them each: search bears some noise and not much."""
    rng = np.random.default_rng(3)
    documents = rng.normal(size=(1_500, 96)).astype(np.float32)
    documents /= np.linalg.norm(documents, axis=1, keepdims=True)
    wanted = rng.integers(0, len(documents), size=queries)
    asked = documents[wanted] + spread * rng.normal(size=(queries, 96)).astype(np.float32) / np.sqrt(96)
    return Task.of(documents, asked, grades={at: {int(row): 1.0} for at, row in enumerate(wanted)}, metric=metric)


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_the_largest_blur_within_the_budget_is_found_and_confirmed(metric: Metric) -> None:
    """All that is smaller passes, the next one does not, and a policy takes it over."""
    told: list[tuple[int, int]] = []
    found = calibrate_blur(task(metric=metric), budget=0.05, seeds=2, on_progress=lambda *each: told.append(each))
    assert found.chosen is not None
    assert [each.blur for each in found.trials] == list(SCALE[: len(found.trials)])
    assert [each.change.low >= -0.05 for each in found.trials] == [True] * (len(found.trials) - 1) + [False]
    assert found.chosen == found.trials[-2]
    assert found.holds
    assert found.guessed is not None
    assert found.guessed >= (found.kept or 0.0) - 0.05
    assert told[-1] == (len(found.trials), len(SCALE))
    assert found.policy().blur == found.chosen.blur
    with pytest.raises(PolicyError):
        found.policy(Policy(vectors=Policy().vectors.replace(ranking="store")))


def test_without_blur_it_ranks_exactly() -> None:
    """And with it, under another key, otherwise."""
    each = task(20)
    exact = exact_ranks(each.documents, each.queries)
    assert (blurred_ranks(each.documents, each.queries, blur=0.0, seed=1) == exact).all()
    one, other = (blurred_ranks(each.documents, each.queries, blur=1.0, seed=seed) for seed in (1, 2))
    assert (one != other).any()


@pytest.mark.parametrize(("queries", "budget", "why"), [(60, 0.05, "queries"), (400, 1e-9, "bound")])
def test_too_few_queries_or_too_small_a_budget_is_a_refusal(queries: int, budget: float, why: str) -> None:
    found = calibrate_blur(task(queries, spread=2.0), budget=budget, seeds=1)
    assert found.chosen is None
    assert why in found.refusal
    assert not found.holds
    with pytest.raises(PolicyError):
        found.policy()


@pytest.mark.parametrize("settings", [{"budget": 0.0}, {"budget": 1.0}, {"seeds": 0}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        calibrate_blur(task(20), **settings)


def test_the_policy_that_is_written_starts_a_guard(tmp_path: Path) -> None:
    """What was calibrated is what readers see."""
    found = calibrate_blur(task(), seeds=1)
    policy = found.policy(Policy(scrub=Scrub(enabled=False)))
    guard = Guard(policy, keys=Keyring.ephemeral(), state=f"sqlite:///{tmp_path}/state.db")
    assert found.chosen is not None
    assert guard.policy.blur == found.chosen.blur
    guard.close()
