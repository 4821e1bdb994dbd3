"""Ranking in the store: it preselects by masked vectors, more than was asked for, and the guard ranks those exactly."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import sqrt

from vecguard.arrays import Floats
from vecguard.flow import Flow
from vecguard.policy import Vectors
from vecguard.ports import Find, Found, Protector, Search
from vecguard.protect.over_fetch import over_fetch
from vecguard.records import Row, Scoped
from vecguard.shelf import View

_WHOLE = 100  # rows of an owner that are handed over in any case: so few cost little, and then ranking is exact
_COUNTED_FOR = 60.0  # seconds for which a count of rows will do: the rule needs its magnitude
_FEW = 1_000  # rows up to which they are counted each time: there may be ten times as many in a minute


def candidates_of(settings: Vectors, rows: int, wanted: int) -> int:
    """Return K: the policy's, or what the rule says for so many rows in scope and the noise of rows and queries."""
    if settings.over_fetch is not None:
        return max(settings.over_fetch, 2 * wanted)
    noise, asked = settings.noise if settings.mask else 0.0, settings.query_noise
    of_products = sqrt(noise**2 + asked**2 + (noise * asked) ** 2)
    return max(_WHOLE, 2 * wanted, over_fetch(rows, wanted, of_products))


class StoreRanking:
    """Asks the store for candidates: as many as the policy says, or as the rule wants for so many rows and this noise.

    The rule is `vecguard.protect.over_fetch`, and never less than 100. Rows are counted once a minute for each scope.
    """

    def __init__(self, settings: Vectors, protector: Protector, ticks: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._protector = protector
        self._ticks = ticks
        self._counted: dict[tuple[str, ...], tuple[float, int]] = {}

    def candidates(self, scoped: Scoped, queries: Floats, view: View) -> Flow[list[Sequence[Row]]]:
        """Return the store's K best rows per query; never fewer than twice what the caller will see."""
        wanted = scoped.wanted or scoped.offset
        rows = (yield from self._rows(view)) if self._settings.over_fetch is None else 0
        found: Sequence[Sequence[Row]] = yield Search(
            self._protector.query(queries, view.space), scoped.native, candidates_of(self._settings, rows, wanted)
        )
        return list(found)

    def _rows(self, view: View) -> Flow[int]:
        """Return how many rows the owners in scope have, or had less than a minute ago."""
        key = (view.uid, *view.spaces)
        until, rows = self._counted.get(key, (0.0, 0))
        if self._ticks() >= until:
            found: Found = yield Find(view.scope.predicate(view.space.collection_keys), counting=True)
            rows = found.count
            self._counted[key] = (self._ticks() + (_COUNTED_FOR if rows > _FEW else 0.0), rows)
        return rows
