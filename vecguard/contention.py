"""Calls that change the same records at once: one goes on, and the others begin again from what it has left.

A change is computed from the rows that were read (an update merges over them), so whoever is overtaken reads again,
after a pause that grows from time to time and is drawn at random: those who met once are not to meet again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from vecguard.errors import Contended
from vecguard.flow import Flow, Wait
from vecguard.state.intents import Overtaken

PATIENCE_S: Final = 10.0
"""How many seconds a call goes on trying, from when it was overtaken first."""
_SHORTEST_S, _LONGEST_S = 0.002, 0.25

P = ParamSpec("P")
T = TypeVar("T")


class Patient(Protocol):
    """Whose paths begin again; `patience_s` says for how many seconds."""

    patience_s: float


G = TypeVar("G", bound=Patient)


def begins_again(path: Callable[Concatenate[G, P], Flow[T | Overtaken]]) -> Callable[Concatenate[G, P], Flow[T]]:
    """Make a path of one that may be overtaken: it begins again until it is not, or raises `Contended`."""

    @wraps(path)
    def patiently(self: G, /, *args: P.args, **options: P.kwargs) -> Flow[T]:
        pauses = _pauses()
        until: float | None = None
        while isinstance(outcome := (yield from path(self, *args, **options)), Overtaken):
            until = time.monotonic() + self.patience_s if until is None else until
            pause = next(pauses)
            if time.monotonic() + pause > until:
                raise Contended(f"others kept changing the same records for {self.patience_s:g} s: nothing was written")
            yield Wait(pause)
        return outcome

    return patiently


def _pauses() -> Iterator[float]:
    """Pauses in seconds, each drawn between half of and the whole of twice the last one's most."""
    most = _SHORTEST_S
    while True:
        yield random.uniform(most / 2, most)  # noqa: S311 - when to try again is no secret
        most = min(2 * most, _LONGEST_S)
