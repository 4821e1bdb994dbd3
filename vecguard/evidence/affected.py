"""Whose records did a principal see? After an incident each of those owners has to be told.

The log tells it by pseudonyms. One becomes a name if somebody names the owner: this only compares. Owners that were
erased since have pseudonyms that belong to nobody, and are counted without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select

from vecguard.audit import SHARED
from vecguard.evidence.log import Wanted
from vecguard.state import State, tables
from vecguard.system import HAZMAT

_TABLE = tables.audit


@dataclass(frozen=True, slots=True)
class Affected:
    """One owner whose records were handed out to a principal, counted once for every time that they were.

    `shared` were handed out under the owner's rules, `own` to the principal acting in the owner's space; `originals`
    are values restored from tokens there. `first` and `last` are seconds since the epoch. `name` is None if nobody
    named this owner.
    """

    owner: str
    name: str | None
    shared: int
    own: int
    originals: int
    reads: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a principal saw, and how often a native store was opened in that time: by it, and by nobody in particular.

    Whose records somebody saw in a store that was opened, no log tells.
    """

    owners: tuple[Affected, ...]
    unwrapped: int
    unwrapped_by_nobody: int


def affected(state: State, wanted: Wanted, owners: Iterable[str] = ()) -> Seen:
    """Find what `wanted.principal` saw. Affected `owners` are shown by name, as are those of rules in the state."""
    known = {*owners, *(each.owner for each in state.grants.all())}
    names = {state.digest(name): name for name in known}
    of_today, nobody = state.pseudonyms.living(), state.pseudonyms.system(HAZMAT)

    def look(connection: Connection) -> Seen:
        opened = (_unwrapped(connection, wanted, who) for who in (wanted.principal or frozenset(), nobody))
        return Seen(tuple(_owners(connection, wanted, names, of_today)), *opened)

    return state.database.look(look)


def _owners(
    connection: Connection, wanted: Wanted, names: Mapping[str, str], of_today: Mapping[str, str]
) -> list[Affected]:
    """Return the owners, first seen first. `names` and pseudonyms `of_today` are by the digests that old lines have."""
    condition = and_(wanted.condition(), _TABLE.c.action.in_(("read", "restore")), _TABLE.c.count > 0)
    query = (
        select(
            _TABLE.c.owner,
            _TABLE.c.action,
            (_TABLE.c.detail == SHARED).label("shared"),
            func.sum(_TABLE.c.count).label("records"),
            func.count().label("lines"),
            func.min(_TABLE.c.at).label("first"),
            func.max(_TABLE.c.at).label("last"),
        )
        .where(condition)
        .group_by(_TABLE.c.owner, _TABLE.c.action, _TABLE.c.detail == SHARED)
    )
    owners: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        owners.setdefault(of_today.get(row.owner, row.owner), []).append(row)
    called = {of_today.get(digest, digest): name for digest, name in names.items()}
    found = [
        Affected(
            owner,
            called.get(owner),
            shared=sum(row.records for row in rows if row.shared),
            own=sum(row.records for row in rows if row.action == "read" and not row.shared),
            originals=sum(row.records for row in rows if row.action == "restore"),
            reads=sum(row.lines for row in rows if row.action == "read"),
            first=min(row.first for row in rows),
            last=max(row.last for row in rows),
        )
        for owner, rows in owners.items()
    ]
    return sorted(found, key=lambda each: (each.first, each.owner))


def _unwrapped(connection: Connection, wanted: Wanted, who: frozenset[str]) -> int:
    """Count native stores that were opened in that time under one of these pseudonyms of a principal."""
    when = Wanted(wanted.since, wanted.until, who, action="unwrap").condition()
    return connection.execute(select(func.count()).select_from(_TABLE).where(when)).scalar_one()
