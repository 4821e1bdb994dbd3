"""The short way to SQLite: it finds what the long way finds, is whole or nothing, and keeps few connections."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select

from vecguard import StateError
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared
from vecguard.state.epochs import ERASURES, ERASURES_KEY, RULES, RULES_KEY, Epochs

PUT = Prepared.of(insert(tables.epochs))
FIND = Prepared.of(select(tables.epochs.c.epoch).where(tables.epochs.c.uid == bindparam("uid")))


def _row(uid: str, owner: str = "a", epoch: int = 1) -> dict[str, Any]:
    return {"uid": uid, "owner": owner, "epoch": epoch, "rows": 0, "digest": None}


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made = Database(":memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/state.db")
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    made = Database(f"sqlite:///{tmp_path}/state.db")
    yield made
    made.close()


def _open_files(folder: Path) -> int:
    """Count open logs, one per connection: SQLite closes the database itself only when nobody has it locked."""
    links = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return links.count(str(folder / "state.db-wal"))


def _found(uid: str, connection: Connection) -> Any:
    return connection.scalar(FIND.statement, {"uid": uid})


def test_both_ways_see_each_others_rows(database: Database) -> None:
    database.write([(PUT, [_row("short", epoch=3)])])
    database.run(lambda connection: connection.execute(insert(tables.epochs), [_row("long", epoch=4)]))
    for uid, epoch in (("short", 3), ("long", 4)):
        assert [tuple(row) for row in database.rows(FIND, {"uid": uid})] == [(epoch,)]
        assert database.look(partial(_found, uid)) == epoch


def test_a_write_that_fails_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    """The second statement fails: the first is undone, no lock is left, and the error shows no value."""
    with pytest.raises(StateError) as caught:
        database.write([(PUT, [_row("c")]), (PUT, [_row("planted", "b"), _row("c")])])
    assert "planted" not in repr(caught.value)
    assert "INSERT" not in str(caught.value)
    assert caught.value.__context__ is None
    assert not database.rows(FIND, {"uid": "c"})
    database.run(lambda connection: Epochs.raised(connection, "c", "a"))
    database.write([(PUT, [_row("d")])])
    assert len(database.rows(FIND, {"uid": "d"})) == 1


def test_a_look_that_fails_is_a_state_error(database: Database) -> None:
    database.run(lambda connection: connection.exec_driver_sql("drop table vg_epochs"))
    with pytest.raises(StateError):
        database.rows(FIND, {"uid": "c"})


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_connections_are_set_up_to_forget_and_kept_in_small_number(file: Database, tmp_path: Path) -> None:
    """Twenty at once are opened with all that SQLite is told elsewhere; when they are given back, eight stay open."""
    wanted = {"journal_mode": "wal", "synchronous": 1, "secure_delete": 1, "busy_timeout": 30000}
    assert file._direct is not None
    file._engine.dispose()
    before = _open_files(tmp_path)
    with ExitStack() as stack:
        lent = [stack.enter_context(file._direct.lent()) for _ in range(20)]
        assert len({id(each) for each in lent}) == 20
        for each in lent:
            assert {name: each.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted
        assert _open_files(tmp_path) == before + 20
    assert _open_files(tmp_path) == before + 8
    file.close()
    assert _open_files(tmp_path) == 0
    assert not file.rows(FIND, {"uid": "c"})


def test_a_connection_on_which_something_went_wrong_is_not_used_again(file: Database) -> None:
    assert file._direct is not None
    with pytest.raises(RuntimeError), file._direct.lent() as connection:
        _begin_and_fail(connection)
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
    file.write([(PUT, [_row("c")])])


def _begin_and_fail(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    raise RuntimeError


# ------------------------------------------------------------------------------------------------------------ epochs


def test_one_look_shows_every_owner_asked_for_and_the_rules(database: Database) -> None:
    """Owners of the collection only; zero for those that never wrote, and for rules that were never changed."""
    epochs = Epochs(database)
    assert epochs.seen("c", ["a"]) == {"a": 0, RULES_KEY: 0, ERASURES_KEY: 0}
    for uid, owner, times in (("c", "a", 2), ("c", "b", 3), ("c", "other", 4), ("d", "a", 5), ("", "a", 6)):
        for _ in range(times):
            database.run(partial(epochs.raised, uid=uid, owner=owner))
    assert epochs.seen("c", ["a", "b", "none"]) == {"a": 2, "b": 3, "none": 0, RULES_KEY: 0, ERASURES_KEY: 0}
    database.run(lambda connection: epochs.raised(connection, *RULES))
    assert epochs.seen("c", []) == {RULES_KEY: 1, ERASURES_KEY: 0}
    assert epochs.seen("c", ["a", "a"]) == {"a": 2, RULES_KEY: 1, ERASURES_KEY: 0}
    assert epochs.seen("", ["a"]) == {"a": 6, RULES_KEY: 1, ERASURES_KEY: 0}


@pytest.mark.parametrize("count", [1, 2, 3, 511, 512, 513, 1500])
def test_any_number_of_owners_is_asked_for_at_once(count: int, database: Database) -> None:
    owners = [f"owner {at}" for at in range(count)]
    rows = [_row("c", owner, at + 1) for at, owner in enumerate(owners)]
    database.run(lambda connection: connection.execute(insert(tables.epochs), [*rows, _row(*RULES, 7)]))
    assert Epochs(database).seen("c", owners) == {row["owner"]: row["epoch"] for row in rows} | {
        RULES_KEY: 7,
        ERASURES_KEY: 0,
    }


@pytest.mark.parametrize("count", [3, 1500])
def test_what_a_look_shows_is_of_one_moment(count: int, file: Database) -> None:
    """Owners, rules and erasures that are raised together are never seen apart."""
    owners, stop = [f"owner {at}" for at in range(count)], threading.Event()
    rows, of_all = [_row("c", owner) for owner in owners], [_row(*RULES), _row(*ERASURES)]
    file.run(lambda connection: connection.execute(insert(tables.epochs), [*rows, *of_all]))

    def raise_all() -> None:
        while not stop.is_set():
            file.run(lambda connection: connection.exec_driver_sql("update vg_epochs set epoch = epoch + 1"))

    thread = threading.Thread(target=raise_all)
    thread.start()
    seen: list[set[int]] = []
    try:
        while len(set().union(*seen)) < 20:
            seen.append(set(Epochs(file).seen("c", owners).values()))
    finally:
        stop.set()
        thread.join()
    assert all(len(each) == 1 for each in seen)


def test_another_process_is_heard_at_the_next_look(tmp_path: Path, file: Database) -> None:
    """A connection that stays open shows what others committed since, and waits for none that is still writing."""
    other, epochs = Database(f"sqlite:///{tmp_path}/state.db"), Epochs(file)
    for expected in range(1, 4):
        other.run(lambda connection: Epochs.raised(connection, "c", "a"))
        assert epochs.seen("c", ["a"])["a"] == expected
    with other.begin() as writing:
        Epochs.raised(writing, "c", "a")
        assert epochs.seen("c", ["a"])["a"] == 3
    assert epochs.seen("c", ["a"])["a"] == 4
    other.close()
