"""VecGuard for Chroma.

    notes = vecguard_chroma.wrap(collection, guard).acting_for("alice")

The guarded objects have Chroma's own method names, signatures and result types, synchronous and asynchronous.
"""

from __future__ import annotations

from typing import Any, Literal, overload

try:
    from chromadb.api import AsyncClientAPI, ClientAPI
    from chromadb.api.models.AsyncCollection import AsyncCollection
    from chromadb.api.models.Collection import Collection
except ImportError as missing:
    raise ImportError("vecguard_chroma needs chromadb: pip install 'vecguard[chroma]'") from missing

from vecguard import Guard, Undecided
from vecguard_chroma._aclient import AsyncGuardedClient
from vecguard_chroma._aface import AsyncGuardedCollection
from vecguard_chroma._astore import AsyncChromaStore
from vecguard_chroma._client import GuardedClient
from vecguard_chroma._face import GuardedCollection
from vecguard_chroma._rooms import client_room, collection_room
from vecguard_chroma._store import ChromaStore

__all__ = ["AsyncGuardedClient", "AsyncGuardedCollection", "GuardedClient", "GuardedCollection", "wrap"]


@overload
def wrap(native: Collection, guard: Guard, *, legacy: Literal["refuse", "ignore"] = ...) -> GuardedCollection: ...
@overload
def wrap(native: ClientAPI, guard: Guard, *, legacy: Literal["refuse", "ignore"] = ...) -> GuardedClient: ...
@overload
def wrap(
    native: AsyncCollection, guard: Guard, *, legacy: Literal["refuse", "ignore"] = ...
) -> AsyncGuardedCollection: ...
@overload
def wrap(native: AsyncClientAPI, guard: Guard, *, legacy: Literal["refuse", "ignore"] = ...) -> AsyncGuardedClient: ...


def wrap(native: Any, guard: Guard, *, legacy: Literal["refuse", "ignore"] = "refuse") -> Any:
    """Guard a Chroma collection or client, synchronous or asynchronous.

    A collection that already holds unguarded rows raises `UnprotectedRows`; `legacy="ignore"` leaves them invisible.
    Wrapping a client guards every collection that is reached through it. A collection is checked here, and where a
    client gets or creates it; but this function awaits nothing, so an asynchronous collection that is wrapped by
    itself is checked when it is first touched: `await guard.areconcile(wrapped)`, or its first verb, raises.
    """
    if type(native) is Collection:
        guarded = GuardedCollection(collection_room(native, guard, legacy, ChromaStore))
        guard.reconcile(guarded)
        return guarded
    if type(native) is AsyncCollection and _made(native, "_client"):
        return AsyncGuardedCollection(collection_room(native, guard, legacy, AsyncChromaStore))
    if isinstance(native, ClientAPI) and _of_chromadb(native):
        return GuardedClient(client_room(native, guard, legacy, ChromaStore))
    if isinstance(native, AsyncClientAPI) and _of_chromadb(native) and _made(native, "_server"):
        return AsyncGuardedClient(client_room(native, guard, legacy, AsyncChromaStore))
    raise Undecided(
        "vecguard_chroma.wrap takes a chromadb Collection, Client, AsyncCollection, or AsyncClient "
        f"from `await chromadb.AsyncHttpClient(...)`; not {type(native).__name__}"
    )


def _of_chromadb(native: Any) -> bool:
    """Look at the type itself: a guarded object reports the class of what it wraps."""
    return type(native).__module__.startswith("chromadb.")


def _made(native: Any, server: str) -> bool:
    """Whether chromadb's own coroutine made this: it alone connects, and `AsyncClient()` is without a server."""
    return server in vars(native)
