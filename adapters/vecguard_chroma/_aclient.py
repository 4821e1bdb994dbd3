"""The guarded asynchronous client: the same verbs, awaited."""

from __future__ import annotations

from vecguard.steps import acarried
from vecguard_chroma import _admin
from vecguard_chroma._aface import AsyncGuardedCollection
from vecguard_chroma._passed import PassedClient
from vecguard_chroma._rooms import handing
from vecguard_chroma._surface import ASYNC_CLIENT


class AsyncGuardedClient(PassedClient):
    """An asynchronous Chroma client all of whose collections are guarded."""

    __slots__ = ()
    surface = ASYNC_CLIENT

    create_collection = acarried(handing(_admin.create_collection, AsyncGuardedCollection))
    get_collection = acarried(handing(_admin.get_collection, AsyncGuardedCollection))
    get_or_create_collection = acarried(handing(_admin.get_or_create_collection, AsyncGuardedCollection))
    list_collections = acarried(
        handing(_admin.list_collections, lambda rooms: [AsyncGuardedCollection(room) for room in rooms])
    )
    delete_collection = acarried(_admin.delete_collection)
