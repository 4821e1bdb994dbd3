"""Calibrating the blur: how much noise readers of shared rows bear before they notice.

    calibrate   on half of the queries, the largest b on a scale whose loss stays within the budget; the bound counts
    re-measure  that one on the other half, under a key that was used for nothing before

All rows are taken for shared, which is the worst case: a reader with rows of its own among them loses less. The bound
is the lower end of a one-sided 95 % paired bootstrap over queries, of values averaged over several keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from vecguard.arrays import Doubles
from vecguard.calibration.search import FEWEST_QUERIES, Progress, halves
from vecguard.calibration.simulate import blurred_ranks
from vecguard.calibration.utility import Positions, Task, guessed_cosine
from vecguard.errors import BadInput, PolicyError
from vecguard.evaluate import Interval, paired_bootstrap
from vecguard.policy import Policy

SCALE = tuple(step / 8 for step in range(1, 17))
"""Values of b that are tried: .125 to 2 in steps of an eighth."""

_LEVEL = 0.9  # two-sided, so that the lower end is a one-sided 95 % bound
_RESAMPLES = 4_000


@dataclass(frozen=True, slots=True)
class BlurTrial:
    """One b on the calibration queries: `change` is relative to search without blur, 90 % two-sided."""

    blur: float
    change: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurCalibration:
    """The largest b that stays within a budget of search quality, and what it leaves to a prober who never stops.

    `chosen` and `reported` are the same b on the calibration queries and on the others, under a fresh key. `guessed` is
    the mean cosine of the best linear guess at an exact vector by somebody who has texts of the kind. After a refusal
    they are None, and `refusal` says why. `budget` and all changes are fractions.
    """

    corpus: str
    measure: str
    rows: int
    budget: float
    queries: int
    chosen: BlurTrial | None
    reported: Interval | None
    guessed: float | None
    refusal: str = ""
    trials: tuple[BlurTrial, ...] = field(default=(), repr=False)

    @property
    def holds(self) -> bool:
        """Whether the other queries confirm it: their estimate is within the budget too."""
        return self.reported is not None and self.reported.estimate >= -self.budget

    @property
    def kept(self) -> float | None:
        """Expected cosine of the one view that there is to the exact vector."""
        return None if self.chosen is None else 1.0 / sqrt(1.0 + self.chosen.blur**2)

    def policy(self, base: Policy | None = None) -> Policy:
        """Return a policy with this blur. Raises `PolicyError` where nothing was found, or a store ranks."""
        if self.chosen is None:
            raise PolicyError("no blur was found that stays within the budget")
        whole = Policy() if base is None else base
        return whole.replace(reads=whole.reads.replace(blur=self.chosen.blur))


def calibrate_blur(
    task: Task, *, budget: float = 0.05, seeds: int = 5, seed: int = 0, on_progress: Progress | None = None
) -> BlurCalibration:
    """Find the largest b of `SCALE` whose loss stays within `budget` (a fraction), and re-measure it.

    `seeds` throw-away keys are averaged over; `seed` decides keys, split and resampling. `on_progress` is told
    (simulations done, at most to do). Raises `BadInput` for settings out of range; too few queries or too small a
    budget is no error but a refusal in the result.
    """
    if not 0 < budget < 1 or seeds < 1:
        raise BadInput("a budget lies between 0 and 1 (.05 is five per cent), and one seed is the least")
    mine, others = halves(len(task.queries), seed)
    keys = range(2000 * seed + 1, 2000 * seed + 1 + seeds)
    if min(len(mine), len(others)) < FEWEST_QUERIES:
        return _found(task, budget, (), None, f"{FEWEST_QUERIES} queries in each half are the fewest that say anything")
    trials: list[BlurTrial] = []
    for at, blur in enumerate(SCALE):
        values = np.mean([_values(task, mine, blur, key) for key in keys], axis=0)
        trials.append(BlurTrial(blur, _change(task, mine, values, seed)))
        if on_progress is not None:
            on_progress(at + 1, len(SCALE))
        if trials[-1].change.low < -budget:  # loss grows with noise
            break
    passing = [each for each in trials if each.change.low >= -budget]
    if not passing:
        return _found(task, budget, tuple(trials), None, f"even b={SCALE[0]:g} has a bound beyond the budget")
    chosen = passing[-1]
    fresh = _change(task, others, _values(task, others, chosen.blur, keys[-1] + 1), seed)
    return _found(task, budget, tuple(trials), (chosen, fresh, guessed_cosine(task.documents, chosen.blur, seed=seed)))


def _found(
    task: Task,
    budget: float,
    trials: tuple[BlurTrial, ...],
    outcome: tuple[BlurTrial, Interval, float] | None,
    refusal: str = "",
) -> BlurCalibration:
    chosen, reported, guessed = outcome or (None, None, None)
    return BlurCalibration(
        corpus=task.corpus,
        measure=task.measure,
        rows=len(task.documents),
        budget=budget,
        queries=len(task.queries),
        chosen=chosen,
        reported=reported,
        guessed=guessed,
        refusal=refusal,
        trials=trials,
    )


def _values(task: Task, rows: Positions, blur: float, key: int) -> Doubles:
    ranked = blurred_ranks(task.documents, task.queries[rows], blur=blur, seed=key, metric=task.metric)
    return task.values(ranked, rows)


def _change(task: Task, rows: Positions, values: Doubles, seed: int) -> Interval:
    return paired_bootstrap(task.unprotected(rows), values, resamples=_RESAMPLES, seed=seed, level=_LEVEL)
