"""What else is done to stored vectors, so that attackers can be let at it. None of it can be configured as a defence.

Each is what a store holds and is asked, as a `Defence`. Against whoever knows the scheme and trains on its output int8,
binary, projection, permutation, a constant component and a constant factor hide next to nothing, whatever they cost.
Parameters that a scheme publishes (a codebook, a projection) are fields; what it keeps secret follows from the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.protect.eraser import AttributeEraser, Fitter
from vecguard.protect.noise import SEED_BYTES, standard_normals, uniforms
from vecguard.protect.rotation import rotation
from vecguard.redteam.defence import Key, space


@dataclass(frozen=True, slots=True)
class NoiseOnly:
    """Normal noise of relative length r on the rows (Morris et al. 2023, "Text Embeddings Reveal ...", 6)."""

    noise: float

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Return noisy rows; the same id keeps its noise."""
        return _single(exact + self.noise / sqrt(exact.shape[1]) * _normals(exact.shape, key, ids))

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


@dataclass(frozen=True, slots=True)
class Permutation:
    """A secret order of the components ("shuffling"): a rotation of d! possible ones."""

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows with their components in the secret order."""
        return np.ascontiguousarray(exact[:, _order(exact.shape[1], key)])

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Return the queries likewise."""
        return self.stored(queries, key)


@dataclass(frozen=True, slots=True)
class Rotation:
    """A secret Haar rotation (Mezzadri 2007): every angle between rows stays visible."""

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows turned."""
        return _single(exact @ rotation(space(key).collection_keys.rotation, exact.shape[1]).T)

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Return the queries turned."""
        return self.stored(queries, key)


@dataclass(frozen=True, slots=True)
class ScaleAndPerturb:
    """Scale-and-perturb, c = s Q m + l with l uniform in a ball of radius s beta / 4, on both sides; s cancels.

    Fuchsbauer, Ghosal, Hauke & O'Neill 2021 (ePrint 2021/1666), SAP-I: distances that differ by more than beta keep
    their order. In high dimensions |l| is about beta / 4, so r = beta / 4. `shuffled` permutes components in place of
    Q, as IronCore's Alloy does.
    """

    beta: float
    shuffled: bool = False

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Return the rows turned and perturbed; the same id keeps its perturbation."""
        turned = (Permutation() if self.shuffled else Rotation()).stored(exact, key)
        return _single(turned + _ball(exact.shape, self.beta / 4, key, ids))

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Return the queries turned and perturbed, each by its own draw."""
        return self.stored(queries, key, [f"query {i}" for i in range(len(queries))])


@dataclass(frozen=True, slots=True)
class Int8:
    """Scalar quantisation to 256 levels between the extremes of each component, as FAISS's SQ8 does. No key.

    `low` and `step` (d,) are the codebook, which lies in the index.
    """

    low: Floats = field(repr=False)
    step: Floats = field(repr=False)

    @classmethod
    def fitted(cls, rows: Floats) -> Self:
        """Take the codebook of rows (n, d)."""
        low, high = rows.min(axis=0), rows.max(axis=0)
        return cls(low, _single(np.where(high > low, (high - low) / 255.0, 1.0)))

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows as the codes say."""
        codes = np.clip(np.round((exact - self.low) / self.step), 0, 255)
        return _single(codes * self.step + self.low)

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


@dataclass(frozen=True, slots=True)
class Binary:
    """Signs of the rows' components, one bit each; queries stay as they are. No key."""

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return signs, as 1 and -1."""
        return _single(np.where(exact >= 0, 1.0, -1.0))

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


@dataclass(frozen=True, slots=True)
class Projection:
    """Orthogonal projection on `dimensions` random directions (Johnson & Lindenstrauss 1984, made orthonormal). No key.

    Rows are written in the d coordinates that they came from: the directions are public, so that this is the same
    information, and a store ranks it in the same order.
    """

    dimensions: int
    seed: int = 0

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return what is left of the rows: (n, d) of rank k."""
        drawn = np.random.default_rng(self.seed).standard_normal((exact.shape[1], self.dimensions))
        directions = np.linalg.qr(drawn)[0]
        return _single(exact @ directions @ directions.T)

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries: what they have beside the directions meets nothing."""
        return queries


@dataclass(frozen=True, slots=True)
class Constant:
    """The first component overwritten by a constant. No key.

    Masking in Chen, Lent & Bjerva 2024, "Text Embedding Inversion Security for Multilingual Language Models".
    """

    value: float = 1.0

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows with the constant in place."""
        rows = exact.copy()
        rows[:, 0] = self.value
        return rows

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


@dataclass(frozen=True, slots=True)
class Scaled:
    """All components times a constant, on both sides: x -> -2.6 x (Zhuang et al. 2024, in the code of their paper)."""

    factor: float = -2.6

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows multiplied."""
        return _single(exact * self.factor)

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Return the queries multiplied."""
        return self.stored(queries, key)


@dataclass(frozen=True, slots=True)
class NominalLaplace:
    """Laplace noise of scale 2 / epsilon per component, as articles write it, at the length 1 again.

    2 is the sensitivity in L2 of a unit vector, and Laplace noise is measured in L1: the epsilon of this is sqrt(d)
    times the one it is called by (`vecguard.protect.laplace` has the right one).
    """

    epsilon: float

    def noise(self, dimension: int) -> float:
        """Return r in this dimension."""
        return 2.0 / self.epsilon * sqrt(2.0 * dimension)

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Return noisy rows at length 1; the same id keeps its noise."""
        drawn = uniforms(space(key).owner_keys.noise, _seeds(len(exact), ids), exact.shape[1]) - 0.5
        noisy = exact - 2.0 / self.epsilon * np.sign(drawn) * np.log1p(-2.0 * np.abs(drawn))
        return _single(noisy / np.linalg.norm(noisy, axis=1, keepdims=True))

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


@dataclass(frozen=True, slots=True)
class Erased:
    """An attribute taken from rows and queries (LEACE, `vecguard.protect.eraser`). No key; nothing else is hidden."""

    attribute: str
    eraser: AttributeEraser = field(repr=False)

    @classmethod
    def fitted(cls, attribute: str, rows: Floats, values: Sequence[str]) -> Self:
        """Fit to rows (n, d) and the attribute's value for each. Raises `BadInput` where there is one value only."""
        names, classes = np.unique(np.asarray(values), return_inverse=True)
        fitter = Fitter(dimension=rows.shape[1], classes=max(2, len(names)))
        fitter.update(rows, classes)
        return cls(attribute, fitter.fit())

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows without the attribute."""
        return self.eraser.erase(exact)

    def asked(self, queries: Floats, key: Key) -> Floats:  # noqa: ARG002 - protocol
        """Return the queries."""
        return queries


def _order(dimension: int, key: Key) -> NDArray[np.intp]:
    drawn = standard_normals(space(key).collection_keys.rotation, [bytes(SEED_BYTES)], dimension)
    return np.argsort(drawn[0])


def _seeds(count: int, ids: Sequence[str] | None) -> list[bytes]:
    names = ids if ids is not None else [str(i) for i in range(count)]
    return [hashlib.sha256(name.encode()).digest()[:SEED_BYTES] for name in names]


def _normals(shape: tuple[int, ...], key: Key, ids: Sequence[str] | None) -> Doubles:
    return standard_normals(space(key).owner_keys.noise, _seeds(shape[0], ids), shape[1])


def _ball(shape: tuple[int, ...], radius: float, key: Key, ids: Sequence[str] | None) -> Doubles:
    """Draw rows uniform in a ball: uniform directions, the radius by the d-th root of a uniform number."""
    direction = _normals(shape, key, ids)
    direction /= norms(direction)[:, None]
    part = uniforms(space(key).owner_keys.noise.derive("radius"), _seeds(shape[0], ids), 1)
    drawn: Doubles = direction * radius * part ** (1.0 / shape[1])
    return drawn


def _single(rows: Any) -> Floats:
    return np.asarray(rows, dtype=np.float32)
