"""FaissStore against the reference store: the same requests, the same answers."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from vecguard.filters import EVERYTHING, All, AnyOf, Compare, Ids, Not
from vecguard.ports import Drop, Fetch, Find, Pages, Put, Search
from vecguard.protect.masked import mint_masked, mint_query
from vecguard.records import Sealed, SealedRow
from vecguard.testing import MemoryStore
from vecguard_faiss._store import FaissStore, confined
from vecguard_faiss._template import Template

D = 8
OWNERS = ("o1", "o2", "o3")


def owner(tag):
    return Compare(("_vg_owner",), "eq", tag)


def owners(*tags):
    return Compare(("_vg_owner",), "in", tags)


PREDICATES = [
    owner("o1"),
    owner("nobody"),
    owners("o1", "o3"),
    AnyOf((owner("o1"), owner("o3"))),
    All((owner("o2"), Compare(("n",), "gte", 3))),
    All((Not(Compare(("n",), "eq", 2)), owner("o1"), Compare(("_vg_expires",), "gt", 0.5))),
    All((owner("o1"), Ids(frozenset(f"{i:032x}" for i in range(0, 60, 3))))),
    AnyOf((owner("o1"), Compare(("n",), "eq", 1))),
    EVERYTHING,
]


def row(number: int, rng, *, keeps: bool = False) -> SealedRow:
    tag = OWNERS[number % 3]
    vector = None if keeps else mint_masked(rng.standard_normal((1, D)).astype(np.float32))[0]
    fields = {"_vg_owner": tag, "n": int(rng.integers(5)), "_vg_expires": float(rng.integers(2))}
    return SealedRow(f"{number:032x}", vector, fields)


@pytest.mark.parametrize("native", [faiss.IndexFlatL2(D), faiss.IndexFlatIP(D), faiss.IndexHNSWFlat(D, 8)])
def test_it_answers_as_the_reference_does(native):
    """Random writes and deletes go to both stores; rows, vectors, counts and rankings are equal after each."""
    rng = np.random.default_rng(11)
    store = FaissStore(Template.of(native), persistent=False)
    reference = MemoryStore(store.traits.metric, D)
    for step in range(12):
        numbers = rng.choice(60, 9, replace=False)
        if step % 3 == 2:
            request = Drop(tuple(f"{number:032x}" for number in numbers))
        else:
            rows = tuple(row(int(number), rng, keeps=bool(rng.integers(2)) and step > 3) for number in numbers)
            request = Put(Sealed(rows, ()), if_absent=bool(rng.integers(2)))
        for each in (store, reference):
            request.on(each)
        compare(store, reference, rng)


def compare(store, reference, rng):
    queries = mint_query(rng.standard_normal((3, D)).astype(np.float32))
    for where in PREDICATES:
        find = Find(where, vectors=True)
        assert shown(find.on(store).rows) == shown(find.on(reference).rows)
        assert Find(where, counting=True).on(store).count == Find(where, counting=True).on(reference).count
        for limit in (1, 4, 100):
            search = Search(queries, where, limit)
            assert [ids(group) for group in search.on(store)] == [ids(group) for group in search.on(reference)]
    wanted = Fetch(tuple(f"{number:032x}" for number in range(60)), vectors=True)
    assert shown(wanted.on(store)) == shown(wanted.on(reference))
    assert shown(walked(store)) == shown(walked(reference))


def ids(rows):
    return [row.backend_id for row in rows]


def shown(rows):
    return sorted((row.backend_id, sorted(row.fields.items()), row.vector.tolist()) for row in rows)


def walked(store):
    rows, after = [], None
    while True:
        page = store.pages(Pages(after=after, size=7, vectors=True))
        rows += page.rows
        after = page.next
        if after is None:
            return rows


def test_paging_through_several_owners():
    """Limit and offset cut the listing of several owners as one list, each owner's rows by position."""
    rng = np.random.default_rng(2)
    store = FaissStore(Template.of(faiss.IndexFlatL2(D)), persistent=False)
    store.put(Put(Sealed(tuple(row(number, rng) for number in range(20)), ())))
    where = owners("o3", "o1")
    whole = ids(store.find(Find(where)).rows)
    assert whole == [f"{number:032x}" for number in (*range(2, 20, 3), *range(0, 20, 3))]
    for offset in range(0, 16, 3):
        assert ids(store.find(Find(where, limit=5, offset=offset)).rows) == whole[offset : offset + 5]


def test_a_search_of_one_owner_reads_no_other_index(monkeypatch):
    """With an owner in the predicate no other drawer is opened; a disjunction with anything else confines nothing."""
    assert confined(All((Compare(("n",), "eq", 1), owner("o1")))) == (("o1",), Compare(("n",), "eq", 1))
    assert confined(owners("o1", "o2")) == (("o1", "o2"), EVERYTHING)
    assert confined(AnyOf((owner("o1"), Compare(("n",), "eq", 1))))[0] is None
    assert confined(Not(owner("o1")))[0] is None
