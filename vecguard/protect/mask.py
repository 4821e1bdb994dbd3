"""Masking: perturbation for everyone, encryption for whoever lacks the key.

    y = Q x + r z

for the exact unit vector x, the keyed rotation Q of the collection (or of the owner), and z a keyed normal vector of
length about 1, times the one dial r. The guard makes z again and subtracts it. What is stored has a
direction, that of y, and the length of x to within 4.5 % (so that inner-product and L2 stores rank it as they would x;
1 where the guard ranks), cast once to float32.

Random: Q under the collection's key or the owner's, z under the owner's. z is seeded by everything that may change:
scheme, r, the embedder, collection, owner, record and content. The same content under the same id is bit-identical, and
leaves nothing to average; any other content draws afresh, which leaves nothing to subtract.

A draw that by chance leaves a row nearer than 1/sqrt(1 + r^2) + .05 to its exact vector is drawn again (about 1 row in
80 at r = 1, d = 384): the dial is a bound on every row, not only on their mean.

Guarantee: none that is formal. Against a thief without the keys the angle to x is that of noise of relative length r
in an unknown basis. Once Q is known (from some d/3 pairs of known texts or queries), y still has cosine
1/sqrt(1 + r^2) to x, and r is all that is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.protect.masked import RotatedQuery, mint_masked, mint_query
from vecguard.protect.noise import SEED_BYTES, standard_normals
from vecguard.protect.rotation import rotation
from vecguard.records import Embedded, Protected, VectorSeal, made_by
from vecguard.space import Space

SCHEME = "mask.1"
_QUERY_SCHEME = "query.1"

# After unmasking, a row that is what we stored has length 1 up to the store's rounding, which the noise magnifies by r.
_TOLERANCE = 2e-2
_TOLERANCE_PER_NOISE = 2e-3

_STEPS = 8  # lengths per octave: one that is shown is right to 4.5 %
_MARGIN = 0.05  # of cosine, above its expectation, that a row may have
_DRAWS = 32  # in a few dimensions no draw may do; then the last one stands


class Mask:
    """The mechanism `y = Q x + r z`. `noise` is r; `turned` says whether Q is used (ranking here needs none).

    Q is the collection's, or the owner's with `own_rotation`. `query_noise` is the r of what a store is asked with: the
    same query of the same owner is always the same vector there, and no clean image under Q.
    """

    def __init__(self, *, noise: float, turned: bool, own_rotation: bool = False, query_noise: float = 0.0) -> None:
        self._noise = noise
        self._turned = turned
        self._own = own_rotation
        self._query_noise = query_noise

    def __repr__(self) -> str:
        return f"<Mask r={self._noise:g}{' rotated' if self._turned else ''}>"

    def protect(self, embedded: Embedded, space: Space) -> Protected:
        """Mask exact vectors (m, d): float64 throughout, one cast at the end."""
        embedded = made_by(Embedded, embedded)
        if not embedded.rows:  # every record keeps the vector that it has
            return assembled(embedded, embedded.vectors, [])
        exact = embedded.vectors.astype(np.float64)
        lengths = norms(exact)
        ids = [embedded.bodies[row].backend_id for row in embedded.rows]
        unit = exact / lengths[:, None]
        turned = unit @ self._rotation(space, exact.shape[1]).T if self._turned else unit
        masked, draws = self._perturbed(turned, ids, embedded.digests, space)
        scales = norms(masked)
        stored = (masked * (self._shown(lengths) / scales)[:, None]).astype(np.float32)
        columns = zip(embedded.digests, lengths, scales, embedded.sources, draws, strict=True)
        seals = [
            VectorSeal(digest, float(length), float(scale), source, draw)
            for digest, length, scale, source, draw in columns
        ]
        return assembled(embedded, stored, seals)

    def _shown(self, lengths: Doubles) -> Doubles:
        """Return the lengths (m,) that a store gets to see: enough to rank by, too coarse to know a text by.

        An embedder that does not normalise gives every text a length of its own. Where the guard ranks, all are 1.
        """
        coarse: Doubles = np.exp2(np.round(np.log2(lengths) * _STEPS) / _STEPS)
        return coarse if self._turned else np.ones_like(lengths)

    def _perturbed(
        self, turned: Doubles, ids: Sequence[str], digests: Sequence[bytes], space: Space
    ) -> tuple[Doubles, list[int]]:
        """Add noise to unit rows (n, d), drawing again where chance left a row too near to what it hides."""
        draws = [0] * len(ids)
        masked = turned + self._noise_of(ids, digests, draws, turned.shape[1], space)
        highest = 1.0 / np.sqrt(1.0 + self._noise**2) + _MARGIN
        for draw in range(1, _DRAWS):
            cosines = np.einsum("ij,ij->i", masked, turned) / norms(masked)
            near = [int(row) for row in np.flatnonzero(cosines > highest)]
            if not near or self._noise == 0:
                break
            again = self._noise_of(
                [ids[row] for row in near], [digests[row] for row in near], [draw] * len(near), turned.shape[1], space
            )
            masked[near] = turned[near] + again
            for row in near:
                draws[row] = draw
        return masked, draws

    def query(self, vectors: Floats, space: Space) -> RotatedQuery:
        """Rotate query vectors (m, d) to where the rows are, with sticky noise where the policy asks for it."""
        exact = vectors.astype(np.float64)
        turned = exact @ self._rotation(space, exact.shape[1]).T if self._turned else exact
        if self._query_noise:
            turned = turned + self._noise_of_queries(exact, space)
        return mint_query(turned.astype(np.float32))

    def _noise_of_queries(self, exact: Doubles, space: Space) -> Doubles:
        """Return noise (m, d) that is decided by who asks for what, to three decimals, and by nothing else."""
        lengths = norms(exact)[:, None]
        key, parameters = space.owner_keys.noise, f"{self._query_noise!r}/{exact.shape[1]}"
        rounded = np.round(exact / lengths * 1000.0).astype("<i4")
        seeds = [key.mac(_QUERY_SCHEME, parameters, space.uid, row.tobytes())[:SEED_BYTES] for row in rounded]
        noise: Doubles = self._query_noise / np.sqrt(exact.shape[1]) * standard_normals(key, seeds, exact.shape[1])
        return noise * lengths

    def _rotation(self, space: Space, dimension: int) -> Doubles:
        return rotation((space.owner_keys if self._own else space.collection_keys).rotation, dimension)

    def unmask(
        self, stored: Floats, seals: Sequence[VectorSeal], backend_ids: Sequence[str], space: Space
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Give back the exact vectors (n, d) and, per row, whether it is what was stored.

        Stores may have normalised the rows: only their direction is used, the length comes from the seal. A row that
        was swapped, tampered with or kept by a lossy index does not come back with length 1.
        """
        rows = stored.astype(np.float64)
        lengths = norms(rows)
        scales = np.array([seal.scale for seal in seals])
        masked = rows * np.divide(scales, lengths, out=np.zeros_like(lengths), where=lengths > 0)[:, None]
        digests, draws = [seal.digest for seal in seals], [seal.draw for seal in seals]
        unit = masked - self._noise_of(backend_ids, digests, draws, rows.shape[1], space)
        if self._turned:
            unit = unit @ self._rotation(space, rows.shape[1])
        found = norms(unit)
        # a row of zeros would unmask to the noise alone, whose length at r = 1 passes as well
        genuine = (np.abs(found - 1.0) < _TOLERANCE + _TOLERANCE_PER_NOISE * self._noise) & (lengths > 0)
        exact = unit * (np.array([seal.norm for seal in seals]) / np.where(found > 0, found, 1.0))[:, None]
        return exact.astype(np.float32), genuine

    def turned_back(self, stored: Floats, seals: Sequence[VectorSeal], space: Space) -> Floats:
        """Return stored rows (n, d) in the basis and at the length of the exact ones, with all their noise on."""
        rows = stored.astype(np.float64)
        if self._turned:
            rows = rows @ self._rotation(space, rows.shape[1])
        return at_length(rows, seals).astype(np.float32)

    def _noise_of(
        self, ids: Sequence[str], digests: Sequence[bytes], draws: Sequence[int], dimension: int, space: Space
    ) -> Doubles:
        key = space.owner_keys.noise
        parameters = f"{self._noise!r}/{'own' if self._own else self._turned}/{dimension}"
        seeds = [
            key.mac(SCHEME, parameters, space.uid, space.owner, id_, digest, draw)[:SEED_BYTES]
            for id_, digest, draw in zip(ids, digests, draws, strict=True)
        ]
        unscaled = standard_normals(key, seeds, dimension)
        unscaled *= self._noise / np.sqrt(dimension)
        return unscaled


class Unmasked:
    """No protection: the exact vector is what is stored. For `transparent` only, which no lasting store accepts."""

    def __repr__(self) -> str:
        return "<Unmasked>"

    def protect(self, embedded: Embedded, space: Space) -> Protected:  # noqa: ARG002 - the protocol's signature
        """Store exact vectors (m, d) as they are."""
        embedded = made_by(Embedded, embedded)
        seals = [
            VectorSeal(digest, float(length), float(length), source)
            for digest, length, source in zip(embedded.digests, norms(embedded.vectors), embedded.sources, strict=True)
        ]
        return assembled(embedded, embedded.vectors.copy(), seals)

    def query(self, vectors: Floats, space: Space) -> RotatedQuery:  # noqa: ARG002 - the protocol's signature
        """Query with exact vectors (m, d)."""
        return mint_query(vectors.copy())

    def unmask(
        self,
        stored: Floats,
        seals: Sequence[VectorSeal],
        backend_ids: Sequence[str],
        space: Space,
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Give the rows (n, d) back at their own length."""
        del backend_ids
        return self.turned_back(stored, seals, space), norms(stored) > 0

    def turned_back(
        self,
        stored: Floats,
        seals: Sequence[VectorSeal],
        space: Space,  # noqa: ARG002 - the protocol's signature
    ) -> Floats:
        """Give the rows (n, d) back at their own length."""
        return at_length(stored.astype(np.float64), seals).astype(np.float32)


def at_length(rows: Doubles, seals: Sequence[VectorSeal]) -> Doubles:
    """Give rows (n, d) the lengths of the exact vectors; rows of zeros stay zero."""
    lengths, wanted = norms(rows), np.array([seal.norm for seal in seals])
    scaled: Doubles = rows * np.divide(wanted, lengths, out=np.zeros_like(lengths), where=lengths > 0)[:, None]
    return scaled


def assembled(embedded: Embedded, stored: Floats, seals: list[VectorSeal]) -> Protected:
    """Put masked rows and their seals back among the rows that keep the vector they have."""
    count = len(embedded.bodies)
    fresh = dict(zip(embedded.rows, zip(mint_masked(stored), seals, strict=True), strict=True))
    return Protected(
        bodies=embedded.bodies,
        vectors=tuple(fresh[row][0] if row in fresh else None for row in range(count)),
        seals=tuple(fresh[row][1] if row in fresh else embedded.kept[row] for row in range(count)),
        originals=embedded.originals,
    )
