"""A Chroma collection as a shelf, asynchronously: the store port over `AsyncCollection`."""

from __future__ import annotations

from collections.abc import Sequence

from chromadb.api.models.AsyncCollection import AsyncCollection

from vecguard.ports import Compact, Compacted, Drop, Fetch, Find, Found, Page, Pages, Put, Search
from vecguard.records import Row
from vecguard.steps import acarry
from vecguard_chroma import _compact, _rows
from vecguard_chroma._traits import traits_of


class AsyncChromaStore:
    """One native collection."""

    def __init__(self, collection: AsyncCollection) -> None:
        self._collection = collection
        self.traits = traits_of(collection)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    async def put(self, request: Put) -> None:
        """Write rows."""
        await acarry(_rows.put(request), self._collection)

    async def fetch(self, request: Fetch) -> Sequence[Row]:
        """Return rows by id."""
        return await acarry(_rows.fetch(request), self._collection)

    async def find(self, request: Find) -> Found:
        """Return rows by filter."""
        return await acarry(_rows.find(request), self._collection)

    async def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Rank rows."""
        return await acarry(_rows.search(request), self._collection)

    async def drop(self, request: Drop) -> None:
        """Delete rows."""
        await acarry(_rows.drop(request), self._collection)

    async def pages(self, request: Pages) -> Page:
        """Walk all rows."""
        return await acarry(_rows.pages(request), self._collection)

    async def compact(self, request: Compact) -> Compacted:
        """Leave nothing of deleted rows."""
        return await acarry(_compact.compact(request, self.traits, self._collection), self._collection)
