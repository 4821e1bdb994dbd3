"""Expired records: nobody sees them any more, and this takes them off the shelf.

A store could say of any row that it expired, so a row counts as expired only if it says so under its owner's key. That
takes the owners' names, of which the state has only digests: they are given. Expired rows of owners who were not named,
and rows that do not authenticate, are left and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecguard.erasure.erasing import Erasing, Place, Steps, Tell
from vecguard.erasure.receipt import ErasureReceipt
from vecguard.erasure.records import gone, opened
from vecguard.erasure.rows import AT_ONCE, erasing_tag, swept
from vecguard.facade import Room
from vecguard.filters import Compare, Not, Predicate, all_of
from vecguard.flow import Flow
from vecguard.guard import Guard
from vecguard.ports import Find, Found
from vecguard.principal import checked_name
from vecguard.rules import OWNER_FIELD
from vecguard.sealing import EXPIRES_FIELD
from vecguard.space import Space
from vecguard.state import erasing as state_of


def erase_expired(
    guard: Guard, rooms: Sequence[tuple[Room, bool]], owners: Iterable[str], now: float, tell: Tell | None
) -> Steps[ErasureReceipt]:
    """Erase the rows of these owners that have expired at `now`, in seconds since the epoch."""
    named = [checked_name(owner, "an owner") for owner in owners]
    run = Erasing(guard, "expired", None, tell)
    yield from run.enter(rooms)
    doomed: list[tuple[Place, str, Space, list[str]]] = []
    for place in run.places:
        for owner in named:
            space = run.state.find_space(place.uid, owner, place.collection.keys)
            if space is not None:
                doomed.append((place, owner, space, (yield place.room, _expired(run, place, space, now))))
    yield from run.search_before()
    for place, owner, space, ids in doomed:
        if ids:
            state_of.forget_rows(run.state, owner, place.uid, ids, run.scope)
            count: int = yield place.room, gone(run, place, space, ids)
            run.rows[place.uid] = run.rows.get(place.uid, 0) + count
            run.forget_cached(place, owner)
    for place in run.places:
        tags = (erasing_tag(place.collection.keys),)
        yield place.room, swept(tags, place.shelf, place.collection.keys, run.needles)
        left: int = yield place.room, _left(place, named, now)
        run.counts["expired rows left"] = run.counts.get("expired rows left", 0) + left
    yield from run.compact()
    return (yield from run.finish())


def _expired(run: Erasing, place: Place, space: Space, now: float) -> Flow[list[str]]:
    """Return the backend ids of an owner's rows that expired, by what they say under its key."""
    ids: list[str] = []
    at = 0
    while True:
        where = all_of(Compare((OWNER_FIELD,), "eq", space.owner_tag), _since(now))
        page: Found = yield Find(where, limit=AT_ONCE, offset=at, vectors=True)
        for row in page.rows:
            record = opened(place, space, row)
            if record is not None and record.expires <= now:
                ids.append(row.backend_id)
                run.needles.add_row(row, tagged=False)
        at += len(page.rows)
        if len(page.rows) < AT_ONCE:
            return ids


def _left(place: Place, named: Iterable[str], now: float) -> Flow[int]:
    del named  # rows of named owners that are still there did not authenticate
    none_of_ours = Not(Compare((OWNER_FIELD,), "eq", erasing_tag(place.collection.keys)))
    found: Found = yield Find(all_of(_since(now), none_of_ours), counting=True)
    return found.count


def _since(now: float) -> Predicate:
    return Compare((EXPIRES_FIELD,), "lte", now)
