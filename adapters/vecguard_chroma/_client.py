"""The guarded client: collections come out guarded, and deleting one deletes one's own records in it."""

from __future__ import annotations

from vecguard.steps import carried
from vecguard_chroma import _admin
from vecguard_chroma._face import GuardedCollection
from vecguard_chroma._passed import PassedClient
from vecguard_chroma._rooms import handing
from vecguard_chroma._surface import CLIENT


class GuardedClient(PassedClient):
    """A Chroma client all of whose collections are guarded."""

    __slots__ = ()
    surface = CLIENT

    create_collection = carried(handing(_admin.create_collection, GuardedCollection))
    get_collection = carried(handing(_admin.get_collection, GuardedCollection))
    get_or_create_collection = carried(handing(_admin.get_or_create_collection, GuardedCollection))
    list_collections = carried(
        handing(_admin.list_collections, lambda rooms: [GuardedCollection(room) for room in rooms])
    )
    delete_collection = carried(_admin.delete_collection)
