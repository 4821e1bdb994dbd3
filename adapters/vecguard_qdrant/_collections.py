"""What the guard must know of a collection before it writes to it, and the shelves of a client's collections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any

from qdrant_client.http import models as rest
from qdrant_client.local.async_qdrant_local import AsyncQdrantLocal
from qdrant_client.local.qdrant_local import QdrantLocal

from vecguard import Undecided
from vecguard.facade import Room
from vecguard.ports import Traits
from vecguard.records import Metric
from vecguard.shelf import Shelf
from vecguard.steps import Native, Steps

_METRICS: Mapping[rest.Distance, Metric] = {
    rest.Distance.COSINE: "cosine",
    rest.Distance.DOT: "dot",
    rest.Distance.EUCLID: "l2",
}
_EXACT_ENOUGH = (None, rest.Datatype.FLOAT32, rest.Datatype.FLOAT16)
"""Datatypes from which a masked vector can be unmasked. Quantised indexes keep such originals beside them."""


class Shelves:
    """The shelf and store of every collection that was touched, shared by the bound copies of one guarded client."""

    def __init__(self, store: Callable[[Any, str, Traits], Any], legacy: str, text_keys: tuple[str, ...]) -> None:
        self._store = store
        self._legacy = legacy
        self._known: dict[str, tuple[Shelf, Any]] = {}
        self._lock = Lock()
        self.text_keys = text_keys

    def __repr__(self) -> str:
        return "<Shelves>"

    def get(self, name: str) -> tuple[Shelf, Any] | None:
        """Return the shelf and store of a collection that was touched before."""
        return self._known.get(name)

    def keep(self, room: Room, name: str, traits: Traits) -> tuple[Shelf, Any]:
        """Make a shelf and a store; if another thread was first, theirs stand."""
        made = room.guard.shelf(traits, self._legacy), self._store(room.native, name, traits)
        with self._lock:
            return self._known.setdefault(name, made)

    def drop(self, name: str) -> None:
        """Look at a collection afresh on its next touch: it was created or deleted."""
        with self._lock:
            self._known.pop(name, None)


def shelves(room: Room) -> Shelves:
    """Return the shelves of a guarded client."""
    found: Shelves = room.extra["shelves"]
    return found


def opened(room: Room, name: str) -> Steps[Room]:
    """Return the room of one collection. The first touch asks the client what kind of collection it is."""
    known = shelves(room).get(name)
    if known is None:
        info: rest.CollectionInfo = yield Native("get_collection", collection_name=name)
        params = info.config.params
        traits = traits_of(room.native, checked_vectors(params.vectors, params.sparse_vectors))
        known = shelves(room).keep(room, name, traits)
    shelf, store = known
    return replace(room, shelf=shelf, store=store)


def rooms(room: Room) -> Steps[list[Room]]:
    """Return the rooms of all collections that a client reaches."""
    listed: rest.CollectionsResponse = yield Native("get_collections")
    found: list[Room] = []
    for each in listed.collections:
        with suppress(Undecided):  # a collection of a kind that is not guarded has no guarded rows
            found.append((yield from opened(room, each.name)))
    return found


def checked_vectors(vectors: Any, sparse: Any) -> rest.VectorParams:
    """Return the parameters of the one unnamed dense vector that a guarded collection has, or refuse."""
    if isinstance(vectors, Mapping):
        if set(vectors) != {""}:
            raise Undecided("named vectors are not guarded: create the collection with one unnamed vector")
        vectors = vectors[""]
    if sparse:
        raise Undecided("sparse vectors are not guarded: their indices are the words themselves")
    if type(vectors) is not rest.VectorParams:
        raise Undecided("a guarded collection has VectorParams of one unnamed vector")
    if vectors.multivector_config is not None:
        raise Undecided("multivectors are not guarded")
    if vectors.distance not in _METRICS:
        raise Undecided(f"the distance {vectors.distance.value} is not guarded: use Cosine, Dot or Euclid")
    if vectors.datatype not in _EXACT_ENOUGH:
        raise Undecided(f"vectors cannot be unmasked from {vectors.datatype.value}: use float32 or float16")
    return vectors


def traits_of(client: Any, vectors: rest.VectorParams) -> Traits:
    """Say what the guard must know of a collection."""
    folder: str | None = client._client.location if is_local(client) else None  # noqa: SLF001 - no public accessor
    return Traits(
        "qdrant",
        _METRICS[vectors.distance],
        vectors.size,
        persistent=folder != ":memory:",
        lists=True,
        nested=True,
        ids="uuid",
        folder=None if folder == ":memory:" else folder,
    )


def is_local(client: Any) -> bool:
    """Whether the client keeps collections in this process, in memory or in a folder."""
    return isinstance(client._client, QdrantLocal | AsyncQdrantLocal)  # noqa: SLF001 - no public accessor
