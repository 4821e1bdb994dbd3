"""What goes in comes out, over HTTP, on the synchronous and the asynchronous client."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

import vecguard_chroma
from vecguard import (
    Guard,
    Keyring,
    Policy,
    PolicyError,
    Principal,
    StateMismatch,
    Vectors,
    VectorsWithheld,
    VectorsWithheldWarning,
)
from vecguard.facade import room_of

TEXTS = {"a": "the ward is quiet", "b": "a garden in spring", "c": "ward and garden"}
FIELDS = ({"n": 1, "ward": "B2"}, {"n": 2}, {"n": 3, "ward": "A1"})
NOTE = "Patient Anna Johnson, anna.johnson@example.org, was seen on the ward"


@pytest.fixture
async def filled(desk: Any) -> Any:
    await desk.write("alice", TEXTS, *FIELDS)
    return desk


async def test_records_come_back_as_they_went(filled: Any) -> None:
    """Ids, texts and metadata return in order of insertion, and the server holds none of them readable."""
    answer = await filled("alice", "get")
    assert answer["ids"] == [*TEXTS]
    assert answer["documents"] == [*TEXTS.values()]
    assert answer["metadatas"] == [*FIELDS]
    assert answer["included"] == ["metadatas", "documents"]
    stored = str(await filled.dump())
    assert not any(word in stored for word in ("quiet", "garden", "spring", "alice"))


async def test_records_are_found_by_text_and_by_vector(filled: Any, embed: Any) -> None:
    """The nearest record comes first, at the distance that Chroma would give."""
    by_text = await filled("alice", "query", query_texts=["a garden in spring"], n_results=2)
    vector = embed(["a garden in spring"]).tolist()
    by_vector = await filled("alice", "query", query_embeddings=vector, n_results=2, include=["distances"])
    assert by_text["ids"][0][0] == by_vector["ids"][0][0] == "b"
    assert by_text["documents"][0][0] == TEXTS["b"]
    assert by_vector["distances"][0][0] == pytest.approx(0.0, abs=1e-5)
    assert by_text["distances"] == by_vector["distances"]
    assert by_vector["documents"] is None


async def test_several_queries_at_once_have_several_answers(filled: Any) -> None:
    """Each query has its own group, more of them than the store takes in one call."""
    asked = [TEXTS["a"], TEXTS["b"]] * 20
    answer = await filled("alice", "query", query_texts=asked, n_results=1)
    assert answer["ids"] == [["a"], ["b"]] * 20


async def test_count_and_peek(filled: Any) -> None:
    """Both see one's own records only."""
    await filled.write("bob", {"z": "of bob"})
    assert await filled("alice", "count") == 3
    assert await filled("bob", "count") == 1
    with pytest.warns(VectorsWithheldWarning):
        answer = await filled("alice", "peek", limit=2)
    assert answer["ids"] == ["a", "b"]
    assert answer["embeddings"] is None


@pytest.mark.parametrize(
    ("where", "where_document", "found"),
    [
        ({"ward": "B2"}, None, "a"),
        ({"n": {"$gte": 2}}, None, "bc"),
        ({"ward": {"$ne": "B2"}}, None, "bc"),
        ({"$or": [{"n": 1}, {"ward": {"$in": ["A1", "Z9"]}}]}, None, "ac"),
        (None, {"$contains": "garden"}, "bc"),
        (None, {"$not_contains": "garden"}, "a"),
        ({"n": {"$lt": 3}}, {"$contains": "garden"}, "b"),
        ({"ward": "nowhere"}, None, ""),
    ],
)
async def test_filters_let_through_what_they_say(filled: Any, where: Any, where_document: Any, found: str) -> None:
    """The same for listing, ranking and deleting, by metadata and by text."""
    filters = {"where": where, "where_document": where_document}
    assert (await filled("alice", "get", **filters))["ids"] == [*found]
    ranked = await filled("alice", "query", query_texts=["ward"], n_results=5, **filters)
    assert sorted(ranked["ids"][0]) == [*found]
    assert await filled("alice", "delete", **filters) == {"deleted": len(found)}
    assert (await filled("alice", "get"))["ids"] == [each for each in "abc" if each not in found]


async def test_pages_follow_the_order_of_insertion(filled: Any) -> None:
    """limit and offset cut the listing of one's own records."""
    await filled.write("bob", {"z": "of bob"})
    assert (await filled("alice", "get", limit=2))["ids"] == ["a", "b"]
    assert (await filled("alice", "get", limit=2, offset=2))["ids"] == ["c"]


async def test_add_leaves_what_is_there_and_update_skips_what_is_not(filled: Any) -> None:
    """As Chroma: an id that exists is no error for add, one that does not is none for update."""
    await filled("alice", "add", ids=["a", "d"], documents=["other", "new"])
    await filled("alice", "update", ids=["b", "x"], documents=["spring", "nothing"])
    answer = await filled("alice", "get")
    assert dict(zip(answer["ids"], answer["documents"], strict=True)) == {**TEXTS, "b": "spring", "d": "new"}


async def test_metadata_is_merged(filled: Any) -> None:
    """update and upsert change the fields that they name, and None takes one away; the text stays searchable."""
    await filled("alice", "update", ids=["a"], metadatas=[{"n": 9, "ward": None, "new": True}])
    await filled("alice", "upsert", ids=["b"], documents=["a garden in autumn"], metadatas=[{"m": 5}])
    answer = await filled("alice", "get", ids=["a", "b"])
    assert answer["metadatas"] == [{"n": 9, "new": True}, {"n": 2, "m": 5}]
    assert answer["documents"] == [TEXTS["a"], "a garden in autumn"]
    found = await filled("alice", "query", query_texts=["autumn"], n_results=1)
    assert found["ids"] == [["b"]]


async def test_deleted_records_are_gone(filled: Any) -> None:
    """From listings, rankings, counts and the server; ids that are not there count for nothing."""
    before = len(await filled.dump())
    assert await filled("alice", "delete", ids=["a", "c", "nothing"]) == {"deleted": 2}
    assert await filled("alice", "count") == 1
    assert len(await filled.dump()) == before - 2
    assert (await filled("alice", "query", query_texts=["ward"], n_results=5))["ids"] == [["b"]]


async def test_originals_come_back_to_whoever_may_restore(open_desk: Any) -> None:
    """Personal data is scrubbed for everybody, restored for an owner with pii:restore, and never on the server."""
    desk = await open_desk(Policy())
    await desk.write("alice", {"a": NOTE})
    assert "Johnson" not in (await desk("alice", "get"))["documents"][0]
    assert (await desk(Principal("alice", permissions=frozenset({"pii:restore"})), "get"))["documents"] == [NOTE]
    assert "ohnson" not in str(await desk.dump())


@pytest.mark.parametrize("verb", ["get", "query", "peek"])
async def test_withheld_vectors_warn_at_the_callers_line(verb: str, kind: str, filled: Any) -> None:
    """None stands in their place, and one warning names the line of whoever asked."""
    notes = filled.notes.acting_for("alice")
    options: dict[str, Any] = {
        "get": {"include": ["embeddings"]},
        "query": {"query_texts": ["ward"], "include": ["embeddings", "documents"]},
        "peek": {},
    }[verb]
    with pytest.warns(VectorsWithheldWarning) as caught:
        answer = getattr(notes, verb)(**options) if kind == "sync" else await getattr(notes, verb)(**options)
    (ours,) = [each for each in caught if each.category is VectorsWithheldWarning]  # others are of sockets and threads
    assert ours.filename == __file__
    assert "getattr(notes, verb)" in Path(__file__).read_text().splitlines()[ours.lineno - 1]
    assert answer["embeddings"] is None
    assert "embeddings" not in answer["included"]


async def test_a_strict_policy_refuses_vectors_instead(open_desk: Any) -> None:
    """Asking for them is an error then, and no warning."""
    desk = await open_desk(Policy.strict())
    await desk.write("alice", {"a": "text"})
    with warnings.catch_warnings():
        warnings.simplefilter("error", VectorsWithheldWarning)
        for verb, options in (("get", {"include": ["embeddings"]}), ("peek", {})):
            with pytest.raises(VectorsWithheld):
                await desk("alice", verb, **options)


async def test_a_server_outlives_the_process(filled: Any, native: Any, guard_of: Any) -> None:
    """Its collections are persistent, so a policy that would leave vectors readable there is refused."""
    assert room_of(filled.notes).store.traits.persistent is True
    guard = guard_of(Policy(vectors=Vectors(mask=False)))
    with pytest.raises(PolicyError, match="outlives"):
        vecguard_chroma.wrap(filled.bare, guard)


async def test_a_second_process_reads_what_the_first_wrote(open_desk: Any, tmp_path: Path, embed: Any) -> None:
    """State in a file and the same keys open the rows again; another state refuses the collection."""
    keys, state = Keyring.ephemeral(), f"sqlite:///{tmp_path / 'state.db'}"
    policy = Policy.strict()

    def guard(url: str = state) -> Guard:
        return Guard(policy, keys=keys, state=url, embedder=embed)

    first = await open_desk(guard=guard())
    await first.write("alice", {"a": "the ward"}, {"n": 1})
    first.guard.close()
    again = await open_desk(guard=guard(), name=first.bare.name)
    assert (await again("alice", "get"))["documents"] == ["the ward"]
    assert (await again("alice", "query", query_texts=["ward"]))["ids"] == [["a"]]
    again.guard.close()
    other = guard(":memory:")
    with pytest.raises(StateMismatch):
        await open_desk(guard=other, name=first.bare.name)
    other.close()
