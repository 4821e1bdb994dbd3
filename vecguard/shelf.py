"""One collection as a guard knows it, and one call's view of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from vecguard.ports import Traits
from vecguard.principal import Acting
from vecguard.qualified import backend_id_of, is_qualified
from vecguard.records import RecordId, Row
from vecguard.rules import OwnerScope, Sight
from vecguard.sealing import Sealer
from vecguard.space import CollectionKeys, Space


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection whose marker was checked: its uid and keys."""

    uid: str
    keys: CollectionKeys = field(repr=False)


class Shelf:
    """A wrapped collection: what its store is like, whether its marker was seen, and which writes are in flight.

    `legacy` says what unguarded rows mean: `"refuse"`, or `"ignore"` to leave them invisible. Of a store that is saved
    late, `unsaved` has the ids of the changes that its memory has and its file may lack, and `behind` says that changes
    which others left unsaved were not looked for yet.
    """

    __slots__ = ("_collection", "behind", "dimension", "legacy", "sealer", "traits", "unsaved", "unsettled")

    def __init__(self, traits: Traits, sealer: Sealer, legacy: str) -> None:
        self.traits = traits
        self.sealer = sealer
        self.legacy = legacy
        self.dimension = traits.dimension
        self.unsettled = True
        self.behind = traits.saved_late
        self.unsaved: set[str] = set()
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
        self.behind = self.traits.saved_late

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
    """What one call may see: the collection, who acts, the space that is written, and the spaces that are read.

    `spaces` and `sights` are by owner tag; `sights` has those of other owners only. `epochs` are by owner digest, as
    they stood when the call began.
    """

    shelf: Shelf
    uid: str
    acting: Acting
    space: Space
    scope: OwnerScope
    spaces: Mapping[str, Space] = field(repr=False)
    sights: Mapping[str, Sight] = field(default_factory=dict, repr=False)
    epochs: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def epoch(self) -> int:
        """The epoch of the space that is written."""
        return self.epochs[self.space.owner_digest]

    def named(self, record: RecordId) -> tuple[str, ...]:
        """Return the backend ids that an id may stand for: of one's own record, or of a shared one by its own name."""
        own = () if is_qualified(record) else (self.space.backend_id(record),)
        # under keys of the owners in scope: another's name, once known, stands for nothing, and takes no time to find
        shared = (backend_id_of(self.spaces[tag].owner_keys.names, record) for tag in self.sights)
        return (*own, *(each for each in shared if each is not None))

    def alone(self) -> View:
        """Return the view without other owners' rows."""
        if not self.sights:
            return self
        own = {tag: space for tag, space in self.spaces.items() if tag not in self.sights}
        return replace(self, scope=OwnerScope(self.scope.own), spaces=own, sights={})
