"""Two owners in one store on disk, with strings that are theirs alone in ids, texts and fields, and who looks for them.

What a test looks for is spelled here anew, not by the code that is tested.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from vecguard import Guard, Keyring, Policy, Scrub
from vecguard.facade import room_of
from vecguard.filters import Compare
from vecguard.flow import drive
from vecguard.ports import Find, Found
from vecguard.records import Row
from vecguard.rules import OWNER_FIELD
from vecguard.space import owner_tag
from vecguard.testing import word_hash

DIMENSION = 32
EMBED = word_hash(DIMENSION)
POLICY = Policy(scrub=Scrub(model="none"))  # mail addresses are found without a model
STORES = ("chroma", "qdrant", "faiss")
OWNERS = ("alice", "bob")


@dataclass
class Site:
    """A store, a state and a key in a folder; opened as often as a test likes, by one process at a time."""

    kind: str
    folder: Path
    policy: Policy = field(default_factory=lambda: POLICY)
    space: str = "cosine"

    def __post_init__(self) -> None:
        (self.folder / "keys").mkdir(parents=True, exist_ok=True)
        (self.folder / "state").mkdir(exist_ok=True)
        if not self.key.exists():
            Keyring.generate(self.key)

    @property
    def key(self) -> Path:
        return self.folder / "keys" / "key"

    @property
    def state(self) -> str:
        return f"sqlite:///{self.folder}/state/state.db"

    @property
    def place(self) -> Path:
        return self.folder / "store" / ("index" if self.kind == "faiss" else "")

    def guard(self) -> Guard:
        return Guard(self.policy, keys=Keyring.from_file(self.key), state=self.state, embedder=EMBED)

    @contextmanager
    def opened(self) -> Iterator[Desk]:
        guard = self.guard()
        desk = {"chroma": ChromaDesk, "qdrant": QdrantDesk, "faiss": FaissDesk}[self.kind](guard, self)
        try:
            yield desk
        finally:
            desk.close()
            guard.close()

    def files(self) -> list[Path]:
        """Every file but the key's: what a thief of store and state has."""
        return [each for each in self.folder.rglob("*") if each.is_file() and each != self.key]

    def holding(self, things: Sequence[bytes]) -> list[tuple[str, bytes]]:
        """Return which files hold which of these, as they are, in hexadecimal, base64 or UTF-16."""
        found = []
        for path in self.files():
            try:
                raw = path.read_bytes()
            except FileNotFoundError:  # a journal, which went with its transaction
                continue
            found += [(path.name, each) for each in things if any(one in raw for one in spelled(each))]
        return found


def spelled(thing: bytes) -> list[bytes]:
    """Spell a thing in every way that is looked for; base64 at each of its three alignments."""
    forms = [thing, thing.hex().encode(), thing.hex().upper().encode()]
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + thing)
        forms.append(text[4 * (shift > 0) : 4 * ((shift + len(thing)) // 3)])
    if thing.isascii():
        forms += [thing.decode().encode("utf-16-le"), thing.decode().encode("utf-16-be")]
    return forms


def ids_of(owner: str, count: int) -> list[str]:
    return [f"record-{owner}-canary-{n:04d}" for n in range(count)]


def texts_of(owner: str, count: int) -> list[str]:
    return [f"Minutes {n}: written to {owner}{n}@example.com about canary-{owner}-text-{n:04d}" for n in range(count)]


def fields_of(owner: str, count: int) -> list[dict[str, Any]]:
    return [{"place": f"canary-{owner}-field-{n:04d}", "both": "a value of both owners"} for n in range(count)]


def canaries_of(owner: str, count: int) -> list[bytes]:
    """What an owner wrote, as bytes: parts of ids, texts and fields that nobody else wrote."""
    words = [f"{owner}-canary-", f"canary-{owner}-text-", f"canary-{owner}-field-"]
    return [f"{word}{n:04d}".encode() for word in words for n in range(count)]


class Desk:
    """One opened store. `target` is what an erasure is given, `guarded` a collection of it."""

    target: Any
    guarded: Any
    client: Any

    def __init__(self, guard: Guard, site: Site) -> None:
        self.guard = guard
        self.site = site

    def write(self, owner: str, count: int) -> None:
        raise NotImplementedError

    def texts(self, owner: str) -> dict[str, str]:
        raise NotImplementedError

    def search(self, owner: str, text: str) -> list[str]:
        raise NotImplementedError

    def save(self) -> None:
        """Have everything on disk."""

    def close(self) -> None:
        """Let go of the store's files."""

    def room(self) -> Any:
        return room_of(self.guarded)

    def rows(self, owner: str) -> tuple[Row, ...]:
        """Return an owner's rows as the store hands them out, believed or not."""
        room = self.room()
        collection = drive(self.guard.entry.recognise(room.shelf), room.store)
        assert collection is not None
        tag = owner_tag(collection.keys, owner)
        found: Found = room.store.find(Find(Compare((OWNER_FIELD,), "eq", tag), vectors=True))
        return found.rows


class ChromaDesk(Desk):
    def __init__(self, guard: Guard, site: Site) -> None:
        import chromadb
        from chromadb.config import Settings

        import vecguard_chroma

        super().__init__(guard, site)
        client = chromadb.PersistentClient(str(site.place), Settings(anonymized_telemetry=False))
        hnsw: Any = {"hnsw": {"space": site.space, "sync_threshold": 100}}
        native = client.get_or_create_collection("notes", embedding_function=None, configuration=hnsw)
        self.client, self.native = client, native
        self.target = self.guarded = vecguard_chroma.wrap(native, guard)

    def write(self, owner: str, count: int) -> None:
        self.guarded.acting_for(owner).upsert(
            ids=ids_of(owner, count), documents=texts_of(owner, count), metadatas=fields_of(owner, count)
        )

    def texts(self, owner: str) -> dict[str, str]:
        found = self.guarded.acting_for(owner).get()
        return dict(zip(found["ids"], found["documents"], strict=True))

    def search(self, owner: str, text: str) -> list[str]:
        return list(self.guarded.acting_for(owner).query(query_texts=[text], n_results=5)["ids"][0])

    def close(self) -> None:
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient.clear_system_cache()  # a later client of this folder reads it afresh


class QdrantDesk(Desk):
    def __init__(self, guard: Guard, site: Site) -> None:
        from qdrant_client import QdrantClient, models

        import vecguard_qdrant

        super().__init__(guard, site)
        self.models = models
        self.native = QdrantClient(path=str(site.place))
        self.target = vecguard_qdrant.wrap(self.native, guard)
        if not self.native.collection_exists("notes"):
            cosine = models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
            self.target.create_collection("notes", vectors_config=cosine)

    def write(self, owner: str, count: int) -> None:
        texts = texts_of(owner, count)
        vectors = self.guard.embedding.texts(self.guard.scrubbed(texts, owner), None)
        points = [
            self.models.PointStruct(id=point_of(id_), vector=vector.tolist(), payload={"document": text, **fields})
            for id_, text, vector, fields in zip(
                ids_of(owner, count), texts, vectors, fields_of(owner, count), strict=True
            )
        ]
        self.target.acting_for(owner).upsert("notes", points)

    def texts(self, owner: str) -> dict[str, str]:
        points, _ = self.target.acting_for(owner).scroll("notes", limit=10_000)
        return {str(each.id): each.payload["document"] for each in points}

    def search(self, owner: str, text: str) -> list[str]:
        vector = self.guard.embedding.texts(self.guard.scrubbed([text], owner), None)[0]
        found = self.target.acting_for(owner).query_points("notes", query=vector.tolist(), limit=5)
        return [str(each.id) for each in found.points]

    def room(self) -> Any:
        from vecguard.steps import carry
        from vecguard_qdrant._collections import opened

        room = room_of(self.target)
        return carry(opened(room, "notes"), room.native)

    def close(self) -> None:
        self.native.close()


class FaissDesk(Desk):
    def __init__(self, guard: Guard, site: Site) -> None:
        import faiss

        import vecguard_faiss

        super().__init__(guard, site)
        site.place.parent.mkdir(exist_ok=True)
        index = faiss.IndexFlatIP(DIMENSION)
        self.target = self.guarded = vecguard_faiss.GuardedFaissCollection(index, guard, path=site.place)

    def write(self, owner: str, count: int) -> None:
        self.guarded.acting_for(owner).upsert(
            ids=ids_of(owner, count), documents=texts_of(owner, count), metadatas=fields_of(owner, count)
        )

    def texts(self, owner: str) -> dict[str, str]:
        found = self.guarded.acting_for(owner).get()
        return dict(zip(found["ids"], found["documents"], strict=True))

    def search(self, owner: str, text: str) -> list[str]:
        return list(self.guarded.acting_for(owner).query(query_texts=[text], n_results=5)["ids"][0])

    def save(self) -> None:
        self.guarded.save()


def point_of(id_: str) -> str:
    """Return the UUID that stands for an id in Qdrant."""
    return str(uuid5(NAMESPACE_URL, id_))


def bytes_of(rows: Sequence[Row]) -> list[bytes]:
    """What rows are made of, as a thief would look for them: seals, vectors as float32, and ids."""
    seals = [str(row.fields["_vg_seal"])[at : at + 40].encode() for row in rows for at in (0, 60, 120)]
    vectors = [np.asarray(row.vector, "<f4")[:8].tobytes() for row in rows if row.vector is not None]
    ids = [row.backend_id.encode() for row in rows] + [bytes.fromhex(row.backend_id) for row in rows]
    return [*(each for each in seals if len(each) == 40), *vectors, *ids]
