"""Which index types are guarded, and the empty index that every owner gets a copy of.

A masked vector comes back to its exact self only from an index that keeps the numbers it was given. Lossy codes do not,
so they are refused; types that would have to be trained first, on vectors that nobody may see, are refused until then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import faiss

from vecguard import PolicyError, Undecided, UnprotectedRows
from vecguard.records import Metric

_FLAT = (faiss.IndexFlat, faiss.IndexFlatL2, faiss.IndexFlatIP)
_NUMBERED = (faiss.IndexIDMap, faiss.IndexIDMap2)
SUPPORTED = (*_FLAT, faiss.IndexHNSWFlat, *_NUMBERED)

_METRICS: dict[int, Metric] = {faiss.METRIC_L2: "l2", faiss.METRIC_INNER_PRODUCT: "dot"}
_LOSSY = ("PQ", "ScalarQuantizer", "SQ", "LSH", "RaBitQ", "Lattice", "AdditiveQuantizer", "Residual", "LocalSearch")


@dataclass(frozen=True, slots=True)
class Template:
    """What the wrapped index is like. `numbered` says whether callers give ids of their own (IndexIDMap)."""

    blank: Any = field(repr=False)
    metric: Metric
    dimension: int
    numbered: bool

    @classmethod
    def of(cls, native: Any, legacy: str = "refuse") -> Template:
        """Read a native index. Rows in it are unguarded: refused, or with `legacy="ignore"` never looked at."""
        if type(native) not in SUPPORTED:
            raise Undecided(_reason(native))
        if legacy not in ("refuse", "ignore"):
            raise PolicyError('legacy is "refuse" or "ignore"')
        if native.ntotal and legacy == "refuse":
            raise UnprotectedRows(native.ntotal)
        numbered = type(native) in _NUMBERED
        kept = faiss.downcast_index(native.index) if numbered else native
        if type(kept) not in SUPPORTED or type(kept) in _NUMBERED:
            raise Undecided(_reason(kept))
        if kept.metric_type not in _METRICS:
            raise Undecided("indexes are guarded under METRIC_L2 and METRIC_INNER_PRODUCT")
        blank = faiss.clone_index(kept)
        blank.reset()
        return cls(blank, _METRICS[kept.metric_type], int(kept.d), numbered)

    @property
    def flat(self) -> bool:
        """Whether the owners' indexes are plain arrays; otherwise they are HNSW graphs over such."""
        return type(self.blank) in _FLAT

    def fresh(self) -> Any:
        """Return an empty index for one owner."""
        return faiss.clone_index(self.blank)

    def agrees(self, other: Template) -> bool:
        """Whether rows kept under another template can be kept under this one."""
        return (self.flat, self.metric, self.dimension) == (other.flat, other.metric, other.dimension)


def _reason(native: Any) -> str:
    name = type(native).__name__
    if not name.startswith("Index") or not isinstance(native, faiss.Index):
        return f"vecguard_faiss takes an index of FAISS, not {name}"
    if "IVF" in name:
        return f"{name} is not guarded yet: it is trained on vectors first; use IndexFlat or IndexHNSWFlat"
    if any(mark in name for mark in _LOSSY):
        return f"{name} keeps lossy codes, which masked vectors do not survive; use IndexFlat or IndexHNSWFlat"
    return f"{name} is not guarded yet; use IndexFlat, IndexHNSWFlat, or IndexIDMap over one of them"
