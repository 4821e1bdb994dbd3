"""One owner's rows: position i of a FAISS index of its own is row i. A search of it cannot touch anybody else's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import faiss
import numpy as np

from vecguard.arrays import Floats
from vecguard.filters import EVERYTHING, Path, Predicate, holds
from vecguard.records import Row
from vecguard.sealing import EXPIRES_FIELD, NEVER
from vecguard_faiss._template import Template


class Drawer:
    """Rows by position, with their masked vectors in an index that is made anew where FAISS cannot remove."""

    __slots__ = ("_at", "_index", "_soonest", "_template", "rows")

    def __init__(self, template: Template, index: Any = None, rows: Sequence[Row] = ()) -> None:
        self._template = template
        self._index = template.fresh() if index is None else index
        self._soonest = NEVER
        self._settle(list(rows))

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<Drawer of {len(self)}>"

    @property
    def index(self) -> Any:
        """The index, for saving it."""
        return self._index

    def append(self, rows: Sequence[Row], vectors: Floats) -> None:
        """Add rows behind the others, with their vectors (n, d)."""
        self._index.add(vectors)
        for row in rows:
            self._at[row.backend_id] = len(self.rows)
            self.rows.append(row)
            self._soonest = min(self._soonest, _expiry(row))

    def change(self, rows: Sequence[Row], vectors: Mapping[str, Floats]) -> None:
        """Replace rows where they are; those whose id is not in `vectors` keep their vector."""
        for row in rows:
            self.rows[self._at[row.backend_id]] = row
            self._soonest = min(self._soonest, _expiry(row))  # too early does no harm: `alive` looks again
        if not vectors:
            return
        if self._template.flat:
            whole = faiss.rev_swig_ptr(self._index.get_xb(), self._index.ntotal * self._index.d)
            table = whole.reshape(self._index.ntotal, self._index.d)  # a view: writing to it changes the index
        else:
            table = self._index.reconstruct_n(0, self._index.ntotal)
        for backend_id, vector in vectors.items():
            table[self._at[backend_id]] = vector
        if not self._template.flat:
            self._rebuild(table)

    def remove(self, ids: Collection[str]) -> None:
        """Delete rows; the positions behind them shift, as IndexFlat's do."""
        gone = {self._at[each] for each in ids}
        stay = [position for position in range(len(self)) if position not in gone]
        if self._template.flat:
            self._index.remove_ids(np.array(sorted(gone), dtype=np.int64))
        else:  # a graph cannot lose a node
            self._rebuild(self.vectors(stay))
        self._settle([self.rows[position] for position in stay])

    def _rebuild(self, vectors: Floats) -> None:
        index = self._template.fresh()
        if len(vectors):
            index.add(vectors)
        self._index = index

    def _settle(self, rows: list[Row]) -> None:
        self.rows = rows
        self._at = {row.backend_id: position for position, row in enumerate(rows)}
        self._soonest = min((_expiry(row) for row in rows), default=NEVER)

    # ---------------------------------------------------------------------------------------------------- reading

    def position(self, backend_id: str) -> int:
        """Return where a row is that is known to be here."""
        return self._at[backend_id]

    def alive(self, now: float) -> Mapping[str, int]:
        """Return the rank of every row that has not expired, by backend id."""
        if self._soonest > now:
            return self._at
        living = (row.backend_id for row in self.rows if _expiry(row) > now)
        return {backend_id: rank for rank, backend_id in enumerate(living)}

    def matching(self, where: Predicate) -> Sequence[int]:
        """Return the positions of the rows that satisfy a predicate."""
        if where == EVERYTHING:
            return range(len(self))
        return [i for i, row in enumerate(self.rows) if holds(where, row.backend_id, _Reader(row))]

    def vectors(self, positions: Sequence[int]) -> Floats:
        """Return the masked vectors (n, d) of rows, by position."""
        wanted = np.array(positions, dtype=np.int64)
        if not len(wanted):
            return np.empty((0, self._template.dimension), dtype=np.float32)
        found: Floats = self._index.reconstruct_batch(wanted)
        return found

    def shown(self, positions: Sequence[int], *, vectors: bool) -> list[Row]:
        """Return rows by position, with their vectors if asked."""
        chosen = [self.rows[position] for position in positions]
        if not vectors:
            return chosen
        table = self.vectors(positions)
        return [Row(row.backend_id, row.fields, row.text, table[i]) for i, row in enumerate(chosen)]

    def nearest(self, queries: Floats, where: Predicate, limit: int) -> list[list[tuple[float, Row]]]:
        """Return each query's `limit` best rows with their masked scores, best first.

        Under a further condition, or where all rows are wanted anyway, rows are scored one by one. That is exact for
        graphs too, which do not reach every node and under a selector lose most of what they should find.
        """
        positions = self.matching(where)
        if not len(positions) or not len(queries):
            return [[] for _ in queries]
        wanted = min(limit, len(positions))
        if len(positions) == len(self) and (self._template.flat or wanted < len(self)):
            scores, labels = self._index.search(queries, wanted)
        else:
            scores, local = faiss.knn(queries, self.vectors(positions), wanted, metric=self._index.metric_type)
            labels = np.where(local < 0, -1, np.asarray(positions, dtype=np.int64)[local])
        distinct = [int(label) for label in np.unique(labels) if label >= 0]
        rows = dict(zip(distinct, self.shown(distinct, vectors=True), strict=True))
        return [
            [(float(score), rows[int(label)]) for score, label in zip(*line, strict=True) if label >= 0]
            for line in zip(scores, labels, strict=True)
        ]


def _expiry(row: Row) -> float:
    return float(row.fields.get(EXPIRES_FIELD, NEVER))


class _Reader:
    """Reads a row's clear fields by path; the empty path is its text, where a policy leaves that clear."""

    __slots__ = ("_row",)

    def __init__(self, row: Row) -> None:
        self._row = row

    def __call__(self, path: Path) -> object:
        return self._row.fields.get(path[0]) if len(path) == 1 else None if path else self._row.text
