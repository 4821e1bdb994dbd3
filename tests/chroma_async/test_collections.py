"""The verbs of the guarded clients, and what is checked before a collection is used."""

from __future__ import annotations

from typing import Any

import chromadb
import pytest

import vecguard_chroma
from vecguard import PolicyError, StateMismatch, Undecided, UnprotectedRows
from vecguard.facade import room_of
from vecguard_chroma import AsyncGuardedClient, AsyncGuardedCollection, GuardedClient, GuardedCollection

from .conftest import settled

UNIT = [1.0] + [0.0] * 15
FACES = {"sync": (GuardedClient, GuardedCollection), "async": (AsyncGuardedClient, AsyncGuardedCollection)}


@pytest.fixture
async def legacy(native: Any, fresh: Any) -> Any:
    """A bare collection with two rows that nobody guarded."""
    bare = await settled(native.create_collection(fresh(), embedding_function=None))
    await settled(bare.add(ids=["old1", "old2"], embeddings=[UNIT, UNIT], documents=["one", "two"]))
    return bare


async def test_collections_come_out_guarded(kind: str, desk: Any, fresh: Any) -> None:
    """Created, got, got-or-created and listed ones are guarded objects, for whoever the client is bound to."""
    client_face, face = FACES[kind]
    assert type(desk.client) is client_face
    name = fresh()
    created = await desk.admin("alice", "create_collection", name, embedding_function=None, metadata={"about": "wards"})
    got = await desk.admin("alice", "get_collection", name, embedding_function=None)
    either = await desk.admin("alice", "get_or_create_collection", name, embedding_function=None)
    listed = [each for each in await desk.admin("alice", "list_collections") if each.name == name]
    await settled(created.add(ids=["a"], documents=["text"]))
    for each in (created, got, either, *listed):
        assert type(each) is face
        assert (each.name, each.metadata, each.id) == (name, {"about": "wards"}, created.id)
        assert await settled(each.count()) == 1
    assert len(listed) == 1


async def test_a_collection_that_is_not_there_is_chromas_error(desk: Any, fresh: Any) -> None:
    """For getting and for deleting."""
    for verb in ("get_collection", "delete_collection"):
        with pytest.raises(chromadb.errors.NotFoundError):
            await desk.admin("alice", verb, fresh())
    with pytest.raises(chromadb.errors.ChromaError):
        await desk.admin("alice", "create_collection", desk.bare.name)


async def test_schemas_and_data_loaders_are_refused(desk: Any, fresh: Any) -> None:
    """Nothing is created."""
    name = fresh()
    for options in ({"schema": object()}, {"data_loader": object()}):
        for verb in ("create_collection", "get_or_create_collection"):
            with pytest.raises(Undecided):
                await desk.admin("alice", verb, name, **options)
    with pytest.raises(chromadb.errors.NotFoundError):
        await desk.admin("alice", "get_collection", name)


async def test_deleting_a_collection_deletes_ones_own_records(desk: Any) -> None:
    """The native collection goes with its last record, and may come back."""
    name = desk.bare.name
    await desk.write("alice", {"a": "of alice"})
    await desk.write("bob", {"b": "of bob"})
    await desk.admin("alice", "delete_collection", name)
    assert await desk("alice", "count") == 0
    assert (await desk("bob", "get"))["documents"] == ["of bob"]
    await desk.admin("bob", "delete_collection", name)
    with pytest.raises(chromadb.errors.NotFoundError):
        await settled(desk.native.get_collection(name))
    again = await desk.admin("bob", "create_collection", name, embedding_function=None)
    assert await settled(again.count()) == 0


async def test_unguarded_rows_are_refused_where_a_client_reaches_them(native: Any, legacy: Any, guard_of: Any) -> None:
    """Getting the collection raises with their number; a listed one raises when it is used."""
    client = vecguard_chroma.wrap(native, guard_of()).acting_for("alice")
    for verb in ("get_collection", "get_or_create_collection", "delete_collection"):
        options = {} if verb == "delete_collection" else {"embedding_function": None}
        with pytest.raises(UnprotectedRows) as caught:
            await settled(getattr(client, verb)(legacy.name, **options))
        assert caught.value.count == 2
    [listed] = [each for each in await settled(client.list_collections()) if each.name == legacy.name]
    with pytest.raises(UnprotectedRows):
        await settled(listed.add(ids=["a"], documents=["text"]))
    assert await settled(legacy.count()) == 2


async def test_unguarded_rows_may_be_left_alone(native: Any, legacy: Any, open_desk: Any) -> None:
    """Under legacy="ignore" they are invisible and stay."""
    desk = await open_desk(name=legacy.name, legacy="ignore")
    await desk.write("alice", {"a": "text"})
    assert (await desk("alice", "get"))["ids"] == ["a"]
    assert (await desk("alice", "query", query_texts=["one"], n_results=5))["ids"] == [["a"]]
    await desk("alice", "delete", ids=["a", "old1"])
    assert sorted((await settled(legacy.get(ids=["old1", "old2"])))["ids"]) == ["old1", "old2"]


async def test_another_state_is_refused(desk: Any, open_desk: Any) -> None:
    """A collection belongs to the state that it was guarded with."""
    await desk.write("alice", {"a": "text"})
    with pytest.raises(StateMismatch):
        await open_desk(name=desk.bare.name)


async def test_a_collection_is_wrapped_by_itself(kind: str, desk: Any, guard_of: Any) -> None:
    """The synchronous one is checked at once, the asynchronous one when it is first touched."""
    await desk.write("alice", {"a": "text"})
    wrapped = vecguard_chroma.wrap(desk.bare, desk.guard).acting_for("alice")
    assert type(wrapped) is FACES[kind][1]
    assert (await settled(wrapped.get()))["documents"] == ["text"]
    stranger = guard_of()
    with pytest.raises(StateMismatch):
        await settled(vecguard_chroma.wrap(desk.bare, stranger).acting_for("alice").count())
    if kind == "async":
        other = vecguard_chroma.wrap(desk.bare, stranger)
        with pytest.raises(StateMismatch):
            await stranger.areconcile(other)
    with pytest.raises(PolicyError):
        vecguard_chroma.wrap(desk.bare, stranger, legacy="ignroe")


TOUCHES: dict[str, dict[str, Any]] = {
    "add": {"ids": ["a"], "documents": ["text"]},
    "upsert": {"ids": ["a"], "documents": ["text"]},
    "update": {"ids": ["old1"], "documents": ["text"]},
    "delete": {"ids": ["old1"]},
    "get": {},
    "peek": {},
    "count": {},
    "query": {"query_texts": ["one"]},
}


@pytest.mark.parametrize("verb", TOUCHES)
@pytest.mark.filterwarnings("ignore:stored vectors are not returned")
async def test_the_first_touch_refuses_unguarded_rows(verb: str, legacy: Any, guard_of: Any) -> None:
    """Whatever is called first on a wrapped collection, they are found before anything is answered or written."""

    async def touch() -> None:
        wrapped = vecguard_chroma.wrap(legacy, guard_of()).acting_for("alice")  # the synchronous one ends here
        await settled(getattr(wrapped, verb)(**TOUCHES[verb]))

    with pytest.raises(UnprotectedRows) as caught:
        await touch()
    assert caught.value.count == 2
    assert sorted((await settled(legacy.get()))["documents"]) == ["one", "two"]


class Killed(BaseException):
    """Ends a call as the end of its process does: nothing that catches errors sees it."""


async def test_what_a_crash_left_open_is_settled(kind: str, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """reconcile and areconcile carry out, once, what the state knows of and the server does not."""

    def dies(*_: Any) -> None:
        raise Killed

    await desk.write("alice", {"a": "first"})
    with monkeypatch.context() as patch:
        patch.setattr(type(room_of(desk.notes).store), "put", dies)
        with pytest.raises(Killed):
            await desk.write("alice", {"b": "second"})
    settle = desk.guard.reconcile if kind == "sync" else desk.guard.areconcile
    assert [await settled(settle(desk.notes)), await settled(settle(desk.notes))] == [1, 0]
    assert (await desk("alice", "get"))["documents"] == ["first", "second"]
