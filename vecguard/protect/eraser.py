"""An attribute eraser: takes from vectors whatever a linear classifier could tell an attribute by.

    r(x) = x - W^+ P W (x - E x),  W = Cov(x)^(-1/2),  P the projection on the columns of W Cov(x, z)

for z the attribute, one column per class. This is LEACE, the least change in mean square that does it (Belrose et al.
2023, "LEACE: Perfect linear concept erasure in closed form", theorem 4.3).

Input: rows of any length, with labels to fit; output: rows with the attribute erased. Random: nothing; there is no key.
Guarantee: on the distribution that it was fitted to, no linear classifier beats the best constant answer, whatever its
convex loss. None against others: a classifier that is not linear still reads the attribute, and so does a linear one on
data of another kind. It is no privacy mechanism and composes with none. Cost: a fit takes d^2 numbers of memory and one
eigendecomposition; a row 2 d times the number of classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vecguard import arrays
from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput

_NO_SPREAD = 1e-10  # of the largest eigenvalue: directions below have no variance but rounding
_NO_CORRELATION = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class AttributeEraser:
    """A fitted eraser. `erase` changes only a subspace with fewer dimensions than there are classes."""

    guarantee: ClassVar[str] = (
        "no linear classifier beats the constant predictor on the fitted distribution; nothing against any other"
    )

    mean: Doubles = field(repr=False)  # (d,)
    read: Doubles = field(repr=False)  # (k, d): what a linear classifier could see
    write: Doubles = field(repr=False)  # (d, k): where it stands in the vector

    @property
    def rank(self) -> int:
        """How many dimensions the attribute took."""
        return len(self.read)

    def erase(self, vectors: Floats) -> Floats:
        """Erase the attribute from rows (n, d): float32 in and out, float64 between."""
        rows = arrays.vectors(vectors, None, len(self.mean)).astype(np.float64)
        return (rows - (rows - self.mean) @ self.read.T @ self.write.T).astype(np.float32)


class Fitter:
    """Gathers what an eraser needs from any number of batches, in memory that does not grow with them.

    `dimension` is d, `classes` the number of values that the attribute has. Sums of squares are kept about the running
    mean and merged as in Chan, Golub & LeVeque 1979, so a large mean costs no digits.
    """

    def __init__(self, *, dimension: int, classes: int) -> None:
        if dimension < 1 or classes < 2:
            raise BadInput("an attribute has two classes or more, and vectors a dimension")
        self._classes = classes
        self._dimension = dimension
        self._count = 0
        self._mean = np.zeros(dimension + classes)  # of vector and attribute side by side
        self._scatter = np.zeros((dimension, dimension + classes))

    def __repr__(self) -> str:
        return f"<Fitter of {self._classes} classes on {self._count} rows>"

    def update(self, vectors: Floats, labels: NDArray[np.integer[Any]]) -> None:
        """Add rows (n, d) and their classes (n,), integers from 0. Raises `BadInput` if they do not fit."""
        rows = arrays.vectors(vectors, None, self._dimension).astype(np.float64)
        given = np.asarray(labels)
        whole = given.dtype.kind in "iu" and given.shape == (len(rows),)
        if not whole or (given < 0).any() or (given >= self._classes).any():
            raise BadInput(f"labels are integers from 0 to {self._classes - 1}, one per vector")
        if not len(rows):
            return
        both = np.concatenate([rows, np.eye(self._classes)[given]], axis=1)
        mean = both.mean(axis=0)
        centred = both - mean
        step = mean - self._mean
        total = self._count + len(rows)
        self._scatter += centred[:, : self._dimension].T @ centred
        self._scatter += np.outer(step[: self._dimension], step) * (self._count * len(rows) / total)
        self._mean += step * (len(rows) / total)
        self._count = total

    def fit(self) -> AttributeEraser:
        """Return the eraser. Raises `BadInput` before two classes were seen."""
        if np.count_nonzero(self._mean[self._dimension :]) < 2:
            raise BadInput("an attribute of one class has nothing to erase")
        covariance = self._scatter[:, : self._dimension] / self._count
        cross = self._scatter[:, self._dimension :] / self._count
        values, basis = np.linalg.eigh(covariance)
        seen = values > _NO_SPREAD * max(float(values[-1]), 0.0)
        spread = np.sqrt(values[seen])
        whiten = (basis[:, seen] / spread) @ basis[:, seen].T
        unwhiten = (basis[:, seen] * spread) @ basis[:, seen].T
        columns, sizes, _ = np.linalg.svd(whiten @ cross, full_matrices=False)
        telling = columns[:, sizes > _NO_CORRELATION]
        return AttributeEraser(
            mean=_frozen(self._mean[: self._dimension].copy()),
            read=_frozen(telling.T @ whiten),
            write=_frozen(unwhiten @ telling),
        )


def _frozen(array: Doubles) -> Doubles:
    array.flags.writeable = False
    return array
