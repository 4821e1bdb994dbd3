"""A Chroma collection as a shelf, synchronously: the store port over `Collection`."""

from __future__ import annotations

from collections.abc import Sequence

from chromadb.api.models.Collection import Collection

from vecguard.ports import Compact, Compacted, Drop, Fetch, Find, Found, Page, Pages, Put, Search
from vecguard.records import Row
from vecguard.steps import carry
from vecguard_chroma import _compact, _rows
from vecguard_chroma._traits import traits_of


class ChromaStore:
    """One native collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.traits = traits_of(collection)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def put(self, request: Put) -> None:
        """Write rows."""
        carry(_rows.put(request), self._collection)

    def fetch(self, request: Fetch) -> Sequence[Row]:
        """Return rows by id."""
        return carry(_rows.fetch(request), self._collection)

    def find(self, request: Find) -> Found:
        """Return rows by filter."""
        return carry(_rows.find(request), self._collection)

    def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Rank rows."""
        return carry(_rows.search(request), self._collection)

    def drop(self, request: Drop) -> None:
        """Delete rows."""
        carry(_rows.drop(request), self._collection)

    def pages(self, request: Pages) -> Page:
        """Walk all rows."""
        return carry(_rows.pages(request), self._collection)

    def compact(self, request: Compact) -> Compacted:
        """Leave nothing of deleted rows."""
        return carry(_compact.compact(request, self.traits, self._collection), self._collection)
