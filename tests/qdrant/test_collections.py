"""Collections: what is created, described, checked on first touch and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from qdrant_client import QdrantClient, models

import vecguard_qdrant
from vecguard import Guard, Keyring, Policy, PolicyError, Retention, Scrub, StateMismatch, Undecided, UnprotectedRows
from vecguard.filters import EVERYTHING
from vecguard.ports import Find, Pages, Put
from vecguard.protect.masked import mint_marker
from vecguard.records import Sealed, SealedRow
from vecguard_qdrant._astore import AsyncQdrantStore
from vecguard_qdrant._collections import traits_of
from vecguard_qdrant._store import QdrantStore

COSINE = models.VectorParams(size=16, distance=models.Distance.COSINE)


@pytest.mark.parametrize("config", [COSINE, {"": COSINE}], ids=["plain", "by empty name"])
async def test_creating_and_listing(open_desk: Any, config: Any) -> None:
    """A collection of one unnamed vector is created as asked, and its name is no secret."""
    desk = open_desk()
    assert await desk(None, "collection_exists") is False
    assert await desk(None, "create_collection", config, metadata={"team": "b"}) is True
    assert await desk(None, "collection_exists") is True
    listed = desk.guarded.get_collections()
    listed = await listed if hasattr(listed, "__await__") else listed
    assert [each.name for each in listed.collections] == ["notes"]
    await desk.upsert("alice", {1: "lungs"})
    info = await desk("alice", "get_collection")
    assert info.config == (await desk.raw("get_collection")).config
    with pytest.raises(ValueError, match="already exists"):
        await desk(None, "create_collection", config)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"vectors_config": {"title": COSINE}},
        {"vectors_config": {"": COSINE, "title": COSINE}},
        {"vectors_config": COSINE, "sparse_vectors_config": {"words": models.SparseVectorParams()}},
        {"vectors_config": models.VectorParams(size=16, distance=models.Distance.MANHATTAN)},
        {"vectors_config": COSINE.model_copy(update={"datatype": models.Datatype.UINT8})},
        {
            "vectors_config": COSINE.model_copy(
                update={"multivector_config": models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)}
            )
        },
        {"vectors_config": COSINE, "sharding_method": models.ShardingMethod.CUSTOM},
        {"vectors_config": COSINE, "init_from": "other"},
    ],
)
async def test_unguarded_kinds_of_collection_are_refused(open_desk: Any, options: dict[str, Any]) -> None:
    """Named, sparse and multivectors, other distances and lossy datatypes: refused when created and when touched."""
    desk = open_desk()
    with pytest.raises(Undecided):
        await desk(None, "create_collection", **options)
    assert await desk(None, "collection_exists") is False
    if "vectors_config" in options and len(options) == 1:
        await desk.raw("create_collection", **options)
        with pytest.raises(Undecided):
            await desk("alice", "count")


async def test_a_server_keeps_owners_together(
    open_desk: Any, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """On a server the owner field gets Qdrant's tenant index; the local mode, which has none, is not asked."""
    asked: list[dict[str, Any]] = []
    desk = open_desk()
    monkeypatch.setattr(desk.native, "create_payload_index", lambda **options: asked.append(options))
    await desk.create()
    assert asked == []
    assert await desk("alice", "delete_collection") is True
    monkeypatch.setattr("vecguard_qdrant._admin.is_local", lambda client: False)
    await desk.create()
    [index] = asked
    assert index["field_name"] == "_vg_owner"
    assert index["field_schema"].is_tenant is True
    assert not [each for each in recwarn if "ndex" in str(each.message)]


def test_the_info_of_a_collection_shows_no_counts_of_others() -> None:
    """Our own indexes are not listed, no index counts more than one's own points, and the queue is gone."""
    from vecguard_qdrant._results import own_info

    client = QdrantClient(":memory:")
    client.create_collection("notes", COSINE)
    index = models.PayloadIndexInfo(data_type=models.PayloadSchemaType.KEYWORD, points=900)
    info = client.get_collection("notes").model_copy(
        update={
            "points_count": 900,
            "indexed_vectors_count": 900,
            "payload_schema": {"_vg_owner": index, "ward": index},
            "update_queue": models.UpdateQueueInfo(length=3),
        }
    )
    own = own_info(info, 2)
    assert "900" not in own.model_dump_json()
    assert list(own.payload_schema) == ["ward"]
    assert own.update_queue is None
    client.close()


async def test_counts_are_the_owners(desk: Any) -> None:
    """What describes a collection counts one's own points, and shows no index or queue of everybody's."""
    await desk.upsert("alice", {1: "lungs", 2: "heart"})
    await desk.upsert("bob", {1: "arm"})
    assert [(await desk(who, "get_collection")).points_count for who in ("alice", "bob", "carol")] == [2, 1, 0]


async def test_a_missing_collection_is_what_it_is_natively(open_desk: Any) -> None:
    """The native error names the collection, which is no secret; deleting it is no error."""
    desk = open_desk()
    with pytest.raises(ValueError, match="notes not found"):
        await desk("alice", "count")
    assert await desk("alice", "delete_collection") is False


async def test_unguarded_points_are_noticed_on_first_touch(open_desk: Any, make_point: Any) -> None:
    """They refuse every verb before anything is read or written, or stay invisible where that was asked for."""
    desk = open_desk()
    await desk.raw("create_collection", COSINE)
    await desk.raw("upsert", [make_point(1, "bare"), make_point(2, "bare")])
    for verb, args in (
        ("upsert", ([make_point(3, "lungs")],)),
        ("scroll", ()),
        ("count", ()),
        ("retrieve", ([1],)),
        ("query_points", ([1.0] * 16,)),
        ("delete", ([1],)),
        ("get_collection", ()),
        ("delete_collection", ()),
    ):
        with pytest.raises(UnprotectedRows) as raised:
            await desk("alice", verb, *args)
        assert raised.value.count == 2
    assert (await desk.raw("count")).count == 2
    lenient = open_desk(native=desk.native, legacy="ignore")
    await lenient.upsert("alice", {1: "lungs"})
    records, _ = await lenient("alice", "scroll")
    assert [each.payload for each in records] == [{"document": "lungs"}]
    assert await lenient("alice", "delete_collection") is True
    assert (await desk.raw("count")).count == 3  # the two bare points and the marker


async def test_points_that_expire_and_points_that_never_do_are_no_unguarded_ones(
    open_desk: Any, guard_of: Any, make_point: Any, tmp_path: Any
) -> None:
    """Under a policy that retains and one that does not, Qdrant counts bare points alone."""
    lasting = Policy(scrub=Scrub(enabled=False))
    expiring = lasting.replace(retention=Retention(days=1.0))
    site = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path}/state.db"}
    desk = open_desk(guard=guard_of(expiring, **site))
    await desk.create()
    await desk.upsert("alice", {1: "lungs"})
    other = open_desk(guard=guard_of(lasting, **site), native=desk.native)
    await other.upsert("alice", {2: "liver"})
    assert sorted("_vg_scheme" in each.payload for each in await desk.rows()) == [False, True]
    again = open_desk(guard=guard_of(lasting, **site), native=desk.native)
    assert (await again("alice", "count")).count == 2
    odd = {"_vg_expires": 2e9, "_vg_scheme": 1}
    await desk.raw("upsert", [make_point(3, "bare"), make_point(4, "bare", **odd)])
    with pytest.raises(UnprotectedRows) as raised:
        await open_desk(guard=guard_of(lasting, **site), native=desk.native)("alice", "count")
    assert raised.value.count == 2


async def test_another_state_is_refused(desk: Any, open_desk: Any) -> None:
    """A collection that was guarded with another state database is not touched."""
    await desk.upsert("alice", {1: "lungs"})
    other = open_desk(native=desk.native)
    with pytest.raises(StateMismatch):
        await other("alice", "count")


async def test_two_wraps_of_one_guard_share_a_collection(desk: Any, open_desk: Any) -> None:
    """The marker is found again by a second wrap, and by one that never wrote."""
    await desk.upsert("alice", {1: "lungs"})
    again = open_desk(native=desk.native, guard=desk.guard)
    assert (await again("alice", "retrieve", [1]))[0].payload == {"document": "lungs"}


async def test_deleting_a_collection_deletes_ones_own(desk: Any) -> None:
    """The native collection goes with the last owner, and starts afresh when it is created again."""
    await desk.upsert("alice", {1: "lungs"})
    await desk.upsert("bob", {1: "arm"})
    assert await desk("alice", "delete_collection") is True
    assert (await desk("alice", "count")).count == 0
    assert (await desk("bob", "count")).count == 1
    assert await desk("bob", "delete_collection") is True
    assert await desk.raw("collection_exists") is False
    await desk.create()
    await desk.upsert("bob", {1: "arm"})
    assert (await desk("bob", "count")).count == 1


def test_a_folder_outlives_the_process(tmp_path: Any, guard_of: Any) -> None:
    """A persistent client says so, so that exposing policies are refused; a guard with the same key reads it again."""
    keys, state = Keyring.generate(tmp_path / "key"), f"sqlite:///{tmp_path}/state.db"
    folder = QdrantClient(path=str(tmp_path / "exposed"))
    folder.create_collection("notes", COSINE)
    exposed = vecguard_qdrant.wrap(folder, guard_of(Policy.transparent())).acting_for("alice")
    with pytest.raises(PolicyError):
        exposed.count("notes")
    folder.close()
    for visit in range(2):
        client = QdrantClient(path=str(tmp_path / "store"))
        guard = Guard(Policy(), keys=keys, state=state)
        notes = vecguard_qdrant.wrap(client, guard).acting_for("alice")
        if visit == 0:
            notes.create_collection("notes", COSINE)
            notes.upsert("notes", [models.PointStruct(id=1, vector=[1.0] * 16, payload={"n": 1})])
        assert notes.retrieve("notes", [1])[0].payload == {"n": 1}
        guard.close()
        client.close()


async def _store(desk: Any, kind: str) -> Any:
    made = QdrantStore if kind == "sync" else AsyncQdrantStore
    return made(desk.native, "notes", traits_of(desk.native, COSINE))


async def test_the_store_port(desk: Any, kind: str) -> None:
    """Inserts leave what is there, payloads change without their vector, and pages walk over everything."""
    import inspect

    store = await _store(desk, kind)

    async def do(request: Any) -> Any:
        answer = request.on(store)
        return await answer if inspect.isawaitable(answer) else answer

    ids = [f"{i:032x}" for i in range(3)]

    def rows(n: int, *, vectors: bool = True) -> Sealed:
        return Sealed(tuple(SealedRow(each, mint_marker(16) if vectors else None, {"n": n}) for each in ids), ())

    await do(Put(Sealed(rows(1).rows[:1], ())))
    await do(Put(rows(2), if_absent=True))
    found = await do(Find(EVERYTHING, vectors=True))
    assert {row.backend_id: row.fields["n"] for row in found.rows} == dict(zip(ids, (1, 2, 2), strict=True))
    await do(Put(rows(3, vectors=False)))
    changed = await do(Find(EVERYTHING, vectors=True))
    assert [row.fields["n"] for row in changed.rows] == [3, 3, 3]
    assert all((old.vector == new.vector).all() for old, new in zip(found.rows, changed.rows, strict=True))
    assert len((await do(Find(EVERYTHING, limit=1, offset=1))).rows) == 1
    page = await do(Pages(size=2))
    last = await do(Pages(after=page.next, size=2))
    assert [row.backend_id for row in (*page.rows, *last.rows)] == ids
    assert last.next is None
