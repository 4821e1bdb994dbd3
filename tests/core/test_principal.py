"""Who acts: exactly one spelling per name, bound or by context, and nobody by accident."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import vecguard
from vecguard import AccessDenied, Principal
from vecguard.principal import Acting, resolve

BAD_NAMES: list[Any] = [
    "",
    " ",
    "a ",
    " a",
    "a b",
    "a\t",
    "a\n",
    "a\x00",
    "a\u200b",
    "\u0410lice",  # Cyrillic
    "al\u0131ce",  # dotless i
    "é",
    "e\u0301",
    "ａlice",  # fullwidth
    "a" * 257,
    None,
    5,
    b"alice",
    ["alice"],
    True,
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_names_have_one_spelling(name: Any) -> None:
    """Empty, blank, confusable, invisible, too long and non-string names are refused wherever a name is taken."""
    with pytest.raises(AccessDenied):
        Principal(name)
    with pytest.raises(AccessDenied):
        Acting.of(name)
    with pytest.raises(AccessDenied), vecguard.acting_for(name):
        pass
    for part in ("groups", "permissions"):
        with pytest.raises(AccessDenied):
            Principal("a", **{part: [name]})
    if name is not None:
        with pytest.raises(AccessDenied):
            Acting.of("alice", name)


@pytest.mark.parametrize("name", ["a", "A", "user:4711", "a@b.c", "a/b", "~", "a" * 256])
def test_visible_ascii_is_a_name(name: str) -> None:
    """Names are kept exactly, case included: Alice and alice are two."""
    assert Acting.of(name).owner == name
    assert Principal(name).id == name


@pytest.mark.parametrize("part", ["groups", "permissions"])
@pytest.mark.parametrize("value", ["admin", "pii:restore", b"admin", 5, None])
def test_one_string_is_not_a_collection_of_them(part: str, value: Any) -> None:
    """groups="admin" would silently be five groups; numbers and None are no collection at all."""
    with pytest.raises(AccessDenied):
        Principal("a", **{part: value})


def test_a_principal_is_frozen() -> None:
    """Groups and permissions are frozen with it, whatever collection they came in."""
    groups = ["staff"]
    who = Principal("a", groups=groups)  # type: ignore[arg-type]
    groups.append("admin")
    assert who.groups == {"staff"}
    with pytest.raises(AttributeError):
        who.id = "b"  # type: ignore[misc]


def test_the_owner_is_the_principal_by_default() -> None:
    """A principal acts in its own space unless told otherwise, and restoring hangs on its permission alone."""
    assert Acting.of("alice") == Acting.of(Principal("alice")) == Acting.of("alice", "alice")
    assert Acting.of("alice", "acme").owner == "acme"
    assert not Acting.of("alice").may_restore
    assert Acting.of(Principal("a", permissions=frozenset({"pii:restore"}))).may_restore
    assert not Acting.of(Principal("a", groups=frozenset({"pii:restore"}))).may_restore
    assert not Acting.of(Principal("pii:restore")).may_restore


def test_nobody_acts_by_default() -> None:
    """Neither bound nor in a context is AccessDenied."""
    with pytest.raises(AccessDenied, match="nobody"):
        resolve(None)


def test_bound_and_context_agree_or_are_refused() -> None:
    """A bound call inside another's context is refused, however little they differ; inside its own it passes."""
    alice = Acting.of("alice")
    with vecguard.acting_for("alice"):
        assert resolve(None) == alice
        assert resolve(alice) == alice
        for other in (
            Acting.of("bob"),
            Acting.of("alice", "acme"),
            Acting.of(Principal("alice", permissions=frozenset({"pii:restore"}))),
        ):
            with pytest.raises(AccessDenied, match="context"):
                resolve(other)


def test_contexts_nest_and_end() -> None:
    """The inner context counts inside, the outer one afterwards, and none after an exception."""
    with vecguard.acting_for("alice"):
        with vecguard.acting_for("bob", "acme"):
            assert resolve(None) == Acting.of("bob", "acme")
        assert resolve(None).owner == "alice"
    with pytest.raises(ZeroDivisionError), vecguard.acting_for("alice"):
        raise ZeroDivisionError
    with pytest.raises(AccessDenied):
        resolve(None)


def test_a_context_does_not_leak_into_threads() -> None:
    """A new thread acts for nobody, and two threads do not see each other's context."""
    found: dict[str, str] = {}

    def look(name: str) -> None:
        try:
            found[f"{name} bare"] = resolve(None).owner
        except AccessDenied:
            found[f"{name} bare"] = "nobody"
        with vecguard.acting_for(name):
            barrier.wait()
            found[name] = resolve(None).owner

    barrier = threading.Barrier(2)
    with vecguard.acting_for("alice"):
        threads = [threading.Thread(target=look, args=(name,)) for name in ("bob", "carol")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert resolve(None).owner == "alice"
    assert found == {"bob bare": "nobody", "carol bare": "nobody", "bob": "bob", "carol": "carol"}


async def test_tasks_have_contexts_of_their_own() -> None:
    """Tasks that run interleaved never act for each other, and to_thread carries the context along."""

    async def act(name: str) -> list[str]:
        with vecguard.acting_for(name):
            seen = []
            for _ in range(5):
                await asyncio.sleep(0)
                seen.append(resolve(None).owner)
            seen.append((await asyncio.to_thread(resolve, None)).owner)
            return seen

    names = [f"user{n}" for n in range(8)]
    for name, seen in zip(names, await asyncio.gather(*map(act, names)), strict=True):
        assert set(seen) == {name}
    with pytest.raises(AccessDenied):
        resolve(None)


@pytest.mark.parametrize("name", ["vecguard", "VecGuard", "VECGUARD"])
def test_nobody_goes_by_the_name_of_the_guard(name: str, desk: Any) -> None:
    """The audit log has what the guard does by itself under that name: a tenant of it would share its lines."""
    from vecguard.facade import Guarded, Room
    from vecguard.flow import drive
    from vecguard.surface import Surface

    class Handle(Guarded):
        __slots__ = ()

    Handle.surface = Surface("Handle", Handle, {})
    handle = Handle(Room(desk.guard, None, None, desk.shelf, desk.store, desk.guard.embedding))
    for principal, owner in ((name, None), (Principal(name), None), ("alice", name), (name, "alice")):
        with pytest.raises(AccessDenied, match="guard itself"):
            handle.acting_for(principal, owner)
        with pytest.raises(AccessDenied, match="guard itself"), vecguard.acting_for(principal, owner):
            pass
        with pytest.raises(AccessDenied, match="guard itself"):
            desk.guard.scrubbed(["text"], principal, owner)
        acting = Acting.of(principal, owner)  # as a store of somebody else's would pass it on
        with pytest.raises(AccessDenied, match="guard itself"):
            drive(desk.guard.write(desk.draft(["a"], ["text"]), desk.shelf, acting, desk.embedding), desk.store)
    with pytest.raises(AccessDenied, match="guard itself"):
        desk.guard.rules.grant("alice", readers=["bob"], by=name)
    with pytest.raises(AccessDenied, match="guard itself"):
        desk.guard.retention.set("alice", days=1, by=name)
    assert desk.store.rows == {}
    assert Acting.of("vecguards").owner == "vecguards"


def test_what_an_owner_of_that_name_left_before_it_was_taken_can_be_erased(desk: Any) -> None:
    """It wrote under an earlier version, and nobody acts for it any more; the operator erases it like any other."""
    from vecguard.erasure import OfOwner
    from vecguard.state.erasing import forget_owner

    desk.guard.state.owner("vecguard")
    assert list(desk.guard.known_owners()) == ["vecguard"]
    assert OfOwner("vecguard").steps(desk.guard, [], None) is not None
    assert forget_owner(desk.guard.state, "vecguard").counts["keys"] == 1
