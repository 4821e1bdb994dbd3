"""A guard goes by the state's clock: what expired stays expired, in the next guard too, whatever the machine says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vecguard import Keyring, Policy, Retention, Scrub
from vecguard.state.clock import Clock

from .test_clock import NOON, Wall

DAY = 86_400.0
KEPT = Policy(scrub=Scrub(enabled=False), retention=Retention(days=7))


def under(desk: Any, wall: Wall) -> Any:
    """Give a guard's clock a wall that the test moves."""
    clock: Clock = desk.guard.clock
    clock._wall, clock._ticks = wall, wall.ticks
    return desk


def test_a_row_that_expired_stays_so_when_the_clock_is_set_back(desk_of: Callable[..., Any], state_url: str) -> None:
    keys, wall = Keyring.ephemeral(), Wall(NOON)
    desk = under(desk_of(KEPT, keys=keys, state=state_url), wall)
    desk.write(["a"], ["text"])
    wall.wait(6 * DAY)
    assert desk.texts() == {"a": "text"}
    wall.wait(2 * DAY)
    assert desk.texts() == {}
    wall.now = NOON
    assert desk.texts() == {}
    assert desk.count() == 0
    again = under(desk_of(KEPT, keys=keys, state=state_url, store=desk.store), Wall(NOON))
    assert again.texts() == {}
