"""Array types, and the one place where a caller's vectors become an array that can be trusted."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.errors import BadVector

Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]

_LARGEST = 1e15  # the square of a coordinate still fits float32
_SMALLEST = 1e-18  # and here, so does the square of a vector whose largest coordinate it is


def vectors(given: Any, count: int | None, dimension: int | None, what: str = "vector") -> Floats:
    """Return `given` as a float32 array (n, d), or raise `BadVector` naming the position of the first bad one.

    Refused: ragged or non-numeric input, a count other than `count`, a dimension other than `dimension`, NaN, Inf,
    coordinates beyond 1e15, and vectors of length zero (they have no direction to mask or to compare).
    """
    array = _array(given, what)
    if array.ndim != 2:
        raise BadVector(f"expected one {what} per record, as a list of lists or an array of shape (n, d)")
    if count is not None and array.shape[0] != count:
        raise BadVector(f"{array.shape[0]} {what}(s) for {count} record(s)")
    if dimension is not None and array.shape[1] != dimension:
        raise BadVector(f"{what}s have dimension {array.shape[1]} and the collection has {dimension}")
    if array.shape[1] == 0:
        raise BadVector(f"{what}s have dimension 0")
    _refuse(np.isfinite(array).all(axis=1), f"{what} {{}} has a coordinate that is NaN or infinite")
    _refuse((np.abs(array.astype(np.float64)) <= _LARGEST).all(axis=1), f"{what} {{}} has a coordinate beyond 1e15")
    single = np.ascontiguousarray(array, dtype=np.float32)
    _refuse((np.abs(single) >= _SMALLEST).any(axis=1), f"{what} {{}} is zero, or as good as zero in float32")
    return single


def _array(given: Any, what: str) -> NDArray[Any]:
    array = _read(given)
    if array is None or array.dtype.kind not in "fiu":  # numpy would make numbers of strings and of complex ones
        raise BadVector(f"the {what}s are not rows of numbers of one length")
    return array


def _read(given: Any) -> NDArray[Any] | None:
    try:
        array = np.asarray(given)
        return array.astype(np.float64) if array.dtype.kind == "O" else array
    except (TypeError, ValueError):
        return None


def _refuse(good: Any, otherwise: str) -> None:
    if not good.all():
        raise BadVector(otherwise.format(int(np.argmin(good))))


def norms(rows: NDArray[Any]) -> Doubles:
    """Return the lengths of the rows of (n, d), float64."""
    lengths: Doubles = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return lengths
