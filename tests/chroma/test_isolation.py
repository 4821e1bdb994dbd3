"""Isolation: what another owner has is answered exactly as what nobody has, by every verb."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import vecguard
from vecguard import AccessDenied, Policy, Principal, Reads, Scrub, Undecided, VectorsWithheldWarning

UNIT = [1.0] + [0.0] * 15
READS: dict[str, Callable[[Any, str], Any]] = {
    "get": lambda c, i: c.get(ids=[i]),
    "get with a filter": lambda c, i: c.get(ids=[i], where={"ward": "B2"}),
    "get one of two": lambda c, i: c.get(ids=[i, "missing"]),
    "get vectors": lambda c, i: c.get(ids=[i], include=["embeddings", "metadatas"]),
    "query": lambda c, i: c.query(query_texts=["secret text"], ids=[i]),
    "query among own": lambda c, i: c.query(query_texts=["secret text"], ids=[i, "mine"]),
    "query by vector": lambda c, i: c.query(query_embeddings=[UNIT], ids=[i], include=["embeddings", "distances"]),
    "update": lambda c, i: c.update(ids=[i], documents=["taken over"]),
    "update metadata": lambda c, i: c.update(ids=[i], metadatas=[{"ward": "A1"}]),
    "update vector": lambda c, i: c.update(ids=[i], embeddings=[UNIT]),
    "delete": lambda c, i: c.delete(ids=[i]),
    "delete with a filter": lambda c, i: c.delete(ids=[i], where={"ward": "B2"}),
    "add": lambda c, i: c.add(ids=[i], documents=["my own"]),
    "upsert": lambda c, i: c.upsert(ids=[i], documents=["my own"]),
}


def _outcome(call: Callable[[Any, str], Any], target: Any, id_: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VectorsWithheldWarning)
        try:
            return str(call(target, id_)).replace(id_, "ID")
        except Exception as raised:  # noqa: BLE001 - type and text are what is compared
            return type(raised), str(raised).replace(id_, "ID"), raised.args and str(raised.args).replace(id_, "ID")


@pytest.mark.parametrize("ranking", ["store", "guard"])
@pytest.mark.parametrize("mine", [True, False], ids=["with rows", "without rows"])
@pytest.mark.parametrize("verb", READS)
def test_a_foreign_id_is_a_missing_id(verb: str, mine: bool, ranking: str, guarded_of: Any) -> None:
    """The answer, or the error's type, text and arguments, are the same; and the owner's record is as it was."""
    policy = Policy(scrub=Scrub(enabled=False))
    if ranking == "guard":
        policy = policy.replace(vectors=vecguard.Vectors(noise=100.0, ranking="guard"))
    collection = guarded_of(policy)
    bob, alice = collection.acting_for("bob"), collection.acting_for("alice")
    bob.add(ids=["bobs"], documents=["secret text"], metadatas=[{"ward": "B2"}])
    if mine:
        alice.add(ids=["mine"], documents=["my text"], metadatas=[{"ward": "B2"}])
    foreign = _outcome(READS[verb], alice, "bobs")
    if "add" in verb or "upsert" in verb:
        alice.delete(ids=["bobs"])
    assert foreign == _outcome(READS[verb], alice, "none")
    assert "secret" not in str(foreign)
    kept = bob.get(ids=["bobs"])
    assert kept["documents"] == ["secret text"]
    assert kept["metadatas"] == [{"ward": "B2"}]
    assert bob.query(query_texts=["secret text"], n_results=5)["ids"] == [["bobs"]]


FILTERS: list[Any] = [
    {"ward": "B2"},
    {"ward": {"$ne": "zzz"}},
    {"nowhere": {"$ne": 1}},
    {"nowhere": {"$nin": [1, 2]}},
    {"$or": [{"ward": "B2"}, {"ward": {"$ne": "B2"}}]},
    {"$or": [{"n": {"$gt": 0}}, {"n": {"$lte": 0}}]},
    {"$and": [{"ward": "B2"}, {"$or": [{"owner": "bob"}, {"n": {"$gt": 0}}]}]},
]


@pytest.mark.parametrize("where", FILTERS, ids=str)
def test_no_filter_reaches_anothers_rows(where: Any, guarded_of: Any) -> None:
    """Negations, disjunctions and missing keys stay under the owner's scope, in reads, counts and deletes."""
    collection = guarded_of()
    bob, alice = collection.acting_for("bob"), collection.acting_for("alice")
    bob.add(ids=["b1", "b2"], documents=["one", "two"], metadatas=[{"ward": "B2", "n": 1}, {"n": 2}])
    alice.add(ids=["a1"], documents=["one"], metadatas=[{"ward": "B2", "n": 1}])
    assert alice.get(where=where)["ids"] in (["a1"], [])
    assert alice.query(query_texts=["one"], where=where, n_results=9)["ids"] in ([["a1"]], [[]])
    alice.delete(where=where)
    assert sorted(bob.get()["ids"]) == ["b1", "b2"]
    assert bob.count() == 2


@pytest.mark.parametrize(
    "where",
    [
        {"_vg_owner": "x"},
        {"_vg_owner": {"$ne": "x"}},
        {"$or": [{"n": 1}, {"_vg_owner": {"$ne": "x"}}]},
        {"$and": [{"n": 1}, {"$or": [{"_vg_scheme": 1}, {"n": 2}]}]},
    ],
    ids=str,
)
def test_reserved_fields_cannot_be_filtered_on(where: Any, notes: Any) -> None:
    """Neither directly nor nested, in any verb that takes a filter."""
    notes.add(ids=["a"], documents=["text"])
    for call in (
        lambda: notes.get(where=where),
        lambda: notes.query(query_texts=["x"], where=where),
        lambda: notes.delete(where=where),
    ):
        with pytest.raises(AccessDenied):
            call()


def test_what_is_nearest_depends_on_own_rows_only(guarded_of: Any) -> None:
    """A hundred nearer rows of others starve nobody, and counts and pages are of one's own rows."""
    collection = guarded_of()
    bob, alice = collection.acting_for("bob"), collection.acting_for("alice")
    alice.add(ids=[f"a{n}" for n in range(5)], documents=[f"garden number {n}" for n in range(5)])
    bob.add(ids=[f"b{n}" for n in range(100)], documents=["the exact words"] * 100)
    found = alice.query(query_texts=["the exact words"], n_results=5)
    assert sorted(found["ids"][0]) == [f"a{n}" for n in range(5)]
    assert alice.count() == 5
    assert bob.count() == 100
    assert alice.get(limit=3, offset=1)["ids"] == ["a1", "a2", "a3"]


def test_ids_of_two_owners_do_not_meet(guarded_of: Any, bare: Any) -> None:
    """The same id of two owners is two records, two rows and two backend ids."""
    collection = guarded_of(native=bare)
    for owner in ("alice", "bob"):
        collection.acting_for(owner).upsert(ids=["n1"], documents=[f"of {owner}"])
    assert bare.count() == 3
    for owner in ("alice", "bob"):
        assert collection.acting_for(owner).get()["documents"] == [f"of {owner}"]


@pytest.mark.parametrize("call", ["get", "query", "peek"])
def test_vectors_are_withheld_with_one_warning(call: str, notes: Any) -> None:
    """None stands in their place, and one warning says so."""
    notes.add(ids=["a"], documents=["text"])
    calls: dict[str, Callable[[], Any]] = {
        "get": lambda: notes.get(include=["embeddings", "documents"]),
        "query": lambda: notes.query(query_texts=["text"], include=["embeddings"]),
        "peek": lambda: notes.peek(),  # noqa: PLW0108 - the warning has to point here
    }
    with pytest.warns(VectorsWithheldWarning) as caught:
        answer = calls[call]()
    assert len(caught) == 1
    assert answer["embeddings"] is None
    assert "embeddings" not in answer["included"]
    assert caught[0].filename == __file__


def test_hidden_scores_are_hidden(guarded_of: Any) -> None:
    """Under own="hidden" a ranking has an order and no distances."""
    notes = guarded_of(Policy(scrub=Scrub(enabled=False), reads=Reads(own="hidden"))).acting_for("alice")
    notes.add(ids=["a", "b"], documents=["the ward", "a garden"])
    answer = notes.query(query_texts=["the ward"], n_results=2)
    assert answer["ids"] == [["a", "b"]]
    assert answer["distances"] == [[None, None]]


def test_more_results_than_allowed_are_refused(guarded_of: Any) -> None:
    """A limit beyond the policy's is AccessDenied in every read."""
    notes = guarded_of(Policy(scrub=Scrub(enabled=False), reads=Reads(max_results=2))).acting_for("alice")
    notes.add(ids=["a"], documents=["text"])
    for call in (lambda: notes.get(limit=3), lambda: notes.query(query_texts=["x"], n_results=3)):
        with pytest.raises(AccessDenied):
            call()
    assert notes.get(limit=2)["ids"] == ["a"]


# --------------------------------------------------------------------------------------------- personal data in reads

NOTE = "Dr. Sarah Johnson diagnosed John Smith, call 415-555-0133"


@pytest.fixture
def clinic(guarded_of: Any) -> Any:
    collection = guarded_of(Policy())
    collection.acting_for("alice").add(
        ids=["n1", "n2"],
        documents=[NOTE, "The garden is in bloom"],
        metadatas=[{"patient": "John Smith", "ward": "B2"}, {"patient": "Mary Jones", "ward": "B2"}],
    )
    return collection


def test_reads_return_tokens_unless_restoring_is_permitted(clinic: Any) -> None:
    """Originals come back to a principal with pii:restore, in its own space only."""
    doctor = Principal("doctor", permissions=frozenset({"pii:restore"}))
    for reader in ("alice", Principal("alice", permissions=frozenset({"pii:other"}))):
        shown = str(clinic.acting_for(reader).get())
        assert "<PERSON_" in shown
        assert "Smith" not in shown
    restored = clinic.acting_for(doctor, owner="alice").get(ids=["n1"])
    assert restored["documents"] == [NOTE]
    assert restored["metadatas"] == [{"patient": "John Smith", "ward": "B2"}]
    assert clinic.acting_for(doctor).get()["ids"] == []


def test_restoring_may_be_switched_off(guarded_of: Any) -> None:
    """Under restore="never" no permission helps."""
    notes = guarded_of(Policy(restore="never"))
    notes.acting_for("alice").add(ids=["n1"], documents=[NOTE])
    doctor = Principal("doctor", permissions=frozenset({"pii:restore"}))
    assert "Smith" not in str(notes.acting_for(doctor, owner="alice").get())


def test_a_foreign_token_is_not_restored(clinic: Any) -> None:
    """Whoever copies another owner's token into a record of its own gets the token back, not what it stands for."""
    token = clinic.acting_for("alice").get(ids=["n1"])["metadatas"][0]["patient"]
    mallory = Principal("mallory", permissions=frozenset({"pii:restore"}))
    mine = clinic.acting_for(mallory)
    mine.add(ids=["m"], documents=[f"about {token}"], metadatas=[{"who": token}])
    assert "Smith" not in str(mine.get())


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"patient": "John Smith"}, ["n1"]),
        ({"patient": {"$eq": "John Smith"}}, ["n1"]),
        ({"patient": {"$in": ["John Smith", "Nobody Else"]}}, ["n1"]),
        ({"patient": {"$ne": "John Smith"}}, ["n2"]),
        ({"$and": [{"ward": "B2"}, {"patient": "Mary Jones"}]}, ["n2"]),
        ({"patient": "John"}, []),
    ],
    ids=str,
)
def test_filter_values_are_scrubbed_as_they_were_written(where: Any, expected: list[str], clinic: Any) -> None:
    """A name in a filter finds the record whose name was replaced; nobody else's filter does."""
    assert clinic.acting_for("alice").get(where=where)["ids"] == expected
    clinic.acting_for("bob").add(ids=["x"], documents=["nothing"])
    assert clinic.acting_for("bob").get(where={"patient": "John Smith"})["ids"] == []


def test_a_name_in_a_field_name_is_found_again_and_never_sent(guarded_of: Any, bare: Any, monkeypatch: Any) -> None:
    """Field names are scrubbed when written, so they are when filtered on; the store never sees the original."""
    from chromadb.api.models.Collection import Collection

    notes = guarded_of(Policy(), native=bare).acting_for("alice")
    notes.add(ids=["a", "b"], documents=["one", "two"], metadatas=[{"415-555-0133": 5}, {"ward": "B2"}])
    seen: list[str] = []
    native_get = Collection.get

    def spy(self: Any, *args: Any, **options: Any) -> Any:
        seen.append(repr((args, options)))
        return native_get(self, *args, **options)

    monkeypatch.setattr(Collection, "get", spy)
    assert notes.get(where={"415-555-0133": 5})["ids"] == ["a"]
    assert seen
    assert not [each for each in seen if "0133" in each]


def test_queries_are_scrubbed_before_they_are_embedded(clinic: Any) -> None:
    """A query that names a patient finds the record by its tokens' kind and words, not by the name."""
    found = clinic.acting_for("alice").query(query_texts=["John Smith was diagnosed, call"], n_results=1)
    assert found["ids"] == [["n1"]]


def test_where_document_needs_no_clear_text(clinic: Any) -> None:
    """Substrings are searched in the guard, on scrubbed text; regular expressions are denied."""
    alice = clinic.acting_for("alice")
    assert alice.get(where_document={"$contains": "garden"})["ids"] == ["n2"]
    assert alice.get(where_document={"$not_contains": "garden"})["ids"] == ["n1"]
    assert alice.get(where_document={"$contains": "John Smith"})["ids"] == ["n1"]
    assert alice.query(query_texts=["bloom"], where_document={"$contains": "garden"})["ids"] == [["n2"]]
    for operator in ("$regex", "$not_regex"):
        with pytest.raises(Undecided):
            alice.get(where_document={operator: "4[0-9]+"})
