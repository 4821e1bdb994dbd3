"""The dictionary attacker: whoever can guess texts embeds the guesses and looks which stored vector is nearest.

The strongest attack per second of computing on undefended vectors (every text in its dictionary is recognised). Against
a rotation it first needs pairs of a text and its stored vector, from which the rotation follows by orthogonal
Procrustes (Schoenemann 1966); every text that lies in clear beside its vector is such a pair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecguard.arrays import Doubles, Floats, norms


def recognised(stored: Floats, guesses: Floats, truth: Sequence[int]) -> float:
    """Return the share of stored vectors (n, d) whose nearest guess (m, d) by cosine is the right one, `truth[i]`."""
    if not len(stored):
        return 0.0
    best = np.argmax(_unit(stored) @ _unit(guesses).T, axis=1)
    return float(np.mean(best == np.asarray(truth)))


def realigned(stored: Floats, known: Sequence[int], exact: Floats) -> Floats:
    """Undo a rotation by the pairs (stored[known], exact): returns all stored vectors (n, d) in the exact space."""
    u, _, vt = np.linalg.svd(_unit(exact).T @ _unit(stored[list(known)]))
    turned: Floats = (_unit(stored) @ (u @ vt).T).astype(np.float32)
    return turned


def _unit(rows: Floats) -> Doubles:
    unit: Doubles = rows / np.maximum(norms(rows), 1e-30)[:, None]
    return unit
