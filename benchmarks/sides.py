"""The sides of `overhead.py`: bare stores, a cache of one's own, and guarded stores, all answering the same search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import chromadb
import faiss
import numpy as np
from chromadb.config import Settings
from qdrant_client import QdrantClient, models

import vecguard_chroma
import vecguard_faiss
import vecguard_qdrant
from vecguard import Guard, Keyring, Policy
from vecguard.arrays import Floats

K = 10
SMALL = 20  # rows of each of the owners that fill the collection up
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Rows:
    """A synthetic collection: clustered unit vectors, texts of some 250 characters, owners in shuffled order."""

    owners: tuple[str, ...]
    texts: tuple[str, ...]
    vectors: Floats

    def of(self, owner: str) -> list[int]:
        return [at for at, each in enumerate(self.owners) if each == owner]


def rows(count: int, dimension: int, sizes: Sequence[int], seed: int = 11) -> Rows:
    """Make the collection; owner "o200" has 200 rows, the others 20 each."""
    rng = np.random.default_rng(seed)
    owners = [f"o{size}" for size in sizes for _ in range(size)]
    owners += [f"small{at // SMALL}" for at in range(max(0, count - len(owners)))]
    rng.shuffle(owners)
    centres = rng.normal(size=(50, dimension))
    vectors = centres[rng.integers(0, 50, size=len(owners))] + 1.5 * rng.normal(size=(len(owners), dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = np.array(["ward", "fever", "cough", "scan", "dose", "night", "clinic", "pain", "rash", "blood"])
    texts = [" ".join(words[rng.integers(0, 10, size=45)]) for _ in owners]
    return Rows(tuple(owners), tuple(texts), vectors.astype(np.float32))


# ------------------------------------------------------------------------------------------------------------ sides


class Bare(Protocol):
    """A bare store with one collection, or one per owner. `search` returns texts of the owner's best, best first."""

    def write(self, name: str, data: Rows, picked: Sequence[int]) -> None: ...
    def search(self, name: str, owner: str | None, query: Floats) -> list[str]: ...
    def texts(self, name: str, ids: Sequence[int]) -> list[str]: ...


class BareChroma:
    def __init__(self, folder: Path) -> None:
        self.client = _chroma(folder)
        self.opened: dict[str, Any] = {}

    def write(self, name: str, data: Rows, picked: Sequence[int]) -> None:
        native = self.opened[name] = _collection(self.client, name)
        for start in range(0, len(picked), AT_ONCE):
            part = picked[start : start + AT_ONCE]
            native.add(
                ids=[str(at) for at in part],
                embeddings=data.vectors[part],
                documents=[data.texts[at] for at in part],
                metadatas=[{"owner": data.owners[at]} for at in part],
            )

    def search(self, name: str, owner: str | None, query: Floats) -> list[str]:
        where = None if owner is None else {"owner": owner}
        found = self.opened[name].query(query_embeddings=query[None], n_results=K, where=where)
        return found["documents"][0]

    def texts(self, name: str, ids: Sequence[int]) -> list[str]:
        found = self.opened[name].get(ids=[str(at) for at in ids])
        by_id = dict(zip(found["ids"], found["documents"], strict=True))
        return [by_id[str(at)] for at in ids]


class BareQdrant:
    def __init__(self, folder: Path) -> None:
        del folder  # local mode on disk takes minutes to write and answers from memory all the same
        self.client = QdrantClient(":memory:")

    def write(self, name: str, data: Rows, picked: Sequence[int]) -> None:
        _qdrant_collection(self.client, name, data.vectors.shape[1])
        for start in range(0, len(picked), AT_ONCE):
            part = picked[start : start + AT_ONCE]
            points = [
                models.PointStruct(
                    id=int(at), vector=data.vectors[at].tolist(), payload={"text": data.texts[at], "o": data.owners[at]}
                )
                for at in part
            ]
            self.client.upsert(name, points)

    def search(self, name: str, owner: str | None, query: Floats) -> list[str]:
        mine = models.FieldCondition(key="o", match=models.MatchValue(value=owner)) if owner else None
        found = self.client.query_points(
            name, query=query, limit=K, query_filter=models.Filter(must=[mine]) if mine else None
        )
        return [point.payload["text"] for point in found.points]

    def texts(self, name: str, ids: Sequence[int]) -> list[str]:
        found = self.client.retrieve(name, [int(at) for at in ids])
        by_id = {point.id: point.payload["text"] for point in found}
        return [by_id[int(at)] for at in ids]


class BareFaiss:
    """FAISS has no fields: the filter is a selector of the owner's positions, the texts are a list."""

    def __init__(self, folder: Path) -> None:
        del folder
        self.indexes: dict[str, Any] = {}
        self.kept: dict[str, tuple[list[str], dict[str, Any]]] = {}

    def write(self, name: str, data: Rows, picked: Sequence[int]) -> None:
        self.indexes[name] = faiss.IndexFlatIP(data.vectors.shape[1])
        self.indexes[name].add(data.vectors[list(picked)])
        owners: dict[str, list[int]] = {}
        for place, at in enumerate(picked):
            owners.setdefault(data.owners[at], []).append(place)
        selectors = {owner: np.array(places, dtype=np.int64) for owner, places in owners.items()}
        self.kept[name] = [data.texts[at] for at in picked], selectors

    def search(self, name: str, owner: str | None, query: Floats) -> list[str]:
        texts, selectors = self.kept[name]
        chosen = None if owner is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(selectors[owner]))
        _, found = self.indexes[name].search(query[None], K, params=chosen)
        return [texts[at] for at in found[0] if at >= 0]

    def texts(self, name: str, ids: Sequence[int]) -> list[str]:
        return [self.kept[name][0][at] for at in ids]


def _chroma(folder: Path) -> Any:

    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def _collection(client: Any, name: str) -> Any:
    return client.get_or_create_collection(name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})


def _qdrant_collection(client: Any, name: str, dimension: int) -> None:

    client.create_collection(name, models.VectorParams(size=dimension, distance=models.Distance.COSINE))


BARE: dict[str, type[Any]] = {"chroma": BareChroma, "qdrant": BareQdrant, "faiss": BareFaiss}


class Guarded:
    """A guarded store, opened under one policy; the calls are the native ones."""

    def __init__(self, store: str, folder: Path, policy: Policy, dimension: int) -> None:
        folder.mkdir()
        self.store = store
        self.guard = Guard(policy, keys=Keyring.ephemeral(), state=f"sqlite:///{folder}/state.db")
        self.folder = folder / "store"
        if store == "chroma":
            self.shown = vecguard_chroma.wrap(_collection(_chroma(self.folder), "all"), self.guard)
        elif store == "qdrant":
            native = QdrantClient(":memory:")
            _qdrant_collection(native, "all", dimension)
            self.shown = vecguard_qdrant.wrap(native, self.guard, text_keys=("text",))
        else:
            self.shown = vecguard_faiss.GuardedFaissCollection(faiss.IndexFlatIP(dimension), self.guard)
        self.bound: dict[str, Any] = {}

    def as_owner(self, owner: str) -> Any:
        return self.bound.setdefault(owner, self.shown.acting_for(owner))

    def write(self, data: Rows, advance: Callable[[int], None]) -> None:
        for owner in dict.fromkeys(data.owners):
            mine = data.of(owner)
            for start in range(0, len(mine), AT_ONCE):
                part = mine[start : start + AT_ONCE]
                ids, texts, vectors = [str(at) for at in part], [data.texts[at] for at in part], data.vectors[part]
                if self.store == "qdrant":
                    points = [
                        models.PointStruct(id=int(id_), vector=vector.tolist(), payload={"text": text})
                        for id_, text, vector in zip(ids, texts, vectors, strict=True)
                    ]
                    self.as_owner(owner).upsert("all", points)
                else:
                    self.as_owner(owner).add(ids=ids, documents=texts, embeddings=vectors)
                advance(len(part))

    def search(self, owner: str, query: Floats) -> list[str]:
        acting = self.as_owner(owner)
        if self.store == "qdrant":
            return [point.payload["text"] for point in acting.query_points("all", query=query, limit=K).points]
        found: list[str] = acting.query(query_embeddings=query[None], n_results=K)["documents"][0]
        return found

    def forget(self) -> None:
        """Empty the cache of owners' rows."""
        self.guard.owners.cache.clear()


class OwnCache:
    """What an application could keep by itself: the owner's exact vectors, and nothing that says when they changed."""

    def __init__(self, bare: Bare, data: Rows) -> None:
        self.bare = bare
        self.kept = {owner: np.array(data.of(owner)) for owner in dict.fromkeys(data.owners)}
        self.vectors = {owner: data.vectors[places] for owner, places in self.kept.items()}

    def search(self, owner: str, query: Floats) -> list[str]:
        near = self.vectors[owner] @ query
        best = np.argpartition(-near, min(K, len(near)) - 1)[:K]
        return self.bare.texts("all", self.kept[owner][best[np.argsort(-near[best])]])
