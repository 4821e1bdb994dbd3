"""The dictionary attacker: whoever can guess texts embeds the guesses and looks which stored vector is nearest.

The strongest attack per second of computing on undefended vectors (every text in its dictionary is recognised). Against
a rotation it first needs pairs of a text and its stored vector, from which the rotation follows by orthogonal
Procrustes (Schoenemann 1966); every text that lies in clear beside its vector is such a pair. Without pairs, the shape
of a corpus may do (see `gram`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.alignment import procrustes
from vecguard.redteam.attack import Hidden, Knowledge, Pairs, Score, Stolen
from vecguard.redteam.judging import recovery, unit
from vecguard.redteam.turning import Turn, Unturned, turned_back


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Nearest guess by cosine. The right texts are among the judge's candidates, as if all had been guessed."""

    undo: Unturned = "as stolen"

    @property
    def name(self) -> str:
        """What tables call it."""
        return "dictionary" if self.undo == "as stolen" else f"dictionary, {self.undo}"

    def fit(self, known: Knowledge) -> DictionaryAttacker:
        """Learn how to turn rows back. Raises `BadInput` without the pairs that it takes."""
        return DictionaryAttacker(turned_back(self.undo, known))


@dataclass(frozen=True, slots=True)
class DictionaryAttacker:
    """Holds the way back."""

    turn: Turn = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return id@1, id@10 and the mean cosine."""
        return recovery(self.turn(stolen.rows), hidden)


def recognised(stored: Floats, guesses: Floats, truth: Sequence[int]) -> float:
    """Return the share of stored vectors (n, d) whose nearest guess (m, d) by cosine is the right one, `truth[i]`."""
    if not len(stored):
        return 0.0
    best = np.argmax(unit(stored) @ unit(guesses).T, axis=1)
    return float(np.mean(best == np.asarray(truth)))


def realigned(stored: Floats, known: Sequence[int], exact: Floats) -> Floats:
    """Undo a rotation by the pairs (stored[known], exact): returns all stored vectors (n, d) in the exact space."""
    return unit(stored) @ procrustes([Pairs(exact, stored[list(known)], noise=1.0)])
