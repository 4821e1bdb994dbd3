"""Filters mean what they mean in Qdrant, whether the store or the guard evaluates them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from qdrant_client import QdrantClient, models

import vecguard_qdrant
from vecguard import Policy, Undecided

_UUID = str(UUID(int=5))
_LONG = "a sentence that is much too long to stay clear on the shelf of anybody at all, so it is sealed"

PAYLOADS: dict[Any, dict[str, Any]] = {
    1: {"document": "The lungs are clear.", "ward": "B2", "age": 61, "open": True},
    2: {"document": "a broken ARM", "ward": "C1", "age": 47.5, "tags": ["x", "y"], "scores": [1, 10]},
    3: {"document": "lungs and heart", "tags": ["y", 3, None], "metadata": {"ward": "B2", "n": 5, "on": False}},
    4: {"tags": [], "ward": None, "scores": [5], "metadata": {"ward": ["B2", "D4"], "deep": {"er": "z"}}},
    _UUID: {"document": "Clear lungs!", "note": _LONG, "ward": "B2", "age": 0, "metadata": {"ward": _LONG}},
    6: {"text": "heart", "ward": "b2", "tags": "x", "mixed": [True, 1, "1", {"a": 1}]},
}


def field(key: str, **said: Any) -> models.FieldCondition:
    return models.FieldCondition(key=key, **said)


def value(key: str, wanted: Any) -> models.FieldCondition:
    return field(key, match=models.MatchValue(value=wanted))


def only(condition: Any) -> models.Filter:
    return models.Filter(must=[condition])


B2, OPEN, TAGGED = value("ward", "B2"), value("open", True), value("tags", "y")

FILTERS: list[models.Filter] = [
    models.Filter(),
    only(B2),
    models.Filter(must=B2),
    models.Filter(must_not=[B2]),
    models.Filter(must_not=OPEN),
    models.Filter(should=[B2, TAGGED]),
    models.Filter(should=[], must=[], must_not=[]),
    models.Filter(must=[B2], should=[OPEN, value("age", 0)], must_not=[value("age", 61)]),
    models.Filter(
        min_should=models.MinShould(conditions=[B2, OPEN, field("age", range=models.Range(gt=1))], min_count=2)
    ),
    models.Filter(min_should=models.MinShould(conditions=[], min_count=1)),
    models.Filter(must=[models.Filter(should=[B2, models.Filter(must=[TAGGED], must_not=[B2])])]),
    only(TAGGED),
    only(value("tags", 3)),
    only(value("mixed", 1)),
    only(value("mixed", True)),
    only(value("mixed", "1")),
    only(value("note", _LONG)),
    models.Filter(must_not=[value("note", _LONG)]),
    only(value("metadata.ward", "B2")),
    only(value("metadata.ward", _LONG)),
    models.Filter(must_not=[value("metadata.ward", "B2")]),
    only(value("metadata.deep.er", "z")),
    only(value("metadata", "B2")),
    only(value("ward.deeper", "B2")),
    only(value("nothing", "B2")),
    only(value("metadata.on", False)),
    only(value("document", "a broken ARM")),
    models.Filter(must_not=[value("document", "a broken ARM")]),
    only(value("text", "heart")),
    only(field("document", match=models.MatchAny(any=["heart", "lungs and heart"]))),
    only(field("ward", match=models.MatchAny(any=["C1", "b2"]))),
    only(field("age", match=models.MatchAny(any=[61, 0]))),
    only(field("ward", match=models.MatchAny(any=[]))),
    only(field("ward", match=models.MatchExcept(**{"except": ["B2"]}))),
    only(field("tags", match=models.MatchExcept(**{"except": ["x"]}))),
    models.Filter(must_not=[field("tags", match=models.MatchExcept(**{"except": ["x"]}))]),
    only(field("document", match=models.MatchText(text="LUNGS clear"))),
    only(field("document", match=models.MatchText(text="lung"))),
    only(field("document", match=models.MatchText(text="?"))),
    only(field("ward", match=models.MatchText(text="b2"))),
    only(field("note", match=models.MatchText(text="sealed shelf"))),
    only(field("age", range=models.Range(gt=47))),
    only(field("age", range=models.Range(gte=61))),
    only(field("age", range=models.Range(lt=61))),
    only(field("age", range=models.Range(lte=0, gte=0))),
    only(field("age", range=models.Range())),
    only(field("scores", range=models.Range(gt=4, lt=6))),
    only(field("metadata.n", range=models.Range(gte=5, lt=6))),
    models.Filter(must_not=[field("age", range=models.Range(gt=50, lte=70))]),
    only(models.IsEmptyCondition(is_empty=models.PayloadField(key="tags"))),
    models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key="ward"))]),
    only(field("tags", is_empty=True)),
    only(field("document", is_empty=False)),
    only(models.HasIdCondition(has_id=[1, _UUID, 99])),
    models.Filter(
        must=[models.HasIdCondition(has_id=[1, 2, UUID(_UUID)]), models.HasIdCondition(has_id=[2, _UUID]), B2]
    ),
    models.Filter(must=[models.Filter(must=[models.HasIdCondition(has_id=[1, 2])]), B2]),
    only(models.HasIdCondition(has_id=[])),
]

VECTOR = [1.0, 2.0, 3.5]


def _points() -> list[models.PointStruct]:
    return [
        models.PointStruct(id=key, vector=[1.0, float(at), 1.0], payload=dict(PAYLOADS[key]))
        for at, key in enumerate(PAYLOADS)
    ]


@pytest.fixture(scope="module")
def bare() -> Any:
    client = QdrantClient(":memory:")
    client.create_collection("notes", models.VectorParams(size=3, distance=models.Distance.COSINE))
    client.upsert("notes", _points())
    yield client
    client.close()


UNSCRUBBED = {"scrub": Policy.transparent().scrub}


@pytest.mark.parametrize(
    "policy",
    [Policy.transparent(), Policy(**UNSCRUBBED), Policy.strict().replace(**UNSCRUBBED)],
    ids=["transparent", "balanced", "strict"],
)
def test_filters_agree_with_qdrant(guard_of: Any, bare: QdrantClient, policy: Policy) -> None:
    """The same filter picks the same points in a bare and in a guarded collection, in every verb that takes one."""
    client = QdrantClient(":memory:")
    guarded = vecguard_qdrant.wrap(client, guard_of(policy, embedder=None))
    guarded.create_collection("notes", models.VectorParams(size=3, distance=models.Distance.COSINE))
    alice = guarded.acting_for("alice")
    alice.upsert("notes", _points())
    guarded.acting_for("bob").upsert("notes", _points())
    for at, each in enumerate(FILTERS):
        before = each.model_copy(deep=True)
        expected, _ = bare.scroll("notes", each)
        ours, _ = alice.scroll("notes", each)
        assert ours == expected, (at, each)
        assert alice.count("notes", each).count == len(expected), (at, each)
        ranked = bare.query_points("notes", VECTOR, query_filter=each).points
        found = alice.query_points("notes", VECTOR, query_filter=each).points
        assert [hit.id for hit in found] == [hit.id for hit in ranked], (at, each)
        assert each == before
    client.close()


REFUSED: list[Any] = [
    only(field("day", range=models.DatetimeRange(gt=datetime(2024, 1, 1)))),
    only(field("x", values_count=models.ValuesCount(gt=1))),
    only(field("x", geo_radius=models.GeoRadius(center=models.GeoPoint(lon=0, lat=0), radius=1))),
    only(field("x", match=models.MatchPhrase(phrase="a b"))),
    only(field("x", match=models.MatchValue(value=1), range=models.Range(gt=1))),
    only(field("x")),
    only(field("x", is_null=True)),
    only(models.IsNullCondition(is_null=models.PayloadField(key="x"))),
    only(models.NestedCondition(nested=models.Nested(key="x", filter=only(B2)))),
    only(models.HasVectorCondition(has_vector="")),
    only(value("a[].b", 1)),
    only(value('"a.b"', 1)),
    models.Filter(should=[models.HasIdCondition(has_id=[1])]),
    models.Filter(must_not=[models.HasIdCondition(has_id=[1])]),
    models.Filter(must_not=[only(models.HasIdCondition(has_id=[1]))]),
    {"must": []},
    "ward",
    type("Mine", (models.Filter,), {})(),
]


@pytest.mark.parametrize("refused", REFUSED, ids=range(len(REFUSED)))
async def test_what_no_rule_covers_is_refused(desk: Any, refused: Any) -> None:
    """Conditions, keys and models that nobody decided raise `Undecided` in every verb that takes a filter."""
    await desk.upsert("alice", {1: "lungs"})
    for verb, args, options in (
        ("scroll", (refused,), {}),
        ("count", (refused,), {}),
        ("query_points", ([1.0] * 16,), {"query_filter": refused}),
        ("delete", (refused,), {}),
    ):
        with pytest.raises(Undecided):
            await desk("alice", verb, *args, **options)
    assert (await desk("alice", "count")).count == 1


def test_a_field_of_a_newer_client_is_refused() -> None:
    """A model that learned to say more than is known here is refused as soon as it says it."""
    from vecguard_qdrant._filters import _said

    assert _said(models.Range(gt=1.0), models.Range, "gt") == {"gt": 1.0}
    with pytest.raises(Undecided, match="lte"):
        _said(models.Range(gt=1.0, lte=2.0), models.Range, "gt")
