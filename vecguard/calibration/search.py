"""Calibration: how much noise a corpus bears before its users notice.

    calibrate   on half of the queries, r by bisection on a log scale for each K; the bound counts, not the estimate
    choose      the largest r that passes at any K; for it the smallest K that passes
    re-measure  that one setting on the other half, under a key that was used for nothing before

The bound is the lower end of a one-sided 95 % paired bootstrap over queries of the relative change, averaged over
several keys. Choosing the best of many settings flatters it, which is why the last step decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from vecguard.arrays import Doubles
from vecguard.calibration.result import Calibration, Trial, queries_needed
from vecguard.calibration.simulate import DEPTH, masked, ranks
from vecguard.calibration.utility import Positions, Task, guessed_cosine
from vecguard.errors import BadInput
from vecguard.evaluate import Interval, paired_bootstrap

FEWEST_QUERIES = 100
"""Per half. Among fewer, a rare loss is likely to be missed altogether, and a bootstrap cannot know what it lacks: with
n queries that all kept their result, up to 3 / n of all queries may lose theirs (95 %; the rule of three)."""

_LEVEL = 0.9  # two-sided, so that the lower end is a one-sided 95 % bound
_LEAST_NOISE, _STEPS_PER_OCTAVE, _OCTAVES = 0.25, 8, 7  # r from .25 to 32 in steps of 9 %

Progress = Callable[[int, int], None]


def calibrate(
    task: Task,
    *,
    budget: float = 0.005,
    max_over_fetch: int = 400,
    seeds: int = 5,
    seed: int = 0,
    tolerance: float = 0.001,
    resamples: int = 4_000,
    on_progress: Progress | None = None,
) -> Calibration:
    """Find the largest r and the smallest K whose loss stays within `budget`, and re-measure them.

    `budget` and `tolerance` are fractions of the task's measure, `max_over_fetch` the largest K that latency allows,
    `seeds` the number of throw-away keys to average over, `seed` decides keys, split and resampling. `on_progress` is
    told (simulations done, at most to do). Raises `BadInput` for settings out of range; too few queries or too small a
    budget is no error but a refusal in the result.
    """
    _check(budget=budget, max_over_fetch=max_over_fetch, seeds=seeds, tolerance=tolerance)
    mine, others = halves(len(task.queries), seed)
    ladder = _ladder(max_over_fetch, len(task.documents))
    keys = tuple(range(1000 * seed + 1, 1000 * seed + 1 + seeds))
    bench = _Bench(task, mine, ladder, keys, resamples, seed, on_progress)
    chosen, refusal = _chosen(bench, budget, min(len(mine), len(others)))
    reported = None if chosen is None else _reported(task, others, chosen, keys[-1] + 1, resamples, seed)
    bench.finish()
    return Calibration(
        corpus=task.corpus,
        embedder=task.embedder,
        measure=task.measure,
        metric=task.metric,
        rows=len(task.documents),
        dimension=task.documents.shape[1],
        spread=task.spread,
        budget=budget,
        tolerance=tolerance,
        max_over_fetch=max_over_fetch,
        calibration_queries=len(mine),
        reported_queries=len(others),
        seeds=keys,
        fresh_seed=keys[-1] + 1,
        resamples=resamples,
        chosen=chosen,
        reported=reported,
        guessed=None if chosen is None else guessed_cosine(task.documents, chosen.noise, seed=seed),
        refusal=refusal,
        notes=tuple(_notes(task, max_over_fetch, ladder, chosen, reported, len(others))),
        trials=bench.trials,
    )


def _chosen(bench: _Bench, budget: float, fewest: int) -> tuple[Trial | None, str]:
    """Return the best setting that passes, or None and the reason."""
    if fewest < FEWEST_QUERIES:
        return None, (
            f"{fewest} queries are left to each half, and {FEWEST_QUERIES} are the fewest that say anything about half "
            f"a per cent: {fewest} queries without a loss would still allow one in {max(1, fewest // 3)} to have one."
        )
    widest = bench.ladder[-1]
    if bench.trial(0, widest).change.low < -budget:
        return None, _too_little(bench.trial(0, widest), bench.queries, budget)
    tops = [top for k in bench.frontier if (top := _largest(bench, k, budget)) is not None]
    step = max(tops)
    return next(trial for k in bench.ladder if (trial := bench.trial(step, k)).change.low >= -budget), ""


def _largest(bench: _Bench, over_fetch: int, budget: float) -> int | None:
    """Bisect for the last step of the noise scale at which K passes; None if the first one fails.

    Loss grows with noise, up to the noise of measuring it; what is returned has passed itself.
    """
    passing, failing = -1, _STEPS_PER_OCTAVE * _OCTAVES + 1
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if bench.trial(middle, over_fetch).change.low >= -budget:
            passing = middle
        else:
            failing = middle
    return None if passing < 0 else passing


@dataclass(slots=True)
class _Bench:
    """Measures settings on the calibration queries, each once: one simulation answers for every K."""

    task: Task
    rows: Positions = field(repr=False)
    ladder: Sequence[int]
    seeds: Sequence[int]
    resamples: int
    seed: int
    on_progress: Progress | None
    _done: int = 0
    _known: dict[int, dict[int, Doubles]] = field(default_factory=dict)
    _trials: dict[tuple[int, int], Trial] = field(default_factory=dict)

    @property
    def queries(self) -> int:
        return len(self.rows)

    @property
    def frontier(self) -> Sequence[int]:
        """Every second K, the largest among them: enough to see how r grows with K."""
        return self.ladder[::-1][::2][::-1]

    @property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(self._trials[each] for each in sorted(self._trials))

    def trial(self, step: int, over_fetch: int) -> Trial:
        if (step, over_fetch) not in self._trials:
            values = self._values(step)[over_fetch]
            change = _change(self.task, self.rows, values, self.resamples, self.seed)
            self._trials[step, over_fetch] = Trial(_noise(step), over_fetch, change)
        return self._trials[step, over_fetch]

    def _values(self, step: int) -> dict[int, Doubles]:
        """Per K, what each query is worth at this noise, averaged over keys."""
        if step not in self._known:
            sums = {k: np.zeros(len(self.rows)) for k in self.ladder}
            for key in self.seeds:
                for k, values in _measured(self.task, self.rows, _noise(step), self.ladder, key).items():
                    sums[k] += values
                self._done += 1
                self._tell(self._expected)
            self._known[step] = {k: total / len(self.seeds) for k, total in sums.items()}
        return self._known[step]

    @property
    def _expected(self) -> int:
        """Simulations at most: the first bisection shares most of its steps with the others."""
        return max(self._done + 1, len(self.seeds) * (6 + 3 * len(self.frontier)))

    def finish(self) -> None:
        self._tell(self._done)

    def _tell(self, total: int) -> None:
        if self.on_progress is not None:
            self.on_progress(self._done, total)


def _measured(task: Task, rows: Positions, noise: float, over_fetch: Sequence[int], key: int) -> dict[int, Doubles]:
    queries = task.queries[rows]
    view = masked(task.documents, queries, noise=noise, seed=key)
    found = ranks(task.documents, queries, view, over_fetch=over_fetch, metric=task.metric)
    return {k: task.values(ranked, rows) for k, ranked in found.items()}


def _reported(task: Task, rows: Positions, chosen: Trial, key: int, resamples: int, seed: int) -> Interval:
    values = _measured(task, rows, chosen.noise, (chosen.over_fetch,), key)[chosen.over_fetch]
    return _change(task, rows, values, resamples, seed)


def _change(task: Task, rows: Positions, values: Doubles, resamples: int, seed: int) -> Interval:
    return paired_bootstrap(task.unprotected(rows), values, resamples=resamples, seed=seed, level=_LEVEL)


def _noise(step: int) -> float:
    return float(f"{_LEAST_NOISE * 2 ** (step / _STEPS_PER_OCTAVE):.3g}")


def _ladder(max_over_fetch: int, documents: int) -> tuple[int, ...]:
    """K in steps of sqrt(2), downwards from the largest that is allowed to twice the depth, rising."""
    highest = min(max_over_fetch, max(2 * DEPTH, documents // 2))
    down = (round(highest / 2 ** (i / 2)) for i in range(64))
    return tuple(sorted({k for k in down if k >= min(2 * DEPTH, highest)}))


def halves(queries: int, seed: int) -> tuple[Positions, Positions]:
    """Split the positions of queries: one half to calibrate on, the other to report."""
    shuffled = np.random.default_rng([seed, queries]).permutation(queries)
    return np.sort(shuffled[: queries // 2]), np.sort(shuffled[queries // 2 :])


def _check(*, budget: float, max_over_fetch: int, seeds: int, tolerance: float) -> None:
    if not 0 < budget < 1 or not 0 <= tolerance < 1:
        raise BadInput("a budget lies between 0 and 1 (.005 is half a per cent), a tolerance from 0 to 1")
    if not 2 * DEPTH <= max_over_fetch <= 10_000:
        raise BadInput(f"max_over_fetch lies between {2 * DEPTH} and 10,000")
    if seeds < 1:
        raise BadInput("at least one seed is needed; five or more say how keys differ")


def _too_little(trial: Trial, queries: int, budget: float) -> str:
    spoken = f"even r={trial.noise:g} at K={trial.over_fetch} has a bound of {100 * trial.change.low:+.2f} %"
    needed = queries_needed(trial.change, queries, budget)
    if needed is None:
        return f"{spoken}, and an estimate beyond the budget of {100 * budget:g} % as well."
    return (
        f"{spoken}. The estimate of {100 * trial.change.estimate:+.2f} % is within the budget, so this is for want of "
        f"queries: some {needed} in each half would do, and there are {queries}."
    )


def _notes(
    task: Task, max_over_fetch: int, ladder: Sequence[int], chosen: Trial | None, reported: Interval | None, others: int
) -> Iterator[str]:
    if ladder[-1] < max_over_fetch:
        yield (
            f"{len(task.documents)} rows: beyond K={ladder[-1]} the store would hand over more than half of them, and "
            "ranking in the guard (policy strict) costs no more."
        )
    if reported is not None and reported.low == reported.high == 0:
        yield (
            f"None of the {others} other queries changed, which leaves the interval without width: up to "
            f"{3 / others:.1%} of all queries may still change (95 %, the rule of three)."
        )
    if chosen is not None and chosen.noise >= _noise(_STEPS_PER_OCTAVE * _OCTAVES):
        yield f"Nothing beyond r={chosen.noise:g} was tried."
    if task.judgements is None:
        yield (
            "Without judgements every change within the top 10 counts, also where a reader would not mind: nDCG is "
            "kinder. On the corpora of ADR 12, half a per cent of nDCG came with 3 to 12 % of overlap."
        )
