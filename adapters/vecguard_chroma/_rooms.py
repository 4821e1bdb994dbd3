"""The rooms of guarded collections: those that are wrapped, and those that a guarded client reaches."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from vecguard import Guard
from vecguard.facade import Room
from vecguard.steps import Native, Path, Steps

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")


def collection_room(native: Any, guard: Guard, legacy: str, store: Callable[[Any], Any], bound: Any = None) -> Room:
    """Return the room of one native collection. Nothing is read from it yet."""
    shelved = store(native)
    embedder = native._embedding_function  # noqa: SLF001 - there is no public accessor
    return Room(guard, native, bound, guard.shelf(shelved.traits, legacy), shelved, guard.embedding_for(embedder))


def client_room(native: Any, guard: Guard, legacy: str, store: Callable[[Any], Any]) -> Room:
    """Return the room of a native client; `store` makes the shelf of each collection that is reached through it."""
    return Room(guard, native, extra={"legacy": legacy, "store": store, "rooms": rooms})


def rooms(room: Room) -> Steps[list[Room]]:
    """Return the rooms of all collections that a client reaches."""
    listed = yield Native("list_collections")
    return [reached(room, each) for each in listed]


def reached(room: Room, native: Any) -> Room:
    """Return the room of a collection that a client reached, for whoever the client is bound to."""
    return collection_room(native, room.guard, room.extra["legacy"], room.extra["store"], room.bound)


def entered(room: Room, native: Any) -> Steps[Room]:
    """Return the room of a collection that a client reached, after a look at its marker and its rows."""
    at = reached(room, native)
    assert at.shelf is not None  # noqa: S101 - the room of a collection has one
    yield Path(at, at.guard.settle(at.shelf))
    return at


def handing(
    steps: Callable[Concatenate[Room, P], Steps[R]], face: Callable[[R], C]
) -> Callable[Concatenate[Room, P], Steps[C]]:
    """Let steps that end with rooms end with the guarded objects that stand in them."""

    @wraps(steps)
    def handed(room: Room, /, *args: P.args, **options: P.kwargs) -> Steps[C]:
        return face((yield from steps(room, *args, **options)))

    return handed
