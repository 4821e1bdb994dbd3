"""Guards, and a desk that runs the two paths against an in-memory store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from vecguard import Guard, Keyring, Policy, Scrub
from vecguard.embedding import Embedding
from vecguard.filters import EVERYTHING, Predicate
from vecguard.flow import drive
from vecguard.principal import Acting, Principal
from vecguard.records import Answer, Ask, Draft, Fields, Query, Receipt, RecordId
from vecguard.shelf import Shelf
from vecguard.testing import MemoryStore, word_hash

from .chance import chance, pytest_report_header
from .chroma_server import port

__all__ = ["chance", "port", "pytest_report_header"]

EMBED = word_hash(16)
UNSCRUBBED = Policy(scrub=Scrub(enabled=False))


@dataclass
class Desk:
    """Drafts and asks for a store, written short; every path runs for real."""

    guard: Guard
    store: Any = field(default_factory=MemoryStore)
    legacy: str = "refuse"

    def __post_init__(self) -> None:
        self.shelf: Shelf = self.guard.shelf(self.store.traits, self.legacy)

    @property
    def embedding(self) -> Embedding:
        return self.guard.embedding

    def draft(
        self,
        ids: Sequence[str],
        texts: Sequence[str | None] | None = None,
        fields: Sequence[Fields | None] | None = None,
        vectors: Any = None,
        verb: Any = "upsert",
        merge: bool = True,
    ) -> Draft:
        count = len(ids)
        return Draft(
            verb=verb,
            ids=tuple(RecordId.text(each) for each in ids),
            texts=tuple(texts) if texts is not None else (None,) * count,
            fields=tuple(fields) if fields is not None else (None,) * count,
            vectors=vectors,
            merge=merge,
        )

    def writing(self, draft: Draft, who: Principal | str = "alice") -> Any:
        return self.guard.write(draft, self.shelf, Acting.of(who), self.embedding)

    def write(self, *args: Any, who: Principal | str = "alice", **options: Any) -> Receipt:
        return drive(self.writing(self.draft(*args, **options), who), self.store)

    def read(self, ask: Ask, who: Principal | str = "alice", owner: str | None = None) -> Answer:
        return drive(self.guard.read(ask, self.shelf, Acting.of(who, owner), self.embedding), self.store)

    def texts(self, who: Principal | str = "alice", where: Predicate = EVERYTHING) -> dict[Any, str | None]:
        return {hit.record.id.given: hit.record.text for hit in self.read(Ask(where=where), who).hits}

    def fields(self, who: Principal | str = "alice", where: Predicate = EVERYTHING) -> dict[Any, Fields]:
        return {hit.record.id.given: dict(hit.record.fields) for hit in self.read(Ask(where=where), who).hits}

    def nearest(self, text: str, who: Principal | str = "alice", limit: int = 3) -> list[Any]:
        answer = self.read(Ask(query=Query(texts=(text,)), limit=limit), who)
        return [hit.record.id.given for hit in answer.hits]

    def count(self, who: Principal | str = "alice") -> int:
        return drive(self.guard.count(Ask(restore=False), self.shelf, Acting.of(who)), self.store)

    def forgetting(self, ids: Sequence[str] | None = None, who: Principal | str = "alice") -> Any:
        wanted = None if ids is None else tuple(RecordId.text(each) for each in ids)
        return self.guard.forget(Ask(ids=wanted, restore=False), self.shelf, Acting.of(who))

    def forget(self, ids: Sequence[str] | None = None, who: Principal | str = "alice") -> int:
        return drive(self.forgetting(ids, who), self.store)

    def settle(self) -> int:
        return drive(self.guard.settle(self.shelf), self.store)

    def open_intents(self) -> int:
        collection = self.shelf.collection
        assert collection is not None
        return len(self.guard.state.intents.open(collection.uid))


@pytest.fixture
def guard_of() -> Iterator[Callable[..., Guard]]:
    """A factory of guards that are closed when the test ends; unscrubbed, in memory, unless told otherwise."""
    made: list[Guard] = []

    def make(policy: Policy = UNSCRUBBED, **options: Any) -> Guard:
        settings: dict[str, Any] = {"keys": Keyring.ephemeral(), "state": ":memory:", "embedder": EMBED} | options
        made.append(Guard(policy, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def desk_of(guard_of: Callable[..., Guard]) -> Callable[..., Desk]:
    """A factory of desks: `desk_of(policy, store=..., guard=..., keys=..., state=...)`."""

    def make(
        policy: Policy = UNSCRUBBED, *, store: Any = None, guard: Guard | None = None, legacy: str = "refuse", **kw: Any
    ) -> Desk:
        return Desk(guard or guard_of(policy, **kw), MemoryStore() if store is None else store, legacy)

    return make


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    """A desk over an empty in-memory store."""
    return desk_of()
