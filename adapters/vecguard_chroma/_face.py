"""The guarded collection: Chroma's verbs, signatures and result types over the two paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, cast

import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.api.types import GetResult, QueryResult
from chromadb.errors import InternalError

from vecguard import BadId, BadInput, BadVector, Guard, Undecided
from vecguard.facade import (
    Guarded,
    Passed,
    Room,
    acting,
    counting,
    forgetting,
    reading,
    room_of,
    run,
    withhold_vectors,
    writing,
)
from vecguard.records import Answer, Ask, Draft, Hit, Metric, Query, RecordId, Verb
from vecguard.where import parse
from vecguard_chroma._store import ChromaStore
from vecguard_chroma._surface import COLLECTION

_LISTED = ("metadatas", "documents")
_RANKED = ("metadatas", "documents", "distances")


class GuardedCollection(Guarded):
    """A Chroma collection of which every caller sees its own records only, and nobody a vector."""

    __slots__ = ()
    surface = COLLECTION

    configuration = Passed("configuration")
    configuration_json = Passed("configuration_json")
    database = Passed("database")
    id = Passed("id")
    metadata = Passed("metadata")
    name = Passed("name")
    schema = Passed("schema")
    tenant = Passed("tenant")

    @classmethod
    def over(cls, native: Collection, guard: Guard, legacy: str, *, bound: Any = None, look: bool = True) -> Any:
        """Guard a native collection; with `look`, check its marker and its rows at once."""
        store = ChromaStore(native)
        embedder = native._embedding_function  # noqa: SLF001 - there is no public accessor
        guarded = cls(
            Room(guard, native, bound, guard.shelf(store.traits, legacy), store, guard.embedding_for(embedder))
        )
        if look:
            guard.reconcile(guarded)
        return guarded

    # ---------------------------------------------------------------------------------------------------- writes

    def add(
        self,
        ids: Any,
        embeddings: Any = None,
        metadatas: Any = None,
        documents: Any = None,
        images: Any = None,
        uris: Any = None,
    ) -> None:
        """Add records. Ids that exist are left as they are, as Chroma leaves them."""
        self._write("insert", ids, embeddings, metadatas, documents, images, uris)

    def upsert(
        self,
        ids: Any,
        embeddings: Any = None,
        metadatas: Any = None,
        documents: Any = None,
        images: Any = None,
        uris: Any = None,
    ) -> None:
        """Add records or change them; metadata is merged, as Chroma merges it."""
        self._write("upsert", ids, embeddings, metadatas, documents, images, uris)

    def update(
        self,
        ids: Any,
        embeddings: Any = None,
        metadatas: Any = None,
        documents: Any = None,
        images: Any = None,
        uris: Any = None,
    ) -> None:
        """Change records that exist; other ids are skipped, as Chroma skips them."""
        self._write("update", ids, embeddings, metadatas, documents, images, uris)

    def delete(self, ids: Any = None, where: Any = None, where_document: Any = None, limit: int | None = None) -> Any:
        """Delete one's own records by ids, filter or both; returns how many there were."""
        if ids is None and where is None and where_document is None:
            raise ValueError("At least one of ids, where, or where_document must be provided in delete.")
        ask = Ask(ids=_ids(ids), where=parse(where, where_document), limit=limit, restore=False)
        return {"deleted": run(self, forgetting(room_of(self), ask, acting(self)))}

    def _write(
        self, verb: Verb, ids: Any, embeddings: Any, metadatas: Any, documents: Any, images: Any, uris: Any
    ) -> None:
        if images is not None or uris is not None:
            raise Undecided("images and uris are not guarded; pass documents or embeddings")
        given = _ids(ids) or ()
        if embeddings is None and documents is None and (verb != "update" or metadatas is None):
            raise ValueError("You must provide either embeddings, documents, images, or uris.")
        listed = _column(metadatas, len(given), Mapping, "metadatas")
        draft = Draft(
            verb=verb,
            ids=given,
            texts=_column(documents, len(given), str, "documents"),
            fields=tuple(_fields(each, i) for i, each in enumerate(listed)),
            vectors=_matrix(embeddings),
            merge=verb != "insert",
        )
        run(self, writing(room_of(self), draft, acting(self)))

    # ---------------------------------------------------------------------------------------------------- reads

    def get(
        self,
        ids: Any = None,
        where: Any = None,
        limit: int | None = None,
        offset: int | None = None,
        where_document: Any = None,
        include: Any = _LISTED,
    ) -> GetResult:
        """List one's own records."""
        shown = self._include(include, _LISTED)
        ask = Ask(ids=_ids(ids), where=parse(where, where_document), limit=limit, offset=offset or 0)
        return _get_result(run(self, reading(room_of(self), ask, acting(self))), shown)

    def peek(self, limit: int = 10) -> GetResult:
        """List the first records. Chroma adds their vectors here without being asked; they are withheld."""
        shown = self._include([*_LISTED, "embeddings"], _LISTED)
        return _get_result(run(self, reading(room_of(self), Ask(limit=limit), acting(self))), shown)

    def count(self, read_level: Any = None) -> int:
        """Count one's own records."""
        del read_level  # every read of the guard is of the newest rows
        return run(self, counting(room_of(self), Ask(restore=False), acting(self)))

    def query(
        self,
        query_embeddings: Any = None,
        query_texts: Any = None,
        query_images: Any = None,
        query_uris: Any = None,
        ids: Any = None,
        n_results: int = 10,
        where: Any = None,
        where_document: Any = None,
        include: Any = _RANKED,
    ) -> QueryResult:
        """Find one's own records nearest to the queries."""
        if query_images is not None or query_uris is not None:
            raise Undecided("images and uris are not guarded; use query_texts or query_embeddings")
        if (query_embeddings is None) == (query_texts is None):
            raise ValueError("You must provide one of query_embeddings and query_texts.")
        if n_results < 1:
            raise TypeError("Number of requested results cannot be negative, or zero. in query.")
        shown = self._include(include, _RANKED)
        wanted = _ids(ids)
        if wanted is not None:
            self._all_present(wanted)
        texts = None if query_texts is None else _column(query_texts, None, str, "query_texts")
        query = Query(texts=texts, vectors=_matrix(query_embeddings))
        ask = Ask(query=query, ids=wanted, where=parse(where, where_document), limit=n_results)
        answer = run(self, reading(room_of(self), ask, acting(self)))
        return _query_result(answer, shown, _metric(room_of(self)))

    def _all_present(self, wanted: tuple[RecordId, ...]) -> None:
        """Chroma fails a query among ids of which one is missing; a foreign id is a missing one."""
        there = run(self, counting(room_of(self), Ask(ids=wanted, restore=False), acting(self)))
        if there < len(set(wanted)):
            raise InternalError("Error executing plan: Internal error: Error finding id")

    def _include(self, include: Any, offered: tuple[str, ...]) -> list[str]:
        """Check what is to be included; vectors are withheld. Chroma wants a list, its own default is a tuple here."""
        if include is offered:
            return list(offered)
        if not isinstance(include, list):
            raise BadInput("Expected include to be a list")
        if "data" in include:
            raise Undecided("data loaders are not guarded")
        if "embeddings" in include:
            withhold_vectors(room_of(self))
        known = (*offered, "embeddings", "uris")
        if unknown := [each for each in include if each not in known]:
            raise BadInput(f"Expected include items to be among {', '.join(known)}; got {len(unknown)} other(s)")
        return [each for each in include if each != "embeddings"]


# -------------------------------------------------------------------------------------------------------- arguments


def _ids(ids: Any) -> tuple[RecordId, ...] | None:
    if ids is None:
        return None
    listed = [ids] if isinstance(ids, str) else list(ids) if isinstance(ids, Sequence) else _bad_ids()
    if not listed:
        raise BadInput("Expected IDs to be a non-empty list, got 0 IDs")
    if not all(isinstance(each, str) for each in listed):
        raise BadId("Expected each ID to be a str")
    return tuple(RecordId.text(each) for each in listed)


def _bad_ids() -> NoReturn:
    raise BadId("Expected IDs to be a list of str")


def _column(values: Any, count: int | None, kind: type, name: str) -> tuple[Any, ...]:
    """Return one value per record: a single value becomes a list of one, as Chroma has it."""
    if values is None:
        return (None,) * (count or 0)
    listed = [values] if isinstance(values, kind) else values
    if not isinstance(listed, list | tuple) or not all(each is None or isinstance(each, kind) for each in listed):
        raise BadInput(f"Expected {name} to be a list of {kind.__name__}")
    if not listed:
        raise BadInput(f"Expected {name} to be a non-empty list")
    if count is not None and len(listed) != count:
        raise BadInput(f"Unequal lengths for fields: ids: {count}, {name}: {len(listed)}")
    return tuple(listed)


def _fields(metadata: Mapping[str, Any] | None, position: int) -> Mapping[str, Any] | None:
    if metadata is None:
        return None
    if not metadata:
        raise BadInput(f"Expected metadata to be a non-empty dict, got 0 metadata attributes in record {position}")
    if any(isinstance(value, Mapping) for value in metadata.values()):
        raise BadInput(f"Expected metadata values of record {position} to be str, int, float, bool, list or None")
    return metadata


def _matrix(embeddings: Any) -> Any:
    """Return embeddings as rows; one bare vector becomes one row, as Chroma has it."""
    if embeddings is None or (isinstance(embeddings, np.ndarray) and embeddings.ndim != 1):
        return embeddings
    if not isinstance(embeddings, Sequence | np.ndarray):
        raise BadVector("Expected embeddings to be a list of lists of numbers or an array of shape (n, d)")
    if len(embeddings) and isinstance(embeddings[0], int | float | np.number):
        return [embeddings]
    return embeddings


# --------------------------------------------------------------------------------------------------------- results


def _metric(room: Room) -> Metric:
    traits = room.store.traits
    return traits.metric  # type: ignore[no-any-return]  # a room holds any store


def _documents(hits: Sequence[Hit]) -> list[str | None]:
    return [hit.record.text for hit in hits]


def _metadatas(hits: Sequence[Hit]) -> list[Any]:
    return [dict(hit.record.fields) or None for hit in hits]


def _distances(hits: Sequence[Hit], metric: Metric) -> list[Any]:
    """Chroma's distances: 1 - cosine, 1 - inner product, or squared L2; computed natively in float32."""
    return [None if hit.score is None else float(np.float32(_distance(hit.score, metric))) for hit in hits]


def _distance(score: float, metric: Metric) -> float:
    return score if metric == "l2" else 1.0 - score


def _get_result(answer: Answer, shown: list[str]) -> GetResult:
    hits = answer.hits
    result: dict[str, Any] = {
        "ids": [hit.record.id.given for hit in hits],
        "embeddings": None,
        "documents": _documents(hits) if "documents" in shown else None,
        "uris": [None for _ in hits] if "uris" in shown else None,
        "included": shown,
        "data": None,
        "metadatas": _metadatas(hits) if "metadatas" in shown else None,
    }
    return cast(GetResult, result)


def _query_result(answer: Answer, shown: list[str], metric: Metric) -> QueryResult:
    groups = answer.groups
    result: dict[str, Any] = {
        "ids": [[hit.record.id.given for hit in hits] for hits in groups],
        "embeddings": None,
        "documents": [_documents(hits) for hits in groups] if "documents" in shown else None,
        "uris": [[None for _ in hits] for hits in groups] if "uris" in shown else None,
        "included": shown,
        "data": None,
        "metadatas": [_metadatas(hits) for hits in groups] if "metadatas" in shown else None,
        "distances": [_distances(hits, metric) for hits in groups] if "distances" in shown else None,
    }
    return cast(QueryResult, result)
