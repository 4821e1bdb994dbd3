"""A Qdrant collection as a shelf, synchronously: the store port over `QdrantClient`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vecguard.ports import Compact, Compacted, Drop, Fetch, Find, Found, Page, Pages, Put, Search, Traits
from vecguard.records import Row
from vecguard.steps import carry
from vecguard_qdrant import _compact, _rows
from vecguard_qdrant._durable import synced


class QdrantStore:
    """One native collection."""

    def __init__(self, client: Any, name: str, traits: Traits) -> None:
        self._client = client
        self._name = name
        self.traits = traits

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def put(self, request: Put) -> None:
        """Write rows."""
        carry(_rows.put(self._name, request), self._client)
        synced(self._name, self.traits)

    def fetch(self, request: Fetch) -> Sequence[Row]:
        """Return rows by id."""
        return carry(_rows.fetch(self._name, request), self._client)

    def find(self, request: Find) -> Found:
        """Return rows by filter."""
        return carry(_rows.find(self._name, request), self._client)

    def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Rank rows."""
        return carry(_rows.search(self._name, request), self._client)

    def drop(self, request: Drop) -> None:
        """Delete rows."""
        carry(_rows.drop(self._name, request), self._client)
        synced(self._name, self.traits)

    def pages(self, request: Pages) -> Page:
        """Walk all rows."""
        return carry(_rows.pages(self._name, request), self._client)

    def compact(self, request: Compact) -> Compacted:  # noqa: ARG002 - the client does what there is to do at once
        """Leave nothing of deleted rows."""
        return _compact.compact(self._name, self.traits)
