"""Running an erasure against synchronous stores, or against asynchronous ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from vecguard.erasure.erasing import Steps, Tell
from vecguard.erasure.orders import Order
from vecguard.erasure.receipt import ErasureReceipt
from vecguard.errors import VecGuardError
from vecguard.facade import Guarded, Room, room_of
from vecguard.flow import Flow, adrive, drive
from vecguard.guard import Guard
from vecguard.steps import acarry, carry

T = TypeVar("T")


def erase(guard: Guard, guarded: Sequence[Guarded], order: Order, tell: Tell | None = None) -> ErasureReceipt:
    """Erase in guarded collections, or in all collections of guarded clients, and return the receipt."""
    rooms = [each for one in guarded for each in _rooms(one)]
    return _driven(order.steps(guard, rooms, tell))


async def aerase(guard: Guard, guarded: Sequence[Guarded], order: Order, tell: Tell | None = None) -> ErasureReceipt:
    """Do the same with asynchronous collections and clients; its own work stays off the event loop."""
    rooms = [each for one in guarded for each in await _arooms(one)]
    return await _adriven(order.steps(guard, rooms, tell))


def _rooms(guarded: Guarded) -> Iterable[tuple[Room, bool]]:
    """Return the rooms of a collection or of all of a client's, and whether that very collection was asked for."""
    room = room_of(guarded)
    listing = room.extra.get("rooms") if room.shelf is None else None
    return [(room, True)] if listing is None else [(each, False) for each in carry(listing(room), room.native)]


async def _arooms(guarded: Guarded) -> Iterable[tuple[Room, bool]]:
    room = room_of(guarded)
    listing = room.extra.get("rooms") if room.shelf is None else None
    return [(room, True)] if listing is None else [(each, False) for each in await acarry(listing(room), room.native)]


class _Done:
    def __init__(self, value: Any) -> None:
        self.value = value


def _advance(steps: Steps[Any], answer: Any, failure: VecGuardError | None) -> tuple[Room, Flow[Any]] | _Done:
    try:
        return steps.send(answer) if failure is None else steps.throw(failure)
    except StopIteration as done:
        return _Done(done.value)


def _driven(steps: Steps[T]) -> T:
    answer: Any = None
    failure: VecGuardError | None = None
    while not isinstance(step := _advance(steps, answer, failure), _Done):
        room, flow = step
        answer, failure = None, None
        try:
            answer = drive(flow, room.store)
        except VecGuardError as failed:
            failure = failed
    return step.value  # type: ignore[no-any-return]  # the generator's own return type


async def _adriven(steps: Steps[T]) -> T:
    answer: Any = None
    failure: VecGuardError | None = None
    while not isinstance(step := await asyncio.to_thread(_advance, steps, answer, failure), _Done):
        room, flow = step
        answer, failure = None, None
        try:
            answer = await adrive(flow, room.store)
        except VecGuardError as failed:
            failure = failed
    return step.value  # type: ignore[no-any-return]  # the generator's own return type
