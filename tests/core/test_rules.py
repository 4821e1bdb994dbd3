"""Owner scopes: over one owner or several, as a filter for the store and as the law for every row that comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vecguard.entry import Entry
from vecguard.filters import holds
from vecguard.keys import Secret
from vecguard.principal import Acting
from vecguard.records import Ask, Query
from vecguard.rules import OWNER_FIELD, OwnerScope, OwnRows
from vecguard.space import CollectionKeys, owner_tag

KEYS = CollectionKeys.of(Secret(b"k" * 32))


class Shared:
    """Rules under which everyone also reads what alice and carol have."""

    def scope(self, acting: Acting) -> OwnerScope:
        return OwnerScope(acting.owner, ("alice", "carol", "alice"))


@pytest.mark.parametrize("shared", [(), ("alice",), ("bob", "alice")])
@pytest.mark.parametrize("owner", ["alice", "bob", "carol", "Bob"])
def test_the_predicate_is_the_scope(shared: tuple[str, ...], owner: str) -> None:
    """A row passes if and only if its owner tag is that of an owner in scope."""
    scope = OwnerScope("bob", shared)
    row = {OWNER_FIELD: owner_tag(KEYS, owner)}
    passes = holds(scope.predicate(KEYS), "any", lambda path: row.get(path[0]))
    assert passes == (owner in scope.owners)
    assert not holds(scope.predicate(KEYS), "any", lambda path: None)


def test_owners_are_listed_once_and_own_comes_first() -> None:
    """Naming an owner twice, or oneself among those that share, changes nothing."""
    assert OwnerScope("bob", ("alice", "bob", "alice")).owners == ("bob", "alice")
    assert OwnRows().scope(Acting.of("ann", "acme")).owners == ("acme",)


@pytest.mark.parametrize("query", [None, Query(texts=("a note",))])
def test_several_owners_are_read_in_one_call_and_no_other(desk_of: Callable[..., Any], query: Query | None) -> None:
    """Under rules that share two owners' rows, listing and ranking return those and one's own, each authenticated."""
    desk = desk_of()
    for owner in ("alice", "bob", "carol", "dave"):
        desk.write([owner], [f"a note of {owner}"], who=owner)
    assert [hit.record.text for hit in desk.read(Ask(), "bob").hits] == ["a note of bob"]
    desk.guard.entry = Entry(desk.guard.state, Shared(), desk.guard.policy.layout)
    found = desk.read(Ask(query=query, limit=10), "bob").hits
    assert sorted(str(hit.record.text) for hit in found) == ["a note of alice", "a note of bob", "a note of carol"]


def test_a_shared_row_is_read_and_never_deleted(desk_of: Callable[..., Any]) -> None:
    """Deleting acts on one's own space, whatever one may read."""
    desk = desk_of()
    for owner in ("alice", "bob"):
        desk.write(["n"], [f"a note of {owner}"], who=owner)
    desk.guard.entry = Entry(desk.guard.state, Shared(), desk.guard.policy.layout)
    assert desk.forget(None, "bob") == 1
    assert [hit.record.text for hit in desk.read(Ask(), "bob").hits] == ["a note of alice"]
