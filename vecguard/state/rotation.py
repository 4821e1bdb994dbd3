"""Rotating roots: every data key moves from the old root to a new one, and nothing is lost wherever it is stopped.

    1. the new root is written into the key file, beside the old one
    2. every data key is wrapped anew, some hundred to a transaction
    3. in one transaction: what was made since is wrapped anew, and the state's key check moves to the new root
    4. the old root is removed from the key file, or marked as kept

The order is the security property. No key is under a root that is not in the file: the new root is on disk before it
wraps anything (1 before 2), and the old one goes when nothing is under it and, since the key check has moved, nothing
more can be made under it (3 before 4; `KeyStore` looks at the check when it makes a key). Stopped at any point, it is
begun again where it was left. Guards go on meanwhile: both roots are readable, and a guard that meets a key under a
root that it has not heard of reads its keyring again.

What it does not do: the data keys stay what they are, and rows are not encrypted anew. It makes a stolen *root*
worthless, together with every copy of the state that is made from now on. It does not help against somebody who has
the old root and an old copy of the state: the data keys are known then, and rows must be written under new ones.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, tuple_, update

from vecguard.errors import StateError
from vecguard.keys import Keyring, Root
from vecguard.state import tables
from vecguard.state.database import Database
from vecguard.state.keystore import key_check, root_in_force, unwrapped, wrapped

BATCH = 500
"""Data keys to a transaction: some twenty milliseconds of work, for which other writers wait."""

_KEYS = tables.keys
_REWRAP = (
    update(_KEYS)
    .where(_KEYS.c.kind == bindparam("of_kind"), _KEYS.c.subject == bindparam("of_subject"))
    .values(root=bindparam("onto"), wrapped=bindparam("anew"))
)
_Place = tuple[str, str]  # kind and subject
_START: _Place = ("", "")
_ROTATED = "rotated"  # the fact that says when a rotation last ended


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the root that is in force now, how many keys moved, and whether an earlier one was ended."""

    root: str
    rewrapped: int
    resumed: bool


def rotate(databases: Sequence[Database], keyring: Keyring, *, keep_old: bool = False) -> Rotated:
    """Move every data key of these states to a new root; they are all the states that use this keyring.

    If an earlier rotation was stopped, ends that one and makes no root. `keep_old` leaves the old root in the file, for
    backups of the state from before: nothing else opens them. A keyring from a callable or the environment is not
    written: it must hold the newer root already. Raises `KeyringError`, `WrongKey` or `StateError`; run it again then.
    """
    steps = rotating(databases, keyring, keep_old=keep_old)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            done: Rotated = end.value
            return done


def rotating(
    databases: Sequence[Database], keyring: Keyring, *, keep_old: bool = False, batch: int = BATCH
) -> Generator[str, None, Rotated]:
    """Do the same step by step: yields what was just done, at every point at which it may be stopped."""
    with keyring.alone():
        under = {database.look(root_in_force) for database in databases}
        resumed = under != {keyring.current.id} or _left_over(keyring)
        if not resumed:
            keyring.renew()
            yield "renewed"
        onto, count = keyring.current, 0
        for database in databases:
            count += yield from _moving(database, keyring, onto, batch)
        keyring.retire(keep=keep_old)
        yield "retired"
    return Rotated(onto.id, count, resumed)


def _left_over(keyring: Keyring) -> bool:
    """Whether a rotation ended but for step 4: only a file has roots to remove."""
    old = [root for root in keyring.roots if root.id != keyring.current.id]
    return keyring.path is not None and not all(root.kept for root in old)


def _moving(database: Database, keyring: Keyring, onto: Root, batch: int) -> Generator[str, None, int]:
    """Carry out steps 2 and 3 for one state; return how many keys moved."""
    count, place = 0, _START
    while True:
        moved, place = database.run(partial(_rewrap, keyring=keyring, onto=onto, after=place, most=batch))
        if not moved:
            break
        count += moved
        yield "rewrapped"
    count += database.run(partial(_end, keyring=keyring, onto=onto))
    yield "moved"
    return count


def _rewrap(
    connection: Connection, keyring: Keyring, onto: Root, after: _Place, most: int | None
) -> tuple[int, _Place]:
    """Wrap the next keys behind a place anew; return how many that were, and the place of the last one."""
    wanted = (
        select(_KEYS)
        .where(_KEYS.c.root != onto.id, tuple_(_KEYS.c.kind, _KEYS.c.subject) > tuple_(*after))
        .order_by(_KEYS.c.kind, _KEYS.c.subject)
        .limit(most)
        .with_for_update()
    )
    rows = connection.execute(wanted).all()
    if not rows:
        return 0, after
    connection.execute(_REWRAP, [_anew(row, keyring, onto) for row in rows])
    return len(rows), (rows[-1].kind, rows[-1].subject)


def _anew(row: Row[Any], keyring: Keyring, onto: Root) -> dict[str, Any]:
    anew = wrapped(onto, unwrapped(keyring, row), row.kind, row.subject)
    return {"of_kind": row.kind, "of_subject": row.subject, "onto": onto.id, "anew": anew}


def _end(connection: Connection, keyring: Keyring, onto: Root) -> int:
    """Move the key check, in a transaction that leaves no key behind; return how many keys it still moved."""
    facts = tables.facts
    # whoever makes a key holds these rows too: it comes before this look at what is left, or after the new root is in
    held = select(facts.c.name, facts.c.value).where(facts.c.name.in_(("id", "root"))).with_for_update()
    known = dict(connection.execute(held).tuples().all())
    if "id" not in known:
        raise StateError("the state database is not whole: it lacks its id or its key check")
    count, _ = _rewrap(connection, keyring, onto, _START, None)
    for name, value in (("root", onto.id), ("check", key_check(onto, known["id"]))):
        connection.execute(update(facts).where(facts.c.name == name).values(value=value))
    connection.execute(delete(facts).where(facts.c.name == _ROTATED))
    connection.execute(insert(facts).values(name=_ROTATED, value=repr(time.time())))
    return count


def in_force_since(connection: Connection) -> float:
    """Return when the root in force came into force: seconds since the epoch."""
    facts = tables.facts
    rotated = connection.execute(select(facts.c.value).where(facts.c.name == _ROTATED)).scalar()
    if rotated is not None:
        return float(rotated)
    made = connection.execute(select(_KEYS.c.created).where(_KEYS.c.kind == "state")).scalar()
    if made is None:
        raise StateError("the state database is not whole: it lacks its own data key")
    return float(made)
