"""What a reader of others' rows may do: ask, write rows of its own, take them away again. And what it is answered.

Rows have numbers. Nothing else of a row reaches the reader: no vector, and a score only where the policy shows one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats

Ids: TypeAlias = NDArray[np.intp]
Limits: TypeAlias = int | Ids | None
Thresholds: TypeAlias = float | Doubles | None

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to m queries, best row first.

    `ids` (m, k) are -1 after the last row, `scores` (m, k) NaN where none is shown.
    Queries that a budget refused have no answer: m may be less than what was asked.
    """

    ids: Ids = field(repr=False)
    scores: Doubles = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, count: int) -> Answers:
        """Return the first `count` answers."""
        return Answers(self.ids[:count], self.scores[:count])

    def of(self, wanted: Ids, values: Doubles) -> Doubles:
        """Return, per query and wanted row (m, n), its entry of `values` (m, k), NaN where the row is not answered."""
        found = np.full((len(self), max(int(wanted.max()), int(self.ids.max(initial=0))) + 2), np.nan)
        np.put_along_axis(found, np.where(self.ids == NOBODY, found.shape[1] - 1, self.ids), values, axis=1)
        return found[:, wanted]

    def has(self, wanted: Ids) -> NDArray[np.bool_]:
        """Say, per query, whether the wanted rows (m, w) are answered: (m, w)."""
        places = np.zeros(
            (len(self), max(int(wanted.max(initial=0)), int(self.ids.max(initial=0))) + 2), dtype=np.bool_
        )
        np.put_along_axis(places, np.where(self.ids == NOBODY, places.shape[1] - 1, self.ids), True, axis=1)
        return np.take_along_axis(places, wanted, axis=1)


class Oracle(Protocol):
    """A collection as a reader meets it. The metric is cosine: lengths of vectors and of queries do not matter."""

    def ask(self, queries: Floats, *, limit: Limits = None, threshold: Thresholds = None) -> Answers:
        """Ask queries (m, d). `limit` and `threshold` hold for all or are (m,); no limit: as many as are allowed."""
        ...

    def write(self, vectors: Floats) -> Ids:
        """Write rows of the reader's own (o, d) and return their numbers."""
        ...

    def erase(self, rows: Ids) -> None:
        """Take own rows away."""
        ...
