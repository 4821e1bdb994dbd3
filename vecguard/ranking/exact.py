"""Exact scores between queries and unmasked rows, in the metric's own sense."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.ports import Protector
from vecguard.protect.blur import blurred
from vecguard.records import Metric, Opened, Row
from vecguard.shelf import View
from vecguard.space import Space


class Unmasking:
    """Turns authenticated rows into the vectors that a call may rank by: exact ones of its own, a blur of others'.

    `blur` is b, the length of the noise in what others see. Where the store ranks, they see the stored vector itself,
    turned back: the store has chosen candidates by it, and any other noise would be a second look at the row. `learn`
    is told what shared vectors of a collection look like, before they are blurred: it knows probes from searches by it.
    """

    def __init__(
        self, protector: Protector, *, blur: float, in_store: bool, learn: Callable[[str, Floats], None]
    ) -> None:
        self._protector = protector
        self._learn = learn
        self._blur = blur
        self._in_store = in_store

    def __call__(self, rows: Sequence[Row], opened: Sequence[Opened], view: View) -> tuple[Floats, NDArray[np.bool_]]:
        """Return vectors (n, d) of authenticated rows, and which rows are what was stored."""
        width = max((row.vector.shape[0] for row in rows if row.vector is not None), default=0)
        found = np.zeros((len(rows), width), dtype=np.float32)
        genuine = np.zeros(len(rows), dtype=np.bool_)
        for tag, space in view.spaces.items():
            mine = [
                i
                for i, row in enumerate(rows)
                if opened[i].owner_tag == tag and row.vector is not None and row.vector.shape[0] == width
            ]
            if mine:
                stored = np.stack([_present(rows[i]) for i in mine])
                seals, ids = [opened[i].vector for i in mine], [opened[i].backend_id for i in mine]
                exact, genuine[mine] = self._protector.unmask(stored, seals, ids, space)
                if tag not in view.sights:
                    found[mine] = exact
                elif self._in_store:
                    found[mine] = self._protector.turned_back(stored, seals, space)
                else:
                    found[mine] = self.of_others(exact, [each.digest for each in seals], space)
        return found, genuine

    def of_others(self, exact: Floats, digests: Sequence[bytes], space: Space) -> Floats:
        """Return the view (n, d) that others have of an owner's exact vectors, where the guard ranks."""
        self._learn(space.uid, exact)
        return blurred(exact, digests, space.owner_keys.noise, noise=self._blur)


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


def best(row: Doubles, metric: Metric) -> list[int]:
    """Return the positions of scores (n,), best first; equal scores keep their order."""
    return [int(each) for each in np.argsort(row if metric == "l2" else -row, kind="stable")]


def _present(row: Row) -> Floats:
    assert row.vector is not None  # noqa: S101 - the caller looked
    return row.vector
