"""The thief with a corpus and nothing else: matches the shape of what it stole to the shape of what it has.

A rotation is no secret to whoever has a corpus of the same domain, be it the very texts or others like them: the
similarities between rows (the Gram matrix) survive it, and with some hundred rows they survive noise of r = 1 and more
(see `geometry`). What follows is the dictionary attack on the rows turned back. Small stores are safer than large ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vecguard.arrays import Floats
from vecguard.redteam.attack import Hidden, Knowledge, Score, Stolen
from vecguard.redteam.geometry import align
from vecguard.redteam.judging import recovery


@dataclass(frozen=True, slots=True)
class Gram:
    """Re-identification by shape. Knows a corpus."""

    @property
    def name(self) -> str:
        """What tables call it."""
        return "gram"

    def fit(self, known: Knowledge) -> GramAttacker:
        """Keep the corpus. Raises `BadInput` without one."""
        return GramAttacker(known.needed_corpus())


@dataclass(frozen=True, slots=True)
class GramAttacker:
    """Holds the corpus (m, d)."""

    corpus: Floats = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Align, and judge the rows turned back."""
        return recovery(stolen.rows @ align(stolen.rows, self.corpus).matrix, hidden)
