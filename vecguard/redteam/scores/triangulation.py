"""Triangulation: shown scores are inner products with chosen probes, and d of those determine a vector.

Exact scores give it away after d probes, scores of two decimals after 2 d, and those of one after some 10 d: rounding
is noise that averages out.
"""

from __future__ import annotations

from dataclasses import dataclass

from vecguard.arrays import Floats
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.scores.oracle import Ids, Oracle
from vecguard.redteam.scores.readings import Readings, unit
from vecguard.watch.scores import ScorePolicy, step


@dataclass(frozen=True, slots=True)
class ShownScores:
    """Reads the scores of answers. The attacker knows the policy: it sees how many decimals there are."""

    policy: ScorePolicy = "exact"

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.policy} scores"

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:  # noqa: ARG002 - protocol
        """Return the scores. Costs one query a probe."""
        answers = oracle.ask(probes)
        shown = answers.of(targets, answers.scores)
        return Readings(unit(probes)[: len(answers)], shown.T, step(self.policy) / 12**0.5)
