"""Records by id, what is known of one person, and what has expired: the rest of the owner's stays whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from vecguard import BadId, BadInput, Guard, Keyring, Policy, Retention, Scrub
from vecguard.erasure import ErasureReceipt, Expired, OfOwner, erase
from vecguard.records import Ask, RecordId

from .conftest import COUNT
from .sites import POLICY, Site, bytes_of, canaries_of, ids_of, point_of


def erased(desk: Any, owner: str = "alice", **options: Any) -> ErasureReceipt:
    return erase(desk.guard, [desk.target], OfOwner(owner, **options))


def _named(kind: str, numbers: list[int]) -> list[str]:
    ids = ids_of("alice", COUNT)
    return [point_of(ids[n]) if kind == "qdrant" else ids[n] for n in numbers]


def test_records_go_by_their_ids_and_leave_nothing(kind: str, site_of: Callable[..., Site]) -> None:
    """Three of a hundred: their canaries, seals and vectors are in no file; the others are whole, the digest too."""
    site = site_of(kind)
    numbers = [3, 17, 99]
    with site.opened() as desk:
        rows = desk.rows("alice")
        space = _space(desk)
        kinds = "uuid" if kind == "qdrant" else "str"
        named = [each.replace("-", "") if kind == "qdrant" else each for each in _named(kind, numbers)]
        backend = {space.backend_id(RecordId(kinds, each, each)) for each in named}
        rows = [row for row in rows if row.backend_id in backend]
        assert len(rows) == 3
        every = canaries_of("alice", COUNT)
        things = [*bytes_of(rows), *(every[part * COUNT + n] for part in range(3) for n in numbers)]
        assert len(site.holding(things)) >= 6
        receipt = erased(desk, ids=_named(kind, numbers))
        assert receipt.clean
        assert receipt.rows == 3
        assert len(desk.texts("alice")) == COUNT - 3
        assert len(desk.search("alice", "canary")) == 5
    assert site.holding(things) == []
    with site.opened() as desk:
        assert len(desk.texts("alice")) == COUNT - 3
        assert len(desk.texts("bob")) == COUNT
        assert erased(desk, ids=_named(kind, numbers)).rows == 0


def _space(desk: Any) -> Any:
    collection = desk.room().shelf.collection
    return desk.guard.state.space(collection.uid, "alice", collection.keys)


def test_a_value_that_other_rows_hold_too_is_not_said_to_be_left(site_of: Callable[..., Site]) -> None:
    """A clear field of the erased record that bob's rows have as well is found, and is not the record's any more."""
    site = site_of("chroma")
    with site.opened() as desk:
        receipt = erased(desk, ids=ids_of("alice", 1))
    assert {each.kind: each.after for each in receipt.sought}["field"] == 0
    assert site.holding([b"a value of both owners"]) != []


def test_of_a_person_originals_go_and_records_stay(site_of: Callable[..., Site]) -> None:
    """The token stands for nobody any more; the record that held it is counted, and others keep their originals."""
    site = site_of("chroma")
    with site.opened() as desk:
        receipt = erased(desk, subject=["alice7@example.com"])
        assert receipt.counts["originals"] == 1
        assert receipt.counts["records that held the subject's tokens"] == 1
        assert receipt.rows == 0
        assert receipt.clean
        assert len(desk.texts("alice")) == COUNT
        assert erased(desk, subject=["alice7@example.com"]).counts == {}
        assert erased(desk, subject=["alice8@example.com"]).counts["originals"] == 1


def test_of_a_person_records_go_too_if_asked(kind: str, site_of: Callable[..., Site]) -> None:
    """Exactly the record that named this person."""
    site = site_of(kind)
    with site.opened() as desk:
        receipt = erased(desk, subject=["alice7@example.com"], records=True)
        assert receipt.rows == 1
        assert receipt.clean
        assert set(_named(kind, [n for n in range(COUNT) if n != 7])) == set(desk.texts("alice"))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"ids": []}, BadInput),
        ({"ids": "record"}, BadId),
        ({"ids": [1.5]}, BadId),
        ({"subject": []}, BadInput),
        ({"subject": "Sarah"}, BadInput),
        ({"ids": ["a"], "subject": ["b"]}, BadInput),
        ({"records": True}, BadInput),
    ],
)
def test_an_order_that_is_unclear_erases_nothing(
    options: dict[str, Any], error: type, site_of: Callable[..., Site]
) -> None:
    """Nothing that could be read as "everything" by mistake."""
    site = site_of("faiss")
    with site.opened() as desk:
        with pytest.raises(error):
            erased(desk, **options)
        assert len(desk.texts("alice")) == COUNT


def test_expired_records_are_taken_off_the_shelf(tmp_path: Any) -> None:
    """Those whose owner says so under its key; of owners who were not named they are counted and left."""
    short = POLICY.replace(retention=Retention(days=1e-5))
    site = Site("chroma", tmp_path / "site", short)
    with site.opened() as desk:
        for owner in ("alice", "bob"):
            desk.write(owner, 5)
        time.sleep(1.0)
        assert desk.texts("alice") == {}
        assert len(desk.rows("alice")) == 5
    lasting = Site("chroma", site.folder, POLICY)
    with lasting.opened() as desk:
        desk.guarded.acting_for("alice").upsert(ids=["stays"], documents=["of which nothing expires"])
        receipt = erase(desk.guard, [desk.target], Expired(["alice"], time.time()))
        assert receipt.rows == 5
        assert receipt.clean
        assert receipt.counts["expired rows left"] == 5
        assert list(desk.texts("alice")) == ["stays"]
        assert len(desk.rows("alice")) == 1
        assert erase(desk.guard, [desk.target], Expired(["bob"])).counts == {}


def test_a_row_that_a_store_calls_expired_is_left(site_of: Callable[..., Site]) -> None:
    """The host sets an expiry: the row does not authenticate, and a purge does not do the host's work."""
    from vecguard.ports import Put
    from vecguard.records import Sealed, SealedRow

    site = site_of("faiss")
    with site.opened() as desk:
        row = desk.rows("alice")[0]
        desk.room().store.put(Put(Sealed((SealedRow(row.backend_id, None, {**row.fields, "_vg_expires": 1.0}),), ())))
        receipt = erase(desk.guard, [desk.target], Expired(["alice", "bob"], time.time()))
        assert receipt.rows == 0
        assert receipt.counts == {"expired rows left": 1}
        assert len(desk.rows("alice")) == COUNT


def test_an_asynchronous_store_is_erased_in_the_same_way(tmp_path: Any) -> None:
    """An async Qdrant client on disk: the same steps, awaited."""
    import asyncio

    from qdrant_client import AsyncQdrantClient, models

    import vecguard_qdrant
    from vecguard.erasure import aerase

    async def run() -> ErasureReceipt:
        client = AsyncQdrantClient(path=str(tmp_path / "store"))
        keys = Keyring.ephemeral()
        policy = Policy(scrub=Scrub(enabled=False))
        with_state = f"sqlite:///{tmp_path}/state.db"
        guard = Guard(policy, keys=keys, state=with_state, embedder=None)
        notes = vecguard_qdrant.wrap(client, guard)
        cosine = models.VectorParams(size=4, distance=models.Distance.COSINE)
        await notes.create_collection("notes", vectors_config=cosine)
        points = [models.PointStruct(id=n, vector=[1.0, 2.0, 3.0, n + 1.0], payload={"n": n}) for n in range(20)]
        await notes.acting_for("alice").upsert("notes", points)
        await notes.acting_for("bob").upsert("notes", points)
        receipt = await aerase(guard, [notes], OfOwner("alice"))
        assert (await notes.acting_for("alice").count("notes")).count == 0
        assert (await notes.acting_for("bob").count("notes")).count == 20
        await client.close()
        guard.close()
        return receipt

    receipt = asyncio.run(run())
    assert receipt.rows == 20
    assert receipt.clean


def test_a_store_in_memory_has_nothing_to_look_into(desk_of: Callable[..., Any]) -> None:
    """No files at all: what is gone from the store is gone, and the receipt speaks of no file."""
    from vecguard.facade import Guarded, Room
    from vecguard.surface import Surface

    class Handle(Guarded):
        __slots__ = ()

    Handle.surface = Surface("Handle", Handle, {})
    desk = desk_of()
    desk.write(["a", "b"], ["one", "two"])
    desk.write(["a"], ["one"], who="bob")
    handle = Handle(Room(desk.guard, None, None, desk.shelf, desk.store, desk.guard.embedding))
    receipt = erase(desk.guard, [handle], OfOwner("alice"))
    assert (receipt.rows, receipt.files) == (2, 0)
    assert desk.texts() == {}
    assert desk.texts("bob") == {"a": "one"}
    assert desk.read(Ask(), "alice").hits == ()
