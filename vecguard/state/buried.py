"""What of a backup was erased after it was made, and therefore is not restored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self, TypeAlias

from sqlalchemy import Connection, select

from vecguard.errors import StateError
from vecguard.state import schema, tables
from vecguard.state.tombstones import Tombstone, row_subject

_Row: TypeAlias = Mapping[str, Any]


@dataclass(slots=True)
class Buried:
    """The tombstones of today, those of them that a backup did not have, and what these leave of it.

    `dropped` counts the open writes that were left behind.
    """

    all: Sequence[Tombstone]
    new: Sequence[Tombstone]
    dropped: int = 0
    _subjects: Mapping[str, set[str]] = field(default_factory=dict)
    _orphans: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def since(cls, backup: Sequence[Tombstone], today: Sequence[Tombstone]) -> Self:
        """Compare the tombstones of a backup with those of today. Raises `StateError` if the latter are the older ones.

        They are compared by what they say and not with the time of the backup: a clock may have been set.
        """
        then = {(each.kind, each.subject): each.at for each in backup}
        now = {(each.kind, each.subject): each.at for each in today}
        if any(now.get(place, -1.0) < at for place, at in then.items()):
            raise StateError("these tombstones are older than the backup: bring those of today")
        new = [each for each in today if then.get((each.kind, each.subject)) != each.at]
        subjects: dict[str, set[str]] = defaultdict(set)
        for each in new:
            subjects[each.kind].add(each.subject)
        return cls(tuple(today), tuple(new), 0, subjects)

    def look_at(self, source: Connection) -> None:
        """Find the originals that nothing refers to once the rows that were erased are gone; count afresh."""
        self.dropped = 0
        rows = self.among("row")
        if not rows:
            return
        gone: set[tuple[str, str]] = set()
        stay: set[tuple[str, str]] = set()
        table = tables.references
        for owner, token, uid, row in source.execute(select(table.c.owner, table.c.token, table.c.uid, table.c.row)):
            (gone if row_subject(uid, row) in rows else stay).add((owner, token))
        self._orphans = gone - stay

    def spares(self, table: str, row: _Row) -> bool:
        """Whether a row of a table is restored."""
        erased = _ERASED.get(table)
        return erased is None or not erased(self, row)

    def among(self, kind: str) -> set[str]:
        """Return the subjects of one kind that were erased since."""
        return self._subjects.get(kind, set())

    def orphaned(self, row: _Row) -> bool:
        """Whether an original lost the last record that referred to it."""
        return (row["owner"], row["token"]) in self._orphans

    def left_open(self, row: _Row) -> bool:
        """Whether an open or unsaved change is left behind: all that put rows back, and any of an erased owner."""
        left = row["action"] not in ("drop", "drop!") or row["owner"] in self.among("owner")
        self.dropped += left
        return left


def _key(buried: Buried, row: _Row) -> bool:
    kinds = {"owner": ("owner",), "pseudonym": ("owner",), "vault": ("owner", "vault")}.get(row["kind"], ())
    return any(row["subject"] in buried.among(kind) for kind in kinds)


def _emptied(buried: Buried, row: _Row) -> bool:
    return row["owner"] in buried.among("owner") or row["owner"] in buried.among("vault")


def _record(buried: Buried, row: _Row) -> bool:
    return row_subject(row["uid"], row["row"]) in buried.among("row")


def _original(buried: Buried, row: _Row) -> bool:
    return row["token"] in buried.among("original") or buried.orphaned(row)


_ERASED: Mapping[str, Callable[[Buried, _Row], bool]] = MappingProxyType(
    {
        "vg_facts": lambda _buried, row: bool(row["name"] == schema.BACKUP),
        "vg_keys": _key,
        "vg_owners": lambda buried, row: row["owner"] in buried.among("owner"),
        "vg_retentions": lambda buried, row: row["owner"] in buried.among("owner"),
        "vg_vault": lambda buried, row: _emptied(buried, row) or _original(buried, row),
        "vg_references": lambda buried, row: _emptied(buried, row) or _record(buried, row),
        "vg_canaries": _record,
        "vg_grants": lambda buried, row: (
            row["owner"] in buried.among("owner") or row["grantee"] in buried.among("grantee")
        ),
        "vg_counters": lambda buried, row: row["principal"] in buried.among("principal"),
        "vg_intents": Buried.left_open,
    }
)
