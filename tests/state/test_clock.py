"""The clock: time does not go back, in this process or the next, and costs a warm read nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import event

from vecguard import ClockBehind, Keyring
from vecguard.state import State
from vecguard.state.clock import Clock, Mark, put_back, seen, set_back
from vecguard.state.database import Database

NOON = 1_800_000_000.0
HOUR = 3_600.0


@dataclass
class Wall:
    """A clock that a test sets, and beside it one that only goes on."""

    now: float = NOON
    gone: float = 0.0

    def __call__(self) -> float:
        return self.now

    def ticks(self) -> float:
        return self.gone

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.gone += seconds


@pytest.fixture
def database(state_url: str) -> Iterator[Database]:
    opened = Database(state_url)
    yield opened
    opened.close()


@pytest.fixture
def wall() -> Wall:
    return Wall()


def clock_on(database: Database, wall: Wall) -> Clock:
    return Clock(database, wall, wall.ticks)


def test_time_goes_on_and_not_back(database: Database, wall: Wall) -> None:
    clock = clock_on(database, wall)
    assert clock() == NOON
    wall.wait(10)
    assert clock() == NOON + 10
    wall.now -= 24 * HOUR
    assert clock() == NOON + 10


def test_what_one_process_saw_the_next_one_knows(database: Database, wall: Wall) -> None:
    """To the minute, however far back the clock was set in between."""
    clock = clock_on(database, wall)
    for _ in range(20):
        wall.wait(30)
        clock()
    wall.now = NOON - 365 * 24 * HOUR
    assert NOON + 540 <= clock_on(database, wall)() <= NOON + 600


def test_guards_learn_of_each_others_time_within_a_minute(database: Database, wall: Wall) -> None:
    ahead, behind = Wall(NOON + 2 * HOUR), wall
    one, other = clock_on(database, ahead), clock_on(database, behind)
    assert other() == NOON
    one()
    behind.wait(61)
    assert other() == NOON + 2 * HOUR


def test_a_call_between_two_minutes_asks_the_database_nothing(database: Database, wall: Wall) -> None:
    clock = clock_on(database, wall)
    clock()
    asked: list[str] = []
    event.listen(database._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for _ in range(59):
        wall.wait(1)
        clock()
    wall.now -= HOUR
    clock()
    assert asked == []
    wall.wait(HOUR + 2)
    clock()
    assert asked


def test_nothing_is_purged_while_the_clock_is_an_hour_behind(database: Database, wall: Wall) -> None:
    clock = clock_on(database, wall)
    assert clock.to_purge() == NOON
    wall.now -= HOUR - 1
    assert clock.to_purge() == NOON
    wall.now -= 2
    with pytest.raises(ClockBehind, match="behind"):
        clock.to_purge()
    with pytest.raises(ClockBehind):
        clock_on(database, wall).to_purge()


def test_a_clock_that_ran_ahead_is_set_back_for_every_guard_and_audited(state_url: str, wall: Wall) -> None:
    """Until then what it saw stands; afterwards guards that were running follow, and time does not go back again."""
    state = State(state_url, Keyring.ephemeral())
    ahead = Wall(NOON + 1_000 * HOUR)
    running = clock_on(state.database, ahead)
    running()
    ahead.now = NOON
    assert running() == NOON + 1_000 * HOUR
    assert put_back(state.audit, NOON).at == NOON + 1_000 * HOUR
    ahead.wait(61)
    assert running() == NOON + 61
    assert running() == NOON + 61  # by now under the new mark
    assert clock_on(state.database, wall)() >= NOON
    wall.now = NOON - 5 * HOUR
    assert clock_on(state.database, wall)() >= NOON + 60
    assert state.audit.verify() == []
    state.close()


def test_a_guard_that_missed_the_setting_back_does_not_undo_it(database: Database) -> None:
    """It looks before it raises the mark: what it saw under the old one counts no more."""
    late, ahead = Wall(NOON + 1_000 * HOUR), Wall(NOON)
    missed = clock_on(database, late)
    missed()
    database.run(lambda connection: set_back(connection, NOON))
    late.now = NOON
    late.wait(61)
    assert missed() == NOON + 61
    assert missed() == NOON + 61  # by now under the new mark
    assert database.look(seen) == Mark(1, int(NOON + 61))
    assert clock_on(database, ahead)() == NOON + 61


@pytest.mark.parametrize("given", [(0, 0), (0, 1), (7, 1_800_000_000), (12_345, 99_999_999_999)])
def test_marks_sort_by_how_often_they_were_set_back_and_then_by_time(given: tuple[int, int]) -> None:
    mark = Mark(*given)
    assert Mark.of(str(mark)) == mark
    assert str(mark) < str(Mark(mark.times, mark.at + 1)) < str(Mark(mark.times + 1, 0))
