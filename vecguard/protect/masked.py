"""The two kinds of vector that may leave for a store. Only this package can make one.

A store request has no other field for a vector, so a raw one cannot be put on the shelf by mistake: the constructor
wants a token that is private to `vecguard.protect`.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecguard.errors import OutOfOrder

_MINT = object()


class _Minted:
    """Read-only values that only this package constructs; shows neither them nor anything made of them."""

    __slots__ = ("values",)
    values: NDArray[np.float32]

    def __init__(self, values: NDArray[np.float32], mint: object = None) -> None:
        if mint is not _MINT:
            raise OutOfOrder(f"{type(self).__name__} vectors are made by vecguard.protect only")
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def __setattr__(self, name: str, value: object) -> None:
        raise OutOfOrder(f"a {type(self).__name__} vector does not change")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.values.shape}>"

    def __reduce__(self) -> Any:
        raise OutOfOrder(f"{type(self).__name__} vectors are not pickled")


class Masked(_Minted):
    """One protected document vector, shape (d,), float32."""

    __slots__ = ()


class RotatedQuery(_Minted):
    """Query vectors, shape (m, d), float32, in the rotated space of the collection."""

    __slots__ = ()


def mint_masked(values: NDArray[np.float32]) -> tuple[Masked, ...]:
    """Mint one vector per row of (n, d). For the mechanisms of this package."""
    return tuple(Masked(row, _MINT) for row in values)


def mint_query(values: NDArray[np.float32]) -> RotatedQuery:
    """Mint the query matrix (m, d). For the mechanisms of this package."""
    return RotatedQuery(values, _MINT)


def mint_marker(dimension: int) -> Masked:
    """Mint a random unit vector (d,) that stands for no record: for a marker, and over one that is erased."""
    return Masked(_by_chance(dimension), _MINT)


def probe(dimension: int) -> RotatedQuery:
    """Make a query (1, d) for nothing in particular: to see what a store answers, not what it finds."""
    return RotatedQuery(_by_chance(dimension)[None, :], _MINT)


def _by_chance(dimension: int) -> NDArray[np.float32]:
    values = np.frombuffer(secrets.token_bytes(4 * dimension), dtype="<u4").astype(np.float64) - 2.0**31
    unit: NDArray[np.float32] = (values / np.sqrt(values @ values)).astype(np.float32)
    return unit


def replayed(values: NDArray[np.float32]) -> Masked:
    """Mint a vector that this package made earlier and that an intent kept. For `vecguard.state` only."""
    return Masked(values, _MINT)
