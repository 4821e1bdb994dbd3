"""The watch over reads of other owners' rows. Reads of one's own rows never come here and cost it nothing.

    admit    count the call, look at its query vectors, and say whether it may see rows of others at all
    deliver  after ranking, before anything is handed out: count the records, and say which of them may go out

In that order: a record is counted in the transaction that grants it, so that processes together never hand out more
than the budget, and what was counted and then not handed out (a crash in between) is lost to its reader.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from threading import Lock
from typing import TypeAlias

from vecguard.arrays import Floats
from vecguard.errors import AccessDenied, OutOfOrder, Throttled, shielded
from vecguard.keys import Secret
from vecguard.principal import Acting, Principal
from vecguard.state.counters import Ceiling, Counters, Usage
from vecguard.state.database import Database
from vecguard.watch.drift import drift
from vecguard.watch.events import BudgetSpent, CanaryHit, Denied, Event, Events, Probing, RowsAmiss, VolumeDrift
from vecguard.watch.monitor import Monitor, Observed, Thresholds
from vecguard.watch.reference import LEAST_ROWS
from vecguard.watch.session import Measures
from vecguard.watch.settings import Settings
from vecguard.watch.verdict import Verdict, strictest, verdict

Directory: TypeAlias = Callable[[Principal], bool]
"""Says whether a principal exists. It is asked before every read of rows of others: it should be quick."""

_REMEMBERED = 10_000  # principals whose last warning and last read are kept in mind


@dataclass(frozen=True, slots=True)
class Allowance:
    """What `admit` allows a read. `shared`: whether it may see rows of others.

    If not, rows of one's own are answered all the same; a read that has none to give raises `refusal()`.
    """

    shared: bool
    retry_after_s: int | None
    principal: str  # digest: for events
    account: str  # digest: whose budget and session it is
    uid: str
    dimension: int = 0
    fresh: tuple[bool, ...] = ()

    def refusal(self) -> Throttled:
        """Return the error for a read of nothing but rows of others that was not allowed."""
        return Throttled(self.retry_after_s)


class Watch:
    """Budgets, monitor and alarms for one state. `key` is a secret of the state's own: it names principals and records.

    With the key that the audit chain looks principals up by, events and audit lines call a principal the same. Without
    a `directory` everybody is known; with one, all whom it does not know share one budget and one session, so that
    made-up names buy nothing.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        key: Secret,
        *,
        directory: Directory | None = None,
        events: Events | None = None,
        thresholds: Thresholds | None = None,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._thresholds = thresholds or Thresholds()
        self._directory = directory
        self._ticks = ticks
        self._strangers = key.mac("unknown principals").hex()
        self._last: OrderedDict[str, float] = OrderedDict()
        self._told: OrderedDict[tuple[str, str, int], None] = OrderedDict()
        self._lock = Lock()
        self.events = events or Events()
        self.monitor = Monitor(self._thresholds)
        self.counters = Counters(
            database,
            key,
            daily=Ceiling(settings.queries_a_day, settings.vectors_a_day, settings.records_a_day),
            ever=Ceiling(settings.queries_ever, settings.vectors_ever, settings.records_ever),
            clock=clock,
        )

    def admit(self, acting: Acting, uid: str, queries: Floats | None = None) -> Allowance:
        """Count a call that would read rows of others in a collection, and say whether it may.

        `queries` are its (m, d) exact query vectors, None for a listing. Raises `AccessDenied` if the directory fails
        and `StateError` if the state does.
        """
        who, account = self._identified(acting.principal)
        asked = self.counters.ask(account, 0 if queries is None else len(queries))
        if asked.spent is not None:
            self._cut(who, asked.usage, asked.spent, asked.retry_after_s)
            return Allowance(False, asked.retry_after_s, who, account, uid)
        seen = Observed(Measures()) if queries is None else self.monitor.observe(account, uid, queries)
        self._report(who, seen)
        decided = self._decided(account, set(seen.signals) | self._volume(who, asked.usage))
        if not decided.shared:
            self._denied(who, self.counters.deny(account), "probing")
        width = 0 if queries is None else queries.shape[1]
        return Allowance(decided.shared, decided.retry_after_s, who, account, uid, width, seen.fresh)

    def deliver(self, allowance: Allowance, answers: Sequence[Sequence[str]]) -> list[list[bool]]:
        """Say which of the records of others may be handed out, in the shape of `answers`.

        One sequence of backend ids per query vector, best first; one in all for a listing. Each counts once a day.
        """
        if not allowance.shared:
            raise OutOfOrder("this read was not allowed rows of other owners")
        if not any(answers):
            return [[] for _ in answers]
        names = [f"{allowance.uid} {record}" for record in chain.from_iterable(answers)]
        delivered = self.counters.deliver(allowance.account, names)
        if delivered.withheld:
            self._cut(allowance.principal, delivered.usage, "records", delivered.retry_after_s)
        if any(allowance.fresh):
            new = list(compress(answers, allowance.fresh))
            where = allowance.account, allowance.uid, allowance.dimension
            self._report(allowance.principal, self.monitor.answered(*where, new))
        granted = iter(delivered.allowed)
        return [[next(granted) for _ in records] for records in answers]

    def learn(self, uid: str, rows: Floats) -> None:
        """Learn once what a collection looks like, from (n, d) of its vectors, where they are enough to tell by."""
        if len(rows) >= LEAST_ROWS and not self.monitor.knows(uid):
            self.monitor.learn(uid, rows)

    def denied(self, acting: Acting) -> None:
        """Count a call that the owner rules refused."""
        who, account = self._identified(acting.principal)
        self._denied(who, self.counters.deny(account), "rules")

    def canary(self, acting: Acting, hits: int) -> None:
        """Tell that a read met decoys, that many of them."""
        self.events.tell(CanaryHit(self.counters.digest(acting.principal.id), hits))

    def amiss(self, acting: Acting, owner: str, acknowledged: int, found: int) -> None:
        """Tell that a read met an owner's rows, by the owner's digest, that are not those acknowledged last."""
        self.events.tell(RowsAmiss(self.counters.digest(acting.principal.id), owner, acknowledged, found))

    def forget(self, name: str) -> None:
        """Let go of what a principal of this name asked. What was counted of it is in the state."""
        self.monitor.forget(self.counters.digest(name))

    # ------------------------------------------------------------------------------------------------------------

    def _identified(self, principal: Principal) -> tuple[str, str]:
        """Return the principal's digest and that of the account it draws on: its own, or that of all strangers."""
        own = self.counters.digest(principal.id)
        directory = self._directory
        if directory is None:
            return own, own
        known = shielded(
            lambda why: AccessDenied(f"the directory of principals failed ({why})"), lambda: directory(principal)
        )
        if not isinstance(known, bool):
            raise AccessDenied("the directory of principals answers True or False")
        return own, own if known else self._strangers

    def _volume(self, who: str, usage: Usage) -> set[str]:
        deviations = drift(usage)
        if deviations <= self._thresholds.volume:
            return set()
        self._once(VolumeDrift(who, usage.today.vectors, deviations), "volume", usage.day)
        return {"volume"}

    def _decided(self, account: str, signals: set[str]) -> Verdict:
        response = strictest(signals, self._settings.responses())
        if response != "throttle":
            return verdict(response, since_s=0, pause_s=0)
        with self._lock:
            now = self._ticks()
            since = now - self._last.get(account, float("-inf"))
            decided = verdict(response, since_s=since, pause_s=self._settings.pause_s)
            if decided.shared:
                self._last[account] = now
                self._last.move_to_end(account)
                _trim(self._last)
        return decided

    def _report(self, who: str, seen: Observed) -> None:
        measures = seen.measures
        for signal in sorted(seen.begun):
            self.events.tell(
                Probing(
                    who,
                    signal,
                    measures.queries,
                    measures.rank,
                    measures.novelty,
                    measures.focus,
                    measures.off_manifold,
                    measures.strays,
                )
            )

    def _cut(self, who: str, usage: Usage, spent: str, retry_after_s: int | None) -> None:
        budget = f"{spent}_{'ever' if retry_after_s is None else 'a_day'}"
        self._once(BudgetSpent(who, budget), budget, usage.day)
        self._denied(who, usage, budget)

    def _denied(self, who: str, usage: Usage, reason: str) -> None:
        denials = usage.today.denials
        if denials & (denials - 1) == 0:
            self.events.tell(Denied(who, denials, reason))

    def _once(self, event: Event, what: str, day: int) -> None:
        """Tell an event unless this process told it today."""
        with self._lock:
            key = (event.principal, what, day)
            if key in self._told:
                return
            self._told[key] = None
            _trim(self._told)
        self.events.tell(event)


def _trim(kept: OrderedDict[str, float] | OrderedDict[tuple[str, str, int], None]) -> None:
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
