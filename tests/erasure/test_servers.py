"""Erasing where stores and state are servers, and where clients are asynchronous.

A real Chroma server, a real PostgreSQL, and a Qdrant server where QDRANT_URL names one. What is checked is what a
client can see; what it cannot, the receipt has to say.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import chromadb
import pytest
from chromadb.config import Settings
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from sqlalchemy import MetaData, select

from vecguard import Guard, Keyring, Policy, Retention, Scrub
from vecguard.erasure import ErasureReceipt
from vecguard.erasure.receipt import public_key, signing_key
from vecguard.state.database import Database
from vecguard.state.erasing import traces_of

from ..chroma_async import conftest as chroma
from ..qdrant import conftest as qdrant
from ..state.postgres import Server, served

FACES = ("chroma server", "chroma server, async", "qdrant, async", "qdrant server", "qdrant server, async")
COUNT = 12
POLICY = Policy(scrub=Scrub(model="none"))
settled = chroma.settled


class Face(Protocol):
    """A guarded collection of some client, written short."""

    guard: Guard

    async def write(self, owner: str, count: int) -> None: ...

    async def texts(self, owner: str) -> set[str]: ...

    async def raw_ids(self) -> set[str]: ...

    @property
    def target(self) -> Any: ...

    def id_of(self, owner: str, number: int) -> Any: ...


def text_of(owner: str, number: int) -> str:
    return f"note {number}, for {owner}{number}@example.com"


class OnChroma:
    def __init__(self, desk: chroma.Desk) -> None:
        self.desk, self.guard, self.target = desk, desk.guard, desk.notes

    def id_of(self, owner: str, number: int) -> str:
        return f"{owner}-{number}"

    async def write(self, owner: str, count: int) -> None:
        await self.desk.write(owner, {self.id_of(owner, n): text_of(owner, n) for n in range(count)})

    async def texts(self, owner: str) -> set[str]:
        return set((await self.desk(owner, "get"))["documents"])

    async def raw_ids(self) -> set[str]:
        return {row[0] for row in await self.desk.dump()}


class OnQdrant:
    def __init__(self, desk: qdrant.Desk) -> None:
        self.desk, self.guard, self.target = desk, desk.guard, desk.guarded

    def id_of(self, owner: str, number: int) -> int:
        return number + 1_000 * len(owner)

    async def write(self, owner: str, count: int) -> None:
        await self.desk.upsert(owner, {self.id_of(owner, n): text_of(owner, n) for n in range(count)})

    async def texts(self, owner: str) -> set[str]:
        points, _ = await self.desk(owner, "scroll", limit=1_000)
        return {each.payload["document"] for each in points}

    async def raw_ids(self) -> set[str]:
        return {str(each.id) for each in await self.desk.rows()}


LONG = pytest.mark.skipif(os.environ.get("VECGUARD_LONG") != "1", reason="VECGUARD_LONG=1 takes PostgreSQL too")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    yield from served()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=LONG)])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new()


@pytest.fixture(params=FACES)
async def face_of(
    request: pytest.FixtureRequest, guard_of: Callable[..., Guard], state: str
) -> AsyncIterator[Callable[..., Any]]:
    """A factory of a new collection of one kind of client, behind a guard with this state."""
    kind, asynchronous = str(request.param), request.param.endswith("async")
    closing: list[Callable[[], Any]] = []

    async def make(policy: Policy = POLICY) -> Any:
        guard = guard_of(policy, keys=Keyring.ephemeral(), state=state, embedder=qdrant.EMBED)
        if kind.startswith("chroma"):
            place: dict[str, Any] = {"host": "127.0.0.1", "port": request.getfixturevalue("port")}
            place["settings"] = Settings(anonymized_telemetry=False)
            client: Any = await settled((chromadb.AsyncHttpClient if asynchronous else chromadb.HttpClient)(**place))
            closing.append(client._server._cleanup if asynchronous else client.close)
            return OnChroma(await chroma.Desk.open(client, guard, f"erasure-{uuid4().hex}"))
        url = os.environ.get("QDRANT_URL") if "server" in kind else None
        if "server" in kind and url is None:
            pytest.skip("NO QDRANT SERVER: QDRANT_URL names none, so nothing was erased from one")
        where: dict[str, Any] = {"location": ":memory:"} if url is None else {"url": url}
        native: Any = AsyncQdrantClient(**where) if asynchronous else QdrantClient(**where)
        if await settled(native.collection_exists(qdrant.NOTES)):
            await settled(native.delete_collection(qdrant.NOTES))
        closing.append(native.close)
        desk = qdrant.Desk(native, guard)
        await desk.create(models.Distance.COSINE)
        return OnQdrant(desk)

    yield make
    for close in closing:
        await settled(close())


async def erased(face: Face, **options: Any) -> ErasureReceipt:
    """Erase as a user would: with `aerase` where the client is asynchronous."""
    asynchronous = "Async" in type(face.target).__name__
    guard = face.guard
    receipt: ErasureReceipt = await settled(
        (guard.aerase if asynchronous else guard.erase)(face.target, owner="alice", **options)
    )
    receipt.verify(public_key(signing_key(guard.state.keystore.get("state", guard.state.id))))
    return receipt


def raw_state(url: str) -> bytes:
    """Every value of every table of the state, as the database hands them out."""
    database, found = Database(url), MetaData()

    def read(connection: Any) -> list[Any]:
        found.reflect(connection)
        return [value for table in found.tables.values() for row in connection.execute(select(table)) for value in row]

    values = database.look(read)
    database.close()
    return b"\0".join(bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode() for each in values)


async def test_an_owner_is_erased_from_servers(face_of: Callable[..., Any], state: str) -> None:
    """Rows, keys and originals of one owner go, those of the other stay; the receipt says which disks nobody saw."""
    face = await face_of()
    for owner in ("alice", "bob"):
        await face.write(owner, COUNT)
    face.guard.rules.grant("alice", readers=["bob"])
    mine = await face.raw_ids()
    keys = face.guard.state.keystore
    wrapped = [raw for kind, raw in traces_of(face.guard.state, "alice") if kind in ("key", "original")]
    assert len(wrapped) == 3 + COUNT
    before = raw_state(state)
    assert all(each in before for each in wrapped)
    receipt = await erased(face)
    assert receipt.clean
    assert receipt.rows == COUNT
    assert (receipt.counts["keys"], receipt.counts["originals"]) == (3, COUNT)
    assert await face.texts("alice") == set()
    assert len(await face.texts("bob")) == COUNT
    assert len(mine - await face.raw_ids()) == COUNT
    after = raw_state(state)
    assert not [each for each in wrapped if each in after]
    assert keys.find("owner", face.guard.state.digest("alice")) is None
    assert any("database server" in each for each in receipt.unverified) == state.startswith("postgresql")
    assert face.guard.state.audit.verify() == []


async def test_what_a_server_keeps_is_said(face_of: Callable[..., Any], request: pytest.FixtureRequest) -> None:
    """Of a server no file is seen, and the receipt says so; a store in memory has none."""
    face = await face_of()
    await face.write("alice", COUNT)
    receipt = await erased(face)
    server = "server" in request.node.callspec.params["face_of"]
    assert any("the disk of the" in each for each in receipt.unverified) == server
    assert all(each.after == 0 for each in receipt.sought)


async def test_records_a_person_and_a_new_life(face_of: Callable[..., Any]) -> None:
    """By id, by what is known of a person, and all of it; afterwards the owner begins again."""
    face = await face_of()
    await face.write("alice", COUNT)
    assert (await erased(face, ids=[face.id_of("alice", 0), face.id_of("alice", 1)])).rows == 2
    receipt = await erased(face, subject=["alice2@example.com"], records=True)
    assert (receipt.rows, receipt.counts["originals"]) == (1, 1)
    assert len(await face.texts("alice")) == COUNT - 3
    assert (await erased(face)).rows == COUNT - 3
    await face.write("alice", 2)
    assert len(await face.texts("alice")) == 2
    assert (await erased(face)).rows == 2


async def test_expired_rows_are_purged_from_servers(face_of: Callable[..., Any]) -> None:
    """`purge` and `apurge`: expired rows of the owner that is named go, and nobody saw them before."""
    face = await face_of(POLICY.replace(retention=Retention(days=1e-5)))
    await face.write("alice", COUNT)
    time.sleep(1.0)
    assert await face.texts("alice") == set()
    asynchronous = "Async" in type(face.target).__name__
    purge = face.guard.apurge if asynchronous else face.guard.purge
    receipt = await settled(purge(face.target, owners=["alice"]))
    assert receipt.rows == COUNT
    assert receipt.clean
