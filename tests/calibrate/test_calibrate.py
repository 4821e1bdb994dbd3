"""A calibration promises only what it measured, on queries that it was not chosen by, and says so when it cannot."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vecguard import BadInput, Policy, PolicyError, Vectors
from vecguard.calibration import Calibration, Task, calibrate, search
from vecguard.calibration.bought import closed_form, confusion
from vecguard.calibration.plot import plot
from vecguard.calibration.result import queries_needed
from vecguard.evaluate import Interval


@pytest.fixture(scope="module")
def found(task_of: Callable[..., Task]) -> Calibration:
    """One calibration on 700 queries within 1 %."""
    return calibrate(task_of(700), budget=0.01, max_over_fetch=200, seeds=3)


def test_what_is_chosen_passed_and_the_next_step_failed(found: Calibration) -> None:
    """The bound of the chosen setting is within the budget; no K passed at any larger r that was tried."""
    assert found.chosen is not None
    assert found.chosen.change.low >= -found.budget
    louder = [trial for trial in found.trials if trial.noise > found.noise]
    assert louder
    assert all(trial.change.low < -found.budget for trial in louder)
    assert 20 <= found.over_fetch <= 200


def test_at_the_chosen_noise_every_smaller_over_fetch_failed(found: Calibration) -> None:
    """The smallest K that passes is taken."""
    smaller = [t for t in found.trials if t.noise == found.noise and t.over_fetch < found.over_fetch]
    assert smaller
    assert all(trial.change.low < -found.budget for trial in smaller)


def test_it_is_re_measured_on_other_queries_under_another_key(
    task_of: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No query is in both halves, all are used, and the reported key was used for nothing before."""
    seen: list[tuple[frozenset[int], int]] = []
    measured = search._measured

    def watched(task: Task, rows: np.ndarray, noise: float, over: object, key: int) -> object:
        seen.append((frozenset(rows.tolist()), key))
        return measured(task, rows, noise, over, key)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "_measured", watched)
    found = calibrate(task_of(300), budget=0.05, max_over_fetch=50, seeds=2)
    *calibrated, reported = seen
    halves = {rows for rows, _ in calibrated}
    assert len(halves) == 1
    (half,) = halves
    assert not half & reported[0]
    assert half | reported[0] == set(range(300))
    assert reported[1] == found.fresh_seed
    assert {key for _, key in calibrated} == set(found.seeds)
    assert found.fresh_seed not in found.seeds


def test_the_same_seed_gives_the_same_result_and_another_does_not(task_of: Callable[..., Task]) -> None:
    """Everything random hangs on the seed."""
    task = task_of(240)
    one, again, other = (calibrate(task, budget=0.05, max_over_fetch=40, seeds=2, seed=each) for each in (1, 1, 2))
    assert one == again
    assert one.trials != other.trials


def test_few_queries_promise_nothing(task_of: Callable[..., Task]) -> None:
    """With 60 queries a refusal comes back, not a setting, and asking for the setting raises."""
    few = calibrate(task_of(60), budget=0.01)
    assert few.chosen is None
    assert few.refusal
    assert not few.holds
    assert "Nothing is promised" in few.verdict
    for call in (lambda: few.noise, lambda: few.over_fetch, few.policy, few.to_toml, lambda: closed_form(few)):
        with pytest.raises(PolicyError):
            call()
    json.loads(few.to_json())


def test_a_budget_that_no_noise_meets_is_refused_with_the_reason(task_of: Callable[..., Task]) -> None:
    """Where even the least noise at the largest K loses too much, the refusal says by how much."""
    tight = calibrate(task_of(240, judged=False), budget=1e-6, max_over_fetch=20)
    assert tight.chosen is None
    assert "r=0.25" in tight.refusal


def test_how_many_queries_would_do() -> None:
    """Intervals shrink with the root of their number; an estimate beyond the budget never gets within it."""
    assert queries_needed(Interval(0.0, -0.02, 0.02, 0.9), 100, 0.01) == 400
    assert queries_needed(Interval(-0.02, -0.04, 0.0, 0.9), 100, 0.01) is None


@pytest.mark.parametrize(
    ("estimate", "low", "holds", "confirmed", "said"),
    [
        (0.0, -0.004, True, True, "its 95 % bound too"),
        (-0.004, -0.02, True, False, "lies beyond it"),
        (-0.0105, -0.02, True, False, "lies beyond it"),
        (-0.02, -0.04, False, False, "Do not use this as calibrated"),
    ],
)
def test_the_other_queries_decide(
    found: Calibration, estimate: float, low: float, holds: bool, confirmed: bool, said: str
) -> None:
    """A loss beyond budget and tolerance on the other half is called by its name."""
    changed = replace(found, reported=Interval(estimate, low, 0.01, 0.9))
    assert (changed.holds, changed.confirmed) == (holds, confirmed)
    assert said in changed.verdict


def test_the_policy_that_is_written_is_the_one_that_was_measured(found: Calibration, tmp_path: Path) -> None:
    """TOML read back by the product has this r and K, and is otherwise the balanced profile."""
    read = Policy.from_mapping(tomllib.loads(found.to_toml())["policy"])
    assert read == found.policy()
    assert (read.vectors.noise, read.vectors.over_fetch) == (found.noise, found.over_fetch)
    assert read.vectors.ranking == "store"
    strict = found.policy(Policy.strict())
    assert strict.vectors == read.vectors
    assert strict.metadata == Policy.strict().metadata
    with pytest.raises(PolicyError, match="masks"):
        found.policy(Policy(vectors=Vectors(non_recoverable=True)))


def test_the_document_holds_what_was_tried(found: Calibration) -> None:
    """JSON without NaN, with every trial and the verdict."""
    document = json.loads(found.to_json())
    assert len(document["trials"]) == len(found.trials) > 10
    assert document["holds"] is found.holds
    assert document["rows"] == 1_500


def test_progress_ends_at_its_total(task_of: Callable[..., Task]) -> None:
    """Every simulation is told, and the last word is that all are done."""
    told: list[tuple[int, int]] = []
    calibrate(
        task_of(240),
        budget=0.05,
        max_over_fetch=40,
        seeds=2,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert [done for done, _ in told] == [*range(1, told[-1][0] + 1), told[-1][0]]
    assert all(done <= total for done, total in told)
    assert told[-1][0] == told[-1][1]


@pytest.mark.parametrize(
    "settings",
    [{"budget": 0}, {"budget": 1}, {"budget": -0.1}, {"max_over_fetch": 10}, {"seeds": 0}, {"tolerance": -1}],
)
def test_settings_out_of_range_are_refused(task_of: Callable[..., Task], settings: dict[str, float]) -> None:
    """Nothing is measured with a budget in per cent, or with no key at all."""
    with pytest.raises(BadInput):
        calibrate(task_of(30), **settings)  # type: ignore[arg-type]


def test_the_picture_is_drawn(found: Calibration, tmp_path: Path) -> None:
    """A PNG with curves; nothing tried is nothing to draw."""
    plot(tmp_path / "p.png", found)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "p.png").stat().st_size > 20_000
    with pytest.raises(ValueError, match="nothing to draw"):
        plot(tmp_path / "q.png", replace(found, trials=()))


def test_confusion_is_how_often_the_nearer_text_is_the_wrong_one() -> None:
    """Two texts of cosine .9 under noise: the closed form is what drawing it gives."""
    draw, dimension, noise = np.random.default_rng(0), 64, 3.0
    one, other = np.zeros(dimension), np.zeros(dimension)
    one[0] = 1.0
    other[:2] = 0.9, np.sqrt(1 - 0.81)
    seen = one + noise / np.sqrt(dimension) * draw.standard_normal((40_000, dimension))
    wrong = float(np.mean(seen @ other > seen @ one))
    assert confusion(noise, dimension) == pytest.approx(wrong, abs=4 * np.sqrt(0.25 / 40_000))
