"""The form filler: knows how such sentences go, and reads who and what stands in them.

The dictionary attack on parts of a text: sentences are made of templates and lists of values, embedded by the encoder
that everybody has, and each slot is read on its own, by the value whose sentences, all others taken together, are
likeliest for the row. Phrasings are not the victim's, and need not be: what fills a slot moves a vector more than what
is around it.

A naive attacker takes the nearest sentence; an adaptive one knows how much noise there is (see `membership`) and adds
up likelihoods, and where the guard scrubs it guesses with scrubbed sentences too: what scrubbing leaves, such as the
condition of nobody in particular, is read from those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Hidden, Knowledge, Score, Stolen
from vecguard.redteam.judging import unit
from vecguard.redteam.proportions import wilson
from vecguard.redteam.turning import Turn, Unturned, turned_back

_PHRASING = 0.5  # r of another phrasing: how far a guess is from the victim's own sentence
_DEAF = 1e-3  # cosine below which nothing is heard


@dataclass(frozen=True, slots=True)
class Slots:
    """Reads slots. Knows a corpus of guesses, with the value of each slot as attributes."""

    undo: Unturned = "as stolen"

    @property
    def name(self) -> str:
        """What tables call it."""
        return "slots" if self.undo == "as stolen" else f"slots, {self.undo}"

    def fit(self, known: Knowledge) -> Filler:
        """Keep the guesses. Raises `BadInput` without any, or without what fills their slots."""
        corpus = unit(known.needed_corpus())
        if not known.labels or any(len(values) != len(corpus) for values in known.labels.values()):
            raise BadInput("this attack needs guesses with the value of every slot")
        slots = {kind: Slot.of(values) for kind, values in known.labels.items()}
        sharp = None
        if known.practice is not None:
            seen = unit(known.practice(corpus))
            cosine = float(np.clip(np.mean(np.sum(seen * corpus, axis=1)), _DEAF, 1))
            sharp = corpus.shape[1] / cosine / (1 / cosine**2 - 1 + _PHRASING**2)
        return Filler(corpus, slots, sharp, turned_back(self.undo, known))


@dataclass(frozen=True, slots=True)
class Slot:
    """The values of one slot, and for each guess the position of its own: (m,)."""

    values: tuple[str, ...] = field(repr=False)
    of_guess: NDArray[np.intp] = field(repr=False)

    @classmethod
    def of(cls, values: Sequence[str]) -> Slot:
        """Return the slot with its values numbered."""
        distinct, numbers = np.unique(np.array(values), return_inverse=True)
        return cls(tuple(str(each) for each in distinct), np.asarray(numbers, dtype=np.intp))

    def read(self, scores: Doubles) -> list[str]:
        """Return for each row of the scores of guesses (n, m) the value whose guesses have most of them."""
        order = np.argsort(self.of_guess, kind="stable")
        starts = np.searchsorted(self.of_guess[order], np.arange(len(self.values)))
        totals = np.add.reduceat(scores[:, order], starts, axis=1)
        return [self.values[int(each)] for each in totals.argmax(axis=1)]


@dataclass(frozen=True, slots=True)
class Filler:
    """Holds the guesses (m, d), their slots, and how much a cosine says of a row; None takes the nearest."""

    guesses: Floats = field(repr=False)
    slots: Mapping[str, Slot] = field(repr=False)
    sharp: float | None
    turn: Turn = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return the share of facts read whole, and of each slot. The floor is one guess among all values.

        Raises `BadInput` where the slots of the stolen rows are not known.
        """
        if any(len(hidden.labels.get(kind, ())) != len(hidden.exact) for kind in self.slots):
            raise BadInput("this attack is judged by the slots of the stolen texts")
        read = self._read(stolen)
        right = {kind: np.array(read[kind]) == np.array(hidden.labels[kind]) for kind in self.slots}
        chances = {kind: 1 / len(slot.values) for kind, slot in self.slots.items()}
        whole = np.logical_and.reduce(list(right.values()))
        return (
            _share("whole facts", whole, float(np.prod(list(chances.values())))),
            *(_share(f"{kind} read", right[kind], chances[kind]) for kind in self.slots),
        )

    def told(self, stolen: Stolen, count: int) -> list[str]:
        """Return what it reads in the slots of each of the first rows."""
        read = self._read(stolen)
        rows = list(zip(*read.values(), strict=True))[:count]
        return [", ".join(f"{kind}: {value}" for kind, value in zip(read, row, strict=True)) for row in rows]

    def _read(self, stolen: Stolen) -> dict[str, list[str]]:
        cosines = (unit(self.turn(stolen.rows)) @ self.guesses.T).astype(np.float64)
        best = cosines.max(axis=1, keepdims=True)
        scores = (cosines == best).astype(np.float64) if self.sharp is None else np.exp(self.sharp * (cosines - best))
        return {kind: slot.read(scores) for kind, slot in self.slots.items()}


def _share(metric: str, right: NDArray[np.bool_], chance: float) -> Score:
    return Score(metric, float(right.mean()), chance, interval=wilson(float(right.sum()), len(right)))
