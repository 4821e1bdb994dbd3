"""Zeroing bytes of Chroma's index files that mean nothing, and that it never set.

Under L2 and inner product Chroma 1.5.9 writes the memory that its index keeps for lengths to `length.bin` without
ever having set it. It holds what this process had there before: parts of vectors were found in it. Under cosine the
same file holds the lengths of the vectors, and is left as it is.

Run as a script, in a process of its own, because it asks Chroma's SQLite file which folder belongs to a collection
(sqlite.org/howtocorrupt.html, section 2.2). It imports the standard library only.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

_SEGMENTS = "SELECT id FROM segments WHERE collection = ? AND scope = 'VECTOR'"


def wipe(folder: Path, collection: str, wait_s: float) -> None:
    """Zero the lengths in the index of a collection that does not use them; raises `sqlite3.Error` or `OSError`."""
    connection = sqlite3.connect(folder / "chroma.sqlite3", timeout=wait_s)
    try:
        segments = [str(row[0]) for row in connection.execute(_SEGMENTS, (collection,))]
    finally:
        connection.close()
    for segment in segments:
        lengths = folder / segment / "length.bin"
        if lengths.is_file():
            with lengths.open("r+b") as file:
                file.write(bytes(lengths.stat().st_size))


if __name__ == "__main__":
    try:
        wipe(Path(sys.argv[1]), sys.argv[2], 30.0)
    except (sqlite3.Error, OSError) as failure:
        sys.exit(type(failure).__name__)
