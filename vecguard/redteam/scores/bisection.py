"""Bisection: a threshold or a limit k is a question with a yes or no for an answer, ten of those three decimals.

thresholds      is the row in the answer at all scores above t? Where hits without a score pass none: nothing
limits          is the row among the k best? Its place among own rows, so its score, also where no order is shown
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.judging import unit as single
from vecguard.redteam.scores.oracle import Ids, Oracle
from vecguard.redteam.scores.readings import Readings, midway, unit

Gaps: TypeAlias = tuple[Doubles, Doubles]

_AT_ONCE = 8_192  # queries that halve their intervals together


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Reads presence only, at `rounds` thresholds per probe and target."""

    rounds: int = 12
    name: str = "thresholds by bisection"

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:  # noqa: ARG002 - protocol
        """Return the middle of the last interval. Costs `rounds` + 1 queries per probe and target."""
        found = [self._halved(oracle, targets, part) for part in _blocks(probes, len(targets))]
        return midway(unit(probes), np.vstack([low for low, _ in found]), np.vstack([high for _, high in found]))

    def _halved(self, oracle: Oracle, targets: Ids, probes: Floats) -> Gaps:
        queries, wanted = np.repeat(probes, len(targets), axis=0), np.tile(targets, len(probes))[:, None]
        low, high = np.full(len(queries), -1.0), np.full(len(queries), 1.0)
        at_all = oracle.ask(queries, threshold=-1.0)
        passing = np.zeros(len(queries), dtype=np.bool_)
        passing[: len(at_all)] = at_all.has(wanted[: len(at_all)])[:, 0]
        for _ in range(self.rounds):
            middle = (low + high) / 2
            answers = oracle.ask(queries, threshold=middle)
            if len(answers) < len(queries):
                break  # what is known by then counts
            there = answers.has(wanted)[:, 0]
            low, high = np.where(there, middle, low), np.where(there, high, middle)
        low[~passing], high[~passing] = np.nan, np.nan
        return low.reshape(len(probes), -1), high.reshape(len(probes), -1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Reads which own rows come with a target among the k best, by bisection of k; `rows` own rows lie about."""

    rows: int = 256
    seed: int = 1
    name: str = "limits by bisection"

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:  # noqa: ARG002 - protocol
        """Return the middle between own rows above and below. Costs log2(all rows) queries per probe and target."""
        own = single(np.random.default_rng(self.seed).standard_normal((self.rows, probes.shape[1])))
        written = oracle.write(own)
        found = [self._halved(oracle, targets, part, own, written) for part in _blocks(probes, len(targets))]
        oracle.erase(written)
        return midway(unit(probes), np.vstack([low for low, _ in found]), np.vstack([high for _, high in found]))

    def _halved(self, oracle: Oracle, targets: Ids, probes: Floats, own: Floats, written: Ids) -> Gaps:
        queries, wanted = np.repeat(probes, len(targets), axis=0), np.tile(targets, len(probes))[:, None]
        scores = np.repeat(unit(probes) @ unit(own).T, len(targets), axis=0)
        low, high = np.full(len(queries), -1.0), np.full(len(queries), 1.0)
        fewest = np.zeros(len(queries), dtype=np.intp)  # with so many it is absent, with `most` it is there
        most = np.full(len(queries), oracle.ask(queries[:1]).ids.shape[1], dtype=np.intp)
        while np.any(most - fewest > 1):
            limits = (fewest + most) // 2
            answers = oracle.ask(queries, limit=np.maximum(limits, 1))
            if len(answers) < len(queries):
                break  # what is known by then counts
            there = answers.has(wanted)[:, 0]
            mine = answers.has(np.broadcast_to(written, (len(queries), len(written))))
            ahead = np.where(mine, scores, 1.0).min(axis=1)  # the last own row of an answer that it is not in
            behind = np.where(mine, -1.0, scores).max(axis=1)  # the first own row behind an answer that it is in
            high = np.where(there, high, np.minimum(high, ahead))
            low = np.where(there, np.maximum(low, behind), low)
            fewest, most = np.where(there, fewest, limits), np.where(there, limits, most)
        return low.reshape(len(probes), -1), high.reshape(len(probes), -1)


def _blocks(probes: Floats, targets: int) -> list[Floats]:
    """Cut probes (m, d) into parts of which every target is asked at once."""
    step = max(1, _AT_ONCE // max(1, targets))
    return [probes[first : first + step] for first in range(0, len(probes), step)]
