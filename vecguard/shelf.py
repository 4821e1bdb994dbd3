"""One collection as a guard knows it, and one call's view of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from vecguard.ports import Traits
from vecguard.principal import Acting
from vecguard.records import Row
from vecguard.rules import OwnerScope
from vecguard.sealing import Sealer
from vecguard.space import CollectionKeys, Space


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection whose marker was checked: its uid and keys."""

    uid: str
    keys: CollectionKeys = field(repr=False)


class Shelf:
    """A wrapped collection: what its store is like, whether its marker was seen, and which writes are in flight.

    `legacy` says what unguarded rows mean: `"refuse"`, or `"ignore"` to leave them invisible.
    """

    __slots__ = ("_collection", "dimension", "legacy", "sealer", "traits", "unsettled")

    def __init__(self, traits: Traits, sealer: Sealer, legacy: str) -> None:
        self.traits = traits
        self.sealer = sealer
        self.legacy = legacy
        self.dimension = traits.dimension
        self.unsettled = True
        self._collection: Collection | None = None

    def __repr__(self) -> str:
        return f"<Shelf on {self.traits.kind}>"

    @property
    def collection(self) -> Collection | None:
        """The collection, once its marker was checked."""
        return self._collection

    def recognise(self, collection: Collection, marker: Row) -> Collection:
        """Remember that the marker was checked, and the dimension that its vector shows."""
        if self.dimension is None and marker.vector is not None:
            self.dimension = int(marker.vector.shape[0])
        self._collection = collection
        return collection

    def forget(self) -> None:
        """Check the marker again on the next call: the native collection was dropped or replaced."""
        self._collection = None
        self.unsettled = True

    @contextmanager
    def carrying_out(self) -> Iterator[None]:
        """If the block fails, the next call on this shelf settles what it left."""
        try:
            yield
        except BaseException:
            self.unsettled = True
            raise


@dataclass(frozen=True, slots=True)
class View:
    """What one call may see: the collection, who acts, the space that is written, and the spaces that are read."""

    shelf: Shelf
    uid: str
    acting: Acting
    space: Space
    scope: OwnerScope
    spaces: Mapping[str, Space] = field(repr=False)
