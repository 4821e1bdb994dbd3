"""Chroma collections, bare and guarded, in memory or in a folder."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import chromadb
import pytest

import vecguard_chroma
from vecguard import Guard, Policy, Scrub
from vecguard.testing import word_hash

_NUMBERS = itertools.count()
UNSCRUBBED = Policy(scrub=Scrub(enabled=False))


@pytest.fixture(scope="session")
def memory() -> Any:
    """One in-process client: Chroma's in-memory clients all share one store anyway."""
    return chromadb.EphemeralClient()


@pytest.fixture
def bare_of(memory: Any) -> Iterator[Callable[..., Any]]:
    """A factory of bare collections, deleted when the test ends."""
    made: list[str] = []

    def make(space: str = "l2", **options: Any) -> Any:
        made.append(f"test-{next(_NUMBERS)}")
        settings: dict[str, Any] = {
            "embedding_function": None,
            "configuration": {"hnsw": {"space": space}},
        } | options
        return memory.create_collection(made[-1], **settings)

    yield make
    for name in made:
        with contextlib.suppress(chromadb.errors.NotFoundError):
            memory.delete_collection(name)


@pytest.fixture
def bare(bare_of: Callable[..., Any]) -> Any:
    """A bare, empty collection."""
    return bare_of()


@pytest.fixture
def guarded_of(guard_of: Callable[..., Guard], bare_of: Callable[..., Any]) -> Callable[..., Any]:
    """A factory of guarded collections; `native` gives the bare one behind it, for tests that look underneath."""

    def make(policy: Policy = UNSCRUBBED, *, native: Any = None, guard: Guard | None = None, **options: Any) -> Any:
        legacy = options.pop("legacy", "refuse")
        return vecguard_chroma.wrap(
            bare_of() if native is None else native, guard or guard_of(policy, **options), legacy=legacy
        )

    return make


@pytest.fixture
def notes(guarded_of: Callable[..., Any], bare: Any) -> Any:
    """A guarded collection over `bare`, acting for alice."""
    return guarded_of(native=bare).acting_for("alice")


@pytest.fixture
def dump() -> Callable[[Any], Any]:
    """Everything that a bare collection holds, comparable."""

    def everything(native: Any) -> Any:
        found = native.get(include=["metadatas", "documents", "embeddings", "uris"])
        vectors = [] if found["embeddings"] is None else [bytes(v.tobytes()) for v in found["embeddings"]]
        fields = [sorted((each or {}).items()) for each in found["metadatas"]]
        return sorted(zip(found["ids"], fields, found["documents"], vectors, strict=True), key=lambda row: row[0])

    return everything


@pytest.fixture
def embed() -> Any:
    """The embedder that guards are given here."""
    return word_hash(16)
