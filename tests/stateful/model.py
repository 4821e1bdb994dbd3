"""The dictionary that a guarded store is compared with: rows by owner, rules, and what follows for a reader."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from vecguard import Principal
from vecguard.testing import word_hash

EMBED = word_hash(16)
DAY = 86_400.0
OWNERS = ("alice", "bob", "carol")
SHOWS_LESS = ("exact", "rounded", "bucketed", "rank", "hidden")


@dataclass(frozen=True)
class Row:
    text: str
    fields: Mapping[str, Any]
    expires: float


@dataclass(frozen=True)
class Terms:
    """What one grant, or several together, let a reader see."""

    fields: frozenset[str] | None = None
    text: bool = True
    scores: str = "exact"
    max_results: float = math.inf
    until: float = math.inf

    def joined(self, other: Terms) -> Terms:
        both = None if self.fields is None or other.fields is None else self.fields | other.fields
        scores = min(self.scores, other.scores, key=SHOWS_LESS.index)
        return Terms(both, self.text or other.text, scores, max(self.max_results, other.max_results))


@dataclass(frozen=True)
class Shown:
    """A row as somebody may see it: with terms if it is another owner's, and with the whole text for its score."""

    owner: str
    text: str | None
    fields: Mapping[str, Any]
    whole: str
    terms: Terms | None = None


@dataclass
class Model:
    """Rows by owner and id; grants by owner, right and grantee; the owners for whom there are rules."""

    merges: bool
    days: float | None
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {owner: {} for owner in OWNERS})
    grants: dict[tuple[str, str, str], Terms] = field(default_factory=dict)
    ruled: set[str] = field(default_factory=set)

    def alive(self, owner: str, now: float) -> dict[str, Row]:
        return {id_: row for id_, row in self.rows.get(owner, {}).items() if row.expires > now}

    def write(self, owner: str, verb: str, ids: Sequence[str], texts: Any, fields: Any, now: float) -> None:
        held = self.alive(owner, now)
        expires = math.inf if self.days is None else now + self.days * DAY
        for at, id_ in enumerate(ids):
            old = held.get(id_)
            if (verb == "insert" and old is not None) or (verb == "update" and old is None):
                continue
            keeps = texts is None and old is not None
            text = old.text if keeps else texts[at]
            until = min(expires, old.expires) if keeps else expires
            self.rows[owner][id_] = Row(text, self._fields(old, verb, None if fields is None else fields[at]), until)

    def _fields(self, old: Row | None, verb: str, new: Mapping[str, Any] | None) -> Mapping[str, Any]:
        before = dict(old.fields) if old is not None and self.merges and verb != "insert" else {}
        return {name: value for name, value in {**before, **(new or {})}.items() if value is not None}

    def erase(self, owner: str, ids: Iterable[str] | None, where: Any, now: float) -> None:
        for id_, row in self.alive(owner, now).items():
            if (ids is None or id_ in ids) and holds(where, row.text, row.fields):
                del self.rows[owner][id_]

    def member(self, who: Principal, owner: str, now: float) -> bool:
        if who.id == owner or owner not in self.ruled:
            return True
        return any(
            granter == owner and right == "write" and now < terms.until and covers(grantee, who)
            for (granter, right, grantee), terms in self.grants.items()
        )

    def shared(self, who: Principal, owner: str, now: float) -> dict[str, Terms]:
        """Return the owners who share with somebody that acts in an owner's space, and on what terms."""
        found: dict[str, Terms] = {}
        for (granter, right, grantee), terms in self.grants.items():
            if right == "read" and granter != owner and now < terms.until and covers(grantee, who):
                found[granter] = found[granter].joined(terms) if granter in found else terms
        return found

    def shown(self, who: Principal, owner: str, now: float) -> dict[tuple[str, str], Shown]:
        """Return all that somebody who acts in an owner's space may see, by owner and id."""
        seen = {(owner, id_): Shown(owner, r.text, r.fields, r.text) for id_, r in self.alive(owner, now).items()}
        for other, terms in self.shared(who, owner, now).items():
            for id_, row in self.alive(other, now).items():
                fields = {n: v for n, v in row.fields.items() if terms.fields is None or n in terms.fields}
                seen[other, id_] = Shown(other, row.text if terms.text else None, fields, row.text, terms)
        return seen


def covers(grantee: str, who: Principal) -> bool:
    kind, _, name = grantee.rpartition(":")
    return grantee == "everyone" or (name in who.groups if kind == "group" else name == who.id)


def holds(where: Any, text: str | None, fields: Mapping[str, Any]) -> bool:
    if where is None:
        return True
    name, operator, value = where
    if name == ():
        return text is not None and value in text
    there = fields.get(name)
    match operator:
        case "eq":
            return there == value
        case "ne":
            return there != value
    return isinstance(there, int) and there > value


@lru_cache(maxsize=10_000)
def cosine(left: str, right: str) -> float:
    one, other = EMBED([left, right]).astype(np.float64)
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
