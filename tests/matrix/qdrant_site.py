"""The verbs of Qdrant's clients, tried in every way that may reach another owner's points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from qdrant_client import QdrantClient, models

import vecguard_qdrant
from vecguard import Guard, Principal
from vecguard.facade import room_of
from vecguard.records import RecordId
from vecguard_qdrant import _ids

from .case import BY_ID, FETCH, NOTHING, PUT, SCAN, Case, Names, by_id, settled, text_of
from .cast import ASKED, EMBED, D, key, mark, notes

NAME = "notes"
UNIT = [1.0] + [0.0] * 15
_is = models.FieldCondition


def _match(name: str, value: Any) -> models.FieldCondition:
    return _is(key=name, match=models.MatchValue(value=value))


VEILED = _match("veiled", mark("alice", "veiled"))
NEVER = _match("ward", "zzz")
FILTERS: dict[str, models.Filter] = {
    "a field of all": models.Filter(must=[_match("ward", "B2")]),
    "another's mark": models.Filter(must=[_match("seen", mark("alice", "seen"))]),
    "a mark that does not show": models.Filter(must=[VEILED]),
    "not a mark": models.Filter(must_not=[VEILED]),
    "not a value": models.Filter(must_not=[NEVER]),
    "one or the other": models.Filter(should=[VEILED, NEVER, models.Filter(must_not=[NEVER])]),
    "one of several": models.Filter(min_should=models.MinShould(conditions=[VEILED, NEVER], min_count=1)),
    "a field that nobody has": models.Filter(
        must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="nowhere"))]
    ),
    "any number": models.Filter(
        should=[_is(key="n", range=models.Range(gt=0)), _is(key="n", range=models.Range(lte=0))]
    ),
    "all but a number": models.Filter(must=[_is(key="n", match=models.MatchExcept(**{"except": [1]}))]),
    "another's words": models.Filter(must=[_is(key="document", match=models.MatchText(text=mark("alice", "text")))]),
    "nested": models.Filter(must=[models.Filter(should=[models.Filter(must_not=[models.Filter(must=[NEVER])])])]),
    "the owner field": models.Filter(should=[_match("ward", "B2"), models.Filter(must_not=[_match("_vg_owner", "x")])]),
}


@dataclass(frozen=True, slots=True)
class At:
    """A guarded client, bound to whoever acts, whose verbs go to the one collection."""

    client: Any

    def __getattr__(self, verb: str) -> Any:
        return lambda *args, **options: getattr(self.client, verb)(NAME, *args, **options)


@dataclass
class QdrantSite:
    """The one collection of a sync or an async client."""

    guard: Guard
    bare: Any
    client: Any
    form: Any = "uuid"
    missing: Any = 8_999_999

    @classmethod
    async def open(cls, native: Any, guard: Guard) -> QdrantSite:
        client = vecguard_qdrant.wrap(native, guard)
        await settled(client.create_collection(NAME, models.VectorParams(size=D, distance=models.Distance.COSINE)))
        return cls(guard, native, client)

    @property
    def uid(self) -> str:
        shelf, _ = room_of(self.client).extra["shelves"].get(NAME)
        return str(shelf.collection.uid)

    def cases(self) -> Sequence[Case]:
        return cases(sync=isinstance(self.bare, QdrantClient))

    def at(self, principal: Principal, owner: str) -> At:
        return At(self.client.acting_for(principal, owner))

    def given(self, owner: str) -> Sequence[Any]:
        return [1, key(owner, 1), str(UUID(int=key(owner, 2)))]

    def named(self, given: Any) -> RecordId:
        return _ids.looked_up(given)

    def spelt(self, backend_id: str) -> Any:
        return str(UUID(backend_id))

    async def write(self, owner: str) -> None:
        points = [
            _point(name, each.text, **each.fields) for name, each in zip(self.given(owner), notes(owner), strict=True)
        ]
        await settled(self.client.acting_for(owner).upsert(NAME, points))

    async def clear(self, owner: str) -> None:
        await settled(self.client.acting_for(owner).delete(NAME, models.Filter()))

    async def native(self) -> dict[str, tuple[str, Any]]:
        rows, _ = await settled(self.bare.scroll(NAME, limit=1_000, with_vectors=True))
        return {
            str(row.id): (str(row.payload.get("_vg_owner")), (sorted(row.payload.items()), tuple(row.vector)))
            for row in rows
        }


def _point(name: Any, text: str, **payload: Any) -> models.PointStruct:
    return models.PointStruct(id=name, vector=EMBED([text])[0].tolist(), payload={"document": text, **payload})


def _has(*names: Any) -> models.Filter:
    return models.Filter(must=[models.HasIdCondition(has_id=list(names))])


@cache
def cases(*, sync: bool) -> tuple[Case, ...]:
    """Return every case."""
    return tuple(_reads() + _writes() + (_uploads() if sync else []) + _listings() + _filters() + _clients())


def _reads() -> list[Case]:
    return [
        *by_id("retrieve", "retrieve", BY_ID, lambda at, _, i: at.retrieve([i])),
        *by_id(
            "retrieve with one's own",
            "retrieve",
            BY_ID,
            lambda at, n, i: at.retrieve([n.own, i], with_payload=["seen", "veiled"], with_vectors=True),
        ),
        *by_id("scroll from", "scroll", SCAN, lambda at, _, i: at.scroll(offset=i), compared=False),
        *by_id("scroll by", "scroll", BY_ID, lambda at, _, i: at.scroll(_has(i), with_vectors=True)),
        *by_id("count by", "count", BY_ID, lambda at, n, i: at.count(_has(n.own, i))),
        *by_id("query among", "query_points", BY_ID, lambda at, _, i: at.query_points(UNIT, query_filter=_has(i))),
        *by_id("query by", "query_points", FETCH, lambda at, _, i: at.query_points(i), aims=True),
        *by_id(
            "query by nearest",
            "query_points",
            FETCH,
            lambda at, _, i: at.query_points(models.NearestQuery(nearest=i), limit=2, score_threshold=-0.9),
            aims=True,
        ),
        *by_id("verify", "verify", FETCH, lambda at, n, i: at.verify([i, n.own], [text_of("alice")] * 2)),
    ]


def _writes() -> list[Case]:
    return [
        *by_id("upsert", "upsert", PUT, lambda at, _, i: at.upsert([_point(i, "new")]), writes=True),
        *by_id(
            "upsert with one's own",
            "upsert",
            PUT,
            lambda at, n, i: at.upsert(models.Batch(ids=[n.own, i], vectors=[UNIT] * 2)),
            writes=True,
        ),
        *by_id("delete", "delete", BY_ID, lambda at, _, i: at.delete([i]), writes=True),
        *by_id(
            "delete in a list with one's own",
            "delete",
            BY_ID,
            lambda at, n, i: at.delete(models.PointIdsList(points=[n.own, i])),
            writes=True,
        ),
        *by_id(
            "delete by a filter on",
            "delete",
            BY_ID,
            lambda at, _, i: at.delete(models.FilterSelector(filter=_has(i))),
            writes=True,
        ),
    ]


def _uploads() -> list[Case]:
    def upload(at: At, names: Names, i: Any) -> Any:
        return at.upload_points([_point(names.own, "mine"), _point(i, "new", ward="A1")], batch_size=1)

    return by_id("upload", "upload_points", PUT, upload, writes=True)


def _listings() -> list[Case]:
    theirs, asked = EMBED([text_of("alice")])[0].tolist(), EMBED([ASKED])[0].tolist()
    diverse = models.NearestQuery(nearest=asked, mmr=models.Mmr(diversity=0.6, candidates_limit=50))

    async def paged(at: At, _: Names) -> Any:
        pages, offset = [], None
        for _turn in range(20):
            page, offset = await settled(at.scroll(limit=1, offset=offset))
            pages.append((page, offset))
            if offset is None:
                break
        return pages

    return [
        Case("scroll all", "scroll", SCAN, lambda at, _: at.scroll(limit=100), whole=True),
        Case("scroll with vectors", "scroll", SCAN, lambda at, _: at.scroll(with_vectors=True)),
        Case("scroll page by page", "scroll", SCAN, paged, several=True),
        Case("count", "count", SCAN, lambda at, _: at.count(), says="'count': 3}"),
        Case("count roughly", "count", SCAN, lambda at, _: at.count(exact=False), says="'count': 3}"),
        Case("query", "query_points", SCAN, lambda at, _: at.query_points(asked, limit=50), whole=True),
        Case("query for one", "query_points", SCAN, lambda at, _: at.query_points(theirs, limit=1)),
        Case("query behind the first", "query_points", SCAN, lambda at, _: at.query_points(theirs, limit=2, offset=1)),
        Case("query behind the last", "query_points", SCAN, lambda at, _: at.query_points(theirs, offset=6)),
        Case(
            "query with a threshold",
            "query_points",
            SCAN,
            lambda at, _: at.query_points(theirs, score_threshold=0.9, with_vectors=True),
        ),
        Case("query diversely", "query_points", SCAN, lambda at, _: at.query_points(diverse, limit=3)),
        Case("query for nothing", "query_points", SCAN, lambda at, _: at.query_points(limit=50, offset=1)),
        Case("delete all", "delete", SCAN, lambda at, _: at.delete(models.Filter()), writes=True),
    ]


def _filters() -> list[Case]:
    made = []
    for name, where in FILTERS.items():
        made += [
            Case(f"scroll where {name}", "scroll", SCAN, _scrolled(where)),
            Case(f"count where {name}", "count", SCAN, _counted(where)),
            Case(f"query where {name}", "query_points", SCAN, _queried(where)),
            Case(f"delete where {name}", "delete", SCAN, _deleted(where), writes=True),
        ]
    return made


def _scrolled(where: models.Filter) -> Any:
    return lambda at, _: at.scroll(where, limit=20)


def _counted(where: models.Filter) -> Any:
    return lambda at, _: at.count(where)


def _queried(where: models.Filter) -> Any:
    return lambda at, _: at.query_points(UNIT, query_filter=where, limit=20)


def _deleted(where: models.Filter) -> Any:
    return lambda at, _: at.delete(models.FilterSelector(filter=where))


def _clients() -> list[Case]:
    return [
        Case(
            "describe the collection",
            "get_collection",
            SCAN,
            lambda at, _: at.get_collection(),
            says="'points_count': 3,",
        ),
        Case("delete the collection", "delete_collection", SCAN, lambda at, _: at.delete_collection(), writes=True),
        Case("ask whether it exists", "collection_exists", NOTHING, lambda at, _: at.collection_exists()),
        Case("list collections", "get_collections", NOTHING, lambda at, _: at.client.get_collections()),
        Case(
            "create it again",
            "create_collection",
            NOTHING,
            lambda at, _: at.create_collection(models.VectorParams(size=D, distance=models.Distance.COSINE)),
        ),
    ]
