"""Chroma as a shelf: the six verbs of the store port, and the only I/O of this adapter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from chromadb.api.models.Collection import Collection

from vecguard import Undecided
from vecguard.ports import Drop, Fetch, Find, Found, Page, Pages, Put, Search, Traits
from vecguard.records import Metric, Row, SealedRow
from vecguard_chroma._filters import compiled

_AT_ONCE = 500  # rows per native call: well below SQLite's limit on bound variables, with several fields a row
_QUERIES_AT_ONCE = 32  # each brings back K rows with their vectors

_METRICS: dict[str, Metric] = {"cosine": "cosine", "l2": "l2", "ip": "dot"}


class ChromaStore:
    """One native collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.traits = Traits("chroma", _metric(collection), None, persistent=_persistent(collection))

    def __repr__(self) -> str:
        return "<ChromaStore>"

    def put(self, request: Put) -> None:
        """Upsert rows that bring a vector, update those that keep theirs. Chroma merges metadata: None deletes."""
        rows = request.rows.rows
        write = self._collection.add if request.if_absent else self._collection.upsert
        for batch in _batches([row for row in rows if row.vector is not None]):
            write(
                ids=[row.backend_id for row in batch],
                embeddings=np.stack([_values(row) for row in batch]),
                metadatas=[_metadata(row) for row in batch],
                documents=_documents(batch),
            )
        for batch in _batches([row for row in rows if row.vector is None and row.text is None]):
            self._collection.update(ids=[row.backend_id for row in batch], metadatas=[_metadata(row) for row in batch])
        for batch in _batches([row for row in rows if row.vector is None and row.text is not None]):
            self._keep(batch)

    def _keep(self, batch: Sequence[SealedRow]) -> None:
        """Write texts beside the vectors that are there: given a text alone, Chroma would embed it by itself."""
        native = self._collection.get(ids=[row.backend_id for row in batch], include=["embeddings"])
        vectors: Any = native["embeddings"]
        there = dict(zip(native["ids"], vectors, strict=True))
        rows = [row for row in batch if row.backend_id in there]
        if rows:
            self._collection.upsert(
                ids=[row.backend_id for row in rows],
                embeddings=np.stack([there[row.backend_id] for row in rows]),
                metadatas=[_metadata(row) for row in rows],
                documents=_documents(rows),
            )

    def fetch(self, request: Fetch) -> Sequence[Row]:
        """Get rows by id."""
        found: list[Row] = []
        for batch in _batches(list(request.ids)):
            found += _rows(self._collection.get(ids=batch, include=_include(request.vectors)))
        return found

    def find(self, request: Find) -> Found:
        """Get rows by filter, in Chroma's order of insertion."""
        where, ids = compiled(request.where)
        if ids is not None and not ids:
            return Found((), 0)
        include: list[Any] = [] if request.counting else _include(request.vectors)
        native = self._collection.get(
            ids=ids, where=where, limit=request.limit, offset=request.offset or None, include=include
        )
        return Found((), len(native["ids"])) if request.counting else _found(_rows(native))

    def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Query by vectors under the filter."""
        where, ids = compiled(request.where)
        queries = request.queries.values
        groups: list[Sequence[Row]] = []
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            native = self._collection.query(
                query_embeddings=queries[start : start + _QUERIES_AT_ONCE],
                n_results=request.limit,
                where=where,
                ids=ids,
                include=["metadatas", "documents", "embeddings"],
            )
            groups += [_rows(_group(native, i)) for i in range(len(native["ids"]))]
        return groups

    def drop(self, request: Drop) -> None:
        """Delete rows by id."""
        for batch in _batches(list(request.ids)):
            self._collection.delete(ids=batch)

    def pages(self, request: Pages) -> Page:
        """Walk all rows by offset."""
        start = int(request.after or 0)
        rows = _rows(self._collection.get(limit=request.size, offset=start or None, include=_include(request.vectors)))
        return Page(tuple(rows), start + len(rows) if len(rows) == request.size else None)


def _metric(collection: Collection) -> Metric:
    configuration: Any = collection.configuration
    space = next((index["space"] for name in ("hnsw", "spann") if (index := configuration.get(name))), "l2")
    if space not in _METRICS:
        raise Undecided(f"collections with the space {space} are not guarded")
    return _METRICS[space]


def _persistent(collection: Collection) -> bool:
    """Whether rows outlive this process: all but an in-process client without a folder do."""
    client: Any = collection._client  # noqa: SLF001 - Chroma offers no public way from a collection to its settings
    in_process = type(client).__name__ in ("RustBindingsAPI", "SegmentAPI")
    return not in_process or bool(client.get_settings().is_persistent)


def _values(row: SealedRow) -> Any:
    assert row.vector is not None  # noqa: S101 - the caller looked
    return row.vector.values


def _metadata(row: SealedRow) -> dict[str, Any]:
    return {**dict.fromkeys(row.gone), **row.fields}


def _documents(batch: Sequence[SealedRow]) -> Any:
    return None if all(row.text is None for row in batch) else [row.text for row in batch]


def _include(vectors: bool) -> list[Any]:
    return ["metadatas", "documents", "embeddings"] if vectors else ["metadatas", "documents"]


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _found(rows: list[Row]) -> Found:
    return Found(tuple(rows), len(rows))


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
