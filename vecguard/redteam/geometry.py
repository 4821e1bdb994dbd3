"""Align two clouds of vectors by their shape alone: no key, no pairs.

A rotation leaves all angles between rows as they were, and noise that is independent from row to row cannot hide them:
averaged over hundreds of rows, the principal axes of the stolen cloud stand out of it. So

1. each row gets a signature that no rotation changes: the quantiles of its inner products with all rows of its cloud;
2. rows whose signatures are alike are matched, and Procrustes (Schoenemann 1966) turns the first few principal axes of
   one cloud into those of the other;
3. rows that are near after that turn are matched anew, and so on, with more and more axes, up to all of them.

Step 3 is the alternation of Procrustes and matching of Grave et al. 2019, "Unsupervised Alignment of Embeddings with
Wasserstein Procrustes", from coarse to fine. Matches are mutual nearest neighbours after the correction for hubs of
Lample et al. 2018, "Word translation without parallel data" (CSLS): that tolerates rows without a counterpart. Small
clouds are also matched one to one (Kuhn 1955, in scipy), which is stronger where every row has one; the alignment whose
matches agree best is kept. Nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.errors import BadInput
from vecguard.redteam.factor import svd
from vecguard.redteam.judging import unit

Matches: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]
Matcher: TypeAlias = Callable[[Floats], Matches]

_AXES = (5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500, 800, 1200)
_STARTS = (None, 20)  # signatures along all axes, and along the principal ones alone, which have less noise
_ROUNDS = 12
_HUBS = 10
_QUANTILES = np.linspace(0.01, 0.995, 64)
_ONE_TO_ONE = 1_500_000  # similarities that scipy assigns in about a second
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Alignment:
    """`rows @ matrix` lies in the corpus' space, each axis shrunk by how much of it is noise.

    `agreement` is the mean cosine between matched rows before that shrinking: how much sense the alignment makes.
    """

    matrix: Floats = field(repr=False)
    agreement: float


@dataclass(frozen=True, slots=True)
class _Cloud:
    """A cloud's rows at length 1, in coordinates along its principal axes, and those axes (d, k) in columns."""

    along: Floats
    axes: Floats

    @classmethod
    def of(cls, rows: Floats) -> _Cloud:
        units = unit(rows)
        _, _, vt = svd(units)
        return cls(units @ vt.T, vt.T)


def align(stolen: Floats, corpus: Floats) -> Alignment:
    """Align stolen rows (n, d) to a corpus of exact vectors (m, d) of which they may or may not hide some.

    It takes some hundred rows on either side, and a corpus of the same domain. Cost grows with n m d.
    Raises `BadInput` for fewer than ten rows on a side.
    """
    if min(len(stolen), len(corpus)) < _FEWEST:
        raise BadInput("ten rows on either side are the least that has a shape")
    theirs, ours = _Cloud.of(stolen), _Cloud.of(corpus)
    matchers: list[Matcher] = [mutual]
    if len(stolen) * len(corpus) <= _ONE_TO_ONE:
        matchers.append(one_to_one)
    found = [
        _refined(theirs, ours, matcher(alike), matcher)
        for axes in _STARTS
        for alike in [_alike(_signatures(theirs.along[:, :axes]), _signatures(ours.along[:, :axes]))]
        for matcher in matchers
    ]
    return max(found, key=lambda each: each.agreement)


def _signatures(along: Floats) -> Floats:
    """Return per row (n, 64) the quantiles of its inner products with all other rows."""
    products = along @ along.T
    np.fill_diagonal(products, np.nan)
    signatures: Floats = np.nanquantile(products, _QUANTILES, axis=1).T.astype(np.float32)
    return signatures


def _alike(left: Floats, right: Floats) -> Floats:
    """Return minus half the squared distances (n, m) of signatures, each quantile standardised within its cloud."""
    a, b = ((each - each.mean(axis=0)) / (each.std(axis=0) + 1e-9) for each in (left, right))
    distances: Floats = a @ b.T - 0.5 * np.sum(a * a, axis=1)[:, None] - 0.5 * np.sum(b * b, axis=1)[None, :]
    return distances


def _refined(theirs: _Cloud, ours: _Cloud, matches: Matches, matcher: Matcher) -> Alignment:
    most = min(theirs.along.shape[1], ours.along.shape[1])
    turn: Floats = np.eye(most, dtype=np.float32)
    for axes in (*(each for each in _AXES if each < most), most):
        near = unit(ours.along[:, :axes])
        for _ in range(_ROUNDS):
            mine, other = matches
            u, _, vt = svd(theirs.along[mine, :axes].T @ ours.along[other, :axes])
            turn = u @ vt
            matches = matcher(unit(theirs.along[:, :axes] @ turn) @ near.T)
            if all(np.array_equal(new, old) for new, old in zip(matches, (mine, other), strict=True)):
                break
    return _shrunk(theirs, ours, turn, matches)


def _shrunk(theirs: _Cloud, ours: _Cloud, turn: Floats, matches: Matches) -> Alignment:
    """Weigh each axis by its regression on the matched rows: an axis that is mostly noise says little."""
    mine, other = matches
    size = len(turn)
    turned, wanted = theirs.along[mine, :size] @ turn, ours.along[other, :size]
    weights = np.maximum(np.sum(turned * wanted, axis=0) / np.maximum(np.sum(turned**2, axis=0), 1e-12), 0.0)
    agreement = float(np.mean(np.sum(unit(turned) * unit(wanted), axis=1))) if len(mine) else 0.0
    matrix: Floats = (theirs.axes[:, :size] @ turn * weights) @ ours.axes[:, :size].T
    return Alignment(matrix.astype(np.float32), agreement)


def mutual(similar: Floats) -> Matches:
    """Match rows (n) and columns (m) that are each other's nearest once hubs, near to everything, are discounted."""
    hubs = min(_HUBS, *similar.shape)
    rows = np.partition(similar, -hubs, axis=1)[:, -hubs:].mean(axis=1)
    columns = np.partition(similar, -hubs, axis=0)[-hubs:].mean(axis=0)
    corrected = 2 * similar - rows[:, None] - columns[None, :]
    best = corrected.argmax(axis=1)
    matched = np.flatnonzero(corrected.argmax(axis=0)[best] == np.arange(len(similar)))
    return matched, best[matched]


def one_to_one(similar: Floats) -> Matches:
    """Match as many rows (n) and columns (m) as there are of the fewer, with the greatest sum of similarities."""
    try:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - an optional dependency
    except ImportError as missing:
        raise ImportError("matching by geometry needs scipy: `pip install 'vecguard[redteam]'`") from missing
    rows, columns = linear_sum_assignment(similar, maximize=True)
    return np.asarray(rows), np.asarray(columns)
