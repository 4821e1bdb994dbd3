"""Guards over files or memory, index templates, and vectors to put in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from vecguard import Guard, Keyring, Policy
from vecguard.testing import word_hash

D = 24

TEMPLATES = {
    "flat-l2": lambda: faiss.IndexFlatL2(D),
    "flat-ip": lambda: faiss.IndexFlatIP(D),
    "flat-by-metric": lambda: faiss.IndexFlat(D, faiss.METRIC_INNER_PRODUCT),
    "hnsw-l2": lambda: faiss.IndexHNSWFlat(D, 16),
    "hnsw-ip": lambda: faiss.IndexHNSWFlat(D, 16, faiss.METRIC_INNER_PRODUCT),
}


@pytest.fixture(params=TEMPLATES, ids=list(TEMPLATES))
def template(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """A maker of empty indexes of each supported plain type."""
    return TEMPLATES[request.param]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def rows(rng: np.random.Generator) -> np.ndarray:
    """Forty vectors of different lengths."""
    return (rng.standard_normal((40, D)) * rng.uniform(0.5, 3, (40, 1))).astype(np.float32)


@pytest.fixture
def queries(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((6, D)).astype(np.float32)


class Site:
    """One key file and one state database, on which guards are opened afresh as new processes would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = f"sqlite:///{folder / 'state.db'}"
        self.keys = folder / "key"
        Keyring.generate(self.keys)
        self._guards: list[Guard] = []

    def guard(self, policy: Policy | None = None, **options: Any) -> Guard:
        settings = {"keys": Keyring.from_file(self.keys), "state": self.state, "embedder": word_hash(D)} | options
        self._guards.append(Guard(policy or Policy(), **settings))
        return self._guards[-1]

    def close(self) -> None:
        for each in self._guards:
            each.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def guard() -> Iterator[Guard]:
    """A balanced guard in memory."""
    made = Guard(Policy.balanced(), keys=Keyring.ephemeral(), state=":memory:", embedder=word_hash(D))
    yield made
    made.close()
