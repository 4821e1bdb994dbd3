"""What Qdrant keeps of deleted points where this process can see it: the SQLite file of a local collection.

The local client overwrites a point in memory and in its file, and a deleted one leaves its bytes in the file's free
pages. A server keeps points in segments until the optimizer rewrites them, in its write-ahead log and in snapshots.
"""

from __future__ import annotations

from pathlib import Path

from vecguard.ports import Compacted, SqliteFile, Traits

_FILE = "storage.sqlite"
_REMOTE = "the disk of the Qdrant server: segments until they are rewritten, its write-ahead log, its snapshots"


def compact(name: str, traits: Traits) -> Compacted:
    """Say which file of this machine holds a collection, if one does."""
    if not traits.persistent:
        return Compacted()
    if traits.folder is None:
        return Compacted(unverified=(_REMOTE,))
    folder = Path(traits.folder) / "collection" / name
    return Compacted((folder,), (SqliteFile(folder / _FILE),), ("vacuum",))
