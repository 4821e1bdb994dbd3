"""Reading in Qdrant's manner: pages in the order of ids, queries by id, payload selectors, delete selectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from qdrant_client import models

from vecguard import Policy, Undecided

_A, _B = UUID(int=10).hex, str(UUID(int=11))


async def _both(desk_of: Any, open_desk: Any, points: list[models.PointStruct]) -> tuple[Any, Any]:
    """Return a guarded desk and a bare one that hold the same points."""
    guarded, bare = await desk_of(), open_desk()
    await bare.raw("create_collection", models.VectorParams(size=16, distance=models.Distance.COSINE))
    await guarded("alice", "upsert", points)
    await bare.raw("upsert", points)
    return guarded, bare


@pytest.mark.parametrize("offset", [None, 0, 3, 4, 1000, _A, _B, str(UUID(int=1)), "nonsense"])
async def test_pages_are_those_of_qdrant(desk_of: Any, open_desk: Any, make_point: Any, offset: Any) -> None:
    """Pages start at the offset, whether a point has it or not, and follow the order of ids."""
    keys = [12, 3, str(UUID(_A)), 7, _B, 0]
    guarded, bare = await _both(desk_of, open_desk, [make_point(key, f"note {key}") for key in keys])
    for limit in (1, 2, 6, 7):
        assert await guarded("alice", "scroll", limit=limit, offset=offset) == await bare.raw(
            "scroll", limit=limit, offset=offset
        )


async def test_paging_visits_every_point_once(desk: Any) -> None:
    """The next offset is an id of the caller's, in its own spelling, and leads through all points."""
    keys = [5, _A, 2, _B, 9]
    await desk.upsert("alice", {key: f"note {key}" for key in keys})
    await desk.upsert("bob", dict.fromkeys(range(20), "other"))
    seen: list[Any] = []
    offset = None
    while True:
        records, offset = await desk("alice", "scroll", limit=2, offset=offset)
        seen += [each.id for each in records]
        if offset is None:
            break
        assert offset in keys
    assert seen == [2, 5, 9, _A, _B]


@pytest.mark.parametrize("policy", [Policy(), Policy.strict()], ids=["balanced", "strict"])
async def test_query_by_own_id_leaves_the_point_out(
    desk_of: Any, open_desk: Any, make_point: Any, policy: Policy
) -> None:
    """The neighbours of a point are those that Qdrant finds, without the point itself."""
    texts = ["the lungs are clear", "clear lungs", "a heart", "the arm", "lungs"]
    points = [make_point(at, text) for at, text in enumerate(texts)]
    guarded, bare = await desk_of(policy), open_desk()
    await bare.raw("create_collection", models.VectorParams(size=16, distance=models.Distance.COSINE))
    await guarded("alice", "upsert", points)
    await bare.raw("upsert", points)
    for query in (0, models.NearestQuery(nearest=0)):
        for limit, offset in ((2, None), (2, 1), (10, 0)):
            ours = await guarded("alice", "query_points", query, limit=limit, offset=offset)
            native = await bare.raw("query_points", query, limit=limit, offset=offset)
            assert [each.id for each in ours.points] == [each.id for each in native.points]


async def test_a_query_for_nothing_lists(desk_of: Any, open_desk: Any, make_point: Any) -> None:
    """Without a query, points come in the order of their ids with a score of 1."""
    guarded, bare = await _both(desk_of, open_desk, [make_point(key, f"note {key}") for key in (4, 1, 3, _B)])
    for options in ({}, {"limit": 2, "offset": 1}, {"with_payload": False}):
        assert await guarded("alice", "query_points", **options) == await bare.raw("query_points", **options)


SELECTORS: list[Any] = [
    True,
    False,
    [],
    ["a"],
    ["metadata.x", "document"],
    ["metadata", "metadata.x"],
    ["tags", "list[].k", "nothing"],
    models.PayloadSelectorInclude(include=["metadata.y"]),
    models.PayloadSelectorExclude(exclude=["metadata.y", "document", "list[].k"]),
]


@pytest.mark.parametrize("selector", SELECTORS, ids=range(len(SELECTORS)))
async def test_payload_selectors_are_those_of_qdrant(
    desk_of: Any, open_desk: Any, make_point: Any, selector: Any
) -> None:
    """What is selected is what was written, not what lies in the store."""
    payload = {"a": 1, "metadata": {"x": "u", "y": "v" * 100}, "tags": ["t"], "list": [{"k": 1, "l": 2}]}
    guarded, bare = await _both(desk_of, open_desk, [make_point(1, "lungs", **payload)])
    for verb, args in (("retrieve", ([1],)), ("scroll", ()), ("query_points", ())):
        ours = await guarded("alice", verb, *args, with_payload=selector)
        assert ours == await bare.raw(verb, *args, with_payload=selector)


async def test_retrieve_keeps_the_order_asked_for(desk: Any) -> None:
    """Records come in the order of the ids, repeated where an id is, and missing ones are skipped."""
    await desk.upsert("alice", {1: "one", 2: "two", _A: "three"})
    records = await desk("alice", "retrieve", [_A, 99, 2, 1, 2, "nonsense", UUID(_A)])
    assert [each.id for each in records] == [_A, 2, 1, 2, _A]
    assert await desk("alice", "retrieve", []) == []


DELETES: dict[str, tuple[Callable[[], Any], list[int]]] = {
    "list": (lambda: [1, 99], [2, 3]),
    "ids": (lambda: models.PointIdsList(points=[1, 3]), [2]),
    "filter": (lambda: _has("C1"), [1, 2]),
    "selector": (lambda: models.FilterSelector(filter=_has("B2")), [3]),
    "empty filter": (models.Filter, []),
}


def _has(ward: str) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="ward", match=models.MatchValue(value=ward))])


@pytest.mark.parametrize("how", DELETES)
async def test_deletes_take_every_selector(desk: Any, make_point: Any, how: str) -> None:
    """Ids and filters delete one's own points, natively too, and nobody else's."""
    points = [make_point(key, f"note {key}", ward=ward) for key, ward in ((1, "B2"), (2, "B2"), (3, "C1"))]
    for who in ("alice", "bob"):
        await desk(who, "upsert", points)
    selector, left = DELETES[how]
    result = await desk("alice", "delete", selector())
    assert result == models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)
    assert [each.id for each in (await desk("alice", "scroll"))[0]] == left
    assert (await desk("bob", "count")).count == 3
    assert len(await desk.rows()) == len(left) + 3


UNDECIDED: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("scroll", (), {"order_by": "ward"}),
    ("scroll", (), {"brand_new": 1}),
    ("scroll", (), {"consistency": "all"}),
    ("scroll", (), {"with_payload": "document"}),
    ("count", (), {"shard_key_selector": "a"}),
    ("retrieve", ([1],), {"timeout": 3}),
    ("retrieve", ([1.5],), {}),
    ("delete", ([1],), {"ordering": models.WriteOrdering.STRONG}),
    ("delete", ("all",), {}),
    ("delete", (models.PointIdsList(points=[1], shard_key="a"),), {}),
    ("query_points", ([[1.0] * 16],), {}),
    ("query_points", (models.SparseVector(indices=[1], values=[1.0]),), {}),
    ("query_points", (models.Document(text="lungs", model="m"),), {}),
    (
        "query_points",
        (models.FusionQuery(fusion=models.Fusion.RRF),),
        {"prefetch": [models.Prefetch(query=[1.0] * 16)]},
    ),
    ("query_points", (models.RecommendQuery(recommend=models.RecommendInput(positive=[1])),), {}),
    ("query_points", (models.NearestQuery(nearest=3, mmr=models.Mmr(diversity=0.5)),), {}),
    ("query_points", (models.SampleQuery(sample=models.Sample.RANDOM),), {}),
    ("query_points", ([1.0] * 16,), {"using": "title"}),
    ("query_points", ([1.0] * 16,), {"search_params": models.SearchParams(exact=True)}),
    ("query_points", (1,), {"lookup_from": models.LookupLocation(collection="other")}),
    ("query_points", ([1.0] * 16,), {"prefetch": models.Prefetch(query=[1.0] * 16)}),
    ("query_points", ([1.0] * 16,), {"with_lookup": "other"}),
]


@pytest.mark.parametrize(("verb", "args", "options"), UNDECIDED)
async def test_undecided_options_are_refused(desk: Any, verb: str, args: Any, options: Any) -> None:
    """Whatever no rule covers is refused, never ignored and never passed on."""
    await desk.upsert("alice", {1: "lungs"})
    with pytest.raises(Undecided):
        await desk("alice", verb, *args, **options)
    assert (await desk("alice", "count")).count == 1


@pytest.mark.parametrize(
    ("verb", "args", "options"),
    [
        ("scroll", (), {"limit": 0}),
        ("query_points", ([1.0] * 16,), {"limit": 0}),
        ("query_points", ([1.0] * 16,), {"offset": -1}),
        ("query_points", (), {"score_threshold": 0.5}),
        ("delete", ([],), {}),
        ("count", (models.Filter(min_should=models.MinShould(conditions=[], min_count=0)),), {}),
    ],
)
async def test_bad_arguments_fail_as_they_do_natively(
    desk_of: Any, open_desk: Any, make_point: Any, verb: str, args: Any, options: Any
) -> None:
    """Same exception, same message."""
    guarded, bare = await _both(desk_of, open_desk, [make_point(1, "lungs")])
    with pytest.raises(ValueError, match=r"invalid|needed|Empty") as native:
        await bare.raw(verb, *args, **options)
    assert await guarded.outcome("alice", verb, *args, **options) == (ValueError, str(native.value))


def test_an_offset_beyond_a_page_skips_rows_and_no_more():
    """The store port counts from any offset, over any number of native pages, with and without an end."""
    from qdrant_client import QdrantClient, models

    from vecguard.filters import EVERYTHING
    from vecguard.ports import Find, Traits
    from vecguard_qdrant._store import QdrantStore

    client = QdrantClient(":memory:")
    client.create_collection("c", models.VectorParams(size=2, distance=models.Distance.COSINE))
    client.upsert("c", [models.PointStruct(id=at, vector=[1.0, float(at)], payload={"at": at}) for at in range(700)])
    store = QdrantStore(client, "c", Traits("qdrant", "cosine", 2, persistent=False, nested=True))

    def seen(limit, offset):
        return [row.fields["at"] for row in store.find(Find(EVERYTHING, limit=limit, offset=offset)).rows]

    assert seen(10, 515) == list(range(515, 525))
    assert seen(300, 250) == list(range(250, 550))
    assert seen(None, 600) == list(range(600, 700))
    assert seen(5, 699) == [699]
    assert seen(5, 700) == seen(0, 3) == []
