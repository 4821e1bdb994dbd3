"""Ranking in the store: it preselects by masked vectors, more than was asked for, and the guard ranks those exactly."""

from __future__ import annotations

from collections.abc import Sequence

from vecguard.arrays import Floats
from vecguard.flow import Flow
from vecguard.ports import Protector, Search
from vecguard.records import Row, Scoped
from vecguard.shelf import View


def candidates(
    scoped: Scoped, queries: Floats, view: View, protector: Protector, over_fetch: int
) -> Flow[list[Sequence[Row]]]:
    """Return the store's K best rows per query, K = max(over_fetch, twice what the caller will see)."""
    wanted = (scoped.limit or 0) + scoped.offset
    found: Sequence[Sequence[Row]] = yield Search(
        protector.query(queries, view.space), scoped.native, max(over_fetch, 2 * wanted)
    )
    return list(found)
