"""Whose records did a principal see? After an incident each of those owners has to be told.

The log tells it by digests. A digest becomes a name if somebody names the owner: this only compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select

from vecguard.audit import SHARED
from vecguard.evidence.log import Wanted
from vecguard.state import State, tables

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


def affected(state: State, wanted: Wanted, nobody: str, names: Mapping[str, str]) -> Seen:
    """Find what `wanted.principal` saw. `nobody`: the digest that opened stores without a principal are noted under.

    `names` are owners' names by digest (`named`).
    """
    return state.database.look(lambda connection: _seen(connection, wanted, nobody, names))


def named(state: State, owners: Iterable[str]) -> dict[str, str]:
    """Return names of owners by digest: those given, and those that rules in the state name."""
    known = {*owners, *(each.owner for each in state.grants.all())}
    return {state.digest(name): name for name in sorted(known)}


def _seen(connection: Connection, wanted: Wanted, nobody: str, names: Mapping[str, str]) -> Seen:
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
        owners.setdefault(row.owner, []).append(row)
    found = [
        Affected(
            owner,
            names.get(owner),
            shared=sum(row.records for row in rows if row.shared),
            own=sum(row.records for row in rows if row.action == "read" and not row.shared),
            originals=sum(row.records for row in rows if row.action == "restore"),
            reads=sum(row.lines for row in rows if row.action == "read"),
            first=min(row.first for row in rows),
            last=max(row.last for row in rows),
        )
        for owner, rows in owners.items()
    ]
    found.sort(key=lambda each: (each.first, each.owner))
    opened = _unwrapped(connection, wanted)
    return Seen(tuple(found), opened.get(wanted.principal or "", 0), opened.get(nobody, 0))


def _unwrapped(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """Count native stores that were opened in that time, by principal."""
    when = Wanted(wanted.since, wanted.until, action="unwrap").condition()
    query = select(_TABLE.c.principal, func.count()).where(when).group_by(_TABLE.c.principal)
    return dict(connection.execute(query).tuples().all())
