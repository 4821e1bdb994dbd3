"""The tenant with stolen files: an owner of the collection that has the stored rows of all, and knows its own vectors.

Its own rows are pairs, as many as it likes. Three things could come of them: the rotation, if owners share it; the
noise itself, if it depends on what rows of two owners have in common, such as their ids; and nothing. Masks are open to
the first where the store ranks, and to neither where the guard does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.alignment import procrustes
from vecguard.redteam.attack import Hidden, Knowledge, Pairs, Score, Stolen
from vecguard.redteam.judging import recovery, unit

_LEAST = 0.05  # of cosine, for a rotation to be believed


@dataclass(frozen=True, slots=True)
class Tenant:
    """Undoes the rotation by its own rows, and takes its own noise off rows of the same number. Knows pairs."""

    @property
    def name(self) -> str:
        """What tables call it."""
        return "tenant"

    def fit(self, known: Knowledge) -> TenantAttacker:
        """Learn rotation and noise from own rows. Raises `BadInput` without any."""
        matrix = procrustes(known.pairs)
        own = known.pairs[0]
        if not _holds(own):
            matrix = np.eye(len(matrix), dtype=np.float32)
        # stores may normalise rows, so lengths are what r says that they were
        noise = _at_length(own.seen, own.noise) - unit(own.exact) @ matrix.T
        return TenantAttacker(matrix, noise.astype(np.float32), own.noise)


@dataclass(frozen=True, slots=True)
class TenantAttacker:
    """Holds the way back (d, d) and its own rows' noise (p, d), in the order of their ids."""

    matrix: Floats = field(repr=False)
    noise: Floats = field(repr=False)
    relative: float  # r of the mechanism

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return id@1, id@10 and cosine of turned rows, and the same with the noise of the attacker's own rows off.

        The second takes row i of the victim to have the id of the attacker's row i; rows beyond them stay as they are.
        """
        cleared = _at_length(stolen.rows, self.relative)
        shared = min(len(cleared), len(self.noise))
        cleared[:shared] -= self.noise[:shared]
        known = tuple(
            replace(score, metric=f"{score.metric}, own noise off") for score in recovery(cleared @ self.matrix, hidden)
        )
        return (*recovery(stolen.rows @ self.matrix, hidden), *known)


def _at_length(rows: Floats, noise: float) -> Floats:
    """Return rows at the length that unit vectors have on average once noise of relative length r is on them."""
    return unit(rows) * np.float32(np.sqrt(1 + noise**2))


def _holds(own: Pairs) -> bool:
    """Say whether a rotation learnt from half of the pairs brings the other half back, or there is none to learn."""
    half = len(own) // 2
    if not half:
        return True
    matrix = procrustes([own.first(half)])
    cosines = np.sum(unit(own.seen[half:] @ matrix) * unit(own.exact[half:]), axis=1)
    return bool(np.mean(cosines) > 4 / np.sqrt(cosines.size * matrix.shape[0]) + _LEAST)
