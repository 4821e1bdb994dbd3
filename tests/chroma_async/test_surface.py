"""The asynchronous guarded objects: every native name is decided, awaited where it is awaited, and nothing leaks."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest
from chromadb.api import AsyncClientAPI
from chromadb.api.async_client import AsyncClient
from chromadb.api.models.AsyncCollection import AsyncCollection

import vecguard_chroma
from vecguard import AccessDenied, Undecided, hazmat
from vecguard.surface import GUARDED, Denied
from vecguard_chroma import AsyncGuardedClient, AsyncGuardedCollection, GuardedClient, GuardedCollection
from vecguard_chroma._surface import ASYNC_CLIENT, ASYNC_COLLECTION

SURFACES: dict[str, tuple[Any, Any, Any, Any]] = {
    "collection": (ASYNC_COLLECTION, AsyncCollection, AsyncGuardedCollection, GuardedCollection),
    "client": (ASYNC_CLIENT, AsyncClient, AsyncGuardedClient, GuardedClient),
}
EACH = pytest.mark.parametrize("what", SURFACES)


@pytest.fixture
def kind() -> str:
    return "async"


@pytest.fixture
def things(desk: Any) -> dict[str, tuple[Any, Any]]:
    """Guarded and native object, by kind."""
    return {"collection": (desk.notes, desk.bare), "client": (desk.client, desk.native)}


def _public(native: type, instance: Any = None) -> set[str]:
    names = {name for name, _ in inspect.getmembers_static(native)} | set(getattr(native, "__annotations__", ()))
    return {name for name in (names | set(dir(instance) if instance else ())) if not name.startswith("_")}


@EACH
def test_every_public_name_of_the_installed_client_is_decided(what: str, things: Any) -> None:
    """A client that gains a name fails here until somebody decides about it, and none is decided in vain."""
    surface, native, _, _ = SURFACES[what]
    names = _public(native, things[what][1])
    assert len(names) > 15
    assert surface.undecided(names) == []
    assert set(surface.decisions) == names


@EACH
def test_a_name_that_a_new_release_adds_is_noticed(what: str) -> None:
    """The same enumeration over a class with one more coroutine names it."""
    surface, native, _, _ = SURFACES[what]

    async def teleport(self: Any) -> None: ...

    grown = type("Grown", (native,), {"teleport": teleport, "_private": 1})
    assert surface.undecided(_public(grown)) == ["teleport"]


@EACH
def test_offered_names_are_there_and_denied_ones_say_why(what: str, things: Any) -> None:
    """Every denied or unknown name is Undecided, which hasattr understands, and dir() tells the truth."""
    surface, _, guarded_type, _ = SURFACES[what]
    guarded, _ = things[what]
    for name, decision in surface.decisions.items():
        if isinstance(decision, Denied):
            assert decision.reason
            with pytest.raises(Undecided, match=f"{name} is denied"):
                getattr(guarded, name)
            assert not hasattr(guarded, name)
        else:
            assert hasattr(guarded_type, name)
    with pytest.raises(Undecided, match="no rule"):
        guarded.teleport  # noqa: B018 - reading it is the test
    assert set(dir(guarded)) == {*surface.offered, "acting_for"}


@EACH
def test_guarded_verbs_are_coroutines_with_the_native_parameters(what: str) -> None:
    """The same names in the same order as native, the same defaults as the synchronous twin, and its docstring."""
    surface, native, ours, twin = SURFACES[what]
    verbs = [name for name, decision in surface.decisions.items() if decision is GUARDED]
    assert len(verbs) >= 5
    for name in verbs:
        parameters = inspect.signature(getattr(ours, name)).parameters
        assert list(parameters) == list(inspect.signature(getattr(native, name)).parameters), name
        assert parameters == inspect.signature(getattr(twin, name)).parameters
        assert inspect.iscoroutinefunction(getattr(ours, name))
        assert not inspect.iscoroutinefunction(getattr(twin, name))
        assert getattr(ours, name).__name__ == name
        assert getattr(ours, name).__doc__ == getattr(twin, name).__doc__


@EACH
def test_guarded_objects_pass_for_what_they_wrap(what: str, things: Any) -> None:
    """isinstance() and __class__ report the native type; type() does not lie."""
    _, native, guarded_type, _ = SURFACES[what]
    guarded, _ = things[what]
    assert isinstance(guarded, native)
    assert guarded.__class__ is native
    assert type(guarded) is guarded_type
    assert isinstance(guarded, AsyncClientAPI) is (what == "client")


@EACH
def test_there_is_nothing_to_look_into(what: str, things: Any) -> None:
    """Private names are no attributes, and the object is neither copied, pickled, shown nor written to."""
    guarded, native = things[what]
    for name in ("_client", "_server", "_model", "_embedding_function", "_admin_client", "__dict__"):
        with pytest.raises(AttributeError) as caught:
            getattr(guarded, name)
        assert not isinstance(caught.value, AccessDenied)
    for leak in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(AccessDenied):
            leak(guarded)
    with pytest.raises(Undecided):
        guarded.name = "other"
    assert repr(guarded) == f"<{type(guarded).__name__}>"
    unwrapped = hazmat.unwrap(guarded, reason="a test")
    assert type(unwrapped) is type(native)
    assert unwrapped == native


async def test_plain_names_are_offered_as_they_are(things: Any) -> None:
    """Properties of a collection, attributes of a client, and its coroutines."""
    notes, bare = things["collection"]
    for name in ("name", "id", "metadata", "configuration", "configuration_json", "schema", "tenant", "database"):
        assert getattr(notes, name) == getattr(bare, name)
    client, native = things["client"]
    assert (client.tenant, client.database) == (native.tenant, native.database)
    for name in ("heartbeat", "get_version", "get_max_batch_size", "count_collections"):
        answer = await getattr(client, name)()
        assert type(answer) is type(await getattr(native, name)())


async def test_wrap_takes_native_objects_only(things: Any, guard_of: Any) -> None:
    """Guarded objects, subclasses and a client that was never connected are Undecided."""
    guard = guard_of()

    class Derived(AsyncCollection):
        pass

    wrong: list[Any] = [things["collection"][0], things["client"][0], object.__new__(Derived), AsyncClient]
    for each in (*wrong, object.__new__(AsyncClient), object.__new__(AsyncCollection)):
        with pytest.raises(Undecided, match="takes a chromadb"):
            vecguard_chroma.wrap(each, guard)
