"""The guarded client: `QdrantClient`'s verbs, signatures and result types over the paths of the guard."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from vecguard.facade import Guarded, Passed, Room, room_of
from vecguard.steps import Steps, carry
from vecguard_qdrant import _admin, _calls
from vecguard_qdrant._surface import SYNC

P = ParamSpec("P")
T = TypeVar("T")


def _verb(steps: Callable[Concatenate[Room, P], Steps[T]]) -> Callable[Concatenate[Any, P], T]:
    """Make a method that runs steps to their end."""

    @wraps(steps)
    def method(self: Guarded, /, *args: P.args, **options: P.kwargs) -> T:
        room = room_of(self)
        return carry(steps(room, *args, **options), room.native)

    return method


class GuardedQdrantClient(Guarded):
    """A Qdrant client of which every caller sees its own points only, and nobody a vector."""

    __slots__ = ()
    surface = SYNC

    DEFAULT_BATCH_SIZE = Passed("DEFAULT_BATCH_SIZE")
    info = Passed("info")

    create_collection = _verb(_admin.create_collection)
    collection_exists = _verb(_admin.collection_exists)
    get_collection = _verb(_admin.get_collection)
    get_collections = _verb(_admin.get_collections)
    delete_collection = _verb(_admin.delete_collection)
    upsert = _verb(_calls.upsert)
    upload_points = _verb(_calls.upload_points)
    delete = _verb(_calls.delete)
    count = _verb(_calls.count)
    retrieve = _verb(_calls.retrieve)
    scroll = _verb(_calls.scroll)
    query_points = _verb(_calls.query_points)
