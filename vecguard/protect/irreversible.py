"""Noise that nobody can take off, the guard included.

    y = Q normalise(x + noise)

for the exact vector x at length 1, noise of a mechanism drawn once from fresh bits of the operating system that are
forgotten at once, and the collection's keyed rotation Q. The guard undoes Q and has the noisy vector, which is all that
there is: scores, re-ranking and "like this record" are of it. The exact length is neither stored nor sealed, for it is
a function of the text: every row has length 1, and inner product and L2 rank as cosine does.

Random: the noise under a secret that is gone, Q under the collection's key. Guarantee: that of the mechanism, for one
draw, against whoever has neither the keys nor the text. The seal of the row holds a digest of the content and, unless
the policy drops texts, the text itself: whoever has the keys reads those and need not invert anything.

Sticky: content that is written again under its id keeps the stored vector, for a second draw could be averaged with the
first. Draws afresh, and so composes: other content, another id, a delete and a new insert, an expired row, and a
caller's vector whose last bits moved across a rounding border. A host that hides rows, or refuses writes after it saw
them, gets fresh draws too, and so do two writers of one new record at once; nothing here prevents that. A stored vector
that was tampered with stays so until its record is deleted. Cost: the mechanism's draws, and one product with Q.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats
from vecguard.protect.draws import FreshDraws
from vecguard.protect.gaussian import Gaussian
from vecguard.protect.laplace import Laplace
from vecguard.protect.mask import assembled, at_length
from vecguard.protect.masked import RotatedQuery, mint_query
from vecguard.protect.metric import L2Metric
from vecguard.protect.perturbation import Mechanism, unit_rows
from vecguard.protect.purkayastha import Purkayastha
from vecguard.protect.rotation import rotation
from vecguard.protect.sketch import matching, sketches
from vecguard.records import Embedded, Protected, VectorSeal, made_by
from vecguard.space import Space

MechanismName: TypeAlias = Literal["gaussian", "laplace", "metric", "purkayastha"]


class _Dialled(Protocol):
    """A mechanism that the one dial can build."""

    @classmethod
    def with_noise(cls, noise: float, *, dimension: int) -> Mechanism: ...


MECHANISMS: dict[MechanismName, type[_Dialled]] = {
    "gaussian": Gaussian,
    "laplace": Laplace,
    "metric": L2Metric,
    "purkayastha": Purkayastha,
}


@lru_cache(maxsize=64)
def dialled(name: MechanismName, noise: float, dimension: int) -> Mechanism:
    """Return the mechanism of this name with noise of relative length r in a dimension."""
    return MECHANISMS[name].with_noise(noise, dimension=dimension)


class Irreversible:
    """The protector of a policy with `non_recoverable`. `noise` is r; `name` says which mechanism draws it.

    Q is the collection's, or the owner's with `own_rotation`.
    """

    def __init__(self, *, noise: float, name: MechanismName, own_rotation: bool = False) -> None:
        self._own = own_rotation
        self._noise = noise
        self._name: MechanismName = name

    def __repr__(self) -> str:
        return f"<Irreversible {self._name} r={self._noise:g}>"

    def protect(self, embedded: Embedded, space: Space) -> Protected:
        """Draw noise for exact vectors (m, d) whose content is not on the shelf yet; the others keep what they have."""
        embedded = _without_unchanged(made_by(Embedded, embedded))
        if not embedded.rows:
            return assembled(embedded, embedded.vectors, [])
        mechanism = dialled(self._name, self._noise, embedded.vectors.shape[1])
        noisy = unit_rows(mechanism.perturb(embedded.vectors, FreshDraws()))
        stored = self._turned(noisy, space).astype(np.float32)
        columns = zip(embedded.digests, embedded.sources, sketches(unit_rows(stored), space), strict=True)
        return assembled(embedded, stored, [VectorSeal(d, 1.0, 1.0, source, sketch=s) for d, source, s in columns])

    def query(self, vectors: Floats, space: Space) -> RotatedQuery:
        """Rotate query vectors (m, d) into the collection's space. No noise: a query is not what is protected here."""
        return mint_query(self._turned(vectors.astype(np.float64), space).astype(np.float32))

    def unmask(
        self, stored: Floats, seals: Sequence[VectorSeal], backend_ids: Sequence[str], space: Space
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Give back the noisy vectors (n, d) at length 1 and, per row, whether it is what was stored."""
        del backend_ids  # the seal was opened under them
        genuine = matching(at_length(stored.astype(np.float64), seals), [seal.sketch for seal in seals], space)
        return self.turned_back(stored, seals, space), genuine

    def turned_back(self, stored: Floats, seals: Sequence[VectorSeal], space: Space) -> Floats:
        """Return stored rows (n, d) in the basis of the exact ones: all that there is of them, noise and all."""
        exact = stored.astype(np.float64) @ self._rotation(space, stored.shape[1])
        return at_length(exact, seals).astype(np.float32)

    def _turned(self, rows: Doubles, space: Space) -> Doubles:
        turned: Doubles = rows @ self._rotation(space, rows.shape[1]).T
        return turned

    def _rotation(self, space: Space, dimension: int) -> Doubles:
        return rotation((space.owner_keys if self._own else space.collection_keys).rotation, dimension)


def _without_unchanged(embedded: Embedded) -> Embedded:
    """Move rows whose content is what their previous version was made of to those that keep their vector."""
    held = embedded.held
    unchanged = {
        row: held[row]
        for row, digest in zip(embedded.rows, embedded.digests, strict=True)
        if row in held and held[row].digest == digest
    }
    if not unchanged:
        return embedded
    fresh = [at for at, row in enumerate(embedded.rows) if row not in unchanged]
    return replace(
        embedded,
        rows=tuple(embedded.rows[at] for at in fresh),
        vectors=embedded.vectors[fresh],
        sources=tuple(embedded.sources[at] for at in fresh),
        digests=tuple(embedded.digests[at] for at in fresh),
        kept={**embedded.kept, **unchanged},
    )
