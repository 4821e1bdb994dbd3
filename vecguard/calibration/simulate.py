"""Ranking in the store, simulated without a store: what a store with exact search would return for masked vectors.

Documents are masked by the product's own `Mask` under throw-away keys, queries are rotated as it rotates them, the K
rows that look best are taken and ranked exactly. One pass serves every K. An approximate index (HNSW, IVF) loses rows
of its own beside, with or without masking; that is not simulated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats, norms
from vecguard.keys import Secret
from vecguard.protect.blur import blurred
from vecguard.protect.mask import Mask
from vecguard.records import Body, Embedded, Metric, Protected, RecordId, VectorSource
from vecguard.space import CollectionKeys, OwnerKeys, Space

DEPTH = 10

_CELLS = 4_000_000  # scores held at a time: 16 MB a matrix, whatever the number of queries
_ROWS = 4_096  # rows masked at a time: float64 copies of a large collection would not fit

Ranks = NDArray[np.intp]
"""Row numbers of the best documents per query, best first, shape (m, depth)."""


def throw_away_space(seed: int) -> Space:
    """Return a space whose keys are derived from a number. They protect nothing: for measurements only."""
    keys = (Secret(hashlib.sha256(f"vecguard throw-away {kind} {seed}".encode()).digest()) for kind in "co")
    return Space("measured", "measured", "", CollectionKeys.of(next(keys)), OwnerKeys.of(next(keys)))


def embedded(vectors: Floats, first: int = 0) -> Embedded:
    """Make records number `first` and following of exact vectors (n, d), ready to be masked."""
    names = [str(row) for row in range(first, first + len(vectors))]
    source: VectorSource = "guard"
    return Embedded(
        bodies=tuple(Body(RecordId.text(name), name, None, "", {}, altered=False, version=1) for name in names),
        rows=tuple(range(len(names))),
        vectors=vectors,
        sources=(source,) * len(names),
        digests=tuple(name.encode().ljust(16) for name in names),
        kept={},
        originals=(),
    )


def stored_of(protected: Protected) -> Floats:
    """Return what a store would hold (n, d)."""
    return np.stack([each.values for each in protected.vectors if each is not None])


@dataclass(frozen=True, slots=True)
class View:
    """What a store holds and is asked: masked documents (N, d) and rotated queries (m, d), float32."""

    stored: Floats = field(repr=False)
    asked: Floats = field(repr=False)


def masked(documents: Floats, queries: Floats, *, noise: float, seed: int) -> View:
    """Mask documents (N, d) with noise r under the keys of `seed`, and rotate queries (m, d) to go with them."""
    mask, space = Mask(noise=noise, turned=True), throw_away_space(seed)
    stored = np.empty_like(documents)
    for first in range(0, len(documents), _ROWS):
        part = mask.protect(embedded(documents[first : first + _ROWS], first), space)
        stored[first : first + _ROWS] = stored_of(part)
    return View(stored, mask.query(queries, space).values)


def exact_ranks(documents: Floats, queries: Floats, *, metric: Metric = "cosine", depth: int = DEPTH) -> Ranks:
    """Rank every document exactly: the best `depth` row numbers per query. Equal scores keep the documents' order."""
    prepared, bias = _prepared(documents, metric)
    parts = [best(queries[part] @ prepared.T - bias, depth) for part in _parts(len(queries), len(documents))]
    return np.concatenate(parts)


def blurred_ranks(documents: Floats, queries: Floats, *, blur: float, seed: int, metric: Metric = "cosine") -> Ranks:
    """Rank documents (N, d) as others see them, blurred by b under the keys of `seed`: the best `DEPTH` per query."""
    key = throw_away_space(seed).owner_keys.noise
    seen = np.empty_like(documents)
    for first in range(0, len(documents), _ROWS):
        part = documents[first : first + _ROWS]
        digests = [str(first + at).encode().ljust(16) for at in range(len(part))]
        seen[first : first + _ROWS] = blurred(part, digests, key, noise=blur)
    rows, bias = _prepared(seen, metric)
    # as scores are stretched; it matters to distances only
    prepared: Floats = (rows * np.sqrt(1.0 + blur**2)).astype(np.float32)
    parts = [best(queries[part] @ prepared.T - bias, DEPTH) for part in _parts(len(queries), len(documents))]
    return np.concatenate(parts)


def ranks(
    documents: Floats,
    queries: Floats,
    view: View,
    *,
    over_fetch: Sequence[int],
    metric: Metric = "cosine",
    depth: int = DEPTH,
) -> dict[int, Ranks]:
    """Rank the K rows that look best in the store exactly, for each K of `over_fetch` (K >= depth, cut at N).

    K = 0 means no re-ranking: the store's own order of what it holds.
    """
    rows, bias = _prepared(documents, metric)
    stored, stored_bias = _prepared(view.stored, metric)
    count = len(documents)
    wanted = {k: min(k, count) if k else 0 for k in over_fetch}
    deepest = max(depth, *wanted.values())
    found: dict[int, list[Ranks]] = {k: [] for k in wanted}
    for part in _parts(len(queries), count):
        seen = best(view.asked[part] @ stored.T - stored_bias, deepest)
        exact = np.take_along_axis(queries[part] @ rows.T - bias, seen, axis=1)
        order = np.lexsort((seen, -exact), axis=1)  # by score, and by row number where scores are equal
        for k, cut in wanted.items():
            # of the rows in exact order, the first `depth` that the store ranked above its place K
            found[k].append(np.take_along_axis(seen, _first(order, cut, depth), axis=1) if k else seen[:, :depth])
    return {k: np.concatenate(parts) for k, parts in found.items()}


def best(scores: Floats, depth: int) -> Ranks:
    """Return the columns of the `depth` highest scores of each row of (m, n), best first, equal ones by column."""
    depth = min(depth, scores.shape[1])
    if depth < scores.shape[1]:
        columns = np.sort(np.argpartition(scores, -depth, axis=1)[:, -depth:], axis=1)
    else:
        columns = np.broadcast_to(np.arange(depth), (len(scores), depth))
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)


def _first(order: Ranks, cut: int, depth: int) -> Ranks:
    """Return, per row, the first `depth` entries of `order` that are below `cut`."""
    inside = order < cut
    chosen = inside & (np.cumsum(inside, axis=1) <= depth)
    return order[chosen].reshape(len(order), -1)


def _prepared(rows: Floats, metric: Metric) -> tuple[Floats, Floats]:
    """Return rows and a bias (N,) so that `queries @ rows.T - bias` ranks as the metric does, higher is better."""
    if metric == "cosine":
        rows = (rows / np.maximum(norms(rows), 1e-30)[:, None]).astype(np.float32)
    bias = 0.5 * norms(rows) ** 2 if metric == "l2" else np.zeros(len(rows))
    return rows, bias.astype(np.float32)


def _parts(count: int, width: int) -> list[slice]:
    step = max(1, _CELLS // max(1, width))
    return [slice(start, start + step) for start in range(0, count, step)]
