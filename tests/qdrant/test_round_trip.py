"""What is written comes back, in Qdrant's own types, and what lies in the store is scrubbed, masked and sealed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from qdrant_client import models
from qdrant_client.http.models import QueryResponse  # `qdrant_client.models.QueryResponse` is another class

from vecguard import Policy, Principal
from vecguard.principal import acting_for

NOTE = "Dr. Sarah Johnson examined John Smith, phone 555-201-9876: the lungs are clear."
UUID_HEX = "0f8fad5bd9cb469fa16570867728950e"
POLICIES = pytest.mark.parametrize("policy", [Policy(), Policy.strict(), Policy.transparent()], ids=lambda each: "")


@POLICIES
async def test_points_come_back_as_they_were_written(desk_of: Any, make_point: Any, policy: Policy) -> None:
    """Ids, nested payloads and texts survive under every profile."""
    desk = await desk_of(policy)
    payload = {"metadata": {"ward": "B2", "n": [1, 2.5, None], "deep": {"x": "y" * 100}}, "ok": True, "none": None}
    result = await desk("alice", "upsert", [make_point(7, "lungs are clear", **payload)])
    assert result == models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)
    [record] = await desk("alice", "retrieve", [7])
    assert type(record) is models.Record
    assert record == models.Record(id=7, payload={"document": "lungs are clear", **payload})


@POLICIES
async def test_search_finds_the_nearest(desk_of: Any, vector_of: Any, policy: Policy) -> None:
    """The exact score comes back in the native response, best first."""
    desk = await desk_of(policy)
    await desk.upsert("alice", {1: "the lungs are clear", 2: "a broken arm", 3: "lungs and heart"})
    answer = await desk("alice", "query_points", vector_of("the lungs are clear"), limit=2)
    assert type(answer) is QueryResponse
    assert [each.id for each in answer.points] == [1, 3]
    assert answer.points[0].score == pytest.approx(1.0, abs=1e-5)
    assert answer.points[0].payload == {"document": "the lungs are clear"}
    assert all(each.vector is None for each in answer.points)


async def test_nothing_readable_lies_in_the_store(desk_of: Any, vector_of: Any) -> None:
    """No name, number, sentence, id or owner is in a native point, and its vector is far from the exact one."""
    desk = await desk_of(Policy())
    await desk.upsert("alice", {UUID_HEX: NOTE}, metadata={"doctor": "Sarah Johnson", "ward": "B2"})
    [row] = await desk.rows()
    stored = json.dumps(row.payload) + str(row.id)
    for secret in ("Sarah", "Johnson", "555-201", "lungs", "alice", UUID_HEX, str(UUID(UUID_HEX))):
        assert secret not in stored
    assert row.payload["metadata"]["ward"] == "B2"
    assert abs(float(np.dot(row.vector, vector_of(NOTE)))) < 0.8


async def test_strict_leaves_nothing_clear(desk_of: Any) -> None:
    """Under `strict` a payload holds only our own fields."""
    desk = await desk_of(Policy.strict())
    await desk.upsert("alice", {1: "lungs"}, metadata={"ward": "B2"}, n=3)
    [row] = await desk.rows()
    assert all(name.startswith("_vg_") for name in row.payload)


async def test_a_changed_text_is_embedded_afresh(desk_of: Any, vector_of: Any) -> None:
    """Rule 1: the caller's vector of a text that scrubbing changed is not stored."""
    desk = await desk_of(Policy())
    await desk.upsert("alice", {1: NOTE})
    [hit] = (await desk("alice", "query_points", vector_of(NOTE), limit=1)).points
    assert hit.score < 0.999
    assert "Johnson" not in hit.payload["document"]
    doctor = Principal("alice", permissions=frozenset({"pii:restore"}))
    [restored] = await desk(doctor, "retrieve", [1])
    assert restored.payload == {"document": NOTE}


@pytest.mark.parametrize("clear", [False, True], ids=["sealed", "clear"])
async def test_the_first_text_key_is_the_text(desk_of: Any, make_point: Any, clear: bool) -> None:
    """Other text keys are fields like any other, and each comes back under its own name."""
    desk = await desk_of(Policy(texts="clear" if clear else "sealed"), text_keys=("body", "page_content"))
    payload = {"page_content": "lungs", "document": "a field", "body": 3}
    await desk("alice", "upsert", [models.PointStruct(id=1, vector=make_point(1, "lungs").vector, payload=payload)])
    [row] = await desk.rows()
    assert ("page_content" in row.payload) is clear
    assert row.payload["document"] == "a field"
    assert (await desk("alice", "retrieve", [1]))[0].payload == payload


@pytest.mark.parametrize("spelling", [UUID_HEX, str(UUID(UUID_HEX)), f"urn:uuid:{UUID(UUID_HEX)}", UUID(UUID_HEX)])
async def test_every_spelling_of_a_uuid_is_one_id(desk: Any, spelling: Any) -> None:
    """A point is found by any spelling of its id, and comes back in the one that was written."""
    await desk.upsert("alice", {spelling: "lungs"})
    for other in (UUID_HEX, UUID_HEX.upper(), UUID(UUID_HEX), f"{{{UUID(UUID_HEX)}}}"):
        [record] = await desk("alice", "retrieve", [other])
        assert record.id == (spelling if isinstance(spelling, str) else str(spelling))
    assert await desk("alice", "retrieve", [7, "7"]) == []


async def test_an_upsert_replaces_the_payload(desk: Any) -> None:
    """Fields of the earlier version are gone, in the answer and in the store."""
    await desk.upsert("alice", {1: "lungs"}, old="x", kept={"a": 1})
    await desk.upsert("alice", {1: "heart"}, kept={"b": 2})
    [record] = await desk("alice", "retrieve", [1])
    assert record.payload == {"document": "heart", "kept": {"b": 2}}
    [row] = await desk.rows()
    assert "old" not in row.payload


async def test_a_batch_is_a_list_of_points(desk: Any, vector_of: Any) -> None:
    """`Batch`, the unnamed vector by its empty name, numpy vectors and points without a text are all taken."""
    one, two = vector_of("lungs"), vector_of("heart")
    await desk("alice", "upsert", models.Batch(ids=[1, 2], vectors=[one, two], payloads=[{"n": 1}, {"n": 2}]))
    await desk("alice", "upsert", models.Batch(ids=[3], vectors={"": [one]}))
    await desk("alice", "upsert", [models.PointStruct(id=4, vector={"": two})])
    await desk("alice", "upsert", [models.PointStruct.model_construct(id=5, vector=np.array(one), payload=None)])
    records, _ = await desk("alice", "scroll")
    assert [(each.id, each.payload) for each in records] == [(1, {"n": 1}), (2, {"n": 2}), (3, {}), (4, {}), (5, {})]


async def test_payload_values_become_json(desk: Any, make_point: Any) -> None:
    """Dates and UUIDs come back as the strings that Qdrant would store."""
    await desk("alice", "upsert", [make_point(1, "lungs", day=date(2024, 5, 6), ref=UUID(UUID_HEX))])
    [record] = await desk("alice", "retrieve", [1])
    assert record.payload == {"document": "lungs", "day": "2024-05-06", "ref": str(UUID(UUID_HEX))}


@pytest.mark.parametrize("distance", [models.Distance.DOT, models.Distance.EUCLID])
async def test_scores_are_qdrants(desk_of: Any, open_desk: Any, distance: models.Distance) -> None:
    """Inner products and Euclidean distances, thresholds included, are those of an unguarded collection."""
    guarded, bare = await desk_of(distance=distance), open_desk()
    await bare.raw("create_collection", models.VectorParams(size=16, distance=distance))
    rows = np.random.default_rng(3).standard_normal((20, 16))
    points = [models.PointStruct(id=i, vector=row.tolist(), payload={}) for i, row in enumerate(rows)]
    await guarded("alice", "upsert", points)
    await bare.raw("upsert", points)
    for threshold in (None, 1.5, 4.0):
        options = {"query": rows[0].tolist(), "limit": 5, "offset": 1, "score_threshold": threshold}
        ours, native = await guarded("alice", "query_points", **options), await bare.raw("query_points", **options)
        assert [each.id for each in ours.points] == [each.id for each in native.points]
        assert np.allclose([each.score for each in ours.points], [each.score for each in native.points], atol=1e-4)


async def test_many_points_go_in_batches(desk: Any, make_point: Any) -> None:
    """More points than one native call takes are written, listed and counted whole."""
    await desk("alice", "upsert", [make_point(i, f"note {i}") for i in range(600)])
    assert (await desk("alice", "count")).count == 600
    records, following = await desk("alice", "scroll", limit=600)
    assert [each.id for each in records] == list(range(600))
    assert following is None


async def test_upload_points_is_lazy_and_captures_who_acts(desk: Any, make_point: Any, kind: str) -> None:
    """The synchronous client draws points batch by batch for whoever called; the asynchronous one says what to use."""
    if kind == "async":
        with pytest.raises(AttributeError, match="upsert"):
            desk.guarded.upload_points  # noqa: B018 - the access is what is tested
        return
    seen: list[int] = []

    def source() -> Any:
        for i in range(10):
            seen.append(i)
            if i == 5:
                assert desk.guarded.acting_for("alice").count("notes").count == 4
            yield make_point(i, f"note {i}")

    with acting_for("alice"):
        desk.guarded.upload_points("notes", source(), batch_size=4)
        desk.guarded.upload_points("notes", [])
    assert seen == list(range(10))
    assert (await desk("alice", "count")).count == 10
    assert (await desk("bob", "count")).count == 0
