"""What the watch tells the application: frozen events, handed over at once, by whoever reads.

An event carries a keyed digest of the principal, the one that the audit chain has, besides counts and measures: never a
name, text, id or vector. It goes to the logger `vecguard.watch`, to callbacks, and to the current OpenTelemetry span if
that package is there. Observers cannot change a read: what a callback returns is ignored, and what it raises is logged
by the name of its class.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from threading import Lock
from typing import Any, ClassVar, TypeAlias

from vecguard.watch.monitor import Signal

logger = logging.getLogger("vecguard.watch")

Plain: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the application may want to know. `principal` is a keyed digest in hexadecimal."""

    name: ClassVar[str] = "vecguard.event"

    principal: str

    def attributes(self) -> dict[str, Plain]:
        """Return the event's fields under dotted names, as OpenTelemetry takes them; absent measures are left out."""
        given = {f"vecguard.{each.name}": getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Denied(Event):
    """A call was refused or cut short. `denials` counts those of this principal today.

    Told at 1, 2, 4, 8 ... of them, so that nobody floods the log. `reason` is "rules", the budget that is spent, or
    "probing".
    """

    name: ClassVar[str] = "vecguard.denied"

    denials: int
    reason: str


@dataclass(frozen=True, slots=True)
class BudgetSpent(Event):
    """A call met a budget that is used up: `budget` names the setting. Told once a day by each process."""

    name: ClassVar[str] = "vecguard.budget_spent"

    budget: str


@dataclass(frozen=True, slots=True)
class Probing(Event):
    """Queries began to look like probing: which signal, and all measures (see `vecguard.watch.session.Measures`).

    Told once when the signal appears, and again if it ceases and reappears.
    """

    name: ClassVar[str] = "vecguard.probing"

    signal: Signal
    queries: int
    rank: float
    novelty: float
    focus: float
    off_manifold: float | None = None
    strays: float | None = None


@dataclass(frozen=True, slots=True)
class VolumeDrift(Event):
    """Today's query vectors are `deviations` standard deviations above this principal's usual day (log scale).

    Told once a day by each process.
    """

    name: ClassVar[str] = "vecguard.volume_drift"

    vectors: int
    deviations: float


@dataclass(frozen=True, slots=True)
class CanaryHit(Event):
    """A decoy, which no honest query returns, was among the results: `hits` of them in this read."""

    name: ClassVar[str] = "vecguard.canary_hit"

    hits: int


@dataclass(frozen=True, slots=True)
class RowsAmiss(Event):
    """An owner's rows in the store are not those that were acknowledged last: some are missing, older, or came back.

    `owner` is a keyed digest too; `found` of `acknowledged` rows authenticated. `principal` met it in a read. Told once
    for every state of the owner's rows by each process.
    """

    name: ClassVar[str] = "vecguard.rows_amiss"

    owner: str
    acknowledged: int
    found: int


Callback: TypeAlias = Callable[[Event], object]


class Events:
    """Hands events on, in the thread of the read and before it is answered."""

    def __init__(self) -> None:
        self._callbacks: tuple[Callback, ...] = ()
        self._lock = Lock()

    def on(self, callback: Callback) -> None:
        """Call `callback` with every event from now on. It runs inside the read: it should be quick."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

    def off(self, callback: Callback) -> None:
        """Call it no more."""
        with self._lock:
            self._callbacks = tuple(each for each in self._callbacks if each != callback)

    def tell(self, event: Event) -> None:
        """Hand an event to the log, the callbacks and the trace. Raises nothing that an observer raised."""
        self._attempt("log", lambda: logger.warning("%s by principal %s", event.name, event.principal))
        for callback in self._callbacks:
            self._attempt("callback", partial(callback, event))
        self._attempt("trace", partial(_trace, event))

    def _attempt(self, what: str, observe: Callable[[], object]) -> None:
        failed = ""
        try:
            observe()
        except Exception as failure:  # noqa: BLE001 - whatever an observer raises, the read goes on
            failed = type(failure).__name__
        if failed and what != "log":
            self._attempt("log", lambda: logger.error("a %s of an event failed: %s", what, failed))


def _trace(event: Event) -> None:
    current = _current_span()
    if current is not None:
        current().add_event(event.name, event.attributes())


@lru_cache(maxsize=1)
def _current_span() -> Callable[[], Any] | None:
    """Return OpenTelemetry's `get_current_span`, None where it is not installed."""
    try:
        from opentelemetry.trace import get_current_span  # noqa: PLC0415 - optional, and never a dependency
    except ImportError:
        return None
    return get_current_span
