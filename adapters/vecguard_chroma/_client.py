"""The guarded client: collections come out guarded, and deleting one deletes one's own records in it."""

from __future__ import annotations

from typing import Any

from chromadb.api import ClientAPI
from chromadb.api.types import DefaultEmbeddingFunction

from vecguard import Guard, Undecided
from vecguard.facade import Guarded, Passed, Room, acting, forgetting, room_of, run, shelf_of
from vecguard.records import Ask
from vecguard_chroma._face import GuardedCollection
from vecguard_chroma._surface import CLIENT

_DEFAULT: Any = DefaultEmbeddingFunction()


class GuardedClient(Guarded):
    """A Chroma client all of whose collections are guarded."""

    __slots__ = ()
    surface = CLIENT

    count_collections = Passed("count_collections")
    database = Passed("database")
    get_max_batch_size = Passed("get_max_batch_size")
    get_version = Passed("get_version")
    heartbeat = Passed("heartbeat")
    tenant = Passed("tenant")

    @classmethod
    def over(cls, native: ClientAPI, guard: Guard, legacy: str) -> GuardedClient:
        """Guard a native client."""
        return cls(Room(guard, native, extra={"legacy": legacy}))

    def create_collection(
        self,
        name: str,
        schema: Any = None,
        configuration: Any = None,
        metadata: Any = None,
        embedding_function: Any = _DEFAULT,
        data_loader: Any = None,
        get_or_create: bool = False,
    ) -> GuardedCollection:
        """Create a collection and guard it."""
        _plain(schema, data_loader)
        native = room_of(self).native.create_collection(
            name,
            configuration=configuration,
            metadata=metadata,
            embedding_function=embedding_function,
            get_or_create=get_or_create,
        )
        return self._guarded(native)

    def get_collection(
        self, name: str, embedding_function: Any = _DEFAULT, data_loader: Any = None
    ) -> GuardedCollection:
        """Return a guarded collection."""
        _plain(None, data_loader)
        return self._guarded(room_of(self).native.get_collection(name, embedding_function=embedding_function))

    def get_or_create_collection(
        self,
        name: str,
        schema: Any = None,
        configuration: Any = None,
        metadata: Any = None,
        embedding_function: Any = _DEFAULT,
        data_loader: Any = None,
    ) -> GuardedCollection:
        """Return a guarded collection, creating it if it is not there."""
        _plain(schema, data_loader)
        native = room_of(self).native.get_or_create_collection(
            name, configuration=configuration, metadata=metadata, embedding_function=embedding_function
        )
        return self._guarded(native)

    def list_collections(self, limit: int | None = None, offset: int | None = None) -> list[GuardedCollection]:
        """List collections. Names are not secret; each is checked for unguarded rows when it is used."""
        listed = room_of(self).native.list_collections(limit=limit, offset=offset)
        return [self._guarded(each, look=False) for each in listed]

    def delete_collection(self, name: str) -> None:
        """Delete one's own records; the native collection goes when nobody else has any in it."""
        who = acting(self)
        native = room_of(self).native
        collection = self._guarded(native.get_collection(name, embedding_function=None))
        run(collection, forgetting(room_of(collection), Ask(restore=False), who))
        if run(collection, room_of(self).guard.deserted(shelf_of(collection))):
            native.delete_collection(name)

    def _guarded(self, native: Any, *, look: bool = True) -> GuardedCollection:
        room = room_of(self)
        guarded: GuardedCollection = GuardedCollection.over(
            native, room.guard, str(room.extra["legacy"]), bound=room.bound, look=look
        )
        return guarded


def _plain(schema: Any, data_loader: Any) -> None:
    if schema is not None:
        raise Undecided("schemas can embed texts inside Chroma, before they are scrubbed; use configuration=")
    if data_loader is not None:
        raise Undecided("data loaders are not guarded")
