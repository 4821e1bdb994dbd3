"""What GuardedIndex refuses although FAISS would take it: bad vectors, selectors, unguarded rows, lossy index types."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

import vecguard_faiss
from vecguard import BadInput, BadVector, Undecided, UnprotectedRows


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (np.full((2, 24), np.nan), BadVector),
        (np.full((2, 24), np.inf), BadVector),
        (np.zeros((2, 24)), BadVector),
        (np.ones((2, 23)), BadVector),
        (np.ones(24), BadVector),
        (np.array([["a"] * 24]), BadVector),
        ([[1.0], [1.0, 2.0]], BadVector),
        (3.0, BadVector),
        (np.ones((0, 24)), BadInput),
    ],
)
def test_bad_vectors_write_nothing(guard, rows, bad, error):
    """What FAISS takes silently is refused whole, and so are queries of that kind."""
    alice = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice")
    alice.add(rows[:1])
    with pytest.raises(error):
        alice.add(bad)
    if error is BadVector:
        with pytest.raises(error):
            alice.search(bad, 1)
    assert alice.ntotal == 1


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_k_is_a_positive_integer(guard, queries, k):
    """FAISS asserts, without a word."""
    with pytest.raises(BadInput):
        vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice").search(queries, k)


def test_other_types_become_float32(guard, rows, queries):
    """Float64, float16, lists and empty query matrices give what float32 arrays give."""
    alice = vecguard_faiss.wrap(faiss.IndexFlatIP(24), guard).acting_for("alice")
    alice.add(rows.astype(np.float64))
    wanted = alice.search(queries, 3)[1]
    np.testing.assert_array_equal(alice.search(queries.astype(np.float64), 3)[1], wanted)
    np.testing.assert_array_equal(alice.search(queries.tolist(), 3)[1], wanted)
    near, labels = alice.search(np.empty((0, 24), np.float32), 3)
    assert near.shape == labels.shape == (0, 3)


def test_results_fill_the_callers_arrays(guard, rows, queries):
    """D= and I= are filled and returned; arrays of another shape or type are refused."""
    alice = vecguard_faiss.wrap(faiss.IndexFlatIP(24), guard).acting_for("alice")
    alice.add(rows)
    near, labels = np.empty((6, 3), np.float32), np.empty((6, 3), np.int64)
    given = alice.search(queries, 3, D=near, I=labels)
    assert given[0] is near
    assert given[1] is labels
    assert labels.min() >= 0
    with pytest.raises(BadInput):
        alice.search(queries, 3, I=np.empty((6, 3), np.int32))


def test_selectors_and_parameters_are_undecided(guard, rows, queries):
    """A selector or search parameters could look behind the guard, and unknown keywords could do anything."""
    alice = vecguard_faiss.wrap(faiss.IndexFlatL2(24), guard).acting_for("alice")
    alice.add(rows)
    numbers = np.arange(2)
    for call in (
        lambda: alice.remove_ids(faiss.IDSelectorBatch(numbers)),
        lambda: alice.remove_ids(faiss.IDSelectorRange(0, 9)),
        lambda: alice.search(queries, 1, params=faiss.SearchParameters(sel=faiss.IDSelectorAll())),
        lambda: alice.search(queries, 1, numeric_type=0),
    ):
        with pytest.raises(Undecided):
            call()
    assert alice.ntotal == 40


def test_a_template_with_rows_is_refused_or_never_read(guard, template, rows, queries):
    """Rows that no guard wrote stop the wrapping; with legacy="ignore" nobody ever sees them."""
    native = template()
    native.add(rows)
    with pytest.raises(UnprotectedRows) as refused:
        vecguard_faiss.wrap(native, guard)
    assert refused.value.count == 40
    alice = vecguard_faiss.wrap(native, guard, legacy="ignore").acting_for("alice")
    assert alice.ntotal == 0
    assert alice.search(queries, 2)[1].max() == -1
    alice.add(rows[:1])
    assert native.ntotal == 40
    assert alice.search(queries, 2)[1].max() == 0


@pytest.mark.parametrize(
    ("spelling", "why"),
    [
        ("PQ8x4", "lossy"),
        ("SQ8", "lossy"),
        ("LSH", "lossy"),
        ("HNSW16_SQ8", "lossy"),
        ("RaBitQ", "lossy"),
        ("IVF4,Flat", "not guarded yet"),
        ("IVF4,PQ8x4", "not guarded yet"),
        ("PCA8,Flat", "not guarded yet"),
        ("Flat,RFlat", "not guarded yet"),
        ("IDMap,SQ8", "lossy"),
        ("IDMap2,IVF4,Flat", "not guarded yet"),
    ],
)
def test_other_index_types_are_refused_with_the_reason(guard, spelling, why):
    """Lossy codes do not keep masked vectors, and the rest is not supported yet."""
    with pytest.raises(Undecided, match=why):
        vecguard_faiss.wrap(faiss.index_factory(24, spelling), guard)


@pytest.mark.parametrize("other", [faiss.IndexFlat(24, faiss.METRIC_L1), faiss.IndexBinaryFlat(64), object(), None])
def test_other_metrics_and_objects_are_refused(guard, other):
    """Only L2 and inner product, and only indexes."""
    with pytest.raises(Undecided):
        vecguard_faiss.wrap(other, guard)
