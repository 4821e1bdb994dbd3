"""Fifty calls of five principals on one event loop never mix."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import vecguard

PEOPLE = ("alice", "bob", "carol", "dave", "erin")
CALLS = 10  # of each


@pytest.fixture
def kind() -> str:
    return "async"


async def _bound(notes: Any, who: str, verb: str, **options: Any) -> Any:
    return await getattr(notes.acting_for(who), verb)(**options)


async def _in_context(notes: Any, who: str, verb: str, **options: Any) -> Any:
    with vecguard.acting_for(who):
        return await getattr(notes, verb)(**options)


BOTH = pytest.mark.parametrize("call", [_bound, _in_context], ids=["bound", "context"])
Call = Callable[..., Coroutine[Any, Any, Any]]


def _mixed() -> list[tuple[str, int]]:
    """Everybody's turns, interleaved: alice, bob, carol ... alice, bob, carol ..."""
    return [(who, number) for number in range(CALLS) for who in PEOPLE]


@BOTH
async def test_concurrent_writes_land_with_their_owners(call: Call, desk: Any) -> None:
    """All fifty are there, each under the same ten ids of its own owner, with its own text and metadata.

    One is written first: while a collection gets its very first rows, a bare Chroma 1.5.9 server answers a few of fifty
    concurrent reads with InternalError ("Nothing found on disk"), and so would ours.
    """
    await desk.write(PEOPLE[0], {"n0": "to be replaced"})
    await asyncio.gather(
        *(
            call(desk.notes, who, "upsert", ids=[f"n{n}"], documents=[f"{who} wrote {n}"], metadatas=[{"by": who}])
            for who, n in _mixed()
        )
    )
    for who in PEOPLE:
        answer = await desk(who, "get")
        assert sorted(answer["ids"]) == sorted(f"n{n}" for n in range(CALLS))
        assert sorted(answer["documents"]) == sorted(f"{who} wrote {n}" for n in range(CALLS))
        assert {each["by"] for each in answer["metadatas"]} == {who}
    assert len(await desk.dump()) == len(PEOPLE) * CALLS + 1  # and the marker


@BOTH
async def test_concurrent_reads_see_their_owners_records(call: Call, desk: Any) -> None:
    """Listings, rankings and counts that run at once each answer with the caller's own."""
    for who in PEOPLE:
        await desk.write(who, {f"{who}-{n}": f"note {n} of {who}" for n in range(3)})
    verbs: list[tuple[str, dict[str, Any]]] = [
        ("get", {}),
        ("query", {"query_texts": ["note of alice"], "n_results": 10}),
        ("count", {}),
    ]
    asked = [(who, *verbs[number % 3]) for who, number in _mixed()]
    answers = await asyncio.gather(*(call(desk.notes, who, verb, **options) for who, verb, options in asked))
    for (who, verb, _), answer in zip(asked, answers, strict=True):
        if verb == "count":
            assert answer == 3
            continue
        ids = answer["ids"] if verb == "get" else answer["ids"][0]
        assert sorted(ids) == [f"{who}-{n}" for n in range(3)]


@BOTH
async def test_deletes_among_writes_take_only_ones_own(call: Call, desk: Any) -> None:
    """alice and carol delete what they all wrote while the others write on."""
    for who in PEOPLE:
        await desk.write(who, {f"n{n}": f"note {n} of {who}" for n in range(CALLS)})
    gone = ("alice", "carol")
    await asyncio.gather(
        *(
            call(desk.notes, who, "delete", ids=[f"n{n}"])
            if who in gone
            else call(desk.notes, who, "update", ids=[f"n{n}"], metadatas=[{"seen": True}])
            for who, n in _mixed()
        )
    )
    for who in PEOPLE:
        answer = await desk(who, "get")
        assert len(answer["ids"]) == (0 if who in gone else CALLS)
        assert answer["metadatas"] == [{"seen": True}] * len(answer["ids"])


async def test_a_binding_and_another_context_never_agree(desk: Any) -> None:
    """Of calls that run at once, those that contradict their context are refused and the others are not."""

    async def attempt(bound: str, context: str) -> Any:
        try:
            return await _in_context(desk.notes.acting_for(bound), context, "count")
        except vecguard.AccessDenied:
            return "denied"

    pairs = [(bound, context) for bound in PEOPLE for context in PEOPLE] * 2
    answers = await asyncio.gather(*(attempt(*pair) for pair in pairs))
    assert answers == [0 if bound == context else "denied" for bound, context in pairs]
