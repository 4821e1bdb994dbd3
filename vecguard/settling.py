"""Carrying out intents, now or after a crash, so that a shelf and the state never disagree for good.

A write is written down, put, and read back. If the store refuses it and kept none of it, the intent is struck out and
the caller gets the store's error. If it kept some of it, or cannot be asked, the intent stays and the caller gets
`Pending`: the next call on the collection, in this process or another, carries it out. So it does with what a process
left that died, and with nothing that somebody still carries out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from vecguard.errors import Pending, StoreFailed
from vecguard.flow import Flow
from vecguard.ports import Drop, Fetch, Put
from vecguard.records import Row, Sealed, SealedRow
from vecguard.sealing import tag_of, version_of
from vecguard.shelf import Collection, Shelf
from vecguard.state import State
from vecguard.state.intents import Intent, Outcome, Overtaken

_RECORDED = "it is recorded, and the next call or Guard.reconcile settles it"
_AT_ONCE = 1_000  # rows that are settled together


@dataclass(frozen=True, slots=True)
class Done:
    """An intent that was carried out: the rows as the store has them now, and the owner's epoch since."""

    intent: Intent
    seen: Sequence[Row] = field(repr=False)
    epoch: int


def carry_out(state: State, shelf: Shelf, begun: Intent | Overtaken, uid: str) -> Flow[Done | Overtaken]:
    """Do what an intent says and read it back. It is left open if this does not run to its end.

    One that was overtaken is handed back: the call has to read again what is there, and may begin anew.
    """
    if isinstance(begun, Overtaken):
        return begun
    with shelf.carrying_out(), state.intents.carrying([begun]):
        intent = (yield from _as_found(state, begun, uid)) if begun.claim else begun
        if isinstance(intent, Overtaken):
            return intent
        refused = yield from _attempt(Put(intent.rows) if intent.action == "put" else Drop(intent.rows.ids))
        seen = yield from _read_back(intent)
        outcome = outcome_of(intent, _by_id(seen))
        if len(outcome.done) == len(intent.rows.rows):
            return Done(intent, seen, state.confirm(intent, uid, saved=_in_the_file(shelf, [outcome])))
        if refused is not None and not outcome.done:
            state.strike_out(intent, uid)
            raise refused
        raise Pending(f"the store did not take the whole write: {_RECORDED}", refused.native if refused else "")


def settle(state: State, shelf: Shelf, collection: Collection) -> Flow[int]:
    """Carry out what was begun and nobody carries out any more, oldest first; return how many intents that were.

    Of what the store refuses although it answers, an intent that it kept nothing of is struck out, and one that it
    kept a part of stays for the next call with the rest. If the store is away, this raises and all of them stay.
    """
    with state.intents.claimed(collection.uid) as intents:
        for each in intents:
            if each.claim:
                state.strike_out(each, collection.uid, "never begun")
        settled = len(intents)
        for some in batches([each for each in intents if not each.claim]):
            settled -= yield from _settle(state, shelf, some, collection.uid)
    shelf.unsettled = settled < len(intents)
    return settled


def _settle(state: State, shelf: Shelf, intents: Sequence[Intent], uid: str) -> Flow[int]:
    """Settle intents, which have no row in common; return how many of them stay."""
    ids = tuple(chain.from_iterable(each.rows.ids for each in intents))
    seen: Sequence[Row] = yield Fetch(ids)
    refused: StoreFailed | None = None
    again = _again(intents, _by_id(seen))
    for request in again:
        refused = (yield from _attempt(request)) or refused
    if again:
        seen = yield Fetch(ids)
    if refused is not None and len(intents) > 1:  # one may be refused because of another
        stay = 0
        for each in intents:
            stay += yield from _settle(state, shelf, [each], uid)
        return stay
    there = _by_id(seen)
    outcomes = [outcome_of(each, there) for each in intents]
    if refused is not None and outcomes[0].pending == frozenset(ids) and not intents[0].rest:
        state.strike_out(intents[0], uid)
        return 0
    state.confirm_settled(outcomes, uid, saved=_in_the_file(shelf, outcomes))
    return sum(bool(each.pending) for each in outcomes)


def _as_found(state: State, claim: Intent, uid: str) -> Flow[Intent | Overtaken]:
    """See whether rows are as they were when they were read: from the claim on nobody else changes them."""
    try:
        seen: Sequence[Row] = yield Fetch(claim.rows.ids)
    except StoreFailed:
        state.strike_out(claim, uid)
        raise
    tags = _tags(seen)
    if all(tags.get(row.backend_id, "") == row.found for row in claim.rows.rows):
        return state.intents.stand(claim)
    state.strike_out(claim, uid, "overtaken")
    return Overtaken()


def _in_the_file(shelf: Shelf, outcomes: Sequence[Outcome]) -> bool:
    """Whether what was done is where it stays. Otherwise note it as unsaved, before anybody can confirm what follows.

    A save strikes out what was noted before its snapshot: a change and all that came before it on the same rows.
    """
    if not shelf.traits.saved_late:
        return True
    shelf.unsaved.update(each.intent.id for each in outcomes if each.done)
    return False


def batches(intents: Iterable[Intent]) -> Iterator[Sequence[Intent]]:
    """Take intents together that have a thousand rows, or one intent if it alone has more."""
    some: list[Intent] = []
    rows = 0
    for each in intents:
        rows += len(each.rows.rows)
        if some and rows > _AT_ONCE:
            yield some
            some, rows = [], len(each.rows.rows)
        some.append(each)
    if some:
        yield some


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


def _by_id(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.backend_id: row for row in rows}


def outcome_of(intent: Intent, there: Mapping[str, Row]) -> Outcome:
    """Say of which rows the shelf shows that the intent was done, and which are still to be done.

    The others have another version than it knows of: later versions are never overwritten or deleted by an old intent.
    """
    shown = {row.backend_id: there.get(row.backend_id) for row in intent.rows.rows}
    if intent.action == "drop":
        done = frozenset(each for each, row in shown.items() if row is None)
        pending = [row.backend_id for row in intent.rows.rows if _same_version(shown[row.backend_id], row)]
    else:
        done = frozenset(row.backend_id for row in intent.rows.rows if _same_version(shown[row.backend_id], row))
        pending = [row.backend_id for row in intent.rows.rows if _behind(shown[row.backend_id], row)]
    return Outcome(intent, done, frozenset(pending))


def _again(intents: Sequence[Intent], there: Mapping[str, Row]) -> list[Put | Drop]:
    """Return what is left to do."""
    outcomes = [outcome_of(each, there) for each in intents]
    puts, drops = (
        [row for each in outcomes if each.intent.action == action for row in left_of(each)]
        for action in ("put", "drop")
    )
    requests: list[Put | Drop] = [Put(Sealed(tuple(puts), ()))] if puts else []
    return [*requests, Drop(tuple(row.backend_id for row in drops))] if drops else requests


def left_of(outcome: Outcome) -> list[SealedRow]:
    """Return the rows of an intent that are still to be put or dropped."""
    return [row for row in outcome.intent.rows.rows if row.backend_id in outcome.pending]


def _same_version(there: Row | None, wanted: SealedRow) -> bool:
    return there is not None and tag_of(there.fields) == tag_of(wanted.fields)


def _behind(there: Row | None, wanted: SealedRow) -> bool:
    if there is None:  # a row that keeps its vector needs one to keep
        return wanted.vector is not None
    return version_of(there.fields) < version_of(wanted.fields)
