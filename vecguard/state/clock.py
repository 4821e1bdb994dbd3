"""A clock that does not go back: what expired once stays expired, whatever the machine's clock is set to.

The state remembers the latest time that it has seen, to the minute, and no guard on it takes an earlier time for the
present one. What lies between the last call and a stop of all guards is not seen; nobody can tell a clock that was set
back from one that stood still in that time.

A clock that ran ahead once leaves its mark too: records expire early, and new ones late, until the true time has caught
up. `set_back` takes the mark away, and every guard follows within a minute of its next call.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Self

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from vecguard.audit import SETTLER, AuditChain
from vecguard.errors import ClockBehind
from vecguard.state import forks, tables
from vecguard.state.database import Database

SEEN: Final = "clock"
"""The fact that holds the mark."""
STEP_S: Final = 60.0
"""How old the mark may become while there are calls."""
SLACK_S: Final = 3_600.0
"""How far behind the mark a clock may be for rows to be purged."""

_FACTS = tables.facts


@dataclass(frozen=True, slots=True)
class Mark:
    """The latest time seen, in seconds since the epoch, and how often it was set back. Written, marks sort by age."""

    times: int
    at: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a mark as `str` writes it."""
        times, _, at = text.partition(" ")
        return cls(int(times), int(at))

    def __str__(self) -> str:
        return f"{self.times:08d} {self.at:015d}"


class Clock:
    """Seconds since the epoch, never less than what this state has seen. Safe to share between threads.

    Once a minute a call raises the mark, and learns of other guards' time; any other touches no database. `wall` is the
    machine's clock, in seconds since the epoch, and `ticks` one that nobody sets, in seconds.
    """

    def __init__(
        self,
        database: Database,
        wall: Callable[[], float] = lambda: time.time(),  # noqa: PLW0108 - looked up anew with each call
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._wall = wall
        self._ticks = ticks
        self._lock = Lock()
        self._followed = -math.inf
        self._mark = database.look(seen)
        self._latest = float(self._mark.at)
        forks.follow(self)

    def __call__(self) -> float:
        """Return the present time."""
        now = self._wall()
        if self._due(now):
            with self._lock:
                if self._due(now):
                    self._follow(now)
        self._latest = max(self._latest, now)
        return self._latest

    def to_purge(self) -> float:
        """Return the time by which to delete what expired, or raise `ClockBehind`: deleting cannot be taken back."""
        with self._lock:
            self._follow(self._wall())
        behind = self._mark.at - self._wall()
        if behind > SLACK_S:
            raise ClockBehind(
                f"the clock of this machine is {behind / SLACK_S:.0f} h behind what the state has seen: set it right, "
                "or, if it ran ahead before, run `vecguard state clock --set-back`"
            )
        return self()

    def before_fork(self) -> None:
        """Nothing: the parent's clock goes on."""

    def after_fork(self) -> None:
        """Go on in a child process, whoever held the lock in the parent."""
        self._lock = Lock()

    def _due(self, now: float) -> bool:
        return now >= self._mark.at + STEP_S or self._ticks() >= self._followed + STEP_S

    def _follow(self, now: float) -> None:
        """Raise the mark, and take over that of others: a later one, or one that was set back since."""
        mark = self._database.run(lambda connection: raised(connection, int(now), self._mark.times), lasting=False)
        if mark.times != self._mark.times:
            self._latest = 0.0
        self._mark, self._followed = mark, self._ticks()
        self._latest = max(self._latest, float(mark.at))


def seen(connection: Connection) -> Mark:
    """Return the mark of a state; the beginning of time, if it has none."""
    found = connection.execute(select(_FACTS.c.value).where(_FACTS.c.name == SEEN)).scalar()
    return Mark(0, 0) if found is None else Mark.of(str(found))


def raised(connection: Connection, now: int, times: int) -> Mark:
    """Raise the mark to a time, unless it is later already or was set back meanwhile; return it as it is then."""
    mine = Mark(times, now)
    later = update(_FACTS).where(_FACTS.c.name == SEEN, _FACTS.c.value < str(mine)).values(value=str(mine))
    if not connection.execute(later).rowcount and seen(connection) == Mark(0, 0):
        try:
            with connection.begin_nested():
                connection.execute(insert(_FACTS).values(name=SEEN, value=str(mine)))
        except IntegrityError:  # another process was first
            connection.execute(later)
    return seen(connection)


def put_back(audit: AuditChain, now: float) -> Mark:
    """Set the mark of a state to this time, and audit that; return what it was."""

    def work(connection: Connection) -> Mark:
        before = set_back(connection, now)
        audit.append_in(connection, SETTLER, "state", "", 1, "clock set back")
        return before

    return audit.guarded(work)


def set_back(connection: Connection, now: float) -> Mark:
    """Set the mark to this time, as part of a transaction, however late it was; return what it was."""
    before = seen(connection)
    raised(connection, int(now), before.times + 1)
    return before
