"""Looking whether a store still has an owner's rows: all that were acknowledged, in their last version, and no others.

With ranking in the guard every load of an owner's rows looks at that. A store that ranks shows its best rows only, and
keeps silent about those it leaves out: there it takes a walk over all rows of the owner, on demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecguard import facade
from vecguard.errors import Contended
from vecguard.flow import Flow, Wait
from vecguard.principal import Acting
from vecguard.ranking.whole import Reading
from vecguard.shelf import Shelf, View

if TYPE_CHECKING:
    from vecguard.guard import Guard

_LOOKS = 8
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Examined:
    """`rows` of an owner authenticate in the store, and `acknowledged` is how many there are to be.

    `whole` says that they are the same ones. Rows of changes that are open are in neither number. `acknowledged` is
    None where the rows were never counted, and `whole` is then False: `vecguard.hazmat.accept_rows` counts them.
    """

    rows: int
    acknowledged: int | None
    whole: bool


def examine(guarded: Any, owner: str) -> Examined:
    """Read all of an owner's rows in a guarded collection and compare them with what was acknowledged.

    Raises `Contended` if others change them faster than they are read.
    """
    room = facade.room_of(guarded)
    return facade.run(guarded, examining(room.guard, facade.shelf_of(guarded), owner))


async def aexamine(guarded: Any, owner: str) -> Examined:
    """Do the same for a guarded collection of an asynchronous client."""
    room = facade.room_of(guarded)
    return await facade.arun(guarded, examining(room.guard, facade.shelf_of(guarded), owner))


def examining(guard: Guard, shelf: Shelf, owner: str) -> Flow[Examined]:
    """Return the path that examines an owner's rows."""
    view = yield from guard.entry.to_own(shelf, Acting.of(owner), changing=True)
    if view is None:
        return Examined(0, 0, whole=True)
    return _of((yield from _still(guard, view)))


def accepting(guard: Guard, shelf: Shelf, owner: str) -> Flow[int]:
    """Return the path that takes an owner's rows for whole as they are, and says how many they are."""
    view = yield from guard.entry.to_own(shelf, Acting.of(owner), changing=True)
    if view is None:
        return 0
    for pause in _pauses():
        reading = yield from _still(guard, view)
        epoch, rows = reading.expected.epoch, reading.tally
        if guard.state.acknowledged.accept(view.uid, view.space.owner_digest, epoch, rows):
            return rows.rows
        yield Wait(pause)
    raise _contended()


def _still(guard: Guard, view: View) -> Flow[Reading]:
    """Read an owner's rows until nobody changed them meanwhile."""
    for pause in _pauses():
        reading = yield from guard.owners.examined(view)
        if reading is not None:
            return reading
        yield Wait(pause)
    raise _contended()


def _of(reading: Reading) -> Examined:
    expected = reading.expected.tally
    if expected is None:
        return Examined(reading.tally.rows, None, whole=False)
    return Examined(reading.tally.rows, expected.rows, whole=reading.whole)


def _pauses() -> Iterator[float]:
    return (_PAUSE_S * 2**at for at in range(_LOOKS))


def _contended() -> Contended:
    return Contended("an owner's rows were changed faster than they could be read; nothing was decided")
