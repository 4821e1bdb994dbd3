"""The guarded client: `QdrantClient`'s verbs, signatures and result types over the paths of the guard."""

from __future__ import annotations

from vecguard.facade import Guarded, Passed
from vecguard.steps import carried
from vecguard_qdrant import _admin, _calls
from vecguard_qdrant._surface import SYNC


class GuardedQdrantClient(Guarded):
    """A Qdrant client of which every caller sees its own points only, and nobody a vector."""

    __slots__ = ()
    surface = SYNC

    DEFAULT_BATCH_SIZE = Passed("DEFAULT_BATCH_SIZE")
    info = Passed("info")

    create_collection = carried(_admin.create_collection)
    collection_exists = carried(_admin.collection_exists)
    get_collection = carried(_admin.get_collection)
    get_collections = carried(_admin.get_collections)
    delete_collection = carried(_admin.delete_collection)
    upsert = carried(_calls.upsert)
    upload_points = carried(_calls.upload_points)
    delete = carried(_calls.delete)
    count = carried(_calls.count)
    retrieve = carried(_calls.retrieve)
    scroll = carried(_calls.scroll)
    query_points = carried(_calls.query_points)
    verify = carried(_calls.verify)  # ours: Qdrant has no such verb
