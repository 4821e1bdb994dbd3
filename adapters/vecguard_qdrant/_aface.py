"""The guarded asynchronous client: the same verbs, awaited."""

from __future__ import annotations

from vecguard.facade import Guarded, Passed
from vecguard.steps import acarried
from vecguard_qdrant import _admin, _calls
from vecguard_qdrant._surface import ASYNC


class AsyncGuardedQdrantClient(Guarded):
    """An asynchronous Qdrant client of which every caller sees its own points only, and nobody a vector."""

    __slots__ = ()
    surface = ASYNC

    DEFAULT_BATCH_SIZE = Passed("DEFAULT_BATCH_SIZE")
    info = Passed("info")

    create_collection = acarried(_admin.create_collection)
    collection_exists = acarried(_admin.collection_exists)
    get_collection = acarried(_admin.get_collection)
    get_collections = acarried(_admin.get_collections)
    delete_collection = acarried(_admin.delete_collection)
    upsert = acarried(_calls.upsert)
    delete = acarried(_calls.delete)
    count = acarried(_calls.count)
    retrieve = acarried(_calls.retrieve)
    scroll = acarried(_calls.scroll)
    query_points = acarried(_calls.query_points)
    verify = acarried(_calls.verify)  # ours: Qdrant has no such verb
