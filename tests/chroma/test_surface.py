"""The guarded objects: every native name is decided, nothing leads to the native object, and nothing shows."""

from __future__ import annotations

import contextlib
import copy
import gc
import inspect
import pickle
import types
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from chromadb.api import ClientAPI
from chromadb.api.async_client import AsyncClient
from chromadb.api.client import AdminClient, Client
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.api.models.Collection import Collection

import vecguard
import vecguard_chroma
from vecguard import AccessDenied, Undecided, hazmat
from vecguard.surface import ALLOWED, GUARDED, Denied, Surface
from vecguard_chroma import GuardedClient, GuardedCollection
from vecguard_chroma._surface import CLIENT, COLLECTION

SURFACES = {"collection": (COLLECTION, Collection, GuardedCollection), "client": (CLIENT, Client, GuardedClient)}


def _public(native: type, instance: Any) -> set[str]:
    names = {name for name, _ in inspect.getmembers(native)} | set(dir(instance))
    names |= set(getattr(native, "model_fields", ())) | set(getattr(native, "__annotations__", ()))
    return {name for name in names if not name.startswith("_")}


@pytest.fixture
def things(notes: Any, bare: Any, memory: Any, guard_of: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Guarded and native object, by kind."""
    client = vecguard_chroma.wrap(memory, guard_of()).acting_for("alice")
    notes.add(ids=["a"], documents=["text"])
    return {"collection": (notes, bare), "client": (client, memory)}


@pytest.mark.parametrize("kind", SURFACES)
def test_every_public_name_of_the_installed_client_is_decided(kind: str, things: Any) -> None:
    """Methods, properties and fields of the installed classes are all in the table, and nothing else is."""
    surface, native, _ = SURFACES[kind]
    names = _public(native, things[kind][1])
    assert len(names) > 15
    assert surface.undecided(names) == []
    assert set(surface.decisions) <= names


@pytest.mark.parametrize("kind", SURFACES)
def test_a_name_that_a_new_release_adds_is_noticed(kind: str) -> None:
    """The same enumeration over a class with one more method names it."""
    surface, native, _ = SURFACES[kind]
    grown = type("Grown", (native,), {"teleport": lambda self: None, "_private": 1})
    assert surface.undecided(name for name, _ in inspect.getmembers(grown)) == ["teleport"]


@pytest.mark.parametrize("kind", SURFACES)
def test_offered_names_work_and_denied_ones_say_what_to_use(kind: str, things: Any) -> None:
    """GUARDED and ALLOWED names are there, every denied one is Undecided with its reason, and dir() tells the truth."""
    surface, _, guarded_type = SURFACES[kind]
    guarded, _ = things[kind]
    for name, decision in surface.decisions.items():
        if isinstance(decision, Denied):
            with pytest.raises(Undecided, match=f"{name} is denied"):
                getattr(guarded, name)
            assert not hasattr(guarded, name)
            assert decision.reason
            assert name not in dir(guarded)
        else:
            assert decision in (GUARDED, ALLOWED)
            getattr(guarded, name)
            assert name in dir(guarded)
            assert hasattr(guarded_type, name)
    assert set(dir(guarded)) == {*surface.offered, "acting_for"}


@pytest.mark.parametrize("verb", ["add", "upsert", "update", "delete", "get", "query", "peek", "count"])
def test_guarded_verbs_have_the_native_signature(verb: str) -> None:
    """Every parameter of the native verb is there, by the same name and in the same order, and no other."""
    ours = list(inspect.signature(getattr(GuardedCollection, verb)).parameters)
    native = list(inspect.signature(getattr(Collection, verb)).parameters)
    assert ours == native


@pytest.mark.parametrize(
    "verb", ["create_collection", "get_collection", "get_or_create_collection", "list_collections", "delete_collection"]
)
def test_guarded_client_verbs_have_the_native_signature(verb: str) -> None:
    """The same for the client."""
    ours = list(inspect.signature(getattr(GuardedClient, verb)).parameters)
    assert ours == list(inspect.signature(getattr(Client, verb)).parameters)


@pytest.mark.parametrize("kind", SURFACES)
def test_guarded_objects_pass_for_what_they_wrap(kind: str, things: Any) -> None:
    """isinstance() and __class__ report the native type; type() does not lie."""
    _, native, guarded_type = SURFACES[kind]
    guarded, _ = things[kind]
    assert isinstance(guarded, native)
    assert guarded.__class__ is native
    assert type(guarded) is guarded_type
    if kind == "client":
        assert isinstance(guarded, ClientAPI)


@pytest.mark.parametrize("kind", SURFACES)
@pytest.mark.parametrize(
    "name", ["_client", "_server", "_model", "_embedding_function", "__dict__", "_x", "__wrapped__"]
)
def test_private_names_are_plain_attribute_errors(kind: str, name: str, things: Any) -> None:
    """A private name is an AttributeError and no AccessDenied: frameworks probe for them."""
    guarded, _ = things[kind]
    with pytest.raises(AttributeError) as caught:
        getattr(guarded, name)
    assert not isinstance(caught.value, AccessDenied)


@pytest.mark.parametrize("kind", SURFACES)
def test_unknown_names_and_keywords_are_undecided(kind: str, things: Any) -> None:
    """What no rule covers is refused with what there is instead; attributes cannot be set or deleted."""
    guarded, _ = things[kind]
    with pytest.raises(Undecided, match="no rule"):
        guarded.teleport  # noqa: B018 - reading it is the test
    assert getattr(guarded, "teleport", "fallback") == "fallback"
    with pytest.raises(Undecided):
        guarded.name = "other"
    with pytest.raises(Undecided):
        guarded.__class__ = object
    with pytest.raises(AttributeError):
        del guarded.teleport


@pytest.mark.parametrize("kind", SURFACES)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, pickle.dumps, lambda g: g.__reduce__(), lambda g: g.__reduce_ex__(2)]
)
def test_guarded_objects_are_not_copied(kind: str, copied: Callable[[Any], Any], things: Any) -> None:
    """Copies and pickles are AccessDenied."""
    with pytest.raises(AccessDenied):
        copied(things[kind][0])


@pytest.mark.parametrize("kind", SURFACES)
def test_there_is_nothing_to_look_into(kind: str, things: Any) -> None:
    """vars() finds nothing, repr() shows the class, and weak tables hold no strong reference."""
    guarded, _ = things[kind]
    with pytest.raises(TypeError):
        vars(guarded)
    assert repr(guarded) == f"<{type(guarded).__name__}>"
    assert str(guarded) == repr(guarded)


_DUNDERS = ("__dict__", "__closure__", "__defaults__", "__kwdefaults__", "__self__", "__func__", "__wrapped__")


def _attributes(thing: Any) -> list[Any]:
    """What the public, private and structural attributes of a thing lead to."""
    names = [name for name in object.__dir__(thing) if not name.startswith("__")]
    found: list[Any] = []
    for name in (*names, *_DUNDERS, "__weakref__"):
        with contextlib.suppress(Exception):  # refused, as it should be
            found.append(getattr(thing, name))
    return found


def _items(thing: Any) -> list[Any]:
    match thing:
        case dict():
            return [*thing.keys(), *thing.values()]
        case list() | tuple() | set() | frozenset():
            return list(thing)
        case types.CellType():
            return [thing.cell_contents]
        case weakref.ref():
            return [thing()]
    return _attributes(thing)


def _reachable(start: Any) -> list[Any]:
    """Everything that attributes, items, closures and bound methods lead to; modules and globals are left out."""
    seen: dict[int, Any] = {}
    waiting = [start]
    while waiting and len(seen) < 20_000:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, types.ModuleType | type | str | bytes | int | float | None):
            seen[id(each)] = each
            waiting += _items(each)
    return list(seen.values())


@pytest.mark.parametrize("kind", SURFACES)
def test_no_attribute_leads_to_the_native_object(kind: str, things: Any) -> None:
    """Walking everything that a guarded object leads to meets no native collection, client, server or key."""
    from vecguard.facade import Room
    from vecguard.keys import Secret

    guarded, native = things[kind]
    found = _reachable(guarded)
    assert 10 < len(found) < 20_000  # it ended by itself
    for each in found:
        assert each is not native
        assert not isinstance(each, Room | Secret | vecguard.Keyring)
        assert type(each) not in (Collection, Client)
        assert not type(each).__module__.startswith("chromadb.api.rust")


def test_the_walk_would_find_a_leak(bare: Any) -> None:
    """The walk reaches a native collection through an attribute, a closure and a list."""

    class Leaky:
        def __init__(self) -> None:
            self.inside = [lambda: bare]

    found = _reachable(Leaky())
    assert any(each is bare for each in found)


def test_unwrapping_is_audited_first(notes: Any, bare: Any) -> None:
    """hazmat.unwrap gives the native object to whoever says why, and writes it down before."""
    from vecguard.facade import room_of
    from vecguard.state import tables

    with pytest.raises(AccessDenied):
        hazmat.unwrap(notes, reason=" ")
    with pytest.raises(TypeError):
        hazmat.unwrap(notes)  # type: ignore[call-arg]
    assert hazmat.unwrap(notes, reason="a migration") is bare
    state = room_of(notes).guard.state
    with state.database.begin() as connection:
        lines = connection.execute(tables.audit.select()).mappings().all()
    assert [line["action"] for line in lines] == ["unwrap"]
    with state.database.begin() as connection:
        connection.exec_driver_sql(
            "create trigger full before insert on vg_audit begin select raise(abort, 'disk full'); end"
        )
    with pytest.raises(vecguard.AuditFailed):
        hazmat.unwrap(notes, reason="a migration")
    for other in (bare, None, object(), 5):
        with pytest.raises(AccessDenied):
            hazmat.unwrap(other, reason="x")


def test_wrap_takes_native_objects_only(bare: Any, notes: Any, guard_of: Callable[..., Any]) -> None:
    """Doubles, subclasses, guarded objects and other classes are Undecided."""
    guard = guard_of()

    class Fake:
        def count(self) -> int:
            return 0

    class Derived(Collection):
        pass

    derived = object.__new__(Derived)
    for each in (Fake(), derived, notes, None, "notes", AdminClient, object.__new__(AsyncCollection)):
        with pytest.raises(Undecided):
            vecguard_chroma.wrap(each, guard)
    with pytest.raises(Undecided):
        vecguard_chroma.wrap(object.__new__(AsyncClient), guard)
    with pytest.raises(vecguard.PolicyError):
        vecguard_chroma.wrap(bare, guard, legacy="ignroe")  # type: ignore[call-overload]


def test_bound_copies_are_new_objects(guarded_of: Callable[..., Any]) -> None:
    """acting_for leaves the object it was called on unbound, and a copy outlives it."""
    collection = guarded_of()
    alice = collection.acting_for("alice")
    assert alice is not collection
    with pytest.raises(AccessDenied):
        collection.count()
    alice.add(ids=["a"], documents=["text"])
    bob = alice.acting_for("bob")
    assert (alice.count(), bob.count()) == (1, 0)
    del collection
    gc.collect()
    assert alice.count() == 1


def test_errors_and_names_are_public() -> None:
    """Every error class of the tree is exported from vecguard, and __all__ holds only what is there."""
    from vecguard import errors

    named = {
        name for name, thing in vars(errors).items() if isinstance(thing, type) and thing.__module__ == errors.__name__
    }
    assert named <= set(vecguard.__all__)
    assert all(hasattr(vecguard, name) for name in vecguard.__all__)
    tree = errors.__doc__ or ""
    assert all(name in tree for name in named if not name.endswith("Warning"))


def test_a_surface_without_a_rule_refuses() -> None:
    """A refusal never repeats what is no name."""
    surface = Surface("Thing", object, {})
    assert "that name" in str(surface.refusal("planted words, not a name"))
