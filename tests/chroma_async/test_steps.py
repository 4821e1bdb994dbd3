"""The two drivers of steps: the same steps end alike on a native object that answers and on one that is awaited."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from vecguard.facade import Guarded, Room
from vecguard.steps import Native, Steps, acarried, acarry, carried, carry


class Desk:
    """A native object that counts up by what it is told, and fails on nothing."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, name: int) -> int:
        self.total += name
        return 100 // self.total


class AsyncDesk(Desk):
    async def add(self, name: int) -> int:  # type: ignore[override]  # the asynchronous twin
        return super().add(name)


def twice(number: int) -> Steps[list[int]]:
    """Add a number, and then what that answered. Its argument is called like the first of `Native` itself."""
    first = yield Native("add", name=number)
    return [first, (yield Native("add", name=first))]


async def _both(number: int) -> tuple[Any, Any]:
    return carry(twice(number), Desk()), await acarry(twice(number), AsyncDesk())


async def test_both_drivers_send_each_step_its_answer() -> None:
    """What a step returns is what its yield evaluates to, and the steps' own value is the driver's."""
    assert await _both(10) == ([10, 5], [10, 5])
    assert await acarry(twice(10), Desk()) == [10, 5]  # some names of asynchronous clients are not awaited


async def test_errors_of_native_steps_pass_as_they_are() -> None:
    """They are the native client's own, and end the steps."""
    with pytest.raises(ZeroDivisionError):
        carry(twice(0), Desk())
    with pytest.raises(ZeroDivisionError):
        await acarry(twice(0), AsyncDesk())
    with pytest.raises(AttributeError):
        carry(_steps_of_nothing(), Desk())


def _steps_of_nothing() -> Steps[None]:
    yield Native("subtract")


def test_methods_present_themselves_as_their_steps() -> None:
    """Name, docstring and parameters are those of the steps; a room is theirs to take, and `self` the caller's."""

    def verb(room: Room, /, number: int = 3, *, loud: bool = False) -> Steps[int]:
        """Say a number."""
        yield from ()
        return number

    for method in (carried(verb), acarried(verb)):
        assert (method.__name__, method.__doc__) == ("verb", "Say a number.")  # type: ignore[attr-defined]
        assert list(inspect.signature(method).parameters) == ["self", "number", "loud"]
    assert inspect.iscoroutinefunction(acarried(verb))


async def test_methods_of_unguarded_objects_are_refused() -> None:
    """A method looks up the room of its object, and nothing else has one."""
    from vecguard import AccessDenied

    class Stray(Guarded):
        __slots__ = ()

    def verb(room: Room, /) -> Steps[None]:
        """Do nothing."""
        yield from ()

    stray = object.__new__(Stray)
    with pytest.raises(AccessDenied):
        carried(verb)(stray)
    with pytest.raises(AccessDenied):
        await acarried(verb)(stray)
