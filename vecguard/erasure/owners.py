"""Everything of an owner: its keys first, so that from then on nothing of it can be read or written, then its rows."""

from __future__ import annotations

import time
from collections.abc import Sequence

from vecguard.erasure.erasing import Erasing, Place, Steps, Tell
from vecguard.erasure.receipt import ErasureReceipt
from vecguard.erasure.rows import noted, swept
from vecguard.facade import Room
from vecguard.flow import Flow, Wait
from vecguard.guard import Guard
from vecguard.state import erasing as state_of

_PATIENCE_S = 30.0  # for writes of others that were begun before
_PAUSE_S = 0.05


def erase_owner(
    guard: Guard, rooms: Sequence[tuple[Room, bool]], owner: str, tell: Tell | None
) -> Steps[ErasureReceipt]:
    """Erase everything of an owner (`vecguard.erasure.erasing` says in which order, and why)."""
    run = Erasing(guard, "owner", owner, tell)
    yield from run.enter(rooms)
    yield from _looked(run, owner)
    forgotten = state_of.forget_owner(run.state, owner)
    guard.watch.forget(owner)
    run.counts.update(forgotten.counts)
    run.seek(forgotten.traces)
    for place in run.places:
        yield from _emptied(run, place, owner)
    given = [place.uid for place in run.places]
    run.elsewhere = len(state_of.collections_of(run.state, owner).difference(given))
    run.counts["open changes"] = state_of.forget_changes(run.state, owner, given)
    yield from run.compact()
    return (yield from run.finish())


def _looked(run: Erasing, owner: str) -> Steps[None]:
    for place in run.places:
        yield place.room, noted(place.tags(owner), run.needles)
    run.seek(state_of.traces_of(run.state, owner))
    yield from run.search_before()


def _emptied(run: Erasing, place: Place, owner: str) -> Steps[None]:
    waited: bool = yield place.room, _waited(run, place, owner)
    if not waited:
        run.unverified.append("a write of another process that was begun before and has not ended")
    gone: list[str] = yield place.room, swept(place.tags(owner), place.shelf, place.collection.keys, run.needles)
    run.rows[place.uid] = len(gone)
    run.counts["canaries"] = run.counts.get("canaries", 0) + state_of.forget_canaries(run.state, place.uid, gone)
    run.forget_cached(place, owner)


def _waited(run: Erasing, place: Place, owner: str) -> Flow[bool]:
    """Settle what was begun for an owner, and wait for those who are still at it; False if they take too long."""
    until = time.monotonic() + _PATIENCE_S
    while state_of.open_changes(run.state, owner, place.uid):
        yield from run.guard.settle(place.shelf)
        if time.monotonic() > until:
            return False
        yield Wait(_PAUSE_S)
    return True
