"""What Chroma keeps of deleted rows on a disk of this machine, and having it let go of that.

Four places were seen to hold rows long after they were deleted (Chroma 1.5.9):

- `embeddings_queue`, a table with every operation of late, vectors and metadata included. It is emptied when the vector
  index is written to its own files, which happens once in `sync_threshold` (1,000) operations on a collection.
- The full-text index of documents: trigrams with their places, from which a deleted text can be put together again.
- Free pages of the SQLite file.
- `length.bin` of the vector index, which under L2 and inner product is memory of this process that was never set.

So operations that mean nothing are sent until the index is written, and such lengths are zeroed; the rest is done by
whoever rewrites the file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from vecguard.ports import Compact, Compacted, SqliteFile, Traits
from vecguard.sealing import EXPIRES_FIELD, SCHEME, SCHEME_FIELD
from vecguard.steps import Native, Steps
from vecguard_chroma import _idle

_FILE = "chroma.sqlite3"
_INDEX = "embedding_fulltext_search"
_FILLERS = 50  # rows at once; each takes a place in the graph for good, so they are few and sent again and again
_OURS = {SCHEME_FIELD: SCHEME, EXPIRES_FIELD: 0.0}  # as rows of a guard that have expired: counted by nobody
_REMOTE = "the disk of the Chroma server: its queue, its indexes and its free pages hold what was deleted for a while"
_MEMORY = (
    "the vector index that this process has in memory: under L2 and inner product Chroma writes memory that it never "
    "set into length.bin, which was zeroed now and is written again by later writes of this process"
)
_NOT_ZEROED = "length.bin of the vector index: it could not be zeroed"


def compact(request: Compact, traits: Traits, collection: Any) -> Steps[Compacted]:
    """Have the vector index written out, so that the queue is emptied, and zero what it holds beside."""
    if not traits.persistent:
        return Compacted()
    if traits.folder is None:
        return Compacted(unverified=(_REMOTE,))
    folder = Path(traits.folder)
    unverified = () if traits.metric == "cosine" else (_MEMORY,)
    if not request.looking:
        yield from _filled(int(collection.configuration["hnsw"]["sync_threshold"]))
        if unverified and not _wiped(folder, str(collection.id)):
            unverified = (_NOT_ZEROED,)
    done = ("queue emptied", "full-text index made anew", "SQLite file rewritten")
    return Compacted((folder,), (SqliteFile(folder / _FILE, (_INDEX,)),), done, unverified)


def _filled(operations: int) -> Steps[None]:
    any_row = yield Native("get", limit=1, include=["embeddings"])
    if not any_row["ids"]:
        return
    dimension = len(any_row["embeddings"][0])
    ids = [f"vecguard-filler-{at}" for at in range(min(_FILLERS, max(2, operations)))]
    for _ in range(-(-operations // len(ids)) + 1):
        vectors = np.random.default_rng().standard_normal((len(ids), dimension)).astype(np.float32)
        yield Native("upsert", ids=ids, embeddings=vectors, metadatas=[dict(_OURS) for _ in ids])
    yield Native("delete", ids=ids)


def _wiped(folder: Path, collection: str) -> bool:
    command = [sys.executable, "-I", _idle.__file__, str(folder), collection]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own script
