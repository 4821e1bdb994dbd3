"""The scope of a call: whose rows it may read, as one neutral value.

The guard turns it into a predicate of the filter language, so that it reaches the store under AND with whatever the
caller asked, and then evaluates it again on every authenticated row that comes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from vecguard.filters import Compare, Predicate
from vecguard.records import Record
from vecguard.rules.grant import Terms
from vecguard.space import CollectionKeys, owner_tag
from vecguard.watch.scores import ScorePolicy, strictest

OWNER_FIELD = "_vg_owner"


@dataclass(frozen=True, slots=True)
class Sight:
    """What a call sees of another owner's rows: its terms, and scores as the policy and the terms both allow.

    `stretch` is what scores of blurred vectors are stretched by (`vecguard.protect.blur`).
    """

    terms: Terms
    scores: ScorePolicy
    stretch: float = 1.0

    @classmethod
    def of(cls, terms: Terms, policy: ScorePolicy, stretch: float) -> Sight:
        """Combine an owner's terms with the policy."""
        return cls(terms, strictest(terms.scores, policy), stretch)

    def of_record(self, record: Record) -> Record:
        """Return a record without what does not show. Filters are evaluated on this, so they find out nothing else."""
        fields = self.terms.fields
        shown = record.fields if fields is None else {n: v for n, v in record.fields.items() if n in fields}
        return replace(record, text=record.text if self.terms.text else None, fields=shown)

    def shows(self, ask: Compare) -> bool:
        """Whether a store may evaluate a comparison: it is with something that shows.

        Where the text does not, none is: a payload may hold it, under a name that any field could have.
        """
        return self.terms.text and (not ask.path or self.terms.fields is None or ask.path[0] in self.terms.fields)


class Owned(Protocol):
    """Anything that is of one owner's row."""

    @property
    def owner_tag(self) -> str:
        """The tag of the owner."""
        ...


T = TypeVar("T", bound=Owned)


def within_terms(rows: Sequence[T], sights: Mapping[str, Sight]) -> list[T]:
    """Leave out rows beyond the most that their owners' terms allow in one answer."""
    most = {tag: sight.terms.max_results for tag, sight in sights.items() if sight.terms.max_results is not None}
    if not most:
        return list(rows)
    seen: Counter[str] = Counter()
    kept: list[T] = []
    for row in rows:
        seen[row.owner_tag] += 1
        if row.owner_tag not in most or seen[row.owner_tag] <= most[row.owner_tag]:
            kept.append(row)
    return kept


@dataclass(frozen=True, slots=True)
class OwnerScope:
    """The owners whose rows a call may read: its own, and those that share with it, each on its terms."""

    own: str
    shared: Mapping[str, Terms] = field(default_factory=dict)

    @property
    def owners(self) -> tuple[str, ...]:
        """Every owner in scope, once, its own first."""
        return (self.own, *(owner for owner in self.shared if owner != self.own))

    def predicate(self, keys: CollectionKeys) -> Predicate:
        """Return the scope as a filter on the owner field."""
        tags = tuple(owner_tag(keys, owner) for owner in self.owners)
        # one list, not a thousand alternatives: stores bound how deep an expression may be
        return Compare((OWNER_FIELD,), "eq", tags[0]) if len(tags) == 1 else Compare((OWNER_FIELD,), "in", tags)
