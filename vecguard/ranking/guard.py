"""Ranking in the guard: all rows in scope are read and ranked here, and the store never sees a query.

This is what a filter on sealed fields needs too: nobody but the guard can evaluate it. There is no cache yet, so each
call reads the owner's rows once more.
"""

from __future__ import annotations

from collections.abc import Sequence

from vecguard.arrays import Floats
from vecguard.flow import Flow
from vecguard.ports import Find, Found
from vecguard.records import Row, Scoped


def candidates(scoped: Scoped, queries: Floats) -> Flow[list[Sequence[Row]]]:
    """Return every row in scope, for each query."""
    found: Found = yield Find(scoped.native, vectors=True)
    return [found.rows] * len(queries)
