"""The guarded asynchronous collection: the same verbs, awaited."""

from __future__ import annotations

from vecguard.steps import acarried
from vecguard_chroma import _calls
from vecguard_chroma._passed import PassedCollection
from vecguard_chroma._surface import ASYNC_COLLECTION


class AsyncGuardedCollection(PassedCollection):
    """An asynchronous Chroma collection of which every caller sees its own records only, and nobody a vector."""

    __slots__ = ()
    surface = ASYNC_COLLECTION

    add = acarried(_calls.add)
    upsert = acarried(_calls.upsert)
    update = acarried(_calls.update)
    delete = acarried(_calls.delete)
    get = acarried(_calls.get)
    peek = acarried(_calls.peek)
    count = acarried(_calls.count)
    query = acarried(_calls.query)
    verify = acarried(_calls.verify)  # ours: Chroma has no such verb
