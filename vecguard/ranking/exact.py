"""Exact scores between queries and unmasked rows, in the metric's own sense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.ports import Protector
from vecguard.records import Metric, Opened, Row
from vecguard.shelf import View


def unmasked(
    rows: Sequence[Row], opened: Sequence[Opened], view: View, protector: Protector
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the exact vectors (n, d) of authenticated rows, and which of them are what was stored."""
    width = max((row.vector.shape[0] for row in rows if row.vector is not None), default=0)
    exact = np.zeros((len(rows), width), dtype=np.float32)
    genuine = np.zeros(len(rows), dtype=np.bool_)
    for tag, space in view.spaces.items():
        mine = [
            i
            for i, row in enumerate(rows)
            if row.fields.get("_vg_owner") == tag and row.vector is not None and row.vector.shape[0] == width
        ]
        if mine:
            stored = np.stack([_present(rows[i]) for i in mine])
            exact[mine], genuine[mine] = protector.unmask(
                stored, [opened[i].vector for i in mine], [opened[i].backend_id for i in mine], space
            )
    return exact, genuine


def scores(queries: Floats, exact: Floats, metric: Metric) -> Doubles:
    """Return the scores (m, n): cosine, inner product, or squared L2 distance. Computed in float64.

    Equal rows get equal scores wherever they stand: a matrix product of BLAS rounds by position, and so breaks ties.
    """
    left, right = queries.astype(np.float64), exact.astype(np.float64)
    products: Doubles = np.einsum("id,jd->ij", left, right)
    match metric:
        case "cosine":
            return products / (norms(left)[:, None] * norms(right)[None, :])
        case "dot":
            return products
        case "l2":
            squares = norms(left)[:, None] ** 2 + norms(right)[None, :] ** 2 - 2.0 * products
            return np.maximum(squares, 0.0)
        case _:
            assert_never(metric)


def best(row: Doubles, metric: Metric, threshold: float | None) -> list[int]:
    """Return the positions of a query's hits, best first, cut at the threshold; equal scores keep their order."""
    order = np.argsort(row if metric == "l2" else -row, kind="stable")
    if threshold is not None:
        passing = row[order] <= threshold if metric == "l2" else row[order] >= threshold
        order = order[passing]
    return [int(each) for each in order]


def _present(row: Row) -> Floats:
    assert row.vector is not None  # noqa: S101 - the caller looked
    return row.vector
