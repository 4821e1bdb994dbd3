"""What cannot be written is refused whole, with the typed error and before anything reaches the store."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_client import models

from vecguard import BadId, BadInput, BadVector, Policy, ReservedField, StoreFailed, Undecided, UnscrubbedVector

GOOD = [1.0] + [0.5] * 15


def _point(key: Any = 1, vector: Any = GOOD, payload: Any = None) -> models.PointStruct:
    return models.PointStruct.model_construct(id=key, vector=vector, payload=payload)


def _loop() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["me"] = loop
    return loop


BAD: dict[str, tuple[Any, type[Exception]]] = {
    "NaN": ([_point(vector=[float("nan")] * 16)], BadVector),
    "Inf": ([_point(vector=[float("inf")] * 16)], BadVector),
    "zero": ([_point(vector=[0.0] * 16)], BadVector),
    "wrong dimension": ([_point(vector=[1.0] * 15)], BadVector),
    "differing dimensions": ([_point(1), _point(2, [1.0] * 15)], BadVector),
    "words": ([_point(vector=["a"] * 16)], BadVector),
    "no coordinates": ([_point(vector=[])], BadVector),
    "empty vector": ([_point(vector={})], BadVector),
    "duplicate ids": ([_point(1), _point(1)], BadId),
    "duplicate spellings": ([_point("0" * 32), _point("00000000-0000-0000-0000-000000000000")], BadId),
    "no UUID": ([_point("john smith")], BadId),
    "boolean id": ([_point(True)], BadId),
    "reserved field": ([_point(payload={"_vg_owner": "bob"})], ReservedField),
    "nested reserved field": ([_point(payload={"metadata": {"_vg_tag": 1}})], ReservedField),
    "empty batch": ([], BadInput),
    "ragged batch": (models.Batch(ids=[1, 2], vectors=[GOOD]), BadInput),
    "NaN in payload": ([_point(payload={"x": float("nan")})], BadInput),
    "no JSON": ([_point(payload={"x": object()})], BadInput),
    "circular": ([_point(payload=_loop())], BadInput),
    "no dict": ([_point(payload=["x"])], BadInput),
    "named vector": ([_point(vector={"title": GOOD})], Undecided),
    "named batch": (models.Batch(ids=[1], vectors={"title": [GOOD]}), Undecided),
    "multivector": ([_point(vector=[GOOD, GOOD])], Undecided),
    "sparse": ([_point(vector={"": models.SparseVector(indices=[1], values=[1.0])})], Undecided),
    "document": ([_point(vector=models.Document(text="lungs", model="m"))], Undecided),
    "float id": ([_point(1.5)], Undecided),
    "dict": ([{"id": 1, "vector": GOOD}], Undecided),
    "generator": ((each for each in [_point()]), Undecided),
}


@pytest.mark.parametrize("bad", BAD)
async def test_bad_points_write_nothing(desk: Any, bad: str) -> None:
    """The whole call is refused: the good point beside the bad one is not written either, nor is anything changed."""
    await desk.upsert("alice", {7: "there before"})
    before = await desk.rows()
    points, error = BAD[bad]
    if isinstance(points, list) and points:
        points = [_point(50), *points]
    with pytest.raises(error) as raised:
        await desk("alice", "upsert", points)
    assert "john" not in str(raised.value)
    assert await desk.rows() == before


@pytest.mark.parametrize(
    "options",
    [
        {"update_filter": models.Filter()},
        {"update_mode": models.UpdateMode.INSERT_ONLY},
        {"ordering": models.WriteOrdering.WEAK},
        {"shard_key_selector": "a"},
        {"timeout": 1},
        {"brand_new": None},
    ],
)
async def test_options_of_an_upsert_are_refused(desk: Any, options: dict[str, Any]) -> None:
    """Conditional upserts and native steering are not guarded; the plain mode and either `wait` are."""
    with pytest.raises(Undecided):
        await desk("alice", "upsert", [_point()], **options)
    await desk("alice", "upsert", [_point()], wait=False, update_mode=models.UpdateMode.UPSERT)
    assert (await desk("alice", "count")).count == 1


async def test_a_vector_of_an_unclean_text_needs_an_embedder(desk_of: Any, guard_of: Any) -> None:
    """Rule 1 without an embedder: the write is refused, and nothing is there."""
    desk = await desk_of(guard=guard_of(Policy(), embedder=None))
    with pytest.raises(UnscrubbedVector):
        await desk("alice", "upsert", [_point(payload={"text": "call John Smith on 555-201-9876"})])
    assert await desk.rows() == []


async def test_the_callers_points_are_left_alone(desk: Any, make_point: Any) -> None:
    """Neither the points nor their payloads are changed by a write."""
    points = [make_point(1, "lungs", metadata={"n": 1})]
    before = [each.model_copy(deep=True) for each in points]
    await desk("alice", "upsert", points)
    assert points == before


async def test_native_failures_show_no_content(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the client raises about points goes on by the name of its class alone, and nothing was written."""
    await desk.upsert("alice", {1: "lungs"})

    def fail(*args: Any, **options: Any) -> Any:
        raise RuntimeError(f"secret {options}")

    monkeypatch.setattr(desk.native, "upsert", fail)
    with pytest.raises(StoreFailed, match="RuntimeError") as raised:
        await desk.upsert("alice", {2: "heart"})
    assert "secret" not in str(raised.value)
    assert raised.value.__context__ is None
    monkeypatch.undo()
    assert (await desk("alice", "count")).count == 1
