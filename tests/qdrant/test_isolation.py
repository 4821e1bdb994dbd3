"""Another owner's points do not exist: every verb answers for a foreign id exactly as for a missing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from qdrant_client import models

from vecguard import AccessDenied, Policy
from vecguard.principal import acting_for

FOREIGN, MISSING = 7, 8  # alice has 7, nobody has 8; bob asks
U_FOREIGN, U_MISSING = str(UUID(int=7)), str(UUID(int=8))

_HAS: Callable[[Any], models.Filter] = lambda key: models.Filter(must=[models.HasIdCondition(has_id=[key])])  # noqa: E731

CALLS: dict[str, Callable[[Any], tuple[str, tuple[Any, ...], dict[str, Any]]]] = {
    "retrieve": lambda key: ("retrieve", ([key],), {}),
    "retrieve with another": lambda key: ("retrieve", ([1, key],), {}),
    "scroll from": lambda key: ("scroll", (), {"offset": key}),
    "scroll by id": lambda key: ("scroll", (_HAS(key),), {}),
    "count by id": lambda key: ("count", (_HAS(key),), {}),
    "query by id": lambda key: ("query_points", (key,), {}),
    "query by nearest id": lambda key: ("query_points", (models.NearestQuery(nearest=key),), {}),
    "query among ids": lambda key: ("query_points", ([1.0] * 16,), {"query_filter": _HAS(key)}),
    "delete ids": lambda key: ("delete", ([key],), {}),
    "delete list": lambda key: ("delete", (models.PointIdsList(points=[key]),), {}),
    "delete selector": lambda key: ("delete", (models.FilterSelector(filter=_HAS(key)),), {}),
}


@pytest.mark.parametrize("policy", [Policy(), Policy.strict()], ids=["balanced", "strict"])
@pytest.mark.parametrize("call", CALLS, ids=lambda each: each.replace(" ", "-"))
async def test_foreign_is_missing(desk_of: Any, policy: Policy, call: str) -> None:
    """Answer, exception type and message are the same, and the foreign point is still there, untouched."""
    desk = await desk_of(policy)
    await desk.upsert("alice", {FOREIGN: "lungs", U_FOREIGN: "heart"})
    await desk.upsert("bob", {1: "an arm"})
    for foreign, missing in ((FOREIGN, MISSING), (U_FOREIGN, U_MISSING)):
        answers = []
        for key in (foreign, missing):
            verb, args, options = CALLS[call](key)
            answers.append(await desk.outcome("bob", verb, *args, **options))
        assert answers[0] == answers[1]
    records, _ = await desk("alice", "scroll")
    assert {each.payload["document"] for each in records} == {"heart", "lungs"}
    assert (await desk("bob", "count")).count == 1


async def test_query_by_a_missing_id_fails_as_qdrant_does(desk: Any) -> None:
    """The native error class, whatever the collection holds, and without the id in the message."""
    with pytest.raises(ValueError, match="not found in the collection") as native:
        await desk.raw("query_points", 7)
    for prepare in ({}, {1: "lungs"}):
        if prepare:
            await desk.upsert("bob", prepare)
        with pytest.raises(ValueError, match="not found in the collection") as ours:
            await desk("bob", "query_points", 7)
        assert type(ours.value) is type(native.value)
        assert "7" not in str(ours.value)
        assert ours.value.__context__ is None


async def test_the_same_id_is_another_point_for_another_owner(desk: Any) -> None:
    """An upsert of an id that somebody else has neither changes theirs nor shows that it is there."""
    first = await desk.upsert("alice", {7: "of alice"})
    second = await desk.upsert("bob", {7: "of bob"})
    assert first == second
    for who in ("alice", "bob"):
        assert (await desk(who, "retrieve", [7]))[0].payload == {"document": f"of {who}"}
    await desk("bob", "delete", models.Filter())
    assert (await desk("alice", "count")).count == 1
    assert (await desk("bob", "count")).count == 0


@pytest.mark.parametrize(
    "sneaky",
    [
        models.Filter(should=[models.FieldCondition(key="ward", match=models.MatchValue(value="B2"))]),
        models.Filter(must_not=[models.FieldCondition(key="ward", match=models.MatchValue(value="C1"))]),
        models.Filter(min_should=models.MinShould(conditions=[models.Filter(must=[]), models.Filter()], min_count=1)),
        models.Filter(should=[]),
    ],
)
async def test_no_filter_reaches_another_owner(desk: Any, vector_of: Any, sneaky: models.Filter) -> None:
    """A filter narrows one's own points, whatever its clauses; the owner scope is never one alternative of several."""
    await desk.upsert("alice", {1: "lungs"}, ward="B2")
    await desk.upsert("bob", {2: "heart"}, ward="B2")
    before = sneaky.model_copy(deep=True)
    records, _ = await desk("bob", "scroll", sneaky)
    found = (await desk("bob", "query_points", vector_of("lungs"), query_filter=sneaky)).points
    assert [each.id for each in records] == [each.id for each in found] == [2]
    assert (await desk("bob", "count", sneaky)).count == 1
    await desk("bob", "delete", sneaky)
    assert (await desk("alice", "count")).count == 1
    assert sneaky == before


@pytest.mark.parametrize("key", ["_vg_owner", "_vg_scheme", "metadata._vg_owner"])
async def test_reserved_fields_are_not_filtered_on(desk: Any, key: str) -> None:
    """Our own fields cannot be probed."""
    await desk.upsert("alice", {1: "lungs"})
    wanted = models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value="x"))])
    with pytest.raises(AccessDenied):
        await desk("alice", "scroll", wanted)


async def test_nobody_acting_is_refused(desk: Any, make_point: Any) -> None:
    """Without a principal nothing is read or written; a context serves as well, and may not contradict a binding."""
    verbs: list[tuple[str, Any]] = [
        ("upsert", [make_point(1, "lungs")]),
        ("retrieve", [1]),
        ("delete", [1]),
        ("query_points", [1.0] * 16),
    ]
    for verb, argument in verbs:
        with pytest.raises(AccessDenied, match="nobody acts"):
            await desk(None, verb, argument)
    for verb in ("scroll", "count", "get_collection", "delete_collection"):
        with pytest.raises(AccessDenied, match="nobody acts"):
            await desk(None, verb)
    assert (await desk.raw("count")).count == 0
    with acting_for("alice"):
        await desk(None, "upsert", [make_point(1, "lungs")])
        with pytest.raises(AccessDenied):
            await desk("bob", "count")
    assert (await desk("alice", "count")).count == 1


async def test_vectors_are_withheld(desk_of: Any, recwarn: pytest.WarningsRecorder) -> None:
    """Vectors that are asked for are None with a warning at the caller's line; `strict` raises before it reads."""
    from vecguard import VectorsWithheld

    lenient, strict = await desk_of(), await desk_of(Policy.strict())
    for desk in (lenient, strict):
        await desk.upsert("alice", {1: "lungs"})
    for asked in (True, [""], ["any"]):
        for verb, args in (("retrieve", ([1],)), ("scroll", ()), ("query_points", ([1.0] * 16,))):
            with pytest.warns(UserWarning, match="stored vectors are not returned") as caught:
                answer = await lenient("alice", verb, *args, with_vectors=asked)
            assert "qdrant" in caught[0].filename
            assert "adapters" not in caught[0].filename
            points = answer if verb == "retrieve" else answer[0] if verb == "scroll" else answer.points
            assert [each.vector for each in points] == [None]
            with pytest.raises(VectorsWithheld):
                await strict("alice", verb, *args, with_vectors=asked)
