"""The blur: what others are shown of a vector is made of a noisy copy of it, the same copy every time.

    x' = |x| normalise(x / |x| + b z)

for the exact vector x, and z a normal vector of length about 1 under the owner's key, seeded by the content alone. The
scores, order, thresholds and cuts that a reader sees of another owner's row are all computed from x', so all that any
number of readers can learn in any number of days is x'. Order alone would give them x itself otherwise.

The same content has the same blur under every id and in every collection of its owner: copies leave nothing to average.
Texts that differ a little draw afresh, so m near-duplicates of one fact leave noise of b / sqrt(m) on what they have in
common. The expected cosine of x' and x is 1 / sqrt(1 + b^2); a reader who knows what texts look like gets nearer.

Noise shortens what a vector has in common with a query: a score of x' is about 1 / sqrt(1 + b^2) of that of x, while
one's own rows have exact ones. `stretched` makes up for it, so that both stand in one list fairly; what is left is a
scatter of about b / sqrt(d). It is a function of x' like any other.

Guarantee: none that is formal. The length of x is not blurred. Cost: one keyed draw per row, when rows are read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecguard.arrays import Doubles, Floats, norms
from vecguard.keys import Secret
from vecguard.protect.noise import SEED_BYTES, standard_normals
from vecguard.records import Metric

_SCHEME = "blur.1"


def blurred(exact: Floats, digests: Sequence[bytes], key: Secret, *, noise: float) -> Floats:
    """Return the view (n, d) that others have of exact vectors (n, d).

    `digests` are of the contents, `key` is the owner's key for noise, `noise` is b, the length of the noise relative to
    the vector; 0 leaves every vector as it is. Rows of zeros stay zero.
    """
    if noise == 0 or not len(exact):
        return exact
    rows = exact.astype(np.float64)
    lengths = norms(rows)
    dimension = rows.shape[1]
    seeds = [key.mac(_SCHEME, f"{noise!r}/{dimension}", digest)[:SEED_BYTES] for digest in digests]
    unit = np.divide(rows, lengths[:, None], out=np.zeros_like(rows), where=lengths[:, None] > 0)
    seen = unit + noise / np.sqrt(dimension) * standard_normals(key, seeds, dimension)
    seen *= (lengths / norms(seen))[:, None]
    view: Floats = seen.astype(np.float32)
    return view


def stretched(scores: Doubles, metric: Metric, stretch: float, queries: Doubles, rows: Doubles) -> Doubles:
    """Return scores (m, n) of blurred rows as they are to be expected of the exact ones.

    `stretch` is sqrt(1 + b^2); `queries` (m,) and `rows` (n,) are the lengths of the vectors.
    """
    if metric == "cosine":
        return np.clip(stretch * scores, -1.0, 1.0)
    if metric == "dot":
        return stretch * scores
    squares = queries[:, None] ** 2 + rows[None, :] ** 2
    return np.maximum(squares - stretch * (squares - scores), 0.0)
