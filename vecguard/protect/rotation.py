"""Keyed rotation: a Haar-random orthogonal matrix that only the key can make again.

    Q = qr(G) with the sign of each column of the first factor set by the diagonal of the second

for G a d x d matrix of keyed standard normals (Mezzadri 2007, "How to generate random matrices from the classical
compact groups"). Cosines, inner products and distances between rotated vectors are those of the originals. Guarantee:
none. Whoever knows some d pairs of original and rotated vectors has Q, and all angles between rows stay visible.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import numpy as np

from vecguard.arrays import Doubles
from vecguard.keys import Secret
from vecguard.protect.noise import standard_normals

_LIMIT = 256 << 20  # bytes of matrices that are kept: 13 at d=1536, 227 at d=384
_kept: OrderedDict[tuple[Secret, int], Doubles] = OrderedDict()
_lock = Lock()


def rotation(key: Secret, dimension: int) -> Doubles:
    """Return the orthogonal matrix (d, d) of this key, float64. 12 ms at d=384, 0.6 s at d=1536, then kept."""
    with _lock:
        found = _kept.get((key, dimension))
        if found is not None:
            _kept.move_to_end((key, dimension))
            return found
    made = _haar(key, dimension)
    with _lock:
        _kept[key, dimension] = made
        while len(_kept) > 1 and sum(each.nbytes for each in _kept.values()) > _LIMIT:
            _kept.popitem(last=False)
    return made


def _haar(key: Secret, dimension: int) -> Doubles:
    seed = key.mac("haar", dimension)[:12]
    gauss = standard_normals(key, [seed], dimension * dimension).reshape(dimension, dimension)
    q, r = np.linalg.qr(gauss)
    haar: Doubles = q * np.sign(np.diag(r))
    haar.flags.writeable = False
    return haar
