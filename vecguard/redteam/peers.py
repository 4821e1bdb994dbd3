"""Other people's products as defences, where they are installed; none is a dependency of this project.

Each runs as its own documentation uses it, with a key that follows from a number. Where it can draw from a seed it
does; Alloy draws afresh in every call, so that its figures repeat within their interval only.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.defence import Defence, Key


@dataclass(frozen=True, slots=True)
class Alloy:
    """IronCore's Alloy (AGPL): components shuffled, then scale-and-perturb on both sides; r is about the factor / 4.

    `approximation_factor` is beta: sqrt(5) in Alloy's own tests; its documentation starts at sqrt(largest component).
    """

    approximation_factor: float = 5**0.5

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Encrypt rows as stored vectors are."""
        alloy, vectors, who = self._opened(key)
        done = asyncio.run(vectors.encrypt_batch(_plain(alloy, exact), who)).successes
        return _single([done[str(row)].encrypted_vector for row in range(len(exact))])

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Encrypt rows as queries are."""
        alloy, vectors, who = self._opened(key)
        done = asyncio.run(vectors.generate_query_vectors(_plain(alloy, queries), who))
        return _single([done[str(row)][0].encrypted_vector for row in range(len(queries))])

    def _opened(self, key: Key) -> tuple[Any, Any, Any]:
        alloy = _imported("ironcore_alloy")
        secret = alloy.StandaloneSecret(1, alloy.Secret(_secret(key, 64)))
        settings = {"v": alloy.VectorSecret(self.approximation_factor, alloy.RotatableSecret(secret, None))}
        whole = alloy.StandaloneConfiguration(alloy.StandardSecrets(None, []), {}, settings)
        return alloy, alloy.Standalone(whole).vector(), alloy.AlloyMetadata.new_simple("benchmark")


@dataclass(frozen=True, slots=True)
class Hadamask:
    """hadamask with its dense transform, which keeps the dimension: a keyed rotation of both sides."""

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:  # noqa: ARG002 - protocol
        """Return the rows as its `Protector` encodes them."""
        hadamask = _imported("hadamask")
        protector = hadamask.Protector(hadamask.MasterKey(_secret(key, 32)), transform="dense")
        return _single(protector.encode(exact))

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Return the queries likewise."""
        return self.stored(queries, key)


@dataclass(frozen=True, slots=True)
class PrivRag:
    """privrag-guard as it comes: bounded noise of a tenth, and a keyed rotation of both sides."""

    noise: float = 0.1

    def stored(self, exact: Floats, key: Key, ids: Sequence[str] | None = None) -> Floats:
        """Return the rows as its guard protects a batch."""
        seed = int.from_bytes(hashlib.sha256(repr(ids).encode()).digest()[:4], "big")
        privrag = _imported("privrag")
        guard = privrag.PrivRAGGuard(noise_fraction=self.noise, key_seed=_secret(key, 32), random_state=seed)
        return _single(guard.protect_batch(exact))

    def asked(self, queries: Floats, key: Key) -> Floats:
        """Return the queries likewise, with noise of their own."""
        return self.stored(queries, key, ["queries"])


PEERS: Final[Mapping[str, tuple[str, Callable[[], Defence]]]] = MappingProxyType(
    {
        "alloy": ("ironcore_alloy", Alloy),
        "hadamask": ("hadamask", Hadamask),
        "privrag": ("privrag", PrivRag),
    }
)
"""Name -> the module that has to be there, and what makes the defence."""


def installed(name: str) -> bool:
    """Say whether the module of a peer can be imported."""
    return importlib.util.find_spec(PEERS[name][0]) is not None


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise ImportError(f"this comparison needs the package of `{module}`, which is not installed") from missing


def _secret(key: Key, size: int) -> bytes:
    """Make the victim's key of a number. Owners of one collection share it, as tenants of an application would."""
    return np.random.default_rng(key.collection).bytes(size)


def _plain(alloy: Any, rows: Floats) -> dict[str, Any]:
    where = {"secret_path": "v", "derivation_path": "d"}
    return {str(at): alloy.PlaintextVector(plaintext_vector=row, **where) for at, row in enumerate(rows.tolist())}


def _single(rows: Any) -> Floats:
    return np.asarray(rows, dtype=np.float32)
