"""One desk for both clients: every scenario runs on `QdrantClient` and on `AsyncQdrantClient`."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient, models

import vecguard_qdrant
from vecguard import Guard
from vecguard.testing import word_hash

EMBED = word_hash(16)
NOTES = "notes"


async def settled(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


@dataclass
class Desk:
    """A native client, a guarded one over it, and a collection; `who` is the first argument of every guarded verb."""

    native: Any
    guard: Guard
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guarded: Any = vecguard_qdrant.wrap(self.native, self.guard, **self.options)

    async def __call__(self, who: Any, verb: str, *args: Any, **options: Any) -> Any:
        """Call a verb as `who` (None: as nobody) on the collection of notes."""
        client = self.guarded if who is None else self.guarded.acting_for(who)
        return await settled(getattr(client, verb)(NOTES, *args, **options))

    async def raw(self, verb: str, *args: Any, **options: Any) -> Any:
        """Call the native client."""
        return await settled(getattr(self.native, verb)(NOTES, *args, **options))

    async def create(self, distance: models.Distance = models.Distance.COSINE) -> None:
        await self(None, "create_collection", models.VectorParams(size=16, distance=distance))

    async def upsert(self, who: Any, notes: Mapping[Any, str], **payload: Any) -> Any:
        return await self(who, "upsert", [point(key, text, **payload) for key, text in notes.items()])

    async def rows(self) -> list[Any]:
        """Return the native points that stand for records: all but the collection's marker."""
        found, _ = await self.raw("scroll", limit=1000, with_vectors=True)
        return [each for each in found if "_vg_uid" not in (each.payload or {})]

    async def outcome(self, who: Any, verb: str, *args: Any, **options: Any) -> Any:
        """Return what a verb answers or raises, as something to compare."""
        try:
            return await self(who, verb, *args, **options)
        except Exception as raised:  # noqa: BLE001 - whatever is raised is the outcome
            return type(raised), str(raised)


def vector(text: str) -> list[float]:
    return EMBED([text])[0].tolist()


def point(key: Any, text: str, **payload: Any) -> models.PointStruct:
    return models.PointStruct(id=key, vector=vector(text), payload={"document": text, **payload})


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_desk(kind: str, guard_of: Callable[..., Guard]) -> AsyncIterator[Callable[..., Any]]:
    """A factory of desks without a collection."""
    opened: list[Any] = []

    def make(*policy: Any, guard: Guard | None = None, native: Any = None, **options: Any) -> Desk:
        client = native or (QdrantClient if kind == "sync" else AsyncQdrantClient)(":memory:")
        opened.append(client)
        return Desk(client, guard or guard_of(*policy), options)

    yield make
    for each in opened:
        await settled(each.close())


@pytest.fixture
async def desk_of(open_desk: Callable[..., Desk]) -> Callable[..., Any]:
    """A factory of desks with an empty collection of 16 dimensions."""

    async def make(*policy: Any, distance: models.Distance = models.Distance.COSINE, **options: Any) -> Desk:
        desk = open_desk(*policy, **options)
        await desk.create(distance)
        return desk

    return make


@pytest.fixture
async def desk(desk_of: Callable[..., Any]) -> Desk:
    """A desk over an empty collection; nothing is scrubbed, everything is masked and sealed."""
    made: Desk = await desk_of()
    return made


@pytest.fixture
def make_point() -> Callable[..., models.PointStruct]:
    return point


@pytest.fixture
def vector_of() -> Callable[[str], Sequence[float]]:
    return vector
