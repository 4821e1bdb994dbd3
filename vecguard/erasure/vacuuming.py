"""Rewriting a SQLite file so that nothing of what was deleted is left in it.

Run as a script, in a process of its own: the store has its own copy of SQLite in this one, and of two copies in one
process each undoes the other's locks (sqlite.org/howtocorrupt.html, section 2.2.1). It imports the standard library
only. Tables named after the file are full-text indexes (FTS5), which are made anew from the rows that are there: an
index keeps the parts of deleted texts, with their order, until it happens to be merged.
"""

from __future__ import annotations

import sqlite3
import sys


def vacuum(path: str, indexes: list[str], wait_s: float) -> None:
    """Make full-text indexes anew, rewrite the file and truncate its log; raises `sqlite3.Error` if it stays locked."""
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete=ON")
        for name in indexes:
            connection.execute(f'INSERT INTO "{name}"("{name}") VALUES (?)', ("rebuild",))  # noqa: S608 - names from our own adapters
        connection.execute("VACUUM")
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError
    finally:
        connection.close()


if __name__ == "__main__":
    try:
        vacuum(sys.argv[2], sys.argv[3:], float(sys.argv[1]))
    except sqlite3.Error as failure:
        sys.exit(type(failure).__name__)
