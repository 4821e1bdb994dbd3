"""Making a state of a backup, without what was erased since.

Everything happens in one transaction on an empty database: the tables are made as the backup has them and filled, but
for what tombstones say; then they are brought to the present version. What was erased is not copied and deleted again:
it is never written.

Three things are not continued. Writes that were open are dropped: the shelf has gone on since, and carrying one out
again would bring back a record that was deleted after it. Epochs leap, so that no guard takes what it has in memory for
what the state now says. And digests of owners' rows become unknown, because the rows written since belong to none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, delete, insert, select, update

from vecguard.audit import SETTLER, AuditChain
from vecguard.errors import StateError, WrongKey, shielded
from vecguard.keys import Keyring, Secret
from vecguard.state import engines, schema, tables, tombstones, upgrade
from vecguard.state.backup import copied, reading
from vecguard.state.buried import Buried
from vecguard.state.database import Database
from vecguard.state.keystore import KeyStore, key_check, unwrapped
from vecguard.state.pseudonyms import Pseudonyms
from vecguard.state.tombstones import Tombstone

_LEAP = 1 << 32  # more writes than any owner makes between a backup and its restoration


@dataclass(frozen=True, slots=True)
class Restored:
    """What was made: rows by table, tombstones that the backup did not have, and writes that were dropped."""

    version: str
    rows: Mapping[str, int]
    erased: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Which state a backup is of, and the key of that state."""

    id: str
    key: Secret = field(repr=False)


Given: TypeAlias = Callable[[Identity], Sequence[Tombstone]]


def identity(connection: Connection, keyring: Keyring) -> Identity:
    """Return whose backup, or database, this is. Raises `WrongKey` if the keyring does not open it."""
    facts = dict(connection.execute(select(tables.facts.c.name, tables.facts.c.value)).tuples().all())
    if not {"id", "root", "check"} <= facts.keys():
        raise StateError("this state is not whole: it lacks its id or its key check")
    if not secrets.compare_digest(facts["check"], key_check(keyring.root(facts["root"]), facts["id"])):
        raise WrongKey("this state was made with another key")
    keys = tables.keys
    wanted = select(keys).where(keys.c.kind == "state", keys.c.subject == facts["id"])
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise StateError("this state is not whole: it lacks its own key")
    return Identity(facts["id"], unwrapped(keyring, row))


def restore(path: Path, database: Database, keyring: Keyring, given: Given | None, *, reason: str = "") -> Restored:
    """Make a state of a backup in an empty database that was opened as it is.

    `given` returns all tombstones that the state has today. None means that they are lost, and then there must be a
    `reason`, whose digest is audited: whatever was erased since the backup comes back. Raises `StateError`, `WrongKey`.
    """
    if given is None and not reason.strip():
        raise StateError("without tombstones whatever was erased since the backup comes back: give a reason")
    with reading(path) as source:
        whose, already = shielded(_unreadable, lambda: _looked_at(source, keyring))
        buried = Buried.since(already, already if given is None else given(whose))
        names = whose.key.derive("lookup")
        said = names.mac("owner", f"reason:{reason}").hex()[:32] if given is None else "restored"

        def work(connection: Connection) -> Restored:
            done = _made(source, connection, buried)
            keystore = KeyStore(database, keyring)
            pseudonyms = Pseudonyms(keystore, names)
            chain = AuditChain(database, whose.key.derive("audit"), keystore, pseudonyms, secrets.token_hex(16))
            chain.append_in(connection, SETTLER, "state", "", sum(done.rows.values()), said)
            return done

        return database.run(work)


def _looked_at(source: Connection, keyring: Keyring) -> tuple[Identity, Sequence[Tombstone]]:
    known = upgrade.older(source) > schema.FIRST  # the first had no tombstones
    return identity(source, keyring), tombstones.listed(source) if known else ()


def _unreadable(why: str) -> StateError:
    return StateError(f"the backup cannot be read ({why})")


def _made(source: Connection, target: Connection, buried: Buried) -> Restored:
    engines.alone(target, schema.MAKING)
    if schema.version(target) is not None:
        raise StateError("there is a state in that database already: a backup is restored into an empty one")
    version = upgrade.older(source)
    upgrade.to(target, version)
    buried.look_at(source)
    rows = copied(source, target, buried.spares)
    upgrade.to(target, tables.SCHEMA)
    target.execute(delete(tables.tombstones))
    if buried.all:
        target.execute(insert(tables.tombstones), [asdict(each) for each in buried.all])
    leap = _LEAP + secrets.randbelow(_LEAP)
    target.execute(update(tables.epochs).values(epoch=tables.epochs.c.epoch + leap, digest=None))
    return Restored(version, rows, len(buried.new), buried.dropped)
