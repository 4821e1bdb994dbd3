"""A corpus of made vectors: topics on the sphere, documents around them, queries that ask for one document each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vecguard.calibration import Task

ROWS, DIMENSION = 1_500, 96


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="session")
def task_of() -> Callable[..., Task]:
    """A factory of tasks: `queries` of them, each near one document; that and a far one are relevant to it."""

    def make(queries: int = 300, *, judged: bool = True, seed: int = 0) -> Task:
        draw = np.random.default_rng(seed)
        falling = 1 / np.sqrt(1 + np.arange(DIMENSION) / 8)  # some directions matter more, as in real embeddings
        topics = unit(falling * draw.standard_normal((60, DIMENSION)))
        documents = unit(topics[draw.integers(0, 60, ROWS)] + 0.2 * falling * draw.standard_normal((ROWS, DIMENSION)))
        wanted = draw.choice(ROWS, queries, replace=False)
        asked = unit(documents[wanted] + 0.28 * falling * draw.standard_normal((queries, DIMENSION)))
        grades = {query: {int(at): 2.0, int(at + 1) % ROWS: 1.0} for query, at in enumerate(wanted)}
        return Task.of(documents, asked, grades=grades if judged else None, corpus="made", embedder="none")

    return make
