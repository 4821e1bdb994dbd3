"""Documents, metadata and string ids over an index, for applications that have no document store of their own.

The verbs, the `where` language and the shape of results are those of Chroma's collections, as plain dictionaries:

    get    {"ids": [...], "documents": [...], "metadatas": [...]}
    query  {"ids": [[...], ...], "documents": [[...], ...], "metadatas": [[...], ...], "distances": [[...], ...]}

Distances are squared L2 or 1 - inner product, by the index's metric: the smaller, the nearer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from vecguard import BadId, BadInput, Guard
from vecguard.facade import Guarded, Room, acting, counting, forgetting, reading, room_of, run, verifying, writing
from vecguard.records import Ask, Draft, Hit, Metric, Query, RecordId, Verb
from vecguard.surface import Surface
from vecguard.where import parse
from vecguard_faiss._saving import PathLike, prepare, reopen, save
from vecguard_faiss._surface import COLLECTION_VERBS


class GuardedFaissCollection(Guarded):
    """A collection over an empty index, of which every owner sees its own records only, and nobody a vector.

    With `path`, what `save` wrote there is opened. An index with rows in it is refused, as `wrap` refuses it.
    """

    __slots__ = ()
    surface: ClassVar[Surface]

    def __init__(self, index: Any, guard: Guard, path: PathLike | None = None, *, legacy: str = "refuse") -> None:
        self._move_in(prepare(index, guard, path, legacy, documents=True))

    @classmethod
    def open(cls, path: PathLike, guard: Guard) -> Self:
        """Open a file that `save` wrote: `Tampered` if a byte of it changed, `StateMismatch` under another state."""
        opened = object.__new__(cls)
        opened._move_in(reopen(path, guard, documents=True))
        return opened

    def save(self, path: PathLike | None = None) -> None:
        """Write all records, of every owner, to a file: the one given here, or the one given when it was made."""
        save(self, path)

    def _move_in(self, room: Room) -> None:
        super().__init__(room)
        room.guard.reconcile(self)

    # ---------------------------------------------------------------------------------------------------- writes

    def add(self, ids: Any, documents: Any = None, embeddings: Any = None, metadatas: Any = None) -> None:
        """Add records. Ids that exist are left as they are."""
        self._write("insert", ids, documents, embeddings, metadatas)

    def upsert(self, ids: Any, documents: Any = None, embeddings: Any = None, metadatas: Any = None) -> None:
        """Add records or change them; metadata is merged into what a record has, and None deletes a field."""
        self._write("upsert", ids, documents, embeddings, metadatas)

    def delete(self, ids: Any = None, where: Any = None) -> int:
        """Delete one's own records by ids, filter or both; returns how many there were."""
        if ids is None and where is None:
            raise BadInput("say which records: ids, where, or both")
        ask = Ask(ids=_ids(ids), where=parse(where, None), restore=False)
        return run(self, forgetting(room_of(self), ask, acting(self)))

    def _write(self, verb: Verb, ids: Any, documents: Any, embeddings: Any, metadatas: Any) -> None:
        given = _ids(ids) or ()
        if documents is None and embeddings is None:
            raise BadInput("a record needs a document or an embedding")
        draft = Draft(
            verb=verb,
            ids=given,
            texts=_column(documents, len(given), str, "documents"),
            fields=_column(metadatas, len(given), Mapping, "metadatas"),
            vectors=embeddings,
            merge=verb == "upsert",
        )
        run(self, writing(room_of(self), draft, acting(self)))

    # ---------------------------------------------------------------------------------------------------- reads

    def count(self) -> int:
        """Count one's own records."""
        return run(self, counting(room_of(self), Ask(restore=False), acting(self)))

    def verify(self, ids: Any, documents: Any) -> list[bool]:
        """Say of each record whether this is exactly the document that was written, before it was scrubbed."""
        texts = [documents] if isinstance(documents, str) else list(documents)
        return run(self, verifying(room_of(self), _ids(ids) or (), texts, acting(self)))

    def get(
        self, ids: Any = None, where: Any = None, limit: int | None = None, offset: int | None = None
    ) -> dict[str, list[Any]]:
        """List one's own records, in the order in which they were added."""
        ask = Ask(ids=_ids(ids), where=parse(where, None), limit=limit, offset=offset or 0)
        return _columns(run(self, reading(room_of(self), ask, acting(self))).hits)

    def query(
        self, query_texts: Any = None, query_embeddings: Any = None, n_results: int = 10, where: Any = None
    ) -> dict[str, list[list[Any]]]:
        """Find one's own records nearest to each of the queries."""
        if (query_texts is None) == (query_embeddings is None):
            raise BadInput("pass one of query_texts and query_embeddings")
        if not _positive(n_results):
            raise BadInput("n_results is an integer above zero")
        texts = None if query_texts is None else _column(query_texts, None, str, "query_texts")
        if texts is not None and (not texts or None in texts):
            raise BadInput("query_texts is a list of one str or more")
        room = room_of(self)
        ask = Ask(query=Query(texts=texts, vectors=query_embeddings), where=parse(where, None), limit=n_results)
        groups = run(self, reading(room, ask, acting(self))).groups
        found = [_columns(hits) for hits in groups]
        metric: Metric = room.store.traits.metric
        return {
            **{name: [each[name] for each in found] for name in ("ids", "documents", "metadatas")},
            "distances": [_distances(hits, metric) for hits in groups],
        }


# FAISS has no collections that this one could stand for, so it reports its own class
GuardedFaissCollection.surface = Surface("GuardedFaissCollection", GuardedFaissCollection, COLLECTION_VERBS)


# -------------------------------------------------------------------------------------------------------- arguments


def _ids(ids: Any) -> tuple[RecordId, ...] | None:
    if ids is None:
        return None
    listed = [ids] if isinstance(ids, str) else ids
    if not isinstance(listed, list | tuple) or not all(isinstance(each, str) for each in listed):
        raise BadId("ids are a list of str")
    if not listed:
        raise BadInput("ids are empty")
    return tuple(RecordId.text(each) for each in listed)


def _positive(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


def _column(values: Any, count: int | None, kind: type, name: str) -> tuple[Any, ...]:
    """Return one value per record; a single one stands for a list of one."""
    if values is None:
        return (None,) * (count or 0)
    listed = [values] if isinstance(values, kind) else values
    if not isinstance(listed, list | tuple) or not all(each is None or isinstance(each, kind) for each in listed):
        raise BadInput(f"{name} are a list of {kind.__name__.lower()}")
    if count is not None and len(listed) != count:
        raise BadInput(f"{len(listed)} {name} for {count} id(s)")
    return tuple(listed)


# --------------------------------------------------------------------------------------------------------- results


def _columns(hits: Sequence[Hit]) -> dict[str, list[Any]]:
    return {
        "ids": [hit.record.id.given for hit in hits],
        "documents": [hit.record.text for hit in hits],
        "metadatas": [dict(hit.record.fields) or None for hit in hits],
    }


def _distances(hits: Sequence[Hit], metric: Metric) -> list[float | None]:
    return [None if hit.score is None else float(np.float32(_distance(hit.score, metric))) for hit in hits]


def _distance(score: float, metric: Metric) -> float:
    return score if metric == "l2" else 1.0 - score
