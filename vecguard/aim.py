"""Aim: what a query searches for, as vectors. Texts are scrubbed before they are embedded, as records were."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vecguard import arrays
from vecguard.arrays import Floats
from vecguard.cleaning import Cleaning
from vecguard.embedding import Embedding
from vecguard.errors import Missing
from vecguard.flow import Flow
from vecguard.ports import Fetch
from vecguard.ranking.exact import Unmasking
from vecguard.records import Query, RecordId, Row
from vecguard.shelf import Shelf, View


class Aim:
    """Turns queries into vectors (m, d): clean texts embedded, the caller's own vectors, or those of records by id."""

    def __init__(self, cleaning: Cleaning, unmasked: Unmasking, clock: Callable[[], float]) -> None:
        self._cleaning = cleaning
        self._unmasked = unmasked
        self._clock = clock

    def __call__(self, query: Query, view: View | None, shelf: Shelf, embedding: Embedding) -> Flow[Floats]:
        """Return what to search for. Raises `BadVector`, `ScrubFailed`, `EmbedderNeeded` or `Missing`."""
        if query.texts is not None:
            clean = self._cleaning.texts(list(query.texts), None if view is None else view.space)
            return embedding.texts([each.embedded for each in clean], shelf.dimension)
        if query.ids is not None:
            return (yield from self._vectors_of(query.ids, view))
        return arrays.vectors(query.vectors, None, shelf.dimension, "query vector")

    def _vectors_of(self, ids: Sequence[RecordId], view: View | None) -> Flow[Floats]:
        """Return the vectors of records in scope: exact ones of one's own, a blur of others'. None is handed out."""
        if view is None:
            raise Missing("record 0 of the query does not exist")
        wanted = [view.named(each) for each in ids]
        rows: Sequence[Row] = yield Fetch(tuple(each for names in wanted for each in names), vectors=True)
        pairs = zip(rows, view.shelf.sealer.open(rows, view.spaces, self._clock()), strict=True)
        alive = {row.backend_id: (row, opened) for row, opened in pairs if opened is not None}
        found = [next((alive[each] for each in names if each in alive), None) for names in wanted]
        if None in found:
            raise Missing(f"record {found.index(None)} of the query does not exist")
        kept = [each for each in found if each is not None]
        vectors, genuine = self._unmasked([row for row, _ in kept], [opened for _, opened in kept], view)
        if not genuine.all():
            raise Missing(f"record {int(np.argmin(genuine))} of the query does not exist")
        return vectors
