"""The same application on a bare and on a guarded store: the calls are the native ones, only the object differs."""

from __future__ import annotations

import json
import secrets
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from vecguard import Guard, Principal
from vecguard.arrays import Floats
from vecguard.facade import room_of
from vecguard.ports import Page, Pages

COLLECTION = "notes"
ALL_OWNERS = {"$ne": "no such topic"}  # an innocent filter that matches everything a careless call may see


@dataclass(frozen=True, slots=True)
class Stored:
    """One row as a thief finds it: its id on the shelf, the text if it lies in clear, the vector."""

    id: str
    text: str | None = field(repr=False)
    vector: Floats = field(repr=False)


class Side(Protocol):
    """One store, bare (`guard` None) or guarded. `folder` None keeps it in memory."""

    def __init__(self, folder: Path | None, guard: Guard | None, dimension: int) -> None: ...
    def write(self, owner: str, ids: Sequence[str], texts: Sequence[str], vectors: Floats | None) -> None: ...
    def search(self, owner: str, queries: Floats, k: int) -> list[list[str]]: ...
    def text_of(self, who: Principal | str, id_: str) -> str | None: ...
    def seen_by_filter(self, owner: str) -> int: ...
    def vectors_given(self, owner: str, id_: str) -> int: ...
    def caller_id(self, id_: str) -> str: ...
    def shelf(self) -> list[Stored]: ...
    def close(self) -> None: ...


def side(store: str, folder: Path | None, guard: Guard | None, dimension: int) -> Side:
    """Open one side of a store by name."""
    sides: dict[str, type[Side]] = {"chroma": ChromaSide, "qdrant": QdrantSide, "faiss": FaissSide}
    return sides[store](folder, guard, dimension)


def shelf_of(guarded: Any) -> list[Stored]:
    """Walk everything that lies on a guarded shelf, with its vectors, but for the marker."""
    store = room_of(guarded).store
    rows: list[Stored] = []
    after: Any = None
    while True:
        page: Page = store.pages(Pages(after=after, vectors=True))
        rows += [
            Stored(row.backend_id, row.text, row.vector)
            for row in page.rows
            if row.vector is not None and "_vg_owner" in row.fields
        ]
        if (after := page.next) is None:
            return rows


class ChromaSide:
    """A Chroma collection, on disk or in memory."""

    def __init__(self, folder: Path | None, guard: Guard | None, dimension: int) -> None:
        import chromadb  # noqa: PLC0415 - an extra, and slow to import
        from chromadb.config import Settings  # noqa: PLC0415

        del dimension
        quiet = Settings(anonymized_telemetry=False)
        self._client = chromadb.PersistentClient(str(folder), quiet) if folder else chromadb.EphemeralClient()
        # in-memory clients of one process share their collections, so each of ours has a name of its own
        self._name = COLLECTION if folder else f"{COLLECTION}-{secrets.token_hex(4)}"
        self._lasting = folder is not None
        self._native = self._client.get_or_create_collection(
            self._name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self._guarded: Any = None
        if guard is not None:
            import vecguard_chroma  # noqa: PLC0415

            self._guarded = vecguard_chroma.wrap(self._native, guard)

    def _handle(self, who: Principal | str) -> Any:
        return self._native if self._guarded is None else self._guarded.acting_for(who)

    def write(self, owner: str, ids: Sequence[str], texts: Sequence[str], vectors: Floats | None) -> None:
        """Add notes. The bare application tells owners apart by a metadata field, as most do."""
        mark = {"topic": "note", "owner": owner} if self._guarded is None else {"topic": "note"}
        for start in range(0, len(ids), 1000):
            part = slice(start, start + 1000)
            self._handle(owner).add(
                ids=list(ids[part]),
                documents=list(texts[part]),
                embeddings=None if vectors is None else vectors[part],
                metadatas=[dict(mark) for _ in ids[part]],
            )

    def search(self, owner: str, queries: Floats, k: int) -> list[list[str]]:
        """Search one's own notes."""
        where = {"owner": owner} if self._guarded is None else None
        found = self._handle(owner).query(query_embeddings=queries, n_results=k, where=where, include=[])
        return [list(ids) for ids in found["ids"]]

    def text_of(self, who: Principal | str, id_: str) -> str | None:
        """Get a note by its id, as code does that forgot the owner filter."""
        found = self._handle(who).get(ids=[id_])["documents"]
        return found[0] if found else None

    def seen_by_filter(self, owner: str) -> int:
        """Count the rows of a call that forgot the owner filter."""
        return len(self._handle(owner).get(where={"topic": ALL_OWNERS}, include=[])["ids"])

    def vectors_given(self, owner: str, id_: str) -> int:
        """Ask for a vector by id."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self._handle(owner).get(ids=[id_], include=["embeddings"])["embeddings"]
        return 0 if found is None else len(found)

    def caller_id(self, id_: str) -> str:
        """Return a note's id as this store takes it."""
        return id_

    def shelf(self) -> list[Stored]:
        """Return what a thief of the files reads."""
        if self._guarded is not None:
            return shelf_of(self._guarded)
        found: Any = self._native.get(include=["documents", "embeddings"])
        columns = zip(found["ids"], found["documents"], np.asarray(found["embeddings"], np.float32), strict=True)
        return [Stored(*row) for row in columns]

    def close(self) -> None:
        """Free the memory; files stay open until the process ends, with every write on disk."""
        if not self._lasting:
            self._client.delete_collection(self._name)


class QdrantSide:
    """A Qdrant collection in the client's local mode, on disk or in memory."""

    def __init__(self, folder: Path | None, guard: Guard | None, dimension: int) -> None:
        from qdrant_client import QdrantClient, models  # noqa: PLC0415 - an extra

        self._models = models
        self._native = QdrantClient(path=str(folder)) if folder else QdrantClient(":memory:")
        self._guarded: Any = None
        if guard is not None:
            import vecguard_qdrant  # noqa: PLC0415

            self._guarded = vecguard_qdrant.wrap(self._native, guard)
        if not self._native.collection_exists(COLLECTION):
            cosine = models.VectorParams(size=dimension, distance=models.Distance.COSINE)
            self._native.create_collection(COLLECTION, vectors_config=cosine)
        self._names: dict[str, str] = {}

    def _handle(self, who: Principal | str) -> Any:
        return self._native if self._guarded is None else self._guarded.acting_for(who)

    def _point(self, id_: str) -> str:
        point = str(uuid5(NAMESPACE_URL, id_))
        self._names[point] = id_
        return point

    def write(self, owner: str, ids: Sequence[str], texts: Sequence[str], vectors: Floats | None) -> None:
        """Upsert notes. Qdrant takes ids that are UUIDs, and always a vector with a point."""
        assert vectors is not None  # noqa: S101 - for the type checker
        mark = {"topic": "note", "owner": owner} if self._guarded is None else {"topic": "note"}
        points = [
            self._models.PointStruct(id=self._point(id_), vector=vector.tolist(), payload={"document": text, **mark})
            for id_, text, vector in zip(ids, texts, vectors, strict=True)
        ]
        for start in range(0, len(points), 500):
            self._handle(owner).upsert(COLLECTION, points[start : start + 500])

    def search(self, owner: str, queries: Floats, k: int) -> list[list[str]]:
        """Search one's own notes."""
        own = self._models.FieldCondition(key="owner", match=self._models.MatchValue(value=owner))
        only = self._models.Filter(must=[own]) if self._guarded is None else None
        handle = self._handle(owner)
        found = [
            handle.query_points(COLLECTION, query=query.tolist(), query_filter=only, limit=k, with_payload=False)
            for query in queries
        ]
        return [[self._names[str(point.id)] for point in each.points] for each in found]

    def text_of(self, who: Principal | str, id_: str) -> str | None:
        """Retrieve a note by its id."""
        found = self._handle(who).retrieve(COLLECTION, [self._point(id_)])
        return found[0].payload["document"] if found else None

    def seen_by_filter(self, owner: str) -> int:
        """Count the points of a call that forgot the owner filter."""
        note = self._models.FieldCondition(key="topic", match=self._models.MatchValue(value="note"))
        found, _ = self._handle(owner).scroll(COLLECTION, self._models.Filter(must=[note]), limit=1000)
        return len(found)

    def vectors_given(self, owner: str, id_: str) -> int:
        """Ask for a vector by id."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self._handle(owner).retrieve(COLLECTION, [self._point(id_)], with_vectors=True)
        return sum(point.vector is not None for point in found)

    def caller_id(self, id_: str) -> str:
        """Return a note's id as this store takes it: a UUID."""
        return self._point(id_)

    def shelf(self) -> list[Stored]:
        """Return what a thief of the files reads."""
        if self._guarded is not None:
            return self._guarded_shelf()
        points, _ = self._native.scroll(COLLECTION, limit=1_000_000, with_vectors=True)
        return [
            Stored(self._names[str(p.id)], (p.payload or {})["document"], np.asarray(p.vector, np.float32))
            for p in points
        ]

    def _guarded_shelf(self) -> list[Stored]:
        points, _ = self._native.scroll(COLLECTION, limit=1_000_000, with_vectors=True)
        return [
            Stored(str(p.id).replace("-", ""), (p.payload or {}).get("document"), np.asarray(p.vector, np.float32))
            for p in points
            if "_vg_owner" in (p.payload or {})
        ]

    def close(self) -> None:
        """Release the folder."""
        self._native.close()


class FaissSide:
    """A FAISS index with documents beside it: bare in the manner of a docstore file, guarded as a collection."""

    def __init__(self, folder: Path | None, guard: Guard | None, dimension: int) -> None:
        import faiss  # noqa: PLC0415 - an extra

        self._faiss = faiss
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._guarded: Any = None
        self._native = faiss.IndexFlatIP(dimension)
        self._documents: list[dict[str, str]] = []
        if guard is not None:
            import vecguard_faiss  # noqa: PLC0415

            self._guarded = vecguard_faiss.GuardedFaissCollection(
                faiss.IndexFlatIP(dimension), guard, path=None if folder is None else folder / "guarded"
            )

    def write(self, owner: str, ids: Sequence[str], texts: Sequence[str], vectors: Floats | None) -> None:
        """Add notes."""
        if self._guarded is not None:
            self._guarded.acting_for(owner).add(
                ids=list(ids), documents=list(texts), embeddings=vectors, metadatas=[{"topic": "note"} for _ in ids]
            )
            if self._folder is not None:
                self._guarded.save()
            return
        self._native.add(np.asarray(vectors))
        self._documents += [{"id": i, "text": text, "owner": owner} for i, text in zip(ids, texts, strict=True)]
        if self._folder is not None:
            self._faiss.write_index(self._native, str(self._folder / "notes.faiss"))
            (self._folder / "notes.json").write_text(json.dumps(self._documents))

    def search(self, owner: str, queries: Floats, k: int) -> list[list[str]]:
        """Search one's own notes."""
        if self._guarded is not None:
            found = self._guarded.acting_for(owner).query(query_embeddings=queries, n_results=k)
            return [list(ids) for ids in found["ids"]]
        own = np.array([i for i, each in enumerate(self._documents) if each["owner"] == owner])
        only: Any = self._faiss.SearchParameters()
        only.sel = selector = self._faiss.IDSelectorBatch(own)  # FAISS keeps a pointer, not the object
        _, positions = self._native.search(np.asarray(queries), k, params=only)
        del selector
        return [[self._documents[i]["id"] for i in row if i >= 0] for row in positions]

    def text_of(self, who: Principal | str, id_: str) -> str | None:
        """Look a note up by its id."""
        if self._guarded is not None:
            found = self._guarded.acting_for(who).get(ids=[id_])["documents"]
            return found[0] if found else None
        return next((each["text"] for each in self._documents if each["id"] == id_), None)

    def seen_by_filter(self, owner: str) -> int:
        """Count the rows of a call that forgot the owner filter."""
        if self._guarded is not None:
            return len(self._guarded.acting_for(owner).get(where={"topic": ALL_OWNERS})["ids"])
        return len(self._documents)

    def vectors_given(self, owner: str, id_: str) -> int:
        """Reconstruct a vector."""
        if self._guarded is not None:
            return int(hasattr(self._guarded.acting_for(owner), "reconstruct"))
        position = next(i for i, each in enumerate(self._documents) if each["id"] == id_)
        return len(self._native.reconstruct(position)[None])

    def caller_id(self, id_: str) -> str:
        """Return a note's id as this store takes it."""
        return id_

    def shelf(self) -> list[Stored]:
        """Return what a thief of the files reads."""
        if self._guarded is not None:
            return shelf_of(self._guarded)
        vectors = self._native.reconstruct_n(0, self._native.ntotal)
        return [Stored(each["id"], each["text"], vectors[i]) for i, each in enumerate(self._documents)]

    def close(self) -> None:
        """Nothing is kept open."""
