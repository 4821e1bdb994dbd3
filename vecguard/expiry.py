"""When a record is to be gone, as whoever writes it says so.

    with vecguard.retain_for(days=30):
        notes.add(...)

or, where the policy names a field for it (`Retention(field="expires_at")`), in the record itself. Either can only
shorten what the policy and the operator allow (`vecguard.retention`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from vecguard.errors import BadInput
from vecguard.frameless import frameless
from vecguard.sealing import NEVER

DAY_S: Final = 86_400.0
_CONTEXT: ContextVar[float | None] = ContextVar("vecguard_retain_for", default=None)


@frameless
def retain_for(*, days: float) -> AbstractContextManager[None]:
    """Let everything that is written inside the block expire after so many days, above 0, if not before.

    Of blocks inside each other the shortest counts. Raises `BadInput`.
    """
    return _during(checked_days(days))


@contextmanager
def _during(days: float) -> Iterator[None]:
    outer = _CONTEXT.get()
    token = _CONTEXT.set(days if outer is None else min(days, outer))
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def ambient_days() -> float | None:
    """Return for how many days what is written here is kept, if the context says so."""
    return _CONTEXT.get()


def checked_days(given: object) -> float:
    """Return a number of days, above 0 and finite, or raise `BadInput`."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given) or given <= 0:
        raise BadInput("days are a number above 0")
    return float(given)


def moment_of(given: object) -> float | None:
    """Return seconds since the epoch for what a field says, None if it says none.

    That is a number of seconds, or an ISO 8601 date or time: UTC where it names no zone, and the beginning of the day
    where it is a date.
    """
    match given:
        case bool():
            return None
        case int() | float():
            found = float(given)
        case str():
            found = _read(given)
        case _:
            return None
    return found if 0 < found < NEVER else None


def _read(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan
