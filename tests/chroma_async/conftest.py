"""A real Chroma server on loopback, and one desk for both of its clients: every scenario runs on each."""

from __future__ import annotations

import inspect
import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings

import vecguard_chroma
from vecguard import Guard
from vecguard.testing import word_hash

_NUMBERS = itertools.count()


async def settled(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


@dataclass
class Desk:
    """A native client, a bare collection of it, and both guarded; `who` is the first argument of every guarded verb."""

    native: Any
    guard: Guard
    bare: Any
    client: Any = field(init=False)
    notes: Any = None

    @classmethod
    async def open(cls, native: Any, guard: Guard, name: str, legacy: Any = "refuse", **settings: Any) -> Desk:
        """Create a bare collection where there is none of that name, and get it guarded through the guarded client."""
        bare = await settled(native.get_or_create_collection(name, embedding_function=None, **settings))
        desk = cls(native, guard, bare)
        desk.client = vecguard_chroma.wrap(native, guard, legacy=legacy)
        desk.notes = await settled(desk.client.get_collection(name, embedding_function=None))
        return desk

    async def __call__(self, who: Any, verb: str, **options: Any) -> Any:
        """Call a verb of the collection as `who` (None: as nobody)."""
        notes = self.notes if who is None else self.notes.acting_for(who)
        return await settled(getattr(notes, verb)(**options))

    async def admin(self, who: Any, verb: str, *args: Any, **options: Any) -> Any:
        """Call a verb of the client as `who`."""
        client = self.client if who is None else self.client.acting_for(who)
        return await settled(getattr(client, verb)(*args, **options))

    async def raw(self, verb: str, **options: Any) -> Any:
        """Call the bare collection."""
        return await settled(getattr(self.bare, verb)(**options))

    async def write(self, who: Any, notes: Mapping[str, str], *fields: Any) -> None:
        await self(who, "upsert", ids=[*notes], documents=[*notes.values()], metadatas=[*fields] or None)

    async def dump(self) -> list[Any]:
        """Return all that the server holds of the collection, comparable."""
        found = await self.raw("get", include=["metadatas", "documents", "embeddings", "uris"])
        vectors = [] if found["embeddings"] is None else [each.tobytes() for each in found["embeddings"]]
        fields = [sorted((each or {}).items()) for each in found["metadatas"]]
        return sorted(zip(found["ids"], fields, found["documents"], vectors, strict=True), key=lambda row: row[0])

    async def outcome(self, who: Any, verb: str, **options: Any) -> Any:
        """Return what a verb answers or raises, as something to compare."""
        try:
            return await self(who, verb, **options)
        except Exception as raised:  # noqa: BLE001 - whatever is raised is the outcome
            return type(raised), str(raised), raised.args


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def native(kind: str, port: int) -> AsyncIterator[Any]:
    """A native client of the server."""
    options: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "settings": Settings(anonymized_telemetry=False),
    }
    if kind == "sync":
        client = chromadb.HttpClient(**options)
        yield client
        client.close()
    else:
        aclient: Any = await chromadb.AsyncHttpClient(**options)
        yield aclient
        await aclient._server._cleanup()  # its connections are this event loop's, and the next loop may look like it


@pytest.fixture
def fresh() -> Callable[[], str]:
    """A factory of names of collections."""
    return lambda: f"http-{os.getpid()}-{next(_NUMBERS)}"


@pytest.fixture
def open_desk(native: Any, guard_of: Callable[..., Guard], fresh: Callable[[], str]) -> Callable[..., Any]:
    """A factory of desks over a new collection, or one of that `name`."""

    async def make(*policy: Any, guard: Guard | None = None, name: str | None = None, **settings: Any) -> Desk:
        return await Desk.open(native, guard or guard_of(*policy), name or fresh(), **settings)

    return make


@pytest.fixture
async def desk(open_desk: Callable[..., Any]) -> Desk:
    """A desk over an empty collection; nothing is scrubbed, everything is masked and sealed."""
    made: Desk = await open_desk()
    return made


@pytest.fixture
def embed() -> Any:
    """The embedder that guards are given here."""
    return word_hash(16)
