"""The real stores, opened in a folder: what a process does that has just started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import chromadb
import faiss
from chromadb.config import Settings
from qdrant_client import QdrantClient, models

import vecguard_chroma
import vecguard_faiss
import vecguard_qdrant
from vecguard import Guard, Principal
from vecguard.facade import room_of, shelf_of
from vecguard.ports import Pages
from vecguard.records import RecordId
from vecguard.testing import word_hash
from vecguard_qdrant._collections import shelves

from .world import STEM, Call

D = 16
EMBED = word_hash(D)
ALL = 1_000  # more rows than any test reads
_ROWS = 20_000  # more than any store of these tests has


def named(owner: str) -> Principal:
    """Return an owner's principal: it gets the originals behind its own tokens."""
    return Principal(owner, permissions=frozenset({"pii:restore"}))


class ChromaSite:
    """A collection of the embedded Chroma."""

    verbs: ClassVar[tuple[str, ...]] = ("insert", "upsert", "upsert", "update")
    merges: ClassVar[bool] = True

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.guard = guard
        self.bare = self.native(folder).get_or_create_collection("notes", **_NO_EMBEDDER)
        self.guarded = vecguard_chroma.wrap(self.bare, guard)

    def native(self, folder: Path) -> Any:
        return chromadb.PersistentClient(str(folder / "store"), Settings(anonymized_telemetry=False))

    def shelf(self) -> Any:
        return shelf_of(self.guarded)

    def store(self) -> Any:
        return room_of(self.guarded).store

    def reconcile(self) -> None:
        self.guard.reconcile(self.guarded)

    def record(self, number: int) -> RecordId:
        return RecordId.text(self.name(number))

    def name(self, number: int) -> Any:
        return f"{STEM}-{number}"

    def number(self, name: Any) -> int | None:
        """Return the number of one's own record, or None: others' come under names of another form."""
        head, _, tail = str(name).rpartition("-")
        return int(tail) if head == STEM and tail.isdigit() else None

    def make(self, call: Call) -> None:
        """Make a call as its owner."""
        if call.verb == "grant":
            self.guard.rules.grant(call.owner, readers=[call.reader])
        elif call.verb == "revoke":
            self.guard.rules.revoke(call.owner, readers=[call.reader])
        else:
            self.change(self.guarded.acting_for(named(call.owner)), call)

    def change(self, at: Any, call: Call) -> None:
        ids = [self.name(each) for each in call.ids]
        if call.verb == "erase":
            at.delete(ids=ids)
            return
        texts, fields = _column(call.texts), None if call.fields is None else [dict(each) for each in call.fields]
        getattr(at, "add" if call.verb == "insert" else call.verb)(ids=ids, documents=texts, metadatas=fields)

    def listed(self, who: Principal) -> list[tuple[Any, str | None, dict[str, Any]]]:
        found = self.guarded.acting_for(who).get()
        return _rows(found["ids"], found["documents"], found["metadatas"])

    def scores(self, who: Principal, text: str) -> dict[int, float]:
        """Return the exact similarity of each of one's own rows to a text."""
        found = self.guarded.acting_for(who).query(query_texts=[text], n_results=ALL)
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {number: 1.0 - far for name, far in pairs if (number := self.number(name)) is not None}

    def raw(self) -> dict[str, dict[str, Any]]:
        """Return what really lies in the store: backend id -> fields."""
        rows = self.bare.get(include=["metadatas"])
        return dict(zip(rows["ids"], rows["metadatas"], strict=True))

    def saved(self) -> None:
        """Nothing: every call of this store is on its way to the disk when it returns."""


class ServedSite(ChromaSite):
    """A collection of a Chroma server, whose port is in the environment."""

    def native(self, folder: Path) -> Any:
        settings = Settings(anonymized_telemetry=False)
        return chromadb.HttpClient("127.0.0.1", int(os.environ["VECGUARD_CRASH_PORT"]), settings=settings)

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.guard = guard
        name = f"notes-{folder.parent.name}"
        self.bare = self.native(folder).get_or_create_collection(name, **_NO_EMBEDDER)
        self.guarded = vecguard_chroma.wrap(self.bare, guard)


class QdrantSite(ChromaSite):
    """A collection of the local Qdrant client, in a folder."""

    verbs = ("upsert",)
    merges = False

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.guard = guard
        self.bare = QdrantClient(path=str(folder / "store"))
        self.guarded = vecguard_qdrant.wrap(self.bare, guard)
        if not self.bare.collection_exists("notes"):
            self.guarded.create_collection("notes", models.VectorParams(size=D, distance=models.Distance.COSINE))

    def shelf(self) -> Any:
        pair = shelves(room_of(self.guarded)).get("notes")
        return None if pair is None else pair[0]

    def store(self) -> Any:
        pair = shelves(room_of(self.guarded)).get("notes")
        return None if pair is None else pair[1]

    def reconcile(self) -> None:
        """Settle by the first touch of the collection: the client as a whole has no reconcile."""
        self.guarded.acting_for("nobody").count("notes")

    def record(self, number: int) -> RecordId:
        return RecordId.number(number)

    def name(self, number: int) -> Any:
        return number

    def number(self, name: Any) -> int | None:
        return name if isinstance(name, int) else None

    def change(self, at: Any, call: Call) -> None:
        if call.verb == "erase":
            at.delete("notes", list(call.ids))
            return
        texts, fields = call.texts or (), call.fields or ()
        vectors = EMBED(list(texts))
        at.upsert(
            "notes",
            [
                models.PointStruct(id=number, vector=vector.tolist(), payload={"document": text, **each})
                for number, vector, text, each in zip(call.ids, vectors, texts, fields, strict=True)
            ],
        )

    def listed(self, who: Principal) -> list[tuple[Any, str | None, dict[str, Any]]]:
        return [_point(each) for each in self.guarded.acting_for(who).scroll("notes", limit=ALL)[0]]

    def scores(self, who: Principal, text: str) -> dict[int, float]:
        query = EMBED(self.guard.scrubbed([text], who))[0].tolist()
        found = self.guarded.acting_for(who).query_points("notes", query=query, limit=ALL).points
        return {each.id: each.score for each in found if isinstance(each.id, int)}

    def raw(self) -> dict[str, dict[str, Any]]:
        points, _ = self.bare.scroll("notes", limit=_ROWS)
        return {_spelt(each.id): dict(each.payload or {}) for each in points}


class FaissSite(ChromaSite):
    """A FAISS collection in a file, which is saved now and then: a call is acknowledged when it returns."""

    verbs = ("insert", "upsert", "upsert")

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.guard = guard
        self.guarded = vecguard_faiss.GuardedFaissCollection(faiss.IndexFlatIP(D), guard, folder / "index.vg")

    def raw(self) -> dict[str, dict[str, Any]]:
        return {row.backend_id: dict(row.fields) for row in self.store().pages(Pages(size=_ROWS)).rows}

    def saved(self) -> None:
        """Save all that was done since the last time."""
        self.guarded.save()


SITES: dict[str, type[ChromaSite]] = {
    "chroma": ChromaSite,
    "qdrant": QdrantSite,
    "faiss": FaissSite,
    "chroma server": ServedSite,
}
_NO_EMBEDDER: dict[str, Any] = {"embedding_function": None, "configuration": {"hnsw": {"space": "cosine"}}}


def _column(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _rows(ids: Sequence[Any], texts: Sequence[Any], fields: Sequence[Any]) -> list[tuple[Any, Any, dict[str, Any]]]:
    return [(name, text, dict(each or {})) for name, text, each in zip(ids, texts, fields, strict=True)]


def _point(point: Any) -> tuple[Any, str | None, dict[str, Any]]:
    payload = dict(point.payload or {})
    return point.id, payload.pop("document", None), payload


def _spelt(native: Any) -> str:
    return UUID(str(native)).hex
