"""Carrying out intents, now or after a crash, so that a shelf and the state never disagree for good.

A write is written down, put, and read back. If the store refuses it and kept none of it, the intent is struck out and
the caller gets the store's error. If it kept some of it, or cannot be asked, the intent stays and the caller gets
`Pending`: the next call on the collection, in this process or another, carries it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vecguard.errors import Pending, StoreFailed
from vecguard.flow import Flow
from vecguard.ports import Drop, Fetch, Put
from vecguard.records import Row, Sealed, SealedRow
from vecguard.sealing import tag_of, version_of
from vecguard.shelf import Collection, Shelf
from vecguard.state import State
from vecguard.state.intents import Intent

_RECORDED = "it is recorded, and the next call or Guard.reconcile settles it"


@dataclass(frozen=True, slots=True)
class Done:
    """An intent that was carried out: the rows as the store has them now, and the owner's epoch since."""

    seen: Sequence[Row] = field(repr=False)
    epoch: int


def carry_out(state: State, shelf: Shelf, intent: Intent, uid: str) -> Flow[Done]:
    """Do what an intent says and read it back. It is left open if this does not run to its end."""
    with shelf.carrying_out(), state.intents.in_flight(intent):
        refused = yield from _attempt(Put(intent.rows) if intent.action == "put" else Drop(intent.rows.ids))
        seen = yield from _read_back(intent)
        if _done(intent, seen):
            return Done(seen, state.confirm(intent, uid))
        if refused is not None and not _begun(intent, seen):
            state.strike_out(intent, uid)
            raise refused
        raise Pending(f"the store did not take the whole write: {_RECORDED}", refused.native if refused else "")


def settle(state: State, shelf: Shelf, collection: Collection) -> Flow[int]:
    """Carry out what was begun and not confirmed, oldest first; return how many intents that were.

    Of what the store refuses although it answers, an intent that it kept nothing of is struck out, and one that it
    kept a part of stays for the next call. If the store is away, this raises and all of them stay.
    """
    intents = state.intents.abandoned(collection.uid)
    kept = 0
    for intent in intents:
        seen: Sequence[Row] = yield Fetch(intent.rows.ids)
        if (again := _again(intent, {row.backend_id: row for row in seen})) is not None:
            refused = yield from _attempt(again)
            seen = yield Fetch(intent.rows.ids)
            if refused is not None and _begun(intent, seen) and not _done(intent, seen):
                kept += 1
                continue
        state.confirm_settled(intent, collection.uid)
    shelf.unsettled = kept > 0
    return len(intents) - kept


def _read_back(intent: Intent) -> Flow[Sequence[Row]]:
    seen: Sequence[Row] | None = None
    native = ""
    try:
        seen = yield Fetch(intent.rows.ids)
    except StoreFailed as failed:
        native = failed.native
    if seen is None:
        raise Pending(f"the store cannot say what became of the write: {_RECORDED}", native)
    return seen


def _attempt(request: Put | Drop) -> Flow[StoreFailed | None]:
    try:
        yield request
    except StoreFailed as failed:
        return StoreFailed(str(failed), failed.native)
    return None


def _tags(rows: Sequence[Row]) -> dict[str, str]:
    return {row.backend_id: tag_of(row.fields) for row in rows}


def _done(intent: Intent, seen: Sequence[Row]) -> bool:
    if intent.action == "drop":
        return not seen
    tags = _tags(seen)
    return all(tags.get(row.backend_id) == tag_of(row.fields) for row in intent.rows.rows)


def _begun(intent: Intent, seen: Sequence[Row]) -> bool:
    if intent.action == "drop":
        return len(seen) < len(intent.rows.rows)
    tags = _tags(seen)
    return any(tags.get(row.backend_id) == tag_of(row.fields) for row in intent.rows.rows)


def _again(intent: Intent, there: dict[str, Row]) -> Put | Drop | None:
    """Return what is left to do: later versions of a row are never overwritten or deleted by an old intent."""
    if intent.action == "drop":
        same = tuple(row.backend_id for row in intent.rows.rows if _same_version(there.get(row.backend_id), row))
        return Drop(same) if same else None
    behind = tuple(row for row in intent.rows.rows if _behind(there.get(row.backend_id), row))
    return Put(Sealed(behind, ())) if behind else None


def _same_version(there: Row | None, wanted: SealedRow) -> bool:
    return there is not None and tag_of(there.fields) == tag_of(wanted.fields)


def _behind(there: Row | None, wanted: SealedRow) -> bool:
    if there is None:  # a row that keeps its vector needs one to keep
        return wanted.vector is not None
    return version_of(there.fields) < version_of(wanted.fields)
