"""What core/test_concurrent_writers.py says of a state, said of PostgreSQL; and what is said of its locks alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vecguard.state.database import Database
from vecguard.state.writers import ServerLocks

from ..core.test_concurrent_writers import *  # noqa: F403 - every test of that file, but for those below
from ..core.test_concurrent_writers import Processes
from .postgres import Server

# These look at the files that are the locks of SQLite's writers
for each in (
    "test_readers_leave_no_lock_and_writers_remove_theirs",
    "test_a_lock_is_held_for_as_long_as_its_writer_lives",
    "test_a_child_does_not_keep_its_dead_parent_alive",
):
    del globals()[each]

pytestmark = pytest.mark.usefixtures("moved")


@pytest.fixture
def together(port: int, postgres: Server) -> Iterator[Processes]:
    made = Processes(port, postgres.new())
    yield made
    made.end()


@pytest.fixture
def locks(postgres: Server) -> Iterator[list[ServerLocks]]:
    place = Database(postgres.new()).place
    made = [ServerLocks(place) for _ in range(3)]
    yield made
    for each in made:
        each.leave()


def test_a_session_holds_the_lock_of_its_writer(locks: list[ServerLocks]) -> None:
    """Whoever tries it finds it taken, and does not take it away by trying; it ends with the session."""
    one, two, three = locks
    assert one.take("w1")
    assert one.take("w1")
    assert two.taken("w1")
    assert three.taken("w1")
    assert not two.taken("w2")
    assert not three.taken("w2")
    one.leave()
    assert not two.taken("w1")
    assert not three.taken("w1")


def test_a_lock_whose_session_was_lost_is_known_to_be_lost(locks: list[ServerLocks], postgres: Server) -> None:
    """The server went away and came back: the writer learns that others may have thought it dead."""
    one, two, _ = locks
    assert one.take("w1")
    postgres.stop()
    postgres.start()
    assert not two.taken("w1")
    assert not one.take("w1")
    assert one.take("w2")
    assert two.taken("w2")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs fork and /proc")
def test_a_child_leaves_its_parents_session_alone(locks: list[ServerLocks]) -> None:
    """It has no descriptor of it any more, and ends without ending it."""
    one, two, _ = locks
    assert one.take("w1")
    assert one._session is not None
    descriptor = Path(f"/proc/self/fd/{one._session.connection.driver_connection.fileno()}")
    assert descriptor.is_symlink()
    child = os.fork()
    if child == 0:
        one.abandon()
        os._exit(1 if descriptor.is_symlink() else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert one.take("w1")
    assert two.taken("w1")
