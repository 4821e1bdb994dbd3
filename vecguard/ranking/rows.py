"""An owner's rows as the guard ranks them: authenticated, unmasked, in the store's order; never changed in place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles, Floats, norms
from vecguard.fields import reader
from vecguard.filters import EVERYTHING, Predicate, holds
from vecguard.records import Opened
from vecguard.rules import Sight

_PER_RECORD = 900  # bytes that an Opened, its record, id and seal take beside their texts and fields


@dataclass(frozen=True, slots=True, eq=False)
class OwnerRows:
    """n rows of one owner. `exact` (n, d) are the vectors themselves, `lengths` (n,) their norms."""

    opened: tuple[Opened, ...] = field(repr=False)
    exact: Floats = field(repr=False)
    lengths: Doubles = field(repr=False)
    expires: Doubles = field(repr=False)
    nbytes: int

    @classmethod
    def of(cls, opened: Sequence[Opened], exact: Floats) -> Self:
        """Take over authenticated rows and their vectors, in one order."""
        exact = np.ascontiguousarray(exact)
        exact.flags.writeable = False
        expires = np.array([each.expires for each in opened], dtype=np.float64)
        size = exact.nbytes + 16 * len(opened) + sum(map(_size, opened))
        return cls(tuple(opened), exact, norms(exact), expires, size)

    def __len__(self) -> int:
        return len(self.opened)

    def with_rows(self, opened: Sequence[Opened], exact: Floats, kept: Collection[str]) -> Self:
        """Return these rows with others put over them by backend id, new ones behind.

        The ones named by `kept` keep the vector that is here, whatever `exact` holds for them.
        """
        place = self.places()
        there = [at for at, each in enumerate(opened) if each.backend_id in place]
        fresh = [at for at, each in enumerate(opened) if each.backend_id not in place]
        records, vectors = list(self.opened), self.exact.copy()
        for at in there:
            records[place[opened[at].backend_id]] = opened[at]
            if opened[at].backend_id not in kept:
                vectors[place[opened[at].backend_id]] = exact[at]
        if fresh:
            records += [opened[at] for at in fresh]
            vectors = np.concatenate([vectors.reshape(len(self), exact.shape[1]), exact[fresh]])
        return self.of(records, vectors)

    def without(self, ids: Collection[str]) -> Self:
        """Return these rows without those with these backend ids."""
        stay = [at for at, each in enumerate(self.opened) if each.backend_id not in ids]
        return self.of([self.opened[at] for at in stay], self.exact[stay])

    def places(self) -> dict[str, int]:
        """Return backend id -> position."""
        return {each.backend_id: at for at, each in enumerate(self.opened)}

    def seen_as(self, vectors: Floats) -> Self:
        """Return these rows with other vectors (n, d)."""
        return self.of(self.opened, vectors)

    def allowed(self, where: Predicate, now: float, sight: Sight | None) -> NDArray[np.bool_]:
        """Return which rows are alive and satisfy a filter, evaluated on what was authenticated and may be seen."""
        alive: NDArray[np.bool_] = self.expires > now
        if where != EVERYTHING:
            for at in np.flatnonzero(alive):
                alive[at] = satisfies(self.opened[at], where, sight)
        return alive


def satisfies(opened: Opened, where: Predicate, sight: Sight | None) -> bool:
    """Whether a row satisfies a filter, as far as whoever asks may see the row."""
    record = opened.record if sight is None else sight.of_record(opened.record)
    return holds(where, opened.backend_id, reader(record))


def _size(opened: Opened) -> int:
    return _PER_RECORD + 2 * len(opened.record.text or "") + _weight(opened.record.fields)


def _weight(value: object) -> int:
    """Return about how many bytes a field value takes."""
    match value:
        case str():
            return 60 + 2 * len(value)
        case dict():
            return 100 + sum(_weight(name) + _weight(each) for name, each in value.items())
        case list():
            return 60 + sum(map(_weight, value))
    return 32
