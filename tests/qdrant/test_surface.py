"""Every public name of the native clients is decided, and what is not offered cannot be reached."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient

import vecguard_qdrant
from vecguard import AccessDenied, Undecided, hazmat
from vecguard.surface import GUARDED, Denied
from vecguard_qdrant._surface import ASYNC, SYNC

BOTH = pytest.mark.parametrize("surface", [SYNC, ASYNC], ids=["sync", "async"])


@BOTH
def test_every_native_name_is_decided(surface: Any) -> None:
    """A client that gains a public name fails here until somebody decides about it, and none is decided in vain."""
    names = {name for name, _ in inspect.getmembers_static(surface.native_type) if not name.startswith("_")}
    assert surface.undecided(names) == []
    assert set(surface.decisions) == names


@BOTH
def test_every_denial_says_why(surface: Any) -> None:
    """A denied name has a reason."""
    assert all(each.reason for each in surface.decisions.values() if isinstance(each, Denied))


def test_denied_and_unknown_names_are_refused(desk: Any) -> None:
    """What is not offered raises `Undecided`, which `hasattr` understands, and private names are no attributes."""
    surface = type(desk.guarded).surface
    for name in [name for name, each in surface.decisions.items() if isinstance(each, Denied)] + ["brand_new"]:
        with pytest.raises(Undecided):
            getattr(desk.guarded, name)
        assert not hasattr(desk.guarded, name)
    with pytest.raises(AttributeError):
        desk.guarded._client  # noqa: B018 - the access is what is tested


@BOTH
def test_guarded_verbs_have_the_native_parameters(surface: Any) -> None:
    """Names, order and defaults of parameters are those of the native verb."""
    guarded = vecguard_qdrant.GuardedQdrantClient if surface is SYNC else vecguard_qdrant.AsyncGuardedQdrantClient
    for name in [name for name, each in surface.decisions.items() if each is GUARDED]:
        ours = list(inspect.signature(getattr(guarded, name)).parameters.values())[1:]
        native = list(inspect.signature(getattr(surface.native_type, name)).parameters.values())[1:]
        assert [(each.name, each.kind, each.default) for each in ours] == [
            (each.name, each.kind, each.default) for each in native
        ], name
        if name != "upload_points":
            assert inspect.iscoroutinefunction(getattr(guarded, name)) is (surface is ASYNC)


def test_the_guarded_object_shows_nothing(desk: Any) -> None:
    """It reports the native class, and is neither copied, pickled nor written to."""
    assert isinstance(desk.guarded, QdrantClient | AsyncQdrantClient)
    assert "Qdrant" in repr(desk.guarded)
    for leak in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(AccessDenied):
            leak(desk.guarded)
    with pytest.raises(Undecided):
        desk.guarded.upsert = None
    assert hazmat.unwrap(desk.guarded, reason="a test") is desk.native


def test_wrap_takes_clients_only(guard_of: Any) -> None:
    """Anything else, and text keys that cannot be names of fields, are refused."""
    with pytest.raises(Undecided):
        vecguard_qdrant.wrap(object(), guard_of())  # type: ignore[call-overload]  # that is the point
    for bad in ("document", ["a.b"], [""]):
        with pytest.raises(ValueError, match="text_keys"):
            vecguard_qdrant.wrap(QdrantClient(":memory:"), guard_of(), text_keys=bad)
    with pytest.raises(ValueError, match="legacy"):
        vecguard_qdrant.wrap(QdrantClient(":memory:"), guard_of(), legacy="whatever")  # type: ignore[call-overload]


async def test_passed_names_work(desk: Any) -> None:
    """What says nothing of any point is offered as it is."""
    assert desk.guarded.DEFAULT_BATCH_SIZE == desk.native.DEFAULT_BATCH_SIZE
    answer = desk.guarded.info()
    assert (await answer if inspect.isawaitable(answer) else answer).title
