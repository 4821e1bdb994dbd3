"""The strongest of all attacks on answers under one policy, each with as many probes as make more of them worthless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from vecguard.redteam.attack import Hidden, Knowledge, Result
from vecguard.redteam.scores.attack import ScoreAttack, attempt
from vecguard.redteam.scores.bisection import Limits, Thresholds
from vecguard.redteam.scores.ladders import Ladders
from vecguard.redteam.scores.oracle import Ids, Oracle
from vecguard.redteam.scores.order import AmongOwnRows, AmongTargets
from vecguard.redteam.scores.probes import Probes
from vecguard.redteam.scores.readings import Reading
from vecguard.redteam.scores.triangulation import ShownScores
from vecguard.watch.scores import ScorePolicy

_FEW_TARGETS = 16  # beyond that, attacks that ask per target are left out: they read no more, only more slowly


@dataclass(frozen=True, slots=True)
class Strongest:
    """The best results by cosine: of naive attackers, of informed ones, and of both."""

    naive: tuple[Result, ...]
    informed: tuple[Result, ...]

    @property
    def best(self) -> tuple[Result, ...]:
        """The results of the attack that came nearest."""
        return max(self.naive, self.informed, key=lambda results: cosine(results).value)


def cosine(results: tuple[Result, ...]) -> Result:
    """Return the result that is a cosine."""
    return next(result for result in results if result.metric == "cosine")


def strongest(
    policy: ScorePolicy, known: Knowledge, fresh: Callable[[], Oracle], targets: Ids, hidden: Hidden, *, noise: float
) -> Strongest:
    """Run every attack for a policy, each on an oracle of its own with the whole budget, on target rows (n,).

    `noise` is the b that informed attackers reckon with: less than the guard's where something can be averaged.
    """
    dimension = hidden.exact.shape[1]
    plans = _plans(policy, len(targets), dimension, noise)
    tried = {
        informed: [
            attempt(ScoreAttack(reading, probes, informed, noise), known, fresh(), targets, hidden)
            for reading, probes in plans
        ]
        for informed in (False, True)
    }
    return Strongest(*(max(tried[informed], key=lambda each: cosine(each).value) for informed in (False, True)))


def _plans(policy: ScorePolicy, targets: int, dimension: int, noise: float) -> list[tuple[Reading, Probes]]:
    few = targets <= _FEW_TARGETS
    order: list[tuple[Reading, Probes]] = [
        (AmongOwnRows(), Probes(4 * dimension)),
        (AmongTargets(noise), Probes(4 * dimension)),
    ]
    match policy:
        case "exact" | "rounded" | "bucketed":
            times = {"exact": 2, "rounded": 10, "bucketed": 20}[policy]
            shown: list[tuple[Reading, Probes]] = [(ShownScores(policy), Probes(times * dimension))]
            return shown + ([(Thresholds(), Probes(2 * dimension))] if few else [])
        case "rank":
            return order + ([(Ladders(), Probes(dimension))] if few else [])
        case "hidden":
            return [(Limits(), Probes(2 * dimension))]
        case _:
            assert_never(policy)
