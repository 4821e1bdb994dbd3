"""VecGuard for FAISS.

    index = vecguard_faiss.wrap(faiss.IndexFlatIP(384), guard).acting_for("alice")

The wrapped index is a template and stays empty: every owner's rows lie in a copy of it, with positions of their own.
`GuardedFaissCollection` adds documents, metadata and string ids.
"""

from __future__ import annotations

from typing import Any, Literal

try:
    import faiss  # noqa: F401 - to say what is missing
except ImportError as missing:
    raise ImportError("vecguard_faiss needs faiss-cpu: pip install 'vecguard[faiss]'") from missing

from vecguard import Guard
from vecguard_faiss._collection import GuardedFaissCollection
from vecguard_faiss._face import GuardedIndex
from vecguard_faiss._saving import PathLike

__all__ = ["GuardedFaissCollection", "GuardedIndex", "wrap"]


def wrap(
    index: Any, guard: Guard, *, path: PathLike | None = None, legacy: Literal["refuse", "ignore"] = "refuse"
) -> GuardedIndex:
    """Guard an empty index. With `path`, what `save()` wrote there is opened.

    An index that holds rows raises `UnprotectedRows`; `legacy="ignore"` leaves them where they are, never read.
    Supported: IndexFlat (L2, inner product), IndexHNSWFlat, and IndexIDMap or IndexIDMap2 over one of these.
    """
    return GuardedIndex.over(index, guard, path, legacy)
