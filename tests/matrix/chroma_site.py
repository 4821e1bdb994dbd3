"""The verbs of Chroma's collections and clients, tried in every way that may reach another owner's records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import vecguard_chroma
from vecguard import Guard, Principal
from vecguard.facade import shelf_of
from vecguard.records import RecordId

from .case import BY_ID, FETCH, NOTHING, PUT, SCAN, Case, Names, by_id, settled, text_of
from .cast import ASKED, EMBED, mark, notes

UNIT = [1.0] + [0.0] * 15
NEW = EMBED(["new"]).tolist()
EVERYTHING = ["metadatas", "documents", "embeddings", "uris"]

WHERES: dict[str, Any] = {
    "a field of all": {"ward": "B2"},
    "another's mark": {"seen": mark("alice", "seen")},
    "a mark that does not show": {"veiled": mark("alice", "veiled")},
    "not a mark": {"veiled": {"$ne": mark("alice", "veiled")}},
    "not a value": {"ward": {"$ne": "zzz"}},
    "not in a field that nobody has": {"nowhere": {"$nin": [1, 2]}},
    "one or the other": {"$or": [{"veiled": mark("alice", "veiled")}, {"ward": {"$ne": "B2"}}]},
    "any number": {"$or": [{"n": {"$gt": 0}}, {"n": {"$lte": 0}}]},
    "nested": {"$and": [{"ward": "B2"}, {"$or": [{"owner": "alice"}, {"n": {"$gt": 0}}]}]},
    "the owner field": {"$or": [{"n": 1}, {"_vg_owner": {"$ne": "x"}}]},
}
TEXTS: dict[str, Any] = {
    "another's words": {"$contains": mark("alice", "text")},
    "without another's words": {"$not_contains": mark("alice", "text")},
}


@dataclass(frozen=True, slots=True)
class At:
    """A collection and its client, bound to whoever acts."""

    notes: Any
    client: Any
    name: str


@dataclass
class ChromaSite:
    """A collection of a sync or an async client."""

    guard: Guard
    bare: Any
    client: Any
    notes: Any
    form: Any = "text"
    missing: Any = "nobody-has-this"

    @classmethod
    async def open(cls, native: Any, guard: Guard, name: str) -> ChromaSite:
        bare = await settled(native.create_collection(name, embedding_function=None))
        client = vecguard_chroma.wrap(native, guard)
        return cls(guard, bare, client, await settled(client.get_collection(name, embedding_function=None)))

    @property
    def uid(self) -> str:
        collection = shelf_of(self.notes).collection
        assert collection is not None
        return collection.uid

    def cases(self) -> Sequence[Case]:
        return cases()

    def at(self, principal: Principal, owner: str) -> At:
        return At(self.notes.acting_for(principal, owner), self.client.acting_for(principal, owner), self.bare.name)

    def given(self, owner: str) -> Sequence[str]:
        return [each.text_id for each in notes(owner)]

    def named(self, given: Any) -> RecordId:
        return RecordId.text(given)

    def spelt(self, backend_id: str) -> Any:
        return backend_id

    async def write(self, owner: str) -> None:
        mine = notes(owner)
        await settled(
            self.notes.acting_for(owner).add(
                ids=self.given(owner),
                documents=[each.text for each in mine],
                metadatas=[dict(each.fields) for each in mine],
            )
        )

    async def clear(self, owner: str) -> None:
        await settled(self.notes.acting_for(owner).delete(where={"nowhere": {"$ne": 1}}))

    async def native(self) -> dict[str, tuple[str, Any]]:
        rows = await settled(self.bare.get(include=["metadatas", "documents", "embeddings"]))
        columns = zip(rows["ids"], rows["metadatas"], rows["documents"], rows["embeddings"], strict=True)
        return {
            name: (str(fields.get("_vg_owner")), (sorted(fields.items()), text, vector.tobytes()))
            for name, fields, text, vector in columns
        }


@cache
def cases() -> tuple[Case, ...]:
    """Return every case."""
    return tuple(_reads() + _writes() + _listings() + _filters() + _clients())


def _reads() -> list[Case]:
    return [
        *by_id("get", "get", BY_ID, lambda at, _, i: at.notes.get(ids=[i])),
        *by_id("get with one's own", "get", BY_ID, lambda at, n, i: at.notes.get(ids=[n.own, i])),
        *by_id("get all columns", "get", BY_ID, lambda at, _, i: at.notes.get(ids=i, include=EVERYTHING)),
        *by_id(
            "get and a negation",
            "get",
            BY_ID,
            lambda at, _, i: at.notes.get(
                ids=[i], where={"nowhere": {"$ne": 1}}, where_document={"$not_contains": "x"}
            ),
        ),
        *by_id("query among", "query", BY_ID, lambda at, _, i: at.notes.query(query_texts=[ASKED], ids=[i])),
        *by_id(
            "query among one's own and",
            "query",
            BY_ID,
            lambda at, n, i: at.notes.query(
                query_embeddings=[UNIT], ids=[n.own, i], include=[*EVERYTHING, "distances"]
            ),
        ),
        *by_id("verify", "verify", FETCH, lambda at, n, i: at.notes.verify([i, n.own], [text_of("alice")] * 2)),
    ]


def _writes() -> list[Case]:
    return [
        *by_id(
            "update the text of", "update", FETCH, lambda at, _, i: at.notes.update([i], documents=["new"]), writes=True
        ),
        *by_id(
            "update a field of",
            "update",
            FETCH,
            lambda at, _, i: at.notes.update([i], metadatas=[{"ward": "A1"}]),
            writes=True,
        ),
        *by_id(
            "update text and vector of",
            "update",
            FETCH,
            lambda at, n, i: at.notes.update([n.own, i], NEW * 2, documents=["new"] * 2),
            writes=True,
        ),
        *by_id("upsert", "upsert", PUT, lambda at, _, i: at.notes.upsert([i], documents=["new"]), writes=True),
        *by_id(
            "upsert with a vector",
            "upsert",
            PUT,
            lambda at, n, i: at.notes.upsert([n.own, i], NEW * 2, documents=["new"] * 2),
            writes=True,
        ),
        *by_id(
            "add", "add", PUT, lambda at, _, i: at.notes.add([i], documents=["n"], metadatas=[{"a": 1}]), writes=True
        ),
        *by_id("delete", "delete", BY_ID, lambda at, _, i: at.notes.delete(ids=[i]), writes=True),
        *by_id(
            "delete with one's own and a filter",
            "delete",
            BY_ID,
            lambda at, n, i: at.notes.delete(ids=[n.own, i], where={"ward": "B2"}),
            writes=True,
        ),
    ]


def _listings() -> list[Case]:
    text, vector = EMBED([text_of("alice")])[0].tolist(), EMBED([ASKED]).tolist()
    return [
        Case("get all", "get", SCAN, lambda at, _: at.notes.get(), whole=True),
        Case("get the first", "get", SCAN, lambda at, _: at.notes.get(limit=1)),
        Case("get the second page", "get", SCAN, lambda at, _: at.notes.get(limit=2, offset=2)),
        Case("get behind the last", "get", SCAN, lambda at, _: at.notes.get(offset=6, include=EVERYTHING)),
        Case("peek", "peek", SCAN, lambda at, _: at.notes.peek()),
        Case("peek at one", "peek", SCAN, lambda at, _: at.notes.peek(1)),
        Case("count", "count", SCAN, lambda at, _: at.notes.count(), says="3 "),
        Case("query", "query", SCAN, lambda at, _: at.notes.query(query_texts=[ASKED], n_results=50), whole=True),
        Case("query for one", "query", SCAN, lambda at, _: at.notes.query(query_texts=[text_of("alice")], n_results=1)),
        Case("query with another's vector", "query", SCAN, lambda at, _: at.notes.query([text], n_results=4)),
        Case(
            "query twice, all columns",
            "query",
            SCAN,
            lambda at, _: at.notes.query(vector * 2, n_results=5, include=[*EVERYTHING, "distances"]),
            several=True,
        ),
        Case(
            "delete by a text of another's",
            "delete",
            SCAN,
            lambda at, _: at.notes.delete(where_document=TEXTS["another's words"]),
            writes=True,
        ),
    ]


def _filters() -> list[Case]:
    made = []
    for name, where in WHERES.items():
        made += [
            Case(f"get where {name}", "get", SCAN, _got(where=where)),
            Case(f"query where {name}", "query", SCAN, _queried(where=where)),
            Case(f"delete where {name}", "delete", SCAN, _deleted(where), writes=True),
        ]
    for name, where in TEXTS.items():
        made += [
            Case(f"get where text {name}", "get", SCAN, _got(where_document=where)),
            Case(f"query where text {name}", "query", SCAN, _queried(where_document=where)),
        ]
    return made


def _got(**options: Any) -> Any:
    return lambda at, _: at.notes.get(**options)


def _queried(**options: Any) -> Any:
    return lambda at, _: at.notes.query(query_texts=[ASKED], n_results=20, **options)


def _deleted(where: Any) -> Any:
    return lambda at, _: at.notes.delete(where=where)


def _clients() -> list[Case]:
    async def listed(at: At, _: Names) -> Any:
        found = await settled(at.client.get_collection(at.name, embedding_function=None))
        return await settled(found.get())

    async def counted(at: At, _: Names) -> Any:
        found = await settled(at.client.get_or_create_collection(at.name, embedding_function=None))
        return await settled(found.count())

    async def peeked(at: At, _: Names) -> Any:
        found = await settled(at.client.list_collections())
        return [each.name for each in found], await settled(next(each for each in found if each.name == at.name).peek())

    return [
        Case("get all of a collection that was got", "get_collection", SCAN, listed, whole=True),
        Case("count in a collection that was got or created", "get_or_create_collection", SCAN, counted, says="3 "),
        Case("peek into a collection that was listed", "list_collections", SCAN, peeked),
        Case("create it again", "create_collection", NOTHING, lambda at, _: at.client.create_collection(at.name)),
        Case(
            "delete the collection",
            "delete_collection",
            SCAN,
            lambda at, _: at.client.delete_collection(at.name),
            writes=True,
        ),
    ]
