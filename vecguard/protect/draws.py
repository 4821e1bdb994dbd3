"""Where a mechanism's randomness comes from: a secret that is forgotten, or a key that can make it again.

No generator of the process is involved in either, so `numpy.random.seed` neither changes a draw nor is advanced by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vecguard.arrays import Doubles
from vecguard.errors import BadInput
from vecguard.keys import Secret, new_secret
from vecguard.protect.noise import SEED_BYTES, standard_normals, uniforms


class Draws(Protocol):
    """Independent random numbers, float64, shape (rows, columns). No two calls share a number."""

    def uniforms(self, rows: int, columns: int) -> Doubles:
        """Draw from the open interval (0, 1)."""
        ...

    def normals(self, rows: int, columns: int) -> Doubles:
        """Draw standard normals."""
        ...


class FreshDraws:
    """Draws that nobody can make again: AES-256-CTR under 256 fresh bits of the operating system.

    The secret is in no file and no attribute that leaves this object, and it goes when the object goes.
    """

    __slots__ = ("_key", "_rows")

    def __init__(self) -> None:
        self._key = new_secret()
        self._rows = 0

    def __repr__(self) -> str:
        return "<FreshDraws>"

    def uniforms(self, rows: int, columns: int) -> Doubles:
        """Draw from the open interval (0, 1)."""
        return uniforms(self._key, self._seeds(rows), columns)

    def normals(self, rows: int, columns: int) -> Doubles:
        """Draw standard normals."""
        return standard_normals(self._key, self._seeds(rows), columns)

    def _seeds(self, rows: int) -> list[bytes]:
        first, self._rows = self._rows, self._rows + rows
        return [number.to_bytes(SEED_BYTES, "big") for number in range(first, first + rows)]


class KeyedDraws:
    """Draws that whoever has the key and the seeds can make again, one seed of 12 bytes per row.

    For sticky noise and for tests. A row's numbers depend on the key, its seed and the number of the call alone, not on
    what is drawn beside it. A guarantee then holds only against those without the key (Mironov et al. 2009,
    "Computational Differential Privacy").
    """

    __slots__ = ("_calls", "_key", "_seeds_of_rows")

    def __init__(self, key: Secret, seeds: Sequence[bytes]) -> None:
        if any(len(seed) != SEED_BYTES for seed in seeds):
            raise BadInput(f"a seed has {SEED_BYTES} bytes")
        self._key = key
        self._seeds_of_rows = tuple(seeds)
        self._calls = 0

    def __repr__(self) -> str:
        return f"<KeyedDraws of {len(self._seeds_of_rows)} row(s)>"

    def uniforms(self, rows: int, columns: int) -> Doubles:
        """Draw from the open interval (0, 1)."""
        return uniforms(self._next_key(rows), self._seeds_of_rows, columns)

    def normals(self, rows: int, columns: int) -> Doubles:
        """Draw standard normals."""
        return standard_normals(self._next_key(rows), self._seeds_of_rows, columns)

    def _next_key(self, rows: int) -> Secret:
        if rows != len(self._seeds_of_rows):
            raise BadInput(f"{rows} rows are drawn from {len(self._seeds_of_rows)} seeds")
        self._calls += 1
        return self._key.derive("draws", str(self._calls))
