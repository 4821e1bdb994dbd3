"""Records by their ids, and what is known of one person: the owner's keys stay, for its other records need them.

Each deletion is a change like any other: written down, carried out, read back, and settled by whoever comes next if it
is cut short. All that is added is that rows are overwritten first.

Of a person (a *subject*) the originals behind tokens go by themselves, and records stay: without the original a token
stands for nobody, and a record may be about others too. Records that held such tokens are counted; with `records` they
are erased as well. What the scrubber did not find in a text is in no vault, and is not found here either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from vecguard.erasure.erasing import Erasing, Place, Steps, Tell
from vecguard.erasure.receipt import ErasureReceipt
from vecguard.erasure.rows import AT_ONCE, erased, overwriting_first
from vecguard.errors import BadId, BadInput, Contended, Tampered
from vecguard.facade import Room
from vecguard.flow import Flow
from vecguard.guard import Guard
from vecguard.ports import Fetch, IdForm
from vecguard.records import Opened, RecordId, Row
from vecguard.sealing import WHENEVER
from vecguard.settling import carry_out
from vecguard.space import Space
from vecguard.state import erasing as state_of
from vecguard.state.intents import Overtaken
from vecguard.state.vault import mentions_any

_ATTEMPTS = 8


def erase_records(
    guard: Guard, rooms: Sequence[tuple[Room, bool]], owner: str, ids: Iterable[Any], tell: Tell | None
) -> Steps[ErasureReceipt]:
    """Erase an owner's records by the ids that it gave them, in every collection that has one of that id."""
    given = _listed(ids)
    run = Erasing(guard, "records", owner, tell)
    yield from run.enter(rooms)
    wanted: dict[str, tuple[str, ...]] = {}
    for place in run.places:
        space = _space(run, place, owner)
        named = () if space is None else (space.backend_id(_record_id(each, place.shelf.traits.ids)) for each in given)
        wanted[place.uid] = tuple(dict.fromkeys(named))
    return (yield from _erased(run, owner, wanted))


def erase_subject(
    guard: Guard,
    rooms: Sequence[tuple[Room, bool]],
    owner: str,
    subject: Sequence[str],
    tell: Tell | None,
    *,
    records: bool,
) -> Steps[ErasureReceipt]:
    """Erase the originals that contain one of the names and numbers that a person goes by; with `records` those too."""
    mentioned = mentions_any(subject)
    run = Erasing(guard, "subject", owner, tell)
    yield from run.enter(rooms)
    tokens = state_of.subject_tokens(run.state, owner, mentioned)
    run.seek([("original", sealed) for sealed in tokens.values()])
    held = state_of.tokens_at(run.state, owner, list(tokens))
    here = {place.uid: held.get(place.uid, frozenset()) for place in run.places}
    run.counts["records that held the subject's tokens"] = sum(len(rows) for rows in held.values())
    run.elsewhere = len([uid for uid in held if uid not in here])
    yield from run.search_before()
    run.counts["originals"] = run.state.shred(owner, mentioned)
    wanted = {uid: tuple(sorted(rows)) for uid, rows in here.items()} if records else {}
    return (yield from _erased(run, owner, wanted))


def _erased(run: Erasing, owner: str, wanted: dict[str, tuple[str, ...]]) -> Steps[ErasureReceipt]:
    for place in run.places:
        yield place.room, _noted(run, wanted.get(place.uid, ()))
    yield from run.search_before()
    for place in run.places:
        ids = wanted.get(place.uid, ())
        if ids and (space := _space(run, place, owner)) is not None:
            canaries = state_of.forget_rows(run.state, owner, place.uid, ids, run.scope)
            run.counts["canaries"] = run.counts.get("canaries", 0) + canaries
            run.rows[place.uid] = yield place.room, gone(run, place, space, ids)
            run.forget_cached(place, owner)
    yield from run.compact()
    return (yield from run.finish())


def _noted(run: Erasing, ids: Sequence[str]) -> Flow[None]:
    for part in _batches(ids):
        rows: Sequence[Row] = yield Fetch(tuple(part), vectors=True)
        for row in rows:
            run.needles.add_row(row, tagged=False)


def gone(run: Erasing, place: Place, space: Space, ids: Sequence[str]) -> Flow[int]:
    """Erase rows of an owner by backend id; return how many there were. Rows that do not authenticate go too.

    What the state has of them, because a file does not have it yet, goes when nothing can bring them back but that.
    """
    count = 0
    for part in _batches(ids):
        for _ in range(_ATTEMPTS):
            rows: Sequence[Row] = yield Fetch(tuple(part), vectors=True)
            for row in rows:
                run.needles.add_row(row, tagged=False)
            if not isinstance((yield from _dropped(run, place, space, rows)), Overtaken):
                count += len(rows)
                break
        else:
            raise Contended("others kept changing the same records: not all of them were erased; run it again")
    place.shelf.unsaved |= run.state.unsaved.withdraw(place.uid, space.owner_digest, ids)
    return count


def _dropped(run: Erasing, place: Place, space: Space, rows: Sequence[Row]) -> Flow[Overtaken | None]:
    genuine = {each.backend_id: each for row in rows if (each := opened(place, space, row)) is not None}
    if genuine:
        begun = run.state.begin_drop(list(genuine.values()), space, None)
        own = [row for row in rows if row.backend_id in genuine]
        path = carry_out(run.state, place.shelf, begun, place.uid)
        done = yield from overwriting_first(path, own, place.shelf, place.collection.keys)
        if isinstance(done, Overtaken):
            return done
    if others := [row for row in rows if row.backend_id not in genuine]:
        yield from erased(others, place.shelf, place.collection.keys)
    return None


def opened(place: Place, space: Space, row: Row) -> Opened | None:
    """Authenticate a row, expired or not; None for one that does not authenticate."""
    try:
        return place.shelf.sealer.open([row], {space.owner_tag: space}, WHENEVER)[0]
    except Tampered:
        return None


def _space(run: Erasing, place: Place, owner: str) -> Space | None:
    return run.state.find_space(place.uid, owner, place.collection.keys)


def _listed(ids: Iterable[Any]) -> list[Any]:
    if isinstance(ids, str | bytes):
        raise BadId("ids are a list")
    given = list(ids)
    if not given:
        raise BadInput("ids are empty: without ids everything of the owner is erased")
    return given


def _record_id(given: Any, form: IdForm) -> RecordId:
    match given:
        case bool():
            pass
        case int():
            return RecordId.number(given)
        case UUID():
            return RecordId("uuid", str(given), given.hex)
        case str() if form == "text":
            return RecordId.text(given)
        case str():
            try:
                return RecordId("uuid", given, UUID(given).hex)
            except ValueError:
                pass
    raise BadId("an id is a string, a whole number or a UUID, as the store takes it")


def _batches(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
