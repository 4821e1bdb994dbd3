"""Lines of reads that come at once: one transaction, an answer only after it, and a refusal for all if it fails."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from vecguard import AuditFailed, Keyring
from vecguard.principal import Acting
from vecguard.state import State, tables

ALICE = Acting.of("alice")
THREADS = 8


@pytest.fixture(params=["memory", "file"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> State:
    return State(":memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/state.db", Keyring.ephemeral())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def state(path: Path) -> State:
    """A state in a file, whose chain has its first line and which writes down every move of the head."""
    made = State(f"sqlite:///{path}", Keyring.ephemeral())
    made.audit.append(ALICE, "read", "u", 0)
    with made.database.begin() as connection:
        connection.exec_driver_sql("create table moves (number integer)")
        connection.exec_driver_sql(
            "create trigger moved after update on vg_audit_heads begin insert into moves values (new.number); end"
        )
    return made


def _read(state: State) -> None:
    state.audit.append(ALICE, "read", "u", 1)


def _read_often(state: State, times: int = 1000) -> None:
    for _ in range(times):
        _read(state)


def _lines(state: State) -> Any:
    with state.database.begin() as connection:
        return connection.execute(tables.audit.select().order_by(tables.audit.c.number)).mappings().all()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the write lock of the database, as another process would."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


@contextmanager
def _held_up(state: State, path: Path) -> Iterator[list[Future[None]]]:
    """Start reads on as many threads; all of them wait, the first for the database and the others for the first."""
    with ThreadPoolExecutor(THREADS) as pool, _locked(path):
        first = pool.submit(_read, state)
        _wait_for(lambda: state.audit._lock.locked() and not state.audit._queue)
        rest = [pool.submit(_read, state) for _ in range(THREADS - 1)]
        _wait_for(lambda: len(state.audit._queue) == THREADS - 1)
        yield [first, *rest]


def test_many_threads_write_one_chain(anywhere: State) -> None:
    """Reads, counts and changes on eight threads: every line is there once, in one unbroken chain."""

    def work(number: int) -> None:
        for step in range(25):
            anywhere.audit.append(ALICE, ("read", "count", "write")[step % 3], "u", 100 * number + step)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    lines = _lines(anywhere)
    assert sorted(line["count"] for line in lines) == sorted(100 * n + s for n in range(THREADS) for s in range(25))
    assert [line["number"] for line in lines] == list(range(1, 25 * THREADS + 1))
    assert anywhere.audit.verify() == []


def test_lines_that_wait_share_a_transaction_and_no_answer_comes_before_it(state: State, path: Path) -> None:
    with _held_up(state, path) as calls:
        time.sleep(0.05)
        assert not [call for call in calls if call.done()]
    for call in calls:
        call.result()
    with sqlite3.connect(path) as raw:
        moves = [number for (number,) in raw.execute("select number from moves")]
    assert moves == [2, THREADS + 1]
    assert len(_lines(state)) == THREADS + 1
    assert state.audit.verify() == []


def test_a_transaction_that_fails_refuses_every_call_that_shared_it(state: State, path: Path) -> None:
    """None of the calls is answered, none of their lines is written, and the chain goes on where it was."""
    with state.database.begin() as connection:
        connection.exec_driver_sql(
            "create trigger full before insert on vg_audit begin select raise(abort, 'disk full'); end"
        )
    with _held_up(state, path) as calls:
        pass
    assert [type(call.exception()) for call in calls] == [AuditFailed] * THREADS
    with state.database.begin() as connection:
        connection.exec_driver_sql("drop trigger full")
    assert len(_lines(state)) == 1
    _read(state)
    assert [line["number"] for line in _lines(state)] == [1, 2]
    assert state.audit.verify() == []


def test_a_head_that_cannot_be_moved_refuses_the_read(state: State) -> None:
    """A line without its head would be an end that nobody could tell from a cut: neither is written."""
    with state.database.begin() as connection:
        connection.exec_driver_sql(
            "create trigger full before update on vg_audit_heads begin select raise(abort, 'disk full'); end"
        )
    with pytest.raises(AuditFailed):
        _read(state)
    assert len(_lines(state)) == 1
    assert state.audit.verify() == []


@pytest.mark.parametrize("why", ["full", "locked"])
def test_a_database_that_takes_no_line_refuses_the_read(why: str, state: State, path: Path) -> None:
    """SQLite's own errors, not planted ones: a file that may not grow, and a lock that is not given back in time."""
    direct = state.database._direct
    assert direct is not None
    direct.close()
    with direct.lent() as connection:
        connection.execute("PRAGMA busy_timeout=50")
        if why == "full":
            connection.execute("PRAGMA max_page_count=1")  # cannot be less than there are
    lock = _locked(path) if why == "locked" else nullcontext()
    with lock, pytest.raises(AuditFailed):
        _read_often(state)
    lines = len(_lines(state))
    _read(state)
    assert len(_lines(state)) == lines + 1
    assert state.audit.verify() == []


@pytest.mark.parametrize("failure", ["of the database", "of its own"])
def test_a_change_that_fails_after_its_line_leaves_the_chain_where_it_was(failure: str, anywhere: State) -> None:
    """The line went back with the transaction, so the next one has its number again."""

    def work(connection: Connection) -> None:
        anywhere.audit.append_in(connection, ALICE, "write", "u", 1)
        if failure == "of its own":
            raise LookupError
        connection.exec_driver_sql("select * from no_such_table")

    for _ in range(2):
        with pytest.raises(LookupError if failure == "of its own" else AuditFailed):
            anywhere.audit.guarded(work)
        _read(anywhere)
    assert [line["number"] for line in _lines(anywhere)] == [1, 2]
    assert anywhere.audit.verify() == []


@pytest.mark.parametrize("action", ["read", "write"])
def test_an_interrupt_after_the_commit_does_not_stop_the_chain(
    action: Any, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is there and the guard does not know: it goes on with another chain, and both hold."""
    for name in ("write", "run"):
        real = getattr(state.database, name)

        def interrupted(*args: Any, real: Any = real, **options: Any) -> None:
            real(*args, **options)
            raise KeyboardInterrupt

        monkeypatch.setattr(state.database, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        state.audit.append(ALICE, action, "u", 1)
    monkeypatch.undo()
    assert len(_lines(state)) == 2
    for again in ("read", "write", "read"):
        state.audit.append(ALICE, again, "u", 1)
    assert len(_lines(state)) == 5
    assert state.audit.verify() == []


def test_a_call_that_was_interrupted_while_it_waited_holds_nobody_up(state: State, path: Path) -> None:
    """Its line waits on and is written with the next: a log may say more than was answered, never less."""
    state.audit._queue.append(_waiting_line(state))
    done = threading.Thread(target=_read, args=(state,))
    done.start()
    done.join(20)
    assert len(_lines(state)) == 3
    assert state.audit.verify() == []


def _waiting_line(state: State) -> Any:
    from vecguard.audit import _Waiting

    return _Waiting([state.audit._line(state.keystore, ALICE, "read", "u", 1, "")])
