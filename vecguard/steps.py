"""Verbs as generators: one text for the synchronous and the asynchronous client of a store.

A verb yields steps and is sent what they return: a call of the native object, or a path of the guard through the store
of one collection. `carry` runs it for a synchronous client, `acarry` for an asynchronous one; `carried` and `acarried`
make methods of guarded objects from it. A store runs its own native calls in the same way. Errors of native steps pass
as they are: outside a path they speak of collections, never of records, and inside one the path's driver replaces them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from vecguard.facade import Guarded, Room, room_of, withhold_vectors
from vecguard.flow import Flow, adrive, drive

P = ParamSpec("P")
T = TypeVar("T")


class Native:
    """One call of the native object, by name."""

    __slots__ = ("_arguments", "_name")

    def __init__(self, name: str, /, **arguments: Any) -> None:
        self._name = name
        self._arguments = arguments

    def on(self, native: Any) -> Any:
        """Make the call; an asynchronous object answers with an awaitable."""
        return getattr(native, self._name)(**self._arguments)


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


def carry(steps: Steps[T], native: Any) -> T:
    """Run steps against a synchronous native object."""
    answer: Any = None
    while True:
        match _advance(steps, answer):
            case Native() as call:
                answer = call.on(native)
            case Path(room, flow):
                answer = drive(flow, room.store)
            case Withhold(room):
                withhold_vectors(room)
                answer = None
            case _Done() as done:
                return done.value  # type: ignore[no-any-return]  # the generator's own return type


async def acarry(steps: Steps[T], native: Any) -> T:
    """Run steps against an asynchronous native object."""
    answer: Any = None
    while True:
        match _advance(steps, answer):
            case Native() as call:
                answer = call.on(native)
                if inspect.isawaitable(answer):
                    answer = await answer
            case Path(room, flow):
                answer = await adrive(flow, room.store)
            case Withhold(room):
                withhold_vectors(room)
                answer = None
            case _Done() as done:
                return done.value  # type: ignore[no-any-return]  # the generator's own return type


# `withhold_vectors` counts frames up to the caller's line: the driver's, the method's, that of `frameless`, and the
# caller's. Nothing else may come between them, so each of these calls its driver itself.


def carried(steps: Callable[Concatenate[Room, P], Steps[T]]) -> Callable[Concatenate[Any, P], T]:
    """Make a method of a guarded object that runs steps to their end."""

    def method(self: Guarded, /, *args: P.args, **options: P.kwargs) -> T:
        room = room_of(self)
        return carry(steps(room, *args, **options), room.native)

    _present(method, steps)
    return method


def acarried(
    steps: Callable[Concatenate[Room, P], Steps[T]],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Make a coroutine method of a guarded object that runs steps to their end."""

    async def method(self: Guarded, /, *args: P.args, **options: P.kwargs) -> T:
        room = room_of(self)
        return await acarry(steps(room, *args, **options), room.native)

    _present(method, steps)
    return method


def _present(method: Any, steps: Callable[..., Any]) -> None:
    """Give a method the name, docstring and signature of its steps, with `self` where they take a room."""
    signature = inspect.signature(steps)
    room, *rest = signature.parameters.values()
    update_wrapper(method, steps)
    method.__signature__ = signature.replace(parameters=[room.replace(name="self", annotation=room.empty), *rest])
