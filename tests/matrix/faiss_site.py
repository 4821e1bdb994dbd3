"""The verbs of FAISS's two faces, tried in every way that may reach another owner's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import faiss
import numpy as np

import vecguard_faiss
from vecguard import Guard, Principal
from vecguard.facade import room_of, shelf_of
from vecguard.records import RecordId

from .case import BY_ID, FETCH, NOTHING, PUT, SCAN, Case, Names, by_id, text_of
from .cast import ASKED, EMBED, D, key, mark, notes
from .chroma_site import WHERES

UNIT = np.eye(1, D, dtype=np.float32)
NEW = EMBED(["new"])
FAR = np.array([0, 1, 2, 3, 5, 8, -1], dtype=np.int64)  # positions: one's own three, and those of whoever follows


@dataclass
class FaissSite:
    """A guarded index, by positions or by the caller's numbers, or a collection over one."""

    guard: Guard
    guarded: Any
    face: str

    @classmethod
    async def open(cls, face: str, guard: Guard) -> FaissSite:
        flat = faiss.IndexFlatIP(D)
        if face == "collection":
            return cls(guard, vecguard_faiss.GuardedFaissCollection(flat, guard), face)
        return cls(guard, vecguard_faiss.wrap(flat if face == "positions" else faiss.IndexIDMap(flat), guard), face)

    @property
    def form(self) -> Any:
        return "text" if self.face == "collection" else None

    @property
    def missing(self) -> Any:
        return {"collection": "nobody-has-this", "numbers": 8_999_999, "positions": 77}[self.face]

    @property
    def uid(self) -> str:
        collection = shelf_of(self.guarded).collection
        assert collection is not None
        return collection.uid

    def cases(self) -> Sequence[Case]:
        return {"collection": of_collections, "numbers": of_numbers, "positions": of_positions}[self.face]()

    def at(self, principal: Principal, owner: str) -> Any:
        return self.guarded.acting_for(principal, owner)

    def given(self, owner: str) -> Sequence[Any]:
        if self.face == "collection":
            return [each.text_id for each in notes(owner)]
        return [key(owner, at) for at in range(3)] if self.face == "numbers" else [0, 1, 2]

    def named(self, given: Any) -> RecordId:
        return RecordId.text(given) if self.face == "collection" else RecordId.number(given)

    def spelt(self, backend_id: str) -> Any:
        return backend_id

    async def write(self, owner: str) -> None:
        mine, at = notes(owner), self.guarded.acting_for(owner)
        vectors = EMBED([each.text for each in mine])
        match self.face:
            case "collection":
                at.add(self.given(owner), [each.text for each in mine], None, [dict(each.fields) for each in mine])
            case "numbers":
                at.add_with_ids(vectors, np.array(self.given(owner)))
            case _:
                at.add(vectors)

    async def clear(self, owner: str) -> None:
        at = self.guarded.acting_for(owner)
        if self.face == "collection":
            at.delete(where={"nowhere": {"$ne": 1}})
        else:
            at.reset()

    async def native(self) -> dict[str, tuple[str, Any]]:
        store = room_of(self.guarded).store
        return {
            row.backend_id: (tag, (sorted(row.fields.items()), row.text, vector.tobytes()))
            for tag, drawer in store._drawers.items()
            for row, vector in zip(drawer.rows, drawer.vectors(range(len(drawer))), strict=True)
        }


@cache
def of_positions() -> tuple[Case, ...]:
    """Return every case of an index without ids."""

    def removed(positions: Any) -> Any:
        return lambda at, _: at.remove_ids(np.array(positions, dtype=np.int64))

    return (
        *_of_indexes(),
        Case("add", "add", PUT, lambda at, _: at.add(UNIT), writes=True),
        Case("add with ids", "add_with_ids", NOTHING, lambda at, _: at.add_with_ids(UNIT, np.array([1])), writes=True),
        Case("remove the first", "remove_ids", SCAN, removed([0]), writes=True),
        Case("remove one behind", "remove_ids", SCAN, removed([3]), writes=True),
        Case("remove many", "remove_ids", SCAN, removed(FAR), writes=True),
    )


@cache
def of_numbers() -> tuple[Case, ...]:
    """Return every case of an IndexIDMap."""

    def removed(at: Any, names: Names, i: Any) -> Any:
        return at.remove_ids(np.array([names.own, i]))

    theirs: dict[str, Any] = {"targets": ("theirs",), "writes": True}
    return (
        *_of_indexes(),
        Case("add", "add", NOTHING, lambda at, _: at.add(UNIT), writes=True),
        *by_id("add", "add_with_ids", PUT, lambda at, _, i: at.add_with_ids(UNIT, np.array([i])), **theirs),
        *by_id("remove", "remove_ids", BY_ID, lambda at, _, i: at.remove_ids(np.array([i])), **theirs),
        *by_id("remove with one's own", "remove_ids", BY_ID, removed, **theirs),
    )


def _of_indexes() -> list[Case]:
    theirs, many = EMBED([text_of("alice")]), EMBED([ASKED, text_of("alice")])

    def into(at: Any, _: Names) -> Any:
        given = np.zeros((1, 4), dtype=np.float32), np.zeros((1, 4), dtype=np.int64)
        return at.search(UNIT, 4, D=given[0], I=given[1]), given

    refused = ("reconstruct", "reconstruct_n", "search_and_reconstruct", "range_search", "assign", "id_map", "codes")
    return [
        Case("search", "search", SCAN, lambda at, _: at.search(theirs, 3)),
        Case("search for one", "search", SCAN, lambda at, _: at.search(theirs, 1)),
        Case("search for more than there are", "search", SCAN, lambda at, _: at.search(many, 20)),
        Case("search into arrays", "search", SCAN, into),
        Case("count", "ntotal", SCAN, lambda at, _: at.ntotal, says="3 "),
        Case("reset", "reset", SCAN, lambda at, _: at.reset(), writes=True),
        *(Case(f"refuse {name}", name, NOTHING, _got(name)) for name in refused),
    ]


def _got(name: str) -> Any:
    return lambda at, _: getattr(at, name)


@cache
def of_collections() -> tuple[Case, ...]:
    """Return every case of a collection."""
    return (*_reads(), *_writes(), *_listings(), *_filters())


def _reads() -> list[Case]:
    return [
        *by_id("get", "get", BY_ID, lambda at, _, i: at.get(ids=[i])),
        *by_id("get with one's own", "get", BY_ID, lambda at, n, i: at.get(ids=[n.own, i])),
        *by_id("get and a negation", "get", BY_ID, lambda at, _, i: at.get(ids=[i], where={"nowhere": {"$ne": 1}})),
        *by_id("verify", "verify", FETCH, lambda at, n, i: at.verify([i, n.own], [text_of("alice")] * 2)),
    ]


def _writes() -> list[Case]:
    return [
        *by_id("upsert", "upsert", PUT, lambda at, _, i: at.upsert([i], ["new"]), writes=True),
        *by_id("upsert with a vector", "upsert", PUT, lambda at, _, i: at.upsert([i], ["new"], NEW), writes=True),
        *by_id(
            "add", "add", PUT, lambda at, n, i: at.add([n.own, i], ["new"] * 2, metadatas=[{"a": 1}] * 2), writes=True
        ),
        *by_id("delete", "delete", BY_ID, lambda at, _, i: at.delete(ids=[i]), writes=True),
        *by_id(
            "delete with a filter", "delete", BY_ID, lambda at, n, i: at.delete([n.own, i], {"ward": "B2"}), writes=True
        ),
    ]


def _listings() -> list[Case]:
    theirs = EMBED([text_of("alice")])
    return [
        Case("get all", "get", SCAN, lambda at, _: at.get(), whole=True),
        Case("get the first", "get", SCAN, lambda at, _: at.get(limit=1)),
        Case("get the second page", "get", SCAN, lambda at, _: at.get(limit=2, offset=2)),
        Case("get behind the last", "get", SCAN, lambda at, _: at.get(offset=6)),
        Case("count", "count", SCAN, lambda at, _: at.count(), says="3 "),
        Case("query", "query", SCAN, lambda at, _: at.query([ASKED], n_results=50), whole=True),
        Case("query for one", "query", SCAN, lambda at, _: at.query([text_of("alice")], n_results=1)),
        Case("query with another's vector", "query", SCAN, lambda at, _: at.query(query_embeddings=theirs)),
        Case("query twice", "query", SCAN, lambda at, _: at.query([ASKED, mark("alice", "text")]), several=True),
    ]


def _filters() -> list[Case]:
    made = []
    for name, where in WHERES.items():
        made += [
            Case(f"get where {name}", "get", SCAN, _gotten(where)),
            Case(f"query where {name}", "query", SCAN, _queried(where)),
            Case(f"delete where {name}", "delete", SCAN, _deleted(where), writes=True),
        ]
    return made


def _gotten(where: Any) -> Any:
    return lambda at, _: at.get(where=where)


def _queried(where: Any) -> Any:
    return lambda at, _: at.query([ASKED], n_results=20, where=where)


def _deleted(where: Any) -> Any:
    return lambda at, _: at.delete(where=where)
