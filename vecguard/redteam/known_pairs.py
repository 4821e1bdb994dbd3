"""Known plaintext: some vectors are known as they are and as the store holds them, or was asked for them.

Document pairs carry the mechanism's noise. Query pairs do not: a store that ranks gets the rotated query as it is, so a
host that guesses what was asked has clean pairs, and they are worth more. Both together count by their precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from vecguard.arrays import Floats
from vecguard.redteam.alignment import procrustes, ridge
from vecguard.redteam.attack import Hidden, Knowledge, Pairs, Result, Score, Stolen, trial
from vecguard.redteam.judging import recovery

Fit: TypeAlias = Literal["procrustes", "ridge"]
COUNTS = (16, 32, 64, 128, 192, 256, 384, 512, 768)


@dataclass(frozen=True, slots=True)
class KnownPairs:
    """A linear map learnt from pairs and applied to rows that are not among them. Knows pairs."""

    by: Fit = "procrustes"

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.by

    def fit(self, known: Knowledge) -> Mapped:
        """Fit the map. Raises `BadInput` without a pair."""
        return Mapped(procrustes(known.pairs) if self.by == "procrustes" else ridge(known.pairs))


@dataclass(frozen=True, slots=True)
class Mapped:
    """Holds the map (d, d)."""

    matrix: Floats = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return id@1, id@10 and the mean cosine of mapped rows."""
        return recovery(stolen.rows @ self.matrix, hidden)


@dataclass(frozen=True, slots=True)
class Curve:
    """How much falls to how many pairs: the results of each number, fewest first. `kind` says which pairs."""

    kind: str
    results: tuple[Result, ...]

    def of(self, metric: str) -> tuple[tuple[int, float], ...]:
        """Return (pairs, value) of one metric."""
        return tuple((each.pairs, each.value) for each in self.results if each.metric == metric)

    def needed(self, share: float = 0.95, metric: str = "id@1") -> int | None:
        """Return the fewest pairs tried that reach `share`, or None where none does."""
        return min((pairs for pairs, value in self.of(metric) if value >= share), default=None)


def curve(
    kind: str,
    pairs: Sequence[Pairs],
    stolen: Stolen,
    hidden: Hidden,
    *,
    counts: Sequence[int] = COUNTS,
    by: Fit = "procrustes",
) -> Curve:
    """Attack the same rows with more and more pairs; of several kinds, `count` are taken of each.

    No pair may be of a stolen row: what is asked is how much else they open. Counts beyond the pairs are left out.
    """
    most = min(len(each) for each in pairs)
    tried = [
        trial(KnownPairs(by), Knowledge(pairs=tuple(each.first(count) for each in pairs)), stolen, hidden)
        for count in counts
        if count <= most
    ]
    return Curve(kind, tuple(result for results in tried for result in results))
