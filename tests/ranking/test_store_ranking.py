"""Ranking in the store: how many candidates it is asked for, and what it is asked with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import Policy, Scrub, Vectors
from vecguard.ports import Find, Search
from vecguard.protect.over_fetch import over_fetch
from vecguard.protect.rotation import rotation
from vecguard.ranking import store as module
from vecguard.testing import word_hash


def policy(**vectors: Any) -> Policy:
    return Policy(scrub=Scrub(enabled=False), vectors=Vectors(**{"ranking": "store", **vectors}))


def limits(desk: Any) -> list[int]:
    return [each.limit for each in desk.store.requests if isinstance(each, Search)]


def counts(desk: Any) -> int:
    return sum(isinstance(each, Find) and each.counting and "_vg_owner" in repr(each) for each in desk.store.requests)


def filled(desk: Any, count: int, who: str = "alice") -> None:
    desk.write([f"n{at}" for at in range(count)], [f"fever scan {at}" for at in range(count)], who=who)
    desk.store.requests.clear()  # the first write has the store tested


def test_candidates_follow_the_rule_for_the_owners_rows(desk_of: Callable[..., Any]) -> None:
    """The owner's rows count, not the collection's; twice what the caller will see is the least."""
    desk = desk_of(policy(noise=1.0))
    filled(desk, 1500)
    filled(desk, 40, who="bob")
    desk.nearest("fever", limit=10)
    desk.nearest("fever", who="bob", limit=10)
    desk.nearest("fever", limit=120)
    assert limits(desk) == [over_fetch(1500, 10, 1.0), 100, over_fetch(1500, 120, 1.0)]
    assert limits(desk)[0] > 100


def test_an_owner_of_few_rows_is_ranked_whole(desk_of: Callable[..., Any]) -> None:
    """However much noise there is, what comes back is exact."""
    desk, bare = desk_of(policy(noise=30.0)), desk_of(policy(noise=0.0, over_fetch=100))
    for each in (desk, bare):
        filled(each, 90)
    assert desk.nearest("fever scan 7", limit=12) == bare.nearest("fever scan 7", limit=12)


def test_a_fixed_number_is_taken_as_it_is(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(policy(over_fetch=33))
    filled(desk, 60)
    desk.nearest("fever", limit=5)
    desk.nearest("fever", limit=30)
    assert limits(desk) == [33, 60]
    assert counts(desk) == 0


def test_rows_are_counted_once_a_minute_where_there_are_many(
    desk_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FEW", 50)
    desk = desk_of(policy())
    now = [100.0]
    desk.guard._retrieval._store._ticks = lambda: now[0]
    filled(desk, 60)
    for _ in range(3):
        desk.nearest("fever")
    assert counts(desk) == 1
    now[0] += 61.0
    desk.nearest("fever")
    assert counts(desk) == 2


def test_noise_in_the_query_is_sticky_and_its_owners(desk_of: Callable[..., Any]) -> None:
    """One query of one owner is one vector to the store; another owner's is another one, and none is the clean one."""
    clean, noisy = (desk_of(policy(query_noise=noise, over_fetch=30), embedder=word_hash(384)) for noise in (0.0, 1.0))
    asked: dict[str, list[np.ndarray]] = {"alice": [], "bob": [], "clean": []}
    for who in ("alice", "bob"):
        filled(noisy, 30, who=who)
    filled(clean, 30)
    for name, desk, who in (("alice", noisy, "alice"), ("bob", noisy, "bob"), ("clean", clean, "alice")):
        for _ in range(2):
            desk.nearest("fever scan", who=who)
            asked[name].append([each for each in desk.store.requests if isinstance(each, Search)][-1].queries.values)
    for first, second in asked.values():
        np.testing.assert_array_equal(first, second)
    lengths = {name: float(np.linalg.norm(both[0])) for name, both in asked.items()}
    assert lengths["clean"] == pytest.approx(1.0, abs=1e-3)
    assert lengths["alice"] == pytest.approx(2**0.5, abs=0.25)
    cosine = float(asked["alice"][0][0] @ asked["bob"][0][0]) / (lengths["alice"] * lengths["bob"])
    assert 0.2 < cosine < 0.8  # half of each is the same rotated query
    assert noisy.nearest("fever scan 7", limit=5) == clean.nearest("fever scan 7", limit=5)


def test_noise_in_the_query_asks_for_more_candidates(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(policy(noise=1.0, query_noise=1.0))
    filled(desk, 400)
    desk.nearest("fever", limit=10)
    assert limits(desk) == [over_fetch(400, 10, 3**0.5)]
    assert limits(desk)[0] > over_fetch(400, 10, 1.0)


def test_a_rotation_of_ones_own_finds_the_same_and_is_another_layout(desk_of: Callable[..., Any]) -> None:
    """Two owners of the same text and id share no stored bits; what they find is what a shared rotation finds."""
    shared, own = desk_of(policy(noise=0.0)), desk_of(policy(noise=0.0, rotation="owner"))
    for desk in (shared, own):
        filled(desk, 20, who="alice")
        filled(desk, 20, who="bob")
    for who in ("alice", "bob"):
        assert own.nearest("fever scan 3", who=who) == shared.nearest("fever scan 3", who=who)

    def gram_of(desk: Any) -> float:
        """The cosine between both owners' copies of one text."""
        rows: dict[str, np.ndarray] = {}
        for who in ("alice", "bob"):
            space = desk.guard.state.find_space(desk.shelf.collection.uid, who, desk.shelf.collection.keys)
            mine = [row for row in desk.store.rows.values() if row.fields.get("_vg_owner") == space.owner_tag]
            rows[who] = np.stack([row.vector for row in mine])
        return float(np.abs(np.einsum("ij,ij->i", rows["alice"], rows["bob"])).mean())

    assert gram_of(shared) == pytest.approx(1.0, abs=1e-5)
    assert gram_of(own) < 0.6
    assert policy(rotation="owner").layout != policy().layout


def test_rotations_are_kept_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    from vecguard.keys import new_secret
    from vecguard.protect import rotation as kept

    monkeypatch.setattr(kept, "_LIMIT", 3 * 64 * 64 * 8)
    kept._kept.clear()
    keys = [new_secret() for _ in range(6)]
    first = rotation(keys[0], 64)
    for key in keys[1:3]:
        rotation(key, 64)
    assert rotation(keys[0], 64) is first
    for key in keys[3:]:
        rotation(key, 64)
    assert len(kept._kept) == 3
    np.testing.assert_array_equal(rotation(keys[0], 64), first)
