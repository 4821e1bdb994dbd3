"""The cache of owners' rows: bounded in bytes, least recently used out first, shared by threads.

It decides nothing: an entry carries the epoch at which it was read, and whoever takes it compares.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from vecguard.ranking.rows import OwnerRows

Key: TypeAlias = tuple[str, str, bool]
"""(collection uid, owner tag, whether as others see its rows)."""


@dataclass(frozen=True, slots=True)
class Cached:
    """An owner's rows and the epoch for which they are all of them."""

    rows: OwnerRows
    epoch: int


class OwnerCache:
    """At most `limit` bytes of rows. What alone is larger than that is not kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: OrderedDict[Key, Cached] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<OwnerCache {self.nbytes >> 20} of {self.limit >> 20} MiB>"

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: Key) -> Cached | None:
        """Return an entry and count it as used."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                self._entries.move_to_end(key)
            return found

    def put(self, key: Key, rows: OwnerRows, epoch: int) -> None:
        """Keep rows, unless newer ones came meanwhile; let go of others until all fit."""
        with self._lock:
            there = self._entries.get(key)
            if there is not None and there.epoch > epoch:
                return
            self._remove(key)
            if rows.nbytes > self.limit:
                return
            self._entries[key] = Cached(rows, epoch)
            self._bytes += rows.nbytes
            while self._bytes > self.limit:
                self._remove(next(iter(self._entries)))

    def drop(self, key: Key) -> None:
        """Let go of an entry."""
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _remove(self, key: Key) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self._bytes -= found.rows.nbytes
