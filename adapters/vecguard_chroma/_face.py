"""The guarded collection: Chroma's verbs, signatures and result types over the two paths."""

from __future__ import annotations

from vecguard.steps import carried
from vecguard_chroma import _calls
from vecguard_chroma._passed import PassedCollection
from vecguard_chroma._surface import COLLECTION


class GuardedCollection(PassedCollection):
    """A Chroma collection of which every caller sees its own records only, and nobody a vector."""

    __slots__ = ()
    surface = COLLECTION

    add = carried(_calls.add)
    upsert = carried(_calls.upsert)
    update = carried(_calls.update)
    delete = carried(_calls.delete)
    get = carried(_calls.get)
    peek = carried(_calls.peek)
    count = carried(_calls.count)
    query = carried(_calls.query)
    verify = carried(_calls.verify)  # ours: Chroma has no such verb
