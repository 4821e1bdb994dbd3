"""Order alone: where a row stands among others says where its score lies between theirs.

Among own rows, whose scores their writer computes, any random set makes a scale: of o rows in random directions two
neighbours are about 1 / (o sqrt(d)) apart where the scores of others lie. Without own rows the place among many targets
is a quantile, and the attacker's own texts, blurred by itself, say which score belongs to a quantile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.judging import unit as single
from vecguard.redteam.scores.oracle import Ids, Oracle
from vecguard.redteam.scores.readings import Readings, between, midway, unit

_COMPARED = 1_000  # own texts that stand for a quantile


@dataclass(frozen=True, slots=True)
class AmongOwnRows:
    """Reads places among `rows` own rows in random directions, written once for all probes."""

    rows: int = 512
    seed: int = 1
    name: str = "order among own rows"

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:  # noqa: ARG002 - protocol
        """Return the middle between the next own rows. Costs one query a probe."""
        own = single(np.random.default_rng(self.seed).standard_normal((self.rows, probes.shape[1])))
        asked = unit(probes)
        written = oracle.write(own)
        answers = oracle.ask(probes)
        oracle.erase(written)
        low, high = between(answers, written, asked[: len(answers)] @ unit(own).T, targets)
        return midway(asked, low, high)


@dataclass(frozen=True, slots=True)
class AmongTargets:
    """Reads places among the targets; the attacker's own texts with noise `noise` (b) say what they are worth."""

    noise: float = 0.0
    seed: int = 1
    name: str = "order among targets"

    def read(self, oracle: Oracle, targets: Ids, probes: Floats, known: Knowledge) -> Readings:
        """Return the scores that the attacker's texts have at the same quantiles. Costs one query a probe."""
        asked = unit(probes)
        answers = oracle.ask(probes)
        places = answers.of(
            targets, np.broadcast_to(np.arange(answers.ids.shape[1], dtype=np.float64), answers.ids.shape)
        )
        ranks = np.argsort(np.argsort(places, axis=1), axis=1)
        own = np.sort(asked[: len(answers)] @ self._own_texts(known).T, axis=1)[:, ::-1]
        at = ((ranks + 0.5) / len(targets) * own.shape[1]).astype(np.intp)
        values = np.where(np.isnan(places), np.nan, np.take_along_axis(own, at, axis=1))
        error = float(np.mean(own.std(axis=1))) / np.sqrt(len(targets))
        return Readings(asked[: len(answers)], values.T, error)

    def _own_texts(self, known: Knowledge) -> Doubles:
        draw = np.random.default_rng(self.seed)
        texts = unit(known.needed_corpus())
        texts = texts[draw.permutation(len(texts))[:_COMPARED]]
        blurry: Doubles = texts + self.noise / np.sqrt(texts.shape[1]) * draw.standard_normal(texts.shape)
        return blurry
