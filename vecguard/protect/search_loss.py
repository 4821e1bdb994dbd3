"""What noise costs in search, estimated per mechanism and dimension instead of by a rule of thumb.

`expected_cosine` needs no data and says how near a stored vector is to the exact one. `expected_overlap` takes a sample
of a user's own vectors and queries and counts how many of the best ten stay among the best ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.protect.accounting import SearchLoss
from vecguard.protect.draws import Draws, FreshDraws
from vecguard.protect.perturbation import Mechanism, unit_rows

_QUERIES_AT_ONCE = 256


def expected_cosine(mechanism: Mechanism, dimension: int) -> float:
    """Return the expected cosine between a unit vector and its perturbed one: 1 / sqrt(1 + r^2).

    Exact for the Purkayastha mechanism. For noise that is added it leaves out terms of order 1/d: at d = 8 and r = 1
    it is right to .02, at d = 384 to .001.
    """
    return 1.0 / sqrt(1.0 + mechanism.relative_noise(dimension) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How much of the best `k` survived noise on the documents: the mean over queries, and its standard error."""

    k: int
    mean: float
    standard_error: float
    documents: int
    queries: int

    @property
    def search_loss(self) -> SearchLoss:
        """The loss, as `accounting.statement` takes it."""
        on = f"simulated on {self.documents} vectors and {self.queries} queries"
        return SearchLoss(measure=f"overlap@{self.k}", loss=1.0 - self.mean, measured_on=on)


def expected_overlap(
    vectors: Floats, queries: Floats, mechanism: Mechanism, *, k: int = 10, repeats: int = 5, draws: Draws | None = None
) -> Overlap:
    """Perturb a sample of documents (n, d) `repeats` times and rank the queries (m, d) on the exact and the noisy rows.

    It assumes that ranking is by cosine, that queries carry no noise, and that nothing re-ranks. A sample has fewer
    near neighbours than the collection it was taken from, so on more documents less survives than this says. Nor is
    overlap nDCG: an exchanged tenth hit counts here and may not matter to a reader. Raises `BadInput` for a `k` below 1
    or not below n.
    """
    if not (1 <= k < len(vectors) and len(queries) > 0 and repeats > 0):
        raise BadInput("there must be queries, repeats, and more vectors than are looked for")
    source = FreshDraws() if draws is None else draws
    asked, exact = unit_rows(queries), unit_rows(vectors)
    before = _best(asked, exact, k)
    kept = np.mean(
        [_shared(before, _best(asked, unit_rows(mechanism.perturb(vectors, source)), k)) for _ in range(repeats)],
        axis=0,
    )
    spread = float(np.std(kept, ddof=1)) if len(kept) > 1 else float("nan")
    return Overlap(
        k=k,
        mean=float(kept.mean()),
        standard_error=spread / sqrt(len(kept)),
        documents=len(vectors),
        queries=len(queries),
    )


def _best(queries: Doubles, rows: Doubles, k: int) -> NDArray[np.intp]:
    """Return the k best rows per query (m, k), in any order."""
    found = [
        np.argpartition(-(queries[at : at + _QUERIES_AT_ONCE] @ rows.T), k - 1, axis=1)[:, :k]
        for at in range(0, len(queries), _QUERIES_AT_ONCE)
    ]
    return np.concatenate(found)


def _shared(before: NDArray[np.intp], after: NDArray[np.intp]) -> Doubles:
    """Return per query the share of the one set that is in the other."""
    shared: Doubles = (before[:, :, None] == after[:, None, :]).any(axis=2).mean(axis=1)
    return shared
