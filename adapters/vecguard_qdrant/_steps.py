"""Verbs as generators: one text for the synchronous and the asynchronous client.

A verb yields steps and is sent what they return: a native call about collections, or a path of the guard through the
store of one collection. `carry` runs it for `QdrantClient`, `acarry` for `AsyncQdrantClient`; the stores run their own
native calls in the same way. Errors of native steps pass as they are: they speak of collections, never of points.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from vecguard.facade import Room, withhold_vectors
from vecguard.flow import Flow, adrive, drive

T = TypeVar("T")


class Native:
    """One call of the native client, by name."""

    __slots__ = ("_arguments", "_name")

    def __init__(self, name: str, **arguments: Any) -> None:
        self._name = name
        self._arguments = arguments

    def on(self, client: Any) -> Any:
        """Call the client, sync or async."""
        return getattr(client, self._name)(**self._arguments)


@dataclass(frozen=True, slots=True)
class Path:
    """A path of the guard, to be driven against the store of this room."""

    room: Room
    flow: Flow[Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withhold:
    """Stored vectors were asked for: warn, or refuse. It is a step so that the warning names the caller's line."""

    room: Room


Steps: TypeAlias = Generator[Native | Path | Withhold, Any, T]


class _Done:
    def __init__(self, value: Any) -> None:
        self.value = value


def _advance(steps: Steps[Any], answer: Any) -> Native | Path | Withhold | _Done:
    try:
        return steps.send(answer)
    except StopIteration as done:
        return _Done(done.value)


def carry(steps: Steps[T], client: Any) -> T:
    """Run steps against a synchronous client."""
    answer: Any = None
    while True:
        match _advance(steps, answer):
            case Native() as call:
                answer = call.on(client)
            case Path(room, flow):
                answer = drive(flow, room.store)
            case Withhold(room):
                withhold_vectors(room)
                answer = None
            case _Done() as done:
                return done.value  # type: ignore[no-any-return]  # the generator's own return type


async def acarry(steps: Steps[T], client: Any) -> T:
    """Run steps against an asynchronous client."""
    answer: Any = None
    while True:
        match _advance(steps, answer):
            case Native() as call:
                answer = call.on(client)
                if inspect.isawaitable(answer):
                    answer = await answer
            case Path(room, flow):
                answer = await adrive(flow, room.store)
            case Withhold(room):
                withhold_vectors(room)
                answer = None
            case _Done() as done:
                return done.value  # type: ignore[no-any-return]  # the generator's own return type
