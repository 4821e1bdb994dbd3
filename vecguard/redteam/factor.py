"""Singular values, where the fast algorithm gives up too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def svd(matrix: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return u, s, v^T of a matrix (n, d), thin.

    Divide and conquer does not converge on some matrices of low rank, finite as they are; QR iteration does.
    """
    try:
        return np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        from scipy.linalg import svd as by_iteration  # noqa: PLC0415 - seldom

        return by_iteration(matrix, full_matrices=False, lapack_driver="gesvd")  # type: ignore[no-any-return]
