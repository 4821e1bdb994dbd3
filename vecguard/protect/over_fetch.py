"""How many candidates a store has to hand over so that the true best are among them: the rule for K.

Take one query. Over the N rows in scope, exact scores have some spread t. Noise of relative length r adds to each an
independent normal of standard deviation s = r / sqrt(d), rotation adds nothing. The row in place k of N has, in a
normal population, the score t q with q = upper quantile(k / N); all but one in twenty times its noisy score is above
t q - z s, z = 1.645. A noisy score of any row is a normal of variance t^2 + s^2, so what beats that weakest row is

    K = N P(normal > (q - z p) / sqrt(1 + p^2)),    p = s / t = r / spread,    spread = t sqrt(d)

`spread` is what an embedder makes of its corpus: 1 if vectors were scattered evenly over the sphere, 2 for MiniLM on
the corpora of ADR 12, where the losses are measured. Real scores have a longer upper tail than a normal population:
the best rows stand out, and the rule is on the safe side of that. `vecguard calibrate` measures instead of assuming.
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

SPREAD = 1.75
_KEPT = 0.95  # how often the row in the caller's last place must be among the candidates
_NORMAL = NormalDist()


def over_fetch(rows: int, wanted: int, noise: float, *, spread: float = SPREAD) -> int:
    """Return K, between twice `wanted` and `rows`.

    `rows` is N, the number of rows that a search ranks; `wanted` is k, how many the caller sees (offset included);
    `noise` is r >= 0. `spread` > 0 is the standard deviation of a query's exact cosines over the rows, times sqrt(d).
    """
    least = max(1, 2 * wanted)
    if rows <= least:
        return max(1, rows)
    relative = noise / spread
    place = _NORMAL.inv_cdf(1.0 - max(1, wanted) / rows)
    beaten = (place - _NORMAL.inv_cdf(_KEPT) * relative) / sqrt(1.0 + relative**2)
    return min(rows, max(least, ceil(rows * _NORMAL.cdf(-beaten))))
