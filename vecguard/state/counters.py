"""Counters: what each principal asked of rows that belong to others, exact and atomic across processes.

Windows are UTC days and not the last 24 hours: a day needs one row per principal, says exactly when there is more, and
costs the same however much was asked. Its price is that twice a day's budget fits into the hours around midnight; the
limits for ever bound that. The day of a principal never goes back, whatever a clock says. A clock that runs ahead gives
one fresh budget and then none until the true day has caught up (or until `forget`).

The state sees a principal as a keyed digest, and a record as a digest keyed over principal and record: without the key
nobody tells which records somebody was given, nor even that two principals were given the same one. What is counted
survives a kill at once, like the audit line of the same read; a power failure may lose what was counted last.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from vecguard.keys import Secret
from vecguard.state import tables
from vecguard.state.database import Database

T = TypeVar("T")
Countable: TypeAlias = Literal["queries", "vectors", "records"]

DAY_S = 86_400
_AT_ONCE = 500  # bound parameters per statement
_SWEPT = 5_000  # outdated digests that one read deletes at most, so that none waits for all of them
_MEMORY = 0.1  # weight of the last day in what is usual: about the last twenty days that somebody was there

_counters, _returned = tables.counters, tables.returned
_FIND = select(_counters).where(_counters.c.principal == bindparam("who")).with_for_update()  # SQLite locks by itself
_LOOK = select(_counters).where(_counters.c.principal == bindparam("who"))
_KEEP = update(_counters).where(_counters.c.principal == bindparam("who"))
_RENEW = update(_returned).where(_returned.c.id == bindparam("which")).values(day=bindparam("on"))


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts: calls that read rows of others, their query vectors, distinct records returned, calls refused or cut."""

    queries: int = 0
    vectors: int = 0
    records: int = 0
    denials: int = 0


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most of each that is given out; None is no limit."""

    queries: int | None = None
    vectors: int | None = None
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a principal has used. `today` is UTC day number `day`, `ever` includes it.

    `ever.records` counts distinct records; without a ceiling on them, one that was not returned for days is forgotten
    and counts again. `usual` and `spread` are the weighted mean and variance of log(1 + query vectors) over the `days`
    earlier days on which the principal asked anything.
    """

    day: int
    today: Tally = Tally()
    ever: Tally = Tally()
    days: int = 0
    usual: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The outcome of `ask`: what is spent, None if the call may go on; seconds until there is more, None for never."""

    usage: Usage
    spent: Countable | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The outcome of `deliver`: which records may be handed out, in the order asked; `withheld` counts the others."""

    usage: Usage
    allowed: tuple[bool, ...]
    retry_after_s: int | None = None

    @property
    def withheld(self) -> int:
        """How many of the records must not be handed out."""
        return self.allowed.count(False)


class Counters:
    """Counts per principal, each call one transaction, within a ceiling per day and one for ever.

    `who` is a principal's digest (`Counters.digest`, or anything else that is not its name), at most 64 characters.
    With a ceiling of records for ever, every digest of a record returned is kept for ever; else for a day or two.
    """

    def __init__(
        self,
        database: Database,
        key: Secret,
        *,
        daily: Ceiling,
        ever: Ceiling = Ceiling(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._key = key
        self._daily = daily
        self._ever = ever
        self._clock = clock

    def digest(self, name: str) -> str:
        """Keyed digest of a principal's name."""
        return self._key.mac("principal", name).hex()

    def ask(self, who: str, vectors: int) -> Asked:
        """Count a call with that many query vectors, or refuse it and count the refusal."""

        def work(connection: Connection) -> Asked:
            usage = self._opened(connection, who)
            wanted = Tally(queries=1, vectors=vectors)
            spent, retry = self._over(usage, wanted)
            usage = _plus(usage, Tally(denials=1) if spent else wanted)
            _keep(connection, who, usage)
            return Asked(usage, spent, retry)

        return self._run(work)

    def deliver(self, who: str, records: Sequence[str]) -> Delivered:
        """Say which of these records may be handed out, and count those that are new to this principal today.

        `records` are opaque names, the best first, a name that occurs twice is one record. What was returned earlier in
        the day costs nothing; new ones that the budget does not cover are withheld, and that counts as one denial.
        """
        ids = [self._key.mac("returned", who, record)[:16] for record in records]

        def work(connection: Connection) -> Delivered:
            usage = self._opened(connection, who)
            days = _days(connection, dict.fromkeys(ids))
            fresh = [each for each in dict.fromkeys(ids) if days.get(each, -1) < usage.day]
            granted, never = self._granted(usage, fresh, days)
            allowed = tuple(days.get(each, -1) >= usage.day or each in granted for each in ids)
            if fresh:
                _note(connection, granted, days, usage.day)
                refused = not all(allowed)
                usage = _plus(
                    usage,
                    Tally(records=len(granted), denials=refused),
                    Tally(records=len(granted - days.keys()), denials=refused),
                )
                _keep(connection, who, usage)
            return Delivered(usage, allowed, None if never or all(allowed) else self._next(usage))

        return self._run(work)

    def deny(self, who: str) -> Usage:
        """Count a call that was refused for another reason."""

        def work(connection: Connection) -> Usage:
            usage = _plus(self._opened(connection, who), Tally(denials=1))
            _keep(connection, who, usage)
            return usage

        return self._run(work)

    def usage(self, who: str) -> Usage:
        """Return what a principal has used, without counting anything."""
        today = self._today()

        def read(connection: Connection) -> Usage:
            found = connection.execute(_LOOK, {"who": who}).first()
            return Usage(today) if found is None else _rolled(_read(found), today)

        return self._database.look(read)

    def forget(self, who: str) -> None:
        """Start a principal anew, with fresh budgets."""
        self._run(lambda connection: connection.execute(delete(_counters).where(_counters.c.principal == who)))

    # ------------------------------------------------------------------------------------------------------------

    def _run(self, work: Callable[[Connection], T]) -> T:
        return self._database.run(work, lasting=False)

    def _today(self) -> int:
        return int(self._clock() // DAY_S)

    def _next(self, usage: Usage) -> int:
        """Seconds until the next window, at least one."""
        return max(1, math.ceil((usage.day + 1) * DAY_S - self._clock()))

    def _opened(self, connection: Connection, who: str) -> Usage:
        """Return a principal's usage today, its row locked; begin the row, or the day, if need be."""
        today = self._today()
        found = connection.execute(_FIND, {"who": who}).first()
        if found is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(_counters).values(principal=who, **_columns(Usage(today))))
                return Usage(today)
            except IntegrityError:  # another process was first
                found = connection.execute(_FIND, {"who": who}).one()
        usage = _read(found)
        if usage.day < today and self._ever.records is None:
            _sweep(connection, today)
        return _rolled(usage, today)

    def _over(self, usage: Usage, wanted: Tally) -> tuple[Countable | None, int | None]:
        """Return what would be spent by `wanted` more, and in how many seconds there is more of it."""
        names: tuple[Countable, ...] = ("queries", "vectors")
        for ceiling, used, retry in ((self._ever, usage.ever, None), (self._daily, usage.today, self._next(usage))):
            for name in names:
                most = getattr(ceiling, name)
                if most is not None and getattr(used, name) + getattr(wanted, name) > most:
                    return name, retry
        return None, None

    def _granted(self, usage: Usage, fresh: Sequence[bytes], days: dict[bytes, int]) -> tuple[set[bytes], bool]:
        """Return which records not yet counted today may be, and whether the ceiling for ever stopped one."""
        today = _left(self._daily.records, usage.today.records)
        ever = _left(self._ever.records, usage.ever.records)
        granted: set[bytes] = set()
        stopped = False
        for each in fresh:
            new = each not in days
            if new and ever < 1:
                stopped = True
                continue
            if today < 1:
                break
            granted.add(each)
            today, ever = today - 1, ever - new
        return granted, stopped


def _left(most: int | None, used: int) -> float:
    return math.inf if most is None else most - used


def _plus(usage: Usage, today: Tally, ever: Tally | None = None) -> Usage:
    return replace(usage, today=_sum(usage.today, today), ever=_sum(usage.ever, today if ever is None else ever))


def _sum(one: Tally, other: Tally) -> Tally:
    return Tally(
        one.queries + other.queries,
        one.vectors + other.vectors,
        one.records + other.records,
        one.denials + other.denials,
    )


def _rolled(usage: Usage, today: int) -> Usage:
    """Return the usage as it is on that day: with empty windows, and one more past day, if it is a later one."""
    if usage.day >= today:
        return usage
    if usage.today.vectors == 0:
        return replace(usage, day=today, today=Tally())
    volume = math.log1p(usage.today.vectors)
    weight = max(_MEMORY, 1 / (usage.days + 1))
    step = volume - usage.usual
    return replace(
        usage,
        day=today,
        today=Tally(),
        days=usage.days + 1,
        usual=usage.usual + weight * step,
        spread=(1 - weight) * (usage.spread + weight * step * step),
    )


# -------------------------------------------------------------------------------------------------------- the tables


def _read(row: Any) -> Usage:
    return Usage(
        row.day,
        Tally(row.queries, row.vectors, row.records, row.denials),
        Tally(row.all_queries, row.all_vectors, row.all_records, row.all_denials),
        row.days,
        row.usual,
        row.spread,
    )


def _columns(usage: Usage) -> dict[str, float]:
    today, ever = usage.today, usage.ever
    return {
        "day": usage.day,
        "queries": today.queries,
        "vectors": today.vectors,
        "records": today.records,
        "denials": today.denials,
        "all_queries": ever.queries,
        "all_vectors": ever.vectors,
        "all_records": ever.records,
        "all_denials": ever.denials,
        "days": usage.days,
        "usual": usage.usual,
        "spread": usage.spread,
    }


def _keep(connection: Connection, who: str, usage: Usage) -> None:
    connection.execute(_KEEP, {"who": who, **_columns(usage)})


def _days(connection: Connection, ids: Iterable[bytes]) -> dict[bytes, int]:
    """Return for each record that this principal was ever given, as far as is known, the last day it was counted."""
    wanted = list(ids)
    found: dict[bytes, int] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = select(_returned.c.id, _returned.c.day).where(_returned.c.id.in_(wanted[start : start + _AT_ONCE]))
        found.update((bytes(row.id), row.day) for row in connection.execute(part))
    return found


def _note(connection: Connection, granted: set[bytes], days: dict[bytes, int], day: int) -> None:
    fresh = [{"id": each, "day": day} for each in granted if each not in days]
    again = [{"which": each, "on": day} for each in granted if each in days]
    if fresh:
        connection.execute(insert(_returned), fresh)
    if again:
        connection.execute(_RENEW, again)


def _sweep(connection: Connection, today: int) -> None:
    """Delete digests of days that are over. Yesterday's stay: another process' clock may still be there."""
    outdated = _returned.c.day < today - 1
    gone = select(_returned.c.id).where(outdated).limit(_SWEPT).with_for_update(skip_locked=True)
    connection.execute(delete(_returned).where(_returned.c.id.in_(gone)))
