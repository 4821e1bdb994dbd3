"""A deterministic embedder without a model: texts that share words are near each other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from vecguard.arrays import Floats

_WORD = re.compile(r"\w+")


def word_hash(dimension: int = 64) -> Callable[[Sequence[str]], Floats]:
    """Return an embedder: each word is a fixed random direction, a text the unit sum of its words, (n, d) float32."""

    @lru_cache(maxsize=100_000)
    def direction(word: str) -> Floats:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)

    def embed(texts: Sequence[str]) -> Floats:
        rows = np.stack([sum((direction(word) for word in _words(text)), np.zeros(dimension)) for text in texts])
        unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit

    return embed


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower()) or [text or "empty"]
