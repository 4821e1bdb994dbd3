"""The monitor: tells probing from searching by what a principal's queries look like together.

Thresholds were chosen by measurement, with MiniLM (d = 384) on real queries of SciFact and MedQuAD, ten results each;
these figures are from draws made after the choice. Sessions of 50 queries, 200 honest ones and 100 of each prober, with
a reference of 2,000 documents / without one:

    honest: drawn at random, or around a topic          no alarm
    honest: the 50 queries nearest to each other        0 of SciFact, 1 or 2 of 200 of MedQuAD (focus)
    random directions, axes, 5 or 15 dimensions         all, from the 20th query on (28th: 15 dimensions, no reference)
    one record + noise of length .03 to .3              all, from the 20th on
    one record + noise of length .5                     83 to 93 % / 91 to 94 %, from the 35th on
    one record + noise of length 1 or 2                 99 to 100 %
    one record + another document                       all, from the 35th on; + twice another document: 0 to 1 %
    random directions, one in two; one in four          100 %; 92 to 94 % / 14 to 83 %; 0 to 15 %
    one record + noise of .3, one in two                none
    documents, or draws from a normal fit to them       none

So probes that are real texts or look like them are searches to every measure here, and probes of one record hide among
as many honest queries. Against those stand the blur and the budgets. A search that is sent while it is being typed
looks like circling: 80 % of such sessions (sent by word) and all (by letter) raised an alarm; an application that does
so leaves "circling" and "narrow" at "log". For another embedder these figures say nothing; one that gives all texts
high cosines needs a lower `circling`.

The monitor lives in the memory of one process, query vectors included: who spreads over n processes is seen after n
times as many queries.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal, TypeAlias

from vecguard.arrays import Floats
from vecguard.watch.reference import Reference
from vecguard.watch.session import REMEMBERED, Measures, Session, normalised

Signal: TypeAlias = Literal["off_manifold", "sweeping", "circling", "narrow", "focus", "volume"]
"""off_manifold: not where real texts lie; sweeping: each query unlike all others, as random directions are; circling:
each query next to another one; narrow: many queries in few dimensions; focus: one record answers nearly all of them;
volume: far more than this principal's usual day."""

SIGNALS: tuple[Signal, ...] = ("off_manifold", "sweeping", "circling", "narrow", "focus", "volume")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Past which a measure is a signal. `least` distinct queries are needed for any, 35 for focus (.09 d at d = 384).

    `volume` is in standard deviations of the logarithm of a principal's daily volume (`vecguard.watch.drift`).
    """

    least: int = 20
    off_manifold: float = 0.45
    strays: float = 0.2
    sweeping: float = 0.9
    circling: float = 0.15
    narrow: float = 0.5
    focus: float = 0.9
    focus_least: int = 35
    volume: float = 4.0

    def signals(self, measures: Measures) -> frozenset[Signal]:
        """Return what is past its threshold."""
        if measures.queries < self.least:
            return frozenset()
        off, strays = measures.off_manifold or 0.0, measures.strays or 0.0
        tests: dict[Signal, bool] = {
            "off_manifold": off > self.off_manifold or strays >= self.strays,
            "sweeping": measures.novelty > self.sweeping,
            "circling": measures.novelty < self.circling,
            "narrow": measures.rank < self.narrow,
            "focus": measures.queries >= self.focus_least and measures.focus >= self.focus,
        }
        return frozenset(signal for signal, hit in tests.items() if hit)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a call added: the measures now, what they signal, what of that is new, and which vectors were new."""

    measures: Measures
    signals: frozenset[Signal] = frozenset()
    begun: frozenset[Signal] = frozenset()
    fresh: tuple[bool, ...] = ()


class Monitor:
    """Sessions per principal and collection, the least recently active forgotten first. No I/O.

    `memory_mb` bounds what all sessions take together, about 65 kB each at d = 384. A collection without a `Reference`
    is watched without the off-manifold measure.
    """

    def __init__(self, thresholds: Thresholds | None = None, *, memory_mb: int = 64) -> None:
        self._thresholds = thresholds or Thresholds()
        self._most_bytes = memory_mb << 20
        self._bytes = 0
        self._references: dict[str, Reference | None] = {}
        self._sessions: OrderedDict[tuple[str, str, int], Session] = OrderedDict()
        self._lock = Lock()

    def knows(self, uid: str) -> bool:
        """Whether a sample of this collection was given."""
        return uid in self._references

    def learn(self, uid: str, rows: Floats) -> None:
        """Fit what honest queries of a collection look like to (n, d) of its vectors, once; sessions begin anew."""
        fitted = Reference.of(rows)
        with self._lock:
            self._references[uid] = fitted
            for key in [key for key in self._sessions if key[1] == uid]:
                self._forget(key)

    def observe(self, who: str, uid: str, queries: Floats) -> Observed:
        """Add query vectors (m, d) of a principal, known by its digest, in a collection, known by its uid."""
        rows = normalised(queries)
        with self._lock:
            session = self._session(who, uid, rows.shape[1])
            fresh = session.add(rows)
            return self._judged(session, fresh)

    def answered(self, who: str, uid: str, dimension: int, answers: Sequence[Sequence[str]]) -> Observed:
        """Add the records of others that answered new queries, best first, one sequence per query."""
        with self._lock:
            session = self._session(who, uid, dimension)
            session.answer(answers)
            return self._judged(session, ())

    def _judged(self, session: Session, fresh: tuple[bool, ...]) -> Observed:
        measures = session.measures
        signals = self._thresholds.signals(measures)
        begun = signals - session.alarmed
        session.alarmed = signals
        return Observed(measures, signals, frozenset(begun), fresh)

    def _session(self, who: str, uid: str, dimension: int) -> Session:
        key = (who, uid, dimension)
        session = self._sessions.get(key)
        if session is None:
            session = self._sessions[key] = Session(dimension, self._references.get(uid))
            self._bytes += _size(dimension)
            while self._bytes > self._most_bytes and len(self._sessions) > 1:
                self._forget(next(iter(self._sessions)))
        self._sessions.move_to_end(key)
        return session

    def forget(self, who: str) -> None:
        """Let go of what a principal asked in any collection."""
        with self._lock:
            for key in [key for key in self._sessions if key[0] == who]:
                self._forget(key)

    def _forget(self, key: tuple[str, str, int]) -> None:
        del self._sessions[key]
        self._bytes -= _size(key[2])


def _size(dimension: int) -> int:
    return 4 * REMEMBERED * (dimension + REMEMBERED) + 8_192
