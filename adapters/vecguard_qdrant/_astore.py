"""A Qdrant collection as a shelf, asynchronously: the store port over `AsyncQdrantClient`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from vecguard.ports import Compact, Compacted, Drop, Fetch, Find, Found, Page, Pages, Put, Search, Traits
from vecguard.records import Row
from vecguard.steps import acarry
from vecguard_qdrant import _compact, _rows
from vecguard_qdrant._durable import synced


class AsyncQdrantStore:
    """One native collection."""

    def __init__(self, client: Any, name: str, traits: Traits) -> None:
        self._client = client
        self._name = name
        self.traits = traits

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    async def put(self, request: Put) -> None:
        """Write rows."""
        await acarry(_rows.put(self._name, request), self._client)
        await asyncio.to_thread(synced, self._name, self.traits)

    async def fetch(self, request: Fetch) -> Sequence[Row]:
        """Return rows by id."""
        return await acarry(_rows.fetch(self._name, request), self._client)

    async def find(self, request: Find) -> Found:
        """Return rows by filter."""
        return await acarry(_rows.find(self._name, request), self._client)

    async def search(self, request: Search) -> Sequence[Sequence[Row]]:
        """Rank rows."""
        return await acarry(_rows.search(self._name, request), self._client)

    async def drop(self, request: Drop) -> None:
        """Delete rows."""
        await acarry(_rows.drop(self._name, request), self._client)
        await asyncio.to_thread(synced, self._name, self.traits)

    async def pages(self, request: Pages) -> Page:
        """Walk all rows."""
        return await acarry(_rows.pages(self._name, request), self._client)

    async def compact(self, request: Compact) -> Compacted:  # noqa: ARG002 - the client does what there is to do at once
        """Leave nothing of deleted rows."""
        return _compact.compact(self._name, self.traits)
