"""GuardedIndex under the balanced policy against the bare index: same arrays, same positions, own rows only."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np
import pytest

import vecguard_faiss
from vecguard import (
    AccessDenied,
    BadId,
    Guard,
    Keyring,
    Policy,
    Reads,
    Retention,
    Vectors,
    acting_for,
)


def bare_of(native):
    """Return the bare index to compare with: a plain one, since HNSW itself finds less than is there."""
    return faiss.IndexFlat(native.d, native.metric_type)


def same(guarded, bare, queries, k):
    """Compare results: labels and padding equal, distances up to what rounding leaves of the noise."""
    (near, labels), (bare_near, bare_labels) = guarded.search(queries, k), bare.search(queries, k)
    assert near.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, bare_labels)
    # it comes off to some 1e-6 of row and query, which are up to twenty long
    np.testing.assert_allclose(near, bare_near, rtol=1e-3, atol=1e-3)


def test_an_owner_alone_sees_what_the_bare_index_shows(guard, template, rows, queries):
    """Distances, labels and padding are those of the bare index."""
    bare, alice = bare_of(template()), vecguard_faiss.wrap(template(), guard).acting_for("alice")
    bare.add(rows)
    alice.add(rows)
    assert alice.ntotal == bare.ntotal == 40
    same(alice, bare, queries, 5)
    same(alice, bare, queries, 45)


def test_the_strict_policy_ranks_alike(rows, queries, template):
    """With noise a hundred times the vector, ranked in the guard, results are still the bare index's."""
    guard = Guard(Policy.strict(), keys=Keyring.ephemeral(), state=":memory:")
    bare, alice = bare_of(template()), vecguard_faiss.wrap(template(), guard).acting_for("alice")
    bare.add(rows)
    alice.add(rows)
    same(alice, bare, queries, 7)


@pytest.mark.parametrize("gone", [[0], [39], [3, 3, 17, 99, -1], list(range(40)), []])
@pytest.mark.parametrize("flat", [faiss.IndexFlatL2, faiss.IndexFlatIP])
def test_positions_shift_as_they_do_natively(guard, flat, rows, queries, gone):
    """After remove_ids and another add, counts and labels equal IndexFlat's."""
    bare, alice = flat(rows.shape[1]), vecguard_faiss.wrap(flat(rows.shape[1]), guard).acting_for("alice")
    for index in (bare, alice):
        index.add(rows)
    labels = np.array(gone, dtype=np.int64)
    assert alice.remove_ids(labels) == bare.remove_ids(labels)
    assert alice.ntotal == bare.ntotal
    for index in (bare, alice):
        index.add(rows[:2] + 5)
    same(alice, bare, queries, 43)


def test_a_graph_gives_up_rows_that_hnsw_natively_keeps(guard, rows, queries):
    """Rows are removed from an HNSW index by building it anew, and positions shift as IndexFlat's do."""
    alice = vecguard_faiss.wrap(faiss.IndexHNSWFlat(rows.shape[1], 16), guard).acting_for("alice")
    alice.add(rows)
    assert alice.remove_ids(np.array([0, 5])) == 2
    bare = faiss.IndexFlatL2(rows.shape[1])
    bare.add(np.delete(rows, [0, 5], axis=0))
    same(alice, bare, queries, 10)
    assert alice.remove_ids(np.arange(38)) == 38
    assert alice.search(queries, 2)[1].tolist() == [[-1, -1]] * 6


@pytest.mark.parametrize("mapped", [faiss.IndexIDMap, faiss.IndexIDMap2])
def test_own_ids_come_back(guard, mapped, rows, queries):
    """Under an IndexIDMap labels are the caller's own ids, and removal goes by them."""
    bare = mapped(faiss.IndexFlatL2(rows.shape[1]))
    alice = vecguard_faiss.wrap(mapped(faiss.IndexFlatL2(rows.shape[1])), guard).acting_for("alice")
    ids = np.arange(40) * 7 - 2**40
    for index in (bare, alice):
        index.add_with_ids(rows, ids)
    same(alice, bare, queries, 9)
    gone = np.array([ids[3], ids[3], 12345, ids[30]])
    assert alice.remove_ids(gone) == bare.remove_ids(gone) == 2
    same(alice, bare, queries, 40)


def test_an_id_is_given_once(guard, rows):
    """FAISS keeps several rows under one id; here that is refused, in one call or in two, and nothing is written."""
    alice = vecguard_faiss.wrap(faiss.IndexIDMap(faiss.IndexFlatIP(rows.shape[1])), guard).acting_for("alice")
    with pytest.raises(BadId):
        alice.add_with_ids(rows[:2], np.array([4, 4]))
    alice.add_with_ids(rows[:2], np.array([4, 5]))
    with pytest.raises(BadId):
        alice.add_with_ids(rows[:2], np.array([6, 5]))
    assert alice.ntotal == 2


@pytest.mark.parametrize(
    "ids", [np.array([1.5, 2.0]), np.array([[1, 2]]), np.array([-1, 2]), np.array([2**63, 1], "u8")]
)
def test_ids_are_integers(guard, rows, ids):
    """Ids that FAISS would truncate, reshape or pad with are refused."""
    alice = vecguard_faiss.wrap(faiss.IndexIDMap(faiss.IndexFlatIP(rows.shape[1])), guard).acting_for("alice")
    with pytest.raises(BadId):
        alice.add_with_ids(rows[:2], ids)
    assert alice.ntotal == 0


def test_each_kind_of_index_has_its_own_verb_for_adding(guard, rows):
    """A plain index takes no ids and an IndexIDMap wants them, with FAISS's own words."""
    plain = vecguard_faiss.wrap(faiss.IndexFlatL2(rows.shape[1]), guard).acting_for("alice")
    mapped = vecguard_faiss.wrap(faiss.IndexIDMap(faiss.IndexFlatL2(rows.shape[1])), guard).acting_for("alice")
    with pytest.raises(RuntimeError, match="add_with_ids not implemented for this type of index"):
        plain.add_with_ids(rows, np.arange(40))
    with pytest.raises(RuntimeError, match="use add_with_ids"):
        mapped.add(rows)


def test_owners_do_not_touch_each_other(guard, template, rows, queries):
    """Counts, positions, searches, removals and resets of one owner are nothing to another."""
    index = vecguard_faiss.wrap(template(), guard)
    alice, bob = index.acting_for("alice"), index.acting_for("bob")
    alice.add(rows[:10])
    bob.add(rows[10:30])
    assert (alice.ntotal, bob.ntotal) == (10, 20)
    before = bob.search(queries, 20)
    assert alice.search(queries, 20)[1].max() == 9
    assert alice.remove_ids(np.arange(5, 20)) == 5
    alice.reset()
    assert (alice.ntotal, bob.ntotal) == (0, 20)
    after = bob.search(queries, 20)
    np.testing.assert_array_equal(before[1], after[1])
    np.testing.assert_array_equal(before[0], after[0])


def test_a_foreign_id_is_a_missing_one(guard, rows):
    """Removing another owner's id answers as removing one that nobody has, and both owners can have the same id."""
    index = vecguard_faiss.wrap(faiss.IndexIDMap(faiss.IndexFlatL2(rows.shape[1])), guard)
    alice, bob = index.acting_for("alice"), index.acting_for("bob")
    alice.add_with_ids(rows[:3], np.array([1, 2, 3]))
    assert bob.remove_ids(np.array([1])) == bob.remove_ids(np.array([77])) == 0
    bob.add_with_ids(rows[3:4], np.array([1]))
    assert bob.remove_ids(np.array([1])) == 1
    assert alice.ntotal == 3


def test_nobody_is_refused(guard, rows, queries):
    """Every verb needs somebody who acts, bound or by context."""
    index = vecguard_faiss.wrap(faiss.IndexFlatL2(rows.shape[1]), guard)
    for call in (
        lambda: index.add(rows),
        lambda: index.search(queries, 1),
        lambda: index.remove_ids(np.array([0])),
        lambda: index.ntotal,
        index.reset,
    ):
        with pytest.raises(AccessDenied):
            call()
    with acting_for("alice"):
        index.add(rows)
        assert index.ntotal == 40


def test_search_among_more_rows_than_are_fetched_stays_right(rng):
    """With an over-fetch smaller than the owner's rows the nearest row is still found nearly always."""
    guard = Guard(Policy(vectors=Vectors(over_fetch=60)), keys=Keyring.ephemeral(), state=":memory:")
    rows = rng.standard_normal((400, 32)).astype(np.float32)
    alice = vecguard_faiss.wrap(faiss.IndexFlatL2(32), guard).acting_for("alice")
    alice.add(rows)
    found = alice.search(rows[:50] + 0.01, 1)[1][:, 0]
    assert (found == np.arange(50)).mean() >= 0.95


def test_hidden_scores_are_nan_and_the_order_stays(rows, queries):
    """Under a policy that hides scores the distances of found rows are NaN."""
    guard = Guard(Policy(reads=Reads(own="hidden")), keys=Keyring.ephemeral(), state=":memory:")
    bare, alice = faiss.IndexFlatL2(24), vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice")
    bare.add(rows)
    alice.add(rows)
    near, labels = alice.search(queries, 4)
    assert np.isnan(near).all()
    np.testing.assert_array_equal(labels, bare.search(queries, 4)[1])


def test_expired_rows_leave_the_positions(rows, monkeypatch):
    """A row that has expired is gone: it is not counted, not found, and no position counts it."""
    now = time.time()
    guard = Guard(Policy(retention=Retention(days=1)), keys=Keyring.ephemeral(), state=":memory:")
    alice = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice")
    alice.add(rows[:3])
    monkeypatch.setattr(guard.clock, "_wall", lambda: now + 40_000)
    alice.add(rows[3:6])
    monkeypatch.setattr(guard.clock, "_wall", lambda: now + 90_000)
    assert alice.ntotal == 3
    assert alice.search(rows[:6], 4)[1][3:, 0].tolist() == [0, 1, 2]
    assert alice.search(rows[:1], 4)[1].max() == 2
    assert alice.remove_ids(np.array([0, 5])) == 1
    assert alice.search(rows[4:6], 1)[1][:, 0].tolist() == [0, 1]


def test_many_threads_of_many_owners(guard, rng):
    """Owners who add, search and remove at the same time end with what each did alone."""
    index = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard)

    def work(owner: int) -> None:
        mine = index.acting_for(f"owner-{owner}")
        rows = np.random.default_rng(owner).standard_normal((12, 24)).astype(np.float32)
        for start in range(0, 12, 3):
            mine.add(rows[start : start + 3])
        assert (mine.search(rows, 1)[1][:, 0] == np.arange(12)).all()
        assert mine.remove_ids(np.array([0, 1])) == 2
        assert (mine.search(rows[2:], 1)[1][:, 0] == np.arange(10)).all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert [index.acting_for(f"owner-{owner}").ntotal for owner in range(8)] == [10] * 8


def test_one_owner_in_many_threads_has_every_position_once(guard, rng):
    """Rows added to one space from several threads at once get positions without gaps, each its own."""
    alice = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice")
    batches = rng.standard_normal((8, 4, 24)).astype(np.float32)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(alice.add, batches))
    found = alice.search(batches.reshape(-1, 24), 1)[1][:, 0]
    assert sorted(found) == list(range(32))
