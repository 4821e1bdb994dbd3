"""VecGuard for Chroma.

    notes = vecguard_chroma.wrap(collection, guard).acting_for("alice")

The guarded objects have Chroma's own method names, signatures and result types.
"""

from __future__ import annotations

from typing import Any, Literal, overload

try:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection
except ImportError as missing:
    raise ImportError("vecguard_chroma needs chromadb: pip install 'vecguard[chroma]'") from missing

from vecguard import Guard, Undecided
from vecguard_chroma._client import GuardedClient
from vecguard_chroma._face import GuardedCollection

__all__ = ["GuardedClient", "GuardedCollection", "wrap"]


@overload
def wrap(native: Collection, guard: Guard, *, legacy: Literal["refuse", "ignore"] = ...) -> GuardedCollection: ...
@overload
def wrap(native: ClientAPI, guard: Guard, *, legacy: Literal["refuse", "ignore"] = ...) -> GuardedClient: ...


def wrap(native: Any, guard: Guard, *, legacy: Literal["refuse", "ignore"] = "refuse") -> Any:
    """Guard a Chroma collection or client.

    A collection that already holds unguarded rows raises `UnprotectedRows`; `legacy="ignore"` leaves them invisible.
    Wrapping a client guards every collection that is reached through it.
    """
    if type(native) is Collection:
        return GuardedCollection.over(native, guard, legacy)
    if isinstance(native, ClientAPI) and type(native).__module__.startswith("chromadb."):
        return GuardedClient.over(native, guard, legacy)
    raise Undecided(f"vecguard_chroma.wrap takes a chromadb Collection or Client, not {type(native).__name__}")
