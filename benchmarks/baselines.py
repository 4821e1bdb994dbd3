"""What else is done to stored vectors, for comparison. None of it can be configured in VecGuard as a defence.

Each function takes exact unit vectors, documents (N, d) and queries (m, d), and returns what a store would hold and be
asked. `seed` makes the key or the noise. Against whoever knows the scheme and trains on its output, int8, binary,
projection and permutation hide next to nothing, whatever they cost (docs/protect-quality.md).
"""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.calibration.simulate import View


def unprotected(documents: Floats, queries: Floats) -> View:
    """Nothing is done."""
    return View(documents, queries)


def noise_only(documents: Floats, queries: Floats, *, noise: float, seed: int) -> View:
    """Normal noise of relative length r on the documents (Morris et al. 2023, "Text Embeddings Reveal ...", 6)."""
    drawn = np.random.default_rng(seed).standard_normal(documents.shape)
    return View(_single(documents + noise / np.sqrt(documents.shape[1]) * drawn), queries)


def rotation_only(documents: Floats, queries: Floats, *, seed: int) -> View:
    """A secret Haar rotation of both sides (Mezzadri 2007): every angle between rows stays visible."""
    turn = haar(documents.shape[1], seed)
    return View(_single(documents @ turn.T), _single(queries @ turn.T))


def permutation(documents: Floats, queries: Floats, *, seed: int) -> View:
    """A secret order of the components ("shuffling"): a rotation of d! possible ones."""
    order = np.random.default_rng(seed).permutation(documents.shape[1])
    return View(np.ascontiguousarray(documents[:, order]), np.ascontiguousarray(queries[:, order]))


def sap(documents: Floats, queries: Floats, *, beta: float, seed: int, shuffled: bool = False) -> View:
    """Scale-and-perturb, c = s Q m + l with l uniform in a ball of radius s beta / 4, on both sides; s cancels.

    Fuchsbauer, Ghosal, Hauke & O'Neill 2021 (ePrint 2021/1666), SAP-I: distances that differ by more than beta keep
    their order. In high dimensions |l| is about beta / 4, so r = beta / 4. `shuffled` permutes components in place of
    Q, as IronCore's Alloy does.
    """
    key = np.random.default_rng(seed)
    turned = (permutation if shuffled else rotation_only)(documents, queries, seed=seed)
    return View(
        _single(turned.stored + _ball(documents.shape, beta / 4, key)),
        _single(turned.asked + _ball(queries.shape, beta / 4, key)),
    )


def int8(documents: Floats, queries: Floats) -> View:
    """Scalar quantisation to 256 levels between the extremes of each component, as FAISS's SQ8 does."""
    low, high = documents.min(axis=0), documents.max(axis=0)
    step = np.where(high > low, (high - low) / 255.0, 1.0)
    return View(_single(np.round((documents - low) / step) * step + low), queries)


def binary(documents: Floats, queries: Floats) -> View:
    """Signs of the documents' components, one bit each; queries stay as they are."""
    return View(_single(np.where(documents >= 0, 1.0, -1.0)), queries)


def projection(documents: Floats, queries: Floats, *, dimensions: int, seed: int) -> View:
    """Random projection to fewer dimensions (Johnson & Lindenstrauss 1984), normal entries of variance 1 / k."""
    drawn = np.random.default_rng(seed).standard_normal((documents.shape[1], dimensions)) / np.sqrt(dimensions)
    return View(_single(documents @ drawn), _single(queries @ drawn))


def haar(dimension: int, seed: int) -> Doubles:
    """Draw an orthogonal matrix (d, d) by Haar measure."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((dimension, dimension)))
    turn: Doubles = q * np.sign(np.diag(r))
    return turn


def _ball(shape: tuple[int, ...], radius: float, key: np.random.Generator) -> Doubles:
    """Draw rows uniform in a ball: uniform directions, the radius by the d-th root of a uniform number."""
    direction = key.standard_normal(shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    drawn: Doubles = direction * radius * key.random((shape[0], 1)) ** (1.0 / shape[1])
    return drawn


def _single(rows: Any) -> Floats:
    return np.asarray(rows, dtype=np.float32)


class Alloy:
    """IronCore's own library, where it is installed (AGPL; never a dependency). `available()` says whether it is."""

    def __init__(self, approximation_factor: float, seed: int) -> None:
        alloy: Any = importlib.import_module("ironcore_alloy")
        secret = alloy.StandaloneSecret(1, alloy.Secret(np.random.default_rng(seed).bytes(64)))
        vectors = {"v": alloy.VectorSecret(approximation_factor, alloy.RotatableSecret(secret, None))}
        settings = alloy.StandaloneConfiguration(alloy.StandardSecrets(None, []), {}, vectors)
        self._alloy = alloy
        self._vectors = alloy.Standalone(settings).vector()
        self._who = alloy.AlloyMetadata.new_simple("benchmark")

    @staticmethod
    def available() -> bool:
        return importlib.util.find_spec("ironcore_alloy") is not None

    def encrypt(self, rows: Floats) -> Floats:
        """Encrypt (n, d) as stored vectors are."""
        done = asyncio.run(self._vectors.encrypt_batch(self._plain(rows), self._who)).successes
        return _single([done[str(row)].encrypted_vector for row in range(len(rows))])

    def queries(self, rows: Floats) -> Floats:
        """Encrypt (n, d) as queries are."""
        done = asyncio.run(self._vectors.generate_query_vectors(self._plain(rows), self._who))
        return _single([done[str(row)][0].encrypted_vector for row in range(len(rows))])

    def _plain(self, rows: Floats) -> dict[str, Any]:
        make = self._alloy.PlaintextVector
        return {
            str(at): make(plaintext_vector=row, secret_path="v", derivation_path="d")
            for at, row in enumerate(rows.tolist())
        }


def alloy(documents: Floats, queries: Floats, *, approximation_factor: float, seed: int) -> View:
    """Encrypt with the real library."""
    library = Alloy(approximation_factor, seed)
    return View(library.encrypt(documents), library.queries(queries))
