"""The six verbs of the store port as steps of native calls: what both stores run, with the rows in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vecguard.ports import Drop, Fetch, Find, Found, Page, Pages, Put, Search
from vecguard.records import Row, SealedRow
from vecguard.steps import Native, Steps
from vecguard_chroma._filters import compiled

_AT_ONCE = 500  # rows per native call: well below SQLite's limit on bound variables, with several fields a row
_QUERIES_AT_ONCE = 32  # each brings back K rows with their vectors


def put(request: Put) -> Steps[None]:
    """Upsert rows that bring a vector, update those that keep theirs. Chroma merges metadata: None deletes."""
    rows = request.rows.rows
    write = "add" if request.if_absent else "upsert"
    for batch in _batches([row for row in rows if row.vector is not None]):
        yield Native(
            write,
            ids=[row.backend_id for row in batch],
            embeddings=np.stack([_values(row) for row in batch]),
            metadatas=[_metadata(row) for row in batch],
            documents=_documents(batch),
        )
    for batch in _batches([row for row in rows if row.vector is None and row.text is None]):
        yield Native("update", ids=[row.backend_id for row in batch], metadatas=[_metadata(row) for row in batch])
    for batch in _batches([row for row in rows if row.vector is None and row.text is not None]):
        yield from _keep(batch)


def _keep(batch: Sequence[SealedRow]) -> Steps[None]:
    """Write texts beside the vectors that are there: given a text alone, Chroma would embed it by itself."""
    native = yield Native("get", ids=[row.backend_id for row in batch], include=["embeddings"])
    there = dict(zip(native["ids"], native["embeddings"], strict=True))
    rows = [row for row in batch if row.backend_id in there]
    if rows:
        yield Native(
            "upsert",
            ids=[row.backend_id for row in rows],
            embeddings=np.stack([there[row.backend_id] for row in rows]),
            metadatas=[_metadata(row) for row in rows],
            documents=_documents(rows),
        )


def fetch(request: Fetch) -> Steps[Sequence[Row]]:
    """Get rows by id."""
    found: list[Row] = []
    for batch in _batches(list(request.ids)):
        include: list[str] = [] if request.bare else _include(request.vectors)
        native = yield Native("get", ids=batch, include=include)
        found += [Row(each, {}) for each in native["ids"]] if request.bare else _rows(native)
    return found


def find(request: Find) -> Steps[Found]:
    """Get rows by filter, in Chroma's order of insertion."""
    where, ids = compiled(request.where)
    if ids is not None and not ids:
        return Found((), 0)
    include: list[str] = [] if request.counting else _include(request.vectors)
    native = yield Native(
        "get", ids=ids, where=where, limit=request.limit, offset=request.offset or None, include=include
    )
    if request.counting:
        return Found((), len(native["ids"]))
    rows = _rows(native)
    return Found(tuple(rows), len(rows))


def search(request: Search) -> Steps[Sequence[Sequence[Row]]]:
    """Query by vectors under the filter."""
    where, ids = compiled(request.where)
    queries = request.queries.values
    groups: list[Sequence[Row]] = []
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        native = yield Native(
            "query",
            query_embeddings=queries[start : start + _QUERIES_AT_ONCE],
            n_results=request.limit,
            where=where,
            ids=ids,
            include=_include(vectors=True),
        )
        groups += [_rows(_group(native, i)) for i in range(len(native["ids"]))]
    return groups


def drop(request: Drop) -> Steps[None]:
    """Delete rows by id."""
    for batch in _batches(list(request.ids)):
        yield Native("delete", ids=batch)


def pages(request: Pages) -> Steps[Page]:
    """Walk all rows by offset."""
    start = int(request.after or 0)
    native = yield Native("get", limit=request.size, offset=start or None, include=_include(request.vectors))
    rows = _rows(native)
    return Page(tuple(rows), start + len(rows) if len(rows) == request.size else None)


def _values(row: SealedRow) -> Any:
    assert row.vector is not None  # noqa: S101 - the caller looked
    return row.vector.values


def _metadata(row: SealedRow) -> dict[str, Any]:
    return {**dict.fromkeys(row.gone), **row.fields}


def _documents(batch: Sequence[SealedRow]) -> Any:
    return None if all(row.text is None for row in batch) else [row.text for row in batch]


def _include(vectors: bool) -> list[str]:
    return ["metadatas", "documents", "embeddings"] if vectors else ["metadatas", "documents"]


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _group(native: Any, at: int) -> dict[str, Any]:
    return {name: native[name][at] for name in ("ids", "metadatas", "documents", "embeddings")}


def _rows(native: Any) -> list[Row]:
    vectors = native["embeddings"]
    return [
        Row(
            backend_id,
            native["metadatas"][i] or {},
            native["documents"][i],
            None if vectors is None else np.asarray(vectors[i], dtype=np.float32),
        )
        for i, backend_id in enumerate(native["ids"])
    ]
