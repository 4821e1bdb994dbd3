"""A store in memory that does what the port says and nothing else: the reference for adapters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vecguard.arrays import Floats
from vecguard.filters import Path, holds
from vecguard.ports import Compact, Compacted, Drop, Fetch, Find, Found, Page, Pages, Put, Search, Traits
from vecguard.ranking.exact import best, scores
from vecguard.records import Metric, Row


class MemoryStore:
    """Rows in a dictionary, in order of insertion. `requests` keeps every request, for tests that look at them."""

    def __init__(
        self, metric: Metric = "cosine", dimension: int | None = None, *, persistent: bool = False, nested: bool = False
    ) -> None:
        self.traits = Traits("memory", metric, dimension, persistent=persistent, lists=nested, nested=nested)
        self.rows: dict[str, Row] = {}
        self.requests: list[Any] = []

    def put(self, request: Put) -> None:
        """Write rows."""
        self.requests.append(request)
        for row in request.rows.rows:
            there = self.rows.get(row.backend_id)
            if there is not None and request.if_absent:
                continue
            vector = row.vector.values if row.vector is not None else there.vector if there is not None else None
            if vector is not None:
                self.rows[row.backend_id] = Row(row.backend_id, dict(row.fields), row.text, vector)

    def fetch(self, request: Fetch) -> Sequence[Row]:
        """Return rows by id."""
        self.requests.append(request)
        return [_shown(self.rows[each], request.vectors) for each in request.ids if each in self.rows]

    def find(self, request: Find) -> Found:
        """Return rows by filter."""
        self.requests.append(request)
        matching = self._matching(request.where)
        if request.counting:
            return Found((), len(matching))
        end = None if request.limit is None else request.offset + request.limit
        rows = tuple(_shown(row, request.vectors) for row in matching[request.offset : end])
        return Found(rows, len(rows))

    def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Rank rows by what they hold."""
        self.requests.append(request)
        matching = self._matching(request.where)
        if not matching:
            return [[] for _ in request.queries.values]
        table = scores(request.queries.values, np.stack([_vector(row) for row in matching]), self.traits.metric)
        return [[matching[at] for at in best(line, self.traits.metric)[: request.limit]] for line in table]

    def drop(self, request: Drop) -> None:
        """Delete rows."""
        self.requests.append(request)
        for each in request.ids:
            self.rows.pop(each, None)

    def pages(self, request: Pages) -> Page:
        """Walk all rows."""
        self.requests.append(request)
        start = int(request.after or 0)
        rows = list(self.rows.values())[start : start + request.size]
        following = start + len(rows) if len(rows) == request.size else None
        return Page(tuple(_shown(row, request.vectors) for row in rows), following)

    def compact(self, request: Compact) -> Compacted:
        """Nothing: what is deleted here is gone."""
        self.requests.append(request)
        return Compacted()

    def _matching(self, where: Any) -> list[Row]:
        return [row for row in self.rows.values() if holds(where, row.backend_id, _reader(row))]


def _shown(row: Row, vectors: bool) -> Row:
    return row if vectors else Row(row.backend_id, row.fields, row.text)


def _vector(row: Row) -> Floats:
    assert row.vector is not None  # noqa: S101 - rows are kept with vectors only
    return row.vector


def _reader(row: Row) -> Any:
    def read(path: Path) -> object:
        value: object = row.fields
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    return read
