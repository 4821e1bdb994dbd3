"""A store that does not do what filters say is not used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from vecguard import NotEnforced, Policy, Scrub, Vectors
from vecguard.filters import EVERYTHING, All, Compare, Not, Predicate
from vecguard.ports import Find, Found, Search
from vecguard.records import Ask, Row
from vecguard.testing import MemoryStore

GUARD = Policy(scrub=Scrub(enabled=False))
STORE = Policy(scrub=Scrub(enabled=False), vectors=Vectors(ranking="store"))


class Deaf(MemoryStore):
    """A store that ignores filters in listings, counts or searches, or only one half of a conjunction."""

    def __init__(self, *deaf: str) -> None:
        super().__init__()
        self.deaf = set(deaf)

    def find(self, request: Find) -> Found:
        if "and" in self.deaf and isinstance(request.where, All):
            request = replace(request, where=_last(request.where))
        if ("count" if request.counting else "find") in self.deaf:
            request = replace(request, where=EVERYTHING)
        return super().find(request)

    def search(self, request: Search) -> Sequence[Sequence[Row]]:
        return super().search(replace(request, where=EVERYTHING) if "search" in self.deaf else request)


def _last(where: All) -> Predicate:
    return where.parts[-1] if where.parts else where


@pytest.mark.parametrize(
    ("policy", "deaf"), [(GUARD, "find"), (GUARD, "count"), (STORE, "find"), (STORE, "count"), (STORE, "search")]
)
def test_a_store_that_ignores_filters_is_refused(desk_of: Callable[..., Any], policy: Policy, deaf: str) -> None:
    """With the first record, before it is written, and again whenever the collection is opened."""
    desk = desk_of(policy, store=Deaf(deaf), legacy="ignore")
    with pytest.raises(NotEnforced):
        desk.write(["n"], ["a note"])
    assert len(desk.store.rows) == 1  # the marker
    with pytest.raises(NotEnforced):
        desk_of(guard=desk.guard, store=desk.store, legacy="ignore").read(Ask())


def test_a_store_that_hears_one_half_of_a_filter_is_refused(desk_of: Callable[..., Any]) -> None:
    """A conjunction is what owners are kept apart with."""
    store = Deaf()
    desk = desk_of(store=store)
    desk.write(["n"], ["a note"])
    store.deaf.add("and")
    with pytest.raises(NotEnforced):
        desk_of(guard=desk.guard, store=store, legacy="ignore").read(Ask())


def test_a_store_that_goes_deaf_later_is_refused_when_it_is_opened(desk_of: Callable[..., Any]) -> None:
    """The rows that it would hand over are looked at in any case; but it is not used any more."""
    store = Deaf()
    desk = desk_of(store=store)
    for owner in ("alice", "bob"):
        desk.write(["n"], [f"a note of {owner}"], who=owner)
    store.deaf.add("find")
    assert [hit.record.text for hit in desk.read(Ask(), "bob").hits] == ["a note of bob"]
    with pytest.raises(NotEnforced):
        desk_of(guard=desk.guard, store=store, legacy="ignore").read(Ask(), "bob")


def test_the_self_test_costs_a_wrapped_collection_nothing_later(desk_of: Callable[..., Any]) -> None:
    """It runs once for each wrapped collection."""
    desk = desk_of()
    desk.write(["n"], ["a note"])
    fresh = desk_of(guard=desk.guard, store=desk.store)
    fresh.read(Ask())
    desk.store.requests.clear()
    fresh.read(Ask())
    mine = [each for each in desk.store.requests if isinstance(each, Find)]
    assert len(mine) == 1
    assert not any(isinstance(each.where, Not | Compare) and "_vg_uid" in repr(each.where) for each in mine)
