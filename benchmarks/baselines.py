"""What else is done to stored vectors, for comparison. None of it can be configured in VecGuard as a defence.

Each function takes exact unit vectors, documents (N, d) and queries (m, d), and returns what a store would hold and be
asked. `seed` makes the key or the noise. The schemes themselves are in `vecguard.redteam.baselines`, where attackers
are let at them; what they cost is in docs/protect-quality.md.
"""

from __future__ import annotations

import numpy as np

from vecguard.arrays import Floats
from vecguard.calibration.simulate import View
from vecguard.redteam import Bare, Defence, Key
from vecguard.redteam.baselines import Binary, Int8, NoiseOnly, Permutation, Rotation, ScaleAndPerturb
from vecguard.redteam.peers import Alloy


def unprotected(documents: Floats, queries: Floats) -> View:
    """Nothing is done."""
    return _seen(Bare(), documents, queries)


def noise_only(documents: Floats, queries: Floats, *, noise: float, seed: int) -> View:
    """Normal noise of relative length r on the documents."""
    return _seen(NoiseOnly(noise), documents, queries, seed)


def rotation_only(documents: Floats, queries: Floats, *, seed: int) -> View:
    """A secret Haar rotation of both sides."""
    return _seen(Rotation(), documents, queries, seed)


def permutation(documents: Floats, queries: Floats, *, seed: int) -> View:
    """A secret order of the components."""
    return _seen(Permutation(), documents, queries, seed)


def sap(documents: Floats, queries: Floats, *, beta: float, seed: int, shuffled: bool = False) -> View:
    """Scale-and-perturb on both sides, r = beta / 4."""
    return _seen(ScaleAndPerturb(beta, shuffled), documents, queries, seed)


def int8(documents: Floats, queries: Floats) -> View:
    """Scalar quantisation to 256 levels."""
    return _seen(Int8.fitted(documents), documents, queries)


def binary(documents: Floats, queries: Floats) -> View:
    """Signs of the documents' components."""
    return _seen(Binary(), documents, queries)


def projection(documents: Floats, queries: Floats, *, dimensions: int, seed: int) -> View:
    """Random projection to other dimensions (Johnson & Lindenstrauss 1984), normal entries of variance 1 / k.

    `dimensions` may be more than d here, which `vecguard.redteam.baselines.Projection`, orthonormal, cannot have.
    """
    drawn = np.random.default_rng(seed).standard_normal((documents.shape[1], dimensions)) / np.sqrt(dimensions)
    return View(np.asarray(documents @ drawn, dtype=np.float32), np.asarray(queries @ drawn, dtype=np.float32))


def alloy(documents: Floats, queries: Floats, *, approximation_factor: float, seed: int) -> View:
    """Encrypt with IronCore's own library."""
    return _seen(Alloy(approximation_factor), documents, queries, seed)


def _seen(defence: Defence, documents: Floats, queries: Floats, seed: int = 0) -> View:
    asked = defence.asked(queries, Key(seed))
    return View(defence.stored(documents, Key(seed)), queries if asked is None else asked)
