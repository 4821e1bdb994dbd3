"""Isolation over HTTP: a foreign id is answered as a missing one by every verb, and what is refused writes nothing."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from chromadb.errors import InternalError

import vecguard
from vecguard import AccessDenied, BadId, BadInput, BadVector, ReservedField, Undecided, VectorsWithheldWarning

UNIT = [1.0] + [0.0] * 15
VERBS: dict[str, tuple[str, dict[str, Any]]] = {
    "get": ("get", {}),
    "get with a filter": ("get", {"where": {"ward": "B2"}}),
    "get by text": ("get", {"where_document": {"$contains": "secret"}}),
    "get vectors": ("get", {"include": ["embeddings", "metadatas"]}),
    "query": ("query", {"query_texts": ["secret text"]}),
    "query by vector": ("query", {"query_embeddings": [UNIT], "include": ["embeddings", "distances"]}),
    "update": ("update", {"documents": ["taken over"]}),
    "update metadata": ("update", {"metadatas": [{"ward": "A1"}]}),
    "update vector": ("update", {"embeddings": [UNIT]}),
    "delete": ("delete", {}),
    "delete with a filter": ("delete", {"where": {"ward": "B2"}}),
    "add": ("add", {"documents": ["my own"]}),
    "upsert": ("upsert", {"documents": ["my own"]}),
}


async def _outcome(desk: Any, what: str, id_: str) -> str:
    verb, options = VERBS[what]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VectorsWithheldWarning)
        answer = await desk.outcome("alice", verb, ids=[id_], **options)
    return str(answer).replace(id_, "ID")


@pytest.mark.parametrize("what", VERBS)
async def test_a_foreign_id_is_a_missing_id(what: str, desk: Any) -> None:
    """The answer, or the error's type, text and arguments, are the same; and the owner's record is as it was."""
    await desk.write("bob", {"bobs": "secret text"}, {"ward": "B2"})
    await desk.write("alice", {"mine": "my text"}, {"ward": "B2"})
    foreign = await _outcome(desk, what, "bobs")
    if what in ("add", "upsert"):
        await desk("alice", "delete", ids=["bobs"])
    assert foreign == await _outcome(desk, what, "none")
    assert "secret" not in foreign
    kept = await desk("bob", "get", ids=["bobs"])
    assert (kept["documents"], kept["metadatas"]) == (["secret text"], [{"ward": "B2"}])
    assert (await desk("bob", "query", query_texts=["secret text"], n_results=5))["ids"] == [["bobs"]]


async def test_no_verb_without_an_id_reaches_others(desk: Any) -> None:
    """Listings, rankings, counts and deletes by filter end at the owner's records."""
    await desk.write("bob", {"bobs": "secret text"}, {"ward": "B2"})
    await desk.write("alice", {"mine": "my text"}, {"ward": "B2"})
    everything = {"where": {"nowhere": {"$ne": 1}}}
    assert (await desk("alice", "get", **everything))["ids"] == ["mine"]
    assert (await desk("alice", "query", query_texts=["secret text"], n_results=9))["ids"] == [["mine"]]
    with pytest.warns(VectorsWithheldWarning):
        assert (await desk("alice", "peek"))["ids"] == ["mine"]
    assert await desk("alice", "count") == 1
    assert await desk("alice", "delete", **everything) == {"deleted": 1}
    assert await desk("bob", "count") == 1


async def test_a_query_among_ids_wants_all_of_them(desk: Any) -> None:
    """One that is missing, or another's, fails it as it fails natively; one's own alone are ranked."""
    await desk.write("bob", {"bobs": "secret text"})
    await desk.write("alice", {"a": "first text", "b": "second text"})
    with pytest.raises(InternalError) as natively:
        await desk.raw("query", query_embeddings=[UNIT], ids=["none"])
    for other in ("bobs", "none"):
        with pytest.raises(InternalError) as caught:
            await desk("alice", "query", query_texts=["text"], ids=["a", other])
        assert str(caught.value) in str(natively.value)
    assert (await desk("alice", "query", query_texts=["first text"], ids=["a", "b"]))["ids"] == [["a", "b"]]


async def test_nobody_acting_is_refused(desk: Any) -> None:
    """Without a principal no verb runs; a context serves as well as a binding, and may not contradict one."""
    calls: dict[str, dict[str, Any]] = {
        "add": {"ids": ["a"], "documents": ["text"]},
        "upsert": {"ids": ["a"], "documents": ["text"]},
        "update": {"ids": ["a"], "documents": ["text"]},
        "delete": {"ids": ["a"]},
        "get": {},
        "peek": {},
        "count": {},
        "query": {"query_texts": ["text"]},
    }
    for verb, options in calls.items():
        with pytest.raises(AccessDenied, match="nobody acts"):
            await desk(None, verb, **options)
    with pytest.raises(AccessDenied, match="nobody acts"):
        await desk.admin(None, "delete_collection", desk.bare.name)
    assert await desk.raw("count") == 0
    with vecguard.acting_for("alice"):
        await desk(None, "add", **calls["add"])
        with pytest.raises(AccessDenied):
            await desk("bob", "count")
    assert await desk("alice", "count") == 1


REFUSED: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "nan": (BadVector, {"ids": ["x"], "embeddings": [[float("nan"), *UNIT[1:]]]}),
    "short": (BadVector, {"ids": ["x"], "embeddings": [[1.0] * 15]}),
    "duplicate ids": (BadId, {"ids": ["x", "x"], "documents": ["one", "two"]}),
    "number ids": (BadId, {"ids": [1], "documents": ["one"]}),
    "too few texts": (BadInput, {"ids": ["x", "y"], "documents": ["one"]}),
    "empty metadata": (BadInput, {"ids": ["x"], "documents": ["t"], "metadatas": [{}]}),
    "reserved field": (ReservedField, {"ids": ["x"], "documents": ["t"], "metadatas": [{"_vg_owner": "bob"}]}),
    "uris": (Undecided, {"ids": ["x"], "uris": ["file:///x"]}),
    "no content": (ValueError, {"ids": ["x"]}),
}


@pytest.mark.parametrize("verb", ["add", "upsert", "update"])
@pytest.mark.parametrize("what", REFUSED)
async def test_a_refused_write_changes_nothing(what: str, verb: str, desk: Any) -> None:
    """Each bad call is its typed error, and the server's rows stay byte for byte."""
    error, options = REFUSED[what]
    await desk.write("alice", {"x": "first text", "y": "second text"})
    before = await desk.dump()
    with pytest.raises(error):
        await desk("alice", verb, **options)
    assert await desk.dump() == before


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("get", {"include": "documents"}),
        ("get", {"include": ["everything"]}),
        ("get", {"include": ["data"]}),
        ("get", {"where": {"n": {"$regex": "x"}}}),
        ("get", {"ids": []}),
        ("query", {}),
        ("query", {"query_texts": ["x"], "n_results": 0}),
        ("query", {"query_texts": ["x"], "query_embeddings": [UNIT]}),
        ("query", {"query_images": [[1]]}),
        ("delete", {}),
    ],
    ids=str,
)
async def test_a_read_that_no_rule_covers_is_refused(verb: str, options: dict[str, Any], desk: Any) -> None:
    """It is an error of ours or Chroma's own, and nothing is answered or deleted."""
    await desk.write("alice", {"x": "first text"})
    with pytest.raises((ValueError, TypeError, Undecided)):
        await desk("alice", verb, **options)
    assert await desk("alice", "count") == 1
