"""Averaging: several rows that hide one content, each with noise of its own, have a mean with less of it.

m independent draws leave r / sqrt(m). Where from: older backups, if every re-write drew afresh; the same text kept
under several ids; near-duplicates. Sticky noise makes re-writes byte-identical, which leaves this attack nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.attack import Attack, Attacker, Hidden, Knowledge, Score, Stolen
from vecguard.redteam.judging import unit


@dataclass(frozen=True, slots=True)
class Averaging:
    """The mean of `draws` rows per content, handed on to another attack. Knows which rows belong together."""

    draws: int
    then: Attack

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.then.name}, mean of {self.draws}"

    def fit(self, known: Knowledge) -> AveragingAttacker:
        """Fit the other attack."""
        return AveragingAttacker(self.draws, self.then.fit(known))


@dataclass(frozen=True, slots=True)
class AveragingAttacker:
    """Holds the attacker that gets the means."""

    draws: int
    then: Attacker = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Average rows and copies, fewer than `draws` where there are fewer, and attack the means."""
        return self.then.run(Stolen(averaged((stolen.rows, *stolen.copies)[: self.draws])), hidden)


def averaged(draws: tuple[Floats, ...]) -> Floats:
    """Return the mean direction (n, d) of several draws (n, d)."""
    total = np.sum(np.stack([unit(each) for each in draws]), axis=0)
    return unit(np.asarray(total, dtype=np.float32))
