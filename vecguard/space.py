"""One owner's space in one collection, and the keys that are good for nothing outside it.

Owner keys hang below a random key per owner, collection keys below a random key per collection; nothing here is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vecguard.keys import Secret
from vecguard.records import RecordId


@dataclass(frozen=True, slots=True)
class CollectionKeys:
    """Derived from a collection's key: rotation of vectors, names of owners, its marker's MAC."""

    rotation: Secret = field(repr=False)
    owners: Secret = field(repr=False)
    marker: Secret = field(repr=False)

    @classmethod
    def of(cls, key: Secret) -> CollectionKeys:
        """Derive them."""
        return cls(*(key.derive(purpose) for purpose in ("rotation", "owner tags", "marker")))


_PURPOSES = ("ids", "seals", "tags", "noise", "tokens", "rotation", "qualified ids")


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """Derived from an owner's key, one per purpose."""

    ids: Secret = field(repr=False)
    seals: Secret = field(repr=False)
    tags: Secret = field(repr=False)
    noise: Secret = field(repr=False)
    tokens: Secret = field(repr=False)
    rotation: Secret = field(repr=False)
    names: Secret = field(repr=False)

    @classmethod
    def of(cls, key: Secret) -> OwnerKeys:
        """Derive them."""
        return cls(*(key.derive(purpose) for purpose in _PURPOSES))


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner outside of any collection: enough to mint its tokens, and to know them again."""

    owner_digest: str = field(repr=False)
    owner_keys: OwnerKeys = field(repr=False)


@dataclass(frozen=True, slots=True)
class Space:
    """Where an owner's records of one collection live. Two spaces have no key, id or token in common."""

    uid: str
    owner: str = field(repr=False)
    owner_digest: str = field(repr=False)
    collection_keys: CollectionKeys = field(repr=False)
    owner_keys: OwnerKeys = field(repr=False)

    @classmethod
    def under(cls, key: Secret, uid: str, owner: str, digest: str, collection: CollectionKeys) -> Space:
        """Return the space of an owner with this data key."""
        return cls(uid, owner, digest, collection, OwnerKeys.of(key))

    @property
    def owner_tag(self) -> str:
        """What the store knows this owner by, in this collection only: 128 bits in hex."""
        return owner_tag(self.collection_keys, self.owner)

    def backend_id(self, record: RecordId) -> str:
        """Name a record to the store: 128 bits in hex. The same id of another owner is another row."""
        return self.owner_keys.ids.mac(self.uid, self.owner, record.kind, record.canonical).hex()[:32]


def owner_tag(keys: CollectionKeys, owner: str) -> str:
    """Name an owner to the store."""
    return keys.owners.mac(owner).hex()[:32]
