"""Sites for the matrix: every face of every store, and a real Chroma server for its asynchronous client."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings
from chromadb.errors import NotFoundError
from qdrant_client import AsyncQdrantClient, QdrantClient

from vecguard import Guard, Policy, Scrub, Vectors

from .case import settled
from .chroma_site import ChromaSite
from .faiss_site import FaissSite
from .layers import Layers
from .qdrant_site import QdrantSite

_NUMBERS = itertools.count()
RANKINGS = {
    "guard": Policy(scrub=Scrub(enabled=False)),
    "store": Policy(scrub=Scrub(enabled=False), vectors=Vectors(ranking="store")),
}


@pytest.fixture(scope="session")
def memory() -> Any:
    """One in-process Chroma client: they all share one store anyway."""
    return chromadb.EphemeralClient()


@pytest.fixture
async def open_site(
    guard_of: Callable[..., Guard], request: pytest.FixtureRequest
) -> AsyncIterator[Callable[..., Any]]:
    """A factory of sites: a new, empty collection of a face, behind a new guard."""
    closing: list[Any] = []

    async def make(face: str, ranking: str) -> Any:
        guard = guard_of(RANKINGS[ranking])
        name = f"matrix-{os.getpid()}-{next(_NUMBERS)}"
        match face:
            case "chroma":
                native: Any = request.getfixturevalue("memory")
                site = await ChromaSite.open(native, guard, name)
                closing.append(lambda: native.delete_collection(name))
                return site
            case "chroma async":
                port = request.getfixturevalue("port")
                quiet = Settings(anonymized_telemetry=False)
                client: Any = await chromadb.AsyncHttpClient(host="127.0.0.1", port=port, settings=quiet)
                closing.append(client._server._cleanup)  # its connections are this event loop's
                return await ChromaSite.open(client, guard, name)
            case "qdrant" | "qdrant async":
                client = (QdrantClient if face == "qdrant" else AsyncQdrantClient)(":memory:")
                closing.append(client.close)
                return await QdrantSite.open(client, guard)
        return await FaissSite.open(face.removeprefix("faiss "), guard)

    yield make
    for close in closing:
        with contextlib.suppress(NotFoundError):
            await settled(close())


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Layers:
    """The switches of the layers; all are on."""
    return Layers(monkeypatch)
