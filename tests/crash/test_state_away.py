"""The state database is away: a typed error, and nothing is written to the store."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from vecguard import AuditFailed, Keyring, StateError, StateMismatch
from vecguard.flow import drive
from vecguard.ports import Put
from vecguard.testing import MemoryStore

TYPED = (StateError, AuditFailed)


def impatient(desk: Any) -> Any:
    """SQLite waits half a minute for whoever holds its lock; a test does not."""
    database = desk.guard.state.database
    event.listen(database._engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50"))
    database.close()  # connections that are opened from now on
    return desk


def _going_on(flow: Any, request: Any) -> Any:
    """Go on with a path at a request that it has yielded."""
    while True:
        request = flow.send((yield request))


def _removed(folder: Path) -> None:
    """Remove the state and all that lies beside it."""
    for each in folder.glob("state.db*"):
        shutil.rmtree(each) if each.is_dir() else each.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of writers, as a backup does that hangs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextmanager
def without_tables(path: Path) -> Iterator[None]:
    """Take away the table that every call needs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("ALTER TABLE vg_audit RENAME TO away")
        try:
            yield
        finally:
            other.execute("ALTER TABLE away RENAME TO vg_audit")


@pytest.mark.parametrize("away", [locked, without_tables], ids=["locked", "without a table"])
def test_a_call_on_a_state_that_is_away_is_refused(
    away: Callable[[Path], Any], desk_of: Callable[..., Any], tmp_path: Path
) -> None:
    """Writes, reads and deletes: a typed error, no change in the store, and all goes on when the state is back."""
    path = tmp_path / "state.db"
    desk = impatient(desk_of(keys=Keyring.ephemeral(), state=f"sqlite:///{path}"))
    desk.write(["a", "b"], ["one", "two"])
    before = dict(desk.store.rows)
    with away(path):
        for call in (
            lambda: desk.write(["a", "c"], ["changed", "three"]),
            lambda: desk.forget(["a"]),
            desk.texts,
            lambda: desk.write(["d"], ["four"], who="bob"),
        ):
            with pytest.raises(TYPED):
                call()
            assert desk.store.rows == before
    assert desk.texts() == {"a": "one", "b": "two"}
    desk.write(["a"], ["changed"])
    assert desk.texts() == {"a": "changed", "b": "two"}
    assert desk.open_intents() == 0
    assert not desk.guard.state.audit.verify()


def test_a_confirmation_that_cannot_be_written_leaves_an_intent(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Away between the put and its confirmation: a typed error, and the next call settles what is on the shelf."""
    path = tmp_path / "state.db"
    desk = impatient(desk_of(keys=Keyring.ephemeral(), state=f"sqlite:///{path}"))
    desk.write(["a"], ["one"])
    flow, request = desk.writing(desk.draft(["a", "b"], ["changed", "two"])), None
    while not isinstance(request, Put):
        request = flow.send(None if request is None else request.on(desk.store))
    with locked(path), pytest.raises(TYPED):
        drive(_going_on(flow, request), desk.store)
    flow.close()
    assert desk.open_intents() == 1
    assert desk.texts() == {"a": "changed", "b": "two"}
    assert desk.open_intents() == 0


@pytest.mark.parametrize("away", ["no folder", "a folder", "not a database"])
def test_a_guard_does_not_start_on_a_state_that_cannot_be_used(
    away: str, guard_of: Callable[..., Any], tmp_path: Path
) -> None:
    """Not half-way either: StateError, and no file is made where there was no folder."""
    path = tmp_path / "there" / "state.db"
    if away != "no folder":
        path.parent.mkdir()
    if away == "a folder":
        path.mkdir()
    elif away == "not a database":
        path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StateError) as caught:
        guard_of(state=f"sqlite:///{path}")
    assert str(path) not in str(caught.value)
    assert path.parent.exists() == (away != "no folder")


def test_a_state_that_is_read_only_refuses_every_call(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Reads too, as they are logged; and the store is as it was."""
    path, keys, store = tmp_path / "state.db", Keyring.ephemeral(), MemoryStore()
    desk_of(keys=keys, state=f"sqlite:///{path}", store=store).write(["a"], ["one"])
    before = dict(store.rows)
    desk = desk_of(keys=keys, state=f"sqlite:///file:{path}?mode=ro&uri=true", store=store)
    for call in (lambda: desk.write(["b"], ["two"]), lambda: desk.forget(["a"]), desk.texts):
        with pytest.raises(TYPED):
            call()
        assert store.rows == before


def test_a_state_that_was_removed_is_not_made_anew_unnoticed(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """A guard on a fresh state does not take the collection for its own: it knows neither keys nor tombstones."""
    path, keys, store = tmp_path / "state.db", Keyring.ephemeral(), MemoryStore()
    first = desk_of(keys=keys, state=f"sqlite:///{path}", store=store)
    first.write(["a"], ["one"])
    first.guard.close()
    before = dict(store.rows)
    _removed(tmp_path)
    again = desk_of(keys=keys, state=f"sqlite:///{path}", store=store)
    for call in (lambda: again.write(["b"], ["two"]), again.texts, again.forget, again.settle):
        with pytest.raises(StateMismatch):
            call()
    assert store.rows == before


def test_a_state_that_is_removed_under_a_guard_refuses_its_calls(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """An open file can be written after its name is gone, and all of that would be lost: so nothing is acknowledged."""
    path, keys, store = tmp_path / "state.db", Keyring.ephemeral(), MemoryStore()
    desk = desk_of(keys=keys, state=f"sqlite:///{path}", store=store)
    desk.write(["a"], ["one"])
    before = dict(store.rows)
    _removed(tmp_path)
    for call in (lambda: desk.write(["b"], ["two"]), lambda: desk.forget(["a"])):
        with pytest.raises(TYPED):
            call()
        assert store.rows == before
