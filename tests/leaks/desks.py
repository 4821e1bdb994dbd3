"""One desk for each store: the same acts in its own verbs, on files of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import chromadb
import faiss
from qdrant_client import QdrantClient, models

import vecguard_chroma
import vecguard_faiss
import vecguard_qdrant
from vecguard import Guard
from vecguard.testing import word_hash

D = 32
EMBED = word_hash(D)
NAN = [float("nan")] * D


class Desk(Protocol):
    """What every store can do with records, and calls that it refuses: name -> call of a planted string."""

    def write(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None: ...
    def change(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None: ...
    def search(self, text: str, where: dict[str, Any]) -> Sequence[str]: ...
    def delete(self, ids: Sequence[str]) -> None: ...
    def refused(self) -> dict[str, Callable[[str], Any]]: ...
    def close(self) -> None: ...


class ChromaDesk:
    """A folder of Chroma's."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.client = chromadb.PersistentClient(str(folder / "chroma"))
        native = self.client.create_collection("notes", embedding_function=None)
        self.notes = vecguard_chroma.wrap(native, guard).acting_for("alice")

    def write(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None:
        self.notes.add(ids=list(ids), documents=list(texts), metadatas=list(fields))

    def change(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None:
        self.notes.update(ids=list(ids), documents=list(texts), metadatas=list(fields))

    def search(self, text: str, where: dict[str, Any]) -> Sequence[str]:
        found: Sequence[str] = self.notes.query(query_texts=[text], where=where, n_results=3)["documents"][0]
        self.notes.get(where=where, where_document={"$contains": text})
        return found

    def delete(self, ids: Sequence[str]) -> None:
        self.notes.delete(ids=list(ids))

    def refused(self) -> dict[str, Callable[[str], Any]]:
        notes = self.notes
        return {
            "nan": lambda planted: notes.add(ids=[planted], embeddings=[NAN], documents=[planted]),
            "twice": lambda planted: notes.add(ids=[planted, planted], documents=[planted] * 2),
            "reserved": lambda planted: notes.add(ids=["a"], documents=["b"], metadatas=[{f"_vg_{planted}": planted}]),
            "nested": lambda planted: notes.add(ids=["a"], documents=["b"], metadatas=[{planted: {planted: 1}}]),
            "operator": lambda planted: notes.get(where={planted: {f"${planted}": planted}}),
            "regex": lambda planted: notes.get(where_document={"$regex": planted}),
            "missing": lambda planted: notes.query(query_texts=[planted], ids=[planted]),
            "owner": lambda planted: notes.acting_for(f"{planted} {planted}"),
        }

    def close(self) -> None:
        self.client.close()


class QdrantDesk:
    """A folder of a local Qdrant's; its ids are UUIDs."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.native = QdrantClient(path=str(folder / "qdrant"))
        guarded = vecguard_qdrant.wrap(self.native, guard)
        guarded.create_collection("notes", models.VectorParams(size=D, distance=models.Distance.COSINE))
        self.client = guarded.acting_for("alice")

    def write(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None:
        points = [
            models.PointStruct(id=_uuid(each), vector=EMBED([text])[0].tolist(), payload={"text": text, **more})
            for each, text, more in zip(ids, texts, fields, strict=True)
        ]
        self.client.upsert("notes", points)

    change = write

    def search(self, text: str, where: dict[str, Any]) -> Sequence[str]:
        scope = models.Filter(
            must=[
                models.FieldCondition(key=name, match=models.MatchValue(value=value)) for name, value in where.items()
            ]
        )
        vector = EMBED([text])[0].tolist()
        points = self.client.query_points("notes", query=vector, query_filter=scope, limit=3).points
        return [(each.payload or {})["text"] for each in points]

    def delete(self, ids: Sequence[str]) -> None:
        self.client.delete("notes", models.PointIdsList(points=[_uuid(each) for each in ids]))

    def refused(self) -> dict[str, Callable[[str], Any]]:
        client, point = self.client, models.PointStruct
        vector = EMBED(["b"])[0].tolist()
        return {
            "nan": lambda planted: client.upsert("notes", [point(id=1, vector=NAN, payload={"text": planted})]),
            "short": lambda planted: client.upsert("notes", [point(id=1, vector=[0.1], payload={"text": planted})]),
            "twice": lambda planted: client.upsert("notes", [point(id=1, vector=vector, payload={planted: 1})] * 2),
            "reserved": lambda planted: client.upsert(
                "notes", [point(id=1, vector=vector, payload={"_vg_a": planted})]
            ),
            "owner": lambda planted: client.acting_for(f"{planted} {planted}"),
        }

    def close(self) -> None:
        self.native.close()


class FaissDesk:
    """A file that `save` writes."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        (folder / "faiss").mkdir()
        index = faiss.IndexFlatIP(D)
        self.all = vecguard_faiss.GuardedFaissCollection(index, guard, folder / "faiss" / "notes.vg")
        self.notes = self.all.acting_for("alice")

    def write(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None:
        self.notes.add(ids=list(ids), documents=list(texts), metadatas=list(fields))
        self.all.save()

    def change(self, ids: Sequence[str], texts: Sequence[str], fields: Sequence[dict[str, Any]]) -> None:
        self.notes.upsert(ids=list(ids), documents=list(texts), metadatas=list(fields))
        self.all.save()

    def search(self, text: str, where: dict[str, Any]) -> Sequence[str]:
        found: Sequence[str] = self.notes.query(query_texts=[text], where=where, n_results=3)["documents"][0]
        return found

    def delete(self, ids: Sequence[str]) -> None:
        self.notes.delete(ids=list(ids))
        self.all.save()

    def refused(self) -> dict[str, Callable[[str], Any]]:
        notes = self.notes
        return {
            "nan": lambda planted: notes.add(ids=[planted], embeddings=[NAN], documents=[planted]),
            "twice": lambda planted: notes.add(ids=[planted, planted], documents=[planted] * 2),
            "reserved": lambda planted: notes.add(ids=["a"], documents=["b"], metadatas=[{f"_vg_{planted}": planted}]),
            "operator": lambda planted: notes.get(where={planted: {f"${planted}": planted}}),
            "unequal": lambda planted: notes.add(ids=[planted], documents=[planted, planted]),
            "attribute": lambda planted: setattr(notes, planted, planted),
            "owner": lambda planted: notes.acting_for(f"{planted} {planted}"),
        }

    def close(self) -> None:
        """Nothing: the file is closed whenever it was written."""


DESKS: dict[str, Callable[[Path, Guard], Desk]] = {"chroma": ChromaDesk, "qdrant": QdrantDesk, "faiss": FaissDesk}


def _uuid(planted: str) -> str:
    """Return a UUID whose bytes begin with the planted string's own."""
    raw = planted.encode()
    return str(uuid.UUID(bytes=(raw + bytes(16))[:16]))
