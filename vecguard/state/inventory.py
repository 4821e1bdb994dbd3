"""What data keys a state holds, under which roots, and whether they open. Reads only, and shows no key."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from vecguard.errors import StateError, WrongKey
from vecguard.keys import Keyring
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.keystore import key_check, unwrapped


@dataclass(frozen=True, slots=True)
class Held:
    """The data keys of one kind under one root: how many, how many do not open, when the first and last were made.

    Times are in seconds since the epoch.
    """

    kind: str
    root: str
    count: int
    closed: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Inventory:
    """The root in force, whether its key check passes, and the data keys."""

    root: str
    checked: bool
    held: tuple[Held, ...]

    @property
    def sound(self) -> bool:
        """Whether the key check passes and every data key opens."""
        return self.checked and not any(each.closed for each in self.held)


def inventory(database: Database, keyring: Keyring) -> Inventory:
    """Look at every data key of a state, and try each. Raises `StateError` where there is no state."""
    facts, rows = database.look(_read)
    if not {"id", "root", "check"} <= facts.keys():
        raise StateError("this database holds no state, or one that is not whole")
    groups: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault((row.kind, row.root), []).append(row)
    held = tuple(_held(kind, root, group, keyring) for (kind, root), group in sorted(groups.items()))
    return Inventory(facts["root"], _checks(keyring, facts), held)


def _read(connection: Connection) -> tuple[dict[str, str], Sequence[Row[Any]]]:
    facts = dict(connection.execute(select(tables.facts.c.name, tables.facts.c.value)).tuples().all())
    return facts, connection.execute(select(tables.keys)).all()


def _held(kind: str, root: str, rows: list[Row[Any]], keyring: Keyring) -> Held:
    closed = sum(not _opens(row, keyring) for row in rows)
    made = [row.created for row in rows]
    return Held(kind, root, len(rows), closed, min(made), max(made))


def _opens(row: Row[Any], keyring: Keyring) -> bool:
    if row.root not in {root.id for root in keyring.roots}:
        return False
    try:
        unwrapped(keyring, row)
    except WrongKey:
        return False
    return True


def _checks(keyring: Keyring, facts: dict[str, str]) -> bool:
    held = {root.id: root for root in keyring.roots}.get(facts["root"])
    return held is not None and secrets.compare_digest(key_check(held, facts["id"]), facts["check"])
