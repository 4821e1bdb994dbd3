"""VecGuard for Qdrant.

    notes = vecguard_qdrant.wrap(client, guard).acting_for("alice")

The guarded clients have Qdrant's own method names, signatures and result types, synchronous and asynchronous.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

try:
    from qdrant_client import AsyncQdrantClient, QdrantClient
except ImportError as missing:
    raise ImportError("vecguard_qdrant needs qdrant-client: pip install 'vecguard[qdrant]'") from missing

from vecguard import Guard, PolicyError, Undecided
from vecguard.facade import Room
from vecguard_qdrant._aface import AsyncGuardedQdrantClient
from vecguard_qdrant._astore import AsyncQdrantStore
from vecguard_qdrant._collections import Shelves, rooms
from vecguard_qdrant._face import GuardedQdrantClient
from vecguard_qdrant._store import QdrantStore

__all__ = ["AsyncGuardedQdrantClient", "GuardedQdrantClient", "wrap"]

_TEXT_KEYS = ("document", "text", "page_content")
_LEGACY = ("refuse", "ignore")


@overload
def wrap(
    native: QdrantClient, guard: Guard, *, text_keys: Sequence[str] = ..., legacy: Literal["refuse", "ignore"] = ...
) -> GuardedQdrantClient: ...
@overload
def wrap(
    native: AsyncQdrantClient,
    guard: Guard,
    *,
    text_keys: Sequence[str] = ...,
    legacy: Literal["refuse", "ignore"] = ...,
) -> AsyncGuardedQdrantClient: ...


def wrap(
    native: Any,
    guard: Guard,
    *,
    text_keys: Sequence[str] = _TEXT_KEYS,
    legacy: Literal["refuse", "ignore"] = "refuse",
) -> Any:
    """Guard a Qdrant client, synchronous or asynchronous.

    The text of a point is the first of `text_keys` that its payload has as a string. Collections are checked when they
    are first touched, not here: one that already holds unguarded points then raises `UnprotectedRows` before anything
    is written or returned; `legacy="ignore"` leaves them invisible.
    """
    if legacy not in _LEGACY:
        raise PolicyError('legacy is "refuse" or "ignore"')
    keys = _checked(text_keys)
    if type(native) is QdrantClient:
        shelves = Shelves(QdrantStore, legacy, keys)
        return GuardedQdrantClient(Room(guard, native, extra={"shelves": shelves, "rooms": rooms}))
    if type(native) is AsyncQdrantClient:
        shelves = Shelves(AsyncQdrantStore, legacy, keys)
        return AsyncGuardedQdrantClient(Room(guard, native, extra={"shelves": shelves, "rooms": rooms}))
    raise Undecided(f"vecguard_qdrant.wrap takes a QdrantClient or AsyncQdrantClient, not {type(native).__name__}")


def _checked(text_keys: Sequence[str]) -> tuple[str, ...]:
    if isinstance(text_keys, str) or any(not each or "." in each for each in text_keys):
        raise PolicyError("text_keys is a sequence of names of payload fields, without dots")
    return tuple(text_keys)
