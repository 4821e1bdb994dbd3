"""Names of owners: kept with their keys, sealed under them, gone with them; and those that never were are counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select, update

from vecguard import Keyring, WrongKey
from vecguard.erasure import OfOwner, erase
from vecguard.facade import Guarded, Room
from vecguard.keys import new_secret
from vecguard.state import State, owners, tables, tombstones
from vecguard.state.backup import backup
from vecguard.state.database import Database
from vecguard.state.erasing import forget_owner
from vecguard.state.keystore import wrapped
from vecguard.state.restore import restore
from vecguard.state.status import status
from vecguard.surface import Surface


@pytest.fixture
def keys() -> Keyring:
    return Keyring.ephemeral()


@pytest.fixture
def desk(desk_of: Callable[..., Any], keys: Keyring, state_url: str) -> Any:
    made = desk_of(keys=keys, state=state_url)
    for owner in ("alice", "bob"):
        made.write(["a"], ["text"], who=owner)
    return made


def unnamed(desk: Any, *names: str) -> None:
    """Make these owners what they are in a state from before names were kept."""
    digests = [desk.guard.state.digest(name) for name in names]
    gone = delete(tables.owners).where(tables.owners.c.owner.in_(digests))
    desk.guard.state.database.run(lambda connection: connection.execute(gone))


def kept(desk: Any) -> dict[str, bytes]:
    rows = select(tables.owners.c.owner, tables.owners.c.sealed)
    found: dict[str, bytes] = desk.guard.state.database.look(
        lambda connection: dict(connection.execute(rows).tuples().all())
    )
    return found


def test_an_owner_is_known_by_name_once_it_has_a_key(desk: Any) -> None:
    """By writing, or by having texts scrubbed under its tokens; not by reading."""
    desk.texts("carol")
    assert sorted(desk.guard.known_owners()) == ["alice", "bob"]
    assert desk.guard.state.owners.nameless() == 0
    desk.guard.state.owner("dave")
    assert sorted(desk.guard.known_owners()) == ["alice", "bob", "dave"]


def test_a_name_is_nowhere_in_clear(desk: Any) -> None:
    assert all(b"alice" not in each and b"bob" not in each for each in kept(desk).values())


def test_the_first_write_of_an_owner_takes_no_transaction_more_for_its_name(
    desk_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as without names; and from the third write on not one statement more."""

    def counted(*, names: bool) -> tuple[int, int]:
        desk = desk_of(keys=Keyring.ephemeral(), state=":memory:")
        desk.write(["a"], ["text"], who="bob")
        with monkeypatch.context() as patched:
            if not names:
                patched.setattr(owners.Owners, "keep", lambda *_args, **_options: None)
                patched.setattr(owners.Owners, "remember", lambda *_args, **_options: None)
            transactions, statements = [0], [0]
            engine = desk.guard.state.database._engine
            event.listen(engine, "begin", lambda _: transactions.__setitem__(0, transactions[0] + 1))
            desk.write(["a"], ["text"])
            desk.write(["b"], ["text"])
            first = transactions[0]
            event.listen(engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
            desk.write(["c"], ["text"])
        return first, statements[0]

    assert counted(names=True) == counted(names=False)


def test_an_owner_from_before_names_were_kept_has_one_when_it_writes_again(
    desk: Any, desk_of: Callable[..., Any], keys: Keyring, state_url: str
) -> None:
    """Until then it is counted as one without a name."""
    unnamed(desk, "alice", "bob")
    again = desk_of(keys=keys, state=state_url, store=desk.store)
    assert list(again.guard.known_owners()) == []
    assert again.guard.state.owners.nameless() == 2
    assert status(again.guard.state.database).nameless == 2
    again.write(["b"], ["more"])
    again.write(["c"], ["more"])
    assert list(again.guard.known_owners()) == ["alice"]
    found = status(again.guard.state.database)
    assert (found.owners, found.nameless) == (2, 1)


def test_whoever_knows_the_names_can_say_them(desk: Any) -> None:
    """Names of nobody in this state are passed over, and leave nothing."""
    unnamed(desk, "alice", "bob")
    state = desk.guard.state
    said = [(state.digest(name), name) for name in ("alice", "nobody")]
    assert state.owners.learn(said) == 1
    assert state.owners.learn(said) == 0
    assert list(desk.guard.known_owners()) == ["alice"]
    assert len(kept(desk)) == 1


def test_a_name_goes_with_the_owner(desk: Any) -> None:
    """In the transaction that erases; and its sealed bytes are among what an erasure searches files for."""

    class Handle(Guarded):
        __slots__ = ()

    Handle.surface = Surface("Handle", Handle, {})
    room = Room(desk.guard, None, None, desk.shelf, desk.store, desk.guard.embedding)
    desk.guard.retention.set("alice", days=3)
    receipt = erase(desk.guard, [Handle(room)], OfOwner("alice"))
    assert {each.kind: each.things for each in receipt.sought}["name"] == 1
    assert list(desk.guard.known_owners()) == ["bob"]
    assert desk.guard.retention.all() == []
    desk.write(["a"], ["a new life"])
    assert sorted(desk.guard.known_owners()) == ["alice", "bob"]


def test_a_name_is_sealed_under_the_owner_s_own_key(desk: Any, keys: Keyring) -> None:
    """With the key shredded, nobody opens a copy of the row: neither with the root nor with the state's own key."""
    state = desk.guard.state
    digest = state.digest("alice")
    sealed = kept(desk)[digest]
    forget_owner(state, "alice")
    root = keys.current
    fresh = {"kind": "owner", "subject": digest, "root": root.id, "created": 0.0}
    fresh["wrapped"] = wrapped(root, new_secret(), "owner", digest)
    state.database.run(lambda connection: connection.execute(insert(tables.keys).values(fresh)))
    state.database.run(lambda connection: connection.execute(insert(tables.owners).values(owner=digest, sealed=sealed)))
    with pytest.raises(WrongKey):
        list(state.owners.names())


def test_a_name_does_not_move_to_another_owner(desk: Any) -> None:
    state = desk.guard.state
    found = kept(desk)
    alice, bob = state.digest("alice"), state.digest("bob")
    swapped = update(tables.owners).where(tables.owners.c.owner == alice).values(sealed=found[bob])
    state.database.run(lambda connection: connection.execute(swapped))
    with pytest.raises(WrongKey):
        list(state.owners.names())


def test_an_erased_owner_s_name_and_retention_do_not_come_back_with_a_backup(
    desk: Any, keys: Keyring, tmp_path: Path
) -> None:
    desk.guard.retention.set("alice", days=30)
    desk.guard.retention.set("bob", days=7)
    backup(desk.guard.state.database, tmp_path / "backup.vgb")
    forget_owner(desk.guard.state, "alice")
    url = f"sqlite:///{tmp_path / 'restored.db'}"
    database = Database(url, as_it_is=True)
    live = desk.guard.state.database
    given = lambda whose: live.look(partial(tombstones.of, state=whose.id))  # noqa: E731
    restore(tmp_path / "backup.vgb", database, keys, given)
    database.close()
    state = State(url, keys)
    assert list(state.owners.names()) == ["bob"]
    rows = select(tables.owners.c.owner)
    assert state.database.look(lambda connection: connection.execute(rows).scalars().all()) == [state.digest("bob")]
    assert [(each.owner, each.days) for each in state.retentions.all()] == [("bob", 7.0)]
    state.close()


def test_names_are_listed_some_hundred_at_a_time(desk: Any, keys: Keyring) -> None:
    """1,201 owners in four looks, each once, and no key of theirs stays in memory."""
    state, root = desk.guard.state, keys.current
    rows, named = [], []
    for number in range(1_199):
        name, key = f"owner-{number}", new_secret()
        digest = state.digest(name)
        sealed = wrapped(root, key, "owner", digest)
        rows.append({"kind": "owner", "subject": digest, "root": root.id, "created": 0.0, "wrapped": sealed})
        named.append((digest, name))
    state.database.run(lambda connection: connection.execute(insert(tables.keys), rows))
    assert state.owners.learn(named) == 1_199
    held = len(state.keystore._known)
    looks = [0]
    look = state.database.look
    state.database.look = lambda work: (looks.__setitem__(0, looks[0] + 1), look(work))[1]
    found = list(state.owners.names())
    assert len(found) == len(set(found)) == 1_201
    assert looks[0] == 4
    assert len(state.keystore._known) == held


def test_names_outlive_a_rotation_of_the_root(desk: Any, tmp_path: Path, desk_of: Callable[..., Any]) -> None:
    from vecguard.state.rotation import rotate

    keys = Keyring.generate(tmp_path / "key")
    other = desk_of(keys=keys, state=f"sqlite:///{tmp_path}/rotated.db")
    other.write(["a"], ["text"])
    rotate([other.guard.state.database], keys)
    assert list(other.guard.known_owners()) == ["alice"]
