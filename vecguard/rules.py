"""Owner rules: from who acts to whose rows may be read.

A scope is a neutral value over one or several owners. The guard turns it into a predicate of the filter language, so
it reaches the store under AND with whatever the caller asked, and then evaluates it again on authenticated rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vecguard.filters import AnyOf, Compare, Predicate
from vecguard.principal import Acting
from vecguard.space import CollectionKeys, owner_tag

OWNER_FIELD = "_vg_owner"


@dataclass(frozen=True, slots=True)
class OwnerScope:
    """The owners whose rows a call may read: its own first, then those that share with it."""

    own: str
    shared: tuple[str, ...] = ()

    @property
    def owners(self) -> tuple[str, ...]:
        """Every owner in scope, once."""
        return (self.own, *(owner for owner in dict.fromkeys(self.shared) if owner != self.own))

    def tags(self, keys: CollectionKeys) -> Mapping[str, str]:
        """Owner tag -> owner, for the owners in scope. A row whose tag is not in it does not exist for this call."""
        return {owner_tag(keys, owner): owner for owner in self.owners}

    def predicate(self, keys: CollectionKeys) -> Predicate:
        """Return the scope as a filter on the owner field."""
        parts = tuple(Compare((OWNER_FIELD,), "eq", tag) for tag in self.tags(keys))
        return parts[0] if len(parts) == 1 else AnyOf(parts)


class OwnRows:
    """The rule until owners can share: everyone reads the space they act in, and nothing else."""

    def scope(self, acting: Acting) -> OwnerScope:
        """Return the acting owner's scope."""
        return OwnerScope(acting.owner)
