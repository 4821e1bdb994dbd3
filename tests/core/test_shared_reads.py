"""Reads of other owners' rows go past the watch: budgets, canaries, alarms. Reads of one's own do not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import AccessDenied, Budgets, Missing, Policy, Principal, Scrub, SharedRowsWithheldWarning, Throttled
from vecguard.facade import Guarded, Room
from vecguard.records import Ask, Query
from vecguard.state import tables
from vecguard.surface import Surface
from vecguard.watch.events import BudgetSpent, CanaryHit, Denied, Event, Probing

UNSCRUBBED = Policy(scrub=Scrub(enabled=False))


def _with(**budgets: Any) -> Policy:
    return UNSCRUBBED.replace(budgets=Budgets(**budgets))


@pytest.fixture
def ward(desk_of: Callable[..., Any]) -> Callable[..., Any]:
    """A factory of desks where alice has eight notes that everyone may read, and bob two of his own."""

    def make(policy: Policy = UNSCRUBBED, **options: Any) -> Any:
        desk = desk_of(policy, **options)
        desk.write([f"a{i}" for i in range(8)], [f"a note of alice, number {i}" for i in range(8)], who="alice")
        desk.write(["b0", "b1"], ["a note of bob", "another of bob"], who="bob")
        desk.guard.rules.grant("alice", readers=["everyone"])
        return desk

    return make


def _counts(desk: Any, ask: Ask, who: Principal | str) -> tuple[int, int]:
    """Return how many shared rows and how many of one's own an answer has."""
    hits = desk.read(ask, who).hits
    shared = sum(str(hit.record.id.given).startswith("_vg_") for hit in hits)
    return shared, len(hits) - shared


EVERY = Ask()
NEAREST = Ask(query=Query(texts=("a note",)), limit=20)


@pytest.mark.parametrize("ask", [EVERY, NEAREST])
def test_only_so_many_records_of_others_are_handed_out_a_day(ward: Callable[..., Any], ask: Ask) -> None:
    """The rest is left out, with a warning; the same records come again, and one's own always do."""
    desk = ward(_with(records_a_day=3))
    for _ in range(2):
        with pytest.warns(SharedRowsWithheldWarning):
            assert _counts(desk, ask, "bob") == (3, 2)
    with pytest.warns(SharedRowsWithheldWarning):
        assert _counts(desk, ask, "zoe") == (3, 0)  # everybody has a budget


def test_what_is_within_the_budget_is_answered_without_a_word(ward: Callable[..., Any]) -> None:
    """No warning, no event."""
    desk = ward(_with(records_a_day=8))
    told: list[Event] = []
    desk.guard.watch.events.on(told.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _counts(desk, NEAREST, "bob") == (8, 2)
    assert told == []


def test_a_reader_whose_queries_are_spent_has_its_own_rows(ward: Callable[..., Any]) -> None:
    """Who has none is told to come back."""
    desk = ward(_with(queries_a_day=1))
    assert _counts(desk, NEAREST, "bob") == (8, 2)
    with pytest.warns(SharedRowsWithheldWarning):
        assert _counts(desk, NEAREST, "bob") == (0, 2)
    assert _counts(desk, NEAREST, "zoe") == (8, 0)
    with pytest.raises(Throttled):
        desk.read(NEAREST, "zoe")


def test_a_shared_record_cannot_be_reached_by_its_id_either(ward: Callable[..., Any]) -> None:
    """What the budget withholds from a search it withholds from a listing by id."""
    desk = ward(_with(records_a_day=5))
    first = [hit.record.id for hit in desk.read(Ask(limit=5), "zoe").hits]
    rest = [hit.record.id for hit in desk.read(Ask(offset=5), "yan").hits]
    assert (len(first), len(rest)) == (5, 3)
    with pytest.warns(SharedRowsWithheldWarning):
        assert [hit.record.id for hit in desk.read(Ask(ids=(*rest, *first)), "zoe").hits] == first


def test_principals_that_nobody_knows_share_one_budget(ward: Callable[..., Any]) -> None:
    """Made-up names buy nothing."""
    desk = ward(_with(records_a_day=3), directory=lambda principal: principal.id in ("alice", "bob"))
    with pytest.warns(SharedRowsWithheldWarning):
        assert _counts(desk, EVERY, "bob") == (3, 2)
    with pytest.warns(SharedRowsWithheldWarning):
        first = {str(hit.record.text) for hit in desk.read(EVERY, "zoe").hits}
    with pytest.warns(SharedRowsWithheldWarning):
        second = {str(hit.record.text) for hit in desk.read(EVERY, "yan").hits}
    assert first == second
    assert len(first) == 3


def test_a_directory_that_fails_denies(ward: Callable[..., Any]) -> None:
    """And says nothing of what it failed with."""

    def failing(principal: Principal) -> bool:
        raise RuntimeError(principal.id)

    desk = ward(directory=failing)
    with pytest.raises(AccessDenied) as denied:
        desk.read(NEAREST, "zoe")
    assert "zoe" not in str(denied.value)


def test_own_rows_never_touch_the_counters(desk_of: Callable[..., Any]) -> None:
    """Without anybody else in scope a read counts nothing, however tight the budgets are."""
    desk = desk_of(_with(records_a_day=0, queries_a_day=0, vectors_a_day=0))
    desk.write(["n"], ["a note"], who="alice")
    for ask in (EVERY, NEAREST):
        assert len(desk.read(ask, "alice").hits) == 1
    rows = desk.guard.state.database.look(lambda connection: connection.execute(tables.counters.select()).all())
    assert rows == []


def test_denials_are_counted_and_told(ward: Callable[..., Any]) -> None:
    """Who knocks at another's space is heard of."""
    desk = ward()
    told: list[Event] = []
    desk.guard.watch.events.on(told.append)
    with pytest.raises(AccessDenied):
        desk.read(EVERY, "mallory", "alice")
    assert [type(each) for each in told] == [Denied]


@pytest.mark.parametrize("response", ["log", "withhold"])
def test_probing_is_told_and_withheld_where_the_policy_says_so(ward: Callable[..., Any], response: str) -> None:
    """The same search again and again, each a little off, is none: an event, and no rows of others if so wanted."""
    desk = ward(_with(circling=response))
    told: list[Event] = []
    desk.guard.watch.events.on(told.append)
    rng, start, got = np.random.default_rng(0), np.ones(16, dtype=np.float32), []
    for _ in range(40):
        near = (start + 0.01 * rng.normal(size=16)).astype(np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SharedRowsWithheldWarning)
            got.append(_counts(desk, Ask(query=Query(vectors=near[None, :]), limit=10), "bob")[0])
    assert any(isinstance(each, Probing) and each.signal == "circling" for each in told)
    assert got[0] > 0
    assert (got[-1] == 0) == (response == "withhold")


# ------------------------------------------------------------------------------------------------------------ canaries


class Handle(Guarded):
    """The least guarded object: enough to mark canaries through."""

    __slots__ = ()


Handle.surface = Surface("Handle", Handle, {})


def _bound(desk: Any, who: str) -> Any:
    return Handle(Room(desk.guard, None, None, desk.shelf, desk.store, desk.embedding)).acting_for(who)


def test_a_canary_alarms_when_somebody_else_gets_it(ward: Callable[..., Any]) -> None:
    """Before the answer is handed over, by search and by listing; its owner finds it in peace."""
    desk = ward()
    told: list[Event] = []
    desk.guard.watch.events.on(told.append)
    assert desk.guard.canaries.mark(_bound(desk, "alice"), ["a3"]) == 1
    desk.read(EVERY, "alice")
    desk.read(NEAREST, "alice")
    assert told == []
    assert _counts(desk, EVERY, "bob") == (8, 2)  # handed out like any other
    assert [(type(each), getattr(each, "hits", 0)) for each in told] == [(CanaryHit, 1)]
    desk.read(NEAREST, "zoe")
    assert len(told) == 2
    assert desk.guard.canaries.unmark(_bound(desk, "alice"), ["a3", "a4"]) == 1
    desk.read(EVERY, "bob")
    assert len(told) == 2


def test_nobody_marks_what_is_not_theirs(ward: Callable[..., Any]) -> None:
    """A mark by another owner is on a record of its own by that id, whether it is there or not."""
    desk = ward()
    told: list[Event] = []
    desk.guard.watch.events.on(told.append)
    desk.guard.canaries.mark(_bound(desk, "bob"), ["a3"])
    desk.read(EVERY, "zoe")
    assert told == []
    with pytest.raises(Missing):
        desk.guard.canaries.mark(_bound(desk, "nobody"), ["a3"])


def test_a_budget_that_is_spent_is_told_once(ward: Callable[..., Any]) -> None:
    """Not with every read."""
    desk = ward(_with(records_a_day=3))
    told: list[Event] = []
    desk.guard.watch.events.on(told.append)
    for _ in range(3):
        with pytest.warns(SharedRowsWithheldWarning):
            desk.read(EVERY, "bob")
    assert sum(isinstance(each, BudgetSpent) for each in told) == 1
    assert not any(isinstance(each, Probing) for each in told)
    assert all("bob" not in repr(each) for each in told)
