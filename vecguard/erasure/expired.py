"""Expired records: nobody sees them any more, and this takes them off the shelf.

A store could say of any row that it expired, so a row counts as expired only if it says so under its owner's key. Which
owners those are is told by the names that the state keeps (`vecguard.state.owners`), gone through some hundred at a
time; or by names that are given, and then the state keeps those too. Expired rows of owners without a name and of
owners who were not named, and rows that do not authenticate, are left and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

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
from vecguard.state.owners import Known


@dataclass(frozen=True, slots=True)
class _Doomed:
    """Rows of one owner in one place that expired. Its keys are looked up again when it is their turn."""

    place: Place
    digest: str
    ids: list[str] = field(repr=False)


def erase_expired(
    guard: Guard, rooms: Sequence[tuple[Room, bool]], owners: Iterable[str] | None, now: float, tell: Tell | None
) -> Steps[ErasureReceipt]:
    """Erase the rows of these owners that have expired at `now`, in seconds since the epoch; None for all owners."""
    named = None if owners is None else [checked_name(owner, "an owner") for owner in owners]
    run = Erasing(guard, "expired", None, tell)
    yield from run.enter(rooms)
    doomed = yield from _doomed(run, named, now)
    yield from run.search_before()
    for each in doomed:
        yield from _erased(run, each)
    for place in run.places:
        tags = (erasing_tag(place.collection.keys),)
        yield place.room, swept(tags, place.shelf, place.collection.keys, run.needles)
        left: int = yield place.room, _left(place, now)
        run.counts["expired rows left"] = run.counts.get("expired rows left", 0) + left
    yield from run.compact()
    return (yield from run.finish())


def _doomed(run: Erasing, named: list[str] | None, now: float) -> Steps[list[_Doomed]]:
    """Find what expired: first whose rows a store says it of, then, of those owners, which rows say so themselves."""
    tags: dict[str, set[str]] = {}
    for place in run.places:
        tags[place.uid] = yield place.room, _tags(place, now)
    doomed: list[_Doomed] = []
    for owner in _owners(run, named):
        for place in run.places:
            if place.tag(owner.name) in tags[place.uid]:
                ids: list[str] = yield place.room, _expired(run, place, _space(place, owner), now)
                doomed += [_Doomed(place, owner.digest, ids)] if ids else []
    return doomed


def _owners(run: Erasing, named: list[str] | None) -> Iterator[Known]:
    """Return the owners in question. Of all, those without a name are counted: their rows cannot be judged."""
    owners = run.state.owners
    if named is not None:
        digests = {run.state.digest(name): name for name in named}
        owners.learn(digests.items())
        return owners.of(digests)
    if nameless := owners.nameless():
        run.counts["owners without a name"] = nameless
        run.unverified.append(
            f"expired rows of {nameless} owner(s) that wrote before names were kept, and not since: name them"
        )
    return owners.known()


def _erased(run: Erasing, doomed: _Doomed) -> Steps[None]:
    place = doomed.place
    for owner in run.state.owners.of([doomed.digest]):  # nobody, if it was erased meanwhile
        state_of.forget_rows(run.state, owner.name, place.uid, doomed.ids, run.scope)
        count: int = yield place.room, gone(run, place, _space(place, owner), doomed.ids)
        run.rows[place.uid] = run.rows.get(place.uid, 0) + count
        run.forget_cached(place, owner.name)


def _space(place: Place, owner: Known) -> Space:
    return Space.under(owner.key, place.uid, owner.name, owner.digest, place.collection.keys)


def _tags(place: Place, now: float) -> Flow[set[str]]:
    """Return the tags of owners of whom a store has rows that it says expired; those under erasure are swept anyway."""
    tags: set[str] = set()
    at = 0
    while True:
        page: Found = yield Find(_since(place, now), limit=AT_ONCE, offset=at)
        tags.update(str(row.fields.get(OWNER_FIELD)) for row in page.rows)
        at += len(page.rows)
        if len(page.rows) < AT_ONCE:
            return tags


def _expired(run: Erasing, place: Place, space: Space, now: float) -> Flow[list[str]]:
    """Return the backend ids of an owner's rows that expired, by what they say under its key."""
    ids: list[str] = []
    at = 0
    while True:
        where = all_of(Compare((OWNER_FIELD,), "eq", space.owner_tag), _since(place, now))
        page: Found = yield Find(where, limit=AT_ONCE, offset=at, vectors=True)
        for row in page.rows:
            record = opened(place, space, row)
            if record is not None and record.expires <= now:
                ids.append(row.backend_id)
                run.needles.add_row(row, tagged=False)
        at += len(page.rows)
        if len(page.rows) < AT_ONCE:
            return ids


def _left(place: Place, now: float) -> Flow[int]:
    found: Found = yield Find(_since(place, now), counting=True)
    return found.count


def _since(place: Place, now: float) -> Predicate:
    """Rows that a store says have expired, but for those whose erasure was begun."""
    none_of_ours = Not(Compare((OWNER_FIELD,), "eq", erasing_tag(place.collection.keys)))
    return all_of(Compare((EXPIRES_FIELD,), "lte", now), none_of_ours)
