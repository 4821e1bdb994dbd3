"""GuardedFaissCollection: documents, metadata and string ids, filtered as brute force filters them."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from vecguard import (
    BadId,
    BadInput,
    BadVector,
    EmbedderNeeded,
    Guard,
    Keyring,
    Policy,
    Principal,
    ReservedField,
    Undecided,
    UnprotectedRows,
    UnscrubbedVector,
)
from vecguard.testing import word_hash
from vecguard_faiss import GuardedFaissCollection

D = 24
WORDS = ["heart", "lung", "liver", "fever", "cough", "x-ray", "insulin", "biopsy", "fracture", "asthma"]


def collection_of(policy: Policy | None = None, index=None, **options) -> GuardedFaissCollection:
    settings = {"keys": Keyring.ephemeral(), "state": ":memory:", "embedder": word_hash(D)} | options
    return GuardedFaissCollection(index or faiss.IndexFlatIP(D), Guard(policy or Policy(), **settings))


@pytest.fixture
def notes(guard):
    return GuardedFaissCollection(faiss.IndexFlatIP(D), guard)


def corpus(count: int = 30):
    rng = np.random.default_rng(3)
    ids = [f"n{i}" for i in range(count)]
    documents = [" ".join(rng.choice(WORDS, 4)) for _ in ids]
    metadatas = [
        {"ward": str(rng.choice(["A1", "B2", "C3"])), "age": int(rng.integers(20, 90)), "open": bool(rng.integers(2))}
        for _ in ids
    ]
    metadatas[4] = None
    return ids, documents, metadatas


WHERES = {
    "a value": ({"ward": "B2"}, lambda m: m.get("ward") == "B2"),
    "ne": ({"ward": {"$ne": "B2"}}, lambda m: m.get("ward") != "B2"),
    "in": ({"ward": {"$in": ["A1", "C3"]}}, lambda m: m.get("ward") in ("A1", "C3")),
    "nin": ({"ward": {"$nin": ["A1", "C3"]}}, lambda m: m.get("ward") not in ("A1", "C3")),
    "gt": ({"age": {"$gt": 60}}, lambda m: m.get("age", -1) > 60),
    "lte": ({"age": {"$lte": 40}}, lambda m: m.get("age", 99) <= 40),
    "bool": ({"open": True}, lambda m: m.get("open") is True),
    "and": ({"$and": [{"ward": "A1"}, {"age": {"$gte": 50}}]}, lambda m: m.get("ward") == "A1" and m["age"] >= 50),
    "or": ({"$or": [{"ward": "A1"}, {"age": {"$lt": 30}}]}, lambda m: m.get("ward") == "A1" or m.get("age", 99) < 30),
    "nothing": ({"ward": "Z9"}, lambda m: False),
}


@pytest.mark.parametrize("policy", [Policy.balanced(), Policy.strict()], ids=["balanced", "strict"])
@pytest.mark.parametrize("native", [faiss.IndexFlatIP, faiss.IndexFlatL2, lambda d: faiss.IndexHNSWFlat(d, 8)])
def test_filters_are_those_of_brute_force(policy, native):
    """Every operator, listing and ranking, gives the records and the order that a loop over all of them gives."""
    notes = collection_of(policy, native(D)).acting_for("alice")
    ids, documents, metadatas = corpus()
    notes.add(ids, documents, metadatas=metadatas)
    notes.acting_for("bob").add(ids, documents[::-1], metadatas=metadatas)
    embed = word_hash(D)
    question = embed(["heart fever"])[0]
    for where, keep in WHERES.values():
        wanted = [i for i, metadata in enumerate(metadatas) if keep(metadata or {})]
        listed = notes.get(where=where)
        assert listed["ids"] == [ids[i] for i in wanted]
        assert listed["documents"] == [documents[i] for i in wanted]
        assert listed["metadatas"] == [metadatas[i] for i in wanted]
        found = notes.query(query_texts=["heart fever"], n_results=5, where=where)
        products = np.array([embed([documents[i]])[0] @ question for i in wanted])
        distances = 1 - products if native is faiss.IndexFlatIP else 2 - 2 * products
        np.testing.assert_allclose(found["distances"][0], np.sort(distances)[:5], atol=1e-3)
        assert set(found["ids"][0]) <= {ids[i] for i in wanted}


def test_a_round_trip(notes):
    """What was added comes back as it was given, scrubbed; originals come back to whoever may see them."""
    alice = notes.acting_for("alice")
    alice.add(["n1", "n2"], ["Call John Smith at 212-555-0187", "nothing personal"], metadatas=[{"ward": "B2"}, None])
    shown = alice.get()
    assert shown["ids"] == ["n1", "n2"]
    assert "212-555-0187" not in shown["documents"][0]
    assert shown["metadatas"] == [{"ward": "B2"}, None]
    trusted = notes.acting_for(Principal("alice", permissions=frozenset({"pii:restore"})))
    assert trusted.get(["n1"])["documents"] == ["Call John Smith at 212-555-0187"]
    found = alice.query("nothing personal", n_results=1)
    assert found["ids"] == [["n2"]]
    assert found["distances"][0][0] == pytest.approx(0, abs=1e-4)


def test_add_leaves_and_upsert_merges(notes):
    """Add leaves an existing record as it is; upsert changes it and merges metadata, where None deletes a field."""
    alice = notes.acting_for("alice")
    alice.add(["a"], ["heart"], metadatas=[{"ward": "B2", "age": 3}])
    alice.add(["a", "b"], ["lung", "liver"])
    assert alice.get(["a", "b"])["documents"] == ["heart", "liver"]
    alice.upsert(["a"], ["fever"], metadatas=[{"ward": None, "open": True}])
    assert alice.get(["a"]) == {"ids": ["a"], "documents": ["fever"], "metadatas": [{"age": 3, "open": True}]}
    assert alice.query("fever", n_results=1)["ids"] == [["a"]]
    assert alice.get()["ids"] == ["a", "b"]


@pytest.mark.parametrize("native", [faiss.IndexFlatL2, lambda d: faiss.IndexHNSWFlat(d, 32)])
def test_changed_vectors_are_found_where_they_are_now(native):
    """After an upsert of vectors, search goes by the new ones, in plain arrays and in graphs."""
    notes = collection_of(index=native(D)).acting_for("alice")
    rows = np.random.default_rng(5).standard_normal((300, D)).astype(np.float32)
    ids = [str(i) for i in range(300)]
    notes.add(ids, embeddings=rows)
    notes.upsert(ids[:20], embeddings=-rows[:20])
    found = notes.query(query_embeddings=-rows[:20], n_results=1)
    right = sum(each == [wanted] for each, wanted in zip(found["ids"], ids, strict=False))
    assert right >= 19  # a graph may lose a node, natively too
    before = notes.query(query_embeddings=rows[:20], n_results=1)["ids"]
    assert not [each for each, former in zip(before, ids, strict=False) if each == [former]]


def test_deletes_are_ones_own(notes):
    """By ids or filter; another owner's id is a missing one, on every verb."""
    alice, bob = notes.acting_for("alice"), notes.acting_for("bob")
    alice.add(["a", "b", "c"], ["heart", "lung", "liver"], metadatas=[{"n": 1}, {"n": 2}, {"n": 2}])
    bob.add(["b"], ["fever"])
    assert bob.get(["a"]) == bob.get(["zz"]) == {"ids": [], "documents": [], "metadatas": []}
    assert bob.delete(["a"]) == bob.delete(["zz"]) == 0
    assert alice.delete(where={"n": 2}) == 2
    assert alice.delete(ids="a", where={"n": 9}) == 0
    assert (alice.count(), bob.count()) == (1, 1)
    assert bob.query("heart")["documents"] == [["fever"]]
    with pytest.raises(BadInput):
        alice.delete()


def test_paging(notes):
    """Limit and offset walk the records in the order in which they came."""
    alice = notes.acting_for("alice")
    alice.add(*corpus(10)[:2])
    assert [alice.get(limit=4, offset=at)["ids"] for at in (0, 4, 8, 12)] == [
        ["n0", "n1", "n2", "n3"],
        ["n4", "n5", "n6", "n7"],
        ["n8", "n9"],
        [],
    ]
    assert alice.get(limit=0)["ids"] == []


BAD = {
    "duplicate ids": (lambda c: c.add(["a", "a"], ["x", "y"]), BadId),
    "ids of another type": (lambda c: c.add([1], ["x"]), BadId),
    "ids in a set": (lambda c: c.add({"a"}, ["x"]), BadId),
    "no ids": (lambda c: c.add([], []), BadInput),
    "nothing to add": (lambda c: c.add(["a"]), BadInput),
    "too few documents": (lambda c: c.add(["a", "b"], ["x"]), BadInput),
    "documents of another type": (lambda c: c.add(["a"], [b"x"]), BadInput),
    "metadata of another type": (lambda c: c.add(["a"], ["x"], metadatas=[["ward"]]), BadInput),
    "a reserved field": (lambda c: c.add(["a"], ["x"], metadatas=[{"_vg_owner": "bob"}]), ReservedField),
    "a NaN in metadata": (lambda c: c.add(["a"], ["x"], metadatas=[{"n": float("nan")}]), BadInput),
    "a NaN vector": (lambda c: c.add(["a"], embeddings=[[float("nan")] * D]), BadVector),
    "a zero vector": (lambda c: c.add(["a"], embeddings=[[0.0] * D]), BadVector),
    "another dimension": (lambda c: c.add(["a"], embeddings=[[1.0] * (D + 1)]), BadVector),
    "one good, one bad": (lambda c: c.add(["a", "b"], embeddings=[[1.0] * D, [np.inf] * D]), BadVector),
    "an unknown operator": (lambda c: c.get(where={"ward": {"$like": "B"}}), Undecided),
    "two fields in one clause": (lambda c: c.get(where={"a": 1, "b": 2}), BadInput),
    "no query": (lambda c: c.query(), BadInput),
    "two queries": (lambda c: c.query(["x"], [[1.0] * D]), BadInput),
    "no results wanted": (lambda c: c.query(["x"], n_results=0), BadInput),
    "an empty list of queries": (lambda c: c.query([]), BadInput),
    "a negative offset": (lambda c: c.get(offset=-1), BadInput),
}


@pytest.mark.parametrize("call", BAD)
def test_bad_input_writes_nothing(notes, call):
    """The typed error, and the collection is as it was."""
    alice = notes.acting_for("alice")
    alice.add(["kept"], ["heart"])
    bad, error = BAD[call]
    with pytest.raises(error):
        bad(alice)
    assert alice.get()["ids"] == ["kept"]


def test_a_vector_is_only_as_clean_as_its_text():
    """Without an embedder a text whose scrubbing changed it is refused with its vector, and plain text is, too."""
    notes = collection_of(embedder=None).acting_for("alice")
    with pytest.raises(UnscrubbedVector):
        notes.add(["a"], ["mail john.smith@example.com"], embeddings=[[1.0] * D])
    with pytest.raises(EmbedderNeeded):
        notes.add(["a"], ["heart"])
    notes.add(["a"], ["heart"], embeddings=[[1.0] * D])
    assert notes.count() == 1


def test_an_index_with_rows_is_refused(guard):
    """Rows that no guard wrote stop the collection; with legacy="ignore" they are never seen."""
    native = faiss.IndexFlatL2(D)
    native.add(np.ones((3, D), np.float32))
    with pytest.raises(UnprotectedRows):
        GuardedFaissCollection(native, guard)
    assert GuardedFaissCollection(native, guard, legacy="ignore").acting_for("alice").count() == 0


def test_the_collection_shows_its_verbs_and_nothing_else(notes):
    """It reports its own class, and a name that it does not have is refused with those that it has."""
    assert isinstance(notes, GuardedFaissCollection)
    assert {"add", "get", "query", "save", "acting_for"} <= set(dir(notes))
    assert not hasattr(notes, "reconstruct")
    with pytest.raises(Undecided, match="it offers"):
        notes.peek  # noqa: B018
