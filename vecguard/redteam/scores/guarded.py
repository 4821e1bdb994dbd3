"""The same reader in front of a real guard: any guarded collection with the verbs of Chroma's, bound to who reads.

    GuardedRows(collection.acting_for("reader"), most=100)

A collection's distances are taken for 1 - cosine: its metric is cosine, or inner product over vectors of length 1. Rows
get numbers as they are seen first; own rows are numbered as they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.redteam.scores.oracle import NOBODY, Answers, Ids, Limits, Thresholds
from vecguard.redteam.scores.readings import unit


class Collection(Protocol):
    """What an attacker uses of a collection. Results are dictionaries of columns, `ids` and `distances` per query."""

    def query(self, *, query_embeddings: Any, n_results: int) -> Any:
        """Return the nearest rows of each query."""
        ...

    def add(self, ids: Any, *, embeddings: Any) -> Any:
        """Write own rows."""
        ...

    def delete(self, ids: Any) -> Any:
        """Delete own rows."""
        ...


class GuardedRows:
    """An `Oracle` over a guarded collection. `most` is how many rows one answer may have."""

    def __init__(self, collection: Collection, *, most: int) -> None:
        self._collection = collection
        self._most = most
        self._numbers: dict[str, int] = {}
        self._own: dict[int, str] = {}
        self.asked = 0

    def __repr__(self) -> str:
        return f"<GuardedRows, {self.asked} queries asked>"

    def number(self, row: str) -> int:
        """Return the number of a row by the id that answers call it by."""
        return self._numbers.setdefault(row, len(self._numbers))

    def write(self, vectors: Floats) -> Ids:
        """Write own rows (o, d) and return their numbers."""
        first = len(self._numbers)
        names = [f"rung {first + at}" for at in range(len(vectors))]
        numbers = [self.number(name) for name in names]
        self._own |= dict(zip(numbers, names, strict=True))
        self._collection.add(names, embeddings=unit(vectors).tolist())
        return np.array(numbers, dtype=np.intp)

    def erase(self, rows: Ids) -> None:
        """Take own rows away."""
        self._collection.delete([self._own.pop(int(row)) for row in rows])

    def ask(self, queries: Floats, *, limit: Limits = None, threshold: Thresholds = None) -> Answers:
        """Ask queries (m, d), all of one limit at once. Raises `BadInput` for a threshold, which these verbs lack."""
        if threshold is not None:
            raise BadInput("a collection with Chroma's verbs has no thresholds")
        limits = np.minimum(
            np.broadcast_to(np.asarray(self._most if limit is None else limit), len(queries)), self._most
        )
        width = int(limits.max(initial=0))
        answers = Answers(np.full((len(queries), width), NOBODY, dtype=np.intp), np.full((len(queries), width), np.nan))
        for each in np.unique(limits):
            some = np.flatnonzero(limits == each)
            found = self._collection.query(query_embeddings=unit(queries[some]).tolist(), n_results=int(each))
            for at, ids, distances in zip(some, found["ids"], found["distances"], strict=True):
                answers.ids[at, : len(ids)] = [self.number(row) for row in ids]
                answers.scores[at, : len(ids)] = 1.0 - _numbers(distances)
        self.asked += len(queries)
        return answers


def _numbers(distances: Sequence[float | None]) -> Doubles:
    return np.array([np.nan if each is None else each for each in distances], dtype=np.float64)
