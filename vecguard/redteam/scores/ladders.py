"""Ladders: own rows built around a shared one, so that its place among them is its score.

Per direction q a reader writes rows c q + sqrt(1 - c^2) u, u at right angles to q: rungs whose scores are c for that
query. The first ladder spans all scores that are likely, the second one the gap in which each target was found. Order
alone was measured to give cosine .9988 that way at d = 384, without one score of a shared row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.scores.oracle import Ids, Oracle
from vecguard.redteam.scores.readings import Readings, between, midway, unit

_REACH = 6.0  # standard deviations of a random direction's scores that the first ladder spans


@dataclass(frozen=True, slots=True)
class Ladders:
    """Reads places among `rungs` rungs per target, on `rounds` ladders a direction, each inside a gap of the last."""

    rungs: int = 32
    rounds: int = 2
    seed: int = 1
    name: str = "ladders of own rows"

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:  # noqa: ARG002 - protocol
        """Return the middle of the last gap. Costs `rounds` queries a probe, and rungs x targets own rows."""
        asked, draw = unit(probes), np.random.default_rng(self.seed)
        reach = min(0.99, _REACH / np.sqrt(asked.shape[1]))
        gaps: list[tuple[Doubles, Doubles]] = []
        for direction in asked:
            low, high = np.array([-reach]), np.array([reach])
            for _ in range(self.rounds):
                found = self._climbed(oracle, targets, direction, low, high, draw)
                if found is None:
                    return midway(asked, *_stacked(gaps, len(targets)))
                low, high = found
            gaps.append((low, high))
        return midway(asked, *_stacked(gaps, len(targets)))

    def _climbed(
        self,
        oracle: Oracle,
        targets: Ids,
        direction: Doubles,
        low: Doubles,
        high: Doubles,
        draw: np.random.Generator,
    ) -> tuple[Doubles, Doubles] | None:
        """Write one ladder between each low and high, and return per target the rungs (n,) next to it."""
        heights = np.unique(np.linspace(np.nan_to_num(low), np.nan_to_num(high), self.rungs))
        aside = draw.standard_normal((len(heights), len(direction)))
        aside = unit(aside - np.outer(aside @ direction, direction))
        rows = heights[:, None] * direction + np.sqrt(1 - heights**2)[:, None] * aside
        written = oracle.write(rows.astype(np.float32))
        answers = oracle.ask(direction[None].astype(np.float32))
        oracle.erase(written)
        if not len(answers):
            return None
        below, above = between(answers, written, heights[None], targets)
        return below[0], above[0]


def _stacked(gaps: list[tuple[Doubles, Doubles]], targets: int) -> tuple[Doubles, Doubles]:
    if not gaps:
        return np.empty((0, targets)), np.empty((0, targets))
    return np.stack([low for low, _ in gaps]), np.stack([high for _, high in gaps])
