"""A score attack: probes are asked, answers read, vectors solved for, and the estimates judged.

naive       least squares: the attacker knows nothing of the domain
informed    the posterior mean under the prior of its own texts, with the blur b reckoned in; the same attacker
            without a probe guesses the domain's mean, which is the floor
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.redteam.attack import Hidden, Knowledge, Result, Score
from vecguard.redteam.judging import recovery
from vecguard.redteam.scores.oracle import Ids, Oracle
from vecguard.redteam.scores.prior import Prior
from vecguard.redteam.scores.probes import Probes
from vecguard.redteam.scores.readings import Reading, least_squares, unit


@dataclass(frozen=True, slots=True)
class ScoreAttack:
    """One reading of the answers to one set of probes. `informed` takes a corpus; `noise` is the b reckoned with."""

    reading: Reading
    probes: Probes
    informed: bool = False
    noise: float = 0.0

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.reading.name}, {self.probes.count} {self.probes.kind}{', informed' if self.informed else ''}"

    def fit(self, known: Knowledge) -> ScoreAttacker:
        """Learn the prior. Raises `BadInput` where an informed attacker has no corpus."""
        return ScoreAttacker(self, known, Prior.of(known.needed_corpus()) if self.informed else None)


@dataclass(frozen=True, slots=True)
class ScoreAttacker:
    """A score attack that has learnt what it can without asking."""

    attack: ScoreAttack
    known: Knowledge = field(repr=False)
    prior: Prior | None = field(repr=False)

    def estimate(self, oracle: Oracle, targets: Ids, dimension: int) -> Doubles:
        """Ask, and return what the exact vectors of the target rows (n,) seem to be: (n, d)."""
        probes = self.attack.probes.drawn(self.known, dimension)
        readings = self.attack.reading.read(oracle, targets, probes, self.known)
        if self.prior is None:
            return least_squares(readings)
        return self.prior.posterior(readings, noise=self.attack.noise)

    def floor(self, hidden: Hidden) -> float:
        """Return the mean cosine of what it would guess without asking: the prior's mean, or nothing at all."""
        if self.prior is None:
            return 0.0
        return mean_cosine(np.tile(self.prior.guess, (len(hidden.exact), 1)), hidden.exact)


def attempt(attack: ScoreAttack, known: Knowledge, oracle: Oracle, targets: Ids, hidden: Hidden) -> tuple[Result, ...]:
    """Run one attack on target rows (n,) and judge its estimates: id@1, id@10 and cosine."""
    started = time.process_time()
    attacker = attack.fit(known)
    estimates = attacker.estimate(oracle, targets, hidden.exact.shape[1])
    spent = time.process_time() - started
    scores = [
        score if score.metric != "cosine" else Score("cosine", score.value, attacker.floor(hidden))
        for score in recovery(estimates.astype(np.float32), hidden)
    ]
    return tuple(
        Result(
            attack=attack.name,
            metric=score.metric,
            value=score.value,
            floor=score.floor,
            ceiling=score.ceiling,
            knowledge=known.described(),
            n=len(targets),
            cpu_s=spent,
            adaptive=attack.informed,
        )
        for score in scores
    )


def mean_cosine(estimates: Doubles | Floats, exact: Floats) -> float:
    """Return the mean cosine between estimates and exact vectors, (n, d) each; an estimate of zeros counts 0."""
    return float(np.mean(np.sum(unit(estimates) * unit(exact), axis=1)))


def most_from_view(prior: Prior, seen: Floats, exact: Floats, *, noise: float) -> float:
    """Return the mean cosine for whoever knows the whole view x' (n, d) and the prior: no answer can give more."""
    return max(mean_cosine(prior.denoised(seen, noise=noise), exact), mean_cosine(seen, exact))
