"""Draws from fixed keys, so that statistical tests say the same every time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vecguard.arrays import Floats
from vecguard.keys import Secret
from vecguard.protect.draws import KeyedDraws


@pytest.fixture
def draws_of() -> Callable[..., KeyedDraws]:
    """A factory of keyed draws: one seed per row."""

    def make(rows: int, key: int = 1) -> KeyedDraws:
        return KeyedDraws(Secret(bytes([key]) * 32), [number.to_bytes(12, "big") for number in range(rows)])

    return make


@pytest.fixture
def axis() -> Callable[[int, int], Floats]:
    """`axis(n, d)`: n copies of the first unit vector."""

    def make(rows: int, dimension: int) -> Floats:
        vectors = np.zeros((rows, dimension), dtype=np.float32)
        vectors[:, 0] = 1.0
        return vectors

    return make
