"""The two drivers of a path: one for a synchronous store, one for an asynchronous one.

A path is a generator. It yields store requests and is sent their answers; between two yields it computes and does no
store I/O. So one path serves both kinds of store, and every yield is a place where a test can kill it. A path that has
to wait yields that too, and does not sleep by itself: an asynchronous driver has other things to do meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypeVar

from vecguard.errors import StoreFailed, VecGuardError
from vecguard.ports import AsyncStore, Request, Store

T = TypeVar("T")
Flow: TypeAlias = Generator[Request, Any, T]


@dataclass(frozen=True, slots=True)
class Wait(Request):
    """Go on after so many seconds. No store hears of it."""

    verb: ClassVar[str] = "wait"

    seconds: float

    def on(self, store: Any) -> None:  # noqa: ARG002 - every request takes one
        """Sleep."""
        time.sleep(self.seconds)


class _Done:
    """A finished path: `StopIteration` cannot cross a thread boundary, so its value is carried in this."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _advance(flow: Flow[T], answer: Any, failure: StoreFailed | None) -> Request | _Done:
    try:
        return flow.send(answer) if failure is None else flow.throw(failure)
    except StopIteration as done:
        return _Done(done.value)


def drive(flow: Flow[T], store: Store) -> T:
    """Run a path against a synchronous store and return what it returns."""
    answer: Any = None
    failure: StoreFailed | None = None
    with _ended(flow):
        while not isinstance(step := _advance(flow, answer, failure), _Done):
            answer, failure = _outcome(step, store)
    return step.value  # type: ignore[no-any-return]  # the generator's own return type


async def adrive(flow: Flow[T], store: AsyncStore) -> T:
    """Run a path against an asynchronous store. Its own work (hashing, scrubbing, state) stays off the event loop."""
    answer: Any = None
    failure: StoreFailed | None = None
    with _ended(flow):
        while not isinstance(step := await asyncio.to_thread(_advance, flow, answer, failure), _Done):
            answer, failure = await _aoutcome(step, store)
    return step.value  # type: ignore[no-any-return]  # the generator's own return type


@contextmanager
def _ended(flow: Flow[T]) -> Iterator[None]:
    """End the path with the call, not with the traceback that keeps it alive: what it left open can be settled."""
    try:
        yield
    finally:
        with suppress(ValueError):  # cancelled while a thread is inside; it ends where that thread leaves it
            flow.close()


def _outcome(request: Request, store: Store) -> tuple[Any, StoreFailed | None]:
    try:
        return request.on(store), None
    except VecGuardError:
        raise
    except Exception as native:  # noqa: BLE001 - a native error may print payloads, so only its name goes on
        return None, _failed(native)


async def _aoutcome(request: Request, store: AsyncStore) -> tuple[Any, StoreFailed | None]:
    if isinstance(request, Wait):
        await asyncio.sleep(request.seconds)
        return None, None
    try:
        return await request.on(store), None
    except VecGuardError:
        raise
    except Exception as native:  # noqa: BLE001 - as above
        return None, _failed(native)


def _failed(native: Exception) -> StoreFailed:
    name = type(native).__name__
    return StoreFailed(f"the store raised {name}", name)
