"""Making what a local Qdrant wrote outlast a power cut.

Its client commits to SQLite with a rollback journal: the commit is the removal of a file, and SQLite does not wait
until the disk has that. After a cut the journal may be there again, and the last points are rolled back.
"""

from __future__ import annotations

import os
from pathlib import Path

from vecguard.ports import Traits


def synced(name: str, traits: Traits) -> None:
    """Wait until the disk has what was done to the folder of a local collection. A server has its own ways."""
    if traits.folder is None or os.name != "posix":
        return
    folder = os.open(Path(traits.folder) / "collection" / name, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
