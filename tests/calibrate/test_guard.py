"""`guard.calibrate`: what it measures is what the guard would store, scrubbed and embedded by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from vecguard import EmbedderNeeded, Policy
from vecguard.testing import word_hash

WORDS = ["heart", "lung", "liver", "ward", "fever", "cough", "rash", "pain", "dose", "scan", "night", "clinic"]


def corpus(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=6)) for _ in range(count)]


def test_it_calibrates_on_scrubbed_texts_with_the_guards_embedder(guard_of: Callable[..., Any]) -> None:
    """The embedder never sees a name; the policy that comes back is the guard's own with another r and K."""
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> Any:
        seen.extend(texts)
        return word_hash(48)(texts)

    guard = guard_of(Policy(texts="clear"), embedder=embed)
    texts, queries = corpus(600, 1), corpus(240, 2)
    texts[3] += " of Dr. Sarah Johnson"
    grades = {
        at: {int(np.argmax(word_hash(48)([query]) @ word_hash(48)(texts).T)): 1.0} for at, query in enumerate(queries)
    }
    found = guard.calibrate(texts, queries, grades, budget=0.05, seeds=5, max_over_fetch=200)
    assert not any("Johnson" in text for text in seen)
    assert found.noise > 0
    assert found.policy(guard.policy).texts == "clear"
    assert found.policy(guard.policy).vectors.over_fetch == found.over_fetch


def test_without_an_embedder_there_is_nothing_to_measure(guard_of: Callable[..., Any]) -> None:
    with pytest.raises(EmbedderNeeded):
        guard_of(embedder=None).calibrate(corpus(20, 1), corpus(20, 2))
