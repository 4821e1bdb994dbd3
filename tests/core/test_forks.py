"""A process that forks: connections are not shared, chains are not continued twice, what a child commits stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vecguard import Keyring
from vecguard.principal import Acting
from vecguard.state import State, tables
from vecguard.state.epochs import Epochs

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs fork and /proc")
ALICE = Acting.of("alice")


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state in a file that was read and written in every way, so that it has connections of every kind."""
    made = State(f"sqlite:///{tmp_path}/state.db", Keyring.ephemeral())
    made.audit.append(ALICE, "write", "u", 1)
    made.audit.append(ALICE, "read", "u", 1)
    made.epochs.seen("u", ["a"])
    made.epochs.moment("u", "a")
    return made


def _in_child(work: Callable[[], bool]) -> bool:
    """Run `work` in a forked child; whether it returned True there."""
    child = os.fork()
    if child == 0:
        good = False
        try:
            good = work()
        finally:
            os._exit(0 if good else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _open_files(folder: Path) -> int:
    links = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return sum(link.startswith(str(folder)) for link in links)


def test_a_child_inherits_no_connection(state: State, tmp_path: Path) -> None:
    """The parent has the database open before and can use it after; the child starts with no file of it open."""
    assert _open_files(tmp_path) > 0
    assert _in_child(lambda: _open_files(tmp_path) == 0)
    assert state.epochs.seen("u", ["a"])["a"] == 0
    assert _open_files(tmp_path) > 0
    state.close()
    assert _open_files(tmp_path) == 0


def test_what_a_child_committed_survives_its_parents_closing(state: State) -> None:
    """The parent closes its last connection while the child writes: it must not take the child's log away."""
    ready, go = os.pipe(), os.pipe()

    def work() -> bool:
        state.database.run(lambda connection: Epochs.raised(connection, "u", "a"))
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        state.database.run(lambda connection: Epochs.raised(connection, "u", "a"))
        state.audit.append(ALICE, "read", "u", 1)
        return state.epochs.epoch("u", "a") == 2

    child = os.fork()
    if child == 0:
        os._exit(0 if work() else 1)
    os.read(ready[0], 1)
    state.epochs.epoch("u", "a")
    state.close()
    os.write(go[1], b"x")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert state.epochs.epoch("u", "a") == 2
    assert state.audit.verify() == []


@pytest.mark.parametrize("first", [True, False], ids=["child first", "parent first"])
def test_a_child_begins_a_chain_of_its_own(first: bool, state: State) -> None:
    """Parent and children write reads and changes after the fork; every chain holds, and none was continued twice."""

    def work() -> bool:
        for action in ("read", "write", "read"):
            state.audit.append(ALICE, action, "u", 1)
        return True

    if not first:
        work()
    assert _in_child(work)
    assert _in_child(work)
    work()
    assert state.audit.verify() == []
    with state.database.begin() as connection:
        lengths = sorted(row.number for row in connection.execute(tables.heads.select()))
    assert lengths == ([3, 3, 5] if first else [3, 3, 8])


def test_a_child_of_a_state_in_memory_goes_on_with_its_copy() -> None:
    """Memory is copied: the child finds what was there, and neither sees what the other adds."""
    state = State(":memory:", Keyring.ephemeral())
    state.audit.append(ALICE, "read", "u", 1)

    def work() -> bool:
        state.database.run(lambda connection: Epochs.raised(connection, "u", "a"))
        state.audit.append(ALICE, "read", "u", 1)
        return state.epochs.epoch("u", "a") == 1 and state.audit.verify() == []

    assert _in_child(work)
    assert state.epochs.epoch("u", "a") == 0
    state.audit.append(ALICE, "read", "u", 1)
    assert state.audit.verify() == []


def test_a_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_held(state: State) -> None:
    """The chain is another thread's at the moment of the fork; that thread is not in the child."""
    with state.audit._lock:
        assert _in_child(lambda: not state.audit._lock.locked())


def test_a_connection_that_was_inherited_after_all_is_neither_used_nor_closed(state: State) -> None:
    """Given back by a thread between the hook and the fork, it stays as it is, for good."""
    direct = state.database._direct
    assert direct is not None
    with direct.lent() as inherited:
        pass
    state.database.after_fork()
    with direct.lent() as own:
        assert own is not inherited
    state.close()
    assert inherited.execute("SELECT 1").fetchone() == (1,)
    inherited.close()
