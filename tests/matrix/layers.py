"""The layers that keep owners apart, and how to take each away while a call runs.

    access   who may act in an owner's space at all (`vecguard.access`): before anything is asked of the store
    names    ids that are keyed per owner (`Space.backend_id`): who names another owner's record names nothing.
             Off: an id that somebody else has names that record
    filter   the owner condition that every listing, count and search carries to the store (`OwnerScope.predicate` and
             the one of `OwnerRanking`), and FAISS's index per owner, which is found by it. Off: the store ignores every
             condition on the owner. The self-test at the first touch, which refuses such a store, is off with it
    recheck  the guard opens only rows that authenticate under the keys of an owner in scope, and unmasks only those.
             Off: it opens, unmasks and hands out what authenticates under anybody's keys, as the caller's own

They stand one behind the other, and not every call passes all of them:

    listings, counts, searches, deletes by filter     filter and recheck
    the same by ids of a caller's                      names, filter and recheck
    updates, verify, queries by the id of a point      names and recheck: a fetch by id carries no filter
    ids of shared rows that were learnt somewhere      filter and recheck; a query by one: recheck
    adds and upserts                                   names: what lies under another name cannot be overwritten
    any call in the space of an owner                  access

So "each layer alone" means: with all others off, of the calls that pass this one none may show or change anything of
another owner. Alone they keep content and records; how many rows others have is kept by the filter, since the store
counts and pages before the guard sees a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from vecguard import Guard, selftest
from vecguard.filters import EVERYTHING, All, AnyOf, Compare, Predicate, all_of
from vecguard.flow import Flow
from vecguard.ports import Find, Request, Search
from vecguard.ranking.exact import Unmasking
from vecguard.records import Opened, RecordId, Row
from vecguard.rules import OWNER_FIELD, checked_member
from vecguard.sealing import Sealer
from vecguard.shelf import View
from vecguard.space import CollectionKeys, Space

LAYERS = frozenset({"access", "names", "filter", "recheck"})


class Layers:
    """Takes layers away from whatever runs inside `without(...)`; outside everything stands as it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._off: frozenset[str] = frozenset()
        self._guard: Guard | None = None
        self._ids: Mapping[str, frozenset[tuple[str, str]]] = {}
        self._spaces: dict[str, dict[str, Space]] = {}
        self._owners: tuple[str, ...] = ()
        for patch in (self._access, self._names, self._filter, self._recheck):
            patch(monkeypatch)

    def know(self, guard: Guard, ids: Mapping[str, Sequence[RecordId]]) -> None:
        """Learn whose keys there are, and what each owner calls its records."""
        self._guard, self._owners, self._spaces = guard, tuple(ids), {}
        self._ids = {owner: frozenset((each.kind, each.canonical) for each in theirs) for owner, theirs in ids.items()}

    @contextmanager
    def without(self, off: frozenset[str]) -> Iterator[None]:
        """Run the block without these layers."""
        assert off <= LAYERS
        self._off = off
        try:
            yield
        finally:
            self._off = frozenset()

    def _everybody(self, uid: str, keys: CollectionKeys) -> Mapping[str, Space]:
        """Return the spaces of all owners of a collection, by tag."""
        assert self._guard is not None
        if uid not in self._spaces:
            found = [self._guard.state.find_space(uid, owner, keys) for owner in self._owners]
            self._spaces[uid] = {each.owner_tag: each for each in found if each is not None}
        return self._spaces[uid]

    def _access(self, monkeypatch: pytest.MonkeyPatch) -> None:
        allowed = "vecguard.access.checked_member"
        monkeypatch.setattr(allowed, lambda *who: "access" in self._off or checked_member(*who))

    def _names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Space.backend_id

        def backend_id(space: Space, record: RecordId) -> str:
            name = (record.kind, record.canonical)
            if "names" not in self._off or name in self._ids[space.owner]:
                return real(space, record)
            spaces = self._everybody(space.uid, space.collection_keys).values()
            return real(next((each for each in spaces if name in self._ids[each.owner]), space), record)

        monkeypatch.setattr(Space, "backend_id", backend_id)

    def _filter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real, self_test = Request.on, selftest.enforced

        def on(request: Request, store: Any) -> Any:
            if "filter" in self._off and isinstance(request, Find | Search):
                request = replace(request, where=unowned(request.where))
            return real(request, store)

        def enforced(*asked: Any, **options: Any) -> Flow[None]:
            if "filter" not in self._off:
                yield from self_test(*asked, **options)

        monkeypatch.setattr(Request, "on", on)
        monkeypatch.setattr("vecguard.entry.enforced", enforced)

    def _recheck(self, monkeypatch: pytest.MonkeyPatch) -> None:
        opened_by, unmasked_by = Sealer.open, Unmasking.__call__

        def opened(sealer: Sealer, rows: Sequence[Row], spaces: Mapping[str, Space], now: float) -> list[Opened | None]:
            if "recheck" not in self._off:
                return opened_by(sealer, rows, spaces, now)
            own = next(iter(spaces))
            everybody = self._everybody(spaces[own].uid, spaces[own].collection_keys)
            return [
                each if each is None or each.owner_tag in spaces else replace(each, owner_tag=own)
                for each in opened_by(sealer, rows, {**everybody, **spaces}, now)
            ]

        def unmasked(unmasking: Unmasking, rows: Sequence[Row], opened: Sequence[Opened], view: View) -> Any:
            if "recheck" not in self._off:
                return unmasked_by(unmasking, rows, opened, view)
            everybody = {**self._everybody(view.uid, view.space.collection_keys), **view.spaces}
            theirs = [
                replace(each, owner_tag=str(row.fields[OWNER_FIELD])) for row, each in zip(rows, opened, strict=True)
            ]
            return unmasked_by(unmasking, rows, theirs, replace(view, spaces=everybody))

        monkeypatch.setattr(Sealer, "open", opened)
        monkeypatch.setattr(Unmasking, "__call__", unmasked)


def unowned(where: Predicate) -> Predicate:
    """Return a predicate without its conditions on the owner."""
    match where:
        case All(parts):
            return all_of(*(unowned(part) for part in parts))
        case AnyOf(parts) if all(unowned(part) == EVERYTHING for part in parts):
            return EVERYTHING
        case Compare((name,), "eq") if name == OWNER_FIELD:
            return EVERYTHING
    return where
