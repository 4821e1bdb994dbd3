"""The last queries of one principal in one collection, and what they look like together."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import sqrt
from statistics import NormalDist

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.watch.reference import Reference, unit

REMEMBERED = 40
"""Distinct queries that are looked at together: random probes of one record get cosine .32 from as many (d = 384)."""

_SAME = 1 - 1e-5  # cosine from which a query was asked before; float32 of one text moves by 1e-7
_ASTRAY = 0.7
_CHOICE = 1.5  # distinct records per record of an answer, from which on answers are a choice
_TOP = 100  # records per answer that are followed


@dataclass(frozen=True, slots=True)
class Measures:
    """What the last `queries` distinct queries look like together. All are between 0 and about 1.

    rank           effective rank (exp of the entropy of the normalised singular values; Roy & Vetterli 2007) per query
    novelty        1 - highest cosine with an earlier query, on average, in units of what random directions have
    off_manifold   energy outside the collection's principal directions, on average: 0 as its rows have, 1 as chance
                   has; a little below 0 for queries more like the rows than they are themselves. None: no reference
    strays         share of the queries that have more than .7 of it each. None: no reference
    focus          share of the queries that one and the same record of others answered; 0 where the answers name
                   hardly more records than one answer holds: of few shared rows every query returns all
    """

    queries: int = 0
    rank: float = 1.0
    novelty: float = 1.0
    off_manifold: float | None = None
    strays: float | None = None
    focus: float = 0.0


class Session:
    """A ring of the last queries with their cosines, so that one more query costs one product with the ring.

    A query that was asked before is not remembered again: it gets the answer that it got, and says nothing new.
    """

    __slots__ = (
        "_answered",
        "_answers",
        "_cosines",
        "_next",
        "_novelty",
        "_reference",
        "_rows",
        "_stray",
        "alarmed",
        "measures",
    )

    def __init__(self, dimension: int, reference: Reference | None) -> None:
        self._reference = reference
        self._rows: Floats = np.zeros((REMEMBERED, dimension), dtype=np.float32)
        self._cosines: Floats = np.eye(REMEMBERED, dtype=np.float32)
        self._novelty: Doubles = np.zeros(REMEMBERED)
        self._stray: Doubles = np.zeros(REMEMBERED)
        self._next = 0
        self._answers: deque[frozenset[str]] = deque()
        self._answered: Counter[str] = Counter()
        self.measures = Measures()
        self.alarmed: frozenset[str] = frozenset()

    def add(self, queries: Floats) -> tuple[bool, ...]:
        """Remember unit vectors (m, d); return which of them are new. Of a larger batch only the last are looked at."""
        looked_at = queries[-REMEMBERED:]
        reference = self._reference
        stray = np.zeros(len(looked_at)) if reference is None else reference.strangeness(looked_at)
        added = tuple(self._add(row, off) for row, off in zip(looked_at, stray.tolist(), strict=True))
        if any(added):
            self.measures = self._measured()
        return (True,) * (len(queries) - len(looked_at)) + added

    def _add(self, row: Floats, stray: float) -> bool:
        held = min(self._next, REMEMBERED)
        cosines = self._rows[:held] @ row
        nearest = float(cosines.max()) if held else 0.0
        if nearest >= _SAME:
            return False
        place = self._next % REMEMBERED
        self._cosines[place, :held] = self._cosines[:held, place] = cosines
        self._cosines[place, place] = 1
        self._rows[place] = row
        self._stray[place] = stray
        self._novelty[place] = (1 - nearest) / _chance(held, len(row)) if held else np.nan
        self._next += 1
        return True

    def answer(self, answers: Sequence[Sequence[str]]) -> None:
        """Note which records of others answered each of some new queries, the best first."""
        for records in answers[-REMEMBERED:]:
            if len(self._answers) == REMEMBERED:
                self._answered.subtract(self._answers.popleft())
            best = frozenset(islice(records, _TOP))
            self._answers.append(best)
            self._answered.update(best)
        self._answered = +self._answered  # without those at zero
        self.measures = replace(self.measures, focus=self._focus())

    def _measured(self) -> Measures:
        held = min(self._next, REMEMBERED)
        novelty = self._novelty[:held]
        known = novelty[np.isfinite(novelty)]
        return Measures(
            queries=held,
            rank=effective_rank(self._cosines[:held, :held]) / held,
            novelty=float(known.mean()) if len(known) else 1.0,
            off_manifold=None if self._reference is None else float(self._stray[:held].mean()),
            strays=None if self._reference is None else float((self._stray[:held] > _ASTRAY).mean()),
            focus=self._focus(),
        )

    def _focus(self) -> float:
        counts = self._answered.values()
        if len(counts) * len(self._answers) < _CHOICE * sum(counts):
            return 0.0
        most: int = max(counts, default=0)
        return most / max(len(self._answers), 1)


def effective_rank(cosines: Floats) -> float:
    """Return the effective rank of n vectors given their (n, n) inner products."""
    sizes = np.sqrt(np.maximum(np.linalg.eigvalsh(cosines), 0))
    shares = sizes[sizes > 0] / sizes.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _chance(earlier: int, dimension: int) -> float:
    """1 - the expected highest cosine of a random direction with `earlier` others (normal order statistics, Blom)."""
    return 1 - NormalDist().inv_cdf((earlier - 0.375) / (earlier + 0.25)) / sqrt(dimension)


def normalised(queries: Floats) -> Floats:
    """Return query vectors (m, d) as a session takes them."""
    return unit(np.asarray(queries, dtype=np.float32))
