"""Epochs rise with every begun and every settled change, one by one, whoever makes it; reading one waits for nobody."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import StateError
from vecguard.state.database import Database
from vecguard.state.epochs import Epochs


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made = Database(":memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/state.db")
    yield made
    made.close()


def test_an_epoch_rises_by_one_for_its_owner_only(database: Database) -> None:
    epochs = Epochs(database)
    assert epochs.epoch("c", "a") == 0
    raised = [database.run(lambda connection: epochs.raised(connection, "c", "a")) for _ in range(3)]
    assert raised == [1, 2, 3]
    assert (epochs.epoch("c", "a"), epochs.epoch("c", "b"), epochs.epoch("d", "a")) == (3, 0, 0)


def test_an_epoch_that_was_raised_in_a_failed_transaction_was_not_raised(database: Database) -> None:
    def fails(connection: Any) -> None:
        Epochs.raised(connection, "c", "a")
        raise OSError

    with pytest.raises(StateError):
        database.run(fails)
    assert Epochs(database).epoch("c", "a") == 0


def test_reading_waits_for_no_writer(tmp_path: Path) -> None:
    """While one connection holds the write lock, another one reads what was there before."""
    url = f"sqlite:///{tmp_path}/state.db"
    one, two = Database(url), Database(url)
    one.run(lambda connection: Epochs.raised(connection, "c", "a"))
    with one.begin() as writing:
        Epochs.raised(writing, "c", "a")
        assert Epochs(two).epoch("c", "a") == 1
        assert not Epochs(two).moment("c", "a").writing
    assert Epochs(two).epoch("c", "a") == 2
    one.close()
    two.close()


def _raise_often(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        database.run(lambda connection: Epochs.raised(connection, "c", "a"))
    database.close()


def test_processes_that_raise_at_once_lose_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    database = Database(url)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_raise_often, args=(url, 25)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Epochs(database).epoch("c", "a") == 75
    database.close()


def test_a_moment_says_whether_a_write_is_open(desk_of: Callable[..., Any]) -> None:
    from vecguard.flow import drive
    from vecguard.ports import Put

    desk = desk_of()
    desk.write(["a"], ["text"])
    uid, owner = desk.shelf.collection.uid, desk.guard.state.digest("alice")
    before = desk.guard.state.epochs.moment(uid, owner)
    assert (before.epoch, before.writing) == (2, False)
    flow, answer = desk.writing(desk.draft(["b"], ["text"])), None
    while not isinstance(request := flow.send(answer), Put):
        answer = request.on(desk.store)
    during = desk.guard.state.epochs.moment(uid, owner)
    assert (during.epoch, during.writing) == (3, True)
    flow.close()
    drive(desk.guard.settle(desk.shelf), desk.store)
    after = desk.guard.state.epochs.moment(uid, owner)
    assert (after.epoch, after.writing) == (4, False)
