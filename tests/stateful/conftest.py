"""Four stores behind one short set of verbs, and what outlives the guards that work on them.

Each stand offers `write erase listed count ranked` in neutral form through the store's own guarded verbs. Records are
named "r0", "r1", ...; a shared record by the name that its readers are given. A filter is (field, operator, value) with
the operators eq, ne and gt, and on `TEXT` has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import chromadb
import faiss
import pytest
from qdrant_client import QdrantClient, models

import vecguard.state.clock
import vecguard_chroma
import vecguard_faiss
import vecguard_qdrant
from vecguard import Guard, Keyring, Policy, Principal
from vecguard.embedding import Embedding
from vecguard.facade import room_of, shelf_of
from vecguard.filters import EVERYTHING, TEXT, Compare, Not
from vecguard.flow import drive
from vecguard.principal import Acting
from vecguard.qualified import qualified
from vecguard.records import Ask, Draft, Query, RecordId
from vecguard.testing import MemoryStore, word_hash
from vecguard_qdrant._collections import shelves

D = 16
EMBED = word_hash(D)
_NUMBERS = itertools.count()


class Stand:
    """A store and everything beside it that outlives a guard: key file, state file, clock.

    `merges` says whether an upsert lays fields over those that are there, `verbs` what writes there are,
    `shares_store` whether a second guard of the process can work on the same store, and `text_filters` whether a filter
    may look into texts.
    """

    merges: ClassVar[bool] = True
    verbs: ClassVar[tuple[str, ...]] = ("insert", "upsert", "update")
    shares_store: ClassVar[bool] = True
    text_filters: ClassVar[bool] = True

    def __init__(self, folder: Path, policy: Policy, clock: SimpleNamespace) -> None:
        folder.mkdir()
        self.folder, self.policy, self.clock = folder, policy, clock
        Keyring.generate(folder / "key")
        self.guards: list[Guard] = []
        self._shown: list[Any] = []
        self.start()

    def start(self) -> None:
        """Open two guards, as two processes would, and the store through each of them."""
        self.open_store()
        for _ in range(2):
            keys = Keyring.from_file(self.folder / "key")
            state = f"sqlite:///{self.folder}/state.db"
            self.guards.append(Guard(self.policy, keys=keys, state=state, embedder=EMBED))
        serving = self.guards if self.shares_store else self.guards[:1]
        self._shown = [self.wrapped(each) for each in serving]

    def stop(self) -> None:
        """Close the guards, and the store where it can be opened again."""
        for each in self.guards:
            each.close()
        self.guards, self._shown = [], []
        self.close_store()

    def at(self, turn: int, who: Principal | str, owner: str | None = None) -> Any:
        """Return the store as one of the guards shows it to somebody."""
        return self._shown[turn % len(self._shown)].acting_for(who, owner)

    def name(self, owner: str, record: str) -> Any:
        """Return the name by which readers know a record of an owner that has written some."""
        state, shelf = self.guards[0].state, self.shelf()
        collection = shelf.collection
        assert collection is not None
        space = state.find_space(collection.uid, owner, collection.keys)
        assert space is not None
        return qualified(space.owner_keys.names, space.backend_id(self.record_id(record)), shelf.traits.ids).given

    def record_id(self, record: str) -> RecordId:
        return RecordId.text(record)

    def shelf(self) -> Any:
        return shelf_of(self._shown[0])

    def open_store(self) -> None:
        """Open what `close_store` closed."""

    def close_store(self) -> None:
        """Leave the store as it is at rest."""

    def remove(self) -> None:
        """Remove what the test's folder does not hold."""

    def wrapped(self, guard: Guard) -> Any:
        raise NotImplementedError


# ------------------------------------------------------------------------------------------------------ in memory


class Bound:
    """A shelf in memory for one who acts: the paths themselves, with nothing of an adapter around them."""

    def __init__(self, guard: Guard, shelf: Any, store: MemoryStore, acting: Acting | None = None) -> None:
        self.guard, self.shelf, self.store, self.acting = guard, shelf, store, acting

    def acting_for(self, who: Principal | str, owner: str | None = None) -> Bound:
        return Bound(self.guard, self.shelf, self.store, Acting.of(who, owner))

    def run(self, path: Callable[..., Any], request: Any, *, embedding: Embedding | None = None) -> Any:
        assert self.acting is not None
        self.store.requests.clear()
        return drive(path(request, self.shelf, self.acting, *([embedding] if embedding else [])), self.store)


class MemoryStand(Stand):
    """The in-memory store. It outlives its guards as an object."""

    store: MemoryStore

    def __init__(self, *args: Any) -> None:
        self.store = MemoryStore()
        super().__init__(*args)

    def wrapped(self, guard: Guard) -> Any:
        return Bound(guard, guard.shelf(self.store.traits), self.store)

    def shelf(self) -> Any:
        found = next((each.shelf for each in self._shown if each.shelf.collection is not None), None)
        return self._shown[0].shelf if found is None else found

    def write(self, at: Bound, verb: Any, ids: Sequence[str], texts: Any, fields: Any) -> None:
        none = (None,) * len(ids)
        draft = Draft(
            verb=verb,
            ids=tuple(map(RecordId.text, ids)),
            texts=none if texts is None else tuple(texts),
            fields=none if fields is None else tuple(fields),
            merge=verb != "insert",
        )
        at.run(at.guard.write, draft, embedding=at.guard.embedding)

    def erase(self, at: Bound, ids: Sequence[str] | None, where: Any) -> None:
        at.run(at.guard.forget, Ask(ids=_records(ids), where=_predicate(where), restore=False))

    def listed(self, at: Bound, ids: Sequence[str] | None = None, where: Any = None) -> list[Any]:
        ask = Ask(ids=_records(ids), where=_predicate(where))
        hits = at.run(at.guard.read, ask, embedding=at.guard.embedding).hits
        return [(hit.record.id.given, hit.record.text, dict(hit.record.fields)) for hit in hits]

    def count(self, at: Bound) -> int:
        found: int = at.run(at.guard.count, Ask(restore=False))
        return found

    def ranked(self, at: Bound, text: str, limit: int, where: Any = None) -> list[Any]:
        ask = Ask(query=Query(texts=(text,)), limit=limit, where=_predicate(where))
        hits = at.run(at.guard.read, ask, embedding=at.guard.embedding).hits
        return [(hit.record.id.given, hit.record.text, dict(hit.record.fields), hit.score) for hit in hits]


def _records(ids: Sequence[str] | None) -> tuple[RecordId, ...] | None:
    return None if ids is None else tuple(map(RecordId.text, ids))


def _predicate(where: Any) -> Any:
    if where is None:
        return EVERYTHING
    field, operator, value = where
    if field == TEXT:
        return Compare(TEXT, "text", value)
    return Not(Compare((field,), "eq", value)) if operator == "ne" else Compare((field,), operator, value)


# ---------------------------------------------------------------------------------------------------- Chroma, FAISS


class ChromaStand(Stand):
    """A Chroma collection in a folder. Its engine outlives a client of the same process: only the client is new."""

    collection: Any = None

    def open_store(self) -> None:
        client = chromadb.PersistentClient(str(self.folder.parent / "chroma"))
        if self.collection is None:
            settings: Any = {"embedding_function": None, "configuration": {"hnsw": {"space": "cosine"}}}
            self.collection = client.create_collection(f"stateful-{next(_NUMBERS)}", **settings)
        self.collection = client.get_collection(self.collection.name, embedding_function=None)
        self._client = client

    def remove(self) -> None:
        self._client.delete_collection(self.collection.name)

    def wrapped(self, guard: Guard) -> Any:
        return vecguard_chroma.wrap(self.collection, guard)

    def shelf(self) -> Any:
        return next(
            (shelf for each in self._shown if (shelf := shelf_of(each)).collection is not None),
            shelf_of(self._shown[0]),
        )

    def write(self, at: Any, verb: str, ids: Sequence[str], texts: Any, fields: Any) -> None:
        getattr(at, "add" if verb == "insert" else verb)(ids=ids, documents=texts, metadatas=fields)

    def erase(self, at: Any, ids: Sequence[str] | None, where: Any) -> None:
        at.delete(ids=ids, **_native(where))

    def listed(self, at: Any, ids: Sequence[str] | None = None, where: Any = None) -> list[Any]:
        found = at.get(ids=ids, **_native(where))
        return _columns(found["ids"], found["documents"], found["metadatas"])

    def count(self, at: Any) -> int:
        found: int = at.count()
        return found

    def ranked(self, at: Any, text: str, limit: int, where: Any = None) -> list[Any]:
        found = at.query(query_texts=[text], n_results=limit, **_native(where))
        rows = _columns(found["ids"][0], found["documents"][0], found["metadatas"][0])
        return [(*row, _similarity(far)) for row, far in zip(rows, found["distances"][0], strict=True)]


class FaissStand(ChromaStand):
    """A FAISS collection, saved to its file before a restart. Its rows live in one object, so one guard serves it."""

    verbs = ("insert", "upsert")
    shares_store = False
    text_filters = False

    def open_store(self) -> None:
        """Open the file with the guard."""

    def close_store(self) -> None:
        """Nothing is left open."""

    def remove(self) -> None:
        """The folder holds it all."""

    def stop(self) -> None:
        for each in self._shown:
            each.save()
        super().stop()

    def wrapped(self, guard: Guard) -> Any:
        return vecguard_faiss.GuardedFaissCollection(faiss.IndexFlatIP(D), guard, self.folder / "index.vg")


def _native(where: Any) -> dict[str, Any]:
    if where is None:
        return {}
    field, operator, value = where
    if field == TEXT:
        return {"where_document": {"$contains": value}}
    return {"where": {field: {f"${operator}": value}}}


def _columns(ids: Sequence[Any], texts: Sequence[Any], fields: Sequence[Any]) -> list[Any]:
    return [(id_, text, dict(each or {})) for id_, text, each in zip(ids, texts, fields, strict=True)]


def _similarity(distance: float | None) -> float | None:
    return None if distance is None else 1.0 - distance


# ----------------------------------------------------------------------------------------------------------- Qdrant


class QdrantStand(Stand):
    """A Qdrant collection of the local client, in a folder that is closed and opened again."""

    merges = False
    verbs = ("upsert",)
    text_filters = False
    client: Any = None

    def open_store(self) -> None:
        self.client = QdrantClient(path=str(self.folder / "qdrant"))

    def close_store(self) -> None:
        self.client.close()

    def wrapped(self, guard: Guard) -> Any:
        guarded = vecguard_qdrant.wrap(self.client, guard)
        if not guarded.collection_exists("notes"):
            guarded.create_collection("notes", models.VectorParams(size=D, distance=models.Distance.COSINE))
        return guarded

    def record_id(self, record: str) -> RecordId:
        return RecordId.number(int(record[1:]))

    def shelf(self) -> Any:
        known = [shelves(room_of(each)).get("notes") for each in self._shown]
        return next(pair[0] for pair in known if pair is not None and pair[0].collection is not None)

    def write(self, at: Any, verb: str, ids: Sequence[str], texts: Any, fields: Any) -> None:
        vectors, fields = EMBED(texts), fields or [None] * len(ids)
        points = [
            models.PointStruct(id=int(id_[1:]), vector=vector.tolist(), payload={"document": text, **(each or {})})
            for id_, text, each, vector in zip(ids, texts, fields, vectors, strict=True)
        ]
        at.upsert("notes", points)

    def erase(self, at: Any, ids: Sequence[str] | None, where: Any) -> None:
        at.delete("notes", _filter(where) if ids is None else [_point(each) for each in ids])

    def listed(self, at: Any, ids: Sequence[str] | None = None, where: Any = None) -> list[Any]:
        if ids is not None and where is None:
            return [_seen(each) for each in at.retrieve("notes", [_point(each) for each in ids])]
        chosen = _filter(where, ids)
        return [_seen(each) for each in at.scroll("notes", scroll_filter=chosen, limit=1000)[0]]

    def count(self, at: Any) -> int:
        found: int = at.count("notes").count
        return found

    def ranked(self, at: Any, text: str, limit: int, where: Any = None) -> list[Any]:
        query = EMBED([text])[0].tolist()
        points = at.query_points("notes", query=query, limit=limit, query_filter=_filter(where)).points
        return [(*_seen(each), each.score) for each in points]


def _point(record: str) -> int | str:
    return int(record[1:]) if record.startswith("r") else record


def _seen(point: Any) -> tuple[str, str | None, dict[str, Any]]:
    payload = dict(point.payload or {})
    name = f"r{point.id}" if isinstance(point.id, int) else point.id
    return name, payload.pop("document", None), payload


def _filter(where: Any, ids: Sequence[str] | None = None) -> Any:
    must: list[Any] = [] if ids is None else [models.HasIdCondition(has_id=[_point(each) for each in ids])]
    if where is None:
        return models.Filter(must=must) if must else None
    field, operator, value = where
    if operator == "gt":
        return models.Filter(must=[*must, models.FieldCondition(key=field, range=models.Range(gt=value))])
    match = models.FieldCondition(key=field, match=models.MatchValue(value=value))
    return models.Filter(must=must, must_not=[match]) if operator == "ne" else models.Filter(must=[*must, match])


# ---------------------------------------------------------------------------------------------------------- fixtures

STANDS: Mapping[str, type[Stand]] = {
    "memory": MemoryStand,
    "chroma": ChromaStand,
    "qdrant": QdrantStand,
    "faiss": FaissStand,
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The wall clock of every guard, standing still at `now` until a test moves it."""
    made = SimpleNamespace(now=1_800_000_000.0)
    monkeypatch.setattr(vecguard.state.clock, "time", SimpleNamespace(time=lambda: made.now))
    return made


@pytest.fixture
def stand_of(tmp_path: Path, clock: SimpleNamespace) -> Callable[[str, Policy], Any]:
    """A factory of stands: `stand_of("qdrant", policy)`. Each has a folder of its own."""
    return lambda store, policy: STANDS[store](tmp_path / f"stand-{next(_NUMBERS)}", policy, clock)
